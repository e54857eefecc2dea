"""What kind of question is one? A table of forms; what fits none asks for a fact, as most do.

A kind is taken only where the words are plain: a fact question that is taken for something else is worse than a list
that is answered by its best sentence. Forms are tried in their order.
"""

from __future__ import annotations

from dataclasses import dataclass

from index.text import is_chinese
from rag.query.comparison import Contest, read_comparison
from rag.query.listing import Inquiry, read_inquiry
from rag.query.whole import Whole, read_whole
from rag.schema import QuestionKind

__all__ = ["Wanted", "read_kind"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question was taken for.

    Attributes:
        kind: The kind.
        words: The words that decided; empty for a fact.
        contest: Of a comparison, its sides; else None.
        inquiry: Of a list or a count of articles, what they must hold; else None.
        whole: Of a question about an article or a topic as a whole, what it is about; else None.
    """

    kind: QuestionKind = QuestionKind.FACT
    words: str = ""
    contest: Contest | None = None
    inquiry: Inquiry | None = None
    whole: Whole | None = None


def read_kind(question: str) -> Wanted:
    """The kind of a question, which is completed where it is a turn of a conversation.

    Example:
        >>> str(read_kind("昌平和青岛哪个聘请的劳模导师更多？").kind), str(read_kind("馆长是谁？").kind)
        ('comparison', 'fact')
    """
    if not is_chinese(question):
        return Wanted()
    if contest := read_comparison(question):
        return Wanted(QuestionKind.COMPARISON, contest.words, contest)
    if inquiry := read_inquiry(question):
        kind = QuestionKind.COUNT if inquiry.counts else QuestionKind.LIST
        return Wanted(kind, inquiry.words, inquiry=inquiry)
    if whole := read_whole(question):
        return Wanted(whole.kind, whole.words, whole=whole)
    return Wanted()
