"""Metrics over runs small enough to be counted by hand, against a second implementation, and invariants of any run."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import EvaluationError
from rag.evaluation.metrics import (
    auroc,
    char_f1,
    expected_calibration_error,
    rank_metrics,
    reliability,
    risk_coverage,
    row_metrics,
)
from rag.evaluation.rows import Row

_RUN = {"q1": {"p1": 0.9, "p2": 0.8, "p3": 0.7}, "q2": {"p4": 0.5}}
_QRELS = {"q1": {"p2": 1, "p3": 1}, "q2": {"p4": 1}, "q3": {"p9": 1}, "q4": {"p1": 0}}

_scores = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([0.1, 0.5, 0.9]), max_size=6)
_grades = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1), max_size=6)
_names = st.sampled_from(["q1", "q2", "q3"])


def test_ranking_counted_by_hand() -> None:
    found = rank_metrics(_RUN, _QRELS)
    assert set(found) == {"q1", "q2", "q3"}  # q4 has nothing relevant
    # q1: p2 and p3 stand at ranks 2 and 3.
    dcg, ideal = 1 / math.log2(3) + 1 / math.log2(4), 1 / math.log2(2) + 1 / math.log2(3)
    assert found["q1"] == pytest.approx(
        {"recall@1": 0, "recall@5": 1, "recall@10": 1, "mrr@10": 1 / 2, "ndcg@10": dcg / ideal}
    )
    assert set(found["q2"].values()) == {1.0}
    assert set(found["q3"].values()) == {0.0}  # the run lost it


def test_equal_scores_are_ordered_by_name() -> None:
    found = rank_metrics({"q": {"b": 0.5, "a": 0.5}}, {"q": {"a": 1}})
    assert found["q"]["recall@1"] == found["q"]["mrr@10"] == 1.0


def test_nothing_judged_is_nothing_measured() -> None:
    assert rank_metrics(_RUN, {"q1": {"p1": 0}}) == {}


def _second_opinion(scores: dict[str, float], grades: dict[str, int]) -> dict[str, float]:
    """The definitions, written down once more without any library."""
    order = sorted(scores, key=lambda name: (-scores[name], name))
    relevant = {name for name, grade in grades.items() if grade > 0}
    gains = [1 / math.log2(rank + 1) for rank, name in enumerate(order[:10], start=1) if name in relevant]
    ideal = [1 / math.log2(rank + 1) for rank in range(1, min(10, len(relevant)) + 1)]
    ranks = [rank for rank, name in enumerate(order[:10], start=1) if name in relevant]
    recall = {f"recall@{k}": len(relevant & set(order[:k])) / len(relevant) for k in (1, 5, 10)}
    return recall | {"mrr@10": 1 / ranks[0] if ranks else 0.0, "ndcg@10": sum(gains) / sum(ideal)}


@given(run=st.dictionaries(_names, _scores), qrels=st.dictionaries(_names, _grades))
def test_the_library_and_the_definitions_agree(run, qrels) -> None:
    found = rank_metrics(run, qrels)
    for query, values in found.items():
        assert values == pytest.approx(_second_opinion(run.get(query, {}), qrels[query]))
        assert all(0 <= value <= 1 for value in values.values())
    turned = {query: dict(reversed(scores.items())) for query, scores in reversed(run.items())}
    assert rank_metrics(turned, qrels) == found


@pytest.mark.parametrize(
    ("prediction", "gold", "expected"),
    [
        ("169项", "169项", 1.0),
        ("一共169项", "169项", 2 * 2 / (4 + 2)),  # 一 共 169 项 against 169 项
        ("张三、李四", "李四", 2 * 2 / (4 + 2)),  # punctuation does not count
        ("四個階段", "四个阶段", 1.0),  # script does not count
        ("AI应用", "ai 应用", 1.0),  # ai 应 用
        ("甲乙丙", "丁", 0.0),
        ("", "甲", 0.0),
        ("甲", "。", 0.0),
        ("甲x乙", "甲乙", 2 * 1 / (3 + 2)),  # a stretch must be unbroken
    ],
)
def test_char_f1_counted_by_hand(prediction: str, gold: str, expected: float) -> None:
    assert char_f1(prediction, gold) == pytest.approx(expected)


@given(st.text("甲乙丙1a，", max_size=12), st.text("甲乙丙1a，", max_size=12))
def test_char_f1_is_symmetric_and_lies_in_0_1(one: str, other: str) -> None:
    assert 0 <= char_f1(one, other) <= 1
    assert char_f1(one, other) == pytest.approx(char_f1(other, one))


def _row(**told) -> Row:
    return Row(**({"id": "q", "type": "t", "question": "?", "answers": ("甲",)} | told))


def test_a_right_answer() -> None:
    metrics = row_metrics(_row(answer="“甲”", evidence=2, supported=1, verbatim=0))
    assert metrics == {
        "wrong_refusal": 0.0,
        "contains_gold": 1.0,
        "direct_right": 1.0,
        "exact_match": 1.0,
        "char_f1": 1.0,
        "right": 1.0,
        "citation_recall": 0.5,
    }


def test_a_refusal_and_an_error_count_as_nothing() -> None:
    refused, failed = row_metrics(_row(abstained=True)), row_metrics(_row(error="broken"))
    nothing = {"contains_gold": 0, "direct_right": 0, "exact_match": 0, "char_f1": 0, "right": 0}
    assert refused == nothing | {"wrong_refusal": 1.0}
    assert failed == refused | {"wrong_refusal": 0.0}  # it did not refuse, it failed


def test_the_direct_answer_is_what_is_compared_with_the_gold() -> None:
    metrics = row_metrics(_row(answer="甲\n昨天甲来了。", direct="甲"))
    assert (metrics["exact_match"], metrics["char_f1"], metrics["direct_right"]) == (1.0, 1.0, 1.0)
    beside = row_metrics(_row(answer="乙\n昨天甲和乙来了。", direct="乙"))
    assert (beside["contains_gold"], beside["direct_right"], beside["exact_match"]) == (1.0, 0.0, 0.0)


def test_a_refusal_that_tells_what_the_pages_have_instead_is_right_where_that_is_the_gold() -> None:
    told = row_metrics(_row(answers=("10场",), abstained=True, answer="问题里说“28场”，文中是“10场”。"))
    assert (told["contains_gold"], told["right"], told["wrong_refusal"], told["exact_match"]) == (1.0, 1.0, 0.0, 0.0)


def test_an_unanswerable_question_is_rightly_refused_but_not_by_an_error() -> None:
    assert row_metrics(_row(answers=(), answerable=False, abstained=True))["right"] == 1.0
    assert row_metrics(_row(answers=(), answerable=False, answer="甲"))["right_refusal"] == 0.0
    assert row_metrics(_row(answers=(), answerable=False, error="broken"))["right"] == 0.0


def test_all_answers_together_are_the_gold_where_all_are_needed() -> None:
    metrics = row_metrics(_row(answers=("甲", "乙"), match="all", answer="甲乙"))
    assert (metrics["contains_gold"], metrics["exact_match"], metrics["char_f1"]) == (1.0, 1.0, 1.0)
    assert row_metrics(_row(answers=("甲", "乙"), match="all", answer="甲"))["contains_gold"] == 0.0


def test_auroc_counted_by_hand() -> None:
    # Of the pairs (0.8 > 0.3), (0.8 > 0.5), (0.4 > 0.3), (0.4 < 0.5) three are in order.
    assert auroc([0.8, 0.4, 0.3, 0.5], [True, True, False, False]) == pytest.approx(3 / 4)
    assert auroc([0.5, 0.5], [True, False]) == pytest.approx(0.5)
    assert auroc([0.5, 0.6], [True, True]) is None
    assert auroc([], []) is None


def test_calibration_counted_by_hand() -> None:
    # Bin [0.8, 0.9): mean 0.85, share right 1/2. Bin [0.1, 0.2): 0.1, share 0.
    confidences, right = [0.8, 0.9 - 1e-9, 0.1], [True, False, False]
    assert reliability(confidences, right) == [pytest.approx((0.1, 0.0, 1)), pytest.approx((0.85, 0.5, 2))]
    assert expected_calibration_error(confidences, right) == pytest.approx((0.35 * 2 + 0.1) / 3)
    assert expected_calibration_error([], []) is None
    assert expected_calibration_error([1.0], [True]) == 0.0  # the last bin holds 1.0 too
    with pytest.raises(EvaluationError, match="0 bins"):
        reliability([0.5], [True], bins=0)


def test_risk_and_coverage_counted_by_hand() -> None:
    points = risk_coverage([0.9, 0.7, 0.7, 0.2], [True, False, True, False])
    assert points == [(0.25, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]  # equals enter together
    assert risk_coverage([], []) == []
