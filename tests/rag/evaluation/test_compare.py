"""Two runs compared question by question, and gates."""

from __future__ import annotations

import pytest

from rag.errors import EvaluationError
from rag.evaluation.compare import Gate, check_gates, compare, parse_gates, worse
from rag.evaluation.summary import Estimate


def _run(values: list[float], metric: str = "recall@5") -> dict[str, dict[str, float]]:
    return {f"q{n:02}": {metric: value} for n, value in enumerate(values)}


def test_a_comparison_counted_by_hand() -> None:
    (found,) = compare(_run([0, 1, 0, 1]), _run([1, 1, 0, 0]))
    assert (found.before, found.after) == (0.5, 0.5)
    assert (found.better, found.worse, found.ties) == (("q00",), ("q03",), 2)
    assert found.low < 0 < found.high
    assert found.p == pytest.approx(1.0)  # +1 and -1: every sign gives a sum at least as far from 0


def test_the_randomisation_test_counts_signs() -> None:
    # Five gains and no loss: of the 32 ways to draw signs two are as extreme, so p is near 2/32.
    (found,) = compare(_run([0] * 5 + [1] * 5), _run([1] * 10))
    assert found.p == pytest.approx(2 / 32, abs=0.01)


def test_equal_runs_differ_by_nothing() -> None:
    (found,) = compare(_run([0, 1]), _run([0, 1]))
    assert (found.low, found.high, found.p, found.ties) == (0.0, 0.0, 1.0, 2)
    assert worse([found]) == []


def test_a_loss_beyond_its_interval_is_worse_and_a_small_one_is_not() -> None:
    clear = compare(_run([1] * 20), _run([0] * 10 + [1] * 10))
    assert [c.metric for c in worse(clear)] == ["recall@5"]
    slight = compare(_run([1] * 20), _run([0] + [1] * 19))
    assert worse(slight) == []


def test_where_less_is_better_a_rise_is_a_loss() -> None:
    (found,) = compare(_run([0] * 10, "wrong_refusal"), _run([1] * 10, "wrong_refusal"))
    assert (found.better, len(found.worse)) == ((), 10)
    assert worse([found]) == [found]


def test_only_what_both_measure_is_compared() -> None:
    assert compare({"a": {"recall@5": 1.0}, "b": {}}, {"a": {"mrr@10": 1.0}, "b": {"recall@5": 1.0}}) == []
    with pytest.raises(EvaluationError, match="no question in common"):
        compare(_run([1]), {"other": {"recall@5": 1.0}})


def test_gates_are_read() -> None:
    assert parse_gates(" recall@5>=0.9, verbatim == 1,paraphrase:mrr@10>0.4 ") == [
        Gate("all", "recall@5", ">=", 0.9),
        Gate("all", "verbatim", "==", 1.0),
        Gate("paraphrase", "mrr@10", ">", 0.4),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("recal@5>=0.9", "names no metric"),
        ("recall@5", "malformed"),
        ("recall@5>=viel", "malformed"),
        (" , ", "no gate to check"),
    ],
)
def test_a_wrong_gate_is_told(text: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=message):
        parse_gates(text)


def test_gates_are_kept_or_broken() -> None:
    summary = {"all": {"recall@5": Estimate(0.875, 0.8, 0.9, 96), "verbatim": Estimate(1.0, 1.0, 1.0, 60)}}
    assert check_gates(parse_gates("recall@5>=0.875, verbatim==1"), summary) == []
    assert check_gates(parse_gates("recall@5>=0.9, verbatim==1"), summary) == ["all:recall@5 is 0.8750, not >= 0.9"]
    with pytest.raises(EvaluationError, match="does not measure mrr@10 for 'all'"):
        check_gates(parse_gates("mrr@10>0"), summary)
    with pytest.raises(EvaluationError, match="Its groups are all"):
        check_gates(parse_gates("nobody:recall@5>0"), summary)
