"""How do pages become the articles and passages of a generation? Page by page, so that no collection is too large.

Only what links articles of different pages, and numbers, stay in memory; texts go to their files at once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from index.config import IndexConfig
from index.disk.catalog import CatalogWriter
from index.disk.passages import write_passages
from index.disk.records import ItemWriter, index_file
from index.reading.continuations import Linker
from index.reading.copies import Cutter
from index.reading.pages import read_layout
from index.schema import Article, Layout, Page
from index.store.opened import ARTICLES, CATALOG, COPIES, PAGES, PASSAGES, open_articles

__all__ = ["Follower", "OnLayout", "Sources", "Texts", "write_texts"]

OnLayout = Callable[[Page, Layout], None]
"""Told about each page and what was read from it."""


class Follower(Protocol):
    """Who works on passages while later pages are read."""

    def follow(self, cutter: Cutter, articles: ItemWriter[Article]) -> None:
        """Called after a page: all that is cut so far stays as it is."""


@dataclass(frozen=True, slots=True)
class Texts:
    """What was written.

    Attributes:
        pages: How many pages.
        articles: How many articles.
        passages: How many passages.
        sources: See :class:`Sources`.
        first_day: ISO day of the first dated article, or None.
        last_day: Of the last one.
        undated: How many articles are of unknown date.
    """

    pages: int
    articles: int
    passages: int
    sources: str
    first_day: str | None
    last_day: str | None
    undated: int


class Sources:
    """One hash over the names and bytes of page files, which tells whether a store was built from exactly these."""

    def __init__(self, pages: Iterable[Page] = ()) -> None:
        self._digest = hashlib.sha256()
        for page in pages:
            self.add(page)

    def add(self, page: Page) -> None:
        """Take the next page."""
        self._digest.update(f"{page.file}\0{page.sha256}\n".encode("utf-8", "surrogatepass"))

    def __str__(self) -> str:
        return self._digest.hexdigest()


def write_texts(
    folder: Path,
    pages: Iterable[Page],
    config: IndexConfig,
    date: str | None = None,
    on_layout: OnLayout | None = None,
    follower: Follower | None = None,
) -> Texts:
    """Write the pages of a generation, the articles read from them, and where its passages are cut.

    Args:
        folder: The folder of the generation.
        pages: All pages, in order.
        config: The settings.
        date: The day of publication that was given for all pages.
        on_layout: Told about each page as it is read, or None.
        follower: Told of what is cut, until an article comes that may have a link to another: a passage is searched
            with the headline of what it goes on from, which is known when all pages are read.

    Raises:
        OSError: The disk is full.
        StoreError: Two pages have one name.
    """
    with ExitStack() as files:
        kept = ItemWriter(folder / PAGES, TypeAdapter(Page), lambda page: page.file)
        files.callback(kept.abandon)
        articles = _article_writer(folder / ARTICLES)
        files.callback(articles.abandon)
        cutter = Cutter(config.passage_size, config.passage_overlap, articles.at)
        linker, catalog, sources = Linker(), CatalogWriter(), Sources()
        for page in pages:
            row = kept.add(page)
            sources.add(page)
            layout = read_layout(page, date)
            if on_layout:
                on_layout(page, layout)
            may_be_linked = linker.look(page, layout)
            for article in layout.articles:
                articles.add(article)
                catalog.add(row, article)
                cutter.add(article)
            if follower and not may_be_linked:
                follower.follow(cutter, articles)
        kept.close()
        articles.close()
    _put_links(folder, linker.linked())
    catalog.save(folder / CATALOG)
    write_passages(folder / PASSAGES, folder / COPIES, cutter)
    return Texts(len(kept), len(articles), len(cutter), str(sources), *catalog.days)


def _put_links(folder: Path, linked: dict[str, Article]) -> None:
    """Write the articles again, some of them with what links them to others; their texts stay as they were cut."""
    if not linked:
        return
    fresh = folder / f"linked-{ARTICLES}"
    writer = _article_writer(fresh)
    try:
        for article in open_articles(folder).values():
            writer.add(linked.get(article.article_id, article))
        writer.close()
    finally:
        writer.abandon()
    os.replace(fresh, folder / ARTICLES)
    os.replace(index_file(fresh), index_file(folder / ARTICLES))


def _article_writer(file: Path) -> ItemWriter[Article]:
    return ItemWriter(file, TypeAdapter(Article), lambda article: article.article_id)
