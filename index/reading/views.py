"""What do the models read of a passage? Its text as it is meant to be read, each cell with its row and column heads.

Only what a model reads is changed: a stretch of it leads back to the characters of the article, and so of the page.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.reading.line_forms import item_form
from index.reading.tables import cell_spans, column_heads
from index.schema import Article, Line, Passage, Role
from index.text import LONGEST_SENTENCE, Legible, asks, fold, legible, read_legibly, tokens

__all__ = ["View", "focus", "row_around", "section_above", "view"]

_ROWS_SEEN = 6  # of a table, from which its heads are told
_LONGEST_HEAD = 100  # characters of what a passage is given from above it
_LONGEST_ITEM = 120  # characters of a line of a list
_FEWEST_ITEMS = 3  # between spaces, that a line without a stop is a list of
_KEPT = 0.5  # share of what the best row of a list holds of a question, from which another one is read too
_BRACKETS, _LABELS = (
    "【[(（ ",
    "问問Qq",
)  # of a question that stands alone with its answer; one of an interview does not
_SPACE = re.compile(r"[ \u3000\t]+")
_STOP = re.compile("[。！？!?；;，,、]")

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """A passage as a model reads it.

    Attributes:
        read: The text, and where its characters stand in the text of the passage.
        rows: The ranges of ``read.text`` that are rows of a table or items of a list, each to be read by itself.
    """

    read: Legible
    rows: tuple[Range, ...] = ()


@dataclass(frozen=True, slots=True)
class _Outline:
    """What is known of an article besides its text; all are offsets in it, in order.

    Attributes:
        starts: Where each section head and each question begins.
        heads: Their texts.
        rows: Rows of tables, items of lists, questions with their answers.
        columns: The heads of the columns that each of them has; empty where it has none.
        long: Lines without a stop that are longer than a sentence may be.
    """

    starts: list[int]
    heads: list[str]
    rows: list[Range]
    columns: list[list[str]]
    long: list[Range]


class _Itself:
    """An article as a key: the very object, so that its text need not be hashed."""

    __slots__ = ("article",)

    def __init__(self, article: Article) -> None:
        self.article = article

    def __hash__(self) -> int:
        return id(self.article)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Itself) and other.article is self.article


def section_above(passage: Passage, article: Article) -> str:
    """The section head or labelled question that a passage begins with, or else the last one before it; or nothing."""
    outline = _outline(_Itself(article))
    place = bisect_right(outline.starts, passage.start)
    return outline.heads[place - 1] if place else ""


def view(passage: Passage, article: Article) -> View:
    """A passage as a model reads it: the row 西岭乡 | 950 | 900 of a table is 西岭乡：2024年：950；2025年：900。"""
    outline = _outline(_Itself(article))
    first = bisect_left(outline.rows, (passage.start, -1))
    last = bisect_right(outline.rows, (passage.end, -1), lo=first)
    rows = [
        (start - passage.start, end - passage.start, heads)
        for (start, end), heads in zip(outline.rows[first:last], outline.columns[first:last], strict=True)
        if end <= passage.end
    ]
    if not rows and any(start < passage.end and passage.start < end for start, end in outline.long):
        rows = [(start, end, []) for start, end in _between_spaces(passage.text)]
    if not rows:
        return View(read_legibly(passage.text))
    return _with_rows(passage.text, rows)


def row_around(passage: Passage, article: Article, start: int, end: int) -> Range | None:
    """The row of a table or item of a list, as a range of the passage's text, that holds a stretch of it; or None.

    A question with its answer is read as one item, and quoted by its sentences.
    """
    seen = view(passage, article)
    rows = (seen.read.original(*row) for row in seen.rows)
    around = next(((left, right) for left, right in rows if left <= start and end <= right), None)
    return None if around is None or asks(passage.text[slice(*around)]) else around


def focus(seen: View, words: Collection[str]) -> View:
    """A view without the rows that have less to do with a question than others of the same list.

    A small model that reads ten rows of one form at once mistakes one for another. A word counts the more, the fewer
    rows hold it; one that all or none hold counts nothing, and when there is no other, all rows are left.

    Args:
        seen: The view.
        words: The folded words of the question.
    """
    if len(seen.rows) < 2:
        return seen
    texts = [seen.read.text[start:end] for start, end in seen.rows]
    held = [frozenset(tokens(text)) for text in texts]
    folded = [fold(text) for text in texts]
    found = [
        {word for word in words if word in own or (not word.isdecimal() and word in text)}
        for own, text in zip(held, folded, strict=True)
    ]
    counts = Counter(word for own in found for word in own)
    worth = [sum(math.log(len(texts) / counts[word]) for word in own) for own in found]
    least = _KEPT * max(worth)
    dropped = [row for row, value in zip(seen.rows, worth, strict=True) if value < least]
    return _without(seen, dropped) if dropped else seen


def _without(seen: View, dropped: Sequence[Range]) -> View:
    text, places = seen.read.text, seen.read.places
    out = set(dropped)
    kept: list[Range] = []
    rows: list[Range] = []
    at = length = 0
    for start, end in seen.rows:
        if (start, end) in out:
            kept.append((at, start))
            length += start - at
            at = end + (text[end : end + 1].isspace())  # with the space behind it
        else:
            rows.append((length + start - at, length + end - at))
    kept.append((at, len(text)))
    read = Legible("".join(text[a:b] for a, b in kept), [place for a, b in kept for place in places[a:b]])
    return View(read, tuple(rows))


def _between_spaces(text: str) -> list[Range]:
    """The items of a text that has spaces and no stops; none where it is another text."""
    if _STOP.search(text):
        return []
    edges = [0, *(place for match in _SPACE.finditer(text) for place in match.span()), len(text)]
    items = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b]
    return items if len(items) >= _FEWEST_ITEMS else []


def _with_rows(text: str, rows: Sequence[tuple[int, int, list[str]]]) -> View:
    parts: list[tuple[str, Sequence[int]]] = []
    found: list[Range] = []
    at = length = 0
    for start, end, heads in rows:
        between = _moved(read_legibly(text[at:start]), at)
        told = list(_told(text, start, end, heads))
        length += len(between[0])
        found.append((length, length + sum(len(part) for part, _ in told)))
        length = found[-1][1]
        parts += [between, *told]
        at = end
    parts.append(_moved(read_legibly(text[at:]), at))
    read = Legible("".join(part for part, _ in parts), [place for _, places in parts for place in places])
    return View(read, tuple(found))


def _told(text: str, start: int, end: int, heads: Sequence[str]) -> Iterator[tuple[str, Sequence[int]]]:
    """A row with the heads of its columns; what has one cell only as it stands."""
    row = read_legibly(text[start:end])
    cells = cell_spans(row.text)
    if len(cells) < 2 or "\n" in row.text:
        yield _moved(row, start)
        return
    heads = heads if len(heads) == len(cells) else [""] * len(cells)
    for column, (left, right) in enumerate(cells):
        if left == right:
            continue
        yield _added(f"{heads[column]}：" if column and heads[column] else "")
        yield row.text[left:right], [start + place for place in row.places[left:right]]
        yield _added("：" if not column else "；" if column + 1 < len(cells) else "。")


def _added(text: str) -> tuple[str, Sequence[int]]:
    return text, [-1] * len(text)


def _moved(read: Legible, by: int) -> tuple[str, Sequence[int]]:
    return read.text, [place + by for place in read.places]


@lru_cache(64)
def _outline(key: _Itself) -> _Outline:
    """What is known of an article, worked out once for all its passages."""
    article = key.article
    outline = _Outline([], [], [], [], [])
    table: list[Range] = []
    pair: Range | None = None  # a question with the lines of its answer so far
    for line, segment in zip(article.lines, article.segments, strict=True):
        here = segment.start, segment.start + segment.length
        text = article.text[here[0] : here[1]]
        question = line.role is Role.BODY and asks(text)
        if pair is not None and line.role is Role.BODY and not question:
            pair = pair[0], here[1]
            continue
        if pair is not None:
            _put_row(outline, pair)
        if line.role is Role.TABLE:
            table.append(here)
            pair = None
            continue
        _put_table(outline, article, table)
        table, pair = [], here if question and legible(text).lstrip(_BRACKETS)[:1] in _LABELS else None
        if line.role is Role.SECTION or question:
            outline.starts.append(here[0])
            outline.heads.append(legible(text[:_LONGEST_HEAD]))
        elif line.role is Role.BODY and len(text) > LONGEST_SENTENCE:
            outline.long.append(here)
        elif _is_item(line, text):
            _put_row(outline, here)
    if pair is not None:
        _put_row(outline, pair)
    _put_table(outline, article, table)
    return outline


def _is_item(line: Line, text: str) -> bool:
    """Whether a line of running text is an item of a list."""
    whole = line.role is Role.BODY and not line.joined and not line.broken
    form = item_form(legible(text)) if whole and len(text) <= _LONGEST_ITEM else ""
    return bool(form) and (form != "label" or "。" not in text)  # else somebody speaks


def _put_row(outline: _Outline, row: Range) -> None:
    outline.rows.append(row)
    outline.columns.append([])


def _put_table(outline: _Outline, article: Article, rows: Sequence[Range]) -> None:
    """Keep the rows of a table; the one with the heads is none of them."""
    heads = column_heads([legible(article.text[a:b]) for a, b in rows[:_ROWS_SEEN]])
    below = rows[1:] if heads else rows
    outline.rows.extend(below)
    outline.columns.extend([heads] * len(below))
