"""How does a LightGBM model become a text file that rag/retrieval/trees.py walks?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import lightgbm

__all__ = ["as_json"]


def as_json(model: lightgbm.Booster, features: Sequence[str], fingerprint: str) -> str:
    """A forest as text, one tree a line.

    Args:
        model: The fitted trees.
        features: Names of its columns, in order.
        fingerprint: Of the embedding model whose cosines it was fitted to.
    """
    trees = [_flat(tree["tree_structure"]) for tree in model.dump_model()["tree_info"]]
    head = json.dumps({"model": fingerprint, "features": list(features)})[:-1]
    return head + ', "trees": [\n' + ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in trees) + "\n]}\n"


def _flat(root: dict[str, Any]) -> dict[str, list[float]]:
    """A tree as lists: nodes by number, leaves as -1 - number."""
    tree: dict[str, list[float]] = {"feature": [], "threshold": [], "left": [], "right": [], "leaf": []}

    def add(node: dict[str, Any]) -> int:
        if "leaf_value" in node:
            tree["leaf"].append(round(node["leaf_value"], 6))
            return -len(tree["leaf"])
        place = len(tree["feature"])
        for name, value in (("feature", node["split_feature"]), ("threshold", round(node["threshold"], 6))):
            tree[name].append(value)
        tree["left"].append(0)
        tree["right"].append(0)
        tree["left"][place] = add(node["left_child"])
        tree["right"][place] = add(node["right_child"])
        return place

    if add(root) < 0:  # a tree of one leaf gets a node above it, so that every tree is walked alike
        return tree | {"feature": [0], "threshold": [0.0], "left": [-1], "right": [-1]}
    return tree
