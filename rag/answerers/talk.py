"""What is said to a turn that asks nothing of the pages: a greeting, thanks, what can be asked, a doubt?"""

from __future__ import annotations

from index.text import is_chinese
from rag.schema import Answer, QuestionKind, SmallTalk, Trace

__all__ = ["answer_talk"]

_CAN = {
    "zh": (
        "我根据报纸版面回答问题，每句话都带可核对的出处。可以问：\n"
        "事实：谁、什么时候、在哪里、多少；\n"
        "稿件：谁写的、哪天见报、某人写了哪些报道；\n"
        "清点：哪几篇提到某事，一共几篇；\n"
        "比较：甲和乙哪个更多；\n"
        "归纳：总结一篇报道，某单位做了哪些事，事情的时间线。"
    ),
    "en": (
        "I answer from newspaper pages, and every sentence carries a source that can be checked. Ask for a fact (who, "
        "when, where, how many), about an article (who wrote it, when it appeared), for a list or a count of articles, "
        "for a comparison of two things, or for a summary or a timeline."
    ),
}
_SAID = {
    SmallTalk.GREETING: {"zh": "你好！" + _CAN["zh"], "en": "Hello! " + _CAN["en"]},
    SmallTalk.ABILITY: _CAN,
    SmallTalk.THANKS: {"zh": "不客气，有问题请接着问。", "en": "You are welcome. Ask on whenever you like."},
    SmallTalk.AGAIN: {
        "zh": "刚才查的是“{}”。同样的问法会得到同样的结果：请指出哪里不对，或者换个说法，加上时间、地点、人名再问一次。",  # noqa: E501
        "en": "The last search was for “{}”. Say what is wrong, or ask in other words, with a day, a place or a name.",
    },
}


def answer_talk(talk: SmallTalk, asked: str, before: str) -> Answer:
    """The reply to small talk; nothing is searched.

    Args:
        talk: What sort it is.
        asked: The words of the user.
        before: The last completed question; empty where it plays no part.
    """
    text = _SAID[talk]["zh" if is_chinese(asked or before) else "en"].format(before)
    trace = Trace(before, reason=f"small talk: {talk}", kind=QuestionKind.TALK, taken=asked)
    return Answer(asked, text, (), confidence=1.0, abstained=False, trace=trace, kind=QuestionKind.TALK)
