"""What became of every character of a page?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from index.schema import Layout, Note, Page, Span

__all__ = ["Account", "account_of"]


@dataclass(frozen=True, slots=True)
class Account:
    """How a page was read, in numbers; white space is not counted.

    Attributes:
        file: The page.
        encoding: What decoded it, or the format's name.
        articles: How many articles were read from it.
        undated: How many of these are of unknown date.
        characters: Characters of the page.
        read: Of these, how many stand in an article.
        left_over: What the lines that belong to no article were taken for, with their characters; most first.
        doubts: Decisions that a careful reader could take otherwise, by line.
    """

    file: str
    encoding: str
    articles: int
    undated: int
    characters: int
    read: int
    left_over: tuple[tuple[str, int], ...]
    doubts: tuple[Note, ...]

    @property
    def lost(self) -> int:
        """Characters that stand in no article and are not left over: 0, else the reading has a defect."""
        return self.characters - self.read - sum(count for _, count in self.left_over)


def account_of(page: Page, layout: Layout) -> Account:
    """The account of a page.

    Args:
        page: The decoded page.
        layout: What was read from it.
    """
    left_over: Counter[str] = Counter()
    for leftover in layout.leftovers:
        left_over[leftover.why] += _weigh(page, [leftover.span])
    return Account(
        file=page.file,
        encoding=page.encoding,
        articles=len(layout.articles),
        undated=sum(article.date is None for article in layout.articles),
        characters=_weigh(page, [Span(0, len(page.text))]),
        read=_weigh(page, (line.span for article in layout.articles for line in article.lines)),
        left_over=tuple(left_over.most_common()),
        doubts=tuple(note for note in layout.notes if note.doubtful),
    )


def _weigh(page: Page, spans: Iterable[Span]) -> int:
    """Characters of some stretches of a page that are no white space."""
    return sum(len("".join(page.text[span.start : span.end].split())) for span in spans)
