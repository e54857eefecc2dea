"""Features counted by hand over two passages, and a forest of two trees walked by hand."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pytest

from rag.ranking import FEATURES, Forest, features, load_forest

# Each page is one passage: headline, byline, text.
_PAGES = {
    "a.txt": "柳河镇图书馆开馆\n本报记者 周小雨\n图书馆藏书3200册。周一闭馆。",
    "b.txt": "鹿鸣大桥通车\n本报记者 郑秋\n大桥长480米。",
}


@pytest.fixture(scope="module")
def store(make_store):
    return make_store(_PAGES, size=200)


def _column(table: np.ndarray, name: str) -> list[float]:
    return [float(value) for value in table[:, list(FEATURES).index(name)]]


def test_cosines_are_those_of_keyword_counts(store) -> None:
    # The question counts 图书馆 alone; the first page counts nothing but 图书馆, the second nothing but 大桥.
    table = features(store, "图书馆藏书多少册？", [0, 1])
    assert _column(table, "dense") == pytest.approx([1.0, 0.0])
    assert _column(table, "dense_gap") == pytest.approx([0.0, 1.0])
    assert _column(table, "best_dense") == pytest.approx([1.0, 1.0])
    assert _column(table, "sentence") == pytest.approx([1.0, 0.0])


def test_words_are_held_by_the_page_that_has_them(store) -> None:
    table = features(store, "图书馆藏书多少册？", [0, 1])
    assert _column(table, "held") == pytest.approx([1.0, 0.0])
    assert _column(table, "best_held") == pytest.approx([1.0, 1.0])
    assert _column(table, "soft_rest")[0] == 1.0  # nothing is missing
    assert _column(table, "bm25_share") == pytest.approx([1.0, 0.0])


def test_a_missing_word_counts_by_the_likest_word_there(store) -> None:
    # 大桥 is missing on the first page and orthogonal to every word there: it counts 0. On the second page it is held.
    table = features(store, "大桥", [0, 1])
    assert _column(table, "soft") == pytest.approx([0.0, 1.0])
    assert _column(table, "soft_rest") == pytest.approx([0.0, 1.0])


def test_length_is_a_logarithm(store) -> None:
    lengths = [len(passage.text) for passage in store.passages.values()]
    assert _column(features(store, "大桥", [0, 1]), "length") == pytest.approx([math.log(1 + n) for n in lengths])


def test_names_are_looked_for_and_none_is_all(store) -> None:
    assert _column(features(store, "2023年的大桥", [1]), "names")[0] < 1.0
    assert _column(features(store, "怎么了", [1]), "names") == [1.0]


def test_a_question_without_a_known_word_is_no_error(store) -> None:
    table = features(store, "zzzz", [0, 1])
    assert np.isfinite(table).all()
    assert _column(table, "bm25") == [0.0, 0.0]


def test_what_is_remembered_changes_no_feature(store, monkeypatch: pytest.MonkeyPatch) -> None:
    first = features(store, "图书馆和大桥", [0, 1])
    np.testing.assert_array_equal(features(store, "图书馆和大桥", [0, 1]), first)  # all of it remembered
    monkeypatch.setattr("rag.ranking._MOST_REMEMBERED", 0)
    np.testing.assert_array_equal(
        features(store, "周一闭馆的图书馆和大桥", [0]), features(store, "周一闭馆的图书馆和大桥", [0])
    )


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


def test_the_shipped_forest_walks_as_its_file_says() -> None:
    told = json.loads((files("rag") / "ranker.json").read_text(encoding="utf-8"))
    table = np.random.default_rng(0).random((20, len(FEATURES)), np.float32)

    def walk(tree: dict[str, list[float]], row: np.ndarray) -> float:
        node = 0
        while node >= 0:
            side = "right" if row[int(tree["feature"][node])] > tree["threshold"][node] else "left"
            node = int(tree[side][node])
        return tree["leaf"][-1 - node]

    expected = [1 / (1 + math.exp(-sum(walk(tree, row) for tree in told["trees"]))) for row in table]
    assert load_forest().scores(table) == pytest.approx(expected)
