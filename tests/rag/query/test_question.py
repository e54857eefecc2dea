"""Questions are taken apart by form: what is wanted, in which words, leaning on which earlier question."""

from __future__ import annotations

import pytest

from rag.query.question import Asks, content_words, understand


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("图书馆藏书多少册？", Asks.NUMBER),
        ("大桥离镇上几公里", Asks.NUMBER),
        ("How many books are there?", Asks.NUMBER),
        ("馆长是谁？", Asks.PERSON),
        ("圖書館館長是哪位？", Asks.PERSON),
        ("大桥哪一年通车？", Asks.TIME),
        ("龙舟赛什么时候开始？", Asks.TIME),
        ("训练了多久？", Asks.TIME),
        ("操场在哪里？", Asks.PLACE),
        ("夺冠的有哪些队？", Asks.LIST),
        ("如何办理借书证？", Asks.MANNER),
        ("这座桥叫什么？", Asks.THING),
    ],
)
def test_the_kind_of_answer_is_read_off_the_form(question: str, asks: Asks) -> None:
    assert understand(question).asks is asks


def test_content_words_are_folded_and_without_asking_words() -> None:
    assert content_words("圖書館的館長是誰？") == ("图书", "书馆", "图书馆", "馆长")
    assert content_words("What is the name of the bridge?") == ("name", "bridge")
