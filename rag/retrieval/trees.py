"""How is a small learned model walked? Forests of decision trees, kept as text beside the code, read by numpy alone.

LightGBM fits them (``benchmarks/``); walking them takes no library, so the shell's answer stays fast.

References:
    Lucchese et al.: QuickScorer: A Fast Algorithm to Rank Documents with Additive Ensembles of Regression Trees (2015).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forest", "load_forest"]


@dataclass(frozen=True)
class Forest:
    """Trees whose leaf values add up to a score.

    Node ``n`` of tree ``t`` sends a row left where ``row[feature[t, n]] <= threshold[t, n]``. Children 0 and above
    are nodes, those below are leaves: child ``-1 - i`` is leaf ``i``.

    Attributes:
        model: Fingerprint of the embedding model whose cosines it was fitted to.
        feature: (trees, nodes) int64, a column of the features.
        threshold: (trees, nodes) float64.
        children: (trees, nodes, 2) int64, left and right.
        leaf: (trees, leaves) float64; at most 64 leaves.
    """

    model: str
    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    children: NDArray[np.int64]
    leaf: NDArray[np.float64]

    def scores(self, table: NDArray[np.float32]) -> NDArray[np.float64]:
        """The logistic of the sum of leaves: (n,) in (0, 1) for (n, features); higher is better.

        No tree is walked: all nodes are asked at once, each that sends a row right strikes the leaves on its left, and
        the first leaf that is left is the row's.
        """
        keeps, order = self._paths
        right = table.T[self.feature] > self.threshold[:, :, None]  # (trees, nodes, n)
        left = np.bitwise_and.reduce(np.where(right, keeps[:, :, None], _ALL), axis=1)
        first = np.bitwise_count((left & (~left + _ONE)) - _ONE)  # how many zeros stand below the lowest one
        raw: NDArray[np.float64] = np.take_along_axis(self.leaf, order, axis=1)[
            np.arange(len(order))[:, None], first
        ].sum(axis=0)
        return 1.0 / (1.0 + np.exp(-raw))

    @cached_property
    def _paths(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """Per node the leaves that a row which goes right may reach, as bits; and the leaves from left to right."""
        keeps = np.full(self.feature.shape, _ALL)
        order = np.zeros(self.leaf.shape, np.int64)
        for tree, children in enumerate(self.children.tolist()):
            leaves = list(_leaves(children, 0))
            order[tree, : len(leaves)] = leaves
            place = {leaf: bit for bit, leaf in enumerate(leaves)}
            for node in _nodes(children, 0):
                struck = sum(1 << place[leaf] for leaf in _leaves(children, children[node][0]))
                keeps[tree, node] = ~np.uint64(struck)
        return keeps, order


_ALL, _ONE = ~np.uint64(0), np.uint64(1)
_Children = list[list[int]]


def _leaves(children: _Children, node: int) -> Iterator[int]:
    """The leaves below a node, from left to right; of a leaf itself, that one."""
    if node < 0:
        yield -1 - node
        return
    for child in children[node]:
        yield from _leaves(children, child)


def _nodes(children: _Children, node: int) -> Iterator[int]:
    """A node and all below it."""
    if node >= 0:
        yield node
        for child in children[node]:
            yield from _nodes(children, child)


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
