"""What does the form of a single line say it is? A table of forms, from most to least telling.

Rules speak about form only: marks, brackets, length, punctuation, the set phrases of bylines. None knows a name;
that a personal name begins with one of the common surnames is a form too. Patterns see a line in one script and one
width of brackets, commas and colons (``plain``), offset for offset, so that a rule is written once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto

from index.schema import Span
from index.text import CLOSERS, TERMINALS, word_across

__all__ = [
    "Form",
    "Row",
    "breaks_off",
    "ends_sentence",
    "find_byline",
    "is_caption",
    "is_couplet",
    "is_date",
    "is_notice",
    "is_photo_credit",
    "joins_number",
    "names_briefs",
    "names_opinion",
    "names_source",
    "opens_afresh",
    "plain",
    "read_rows",
    "signs",
    "split_headline",
]


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


@dataclass(frozen=True, slots=True)
class Row:
    """One non-blank line and its form.

    Attributes:
        number: Line number in the file, from 1.
        gap: Blank lines right before it.
        level: Markdown heading level, 1 to 6; 0 without one.
        whole: The line without the white space around it.
        content: The line without heading marks and the asterisks of bold type either.
        text: ``content`` as characters.
        form: What it looks like.
        indented: Whether it begins with the white space of a new paragraph.
        wrapped: Whether it goes on with a paragraph that is set in lines of one width.
        why: For furniture, what it is taken for.
    """

    number: int
    gap: int
    level: int
    whole: Span
    content: Span
    text: str
    form: Form
    indented: bool = False
    wrapped: bool = False
    why: str = ""


_LONGEST_HEADING = 50
_LONGEST_BYLINE = 60
_LONGEST_SENTENCE = 40  # a headline that asks, cries out or has a comma
_LONGEST_CAPTION = 200
_LONGEST_TABLE_ROW = 300
_NARROWEST, _WIDEST_COLUMN = 10, 45  # characters in a line of a paragraph that is set in lines
_RAGGED = 2  # characters by which such a line may be short, where a mark may not begin the next
_MUCH_LONGER = 1.5  # a headline over each of the parallel parts of a kicker on its line

_ONE_FORM = str.maketrans(
    "（）：，；／［］【】〔〕！？｜〈〉　報訊記員攝圖轉緊來載實習見約網華電評論導編輯責資發於撰輯製繪對審與聯廣國號"
    "總關簡動態東綜聞點線觀聲隨筆談話議題農歷團機構體師檔",
    "():,;/[]【】[]!?|<> 报讯记员摄图转紧来载实习见约网华电评论导编辑责资发于撰辑制绘对审与联广国号"
    "总关简动态东综闻点线观声随笔谈话议题农历团机构体师档",
)
_SURNAMES = (
    "王李张張刘劉陈陳杨楊黄黃赵趙吴吳周徐孙孫马馬朱胡郭何林罗羅高郑鄭梁谢謝宋唐许許韩韓邓鄧冯馮曹彭曾肖萧蕭田董潘袁蔡蒋蔣余于杜叶葉程魏苏蘇吕呂丁任卢盧姚沈钟鍾姜崔谭譚陆陸范汪廖石金韦韋贾賈夏付方邹鄒熊白孟"
    "秦邱侯江尹薛闫阎段雷龙龍黎史陶贺賀毛郝顾顧龚龔邵万萬覃武钱錢戴严嚴莫孔向常汤湯康易乔喬赖賴文庞龐樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛伍申尤毕聂丛焦柳邢岳齐梅庄辛管祝左涂谷祁时舒耿卜路詹关苗凌费纪靳盛童欧"
    "甄项游裴席卫查屈鲍霍翁隋植甘景包柏宁柯阮桂闵强柴华车冉房辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝巩稽井练仲乐虞卞封竺冼楚佟栗"
    "匡宗巫鞠僧桑荆谌扬沙薄伏岑习胥和蔺诸"
)
_NAME = rf"(?:欧阳|上官|司马|诸葛|[{_SURNAMES}])[\u4e00-\u9fff·]{{1,3}}"
_NAMES = rf"{_NAME}(?:[\s、]+{_NAME}){{0,5}}"
_NUMBER = r"\s*[\d一二三四五六七八九十]{1,3}\s*"
_DATE = rf"(?:\d{{4}}|[一二三四五六七八九〇零○]{{4}})\s*年{_NUMBER}月{_NUMBER}日"
_PAPER = "(?:本报|本网|本刊|本台)"
_WRITER = (
    rf"(?:{_PAPER}|新华社|中新社|首席|见习|实习|特约|特派|驻[\u4e00-\u9fff]{{2,6}}|全媒体)*"
    r"(?:记者|通讯员|实习生|摄影师|评论员|撰稿人|撰稿|作者)"
)
_BRACKETED_WRITER = rf"[(\[【]\s*(?:文[/、]?图?/?\s*)?{_WRITER}[^()\[\]【】。]*[)\]】]"
_LEAD = re.compile(
    rf"[\[【(]?{_PAPER}[^,。(:\]】)]{{0,12}}讯[\]】)]?\s*(?P<byline>{_BRACKETED_WRITER}|{_WRITER}\s*[^,。:]{{1,20}}?报[道导]:?)?"
    rf"|(?P<agency>(?:{_PAPER}|据?(?:新华社|中新社|中新网|新华网|人民网|中央社))[^,。(]{{0,24}}电(?=[\s(:]|$)\s*(?:{_BRACKETED_WRITER})?)"
    r"|[\[【][\u4e00-\u9fff]{2,6}讯[\]】]"
    rf"|(?P<report>[\[【(]{_WRITER}[^()\[\]【】。]{{1,24}}报[道导][\])】])"
)
_LEAD_STARTS = "[【(本据新中人記记"
_DONE = r"摄影报[道导]|图文报[道导]|报[道导]|文并摄|文/摄|摄/文|文/图|图/文|供图|/文|/摄|/图|摄影|摄|整理"
_TAILS = (
    re.compile(rf"(?:^|[。!?”』」\s])(?P<credit>{_WRITER}[\s:][^,。;]{{1,40}}?(?:{_DONE}))$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>[(\[](?:{_WRITER}|文/|图/|摄影|图片|新华社)[^()\[\]。]{{0,36}}[)\]])$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>[(\[]{_NAMES}(?:\s*[/ ]?\s*(?:{_DONE}|文|图))?[)\]])$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>{_NAMES}\s*[/ ]\s*(?:{_DONE}|文|图))$"),
    re.compile(rf"(?:[。!?”』」…]\s*)(?P<credit>{_NAME}摄)$"),
)
_SOURCE = re.compile(
    r"[(\[]?\s*(?:本文|此文|文章)?(?:转自|转载自|原载|摘自|摘编自|选自|据[《]|原文(?:刊载于?|载于?|发表于)|来源:)[^。]{1,30}$"
)
_PHOTO = re.compile(r"(?:摄影|摄|供图|图片|资料图|图源|图/|/图|绘图?)")
_CAPTION = re.compile(r"(?:[上下左右]?图为|图[①②③④⑤⑥一二三四五六1-9][:,]|[上下左右]图[:,为]|图片说明)")
_BRIEFS = re.compile(r"(?:简讯|短讯|快讯|速览|速递|集锦|一句话新闻|点击|扫描|简报|短波)[■◆●】\s<]*$")
_OPINION = re.compile(
    r"观点|[时短]?评论?|论坛|杂谈|随笔|言论|声音|建言|漫谈|社论|来信|一家之言|大家谈|话发展|者说|热议|委员"
)
_NO_TITLE = re.compile(r"第?[一二三四五六七八九十百\d]+[章节条]?$")
_SIGNED = re.compile(r"[(\[](?!第?[一二三四五六七八九十\d]+[)\]])[^()\[\]。]{2,40}[)\]]$")
_NOTICE = re.compile(
    r"(?:关于[^,。]{2,40}的)?(?:情况)?(?:通告|公告|通知|公示|启事|声明|更正|致歉|说明)$"
    r"|[^,。]{2,30}[(](?:图片新闻|图文|资料|评论|专访|特写|来信)[)]$|(?:遗失|招领|寻人|寻物|招聘|拍卖|道歉)(?:启事|声明|公告)$|讣告$|(?:今日|明日|一周)?天气(?:预报)?$"
)
_ONLY_DATE = re.compile(rf"{_DATE}$")

_MASTHEAD = re.compile(
    rf"[^。]{{0,24}}{_DATE}[^。]{{0,6}}(?:星期|周|礼拜)[一二三四五六日天][^。]*$"
    rf"|[^。]{{0,12}}(?:星期|周)[一二三四五六日天][\s,]*{_DATE}[^。]*$"
    rf"|(?:第?[A-Z]?\d{{1,2}}版|[A-Z]\d{{1,2}})[\s:·|]*[^。]{{0,12}}{_DATE}[^。]{{0,20}}$"
    rf"|(?:[^。]{{0,12}}[(\s])?{_DATE}\s*第?\s*[A-Z]?\d{{1,2}}\s*版[)\s]*$"
    r"|[^。]{0,20}(?:总第|第)\s*\d+\s*期[^。]{0,30}$"
    r"|[^。]{0,10}(?:国内统一(?:连续出版物号|刊号)|邮发代号|今日\s*\d+\s*版)[^。]*$"
)
_FOLIO = re.compile(
    r"[—\-–·~\s]*(?:第\s*)?[A-Z]?\d{1,3}\s*(?:版|页)?[—\-–·~\s]*$"
    r"|(?:[A-Z]\d{1,2}版?|第?\s*[A-Z]?\d{1,2}\s*版)[\s:·|]*[\u4e00-\u9fff·]{2,8}$"
    r"|[\u4e00-\u9fff·]{2,8}[\s:·|]*(?:[A-Z]\d{1,2}|[A-Z]?\d{1,2}\s*版)$"
)
_EDITORS = re.compile(
    r"(?:本版|责任|执行|值班|美术|版面|文字|图片|见习)*(?:编辑|责编|美编|校对|审校|主编|版式|排版|检校|组版|编审|监制|审核)"
    r"(?:\s*[:/|]|\s+)[^。]{2,60}$"
)
_CONTACT = re.compile(r"(?:新闻热线|读者热线|投稿邮箱|投稿信箱|发行热线|广告热线|零售价|报社地址|印刷:)[^。]*$")
_TEASER = re.compile(
    r"[■◆●★▲►▶◎·\s]*[^。]{4,36}[\s….·/]+(?:详见|见|→)?\s*(?:第\s*)?[A-Z]?\d{1,2}\s*版$|(?:今日|本期|本报)?(?:导读|看点|提要)$"
)
_RULE = re.compile(r"[-—=_*·…─━~◇◆☆★\s]{3,}$")
_FURNITURE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("分隔线", _RULE),
    ("报头", _MASTHEAD),
    ("版次", _FOLIO),
    ("编辑署名", _EDITORS),
    ("导读", _TEASER),
    ("图片占位", re.compile(r"!\[[^\]]*\][(][^)]*[)]$")),
    ("报社联系方式", _CONTACT),
)
_PAPER_NAME = re.compile(r"[\u4e00-\u9fff]{2,8}(?:报|周刊|日報|晚報)$")

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
    (Form.BYLINE, re.compile(r"[□■◆●口囗\s]*(?:文|撰文|图文|文图|文[/、]图)\s*[:/]\s*[^,。]{1,50}$")),
    (
        Form.CREDIT,
        re.compile(
            r"(?:摄影|摄|图片?|制图|绘图|漫画|插图|来源|图片来源|图源|供图|资料图片?|编译|翻译|整理)\s*[:/][^。]{1,30}$"
        ),
    ),
    (Form.CREDIT, _SOURCE),
    (Form.CREDIT, re.compile(rf"(?:{_WRITER}\s*)?{_NAMES}\s*[/ ]?\s*(?:供图|摄影|摄)$")),
    (Form.CREDIT, re.compile(rf"新华社发\s*[(\[]?[^,。]{{0,20}}$|{_ONLY_DATE.pattern}")),
    (Form.BYLINE, re.compile(rf"[\[【(]?{_PAPER}[^,。(:\]】]{{0,12}}讯[\]】)]?\s*{_BRACKETED_WRITER}$")),
    (Form.BYLINE, re.compile(rf"[□■◆●口囗\s]*{_WRITER}[\s:/][^,。;!?]{{1,50}}$")),
    (
        Form.BYLINE,
        re.compile(rf"[□■◆●口囗\s]*(?:{_PAPER}|特约|实习|见习){_WRITER}{_NAME}(?:[\s、][^,。;!?]{{1,40}})?$"),
    ),
    (Form.BYLINE, re.compile(r"□\s*[^,。;!?]{2,24}$")),
    (Form.BYLINE, re.compile(rf"[口囗]\s*{_NAMES}(?:\s*/?\s*(?:{_DONE}|文|图))?$")),
    (Form.BYLINE, re.compile(rf"{_NAMES}\s*/\s*(?:文|图|摄)(?:\s+[^,。]{{2,20}}\s*/\s*(?:文|图|摄))*$")),
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
_MARKDOWN = re.compile(r"(#{1,6})[ \t\u3000]+(?=\S)")
_BOLD = re.compile(r"(\*\*|__|\*|_)(?=[^\s*_])([^*_]+)(?<=\S)\1$")
_FIELDS = re.compile(r"\t+| {2,}|\u3000+|\s*\|\s*")
_COMMA = re.compile("[，,]")
_FRESH = re.compile(
    r"(?:近日|日前|据悉|据了解|据介绍|昨日|昨天)[,，]|(?:[(（]?[一二三四五六七八九十]{1,3}[)）、]|\d{1,2}[.、．]\s*\D|第[一二三四五六]，|[●◆■▲])"
)
_NEVER_FIRST = "，。、；：！？”’」』）》,;"  # marks that no line of a printed page begins with, unless it is torn
_SERIES = re.compile(r"[\u4e00-\u9fff]{2,6}[·•][\u4e00-\u9fff]{2,6}$")  # 走基层·见闻 above a headline
_WRITERS = re.compile(
    rf"[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}(?:[ \u3000、]+[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}){{1,4}}$"
)
_LAST_DIGITS, _FIRST_DIGITS = re.compile(r"[0-9]+$"), re.compile(r"[0-9]+")
_WORDS_APART = 8  # characters on each side in which a word across a tear is looked for


def plain(text: str) -> str:
    """Text as the patterns see it: simplified set phrases, half-width brackets, commas and colons; equal offsets.

    Example:
        >>> plain("本報訊（記者 王小明）")
        '本报讯(记者 王小明)'
    """
    return text.translate(_ONE_FORM)


def read_rows(text: str) -> list[Row]:
    """The non-blank lines of a page in order; only LF, CR LF and CR end a line."""
    rows: list[Row] = []
    last = number = position = 0
    lines = text.replace("\r\n", "\n\n").replace("\r", "\n") if "\r" in text else text
    doubled = _crlf_positions(text) if "\r\n" in text else frozenset[int]()
    for line in lines.split("\n"):
        start, position = position, position + len(line) + 1
        if start in doubled:  # the second half of CR LF
            continue
        number += 1
        stripped = line.strip()
        if not stripped:
            continue
        rows.append(_row(number, number - last - 1, start + len(line) - len(line.lstrip()), line, stripped))
        last = number
    return _settle(rows)


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
            return text[lead.start(group) : lead.end(group)].strip()
        return ""
    return _tail(text)


def names_source(text: str) -> bool:
    """Whether a credit line says where the text was printed before, and not who wrote it.

    Example:
        >>> names_source("转自《某报》"), names_source("（某委员会）")
        (True, False)
    """
    return bool(_SOURCE.match(plain(text)))


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


def is_photo_credit(text: str) -> bool:
    """Whether a credit or byline says who took a picture."""
    return bool(_PHOTO.search(plain(text)))


def is_caption(text: str) -> bool:
    """Whether a line says itself that it tells of a picture."""
    return len(text) <= _LONGEST_CAPTION and bool(_CAPTION.match(plain(text[:12])))


def is_notice(text: str) -> bool:
    """Whether a heading says itself what sort of item it is the title of, which no section head does.

    Example:
        >>> is_notice("关于封闭养护的通告"), is_notice("办事大厅公告栏")
        (True, False)
    """
    return bool(_NOTICE.match(plain(text)))


def is_couplet(text: str) -> bool:
    """Whether a heading is made of parallel parts with spaces between them."""
    lengths = [len(part) for part in text.split()]
    return len(lengths) > 1 and max(lengths) - min(lengths) <= 2


def is_date(text: str) -> bool:
    """Whether a line is a full date and nothing else."""
    return bool(_ONLY_DATE.match(plain(text)))


def signs(text: str) -> bool:
    """Whether a line of body text ends with a byline, after which its article is over."""
    tail = _tail(text)
    return bool(tail) and not _lead(text)


def opens_afresh(text: str) -> bool:
    """Whether a line can only be the start of a sentence: a numbered item, 近日，, 据了解，."""
    return bool(_FRESH.match(text))


def breaks_off(left: str, right: Row, *, indents: bool) -> bool:
    """Whether text that ends inside a sentence does not go on in a line.

    Args:
        left: The text before, which does not end a sentence.
        right: The line.
        indents: Whether the page marks new paragraphs by white space, so that such a line begins one.
    """
    return right.form is Form.LEAD or (indents and right.indented) or opens_afresh(right.text)


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


def _row(number: int, gap: int, start: int, line: str, stripped: str) -> Row:
    indented = line.startswith(("\u3000\u3000", "\t", "    "))
    whole = Span(start, start + len(stripped))
    level, inner, cut = 0, 0, 0
    if stripped[0] == "#" and (mark := _MARKDOWN.match(stripped)):
        level, inner = len(mark.group(1)), mark.end()
    content = stripped[inner:]
    bold = _BOLD.match(content) if content[0] in "*_" else None
    if bold:
        inner, cut, content = inner + len(bold.group(1)), len(bold.group(1)), bold.group(2)
    form, why = _form(content, level)
    span = Span(start + inner, whole.end - cut)
    return Row(number, gap, level, whole, span, content, form, indented, why=why)


def _crlf_positions(text: str) -> frozenset[int]:
    return frozenset(match.start() + 1 for match in re.finditer("\r\n", text))


def _form(text: str, level: int) -> tuple[Form, str]:
    if len(text) > _LONGEST_BYLINE:
        return (Form.LEAD if _lead(text) else Form.HEADING if level else Form.BODY), ""
    seen = plain(text)
    for form, pattern in _CONTINUED:
        if pattern.match(seen):
            return form, ""
    if not level:
        for why, pattern in _FURNITURE:
            if pattern.match(seen) and not _ONLY_DATE.match(seen):
                return Form.FURNITURE, why
    for form, pattern in _FORMS:
        if pattern.match(seen):
            return form, ""
    if _lead(text):
        return Form.LEAD, ""
    return (Form.HEADING if level or _looks_like_heading(text) else Form.BODY), ""


def _lead(text: str) -> re.Match[str] | None:
    return _LEAD.match(plain(text[:_LONGEST_BYLINE])) if text and text[0] in _LEAD_STARTS + "（［" else None


def _tail(text: str) -> str:
    """The byline at the end of a line, as it stands; empty without one."""
    offset = max(0, len(text) - _LONGEST_BYLINE)
    seen = plain(text[offset:])
    if not seen or seen[-1] not in ")]摄道导图文影理":
        return ""
    for pattern in _TAILS:
        if match := pattern.search(seen):
            return text[offset + match.start("credit") : offset + match.end("credit")]
    return ""


def _looks_like_heading(text: str) -> bool:
    if len(text) > _LONGEST_HEADING or text[-1] in TERMINALS + "，、；：,;:." or _tail(text):
        return False
    halves = _COMMA.split(text)
    # A headline with a comma is a couplet: two halves of about one length. Torn text is not so regular.
    if len(halves) == 1:
        return True
    return len(halves) == 2 and min(map(len, halves)) >= 4 and abs(len(halves[0]) - len(halves[1])) <= 4


# What a line is by its neighbours.


def _settle(rows: list[Row]) -> list[Row]:
    settled = _with_paper_name(_with_tables(_with_wrapped(rows)))
    return [_settled(settled, place) for place in range(len(settled))] if len(settled) > 1 else settled


def _settled(rows: Sequence[Row], place: int) -> Row:
    row = rows[place]
    before = rows[place - 1] if place else None
    after = rows[place + 1] if place + 1 < len(rows) else None
    if row.form is Form.HEADING and not row.level and after is not None:
        if after.text[0] in _NEVER_FIRST:
            return replace(row, form=Form.BODY)
        if after.form is Form.HEADING and _SERIES.match(row.text):
            return replace(row, form=Form.COLUMN)
        if after.form is Form.BODY and before is not None and before.form is Form.HEADING and _WRITERS.match(row.text):
            return replace(row, form=Form.BYLINE)
    if row.form is Form.HEADING and not row.level and before is not None and before.form in {Form.BODY, Form.LEAD}:
        # A short piece of torn text looks like a heading, until a word is found that stands across the tear.
        over_start = not ends_sentence(before.text) and _across(before.text, row.text)
        over_end = after is not None and after.form is Form.BODY and _across(row.text, after.text)
        return replace(row, form=Form.BODY) if over_start or over_end else row
    later = rows[place + 2] if after is not None and after.form is Form.HEADING and place + 2 < len(rows) else after
    if row.form is Form.BODY and later is not None and later.form in {Form.BYLINE, Form.LEAD}:
        short = len(row.text) <= _LONGEST_SENTENCE and row.text.rstrip(CLOSERS)[-1:] not in set("。，、；：,;:…")
        alone = short and "。" not in row.text and (before is None or ends_sentence(before.text))
        return replace(row, form=Form.HEADING) if alone and not row.wrapped and not row.indented else row
    return row


def _across(left: str, right: str) -> bool:
    return word_across(left[-_WORDS_APART:], right[:_WORDS_APART])


def _with_paper_name(rows: list[Row]) -> list[Row]:
    """A paper's name beside its date or issue is part of the masthead."""
    heads = [place for place, row in enumerate(rows) if row.form is Form.FURNITURE and row.why == "报头"]
    for place in {near for head in heads for near in (head - 2, head - 1, head + 1) if 0 <= near < len(rows)}:
        row = rows[place]
        if row.form is Form.HEADING and _PAPER_NAME.match(plain(row.text)) and place < 4:
            rows[place] = replace(row, form=Form.FURNITURE, why="报头")
    return rows


