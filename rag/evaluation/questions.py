"""What does a file of evaluation questions hold? One JSON object a line, checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import EvaluationError

__all__ = ["EvalQuestion", "Evidence", "load_questions"]


class Evidence(BaseModel):
    """Where the answer stands: a page and a verbatim quote of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    quote: str = Field(min_length=1)


class PastTurn(BaseModel):
    """An earlier turn of the conversation."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    answer: str


class EvalQuestion(BaseModel):
    """One question with its gold.

    ``answers`` are alternatives when ``match`` is "any"; with "all" every entry is needed. A question without answers
    is one that the collection does not answer.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    type: str = "other"
    answers: tuple[str, ...] = ()
    match: Literal["any", "all"] = "any"
    evidence: tuple[Evidence, ...] = ()
    history: tuple[PastTurn, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the collection holds an answer."""
        return bool(self.answers)


def load_questions(path: Path) -> list[EvalQuestion]:
    """Read questions from a UTF-8 file with one JSON object a line.

    Raises:
        EvaluationError: The file cannot be read or holds no question, a line is malformed, or an id stands twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} cannot be read ({error}).", "Give a UTF-8 file of JSON lines.") from error
    questions: dict[str, EvalQuestion] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            question = EvalQuestion.model_validate_json(line)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise EvaluationError(f"{path}, line {number}: {where}: {first['msg']}.", "Correct that line.") from error
        if question.id in questions:
            raise EvaluationError(f"{path}, line {number}: the id {question.id!r} stands twice.", "Rename one.")
        questions[question.id] = question
    if not questions:
        raise EvaluationError(f"{path} holds no question.", "Put one JSON object on each line.")
    return list(questions.values())
