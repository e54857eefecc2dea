"""In which encoding is a file written? The whole of it is decoded strictly, nothing is dropped or replaced.

The rule, in this order: an encoding that was asked for; a byte-order mark; UTF-8 where the whole file is valid UTF-8;
else that of GB18030, Big5 and UTF-16 in which the largest share of the characters beyond ASCII is common. GB18030 wins
a tie, that is unless another leads by more than a tenth; UTF-16 without its mark needs at least three tenths.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import dataclass

from index.errors import SourceError

__all__ = ["Decoded", "decode", "first_odd"]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the encoding it was decoded with, and what decided for it."""

    text: str
    encoding: str
    why: str


_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CANDIDATES = ("gb18030", "big5", "big5hkscs", "utf-16-le", "utf-16-be")  # in the order that ties are decided
_LEAD = 0.1
_LEAST_COMMON = {"utf-16-le": 0.3, "utf-16-be": 0.3, "big5": 0.2, "big5hkscs": 0.2}
_SAMPLE = 20_000  # characters that are judged
_HARMLESS = "\t\n\r\f\v\x7f"  # DEL is a common leftover of editors, and shows nothing
_NOT_TEXT = {
    "Cc": "a control character",
    "Cn": "an unassigned character",
    "Co": "a private-use character",
    "Cs": "half of a surrogate pair",
}
# What nearly all of a page is made of, and is text: looked for in one go before each other character is asked.
_UNUSUAL = re.compile(
    "[^\\x20-\\x7f\\t\\n\\r\\f\\v\\xa1-\\xff\\u2010-\\u2027\\u3001-\\u303f\\u4e00-\\u9fff\\uff01-\\uff5e]"
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
    except UnicodeDecodeError:
        return _decode_by_share(data, name)
    return _decode_as(data, name, "utf-8", "全文为合法 UTF-8")


def first_odd(text: str, *, allowed: str = "") -> int | None:
    """Offset of the first character that no printed page holds, which is how binary data betrays itself.

    Args:
        text: The text.
        allowed: Unicode categories that are let pass.
    """
    odd = {
        char
        for char in set(_UNUSUAL.findall(text))
        if (kind := unicodedata.category(char)) in _NOT_TEXT and kind not in allowed and char not in _HARMLESS
    }
    return min(map(text.index, odd)) if odd else None


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise SourceError(
            f"There is no encoding {encoding!r}.", "Give utf-8, utf-16, gb18030, gbk or big5, or leave out --encoding."
        ) from None


def _decode_as(data: bytes, name: str, encoding: str, why: str) -> Decoded:
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        at = f" at byte {error.start}" if isinstance(error, UnicodeDecodeError) else ""
        raise _refusal(name, f"is not {encoding.upper()}{at}") from None
    if (odd := first_odd(text)) is not None:
        what = _NOT_TEXT[unicodedata.category(text[odd])]
        raise _refusal(name, f"holds {what} at character {odd}, so it is no text file")
    return Decoded(text, encoding, why)


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
    return Decoded(best[1].text, best[1].encoding, f"常用字占比：{shares}")


def _common_share(text: str) -> float:
    beyond = [char for char in text[:_SAMPLE] if not char.isascii()]
    return sum(char in _COMMON for char in beyond) / len(beyond) if beyond else 0.0


def _refusal(name: str, what: str) -> SourceError:
    return SourceError(f"{name} {what}.", "Save it as UTF-8 or GB18030 text, or remove it from the folder.")
