"""Do page files become a store, step by step, and is a bad page named before anything is written?"""

from __future__ import annotations

import shutil

import pytest

from index.build import build_store, is_current, read_pages
from index.config import IndexConfig
from index.errors import ModelError, SourceError, StoreError
from index.store import open_store, read_manifest


@pytest.fixture
def pages(pages_folder, tmp_path):
    """A copy of the test pages that a test may change."""
    return shutil.copytree(pages_folder, tmp_path / "pages")


@pytest.fixture
def config(model_folder):
    return IndexConfig(model=str(model_folder), passage_size=60)


def test_every_step_reports_its_progress(pages, tmp_path, config):
    told = []
    build_store(pages, tmp_path / "store", config, lambda *step: told.append(step))
    # Three pages, then seven passages in one batch.
    assert told == [("read", 1, 3), ("read", 2, 3), ("read", 3, 3), ("embed", 7, 7)]


def test_passages_are_embedded_batch_by_batch(pages, tmp_path, config, monkeypatch):
    monkeypatch.setattr("index.build._BATCH", 3)
    told = []
    build_store(pages, tmp_path / "small", config, lambda *step: told.append(step))
    assert [step for step in told if step[0] == "embed"] == [("embed", 3, 7), ("embed", 6, 7), ("embed", 7, 7)]
    monkeypatch.undo()
    build_store(pages, tmp_path / "large", config)
    small, large = open_store(tmp_path / "small"), open_store(tmp_path / "large")
    for question in ("图书馆", "大桥", "龙舟"):
        vector = small.embedder.encode_query(question)
        assert small.dense.search(vector, 7) == large.dense.search(vector, 7)


def test_a_store_of_a_single_page(pages, tmp_path, config):
    manifest = build_store(pages / "liuhe.txt", tmp_path / "store", config)
    assert (manifest.pages, manifest.articles, manifest.passages) == (1, 2, 3)
    assert list(manifest.sources) == ["liuhe.txt"]


def test_an_unreadable_page_is_named_and_the_old_store_stays(pages, tmp_path, config, data_folder):
    built = build_store(pages, tmp_path / "store", config)
    shutil.copy(data_folder / "bad" / "damaged.txt", pages)
    with pytest.raises(SourceError, match=r"damaged\.txt is not GB18030 at byte 8\. Save it as UTF-8"):
        build_store(pages, tmp_path / "store", config)
    assert read_manifest(tmp_path / "store") == built
    assert [folder.name for folder in (tmp_path / "store" / "generations").iterdir()] == [built.generation]
    assert len(open_store(tmp_path / "store").passages) == 7


def test_all_unreadable_pages_are_named(pages, data_folder):
    for name in ("damaged.txt", "picture.txt", "empty.txt"):
        shutil.copy(data_folder / "bad" / name, pages)
    with pytest.raises(SourceError, match=r"damaged\.txt is not .* The same goes for: empty\.txt, picture\.txt"):
        read_pages(pages)


def test_pages_are_read_in_order_of_their_names(pages):
    assert [page.file for page in read_pages(pages)] == ["liuhe.txt", "qingtan.txt", "shanqian.txt"]


def test_a_missing_model_is_told_before_pages_are_read(tmp_path):
    with pytest.raises(ModelError, match="There is no model folder"):
        build_store(tmp_path / "no pages", tmp_path / "store", IndexConfig(model="./nowhere"))
    assert not (tmp_path / "store").exists()


def test_no_pages(tmp_path, config):
    with pytest.raises(SourceError, match="There is no file or folder"):
        build_store(tmp_path / "no pages", tmp_path / "store", config)
    assert not (tmp_path / "store").exists()


def test_a_store_is_current_until_a_page_or_a_setting_changes(pages, tmp_path, config):
    store = tmp_path / "store"
    build_store(pages, store, config)
    assert is_current(pages, store, config)
    assert not is_current(pages, store, IndexConfig(model=config.model, passage_size=61))
    text = (pages / "liuhe.txt").read_bytes()
    (pages / "liuhe.txt").write_bytes(text + b"\n")
    assert not is_current(pages, store, config)
    (pages / "liuhe.txt").write_bytes(text)
    assert is_current(pages, store, config)
    (pages / "liuhe.txt").rename(pages / "liuhe2.txt")
    assert not is_current(pages, store, config)


def test_a_store_that_is_not_there_is_not_simply_out_of_date(pages, tmp_path, config):
    with pytest.raises(StoreError, match="There is no store"):
        is_current(pages, tmp_path / "store", config)


def test_the_same_pages_give_the_same_store(pages, tmp_path, config):
    """Two builds differ in their name and time only."""
    first = build_store(pages, tmp_path / "one", config)
    second = build_store(pages, tmp_path / "two", config)
    for name in first.files:
        one = tmp_path / "one" / "generations" / first.generation / name
        two = tmp_path / "two" / "generations" / second.generation / name
        if "lexical" in name:  # bm25s numbers the words in the order of a set
            assert one.stat().st_size == two.stat().st_size
        else:
            assert one.read_bytes() == two.read_bytes()
    changing = {"generation": "", "built_at": ""}
    assert first.model_copy(update=changing) == second.model_copy(update=changing)
