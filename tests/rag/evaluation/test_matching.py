"""When an answer contains the gold, and which passage holds the evidence."""

from __future__ import annotations

import pytest

from index.schema import Page, Span
from rag.evaluation.matching import GoldIndex, contains_gold, evidence_spans, supports
from rag.evaluation.questions import EvalQuestion, Evidence
from rag.schema import Citation


@pytest.mark.parametrize(
    ("text", "answers", "match", "contained"),
    [
        ("共169项需求", ["169项", "169"], "any", True),
        ("共169项需求", ["16"], "any", False),  # a bare number is a whole number
        ("共16.9项", ["16"], "any", False),
        ("共16.9项", ["16.9"], "any", True),
        ("来自“匠技”微课堂", ["匠技微课堂"], "any", True),  # quotation marks do not count
        ("“四個階段”", ["四个阶段"], "any", True),  # script does not count
        ("ＡＩ 应用", ["ai应用"], "any", True),  # width, case and spaces do not count
        ("甲和乙", ["甲", "乙"], "all", True),
        ("甲", ["甲", "乙"], "all", False),
        ("甲", [], "any", False),
        ("甲", [""], "any", False),
    ],
)
def test_contains_gold(text: str, answers: list[str], match: str, contained: bool) -> None:
    assert contains_gold(text, answers, match) is contained


def test_evidence_is_found_across_torn_lines_and_in_every_place() -> None:
    page = Page("a.txt", "甲乙\n\n丙。甲乙丙。", "utf-8", "")
    assert evidence_spans(page, "甲乙丙") == (Span(0, 5), Span(6, 9))
    assert evidence_spans(page, "丁") == ()


def _question(*, file: str, quote: str) -> EvalQuestion:
    return EvalQuestion(id="q", question="?", evidence=(Evidence(file=file, quote=quote),))


def test_the_passage_that_holds_most_of_a_quote_is_relevant(tiny_store) -> None:
    # tiny_store: 藏书3200册 stands in the first passage of liuhe.txt (see the table in conftest).
    assert GoldIndex(tiny_store).relevant(_question(file="liuhe.txt", quote="藏书3200册")) == {"liuhe.txt#2:0"}


def test_where_documents_are_named_pages_are_judged(tiny_store) -> None:
    question = EvalQuestion(id="q", question="?", documents=("liuhe", "qingtan.txt"))
    gold = GoldIndex(tiny_store)
    assert gold.relevant(question) == {"liuhe.txt", "qingtan.txt"}
    assert gold.unit(question, "liuhe.txt#10:0") == "liuhe.txt"


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (_question(file="liuhe.txt", quote="没有这句话"), "liuhe.txt does not hold '没有这句话'"),
        (_question(file="none.txt", quote="甲"), "none.txt does not hold '甲'"),
        (EvalQuestion(id="q", question="?", documents=("none",)), "there is no page 'none'"),
    ],
)
def test_gold_that_is_not_in_the_collection_is_named(tiny_store, question: EvalQuestion, fault: str) -> None:
    assert GoldIndex(tiny_store).missing(question) == [fault]


def _citation(*spans: tuple[int, int], file: str = "a.txt") -> Citation:
    places = tuple(Span(start, end) for start, end in spans)
    return Citation(1, file, "", "a", "p", 1, 1, places, "")


@pytest.mark.parametrize(
    ("citation", "about"),
    [
        (_citation((0, 20)), True),  # the gold quote stands whole inside the citation
        (_citation((4, 6)), True),  # the citation stands whole inside the gold quote
        (_citation((8, 14)), False),  # 2 of 6 characters: less than half of the shorter one
        (_citation((7, 13)), True),  # 3 of 6: half
        (_citation((12, 20)), False),
        (_citation((0, 2), (5, 10)), True),  # spans of a torn sentence count together
        (_citation((0, 20), file="b.txt"), False),
    ],
)
def test_a_citation_is_about_evidence_when_half_of_the_shorter_is_shared(citation: Citation, about: bool) -> None:
    page = Page("a.txt", "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸", "utf-8", "")
    assert supports(citation, Evidence(file="a.txt", quote="五六七八九十"), page) is about
