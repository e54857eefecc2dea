"""The evaluation command over a store of invented pages: what it counts, prints and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from index.build import build_store
from index.config import IndexConfig
from rag.errors import EvaluationError
from rag.evaluation.__main__ import evaluate, main
from rag.evaluation.questions import EvalQuestion, Evidence
from rag.evaluation.report import Outcome, summarise


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory, pages_folder: Path) -> Path:
    path = tmp_path_factory.mktemp("eval") / "store"
    build_store(pages_folder, path, IndexConfig())
    return path


@pytest.fixture
def questions_path(tmp_path: Path) -> Path:
    rows = [
        {
            "id": "a",
            "question": "柳河镇图书馆藏书多少册？",
            "type": "factoid",
            "answers": ["3200册"],
            "evidence": [{"file": "liuhe.txt", "quote": "藏书3200册"}],
        },
        {"id": "b", "question": "南极的企鹅有多少只？", "type": "unanswerable"},
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return file


def test_it_prints_a_table_and_writes_every_answer(store_path, questions_path, tmp_path, capsys) -> None:
    out = tmp_path / "run"
    assert main([str(questions_path), "--store", str(store_path), "--out", str(out)]) == 0
    assert "recall@5" in capsys.readouterr().out
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    everything = report["metrics"]["all"]
    # One answered rightly from the right passage, one refused rightly; one citation, and it is verbatim.
    assert (everything["questions"], everything["contains_gold"], everything["right_refusals"]) == (2, 1.0, 1.0)
    assert (everything["recall@1"], everything["citations"], everything["verbatim"]) == (1.0, 1, 1.0)
    rows = [json.loads(line) for line in (out / "answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [(row["id"], row["right"]) for row in rows] == [("a", True), ("b", True)]


def test_gold_that_is_not_in_the_collection_stops_before_anything_is_asked(tiny_store) -> None:
    question = EvalQuestion(
        id="z", question="?", answers=("甲",), evidence=(Evidence(file="liuhe.txt", quote="无此句"),)
    )
    with pytest.raises(EvaluationError, match=r"z: liuhe\.txt does not hold"):
        evaluate(tiny_store, [question])


def test_an_error_is_one_line(tmp_path, capsys) -> None:
    assert main([str(tmp_path / "none.jsonl"), "--store", str(tmp_path / "store")]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "cannot be read" in message


def _outcome(name: str, *, answers: tuple[str, ...], text: str) -> Outcome:
    question = EvalQuestion(id=name, question="?", type="t", answers=answers)
    return Outcome(question, {}, frozenset(), text, not text, 0.5, 2 if text else 0, 1 if text else 0, 4.0)


def test_metrics_counted_by_hand() -> None:
    outcomes = [
        _outcome("right", answers=("甲",), text="甲"),
        _outcome("wrong", answers=("甲",), text="乙"),
        _outcome("refused", answers=("甲",), text=""),
        _outcome("rightly refused", answers=(), text=""),
        _outcome("wrongly answered", answers=(), text="丙"),
    ]
    metrics = summarise(outcomes)["all"]
    assert metrics["contains_gold"] == pytest.approx(1 / 3)
    assert metrics["wrong_refusals"] == pytest.approx(1 / 3)
    assert metrics["right_refusals"] == pytest.approx(1 / 2)
    assert (metrics["citations"], metrics["verbatim"]) == (6, pytest.approx(3 / 6))
    assert metrics["recall@1"] is None
