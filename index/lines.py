"""What does the form of a single line say it is? A table of forms, from most to least telling.

Rules speak about form only: marks, brackets, length, punctuation, the set phrases of bylines. None knows a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from index.schema import Span
from index.text import CLOSERS, TERMINALS

__all__ = ["Form", "Row", "ends_sentence", "find_byline", "names_source", "read_rows"]


class Form(Enum):
    """What a line looks like, before its neighbours are asked."""

    CONTINUED_FROM = auto()  # 上接
    CONTINUED_ON = auto()  # 下转
    BYLINE = auto()  # a byline on a line of its own
    CREDIT = auto()  # source, photographer or signature on a line of its own
    COLUMN = auto()  # ■栏目, >> 栏目 <<, 【栏目】
    LEAD = auto()  # body text that opens with 本报讯 or the like
    HEADING = auto()
    BODY = auto()


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line and its form.

    Attributes:
        number: Line number in the file, from 1.
        gap: Blank lines right before it.
        level: Markdown heading level, 1 to 6; 0 without one.
        whole: The line without the white space around it.
        content: The line without heading marks either.
        text: ``content`` as characters.
        form: What it looks like.
    """

    number: int
    gap: int
    level: int
    whole: Span
    content: Span
    text: str
    form: Form


_LONGEST_HEADING = 50
_LONGEST_BYLINE = 60
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_MARKDOWN = re.compile(r"(#{1,6})[ \t\u3000]+(?=\S)")
_WRITER = r"(?:首席|见习|实习|特约|本报|本网|本刊)*(?:记者|通讯员|实习生|摄影师)"
_BRACKETED_WRITER = rf"[（(]\s*(?:文/)?{_WRITER}[^（()）]*[）)]"
_LEAD = re.compile(
    rf"(?:本报|本网|本刊)[^，。,（(]{{0,12}}讯\s*(?P<byline>{_BRACKETED_WRITER})?"
    r"|(?P<agency>新华社[^，。,]{2,24}电)"
)
_TAIL = re.compile(
    rf"(?:^|[。！？”\s])(?P<credit>{_WRITER}\s[^，。,；]{{1,40}}?(?:摄影报道|文并摄|文/摄|摄/文|供图|/文|/摄|摄影|摄))$"
)
_SOURCE = re.compile(r"[（(]?\s*(?:转自|原载|摘自|原文(?:刊载于?|载于?|发表于)|来源[:：])[^。]{1,30}$")
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (Form.CONTINUED_FROM, re.compile(r"[（(【]?\s*[上紧]接[^，。]{0,14}版?[^，。]{0,6}[）)】]?$")),
    (Form.CONTINUED_ON, re.compile(r"[（(【]?\s*下转[^，。]{0,14}版[^，。]{0,6}[）)】]?$")),
    (Form.CREDIT, re.compile(r"(?:摄影|摄|图片?|文|制图|来源|图片来源|供图|资料图片?)\s*[:：/][^。]{1,30}$")),
    (Form.CREDIT, _SOURCE),
    (Form.BYLINE, re.compile(rf"(?:本报|本网|本刊)[^，。,（(]{{0,12}}讯\s*{_BRACKETED_WRITER}$")),
    (Form.BYLINE, re.compile(rf"[□■◆●\s]*{_WRITER}[\s:：/][^，。,；]{{1,50}}$")),
    (Form.BYLINE, re.compile(rf"{_BRACKETED_WRITER}$")),
    (Form.CREDIT, re.compile(r"[（(][^（()）。]{2,30}[）)]$")),
    (Form.COLUMN, re.compile(r"[■◆●★▲]\s*[^。，]{2,24}$|>>[^<>]{1,24}<<$|【[^】]{1,24}】$")),
    (Form.LEAD, _LEAD),
)


def read_rows(text: str) -> list[Row]:
    """The non-blank lines of a page in order; only LF, CR LF and CR end a line."""
    rows: list[Row] = []
    last = 0
    for number, match in enumerate(_LINE.finditer(text), start=1):
        line = match.group()
        stripped = line.strip()
        if not stripped:
            continue
        start = match.start() + len(line) - len(line.lstrip())
        whole = Span(start, start + len(stripped))
        mark = _MARKDOWN.match(stripped)
        level, inner = (len(mark.group(1)), mark.end()) if mark else (0, 0)
        content = stripped[inner:]
        rows.append(
            Row(number, number - last - 1, level, whole, Span(start + inner, whole.end), content, _form(content, level))
        )
        last = number
    return rows


def ends_sentence(text: str) -> bool:
    """Whether a line ends where a sentence or a list item may end, not in the middle of one."""
    bare = text.rstrip(CLOSERS + " ")
    return bool(_TAIL.search(text)) or (bare[-1:] in TERMINALS + "：:；;" if bare else True)


def find_byline(text: str) -> str:
    """The byline inside a line of body text: behind 本报讯 at its start, or a credit at its end; else empty.

    Example:
        >>> find_byline("本报讯（记者 张三）近日，大会召开。")
        '（记者 张三）'
    """
    if lead := _LEAD.match(text):
        return lead.group("byline") or lead.group("agency") or ""
    tail = _TAIL.search(text)
    return tail.group("credit") if tail else ""


def names_source(text: str) -> bool:
    """Whether a credit line says where the text was printed before, and not who wrote it.

    Example:
        >>> names_source("转自《某报》"), names_source("（某委员会）")
        (True, False)
    """
    return bool(_SOURCE.match(text))


def _form(text: str, level: int) -> Form:
    short = len(text) <= _LONGEST_BYLINE
    for form, pattern in _FORMS:
        if (short or form is Form.LEAD) and pattern.match(text):
            return form
    return Form.HEADING if level or _looks_like_heading(text) else Form.BODY


def _looks_like_heading(text: str) -> bool:
    if len(text) > _LONGEST_HEADING or text[-1] in TERMINALS + "，、；：,;:." or _TAIL.search(text):
        return False
    halves = re.split("[，,]", text)
    # A headline with a comma is a couplet: two halves of about one length. Torn text is not so regular.
    if len(halves) == 1:
        return True
    return len(halves) == 2 and min(map(len, halves)) >= 4 and abs(len(halves[0]) - len(halves[1])) <= 4
