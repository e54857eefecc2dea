"""A forest of two trees walked by hand, and the shipped ones as their files say."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pytest

from rag.retrieval.ranking import FEATURES as RANKING_FEATURES
from rag.retrieval.trees import Forest, load_forest

SHIPPED = {"ranker.json": tuple(RANKING_FEATURES)}


def test_a_forest_walked_by_hand() -> None:
    # Tree 1: x0 <= 0.5 ? leaf -1 : (x1 <= 2 ? leaf 0 : leaf 3). Tree 2: always 0.5.
    forest = Forest(
        model="",
        feature=np.array([[0, 1], [0, 0]]),
        threshold=np.array([[0.5, 2.0], [0.0, 0.0]]),
        children=np.array([[[-1, 1], [-2, -3]], [[-1, -1], [0, 0]]]),
        leaf=np.array([[-1.0, 0.0, 3.0], [0.5, 0.0, 0.0]]),
    )
    table = np.array([[0.5, 9.0], [0.6, 2.0], [0.6, 2.1]], np.float32)
    expected = [1 / (1 + math.exp(-raw)) for raw in (-0.5, 0.5, 3.5)]
    assert forest.scores(table) == pytest.approx(expected)
    assert forest.scores(np.zeros((0, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize("file", SHIPPED)
def test_a_shipped_forest_walks_as_its_file_says(file: str) -> None:
    told = json.loads((files("rag.retrieval") / file).read_text(encoding="utf-8"))
    table = np.random.default_rng(0).random((20, len(SHIPPED[file])), np.float32)

    def walk(tree: dict[str, list[float]], row: np.ndarray) -> float:
        node = 0
        while node >= 0:
            side = "right" if row[int(tree["feature"][node])] > tree["threshold"][node] else "left"
            node = int(tree[side][node])
        return tree["leaf"][-1 - node]

    expected = [1 / (1 + math.exp(-sum(walk(tree, row) for tree in told["trees"]))) for row in table]
    assert load_forest(file, SHIPPED[file]).scores(table) == pytest.approx(expected)


def test_a_forest_of_other_features_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ranker\.json was fitted to other features"):
        load_forest("ranker.json", ("one", "two"))
