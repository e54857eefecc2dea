"""On which day was an article published, and how do we know? Nothing is guessed: no evidence, no date."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Day  # noqa: N812 - a date is also a field here
from datetime import timedelta

from index.schema import DateSource

__all__ = ["PageDate", "When", "article_date", "page_date", "parse_date", "relative_days"]


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
_NUMBER = r"(\d{1,2}|[一二三四五六七八九十]{1,3})"
_FULL = re.compile(rf"(\d{{4}}|[一二三四五六七八九〇零○]{{4}})\s*[年\-./]\s*{_NUMBER}\s*[月\-./]\s*{_NUMBER}\s*日?")
_IN_NAME = re.compile(
    r"(?<![0-9A-Za-z])((?:19|20)\d{2})[-_.年]?(\d{2}|(?<=[-_.年])\d)[-_.月]?(\d{2}|(?<=[-_.月])\d)(?![0-9A-Za-z])"
)
_DATELINE = re.compile(
    rf"(?:新华社|中新社|中新网|新华网|人民网|中央社|本报|本報|本网|本刊)[^，。,（(\d]{{0,12}}{_NUMBER}月{_NUMBER}日[^，。,（(]{{0,4}}(?:电|電|讯|訊)"
)
_RELATIVE = re.compile(
    r"(?P<day>大前天|前天|前日|昨[天日晚]|今[天日晨晚](?!后)|明[天日](?!显)|后天)"
    r"|(?P<near>近日|日前|近期|连日来)"
    r"|(?P<year>前年|去年|今年|明年)(?!级)"
    r"|(?P<since>[一二两三四五六七八九十\d]{1,2})年(?:以)?来"
)
_DAYS = {"大前天": -3, "前天": -2, "前日": -2, "昨": -1, "今": 0, "明": 1, "后天": 2}
_YEARS = {"前年": -2, "去年": -1, "今年": 0, "明年": 1}
_NEAR = 14  # days that 近日 reaches back at most
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})年")


def parse_date(text: str) -> str | None:
    """The first full date in a text as ISO, or None where there is none that the calendar knows.

    Example:
        >>> parse_date("2026年1月27日 星期二"), parse_date("二〇二六年十二月三日"), parse_date("2026年2月30日")
        ('2026-01-27', '2026-12-03', None)
    """
    match = _FULL.search(text)
    return _iso(*match.groups()) if match else None


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
        if (match := _FULL.search(line)) and (date := _iso(*match.groups())):
            return PageDate(date, DateSource.MASTHEAD, match.group().strip())
    for match in _IN_NAME.finditer(file):
        if date := _iso(*match.groups()):
            return PageDate(date, DateSource.FILE_NAME, match.group())
    return PageDate()


def article_date(page: PageDate, text: str, lines: Sequence[str]) -> tuple[str | None, DateSource, str]:
    """The date of an article: that of its page, else what the article itself shows.

    An article shows its day in a line that is nothing but a date (the date of a notice), or in a dateline
    (新华社…3月5日电) when all years named in the text are one and the same.

    Returns:
        ISO date or None, how it is known, and the words that tell it.
    """
    if page.date:
        return page.date, page.source, page.evidence
    for line in reversed(lines):
        match = _FULL.fullmatch(line.strip())
        if match and (date := _iso(*match.groups())):
            return date, DateSource.TEXT, match.group()
    if dateline := _DATELINE.search(text):
        years = set(_YEAR.findall(text))
        if len(years) == 1 and (date := _iso(years.pop(), *dateline.groups())):
            return date, DateSource.TEXT, dateline.group()
    return None, DateSource.UNKNOWN, ""


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
    years = _small(match.group("since").replace("两", "二"))
    return f"{day.year - years:04}-01-01", day.isoformat(), False


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return Day(_year(year), _small(month), _small(day)).isoformat()
    except ValueError:
        return None


def _year(text: str) -> int:
    return int(text) if text.isdecimal() else int("".join(str(_DIGITS[char]) for char in text))


def _small(text: str) -> int:
    if text.isdecimal():
        return int(text)
    tens, _, ones = text.rpartition("十")
    if "十" not in text:
        return _DIGITS[text] if len(text) == 1 else 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
