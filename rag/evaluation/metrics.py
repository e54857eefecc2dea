"""How good is a run? Pure functions of what was returned and what is relevant; no model is ever loaded here."""

from __future__ import annotations

from collections.abc import Mapping

from rag.errors import EvaluationError

__all__ = ["Qrels", "Run", "recall_at_k", "reciprocal_rank_at_k"]

Run = Mapping[str, Mapping[str, float]]
"""query_id -> {passage_id: score}, higher is better."""

Qrels = Mapping[str, Mapping[str, int]]
"""query_id -> {passage_id: grade}; a grade above 0 is relevant."""


def recall_at_k(run: Run, qrels: Qrels, k: int) -> float:
    """Mean share of the relevant passages found in the first ``k`` hits.

    A judged query that the run does not mention counts as 0.0, so losing a query lowers the score.

    Args:
        run: Ties go to the smaller passage_id.
        qrels: Queries without a relevant passage are skipped.
        k: Cut-off rank, 1 or more.

    Returns:
        A value in [0, 1], averaged over the judged queries.

    Raises:
        EvaluationError: ``k`` is below 1, or no query has a relevant passage.

    References:
        Manning, Raghavan, Schütze: Introduction to Information Retrieval (2008), chapter 8.

    Example:
        >>> recall_at_k({"q1": {"p1": 0.9, "p2": 0.8}}, {"q1": {"p2": 1, "p3": 1}}, k=2)
        0.5
    """
    judged = _judged(qrels, k)
    shares = [len(relevant & set(_top(run, query, k))) / len(relevant) for query, relevant in judged.items()]
    return sum(shares) / len(shares)


def reciprocal_rank_at_k(run: Run, qrels: Qrels, k: int) -> float:
    """Mean of one over the rank of the first relevant passage; 0.0 where none is in the first ``k`` hits.

    Arguments, errors and the treatment of missing queries are those of :func:`recall_at_k`.

    Example:
        >>> reciprocal_rank_at_k({"q1": {"p1": 0.9, "p2": 0.8}}, {"q1": {"p2": 1}}, k=10)
        0.5
    """
    judged = _judged(qrels, k)
    values = [
        next((1 / rank for rank, hit in enumerate(_top(run, query, k), start=1) if hit in relevant), 0.0)
        for query, relevant in judged.items()
    ]
    return sum(values) / len(values)


def _judged(qrels: Qrels, k: int) -> dict[str, set[str]]:
    if k < 1:
        raise EvaluationError(f"The cut-off rank is {k}.", "Give 1 or more.")
    judged = {query: {p for p, grade in grades.items() if grade > 0} for query, grades in qrels.items()}
    judged = {query: relevant for query, relevant in judged.items() if relevant}
    if not judged:
        raise EvaluationError("No query has a relevant passage.", "Give questions with evidence.")
    return judged


def _top(run: Run, query: str, k: int) -> list[str]:
    scores = run.get(query, {})
    return sorted(scores, key=lambda passage_id: (-scores[passage_id], passage_id))[:k]
