"""How do page files become a store? Read, cut, embed, write: each step once, with progress for the face.

All pages are read and cut anew in each build, since links and copies may lead from any page to any other; that is the
cheap half. A passage whose text was embedded for the generation in use keeps its vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from index.config import IndexConfig
from index.disk.generations import current
from index.embedding import Embedder, load_embedder
from index.errors import SourceError, StoreError
from index.reading.budget import BudgetedReader
from index.reading.source import find_pages
from index.schema import Page
from index.search.shards import either
from index.search.vector_cache import Known, KnownVectors, open_known, verify_known
from index.store.opened import KEYS, VECTORS, Manifest, read_generation, read_manifest
from index.store.searches import EarlyWorkers, Progress, write_searches
from index.store.texts import OnLayout, Sources, write_texts
from index.store.writing import Filled, write_generation

__all__ = [
    "Failure",
    "OnFailure",
    "OnLayout",
    "Progress",
    "build_from_pages",
    "build_store",
    "each_page",
    "is_built_from",
    "is_current",
    "known_vectors",
    "read_pages",
]


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be read, and why."""

    file: str
    error: SourceError


OnFailure = Callable[[Failure], None]
"""Called with each file that cannot be read; the others are read all the same."""


def build_store(  # noqa: PLR0913  # what a build is told, each by name
    pages: Path,
    store: Path,
    config: IndexConfig,
    progress: Progress | None = None,
    *,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
    date: str | None = None,
    known: Callable[[], Known] | None = None,
    workers: int = 1,
    on_layout: OnLayout | None = None,
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
        known: Returns vectors that were made elsewhere, see :func:`index.search.shards.known_shards`; they go before
            those of the store in use.
        workers: Processes that embed a large collection. A script that asks for more than one must keep its work
            below ``if __name__ == "__main__"``, since each of them imports it.
        on_layout: Told about each page and what was read from it, or None.

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

    found = each_page(pages, progress, on_failure=told if on_failure else None, encoding=encoding)
    return _write(
        found,
        store,
        config,
        embedder,
        progress=progress,
        skipped=skipped,
        date=date,
        known=known,
        workers=workers,
        on_layout=on_layout,
    )


def build_from_pages(
    pages: Iterable[Page], store: Path, config: IndexConfig, progress: Progress | None = None
) -> Manifest:
    """The same from pages that are read already.

    Raises:
        ModelError: The model cannot be loaded.
        StoreError: The store cannot be written.
    """
    return _write(pages, store, config, load_embedder(config.model), progress=progress)


def read_pages(
    pages: Path,
    progress: Progress | None = None,
    *,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
) -> list[Page]:
    """All pages of :func:`each_page`."""
    return list(each_page(pages, progress, on_failure=on_failure, encoding=encoding))


def each_page(
    pages: Path,
    progress: Progress | None = None,
    *,
    on_failure: OnFailure | None = None,
    encoding: str | None = None,
) -> Iterator[Page]:
    """Read every page at a path, one after the other.

    Args:
        pages: A folder of page files, or one file.
        progress: Told about the work, or None.
        on_failure: Told about each file that cannot be read, after the last page.
        encoding: The encoding of text files; found for each when None.

    Raises:
        SourceError: At once, where there is no page; after the last page, where none can be read, or some cannot and
            nobody is to be told. The message says why for the first and names the others.
    """
    found = find_pages(pages)  # now, so that a wrong path is told before anything is written
    return _read_each(found, pages, progress, on_failure, encoding)


def _read_each(
    found: Sequence[tuple[str, Path]],
    root: Path,
    progress: Progress | None,
    on_failure: OnFailure | None,
    encoding: str | None,
) -> Iterator[Page]:
    read, failures = 0, []
    with BudgetedReader() as reader:
        for number, (name, file) in enumerate(found, start=1):
            for item in reader.read(file, name, root=root, encoding=encoding):
                if isinstance(item, Page):
                    read += 1
                    yield item
                else:
                    failures.append(Failure(name, item))
            if progress:
                progress("read", number, len(found))
    for failure in failures if on_failure else ():
        on_failure(failure)  # type: ignore[misc]  # it is there, mypy forgets the condition
    if failures and not (read and on_failure):
        first = failures[0].error
        others = ", ".join(repr(failure.file)[1:-1] for failure in failures[1:])
        raise SourceError(first.what, f"{first.fix} The same goes for: {others}." if others else first.fix)


def is_current(pages: Path, store: Path, config: IndexConfig) -> bool:
    """Whether a store was built from exactly these pages with these settings; files that cannot be read aside.

    Raises:
        SourceError: No page can be read.
        StoreError: There is no store, or it is damaged.
    """
    return is_built_from(each_page(pages, on_failure=lambda failure: None), store, config)


def is_built_from(pages: Iterable[Page], store: Path, config: IndexConfig) -> bool:
    """The same for pages that are read already.

    Raises:
        StoreError: There is no store, or it is damaged.
    """
    manifest = read_manifest(store)
    return manifest.fingerprint == config.fingerprint() and manifest.sources == str(Sources(pages))


def known_vectors(store: Path, embedder: Embedder) -> Callable[[], Known]:
    """Returns the vectors of the generation in use, where they are those of this model and whole; else none."""
    try:
        folder = current(store)
        manifest = read_generation(folder)
    except StoreError:
        return KnownVectors
    same = (manifest.model_fingerprint, manifest.dim) == (embedder.fingerprint, embedder.dim)
    if not same or not verify_known(folder / KEYS, folder / VECTORS, manifest.hashes):
        return KnownVectors
    return partial(open_known, folder / KEYS, folder / VECTORS)


def _write(  # noqa: PLR0913  # as build_store
    pages: Iterable[Page],
    store: Path,
    config: IndexConfig,
    embedder: Embedder,
    *,
    progress: Progress | None = None,
    skipped: Mapping[str, str] | None = None,
    date: str | None = None,
    known: Callable[[], Known] | None = None,
    workers: int = 1,
    on_layout: OnLayout | None = None,
) -> Manifest:
    def fill(folder: Path) -> Filled:
        before = known_vectors(store, embedder)
        all_known = either(known, before) if known else before
        with EarlyWorkers(folder, embedder, config.model, all_known, workers) as early:
            texts = write_texts(folder, pages, config, date, on_layout, early)
            reused = write_searches(
                folder,
                texts.passages,
                embedder,
                config.model,
                known=all_known,
                progress=progress,
                workers=workers,
                early=early,
            )
        return Filled(texts, reused)

    return write_generation(store, config, embedder, fill, skipped=skipped, date=date)
