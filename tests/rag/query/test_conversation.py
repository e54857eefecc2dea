"""Turns are completed from the last completed question; one with a subject of its own inherits nothing."""

from __future__ import annotations

import pytest

from rag.query.conversation import complete, turns_of
from rag.query.question import LONGEST_QUERY
from rag.schema import REFUSALS, SmallTalk, Turn

STATION = [Turn("西岭镇汽车站什么时候启用？", "上月"), Turn("它总投资多少？", "三千万元")]


def test_the_third_turn_is_about_what_the_second_was_completed_to() -> None:
    done = complete("站长是谁？", STATION)
    assert (done.text, done.carried) == ("西岭镇汽车站站长是谁？", True)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("它什么时候建成？", "西岭镇汽车站什么时候建成？"),
        ("那东河镇呢？", "东河镇汽车站总投资多少？"),
        ("不对，我问的是站长是谁", "西岭镇汽车站站长是谁"),
        ("石磊是谁？", "石磊是谁？"),
        ("北京市总工会慰问了哪些单位？", "北京市总工会慰问了哪些单位？"),
    ],
)
def test_what_a_turn_is_completed_to(question: str, text: str) -> None:
    assert complete(question, STATION).text == text


def test_he_is_the_person_of_the_last_answer() -> None:
    history = [Turn("会议由谁主持？", "王少峰\n区委书记王少峰主持会议。[1]")]
    assert complete("他是什么职务？", history).text == "王少峰是什么职务？"


def test_the_second_is_the_second_of_what_was_listed() -> None:
    history = [Turn("慰问组去了哪两个地方？", "柳河医院、青潭学校\n先后走进柳河医院和青潭学校。[1]")]
    assert complete("第二个在哪里？", history).text == "青潭学校在哪里？"


def test_a_place_in_a_question_gives_way_to_another() -> None:
    history = [Turn("波兰给了乌克兰多少辆坦克？", "264辆")]
    assert complete("那德国呢？", history).text == "德国给了乌克兰多少辆坦克？"


def test_back_to_an_earlier_topic() -> None:
    history = [Turn("柳河镇体育公园绿化率是多少？", "87%"), Turn("石磊是谁？", "工程师")]
    assert complete("回到刚才的公园，离车站多远？", history).text == "柳河镇体育公园离车站多远？"


@pytest.mark.parametrize(
    ("words", "talk"),
    [
        ("谢谢", SmallTalk.THANKS),
        ("好的，谢谢！", SmallTalk.THANKS),
        ("你好", SmallTalk.GREETING),
        ("你能做什么？", SmallTalk.ABILITY),
        ("不对，再查一下", SmallTalk.AGAIN),
        ("再查查", SmallTalk.AGAIN),
        ("谢谢参加会议的有谁？", None),
    ],
)
def test_small_talk_is_no_question(words: str, talk: SmallTalk | None) -> None:
    assert complete(words, STATION).talk is talk


def test_small_talk_does_not_end_a_topic() -> None:
    assert complete("站长是谁？", [*STATION, Turn("谢谢", "不客气")]).text == "西岭镇汽车站站长是谁？"


def test_nothing_is_taken_from_a_refusal() -> None:
    done = complete("他多大年纪？", [Turn("会议由谁主持？", REFUSALS["zh"]["refusal"] + "下面是王芳。")])
    assert "王芳" not in done.text


def test_a_completed_turn_is_no_longer_than_can_be_searched() -> None:
    assert len(complete("它" + "长" * (LONGEST_QUERY - 1), STATION).text) == LONGEST_QUERY


def test_history_may_be_turns_mappings_or_messages() -> None:
    messages = [
        {"role": "system", "content": "简短回答"},
        {"role": "user", "content": [{"type": "text", "text": "谁来了？"}]},
        {"role": "assistant", "content": "王芳"},
        {"role": "user", "content": "她是谁？"},
    ]
    assert turns_of(messages) == [Turn("谁来了？", "王芳"), Turn("她是谁？", "")]
    assert turns_of([{"question": "谁？", "answer": "王芳"}, STATION[0]]) == [Turn("谁？", "王芳"), STATION[0]]
