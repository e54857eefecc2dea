"""What does a question ask for, and in which words?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from index.text import NameKind, fold, is_chinese, latin_share, legible, name_kinds, names, tokens
from rag.errors import RetrievalError

__all__ = [
    "LONGEST_QUERY",
    "Asks",
    "Question",
    "check_query",
    "content_words",
    "focus_words",
    "split_question",
    "understand",
]

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
        query: What is searched: the question, completed where it is a turn of a conversation.
        asks: The kind of answer wanted.
        parts: The questions that it asks at once, each to be searched and answered by itself; empty when it is one.
    """

    asked: str
    query: str
    asks: Asks
    parts: tuple[Question, ...] = ()


# Of several, the last one counts in Chinese, which puts what is asked at the end, and the first one in English; of
# those that end alike, the one that stands first here. Patterns see folded text.
_KINDS: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    (
        Asks.TIME,
        re.compile(
            r"周几|星期几|礼拜几|哪[一]?年|多久|多长时间|几年(?!级)|多少年|何时|什么时[候间]|哪[一]?[天日月]|几[月号点]"
            r"|\bwhat (?:day|year|date)\b|\bhow long\b|\bwhen\b"
        ),
    ),
    (
        Asks.LIST,
        re.compile(r"哪些|哪几|哪[两二三四五六七]|(?:分别|各自)[^，。？]*|有谁|什么人|\bwhich (?:two|three|four)\b"),
    ),
    (
        Asks.NUMBER,
        re.compile(
            r"多少|几(?!乎)|多[大高远重长]|什么价|(?:占比|比例|比重)[^，。？]{0,5}|\bhow (?:many|much|far|large)\b"
        ),
    ),
    (Asks.PERSON, re.compile(r"谁|哪[一]?[位名]|何人|\bwho(?:m|se)?\b")),
    (Asks.PLACE, re.compile(r"哪里|哪儿|何处|什么地方|在哪|哪[一]?[片带处]|\bwhere\b")),
    (Asks.MANNER, re.compile(r"怎么|怎样|如何|为什么|为何|什么办法|什么措施|什么举措|\bhow\b|\bwhy\b")),
    (Asks.THING, re.compile(r"什么|啥|哪[一]?[个家种款部项类支所座条门本份级国省市州县区]|\bwhat\b|\bwhich\b")),
)
_SINGLE_MEASURES = "个名位项家户次场件只条套座所棵处届岁种期批支间册本张辆台篇份层级款部"
_ASKING = frozenset(
    """
    的 了 吗 呢 吧 啊 呀 嘛 么 着 过 得 地 是 有 在 和 与 及 或 等 就 都 也 还 又 把 被 给 让 向 从
    对 为 以 于 这 那 该 此 其
    哪 哪些 哪个 哪位 哪家 哪里 哪儿 哪年 哪天 哪几 几 多少 多 什么 啥 谁 怎么 怎样 怎么样 如何 为什么 为何 是否 来着
    周几 星期几 几点 几号 几月 几时 多久 多长 多大 多高 多远 请问 请 一下 一共 总共 共 各 各自 分别 目前 现在
    钱 里 上 下 中 时 时候 他 她 它 他们 她们 我 我们 你 您 个 名 项 家 位 件 场 次 叫 名字
    the a an of in on at to for and or is are was were do does did be been what which who whom whose when where why how
    many much it its this that these those by with from as has have had not
    """.split()
)
_ASKING_WORD = re.compile(
    r"多少|[几哪谁啥]|什么|怎[么样]|如何|为何|何[时处人]|多[久长大高远重]|周几|是否|[吗呢]|"
    r"\b(?:what|which|who|whom|whose|when|where|why|how)\b"
)
_KEPT = 1_024  # texts whose words are remembered: a search asks for them several times
_PIECES = re.compile(r"(?<=[，,；;。？?！!])(?=.)")
_FURTHER = re.compile("又|还|另|并且|同时")
_FEWEST_OF_PART = 2  # content words, below which a piece cannot be asked by itself
_SIDE = "[^，。？和与跟]{2,}?"
_BOTH = re.compile(rf"(?P<one>{_SIDE})(?:和|与|跟)(?P<other>{_SIDE})[，,]?(?:都|各自|各|分别|均)(?P<rest>.+)")
_POINTER = re.compile(r"[这那哪几]\w{0,2}|一[个位名家张项次种条年天些下场只件份片支]")


def check_query(query: str) -> str:
    """The query as it is meant to be read, without control characters and outer white space.

    Raises:
        RetrievalError: Nothing is left, or it is longer than ``LONGEST_QUERY``.
    """
    if len(query) > LONGEST_QUERY:
        raise RetrievalError(
            f"The question has {len(query):,} characters, at most {LONGEST_QUERY:,} can be searched.", "Shorten it."
        )
    text = "".join(char if char.isprintable() else " " for char in legible(query)).strip()
    if not any(char.isalnum() for char in text):
        raise RetrievalError("The question is empty.", "Type a question, for example 谁出席了会议？")
    return text


