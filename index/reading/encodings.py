"""In which encoding is a file written, and which of its characters are odd? The whole of it is decoded strictly.

The rule, in this order: an encoding that was asked for; a byte-order mark; UTF-8 where the whole file is valid UTF-8;
else that of GB18030, Big5 and UTF-16 in which the largest share of the characters beyond ASCII is common. GB18030 wins
a tie, that is unless another leads by more than a tenth; UTF-16 without its mark needs at least three tenths.

A control character, a glyph of a private font or a code point that no standard has assigned yet costs no page: it
stays where it stands, and is told with its line. Only where many are so, the bytes are those of no text.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace

from index.errors import SourceError
from index.reading.line_ends import line_of
from index.schema import Imprint, Note

__all__ = ["Decoded", "decode", "decode_as_declared", "odd_notes", "refuse_binary"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text taken out of a file.

    Attributes:
        text: The text.
        encoding: The encoding it was decoded with, or the format's name.
        why: What decided for it.
        date: ISO date of publication that the file tells beside its text, or None.
        aside: Lines that the format itself sets apart from the articles (page headers, menus): number, and what it is.
        notes: What a person should know about the reading.
        lost: What could not be read, in a sentence each; the rest is in the text.
    """

    text: str
    encoding: str
    why: str
    date: str | None = None
    aside: tuple[tuple[int, str], ...] = ()
    notes: tuple[Note, ...] = ()
    lost: tuple[str, ...] = ()
    imprint: Imprint | None = None


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CANDIDATES = ("gb18030", "big5", "big5hkscs", "utf-16-le", "utf-16-be")  # in the order that ties are decided
_LEAD = 0.1
_LEAST_COMMON = {"utf-16-le": 0.3, "utf-16-be": 0.3, "big5": 0.2, "big5hkscs": 0.2}
_SAMPLE = 20_000  # characters that are judged
_HARMLESS = "\t\n\r\f\v\x7f\x85"  # DEL is a leftover of editors and shows nothing; the others are white space
_MOST_CONTROL, _MOST_STRANGE = 0.05, 0.3  # shares of a text's characters
_FEW = 3  # control characters that a short text may hold, one in ten
_ODD = {
    "Cc": "控制字符",
    "Cn": "未分配的码位",
    "Co": "专用区字符（造字）",
    "Cs": "不成对的代理码位",
}
_CONTROL = ("Cc", "Cs")
_MOST_NOTES = 20  # odd characters of one page that are told one by one
_LOST = "替换字符（原字已失）"
# Planes and blocks that grow with each version of Unicode, faster than Python's tables: Han, and pictographs.
_GROWING = ((0x20000, 0x323B0), (0x1F000, 0x1FBFF))
_NO_CHARACTER = 0xFFFE  # the last two code points of every plane
# What nearly all of a page is made of, and is text: looked for in one go before each other character is asked.
_UNUSUAL = re.compile(
    "[^\\x20-\\x7f\\t\\n\\r\\f\\v\\xa1-\\xff\\u2010-\\u2027\\u3001-\\u303f\\u4e00-\\u9fff\\uff01-\\uff5e]"
)
_END_MARK = re.compile(r"[\x1a\x00]+\Z")  # DOS ended a text with Ctrl-Z, and its editors filled the last block with NUL
_SEQUENCES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")  # of UTF-8, for Han and beyond
_BEYOND_ASCII = re.compile(rb"[\x80-\xff]")
# Two-byte codes that Python's GB18030 (of 2000) maps into the private area, and GB 18030-2022 to characters; A3A0 is
# deployed as a full-width space, and read so by the Encoding Standard (https://encoding.spec.whatwg.org/#index-gb18030).
_GB18030_2022 = str.maketrans(
    "\ue5e5\ue7c7\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864"
    "\ue816\ue817\ue818\ue831\ue83b\ue855",
    "\u3000\u1e3f\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16\ufe17\ufe18\ufe19\u9fb4\u9fb5\u9fb6\u9fb7\u9fb8\u9fb9\u9fba\u9fbb"
    "\U00020087\U00020089\U000200cc\U000215d7\U0002298f\U000241fe",
)
# Any bytes can be in one of these, or none are.
_FIT_ALL = re.compile(
    r"iso8859|latin|cp\d|windows|koi8|mac|ascii|charmap|.*escape|punycode|idna|undefined|utf-7", re.IGNORECASE
)
_COMMON = frozenset(
    "的一是在不了有和人这这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所"
    "民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然前外天政四日那社"
    "义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提"
    "直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指几九区强放决"
    "西被干做必战先回则任取完据处府记街道镇村县市北京上海今昨近介绍负责服务职员工作会议活动举行表示通过进行"
    "這個國們來時為會對發動說產種過後從學經進著電體機當點業開還間樣與關義實現內數變條沒結問題見別論運農幾區強決戰記縣鎮長員總設議"
    "報導訊者臺灣網書館請讓將並應該嗎呢吧，。、；：？！“”‘’「」『』（）《》【】　—…·０１２３４５６７８９"
)


