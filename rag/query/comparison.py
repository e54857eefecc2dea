"""Which two things does a question compare, in what, and which of them does it look for?

甲和乙哪个…更多, 甲比乙多多少, 是甲多还是乙多, 甲跟乙一样吗. Each side becomes a question of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from index.text import tagged

__all__ = ["Contest", "Rival", "read_comparison"]


@dataclass(frozen=True, slots=True)
class Rival:
    """One side.

    Attributes:
        name: As the question names it.
        question: What is asked of this side alone.
    """

    name: str
    question: str


@dataclass(frozen=True, slots=True)
class Contest:
    """A comparison as it was asked.

    Attributes:
        sides: The two sides, in the order of the question.
        most: True where the greater value is looked for (多, 高, 晚), False for the smaller (少, 近, 先).
        words: The words of the question that make it a comparison.
    """

    sides: tuple[Rival, Rival]
    most: bool
    words: str


# What is compared -> how it is asked of one side, and whether the greater value is meant.
_MEASURES: dict[str, tuple[str, bool]] = {
    "多": ("有多少", True), "少": ("有多少", False), "高": ("是多少", True), "低": ("是多少", False),
    "大": ("有多大", True), "小": ("有多大", False), "长": ("有多长", True), "短": ("有多长", False),
    "远": ("有多远", True), "近": ("有多远", False), "重": ("有多重", True), "轻": ("有多重", False),
    "贵": ("多少钱", True), "便宜": ("多少钱", False), "早": ("是什么时候", False), "晚": ("是什么时候", True),
    "先": ("是什么时候", False), "后": ("是什么时候", True), "快": ("是多少", False), "慢": ("是多少", True),
    "久": ("有多久", True), "深": ("有多深", True), "浅": ("有多深", False), "宽": ("有多宽", True),
    "厚": ("有多厚", True), "强": ("是多少", True), "弱": ("是多少", False), "厉害": ("是多少", True),
    "老": ("多少岁", True), "年轻": ("多少岁", False), "大岁数": ("多少岁", True),
}  # fmt: skip
_MEASURE = "|".join(sorted(_MEASURES, key=len, reverse=True))
_WHICH = r"(?:哪(?:一)?(?:个|家|边|方|位|场|座|所|条|款|支|种|只|项|篇|类|头|部|地|里|年|次|处|省|市|区|县|国|队|届|台|辆|户|天|块)?|谁家?)(?:的)?"  # noqa: E501
_AND = r"(?:和|与|跟|同|、|还是|以及)"
_HOW_MUCH = r"(?:了|出|上)?(?:多少|几)[^，,。？?]{0,6}"
_EACH = re.compile(
    rf"^(?P<before>.*?)(?P<which>{_WHICH})(?P<what>[^，,。？?]{{0,16}}?)(?P<very>更|最|比较|要|得|相对)?(?P<how>{_MEASURE})"
    rf"(?P<rest>(?:一[点些]|点|些|了|来|到|开|办|举行|开始|启用|建成|成立|上市|发布|通车)?[啊呢呀]?(?:[，,](?:[^，,]{{0,3}}(?:差|多|高|少|低|大|小|快|早|晚|隔|相差|相隔)[^，,]{{0,10}}))?[。？?！!]?)$"
)
_OR = re.compile(
    rf"^(?P<before>.*?)(?:是)?(?P<one>[^，,。？?]{{1,20}}?)(?P<how>{_MEASURE})(?:些|一些|点|一点)?[，,]?还是(?P<other>[^，,。？?]{{1,20}}?)(?P=how)(?:些|一些|点|一点)?(?:[，,].*)?[。？?]?$"
)
_THAN = re.compile(
    rf"^(?P<before>.*?[，,])?(?P<one>[^，,。？?]+?)[，,]?(?P<yes>是不是|是否|有没有)?(?:要)?比(?P<other>[^，,。？?]{{1,24}}?)(?:至少|大约|大概|还|要|整整|究竟|到底)*"
    rf"(?P<how>{_MEASURE})(?P<rest>{_HOW_MUCH}|吗|么|些吗|一些吗|[？?]|$)"
)
_APART = re.compile(
    r"^(?P<before>.*?[，,])?(?P<one>[^，,。？?]+?)[，,]?(?:和|与|跟|同)(?P<other>[^，,。？?]+?)[，,]?(?:之间)?(?:到底|究竟|一共|大概)*"
    r"(?P<how>相差|差|隔|相隔|是不是一样|是否一样|是否相同|是不是相同|一样|一致|相同|相等|持平)(?P<rest>.*)$"
)
_NOT_A_SIDE = re.compile(
    r"去年|上年|往年|前年|同期|以前|之前|过去$|预期|计划|原来|上[一个]?(?:届|次|年|月|周)|往常|平时|一般|其他|别人|附近|周边|市场价|别处|外面|之前"
)
_ASIDE = re.compile(r"^(?:论|说到|说起|关于|要说|按|就|比|若论|在)(?=.{2,}[，,]$)|(?:方面|来说|来看|而言|上)?[，,]$")
_TRAILING = re.compile(r"(?:是|有|都|各|分别|一共|总共|的|，|,|要|能|会|平均)+$")


def read_comparison(question: str) -> Contest | None:
    """The comparison that a question asks for; None where it asks for none, or its sides cannot be told.

    Example:
        >>> contest = read_comparison("昌平和青岛哪个聘请的劳模导师更多？")
        >>> [side.question for side in contest.sides]
        ['昌平聘请的劳模导师有多少？', '青岛聘请的劳模导师有多少？']
        >>> read_comparison("会议由谁主持？") is None
        True
    """
    text = question.strip().rstrip("。？?！! ")
    for form in (_by_or, _by_than, _by_each, _by_difference):
        if (contest := form(text)) is not None:
            return contest
    return None


def _by_each(text: str) -> Contest | None:
    """甲和乙[，]哪个…更多."""
    match = _EACH.match(text)
    if not match:
        return None
    before, what = match["before"].rstrip("，, "), match["what"]
    pair, behind = before, ""
    if "，" in before or "," in before:  # 甲和乙，高考谁分高
        head, _, tail = before.replace(",", "，").rpartition("，")
        if not re.search(_AND, tail):
            pair, behind = head, tail
    split = _split(pair)
    if split is None:
        return None
    aside, one, other, shared = split
    what = f"{behind}{shared}{what}"
    if re.match("先|早|晚|后", match["how"]):
        what += re.sub("[，,].*|[啊呢呀？?了]|一[点些]", "", match["rest"])
    return _contest(aside, one, other, what, match["how"], match["which"] + match["how"])


def _by_or(text: str) -> Contest | None:
    """是甲多还是乙多."""
    match = _OR.match(text)
    if not match:
        return None
    before, one = match["before"], match["one"].removeprefix("是")
    if not before and "的" in one:  # 丰台建的中医馆多还是中医阁多
        before, _, one = one.rpartition("的")
        before += "的"
    return _contest(before, one, match["other"].removeprefix("是"), "", match["how"], f"还是{match['how']}")


def _by_than(text: str) -> Contest | None:
    """甲比乙多多少, 甲是不是比乙高."""
    match = _THAN.match(text)
    if not match or not (match["yes"] or match["rest"].strip("？?")):
        return None
    one, other, before = match["one"], match["other"], match["before"] or ""
    if _NOT_A_SIDE.search(other) or re.search("[成倍]|百分", match["rest"]):
        return None
    name, of, what = one.rpartition("的")
    if not of and re.match("前|往后|未来|今后|过去", other) and before:
        one, before = before.rstrip("，, ") + one, ""
    if of and len(what) <= 10 and len(name) >= 2 and "的" not in other[:-1]:
        return _contest(before, name, other.removesuffix("的"), f"的{what}", match["how"], f"比…{match['how']}")
    return _contest(before, one, other, "", match["how"], f"比…{match['how']}")


def _by_difference(text: str) -> Contest | None:
    """甲和乙差多少, 甲跟乙一样吗."""
    match = _APART.match(text)
    if not match or (
        match["how"] in {"差", "隔", "一样", "一致"} and not re.search("多少|几|吗|么|多|不", match["rest"])
    ):
        return None
    one, other, aside, what = match["one"].strip("，, "), match["other"], "", ""
    if other.endswith("的") and "的" in one:
        one, _, what = one.rpartition("的")
        what = f"的{what}"
    elif "的" not in one and (split := _split(f"{one}和{other}")):
        aside, one, other, what = split
    how = "晚" if match["how"] in {"隔", "相隔"} or re.search("[天年月]", match["rest"]) else "高"
    return _contest((match["before"] or "") + aside, one, other, what, how, match["how"])


def _contest(aside: str, one: str, other: str, what: str, how: str, words: str) -> Contest | None:
    one, other = (_TRAILING.sub("", side.strip("，, ")) for side in (one, other))
    if len(one) < 2 or len(other) < 2 or one == other or _NOT_A_SIDE.fullmatch(other):
        return None
    asks, most = _MEASURES[how]
    aside = _ASIDE.sub("", aside.strip()).strip("，, ")
    what = _TRAILING.sub("", what.strip("，, "))

    def ask(side: str) -> str:
        return f"{aside}{'，' if aside and not aside.endswith('的') else ''}{side}{what}{asks}？"

    return Contest((Rival(one, ask(one)), Rival(other, ask(other))), most, words)


def _split(pair: str) -> tuple[str, str, str, str] | None:
    """What stands before a pair, its two sides, and what is said of both behind them."""
    aside, comma, text = pair.replace(",", "，").rpartition("，")
    found = [match for match in re.finditer(_AND, text) if match.start() > 1 and match.end() < len(text) - 1]
    if not found and comma:
        inner = _split(aside)
        return inner and (inner[0], inner[1], inner[2], inner[3] + text)
    if not found:
        return None
    at = found[-1] if len(found) == 1 else max(found, key=lambda m: m[0] in "和与跟")
    one, behind = text[: at.start()], text[at.end() :]
    other, what = _cut_second(one, behind)
    return aside + comma, one, other, what


def _cut_second(one: str, behind: str) -> tuple[str, str]:
    """The second side and what is said of both: it is as long as its likeness to the first one goes.

    Example:
        >>> _cut_second("浙江", "河北今年上半年城镇新增就业")
        ('河北', '今年上半年城镇新增就业')
        >>> _cut_second("首都机场", "大兴机场")
        ('大兴机场', '')
    """
    first, words = tagged(one), tagged(behind)
    if len(behind) <= len(one) + 2:
        return behind, ""
    length = 0
    for at, (word, tag) in enumerate(words):
        length += len(word)
        rest = behind[length:]
        if word == first[-1][0] or (word[-1:] == one[-1:] and len(one) > 2 and length >= 2):
            return behind[:length], rest
        if tag == first[-1][1] and tag in {"ns", "nr", "nt", "nz"} and len(first) == 1:
            return behind[:length], rest
        if (
            tag == "eng"
            and first[-1][1] == "eng"
            and (at + 1 == len(words) or not words[at + 1][0].strip().isascii() or words[at + 1][0].strip())
        ):
            following = rest.lstrip()
            if not following[:1].isascii():
                return behind[:length], rest
    return behind, ""
