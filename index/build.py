"""How do page files become a store? Read, link, chunk, embed, write: each step once, with progress for the face.

All pages are read and cut anew in each build, since links and copies may lead from any page to any other; that is the
cheap half. A passage whose text was embedded for the generation in use keeps its vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.config import IndexConfig
from index.copies import chunk_once
from index.embedding import Embedder, Vectors, load_embedder
from index.errors import SourceError
from index.generations import building
from index.pages import read_layouts
from index.reuse import KnownVectors
from index.schema import Article, Page, Passage
from index.source import find_pages, read_file
from index.store import Manifest, known_vectors, read_manifest, search_text, write_store

__all__ = ["Failure", "OnFailure", "Progress", "build_from_pages", "build_store", "embed", "is_current", "read_pages"]

Progress = Callable[[str, int, int], None]
"""Called with the step's name, how much is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and why."""

    file: str
    error: SourceError


OnFailure = Callable[[Failure], None]
"""Called with each file that cannot be read; the others are read all the same."""

_BATCH = 256  # passages embedded between two progress reports


def build_store(
    pages: Path,
    store: Path,
    config: IndexConfig,
    progress: Progress | None = None,
    *,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
    date: str | None = None,
) -> Manifest:
    """Build a store from page files and switch to it.

    Args:
        pages: A folder of page files, or one file.
        store: The store's folder.
        config: The settings.
        progress: Told about the work, or None.
        on_failure: Told about each file that cannot be read, while the others become the store. When None, nothing
            is built unless all can be read.
        encoding: The encoding of text files; found for each when None.
        date: ISO date of publication for every page; it goes before mastheads, not before the dates of ready articles.

    Raises:
        SourceError: A page cannot be read, see ``on_failure``, or none can. The store in use before stays in use.
        ModelError: The model cannot be loaded.
        StoreError: The store cannot be written, or another process is building it.
    """
    embedder = load_embedder(config.model)  # before a long reading, so that a wrong name is told at once
    skipped: dict[str, str] = {}

    def told(failure: Failure) -> None:
        skipped[failure.file] = failure.error.what
        if on_failure:
            on_failure(failure)

    read = read_pages(pages, progress, on_failure=told if on_failure else None, encoding=encoding)
    return _write(read, store, config, embedder, progress, skipped, date)


def build_from_pages(
    pages: Sequence[Page], store: Path, config: IndexConfig, progress: Progress | None = None
) -> Manifest:
    """The same from pages that are read already.

    Raises:
        ModelError: The model cannot be loaded.
        StoreError: The store cannot be written.
    """
    return _write(pages, store, config, load_embedder(config.model), progress, {}, None)


def read_pages(
    pages: Path,
    progress: Progress | None = None,
    *,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
) -> list[Page]:
    """Read every page at a path.

    Args:
        pages: A folder of page files, or one file.
        progress: Told about the work, or None.
        on_failure: Told about each file that cannot be read.
        encoding: The encoding of text files; found for each when None.

    Raises:
        SourceError: None can be read, or some cannot and nobody is to be told; the message says why for the first
            and names the others.
    """
    found = find_pages(pages)
    read: list[Page] = []
    failures: list[Failure] = []
    for number, (name, file) in enumerate(found, start=1):
        items: list[Page | SourceError] = []
        try:
            items += read_file(file, name, root=pages, encoding=encoding)
        except SourceError as error:
            items.append(error)
        read += [item for item in items if isinstance(item, Page)]
        failures += [Failure(name, item) for item in items if isinstance(item, SourceError)]
        if progress:
            progress("read", number, len(found))
    for failure in failures if on_failure else ():
        on_failure(failure)  # type: ignore[misc]  # it is there, mypy forgets the condition
    if failures and not (read and on_failure):
        first = failures[0].error
        others = ", ".join(repr(failure.file)[1:-1] for failure in failures[1:])
        raise SourceError(first.what, f"{first.fix} The same goes for: {others}." if others else first.fix)
    return read


def is_current(pages: Path, store: Path, config: IndexConfig) -> bool:
    """Whether a store was built from exactly these pages with these settings; files that cannot be read aside.

    Raises:
        SourceError: No page can be read.
        StoreError: There is no store, or it is damaged.
    """
    manifest = read_manifest(store)
    sources = {page.file: page.sha256 for page in read_pages(pages, on_failure=lambda failure: None)}
    return manifest.fingerprint == config.fingerprint() and manifest.sources == sources


def _write(
    pages: Sequence[Page],
    store: Path,
    config: IndexConfig,
    embedder: Embedder,
    progress: Progress | None,
    skipped: dict[str, str],
    date: str | None,
) -> Manifest:
    with building(store):
        articles = [article for layout in read_layouts(pages, date) for article in layout.articles]
        passages = chunk_once(articles, config.passage_size, config.passage_overlap)
        vectors, reused = embed(passages, articles, embedder, known_vectors(store, embedder), progress)
        return write_store(
            store, config, embedder, pages, articles, passages, vectors, skipped, date=date, reused=reused
        )


def embed(
    passages: Sequence[Passage],
    articles: Sequence[Article],
    embedder: Embedder,
    known: KnownVectors,
    progress: Progress | None = None,
) -> tuple[Vectors, int]:
    """The vectors of passages: those that are known, and the others computed.

    Returns:
        (len(passages), embedder.dim) float32, and how many of them were known.
    """
    report = progress or (lambda step, done, total: None)
    by_id = {article.article_id: article for article in articles}
    texts = [search_text(passage, by_id[passage.article_id]) for passage in passages]
    vectors: Vectors = np.zeros((len(texts), embedder.dim), np.float32)
    rows = known.find(texts)
    old, new = np.flatnonzero(rows >= 0), np.flatnonzero(rows < 0)
    if len(old):
        vectors[old] = known.vectors(rows[old])
        report("embed", len(old), len(texts))
    for start in range(0, len(new), _BATCH):
        batch = new[start : start + _BATCH]
        vectors[batch] = embedder.encode_documents([texts[place] for place in batch])
        report("embed", len(old) + start + len(batch), len(texts))
    return vectors, len(old)
