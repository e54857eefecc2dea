"""Who answers which kind of question? One look-up; what cannot be answered as its kind is asked as a plain question."""

from __future__ import annotations

from rag.answerers.broad.comparing import compare
from rag.answerers.broad.digest import digest
from rag.answerers.broad.listing import list_articles
from rag.answerers.broad.metadata import tell_metadata
from rag.answerers.broad.survey import Desk, Survey
from rag.query.kind import Wanted
from rag.query.question import Question
from rag.schema import QuestionKind

__all__ = ["survey"]


def survey(question: Question, wanted: Wanted, desk: Desk) -> Survey | None:
    """What a question of a broad kind finds; None where it is better asked as a plain question."""
    if wanted.kind is QuestionKind.COMPARISON and wanted.contest:
        return compare(wanted.contest, desk)
    if wanted.whole and wanted.kind is QuestionKind.METADATA:
        return tell_metadata(wanted.whole, desk)
    if wanted.whole:
        return digest(wanted.whole, question.query, desk)
    if wanted.inquiry:
        return list_articles(wanted.inquiry, desk)
    return None
