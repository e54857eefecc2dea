"""When an answer contains the gold, and which passage holds the evidence."""

from __future__ import annotations

import pytest

from index.schema import Page, Span
from rag.errors import EvaluationError
from rag.evaluation.matching import contains_gold, evidence_spans, relevant_passages
from rag.evaluation.questions import EvalQuestion, Evidence


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


def test_the_passage_that_holds_most_of_a_quote_is_relevant(tiny_store) -> None:
    # tiny_store: 藏书3200册 stands in the first passage of liuhe.txt (see the table in conftest).
    question = EvalQuestion(id="q", question="?", evidence=(Evidence(file="liuhe.txt", quote="藏书3200册"),))
    assert relevant_passages(tiny_store, question) == {"liuhe.txt#2:0"}


def test_a_quote_that_stands_nowhere_is_named(tiny_store) -> None:
    question = EvalQuestion(id="q7", question="?", evidence=(Evidence(file="liuhe.txt", quote="没有这句话"),))
    with pytest.raises(EvaluationError, match=r"q7: liuhe\.txt does not hold '没有这句话'"):
        relevant_passages(tiny_store, question)


def test_a_page_that_is_not_there_is_named(tiny_store) -> None:
    question = EvalQuestion(id="q8", question="?", evidence=(Evidence(file="none.txt", quote="甲"),))
    with pytest.raises(EvaluationError, match=r"q8: none\.txt"):
        relevant_passages(tiny_store, question)