def understand(question: str, asked: str | None = None) -> Question:
    """Take a question apart by rules that need no model.

    Args:
        question: The question, completed where it is a turn of a conversation.
        asked: The words of the user; the question itself when None.
    """
    parts = tuple(_part(text, question) for text in split_question(question))
    return Question(question if asked is None else asked, question, _kind(fold(question)), parts)


def _part(text: str, whole: str) -> Question:
    """One question of several: it is searched with the names of the others, for they often share a subject."""
    folded = fold(text)
    shared = (name for name in _names(whole) if name not in folded)
    bare = text.strip("，,；;。？?！! ")  # the reading model knows a question by its mark
    asked = f"{bare}{'？' if is_chinese(bare) else '?'}"
    return Question(asked, " ".join([*shared, asked]), _kind(folded))


def split_question(text: str) -> tuple[str, ...]:
    """The questions that are asked at once; none where it is one question.

    Two stretches between commas that each have an asking word are two questions, and so are two things of which the
    same is asked: 甲和乙都…… becomes 甲…… and 乙…….

    Example:
        >>> split_question("大桥长多少米，图书馆又有多少册书？")
        ('大桥长多少米，', '图书馆又有多少册书？')
        >>> split_question("鹿鸣大桥和柳河县图书馆都是哪年建的？")
        ('鹿鸣大桥是哪年建的？', '柳河县图书馆是哪年建的？')
        >>> split_question("大桥什么时候通车？")
        ()
    """
    pieces = [piece for piece in _PIECES.split(text) if piece.strip()]
    if len(found := list(_gather(pieces))) >= 2:
        return tuple(found)
    both = _BOTH.fullmatch(text)
    sides = (both["one"].strip(), both["other"].strip()) if both else ()
    if both and _ASKING_WORD.search(fold(both["rest"])) and all(map(_is_named, sides)):
        return tuple(f"{side}{both['rest']}" for side in sides)
    return ()


def _gather(pieces: Sequence[str]) -> Iterator[str]:
    """The questions that the pieces make: a piece opens a new one when it and the one before both ask."""
    gathered = ""
    for piece in pieces:
        if gathered and _ASKING_WORD.search(fold(gathered)) and _asks_anew(gathered, piece):
            yield gathered
            gathered = ""
        gathered += piece
    yield gathered


def _asks_anew(before: str, piece: str) -> bool:
    """Whether a piece asks something of its own; behind a comma, 怎么 or 谁 alone may belong to what is told."""
    here, there = _ASKING_WORD.search(fold(piece)), _ASKING_WORD.search(fold(before))
    if not here or not there or len(content_words(piece)) < _FEWEST_OF_PART:
        return False
    return before[-1] not in "，," or bool(_FURTHER.search(piece)) or here[0] == there[0] == "多少"


def _is_named(side: str) -> bool:
    return bool(re.search("[“《「]", side)) or any(kind is not NameKind.FIGURE for _, kind in name_kinds(side))


def _kind(folded: str) -> Asks:
    found = [(match, asks) for asks, pattern in _KINDS for match in pattern.finditer(folded)]
    if not found:
        return Asks.THING
    if latin_share(folded) < 0.5:
        return max(found, key=lambda pair: pair[0].end())[1]
    return min(found, key=lambda pair: pair[0].start())[1]


def _names(text: str) -> tuple[str, ...]:
    return tuple(word for word in names(text) if word not in _ASKING)


@lru_cache(_KEPT)
def content_words(text: str) -> tuple[str, ...]:
    """Folded words of a question that an answer's surroundings may share: without 什么, 多少, the, ... and repeats.

    Example:
        >>> content_words("大会在哪里召开？")
        ('大会', '召开')
    """
    words = (word for word in tokens(text) if word not in _ASKING and not _POINTER.fullmatch(word))
    return tuple(dict.fromkeys(words))


@lru_cache(_KEPT)
def focus_words(text: str) -> tuple[str, ...]:
    """What is asked for of the rest: the content words next to the asking word, one before it and two behind it.

    A question without an asking word is a list of words; the last of them is taken.

    Example:
        >>> focus_words("花园的门票多少钱一张？"), focus_words("这支队伍拿到了多少项专利？")
        (('门票',), ('拿到', '专利'))
    """
    folded = fold(text)
    match = _ASKING_WORD.search(folded)
    if not match:
        return content_words(folded)[-1:]
    behind_it = re.sub(rf"^[{_SINGLE_MEASURES}]", "", folded[match.end() :])  # else 个名 would be a word of 多少个名医
    before, behind = content_words(folded[: match.start()]), content_words(behind_it)
    return tuple(dict.fromkeys([*before[-1:], *behind[:2]]))
