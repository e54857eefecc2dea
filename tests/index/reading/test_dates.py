"""Is the day of publication found where it is told, and nowhere else?"""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.reading.dates import article_date, page_date, parse_date, parse_stamp, relative_days
from index.reading.pages import read_articles, read_layout
from index.schema import DateSource, Page


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2031年4月8日 星期二", "2031-04-08"),
        ("二〇三一年十二月二十三日", "2031-12-23"),
        ("2031-04-08", "2031-04-08"),
        ("2031.4.8", "2031-04-08"),
        ("2031／4／8", "2031-04-08"),
        ("２０３１年４月８日", "2031-04-08"),
        ("二○三一年四月八日", "2031-04-08"),  # U+25CB, as typesetters without 〇 wrote it
        ("二零三一年四月八号", "2031-04-08"),
        ("公元二〇三一年十二月卅日", "2031-12-30"),
        ("二〇三一年十二月卅一日", "2031-12-31"),
        ("二〇三一年元月廿日", "2031-01-20"),
        ("二〇三一年四月廿八日", "2031-04-28"),
        ("二〇三一年四月三〇日", "2031-04-30"),
        ("一九八四年十月二十日", "1984-10-20"),
        ("中華民國一百一十四年十二月三十日", "2025-12-30"),  # the first year of the Republic was 1912
        ("民国一一四年十二月三十日", "2025-12-30"),
        ("民國114年12月30日", "2025-12-30"),
        ("民国元年一月一日", "1912-01-01"),
        ("民國卅八年十月一日", "1949-10-01"),
        ("民国三十八年十月一日", "1949-10-01"),
        ("民国一百年十月十日", "2011-10-10"),
        ("民国一百零三年十月十日", "2014-10-10"),
        ("民國二十年九月十八日", "1931-09-18"),
        ("农历二〇三一年四月八日", None),  # no day of this calendar
        ("農曆2031年4月8日 2031年5月28日", "2031-05-28"),
        ("二〇三一年正月初八", None),
        ("12031年4月8日", None),
        ("2031.4.8.1", None),
        ("二〇三一年四月卅十日", None),
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


_DAYS = st.dates(min_value=date(1912, 1, 1), max_value=date(2099, 12, 31))
_ONES = "〇一二三四五六七八九"


def in_words(number):
    tens, ones = divmod(number, 10)
    return (_ONES[tens] if tens > 1 else "") + "十" * (tens > 0) + (_ONES[ones] if ones else "")


@given(_DAYS)
def test_every_day_is_read_in_every_writing(day):
    year = "".join(_ONES[int(digit)] for digit in str(day.year))
    written = f"{year}年{in_words(day.month)}月{in_words(day.day)}日"
    short = {"二十": "廿", "三十": "卅"}.get(in_words(day.day)[:2], "") + in_words(day.day)[2:] or in_words(day.day)
    for text in (
        f"{day:%Y-%m-%d}",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}/{day.month}/{day.day} 08:15",
        written,
        written.replace("〇", "○"),
        written.replace("〇", "零"),
        f"{year}年{in_words(day.month)}月{short}日",
        f"民國{day.year - 1911 if day.year > 1912 else '元'}年{day.month}月{day.day}日",
        f"{day:%Y%m%d}",
        day.strftime("%d %b %Y"),
    ):
        assert parse_stamp(text) == day.isoformat(), text


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2031-04-08T23:30:00Z", "2031-04-08"),  # the day as it is written
        ("2031-04-08 08:15:00", "2031-04-08"),
        ("20310408", "2031-04-08"),
        ("20310408081500", "2031-04-08"),
        (20310408, "2031-04-08"),
        # 2031-04-08 00:00 in China is 22,376 days and 16 hours after 1970: 22,376 * 86,400 + 57,600.
        (1933344000, "2031-04-08"),
        (1933344000000, "2031-04-08"),
        ("1933343999", "2031-04-07"),
        ("Tue, 08 Apr 2031 08:00:00 +0800", "2031-04-08"),
        ("April 8, 2031", "2031-04-08"),
        ("8th Apr. 2031", "2031-04-08"),
        ("13/4/2031", "2031-04-13"),
        ("4/13/2031", "2031-04-13"),
        ("4/8/2031", None),  # April or August
        ({"$date": "2031-04-08T00:00:00Z"}, "2031-04-08"),
        ("4月8日", None),
        ("2031-04", None),
        ("", None),
        (None, None),
        (True, None),
        (["2031-04-08"], None),
        (12, None),
        (float("nan"), None),
        ("99999999999999999999", None),
    ],
)
def test_the_date_of_a_record(value, day):
    assert parse_stamp(value) == day


@pytest.mark.parametrize(
    "text",
    [
        "新华社柳河9月1日电 2035年的第一批候鸟到了。",  # a year in the text is that of an event
        "新华社柳河9月1日电 候鸟到了。",
        "候鸟2035年9月1日到了。",
        "活动时间：2035年9月1日",
        "会议定于2035年9月1日举行",
    ],
)
def test_a_date_in_the_text_is_no_date_of_publication(text):
    (article,) = read_articles(Page("page.txt", f"候鸟到了\n\n{text}\n\n候鸟还会来。", "utf-8", ""))
    assert (article.date, article.date_source, article.date_evidence) == (None, DateSource.UNKNOWN, "")


