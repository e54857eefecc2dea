"""Numerals of all writings are read to the same exact value."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.query.numerals import is_rough, number, scale_of

_DIGITS = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("零", 0),
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("一百零二", 102),
        ("一百二", 120),
        ("一百二十", 120),
        ("三千二百", 3200),
        ("一万三", 13_000),
        ("一万三千零五", 13_005),
        ("两千三百亿", 230_000_000_000),
        ("一亿二千万", 120_000_000),
        ("一万亿", 10**12),
        ("二〇二五", 2025),
        ("一九九八", 1998),
        ("壹佰贰拾叁", 123),
        ("廿三", 23),
        ("三点五", Fraction(7, 2)),
        ("一点三万", 13_000),
        ("3,200", 3200),
        ("1.3", Fraction(13, 10)),
        ("3亿5000万", 350_000_000),
        ("1万2000", 12_000),
        ("几十", 10),
        ("上百", 100),
        ("十几万", 100_000),
        ("七八", 7),
        ("七八百", 700),
        ("twenty-one", 21),
    ],
)
def test_worked_out_by_hand(numeral, value):
    assert number(numeral) == value


@pytest.mark.parametrize("characters", ["百", "万一", "万亿", "三五", "十百", "百千", "五一"])
def test_characters_that_write_no_number(characters):
    assert number(characters) is None


@pytest.mark.parametrize(("numeral", "rough"), [("几百", True), ("七八", True), ("十", False), ("二〇", False)])
def test_rough_ones_are_known_by_their_form(numeral, rough):
    assert is_rough(numeral) is rough


def test_scales():
    assert [scale_of(scale) for scale in ("", "千万", "亿", "million")] == [1, 10**7, 10**8, 10**6]


def written(value: int) -> str:
    """A whole number below 10**12 in Chinese, as a book of rules would have it."""
    if value == 0:
        return "零"
    for scale, name in ((10**8, "亿"), (10**4, "万")):
        if value >= scale:
            high, low = divmod(value, scale)
            zero = "零" if low and low < scale // 10 else ""
            return written(high) + name + zero + (written(low) if low else "")
    text, gap = "", False
    for scale, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // scale % 10
        if digit:
            text += ("零" if gap and text else "") + _DIGITS[digit] + name
        gap = not digit
    return text


@given(st.integers(0, 10**12 - 1))
def test_every_whole_number_is_read_back(value):
    assert number(written(value)) == value
    assert number(f"{value:,}") == value
