"""Which passages does a store hold, and where is each cut from? Numbers by row; a text is a slice of its article's.

Two tables of 32-bit numbers, memory-mapped: ``passages.npy`` has per passage the row of its article and its range
there, ``copies.npy`` per further place of a text the row of the passage, the row of the article, and four offsets.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, ValuesView
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.disk.arrays import damaged, load_table, save_table
from index.disk.generations import REPAIR
from index.disk.records import Items
from index.errors import StoreError
from index.interfaces import Passages
from index.reading.copies import Cutter
from index.schema import Article, Copy, Passage

__all__ = ["PassageTable", "load_passages", "write_passages"]

_KEPT = 2048  # passages that are kept, some megabytes
_PLACES, _COPIES = 3, 6  # rows of the two tables

Table = NDArray[np.int32]


class PassageTable(Passages):
    """Passages by id, in row order: row i is vector i.

    Args:
        articles: The articles of the store.
        places: (3, n) int32: row of the article, start, end.
        copies: (6, m) int32: row of the passage, row of the article, start, end, of_start, of_end; by rising passage.
    """

    def __init__(self, articles: Items[Article], places: Table, copies: Table) -> None:
        self._articles = articles
        self._article, self._start, self._end = places
        self._copies = copies
        self._at = lru_cache(_KEPT)(self._passage)
        self._find = lru_cache(_KEPT)(self._look_up)

    def __len__(self) -> int:
        return len(self._article)

    def __iter__(self) -> Iterator[str]:
        last, name = -1, ""
        for article, start in zip(self._article, self._start, strict=True):
            if article != last:  # those of one article stand together
                last, name = article, self._articles.key_at(int(article))
            yield f"{name}:{start}"

    def __getitem__(self, passage_id: str) -> Passage:
        return self._at(self.row(passage_id))

    def __contains__(self, passage_id: object) -> bool:
        return isinstance(passage_id, str) and self._find(passage_id) is not None

    def values(self) -> ValuesView[Passage]:
        """All passages; their articles are read one after the other and not kept."""
        return _Values(self)

    @property
    def article_rows(self) -> Table:
        """(n,) int32: the row of each passage's article, rising."""
        rows: Table = self._article
        return rows

    @property
    def copy_rows(self) -> tuple[Table, Table]:
        """Two (m,) int32: per further place of a text, the rows of its passage and of the article there."""
        passages, articles = self._copies[:2]
        return passages, articles

    def at(self, rows: Sequence[int]) -> list[Passage]:
        return [self._at(int(row)) for row in rows]

    def id_at(self, row: int) -> str:
        return f"{self._articles.key_at(self._article_of(row))}:{self._start[row]}"

    def row(self, passage_id: str) -> int:
        row = self._find(passage_id)
        if row is None:
            raise KeyError(passage_id)
        return row

    def of_articles(self, first: int, last: int) -> tuple[int, int]:
        """The range of rows of the passages cut from articles ``first`` to ``last``, exclusive."""
        low, high = np.searchsorted(self._article, [first, last])
        return int(low), int(high)

    def each(self, first: int, last: int) -> Iterator[tuple[Passage, Article]]:
        """The passages of a range of rows, each with its article, which is decoded once."""
        article: Article | None = None
        for row in range(first, last):
            if article is None or self._article[row] != self._article[row - 1]:
                article = next(self._articles.each([self._article_of(row)]))
            yield self._cut(row, article), article

    def _look_up(self, passage_id: str) -> int | None:
        name, _, start = passage_id.rpartition(":")
        if name not in self._articles:
            return None
        article = self._articles.row(name)
        low, high = self.of_articles(article, article + 1)
        return next((row for row in range(low, high) if str(self._start[row]) == start), None)

    def _passage(self, row: int) -> Passage:
        return self._cut(row, self._articles.at(self._article_of(row)))

    def _article_of(self, row: int) -> int:
        article = int(self._article[row])
        if not 0 <= article < len(self._articles):  # changed since it was opened
            raise StoreError(f"The store is damaged: passage {row} is cut from no article.", REPAIR)
        return article

    def _cut(self, row: int, article: Article) -> Passage:
        start, end = int(self._start[row]), int(self._end[row])
        if not 0 <= start < end <= len(article.text):
            raise StoreError(f"The store is damaged: passage {row} is no part of {article.article_id}.", REPAIR)
        name = f"{article.article_id}:{start}"
        return Passage(name, article.article_id, article.text[start:end], start, end, self._copies_of(row))

    def _copies_of(self, row: int) -> tuple[Copy, ...]:
        low, high = np.searchsorted(self._copies[0], [row, row + 1])
        return tuple(
            Copy(self._articles.key_at(int(article)), *map(int, offsets))
            for article, *offsets in self._copies[1:, low:high].T
        )


class _Values(ValuesView[Passage]):
    _mapping: PassageTable

    def __iter__(self) -> Iterator[Passage]:
        return (passage for passage, _ in self._mapping.each(0, len(self._mapping)))


def write_passages(places: Path, copies: Path, cutter: Cutter) -> None:
    """Write what a cutter has cut."""
    found: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for copy in cutter.copies:
        found[copy[0]].append(copy)
    again = [copy for row in sorted(found) for copy in found[row]]
    save_table(places, cutter.table())
    save_table(copies, np.array(again, np.int32).reshape(-1, _COPIES).T)


def load_passages(articles: Items[Article], places: Path, copies: Path) -> PassageTable:
    """The passages of a store, memory-mapped.

    Raises:
        StoreError: A file is missing or damaged.
    """
    table = load_table(places, np.int32, shape=(_PLACES, None))
    again = load_table(copies, np.int32, shape=(_COPIES, None))
    if not _fits(table[0], len(articles)) or not _fits(again[1], len(articles)) or not _fits(again[0], table.shape[1]):
        raise damaged(places, "it names articles that are not there")
    if not (_rises(table[0]) and _rises(again[0])):
        raise damaged(places, "its rows are not in order")
    return PassageTable(articles, table, again)


def _rises(rows: Table) -> bool:
    return bool(np.all(rows[1:] >= rows[:-1]))


def _fits(rows: Table, count: int) -> bool:
    return not len(rows) or (int(rows.min()) >= 0 and int(rows.max()) < count)
