"""Does every quote stand in its page? Citations are made by code from spans, and checked when they are made."""

from __future__ import annotations

import re

from index.schema import Page
from index.store import Store
from rag.answerers.base import Extract
from rag.errors import AnswerError
from rag.schema import Citation

__all__ = ["check", "cite"]

_LINE_END = re.compile(r"\r\n|\r|\n")
_REPORT = "Run `wenju build` again; if it stays, report it, for a wrong quote is a defect."


def cite(store: Store, extract: Extract, number: int) -> Citation:
    """The citation of a stretch of an article.

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
    first, last = article.line_range(extract.start, extract.end)
    citation = Citation(
        number=number,
        file=article.file,
        headline=article.title,
        article_id=article.article_id,
        passage_id=extract.passage_id,
        first_line=first,
        last_line=last,
        spans=article.spans(extract.start, extract.end),
        quote=article.text[extract.start : extract.end],
        marks=tuple((start - extract.start, end - extract.start) for start, end in extract.marks),
    )
    check(citation, store.pages[article.file])
    return citation


def check(citation: Citation, page: Page) -> None:
    """Hold a citation against its page.

    Raises:
        AnswerError: The page's characters at the spans, put together, are not the quote (line breaks that reading
            put between paragraphs aside), or its lines are not where the spans stand.
    """
    stands = "".join(page.text[span.start : span.end] for span in citation.spans)
    if stands != citation.quote.replace("\n", "") or not stands:
        raise AnswerError(
            f"Citation [{citation.number}] of {citation.file} says {citation.quote[:40]!r}, "
            f"but lines {citation.first_line}-{citation.last_line} hold {stands[:40]!r}.",
            _REPORT,
        )
    lines = _line(page, citation.spans[0].start), _line(page, citation.spans[-1].end - 1)
    if lines != (citation.first_line, citation.last_line):
        raise AnswerError(
            f"Citation [{citation.number}] of {citation.file} names lines {citation.first_line}-{citation.last_line}, "
            f"but its quote stands in lines {lines[0]}-{lines[1]}.",
            _REPORT,
        )


def _line(page: Page, offset: int) -> int:
    """Number, from 1, of the line that holds a character; the ends of lines as ``index.lines`` counts them."""
    return 1 + sum(1 for _ in _LINE_END.finditer(page.text, 0, offset))
