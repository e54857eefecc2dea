"""What does a question ask for, in which words, and does it need the question before it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from index.text import fold, names, tokens
from rag.errors import RetrievalError
from rag.schema import Turn

__all__ = ["LONGEST_QUERY", "Asks", "Question", "check_query", "content_words", "understand"]

LONGEST_QUERY = 2000
"""Characters; a longer text is no question, and every word of it would be searched."""


class Asks(Enum):
    """The kind of answer that a question wants."""

    NUMBER = "number"
    PERSON = "person"
    TIME = "time"
    PLACE = "place"
    LIST = "list"
    MANNER = "manner"
    THING = "thing"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as the reader needs it.

    Attributes:
        asked: The words of the user.
        query: What is searched: the question, with the earlier one before it where it cannot stand alone.
        asks: The kind of answer wanted.
        words: Folded content words of ``asked``.
        context: Folded content words that ``query`` has besides.
        names: Folded names, numbers and Latin words of ``query``: what an answer can hardly do without.
        wants: What folded text must hold to answer, such as a number of 项; None when no form tells.
    """

    asked: str
    query: str
    asks: Asks
    words: tuple[str, ...]
    context: tuple[str, ...]
    names: tuple[str, ...]
    wants: re.Pattern[str] | None


_NUMERAL = r"(?:\d[\d.,]*|[零〇一二两三四五六七八九十百千万亿]+)"
_ROUNDED = r"\s*[余多]?[万亿千百]?[余多]?\s*"
_YEAR = r"(?:\d{4}|[零〇一二三四五六七八九]{4})年|今年|去年|前年|明年"
_DATE = rf"{_NUMERAL}\s*[月日号]|{_YEAR}|昨[天日]|今[天日]|明[天日]|近日|{_NUMERAL}(?:时|点)"
_LASTS = rf"{_NUMERAL}{_ROUNDED}(?:年|个?月|天|日|周|小时|分钟|时)"
_MONEY = rf"{_NUMERAL}{_ROUNDED}(?:[美欧日港]?元|块|钱)|免费"
_SHARE = rf"{_NUMERAL}\s*(?:%|成|个百分点)|百分之|半数"
_COUNT = rf"{_NUMERAL}{_ROUNDED}\w"

# First match wins, so the telling forms stand before the loose ones. Patterns see folded text; the third column is
# what an answer must then hold.
_KINDS: tuple[tuple[Asks, re.Pattern[str], str], ...] = (
    (Asks.TIME, re.compile(r"周几|星期几|礼拜几|\bwhat day\b"), r"(?:周|星期|礼拜)[一二三四五六日天末]"),
    (Asks.TIME, re.compile(r"哪[一]?年|\bwhat year\b"), _YEAR),
    (Asks.TIME, re.compile(r"多久|多长时间|几年(?!级)|多少年|\bhow long\b"), _LASTS),
    (Asks.TIME, re.compile(r"何时|什么时[候间]|哪[一]?[天日月]|几[月号点]|\bwhen\b|\bwhat date\b"), _DATE),
    (Asks.NUMBER, re.compile(r"多少钱|多少元|多少[万亿]|什么价|\bhow much\b"), _MONEY),
    (Asks.NUMBER, re.compile(r"百分之|占比|几成|多大比例|比例是多少"), _SHARE),
    (Asks.LIST, re.compile(r"哪些|哪几|哪[两二三四五六七]|分别|各自|有谁|什么人|\bwhich (?:two|three|four)\b"), ""),
    (Asks.NUMBER, re.compile(r"多少|几(?!乎)|多[大高远重长]|\bhow (?:many|far|large)\b"), _COUNT),
    (Asks.PERSON, re.compile(r"谁|哪[一]?[位名]|何人|\bwho(?:m|se)?\b"), ""),
    (Asks.PLACE, re.compile(r"哪里|哪儿|何处|什么地方|在哪|哪[一]?[片带处]|\bwhere\b"), ""),
    (Asks.MANNER, re.compile(r"怎么|怎样|如何|为什么|为何|什么办法|什么措施|什么举措|\bhow\b|\bwhy\b"), ""),
)
_MEASURE = re.compile(
    r"(?:多少|几)(平方米|平方公里|公里|毫米|微米|小时|分钟|人次|个月|[个名位项家户人次场件只条套座所棵处届岁月天元亩米吨克种期批支间册本张辆台篇份层级])"
)
_SAME_MEASURES = ("名位人个口", "家个所间", "项个件条种", "场次期届", "篇条", "册本", "岁年", "月个")
_ASKING = frozenset(
    """
    的 了 吗 呢 吧 啊 呀 嘛 么 着 过 得 地 是 有 在 和 与 及 或 等 就 都 也 还 又 把 被 给 让 向 从
    对 为 以 于 这 那 该 此 其
    哪 哪些 哪个 哪位 哪家 哪里 哪儿 哪年 哪天 哪几 几 多少 多 什么 啥 谁 怎么 怎样 怎么样 如何 为什么 为何 是否 来着
    周几 星期几 几点 几号 几月 几时 多久 多长 多大 多高 多远 请问 请 一下 一共 总共 共 各 各自 分别 目前 现在
    里 上 下 中 时 时候 他 她 它 他们 她们 我 我们 你 您 个 名 项 家 位 件 场 次 叫 名字
    the a an of in on at to for and or is are was were do does did be been what which who whom whose when where why how
    many much it its this that these those by with from as has have had not
    """.split()
)
_POINTS_BACK = re.compile(
    r"^(?:那|这|它|他|她|其|该|此)|[它他她]们?(?:是|的|在|有)|这[个条篇次家些位里]|那[个条篇次家些位里会]|呢[？?]?$"
)
_FEWEST_WORDS = 3  # a question with fewer content words of its own leans on the one before


