"""Is every character of a page accounted for?"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from index.errors import SourceError
from index.reading.account import account_of
from index.reading.pages import read_layout
from index.reading.source import find_pages, read_file
from index.schema import Page


def is_page(item):
    return isinstance(item, Page)


TEXT = (
    "杏花镇日报\n2031年4月8日 第3版\n\n# 鹿鸣大桥通车\n\n鹿鸣大桥昨天 通车。\n\n"
    "# 图书馆开馆\n\n图书馆藏书3200册，每天\n"
)


def test_the_numbers_of_a_page():
    page = Page("p.txt", TEXT, "utf-8", "")
    account = account_of(page, read_layout(page))
    # 5, 9 and 3 characters of the masthead; 7 and 9 of one article, 6 and 13 of the other
    assert (account.characters, account.read, account.left_over) == (52, 35, (("报头", 17),))
    assert (account.articles, account.undated, account.lost) == (2, 0, 0)
    assert [(note.number, note.doubtful) for note in account.doubts] == [(10, True)]  # the sentence that breaks off


def test_a_line_that_is_nowhere_is_lost():
    page = Page("p.txt", TEXT, "utf-8", "")
    layout = read_layout(page)
    assert account_of(page, replace(layout, articles=layout.articles[:1])).lost == 19
    assert account_of(page, replace(layout, leftovers=())).lost == 17


def test_an_undated_page_is_counted():
    page = Page("p.txt", "# 鹿鸣大桥通车\n\n鹿鸣大桥昨天通车。\n", "utf-8", "")
    assert account_of(page, read_layout(page)).undated == 1


@pytest.mark.parametrize("folder", ["cases", "layouts", "pages"])
def test_nothing_of_any_page_in_any_format_is_lost(data_folder, folder):
    seen = 0
    for name, file in find_pages(data_folder / folder):
        with suppress(SourceError):  # of a file that cannot be read as a whole
            for item in filter(is_page, read_file(file, name)):
                assert account_of(item, read_layout(item)).lost == 0, name
                seen += 1
    assert seen >= 2
