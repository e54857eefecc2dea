"""Does a store hand out what was put in, and refuse to answer from anything else?"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import index.disk.arrays
import index.disk.records
import index.store.searches
import index.store.texts
import index.store.writing
from index.build import build_store, read_pages
from index.chunking import chunk
from index.config import IndexConfig
from index.disk.arrays import GrowingTable
from index.disk.catalog import CatalogWriter
from index.disk.records import ItemWriter
from index.doctor import examine
from index.errors import ModelError, StoreError, WenjuError
from index.reading.pages import read_articles
from index.schema import Article, Filter, Kind, Page, Passage
from index.search.bm25_build import PostingsWriter
from index.store.opened import Manifest, open_store, read_manifest, seal, search_text
from index.store.texts import Sources


@pytest.fixture(scope="module")
def built(tmp_path_factory, pages_folder, model_folder):
    """A store on disk over the test pages, built the real way with a tiny table; not to be changed."""
    path = tmp_path_factory.mktemp("built") / "store"
    build_store(pages_folder, path, IndexConfig(model=str(model_folder), passage_size=60))
    return path


@pytest.fixture
def store_path(built, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(built, tmp_path / "store")


def generation_of(path):
    return path / "generations" / (path / "CURRENT").read_text(encoding="utf-8").strip()


def everything_in(path):
    return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def rows(store, question):
    vector = store.embedder.encode_query(question)
    return store.dense.search(vector, 9), store.lexical.search(question, 9)


def test_what_is_loaded_is_what_was_built(tiny_store):
    assert list(tiny_store.pages) == ["liuhe.txt", "qingtan.txt", "shanqian.txt"]
    assert list(tiny_store.articles) == [
        "liuhe.txt#2", "liuhe.txt#10", "qingtan.txt#1", "qingtan.txt#13", "shanqian.txt#1",
    ]  # fmt: skip
    assert list(tiny_store.passages) == [
        "liuhe.txt#2:0", "liuhe.txt#2:52", "liuhe.txt#10:0", "qingtan.txt#1:0", "qingtan.txt#1:53",
        "qingtan.txt#13:0", "shanqian.txt#1:0",
    ]  # fmt: skip
    for passage in tiny_store.passages.values():
        article = tiny_store.articles[passage.article_id]
        assert passage.text == article.text[passage.start : passage.end]
        page = tiny_store.pages[article.file]
        places = article.spans(passage.start, passage.end)
        assert "".join(page.text[p.start : p.end] for p in places) == passage.text.replace("\n", "")


def test_rows_of_both_indexes_are_the_passages_in_order(tiny_store):
    # The table in conftest: rows 3 and 4 speak of 龙舟, row 4 only in its article's headline.
    dense, lexical = rows(tiny_store, "龙舟")
    assert [(key, value) for key, value in dense if value > 0] == [(3, pytest.approx(1.0)), (4, pytest.approx(1.0))]
    assert {key for key, _ in lexical} == {3, 4}


def test_a_second_load_answers_like_the_first(built):
    first, second = open_store(built), open_store(str(built))
    for question in ("图书馆有多少书？", "大桥多长？", "龙舟赛谁赢了？", "没有的事"):
        assert rows(first, question) == rows(second, question)
    for part in ("pages", "articles", "passages"):
        assert dict(getattr(first, part)) == dict(getattr(second, part))
    assert first.manifest == second.manifest == read_manifest(built)


def test_the_manifest_counts(built, model_folder, pages_folder, store_files):
    manifest = read_manifest(built)
    # Three pages with 2, 2 and 1 articles; seven passages, see the table in conftest.
    assert (manifest.pages, manifest.articles, manifest.passages, manifest.dim) == (3, 5, 7, 3)
    assert manifest.settings == IndexConfig(model=str(model_folder), passage_size=60)
    assert manifest.fingerprint == manifest.settings.fingerprint()
    assert sorted(manifest.files) == sorted(manifest.hashes) == store_files
    assert manifest.sources == str(Sources(read_pages(pages_folder)))
    assert manifest.generation == generation_of(built).name
    assert (manifest.reused, manifest.undated, manifest.skipped) == (0, 5, {})
    assert 0 <= manifest.seconds < 60
    assert set(manifest.libraries) == {"faiss-cpu", "rjieba", "opencc", "numpy"}


def test_no_file_is_a_pickle(built, store_files):
    known = {"", ".json", ".jsonl", ".npy"}  # bare is CURRENT; no .pkl, .pt, .bin
    files = [file for file in built.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == known
    assert sorted(file.name for file in files if file.suffix == "") == ["CURRENT", "LOCK"]
    for file in files:
        if file.suffix == ".npy":
            np.load(file, allow_pickle=False)
    assert sorted([*store_files, "manifest.json"]) == sorted(everything_in(generation_of(built)))


def test_search_text_gives_a_passage_the_headings_that_it_lacks():
    article = Article("p#1", "p", "果园丰收", ("■乡村",), ("收梨四十吨",), "", Kind.NEWS, None, (), "", ())
    later = Passage("p#1:20", "p#1", "村里的路也修好了。", 20, 29)
    first = Passage("p#1:0", "p#1", "■乡村\n果园丰收\n收梨四十吨\n甲。", 0, 17)
    assert search_text(later, article) == "■乡村\n果园丰收\n收梨四十吨\n村里的路也修好了。"
    assert search_text(first, article) == first.text


def test_search_text_gives_a_passage_the_section_head_that_it_stands_under():
    text = "果园丰收\n\n甲甲甲。\n\n梨是怎样卖的\n\n乙乙乙。丙丙丙。\n\n路是怎样修的\n\n丁丁丁。"
    (article,) = read_articles(Page("p", text, "utf-8", ""))
    found = [search_text(passage, article) for passage in chunk(article, 5)]
    assert found == [
        "果园丰收\n甲甲甲。",
        "果园丰收\n梨是怎样卖的\n乙乙乙。",
        "果园丰收\n梨是怎样卖的\n丙丙丙。",
        "果园丰收\n路是怎样修的\n丁丁丁。",
    ]


def test_no_store_there(tmp_path):
    with pytest.raises(StoreError, match=r"There is no store in .*nowhere\. Run `wenju build PAGES`"):
        open_store(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="There is no store in"):
        read_manifest(tmp_path)


def test_a_file_is_no_store(tmp_path):
    (tmp_path / "store").write_text("no folder", encoding="utf-8")
    with pytest.raises(StoreError, match="CURRENT cannot be read"):
        open_store(tmp_path / "store")


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"nowhere\n", b"../generations", b"..", b"\xff\xfe\x00", b"a\x00b", b"x" * 300, b"\n\n\xe5"]
)
def test_a_current_that_points_nowhere(store_path, content):
    (store_path / "CURRENT").write_bytes(content)
    with pytest.raises(StoreError, match=r"`wenju build` again\."):
        open_store(store_path)


def damage_file(file, damage):
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "truncated": data[: len(data) // 2], "longer": data + b"\0"}[damage])


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "longer"])
def test_a_damaged_file_is_named(store_path, file_name, damage):
    damage_file(generation_of(store_path) / file_name, damage)
    with pytest.raises(StoreError, match=rf"{file_name}.* `wenju build` again\."):
        open_store(store_path)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "longer"])
def test_a_damaged_manifest_is_named(store_path, damage):
    damage_file(generation_of(store_path) / "manifest.json", damage)
    with pytest.raises(StoreError, match=r"manifest\.json.* `wenju build` again\."):
        open_store(store_path)


# What opening does not read: a build reads the keys, and another sort of store the words; texts are read when asked for
UNREAD = {"keys.npy", "lexical/words.jsonl", "pages.jsonl", "articles.jsonl"}


@pytest.fixture
def large(monkeypatch):
    """As if all files were too large to compare their hashes when a store is opened."""
    monkeypatch.setattr(index.store.opened, "HASHED", 0)
    monkeypatch.setattr(index.disk.arrays, "MAPPED_FROM", 1)  # an empty file cannot be mapped


def test_one_flipped_bit_is_refused_in_whatever_file(store_path, file_name):
    file = generation_of(store_path) / file_name
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(StoreError, match=rf"damaged: {file_name} changed.*`wenju doctor --repair`"):
        open_store(store_path)


def test_hashes_are_compared_of_the_smallest_files_up_to_a_bound(store_path, monkeypatch):
    folder = generation_of(store_path)
    held = sorted((size, name) for name, size in read_manifest(store_path).files.items())
    monkeypatch.setattr(index.store.opened, "HASHED", sum(size for size, _ in held[:-1]))
    largest = folder / held[-1][1]
    read, digest = [], index.store.opened.digest
    monkeypatch.setattr(index.store.opened, "digest", lambda file: read.append(file) or digest(file))
    open_store(store_path)
    assert len(read) == len(held) - 1
    assert largest not in read


def change(file, place, number, kind):
    """Put a number into a table on disk."""
    table = np.load(file)
    table.view(kind)[place] = number
    file.write_bytes(b"")
    with file.open("wb") as stream:
        np.save(stream, table)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("name", "place", "number", "kind"),
    [
        ("pages.index.npy", (1, 0), -1, "i8"),  # the hashes of the keys are not in order
        ("passages.npy", (0, 0), 2, "i4"),  # nor are the articles of passages
        ("articles.npy", (1, 0), 4_000_000, "i4"),  # a day after the year 9999
        ("articles.npy", (1, 0), -1, "i4"),
        ("lexical/starts.npy", 1, 0, "i8"),  # a word without a text
        ("lexical/hashes.npy", (1, 0), 1, "i8"),  # two words of one number
        ("vectors.npy", (0, 0), np.nan, "f4"),
        ("vectors.npy", (0, 0), 3, "f4"),
    ],
)
def test_numbers_that_cannot_be_are_refused_in_large_files_too(store_path, name, place, number, kind):
    change(generation_of(store_path) / name, place, number, kind)
    with pytest.raises(StoreError, match=r"damaged.*`wenju doctor --repair`"):
        open_store(store_path)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("name", "place", "number", "kind", "use"),
    [
        ("passages.npy", (2, 0), 99_999, "i4", lambda store: store.passages.at([0])),  # past the article
        ("passages.npy", (1, 0), -1, "i4", lambda store: store.passages.at([0])),
        ("lexical/rows.npy", slice(None), 99_999, "i4", lambda store: store.lexical.search("龙舟", 1)),
        ("lexical/rows.npy", slice(None), -1, "i4", lambda store: store.lexical.search("龙舟", 1)),
        ("lexical/scores.npy", slice(None), np.nan, "f4", lambda store: store.lexical.search("龙舟", 1)),
        ("lexical/scores.npy", slice(None), np.inf, "f4", lambda store: store.lexical.scores("龙舟", range(9))),
    ],
)
def test_what_opening_does_not_look_at_is_told_when_it_is_used(store_path, name, place, number, kind, use):
    change(generation_of(store_path) / name, place, number, kind)
    store = open_store(store_path)
    with pytest.raises(StoreError, match=r"damaged.*`wenju doctor --repair`"):
        use(store)


@pytest.mark.usefixtures("large")
def test_a_key_whose_hash_was_changed_is_damage_and_not_a_missing_article(store_path):
    file = generation_of(store_path) / "articles.index.npy"
    keys = np.load(file)[1].view(np.uint64)
    change(file, (1, 0), int(keys[0]) - 1, "u8")  # still in order
    with pytest.raises(StoreError, match=r"articles\.index\.npy.*does not find the key"):
        list(open_store(store_path).articles.values())


def test_what_befalls_small_files_is_not_felt_once_they_are_open(store_path):
    store = open_store(store_path)
    before = [*store.passages.values()], [*store.articles.values()], [*store.pages.values()], rows(store, "龙舟")
    for file in generation_of(store_path).rglob("*"):
        if file.is_file():
            os.truncate(file, 0)  # where one was mapped, reading it would end the process
    after = [*store.passages.values()], [*store.articles.values()], [*store.pages.values()], rows(store, "龙舟")
    assert after == before


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("passages.npy", lambda store: store.passages.id_at(0)),
        ("articles.index.npy", lambda store: store.articles.key_at(0)),
    ],
)
def test_a_table_that_changes_while_it_is_open_is_told(store_path, name, use):
    file = generation_of(store_path) / name
    store = open_store(store_path)
    with file.open("rb+") as stream:
        stream.seek(128)  # behind the head
        stream.write(b"\x77" * (file.stat().st_size - 128))
    with pytest.raises(StoreError, match=r"damaged.*`wenju doctor --repair`"):
        use(store)


@pytest.mark.usefixtures("large")
def test_a_file_of_the_right_size_with_wrong_bytes_is_refused(store_path, file_name):
    file = generation_of(store_path) / file_name
    file.write_bytes(bytes(file.stat().st_size))
    if file_name in UNREAD:
        open_store(store_path)
    else:
        with pytest.raises(StoreError, match=r"`wenju build` again\."):
            open_store(store_path)
    assert [finding.file for finding in examine(store_path)] == [file_name]


@pytest.mark.usefixtures("large")
def test_texts_that_are_lost_are_told_when_they_are_asked_for(store_path):
    for name in ("pages.jsonl", "articles.jsonl"):
        file = generation_of(store_path) / name
        file.write_bytes(bytes(file.stat().st_size))
    store = open_store(store_path)
    for read in (
        lambda: store.pages["liuhe.txt"],
        lambda: list(store.pages.values()),
        lambda: "liuhe.txt" in store.pages,
        lambda: store.articles["liuhe.txt#2"],
        lambda: list(store.articles),
        lambda: store.passages["liuhe.txt#2:0"],
        lambda: list(store.passages),
        lambda: list(store.passages.values()),
        lambda: store.passages.at([0]),
        lambda: store.passages.id_at(0),
        lambda: "liuhe.txt#2:0" in store.passages,
        store.catalog.pages,
        store.catalog.article_ids,
        lambda: store.catalog.select(Filter(files=("liuhe.txt",))),
    ):
        with pytest.raises(
            StoreError, match=r"(pages|articles)\.jsonl is missing or damaged \(line \d: .*`wenju doctor --repair`"
        ):
            read()
    assert store.lexical.search("龙舟", 1)[0][0] in {3, 4}  # numbers are whole
    assert [(finding.file, finding.repairable) for finding in examine(store_path)] == [
        ("articles.jsonl", True),
        ("pages.jsonl", False),
    ]


# Many vectors


@pytest.fixture
def coded_path(pages_folder, model_folder, tmp_path, monkeypatch):
    """A store that has more vectors than are kept as they are."""
    for module in ("vectors", "dense"):
        monkeypatch.setattr(f"index.search.{module}.FEW", 5)
    build_store(pages_folder, tmp_path / "coded", IndexConfig(model=str(model_folder), passage_size=60))
    return tmp_path / "coded"


def test_many_vectors_have_codes_and_are_searched_alike(coded_path, built, store_files, monkeypatch):
    many = open_store(coded_path)
    monkeypatch.undo()
    few = open_store(built)
    assert sorted(many.manifest.files) == sorted([*store_files, "index.faiss"])
    assert (len(many.dense), many.dense.dim) == (7, 3)
    for question in ("图书馆有多少书？", "大桥多长？", "龙舟赛谁赢了？"):
        (dense, lexical), (coded, same) = rows(few, question), rows(many, question)
        assert lexical == same
        assert [key for key, value in coded if value > 0.1] == [key for key, value in dense if value > 0.1]
        assert [value for _, value in coded] == pytest.approx([value for _, value in dense], abs=1e-3)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "longer", "zeros"])
def test_damaged_codes_are_named(coded_path, damage):
    file = generation_of(coded_path) / "index.faiss"
    if damage == "zeros":
        file.write_bytes(bytes(file.stat().st_size))
    else:
        damage_file(file, damage)
    with pytest.raises(StoreError, match=r"index\.faiss.* `wenju build` again\."):
        open_store(coded_path)


def test_a_file_too_many_is_named(store_path):
    (generation_of(store_path) / "lexical" / "vocab.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match=r"is damaged: lexical/vocab\.json changed after the build"):
        open_store(store_path)


def edit_manifest(path, **changes):
    file = generation_of(path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(manifest | {"seal": ""} | changes), encoding="utf-8")


def seal_manifest(path):
    file = generation_of(path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(manifest | {"seal": seal(manifest)}), encoding="utf-8")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_an_older_format_is_told_with_what_takes_it_over(store_path, number):
    edit_manifest(store_path, format=number)
    with pytest.raises(
        StoreError,
        match=rf"is of format {number}, this version reads format 3\. Run `wenju doctor --repair`, which builds it "
        r"again from its own pages, or `wenju build` again\.",
    ):
        open_store(store_path)


@pytest.mark.parametrize("told", [None, "3", 2.5, [3], True])
def test_a_format_that_is_no_number_is_told(store_path, told):
    edit_manifest(store_path, format=told)
    with pytest.raises(StoreError, match="this version reads format 3"):
        read_manifest(store_path)


def test_a_later_format_is_told_even_where_its_manifest_has_other_fields(store_path):
    edit_manifest(store_path, format=99, shards=4)
    with pytest.raises(StoreError, match=r"is of format 99.* Update Wenju, or run `wenju build` again\."):
        read_manifest(store_path)


@pytest.mark.parametrize("changes", [{"shards": 4}, {"dim": "wide"}, {"settings": {"size": 3}}])
def test_a_manifest_with_other_fields_is_refused(store_path, changes):
    edit_manifest(store_path, **changes)
    with pytest.raises(StoreError, match=r"manifest\.json is missing or damaged"):
        read_manifest(store_path)


@pytest.mark.parametrize("count", ["pages", "articles", "passages", "dim"])
def test_a_manifest_that_tells_other_counts_is_refused(store_path, count):
    edit_manifest(store_path, **{count: 6})
    with pytest.raises(StoreError, match="its seal is broken"):
        open_store(store_path)
    seal_manifest(store_path)  # by somebody who knows how
    with pytest.raises(StoreError, match=r"is damaged: it holds .* where its manifest tells"):
        open_store(store_path)


def test_a_manifest_whose_seal_is_broken_is_refused(store_path):
    """A changed digit in a field that no other check looks at."""
    file = generation_of(store_path) / "manifest.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"reused": 0', '"reused": 1'), encoding="utf-8")
    with pytest.raises(StoreError, match=r"manifest\.json is missing or damaged \(its seal is broken\)"):
        open_store(store_path)


@pytest.mark.parametrize("field", sorted(set(Manifest.model_fields) - {"format"}))
def test_a_manifest_without_a_field_is_refused(store_path, field):
    file = generation_of(store_path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    del manifest[field]
    file.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(StoreError, match=r"manifest\.json is missing or damaged"):
        read_manifest(store_path)


def test_the_manifest_tells_the_days_and_hashes(store_path, pages_folder, model_folder, store_files):
    manifest = build_store(pages_folder, store_path, IndexConfig(model=str(model_folder)), date="2026-03-01")
    assert (manifest.date, manifest.first_day, manifest.last_day, manifest.undated) == (
        "2026-03-01", "2026-03-01", "2026-03-01", 0,
    )  # fmt: skip
    assert sorted(manifest.hashes) == store_files
    data = (generation_of(store_path) / "pages.jsonl").read_bytes()
    assert manifest.hashes["pages.jsonl"] == hashlib.sha256(data).hexdigest()
    assert (
        manifest.size
        == sum(file.stat().st_size for file in generation_of(store_path).rglob("*.*"))
        - (generation_of(store_path) / "manifest.json").stat().st_size
    )


def test_another_model_than_expected(built, model_folder):
    with pytest.raises(
        StoreError, match=r"was built with the model '.*table' \(3 dims\), the settings ask for 'other'"
    ):
        open_store(built, model="other")
    assert open_store(built, model=str(model_folder)).manifest.dim == 3


def test_a_model_whose_files_changed(pages_folder, write_model, tmp_path):
    model = write_model(tmp_path / "model", {"桥": (1, 0), "舟": (0, 1)})
    build_store(pages_folder, tmp_path / "store", IndexConfig(model=str(model)))
    assert open_store(tmp_path / "store").manifest.dim == 2
    write_model(model, {"桥": (0, 1), "舟": (1, 0)})
    with pytest.raises(StoreError, match=r"The files of the model '.*model' have changed since .*store was built"):
        open_store(tmp_path / "store")
    shutil.rmtree(model)
    with pytest.raises(ModelError, match="There is no model folder"):
        open_store(tmp_path / "store")


def full(*args, **kwargs):
    raise OSError(28, "No space left on device")


def interrupted(*args, **kwargs):
    raise KeyboardInterrupt


# What writes: in the order of a build. `_put_links` has nothing to write here, see test_texts.
WRITING = {
    "a page or an article": (ItemWriter, "add"),
    "the index of the pages": (index.disk.records, "save_table"),
    "the catalog": (CatalogWriter, "save"),
    "the passages": (index.store.texts, "write_passages"),
    "room for vectors": (index.store.searches, "new_vectors"),
    "room for keys": (index.store.searches, "new_table"),
    "vectors": (index.store.searches, "write_rows"),
    "a block of words": (PostingsWriter, "add"),
    "words": (PostingsWriter, "finish"),
    "postings": (GrowingTable, "append"),
    "codes": (index.store.searches, "write_codes"),
    "hashes of the files": (index.store.writing, "digests"),
    "the switch": (os, "replace"),
    "the sync": (os, "fsync"),
}


@pytest.mark.parametrize("failure", [full, interrupted], ids=["full", "interrupted"])
@pytest.mark.parametrize("what", WRITING)
def test_a_failing_build_leaves_the_old_store_as_it_was(
    store_path, pages_folder, model_folder, monkeypatch, what, failure
):
    before, answered = everything_in(store_path), rows(open_store(store_path), "龙舟")
    config = IndexConfig(model=str(model_folder), passage_size=30)
    error, message = (KeyboardInterrupt, "^$") if failure is interrupted else (StoreError, r"written \(No space left")
    with monkeypatch.context() as patch:
        patch.setattr(*WRITING[what], failure)
        with pytest.raises(error, match=message):
            build_store(pages_folder, store_path, config)
    assert everything_in(store_path) == before
    assert [folder.name for folder in (store_path / "generations").iterdir()] == [generation_of(store_path).name]
    assert rows(open_store(store_path), "龙舟") == answered


def test_an_interrupt_after_the_switch_leaves_the_new_store(store_path, pages_folder, model_folder, monkeypatch):
    config = IndexConfig(model=str(model_folder), passage_size=30)
    real = index.store.writing.switch

    def switch(path, generation):
        real(path, generation)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("index.store.writing.switch", switch)
        with pytest.raises(KeyboardInterrupt):
            build_store(pages_folder, store_path, config)
    assert open_store(store_path).manifest.settings.passage_size == 30


@pytest.mark.parametrize("name", ["rows.npy", "info.json"])
def test_a_generation_that_cannot_be_read_back_is_never_switched_to(
    store_path, pages_folder, model_folder, monkeypatch, name
):
    """A disk that loses bytes without a word."""
    before, real = everything_in(store_path), PostingsWriter.finish

    def lose(writer):
        real(writer)
        (writer._folder / name).write_bytes(b"half")

    with monkeypatch.context() as patch:
        patch.setattr(PostingsWriter, "finish", lose)
        with pytest.raises(StoreError, match=rf"{name} is missing or damaged"):
            build_store(pages_folder, store_path, IndexConfig(model=str(model_folder), passage_size=30))
    assert everything_in(store_path) == before


def test_a_failing_first_build_leaves_no_file(tmp_path, pages_folder, model_folder, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", full)
        with pytest.raises(StoreError, match="Free some space or give another folder with --store"):
            build_store(pages_folder, tmp_path / "store", IndexConfig(model=str(model_folder)))
    assert everything_in(tmp_path / "store") == {"LOCK": b""}
    with pytest.raises(StoreError, match="There is no store"):
        open_store(tmp_path / "store")


def test_a_folder_that_cannot_be_made(tmp_path, pages_folder, model_folder):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(StoreError, match="file/store cannot be written"):
        build_store(pages_folder, tmp_path / "file" / "store", IndexConfig(model=str(model_folder)))


def test_the_generation_before_is_kept_and_older_ones_are_dropped(store_path, pages_folder, model_folder):
    names = [generation_of(store_path).name]
    for size in (30, 40, 50):  # builds within one second of one another, too
        build_store(pages_folder, store_path, IndexConfig(model=str(model_folder), passage_size=size))
        names.append(generation_of(store_path).name)
        left = {folder.name for folder in (store_path / "generations").iterdir()}
        assert left == set(names[-2:])
    assert open_store(store_path).manifest.settings.passage_size == 50
    assert sorted(Path(file).name for file in store_path.iterdir()) == ["CURRENT", "LOCK", "generations"]


def test_an_open_store_answers_on_while_another_is_built(store_path, pages_folder, model_folder):
    """All lies in mapped files of the generation before, which stay, and stay mapped when they are gone."""
    opened = open_store(store_path)
    answered, held = rows(opened, "龙舟"), dict(opened.passages)
    for size in (40, 30):
        build_store(pages_folder, store_path, IndexConfig(model=str(model_folder), passage_size=size))
        assert rows(opened, "龙舟") == answered
        assert dict(opened.passages) == held
    assert len(open_store(store_path).passages) > len(opened.passages)


def test_every_error_of_a_store_is_one_of_ours():
    assert issubclass(StoreError, WenjuError)
