"""Rows add up to estimates whose values are counted by hand and whose intervals hold them."""

from __future__ import annotations

import json

import pytest

from rag.evaluation.rows import ROW, Row
from rag.evaluation.summary import METRICS, per_question, summarise, summary_from_json, summary_to_json


def _row(name: str, kind: str = "fact", **told) -> Row:
    known = {"answers": ("甲",), "relevant": ("p1",), "ranked": {"p1": 1.0}, "timings": {"total": 10.0}}
    return Row(**({"id": name, "type": kind, "question": "?"} | known | told))


_ROWS = [
    _row("right", answer="甲", confidence=0.9),
    _row("wrong", answer="乙", confidence=0.4, ranked={"p2": 1.0, "p1": 0.5}, timings={"total": 30.0}),
    _row("refused", abstained=True, confidence=0.1, ranked={}),
    _row("none", "hole", answers=(), relevant=(), answerable=False, abstained=True, confidence=0.0),
]


def test_values_counted_by_hand() -> None:
    summary = summarise(_ROWS)
    everything = {name: estimate.value for name, estimate in summary["all"].items()}
    assert everything["recall@1"] == pytest.approx(1 / 3)  # of three with something relevant
    assert everything["recall@5"] == pytest.approx(2 / 3)
    assert everything["mrr@10"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert everything["contains_gold"] == pytest.approx(1 / 3)
    assert everything["wrong_refusal"] == pytest.approx(1 / 3)
    assert everything["right_refusal"] == 1.0
    assert everything["right"] == pytest.approx(2 / 4)
    assert everything["auroc"] == 1.0  # of the two answers given the right one is surer
    assert everything["ece"] == pytest.approx((0.1 + 0.4) / 2)
    assert everything["p50_ms"] == 10.0
    assert set(summary) == {"all", "fact", "hole"}
    assert "recall@1" not in summary["hole"]


def test_counts_say_on_how_many_questions_it_is_measured() -> None:
    summary = summarise(_ROWS)["all"]
    assert (summary["recall@1"].count, summary["right_refusal"].count, summary["p50_ms"].count) == (3, 1, 4)


def test_intervals_hold_the_value_and_are_the_same_every_time() -> None:
    once, again = summarise(_ROWS), summarise(_ROWS)
    assert once == again
    for metrics in once.values():
        for estimate in metrics.values():
            assert estimate.low <= estimate.value + 1e-9
            assert estimate.value <= estimate.high + 1e-9


def test_nobodys_interval_is_wider_than_the_scale_and_a_constant_has_none() -> None:
    rows = [_row(f"q{n}", answer="甲", confidence=0.9) for n in range(20)]
    estimate = summarise(rows)["all"]["contains_gold"]
    assert (estimate.low, estimate.value, estimate.high) == (1.0, 1.0, 1.0)


def test_only_known_metrics_are_reported_and_all_of_them_are_described() -> None:
    for values in per_question(_ROWS).values():
        assert set(values) <= set(METRICS)
    assert all(METRICS.values())


def test_a_summary_survives_json() -> None:
    summary = summarise(_ROWS)
    assert summary_from_json(json.loads(json.dumps(summary_to_json(summary)))) == summary


def test_a_row_survives_json() -> None:
    assert [ROW.validate_json(ROW.dump_json(row)) for row in _ROWS] == _ROWS


def test_no_rows_add_up_to_nothing() -> None:
    assert summarise([]) == {"all": {}}
