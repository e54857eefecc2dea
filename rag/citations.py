"""Does every quote stand in its page? Citations are made by code from spans, and checked when they are made."""

from __future__ import annotations

from index.schema import Page
from index.store import Store
from rag.answerers.base import Extract
from rag.errors import AnswerError
from rag.schema import Citation

__all__ = ["check", "cite"]


def cite(store: Store, extract: Extract, number: int) -> Citation:
    """The citation of a stretch of an article.

    Args:
        store: The store that holds the article and its page.
        extract: What to cite; one or more sentences of one paragraph.
        number: The ``[n]`` to give it, from 1.

    Raises:
        AnswerError: The quote is not exactly what stands in the page.
    """
    article = store.articles[store.passages[extract.passage_id].article_id]
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
            "Run `wenju build` again; if it stays, report it, for a wrong quote is a defect.",
        )
