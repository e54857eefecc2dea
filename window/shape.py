"""What does the browser get to see of an answer and of an article? Plain dictionaries, made of text only.

Text comes in pieces: a piece says whether it is marked (quoted), bold (the answer in short) or torn (the layout broke
the sentence before it). The browser sets each as text, so nothing in a page is ever read as markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from index.schema import Article, Line, Link, Page, Segment
from index.store.opened import Store
from rag.citations import boxes_of
from rag.cli.console import confidence_words
from rag.schema import Answer, Citation

__all__ = ["answer_view", "article_view", "citation_view", "place_of", "row_view", "text_pieces"]

_MARKER = re.compile(r"\[(\d+)\]")
_SURE_IN_ENGLISH = {"较有把握": "fairly sure", "有一定把握": "moderately sure", "把握不大": "not very sure"}

Range = tuple[int, int]
Piece = dict[str, Any]


def answer_view(answer: Answer, store: Store) -> dict[str, Any]:
    """An answer as the browser shows it.

    Args:
        answer: The answer, or as much of it as there is so far.
        store: The store that it came from.
    """
    words = confidence_words(answer.confidence)
    return {
        "question": answer.question,
        "outcome": str(answer.outcome),
        "abstained": answer.abstained,
        "partly": answer.partly,
        "generated": answer.generated,
        "confidence": round(answer.confidence, 3),
        "sure": {"zh": words, "en": _SURE_IN_ENGLISH.get(words, "")},
        "blocks": [] if answer.abstained else list(_blocks(answer, store)),
        "text": answer.text,
        "direct": answer.direct,
        "kind": str(answer.kind),
        "remarks": [{"warns": str(remark.warns), "text": remark.text} for remark in answer.remarks],
        "citations": [citation_view(citation, store) for citation in answer.citations],
        "nearest": [citation_view(citation, store) for citation in answer.nearest],
        "query": answer.trace.query,
        "comparison": asdict(answer.comparison) if answer.comparison else None,
    }


def citation_view(citation: Citation, store: Store) -> dict[str, Any]:
    """A citation: where it stands, and its quote in pieces."""
    article = store.articles[citation.article_id]
    start, end = place_of(article, citation)
    return {
        "number": citation.number,
        "file": citation.file,
        "headline": citation.headline,
        "byline": article.byline,
        "date": article.date or "",
        "kind": str(article.kind),
        "article": citation.article_id,
        "first": citation.first_line,
        "last": citation.last_line,
        "pieces": text_pieces(article, start, end, bold=_bold(citation, start)),
        "also": [
            {
                "file": p.file,
                "headline": p.headline,
                "article": p.article_id,
                "first": p.first_line,
                "last": p.last_line,
            }
            for p in citation.also
        ],
    }


def article_view(
    article: Article, citation: Citation | None = None, page: Page | None = None, marked: Range | None = None
) -> dict[str, Any]:
    """An article as a reader would want it, line for line.

    Args:
        article: The article.
        citation: A citation of it; its quote is marked, and its short answers are bold.
        page: Its page, which may be printed; the sheets that the article or the quote stands on are told.
        marked: Without a citation, a range of the article's text that is marked.
    """
    bold: list[Range] = []
    if citation is not None:
        marked = place_of(article, citation)
        bold = _bold(citation, marked[0])
    return {
        **row_view(article),
        "paragraphs": [
            {
                "role": str(lines[0].role),
                "line": lines[0].number,
                "broken": lines[-1].broken,
                "pieces": text_pieces(article, *_extent(segments), marked=marked, bold=bold),
            }
            for lines, segments in _paragraphs(article)
        ],
        "continues": _link(article.continues),
        "continued_by": _link(article.continued_by),
        "sheets": _sheets(article, citation, page) if page and page.imprint else [],
    }


def _sheets(article: Article, citation: Citation | None, page: Page) -> list[dict[str, Any]]:
    """The sheets of paper, each with the boxes of what is looked at, in shares of the sheet."""
    spans = citation.spans if citation else article.spans(0, len(article.text))
    found: dict[int, list[list[float]]] = {}
    for box in boxes_of(page, spans):
        sheet = page.imprint.sheets[box.sheet - 1]  # type: ignore[union-attr]  # a page with boxes has an imprint
        shares = box.x0 / sheet.width, box.y0 / sheet.height, box.x1 / sheet.width, box.y1 / sheet.height
        found.setdefault(box.sheet, []).append([round(share, 5) for share in shares])
    return [{"number": number, "boxes": boxes} for number, boxes in found.items()]


def row_view(article: Article) -> dict[str, Any]:
    """An article in one row of a table."""
    return {
        "id": article.article_id,
        "file": article.file,
        "title": article.title,
        "byline": article.byline,
        "date": article.date or "",
        "kind": str(article.kind),
        "first": min(line.number for line in article.lines),
        "last": max(line.number for line in article.lines),
        "characters": len(article.text),
        "broken": sum(line.broken for line in article.lines),
    }


def place_of(article: Article, citation: Citation) -> Range:
    """Where the quote stands in the article's text: its spans, mapped back from the page."""
    first, last = citation.spans[0].start, citation.spans[-1].end - 1
    start, end = (
        next(s.start + at - s.page_start for s in article.segments if s.page_start <= at < s.page_start + s.length)
        for at in (first, last)
    )
    return start, end + 1