def decode(data: bytes, name: str, encoding: str | None = None) -> Decoded:
    """Decode a whole file.

    Args:
        data: Its bytes.
        name: The file, for the message.
        encoding: The encoding to use whatever the file looks like; found by the rule when None.

    Raises:
        SourceError: The bytes are not text in the encoding asked for, or in any of ours; the message names the place.
    """
    if encoding is not None:
        return _decode_as(data, name, _known(encoding), "指定")
    for mark, marked in _MARKS:
        if data.startswith(mark):
            return _decode_as(data, name, marked, "字节序标记")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if _is_mostly_utf8(data):
            raise _damaged(data, error, name) from None
        return _decode_by_share(data, name)
    return _decode_as(data, name, "utf-8", "全文为合法 UTF-8")


def decode_as_declared(data: bytes, name: str, declared: str, why: str) -> Decoded:
    """Decode a file that says how it is encoded, which is believed where it can be true.

    A byte-order mark goes first; an encoding of single bytes fits any bytes, so it is believed where no other does.

    Raises:
        SourceError: As for :func:`decode`.
    """
    if any(data.startswith(mark) for mark, _ in _MARKS):
        return decode(data, name)
    try:
        known = _known(declared)
        decoded = _decode_as(data, name, "gb18030" if known in {"gb2312", "gbk"} else known, why)
    except SourceError:
        return decode(data, name)
    if not _FIT_ALL.match(known) or decoded.text.isascii():
        return decoded
    try:
        return decode(data, name)
    except SourceError:
        return decoded


