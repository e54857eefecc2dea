"""What travels through the house? Pages, articles, passages, and exact spans of a page.

All are frozen dataclasses of the standard library. Offsets count characters (code points) of decoded text,
from 0, and every range is half-open: ``text[start:end]``.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "Article",
    "Copy",
    "DateSource",
    "Filter",
    "Imprint",
    "Kind",
    "Layout",
    "Leftover",
    "Line",
    "Link",
    "Note",
    "Page",
    "Passage",
    "Role",
    "Segment",
    "Sheet",
    "SheetBox",
    "Span",
    "Stretch",
]


class Kind(StrEnum):
    """What sort of item an article is."""

    NEWS = "news"
    BRIEF = "brief"
    CAPTION = "caption"  # a picture's text or credit
    OPINION = "opinion"  # signed by whose opinion it is, or under a column of opinions
    CONTINUATION = "continuation"  # goes on from another page
    HEADLINE = "headline"  # a headline that survives without its text
    EDITORS_NOTE = "editor's note"  # 编者按 on its own, above the articles that it introduces
    ADVERTISEMENT = "advertisement"


class Role(StrEnum):
    """What a line of a page does in its article."""

    COLUMN = "column"  # 栏目: a title shared by several articles
    KICKER = "kicker"  # 引题
    HEADLINE = "headline"
    SUBHEAD = "subhead"  # 副题
    BYLINE = "byline"
    SECTION = "section"  # 小标题 inside an article
    BODY = "body"
    TABLE = "table"  # one row of a table
    CREDIT = "credit"  # source, signature or photographer, on a line of its own
    CONTINUED = "continued"  # 上接 / 下转


class DateSource(StrEnum):
    """How we know the day an article was published on, from most to least certain."""

    GIVEN = "given"  # by whoever built the store, or by the file beside its text
    MASTHEAD = "masthead"  # printed at the head or foot of the page
    FILE_NAME = "file name"
    TEXT = "text"  # a line of the article that tells its day and nothing else
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``[start, end)`` of one page's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One side of paper of a page file: of a PDF file, or a scan.

    Attributes:
        width: In points, or in pixels of a scan.
        height: In the same unit.
        scanned: Whether its text was recognised from a picture.
        problem: Why nothing of it could be read; empty when it was.
    """

    width: float
    height: float
    scanned: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SheetBox:
    """A box on a sheet, in its unit from the upper left corner.

    Attributes:
        sheet: Number of the sheet in its file, from 1.
        x0: Left.
        y0: Top.
        x1: Right.
        y1: Bottom.
    """

    sheet: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where characters of a page's text stand on paper: one line of print.

    Attributes:
        start: Offset of its first character in the page's text.
        sheet: Number of the sheet, from 1.
        x0: Left side of the line.
        y0: Its top.
        x1: Its right side.
        y1: Its bottom.
        edges: Where each character begins along the line, and where the last one ends.
        down: Whether the line runs down the sheet.
        sure: How sure a text recognition was of it, from 0 to 1; 1 for characters of the file itself.
    """

    start: int
    sheet: int
    x0: float
    y0: float
    x1: float
    y1: float
    edges: tuple[float, ...]
    down: bool = False
    sure: float = 1.0

    @property
    def end(self) -> int:
        """Offset after its last character."""
        return self.start + len(self.edges) - 1

    def box(self, start: int, end: int) -> SheetBox:
        """The box of those of its characters that lie in ``[start, end)``, of which there is one at least."""
        first, last = max(0, start - self.start), min(len(self.edges) - 1, end - self.start)
        low, high = min(self.edges[first:last]), max(self.edges[first + 1 : last + 1])
        if self.down:
            return SheetBox(self.sheet, self.x0, low, self.x1, high)
        return SheetBox(self.sheet, low, self.y0, high, self.y1)


@dataclass(frozen=True, slots=True)
class Imprint:
    """How a page's text stands on paper, and what its layout says about its lines.

    Attributes:
        sheets: The sheets of the file.
        stretches: The lines of print, ordered by ``start``; characters between them are added line breaks and spaces.
        parts: Number of the first line of each part of the page that stands by itself: an article, or a sheet's head
            and foot. From 1, rising.
        roles: Line number and what the type says that the line does, of each non-blank line; None for a line of the
            sheet's own head or foot.
    """

    sheets: tuple[Sheet, ...]
    stretches: tuple[Stretch, ...]
    parts: tuple[int, ...]
    roles: tuple[tuple[int, Role | None], ...]

    def boxes(self, start: int, end: int) -> tuple[SheetBox, ...]:
        """Boxes on paper of ``page.text[start:end]``, one for each line of print, in the order of the text."""
        first = bisect_right(self.stretches, start, key=lambda stretch: stretch.start) - 1
        found = []
        for stretch in self.stretches[max(0, first) :]:
            if stretch.start >= end:
                break
            if stretch.end > start:
                found.append(stretch.box(start, end))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Page:
    """One page file, decoded without loss.

    Attributes:
        file: Path below the folder that was read, with ``/``; the file's name when a single file was read.
        text: The whole file after decoding, line ends as they stand there; a byte-order mark is not part of it.
        encoding: The encoding that decoded the whole file strictly; the format's name where the text was taken out
            of one.
        sha256: Hex digest of the file's bytes.
        encoding_why: What decided for the encoding.
        date: ISO date of publication where the source tells it, or None.
        ready: True for a single article that needs no taking apart.
        titled: Whether the first line of a ready article is its headline.
        aside: Lines that the file's format sets apart from its articles: number, and what it is (a page header, a
            menu).
        notes: What a person should know about how the text was taken out of the file.
        imprint: Where its characters stand on paper; None for a file that is none.
    """

    file: str
    text: str
    encoding: str
    sha256: str
    encoding_why: str = ""
    date: str | None = None
    ready: bool = False
    titled: bool = False
    aside: tuple[tuple[int, str], ...] = ()
    notes: tuple[Note, ...] = ()
    imprint: Imprint | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One non-blank line of a page and what it does there.

    Attributes:
        number: Line number in the file, from 1.
        span: The line in the page's text, without the white space around it.
        role: What the line does in its article.
        joined: True when the line goes on with a sentence that the layout tore off the article's text before.
        broken: True when the line breaks off inside a sentence and its rest stands nowhere on the page; it may stand
            on another, see ``Article.continued_by``.
    """

    number: int
    span: Span
    role: Role
    joined: bool = False
    broken: bool = False


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
class Link:
    """The part of an article that stands on another page (下转, 上接). Each part stays an article of its own.

    Attributes:
        article_id: The other part.
        headline: Its headline; empty when it has none.
        sentence: The sentence that the two pages hold together, put together for search; empty when none is torn.
        evidence: What speaks for it, in words.
    """

    article_id: str
    headline: str
    sentence: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Article:
    """One news item read from a page.

    ``text`` is for reading and search: all of the article's lines, a line break between paragraphs, and nothing where
    a torn sentence was mended.

    Attributes:
        article_id: ``{file}#{first line}``, unique in a collection.
        file: The page's ``file``.
        title: The headline without its mark-up; empty when the page has none for it.
        kicker: Kicker and column titles above the headline, in page order.
        subhead: Lines between the headline and the text.
        byline: Who wrote it, as printed; empty when the page does not say.
        kind: What sort of item it is.
        date: ISO date of publication, or None where it is not known.
        lines: Every line of the page that belongs to the article, in the order of the text: that of the page, but a
            section head that the layout set into a sentence stands before it. Other items may stand between them.
        text: The mended text.
        segments: Maps ``text`` back to the page; ordered by ``start``, gaps are the added line breaks.
        date_source: How the date is known.
        date_evidence: The words that tell the date, as they stand; empty when it was given or is unknown.
        continues: The part on another page that this one goes on from, or None.
        continued_by: The part on another page that goes on from this one, or None.
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
    date_source: DateSource = DateSource.UNKNOWN
    date_evidence: str = ""
    continues: Link | None = None
    continued_by: Link | None = None

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
        return min(numbers), max(numbers)

    def _covered(self, start: int, end: int) -> list[Segment]:
        return [s for s in self.segments if s.start < end and start < s.start + s.length]


@dataclass(frozen=True, slots=True)
class Copy:
    """Where the text of a passage stands once more, in the same article or in another.

    The two ranges hold equal characters but for white space, width and script.

    Attributes:
        article_id: The article that says it again.
        start: Offset of the first character in that article's text.
        end: Offset after the last character.
        of_start: Offset, in the text of the passage's own article, of what is said again.
        of_end: Offset after its last character.
    """

    article_id: str
    start: int
    end: int
    of_start: int
    of_end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit that is embedded, ranked and cited: ``article.text[start:end] == text``, always.

    Attributes:
        passage_id: ``{article_id}:{start}``, unique in a collection.
        article_id: The article it is cut from.
        text: The mended text of the passage.
        start: Offset of its first character in the article's text.
        end: Offset after its last character.
        copies: Where the collection says the same once more; no passage is made of these.
    """

    passage_id: str
    article_id: str
    text: str
    start: int
    end: int
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles may be searched; without bounds all. A passage may be, where its text stands in one of these.

    Attributes:
        since: Only those of this ISO day or later. One of unknown date is left out when either day is set.
        until: Only those of this ISO day or earlier.
        files: Only those of these pages.
        kinds: Only those of these kinds.
    """

    since: str | None = None
    until: str | None = None
    files: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()

    def __bool__(self) -> bool:
        return any((self.since, self.until, self.files, self.kinds))


@dataclass(frozen=True, slots=True)
class Leftover:
    """A non-blank line that belongs to no article: the page's own furniture.

    Attributes:
        number: Line number in the file, from 1.
        span: The line in the page's text, without the white space around it.
        why: What it is taken for.
    """

    number: int
    span: Span
    why: str


@dataclass(frozen=True, slots=True)
class Note:
    """A decision of the reading that a person may want to check.

    Attributes:
        number: The line it is about; 0 for the page as a whole.
        what: What was decided, and what speaks for it.
        doubtful: True when a careful reader could decide otherwise.
    """

    number: int
    what: str
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A page as it was read: each non-blank line is in exactly one article or left over."""

    articles: tuple[Article, ...]
    leftovers: tuple[Leftover, ...] = ()
    notes: tuple[Note, ...] = ()
