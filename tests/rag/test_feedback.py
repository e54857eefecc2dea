"""Tests of feedback: one verdict per answer, and a file of it that an evaluation reads."""

from __future__ import annotations

import json

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.bundle import make_bundle
from rag.errors import EvaluationError
from rag.evaluation.questions import load_questions
from rag.feedback import export_feedback, save_feedback


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder, path = tmp_path_factory.mktemp("pages"), tmp_path_factory.mktemp("store")
    text = "# 云溪镇建成新桥\n\n本报记者 林一\n\n云溪镇的新桥昨天通车，造价300万元。\n\n镇长说，明年还要修一条路。\n"
    (folder / "a.txt").write_text(text, encoding="utf-8")
    build_store(folder, path, IndexConfig())
    return open_store(path)


def test_useful_answers_become_questions_with_evidence(store, make_answer, tmp_path):
    answer = make_answer(store, "a.txt", "造价300万元。", bold="300万元")
    save_feedback(tmp_path, "one", make_bundle(answer, store), "useful")
    done = export_feedback(tmp_path, tmp_path / "out" / "mine.jsonl")
    (question,) = load_questions(done.path).questions
    assert question.answers == ("300万元",)
    assert [(e.file, e.quote) for e in question.evidence] == [("a.txt", "造价300万元。")]
    assert (done.questions, done.to_correct) == (1, 0)


def test_a_useful_refusal_is_a_question_without_answer(store, make_answer, tmp_path):
    answer = make_answer(store, "a.txt", "镇长说，明年还要修一条路。", abstained=True)
    save_feedback(tmp_path, "one", make_bundle(answer, store), "useful")
    (question,) = load_questions(export_feedback(tmp_path, tmp_path / "mine.jsonl").path).questions
    assert not question.answerable


def test_what_was_not_useful_waits_in_a_file_of_its_own_with_the_word_said(store, make_answer, tmp_path):
    answer = make_answer(store, "a.txt", "造价300万元")
    save_feedback(tmp_path, "one", make_bundle(answer, store), "not useful", "不是这个")
    done = export_feedback(tmp_path, tmp_path / "mine.jsonl")
    assert done.path.read_text(encoding="utf-8") == ""
    (row,) = map(json.loads, done.to_correct_path.read_text(encoding="utf-8").splitlines())
    assert (row["note"], row["answers"]) == ("不是这个", [])
    assert "造价300万元" in row["answered"]


def test_a_second_verdict_replaces_the_first_and_can_be_taken_back(store, make_answer, tmp_path):
    answer = make_answer(store, "a.txt", "造价300万元")
    for verdict, counts in (("useful", (1, 0)), ("not useful", (0, 1)), (None, (0, 0))):
        save_feedback(tmp_path, "one", make_bundle(answer, store), verdict)
        done = export_feedback(tmp_path, tmp_path / "mine.jsonl")
        assert (done.questions, done.to_correct) == counts


def test_without_feedback_there_is_one_clear_error(tmp_path):
    with pytest.raises(EvaluationError, match="no feedback"):
        export_feedback(tmp_path, tmp_path / "mine.jsonl")
    assert not list(tmp_path.iterdir())
