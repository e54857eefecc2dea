"""Which number does a numeral write? Chinese, Arabic, mixed and spelled-out, read exactly."""

from __future__ import annotations

import re
from fractions import Fraction

__all__ = ["NUMERAL", "SMALL_NUMERAL", "is_rough", "number", "scale_of"]

_CHINESE = "零〇○一二三四五六七八九两壹贰叁肆伍陆柒捌玖"
_VALUES = (0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9)
_DIGITS = dict(zip(_CHINESE, _VALUES, strict=True))
_SCALES = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "万": 10**4, "亿": 10**8}
_ENGLISH_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_TEENS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_WORDS = {word: value for value, word in enumerate(_TEENS.split())} | {
    word: value * 10 for value, word in enumerate(_TENS.split(), start=2)
}

_ARABIC = r"(?<![\d.])(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_RUN = rf"[{_CHINESE}十拾百佰千仟万亿廿卅]+"
_FORMS = (
    rf"{_RUN}点[{_CHINESE}]+[万亿]{{0,2}}(?![十分刻半钟])",  # 三点五万
    r"(?:[几数上近][十百千万亿]+|十几)万?亿?",  # 几百, 上千万, 十几万
    rf"{_ARABIC}[万亿]{{1,2}}\d{{1,4}}万?(?![\d.])",  # 3亿5000万, 1万2000
    _ARABIC,
    _RUN,
    rf"\b(?:{'|'.join(_WORDS)})(?:[- ](?:{'|'.join(_WORDS)}))?\b",
)

NUMERAL = f"(?:{'|'.join(_FORMS)})"
"""Pattern of anything that may be a numeral in folded text; whether it is one, :func:`number` says."""

SMALL_NUMERAL = rf"(?:(?<!\d)\d{{1,2}}(?!\d)|(?<![{_CHINESE}十百千万亿])[{_CHINESE}十廿卅]{{1,3}})"
"""Pattern of a numeral up to 99, as days and hours are written."""


def number(numeral: str) -> Fraction | None:
    """The value of a folded numeral.

    Two neighbouring digits are a rough number and give the lower one: 七八百 is 700. So do 几百 and 上百: 100.

    Returns:
        None for characters that write no number (十百, 三五, 万).

    Example:
        >>> [str(number(n)) for n in ("一万三千零五", "3亿5000万", "二〇二五", "三点五万", "twenty-one", "三五")]
        ['13005', '350000000', '2025', '35000', '21', 'None']
    """
    plain = numeral.replace(",", "")
    if set(words := re.split("[- ]", plain)) <= _WORDS.keys():
        return Fraction(sum(_WORDS[word] for word in words))
    if re.fullmatch(r"\d+(?:\.\d+)?", plain):
        return Fraction(plain)
    if "点" in plain:
        whole, _, rest = plain.partition("点")
        digits, scales = rest.rstrip("万亿"), rest[len(rest.rstrip("万亿")) :]
        head = number(whole)
        tail = Fraction(int("".join(str(_DIGITS[char]) for char in digits)), 10 ** len(digits))
        return None if head is None else (head + tail) * scale_of(scales)
    if all(char in _DIGITS for char in plain):
        return _digit_by_digit(plain)
    return _scaled(re.sub("[几数上近]", "", plain.replace("廿", "二十").replace("卅", "三十")), rough=is_rough(plain))


def is_rough(numeral: str) -> bool:
    """Whether a numeral is no exact one by its form.

    Example:
        >>> [is_rough(numeral) for numeral in ("几百", "十几", "七八", "七百八十")]
        [True, True, True, False]
    """
    pair = re.search(rf"(?<![{_CHINESE}])[{_CHINESE}]{{2}}(?![{_CHINESE}])", numeral)
    return bool(re.search("[几数上近]", numeral)) or bool(pair and not set(pair[0]) & set("零〇○"))


def scale_of(text: str) -> int:
    """What 万, 百万, million … multiply by; 1 for an empty text.

    Example:
        >>> scale_of("百万"), scale_of("万亿"), scale_of("million"), scale_of("")
        (1000000, 1000000000000, 1000000, 1)
    """
    if text.strip() in _ENGLISH_SCALES:
        return _ENGLISH_SCALES[text.strip()]
    scale = 1
    for char in text:
        scale *= _SCALES.get(char, 1)
    return scale


def _digit_by_digit(digits: str) -> Fraction | None:
    values = [_DIGITS[char] for char in digits]
    if len(values) == 2 and 0 not in values:
        return Fraction(values[0]) if values[1] == values[0] + 1 else None
    return Fraction(int("".join(map(str, values))))


def _scaled(text: str, *, rough: bool) -> Fraction | None:
    """Numerals with 十百千万亿, some of them behind Arabic digits; 一万三 is 13000, 三百零五 is 305."""
    total, section = Fraction(0), Fraction(0)
    digit: Fraction | None = None
    last, zero = 0, False
    for token in re.findall(r"\d+(?:\.\d+)?|.", text):
        if scale := _SCALES.get(token):
            if digit is None and not section and not total and scale > 10 and not rough:
                return None  # 百姓, 万一
            if scale >= 10**4:
                section += digit if digit is not None else (0 if section or total else 1)
                total, section = (total + section) * scale if scale == 10**8 else total + section * scale, Fraction(0)
            elif last and scale >= last and last < 10**4:
                return None  # 十百
            else:
                section += (digit if digit is not None else 1) * scale
            digit, last, zero = None, scale, False
            continue
        value = Fraction(_DIGITS[token]) if token in _DIGITS else Fraction(token)
        zero = zero or not value
        if digit is None or digit == 0:
            digit = value
        elif value != digit + 1:
            return None
    if digit is not None and digit < 10 and last >= 100 and not zero:
        digit *= Fraction(last, 10)
    return total + section + (digit or 0)