def refuse_binary(text: str, name: str) -> None:
    """Refuse what was decoded but is no text: many of its characters are control characters or stand for nothing.

    Raises:
        SourceError: It is so; the message names the first place.
    """
    strange = _odd_counts(text)
    control = sum(count for char, count in strange.items() if unicodedata.category(char) in _CONTROL)
    others = sum(strange.values()) - control
    few = max(min(_FEW, len(text) // 10), _MOST_CONTROL * len(text))
    if control <= few and others <= max(1, _MOST_STRANGE * len(text)):
        return
    at = min(map(text.index, strange))
    raise _refusal(
        name,
        f"is no text file: {control + others:,} of {len(text):,} characters are control characters or stand for"
        f" nothing, the first is {_code_point(text[at])} in line {line_of(text, at):,}",
    )


def odd_notes(text: str) -> tuple[Note, ...]:
    r"""A note for each odd character of a text: its code point, how often it stands there, and its first line.

    Example:
        >>> [(note.number, note.what) for note in odd_notes("甲\n乙\x08丙")]
        [(2, '控制字符 U+0008，共 1 处，照录')]
    """
    counts = _odd_counts(text)
    notes = []
    for char, count in counts.most_common(_MOST_NOTES):
        line = line_of(text, text.index(char))
        notes.append(Note(line, f"{_kind(char)} {_code_point(char)}，共 {count} 处，照录", doubtful=True))
    if others := len(counts) - len(notes):
        notes.append(Note(0, f"还有 {others} 种这样的字符", doubtful=True))
    return tuple(sorted(notes, key=lambda note: note.number))


def _without_end_mark(decoded: Decoded) -> Decoded:
    """The same without the mark of a DOS file's end, which is no part of the text; a note tells that it stood there."""
    text = _END_MARK.sub("", decoded.text)
    if text == decoded.text:
        return decoded
    marks = " ".join(map(_code_point, dict.fromkeys(decoded.text[len(text) :])))
    note = Note(line_of(text, len(text)), f"文件末尾有 DOS 结束符 {marks}，已略去")
    return replace(decoded, text=text, notes=(*decoded.notes, note))


def _odd_counts(text: str) -> Counter[str]:
    found = Counter(_UNUSUAL.findall(text))
    return Counter({char: found[char] for char in sorted(found) if _kind(char)})


def _kind(char: str) -> str:
    """What an odd character is; empty for any other."""
    if char in _HARMLESS:
        return ""
    growing = any(first <= ord(char) < last for first, last in _GROWING)
    if growing and ord(char) & _NO_CHARACTER != _NO_CHARACTER:
        return ""
    return _LOST if char == "\ufffd" else _ODD.get(unicodedata.category(char), "")


def _code_point(char: str) -> str:
    return f"U+{ord(char):04X}"


def _known(encoding: str) -> str:
    try:
        known = codecs.lookup(encoding).name
        b"aaaa".decode(known, "ignore")  # refuses rot13 and the like, which are codecs too
    except (LookupError, ValueError):
        raise SourceError(
            f"There is no encoding {encoding!r}.", "Give utf-8, utf-16, gb18030, gbk or big5, or leave out --encoding."
        ) from None
    return known


def _decode_as(data: bytes, name: str, encoding: str, why: str) -> Decoded:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        at = _place(data, error.start) if isinstance(error, UnicodeDecodeError) else ""
        raise _refusal(name, f"is not {encoding.upper()}{at}") from None
    if encoding == "gb18030":
        text = text.translate(_GB18030_2022)
    decoded = _without_end_mark(Decoded(text, encoding, why))
    refuse_binary(decoded.text, name)
    return decoded


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether most bytes beyond ASCII form characters of UTF-8 from U+0800 on, which other encodings never do."""
    return 2 * sum(map(len, _SEQUENCES.findall(data))) > len(_BEYOND_ASCII.findall(data))


def _damaged(data: bytes, error: UnicodeDecodeError, name: str) -> SourceError:
    bad = data[error.start : max(error.end, error.start + 1)]
    return SourceError(
        f"{name} is UTF-8 but for the bytes {bad.hex(' ').upper()}{_place(data, error.start)}.",
        "Mend them there, or save it again as UTF-8.",
    )


def _place(data: bytes, start: int) -> str:
    line = data.count(b"\n", 0, start) + 1
    return f" at byte {start:,}, in line {line:,}"


def _decode_by_share(data: bytes, name: str) -> Decoded:
    found: list[tuple[float, Decoded]] = []
    failure: SourceError | None = None
    for encoding in _CANDIDATES:
        try:
            decoded = _decode_as(data, name, encoding, "")
        except SourceError as error:
            failure = failure or error
            continue
        share = _common_share(decoded.text)
        if share >= _LEAST_COMMON.get(encoding, 0.0):
            found.append((share, decoded))
    if not found:
        raise failure or _refusal(name, "is not text")
    best = found[0]
    for share, decoded in found[1:]:
        if share > best[0] + (_LEAD if best is found[0] and best[1].encoding == "gb18030" else 0.0):
            best = (share, decoded)
    shares = "，".join(f"{decoded.encoding} {share:.2f}" for share, decoded in found)
    return replace(best[1], why=f"常用字占比：{shares}")


def _common_share(text: str) -> float:
    beyond = [char for char in text[:_SAMPLE] if not char.isascii()]
    return sum(char in _COMMON for char in beyond) / len(beyond) if beyond else 0.0


def _refusal(name: str, what: str) -> SourceError:
    return SourceError(f"{name} {what}.", "Save it as UTF-8 or GB18030 text, or remove it from the folder.")
