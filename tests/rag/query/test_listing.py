"""Questions for articles are told from questions for what stands in one."""

from __future__ import annotations

import pytest

from rag.query.kind import read_kind
from rag.query.listing import read_inquiry
from rag.schema import QuestionKind


@pytest.mark.parametrize(
    ("question", "topic", "terms", "counts"),
    [
        ("有几篇报道提到“冬送温暖”？", "“冬送温暖”", ("冬送温暖",), True),
        ("哪几篇提到了上海书展", "上海书展", ("上海书展",), False),
        ("提到AI或者人工智能的稿子有哪些？", "AI或者人工智能", ("AI", "人工智能"), False),
        ("碧桂园债务问题的报道有几条", "碧桂园债务问题", (), True),
        ("三星堆新馆试运行，有几篇写了", "三星堆新馆试运行", (), True),
        ("统计一下农家书屋的报道数量", "农家书屋", (), True),
        ("列出所有关于农家书屋的报道", "农家书屋", (), False),
        ("有没有讲农家书屋的报道", "农家书屋", (), False),
    ],
)
def test_what_the_articles_must_hold(question: str, topic: str, terms: tuple[str, ...], counts: bool) -> None:
    inquiry = read_inquiry(question)
    assert inquiry is not None
    assert (inquiry.topic, inquiry.terms, inquiry.counts) == (topic, terms, counts)


def test_the_articles_of_a_writer() -> None:
    inquiry = read_inquiry("周美玉写了哪些报道")
    assert inquiry is not None
    assert inquiry.writer == "周美玉"


@pytest.mark.parametrize("question", ["大桥有几个车道？", "慰问组去了哪些单位？", "记者是谁？", "Who came?"])
def test_a_question_for_a_fact_stays_one(question: str) -> None:
    assert read_kind(question).kind is QuestionKind.FACT
