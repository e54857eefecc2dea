"""Features of a candidate sentence, counted by hand over a page of three sentences."""

from __future__ import annotations

import math

import pytest

from rag.answerers.features import FEATURES, Candidate, find_candidates
from rag.question import understand
from rag.schema import Hit

# Line 1 is the headline, line 2 the byline, line 3 the text.
_PAGE = "柳河镇图书馆开馆\n本报记者 周小雨\n柳河镇图书馆昨天开馆。图书馆藏书3200册。大桥在东边，因为河在东边。"
OPENED, BOOKS, BRIDGE = "柳河镇图书馆昨天开馆。", "图书馆藏书3200册。", "大桥在东边，因为河在东边。"
BYLINE = "本报记者 周小雨"


@pytest.fixture(scope="module")
def store(make_store):
    return make_store({"a.txt": _PAGE}, size=200)


@pytest.fixture(scope="module")
def ask(store):
    """Sentence -> its features by name, for a question."""
    (passage_id,) = store.passages

    def find(question: str, rank: int = 1, score: float = 0.9) -> dict[str, dict[str, float]]:
        candidates = find_candidates(understand(question), [Hit(passage_id, score, rank)], store)
        return {candidate.text: _named(candidate) for candidate in candidates}

    return find


def _named(candidate: Candidate) -> dict[str, float]:
    return dict(zip(FEATURES, candidate.features, strict=True))


def test_headings_are_no_candidates_but_bylines_are(ask) -> None:
    assert set(ask("图书馆藏书如何？")) == {BYLINE, OPENED, BOOKS, BRIDGE}


def test_a_candidate_knows_where_it_stands(store) -> None:
    (passage_id,) = store.passages
    for candidate in find_candidates(understand("图书馆"), [Hit(passage_id, 1.0, 1)], store):
        article = store.articles[candidate.article_id]
        assert article.text[candidate.extract.start : candidate.extract.end] == candidate.text


def test_words_of_the_sentence_its_neighbours_and_its_surroundings(ask) -> None:
    found = ask("图书馆藏书如何？")  # content words 图书, 图书馆 and 藏书
    assert found[BOOKS]["own"] == pytest.approx(1.0)
    assert 0 < found[OPENED]["own"] < 1
    assert found[BRIDGE]["own"] == 0.0
    assert found[BRIDGE]["near"] == pytest.approx(1.0)  # the sentence before it holds all
    assert found[BYLINE]["near"] == found[OPENED]["own"]
    assert [features["around"] for features in found.values()] == pytest.approx([1.0] * 4)


def test_the_focus_is_what_stands_beside_the_asking_word(ask) -> None:
    found = ask("图书馆有多少藏书？")  # 有 is no content word, so 藏书 behind 多少 and 图书馆 before it
    assert found[BOOKS]["own_focus"] == pytest.approx(1.0)
    assert found[BOOKS]["around_focus"] == pytest.approx(1.0)


def test_a_number_of_volumes_fits_a_question_for_volumes(ask) -> None:
    assert ask("图书馆藏书多少册？")[BOOKS]["fits"] == 1.0
    assert ask("图书馆藏书多少元？")[BOOKS]["fits"] == 0.25  # a number, but of other things
    assert ask("图书馆怎么样？")[BOOKS]["fits"] == 0.5  # no form tells


def test_a_sentence_without_a_number_is_left_out_where_one_is_asked_for(ask) -> None:
    assert BRIDGE not in ask("图书馆藏书多少册？")


def test_likeness_is_the_cosine_of_keyword_counts(ask) -> None:
    # The question counts 图书馆 once and nothing else, as do two of the sentences: cosine 1; the bridge is orthogonal.
    found = ask("图书馆藏书如何？")
    assert [found[text]["likeness"] for text in (OPENED, BOOKS, BRIDGE)] == pytest.approx([1.0, 1.0, 0.0])
    assert [found[text]["likeness_gap"] for text in (OPENED, BOOKS, BRIDGE)] == pytest.approx([0.0, 0.0, 1.0])


def test_place_and_score_of_the_passage(ask) -> None:
    features = ask("图书馆", rank=4, score=0.3)[BOOKS]
    assert (features["place"], features["ranked"], features["ranked_gap"]) == pytest.approx((0.25, 0.3, 0.0))


def test_what_is_new_in_a_sentence(ask) -> None:
    found = ask("图书馆怎么样？")
    assert found[BOOKS]["new_figure"] == 1.0
    assert found[BRIDGE]["reasons"] == 1.0
    assert found[OPENED]["reasons"] == 0.0
    assert found[BOOKS]["length"] == pytest.approx(math.log(1 + len(BOOKS)))


def test_names_and_figures_of_the_question(ask) -> None:
    assert ask("2019年图书馆怎么样？")[BOOKS]["figures_article"] < 1.0
    assert ask("图书馆有3200册书吗？")[BOOKS]["figures_article"] == 1.0
    assert ask("图书馆怎么样？")[BOOKS]["figures_article"] == 1.0  # none is asked about


def test_what_tells_of_the_question_is_the_same_for_all(ask) -> None:
    found = ask("AI 图书馆")
    assert [features["latin"] for features in found.values()] == pytest.approx([0.4] * 4)  # two of five letters
    assert len({features["asked_words"] for features in found.values()}) == 1


def test_no_hits_no_candidates(tiny_store) -> None:
    assert find_candidates(understand("图书馆"), [], tiny_store) == []
