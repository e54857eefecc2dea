"""Which figures stand in a text, and are two of them the same value? 1.3万 is 一万三千, 两成 is 20% is 百分之二十.

Figures are found in folded text, so 萬, full-width digits and 貳 count as well; their offsets are those of the text
that was given. Rules, no model: what no rule can tell is left out, such as 一 without a measure word, 三农, 四川, 5G
and figures inside a name that the tagger knows (五台山).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from functools import cache, lru_cache

from index.text import fold, names
from rag.query.numerals import NUMERAL, SMALL_NUMERAL, is_rough, number, scale_of

__all__ = ["Clock", "Day", "Figure", "FigureKind", "figures"]


class FigureKind(StrEnum):
    """What sort of figure it is."""

    COUNT = "count"  # of things, people, metres, years that pass
    MONEY = "money"
    SHARE = "share"  # percent, 成, fractions; percentage points have a unit of their own
    ORDINAL = "ordinal"  # 第三
    DATE = "date"
    TIME = "time"  # of day


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is told; None for what is not."""

    year: int | None = None
    month: int | None = None
    day: int | None = None

    def parts(self) -> dict[str, int]:
        """What is told, coarse to fine.

        Example:
            >>> Day(month=6, day=22).parts()
            {'month': 6, 'day': 22}
        """
        told = {"year": self.year, "month": self.month, "day": self.day}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day.

    Attributes:
        minutes: Since midnight.
        sure: False for an hour up to 12 of which nothing tells whether it is before noon.
    """

    minutes: int
    sure: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a text.

    Attributes:
        kind: What sort it is.
        value: A number in the unit told; a :class:`Day` for dates, a :class:`Clock` for times.
        unit: Folded; one unit for each quantity (公里 becomes 米, 小时 becomes 分钟, 亩 becomes 平方米), a measure
            word as it stands, "" without one.
        start: Offset of its first character in the text.
        end: Offset after its last character.
        about: True where the text gives it as rough: 3200余册, 近百人, 七八天 (which is 7).
        article: True for 一 before a measure word, which is more often "a" than "one".
    """

    kind: FigureKind
    value: Fraction | Day | Clock
    unit: str
    start: int
    end: int
    about: bool = False
    article: bool = False

    def agrees(self, other: Figure) -> bool:
        """Whether both can be the same figure: equal by value, in units that stand for one another.

        A figure without a unit agrees with any; a date with one that tells more or less of the same day; an hour
        without 上午 or 下午 with both.

        Example:
            >>> (one,), (two,) = figures("一万三千册"), figures("1.3万本")
            >>> one.agrees(two), one.rivals(two)
            (True, False)
        """
        if isinstance(self.value, Day) and isinstance(other.value, Day):
            mine, yours = self.value.parts(), other.value.parts()
            shared = mine.keys() & yours.keys()
            return bool(shared) and all(mine[name] == yours[name] for name in shared)
        if isinstance(self.value, Clock) and isinstance(other.value, Clock):
            apart = abs(self.value.minutes - other.value.minutes)
            return apart == 0 or (apart == _HALF_DAY and not (self.value.sure and other.value.sure))
        if self.value != other.value:
            return False
        bare = not self.unit or not other.unit
        return self._same_quantity(other) or (bare and {self.kind, other.kind} <= _BARE)

    def rivals(self, other: Figure) -> bool:
        """Whether both tell the same quantity in different values: 5户 and 4户, 6月21日 and 6月22日.

        Whether they tell it of the same thing is another question. Never True for an article or without a unit.
        """
        if self.article or other.article or self.agrees(other):
            return False
        if isinstance(self.value, Day) and isinstance(other.value, Day):
            return bool(self.value.parts().keys() & other.value.parts().keys())
        return self._same_quantity(other) and (bool(self.unit) or self.kind is FigureKind.TIME)

    def _same_quantity(self, other: Figure) -> bool:
        if self.kind is not other.kind:
            return False
        both = {self.unit, other.unit}
        return len(both) == 1 or ({self.kind} <= _BARE and any(both <= group for group in _SAME_MEASURES))


