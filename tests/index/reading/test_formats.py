"""Does the text of every format come out whole, and is what cannot be read refused with its reason?

The files are made here, each by the library that reads it or by hand, so that a test shows what is in them.
"""

from __future__ import annotations

import io
import json
import zipfile

import docx
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from index.build import read_pages
from index.errors import SourceError
from index.reading.formats import SUFFIXES
from index.reading.pages import read_articles
from index.reading.source import find_pages, read_file, read_page
from index.schema import DateSource, Kind, Role

_HTML = """<html><head><title>不要</title><meta charset="{charset}"><script>var 不要;</script></head><body>
<nav>首页 不要</nav>
<h1>鹿鸣大桥<b>通车</b></h1><!-- 不要 -->
<p>本报讯（记者 秦一舟）大桥全长860米，
双向四车道。</p><p>从东岸到西岸<br>只要两分钟。</p>
<table><tr><th>桥</th><th>长</th><th>宽</th></tr><tr><td>新桥</td><td>860</td><td>20</td></tr></table>
</body></html>"""


def write(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


@pytest.mark.parametrize("charset", ["utf-8", "gb18030"])
def test_html(tmp_path, charset):
    page = read_page(write(tmp_path, "page.html", _HTML.format(charset=charset).encode(charset)))
    assert page.encoding == charset
    assert page.encoding_why == "网页声明"
    assert "不要" not in page.text
    (article,) = read_articles(page)
    assert (article.title, article.byline) == ("鹿鸣大桥通车", "（记者 秦一舟）")
    assert "大桥全长860米， 双向四车道。" in article.text
    assert [line.role for line in article.lines][-2:] == [Role.TABLE, Role.TABLE]
    assert "新桥 | 860 | 20" in article.text


def test_html_that_lies_about_its_encoding(tmp_path):
    page = read_page(write(tmp_path, "page.htm", _HTML.format(charset="big5").encode("utf-8")))
    assert page.encoding == "utf-8"
    assert "鹿鸣大桥通车" in page.text


def word(*, table=False):
    document = docx.Document()
    document.add_heading("鹿鸣大桥通车", level=1)
    document.add_paragraph("本报讯（记者 秦一舟）大桥全长860米，双向四车道。")
    if table:
        rows = document.add_table(rows=2, cols=3)
        for row, texts in zip(rows.rows, (("桥", "长", "宽"), ("新桥", "860", "20")), strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    document.add_paragraph("从东岸到西岸\n只要两分钟。")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def test_docx(tmp_path):
    page = read_page(write(tmp_path, "page.docx", word(table=True)))
    assert page.encoding == "docx"
    assert page.text.split("\n\n") == [
        "# 鹿鸣大桥通车",
        "本报讯（记者 秦一舟）大桥全长860米，双向四车道。",
        "桥 | 长 | 宽",
        "新桥 | 860 | 20",
        "从东岸到西岸",
        "只要两分钟。\n",
    ]
    (article,) = read_articles(page)
    start = article.text.index("只要")
    (span,) = article.spans(start, start + 6)
    assert page.text[span.start : span.end] == "只要两分钟。"


def pdf(content=b"", *, password=None):
    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1")})
    font[NameObject("/BaseFont")] = NameObject("/Helvetica")
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    stream = DecodedStreamObject()
    stream.set_data(content)
    page[NameObject("/Contents")] = writer._add_object(stream)
    if password is not None:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


_PRINTED = b"BT /F1 12 Tf 20 200 Td (A bridge of 860 m was opened.) Tj ET"


def test_pdf(tmp_path):
    page = read_page(write(tmp_path, "page.pdf", pdf(_PRINTED)))
    assert page.encoding == "pdf"
    assert page.text.strip() == "A bridge of 860 m was opened."
    assert len(PdfReader(tmp_path / "page.pdf").pages) == 1


def test_a_pdf_that_opens_without_a_password_is_read_though_it_is_locked(tmp_path):
    assert "860" in read_page(write(tmp_path, "page.pdf", pdf(_PRINTED, password=""))).text


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(), "is a scanned PDF: it has pictures and no text"),
        (pdf(_PRINTED, password="secret"), "is a PDF with a password"),
        (b"%PDF-1.7\nbroken", "is no PDF that can be read"),
        (b"", "is no PDF that can be read"),
    ],
)
def test_pdfs_that_cannot_be_read(tmp_path, data, reason):
    with pytest.raises(SourceError, match=rf"page\.pdf {reason}"):
        read_page(write(tmp_path, "page.pdf", data))


