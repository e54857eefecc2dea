"""Which collection is asked? A store, pages, or a corpus file; the latter two become a store inside the run folder.

Like a face, this module may call the writing half: an evaluation over pages builds a store from them first.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Iterator, Mapping
from pathlib import Path

from index.build import Progress, build_from_pages, is_built_from, read_pages
from index.config import IndexConfig
from index.schema import Page
from index.store.opened import Store, open_store
from rag.errors import EvaluationError, StoreError
from rag.evaluation.questions import read_json_lines

__all__ = ["collection_pages", "open_collection"]


def open_collection(
    source: Path | Mapping[str, str], work: Path, config: IndexConfig, progress: Progress | None = None
) -> Store:
    """Open what is to be asked.

    Args:
        source: A store's folder; a page file or a folder of pages; a corpus (``.jsonl`` or ``.jsonl.xz`` with ``id``
            or ``_id``, ``text`` and an optional ``title`` per line); or texts by document.
        work: Folder for the store that is built from pages or texts; one that is there already and was built from
            the same is used again.
        config: How to build it.
        progress: Told about a build.

    Raises:
        EvaluationError: Nothing is there, or the corpus is malformed.
        SourceError, StoreError, ModelError: As for building and opening a store.
    """
    if isinstance(source, Path) and (source / "CURRENT").is_file():
        return open_store(source)
    pages = collection_pages(source)
    if not _is_current(work, pages, config):
        build_from_pages(pages, work, config, progress)
    return open_store(work)


def collection_pages(source: Path | Mapping[str, str]) -> list[Page]:
    """The pages of a source that is no store.

    Raises:
        EvaluationError: Nothing is there, or the corpus is malformed.
        SourceError: A page cannot be read.
    """
    if not isinstance(source, Path):
        return [_page(document, text) for document, text in source.items() if text.strip()]
    if not source.exists():
        raise EvaluationError(f"There is no collection {source}.", "Give a store, a folder of pages, or a corpus.")
    if source.name.endswith((".jsonl", ".jsonl.xz")):
        return [page for page in _read_corpus(source) if page.text.strip()]
    return read_pages(source)


def _read_corpus(path: Path) -> Iterator[Page]:
    if path.suffix != ".xz":
        yield from (_corpus_page(path, number, row) for number, row in read_json_lines(path))
        return
    try:
        with lzma.open(path, "rt", encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                yield _corpus_page(path, number, json.loads(line))
    except (lzma.LZMAError, UnicodeDecodeError, ValueError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}).", "Give JSON lines, compressed with xz.") from error


def _corpus_page(path: Path, number: int, row: Mapping[str, object]) -> Page:
    name, text, title = row.get("id", row.get("_id")), row.get("text"), row.get("title")
    if not name or not isinstance(text, str):
        raise EvaluationError(f"{path}, line {number}: no id or no text.", "Correct that line.")
    return _page(str(name), f"{title}\n{text}" if title else text)


def _page(name: str, text: str) -> Page:
    return Page(name, text, "utf-8", hashlib.sha256(text.encode()).hexdigest())


def _is_current(work: Path, pages: list[Page], config: IndexConfig) -> bool:
    try:
        return is_built_from(pages, work, config)
    except StoreError:
        return False
