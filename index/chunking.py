"""How is an article cut into passages? Along sentences, each passage an exact slice of the article's text."""

from __future__ import annotations

from index.schema import Article, Passage
from index.text import sentence_spans

__all__ = ["chunk"]


def chunk(article: Article, size: int) -> list[Passage]:
    """Cut an article into passages of whole sentences.

    Args:
        article: The article as read.
        size: Length to fill up to, in characters, 1 or more. A longer sentence is a passage by itself, uncut.

    Returns:
        Passages in order. They do not overlap, and together they hold every non-blank character of the article.
        A heading is never the end of a passage while text follows it.
    """
    units = _units(article)
    passages: list[Passage] = []
    start, end = 0, 0
    for left, right in units:
        if end and right - start > size:
            passages.append(_passage(article, start, end))
            start, end = left, right
        else:
            start, end = (start if end else left), right
    if end:
        passages.append(_passage(article, start, end))
    return passages


def _units(article: Article) -> list[tuple[int, int]]:
    """Sentences, with each line that does not end one (headings, bylines) tied to the sentence that follows."""
    tied: list[tuple[int, int]] = []
    open_start: int | None = None
    body = _body_ranges(article)
    for left, right in sentence_spans(article.text):
        start = left if open_start is None else open_start
        if any(a <= left and right <= b for a, b in body):
            tied.append((start, right))
            open_start = None
        else:
            open_start = start
    if open_start is not None:
        tied.append((open_start, len(article.text)))
    return tied


def _body_ranges(article: Article) -> list[tuple[int, int]]:
    """Ranges of the article's text that are running text, torn lines put together."""
    ranges: list[tuple[int, int]] = []
    for line, segment in zip(article.lines, article.segments, strict=True):
        end = segment.start + segment.length
        if line.joined:
            ranges[-1] = (ranges[-1][0], end)
        elif line.role == "body":
            ranges.append((segment.start, end))
    return ranges


def _passage(article: Article, start: int, end: int) -> Passage:
    return Passage(f"{article.article_id}:{start}", article.article_id, article.text[start:end], start, end)
