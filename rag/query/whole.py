"""Does a question ask about an article as a whole, or about a topic over articles? The form, and what it is about.

谁写的, 哪天见报, 照片谁拍的; 总结一下…; …都做了哪些事; …的来龙去脉; 哪五条建议. What fits no form asks for a fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rag.query.numerals import number
from rag.schema import QuestionKind

__all__ = ["Detail", "Whole", "read_whole"]


class Detail(StrEnum):
    """What is asked of an article besides its text."""

    WRITER = "writer"
    PHOTOGRAPHER = "photographer"
    SOURCE = "source"  # whose report it is
    DAY = "day"  # of publication


@dataclass(frozen=True, slots=True)
class Whole:
    """A question about an article or a topic as a whole.

    Attributes:
        kind: ``METADATA``, ``SUMMARY``, ``OVERVIEW``, ``TIMELINE`` or ``POINTS``.
        topic: What it is about, as a query.
        words: The words of the question that decided.
        details: Of ``METADATA``, what is asked for.
        count: Of ``POINTS``, how many there are said to be; 0 where the question does not say.
    """

    kind: QuestionKind
    topic: str
    words: str
    details: tuple[Detail, ...] = ()
    count: int = 0


_ITEM = "(?:报道|新闻|稿子?|稿件|文章|消息|通讯|报导|图文|[篇条组](?![件例约]))"
_WHO = "(?:谁|哪[一两几]?[位个]?记者|哪几?位|什么人|什么名字)"
_NUMBER = "(?P<count>[几\\d一二两三四五六七八九十]+)"
_DETAILS = (
    (
        Detail.PHOTOGRAPHER,
        re.compile(
            rf"(?:照片|图片|摄影|配图|图)(?:的)?(?:作者|记者|摄影者|摄影师)?(?:分别)?(?:署)?(?:的)?(?:是|叫|由)?{_WHO}(?:拍摄?|摄|提供)?的?"
            rf"|(?:是|由)?谁(?:拍|摄)的(?:照片|图片|图)?|谁供的?图|(?:照片|图片)(?:作者|摄影)叫什么"
        ),
    ),
    (
        Detail.SOURCE,
        re.compile(
            "(?:是)?哪(?:家|个)(?:媒体|报纸|报|通讯社|网站)?(?:发|登|刊登|首发)的?|转自(?:哪[家里份]?|什么)(?:报纸|媒体)?|(?:消息|稿件|文章|报道)来源(?:是|于)?(?:哪|什么)?"
        ),
    ),
    (
        Detail.DAY,
        re.compile(
            rf"(?:是)?(?:哪一?天|什么时候|几号|何时)(?:见报|刊登|登|发表|发布|刊发|发)(?:出来)?的?|{_ITEM}(?:是)?(?:哪一?天|几号|什么时候)的"
        ),
    ),
    (
        Detail.WRITER,
        re.compile(
            rf"(?:是|由)?{_WHO}(?:采写|撰写|跑)的?(?:{_ITEM})?|(?:文字|{_ITEM})(?:、|和|与|的)?(?:记者|作者|通讯员)?(?:分别)?(?:是|由|叫)?(?:署的?)?{_WHO}(?:写的?)?"
            rf"|(?:记者|作者|通讯员)(?:是|叫)(?:什么名字|什么|谁|哪[几两]?位)|署名(?:是)?(?:的是)?谁|落款(?:是)?(?:谁|哪(?:个|家)?单位|哪里)"
        ),
    ),
)
_ABOUT_ITEM = re.compile(rf"{_ITEM}|采写|见报|署名|署的|落款|照片|图片|[组张的]图|图是|记者|作者")
_FORMS = (
    (
        QuestionKind.TIMELINE,
        re.compile(
            "(?:的)?(?:来龙去脉|时间线|时间轴|前因后果|先后(?:经过|顺序)|发展(?:过程|经过|历程)|大事记)|(?:是)?怎么(?:样)?一(?:步步|天天)|一(?:步步|天天)(?:是)?怎么"
        ),
    ),
    (
        QuestionKind.OVERVIEW,
        re.compile(
            "(?:都|一共)?(?:做|干|办|开展)了(?:哪些|什么|些什么)(?:事情?|工作|活动)|(?:相关)?报道(?:都)?(?:说了?|讲了?)(?:些)?(?:啥|什么)|(?:报上|报纸上|报道里?)?(?:是)?(?:怎么|如何)介绍的?|(?:相关)?(?:报道|新闻|情况)(?:的)?(?:汇总|综述|归纳|梳理)(?:一下)?|(?:汇总|综述|梳理|归纳)(?:一下)?"
        ),
    ),
    (
        QuestionKind.SUMMARY,
        re.compile(
            r"总结(?:一下)?|概括(?:一下)?|概述(?:一下)?|(?:的)?(?:大意|梗概|主要内容|内容提要|要点)|(?:主要|都)?(?:讲|说|写)(?:了|的)(?:是)?(?:些)?(?:什么|啥)(?:内容|事儿?)?(?=$|[？?，,。])|简单(?:说说|讲讲|介绍)"
        ),
    ),
    (
        QuestionKind.POINTS,
        re.compile(
            rf"(?:是|有|分|提了?|点了?|分为|包括|的)?(?:哪|那){_NUMBER}(?:条|步|点|项|方面|个方面|个问题|个毛病|个环节|个步骤)(?!线)|分(?:为)?(?:几|多少)(?:步|个步骤|个阶段)"
        ),
    ),
)
_FRAME = re.compile(
    rf"^(?:请问|请|帮我|给我|查一下|查查|找一下|说说|讲讲|一两句话|用[一二两三]句话|简单|大概)+|(?:[那这]?(?:篇|条|组|则|份|个|件)|的)?(?:图片|摄影)?{_ITEM}(?:里|中|上)?"
    rf"(?=$|[，,。的])|的?(?:经过和结果|事儿?)$|(?:[那这](?:篇|条|组|则|份|件|个|案子))|叫什么名字|(?:说说|讲讲|讲|说)$|文字和图片|报上|的$"
)


def read_whole(question: str) -> Whole | None:
    """What a question asks of an article or a topic as a whole; None where it asks for a fact.

    Example:
        >>> whole = read_whole("鹿鸣大桥通车那条消息是谁写的？")
        >>> str(whole.kind), whole.topic, [str(detail) for detail in whole.details]
        ('metadata', '鹿鸣大桥通车', ['writer'])
        >>> str(read_whole("总结一下《鹿鸣大桥通车》").kind), read_whole("大桥长多少米？")
        ('summary', None)
    """
    text = question.strip().rstrip("。？?！! ")
    asked = [(detail, match) for detail, form in _DETAILS for match in form.finditer(text)]
    if asked and _ABOUT_ITEM.search(text):
        topic = _topic(text, *(match for _, match in asked))
        details = tuple(dict.fromkeys(detail for detail, _ in asked))
        return Whole(QuestionKind.METADATA, topic, asked[0][1][0], details) if topic else None
    for kind, form in _FORMS:
        if match := form.search(text):
            topic = _topic(text, *form.finditer(text))
            told = (match.groupdict().get("count") or "").strip("几")
            return Whole(kind, topic, match[0], count=int(number(told) or 0) if told else 0) if topic else None
    return None


def _topic(text: str, *decided: re.Match[str]) -> str:
    """The question without the words that decided, and without those that frame it; empty where too little is left."""
    for match in decided:
        text = text.replace(match[0], "，")
    before = None
    while before != text:
        before, text = text, _FRAME.sub("", text.strip("，,、：: "))
    return text if len(text.strip("《》“”")) >= 2 else ""
