"""Matches counted by hand over a vocabulary whose likenesses are known: each keyword has a dimension of its own."""

from __future__ import annotations

import numpy as np
import pytest

from rag.query.words import match_words, share

WEIGHTS = {"图书馆": 3.0, "大桥": 1.0}


@pytest.fixture
def embedder(keyword_embedder):
    return keyword_embedder()


def test_a_word_that_is_there_counts_whole_and_one_that_is_orthogonal_nothing(embedder) -> None:
    matches = match_words(WEIGHTS, [{"图书馆"}, {"大桥", "果园"}, set()], embedder)
    assert matches.share.tolist() == [0.75, 0.25, 0.0]
    assert matches.soft.tolist() == pytest.approx([0.75, 0.25, 0.0])
    assert matches.soft_rest.tolist() == pytest.approx([0.0, 0.0, 0.0])


def test_a_missing_word_counts_by_the_likest_word_there(embedder) -> None:
    # 图书馆大桥 lies between both dimensions: cosine 0.5 ** 0.5 with each.
    near = 0.5**0.5
    matches = match_words(WEIGHTS, [{"图书馆大桥", "果园"}], embedder)
    assert matches.share.tolist() == [0.0]
    assert matches.soft.tolist() == pytest.approx([near])
    assert matches.soft_rest.tolist() == pytest.approx([near])


def test_the_least_is_that_of_the_telling_words(embedder) -> None:
    # Weights 3 and 1, median 2: only 图书馆 is telling.
    assert match_words(WEIGHTS, [{"大桥"}, {"图书馆"}], embedder).least.tolist() == [0.0, 1.0]


def test_nothing_is_missing_where_all_is_held(embedder) -> None:
    assert match_words(WEIGHTS, [{"图书馆", "大桥"}], embedder).soft_rest.tolist() == [1.0]


def test_a_question_without_words(embedder) -> None:
    matches = match_words({}, [{"图书馆"}], embedder)
    assert (matches.share.tolist(), matches.soft.tolist(), matches.least.tolist()) == ([0.0], [0.0], [1.0])


def test_parts_of_the_words_and_of_the_texts(embedder) -> None:
    matches = match_words(WEIGHTS, [{"图书馆"}, {"大桥"}], embedder)
    assert matches.of({"大桥"}).share.tolist() == [0.0, 1.0]
    assert matches.rows([1, 0]).share.tolist() == [0.25, 0.75]


def test_what_is_remembered_changes_nothing(embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [{"图书馆", "果园"}, {"操场"}]
    first = match_words(WEIGHTS, texts, embedder).alike
    np.testing.assert_array_equal(match_words(WEIGHTS, texts, embedder).alike, first)
    monkeypatch.setattr("rag.query.words._MOST_REMEMBERED", 0)
    np.testing.assert_array_equal(match_words(WEIGHTS, texts, embedder).alike, first)


def test_more_words_than_the_table_had_room_for(embedder) -> None:
    words = {f"词{number}" for number in range(3000)} | {"大桥"}
    assert match_words({"大桥": 1.0}, [words], embedder).share.tolist() == [1.0]


def test_the_share_of_no_weight_is_nothing() -> None:
    assert share({}, {"大桥"}) == 0.0
