"""Does a question ask about an article as a whole, or about a topic over articles? The form, and what it is about.

谁写的, 哪天见报, 照片谁拍的; 总结一下…; …都做了哪些事; …的来龙去脉; 哪五条建议. What fits no form asks for a fact.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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


_ITEM = (
    "(?:报道|报导|新闻(?!发布|办|中心|发言|工作|出版|联播|网|社)|(?<!宣传)(?<!意见)(?<!讲话)稿(?:子|件)?|文章|消息(?!人士|称|说)"
    "|通讯(?!员|社|手段|录|设)|图文|特写|专访|社论|[篇则](?![约例])|[那这][条组](?![件例约路街河]))"
)
_ARTICLE = re.compile(
    rf"{_ITEM}|《[^》]{{8,}}》|(?:写|报道|采写|采访)(?:了|过)?[^，,。]{{2,16}}的(?:记者|作者|通讯员)|谁采访|采写|撰稿|见报|署名|署的|落款|记者跑"
)
"""What names an article, or its headline; a shorter title is a book's or a film's."""

_SIGNS = "(?:[^，是由的]{0,4}(?:记者|作者|通讯员|摄影师|人))"
_WHO = f"(?:谁|何人|哪[一几两]?[位名]{_SIGNS}?|哪一?个{_SIGNS}|哪些人|什么人|哪[个家]?单位|叫什么|叫啥|什么名字)"
_WHEN = "(?:哪一?[天日期]|何时|什么时候|啥时候|几号|几月几[日号]|日期)"
_WHERE = "(?:哪[家个份]?(?:媒体|报社|报纸|报(?!道)|通讯社|网站|刊物|地方)|哪[家儿里]|什么(?:媒体|报纸|报))"
_WRITES = "(?:采写|撰写|撰稿|写|供稿|采访|跑|作者|记者|通讯员|署(?:名|了|的)|落款|之手|报道)"
_PICTURES = "(?:拍|摄|供图|配图|配的?图|照片|图片)"
_PRINTS = "(?:见报|刊[登发载出]?|登(?![记陆顶山上录])|发表|发布(?!会)|发(?:出来)?的|报道)"
_BRINGS = "(?:转自|转载|转发|来自|来源|出自|首发|原(?:来|先)?[登载发]|刊[登发载]|登[的出在]|发[的表]|报[的道])"


def _near(asked: str, told: str) -> re.Pattern[str]:
    """An asking word and what it asks of, side by side or nearly."""
    return re.compile(rf"{told}[^，,。]{{0,6}}?{asked}的?|{asked}[^，,。]{{0,6}}?{told}(?:的(?!{_ITEM}))?")


_DETAILS = (
    (Detail.PHOTOGRAPHER, _near(_WHO, _PICTURES)),
    (Detail.SOURCE, _near(_WHERE, _BRINGS)),
    (Detail.SOURCE, re.compile("(?:是)?(?:转自|转载自?)(?:哪里?|什么|的吗)|来源(?=$|[，,。])")),
    (Detail.DAY, _near(_WHEN, _PRINTS)),
    (Detail.DAY, re.compile(rf"{_ITEM}(?:的日期)?(?:是)?{_WHEN}的?(?=$|[，,。])")),
    (Detail.WRITER, _near(_WHO, _WRITES)),
    (
        Detail.WRITER,
        re.compile(rf"(?:{_WHO}[^，,。]{{0,2}}{_ITEM}|{_ITEM}[^，,。]{{0,3}}{_WHO})的?(?=$|[，,。])|署名(?=$|[，,。])"),
    ),
)
_PHOTO = re.compile(r"照片|图片|摄影(?![家展活])|配的?图|组图|插图|[那这]张图|的图(?=(?:是|由)?谁)")
_SHORT = "(?:总结|概括|归纳|概述|提炼|摘要|简述)(?![了过])(?:一下|下)?(?:出)?"
_TELLS = "(?:讲|说|写|谈)(?:了|的)?(?:是)?(?:(?:一)?[件些个])?(?:什么|啥|哪些)(?:事儿?|内容|情况)?"
_LATELY = "(?:最近|近来|近期|近日|这几天|这阵子|这些天|这段时间|这几期)"
_WHAT = "(?:什么|哪些|些什么|些啥|啥)"
_FORMS = (
    (
        QuestionKind.TIMELINE,
        re.compile(
            "(?:的)?(?:来龙去脉|时间线|时间轴|前因后果|先后(?:经过|顺序)|发展(?:过程|经过|历程)|大事记)"
            "|按(?:时间|年份|日期|先后)(?:的)?(?:顺序)?(?:列出来|列出|说说|梳理|排)?|(?:是)?(?:怎么|如何)(?:样)?一(?:步步|步一步|天天)"
            "|一(?:步步|步一步|天天)(?:是)?怎么|(?<=从)[^，,。]{1,10}到[^，,。]{1,10}的(?:经过|过程|历程)"
        ),
    ),
    (
        QuestionKind.OVERVIEW,
        re.compile(
            rf"{_LATELY}(?P<kept>[^，,。]{{0,14}}?)(?:有|在|做|忙|干|搞|办|开展)(?:了|些)?{_WHAT}(?:动作|动态|新闻|大事|事情?|活动|工作|进展|忙)?"
            rf"|(?:都|一共)(?:做|干|办|开展|推出|采取)了{_WHAT}(?:事情?|工作|活动|措施|举措)?|做了(?:些什么|哪些事情?|些啥)"
            rf"|(?:相关)?(?:报道|新闻|报上|报纸)(?:里|上|中)?(?:都|是)?(?:怎么|如何)(?:说|讲|写|介绍)的?"
            rf"|(?:相关)?(?:报道|新闻|报上|报纸)(?:里|上|中)?都(?:说|讲|写|提|介绍)(?:了|到|过|到了)?{_WHAT}"
            rf"|{_LATELY}(?:的)?(?:工作|情况|动态|活动)(?:情况)?(?=$|[，,。])"
            "|(?:报上|报纸上|报道里?)?(?:是)?(?:怎么|如何)介绍的?(?=$|[，,。])"
            "|(?:相关)?(?:报道|新闻|情况)(?:的)?(?:汇总|综述|归纳|梳理)(?:一下)?|(?:汇总|综述|梳理|盘点)(?![了过])(?:一下)?(?:给我)?"
        ),
    ),
    (
        QuestionKind.SUMMARY,
        re.compile(
            rf"(?:请|帮我|给我|麻烦)?{_SHORT}|(?:用)?[一二两三四五几](?:两)?句话(?:说说|说清|讲讲|概括|介绍)"
            rf"|(?:的)?(?:大意|大概意思|梗概|中心思想|(?:主要|核心|大致|基本)内容|内容提要|要点)(?:是|有)?{_WHAT}?"
            rf"|(?:主要|都|大致|到底|具体)(?:是)?{_TELLS}|简单(?:说说|讲讲|介绍)"
        ),
    ),
    (
        QuestionKind.POINTS,
        re.compile(
            r"(?:是|有|分|提了?|点了?|分为|包括|的)?(?:哪|那)(?P<count>[几\d一二两三四五六七八九十]+)"
            r"(?:条|步|点|项|方面|个方面|个问题|个毛病|个环节|个步骤)(?!线)|分(?:为)?(?:几|多少)(?:步|个步骤|个阶段)"
        ),
    ),
    (QuestionKind.SUMMARY, re.compile(rf"(?:{_ITEM}|(?<=》))[^，,。]{{0,4}}{_TELLS}")),
)
_ABOUT = re.compile(
    r"^(?:请问|查一下|查查|帮我查|那?[篇条]?(?:关于|有关|讲|写|说|报道)|[这那][篇条组张](?:关于|讲|写|说)?)+"
    r"|(?:的)?(?:[这那](?:一)?[篇条组则张份个件]?|图片|摄影|相关)*(?:的|是)?$|[，,、：: ]+$"
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
    if asked := _asked(text):
        decided = [match for _, match in asked]
        topic = _before_article(text, decided) or _topic(text, *decided)
        details = tuple(dict.fromkeys(detail for detail, _ in asked))
        return Whole(QuestionKind.METADATA, topic, asked[0][1][0], details) if topic else None
    for kind, form in _FORMS:
        if match := form.search(text):
            topic = _topic(text, *form.finditer(text))
            told = (match.groupdict().get("count") or "").strip("几")
            return Whole(kind, topic, match[0], count=int(number(told) or 0) if told else 0) if topic else None
    return None


def _asked(text: str) -> list[tuple[Detail, re.Match[str]]]:
    """What of an article's credits a question asks for; nothing where it names neither an article nor a picture."""
    found = [(detail, match) for detail, form in _DETAILS for match in form.finditer(text)]
    photo, article = _PHOTO.search(text), _ARTICLE.search(text)
    return [
        (detail, match)
        for detail, match in found
        if (photo if detail is Detail.PHOTOGRAPHER else article)
        and not (detail is Detail.WRITER and any(d is Detail.PHOTOGRAPHER and _overlap(m, match) for d, m in found))
    ]


def _overlap(one: re.Match[str], other: re.Match[str]) -> bool:
    return one.start() < other.end() and other.start() < one.end()


def _before_article(text: str, decided: Sequence[re.Match[str]]) -> str:
    """What stands before the words for an article, or its headline: 大桥通车 of 关于大桥通车的那条消息是谁写的."""
    named = _ARTICLE.search(text) or _PHOTO.search(text)
    if named and named[0].startswith("《"):
        return named[0]
    ends = [match.start() for match in (named, *decided) if match]
    before = _ABOUT.sub("", text[: min(ends)])
    return before if len(before) >= 2 else ""


def _topic(text: str, *decided: re.Match[str]) -> str:
    """The question without the words that decided, and without those that frame it; empty where too little is left."""
    for match in decided:
        text = text.replace(match[0], match.groupdict().get("kept") or "，")
    before = None
    while before != text:
        before, text = text, _FRAME.sub("", text.strip("，,、：: "))
    return text if len(text.strip("《》“”")) >= 2 else ""
