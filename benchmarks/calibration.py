"""Is the confidence a probability, and what does it buy? A picture of both, from questions that were left out.

Called by ``benchmarks.fit --picture FILE``.

References:
    El-Yaniv, Wiener: On the Foundations of Noise-free Selective Classification (2010), risk and coverage.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

__all__ = ["draw_calibration"]

_BINS = 10
_INK, _LINE = "#555555", "#a23b2a"


def draw_calibration(file: Path, sure: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
    """Write the two curves side by side as SVG.

    Args:
        file: Where the picture goes.
        sure: (n,) confidences in [0, 1] of questions that no model was fitted to.
        right: (n,) whether the answer was right.
    """
    with mpl.rc_context({"svg.hashsalt": "wenju", "font.size": 9, "text.color": _INK, "axes.labelcolor": _INK}):
        figure = Figure(figsize=(7.2, 3.0), layout="constrained")
        left, middle = figure.subplots(1, 2)
        place = np.minimum((sure * _BINS).astype(int), _BINS - 1)
        found = [(sure[place == b].mean(), right[place == b].mean(), (place == b).sum()) for b in sorted(set(place))]
        told, share, size = np.array(found).T
        left.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":")
        left.scatter(told, share, s=12 + 120 * size / size.max(), color=_LINE, zorder=2)
        left.set(xlabel="confidence", ylabel="share right", xlim=(0, 1), ylim=(0, 1), title="reliability, ten bins")
        order = np.argsort(-sure, kind="stable")
        answered = np.arange(1, len(sure) + 1)
        middle.plot(answered / len(sure), 1 - np.cumsum(right[order]) / answered, color=_LINE, linewidth=1.4)
        middle.set(
            xlabel="share answered", ylabel="share of those wrong", xlim=(0, 1), ylim=(0, 1), title="risk, coverage"
        )
        for axes in (left, middle):
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(colors=_INK)
        figure.savefig(file, format="svg", metadata={"Date": None})
