"""Does every quote stand in its page? Citations are made by code from spans, and checked when they are made."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.schema import Article, Page, Segment, SheetBox, Span
from index.store.opened import Store, copies_of
from index.text import fold
from rag.answerers.base import Extract
from rag.errors import AnswerError
from rag.schema import Citation, Place

__all__ = ["boxes_of", "check", "check_copy", "cite", "place_in", "says_the_same"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_REPORT = "Run `wenju doctor --repair`, or `wenju build` again; if it stays, report it, for a wrong quote is a defect."


def cite(store: Store, extract: Extract, number: int) -> Citation:
    """The citation of a stretch of an article, with the other places that say the same.

    Args:
        store: The store that holds the article and its page.
        extract: What to cite; one or more sentences of one paragraph.
        number: The ``[n]`` to give it, from 1.

    Raises:
        AnswerError: The quote is not exactly what stands in the page, or there is no such passage or place.
    """
    passage = store.passages.get(extract.passage_id)
    if passage is None:
        raise AnswerError(f"Citation [{number}] names the passage {extract.passage_id!r}, which is not there.", _REPORT)
    article = store.articles[passage.article_id]
    within = 0 <= extract.start < extract.end <= len(article.text) and all(
        extract.start <= start < end <= extract.end for start, end in extract.marks
    )
    if not within or not article.spans(extract.start, extract.end):
        raise AnswerError(
            f"Citation [{number}] asks for [{extract.start}, {extract.end}) of {article.article_id}, "
            f"which has {len(article.text)} characters, and no text of the page stands there.",
            _REPORT,
        )
    place = _place(article, extract.start, extract.end)
    citation = Citation(
        number=number,
        file=place.file,
        headline=place.headline,
        article_id=place.article_id,
        passage_id=extract.passage_id,
        first_line=place.first_line,
        last_line=place.last_line,
        spans=place.spans,
        quote=place.quote,
        marks=tuple((start - extract.start, end - extract.start) for start, end in extract.marks),
        also=_copies(store, extract, place.quote),
        boxes=boxes_of(store.pages[article.file], place.spans),
    )
    check(citation, store.pages[article.file])
    for other in citation.also:
        check_copy(citation, other, store.pages[other.file])
    return citation


def boxes_of(page: Page, spans: Sequence[Span]) -> tuple[SheetBox, ...]:
    """Where stretches of a page stand on paper, in the order of the spans; empty for a page that is no paper."""
    return tuple(box for span in spans for box in page.imprint.boxes(span.start, span.end)) if page.imprint else ()


def _copies(store: Store, extract: Extract, quote: str) -> tuple[Place, ...]:
    """The other places of a quote; one whose script folds otherwise out of its context is not named."""
    found = (_place(*copy) for copy in copies_of(store, extract.passage_id, extract.start, extract.end))
    return tuple(place for place in found if says_the_same(place.quote, quote))


def check(citation: Citation | Place, page: Page) -> None:
    """Hold a citation, or another place of one, against its page.

    Raises:
        AnswerError: The page's characters at the spans, put together, are not the quote (line breaks that reading
            put between paragraphs aside), or its lines are not where the spans stand.
    """
    _hold(citation.number if isinstance(citation, Citation) else 0, citation, page)


def check_copy(citation: Citation, place: Place, page: Page) -> None:
    """Hold one of the other places of a citation against its page, and against the quote.

    Raises:
        AnswerError: As for :func:`check`, or the place says something else than the quote.
    """
    if not says_the_same(place.quote, citation.quote):
        raise AnswerError(
            f"Citation [{citation.number}] says {citation.quote[:40]!r}, "
            f"but {place.file}, named as another place of it, says {place.quote[:40]!r}.",
            _REPORT,
        )
    _hold(citation.number, place, page)


def _hold(number: int, place: Citation | Place, page: Page) -> None:
    stands = "".join(page.text[span.start : span.end] for span in place.spans)
    if stands != place.quote.replace("\n", "") or not stands:
        raise AnswerError(
            f"Citation [{number}] of {place.file} says {place.quote[:40]!r}, "
            f"but lines {place.first_line}-{place.last_line} hold {stands[:40]!r}.",
            _REPORT,
        )
    lines = (
        _line(page, min(span.start for span in place.spans)),
        _line(page, max(span.end for span in place.spans) - 1),
    )
    if lines != (place.first_line, place.last_line):
        raise AnswerError(
            f"Citation [{number}] of {place.file} names lines {place.first_line}-{place.last_line}, "
            f"but its quote stands in lines {lines[0]}-{lines[1]}.",
            _REPORT,
        )


def place_in(article: Article, spans: Sequence[Span]) -> Place | None:
    """The place in an article that begins with the first and ends with the last of some spans of its page.

    None where they begin or end outside the article's text.
    """
    start = next((s.start + spans[0].start - s.page_start for s in article.segments if _holds(s, spans[0].start)), None)
    end = next((s.start + spans[-1].end - s.page_start for s in article.segments if _holds(s, spans[-1].end - 1)), None)
    return None if start is None or end is None or end <= start else _place(article, start, end)


def says_the_same(one: str, other: str) -> bool:
    """Whether two texts are the same but for white space, width and script."""
    return _bare(one) == _bare(other)


def _holds(segment: Segment, offset: int) -> bool:
    return segment.page_start <= offset < segment.page_start + segment.length


def _place(article: Article, start: int, end: int) -> Place:
    first, last = article.line_range(start, end)
    spans, quote = article.spans(start, end), article.text[start:end]
    return Place(article.file, article.title, article.article_id, first, last, spans, quote)


def _bare(text: str) -> str:
    return fold("".join(text.split()))


def _line(page: Page, offset: int) -> int:
    """Number, from 1, of the line that holds a character; the ends of lines as ``index.reading.lines`` counts them."""
    return 1 + sum(1 for _ in _LINE_END.finditer(page.text, 0, offset))
