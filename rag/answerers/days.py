"""Which day does 昨天 mean in a quote? Told where a time is asked for and the article's day of publication is known."""

from __future__ import annotations

from collections.abc import Iterator

from index.reading.dates import When, relative_days
from index.schema import Article
from index.text import is_chinese
from rag.query.question import Asks, Question
from rag.schema import Remark, Warns

__all__ = ["resolve_days"]


def resolve_days(question: Question, text: str, article: Article) -> Iterator[Remark]:
    """A remark for each exact relative word of a quote, with the evidence for the day of publication.

    Args:
        question: The question; only one for a time is told days.
        text: The quote.
        article: The article that it stands in.
    """
    if question.asks is not Asks.TIME or not article.date:
        return
    for when in relative_days(text, article.date):
        if when.exact:
            yield Remark(Warns.RESOLVED, _tell(when, article, chinese=is_chinese(question.asked)))


def _tell(when: When, article: Article, *, chinese: bool) -> str:
    days = when.first if when.first == when.last else f"{when.first}–{when.last}"
    given = "建库时给定" if chinese else "given with the build"
    known = f"“{article.date_evidence}”" if article.date_evidence else given
    if chinese:
        return f"“{when.words}”按发表日期 {article.date}（依据：{known}）是 {days}。"
    return f"“{when.words}” is {days}, as the article is of {article.date} (evidence: {known})."
