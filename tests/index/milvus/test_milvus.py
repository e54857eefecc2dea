"""Does a store in Milvus answer as the store on disk that it came from, and what is told when it cannot?

All runs against milvus-lite, inside this process; there is no server.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

import index.milvus.layout
import index.milvus.reader
import index.milvus.records
import index.milvus.writer
from index.embedding import load_embedder
from index.errors import StoreError
from index.milvus.client import Engine, connect
from index.milvus.layout import Section, Setup
from index.milvus.reader import milvus_generation, open_milvus
from index.milvus.writer import drop_generations, push_store
from index.schema import Filter, Kind
from index.search.bm25 import inverse_frequency
from index.search.bm25_build import index_texts
from index.store.address import is_milvus, parse_address
from rag.langchain.passage_store import PassageVectorStore
from rag.retrieval.ranking import features
from rag.retrieval.retriever import search

ODD_NAME = 'it\'s "quoted" \\ 1.txt'
REPRINT = "镇里的大桥今天通车，两岸居民来往只要两分钟。"
READY = [
    {"id": "a", "title": "大桥通车", "date": "2026-01-31", "text": REPRINT},
    {"id": "b", "title": "大桥通车", "date": "2026-03-05", "text": REPRINT},
    {"id": "c", "title": "广告", "date": "2025-12-31", "text": "果园招工，电话详询。图书馆旁。"},
    {"id": "d", "title": "", "date": None, "text": "果园招工，电话详询。图书馆旁。"},
    {"id": "e", "title": "龙舟赛", "date": "2026-03-05", "text": "龙舟赛照常举行，大桥上可以观看。龙舟，龙舟！"},
    {"id": "f", "title": "图书馆", "date": "2024-02-29", "text": "图书馆周一闭馆。操场不闭。" * 9},
]
PAGES = {
    "ready.jsonl": "\n".join(json.dumps({k: v for k, v in row.items() if v}, ensure_ascii=False) for row in READY),
    ODD_NAME: f"大桥通车\n\n{REPRINT}\n",
}
QUERIES = ["大桥", "图书馆周一闭馆吗", "龙舟龙舟 大桥", "果园", "电话", "无此", "！"]

filters = st.builds(
    Filter,
    since=st.none() | st.dates(date(2024, 1, 1), date(2026, 4, 1)).map(str),
    until=st.none() | st.dates(date(2024, 1, 1), date(2026, 4, 1)).map(str),
    files=st.lists(st.sampled_from([ODD_NAME, "ready.jsonl#a", "ready.jsonl#d", "none"]), max_size=2).map(tuple),
    kinds=st.lists(st.sampled_from([Kind.BRIEF, Kind.ADVERTISEMENT, Kind.NEWS]), max_size=2).map(tuple),
)


@pytest.fixture(scope="module")
def local(make_store):
    """Five passages: the reprint stands in three articles, the advertisement in two."""
    return make_store(PAGES)


@pytest.fixture(scope="module", autouse=True)
def _same_model(local):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index.milvus.reader, "load_embedder", lambda model: local.embedder)
        yield


@pytest.fixture(scope="module")
def new_address(tmp_path_factory):
    """Makes the address of a database that is not there yet."""
    from milvus_lite.server_manager import server_manager_instance

    made = []

    def make(collection="news"):
        made.append(tmp_path_factory.mktemp("milvus") / "lite.db")
        return f"milvus:{made[-1]}/{collection}"

    yield make
    for file in made:
        server_manager_instance.release_server(str(file))


@pytest.fixture(scope="module")
def remote(local, new_address):
    address = new_address()
    push_store(local, address)
    return open_milvus(address)


@pytest.fixture
def address(new_address):
    return new_address()


@pytest.fixture
def calls(monkeypatch):
    """Counts what is asked of the engine."""
    counted = Counter()
    for name in ("get", "query", "search"):
        told = getattr(Engine, name)

        def count(self, *args, _name=name, _told=told, **kwargs):
            counted[_name] += bool(args[1]) or _name != "get"  # nothing is asked for no keys
            return _told(self, *args, **kwargs)

        monkeypatch.setattr(Engine, name, count)
    return counted


def stop(address):
    """What a crash of the server is to its clients."""
    from milvus_lite.server_manager import server_manager_instance

    server_manager_instance.release_server(parse_address(address).uri)


def collections(address):
    engine = connect(parse_address(address))
    try:
        return engine.collections()
    finally:
        engine.close()


def same_hits(found, wanted):
    assert [row for row, _ in found] == [row for row, _ in wanted]
    assert [score for _, score in found] == pytest.approx([score for _, score in wanted], abs=1e-3)


# addresses


@pytest.mark.parametrize(
    ("text", "uri", "collection", "token"),
    [
        ("milvus://localhost:19530/news", "http://localhost:19530", "news", ""),
        ("milvus://ann:p%40ss@10.0.0.7:19530/n_1", "http://10.0.0.7:19530", "n_1", "ann:p@ss"),
        ("milvus+tls://db.example.org:443/news", "https://db.example.org:443", "news", ""),
        ("milvus://[::1]:19530/news", "http://[::1]:19530", "news", ""),
        ("milvus:some/dir/lite.db/news", "some/dir/lite.db", "news", ""),
        ("milvus:/dir/lite.db/news", "/dir/lite.db", "news", ""),
    ],
)
def test_an_address(text, uri, collection, token):
    found = parse_address(text)
    assert (found.uri, found.collection, found.token) == (uri, collection, token)
    assert found.local == uri.endswith(".db")
    assert is_milvus(text)
    assert parse_address(str(found)) == parse_address(text.replace("ann:p%40ss@", ""))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("milvus://localhost/news", "no address"),
        ("milvus://localhost:x/news", "no address"),
        ("milvus://:19530/news", "no address"),
        ("milvus://localhost:19530/news?a=b", "no address"),
        ("milvus:lite.db", "no address"),
        ("http://localhost:19530/news", "no address"),
        ("milvus://localhost:19530", "cannot be the name"),
        ("milvus://localhost:19530/a/b", "cannot be the name"),
        ("milvus://localhost:19530/新闻", "cannot be the name"),
        ("milvus:lite.db/2news", "cannot be the name"),
        (f"milvus:lite.db/{'n' * 181}", "cannot be the name"),
    ],
)
def test_what_is_no_address_is_refused(text, told):
    with pytest.raises(StoreError, match=told):
        parse_address(text)


def test_a_password_is_never_told():
    address = parse_address("milvus://ann:secret@localhost:19530/news")
    assert "secret" not in f"{address} {address!r}"
    with pytest.raises(StoreError) as told:
        parse_address("milvus://ann:secret@localhost/news")
    assert "secret" not in str(told.value)
    assert parse_address("milvus://ann:secret@localhost:19530/news", token="key").token == "key"


def test_a_folder_is_not_milvus():
    assert not is_milvus("store")
    assert not is_milvus("milvus/store")


# the same store


def test_all_comes_back(local, remote):
    assert list(remote.pages.items()) == list(local.pages.items())
    assert list(remote.articles.items()) == list(local.articles.items())
    assert list(remote.passages.items()) == list(local.passages.items())
    assert list(remote.passages.values()) == list(local.passages.values())
    assert len(remote.passages) == len(remote.dense) == len(remote.lexical) == len(local.passages)
    assert any(passage.copies for passage in remote.passages.values())


def test_what_is_known_of_the_articles_comes_back(local, remote):
    ours, theirs = local.catalog, remote.catalog
    assert theirs.kinds() == ours.kinds()
    assert theirs.days() == ours.days()
    assert theirs.undated == ours.undated
    assert theirs.pages() == ours.pages()
    assert theirs.pages(1, 2) == ours.pages(1, 2)
    for file in (None, ODD_NAME, "ready.jsonl#a", "none"):
        assert theirs.count(file) == ours.count(file)
        assert theirs.article_ids(file) == ours.article_ids(file)
    assert theirs.article_ids(None, 2, 3) == ours.article_ids(None, 2, 3)
    assert theirs.article_ids(None, 99, 3) == []


def test_names_and_rows(local, remote):
    assert [remote.passages.id_at(row) for row in range(len(remote.passages))] == list(local.passages)
    assert [remote.passages.row(name) for name in local.passages] == list(range(len(local.passages)))
    assert "ready.jsonl#a#1:7" not in remote.passages
    assert "none" not in remote.articles
    for missing in (lambda: remote.passages["none#1:0"], lambda: remote.articles["none"], lambda: remote.pages["none"]):
        with pytest.raises(KeyError):
            missing()
    for missing in (remote.passages.id_at, lambda row: remote.dense.vectors([row])):
        with pytest.raises(IndexError):
            missing(99)


def test_the_manifest_is_that_of_the_store_with_a_generation_of_its_own(local, remote):
    kept = {"files": {}, "hashes": {}, "seal": "", "generation": remote.manifest.generation}
    assert remote.manifest == local.manifest.model_copy(update=kept)
    assert remote.manifest.generation != local.manifest.generation


@settings(max_examples=60)
@given(wanted=filters, query=st.sampled_from(QUERIES), k=st.sampled_from([3, 50]))
def test_both_legs_find_what_they_find_on_disk(local, remote, wanted, query, k):
    here, there = local.catalog.select(wanted), remote.catalog.select(wanted)
    vector = local.embedder.encode_query(query)
    same_hits(remote.lexical.search(query, k, there), local.lexical.search(query, k, here))
    same_hits(remote.dense.search(vector, 50, there), local.dense.search(vector, 50, here))


@settings(max_examples=40)
@given(wanted=filters)
def test_a_server_is_asked_in_one_expression(local, remote, wanted):
    """It indexes lists, so nothing is looked up beforehand; milvus-lite understands that form too."""
    address = remote.catalog._engine.address
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remote.catalog._engine, "address", replace(address, local=False))
        asked = remote.catalog._expression(wanted) if wanted else None
    found = remote.dense.search(local.embedder.encode_query("大桥"), 50, asked)
    same_hits(found, local.dense.search(local.embedder.encode_query("大桥"), 50, local.catalog.select(wanted)))


def test_scores_by_hand(remote):
    # what a search gives and what the rows are given is the same
    rows = list(range(len(remote.passages)))
    found = dict(remote.lexical.search("龙舟 大桥", 50))
    assert remote.lexical.scores("龙舟 大桥", rows) == pytest.approx([found.get(row, 0.0) for row in rows])
    assert remote.lexical.scores("无此", rows) == [0.0] * len(rows)
    assert remote.lexical.scores("龙舟 龙舟", rows) == pytest.approx(
        [2 * x for x in remote.lexical.scores("龙舟", rows)]
    )
    # with its headline it says 龙舟 four times and 大桥 once: (4, 1) / sqrt(17)
    vector = remote.embedder.encode_query("龙舟")
    assert remote.dense.search(vector, 1)[0][1] == pytest.approx(4 / 17**0.5, abs=1e-6)


def test_how_telling_a_word_is(local, remote):
    assert remote.lexical.idf("龙舟") == pytest.approx(inverse_frequency(1, len(local.passages)))
    assert remote.lexical.idf("无此") == pytest.approx(inverse_frequency(0, len(local.passages)))
    for word in ("大桥", "图书馆", "通车"):
        assert remote.lexical.idf(word) == pytest.approx(local.lexical.idf(word))


def test_features_of_candidates_are_those_on_disk(local, remote):
    rows = [3, 0, 1]
    for query in QUERIES[:4]:
        assert features(remote, query, rows) == pytest.approx(features(local, query, rows), abs=1e-3)


@pytest.mark.parametrize("legs", ["fused", "dense", "lexical"])
def test_the_retriever_answers_alike(local, remote, legs):
    for query in QUERIES[:5]:
        for bounds in ({}, {"since": date(2026, 2, 1)}, {"files": [ODD_NAME]}, {"kinds": [Kind.ADVERTISEMENT]}):
            found, wanted = (search(store, query, legs=legs, **bounds) for store in (remote, local))
            assert [hit.passage_id for hit in found] == [hit.passage_id for hit in wanted]
            assert [hit.score for hit in found] == pytest.approx([hit.score for hit in wanted], abs=1e-3)


def test_a_vector_store_over_it(local, remote):
    found = PassageVectorStore.from_store(remote).similarity_search_with_score("龙舟", k=2)
    wanted = PassageVectorStore.from_store(local).similarity_search_with_score("龙舟", k=2)
    assert [document for document, _ in found] == [document for document, _ in wanted]


# what it costs


def test_many_are_asked_for_at_once_and_kept(local, remote, calls):
    store = open_milvus(str(remote.path))
    calls.clear()
    found = store.lexical.search("龙舟 大桥 图书馆", 50)
    assert calls == {"get": 1, "search": 1}  # the words, the rows
    rows = [row for row, _ in found]
    names = [store.passages.id_at(row) for row in rows]
    assert [store.passages.row(name) for name in names] == rows
    store.lexical.idf("龙舟")
    assert calls == {"get": 1, "search": 1}
    passages = store.passages.at(rows)
    assert all(store.articles[passage.article_id] for passage in passages)
    assert calls == {"get": 3, "search": 1}  # the passages, their articles
    store.passages.at(rows)
    store.lexical.scores("大桥", rows)
    store.dense.vectors(rows)
    assert calls == {"get": 4, "search": 2}


def test_only_so_many_are_kept(monkeypatch, remote, calls):
    monkeypatch.setattr(index.milvus.records, "_ITEMS_KEPT", 2)
    store = open_milvus(str(remote.path))
    calls.clear()
    first, second, third = store.catalog.article_ids(limit=3)
    calls.clear()
    for name in (first, second, first, third, first, second):  # the third drives out the second
        assert store.articles[name].article_id == name
    assert calls["get"] == 4


def test_texts_longer_than_milvus_takes_come_in_pieces(monkeypatch, local, address):
    monkeypatch.setattr(index.milvus.layout, "_PIECE", 40)
    push_store(local, address)
    store = open_milvus(address)
    assert list(store.articles.items()) == list(local.articles.items())
    assert list(store.passages.items()) == list(local.passages.items())  # copies too
    assert list(store.pages.values()) == list(local.pages.values())
    assert store.catalog.pages() == local.catalog.pages()


@given(
    texts=st.lists(st.text(alphabet="大桥龙舟图书馆 。", max_size=12), min_size=1, max_size=12),
    at_once=st.integers(1, 30),
)
def test_postings_are_turned_round(texts, at_once):
    lexical = index_texts(texts)
    wanted = [{} for _ in texts]
    starts, rows, scores = lexical.postings()
    for word in range(len(starts) - 1):
        for place in range(starts[word], starts[word + 1]):
            wanted[rows[place]][word + 1] = float(scores[place])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index.milvus.writer, "_POSTINGS_AT_ONCE", at_once)
        patch.setattr(index.milvus.writer, "AT_ONCE", 2)
        assert list(index.milvus.writer._sparse_rows(lexical, len(texts))) == wanted


def test_an_index_that_is_not_exact(local, address):
    setup = Setup(index="HNSW", build={"M": 8, "efConstruction": 32}, search={"ef": 32})
    push_store(local, address, setup)
    vector = local.embedder.encode_query("龙舟 大桥")
    same_hits(open_milvus(address).dense.search(vector, 2), local.dense.search(vector, 2))


# one generation after the other


def test_a_reader_keeps_its_generation_and_a_new_one_sees_the_next(local, address):
    told = []
    first = push_store(local, address, progress=lambda step, done, total: told.append((step, done, total)))
    assert [step for step, done, total in told if done == total] == ["passages", "articles", "words", "finish"]
    reader = open_milvus(address)
    assert milvus_generation(address) == reader.manifest.generation == first.generation
    second = push_store(local, address)
    assert milvus_generation(address) == open_milvus(address).manifest.generation == second.generation
    assert reader.lexical.search("龙舟", 1)
    assert len(collections(address)) == 4
    push_store(local, address)
    assert len(collections(address)) == 4  # the one before stays, the first is gone
    with pytest.raises(StoreError, match=r"no longer there\. .*open the store again"):
        reader.lexical.search("大桥", 1)
    assert open_milvus(address).lexical.search("大桥", 1)
    assert drop_generations(address) == 1
    assert drop_generations(address) == 0
    assert open_milvus(address).lexical.search("大桥", 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreError("It is full.", "Make room.")])
@pytest.mark.parametrize("step", ["create", "insert", "finish", "count", "switch"])
def test_a_push_that_dies_leaves_the_one_before_in_use(monkeypatch, local, address, step, error):
    before = push_store(local, address)
    reader = open_milvus(address)
    done = getattr(Engine, step)
    times = iter(range(9))

    def die(self, *args, **kwargs):
        if next(times) == {"create": 1, "insert": 2, "finish": 1}.get(step, 0):
            raise error
        return done(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, step, die)
        with pytest.raises(type(error) if isinstance(error, Exception) else error):
            push_store(local, address)
    assert milvus_generation(address) == before.generation
    assert len(collections(address)) == 2
    assert reader.lexical.search("龙舟", 1)


def test_what_a_dead_push_left_goes_with_the_next(monkeypatch, local, address):
    before = push_store(local, address)
    with monkeypatch.context() as patch:
        for step in ("finish", "drop"):  # killed, so that it cannot clear up either
            patch.setattr(Engine, step, lambda self, *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            push_store(local, address)
    assert len(collections(address)) == 4
    assert open_milvus(address).manifest.generation == before.generation
    push_store(local, address)
    assert len(collections(address)) == 4
    assert drop_generations(address) == 1


def test_a_count_that_is_short_is_no_store(monkeypatch, local, address):
    monkeypatch.setattr(Engine, "count", lambda self, collection: 3)
    with pytest.raises(StoreError, match=f"took 3 of {len(local.passages)} passages"):
        push_store(local, address)
    assert collections(address) == []


def test_an_index_that_milvus_does_not_make_is_no_store(local, address):
    with pytest.raises(StoreError, match=f"{address} reports: unknown index_type: 'NOPE'"):
        push_store(local, address, Setup(index="NOPE"))
    assert collections(address) == []


def test_a_store_in_milvus_is_not_pushed(remote, address):
    with pytest.raises(StoreError, match="lies in Milvus itself"):
        push_store(remote, address)


# what is told


def test_nothing_of_that_name(address):
    with pytest.raises(StoreError, match="There is no store in"):
        open_milvus(address)


def test_a_collection_of_somebody_else_stays_theirs(local, address):
    engine = connect(parse_address(address))
    engine.create("news", index.milvus.layout.RECORD_COLUMNS)
    for act in (open_milvus, milvus_generation, lambda text: push_store(local, text)):
        with pytest.raises(StoreError, match=r"is no store of ours\. Give another"):
            act(address)
    theirs = parse_address(address.replace("/news", "/alias"))
    connect(theirs).switch("news")
    for act in (open_milvus, lambda text: push_store(local, text)):
        with pytest.raises(StoreError, match="is no store of ours"):
            act(str(theirs))
    assert engine.collections() == ["news"]


def test_another_model_does_not_follow_by_accident(monkeypatch, local, make_store, address):
    push_store(local, address)
    other = make_store(PAGES, keywords=("大桥", "龙舟"))
    with pytest.raises(StoreError, match=r"was built with the model .* \(5 dims\).* \(2 dims\).*another collection"):
        push_store(other, address)
    assert open_milvus(address).manifest.dim == 5
    push_store(other, address, other_model=True)
    with pytest.raises(StoreError, match="are not those that"):  # the model that is loaded here is still the first
        open_milvus(address)
    monkeypatch.setattr(index.milvus.reader, "load_embedder", lambda model: other.embedder)
    assert open_milvus(address).dense.vectors([0]).shape == (1, 2)


def test_the_model_that_was_asked_for(remote):
    with pytest.raises(StoreError, match=r"was built with the model 'builtin' .* ask for 'other'"):
        open_milvus(str(remote.path), "other")
    assert open_milvus(str(remote.path), "builtin").manifest == remote.manifest


def test_nobody_answers():
    begun = time.monotonic()
    with pytest.raises(StoreError, match=r"milvus://127\.0\.0\.1:9/news does not answer") as told:
        open_milvus("milvus://ann:secret@127.0.0.1:9/news", patience=0.5)
    assert time.monotonic() - begun < 5
    assert "secret" not in str(told.value)
    assert "\n" not in str(told.value)


def test_somebody_listens_but_does_not_answer():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(StoreError, match="does not answer"):
            open_milvus(f"milvus://127.0.0.1:{listener.getsockname()[1]}/news", patience=0.5)


def test_threads_share_a_store(local, remote):
    wanted = local.lexical.search("大桥 龙舟", 9)
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: open_milvus(str(remote.path)).lexical.search("大桥 龙舟", 9), range(16)):
            same_hits(found, wanted)
        for found in pool.map(lambda _: remote.lexical.search("大桥 龙舟", 9), range(64)):
            same_hits(found, wanted)


def test_gone_in_the_middle(local, address, capfd):
    push_store(local, address)
    store = open_milvus(address, patience=0.5)
    assert store.lexical.search("大桥", 1)
    stop(address)
    vector = store.embedder.encode_query("大桥")
    for act in (
        lambda: store.lexical.search("大桥", 1),
        lambda: store.dense.search(vector, 1),
        lambda: store.dense.vectors([0]),
        lambda: store.articles["ready.jsonl#a#1"],
        lambda: search(store, "龙舟"),
    ):
        begun = time.monotonic()
        with pytest.raises(StoreError, match="does not answer") as told:
            act()
        assert "\n" not in str(told.value)
        assert time.monotonic() - begun < 5
    assert local.lexical.search("大桥", 1)  # another store goes on answering
    assert capfd.readouterr().err == ""
    assert open_milvus(address).lexical.search("大桥", 1)  # and so does this one when the server is back


def test_gone_in_the_middle_of_a_push(monkeypatch, local, address):
    before = push_store(local, address)
    done = Engine.insert

    def crash(self, collection, rows):
        if collection.endswith("_records"):
            stop(address)
        done(self, collection, rows)

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "insert", crash)
        with pytest.raises(StoreError, match="does not answer"):
            push_store(local, address, patience=0.2)
    assert open_milvus(address).manifest.generation == before.generation


def test_pymilvus_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with pytest.raises(StoreError, match=r"not installed\. pip install 'wenju\[milvus\]'"):
        open_milvus("milvus:lite.db/news")


def test_files_that_are_no_database(tmp_path, local):
    fcntl = pytest.importorskip("fcntl")
    with pytest.raises(StoreError, match="is no folder"):
        open_milvus(f"milvus:{tmp_path}/none/lite.db/news")
    (tmp_path / "lite.db").write_bytes(b"SQLite format 3")
    with pytest.raises(StoreError, match="no database of milvus-lite"):
        open_milvus(f"milvus:{tmp_path}/lite.db/news")
    (tmp_path / "busy.db").mkdir()
    with (tmp_path / "busy.db" / "LOCK").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match="may be open in another process"):
            push_store(local, f"milvus:{tmp_path}/busy.db/news")


@pytest.mark.parametrize(
    ("text", "told"),
    [('{"format": 99}', "another version of Wenju"), ("{", "does not tell"), ('{"format": 1}', "does not tell")],
)
def test_what_a_generation_tells_is_not_understood(monkeypatch, local, address, text, told):
    about = index.milvus.layout.record(Section.ABOUT, "about", text)
    monkeypatch.setattr(index.milvus.writer._Push, "_about_rows", lambda self, manifest: about)
    push_store(local, address)
    with pytest.raises(StoreError, match=told):
        open_milvus(address)


def test_the_built_in_model_is_loaded_by_its_name(monkeypatch, local, address):
    asked = []
    monkeypatch.setattr(index.milvus.reader, "load_embedder", lambda model: asked.append(model) or local.embedder)
    push_store(local, address)
    open_milvus(address)
    assert asked == ["builtin"]
    assert load_embedder("builtin").fingerprint != local.manifest.model_fingerprint  # why it is replaced in these tests


def test_vectors_of_no_rows(remote):
    assert remote.dense.vectors([]).shape == (0, remote.manifest.dim)
    assert remote.passages.at([]) == []
    assert remote.lexical.scores("大桥", []) == []
    assert np.isfinite(remote.dense.vectors([0, 0])).all()
