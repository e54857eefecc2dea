"""How do page files become a store? Read, chunk, embed, write: each step once, with progress for the face."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.chunking import chunk
from index.config import IndexConfig
from index.embedding import Embedder, Vectors, load_embedder
from index.errors import SourceError
from index.pages import read_articles
from index.schema import Article, Page, Passage
from index.source import find_pages, read_page
from index.store import Manifest, read_manifest, search_text, write_store

__all__ = ["Progress", "build_from_pages", "build_store", "is_current", "read_pages"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much is done, and how much there is."""

_BATCH = 256  # passages embedded between two progress reports


def build_store(pages: Path, store: Path, config: IndexConfig, progress: Progress | None = None) -> Manifest:
    """Build a store from page files and switch to it.

    Args:
        pages: A folder of page files, or one file.
        store: The store's folder.
        config: The settings.
        progress: Told about the work, or None.

    Raises:
        SourceError: A page cannot be read; all unreadable pages are named. The store in use before stays in use.
        ModelError: The model cannot be loaded.
        StoreError: The store cannot be written.
    """
    embedder = load_embedder(config.model)  # before a long reading, so that a wrong name is told at once
    return _write(read_pages(pages, progress), store, config, embedder, progress)


def build_from_pages(
    pages: Sequence[Page], store: Path, config: IndexConfig, progress: Progress | None = None
) -> Manifest:
    """The same from pages that are read already.

    Raises:
        ModelError: The model cannot be loaded.
        StoreError: The store cannot be written.
    """
    return _write(pages, store, config, load_embedder(config.model), progress)


def read_pages(pages: Path, progress: Progress | None = None) -> list[Page]:
    """Read every page at a path.

    Raises:
        SourceError: Some cannot be read; the message says why for the first and names the others.
    """
    found = find_pages(pages)
    read: list[Page] = []
    failures: list[tuple[str, SourceError]] = []
    for number, (name, file) in enumerate(found, start=1):
        try:
            read.append(read_page(file, name))
        except SourceError as error:
            failures.append((name, error))
        if progress:
            progress("read", number, len(found))
    if failures:
        first = failures[0][1]
        others = ", ".join(name for name, _ in failures[1:])
        raise SourceError(first.what, f"{first.fix} The same goes for: {others}." if others else first.fix)
    return read


def is_current(pages: Path, store: Path, config: IndexConfig) -> bool:
    """Whether a store was built from exactly these pages with these settings.

    Raises:
        SourceError: A page cannot be read.
        StoreError: There is no store, or it is damaged.
    """
    manifest = read_manifest(store)
    sources = {page.file: page.sha256 for page in read_pages(pages)}
    return manifest.fingerprint == config.fingerprint() and manifest.sources == sources


def _write(
    pages: Sequence[Page], store: Path, config: IndexConfig, embedder: Embedder, progress: Progress | None
) -> Manifest:
    articles = [article for page in pages for article in read_articles(page)]
    passages = [passage for article in articles for passage in chunk(article, config.passage_size)]
    vectors = _embed(passages, articles, embedder, progress or (lambda step, done, total: None))
    return write_store(store, config, embedder, pages, articles, passages, vectors)


def _embed(passages: list[Passage], articles: list[Article], embedder: Embedder, report: Progress) -> Vectors:
    by_id = {article.article_id: article for article in articles}
    texts = [search_text(passage, by_id[passage.article_id]) for passage in passages]
    vectors: Vectors = np.zeros((len(texts), embedder.dim), np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        vectors[start : start + len(batch)] = embedder.encode_documents(batch)
        report("embed", start + len(batch), len(texts))
    return vectors
