"""What does each group of features earn? Each is taken out in turn, and all is fitted and judged again.

Called by ``benchmarks.fit --ablation``. Judged on five folds, each left out in turn.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.corpora import FOLDS
from benchmarks.fit_ranker import Ranked, fit_ranker, reciprocal_ranks
from rag.retrieval import ranking

__all__ = ["report_ranker_ablation"]

_RANKER = {
    "nothing": (),
    "cosine of the passage": ("dense", "dense_gap", "best_dense", "article"),
    "cosine of sentence, headline": ("sentence", "headline"),
    "BM25": ("bm25", "bm25_share", "best_bm25"),
    "words held": ("held", "best_held"),
    "soft words": ("soft", "soft_rest", "least"),
    "focus": ("focus",),
    "pairs of characters": ("pairs",),
    "names, figures": ("names", "figures"),
    "depth, length": ("depth", "length"),
    "script, size of the collection": ("latin", "collection"),
}


def report_ranker_ablation(ranked: Mapping[str, Sequence[Ranked]]) -> None:
    """Print MRR@10 by set without each group of the ranker's features."""
    print(f"{'ranker without':>30} " + " ".join(f"{name:>18}" for name in ranked))
    for group, names in _RANKER.items():
        columns = _columns(ranking.FEATURES, names)
        blind = {
            name: [replace(row, table=_without(row.table, columns)) for row in rows] for name, rows in ranked.items()
        }
        scores: dict[str, list[float]] = {name: [] for name in ranked}
        for fold in range(FOLDS):
            model = fit_ranker({name: [row for row in rows if row.fold != fold] for name, rows in blind.items()})
            for name, rows in blind.items():
                scores[name] += reciprocal_ranks([row for row in rows if row.fold == fold], model)
        print(f"{group:>30} " + " ".join(f"{np.mean(values):18.3f}" for values in scores.values()))


def _columns(known: Mapping[str, str], names: Collection[str]) -> list[int]:
    return [place for place, name in enumerate(known) if name in names]


def _without(table: NDArray[np.float32], columns: Sequence[int]) -> NDArray[np.float32]:
    blind = table.copy()
    blind[:, list(columns)] = 0.0
    return blind
