"""What does a question ask for, in which words, and does it need the question before it?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from index.text import fold, tokens
from rag.schema import Turn

__all__ = ["Asks", "Question", "understand"]


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
        measure: The measure word that was asked for, as 项 in 多少项; empty without one.
    """

    asked: str
    query: str
    asks: Asks
    words: tuple[str, ...]
    context: tuple[str, ...]
    measure: str


# First match wins, so the telling forms stand before the loose ones. Patterns see folded text.
_KINDS: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    (Asks.TIME, re.compile(r"何时|什么时[候间]|哪[一]?[年天日月]|几[月日号点]|多久|多长时间|\bwhen\b|\bwhat (?:year|date)\b|how long")),
    (Asks.LIST, re.compile(r"哪些|哪几|哪[两二三四五六七]|分别|各自|有谁|什么人|都[有是]?[^，]{0,6}(?:什么|哪)|\bwhich (?:two|three|four)\b")),
    (Asks.NUMBER, re.compile(r"多少|几(?!乎)|多[大高远重长]|百分之|\bhow (?:many|much|far|large)\b")),
    (Asks.PERSON, re.compile(r"谁|哪[一]?[位名]|何人|叫什么名|\bwho(?:m|se)?\b")),
    (Asks.PLACE, re.compile(r"哪里|哪儿|何处|什么地方|在哪|哪[一]?[片带处]|\bwhere\b")),
    (Asks.MANNER, re.compile(r"怎么|怎样|如何|为什么|为何|什么办法|什么措施|什么举措|\bhow\b|\bwhy\b")),
)
_MEASURE = re.compile(r"(?:多少|几)([个名位项家户人次场件只条套座所棵处届岁年月日天元亩平米吨公里微米种]+)")
_ASKING = frozenset(
    "的 了 吗 呢 吧 啊 呀 嘛 么 着 过 得 地 是 有 在 和 与 及 或 等 就 都 也 还 又 把 被 给 让 向 从 对 为 以 于 这 那 哪 哪些 哪个 "
    "哪位 哪家 哪里 哪儿 哪年 哪天 哪几 几 多少 多 什么 啥 谁 怎么 怎样 怎么样 如何 为什么 为何 是否 请问 请 一下 一共 总共 目前 现在 "
    "共 各 各自 分别 里 上 下 中 时 时候 来着 他 她 它 他们 她们 我 我们 你 您 其 该 此 个 名 项 家 位 叫 名字 件 场 次 "
    "the a an of in on at to for and or is are was were do does did be been what which who whom whose when where why how "
    "many much it its this that these those by with from as has have had not".split()
)
_POINTS_BACK = re.compile(r"^(?:那|这|它|他|她|其|该|此)|[它他她]们?(?:是|的|在|有)|这[个条篇次家些位里]|那[个条篇次家些位里会]|呢[？?]?$")
_FEWEST_WORDS = 3  # a question with fewer content words of its own leans on the one before


def understand(question: str, history: Sequence[Turn] = ()) -> Question:
    """Take a question apart by rules that need no model.

    A question that points back (这条, 它, …呢？), or has hardly a word of its own, is searched together with the
    question before it. A question that stands alone inherits nothing.

    Args:
        question: The question.
        history: Earlier turns, oldest first.
    """
    folded = fold(question)
    words = _content_words(question)
    asks = _kind(folded)
    measure = _MEASURE.search(folded)
    query, context = question, ()
    if history and (_POINTS_BACK.search(folded) or len(words) < _FEWEST_WORDS):
        before = history[-1]
        query = f"{before.question} {question}"
        context = tuple(word for word in _content_words(before.question) if word not in words)
        if asks is Asks.THING and folded.rstrip("？?").endswith("呢"):
            earlier = fold(before.question)
            asks, measure = _kind(earlier), _MEASURE.search(earlier)
    return Question(question, query, asks, words, context, measure.group(1) if measure else "")


def _kind(folded: str) -> Asks:
    return next((asks for asks, pattern in _KINDS if pattern.search(folded)), Asks.THING)


def _content_words(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in tokens(text) if word not in _ASKING))
