"""What is known of every article without reading it? Page, day, kind; so a search can keep to some of them.

One table of 32-bit numbers, memory-mapped: ``articles.npy`` has per article the row of its page, its day as a
proleptic Gregorian ordinal (0 where it is unknown), its kind, and how many of its sentences break off.
"""

from __future__ import annotations

from array import array
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.disk.arrays import damaged, load_table, save_table
from index.disk.passages import PassageTable
from index.disk.records import Items
from index.schema import Article, Filter, Kind, Page

__all__ = ["Catalog", "CatalogWriter", "Rows"]

Rows = NDArray[np.bool_]
"""(passages,) bool: which rows a search may return."""

_KINDS = list(Kind)  # a new kind goes to its end, or stores must be built again
_COLUMNS = 4  # page, day, kind, broken
_SELECTIONS = 8  # that are kept; each takes a byte per passage


class CatalogWriter:
    """Takes note of articles one after the other."""

    def __init__(self) -> None:
        self._table = array("i")

    def add(self, page: int, article: Article) -> None:
        """Take note of the next article, which stands on the page of this row."""
        day = date.fromisoformat(article.date).toordinal() if article.date else 0
        broken = sum(line.broken for line in article.lines)
        self._table.extend((page, day, _KINDS.index(article.kind), broken))

    @property
    def days(self) -> tuple[str | None, str | None, int]:
        """First and last day, and the number of articles of unknown date."""
        days = self._columns()[1]
        known = days[days > 0]
        if not len(known):
            return None, None, len(days)
        return _iso(int(known.min())), _iso(int(known.max())), int(len(days) - len(known))

    def save(self, file: Path) -> None:
        """Write the table."""
        save_table(file, self._columns())

    def _columns(self) -> NDArray[np.int32]:
        return np.frombuffer(self._table, np.int32).reshape(-1, _COLUMNS).T


class Catalog:
    """Facts about the articles of a store, by row.

    Args:
        file: What :class:`CatalogWriter` wrote.
        pages: The pages of the store.
        articles: Its articles.
        passages: Its passages.

    Raises:
        StoreError: The file is missing or damaged.
    """

    def __init__(self, file: Path, pages: Items[Page], articles: Items[Article], passages: PassageTable) -> None:
        self._page, self._day, self._kind, self._broken = _load(file, len(articles), len(pages))
        self._pages, self._articles, self._passages = pages, articles, passages
        self._select = lru_cache(_SELECTIONS)(self._rows)

    @property
    def undated(self) -> int:
        """How many articles are of unknown date."""
        return int((self._day == 0).sum())

    def kinds(self) -> list[Kind]:
        """The kinds of article that there are."""
        return [_KINDS[number] for number in np.unique(self._kind)]

    def days(self) -> list[str]:
        """The days of publication that there are, in order."""
        return [_iso(int(day)) for day in np.unique(self._day) if day]

    def select(self, wanted: Filter) -> Rows | None:
        """The passages that a search may return; None where all are."""
        return self._select(wanted) if wanted else None

    def count(self, file: str | None = None) -> int:
        """How many articles a page has; without one, how many there are."""
        return len(self._rows_of(file))

    def article_ids(self, file: str | None = None, offset: int = 0, limit: int | None = None) -> list[str]:
        """A stretch of the articles of a page, or of all, in order."""
        rows = self._rows_of(file)[offset:]
        return [self._articles.key_at(row) for row in (rows if limit is None else rows[:limit])]

    def pages(self, offset: int = 0, limit: int | None = None) -> list[dict[str, Any]]:
        """A stretch of the pages: of each its file, how many articles, passages and broken sentences, its days."""
        last = len(self._pages) if limit is None else min(len(self._pages), offset + limit)
        rows = range(min(offset, last), last)
        ends = np.searchsorted(self._page, np.arange(rows.start, rows.stop + 1))
        cut = np.searchsorted(self._passages.article_rows, ends)
        return [
            {
                "file": self._pages.key_at(row),
                "articles": int(ends[at + 1] - ends[at]),
                "passages": int(cut[at + 1] - cut[at]),
                "broken": int(self._broken[ends[at] : ends[at + 1]].sum()),
                "dates": [_iso(day) for day in sorted(set(self._day[ends[at] : ends[at + 1]].tolist()) - {0})],
            }
            for at, row in enumerate(rows)
        ]

    def _rows_of(self, file: str | None) -> range:
        if file is None:
            return range(len(self._page))
        if file not in self._pages:
            return range(0)
        page = self._pages.row(file)
        return range(*map(int, np.searchsorted(self._page, [page, page + 1])))

    def _rows(self, wanted: Filter) -> Rows:
        inside = np.ones(len(self._page), bool)
        if wanted.since or wanted.until:
            first, last = _ordinal(wanted.since, date.min), _ordinal(wanted.until, date.max)
            inside &= (self._day > 0) & (self._day >= first) & (self._day <= last)
        if wanted.files:
            inside &= np.isin(self._page, [self._pages.row(file) for file in wanted.files if file in self._pages])
        if wanted.kinds:
            inside &= np.isin(self._kind, [_KINDS.index(kind) for kind in wanted.kinds])
        rows: Rows = inside[self._passages.article_rows]
        passages, articles = self._passages.copy_rows
        rows[passages[inside[articles]]] = True  # a text may be found at any of its places
        rows.flags.writeable = False
        return rows


def _ordinal(day: str | None, otherwise: date) -> int:
    return (date.fromisoformat(day) if day else otherwise).toordinal()


def _iso(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _load(file: Path, articles: int, pages: int) -> NDArray[np.int32]:
    table = load_table(file, np.int32, shape=(_COLUMNS, articles))
    if not (_within(table[0], pages) and _within(table[2], len(_KINDS))):
        raise damaged(file, "it names pages or kinds that are not there")
    if not _within(table[1], date.max.toordinal() + 1) or bool(np.any(table[0][1:] < table[0][:-1])):
        raise damaged(file, "it names days that are not there, or pages out of order")
    return table


def _within(numbers: NDArray[np.int32], count: int) -> bool:
    return not len(numbers) or (int(numbers.min()) >= 0 and int(numbers.max()) < count)
