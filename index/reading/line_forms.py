"""What does the form of a single line say it is? A table of forms, from most to least telling.

Rules speak about form only: marks, brackets, length, punctuation, the set phrases of bylines. None knows a name;
that a personal name begins with one of the common surnames is a form too. Patterns see a line in one script and one
width of brackets, commas and colons (``plain``), offset for offset, so that a rule is written once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto
from functools import lru_cache
from typing import TypeVar

from index.reading.dates import WRITTEN_DATE
from index.text import CLOSERS, TERMINALS

__all__ = [
    "ANY_DATE",
    "LONGEST_BYLINE",
    "NAMES",
    "NUMBER",
    "SURNAMES",
    "WEEKDAY",
    "Form",
    "ends_sentence",
    "find_byline",
    "form_of",
    "is_date",
    "is_day",
    "is_labelled",
    "item_form",
    "names_box",
    "names_source",
    "plain",
    "signs",
]


_T = TypeVar("_T")


class Form(Enum):
    """What a line looks like; only the last step of :func:`read_rows` asks its neighbours."""

    CONTINUED_FROM = auto()  # 上接
    CONTINUED_ON = auto()  # 下转
    FURNITURE = auto()  # masthead, page number, editors' names: of the page, not of an article
    BYLINE = auto()  # a byline on a line of its own
    CREDIT = auto()  # source, photographer, signature or its date on a line of its own
    COLUMN = auto()  # ■栏目, >> 栏目 <<, 【栏目】
    TABLE = auto()  # one row of a table
    LEAD = auto()  # body text that opens with 本报讯 or the like
    HEADING = auto()
    BODY = auto()


_LONGEST_HEADING = 50
LONGEST_BYLINE = 60
_ONE_FORM = str.maketrans(
    "（）：，；／［］【】〔〕！？｜〈〉　報訊記員攝圖轉緊來載實習見約網華電評論導編輯責資發於撰輯製繪對審與聯廣國號"
    "總關簡動態東綜聞點線觀聲隨筆談話議題農歷團機構體師檔",
    "():,;/[]【】[]!?|<> 报讯记员摄图转紧来载实习见约网华电评论导编辑责资发于撰辑制绘对审与联广国号"
    "总关简动态东综闻点线观声随笔谈话议题农历团机构体师档",
)
SURNAMES = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅高郑鄭梁谢謝宋唐许許韩韓邓鄧冯馮曹彭曾肖萧蕭田董潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付方邹鄒熊白孟"
    "秦邱侯江尹薛闫阎段雷龙龍黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文庞龐樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂丛焦柳邢岳齐梅庄辛管祝左涂谷祁时舒耿卜路詹关苗凌费纪靳盛童欧"
    "甄项游裴席卫查屈鲍霍翁隋植甘景包柏宁柯阮桂闵强柴华车冉房辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝巩稽井练仲乐虞卞封竺冼楚佟栗"
    "匡宗巫鞠僧桑荆谌扬沙薄伏岑习胥和蔺诸云傅褚费滕骆缪裘储厉戎蒲索籍闻劳茹衡寇蔚晁桓束逄佘安曲湛"
)
_NAME = rf"(?:欧阳|上官|司马|诸葛|[{SURNAMES}])[\u4e00-\u9fff·]{{1,3}}"
NAMES = rf"{_NAME}(?:[\s、]+{_NAME}){{0,5}}"
NUMBER = r"\s*[\d一二三四五六七八九十]{1,3}\s*"
_NUMERIC_DATE = r"\d{4}\s*[-/.]\s*\d{1,2}\s*[-/.]\s*\d{1,2}"
ANY_DATE = rf"(?:{WRITTEN_DATE}|{_NUMERIC_DATE})"
WEEKDAY = "(?:星期|周|礼拜)[一二三四五六日天]"
_PAPER = "(?:本报|本网|本刊|本台)"
_WRITER = (
    rf"(?:{_PAPER}|新华社|中新社|首席|见习|实习|特约|特派|驻[\u4e00-\u9fff]{{2,6}}|全媒体)*"
    r"(?:记者|通讯员|实习生|摄影师|评论员|撰稿人|撰稿|作者)"
)
_BRACKETED_WRITER = rf"[(\[【]\s*(?:文[/、]?图?/?\s*)?{_WRITER}[^()\[\]【】。]*[)\]】]"
_LEAD = re.compile(
    rf"[\[【(]?(?:{_PAPER}[^,。(:\]】)]{{0,12}}|(?:都市|[晚日早晨时快商])报)讯[\]】)]?\s*(?P<byline>{_BRACKETED_WRITER}|{_WRITER}\s*[^,。:]{{1,20}}?报[道导]:?)?"
    rf"|(?P<agency>(?:{_PAPER}|据?(?:新华社|中新社|中新网|新华网|人民网|中央社))[^,。(]{{0,24}}电(?=[\s(:]|$)\s*(?:{_BRACKETED_WRITER})?)"
    r"|[\[【][\u4e00-\u9fff]{2,6}讯[\]】]"
    rf"|(?P<report>[\[【(]{_WRITER}[^()\[\]【】。]{{1,24}}报[道导][\])】])"
)
_LEAD_STARTS = "[【(本据新中人記记都晚日早晨时快商"
_DONE = r"摄影报[道导]|图文报[道导]|报[道导]|文并摄|文/摄|摄/文|文/图|图/文|供图|/文|/摄|/图|摄影|摄|整理"
_TAILS = (
    re.compile(rf"(?:^|[。!?”』」\s])(?P<credit>{_WRITER}[\s:][^,。;]{{1,40}}?(?:{_DONE}))$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>[(\[](?:{_WRITER}|文/|图/|摄影|图片|新华社)[^()\[\]。]{{0,36}}[)\]])$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>[(\[]{NAMES}(?:\s*[/ ]?\s*(?:{_DONE}|文|图))?[)\]])$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>{NAMES}\s*[/ ]\s*(?:{_DONE}|文|图))$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>{_NAME}摄)$"),
    re.compile(r"(?:[。!?”』」…]\s*)(?P<credit>[(\[](?:据|综合|均?据)[^()\[\]。]{2,24}(?:电|报[道导]|消息|讯)[)\]])$"),
    re.compile(r"(?:[。!?”』」…]\s*)(?P<credit>(?:图|图片|摄影|摄)\s*[/:]\s*[^,。/:]{2,16})$"),
    re.compile(r"(?:[。!?”』」…]\s*)(?P<credit>[(\[](?:来源|稿源)[:/][^()\[\]。]{2,24}[)\]])$"),
)
_PICTURE_BY, _LONGEST_PICTURE_BY = re.compile("[图片影摄]\\s*[/:]"), 22
_SOURCE = re.compile(
    r"[(\[]?\s*(?:本文|此文|文章)?(?:转自|转载自|原载|摘自|摘编自|选自|据[《]|原文(?:刊载于?|载于?|发表于)|来源:)[^。]{1,30}$"
)
_SIGNED = re.compile(r"[(\[](?!第?[一二三四五六七八九十\d]+[)\]])[^()\[\]。]{2,40}[)\]]$")
_ONLY_DATE = re.compile(rf"{WRITTEN_DATE}$")
_MASTHEAD = re.compile(
    rf"[^。]{{0,24}}{ANY_DATE}[^。]{{0,6}}{WEEKDAY}[^。]*$"
    rf"|[^。]{{0,12}}{WEEKDAY}[\s,]*{ANY_DATE}[^。]*$"
    rf"|(?:第?[A-Z]?\d{{1,2}}版|[A-Z]\d{{1,2}})[\s:·|]*[^。]{{0,12}}{ANY_DATE}[^。]{{0,20}}$"
    rf"|(?:[^。]{{0,12}}[(\s])?{ANY_DATE}\s*第?\s*[A-Z]?\d{{1,2}}\s*版[)\s]*$"
    rf"|[\u4e00-\u9fff]{{2,8}}(?:报|周刊)[\s|·]*{ANY_DATE}[^。]{{0,30}}$"
    r"|[\u4e00-\u9fff]{2,8}(?:报|周刊)\s+第?[A-Z]?\d{1,2}版?(?:[\s|·]+[\u4e00-\u9fff·]{2,8})?$"
    r"|[^。]{0,20}(?:总第|第)\s*\d+\s*期[^。]{0,30}$"
    r"|[^。]{0,10}(?:国内统一(?:连续出版物号|刊号)|邮发代号|今日\s*\d+\s*版)[^。]*$"
)
_FOLIO = re.compile(
    r"[—\-–·~\s]*(?:第\s*)?[A-Z]?\d{1,3}\s*(?:版|页)?[—\-–·~\s]*$"
    r"|(?:[A-Z]\d{1,2}版?|第?\s*[A-Z]?\d{1,2}\s*版)[\s:·|]*[\u4e00-\u9fff·]{2,8}$"
    r"|[\u4e00-\u9fff·]{2,8}[\s:·|]*(?:[A-Z]\d{1,2}|[A-Z]?\d{1,2}\s*版)$"
)
_EDITORS = re.compile(
    r"(?:本版|责任|执行|值班|美术|版面|文字|图片|见习)*"
    r"(?:编辑|责编|美编|校对|审校|主编|编委|总编|版式|排版|检校|组版|编审|监制|审核)(?:设计)?"
    r"(?:\s*[:/|]|\s+)[^。]{2,60}$"
)
_CONTACT = re.compile(r"(?:新闻热线|读者热线|投稿邮箱|投稿信箱|发行热线|广告热线|零售价|报社地址|印刷:)[^。]*$")
_TEASER = re.compile(
    r"[■◆●★▲►▶◎·\s]*[^。]{4,36}[\s….·/(]+(?:详见|见|→)?\s*(?:第\s*)?[A-Z]?\d{1,2}\s*版[)]?$"
    r"|(?:今日|本期|本报)?(?:导读|看点|提要)$"
)
_SCAN = re.compile(
    r"[^。]{0,16}(?:扫码|扫一扫|扫描[^。]{0,8}二维码|长按识别|关注[^。]{0,12}(?:公众号|官方微信|官方微博|客户端)|下载[^。]{0,10}客户端)[^。]{0,30}$"
)
_RULE = re.compile(r"[-—=_*·…─━~◇◆☆★\s]{3,}$")
_FURNITURE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("分隔线", _RULE),
    ("报头", _MASTHEAD),
    ("版次", _FOLIO),
    ("编辑署名", _EDITORS),
    ("导读", _TEASER),
    ("二维码提示", _SCAN),
    ("图片占位", re.compile(r"!\[[^\]]*\][(][^)]*[)]$|[\[<]图片?\s*\d+[^\[\]<>]{0,40}[\]>]$")),
    ("报社联系方式", _CONTACT),
)
_DAY = re.compile(rf"{NUMBER}月{NUMBER}日(?:[晨午晚夜]|凌晨|深夜)?$")
_LABELLED = re.compile(
    r"(?:地址|地点|电话|联系电话|咨询电话|报名电话|热线|传真|邮编|邮箱|联系人|网址|营业时间|活动时间|时间)\s*:\s*\S"
)
_LABEL = re.compile(r"(?!https?:)[^\s:，,。！？!?；;、]{1,12}\s*:\s*\S")
_NUMBERED = re.compile(r"[(\[]?(?:\d{1,3}|[一二三四五六七八九十]{1,3})[)\].、．](?!\d)\s*\S|[①-⑳]\s*\S")
_BULLETS = frozenset("■□◆◇●○★☆▲△►▶◎•·-*—✓✔√")
_ASKED = re.compile(r"[问問答QA]\s*:\s*\S")
_BOX = re.compile(
    r"[■◆●▶【\[〖>]*\s*(?:(?:相关|新闻|背景|知识)?链接|新闻背景|延伸阅读|名词解释|编者按|编后|数读|数说|广告)[】\]〗>》:]*$"
)
_CONTINUED: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (Form.CONTINUED_FROM, re.compile(r"[(\[【◀◄←\s]*[上紧]接[^,。]{0,14}[版页]?[^,。]{0,8}[)\]】]?$")),
    (
        Form.CONTINUED_ON,
        re.compile(
            r"[(\[【►▶→\s]*(?:下转|转)\s*第?\s*[A-Z]?[\d一二三四五六七八九十]{1,3}\s*版[^,。]{0,8}[)\]】]?[►▶→]*$"
        ),
    ),
    (
        Form.CONTINUED_ON,
        re.compile(r"[(\[【]?\s*(?:下转|(?:更多|相关|详细)?报[道导]?(?:详见|见))[^,。]{0,14}版[^,。]{0,6}[)\]】]?$"),
    ),
)
_FORMS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    (Form.COLUMN, _BOX),
    (Form.BYLINE, re.compile(r"[□■◆●口囗\s]*(?:文|撰文|图文|文图|文[/、]图)\s*[:/]\s*[^,。]{1,50}$")),
    (
        Form.CREDIT,
        re.compile(
            r"(?:摄影|摄|图片?|制图|绘图|漫画|插图|来源|图片来源|图源|供图|资料图片?|编译|翻译|整理)\s*[:/][^。]{1,30}$"
        ),
    ),
    (Form.CREDIT, _SOURCE),
    (Form.CREDIT, re.compile(rf"(?:{_WRITER}\s*)?{NAMES}\s*[/ ]?\s*(?:供图|摄影|摄)$")),
    (Form.CREDIT, re.compile(rf"新华社发\s*[(\[]?[^,。]{{0,20}}$|{_ONLY_DATE.pattern}")),
    (Form.BYLINE, re.compile(rf"[\[【(]?{_PAPER}[^,。(:\]】]{{0,12}}讯[\]】)]?\s*{_BRACKETED_WRITER}$")),
    (
        Form.BYLINE,
        re.compile(rf"[□■◆●口囗\s]*(?:(?:采写|撰写|执笔|供稿|文字)[\s:/]*)?{_WRITER}[\s:/][^,。;!?]{{1,50}}$"),
    ),
    (
        Form.BYLINE,
        re.compile(rf"[□■◆●口囗\s]*(?:{_PAPER}|特约|实习|见习){_WRITER}{_NAME}(?:[\s、][^,。;!?]{{1,40}})?$"),
    ),
    (Form.BYLINE, re.compile(r"□\s*[^,。;!?]{2,24}$")),
    (Form.BYLINE, re.compile(rf"[■◆●\s]*{_PAPER}(?:特约)?评论员$")),
    (Form.CREDIT, re.compile(rf"(?:插图|题图|配图|题字|漫画|制图)\s+{NAMES}$")),
    (Form.BYLINE, re.compile(rf"[口囗]\s*{NAMES}(?:\s*/?\s*(?:{_DONE}|文|图))?$")),
    (Form.BYLINE, re.compile(rf"{NAMES}\s*/\s*(?:文|图|摄)(?:\s+[^,。]{{2,20}}\s*/\s*(?:文|图|摄))*$")),
    (Form.BYLINE, re.compile(rf"{_BRACKETED_WRITER}$")),
    (Form.CREDIT, _SIGNED),
    (
        Form.COLUMN,
        re.compile(
            r"[■◆●★▲►▶◎]\s*[^。,]{2,24}$|>>[^<>]{1,24}<<$|【[^】]{1,24}】$|\[[^\]]{2,12}\]$|〖[^〗]{1,24}〗$"
            r"|[·•][^·•]{2,12}[·•]$|(?:栏目|版块):[^。,]{2,16}$"
            r"|(?:(?:相关|新闻|背景)?链接|新闻背景|延伸阅读|名词解释|记者手记|编者按|编后|广告)[>》:]*$"
        ),
    ),
)
_COMMA = re.compile("[，,]")


@lru_cache(256)  # every line is asked for by many patterns, one after the other
def plain(text: str) -> str:
    """Text as the patterns see it: simplified set phrases, half-width brackets, commas and colons; equal offsets.

    Example:
        >>> plain("本報訊（記者 王小明）")
        '本报讯(记者 王小明)'
    """
    return text.translate(_ONE_FORM)


def form_of(text: str, level: int) -> tuple[Form, str]:
    """What a line looks like by itself.

    Args:
        text: The line without heading marks.
        level: Its Markdown heading level; 0 without one.

    Returns:
        The form, and for furniture of the page what it is taken for.
    """
    if len(text) > LONGEST_BYLINE:
        return (Form.LEAD if _lead(text) else Form.HEADING if level else Form.BODY), ""
    seen = plain(text)
    if form := _first(_CONTINUED, seen):
        return form, ""
    if not level and not _ONLY_DATE.match(seen) and (why := _first(_FURNITURE, seen)):
        return Form.FURNITURE, why
    heading = Form.HEADING if level or _looks_like_heading(text) else Form.BODY
    return _first(_FORMS, seen) or (Form.LEAD if _lead(text) else heading), ""


def _first(table: Iterable[tuple[_T, re.Pattern[str]]], seen: str) -> _T | None:
    return next((name for name, pattern in table if pattern.match(seen)), None)


def ends_sentence(text: str) -> bool:
    """Whether a line ends where a sentence or a list item may end, not in the middle of one."""
    bare = text.rstrip(CLOSERS + " ")
    if not bare or bare[-1] in TERMINALS + "：:；;":
        return True
    return bool(_tail(text))


def find_byline(text: str) -> str:
    """The byline inside a line of body text: behind 本报讯 at its start, or a credit at its end; else empty.

    Example:
        >>> find_byline("本报讯（记者 张三）近日，大会召开。")
        '（记者 张三）'
    """
    if lead := _lead(text):
        group = next((name for name in ("byline", "agency", "report") if lead.group(name)), None)
        if group:
            return text[lead.start(group) : lead.end(group)].strip(" \u3000:：")
        return ""
    return _tail(text)


def signs(text: str) -> bool:
    """Whether a line of body text ends with a byline, after which its article is over."""
    tail = _tail(text)
    return bool(tail) and not _lead(text)


def names_source(text: str) -> bool:
    """Whether a credit line says where the text was printed before, and not who wrote it.

    Example:
        >>> names_source("转自《某报》"), names_source("（某委员会）")
        (True, False)
    """
    return bool(_SOURCE.match(plain(text)))


def names_box(text: str) -> bool:
    """Whether a line is the label of a box that stands beside the articles: 链接, 编者按, 广告.

    Example:
        >>> names_box("【新闻链接】"), names_box("【案情】")
        (True, False)
    """
    return bool(_BOX.match(plain(text)))


def is_date(text: str) -> bool:
    """Whether a line is a full date and nothing else."""
    seen = plain(text)
    return bool(_ONLY_DATE.match(seen) or _DAY.match(seen))


def _lead(text: str) -> re.Match[str] | None:
    return _LEAD.match(plain(text[:LONGEST_BYLINE])) if text and text[0] in _LEAD_STARTS + "（［" else None


def _tail(text: str) -> str:
    """The byline at the end of a line, as it stands; empty without one."""
    offset = max(0, len(text) - LONGEST_BYLINE)
    seen = plain(text[offset:])
    if not seen or (seen[-1] not in ")]摄道导图文影理" and not _PICTURE_BY.search(seen[-_LONGEST_PICTURE_BY:])):
        return ""
    for pattern in _TAILS:
        if match := pattern.search(seen):
            return text[offset + match.start("credit") : offset + match.end("credit")]
    return ""


def item_form(text: str) -> str:
    """By what form a line is an item of a list: a label before its value, a number, a bullet; empty when by none.

    Example:
        >>> item_form("末班：二十一点"), item_form("2. 修路"), item_form("● 修路"), item_form("修路")
        ('label', 'number', '●', '')
    """
    seen = plain(text[:LONGEST_BYLINE])
    if _NUMBERED.match(seen):
        return "number"
    return "label" if _LABEL.match(seen) else text[0] if text[:1] in _BULLETS else ""


def _looks_like_heading(text: str) -> bool:
    if "。" in text or _LABELLED.match(plain(text)) or _ASKED.match(plain(text)):
        return False
    if len(text) > _LONGEST_HEADING or text[-1] in TERMINALS + "，、；：,;:." or _tail(text):
        return False
    halves = _COMMA.split(text)
    # A headline with a comma is a couplet: two halves of about one length. Torn text is not so regular.
    if len(halves) == 1:
        return True
    return len(halves) == 2 and min(map(len, halves)) >= 4 and abs(len(halves[0]) - len(halves[1])) <= 4


def is_day(text: str) -> bool:
    """Whether a line is a month and a day and nothing else."""
    return bool(_DAY.match(plain(text)))


def is_labelled(text: str) -> bool:
    """Whether a line gives an address, a number or the like behind its name: no heading, and no torn sentence."""
    return bool(_LABELLED.match(plain(text[:LONGEST_BYLINE])))
