"""What did every question get, and what does that add up to?"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.evaluation.matching import contains_gold
from rag.evaluation.metrics import recall_at_k, reciprocal_rank_at_k
from rag.evaluation.questions import EvalQuestion

__all__ = ["Outcome", "summarise"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a system returned for one question.

    Attributes:
        question: The question with its gold.
        scores: passage_id -> score, as retrieved.
        relevant: The passages that hold the evidence.
        text: The answer without its ``[n]`` marks; empty when it abstained.
        abstained: True when it said that the collection holds no answer.
        confidence: In [0, 1].
        citations: How many it gave.
        verbatim: How many of them are exactly what stands in the page.
        milliseconds: Time for the question.
    """

    question: EvalQuestion
    scores: dict[str, float]
    relevant: frozenset[str]
    text: str
    abstained: bool
    confidence: float
    citations: int
    verbatim: int
    milliseconds: float

    @property
    def right(self) -> bool:
        """Whether the answer contains the gold; for an unanswerable question, whether it abstained."""
        if not self.question.answerable:
            return self.abstained
        return not self.abstained and contains_gold(self.text, self.question.answers, self.question.match)


def summarise(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float | int | None]]:
    """Metrics for all questions and for each type.

    Returns:
        "all" and each type -> metric -> value; None where a metric has nothing to be measured on.
    """
    types = sorted({outcome.question.type for outcome in outcomes})
    groups = {"all": list(outcomes)} | {name: [o for o in outcomes if o.question.type == name] for name in types}
    return {name: _metrics(group) for name, group in groups.items()}


def _metrics(group: Sequence[Outcome]) -> dict[str, float | int | None]:
    answerable = [o for o in group if o.question.answerable]
    unanswerable = [o for o in group if not o.question.answerable]
    judged = [o for o in group if o.relevant]
    run = {o.question.id: o.scores for o in judged}
    qrels = {o.question.id: dict.fromkeys(o.relevant, 1) for o in judged}
    citations = sum(o.citations for o in group)
    return {
        "questions": len(group),
        "recall@1": recall_at_k(run, qrels, 1) if judged else None,
        "recall@5": recall_at_k(run, qrels, 5) if judged else None,
        "mrr@10": reciprocal_rank_at_k(run, qrels, 10) if judged else None,
        "contains_gold": _share(o.right for o in answerable),
        "wrong_refusals": _share(o.abstained for o in answerable),
        "right_refusals": _share(o.abstained for o in unanswerable),
        "citations": citations,
        "verbatim": sum(o.verbatim for o in group) / citations if citations else None,
        "median_ms": statistics.median(o.milliseconds for o in group),
    }


def _share(values: Iterable[bool]) -> float | None:
    flags = list(values)
    return sum(flags) / len(flags) if flags else None
