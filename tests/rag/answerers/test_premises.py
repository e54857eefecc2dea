"""A premise that the evidence contradicts is told; one that it is silent about is not."""

from __future__ import annotations

import pytest

from rag.answerers.premises import find_mismatches
from rag.question import understand
from rag.schema import Warns


def told(question: str, *quotes: str) -> list[str]:
    asked = understand(question)
    remarks = [mismatch.remark(asked) for mismatch in find_mismatches(asked, quotes)]
    assert all(remark.warns is Warns.MISMATCH for remark in remarks)
    return [remark.text for remark in remarks]


@pytest.mark.parametrize(
    ("question", "quote", "mismatch"),
    [
        ("大桥长500米，什么时候通车？", "大桥长480米，昨天通车。", "问题里说“500米”，所引原文是“480米”。"),
        ("大橋長五百米，什麼時候通車？", "大桥长480米，昨天通车。", "问题里说“五百米”，所引原文是“480米”。"),
        ("今年要办28场接待日，都在哪里？", "今年计划办接待日10场。", "问题里说“28场”，所引原文是“10场”。"),
        ("主席王小明在哪里讲话？", "副主席王小明在会上讲话。", None),
        ("局长王小明在哪里讲话？", "馆长王小明在会上讲话。", "问题里说“局长王小明”，所引原文是“馆长王小明”。"),
        ("6月21日的会在哪里开？", "6月22日的会在柳河开。", "问题里说“6月21日”，所引原文是“6月22日”。"),
    ],
)
def test_a_contradiction_is_told(question: str, quote: str, mismatch: str | None) -> None:
    assert told(question, quote) == ([mismatch] if mismatch else [])


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("大桥长480米，什么时候通车？", "大桥长四百八十米，昨天通车。"),  # the same value
        ("投资3亿元的大桥长多少米？", "大桥长480米。"),  # silent about the money
        ("有5位老人参加的活动在哪办？", "现场来了120位，活动在柳河举办。"),  # of something else
        ("谁出席了会议？", "馆长陆远航出席。"),  # takes nothing for granted
    ],
)
def test_silence_and_other_things_are_no_contradiction(question: str, quote: str) -> None:
    assert told(question, quote) == []


def test_one_quote_that_agrees_is_enough() -> None:
    assert told("大桥长500米吗？", "旧桥长480米。", "新桥长500米。") == []


def test_an_english_question_is_told_in_english() -> None:
    (text,) = told("Where was the 500 metre bridge opened?", "500人参加，大桥长480米通车。") or [""]
    assert text in {"", "The question says “500 metre”; the text says “480米”."}


@pytest.mark.parametrize(
    ("question", "quote", "mismatch"),
    [
        ("据柳河日报报道，大桥多长？", "据青滩晚报报道，大桥长480米。", None),  # 据 alone is too little on the left
        ("产业以“望海楼”制造为龙头吗？", "产业以“听松阁”制造为龙头。", "问题里说“望海楼”，所引原文是“听松阁”。"),
        ("产业以“望海楼”制造为龙头吗？", "产业以此次制造为龙头。", None),
        ("来了几十个人的会在哪开？", "来了41个人的会在柳河开。", None),  # a rough number is none to be held to
    ],
)
def test_another_name_between_the_same_words(question: str, quote: str, mismatch: str | None) -> None:
    assert told(question, quote) == ([mismatch] if mismatch else [])
