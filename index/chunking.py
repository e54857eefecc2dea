"""How is an article cut into passages? Along sentences, each passage an exact slice of the article's text."""

from __future__ import annotations

import re

from index.schema import Article, Passage, Role
from index.text import sentence_spans

__all__ = ["chunk"]

_QUOTATION = re.compile(r"“[^“”\n]*”|「[^「」\n]*」")


def chunk(article: Article, size: int, overlap: int = 0) -> list[Passage]:
    """Cut an article into passages of whole sentences.

    Args:
        article: The article as read.
        size: Length to fill up to, in characters, 1 or more. A longer sentence is a passage by itself, uncut.
        overlap: Most characters that a passage begins with of the sentences at the end of the one before.

    Returns:
        Passages in order, which together hold every non-blank character of the article. A heading is never the end
        of a passage while text follows it, and no passage ends inside a quotation that fits into one.
    """
    units = _units(article, size)
    passages: list[Passage] = []
    first = 0
    for place in range(1, len(units) + 1):
        if place < len(units) and units[place][1] - units[first][0] <= size:
            continue
        passages.append(_passage(article, units[first][0], units[place - 1][1]))
        if place < len(units):
            first = _first_of_next(units, first, place, size, overlap)
    return passages


def _first_of_next(units: list[tuple[int, int]], first: int, place: int, size: int, overlap: int) -> int:
    """The unit that the next passage begins with: ``place``, or one before it that is said again."""
    end, right = units[place - 1][1], units[place][1]
    start = place
    while start - 1 > first and end - units[start - 1][0] <= overlap and right - units[start - 1][0] <= size:
        start -= 1
    return start


def _units(article: Article, size: int) -> list[tuple[int, int]]:
    """What is never cut: a sentence with the headings above it, and the sentences of a quotation up to ``size``."""
    tied: list[tuple[int, int]] = []
    open_start: int | None = None
    body = _body_ranges(article)
    quotes = _quotes(article.text)
    inside, quoted = 0, 0
    for left, right in sentence_spans(article.text):
        while inside < len(body) and body[inside][1] <= left:
            inside += 1
        if inside == len(body) or left < body[inside][0] or right > body[inside][1]:
            open_start = left if open_start is None else open_start
            continue
        start = left if open_start is None else open_start
        open_start = None
        while quoted < len(quotes) and quotes[quoted][1] <= left:
            quoted += 1
        in_quote = quoted < len(quotes) and quotes[quoted][0] < left
        if in_quote and start == left and tied and right - tied[-1][0] <= size and quotes[quoted][0] < tied[-1][1]:
            tied[-1] = (tied[-1][0], right)
        else:
            tied.append((start, right))
    if open_start is not None:
        tied.append((open_start, len(article.text)))
    return tied


def _quotes(text: str) -> list[tuple[int, int]]:
    """Ranges of the quotations that close in their own paragraph."""
    return [match.span() for match in _QUOTATION.finditer(text)]


def _body_ranges(article: Article) -> list[tuple[int, int]]:
    """Ranges of the article's text that are running text, torn lines put together."""
    ranges: list[tuple[int, int]] = []
    for line, segment in zip(article.lines, article.segments, strict=True):
        end = segment.start + segment.length
        if line.joined:
            ranges[-1] = (ranges[-1][0], end)
        elif line.role in {Role.BODY, Role.TABLE}:
            ranges.append((segment.start, end))
    return ranges


def _passage(article: Article, start: int, end: int) -> Passage:
    return Passage(f"{article.article_id}:{start}", article.article_id, article.text[start:end], start, end)
