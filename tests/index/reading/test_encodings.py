"""Is a file decoded in the encoding it was written in, by a rule that can be told?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.reading.encodings import decode, first_odd

_SIMPLIFIED = "鹿鸣镇的议事会没有在会议室里开，而是搬到了田埂上。"
_TRADITIONAL = "老街夜市昨晚重開，人潮一直排到河堤邊，攤商說生意比以前還好。"


@pytest.mark.parametrize(
    ("text", "encoding", "named"),
    [
        (_SIMPLIFIED, "utf-8", "utf-8"),
        (_SIMPLIFIED, "utf-8-sig", "utf-8-sig"),
        (_SIMPLIFIED, "utf-16", "utf-16"),
        (_SIMPLIFIED, "utf-16-le", "utf-16-le"),
        (_SIMPLIFIED, "utf-16-be", "utf-16-be"),
        (_SIMPLIFIED, "gbk", "gb18030"),
        (_SIMPLIFIED, "gb18030", "gb18030"),
        (_TRADITIONAL, "big5", "big5"),
        (_TRADITIONAL, "gb18030", "gb18030"),  # traditional script is no reason for Big5
        (_TRADITIONAL, "utf-8", "utf-8"),
    ],
)
def test_what_was_written_is_what_is_read(text, encoding, named):
    decoded = decode(text.encode(encoding), "page.txt")
    assert (decoded.text, decoded.encoding) == (text, named)
    assert decoded.why


def test_the_share_that_decided_is_told():
    decoded = decode(_TRADITIONAL.encode("big5"), "page.txt")
    assert decoded.why.startswith("常用字占比：")
    assert "big5 0." in decoded.why


def test_gb18030_wins_a_tie():
    """These two bytes are a rare character in both, so the shares are equal."""
    data = "麒".encode("gb18030")
    assert len(data.decode("big5")) == 1
    assert decode(data, "page.txt").encoding == "gb18030"


@pytest.mark.parametrize(("more", "encoding"), [(0, "gb18030"), (1, "gb18030"), (2, "gb18030"), (3, "big5")])
def test_gb18030_wins_unless_another_leads_by_more_than_a_tenth(more, encoding):
    """Of twenty characters, four are common in GB18030 alone (北 is 控 in Big5), and as many or more in Big5 alone."""
    data = "北".encode("gb18030") * 4 + "國".encode("big5") * (4 + more) + "癌".encode("gb18030") * (12 - more)
    assert decode(data, "page.txt").encoding == encoding


def test_an_encoding_that_is_asked_for_binds():
    data = _TRADITIONAL.encode("big5")
    assert decode(data, "page.txt", "Big5").text == _TRADITIONAL
    with pytest.raises(SourceError, match=r"page\.txt is not UTF-8 at byte 0"):
        decode(data, "page.txt", "utf-8")
    with pytest.raises(SourceError, match=r"There is no encoding 'klingon'\. Give utf-8"):
        decode(data, "page.txt", "klingon")


@given(st.binary(min_size=1, max_size=60))
def test_bytes_are_decoded_without_loss_or_refused(data):
    try:
        decoded = decode(data, "page.txt")
    except SourceError:
        return
    assert first_odd(decoded.text) is None
    assert "\ufffd" not in decoded.text or b"\xef\xbf\xbd" in data or decoded.encoding != "utf-8"
    encoding = {"utf-8-sig": "utf-8-sig"}.get(decoded.encoding, decoded.encoding)
    assert data.decode(encoding) == decoded.text


@pytest.mark.parametrize(
    ("text", "offset"),
    [("正文。\n", None), ("a\x00b", 1), ("文\ue000", 1), ("文字\uffff", 2), ("\ud800", 0), ("\x7f\t\x0c", None)],
)
def test_what_no_page_holds(text, offset):
    assert first_odd(text) == offset


def test_the_first_odd_character_is_told_of_several():
    assert first_odd("甲\x01乙\x00") == 1
