"""What does a line say of itself, or of the lines around it? Set phrases of headings, labels and first words."""

from __future__ import annotations

import re

from index.reading.line_forms import LONGEST_BYLINE, NAMES, plain

__all__ = [
    "comes_from_elsewhere",
    "goes_on",
    "is_caption",
    "is_couplet",
    "is_notice",
    "is_photo_credit",
    "is_salutation",
    "is_wire_dateline",
    "joins_number",
    "names_advert",
    "names_briefs",
    "names_editors_note",
    "names_opinion",
    "names_people",
    "opens_afresh",
    "points_at_picture",
    "reports_in_pictures",
    "split_headline",
    "tells_author",
]

_LONGEST_CAPTION = 200
_IN_PICTURES = re.compile(r"(?:摄影|图文)报[道导]|文并摄|文/摄|摄/文|文/图|图/文")
_MUCH_LONGER = 1.5  # a headline over each of the parallel parts of a kicker on its line
_PHOTO = re.compile(r"(?:摄影|摄|供图|图片|资料图|图源|图/|/图|绘图?)")
_CAPTION = re.compile(r"(?:[上下左右]?图为|图[①②③④⑤⑥一二三四五六1-9][:,]|[上下左右]图[:,为]|图片说明)")
_BRIEFS = re.compile(
    r"(?:简讯|短讯|快讯|速览|速读|快览|快读|速递|集锦|一句话新闻|点击|扫描|简报|短波|微新闻)[■◆●】\s<]*$"
)
_OPINION = re.compile(
    r"观点|[时短]?评论?|论坛|杂谈|随笔|言论|声音|建言|漫谈|社论|来信|一家之言|大家谈|话发展|者说|热议|委员|锐评|快评|来论|夜话|[日时]谈$"
)
_NOTICE = re.compile(
    r"(?:关于[^,。]{2,40}的)?(?:情况)?(?:通告|公告|通知|公示|启事|声明|更正|致歉|说明)$"
    r"|[^,。]{2,30}[(](?:图片新闻|图文|资料|评论|专访|特写|来信)[)]$|(?:遗失|招领|寻人|寻物|招聘|拍卖|道歉|征稿|征文|招生|迁坟)(?:启事|声明|公告)$|[^,。\\s]{0,8}(?:招租|转让|出租|招商)$|讣告$|(?:数读|数说|图解)[^,。]{0,10}$|(?:今日|明日|今明两天|一周)?天气(?:预报)?$"
    r"|(?:停电|停水|便民|招聘)(?:信息|通知)$|(?:今日|明日|本周)?(?:赛事|赛程)(?:预告)?$"
)
_LONGEST_SALUTATION = 9
_SALUTATION = re.compile(r"(?![^:]*(?:问|答|说|道|讲|表示|如下|记者|主持|比如|例如))[^\s,。:!?\d]{2,8}:$")
_POINTER = "▲△▼▽↑↓←→◀▶◄►"
_NOTE = re.compile(r"[■◆●▶【\[〖>]*\s*(?:编者按|编后|编者的话)[】\]〗>》:]*$")
_WIRE_DATELINE = re.compile(r"[(\[](?:新华社|中新社)[^()]{0,12}\d+月\d+日[^()]{0,3}电[)\]]$")
_FROM_ELSEWHERE = re.compile(r"[(\[【]\s*[上紧]接[^()。]{1,30}[)\]】]")
_AUTHOR = re.compile(r"[(\[]作者(?:系|为|是|单位)[^()]{2,40}[)\]]$")
_ONLY_NAMES = re.compile(rf"{NAMES}$")
_GOES_ON = re.compile(
    r"可是|但|却|而|并|也|就|还|又|便|都|则|所以|因此|于是|然后|甚至|以及|和|与|或|从而|[他她它这那其]"
)
_ADVERT = re.compile(r"[【\[(]?广告[】\])]?$|[^,。\s]{0,8}(?:招租|转让|出租|招商)$")
_FRESH = re.compile(
    r"(?:近日|日前|据悉|据了解|据介绍|昨日|昨天)[,，]|[问問答QA]\s*[:：]|(?:[(（]?[一二三四五六七八九十]{1,3}[)）、]|\d{1,2}[.、．]\s*\D|第[一二三四五六]，|[●◆■▲])"
)
_LAST_DIGITS, _FIRST_DIGITS = re.compile(r"[0-9]+$"), re.compile(r"[0-9]+")


