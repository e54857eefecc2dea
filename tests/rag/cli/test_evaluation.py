"""``wenju eval``: a whole run over invented pages, its gates, its comparison, and one clear line for what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.cli.command import main

_ROWS = [
    {
        "id": "a",
        "question": "柳河镇图书馆藏书多少册？",
        "type": "factoid",
        "answers": ["3200册"],
        "evidence": [{"file": "liuhe.txt", "quote": "藏书3200册"}],
    },
    {"id": "b", "question": "南极的企鹅有多少只？", "type": "unanswerable"},
]


def _write(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def questions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write(tmp_path_factory.mktemp("questions") / "q.jsonl", _ROWS)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, questions: Path, pages_folder: Path) -> Path:
    out = tmp_path_factory.mktemp("eval") / "run"
    assert main(["eval", str(questions), "--collection", str(pages_folder), "--out", str(out)]) == 0
    return out


def test_a_run_leaves_everything_in_its_folder(run: Path) -> None:
    names = {file.name for file in run.iterdir()}
    assert names == {
        "collection", "settings.json", "questions.jsonl", "rows.jsonl", "run.trec", "questions.csv", "summary.json",
        "report.html", "report.md",
    }  # fmt: skip
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    assert settings["collection"]["pages"] == 3
    assert settings["provenance"]["libraries"]["faiss-cpu"]


def test_its_metrics_are_counted_by_hand(run: Path) -> None:
    summary = json.loads((run / "summary.json").read_text(encoding="utf-8"))
    everything = {name: estimate["value"] for name, estimate in summary["all"].items()}
    # One answered rightly from the right passage, one refused rightly; one citation, and it is verbatim.
    assert everything["recall@1"] == everything["contains_gold"] == everything["right_refusal"] == 1.0
    assert everything["right"] == everything["verbatim"] == everything["citation_precision"] == 1.0
    assert everything["wrong_refusal"] == 0.0


def test_a_finished_run_is_not_asked_again(run: Path, questions: Path, pages_folder: Path, capsys) -> None:
    before = (run / "rows.jsonl").read_bytes()
    assert main(["eval", str(questions), "--collection", str(pages_folder), "--out", str(run)]) == 0
    assert (run / "rows.jsonl").read_bytes() == before
    assert "recall@5" in capsys.readouterr().out


def test_a_gate_that_is_not_kept_fails(run: Path, questions: Path, pages_folder: Path, capsys) -> None:
    arguments = ["eval", str(questions), "--collection", str(pages_folder), "--out", str(run), "--gate"]
    assert main([*arguments, "recall@5>=0.9, verbatim==1"]) == 0
    capsys.readouterr()
    assert main([*arguments, "wrong_refusal>0.5"]) == 1
    assert "wenju eval: all:wrong_refusal is 0.0000, not > 0.5" in capsys.readouterr().err


def test_other_settings_make_a_worse_run_that_is_noticed(run, questions, pages_folder, tmp_path, capsys) -> None:
    arguments = ["eval", str(questions), "--collection", str(pages_folder), "--out", str(tmp_path / "worse")]
    assert main([*arguments, "--min-confidence", "1", "--no-worse-than", str(run)]) == 1
    assert "contains_gold went from 1.0000 to 0.0000" in capsys.readouterr().err
    assert main(["eval", "compare", str(run), str(tmp_path / "worse")]) == 0
    assert "right, worse: a" in capsys.readouterr().out
    assert main(["eval", "compare", str(run), str(tmp_path / "worse"), "--no-worse"]) == 1
    assert main(["eval", "compare", str(run), str(run), "--no-worse"]) == 0


def test_a_folder_with_another_run_is_left_alone(run, questions, pages_folder, capsys) -> None:
    before = (run / "rows.jsonl").read_bytes()
    arguments = ["eval", str(questions), "--collection", str(pages_folder), "--out", str(run), "--legs", "dense"]
    assert main(arguments) == 1
    assert "holds a run of other questions" in capsys.readouterr().err
    assert (run / "rows.jsonl").read_bytes() == before


def test_squad_brings_its_own_collection(tmp_path: Path, capsys) -> None:
    paragraph = {
        "id": "P1",
        "context": "柳河镇图书馆藏书3200册。",
        "qas": [{"id": "a", "question": "柳河镇图书馆藏书多少册？", "answers": [{"text": "3200册"}]}],
    }
    file = tmp_path / "s.json"
    file.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}, ensure_ascii=False), encoding="utf-8")
    assert main(["eval", str(file), "--out", str(tmp_path / "run"), "--gate", "recall@1==1, contains_gold==1"]) == 0


def test_a_draft_can_be_evaluated_as_it_is(tmp_path: Path, pages_folder: Path, capsys) -> None:
    store, draft = str(tmp_path / "store"), tmp_path / "draft.jsonl"
    assert main(["build", str(pages_folder), "--store", store, "--json"]) == 0
    assert main(["eval", "draft", "--store", store, "--out", str(draft), "--limit", "5"]) == 0
    assert 1 <= len(draft.read_text(encoding="utf-8").splitlines()) <= 5
    assert main(["eval", str(draft), "--collection", store, "--out", str(tmp_path / "run")]) == 0


def test_runs_stand_side_by_side(run: Path, capsys) -> None:
    assert main(["eval", "table", str(run), str(run), "--metrics", "recall@1", "ece"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "| run | recall@1 | ece |"
    assert len(lines) == 4
    assert lines[2].startswith("| run | 1.000 (1.000–1.000) | ")
    assert main(["eval", "table", str(run), "--metrics", "nonsense"]) == 1
    assert "'nonsense' is no metric" in capsys.readouterr().err


def test_a_judge_stands_beside_the_metrics(run, questions, pages_folder, monkeypatch, capsys) -> None:
    class Model:
        def invoke(self, prompt: str, /) -> str:
            return '{"faithfulness": 1.0, "answer_relevance": 0.5, "reason": "好"}'

    monkeypatch.setattr("rag.llm.load_chat_model", lambda name, base_url: Model())
    arguments = ["eval", str(questions), "--collection", str(pages_folder), "--out", str(run), "--judge", "x:y"]
    assert main(arguments) == 0
    assert "answer_relevance: 0.500 of 1" in capsys.readouterr().out  # the refusal is not sent to it
    (line,) = (run / "judgements.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {"id": "a", "faithfulness": 1.0, "answer_relevance": 0.5, "reason": "好"}
    (run / "judgements.jsonl").unlink()


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([], [], "holds no question"),
        (_ROWS, ["--gate", "recal@5>1"], "names no metric"),
        (_ROWS, ["--type", "nothing"], "holds no question of type 'nothing'"),
        (_ROWS, ["--no-worse-than", "nowhere"], "missing or damaged"),
        (
            [{"id": "x", "question": "?", "documents": ["none"]}],
            [],
            "Gold is not in the collection: x: there is no page",
        ),
    ],
)
def test_what_is_wrong_is_one_clear_line(tmp_path, pages_folder, capsys, rows, more, message) -> None:
    file, out = _write(tmp_path / "q.jsonl", rows), tmp_path / "run"
    assert main(["eval", str(file), "--collection", str(pages_folder), "--out", str(out), *more]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.strip().count("\n") == 0
    assert not (out / "settings.json").exists()  # nothing was begun


def test_a_wrong_command_line_exits_with_2() -> None:
    for arguments in (["eval"], ["eval", "compare"], ["eval", "draft"]):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        assert stopped.value.code == 2


def test_a_judge_that_cannot_be_had_is_told_before_the_first_question(
    tmp_path, questions, pages_folder, capsys
) -> None:
    run = tmp_path / "new"
    arguments = ["eval", str(questions), "--collection", str(pages_folder), "--out", str(run), "--judge", "nowhere:x"]
    assert main(arguments) != 0
    assert "nowhere" in capsys.readouterr().err
    assert not run.exists()
