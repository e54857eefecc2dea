"""Does a question ask which articles hold something, or how many do? The form, and what they must hold.

哪几篇提到…, 有几篇报道写了…, 石景山区的新闻有几条, 周美玉写了哪些报道. A question for things inside one article
(哪些单位, 几家企业) is none: a sentence answers it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.text import NameKind, name_kinds

__all__ = ["Inquiry", "read_inquiry"]


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question over articles.

    Attributes:
        topic: What the articles must hold or be about.
        terms: Where it asks for articles that mention words: those words, any of which will do; else empty.
        writer: Where it asks for the articles of a person: the name; else empty.
        counts: Whether a number is asked for.
        words: The words of the question that decided.
    """

    topic: str
    terms: tuple[str, ...]
    counts: bool
    words: str
    writer: str = ""


_ITEM = "(?:报道|新闻|稿子|稿件|文章|消息|通讯|报导|稿)"
_FORMS = (
    re.compile(rf"(?:总共|一共|共)?(?:有|收了|登了)?(?<!哪)(?:几|多少)(?:篇|则)(?:{_ITEM})?(?:是)?"),
    re.compile(rf"(?:总共|一共|共)?有?(?:几|多少)条{_ITEM}"),
    re.compile(rf"{_ITEM}(?:里|中)?(?:总共|一共|共|都|，)*(?:有|是)?(?:几|多少)(?:篇|条|则)?(?=$|[，,。])"),
    re.compile(r"的(?:总共|一共|共)?有(?:几|多少)(?:篇|条|则)(?=$|[，,。])"),
    re.compile(rf"(?:都|总共|一共)?(?:有|是|收了|登了)?哪(?:几|些|[两三四五])?(?:篇|则)(?:{_ITEM})?(?:里)?"),
    re.compile(rf"(?:都)?(?:有|是)?(?:哪些|哪几条){_ITEM}"),
    re.compile(rf"{_ITEM}(?:都)?(?:有|是)哪(?:些|几(?:篇|条|则)?)(?=$|[，,。])"),
    re.compile(rf"{_ITEM}(?:的)?(?:总数|数量|篇数|数目)(?:是)?(?:多少)?"),
    re.compile(rf"(?:给我|帮我|请)?(?:列出|找出|找找|找一下|找|列一下|列举)(?:来)?(?:所有|全部)?(?=[^，,。]+{_ITEM}$)"),
    re.compile(rf"有没有(?=[^，,。]+{_ITEM}$)"),
)
_COUNTS = re.compile("(?<!哪)几(?:篇|条|则|$)|多少|总数|数量|篇数|数目")
_MENTIONS = re.compile(r"(?:都|专门|里面|里)?(?:提到|写到|提及|谈到|说到|出现|写着|含有|包含)(?:过|了)?(?:的)?")
_FRAME = re.compile(
    rf"^(?:请问|帮我|统计(?:一下)?|查一下|查查|找一下|找出|列出|库里|报上|版面上|报纸上|这几期|咱们)+|(?:那件事|这件事|的事儿?|这回事)(?=$|[，,。])"
    rf"|(?:专门)?(?:写|讲|报道|介绍|登|说|讨论|涉及)(?:过|了|的是|到)?(?:这个|此事|这事)?(?:的)?(?=$|[，,。])|^(?:讲|写|报道|关于|有关|涉及|介绍|说)(?:过|了|到)?|(?:相关)?的?{_ITEM}(?=$|[，,。])"
)
_NO_TOPIC = re.compile("栏目|记者|署名|作者|通讯员|摄影(?!师)|写过|第.{1,3}版")
_WRITER = re.compile(
    rf"^(?:请问|查一下|查查|列出|找一下)*(?:(?P<paper>[\u4e00-\u9fff]{{2,6}}?[报网社台])的?)?(?:署名|记者|通讯员|作者)?(?P<name>[\u4e00-\u9fff·]{{2,4}}?)"
    rf"(?:这几期|最近|都|一共|总共)*(?:(?:写|采写|报道|发|拍)(?:过|了)(?:什么|啥|哪些|哪几|几|多少)|的(?:有)?(?:几|多少|哪些|全部|所有)[篇条]?{_ITEM}|的{_ITEM}[，,]?(?:全部|都)?(?:有|列|是)?)"
)
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严武戴莫孔向汤盛"
)
_SIGNED = re.compile(
    rf"(?:署名|记者|通讯员|作者)|(?:写|采写)(?:过|了)(?:什么|啥|哪些|哪几|几|多少)(?:篇|条)?(?:{_ITEM})?"
)


def read_inquiry(question: str) -> Inquiry | None:
    """What a question asks of the articles; None where it asks for none.

    Example:
        >>> inquiry = read_inquiry("有几篇报道提到“冬送温暖”？")
        >>> inquiry.terms, inquiry.counts
        (('冬送温暖',), True)
        >>> read_inquiry("大桥有几个车道？") is None
        True
    """
    text = question.strip().rstrip("。？?！! ")
    if writer := _of_writer(text):
        return writer
    found = next((match for form in _FORMS if (match := form.search(text))), None)
    if found is None or _NO_TOPIC.search(text):
        return None
    rest = f"{text[: found.start()]}，{text[found.end() :]}".strip("，, ")
    mentions = _MENTIONS.search(rest)
    topic = _MENTIONS.sub("", rest)
    before = None
    while before != topic:
        before = topic
        topic = _FRAME.sub("", topic).strip("，,、的 ")
    if len(topic.strip('“”《》"')) < 2:
        return None
    mentions = mentions or re.fullmatch("《[^》]+》", topic)
    terms = [word.strip('“”"「」《》 ') for word in re.split("或者?|、|和", topic)] if mentions else []
    return Inquiry(topic, tuple(word for word in terms if word), bool(_COUNTS.search(found[0])), found[0])


def _of_writer(text: str) -> Inquiry | None:
    """周美玉写了哪些报道: the articles that a person signed."""
    match = _WRITER.match(text)
    if not match or (not _SIGNED.search(text) and "列出来" not in text):
        return None
    name = match["name"]
    people = [found for found, kind in name_kinds(name) if kind is NameKind.PERSON]
    if name not in people and name[0] not in _SURNAMES:
        return None
    return Inquiry(name, (name,), bool(_COUNTS.search(text)), match[0], writer=name)
