"""Which passages does a collection need, when it says some things twice? Each text once, with all its places.

A reprint, an article that is run again, a page filed under two names: the passage of the first place is embedded,
ranked and shown, and keeps the other places as its copies. Two texts are the same when they are after folding, white
space aside, and have equally many characters, so that every stretch of the one has its place in the other.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from index.chunking import chunk
from index.schema import Article, Copy, Passage, Role
from index.text import fold

__all__ = ["Cutter", "chunk_once", "locate"]

_SCRIPT = re.compile("[\\s\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


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
    cutter = Cutter(size, overlap, articles.__getitem__)
    for article in articles:
        cutter.add(article)
    copies: dict[int, list[Copy]] = defaultdict(list)
    for row, place, *offsets in cutter.copies:
        copies[row].append(Copy(articles[place].article_id, *offsets))
    return [
        replace(_passage(articles[place], start, end), copies=tuple(copies.get(row, ())))
        for row, (place, start, end) in enumerate(cutter.places())
    ]


class Cutter:
    """Cuts articles into passages, one article after the other, each text once; see :func:`chunk_once`.

    It keeps numbers only, so that millions fit into memory, and asks for an earlier article again where a text looks
    like one of its own.

    Args:
        size: As for :func:`index.chunking.chunk`.
        overlap: As for :func:`index.chunking.chunk`.
        article_at: Returns an article that was added, by its place.

    Attributes:
        copies: Per copy the row of its passage, the place of the article that says it again, and the four offsets of
            :class:`index.schema.Copy`.
    """

    def __init__(self, size: int, overlap: int, article_at: Callable[[int], Article]) -> None:
        self._size, self._overlap, self._article_at = size, overlap, article_at
        self._articles, self._starts, self._ends = array("i"), array("i"), array("i")
        self._tails = _Sketches()
        self._texts = _Sketches()
        self._added = 0
        self._last: tuple[int, Article] | None = None
        self.copies: list[tuple[int, int, int, int, int, int]] = []

    def __len__(self) -> int:
        return len(self._articles)

    def places(self) -> Iterator[tuple[int, int, int]]:
        """Per passage the place of its article, and its range there."""
        return zip(self._articles, self._starts, self._ends, strict=True)

    def table(self, first: int = 0, last: int | None = None) -> NDArray[np.int32]:
        """(3, passages) int32: the same, a row for each of the three, of a range of passages."""
        return np.array([each[first:last] for each in (self._articles, self._starts, self._ends)], np.int32)

    def add(self, article: Article) -> None:
        """Cut the next article."""
        place, self._added = self._added, self._added + 1
        text = article.text[_tail(article) :]
        first = self._tails.same(text, place, self._tail_at)
        if first is not None:
            self._put_again(article, place, self._at(first), first)
            return
        for piece in chunk(article, self._size, self._overlap):
            self._put(article, place, piece.start, piece.end)

    def _put(self, article: Article, place: int, start: int, end: int) -> None:
        """Keep a passage, or note where its text stands once more."""
        self._last = place, article
        row = self._texts.same(article.text[start:end], len(self._articles), self._text_of)
        if row is not None:
            self.copies.append((row, place, start, end, self._starts[row], self._ends[row]))
            return
        self._articles.append(place)
        self._starts.append(start)
        self._ends.append(end)

    def _at(self, place: int) -> Article:
        """An article that was added; the one that was asked for last is at hand."""
        if self._last is None or self._last[0] != place:
            self._last = place, self._article_at(place)
        return self._last[1]

    def _tail_at(self, place: int) -> str:
        article = self._at(place)
        return article.text[_tail(article) :]

    def _text_of(self, row: int) -> str:
        return self._at(self._articles[row]).text[self._starts[row] : self._ends[row]]

    def _put_again(self, article: Article, place: int, earlier: Article, first: int) -> None:
        """Cut an article where the one that was first to say it was cut."""
        tail, first_tail = _tail(article), _tail(earlier)
        same_head = _is_same(earlier.text[:first_tail], article.text[:tail])
        begin, first_begin = (0, 0) if same_head else (tail, first_tail)
        here = _solid(article.text, begin, len(article.text))
        there = _solid(earlier.text, first_begin, len(earlier.text))
        if not same_head and article.text[:tail].strip():
            self._put(article, place, 0, len(article.text[:tail].rstrip()))
        for piece in chunk(earlier, self._size, self._overlap):
            low, high = bisect_left(there, piece.start), bisect_left(there, piece.end)
            if low == high:
                continue
            start, end = here[low], here[high - 1] + 1
            row = self._row(first, piece.start) if piece.start < first_begin else None
            if row is None:
                self._put(article, place, start, end)
            else:
                self.copies.append((row, place, start, end, there[low], there[high - 1] + 1))

    def _row(self, place: int, start: int) -> int | None:
        """The row of the passage that was cut there; None where its text stood elsewhere before."""
        row = bisect_left(self._articles, place)
        while row < len(self._articles) and self._articles[row] == place:
            if self._starts[row] == start:
                return row
            row += 1
        return None


class _Sketches:
    """Which text was met before? Texts are known by a number.

    A hash tells most texts apart. Those that share one with another are folded, each once, and known by what that
    gives, so a million paragraphs of one length cost no more than so many others.
    """

    def __init__(self) -> None:
        self._one: dict[int, int] = {}
        self._folded: dict[tuple[int, str], int] = {}

    def same(self, text: str, number: int, text_of: Callable[[int], str]) -> int | None:
        """The number of the first text that says the same; None when there is none, and then this one is kept.

        Args:
            text: The text.
            number: Its own number.
            text_of: Returns a text that was kept, by its number.
        """
        sketch = _sketch(text)
        first = self._one.setdefault(sketch, number)
        if first == number:
            return None
        if first >= 0:
            self._one[sketch] = -1
            self._folded[sketch, _digest(text_of(first))] = first
        earlier = self._folded.setdefault((sketch, _digest(text)), number)
        return None if earlier == number else earlier


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


def _tail(article: Article) -> int:
    """Where the running text of an article begins; its start when it has none."""
    places = zip(article.lines, article.segments, strict=True)
    return next((segment.start for line, segment in places if line.role in {Role.BODY, Role.TABLE}), 0)


def _passage(article: Article, start: int, end: int) -> Passage:
    return Passage(f"{article.article_id}:{start}", article.article_id, article.text[start:end], start, end)


def _solid(text: str, start: int, end: int) -> list[int]:
    """Offsets of the characters of ``text[start:end]`` that are no white space."""
    return [place for place in range(start, end) if not text[place].isspace()]


def _sketch(text: str) -> int:
    """A hash of what two equal texts have in common for sure, and two others hardly: length, and all but script.

    Folding every text would cost more than reading it.
    """
    return hash((len("".join(text.split())), normalize("NFKC", _SCRIPT.sub("", text)).lower()))


def _digest(text: str) -> str:
    """What two texts share that are the same but for white space, width and script, character by character."""
    return hashlib.blake2b(fold("".join(text.split())).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _is_same(left: str, right: str) -> bool:
    """Whether two texts are the same but for white space, width and script, character by character."""
    one, two = "".join(left.split()), "".join(right.split())
    return len(one) == len(two) and (one == two or fold(one) == fold(two))
