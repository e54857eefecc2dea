"""How likely is it that the best sentence answers? The evidence that a learned confidence weighs.

References:
    Kamath, Jia, Liang: Selective Question Answering under Domain Shift (2020).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rag.answerers.features import FEATURES

__all__ = ["CONFIDENCE_FEATURES", "evidence"]

_OF_ALL = {
    "score": "score of the best sentence",
    "lead": "how far the next one stays behind",
    "lead_elsewhere": "how far the best one of another passage stays behind",
    "company": "sum of the five best scores",
}
_TOP = 5
_PLACE = list(FEATURES).index("place")

CONFIDENCE_FEATURES = [*FEATURES, *_OF_ALL]
"""Names of the columns that :func:`evidence` gives: those of the best sentence, and what the others tell."""


def evidence(table: NDArray[np.float32], scores: NDArray[np.float64]) -> list[float]:
    """What the confidence weighs.

    Args:
        table: (n, len(FEATURES)), the features of all candidates; n is 1 or more.
        scores: (n,) in (0, 1), as the sentences were scored.

    Returns:
        One value per name of ``CONFIDENCE_FEATURES``.
    """
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    elsewhere = scores[table[:, _PLACE] != table[best, _PLACE]]
    told = {
        "score": scores[best],
        "lead": scores[best] - scores[order[1]] if len(order) > 1 else scores[best],
        "lead_elsewhere": scores[best] - elsewhere.max(initial=0.0),
        "company": scores[order[:_TOP]].sum(),
    }
    return [*map(float, table[best]), *(float(told[name]) for name in _OF_ALL)]
