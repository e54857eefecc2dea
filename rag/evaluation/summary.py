"""What do the rows of a run add up to? Every metric for all questions and each type, with a bootstrap interval.

References:
    Efron, Tibshirani: An Introduction to the Bootstrap (1993), chapter 13 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.evaluation.metrics import auroc, expected_calibration_error, rank_metrics, row_metrics
from rag.evaluation.rows import Row

__all__ = [
    "LOWER_IS_BETTER",
    "METRICS",
    "Estimate",
    "Summary",
    "per_question",
    "summarise",
    "summary_from_json",
    "summary_to_json",
]

METRICS: dict[str, str] = {
    "recall@1": "share of the relevant found at rank 1",
    "recall@5": "share of the relevant found in the first 5",
    "recall@10": "share of the relevant found in the first 10",
    "mrr@10": "one over the rank of the first relevant",
    "ndcg@10": "normalised discounted cumulative gain in the first 10",
    "contains_gold": "answers that contain the gold; a refusal counts as 0",
    "direct_right": "direct answers that contain the gold; a refusal counts as 0",
    "exact_match": "direct answers that are the gold",
    "char_f1": "character F1 of the direct answer, as CMRC 2018 scores it",
    "right": "answers that contain the gold, or refusals where there is none",
    "wrong_refusal": "refusals among the answerable",
    "right_refusal": "refusals among the unanswerable",
    "verbatim": "citations that are exactly what stands in the page",
    "citation_precision": "citations that are about gold evidence",
    "citation_recall": "gold evidence that some citation is about",
    "auroc": "chance that a right answer is surer than a wrong one",
    "auroc_answerable": "chance that an answerable question gets more confidence than an unanswerable one",
    "ece": "expected calibration error of the answers given, 10 bins",
    "p50_ms": "median time for a question, milliseconds",
    "p95_ms": "95th percentile of the time for a question, milliseconds",
}
"""Name -> what it says; in the order of every table."""

LOWER_IS_BETTER = frozenset({"wrong_refusal", "ece", "p50_ms", "p95_ms"})
"""Of these a smaller value is the better one."""

_Floats = NDArray[np.float64]
_RESAMPLES, _SEED = 1000, 20260101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric's value, its 95 % interval, and how many questions it is measured on."""

    value: float
    low: float
    high: float
    count: int


Summary = dict[str, dict[str, Estimate]]
"""Group ("all" or a type) -> metric -> estimate; a metric that does not apply is left out."""


def per_question(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Question id -> metric -> value, for the metrics that are means over questions."""
    ranked = rank_metrics(
        {row.id: row.ranked for row in rows}, {row.id: dict.fromkeys(row.relevant, 1) for row in rows}
    )
    return {row.id: ranked.get(row.id, {}) | row_metrics(row) for row in rows}


def summarise(rows: Sequence[Row]) -> Summary:
    """Every metric for all rows and for each type of question."""
    values = per_question(rows)
    groups: dict[str, list[Row]] = {"all": list(rows)}
    for row in rows:
        groups.setdefault(row.type, []).append(row)
    return {name: _estimates(group, values) for name, group in groups.items()}


def summary_to_json(summary: Summary) -> dict[str, Any]:
    """Plain dictionaries."""
    return {group: {name: asdict(estimate) for name, estimate in metrics.items()} for group, metrics in summary.items()}


def summary_from_json(value: Mapping[str, Any]) -> Summary:
    """The inverse of :func:`summary_to_json`."""
    return {group: {name: Estimate(**told) for name, told in metrics.items()} for group, metrics in value.items()}


def _estimates(group: Sequence[Row], values: Mapping[str, Mapping[str, float]]) -> dict[str, Estimate]:
    found: dict[str, Estimate] = {}
    sample = _sample(group, values)
    for name in METRICS:
        if name in _OF_SAMPLES:
            estimate = _of_sample(sample, _OF_SAMPLES[name])
        else:
            estimate = _of_mean([values[row.id][name] for row in group if name in values[row.id]])
        if estimate is not None:
            found[name] = estimate
    return found


def _of_mean(values: Sequence[float]) -> Estimate | None:
    if not values:
        return None
    sample = np.asarray(values, float)
    draws = np.random.default_rng(_SEED).integers(0, len(sample), (_RESAMPLES, len(sample)))
    low, high = np.percentile(sample[draws].mean(axis=1), [2.5, 97.5])
    return Estimate(float(sample.mean()), float(low), float(high), len(sample))


def _of_sample(sample: _Sample, statistic: Callable[[_Sample], float | None]) -> Estimate | None:
    value = statistic(sample) if len(sample.total) else None
    if value is None:
        return None
    draws = np.random.default_rng(_SEED).integers(0, len(sample.total), (_RESAMPLES // 5, len(sample.total)))
    resampled = [found for draw in draws if (found := statistic(sample.drawn(draw))) is not None]
    low, high = np.percentile(resampled or [value], [2.5, 97.5])
    return Estimate(value, float(low), float(high), len(sample.total))


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the statistics of a whole sample are made of: one entry per question.

    Attributes:
        confidence: In [0, 1].
        right: 1.0 or 0.0; not a number where no answer was given or its rightness is not known.
        answerable: Whether the collection holds an answer.
        total: Milliseconds.
    """

    confidence: _Floats
    right: _Floats
    answerable: NDArray[np.bool_]
    total: _Floats

    def drawn(self, draw: NDArray[np.int64]) -> _Sample:
        return _Sample(self.confidence[draw], self.right[draw], self.answerable[draw], self.total[draw])

    def answered(self) -> tuple[_Floats, NDArray[np.bool_]]:
        """Confidence and rightness of the answers that were given."""
        given = ~np.isnan(self.right)
        return self.confidence[given], self.right[given] == 1.0


def _sample(rows: Sequence[Row], values: Mapping[str, Mapping[str, float]]) -> _Sample:
    def right(row: Row) -> float:
        given = not row.abstained and not row.error
        return values[row.id].get("right", np.nan) if given else np.nan

    return _Sample(
        np.array([row.confidence for row in rows], float),
        np.array([right(row) for row in rows], float),
        np.array([row.answerable for row in rows], bool),
        np.array([row.timings.get("total", 0.0) for row in rows], float),
    )


def _percentile(share: float) -> Callable[[_Sample], float | None]:
    return lambda sample: float(np.percentile(sample.total, share))


_OF_SAMPLES: dict[str, Callable[[_Sample], float | None]] = {
    "auroc": lambda sample: auroc(*sample.answered()),
    "auroc_answerable": lambda sample: auroc(sample.confidence, sample.answerable),
    "ece": lambda sample: expected_calibration_error(*sample.answered()),
    "p50_ms": _percentile(50),
    "p95_ms": _percentile(95),
}