def book(**files):
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
        "OEBPS/content.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest>'
        '<item id="b" href="b%20c.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        '</manifest><spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>',
        "OEBPS/a.xhtml": '<?xml version="1.0" encoding="utf-8"?><html><body><h1>上篇</h1><p>大桥通车。</p></body>'
        "</html>",
        "OEBPS/b c.xhtml": "<html><body><h1>下篇</h1><p>图书馆开馆。</p></body></html>",
        "OEBPS/nav.xhtml": "<html><body><p>目录</p></body></html>",
    } | files
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            if text is not None:
                archive.writestr(name, text)
    return stream.getvalue()


def test_epub_in_the_order_of_its_spine(tmp_path):
    page = read_page(write(tmp_path, "book.epub", book()))
    assert page.encoding == "epub"
    assert page.text.split() == ["#", "上篇", "大桥通车。", "#", "下篇", "图书馆开馆。"]
    assert [article.title for article in read_articles(page)] == ["上篇", "下篇"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"no archive", "is no archive that can be read"),
        (book(**{"META-INF/container.xml": None}), "is no EPUB that can be read"),
        (book(**{"META-INF/container.xml": "<broken"}), "is no EPUB that can be read"),
        (book(**{"OEBPS/a.xhtml": None}), "is no EPUB that can be read"),
        (book(**{"OEBPS/bomb.xhtml": b"\0" * 20_000_000}), r"unpacks to 20 MB in \d+ files, which no page does"),
        (b"\xd0\xcf\x11\xe0", "has a password, or is an old Word file"),
    ],
)
@pytest.mark.parametrize("suffix", ["epub", "docx"])
def test_archives_that_cannot_be_read(tmp_path, data, reason, suffix):
    expected = "is no Word file that can be read" if suffix == "docx" and "EPUB" in reason else reason
    with pytest.raises(SourceError, match=rf"file\.{suffix} {expected}"):
        read_page(write(tmp_path, f"file.{suffix}", data))


def test_an_entity_in_a_book_fetches_nothing(tmp_path):
    secret = write(tmp_path, "secret.txt", b"secret")
    evil = f'<!DOCTYPE c [<!ENTITY x SYSTEM "file://{secret}">]><container>&x;<rootfile full-path="&x;"/></container>'
    with pytest.raises(SourceError) as refused:
        read_page(write(tmp_path, "book.epub", book(**{"META-INF/container.xml": evil})))
    assert "secret" not in str(refused.value).replace("secret.txt", "")


def lines(*records):
    return "\n".join(json.dumps(record, ensure_ascii=False) for record in records).encode()


def test_ready_articles(tmp_path):
    path = write(
        tmp_path,
        "ready.jsonl",
        lines(
            {"id": "n1", "title": "大桥通车", "date": "2031-04-08", "text": "全长860米。\n本报讯 又一座桥也通车了。"},
            {"text": "■图书馆开馆。", "more": 1},
        ),
    )
    first, second = read_file(path)
    assert (first.file, first.date, second.file, second.date) == ("ready.jsonl#n1", "2031-04-08", "ready.jsonl#2", None)
    (article,) = read_articles(first, "2040-01-01")  # one record is one article, and its own date goes first
    assert (article.title, article.date, article.date_source) == ("大桥通车", "2031-04-08", DateSource.GIVEN)
    assert article.kind is Kind.BRIEF
    (untitled,) = read_articles(second)
    assert (untitled.title, untitled.text) == ("", "■图书馆开馆。")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"{", "is no JSON"),
        (b"[1]", "has no text"),
        (b'{"text": " "}', "has no text"),
        (b'{"text": "a\\u0000b"}', "holds a character that is no text"),
        (b'{"text": "a", "id": "../x\\n"}', "holds a character that is no text"),
        (b'{"text": "a", "id": "n1"}', "has the id of an earlier line"),
        (b'{"text": "\\ud800"}', "holds a character that is no text"),
    ],
)
def test_a_bad_record_is_named_and_the_others_are_read(tmp_path, record, reason):
    good = lines({"id": "n1", "text": "好。"}), lines({"id": "n2", "text": "好。"})
    write(tmp_path, "ready.jsonl", b"\n".join([good[0], record, b"", good[1]]))
    told = []
    pages = read_pages(tmp_path, on_failure=told.append)
    assert [page.file for page in pages] == ["ready.jsonl#n1", "ready.jsonl#n2"]
    (failure,) = told
    assert "Line 2 of" in str(failure.error)
    assert reason in str(failure.error)


def test_every_format_is_found_in_a_folder(tmp_path):
    for suffix in (*SUFFIXES, ".TXT", ".exe", ".json"):
        write(tmp_path, f"file{suffix}", b"x")
    assert {file.suffix for _, file in find_pages(tmp_path)} == {*SUFFIXES, ".TXT"}


def test_markdown_is_plain_text(tmp_path):
    page = read_page(write(tmp_path, "page.md", "# 大桥通车\n\n**全长860米。**\n".encode()))
    assert read_articles(page)[0].title == "大桥通车"
