"""Is a file decoded in the encoding it was written in, by a rule that can be told?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.reading.encodings import decode, decode_as_declared, odd_notes, refuse_binary

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
    assert "\ufffd" not in decoded.text or b"\xef\xbf\xbd" in data or decoded.encoding != "utf-8"
    if decoded.encoding != "gb18030":  # of which a newer edition is read than Python's
        assert data.decode(decoded.encoding).rstrip("\x1a\x00") == decoded.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("正文。\n", []),
        ("\x7f\t\x0c\x85\u2028", []),
        ("何\ue83b", [(1, "专用区字符（造字） U+E83B，共 1 处，照录")]),
        ("一\n二\x08三\x08", [(2, "控制字符 U+0008，共 2 处，照录")]),
        ("一\n\n\uf0b7二\n\uf0b7三", [(3, "专用区字符（造字） U+F0B7，共 2 处，照录")]),
        ("一\u2028二\x00", [(2, "控制字符 U+0000，共 1 处，照录")]),
        ("锟\ufffd", [(1, "替换字符（原字已失） U+FFFD，共 1 处，照录")]),
        ("字\u0378", [(1, "未分配的码位 U+0378，共 1 处，照录")]),
        ("字\U0001ffff", [(1, "未分配的码位 U+1FFFF，共 1 处，照录")]),  # no character in any version
        ("何\U0002ebf0，\U0001face\U000323af", []),  # Han and pictographs newer than Python's tables
    ],
)
def test_odd_characters_are_told_with_code_point_and_line(text, told):
    assert [(note.number, note.what) for note in odd_notes(text)] == told


@pytest.mark.parametrize("odd", ["\ue765", "\x08", "\x00", "\x1b", "\u0378", "\U0002ebf0"])
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_one_odd_character_costs_no_page(odd, encoding):
    text = _SIMPLIFIED.replace("会议室", f"会{odd}室")
    assert decode(text.encode(encoding), "page.txt").text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a\x00b", r"1 of 3 characters are control characters or stand for nothing, the first is U\+0000 in line 1"),
        ("一二\n\x01" * 20, r"20 of 80 characters .* the first is U\+0001 in line 2"),
        ("一\ue000\ue001" * 20, r"40 of 60 characters"),
    ],
)
def test_many_odd_characters_are_no_text(text, reason):
    with pytest.raises(SourceError, match=reason):
        refuse_binary(text, "page.txt")


def test_a_random_file_is_no_text():
    data = bytes((i * 197 + i * i * 31) % 256 for i in range(5000))
    with pytest.raises(SourceError, match=r"page\.bin is "):
        decode(data, "page.bin")


@pytest.mark.parametrize(
    ("data", "character"),
    [
        (b"\xa3\xa0", "\u3000"),  # deployed as a full-width space
        (b"\xa6\xd9", "\ufe10"),  # GB 18030-2022: the comma of vertical text
        (b"\xa8\xbc", "\u1e3f"),  # of 2005
        (b"\xfe\x59", "\u9fb4"),
        (b"\xfe\x51", "\U00020087"),
        (b"\xaa\xa1", "\ue000"),  # for users to define: nobody knows what it shows
    ],
)
def test_gb18030_is_read_as_of_2022(data, character):
    assert decode(_SIMPLIFIED.encode("gb18030") + data, "page.txt").text == _SIMPLIFIED + character


def test_utf8_with_a_bad_byte_is_named_as_such_with_its_place():
    # 鹿鸣镇\n is ten bytes, 桥 three; byte 13 stands in line 2
    with pytest.raises(SourceError, match=r"page\.txt is UTF-8 but for the bytes FF at byte 13, in line 2"):
        decode("鹿鸣镇\n桥".encode() + b"\xff" + "长".encode(), "page.txt")


def test_gb18030_with_a_bad_byte_is_named_with_its_place():
    data = "鹿鸣镇议事会\n在会议室里开".encode("gb18030") + b"\xff\n"
    with pytest.raises(SourceError, match=r"page\.txt is not GB18030 at byte 25, in line 2"):
        decode(data, "page.txt")


@pytest.mark.parametrize("mark", ["\x1a", "\x1a\x1a", "\x1a" + "\x00" * 100])
def test_the_mark_of_a_dos_files_end_is_left_out_and_told(mark):
    decoded = decode(f"{_SIMPLIFIED}\n{_SIMPLIFIED}{mark}".encode("gbk"), "page.txt")
    assert decoded.text == f"{_SIMPLIFIED}\n{_SIMPLIFIED}"
    (note,) = decoded.notes
    assert note.number == 2
    assert note.what.startswith("文件末尾有 DOS 结束符 U+001A")


@pytest.mark.parametrize(
    ("encoding", "declared", "named"),
    [
        ("gbk", "gb2312", "gb18030"),  # what the web means by gb2312
        ("utf-8", "gb2312", "utf-8"),
        ("utf-8-sig", "gb2312", "utf-8-sig"),
        ("gbk", "iso-8859-1", "gb18030"),  # which fits any bytes
        ("big5", "big5", "big5"),
        ("gbk", "rot13", "gb18030"),
        ("gbk", "x-unknown", "gb18030"),
    ],
)
def test_what_a_page_says_of_its_encoding_is_believed_where_it_can_be_true(encoding, declared, named):
    text = _TRADITIONAL if encoding == "big5" else _SIMPLIFIED + "镕"  # not in GB 2312
    decoded = decode_as_declared(text.encode(encoding), "page.html", declared, "网页声明")
    assert (decoded.text, decoded.encoding) == (text, named)


@pytest.mark.parametrize("declared", ["utf-16-le", "iso-8859-1", "gb18030"])
def test_a_byte_order_mark_goes_before_what_a_page_says(declared):
    """The bytes are UTF-16 as well: 3 of the mark and 9 of three characters."""
    decoded = decode_as_declared(b"\xef\xbb\xbf" + "中文字".encode(), "p.html", declared, "meta")
    assert (decoded.text, decoded.encoding) == ("中文字", "utf-8-sig")


def test_a_single_byte_encoding_is_believed_only_where_no_other_fits():
    says = "koi8-r"
    assert decode_as_declared("报纸上的文章".encode("gb18030"), "p.html", says, "meta").encoding == "gb18030"
    russian = "Москва и Пекин".encode("koi8-r")
    assert decode_as_declared(russian, "p.html", says, "meta").text == "Москва и Пекин"


@pytest.mark.parametrize(
    ("length", "most"),
    # 3, but no more than one in ten; or one in twenty
    [(10, 1), (20, 2), (40, 3), (60, 3), (80, 4), (100, 5)],
)
def test_so_many_control_characters_may_a_text_hold(length, most):
    assert refuse_binary("\x08" * most + "字" * (length - most), "p.txt") is None
    with pytest.raises(SourceError, match=f"{most + 1} of {length} characters are control characters"):
        refuse_binary("\x08" * (most + 1) + "字" * (length - most - 1), "p.txt")


@pytest.mark.parametrize(("length", "most"), [(2, 1), (10, 3), (20, 6)])
def test_so_many_private_characters_may_a_text_hold(length, most):
    """Three in ten, and one at least."""
    assert refuse_binary("\ue765" * most + "字" * (length - most), "p.txt") is None
    with pytest.raises(SourceError, match=rf"{most + 1} of {length} .* the first is U\+E765 in line 1"):
        refuse_binary("\ue765" * (most + 1) + "字" * (length - most - 1), "p.txt")


def test_twenty_odd_characters_are_told_one_by_one_and_the_others_as_a_number():
    text = "\n".join(chr(0xE000 + number) for number in range(20))
    assert [note.number for note in odd_notes(text)] == list(range(1, 21))
    (others, *told) = odd_notes(text + "\n\ue100\n\ue101")
    assert (others.number, others.what, others.doubtful) == (0, "还有 2 种这样的字符", True)
    assert len(told) == 20


@pytest.mark.parametrize(
    ("code", "odd"),
    [(0x323AF, False), (0x323B0, True), (0x1FBFE, False), (0x2FFFE, True), (0x2FFFF, True), (0xE0000, True)],
)
def test_blocks_that_grow_are_no_oddity_and_what_no_character_is_is_one(code, odd):
    assert bool(odd_notes(chr(code))) is odd


def test_the_line_of_a_bad_byte_is_counted_from_the_first_byte():
    with pytest.raises(SourceError, match="the bytes 81 at byte 8, in line 3"):
        decode(b"\n\n" + "中文".encode() + b"\x81" + "\n文字文字".encode(), "p.txt")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_believed_from_three_common_characters_in_ten_on(encoding):
    rare = "鬱籲麤鑫驫羴灥矗壺鼐" * 2
    text = ("的" * 6 + rare)[:20]
    decoded = decode(text.encode(encoding), "p.txt")
    assert (decoded.text, decoded.encoding, decoded.why) == (text, encoding, f"常用字占比：{encoding} 0.30")
    with pytest.raises(SourceError, match="is not GB18030"):
        decode(("的" * 5 + rare)[:20].encode(encoding), "p.txt")


def test_plain_ascii_is_what_the_page_says_it_is():
    assert decode_as_declared(b"plain text", "p.html", "iso-8859-1", "meta").encoding == "iso8859-1"


def test_the_first_of_several_odd_characters_is_named():
    with pytest.raises(SourceError, match=r"the first is U\+0008 in line 2"):
        refuse_binary("字\n\x08字\n\x01\x01\x01\x01", "p.txt")
    assert [(note.number, note.doubtful) for note in odd_notes("甲\n\x08")] == [(2, True)]


def test_an_encoding_that_is_asked_for_makes_no_text_of_a_binary_file():
    with pytest.raises(SourceError, match="is no text file: 30 of 30 characters"):
        decode(b"\x00\x01\x02" * 10, "p.txt", encoding="latin-1")


def test_a_character_that_is_cut_off_is_named_with_all_its_bytes():
    with pytest.raises(SourceError, match="is UTF-8 but for the bytes E4 B8 at byte 6, in line 1"):
        decode("中文".encode() + b"\xe4\xb8", "p.txt")


def test_half_of_the_bytes_in_utf8_are_not_most():
    """Two characters of UTF-8 that are three of GB18030, and three of GB18030."""
    assert decode("中文".encode() + "你好你".encode("gb18030"), "p.txt").text.endswith("你好你")
    with pytest.raises(SourceError, match="is UTF-8 but for the bytes"):
        decode("中文字".encode() + "你好你".encode("gb18030"), "p.txt")