def check_query(query: str) -> str:
    """The query without control characters and outer white space.

    Raises:
        RetrievalError: Nothing is left, or it is longer than ``LONGEST_QUERY``.
    """
    if len(query) > LONGEST_QUERY:
        raise RetrievalError(
            f"The question has {len(query):,} characters, at most {LONGEST_QUERY:,} can be searched.", "Shorten it."
        )
    text = "".join(char if char.isprintable() else " " for char in query).strip()
    if not any(char.isalnum() for char in text):
        raise RetrievalError("The question is empty.", "Type a question, for example 谁出席了会议？")
    return text


def understand(question: str, history: Sequence[Turn] = ()) -> Question:
    """Take a question apart by rules that need no model.

    A question that points back (这条, 它, …呢？), or has hardly a word of its own, is searched together with the
    question before it. A question that stands alone inherits nothing.

    Args:
        question: The question.
        history: Earlier turns, oldest first.
    """
    folded = fold(question)
    words = content_words(question)
    query, kind_of = question, folded
    context: tuple[str, ...] = ()
    if history and (_POINTS_BACK.search(folded) or len(words) < _FEWEST_WORDS):
        before = history[-1].question
        query = f"{before} {question}"[-LONGEST_QUERY:]
        context = tuple(word for word in content_words(before) if word not in words)
        if _kind(folded)[0] is Asks.THING and folded.rstrip("？?").endswith("呢"):
            kind_of = fold(before)
    asks, wants = _kind(kind_of)
    return Question(question, query, asks, words, context, _names(query), wants)


def _kind(folded: str) -> tuple[Asks, re.Pattern[str] | None]:
    for asks, pattern, wanted in _KINDS:
        if pattern.search(folded):
            return asks, re.compile(_with_measure(folded) if wanted == _COUNT else wanted) if wanted else None
    return Asks.THING, None


def _with_measure(folded: str) -> str:
    """A number with a measure word that was asked for, or with one that may stand for it."""
    asked = _MEASURE.findall(folded)
    if not asked:
        return _COUNT
    same = {char for measure in asked for group in _SAME_MEASURES if measure in group for char in group}
    return rf"{_NUMERAL}{_ROUNDED}(?:{'|'.join(sorted({*asked, *same}))})"


def _names(text: str) -> tuple[str, ...]:
    return tuple(word for word in names(text) if word not in _ASKING)


def content_words(text: str) -> tuple[str, ...]:
    """Folded words of a question that an answer's surroundings may share: without 什么, 多少, the, ... and repeats.

    Example:
        >>> content_words("大会在哪里召开？")
        ('大会', '召开')
    """
    return tuple(dict.fromkeys(word for word in tokens(text) if word not in _ASKING))
