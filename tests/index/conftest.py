"""What do the tests of the index share? The files of a generation, and folders that hold its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from index.config import IndexConfig
from index.schema import Page
from index.store.opened import Store
from index.store.texts import write_texts

FILES = (
    "articles.index.npy",
    "articles.jsonl",
    "articles.npy",
    "copies.npy",
    "keys.npy",
    "lexical/hashes.npy",
    "lexical/info.json",
    "lexical/rows.npy",
    "lexical/scores.npy",
    "lexical/starts.npy",
    "lexical/words.jsonl",
    "pages.index.npy",
    "pages.jsonl",
    "passages.npy",
    "vectors.npy",
)
"""The files of a generation with few vectors but its manifest; many have an ``index.faiss`` besides."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with the argument ``file_name`` is made for each file of a generation."""
    if "file_name" in metafunc.fixturenames:
        metafunc.parametrize("file_name", FILES)


@pytest.fixture(scope="session")
def store_files() -> list[str]:
    return list(FILES)


@pytest.fixture
def texts_folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes pages of these names and texts, and what is read from them, into a new folder.

    Passages may be shorter than settings allow, so that they can be counted.
    """

    def write(pages: Mapping[str, str], size: int = 60, overlap: int = 0, name: str = "texts") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        read = (Page(file, text, "utf-8", "") for file, text in pages.items())
        write_texts(folder, read, IndexConfig.model_construct(passage_size=size, passage_overlap=overlap))
        return folder

    return write


@pytest.fixture(scope="session")
def answers_of() -> Callable[[Store], object]:
    """All that a store holds and finds, to be compared."""

    def answers(store: Store) -> object:
        questions = ("图书馆有多少书？", "大桥多长？", "龙舟赛谁赢了？", "没有的事")
        found = [(store.dense.search(store.embedder.encode_query(q), 9), store.lexical.search(q, 9)) for q in questions]
        held = [dict(part.items()) for part in (store.pages, store.articles, store.passages)]
        return held, store.catalog.pages(), found

    return answers
