"""Which sentence answers? A reader that needs no language model and only ever points at text of the pages.

Each sentence of the passages is scored by a linear model of transparent features (``rag.answerers.features``), and a
second one turns the best sentence's features into a confidence. Both are logistic regressions that
``benchmarks/fit_reader.py`` fits on public question sets, with each question asked twice: as it is, and with the
pages that answer it taken away.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from index.store import Store
from rag.answerers.base import Reading
from rag.answerers.features import FEATURES, Candidate, find_candidates, word_weights
from rag.question import Question
from rag.schema import Hit

__all__ = ["ExtractiveReader"]

# Printed by: python -m benchmarks.fit_reader (its command line is in its first lines)
_SCORE = {
    "own": 1.83,
    "around": -2.16,
    "pairs": 1.41,
    "likeness": 2.13,
    "place": 3.43,
    "ranked": 2.41,
    "names": -0.36,
    "fits": 1.19,
    "constant": -7.71,
}
_CONFIDENCE = {
    "own": 2.75,
    "around": -1.03,
    "pairs": 1.25,
    "likeness": 2.99,
    "place": 0.85,
    "ranked": 5.73,
    "names": -0.25,
    "fits": 0.44,
    "constant": -9.8,
}

_FITS = list(FEATURES).index("fits")
_MOST_EXTRACTS = 3
_LEAST_GAIN = 0.3  # share of the question's words that a further sentence must add
_LEAST_SCORE = 2.5  # how far, in logits, a further sentence may stay behind the best


class ExtractiveReader:
    """Answers with sentences of the passages, or abstains.

    Args:
        min_confidence: In [0, 1]; below it the reader abstains.
    """

    def __init__(self, min_confidence: float = 0.15) -> None:
        self.min_confidence = min_confidence

    def read(self, question: Question, hits: Sequence[Hit], store: Store) -> Reading:
        """Find what answers; see :class:`rag.answerers.base.Reader`."""
        ranked = sorted(
            find_candidates(question, hits, store),
            key=lambda c: (-_linear(_SCORE, c), c.extract.passage_id, c.extract.start),
        )
        if not ranked:
            return Reading((), 0.0, "no passage has to do with the question")
        fitting = [c for c in ranked if c.features[_FITS] > 0]
        if not fitting:
            return Reading((), 0.0, "no sentence holds the number or time that is asked for")
        best = fitting[0]
        confidence = 1 / (1 + math.exp(-_linear(_CONFIDENCE, best)))
        told = ", ".join(f"{name} {value:.2f}" for name, value in zip(FEATURES, best.features, strict=True))
        if confidence < self.min_confidence:
            return Reading((), confidence, f"confidence below {self.min_confidence:.2f}; best sentence: {told}")
        chosen = _choose(fitting, word_weights(question, store))
        return Reading(tuple(c.extract for c in chosen), confidence, f"best sentence: {told}")


def _linear(weights: Mapping[str, float], candidate: Candidate) -> float:
    pairs = zip(FEATURES, candidate.features, strict=True)
    return weights["constant"] + sum(weights[name] * value for name, value in pairs)


def _choose(ranked: Sequence[Candidate], weights: Mapping[str, float]) -> list[Candidate]:
    """The best candidate, and others that hold what of the question it does not."""
    chosen = [ranked[0]]
    floor = _linear(_SCORE, ranked[0]) - _LEAST_SCORE
    missing = {word: weight for word, weight in weights.items() if word not in chosen[0].words}
    for candidate in ranked[1:]:
        if len(chosen) == _MOST_EXTRACTS or _linear(_SCORE, candidate) < floor:
            break
        gain = sum(weight for word, weight in missing.items() if word in candidate.words)
        if gain >= _LEAST_GAIN * sum(weights.values()):
            chosen.append(candidate)
            missing = {word: weight for word, weight in missing.items() if word not in candidate.words}
    return chosen
