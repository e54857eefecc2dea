"""How is an article cut into passages? Along sentences, each passage an exact slice of the article's text."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence

from index.schema import Article, Passage, Role
from index.text import LONGEST_SENTENCE, asks, read_legibly, sentence_spans

__all__ = ["LONGEST_PASSAGE", "chunk"]

LONGEST_PASSAGE = 2 * LONGEST_SENTENCE
"""Characters, unless passages of a greater size are asked for: a sentence with all headings above it is no longer."""

_Units = Sequence[tuple[int, int]]
_Length = Callable[[int, int], int]

_QUOTATION = re.compile(r"“[^“”\n]*”|「[^「」\n]*」")


def chunk(article: Article, size: int, overlap: int = 0) -> list[Passage]:
    """Cut an article into passages of whole sentences.

    Args:
        article: The article as read.
        size: Length to fill up to, in characters that show, 1 or more. A longer sentence is a passage by itself.
        overlap: Most characters that a passage begins with of the sentences at the end of the one before.

    Returns:
        Passages in order, which together hold every non-blank character of the article. A heading, or a question that
        has its answer below it, is never the end of a passage while text follows it, and no passage ends inside a
        quotation that fits into one. None is longer than ``LONGEST_PASSAGE`` or ``size``.
    """
    length = _ruler(article.text)
    tied = _units(article, size, length)
    longest = max(size, LONGEST_PASSAGE)
    units = [part for unit in tied for part in ([unit] if length(*unit) <= longest else _cut(article, unit, length))]
    passages: list[Passage] = []
    first = 0
    for place in range(1, len(units) + 1):
        if place < len(units) and length(units[first][0], units[place][1]) <= size:
            continue
        passages.append(_passage(article, units[first][0], units[place - 1][1]))
        if place < len(units):
            first = _first_of_next(units, first, place, size, overlap)
    return passages


def _ruler(text: str) -> _Length:
    """Tells how many characters of a stretch of the text show."""
    places = read_legibly(text).places
    if isinstance(places, range):
        return lambda start, end: end - start
    return lambda start, end: bisect_left(places, end) - bisect_left(places, start)


def _cut(article: Article, unit: tuple[int, int], length: _Length) -> Iterator[tuple[int, int]]:
    """What is too long to be left whole, in parts of whole sentences and headings."""
    start, end = unit
    first = last = start
    for left, right in sentence_spans(article.text[start:end]):
        if last > first and length(first, start + right) > LONGEST_SENTENCE:
            yield first, last
            first = start + left
        last = start + right
    yield first, last


def _first_of_next(units: _Units, first: int, place: int, size: int, overlap: int) -> int:
    """The unit that the next passage begins with: ``place``, or one before it that is said again."""
    end, right = units[place - 1][1], units[place][1]
    start = place
    while start - 1 > first and end - units[start - 1][0] <= overlap and right - units[start - 1][0] <= size:
        start -= 1
    return start


def _units(article: Article, size: int, length: _Length) -> list[tuple[int, int]]:
    """What is not cut: a sentence with the headings above it, and the sentences of a quotation up to ``size``."""
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
        if _is_question(article.text, left, right):
            open_start = start
            continue
        in_quote = quoted < len(quotes) and quotes[quoted][0] < left
        fits = start == left and bool(tied) and length(tied[-1][0], right) <= size
        if in_quote and fits and quotes[quoted][0] < tied[-1][1]:
            tied[-1] = (tied[-1][0], right)
        else:
            tied.append((start, right))
    if open_start is not None:
        tied.append((open_start, len(article.text)))
    return tied


def _is_question(text: str, left: int, right: int) -> bool:
    """Whether a sentence is a line of its own that is labelled as a question."""
    alone = text[left - 1 : left] in {"", "\n"} and text[right : right + 1] == "\n"
    return alone and asks(text[left:right])


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
