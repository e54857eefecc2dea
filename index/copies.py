"""Which passages does a collection need, when it says some things twice? Each text once, with all its places.

A reprint, an article that is run again, a page filed under two names: the passage of the first place is embedded,
ranked and shown, and keeps the other places as its copies. Two texts are the same when they are after folding, white
space aside, and have equally many characters, so that every stretch of the one has its place in the other.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import normalize

from index.chunking import chunk
from index.schema import Article, Copy, Passage, Role
from index.text import fold

__all__ = ["chunk_once", "locate"]

_Sketch = tuple[int, str]
_SCRIPT = re.compile("[\\s\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


@dataclass(frozen=True, slots=True)
class _First:
    """The article that was the first to say some text, and how it was cut."""

    article: Article
    tail: int  # where its running text begins
    pieces: tuple[Passage, ...]

    @property
    def text(self) -> str:
        return self.article.text[self.tail :]


def chunk_once(articles: Sequence[Article], size: int, overlap: int = 0) -> list[Passage]:
    """Cut articles into passages, each text once.

    An article whose text below the headline is that of an earlier one is cut where that one was cut, so that it is
    known again under another headline; the headline becomes a passage by itself then, and can be found.

    Args:
        articles: All articles; the place of a text is the first in this order.
        size: As for :func:`index.chunking.chunk`.
        overlap: As for :func:`index.chunking.chunk`.

    Returns:
        Passages in order. Every non-blank character of every article is in one of them or in one of their copies.
    """
    shelf = _Shelf()
    firsts: dict[_Sketch, list[_First]] = defaultdict(list)
    for article in articles:
        tail = _tail(article)
        text = article.text[tail:]
        alike = firsts[_sketch(text)]
        first = next((first for first in alike if _is_same(first.text, text)), None)
        if first is not None:
            _put_again(article, tail, first, shelf)
            continue
        pieces = chunk(article, size, overlap)
        alike.append(_First(article, tail, tuple(pieces)))
        for piece in pieces:
            shelf.put(piece)
    return shelf.passages()


def locate(copy: Copy, first: str, again: str, start: int, end: int) -> tuple[int, int] | None:
    """Where a stretch of the first article's text stands in the copy's.

    Args:
        copy: The copy.
        first: The first article's text.
        again: The text of the article that says it again.
        start: Offset of the stretch in ``first``.
        end: Offset after it.

    Returns:
        Its range in ``again``, or None where it reaches beyond what is said again.
    """
    if start < copy.of_start or end > copy.of_end:
        return None
    before = _solid(first, copy.of_start, copy.of_end)
    after = _solid(again, copy.start, copy.end)
    low, high = bisect_left(before, start), bisect_left(before, end)
    return (after[low], after[high - 1] + 1) if low < high else None


class _Shelf:
    """Passages in order, each text once."""

    def __init__(self) -> None:
        self._passages: dict[str, Passage] = {}
        self._copies: dict[str, list[Copy]] = {}
        self._alike: dict[_Sketch, list[Passage]] = defaultdict(list)

    def put(self, passage: Passage) -> None:
        """Keep a passage, or note where its text stands once more."""
        alike = self._alike[_sketch(passage.text)]
        first = next((first for first in alike if _is_same(first.text, passage.text)), None)
        if first is None:
            alike.append(passage)
            self._passages[passage.passage_id] = passage
            return
        self.add(first.passage_id, Copy(passage.article_id, passage.start, passage.end, first.start, first.end))

    def add(self, passage_id: str, copy: Copy) -> None:
        """Note one more place of a part of a passage."""
        self._copies.setdefault(passage_id, []).append(copy)

    def holds(self, passage_id: str) -> bool:
        return passage_id in self._passages

    def passages(self) -> list[Passage]:
        return [
            replace(passage, copies=tuple(self._copies[name])) if name in self._copies else passage
            for name, passage in self._passages.items()
        ]


def _put_again(article: Article, tail: int, first: _First, shelf: _Shelf) -> None:
    """Cut an article where the one that was first to say it was cut."""
    same_head = _is_same(first.article.text[: first.tail], article.text[:tail])
    begin, first_begin = (0, 0) if same_head else (tail, first.tail)
    here = _solid(article.text, begin, len(article.text))
    there = _solid(first.article.text, first_begin, len(first.article.text))
    if not same_head and article.text[:tail].strip():
        shelf.put(_passage(article, 0, len(article.text[:tail].rstrip())))
    for piece in first.pieces:
        low, high = bisect_left(there, piece.start), bisect_left(there, piece.end)
        if low == high:
            continue
        start, end = here[low], here[high - 1] + 1
        if piece.start < first_begin and shelf.holds(piece.passage_id):
            copy = Copy(article.article_id, start, end, there[low], there[high - 1] + 1)
            shelf.add(piece.passage_id, copy)
        else:
            shelf.put(_passage(article, start, end))


def _tail(article: Article) -> int:
    """Where the running text of an article begins; its start when it has none."""
    places = zip(article.lines, article.segments, strict=True)
    return next((segment.start for line, segment in places if line.role in {Role.BODY, Role.TABLE}), 0)


def _passage(article: Article, start: int, end: int) -> Passage:
    return Passage(f"{article.article_id}:{start}", article.article_id, article.text[start:end], start, end)


def _solid(text: str, start: int, end: int) -> list[int]:
    """Offsets of the characters of ``text[start:end]`` that are no white space."""
    return [place for place in range(start, end) if not text[place].isspace()]


def _sketch(text: str) -> _Sketch:
    """What two equal texts have in common for sure, and two others hardly: length, and all but script and spaces.

    Folding every text would cost more than reading it.
    """
    return len("".join(text.split())), normalize("NFKC", _SCRIPT.sub("", text)).lower()


def _is_same(left: str, right: str) -> bool:
    """Whether two texts are the same but for white space, width and script, character by character."""
    one, two = "".join(left.split()), "".join(right.split())
    return len(one) == len(two) and (one == two or fold(one) == fold(two))