def _with_tables(rows: list[Row]) -> list[Row]:
    """Two or more lines on end with equally many fields, three at least, are a table."""
    counts = [_fields(row) for row in rows]
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and counts[end] == counts[start] and counts[end] >= 3 and rows[end].gap <= 1:
            continue
        if end - start >= 2:
            rows[start:end] = [replace(row, form=Form.TABLE) for row in rows[start:end]]
        start = end
    return rows


def _fields(row: Row) -> int:
    if row.level or (row.form is Form.FURNITURE and row.why != "分隔线"):
        return 0
    text = row.text
    if len(text) > _LONGEST_TABLE_ROW or not ("\t" in text or "  " in text or "\u3000" in text or "|" in text):
        return 0
    return len(_FIELDS.split(text.strip("| \t\u3000")))


def _with_wrapped(rows: list[Row]) -> list[Row]:
    """Paragraphs that are set in lines of one width, with no blank line between: no line of them is a heading."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end < len(rows) and rows[end].gap == 0 and not rows[end].level and rows[end].form is not Form.FURNITURE:
            continue
        start += rows[start].form is Form.FURNITURE
        if end - start >= 4:
            _mark_wrapped(rows, start, end)
        start = end
    return rows


def _mark_wrapped(rows: list[Row], start: int, end: int) -> None:
    widths = [_width(row) for row in rows[start:end]]
    measure = max(set(widths), key=lambda width: (widths.count(width), width))
    punctuated = sum(any(mark in row.text for mark in "，。、,") for row in rows[start:end])
    if not _NARROWEST <= measure <= _WIDEST_COLUMN or punctuated < 0.4 * (end - start):
        return
    full = [width >= measure - _RAGGED for width in widths]
    if sum(full) < 3 or sum(full) < 0.4 * (end - start):
        return
    for place in range(start, end):
        row = rows[place]
        goes_on = place > start and full[place - 1 - start] and not row.indented
        opens = full[place - start] and place + 1 < end and not rows[place + 1].indented
        if goes_on and row.form in {Form.HEADING, Form.BODY}:
            rows[place] = replace(row, form=Form.BODY, wrapped=True)
        elif opens and row.form is Form.HEADING:
            rows[place] = replace(row, form=Form.BODY)


def _width(row: Row) -> float:
    narrow = sum(char.isascii() for char in row.text)
    return len(row.text) - narrow / 2 + 2 * row.indented
