"""Features of a candidate sentence, counted by hand over a page of three sentences."""

from __future__ import annotations

import pytest

from rag.answerers.features import FEATURES, Candidate, find_candidates
from rag.question import understand
from rag.schema import Hit

# Line 1 is the headline, line 2 the byline, line 3 the text.
_PAGE = "柳河镇图书馆开馆\n本报记者 周小雨\n柳河镇图书馆昨天开馆。图书馆藏书3200册。大桥在东边。"


def _named(candidate: Candidate) -> dict[str, float]:
    return dict(zip(FEATURES, candidate.features, strict=True))


@pytest.fixture(scope="module")
def by_text(make_store) -> dict[str, dict[str, float]]:
    store = make_store({"a.txt": _PAGE}, size=200)
    (passage_id,) = store.passages
    hits = [Hit(passage_id, 1.0, 1)]
    article = next(iter(store.articles.values()))
    return {
        article.text[c.extract.start : c.extract.end]: _named(c)
        for c in find_candidates(understand("图书馆藏书多少册？"), hits, store)
    }


def test_headings_are_no_candidates_but_bylines_are(by_text) -> None:
    assert set(by_text) == {"本报记者 周小雨", "柳河镇图书馆昨天开馆。", "图书馆藏书3200册。", "大桥在东边。"}


def test_every_feature_lies_between_0_and_1(by_text) -> None:
    assert all(0 <= value <= 1 for features in by_text.values() for value in features.values())


def test_the_sentence_with_all_words_has_them_all(by_text) -> None:
    assert by_text["图书馆藏书3200册。"]["own"] == pytest.approx(1.0)
    assert by_text["大桥在东边。"]["own"] == 0.0


def test_all_sentences_of_a_passage_share_their_surroundings(by_text) -> None:
    assert [features["around"] for features in by_text.values()] == [pytest.approx(1.0)] * 4


def test_a_number_of_volumes_fits_a_question_for_volumes(by_text) -> None:
    assert by_text["图书馆藏书3200册。"]["fits"] == 1.0
    assert by_text["大桥在东边。"]["fits"] == 0.0


def test_likeness_is_the_cosine_of_keyword_counts(by_text) -> None:
    # The question counts 图书馆 once and nothing else, as do two of the sentences: cosine 1; the bridge is orthogonal.
    assert by_text["图书馆藏书3200册。"]["likeness"] == pytest.approx(1.0)
    assert by_text["柳河镇图书馆昨天开馆。"]["likeness"] == pytest.approx(1.0)
    assert by_text["大桥在东边。"]["likeness"] == pytest.approx(0.0)


def test_place_is_one_over_the_rank(make_store) -> None:
    store = make_store({"a.txt": _PAGE}, size=200)
    (passage_id,) = store.passages
    found = find_candidates(understand("图书馆"), [Hit(passage_id, 0.1, 4)], store)
    assert {_named(candidate)["place"] for candidate in found} == {0.25}


def test_no_hits_no_candidates(tiny_store) -> None:
    assert find_candidates(understand("图书馆"), [], tiny_store) == []


def test_a_long_sentence_is_offered_by_its_clauses(make_store) -> None:
    first, second = "甲" * 60 + "；", "乙" * 60 + "。"
    store = make_store({"a.txt": "标题在此处\n本报记者 周小雨\n" + first + second}, size=400)
    (passage_id,) = store.passages
    article = next(iter(store.articles.values()))
    found = find_candidates(understand("甲乙"), [Hit(passage_id, 1.0, 1)], store)
    assert [article.text[c.extract.start : c.extract.end] for c in found] == ["本报记者 周小雨", first, second]
