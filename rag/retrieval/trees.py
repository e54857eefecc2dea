"""How is a small learned model walked? Forests of decision trees, kept as text beside the code, read by numpy alone.

LightGBM fits them (``benchmarks/``); walking them takes no library, so the shell's answer stays fast.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forest", "load_forest"]


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees whose leaf values add up to a score.

    Node ``n`` of tree ``t`` sends a row left where ``row[feature[t, n]] <= threshold[t, n]``. Children 0 and above
    are nodes, those below are leaves: child ``-1 - i`` is leaf ``i``.

    Attributes:
        model: Fingerprint of the embedding model whose cosines it was fitted to.
        feature: (trees, nodes) int64, a column of the features.
        threshold: (trees, nodes) float64.
        children: (trees, nodes, 2) int64, left and right.
        leaf: (trees, leaves) float64.
    """

    model: str
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    children: NDArray[np.int64]
    leaf: NDArray[np.float64]

    def scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """The logistic of the sum of leaves: (n,) in (0, 1) for (n, features); higher is better."""
        trees = np.arange(len(self.leaf))[:, None]
        rows = np.arange(len(table))[None, :]
        node = np.zeros((len(self.leaf), len(table)), np.int64)
        while (inner := node >= 0).any():
            here = np.maximum(node, 0)
            right = table[rows, self.feature[trees, here]] > self.threshold[trees, here]
            node = np.where(inner, self.children[trees, here, right.astype(np.int64)], node)
        raw: NDArray[np.float64] = self.leaf[trees, -1 - node].sum(axis=0)
        return 1.0 / (1.0 + np.exp(-raw))


@cache
def load_forest(file: str, features: tuple[str, ...]) -> Forest:
    """A forest that ships with the package.

    Args:
        file: Its name beside this module.
        features: Names of the columns that it is about to be given.

    Raises:
        ValueError: It was fitted to other features.
    """
    told = json.loads((files("rag.retrieval") / file).read_text(encoding="utf-8"))
    if told["features"] != list(features):
        raise ValueError(f"rag/{file} was fitted to other features: fit it again, see benchmarks/README.md")
    trees = told["trees"]
    nodes, leaves = max(len(t["feature"]) for t in trees), max(len(t["leaf"]) for t in trees)

    def padded(name: str, width: int) -> list[list[float]]:
        return [tree[name] + [0] * (width - len(tree[name])) for tree in trees]

    children = np.stack([np.array(padded("left", nodes)), np.array(padded("right", nodes))], axis=2)
    return Forest(
        model=told["model"],
        feature=np.array(padded("feature", nodes), np.int64),
        threshold=np.array(padded("threshold", nodes), np.float64),
        children=children.astype(np.int64),
        leaf=np.array(padded("leaf", leaves), np.float64),
    )
