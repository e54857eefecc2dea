"""In which stores are the questions asked? One over documents, kept in the work folder and taken up again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from index.build import build_store
from index.config import IndexConfig
from index.schema import Passage
from index.store.opened import Store, open_store

__all__ = ["document_of", "open_documents"]


def open_documents(folder: Path, texts: Mapping[str, str], headlines: Mapping[str, str] | None = None) -> Store:
    """The store over some documents; one that is there is taken as it is.

    Args:
        folder: Where it lies.
        texts: Document -> text.
        headlines: Document -> its headline, for those that have one.
    """
    if not (folder / "store").exists():
        pages = folder / "pages"
        pages.mkdir(parents=True, exist_ok=True)
        with (pages / "all.jsonl").open("w", encoding="utf-8") as stream:
            for name, text in texts.items():
                line = {"id": name, "title": (headlines or {}).get(name, ""), "text": text}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        build_store(pages, folder / "store", IndexConfig())
    return open_store(folder / "store")


def document_of(store: Store, passage: Passage) -> str:
    """The document that a passage of such a store, or of one with a page per document, was cut from."""
    return store.articles[passage.article_id].file.rpartition("#")[2].removesuffix(".txt")
