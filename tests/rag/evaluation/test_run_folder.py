"""The folder of a run: taken up where it stopped, never mixed with another run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluation.questions import EvalQuestion
from rag.evaluation.rows import Row
from rag.evaluation.run_folder import RunFolder
from rag.evaluation.summary import per_question, summarise

_QUESTIONS = [EvalQuestion(id="a", question="谁？"), EvalQuestion(id="b b", question="何时？")]
_SETTINGS = {"questions": "1", "collection": "2", "config": "3", "provenance": "now"}
_ROWS = [
    Row(id="a", type="t", question="谁？", answers=("甲",), answer="甲", relevant=("p",), ranked={"p": 0.5, "q": 0.25}),
    Row(id="b b", type="t", question="何时？", answers=("乙",), error="broken, badly"),
]


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert folder.begin(_SETTINGS, _QUESTIONS) == []
    folder.append(_ROWS[0])
    later = _SETTINGS | {"provenance": "later"}
    assert RunFolder(tmp_path / "run").begin(later, _QUESTIONS) == _ROWS[:1]


def test_a_line_that_a_kill_cut_off_is_dropped(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(_SETTINGS, _QUESTIONS)
    folder.append(_ROWS[0])
    with (tmp_path / "rows.jsonl").open("ab") as stream:
        stream.write(b'{"id": "b b", "ty')
    assert folder.begin(_SETTINGS, _QUESTIONS) == _ROWS[:1]
    folder.append(_ROWS[1])
    assert folder.rows() == _ROWS


@pytest.mark.parametrize("name", ["questions", "collection", "config"])
def test_another_run_is_not_mixed_in(tmp_path: Path, name: str) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(_SETTINGS, _QUESTIONS)
    with pytest.raises(EvaluationError, match="holds a run of other questions"):
        folder.begin(_SETTINGS | {name: "other"}, _QUESTIONS)


def test_what_is_finished_can_be_read_again(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(_SETTINGS, _QUESTIONS)
    values, summary = per_question(_ROWS), summarise(_ROWS)
    folder.finish(_ROWS, values, summary)
    assert folder.values() == values
    assert folder.summary() == summary
    assert (tmp_path / "run.trec").read_text(encoding="utf-8").splitlines() == [
        "a Q0 p 1 0.500000 wenju",
        "a Q0 q 2 0.250000 wenju",
    ]
    with (tmp_path / "questions.csv").open(encoding="utf-8-sig", newline="") as stream:
        assert [line["error"] for line in csv.DictReader(stream)] == ["", "broken, badly"]
    assert not list(tmp_path.glob("*.new"))


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "none")
    for read in (folder.rows, folder.settings, folder.summary, folder.values):
        with pytest.raises(EvaluationError, match=r"no run folder|missing or damaged"):
            read()


def test_damaged_rows_are_told(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_bytes(b'{"id": 1}\n')
    with pytest.raises(EvaluationError, match=r"rows\.jsonl is damaged"):
        RunFolder(tmp_path).rows()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(EvaluationError, match="cannot be written"):
        RunFolder(tmp_path / "file" / "run").begin(_SETTINGS, _QUESTIONS)
