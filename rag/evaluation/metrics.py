"""How good is a run? Pure functions of rows; no model is ever loaded here.

Ranking metrics come from ir-measures, which runs the field's reference implementation (trec_eval) and is small; ranx
needs a compiler at run time (numba) for the same numbers. Ours is only what it does not have: answers, citations,
abstention.

References:
    Manning, Raghavan, Schütze: Introduction to Information Retrieval (2008), chapter 8 (recall, MRR, nDCG).
    Cui et al.: A Span-Extraction Dataset for Chinese Machine Reading Comprehension (2019) (character F1).
    Guo et al.: On Calibration of Modern Neural Networks (2017) (expected calibration error).
    El-Yaniv, Wiener: On the Foundations of Noise-free Selective Classification (2010) (risk and coverage).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from index.text import fold
from rag.errors import EvaluationError
from rag.evaluation.matching import contains_gold, normalise
from rag.evaluation.rows import Row

__all__ = [
    "Qrels",
    "Run",
    "auroc",
    "char_f1",
    "expected_calibration_error",
    "rank_metrics",
    "reliability",
    "risk_coverage",
    "row_metrics",
]

Run = Mapping[str, Mapping[str, float]]
"""query_id -> {unit_id: score}, higher is better."""

Qrels = Mapping[str, Mapping[str, int]]
"""query_id -> {unit_id: grade}; a grade above 0 is relevant."""

_Values = Sequence[float] | NDArray[np.float64]
_Labels = Sequence[bool] | NDArray[np.bool_]
_RANKING = {"recall@1": "R@1", "recall@5": "R@5", "recall@10": "R@10", "mrr@10": "RR@10", "ndcg@10": "nDCG@10"}
_MIXED = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?|\w")


def rank_metrics(run: Run, qrels: Qrels) -> dict[str, dict[str, float]]:
    """recall@1/5/10, MRR@10 and nDCG@10 of every judged query.

    A judged query that the run does not mention gets 0.0, so losing a query lowers the mean.

    Args:
        run: Ties go to the smaller unit_id.
        qrels: Queries without a relevant unit are skipped.

    Returns:
        query_id -> metric -> value in [0, 1].

    Example:
        >>> rank_metrics({"q": {"a": 0.9, "b": 0.8}}, {"q": {"b": 1}})["q"]["mrr@10"]
        0.5
    """
    import ir_measures

    judged = {query: grades for query, grades in qrels.items() if any(grade > 0 for grade in grades.values())}
    if not judged:
        return {}
    # Its back ends disagree on the order of equal scores, so they are given ranks, which have none.
    ranks = {
        query: {unit: -float(rank) for rank, unit in enumerate(sorted(run[query], key=lambda u: (-run[query][u], u)))}
        for query in judged
        if run.get(query)
    }
    measures = {ir_measures.parse_measure(name): ours for ours, name in _RANKING.items()}
    found: dict[str, dict[str, float]] = {query: dict.fromkeys(_RANKING, 0.0) for query in judged}
    plain = {query: dict(grades) for query, grades in judged.items()}
    for value in ir_measures.iter_calc(list(measures), plain, ranks):
        found[value.query_id][measures[value.measure]] = float(value.value)
    return found


def row_metrics(row: Row) -> dict[str, float]:
    """The metrics of one answer; those that do not apply to the question are left out.

    Returns:
        For an answerable question ``contains_gold``, ``direct_right``, ``exact_match``, ``char_f1`` (0.0 each for a
        refusal or an error; the last three are of the direct answer where there is one) and ``wrong_refusal``; for
        another ``right_refusal``; ``right`` for both. With citations ``verbatim``; where gold evidence is known
        ``citation_precision`` (of an answer) and ``citation_recall``.
    """
    failed = bool(row.error)
    refused = row.abstained and not failed
    if not row.answerable:
        return {"right": float(refused), "right_refusal": float(refused)} | _citation_metrics(row)
    answered = not (row.abstained or failed)
    metrics = {"wrong_refusal": float(refused)}
    right = refused
    if row.answers:
        # A refusal that tells what the pages have instead is the right answer to a question with a wrong premise.
        right = not failed and bool(row.answer) and contains_gold(row.answer, row.answers, row.match)
        told = row.direct or row.answer
        gold = ("".join(row.answers),) if row.match == "all" else row.answers
        metrics["contains_gold"] = metrics["right"] = float(right)
        metrics["direct_right"] = float(right and contains_gold(told, row.answers, row.match))
        metrics["exact_match"] = float(answered and normalise(told) in {normalise(text) for text in gold})
        metrics["char_f1"] = max((char_f1(told, text) for text in gold), default=0.0) if answered else 0.0
        metrics["wrong_refusal"] = float(refused and not right)
    return metrics | _citation_metrics(row)


def char_f1(prediction: str, gold: str) -> float:
    """F1 of the longest common stretch, as CMRC 2018 scores it.

    Both texts are cut into single Chinese characters and whole Latin words and numbers, without punctuation.

    Returns:
        A value in [0, 1]; 0.0 when one of them is empty.

    Example:
        >>> char_f1("一共169项", "169项")  # 2 of 4 and 2 of 2 tokens
        0.6666666666666666
    """
    found, wanted = _MIXED.findall(fold(prediction)), _MIXED.findall(fold(gold))
    if not found or not wanted:
        return 0.0
    common = SequenceMatcher(None, found, wanted, autojunk=False).find_longest_match().size
    return 2 * common / (len(found) + len(wanted))


def auroc(scores: _Values, labels: _Labels) -> float | None:
    """Chance that a true one is scored above a false one, ties counting half; None when one kind is missing."""
    from sklearn.metrics import roc_auc_score

    truth = np.asarray(labels, bool)
    return float(roc_auc_score(truth, scores)) if truth.any() and not truth.all() else None


def reliability(confidences: _Values, right: _Labels, bins: int = 10) -> list[tuple[float, float, int]]:
    """Mean confidence, share right, and count of each bin of equal width that holds anything.

    Raises:
        EvaluationError: ``bins`` is below 1.
    """
    if bins < 1:
        raise EvaluationError(f"{bins} bins.", "Give 1 or more.")
    sure, truth = np.asarray(confidences, float), np.asarray(right, float)
    places = np.minimum((sure * bins).astype(int), bins - 1)
    held = [places == place for place in range(bins)]
    return [(float(sure[here].mean()), float(truth[here].mean()), int(here.sum())) for here in held if here.any()]


def expected_calibration_error(confidences: _Values, right: _Labels, bins: int = 10) -> float | None:
    """Mean distance between confidence and share right over bins of equal width; None without any answer.

    Example:
        >>> expected_calibration_error([0.95, 0.95], [True, False])
        0.45
    """
    if len(confidences) == 0:
        return None
    table = reliability(confidences, right, bins)
    return round(sum(count * abs(sure - share) for sure, share, count in table) / len(confidences), 12)


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[tuple[float, float]]:
    """Coverage and risk when only the surest answers are given, from one answer to all.

    Returns:
        Pairs (share answered, share of wrong ones among them); answers of equal confidence enter together.
    """
    order = sorted(range(len(confidences)), key=lambda i: -confidences[i])
    points: list[tuple[float, float]] = []
    wrong = 0
    for count, index in enumerate(order, start=1):
        wrong += not right[index]
        last_of_its_kind = count == len(order) or confidences[order[count]] < confidences[index]
        if last_of_its_kind:
            points.append((count / len(order), wrong / count))
    return points


def _citation_metrics(row: Row) -> dict[str, float]:
    metrics: dict[str, float] = {}
    if row.citations:
        metrics["verbatim"] = row.verbatim / len(row.citations)
        if row.evidence:
            metrics["citation_precision"] = row.supporting / len(row.citations)
    if row.evidence:
        metrics["citation_recall"] = row.supported / row.evidence
    return metrics
