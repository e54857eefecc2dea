"""Small talk gets words of its own, in the language of the turn, and cites nothing."""

from __future__ import annotations

from rag.answerers.talk import answer_talk
from rag.schema import QuestionKind, SmallTalk


def test_a_reply_searches_and_cites_nothing() -> None:
    answer = answer_talk(SmallTalk.THANKS, "谢谢", "")
    assert answer.text.startswith("不客气")
    assert (answer.kind, answer.citations, answer.trace.hits) == (QuestionKind.TALK, (), ())
    assert answer_talk(SmallTalk.GREETING, "hello", "").text.startswith("Hello!")


def test_a_doubt_is_told_what_was_searched() -> None:
    answer = answer_talk(SmallTalk.AGAIN, "再查一下", "大桥有多长？")
    assert "“大桥有多长？”" in answer.text
    assert answer.trace.query == "大桥有多长？"
