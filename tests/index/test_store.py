"""Does a store hand out what was put in, and refuse to answer from anything else?"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from index.build import build_store
from index.chunking import chunk
from index.config import IndexConfig
from index.dense import DenseIndex
from index.errors import ModelError, NewsQAError, StoreError
from index.lexical import LexicalIndex
from index.pages import read_articles
from index.schema import Article, Kind, Page, Passage
from index.store import open_store, read_manifest, search_text

FILES = [
    "articles.jsonl",
    "index.faiss",
    "keys.npy",
    "lexical/data.csc.index.npy",
    "lexical/indices.csc.index.npy",
    "lexical/indptr.csc.index.npy",
    "lexical/params.index.json",
    "lexical/vocab.index.json",
    "pages.jsonl",
    "passages.jsonl",
]


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
    assert (first.pages, first.articles, first.passages) == (second.pages, second.articles, second.passages)
    assert first.manifest == second.manifest == read_manifest(built)


def test_the_manifest_counts(built, model_folder):
    manifest = read_manifest(built)
    # Three pages with 2, 2 and 1 articles; seven passages, see the table in conftest.
    assert (manifest.pages, manifest.articles, manifest.passages, manifest.dim) == (3, 5, 7, 3)
    assert manifest.settings == IndexConfig(model=str(model_folder), passage_size=60)
    assert manifest.fingerprint == manifest.settings.fingerprint()
    assert sorted(manifest.files) == FILES
    assert sorted(manifest.sources) == ["liuhe.txt", "qingtan.txt", "shanqian.txt"]
    assert manifest.generation == generation_of(built).name


def test_no_file_is_a_pickle(built):
    known = {"", ".json", ".jsonl", ".faiss", ".npy"}  # bare is CURRENT; no .pkl, .pt, .bin
    files = [file for file in built.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == known
    assert sorted(file.name for file in files if file.suffix == "") == ["CURRENT", "LOCK"]
    assert sorted([*FILES, "manifest.json"]) == sorted(everything_in(generation_of(built)))


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
    with pytest.raises(StoreError, match=r"Run `wenju build` again\."):
        open_store(store_path)


@pytest.mark.parametrize("name", [*FILES, "manifest.json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "longer"])
def test_a_damaged_file_is_named(store_path, name, damage):
    file = generation_of(store_path) / name
    data = file.read_bytes()
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "truncated": data[: len(data) // 2], "longer": data + b"\0"}[damage])
    with pytest.raises(StoreError, match=rf"{name}.* Run `wenju build` again\."):
        open_store(store_path)


@pytest.mark.parametrize("name", [name for name in FILES if name != "keys.npy"])  # which only a build reads
def test_a_file_of_the_right_size_with_wrong_bytes_is_refused(store_path, name):
    file = generation_of(store_path) / name
    file.write_bytes(bytes(file.stat().st_size))
    with pytest.raises(StoreError, match=r"Run `wenju build` again\."):
        open_store(store_path)


def test_a_file_too_many_is_named(store_path):
    (generation_of(store_path) / "lexical" / "vocab.tokenizer.json").write_text("{}", encoding="utf-8")
    with pytest.raises(StoreError, match=r"is damaged: lexical/vocab\.tokenizer\.json changed after the build"):
        open_store(store_path)


def edit_manifest(path, **changes):
    file = generation_of(path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(manifest | {"seal": ""} | changes), encoding="utf-8")


def test_another_format_version(store_path):
    edit_manifest(store_path, format=0)
    with pytest.raises(StoreError, match=r"is of format 0, this version reads format \d+\. Run `wenju build` again\."):
        open_store(store_path)


def test_a_later_format_is_told_even_where_its_manifest_has_other_fields(store_path):
    edit_manifest(store_path, format=99, shards=4)
    with pytest.raises(StoreError, match="is of format 99"):
        read_manifest(store_path)


@pytest.mark.parametrize("changes", [{"shards": 4}, {"dim": "wide"}, {"settings": {"size": 3}}])
def test_a_manifest_with_other_fields_is_refused(store_path, changes):
    edit_manifest(store_path, **changes)
    with pytest.raises(StoreError, match=r"manifest\.json is missing or damaged"):
        read_manifest(store_path)


@pytest.mark.parametrize("count", ["pages", "articles", "passages", "dim"])
def test_a_manifest_that_tells_other_counts_is_refused(store_path, count):
    edit_manifest(store_path, **{count: 6})
    with pytest.raises(StoreError, match=r"(is damaged: it holds|holds 7 texts, not 6)"):
        open_store(store_path)


def test_a_manifest_whose_seal_is_broken_is_refused(store_path):
    """A changed digit in a field that no other check looks at."""
    file = generation_of(store_path) / "manifest.json"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"reused": 0', '"reused": 1'), encoding="utf-8")
    with pytest.raises(StoreError, match=r"manifest\.json is missing or damaged \(its seal is broken\)"):
        open_store(store_path)


def test_a_manifest_from_before_seals_and_hashes_is_read(store_path):
    file = generation_of(store_path) / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    later = ("hashes", "date", "first_day", "last_day", "undated", "reused", "seal")
    file.write_text(json.dumps({name: value for name, value in manifest.items() if name not in later}))
    assert open_store(store_path).manifest.hashes == {}


def test_the_manifest_tells_the_days_and_hashes(store_path, pages_folder, model_folder):
    manifest = build_store(pages_folder, store_path, IndexConfig(model=str(model_folder)), date="2026-03-01")
    assert (manifest.date, manifest.first_day, manifest.last_day, manifest.undated) == (
        "2026-03-01", "2026-03-01", "2026-03-01", 0,
    )  # fmt: skip
    assert sorted(manifest.hashes) == FILES
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


def break_(monkeypatch, what):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    places = {
        "vectors": (DenseIndex, "save", full),
        "words": (LexicalIndex, "save", full),
        "switch": (os, "replace", full),
        "sync": (os, "fsync", full),
        "interrupt": (LexicalIndex, "save", interrupted),
        "interrupted switch": (os, "replace", interrupted),
    }
    monkeypatch.setattr(*places[what])


@pytest.mark.parametrize("what", ["vectors", "words", "switch", "sync", "interrupt", "interrupted switch"])
def test_a_failing_build_leaves_the_old_store_as_it_was(store_path, pages_folder, model_folder, monkeypatch, what):
    before, answered = everything_in(store_path), rows(open_store(store_path), "龙舟")
    config = IndexConfig(model=str(model_folder), passage_size=30)
    error, message = (KeyboardInterrupt, "^$") if "interrupt" in what else (StoreError, r"written \(No space left")
    with monkeypatch.context() as patch:
        break_(patch, what)
        with pytest.raises(error, match=message):
            build_store(pages_folder, store_path, config)
    assert everything_in(store_path) == before
    assert [folder.name for folder in (store_path / "generations").iterdir()] == [generation_of(store_path).name]
    assert rows(open_store(store_path), "龙舟") == answered


def test_a_generation_that_cannot_be_read_back_is_never_switched_to(
    store_path, pages_folder, model_folder, monkeypatch
):
    """A disk that loses bytes without a word."""
    before = everything_in(store_path)
    with monkeypatch.context() as patch:
        patch.setattr(DenseIndex, "save", lambda index, path: path.write_bytes(b"half"))
        with pytest.raises(StoreError, match=r"index\.faiss cannot be read"):
            build_store(pages_folder, store_path, IndexConfig(model=str(model_folder), passage_size=30))
    assert everything_in(store_path) == before


def test_a_failing_first_build_leaves_no_file(tmp_path, pages_folder, model_folder, monkeypatch):
    with monkeypatch.context() as patch:
        break_(patch, "switch")
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
    """BM25 lies in mapped files of the generation before, which stay."""
    opened = open_store(store_path)
    answered = rows(opened, "龙舟")
    build_store(pages_folder, store_path, IndexConfig(model=str(model_folder), passage_size=30))
    assert rows(opened, "龙舟") == answered
    assert len(open_store(store_path).passages) > len(opened.passages)


def test_every_error_of_a_store_is_one_of_ours():
    assert issubclass(StoreError, NewsQAError)
