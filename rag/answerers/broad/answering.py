"""Who answers which kind of question? One look-up; what cannot be answered as its kind is asked as a plain question."""

from __future__ import annotations

from rag.answerers.broad.comparing import compare
from rag.answerers.broad.listing import list_articles
from rag.answerers.broad.survey import Desk, Survey
from rag.query.kind import Wanted
from rag.query.question import Question
from rag.schema import QuestionKind

__all__ = ["survey"]


def survey(question: Question, wanted: Wanted, desk: Desk) -> Survey | None:
    """What a question of a broad kind finds; None where it is better asked as a plain question."""
    if wanted.kind is QuestionKind.COMPARISON and wanted.contest:
        return compare(wanted.contest, desk)
    if wanted.inquiry:
        return list_articles(wanted.inquiry, desk)
    return None
