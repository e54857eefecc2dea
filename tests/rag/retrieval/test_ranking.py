"""Features of a candidate, counted by hand over two passages."""

from __future__ import annotations

import json
import math
from importlib.resources import files

import numpy as np
import pytest

from rag.retrieval.ranking import FEATURES, explain, features, nearness
from rag.schema import Hit

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


def test_nearness_is_the_cosine_and_the_share_of_bm25(store) -> None:
    query = "图书馆藏书多少册？"
    table = features(store, query, [1, 0])
    near = nearness(store, query, [1, 0], store.embedder.encode_query(query))
    assert near == pytest.approx(np.add(_column(table, "dense"), _column(table, "bm25")))
    assert near[0] == 0.0
    assert near[1] > 1.0


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


def test_the_focus_is_what_stands_beside_the_asking_word(store) -> None:
    # 藏书 stands before 多少 and 册 behind it; the keywords' embedder knows neither, so only words that are held count.
    focus = _column(features(store, "图书馆藏书多少册？", [0, 1]), "focus")
    assert focus[0] > focus[1] == 0.0


def test_figures_are_looked_for_and_none_is_all(store) -> None:
    assert _column(features(store, "大桥长480米吗？", [0, 1]), "figures") == [0.0, 1.0]
    assert _column(features(store, "大桥有多长？", [0, 1]), "figures") == [1.0, 1.0]


def test_depth_and_latin_share(store) -> None:
    table = features(store, "AI 大桥", [0, 1])
    assert _column(table, "depth") == [0.0, 0.0]  # each page is one passage, from its start
    assert _column(table, "latin") == [0.5, 0.5]


def test_the_headline_is_measured_by_itself(store) -> None:
    # 柳河镇图书馆开馆 counts 图书馆 alone, 鹿鸣大桥通车 counts 大桥 alone.
    assert _column(features(store, "图书馆", [0, 1]), "headline") == pytest.approx([1.0, 0.0])


def test_passages_of_one_article_share_the_best_cosine(make_store) -> None:
    text = "图书馆开馆\n本报记者 周小雨\n" + "图书馆藏书3200册。" * 4 + "\n" + "大桥长480米。" * 6
    store = make_store({"a.txt": text}, size=40)
    rows = list(range(len(store.passages)))
    table = features(store, "图书馆", rows)
    assert min(_column(table, "dense")) < 1.0
    assert _column(table, "article") == pytest.approx([max(_column(table, "dense"))] * len(rows))


def test_another_embedder_measures_when_it_is_given(store, keyword_embedder) -> None:
    # One that counts only 大桥 sees nothing of 图书馆.
    table = features(store, "图书馆和大桥", [0, 1], keyword_embedder(["大桥"]))
    assert _column(table, "dense") == pytest.approx([0.0, 1.0])


def test_what_speaks_for_a_hit_is_told_by_name(store) -> None:
    ids = list(store.passages)
    told = explain(store, "图书馆", [Hit(ids[1], 0.5, 1), Hit(ids[0], 0.4, 2)])
    assert list(told) == [ids[1], ids[0]]
    assert set(told[ids[0]]) == set(FEATURES)
    assert (told[ids[0]]["dense"], told[ids[1]]["dense"]) == (1.0, 0.0)
    assert explain(store, "图书馆", []) == {}


def test_on_no_set_that_it_was_not_fitted_to_does_it_rank_below_bm25() -> None:
    # Written by benchmarks/fit.py together with the ranker itself.
    figures = json.loads((files("rag.retrieval") / "ranker_figures.json").read_text(encoding="utf-8"))
    assert len(figures) >= 7
    assert [name for name, mrr in figures.items() if mrr["learned"] < mrr["BM25"]] == []
