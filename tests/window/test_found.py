"""Tests of what a search shows: articles once, their words marked, in the order that is wished."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.text import fold
from rag.errors import RetrievalError
from window.found import Looked, find_articles, word_ranges


@pytest.fixture(scope="module")
def dated(make_store):
    return make_store(
        {
            "2031-04-08.txt": "# 白塔镇建图书馆\n\n白塔镇圖書館藏书9000册。\n\n图书馆下月开馆。\n",
            "2031-04-10.txt": "# 图书馆开馆\n\n云溪镇图书馆昨天开馆。\n",
            "old.txt": "# 图书馆旧事\n\n从前没有图书馆。\n",
        }
    )


def titles(store, **looked):
    return [article["title"] for article in find_articles(store, Looked(**looked))]


def test_an_article_stands_once_with_its_words_marked_in_either_script(dated):
    found = {article["title"]: article for article in find_articles(dated, Looked(query="图书馆"))}
    assert len(found) == 3
    pieces = [piece for passage in found["白塔镇建图书馆"]["passages"] for piece in passage["pieces"]]
    assert [piece["text"] for piece in pieces if piece.get("bold")] == ["图书馆", "圖書館", "图书馆"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", ["图书馆开馆", "白塔镇建图书馆", "图书馆旧事"]),
        ("oldest", ["白塔镇建图书馆", "图书馆开馆", "图书馆旧事"]),
    ],
)
def test_by_date_the_undated_stand_last(dated, sort, order):
    assert titles(dated, query="图书馆", sort=sort) == order


def test_filters_choose_and_nothing_is_found_where_nothing_is(dated):
    assert titles(dated, query="图书馆", since="2031-04-09") == ["图书馆开馆"]
    assert titles(dated, query="图书馆", file="OLD") == ["图书馆旧事"]
    assert titles(dated, query="图书馆", file="none") == []
    assert titles(dated, query="量子纠缠") == []
    with pytest.raises(RetrievalError, match="empty"):
        titles(dated, query=" ")


@given(st.text(alphabet="新橋桥ＡaＢb 0０", max_size=20), st.text(alphabet="新桥ab0", min_size=1, max_size=2))
def test_each_marked_range_says_the_word_and_no_place_is_missed(text, word):
    ranges = word_ranges(text, [word])
    assert all(word in fold(text[start:end]) for start, end in ranges)
    edges = [0, *(edge for place in ranges for edge in place), len(text)]
    between = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
    assert not any(word in "".join(map(fold, rest)) for rest in between)


def test_parts_of_a_word_that_touch_are_one_range():
    assert word_ranges("去图书馆看图", ["图书", "书馆"]) == [(1, 4)]