def text_pieces(
    article: Article, start: int, end: int, *, marked: Range | None = None, bold: Iterable[Range] = ()
) -> list[Piece]:
    """``article.text[start:end]``, cut where something changes; the pieces together are that text.

    Args:
        article: The article.
        start: Offset of the first character.
        end: Offset after the last.
        marked: A range of the article's text that is quoted.
        bold: Ranges of the article's text that are the answer in short.
    """
    bold = list(bold)
    torn = {s.start for line, s in zip(article.lines, article.segments, strict=True) if line.joined}
    edges = {edge for span in ([marked] if marked else []) + bold for edge in span} | torn
    cuts = sorted({start, end} | {edge for edge in edges if start < edge < end})
    pieces: list[Piece] = []
    for a, b in pairwise(cuts):
        piece: Piece = {"text": article.text[a:b]}
        if a in torn and a > start:
            piece["torn"] = True
        if marked and marked[0] <= a < marked[1]:
            piece["marked"] = True
        if any(left <= a < right for left, right in bold):
            piece["bold"] = True
        pieces.append(piece)
    return pieces


def _blocks(answer: Answer, store: Store) -> Iterator[dict[str, Any]]:
    """The paragraphs of an answer: pieces of text, and the numbers of citations between them."""
    citations = {citation.number: citation for citation in answer.citations}
    parts: list[Piece] = []
    quoted, end = False, 0
    if answer.direct and answer.text.startswith(f"{answer.direct}\n"):
        yield {"direct": True, "quoted": False, "parts": [{"text": answer.direct}]}
        end = len(answer.direct) + 1
    for marker in [*(m for m in _MARKER.finditer(answer.text) if int(m[1]) in citations), None]:
        text = answer.text[end : marker.start() if marker else len(answer.text)]
        citation = citations[int(marker[1])] if marker else None
        quote = citation.quote if citation and text.endswith(citation.quote) else ""
        for number, line in enumerate(text.removesuffix(quote).split("\n")):
            if number and parts:
                yield {"quoted": quoted, "parts": parts}
                parts, quoted = [], False
            if line:
                parts.append({"text": line})
        if citation and quote:
            quoted = not parts
            article = store.articles[citation.article_id]
            start, stop = place_of(article, citation)
            parts += text_pieces(article, start, stop, bold=_bold(citation, start))
        if marker:
            parts.append({"cite": int(marker[1])})
            end = marker.end()
    if parts:
        yield {"quoted": quoted, "parts": parts}


def _bold(citation: Citation, start: int) -> list[Range]:
    return [(start + left, start + right) for left, right in citation.marks]


def _paragraphs(article: Article) -> list[tuple[list[Line], list[Segment]]]:
    """Lines that the layout tore off one sentence stand together."""
    paragraphs: list[tuple[list[Line], list[Segment]]] = []
    for line, segment in zip(article.lines, article.segments, strict=True):
        if line.joined and paragraphs:
            paragraphs[-1][0].append(line)
            paragraphs[-1][1].append(segment)
        else:
            paragraphs.append(([line], [segment]))
    return paragraphs


def _extent(segments: Sequence[Segment]) -> Range:
    return segments[0].start, segments[-1].start + segments[-1].length


def _link(link: Link | None) -> dict[str, str] | None:
    return {"article": link.article_id, "headline": link.headline} if link else None
