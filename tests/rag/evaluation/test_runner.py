"""Questions are asked and set against their gold; workers change nothing but the time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from langchain_core.language_models import FakeListChatModel

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.config import RagConfig
from rag.errors import EvaluationError
from rag.evaluation.questions import EvalQuestion, Evidence
from rag.evaluation.runner import ask_all, check_gold

_QUESTIONS = (
    EvalQuestion(
        id="held",
        question="柳河镇图书馆藏书多少册？",
        type="factoid",
        answers=("3200册",),
        evidence=(Evidence(file="liuhe.txt", quote="藏书3200册"),),
    ),
    EvalQuestion(id="page", question="柳河镇图书馆藏书多少册？", answers=("3200册",), documents=("liuhe",)),
    EvalQuestion(id="hole", question="南极的企鹅有多少只？", type="unanswerable"),
    EvalQuestion(id="bad", question="？", answers=("甲",), documents=("liuhe",)),
)


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory, pages_folder: Path) -> Path:
    path = tmp_path_factory.mktemp("runner") / "store"
    build_store(pages_folder, path, IndexConfig())
    return path


@pytest.fixture(scope="module")
def rows(store_path: Path):
    return {row.id: row for row in ask_all(store_path, _QUESTIONS, RagConfig())}


def test_an_answer_is_set_against_its_evidence(rows) -> None:
    row = rows["held"]
    assert "3200册" in row.answer
    assert next(iter(row.ranked)) == row.relevant[0]
    assert (len(row.citations), row.verbatim, row.supporting, row.supported, row.evidence) == (1, 1, 1, 1, 1)
    assert row.timings["total"] >= row.timings["retrieve"] > 0


def test_pages_are_ranked_where_pages_are_the_gold(rows) -> None:
    row = rows["page"]
    assert row.relevant == ("liuhe.txt",)
    assert next(iter(row.ranked)) == "liuhe.txt"
    assert set(row.ranked) <= {"liuhe.txt", "qingtan.txt", "shanqian.txt"}
    assert (row.supporting, row.supported, row.evidence) == (1, 1, 1)


def test_a_refusal_has_no_answer(rows) -> None:
    assert (rows["hole"].abstained, rows["hole"].answer, rows["hole"].answerable) == (True, "", False)


def test_a_question_that_fails_is_a_row_with_its_error(rows) -> None:
    assert "The question is empty" in rows["bad"].error
    assert rows["bad"].ranked == {}


def test_workers_give_the_same_rows_in_the_same_order(store_path: Path, rows) -> None:
    by_workers = list(ask_all(store_path, _QUESTIONS, RagConfig(), workers=2))
    assert [row.id for row in by_workers] == [question.id for question in _QUESTIONS]
    assert [replace(row, timings={}) for row in by_workers] == [
        replace(rows[question.id], timings={}) for question in _QUESTIONS
    ]


@pytest.mark.parametrize("legs", ["dense", "lexical"])
def test_one_leg_alone_can_be_asked(store_path: Path, legs) -> None:
    (row,) = ask_all(store_path, _QUESTIONS[:1], RagConfig(legs=legs))
    assert row.relevant[0] in row.ranked


def test_gold_that_is_not_there_is_listed_before_anything_is_asked(store_path: Path) -> None:
    store = open_store(store_path)
    check_gold(store, _QUESTIONS)
    wrong = [EvalQuestion(id=f"w{n}", question="?", documents=(f"none{n}",)) for n in range(7)]
    with pytest.raises(EvaluationError, match=r"w0: there is no page 'none0'; .*w4: .*; and 2 more"):
        check_gold(store, wrong)


def test_a_chat_model_can_be_scored(store_path: Path) -> None:
    scripted = FakeListChatModel(responses=["柳河镇图书馆藏书3200册。[1]", "没有答案。"])
    held, hole = ask_all(store_path, (_QUESTIONS[0], _QUESTIONS[2]), RagConfig(), llm=scripted)
    assert held.answer == "柳河镇图书馆藏书3200册。"
    assert (len(held.citations), held.verbatim, held.supporting) == (1, 1, 1)
    assert hole.abstained
