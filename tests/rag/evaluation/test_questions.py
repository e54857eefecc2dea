"""Question files: read strictly, every fault named with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluation.questions import load_questions


def _write(folder: Path, text: str) -> Path:
    file = folder / "q.jsonl"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_question_with_everything(tmp_path: Path) -> None:
    line = (
        '{"id": "a", "question": "谁？", "type": "factoid", "answers": ["甲"], "match": "any", "article": ["x"],'
        ' "evidence": [{"file": "p.txt", "quote": "甲"}], "history": [{"question": "q", "answer": "a"}]}'
    )
    (question,) = load_questions(_write(tmp_path, line + "\n\n"))
    assert (question.id, question.answers, question.evidence[0].quote) == ("a", ("甲",), "甲")
    assert question.answerable


def test_without_answers_it_is_unanswerable(tmp_path: Path) -> None:
    (question,) = load_questions(_write(tmp_path, '{"id": "a", "question": "谁？"}'))
    assert not question.answerable


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds no question"),
        ('{"id": "a", "question": "谁？"}\n{', "line 2: the line: Invalid JSON"),
        ('{"id": "a"}', "line 1: question: Field required"),
        ('{"id": "a", "question": "谁？", "match": "some"}', "line 1: match"),
        ('{"id": "a", "question": "谁？"}\n\n{"id": "a", "question": "哪？"}', "line 3: the id 'a' stands twice"),
    ],
)
def test_faults_are_named_with_their_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        load_questions(_write(tmp_path, text))


def test_another_encoding_is_named(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_bytes('{"id": "a", "question": "谁？"}'.encode("gb18030"))
    with pytest.raises(EvaluationError, match="cannot be read"):
        load_questions(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"none\.jsonl cannot be read"):
        load_questions(tmp_path / "none.jsonl")
