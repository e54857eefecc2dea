"""What travels through the house? Pages, articles, passages, and exact spans of a page.

All are frozen dataclasses of the standard library. Offsets count characters (code points) of decoded text,
from 0, and every range is half-open: ``text[start:end]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Article", "Kind", "Line", "Page", "Passage", "Role", "Segment", "Span"]


class Kind(StrEnum):
    """What sort of item an article is."""

    NEWS = "news"
    BRIEF = "brief"
    CAPTION = "caption"
    HEADLINE = "headline"  # a headline that survives without its text


class Role(StrEnum):
    """What a line of a page does in its article."""

    COLUMN = "column"  # 栏目: a title shared by several articles
    KICKER = "kicker"  # 引题
    HEADLINE = "headline"
    SUBHEAD = "subhead"  # 副题
    BYLINE = "byline"
    SECTION = "section"  # 小标题 inside an article
    BODY = "body"
    CREDIT = "credit"  # source, signature or photographer, on a line of its own
    CONTINUED = "continued"  # 上接 / 下转


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``[start, end)`` of one page's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page file, decoded without loss.

    Attributes:
        file: Path below the folder that was read, with ``/``; the file's name when a single file was read.
        text: The whole file after decoding, line ends as they stand there; a byte-order mark is not part of it.
        encoding: The encoding that decoded the whole file strictly.
        sha256: Hex digest of the file's bytes.
    """

    file: str
    text: str
    encoding: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Line:
    """One non-blank line of a page and what it does there.

    Attributes:
        number: Line number in the file, from 1.
        span: The line in the page's text, without the white space around it.
        role: What the line does in its article.
        joined: True when the line goes on with a sentence that the layout tore off the line before.
    """

    number: int
    span: Span
    role: Role
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Where a stretch of an article's text stands in the page: equal characters, two offsets.

    ``article.text[start : start + length] == page.text[page_start : page_start + length]``.
    """

    start: int
    page_start: int
    length: int
    line: int


@dataclass(frozen=True, slots=True)
class Article:
    """One news item read from a page.

    ``text`` is for reading and search: all of the article's lines in page order, a line break between
    paragraphs, and nothing where a torn sentence was mended.

    Attributes:
        article_id: ``{file}#{first line}``, unique in a collection.
        file: The page's ``file``.
        title: The headline without its mark-up; empty when the page has none for it.
        kicker: Kicker and column titles above the headline, in page order.
        subhead: Lines between the headline and the text.
        byline: Who wrote it, as printed; empty when the page does not say.
        kind: What sort of item it is.
        date: ISO date of publication, or None where it is not known.
        lines: Every line of the page that belongs to the article, in page order.
        text: The mended text.
        segments: Maps ``text`` back to the page; ordered by ``start``, gaps are the added line breaks.
    """

    article_id: str
    file: str
    title: str
    kicker: tuple[str, ...]
    subhead: tuple[str, ...]
    byline: str
    kind: Kind
    date: str | None
    lines: tuple[Line, ...]
    text: str
    segments: tuple[Segment, ...]

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Exact places in the page of ``text[start:end]``.

        Returns:
            One span per unbroken stretch, in order. The page's slices, put together, are ``text[start:end]``
            without the line breaks that reading added between paragraphs.
        """
        return tuple(
            Span(s.page_start + max(start, s.start) - s.start, s.page_start + min(end, s.start + s.length) - s.start)
            for s in self._covered(start, end)
        )

    def line_range(self, start: int, end: int) -> tuple[int, int]:
        """First and last line number, from 1 and inclusive, of ``text[start:end]``.

        Raises:
            ValueError: The range holds no character of the page.
        """
        numbers = [s.line for s in self._covered(start, end)]
        if not numbers:
            raise ValueError(f"{self.article_id}: no line of the page stands in [{start}, {end})")
        return numbers[0], numbers[-1]

    def _covered(self, start: int, end: int) -> list[Segment]:
        return [s for s in self.segments if s.start < end and start < s.start + s.length]


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is embedded, ranked and cited: ``article.text[start:end] == text``, always.

    Attributes:
        passage_id: ``{article_id}:{start}``, unique in a collection.
        article_id: The article it is cut from.
        text: The mended text of the passage.
        start: Offset of its first character in the article's text.
        end: Offset after its last character.
    """

    passage_id: str
    article_id: str
    text: str
    start: int
    end: int
