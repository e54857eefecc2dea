"""What can be asked: a store, pages, a corpus file, texts; and what is there already is used again."""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from index.build import build_store
from index.config import IndexConfig
from rag.errors import EvaluationError
from rag.evaluation.collections import open_collection

_ROWS = [{"id": "d1", "text": "柳河镇图书馆开馆。", "date": None}, {"_id": "d2", "title": "大桥", "text": "通车了。"}]
_LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _ROWS)
_CONFIG = IndexConfig()


def test_a_store_is_opened_where_it_lies(tmp_path: Path, pages_folder: Path) -> None:
    build_store(pages_folder, tmp_path / "store", _CONFIG)
    assert open_collection(tmp_path / "store", tmp_path / "work", _CONFIG).path == tmp_path / "store"
    assert not (tmp_path / "work").exists()


def test_pages_are_built_into_the_work_folder(tmp_path: Path, pages_folder: Path) -> None:
    store = open_collection(pages_folder, tmp_path / "work", _CONFIG)
    assert store.path == tmp_path / "work"
    assert set(store.pages) == {"liuhe.txt", "qingtan.txt", "shanqian.txt"}


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.xz"])
def test_a_corpus_file_is_read_plain_or_compressed(tmp_path: Path, name: str) -> None:
    data = _LINES.encode()
    (tmp_path / name).write_bytes(lzma.compress(data) if name.endswith("xz") else data)
    store = open_collection(tmp_path / name, tmp_path / "work", _CONFIG)
    assert {page.file: page.text for page in store.pages.values()} == {
        "d1": "柳河镇图书馆开馆。",
        "d2": "大桥\n通车了。",
    }


def test_the_same_texts_are_not_built_twice(tmp_path: Path) -> None:
    first = open_collection({"a": "柳河镇图书馆开馆。"}, tmp_path / "work", _CONFIG)
    second = open_collection({"a": "柳河镇图书馆开馆。"}, tmp_path / "work", _CONFIG)
    other = open_collection({"a": "鹿鸣大桥通车。"}, tmp_path / "work", _CONFIG)
    assert first.manifest.generation == second.manifest.generation != other.manifest.generation


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("c.jsonl", b'{"id": "a"}\n', "line 1: no id or no text"),
        ("c.jsonl.xz", b"not xz", "cannot be read"),
        ("c.jsonl.xz", lzma.compress(b"{"), "cannot be read"),
    ],
)
def test_a_malformed_corpus_is_told(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(EvaluationError, match=message):
        open_collection(tmp_path / name, tmp_path / "work", _CONFIG)


def test_a_collection_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="There is no collection"):
        open_collection(tmp_path / "none", tmp_path / "work", _CONFIG)
