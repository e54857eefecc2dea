"""On which day was an article published, and how do we know? Nothing is guessed: no evidence, no date.

A day is read in all usual writings: ASCII, full-width and Chinese digits (with 〇, ○ or 零; 廿, 卅), after 公元 or of
the Republic (民国一一四年 is 2025). A day of the lunar calendar is no such day, whatever its digits.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Day  # noqa: N812 - a date is also a field here
from datetime import datetime, timedelta, timezone
from email.utils import parsedate

from index.schema import DateSource

__all__ = [
    "WRITTEN_DATE",
    "PageDate",
    "When",
    "article_date",
    "names_lunar_day",
    "page_date",
    "parse_date",
    "parse_stamp",
    "relative_days",
]


@dataclass(frozen=True, slots=True)
class PageDate:
    """The day that holds for every article of a page which does not tell its own."""

    date: str | None = None
    source: DateSource = DateSource.UNKNOWN
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """A relative word of a text and the days it means.

    Attributes:
        words: As it stands in the text.
        start: Offset of its first character.
        first: ISO date of the first day that is meant.
        last: ISO date of the last day, inclusive.
        exact: False for words such as 近日, which leave the days open; the range is then the widest usual one.
    """

    words: str
    start: int
    first: str
    last: str
    exact: bool


_DIGITS = {char: number for number, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_TENS = {"十": 10, "廿": 20, "卅": 30}
_ERA = r"(?:中[华華])?民[国國]\s*"
_OF_ERA = rf"{_ERA}(?:元|\d{{1,3}}|[一二三四五六七八九十百廿卅〇零○]{{1,5}})"
_YEAR = rf"(?:(?<!\d)\d{{4}}|[一二三四五六七八九〇零○]{{4}}|{_OF_ERA})"
_MONTH = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3}|元)"
_DAY = r"(?:\d{1,2}|[一二三四五六七八九十廿卅〇零○]{1,4})"
WRITTEN_DATE = rf"(?:[公西]元\s*)?{_YEAR}\s*年\s*{_MONTH}\s*月\s*{_DAY}\s*[日号號]"
"""Pattern of a full date in words, 二〇二五年十二月三十日."""

_FULL = re.compile(rf"({_YEAR})\s*[年\-./－．／]\s*({_MONTH})\s*[月\-./－．／]\s*({_DAY})(?![\d.]\d)(?:\s*[日号號])?")
_LUNAR = r"(?:[农夏阴旧]历|[農陰舊夏]曆)"
_AFTER_LUNAR = re.compile(rf"{_LUNAR}[\s:：(（]*$")
_LUNAR_DAY = re.compile(
    rf"{_LUNAR}[\s:：(（]*[^\s，。,]{{0,8}}?(?:月|年)\S|[正冬腊臘闰閏][\u4e00-\u9fff]?月[初十廿][一二三四五六七八九十]"
)
_IN_NAME = re.compile(
    r"(?<![0-9A-Za-z])((?:19|20)\d{2})[-_.年]?(\d{2}|(?<=[-_.年])\d)[-_.月]?(\d{2}|(?<=[-_.月])\d)(?![0-9A-Za-z])"
)
_PUBLISHED = (
    r"(?:发布|發布|发表|發表|刊发|刊發|刊登|发稿|播发|更新|上传|上線|上线)(?:时间|時間|日期|于|於)?\s*[:：]?\s*"
)
_BEFORE_STAMP = re.compile(rf"[\s\[(（【]*(?:(?:来源|來源|稿源)\s*[:：]?\s*\S{{1,20}}\s+)?(?:{_PUBLISHED})?$")
_AFTER_STAMP = re.compile(
    r"\s*(?:(?:星期|周|週|礼拜)[一二三四五六日天])?[\sT]*(?:\d{1,2}[:：时時]\d{1,2}(?:[:：分]\d{0,2}秒?)?)?[\s\])）】]*"
    r"(?:(?:来源|來源|稿源|作者|编辑|編輯|记者|記者|责编|浏览|点击|阅读|字号|字體|字体|信息来源)[^。]*|[|·丨][^。]*)?$"
)
_LONGEST_STAMP = 80  # characters of a line such as 发布时间：2025-12-30 10:00 来源：…
_LONGEST_HEAD = 30  # characters of a line above the text
_FIRST_STAMP, _LAST_STAMP = 6, 2  # lines at the head and at the end of an article where its day may stand
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_ENGLISH = re.compile(
    rf"\b(?:({'|'.join(_MONTHS)})[a-z]*\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})"
    rf"|(\d{{1,2}})(?:st|nd|rd|th)?[\s-]+({'|'.join(_MONTHS)})[a-z]*\.?,?[\s-]+(\d{{4}}))\b",
    re.IGNORECASE,
)
_YEAR_LAST = re.compile(r"(?<!\d)(\d{1,2})([/.\-])(\d{1,2})\2(\d{4})(?!\d)")
_COMPACT = re.compile(r"((?:1[6-9]|20)\d{2})(\d{2})(\d{2})(?:T?\d{4}(?:\d{2})?Z?)?$")
_SECONDS = re.compile(r"\d{9,10}(?:\.\d+)?$|\d{12,13}$")
_CHINA = timezone(timedelta(hours=8))  # where a moment without a place is counted as a day
_RELATIVE = re.compile(
    r"(?P<day>大前天|前天|前日|昨[天日晚]|今[天日晨晚](?!后)|明[天日](?!显)|后天)"
    r"|(?P<near>近日|日前|近期|连日来)"
    r"|(?P<year>前年|去年|今年|明年)(?!级)"
    r"|(?P<since>[一二两三四五六七八九十\d]{1,2})年(?:以)?来"
    # not 日本|月产量, 登上|月球, 三年以上|月薪
    r"|(?P<month>(?:(?<!日)[本这]|(?<![以登爬升])上个?|(?<!以)下个?)月(?![球亮薪份台饼宫])(?:[\d一二三四五六七八九十廿卅]{1,3}[日号])?)"
    r"|(?P<week>(?:[本这]|上{1,2}|下)(?:个?星期|周)(?![期转年岁边围])[一二三四五六日天末]?)"
)
_DAYS = {"大前天": -3, "前天": -2, "前日": -2, "昨": -1, "今": 0, "明": 1, "后天": 2}
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1}
_WEEKDAYS = {day: (number, number) for number, day in enumerate("一二三四五六日")} | {"天": (6, 6), "末": (5, 6)}
_NEAR = 14  # days that 近日 reaches back at most


def parse_date(text: str) -> str | None:
    """The first full date in a text as ISO, or None where there is none that the calendar knows.

    Example:
        >>> parse_date("2026年1月27日 星期二"), parse_date("二〇二六年十二月三日"), parse_date("2026年2月30日")
        ('2026-01-27', '2026-12-03', None)
    """
    found = _find(text)
    return found[0] if found else None


def parse_stamp(value: object) -> str | None:
    """The day that a field of a record or of a web page tells, in any usual writing, as ISO; None where it tells none.

    Seconds and milliseconds since 1970 are counted in China. 3/4/2025 is two days, so it is none.

    Example:
        >>> [parse_stamp(value) for value in ("2025-12-30T08:00:00+08:00", 1767052800, "Tue, 30 Dec 2025 08:00 +0800")]
        ['2025-12-30', '2025-12-30', '2025-12-30']
    """
    if isinstance(value, dict):
        value = next(iter(value.values()), None)  # {"$date": …}
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    text = str(value).strip()
    if compact := _COMPACT.match(text):
        return _iso(*compact.groups())
    if _SECONDS.match(text):
        seconds = float(text)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= 1e11 else seconds, _CHINA).date().isoformat()
    return parse_date(text) or _western(text)


def names_lunar_day(text: str) -> bool:
    """Whether a text names a day of the lunar calendar.

    Example:
        >>> names_lunar_day("农历乙巳年十一月十一"), names_lunar_day("腊月初八"), names_lunar_day("12月8日")
        (True, True, False)
    """
    return bool(_LUNAR_DAY.search(text))


def page_date(file: str, furniture: Sequence[str], given: str | None) -> PageDate:
    """The date of a page: given, else from its masthead, else from its file's name.

    Args:
        file: The page's path in the collection.
        furniture: Its lines that belong to no article.
        given: ISO date, or None.

    Example:
        >>> page_date("2026-01-27/03.txt", [], None).date
        '2026-01-27'
    """
    if given:
        return PageDate(given, DateSource.GIVEN)
    for line in furniture:
        if found := _find(line):
            return PageDate(found[0], DateSource.MASTHEAD, found[1])
    for match in _IN_NAME.finditer(file):
        if date := _iso(*match.groups()):
            return PageDate(date, DateSource.FILE_NAME, match.group())
    found = _find(file)
    return PageDate(found[0], DateSource.FILE_NAME, found[1]) if found else PageDate()


def article_date(page: PageDate, lines: Sequence[str]) -> tuple[str | None, DateSource, str]:
    """The date of an article: that of its page, else what the article itself shows.

    An article shows its day in a line of its own, above its text (发布时间：…) or at its end (the date of a notice). A
    date or a year inside the text is that of an event.

    Args:
        page: What is known of the page.
        lines: The article's lines in order.

    Returns:
        ISO date or None, how it is known, and the words that tell it.
    """
    if page.date:
        return page.date, page.source, page.evidence
    for line in [*_head(lines), *reversed(lines[-_LAST_STAMP:])]:
        if found := _stamped(line.strip()):
            return found[0], DateSource.TEXT, found[1]
    return None, DateSource.UNKNOWN, ""


def _head(lines: Sequence[str]) -> list[str]:
    """The lines above the text."""
    first = lines[:_FIRST_STAMP]
    text = (
        place for place, line in enumerate(first) if not _stamped(line) and ("。" in line or len(line) > _LONGEST_HEAD)
    )
    return list(first[: next(text, len(first))]) if len(lines) > 1 else []


def _stamped(line: str) -> tuple[str, str] | None:
    """The day that a line is about, and the words that tell it, where it is about nothing else."""
    if len(line) > _LONGEST_STAMP or not (match := _FULL.search(line)) or not (date := _iso(*match.groups())):
        return None
    around = _BEFORE_STAMP.match(line[: match.start()]) and _AFTER_STAMP.match(line[match.end() :])
    return (date, match.group().strip()) if around else None


def _find(text: str) -> tuple[str, str] | None:
    """The first full date in a text as ISO, and its words."""
    for match in _FULL.finditer(text):
        if not _AFTER_LUNAR.search(text[: match.start()]) and (date := _iso(*match.groups())):
            return date, match.group().strip()
    return None


def _western(text: str) -> str | None:
    if match := _ENGLISH.search(text):
        month, day, year, other_day, other_month, other_year = match.groups()
        number = _MONTHS[(month or other_month)[:3].lower()]
        return _iso(year or other_year, str(number), day or other_day)
    if match := _YEAR_LAST.search(text):
        first, _, second, year = match.groups()
        if int(first) > 12 or first == second:
            return _iso(year, second, first)
        return _iso(year, first, second) if int(second) > 12 else None
    told = parsedate(text)
    return _iso(str(told[0]), str(told[1]), str(told[2])) if told else None


def relative_days(text: str, published: str) -> list[When]:
    """Words such as 昨天 or 去年 in a text, and the days they mean on a day of publication.

    Args:
        text: Any text of the article.
        published: ISO date of publication.

    Example:
        >>> [(when.words, when.first, when.last) for when in relative_days("昨日开馆，去年动工。", "2026-01-27")]
        [('昨日', '2026-01-26', '2026-01-26'), ('去年', '2025-01-01', '2025-12-31')]
    """
    day = Day.fromisoformat(published)
    return [When(m.group(), m.start(), *_meant(m, day)) for m in _RELATIVE.finditer(text)]


def _meant(match: re.Match[str], day: Day) -> tuple[str, str, bool]:
    word = match.group()
    if match.lastgroup == "day":
        meant = day + timedelta(days=_DAYS.get(word, _DAYS.get(word[0], 0)))
        return meant.isoformat(), meant.isoformat(), True
    if match.lastgroup == "near":
        return (day - timedelta(days=_NEAR)).isoformat(), day.isoformat(), False
    if match.lastgroup == "year":
        year = day.year + _YEARS[word]
        return f"{year:04}-01-01", f"{year:04}-12-31", True
    if match.lastgroup == "week":
        return _week(word, day)
    if match.lastgroup == "month":
        return _month(word, day)
    years = _small(match.group("since").replace("两", "二"))
    return f"{day.year - years:04}-01-01", day.isoformat(), False


def _week(word: str, day: Day) -> tuple[str, str, bool]:
    """上周 or 上周三; weeks begin on Monday."""
    monday = day + timedelta(days=7 * _shift(word) - day.weekday())
    first, last = _WEEKDAYS.get(word[-1], (0, 6))
    return (monday + timedelta(days=first)).isoformat(), (monday + timedelta(days=last)).isoformat(), True


def _month(word: str, day: Day) -> tuple[str, str, bool]:
    """上月 or 上月27日; a day that the month does not have leaves the whole month."""
    months, number = 12 * day.year + day.month - 1 + _shift(word), word.partition("月")[2].rstrip("日号")
    year, month = months // 12, months % 12 + 1
    last = monthrange(year, month)[1]
    try:
        of_month = _small(number)
    except (ValueError, KeyError):
        of_month = 0
    first, last = (of_month, of_month) if 1 <= of_month <= last else (1, last)
    return Day(year, month, first).isoformat(), Day(year, month, last).isoformat(), True


def _shift(word: str) -> int:
    """How many weeks or months back (below 0) or ahead a word means."""
    return word.count("下") - word.count("上")


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return Day(_year(year), 1 if month == "元" else _small(month), _small(day)).isoformat()
    except ValueError:
        return None


def _year(text: str) -> int:
    era = re.match(_ERA, text)
    if not era:
        return _positional(text)
    number = text[era.end() :]
    if number == "元":
        return 1912
    hundreds, hundred, rest = number.rpartition("百")
    small = _small(rest.lstrip("〇零○")) if hundred else _small(rest)
    return 1911 + (_small(hundreds or "一") * 100 if hundred else 0) + (small if rest.strip("〇零○") else 0)


def _small(text: str) -> int:
    """A number below a thousand: 12, 十二, 一二, 廿一, 三十."""
    ten = next((char for char in text if char in _TENS), "")
    if not ten:
        return _positional(text) if text else 0
    before, _, after = text.partition(ten)
    if any(char in _TENS for char in after) or (before and ten != "十") or len(before) > 1 or len(after) > 1:
        raise ValueError(text)
    return _TENS[ten] * (_DIGITS[before] if before else 1) + (_DIGITS[after] if after else 0)


def _positional(text: str) -> int:
    return int(text) if text.isdecimal() else int("".join(str(_DIGITS[char]) for char in text))