def figures(text: str) -> list[Figure]:
    """The figures of a text, in text order; none overlaps another.

    Example:
        >>> [(f.kind.value, str(f.value), f.unit) for f in figures("４戶，長1.2公里，佔兩成，價三千五百元")]
        [('count', '4', '户'), ('count', '1200', '米'), ('share', '1/5', '%'), ('money', '3500', '元')]
        >>> [f.value.parts() for f in figures("二〇二五年六月二十二日")]
        [{'year': 2025, 'month': 6, 'day': 22}]
    """
    folded, places = _folded(text)
    taken = [match.span() for match in _NO_FIGURE.finditer(folded)]
    found: list[Figure] = []
    for rule in (_dates, _times, _shares, _halves, _quantities):
        fresh = [f for f in rule(folded) if not any(f.start < end and start < f.end for start, end in taken)]
        found += fresh
        taken += [(figure.start, figure.end) for figure in fresh]
    ordered = _outside_names(sorted(found, key=lambda figure: figure.start), folded)
    return [replace(figure, start=places[figure.start][0], end=places[figure.end - 1][1]) for figure in ordered]


_HALF_DAY = 12 * 60
_BARE = {FigureKind.COUNT, FigureKind.MONEY, FigureKind.ORDINAL}  # kinds whose unit may be left out
_NO_FIGURE = re.compile(
    r"十[一二三四]五(?=[”」』]?(?:规划|时期|期间|末|开局|收官))|[“「『]十[一二三四]五[”」』]"  # plans of five years
    r"|五一|一一|三三两两|十分(?!钟)|[统唯同专单万]一|[进下]一步|腊八|零(?:件|部件|食|售|工)|一部分|一方面|[一二三四五六七八九][元里道](?=[桥屯庄口河堡坊])"
    r"|[a-z]+-?\d[\d.]*[a-z]*"  # a4, covid-19
)


