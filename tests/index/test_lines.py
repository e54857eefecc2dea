"""Does the form of a line say what it is?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.lines import Form, ends_sentence, find_byline, names_source, read_rows


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("□本报记者 叶知夏", Form.BYLINE),
        ("本报记者 叶知夏 通讯员 陆远航", Form.BYLINE),
        ("□记者：叶知夏", Form.BYLINE),
        ("本报讯（记者 江小禾）", Form.BYLINE),  # a lead without its text is a byline
        ("本报讯 (记者 江小禾)", Form.BYLINE),
        ("（记者 江小禾）", Form.BYLINE),
        ("(文/记者 江小禾)", Form.BYLINE),
        ("本报讯（记者 江小禾）昨天，图书馆开馆。", Form.LEAD),
        ("本报讯 (记者 江小禾) 昨天,图书馆开馆。", Form.LEAD),
        ("本报柳河讯（记者 江小禾）昨天，图书馆开馆。", Form.LEAD),
        ("新华社柳河3月5日电 昨天，图书馆开馆。", Form.LEAD),
        ("上接1版", Form.CONTINUED_FROM),
        ("（上接第一版）", Form.CONTINUED_FROM),
        ("【紧接2版】", Form.CONTINUED_FROM),
        ("下转3版", Form.CONTINUED_ON),
        ("（下转第三版）", Form.CONTINUED_ON),
        ("摄影：叶知夏", Form.CREDIT),
        ("图片来源：青滩镇文化站", Form.CREDIT),
        ("转自《青滩晚报》", Form.CREDIT),
        ("（青滩镇文化站）", Form.CREDIT),
        ("■端午特刊", Form.COLUMN),
        (">> 乡镇经验 <<", Form.COLUMN),
        ("【读者来信】", Form.COLUMN),
        ("## 白石村果园丰收", Form.HEADING),
        ("白石村果园丰收", Form.HEADING),
        ("梨树结果多，果农笑声甜", Form.HEADING),  # a couplet: two halves of about one length
        ("果园今年收了40吨梨。", Form.BODY),
        ("青滩，白石村的果园今年收了40吨梨", Form.BODY),  # halves of 2 and 14 characters are no couplet
        ("甲，乙乙乙乙，丙", Form.BODY),
        ("他们是这样做的：", Form.BODY),
        ("字" * 50, Form.HEADING),
        ("字" * 51, Form.BODY),  # a heading has at most 50 characters
    ],
)
def test_the_form_of_a_line(line, form):
    assert [row.form for row in read_rows(line)] == [form]


def test_rows_count_lines_and_the_blank_lines_before_them():
    first, second = read_rows("\n  甲。\r\n\u3000\r\n\r## 乙")
    # Line 1 is blank, 2 holds 甲。, 3 (an ideographic space) and 4 (ended by a lone CR) are blank, 5 holds 乙.
    assert (first.number, first.gap, first.level, first.text) == (2, 1, 0, "甲。")
    assert (second.number, second.gap, second.level, second.text) == (5, 2, 2, "乙")
    # Offsets: LF 0, two spaces 1-2, 甲 3, 。 4, CR LF 5-6, ideographic space 7, CR LF 8-9, CR 10, # 11, # 12, space 13.
    assert (first.whole.start, first.whole.end) == (3, 5)
    assert (second.whole.start, second.content.start, second.content.end) == (11, 14, 15)


def test_only_line_ends_end_a_line():
    """``str.splitlines`` would break at a form feed or U+2028 as well; an editor, and so a citation, does not."""
    assert [row.number for row in read_rows("甲\x0c乙\u2028丙\x85丁\n戊")] == [1, 2]


@given(st.text(alphabet="甲乙。# \u3000\t\r\n\x0c■□（）", max_size=60))
def test_rows_are_the_lines_that_hold_a_visible_character(text):
    lines = re.split(r"\r\n|\r|\n", text)
    visible = [(number, line.strip()) for number, line in enumerate(lines, start=1) if line.strip()]
    rows = read_rows(text)
    assert [(row.number, text[row.whole.start : row.whole.end]) for row in rows] == visible
    assert all(text[row.content.start : row.content.end] == row.text for row in rows)
    assert all(row.whole.end == row.content.end and row.text for row in rows)


@pytest.mark.parametrize(
    ("line", "level", "text"),
    [
        ("# 甲", 1, "甲"),
        ("######\u3000甲", 6, "甲"),
        ("#甲", 0, "#甲"),  # a mark needs its space
        ("####### 甲", 0, "####### 甲"),  # there is no seventh level
        ("#", 0, "#"),
    ],
)
def test_markdown_levels(line, level, text):
    assert [(row.level, row.text) for row in read_rows(line)] == [(level, text)]


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        ("走了。", True),
        ("他说：“走了。”", True),
        ("做法如下：", True),
        ("第一条；", True),
        ("走了…", True),
        ("队员合影。 本报记者 叶知夏 摄", True),  # a credit may follow the full stop
        ("走了，", False),
        ("全长860", False),
        ("双向四", False),
        ("他说“走", False),
    ],
)
def test_where_a_sentence_may_end(line, ends):
    assert ends_sentence(line) is ends


@pytest.mark.parametrize(
    ("line", "byline"),
    [
        ("本报讯（记者 江小禾）昨天开馆。", "（记者 江小禾）"),
        ("本报讯 (记者 江小禾 通讯员 陆远航) 昨天开馆。", "(记者 江小禾 通讯员 陆远航)"),
        ("新华社柳河3月5日电 昨天开馆。", "新华社柳河3月5日电"),
        ("本报讯 昨天开馆。", ""),
        ("孩子们在新操场上跑步。 本报记者 叶知夏 摄", "本报记者 叶知夏 摄"),
        ("孩子们在新操场上跑步。通讯员 陆远航 摄影报道", "通讯员 陆远航 摄影报道"),
        ("记者在现场看到，孩子们在跑步。", ""),
        ("", ""),
    ],
)
def test_the_byline_inside_a_line(line, byline):
    assert find_byline(line) == byline


def test_where_it_was_printed_is_not_who_wrote_it():
    assert names_source("原载《青滩晚报》")
    assert names_source("（来源：青滩晚报）")
    assert not names_source("（青滩镇文化站）")
