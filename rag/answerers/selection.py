"""Which sentences make the answer? One for a fact, several for a list, a reason or a way of doing something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag.answerers.features import Candidate
from rag.question import Asks, Question

__all__ = ["Scored", "select"]

_LEAST_GAIN = 0.3  # share of the question's words that a further sentence must add
_WIDE = {Asks.LIST, Asks.MANNER}
_MOST = {"wide": 4, "narrow": 2}
_LEAST_SHARE = {"wide": 0.35, "narrow": 0.8, "gain": 0.4}  # of the best score, which a further sentence must have
# Chosen on questions kept from the fit, `python -m benchmarks.fit`: more sentences hold the gold more often, and are
# evidence less often.


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate sentence with its score in (0, 1), how likely it is to hold the answer if there is one."""

    candidate: Candidate
    score: float


def select(question: Question, ranked: Sequence[Scored], weights: Mapping[str, float]) -> list[Candidate]:
    """The sentences to quote.

    Args:
        question: The question.
        ranked: Candidates, best first; one or more.
        weights: How much each word of the question counts.

    Returns:
        The best one, and such as add to it: near in score, or holding words of the question that it lacks. Those of
        one article stand in its order; the article of the best one comes first.
    """
    kind = "wide" if question.asks in _WIDE else "narrow"
    best = ranked[0]
    chosen = [best.candidate]
    missing = {word: weight for word, weight in weights.items() if word not in best.candidate.words}
    for scored in ranked[1:]:
        if len(chosen) == _MOST[kind]:
            break
        gain = sum(weight for word, weight in missing.items() if word in scored.candidate.words)
        adds = (
            gain >= _LEAST_GAIN * (sum(weights.values()) or 1.0) and scored.score >= _LEAST_SHARE["gain"] * best.score
        )
        if (adds or scored.score >= _LEAST_SHARE[kind] * best.score) and not _repeats(scored.candidate, chosen):
            chosen.append(scored.candidate)
            missing = {word: weight for word, weight in missing.items() if word not in scored.candidate.words}
    return _in_order(chosen)


def _repeats(candidate: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether it says in nearly the same words what is chosen already, as two reports of one event do."""
    return any(len(candidate.words & other.words) > 0.8 * len(candidate.words | other.words) for other in chosen)


def _in_order(chosen: Sequence[Candidate]) -> list[Candidate]:
    articles = list(dict.fromkeys(candidate.article_id for candidate in chosen))
    return sorted(chosen, key=lambda candidate: (articles.index(candidate.article_id), candidate.extract.start))