def _folded(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Folded text, and for each of its characters the range of the text that it comes from."""
    parts = [_fold_one(char) for char in text]
    places = [(at, at + 1) for at, part in enumerate(parts) for _ in part]
    return "".join(parts), places


@lru_cache(maxsize=20_000)
def _fold_one(char: str) -> str:
    return char.lower() if char.isascii() else fold(char)


# Dates and times.

_YEAR = r"(?P<year>(?<!\d)\d{4}|[零〇○一二三四五六七八九]{4})年(?!级)"
_MONTH = rf"(?P<month>{SMALL_NUMERAL})月份?"
_DAY = rf"(?P<day>{SMALL_NUMERAL})(?:日(?![内游龄间])|号(?![楼线院店门厅馆文令机桥井站台]))"
_ENGLISH_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_ENGLISH = rf"\b(?P<name>{'|'.join(_ENGLISH_MONTHS)})[a-z]*\.?"
_DATES = (
    re.compile(rf"{_YEAR}(?:{_MONTH}(?:{_DAY})?)?"),
    re.compile(rf"(?<!个){_MONTH}{_DAY}"),
    re.compile(r"(?<![\d.])(?P<year>(?:19|20)\d{2})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?![\d.])"),
    re.compile(_DAY),
    re.compile(rf"{_MONTH}(?!龄)"),
    re.compile(rf"{_ENGLISH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}})\b)?"),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_ENGLISH}(?: (?P<year>\d{{4}})\b)?"),
    re.compile(rf"{_ENGLISH} (?P<year>\d{{4}})\b"),
    re.compile(r"\b(?:in|of|since|by|until|from) (?P<year>(?:19|20)\d{2})\b"),
)
_HALVES_OF_DAY = r"(?P<half>上午|早上|早晨|清晨|凌晨|中午|下午|午后|傍晚|晚上|晚间|今晚|夜里|深夜|夜间|早|晚)?"
_HOUR, _MINUTE = rf"(?P<hour>{SMALL_NUMERAL})", rf"(?P<minute>{SMALL_NUMERAL})"
_TIMES = (
    re.compile(
        rf"{_HALVES_OF_DAY}(?<![\d:])(?P<hour>\d{{1,2}})[:：](?P<minute>\d{{2}})(?![\d:])(?P<english>\s?[ap]\.?m\b)?"
    ),
    re.compile(rf"{_HALVES_OF_DAY}{_HOUR}时(?![候段代间期速尚])(?:{_MINUTE}分|(?P<part>[半整许]))?"),
    re.compile(rf"{_HALVES_OF_DAY}{_HOUR}点(?:{_MINUTE}分|(?P<part>半|整|钟|许|一刻|三刻|左右))"),
    re.compile(rf"{_HALVES_OF_DAY[:-1]}{_HOUR}点"),
    re.compile(r"(?<!\d)(?P<hour>\d{1,2})点(?=[开关到前后至，。；、]|$)"),
    re.compile(r"\b(?P<hour>\d{1,2})(?P<english>\s?[ap]\.?m\b)"),
)
_AFTERNOON = {"下午", "午后", "傍晚", "晚上", "晚间", "今晚", "夜里", "深夜", "夜间", "晚"}
_PARTS = {"半": 30, "一刻": 15, "三刻": 45}


def _dates(text: str) -> Iterator[Figure]:
    taken: list[tuple[int, int]] = []
    for pattern in _DATES:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            told = match.groupdict()
            name = told.get("name")
            month = _ENGLISH_MONTHS.index(name) + 1 if name else _whole(told.get("month"))
            day = Day(_whole(told.get("year")), month, _whole(told.get("day")))
            if day.month in {None, *range(1, 13)} and day.day in {None, *range(1, 32)} and day.parts():
                taken.append(match.span())
                yield Figure(FigureKind.DATE, day, "", *match.span())


def _times(text: str) -> Iterator[Figure]:
    taken: list[tuple[int, int]] = []
    for pattern in _TIMES:
        for match in pattern.finditer(text):
            told = match.groupdict()
            hour, minute = _whole(told["hour"]), _whole(told.get("minute")) or _PARTS.get(told.get("part") or "", 0)
            if hour is None or hour > 24 or minute > 59:
                continue
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            half, english = told.get("half") or "", (told.get("english") or "").strip()
            if (half in _AFTERNOON or english.startswith("p") or (half == "中午" and hour < 3)) and hour < 12:
                hour += 12
            sure = bool(half or english) or hour > 12 or hour == 0 or match["hour"][0] == "0"
            taken.append(match.span())
            yield Figure(FigureKind.TIME, Clock(hour * 60 + minute, sure), "", *match.span())


def _whole(numeral: str | None) -> int | None:
    value = number(numeral) if numeral else None
    return int(value) if value is not None else None


# Shares and halves.

_NUMBER = rf"(?:{NUMERAL})"
_PART_OF = re.compile(rf"(?P<whole>百|千|万|{_NUMBER})分之(?P<part>{_NUMBER})")
_TENTHS = re.compile(
    r"(?<![第\d])(?P<tenths>[一二两三四五六七八九十]|(?<![\d.])\d(?:\.\d)?)成(?P<half>半)?"
    r"(?![员为功立果长绩熟语都套交组份效品型像才人分本年就]|不变)"
)
_HALF_OF = re.compile(r"(?<!第)(?<!另)(?:一半|半数|过半)(?!以[上下])|半数")
_HALF_UNIT = re.compile(r"(?<![上下前后大多一两三四五六七八九十个\d])半(?P<unit>年|个月|个?小时|天|斤|亩|里)")
_HALF_UNITS = {
    "年": ("年", "1/2"),
    "个月": ("月", "1/2"),
    "天": ("天", "1/2"),
    "小时": ("分钟", "30"),
    "个小时": ("分钟", "30"),
    "斤": ("千克", "1/4"),
    "亩": ("平方米", "1000/3"),
    "里": ("米", "250"),
}


def _shares(text: str) -> Iterator[Figure]:
    for match in _PART_OF.finditer(text):
        whole = {"百": Fraction(100), "千": Fraction(1000), "万": Fraction(10**4)}.get(match["whole"])
        whole, part = whole or number(match["whole"]), number(match["part"])
        if whole and part is not None:
            yield Figure(FigureKind.SHARE, part / whole, "%", *match.span())
    for match in _TENTHS.finditer(text):
        tenths = number(match["tenths"])
        if tenths is not None:
            value = (tenths + (Fraction(1, 2) if match["half"] else 0)) / 10
            yield Figure(FigureKind.SHARE, value, "%", *match.span())
    for match in _HALF_OF.finditer(text):
        yield Figure(FigureKind.SHARE, Fraction(1, 2), "%", *match.span(), about="过" in match[0])


def _halves(text: str) -> Iterator[Figure]:
    for match in _HALF_UNIT.finditer(text):
        unit, half = _HALF_UNITS[match["unit"]]
        yield Figure(FigureKind.COUNT, Fraction(half), unit, *match.span())


# Counts, money, percentages and ordinals: a number and the unit behind it.

_UNITS: dict[FigureKind, dict[str, dict[str, str]]] = {
    FigureKind.SHARE: {
        "%": {"1/100": "% percent", "1/1000": "‰"},
        "百分点": {"1/100": "个?百分点 percentage.points?"},
    },
    FigureKind.MONEY: {
        "元": {
            "1": "元(?![月旦宵素老首]) 块钱 块(?=[，。；、]|$) 圆 元?人民币 yuan rmb",
            "1/10": "角钱?",
            "1/100": "分钱",
        },
        "美元": {"1": "美元 美金 dollars?"},
        "欧元": {"1": "欧元 euros?"},
        "港元": {"1": "港元 港币"},
        "日元": {"1": "日元"},
        "英镑": {"1": "英镑 pounds?"},
        "韩元": {"1": "韩元"},
    },
    FigureKind.COUNT: {
        "米": {
            "1": "米(?![粉饭线面豆糕酒]) met(?:er|re)s? m",
            "1000": "公里 千米 kilomet(?:er|re)s? km",
            "500": "华里 里(?![面程])",
            "1/100": "厘米 公分 cm",
            "1/1000": "毫米 mm",
            "1/1000000": "微米",
            "1/1000000000": "纳米",
        },
        "平方米": {
            "1": "平方米 平米 m2 square.met(?:er|re)s?",
            "1000000": "平方公里 平方千米 km2 square.kilomet(?:er|re)s?",
            "10000": "公顷 hectares?",
            "2000/3": "亩 mu",
        },
        "立方米": {"1": "立方米 m3", "1/1000": "升 公升", "1/1000000": "毫升 ml"},
        "千克": {"1": "公斤 千克 kg kilograms?", "1000": "吨 tons? tonnes?", "1/2": "斤", "1/1000": "克 grams?"},
        "分钟": {"1": "分钟 minutes?", "60": "个?小时 个?钟头 hours?", "1/60": "秒钟? seconds?"},
        "天": {
            "1": "天 日(?=[内游龄间]) days?",
            "7": "周(?![年岁边围末一二三四五六日]) 个?星期(?![一二三四五六日]) weeks?",
        },
        "月": {"1": "个月 月龄 months?", "3": "个?季度"},
        "年": {"1": "周年 年(?![级轻初底末中]) years?"},
        "千瓦": {"1": "千瓦(?!时)", "1/1000": "瓦"},
        "千瓦时": {"1": "千瓦时 度电 kwh"},
        "摄氏度": {"1": "摄氏度 ℃ °c"},
    },
}
_MEASURES = (
    "人次 车次 班次 架次 人份 人 名 位 户 家 口 个 项 件 条 座 所 棵 株 只 处 届 岁 种 类 批 期 间 支 册 本 张 "
    "辆 台 篇 份 层 级 场 次 套 款 部 幅 首 段 枚 颗 块 片 代 组 队 对 副 门 节 课 站 艘 架 列 趟 班 栋 幢 扇 "
    "把 根 顶 盏 头 匹 朵 瓶 箱 袋 包 盒 桶 杯 碗 道 步 倍 番 折 环 桌 席 例 宗 起 单 笔 字 页 集 章 卷 版 轮 "
    "局 分 度 点 号 路 街 村 镇 县 市 省 国 校 院 店 厂 车道 车 船 床 方 股 档 万步 people persons? "
    "households? families pages? copies times"
)
_SAME_MEASURES = (
    {"名", "位", "人", "口", "个", "people", "persons"},
    {"户", "家", "个", "households", "families"},
    {"家", "个", "所", "间", "座", "处"},
    {"项", "个", "件", "条", "种", "类"},
    {"场", "次", "期", "届", "轮", "times"},
    {"篇", "条", "件"},
    {"册", "本", "部", "copies"},
    {"只", "头", "匹", "条", "个"},
    {"棵", "株"},
    {"栋", "幢", "座"},
    {"支", "个", "队"},
    {"岁", "年"},
    {"台", "辆", "架", "艘", "套"},
    {"人次", "次", "人"},
)
_HALVED = {"年": 1, "天": 1, "岁": 1, "倍": 1, "斤": 1, "亩": 1}
_CURRENCIES = {"¥": "元", "￥": "元", "$": "美元", "€": "欧元", "£": "英镑"}
_QUANTITY = re.compile(
    rf"(?P<before>近(?![十百千万亿])|约|超|逾|第|[¥￥$€£])?\s?(?<![a-z_])(?P<number>{NUMERAL})(?P<more>[余多来几]?)"
    rf"(?P<scale>[十百千]?[万亿]{{1,2}}|[百千](?![米克瓦])|\s(?:hundred|thousand|million|billion)\b)?"
    rf"(?P<after>[余多来几]?)"
)
_RANGE = re.compile(r"\s?(?:[-–—~～]|至|到|to)\s?")


@dataclass(frozen=True, slots=True)
class _Unit:
    """A unit as it may be written, and what brings a number of it to the one unit of its quantity."""

    pattern: re.Pattern[str]
    kind: FigureKind
    unit: str
    factor: Fraction


@cache
def _all_units() -> list[_Unit]:
    """All units, longer spellings first; compiled when first used."""
    told = [
        (spelling, kind, unit, Fraction(factor))
        for kind, units in _UNITS.items()
        for unit, factors in units.items()
        for factor, spellings in factors.items()
        for spelling in spellings.split()
    ]
    told += [(word, FigureKind.COUNT, word.replace("?", ""), Fraction(1)) for word in _MEASURES.split()]
    told.sort(key=lambda row: -len(re.sub(r"\(\?[!=].*?\)|[?()|:\\]", "", row[0])))
    return [_Unit(re.compile(_as_pattern(spelling)), kind, unit, factor) for spelling, kind, unit, factor in told]


def _as_pattern(spelling: str) -> str:
    return rf"\s?{spelling}(?![a-z])" if spelling[0].isascii() and spelling[0].isalpha() else spelling


def _quantities(text: str) -> Iterator[Figure]:
    bare: tuple[Figure, str] | None = None  # the first of 3至5万元, which waits for what stands behind the second
    position = 0
    while match := _QUANTITY.search(text, position):
        figure = _quantity(match, text)
        position = max(figure.end if figure else match.end("number"), position + 1)
        if bare:
            together = figure and _RANGE.fullmatch(text[bare[0].end : match.start("number")])
            yield _first_of_range(bare[0], figure, match) if figure and together else bare[0]
            bare = None
        if figure is None:
            continue
        if figure.kind is FigureKind.COUNT and not figure.unit:
            bare = (figure, match["number"]) if _stands_alone(match["number"]) else None
        else:
            yield figure
    if bare:
        yield bare[0]


def _quantity(match: re.Match[str], text: str) -> Figure | None:
    numeral, before, scale = match["number"], match["before"] or "", (match["scale"] or "").strip()
    value = number(numeral)
    if value is None:
        return None
    value *= scale_of(scale)
    rough = before in ("近", "约", "超", "逾") or bool(match["more"] or match["after"]) or is_rough(numeral)
    start, end = match.start("number"), match.end("scale") if scale else match.end("number")
    kind = FigureKind.COUNT
    if before in _CURRENCIES:
        return Figure(FigureKind.MONEY, value, _CURRENCIES[before], match.start("before"), end, rough)
    if before == "第":
        kind, start = FigureKind.ORDINAL, match.start("before")
    bare = Figure(kind, value, "", start, end, rough)
    return _with_unit(bare, value, text, match.end(), numeral)


def _with_unit(bare: Figure, value: Fraction, text: str, at: int, numeral: str) -> Figure | None:
    if half := re.compile("个半(?=小时|钟头|月)").match(text, at):
        value, at = value + Fraction(1, 2), half.end()
        if text.startswith("月", at):
            return replace(bare, value=value, unit="月", end=at + 1)
    for unit in _all_units():
        found = unit.pattern.match(text, at)
        if not found:
            continue
        end = found.end()
        if found[0] in _HALVED and text.startswith("半", end):
            value, end = value + Fraction(1, 2), end + 1
        if unit.unit == "元" and (rest := re.compile(r"(\d)角(?:(\d)分)?").match(text, end)):
            value += Fraction(int(rest[1]), 10) + Fraction(int(rest[2] or 0), 100)
            end = rest.end()
        if bare.kind is FigureKind.ORDINAL:
            return replace(bare, unit=found[0].strip(), end=end)
        article = numeral in ("一", "one") and unit.unit == found[0]
        return replace(bare, kind=unit.kind, value=value * unit.factor, unit=unit.unit, end=end, article=article)
    if bare.kind is FigureKind.COUNT and numeral[-1].isascii() and re.compile("[a-z]").match(text, at):
        return None  # 5G, 3D
    return bare


def _stands_alone(numeral: str) -> bool:
    """Whether a numeral without a unit is surely one: with Arabic digits, a spelled-out one, or 三千二百."""
    if any(char.isascii() for char in numeral):
        return numeral not in ("one", "zero")
    return (len(numeral) >= 2 and bool(set(numeral) & set("十百千万亿"))) or len(numeral) >= 4


def _first_of_range(first: Figure, second: Figure, match: re.Match[str]) -> Figure:
    """Of 3至5万元, the 3: what stands behind the second number holds for both."""
    written = number(match["number"])
    if not written or not isinstance(first.value, Fraction) or not isinstance(second.value, Fraction):
        return first
    factor = second.value / written
    return replace(first, kind=second.kind, unit=second.unit, value=first.value * factor, about=second.about)


def _outside_names(found: list[Figure], folded: str) -> list[Figure]:
    """Without the figures that Chinese numerals seem to write inside a name: 三元桥, 五台山."""
    told = [name for name in names(folded) if not re.search(r"\d", name)]
    ranges = [m.span() for name in told if len(name) > 2 for m in re.finditer(re.escape(name), folded)]

    def in_a_name(figure: Figure) -> bool:
        return any(a <= figure.start and figure.end <= b and figure.end - figure.start < b - a for a, b in ranges)

    return [figure for figure in found if not in_a_name(figure)]
