"""Is every record of a file of ready articles read, whatever it calls its fields, and is one that is none named?"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.build import read_pages
from index.errors import SourceError
from index.reading.pages import read_articles
from index.reading.records import ready_pages
from index.reading.source import read_file
from index.schema import DateSource, Kind, Page


def lines(*records):
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records)


def read(tmp_path, data, name="ready.jsonl", encoding=None):
    (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode(encoding or "utf-8"))
    return list(ready_pages(tmp_path / name, name, None))


def test_ready_articles(tmp_path):
    first, second = read(
        tmp_path,
        lines(
            {"id": "n1", "title": "大桥通车", "date": "2031-04-08", "text": "全长860米。\n本报讯 又一座桥也通车了。"},
            {"text": "■图书馆开馆。", "more": 1},
        ),
    )
    assert (first.file, first.date, second.file, second.date) == ("ready.jsonl#n1", "2031-04-08", "ready.jsonl#2", None)
    (article,) = read_articles(first, "2040-01-01")  # one record is one article, and its own date goes first
    assert (article.title, article.date, article.date_source) == ("大桥通车", "2031-04-08", DateSource.GIVEN)
    assert article.kind is Kind.BRIEF
    (untitled,) = read_articles(second)
    assert (untitled.title, untitled.text) == ("", "■图书馆开馆。")


@pytest.mark.parametrize(
    ("record", "name", "text", "date"),
    [
        ({"id": 0, "title": "渡口", "text": "有船七条。"}, "0", "渡口\n有船七条。", None),
        ({"title": "渡口", "content": "有船七条。", "time": "2025-12-30 08:00"}, "1", "渡口\n有船七条。", "2025-12-30"),
        ({"headline": "渡口", "body": "有船七条。"}, "1", "渡口\n有船七条。", None),
        ({"标题": "渡口", "正文": "有船七条。", "发布时间": "2025年12月30日"}, "1", "渡口\n有船七条。", "2025-12-30"),
        ({"news_id": 7, "Title": " 渡\n口 ", "Content": "有船。", "pub_date": "20251230"}, "7", "渡 口\n有船。", "2025-12-30"),  # noqa: E501
        ({"_id": {"$oid": "5f"}, "text": ["有船七条。", "渡资三文。"]}, "5f", "有船七条。\n渡资三文。", None),
        ({"text": "", "content": "有船七条。", "id": None}, "1", "有船七条。", None),
        ({"text": "有船七条。", "publishedAt": 1767052800}, "1", "有船七条。", "2025-12-30"),
        ({"text": "有船七条。", "date": "", "time": "2025/12/30"}, "1", "有船七条。", "2025-12-30"),
    ],
)  # fmt: skip
def test_the_usual_names_of_fields(tmp_path, record, name, text, date):
    (page,) = read(tmp_path, lines(record))
    assert (page.file, page.text, page.date) == (f"ready.jsonl#{name}", text, date)
    assert not page.notes


def test_a_date_that_is_none_is_told(tmp_path):
    (page,) = read(tmp_path, lines({"text": "有船七条。", "date": "腊月初八"}))
    assert (page.date, [note.what for note in page.notes]) == (None, ["日期写法不认得：腊月初八"])


def test_numbers_that_stand_for_missing_ids_take_no_other_records_id(tmp_path):
    records = {"text": "甲"}, {"id": 1, "text": "乙"}, {"id": 4, "text": "丙"}, {"text": "丁"}
    assert [page.file for page in read(tmp_path, lines(*records))] == [
        *("ready.jsonl#1", "ready.jsonl#1@2", "ready.jsonl#4", "ready.jsonl#4@4")
    ]


def test_half_a_character_costs_no_record(tmp_path):
    (page,) = read(tmp_path, r'{"text": "渡口有船七条\ud83d"}')
    assert page.text == "渡口有船七条\ufffd"
    assert [note.what for note in page.notes] == ["替换字符（原字已失） U+FFFD，共 1 处，照录"]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"{", "is no JSON"),
        (b"[1]", "has no text"),
        (b'{"text": " "}', "has no text"),
        (
            b'{"abstract": "a", "url": "b"}',
            'has no text among its keys abstract、url. Call them "text" (or content, body)',
        ),
        (b'{"text": "a\\u0000b"}', "is no text file: 1 of 3 characters"),
        (b'{"text": "a", "id": "../x\\n"}', "has the id of an earlier line"),
        (b'{"text": "a", "id": "x\\ny"}', "has an id with a character that cannot be shown"),
        (b'{"text": "a", "id": "n1"}', "has the id of an earlier line"),
        ('{"text": "渡口有船'.encode() + b"\xff" + '七条"}'.encode(), "is UTF-8 but for the bytes FF at byte 22"),
    ],
)
def test_a_bad_record_is_named_and_the_others_are_read(tmp_path, record, reason):
    good = [lines({"id": each, "text": "好。"}).encode() for each in ("n1", "../x", "n2")]
    (tmp_path / "ready.jsonl").write_bytes(b"\n".join([*good[:2], record, b"", good[2]]))
    told = []
    pages = read_pages(tmp_path, on_failure=told.append)
    assert [page.file for page in pages] == ["ready.jsonl#n1", "ready.jsonl#../x", "ready.jsonl#n2"]
    (failure,) = told
    assert "Line 3 of" in str(failure.error)
    assert reason in str(failure.error)


_TWO = [{"title": "渡口", "text": "渡口有船七条，渡资三文。"}, {"title": "茶馆", "text": "茶馆卖花生，也说书。"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", lines(*_TWO)),
        ("a.jsonl", "\r\n".join(["", *lines(*_TWO).split("\n"), ""])),
        ("a.jsonl", json.dumps(_TWO, ensure_ascii=False)),  # an array under the wrong suffix
        ("a.jsonl", "\n".join(json.dumps(each, ensure_ascii=False, indent=2) for each in _TWO)),
        ("a.json", json.dumps(_TWO, ensure_ascii=False, indent=1)),
        ("a.json", json.dumps({"total": 2, "data": _TWO}, ensure_ascii=False)),
        ("a.csv", "title,text\n渡口,渡口有船七条，渡资三文。\n\n茶馆,茶馆卖花生，也说书。\n"),
        ("a.csv", '标题;正文\r\n渡口;"渡口有船七条，渡资三文。"\r\n茶馆;茶馆卖花生，也说书。\r\n'),
        ("a.tsv", "title\tcontent\n渡口\t渡口有船七条，渡资三文。\n茶馆\t茶馆卖花生，也说书。\n"),
    ],
)
def test_every_form_in_every_encoding(tmp_path, name, data, encoding):
    pages = read(tmp_path, data, name, encoding)
    assert [page.text for page in pages] == [f"{each['title']}\n{each['text']}" for each in _TWO]
    assert all(page.ready and page.titled for page in pages)
    assert len({page.file for page in pages}) == 2


def test_a_field_with_line_breaks_and_quotes_of_a_table(tmp_path):
    (page,) = read(tmp_path, 'id,text\nx,"他说：""好""\n又说：走。"\n', "a.csv")
    assert (page.file, page.text) == ("a.csv#x", '他说："好"\n又说：走。')


def test_a_row_with_too_many_cells_is_named(tmp_path):
    error, page = read(tmp_path, "id,text\n1,一,二\n2,三\n", "a.csv")
    assert "Line 2 of" in str(error)
    assert "has 3 cells under 2 headings. Put a text with commas in double quotes" in str(error)
    assert page.text == "三"


def test_a_table_without_texts_is_refused_with_the_way_out(tmp_path):
    with pytest.raises(
        SourceError, match=r"no column|without a column of texts: it has 乡镇、2024年.*save the table as \.txt"
    ):
        read(tmp_path, "乡镇,2024年\n东河乡,1100\n", "a.csv")


def test_an_array_that_breaks_off_is_read_up_to_there(tmp_path):
    page, error = read(tmp_path, '[{"text": "一"},\n{"text": "二', "a.json")
    assert page.text == "一"
    assert "Record 2 of" in str(error)
    assert "in line 2, is no JSON" in str(error)


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_a_file_without_records_is_empty(tmp_path, name):
    with pytest.raises(SourceError, match=r"is empty|without a column"):
        read(tmp_path, " \n", name)


def test_an_encoding_that_is_given_binds(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(_TWO[0]).encode("big5", "replace"))
    (page,) = read_file(tmp_path / "a.jsonl", encoding="big5")
    assert page.encoding == "big5"


_FIELD = st.text(alphabet='甲乙丙，。"\\,\t A0\u2028', min_size=1, max_size=20).filter(str.strip)


@given(st.lists(st.tuples(_FIELD, _FIELD), min_size=1, max_size=5))
def test_every_character_of_a_record_is_in_its_article(tmp_path_factory, records):
    folder = tmp_path_factory.getbasetemp()
    for page, (title, text) in zip(
        read(folder, lines(*({"title": title, "body": text} for title, text in records))), records, strict=True
    ):
        assert isinstance(page, Page)
        (article,) = read_articles(page)
        assert "".join(article.text.split()) == "".join((title + text).split())
