"""How many sentences are quoted, and in which order."""

from __future__ import annotations

import pytest

from rag.answerers.base import Extract
from rag.answerers.features import Candidate
from rag.answerers.selection import Scored, select
from rag.question import understand

FACT, LIST = "图书馆藏书多少册？", "图书馆里有哪些书？"


def scored(score: float, article: str, start: int, *words: str) -> Scored:
    held = frozenset(words or [f"{article}{start}"])
    return Scored(Candidate(Extract(f"{article}:0", start, start + 5), article, "", held, ()), score)


def starts(question: str, *ranked: Scored, weights: dict[str, float] | None = None) -> list[tuple[str, int]]:
    chosen = select(understand(question), ranked, weights or {})
    return [(candidate.article_id, candidate.extract.start) for candidate in chosen]


def test_a_fact_needs_one_sentence() -> None:
    assert starts(FACT, scored(0.9, "a", 0), scored(0.5, "a", 10), scored(0.4, "b", 0)) == [("a", 0)]


def test_two_that_are_as_good_are_both_shown() -> None:
    assert starts(FACT, scored(0.5, "a", 10), scored(0.45, "b", 0)) == [("a", 10), ("b", 0)]


def test_a_list_gathers_sentences_in_the_order_of_the_article() -> None:
    ranked = [scored(0.6, "a", 30), scored(0.5, "b", 0), scored(0.4, "a", 10), scored(0.3, "a", 20)]
    assert starts(LIST, *ranked) == [("a", 10), ("a", 20), ("a", 30), ("b", 0)]


def test_a_list_has_an_end() -> None:
    assert len(starts(LIST, *(scored(0.5, "a", 10 * n) for n in range(9)))) == 4


def test_a_sentence_is_added_for_the_words_that_the_best_lacks() -> None:
    ranked = [scored(0.6, "a", 0, "图书馆"), scored(0.3, "b", 0, "大桥")]
    assert starts(FACT, *ranked, weights={"图书馆": 1.0, "大桥": 1.0}) == [("a", 0), ("b", 0)]
    assert starts(FACT, *ranked, weights={"图书馆": 1.0, "大桥": 0.1}) == [("a", 0)]


def test_the_same_report_twice_is_quoted_once() -> None:
    ranked = [scored(0.6, "a", 0, "图", "书", "馆"), scored(0.6, "b", 0, "图", "书", "馆")]
    assert starts(FACT, *ranked) == [("a", 0)]


@pytest.mark.parametrize("question", [FACT, LIST])
def test_one_candidate_is_the_answer(question: str) -> None:
    assert starts(question, scored(0.01, "a", 0)) == [("a", 0)]