@pytest.mark.parametrize(
    "line",
    [
        "发布时间：2035-09-01 10:20　来源：河湾日报",
        "2035年9月1日 10:20",
        "2035-09-01 来源：河湾日报 作者：何岸",
        "来源：河湾日报 发布时间：2035年09月01日",
        "（2035年9月1日）",
    ],
)
def test_a_line_about_the_day_of_publication_tells_it(line):
    text = f"候鸟到了\n\n{line}\n\n本报讯 候鸟昨日到了河湾湿地，比往年早了十天，两千余人到场观看。"
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    assert (article.date, article.date_source) == ("2035-09-01", DateSource.TEXT)
    assert article.date_evidence in article.text


def test_a_day_between_the_paragraphs_is_that_of_an_event():
    text = "老街旧事\n\n老街建成的那一天，全镇的人都来了，锣鼓响了一夜。\n\n1949年10月1日\n\n锣鼓又响了一夜。\n\n老人记得。\n\n都记得。"  # noqa: E501
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    assert article.date is None


@pytest.mark.parametrize(
    ("masthead", "day"),
    [
        ("河湾日报　二〇二五年十二月三十日　星期二", "2025-12-30"),
        ("河湾日报　二○二五年十二月三十日", "2025-12-30"),
        ("河湾日报　公元二〇二五年十二月卅日", "2025-12-30"),
        ("中華民國一百一十四年十二月三十日　星期二", "2025-12-30"),
        ("１９４９年１０月１日", "1949-10-01"),
        ("河湾晚报 2025.12.30", "2025-12-30"),
        ("河湾晚报 农历乙巳年十一月十一日 2025年12月30日 星期二", "2025-12-30"),
    ],
)
def test_the_date_of_a_masthead(masthead, day):
    page = Page("page.txt", f"{masthead}\n\n庙会开市\n\n本报讯 庙会昨日开市。", "utf-8", "")
    (article,) = read_articles(page)
    assert (article.date, article.date_source, article.title) == (day, DateSource.MASTHEAD, "庙会开市")


def test_a_lunar_day_is_told_as_such():
    text = "河湾日报　第 12 期　农历乙巳年十一月十一\n\n庙会开市\n\n本报讯 庙会昨日开市。"
    layout = read_layout(Page("page.txt", text, "utf-8", ""))
    assert [article.date for article in layout.articles] == [None]
    assert (1, "只有农历日期，不作发表日期") in [(note.number, note.what) for note in layout.notes]


def test_the_date_below_a_notice():
    text = "关于封桥的通告\n\n今夜封桥，请绕行。\n\n青滩镇交通管理站\n\n2031年4月8日\n\n"
    (article,) = read_articles(Page("page.txt", text, "utf-8", ""))
    assert (article.date, article.date_evidence, article.byline) == ("2031-04-08", "2031年4月8日", "青滩镇交通管理站")


def test_a_pages_date_holds_for_its_articles():
    page = page_date("2031-04-08.txt", [], None)
    assert article_date(page, ["昨天开馆。"]) == ("2031-04-08", DateSource.FILE_NAME, "2031-04-08")


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
        # 2026-03-01 is a Sunday, the last day of its week
        ("本周", "2026-02-23", "2026-03-01", True),
        ("上周三", "2026-02-18", "2026-02-18", True),
        ("上上周五", "2026-02-13", "2026-02-13", True),
        ("上个星期天", "2026-02-22", "2026-02-22", True),
        ("下周末", "2026-03-07", "2026-03-08", True),
        ("本月", "2026-03-01", "2026-03-31", True),
        ("上个月", "2026-02-01", "2026-02-28", True),
        ("上月廿八日", "2026-02-28", "2026-02-28", True),
        ("上月30日", "2026-02-01", "2026-02-28", True),  # which it does not have
        ("下月十五日", "2026-04-15", "2026-04-15", True),
    ],
)
def test_relative_words(text, first, last, exact):
    (when,) = relative_days(f"图书馆{text}开馆", "2026-03-01")
    assert (when.words, when.start, when.first, when.last, when.exact) == (text, 3, first, last, exact)


def test_words_that_only_look_relative():
    words = "今后、明显、三年级、前年级、日本月产量、登上月球、五千元以上月薪、本周期、上周年庆"
    assert relative_days(words, "2026-03-01") == []


def test_a_month_before_january_is_of_the_year_before():
    assert [(when.first, when.last) for when in relative_days("上月开工，下月完工", "2026-12-31")] == [
        ("2026-11-01", "2026-11-30"), ("2027-01-01", "2027-01-31"),
    ]  # fmt: skip
    assert relative_days("上月", "2026-01-05")[0].first == "2025-12-01"
