"""Metrics over runs small enough to be counted by hand, and invariants over any run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import EvaluationError
from rag.evaluation.metrics import recall_at_k, reciprocal_rank_at_k

_RUN = {"q1": {"p1": 0.9, "p2": 0.8, "p3": 0.7}, "q2": {"p4": 0.5}}
_QRELS = {"q1": {"p2": 1, "p3": 1}, "q2": {"p4": 1}, "q3": {"p9": 1}, "q4": {"p1": 0}}

_scores = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), max_size=6)
_grades = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 1), max_size=6)
_names = st.sampled_from(["q1", "q2", "q3"])


def test_recall_counted_by_hand() -> None:
    # q1: one of two in the first 2; q2: one of one; q3 is missing from the run: 0; q4 has nothing relevant: skipped.
    assert recall_at_k(_RUN, _QRELS, 2) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert recall_at_k(_RUN, _QRELS, 1) == pytest.approx((0 + 1 + 0) / 3)


def test_reciprocal_rank_counted_by_hand() -> None:
    # q1: first relevant at rank 2; q2: at rank 1; q3: missing.
    assert reciprocal_rank_at_k(_RUN, _QRELS, 10) == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert reciprocal_rank_at_k(_RUN, _QRELS, 1) == pytest.approx((0 + 1 + 0) / 3)


def test_equal_scores_are_ordered_by_passage() -> None:
    run, qrels = {"q": {"b": 0.5, "a": 0.5}}, {"q": {"a": 1}}
    assert recall_at_k(run, qrels, 1) == 1.0


@pytest.mark.parametrize("metric", [recall_at_k, reciprocal_rank_at_k])
def test_impossible_questions_are_errors(metric) -> None:
    with pytest.raises(EvaluationError, match="cut-off rank is 0"):
        metric(_RUN, _QRELS, 0)
    with pytest.raises(EvaluationError, match="No query has a relevant passage"):
        metric(_RUN, {"q1": {"p1": 0}}, 5)


@pytest.mark.parametrize("metric", [recall_at_k, reciprocal_rank_at_k])
@given(run=st.dictionaries(_names, _scores), qrels=st.dictionaries(_names, _grades), k=st.integers(1, 7))
def test_values_lie_in_0_1_and_do_not_depend_on_order(metric, run, qrels, k) -> None:
    if not any(grade > 0 for grades in qrels.values() for grade in grades.values()):
        return
    value = metric(run, qrels, k)
    assert 0.0 <= value <= 1.0
    turned = {query: dict(reversed(scores.items())) for query, scores in reversed(run.items())}
    assert metric(turned, qrels, k) == pytest.approx(value)
    assert metric(run, qrels, k + 1) >= value
