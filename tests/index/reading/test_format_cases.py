"""Are the inputs that were once read wrongly read right? One folder of ``tests/data/cases`` each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from index.errors import SourceError
from index.reading.dates import relative_days
from index.reading.pages import read_layout
from index.reading.source import find_pages, read_file
from index.schema import DateSource, Page

_CASES = Path(__file__).parents[2] / "data" / "cases"
_NIGHT_SCHOOL = "本报讯（记者 何岸）河湾村图书室上月办起夜校，开设剪纸、会计、电工三门课。"


def read(case):
    """Layouts of a case's pages by name, and what could not be read."""
    items = [item for name, file in find_pages(_CASES / case) for item in read_file(file, name)]
    return {item.file: read_layout(item) for item in items if isinstance(item, Page)}, [
        str(item) for item in items if isinstance(item, SourceError)
    ]


def articles_of(case):
    layouts, errors = read(case)
    assert not errors
    return [article for layout in layouts.values() for article in layout.articles]


@pytest.mark.parametrize(
    ("case", "titles", "said"),
    [
        ("a3a0", ["河湾村办起夜校"], ["报名者已有八十六人。"]),
        ("ctrlz", ["河湾村办起夜校", "山坳村通了公交"], ["每天十二班。"]),
        ("docx_footnote", ["老桥修缮"], ["老桥建于清代，今年修缮。", "据县志，老桥始建于乾隆十二年。"]),
        ("docx_textbox", ["柳溪镇开放粮仓博物馆"], ["博物馆周一闭馆，门票十五元"]),
        ("docx_tracked", ["南坪水库清淤"], ["总投资四千二百万元，工期九个月。"]),
        ("eol_ls", ["河湾村办起夜校", "山坳村通了公交"], ["每周二、周四晚七点", "每天十二班。"]),
        ("eol_vt", ["河湾村办起夜校", "山坳村通了公交"], ["每周二、周四晚七点", "每天十二班。"]),
        ("esc", ["河湾村办起夜校"], ["剪纸、\x08会计、电工"]),
        ("html_hidden", ["码头启用"], ["可停船四十艘"]),
        ("html_rowspan", ["各乡镇产量"], ["北片 | 东河乡 | 一千二百吨", "北片 | 西岭乡 | 九百吨"]),
        ("html_ruby", ["饕餮纹铜鼎亮相"], ["展出饕餮纹铜鼎一件，重三十六公斤。"]),
        ("html_title_only", ["渔业码头启用"], ["可停船四十艘"]),
        ("jsonl_content_key", ["渡口", "茶馆"], ["渡口有船七条，渡资三文。", "茶馆卖花生。"]),
        ("jsonl_id0", ["渡口", "茶馆"], ["渡口有船七条。", "茶馆卖花生。"]),
        ("nel", ["河湾村办起夜校"], [_NIGHT_SCHOOL]),
        ("newhan", ["河湾村办起夜校"], ["（记者 何\U0002ebf0）"]),
        ("pua_utf8", ["河湾村办起夜校"], ["（记者 何\ue83b）"]),
    ],
)
def test_what_is_read(case, titles, said):
    articles = articles_of(case)
    assert [article.title for article in articles] == titles
    text = "\n".join(article.text for article in articles)
    assert [each for each in said if each not in text] == []


@pytest.mark.parametrize(
    ("case", "unsaid"),
    [("docx_tracked", "三千万元"), ("html_hidden", "贷款|隐藏"), ("html_ruby", "ti[èe]"), ("ctrlz", "\x1a")],
)
def test_what_is_not_read(case, unsaid):
    assert not [article.text for article in articles_of(case) if re.search(unsaid, article.text)]


@pytest.mark.parametrize(
    ("case", "line", "what"),
    [
        ("ctrlz", 9, "文件末尾有 DOS 结束符 U+001A，已略去"),
        ("esc", 3, "控制字符 U+0008，共 1 处，照录"),
        ("pua_utf8", 3, "专用区字符（造字） U+E83B，共 1 处，照录"),
        (
            "html_hidden",
            0,
            "隐藏的文字 11 字未读",
        ),  # 关键词 贷款 博彩 免费 are nine, 隐藏 two
        ("html_ruby", 0, "注音 6 字未读"),
    ],
)
def test_what_is_told(case, line, what):
    (layout,) = read(case)[0].values()
    assert (line, what) in [(note.number, note.what) for note in layout.notes]


def test_records_keep_their_names_and_dates():
    assert [article.file for article in articles_of("jsonl_id0")] == ["a.jsonl#0", "a.jsonl#1"]
    assert [article.date for article in articles_of("jsonl_content_key")] == ["2025-12-30", None]


def test_a_damaged_chapter_is_named_and_the_other_is_read():
    layouts, errors = read("epub_crc")
    assert [article.text for article in layouts["a.epub"].articles] == ["第一章\n渡口有船七条。"]
    assert len(errors) == 1
    assert "OEBPS/c2.xhtml" in errors[0]


def test_a_bad_byte_is_told_with_its_place():
    _, errors = read_or_refused("mixed_one_bad")
    assert re.search(r"a\.txt is UTF-8 but for the bytes FF at byte 207, in line 6", errors)


def read_or_refused(case):
    try:
        return read(case)[0], ""
    except SourceError as error:
        return {}, str(error)


@pytest.mark.parametrize(
    ("name", "day"),
    [(f"{letter}.txt", "2025-12-29") for letter in "abcde"] + [("f.txt", "1949-09-30")],
)
def test_the_day_before_that_of_a_masthead_in_chinese_figures(name, day):
    (article,) = read("cn_date_mast")[0][name].articles
    assert article.date_source is DateSource.MASTHEAD
    assert [when.first for when in relative_days(article.text, article.date)] == [day]