def names_briefs(text: str) -> bool:
    """Whether a column title announces short items, each with its own headline.

    Example:
        >>> names_briefs("■乡镇简讯"), names_briefs("■乡镇经验")
        (True, False)
    """
    return bool(_BRIEFS.search(plain(text)))


def names_opinion(text: str) -> bool:
    """Whether a column title announces opinions."""
    return bool(_OPINION.search(plain(text)))


def names_editors_note(text: str) -> bool:
    """Whether a label says that the editors speak below it."""
    return bool(_NOTE.match(plain(text)))


def names_advert(text: str) -> bool:
    """Whether a heading or label says that what follows is an advertisement."""
    return bool(_ADVERT.match(plain(text)))


def tells_author(text: str) -> bool:
    """Whether a line ends with what its author is besides: （作者系某大学教授）."""
    return bool(_AUTHOR.search(plain(text[-LONGEST_BYLINE:])))


def names_people(text: str) -> bool:
    """Whether a line is one personal name or several, and nothing else."""
    return bool(_ONLY_NAMES.match(plain(text)))


def is_photo_credit(text: str) -> bool:
    """Whether a credit or byline says who took a picture."""
    return bool(_PHOTO.search(plain(text)))


def reports_in_pictures(text: str) -> bool:
    """Whether a byline says that one person wrote the text and took its picture, so that both are one item."""
    return bool(_IN_PICTURES.search(plain(text)))


def is_caption(text: str) -> bool:
    """Whether a line says itself that it tells of a picture."""
    return len(text) <= _LONGEST_CAPTION and bool(_CAPTION.match(plain(text[:12])))


def points_at_picture(text: str) -> bool:
    """Whether running text begins with a mark that points at a picture."""
    return text[:1] in _POINTER and len(text) <= _LONGEST_CAPTION


def is_notice(text: str) -> bool:
    """Whether a heading says itself what sort of item it is the title of, which no section head does.

    Example:
        >>> is_notice("关于封闭养护的通告"), is_notice("办事大厅公告栏")
        (True, False)
    """
    return bool(_NOTICE.match(plain(text)))


def is_wire_dateline(text: str) -> bool:
    """Whether a credit is the dateline that an agency sets at the end of its own report."""
    return bool(_WIRE_DATELINE.match(plain(text)))


def is_salutation(text: str) -> bool:
    """Whether a line addresses the reader of a letter."""
    return len(text) <= _LONGEST_SALUTATION and bool(_SALUTATION.match(plain(text)))


def is_couplet(text: str) -> bool:
    """Whether a heading is made of parallel parts with spaces between them."""
    lengths = [len(part) for part in text.split()]
    return len(lengths) > 1 and max(lengths) - min(lengths) <= 2


def comes_from_elsewhere(text: str) -> bool:
    """Whether running text begins with the mark that it goes on from another page: （上接第1版）."""
    return bool(_FROM_ELSEWHERE.match(plain(text[:LONGEST_BYLINE])))


def opens_afresh(text: str) -> bool:
    """Whether a line can only be the start of a sentence: a numbered item, 近日，, 据了解，."""
    return bool(_FRESH.match(text))


def goes_on(text: str) -> bool:
    """Whether a text begins with a word that needs something before it: 可是, 而, 他."""
    return bool(_GOES_ON.match(text))


def joins_number(left: str, right: str) -> bool:
    """Whether two digits at a tear belong to one number: none begins with 0, and a year has four.

    Example:
        >>> joins_number("写着日期。2", "025年"), joins_number("今年是20", "31年"), joins_number("编号12", "2031年")
        (True, True, False)
    """
    before, after = _LAST_DIGITS.search(left), _FIRST_DIGITS.match(right)
    if before is None or after is None:
        return False
    year = len(before.group() + after.group()) == 4 and right[after.end() : after.end() + 1] == "年"
    return right[0] == "0" or year


def split_headline(text: str) -> tuple[tuple[str, ...], str]:
    """A kicker of parallel parts in front of the headline on its line, and the headline.

    Example:
        >>> split_headline("送图书进村 请专家上门 办夜校授课 鹿鸣镇把课堂搬到了田间地头")
        (('送图书进村 请专家上门 办夜校授课',), '鹿鸣镇把课堂搬到了田间地头')
        >>> split_headline("梨树结果多 果农笑声甜")
        ((), '梨树结果多 果农笑声甜')
    """
    *before, last = text.split() or [""]
    lengths = [len(part) for part in before]
    if len(before) < 2 or max(lengths) - min(lengths) > 2 or len(last) < _MUCH_LONGER * max(lengths):
        return (), text
    return (text[: text.rindex(last)].rstrip(),), last
