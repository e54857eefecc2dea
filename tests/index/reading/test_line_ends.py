"""Does a line end where the page ends one, and does it have the number that an editor shows?"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.reading.line_ends import each_line, line_of
from index.reading.pages import read_articles
from index.schema import Page

_PAGE = ["大桥通车", "", "本报讯（记者 何岸）大桥昨日通车。", "", "渡口停运", "", "本报讯（记者 丁禾）渡口今日停运。"]


def lines(text):
    return [(number, text[start:end]) for number, start, end in each_line(text)]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x85", "\u2028", "\u2029", "\v", "\f"])
def test_every_line_end_is_one(end):
    articles = read_articles(Page("page.txt", end.join(_PAGE), "utf-8", ""))
    assert [(article.title, article.lines[0].number) for article in articles] == [("大桥通车", 1), ("渡口停运", 5)]
    assert [article.text for article in articles] == ["\n".join(_PAGE[:3:2]), "\n".join(_PAGE[4::2])]


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("", [(1, "")]),
        ("甲\n\f乙", [(1, "甲"), (2, "\f乙")]),  # a page begins with a form feed: an editor counts no line for it
        ("甲\f\n乙", [(1, "甲\f"), (2, "乙")]),
        ("甲\n\f\n乙", [(1, "甲"), (2, "\f"), (3, "乙")]),
        ("甲\x0b\x0b乙\r\n丙", [(1, "甲"), (2, ""), (3, "乙"), (4, "丙")]),
        ("\u2028甲\x85", [(1, "\u2028甲\x85")]),
    ],
)
def test_a_mark_beside_another_line_end_is_white_space(text, numbered):
    assert lines(text) == numbered


@given(st.text(alphabet="甲乙 \r\n\x0b\x0c\x85\u2028\u2029", max_size=40))
def test_lines_cover_the_text_but_for_its_line_ends(text):
    position = 0
    for number, start, end in each_line(text):
        assert not text[position:start].strip()
        assert line_of(text, start) == number
        assert not re.search("[\r\n]", text[start:end])
        position = end
    assert not text[position:].strip()


@given(st.text(alphabet="甲乙 \r\n", max_size=40))
def test_ordinary_line_ends_are_counted_as_an_editor_does(text):
    assert [line for _, line in lines(text)] == re.split(r"\r\n|\r|\n", text)
