"""Is one run better than another, and is a run good enough? Paired tests per metric, and gates for CI.

References:
    Smucker, Allan, Carterette: A Comparison of Statistical Significance Tests for IR Evaluation (2007).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag.errors import EvaluationError
from rag.evaluation.summary import LOWER_IS_BETTER, METRICS, Summary

__all__ = ["Comparison", "Gate", "check_gates", "compare", "parse_gates", "worse"]

_SHUFFLES, _SEED = 10_000, 20260101
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_GATE = re.compile(r"\s*(?:(?P<group>[^:<>=]+):)?(?P<metric>[\w@]+)\s*(?P<sign>>=|<=|==|>|<)\s*(?P<bound>[\d.]+)\s*")


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two runs over the questions that both have.

    Attributes:
        metric: Its name.
        before: Mean of the first run.
        after: Mean of the second.
        low: Lower end of the difference's 95 % bootstrap interval.
        high: Upper end.
        p: Two-sided p-value of a paired randomisation test.
        better: Questions on which the second is better.
        worse: Questions on which it is worse.
        ties: How many are equal.
    """

    metric: str
    before: float
    after: float
    low: float
    high: float
    p: float
    better: tuple[str, ...]
    worse: tuple[str, ...]
    ties: int


@dataclass(frozen=True, slots=True)
class Gate:
    """A bound that a metric must keep, such as ``recall@5>=0.9`` or ``paraphrase:recall@5>=0.5``."""

    group: str
    metric: str
    sign: str
    bound: float


def compare(before: Mapping[str, Mapping[str, float]], after: Mapping[str, Mapping[str, float]]) -> list[Comparison]:
    """Compare two runs question by question.

    Args:
        before: question id -> metric -> value of the first run.
        after: The same of the second.

    Returns:
        One comparison per metric that both have, in the order of ``METRICS``.

    Raises:
        EvaluationError: The runs share no question.
    """
    shared = sorted(before.keys() & after.keys())
    if not shared:
        raise EvaluationError("The two runs have no question in common.", "Compare runs of the same questions.")
    found = []
    for metric in METRICS:
        asked = [name for name in shared if metric in before[name] and metric in after[name]]
        if asked:
            found.append(_compare_metric(metric, asked, before, after))
    return found


def worse(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Those whose difference is a loss beyond its interval."""
    return [c for c in comparisons if (c.low > 0 if c.metric in LOWER_IS_BETTER else c.high < 0)]


def parse_gates(text: str) -> list[Gate]:
    """Read ``"recall@5>=0.9, verbatim==1"``.

    Raises:
        EvaluationError: A gate is malformed or names no metric.
    """
    gates = []
    for part in filter(str.strip, text.split(",")):
        match = _GATE.fullmatch(part)
        if not match:
            raise EvaluationError(f"The gate {part.strip()!r} is malformed.", "Write it as recall@5>=0.9.")
        if match["metric"] not in METRICS:
            raise EvaluationError(
                f"The gate {part.strip()!r} names no metric.", f"The metrics are {', '.join(METRICS)}."
            )
        gates.append(Gate((match["group"] or "all").strip(), match["metric"], match["sign"], float(match["bound"])))
    if not gates:
        raise EvaluationError("There is no gate to check.", "Write one as recall@5>=0.9.")
    return gates


def check_gates(gates: Sequence[Gate], summary: Summary) -> list[str]:
    """The gates that a run does not keep, in words; empty when it keeps all.

    Raises:
        EvaluationError: The run does not measure what a gate is about.
    """
    broken = []
    for gate in gates:
        estimate = summary.get(gate.group, {}).get(gate.metric)
        if estimate is None:
            raise EvaluationError(
                f"The run does not measure {gate.metric} for {gate.group!r}.",
                f"Its groups are {', '.join(summary)}.",
            )
        if not _OPERATORS[gate.sign](round(estimate.value, 9), gate.bound):
            broken.append(f"{gate.group}:{gate.metric} is {estimate.value:.4f}, not {gate.sign} {gate.bound:g}")
    return broken


def _compare_metric(
    metric: str,
    asked: Sequence[str],
    before: Mapping[str, Mapping[str, float]],
    after: Mapping[str, Mapping[str, float]],
) -> Comparison:
    old = np.array([before[name][metric] for name in asked])
    new = np.array([after[name][metric] for name in asked])
    difference = new - old
    gain = -difference if metric in LOWER_IS_BETTER else difference
    random = np.random.default_rng(_SEED)
    draws = random.integers(0, len(asked), (_SHUFFLES // 10, len(asked)))
    low, high = np.percentile(difference[draws].mean(axis=1), [2.5, 97.5])
    return Comparison(
        metric=metric,
        before=float(old.mean()),
        after=float(new.mean()),
        low=float(low),
        high=float(high),
        p=_randomisation_p(difference, random),
        better=tuple(name for name, value in zip(asked, gain, strict=True) if value > 0),
        worse=tuple(name for name, value in zip(asked, gain, strict=True) if value < 0),
        ties=int((difference == 0).sum()),
    )


def _randomisation_p(difference: np.ndarray[tuple[int], np.dtype[np.float64]], random: np.random.Generator) -> float:
    """How often a mean this far from 0 comes about when each question's sign is drawn by a coin."""
    nonzero = difference[difference != 0]
    if len(nonzero) == 0:
        return 1.0
    signs = random.choice([-1.0, 1.0], (_SHUFFLES, len(nonzero)))
    extreme = np.abs(signs @ nonzero) >= abs(nonzero.sum()) - 1e-12
    return float((extreme.sum() + 1) / (_SHUFFLES + 1))
