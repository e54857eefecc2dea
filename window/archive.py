"""What stands in the archive on which day, and in which paper? The days of a store, and the headlines of each.

A paper is the folder that its pages lie in; pages that lie in none belong to no paper.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass
from typing import Any

from index.store.opened import Store
from window.shape import row_view

__all__ = ["UNDATED", "Archive"]

UNDATED = "undated"
_PAGES = 60  # of a day, at a time
_LEAD = 40  # characters that stand for a headline that is missing


@dataclass(frozen=True, slots=True)
class _Shelves:
    """By paper and day, the pages, and how many articles of that day they hold."""

    pages: dict[tuple[str, str], list[str]]
    counts: Counter[tuple[str, str]]


class Archive:
    """The days of the store in use; they are gathered once for each generation."""

    def __init__(self) -> None:
        self._gathering = threading.Lock()
        self._gathered = "", _Shelves({}, Counter())

    def calendar(self, store: Store, paper: str = "") -> dict[str, Any]:
        """The papers; and of one of them, or of all, the ISO days with the number of their articles, in order.

        Articles of unknown date are counted apart.
        """
        counts: Counter[str] = Counter()
        shelves = self._shelves(store)
        for (of_paper, day), count in shelves.counts.items():
            counts[day] += count * (paper in ("", of_paper))
        undated = counts.pop(UNDATED, 0)
        papers = sorted({of_paper for of_paper, _ in shelves.counts} - {""})
        return {"papers": papers, "days": {day: n for day, n in sorted(counts.items()) if n}, "undated": undated}

    def day(self, store: Store, day: str, paper: str = "", start: int = 0) -> dict[str, Any]:
        """A stretch of the pages of a day, of one paper or of all, with their headlines; and how many there are.

        Args:
            store: The store in use.
            day: ISO day, or ``UNDATED`` for the articles of unknown date.
            paper: A paper, or all when empty.
            start: How many pages to pass over.
        """
        pages = self._shelves(store).pages
        files = sorted(
            file for (of_paper, on), found in pages.items() if on == day and paper in ("", of_paper) for file in found
        )
        shown = [{"file": file, "articles": _headlines(store, file, day)} for file in files[start : start + _PAGES]]
        return {"pages": shown, "total": len(files)}

    def _shelves(self, store: Store) -> _Shelves:
        with self._gathering:
            if self._gathered[0] != store.manifest.generation:
                self._gathered = store.manifest.generation, _gather(store)
            return self._gathered[1]


def _gather(store: Store) -> _Shelves:
    pages: dict[tuple[str, str], list[str]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    catalog = store.catalog.pages()
    mixed = store.catalog.undated > sum(facts["articles"] for facts in catalog if not facts["dates"])
    for facts in catalog:
        for day, count in _count(store, facts, mixed=mixed).items():
            key = _paper(facts["file"]), day
            pages.setdefault(key, []).append(facts["file"])
            counts[key] += count
    return _Shelves(pages, counts)


def _count(store: Store, facts: dict[str, Any], *, mixed: bool) -> dict[str, int]:
    """How many articles a page has of each day; they are read only where the catalogue cannot tell.

    Args:
        store: The store in use.
        facts: What the catalogue tells of the page.
        mixed: Whether some page has articles of a known day and others of an unknown one.
    """
    days = facts["dates"] or [UNDATED]
    if len(days) == 1 and (days == [UNDATED] or not mixed):
        return {days[0]: facts["articles"]}
    return Counter(store.articles[name].date or UNDATED for name in store.catalog.article_ids(facts["file"]))


def _paper(file: str) -> str:
    folder, slash, _ = file.partition("/")
    return folder if slash else ""


def _headlines(store: Store, file: str, day: str) -> list[dict[str, Any]]:
    articles = (store.articles[name] for name in store.catalog.article_ids(file))
    return [
        {**row_view(article), "lead": "" if article.title else " ".join(article.text[:_LEAD].split())}
        for article in articles
        if (article.date or UNDATED) == day
    ]
