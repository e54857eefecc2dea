"""Is the day of publication found where it is told, and nowhere else?"""

from __future__ import annotations

import pytest

from index.reading.dates import article_date, page_date, parse_date, relative_days
from index.reading.pages import read_articles
from index.schema import DateSource, Page


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2031年4月8日 星期二", "2031-04-08"),
        ("二〇三一年十二月二十三日", "2031-12-23"),
        ("2031-04-08", "2031-04-08"),
        ("2031.4.8", "2031-04-08"),
        ("2031年2月30日", None),  # the calendar has no such day
        ("4月8日", None),
        ("", None),
    ],
)
def test_a_full_date(text, date):
    assert parse_date(text) == date


@pytest.mark.parametrize(
    ("file", "date"),
    [
        ("2031-04-08.txt", "2031-04-08"),
        ("青滩日报/20310408/03.txt", "2031-04-08"),
        ("2031_4_8.txt", "2031-04-08"),
        ("00020310408123.txt", None),  # digits on both sides: a number, no date
        ("a20310408b.txt", None),  # part of a digest
        ("20311308.txt", None),
        ("page.txt", None),
    ],
)
def test_a_date_in_a_files_name(file, date):
    assert page_date(file, [], None).date == date


def test_given_goes_before_masthead_and_masthead_before_file_name():
    masthead = ["青滩日报 2031年4月8日 星期二"]
    assert page_date("2031-04-09.txt", masthead, "2031-04-10").source is DateSource.GIVEN
    assert page_date("2031-04-09.txt", masthead, None).date == "2031-04-08"
    assert page_date("2031-04-09.txt", [], None).source is DateSource.FILE_NAME


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("新华社柳河9月1日电 2035年的第一批候鸟到了。", "2035-09-01"),
        ("新华社柳河9月1日电 候鸟到了。", None),  # which year is not told
        ("新华社柳河9月1日电 2035年的候鸟比2034年多。", None),  # nor here
        ("候鸟2035年9月1日到了。", None),  # what happened then was not printed then
    ],
)
def test_a_date_that_the_text_shows(text, date):
    (article,) = read_articles(Page("page.txt", f"候鸟到了\n\n{text}", "utf-8", ""))
    assert article.date == date
    assert article.date_source is (DateSource.TEXT if date else DateSource.UNKNOWN)
    assert bool(article.date_evidence) == bool(date)
    assert article.date_evidence in article.text


def test_the_date_below_a_notice():
    text = "关于封桥的通告\n\n今夜封桥，请绕行。\n\n青滩镇交通管理站\n\n2031年4月8日\n\n"
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    assert (article.date, article.date_evidence, article.byline) == ("2031-04-08", "2031年4月8日", "青滩镇交通管理站")


def test_a_pages_date_holds_for_its_articles():
    page = page_date("2031-04-08.txt", [], None)
    assert article_date(page, "昨天开馆。", []) == ("2031-04-08", DateSource.FILE_NAME, "2031-04-08")


@pytest.mark.parametrize(
    ("text", "first", "last", "exact"),
    [
        ("昨日", "2026-02-28", "2026-02-28", True),
        ("前天", "2026-02-27", "2026-02-27", True),
        ("今晚", "2026-03-01", "2026-03-01", True),
        ("去年", "2025-01-01", "2025-12-31", True),
        ("今年", "2026-01-01", "2026-12-31", True),
        ("五年来", "2021-01-01", "2026-03-01", False),
        ("近日", "2026-02-15", "2026-03-01", False),
    ],
)
def test_relative_words(text, first, last, exact):
    (when,) = relative_days(f"图书馆{text}开馆", "2026-03-01")
    assert (when.words, when.start, when.first, when.last, when.exact) == (text, 3, first, last, exact)


def test_words_that_only_look_relative():
    assert relative_days("今后、明显、三年级、前年级", "2026-03-01") == []
