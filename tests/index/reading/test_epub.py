"""Is a book read in the order of its spine, chapter by chapter, and is a damaged chapter named?"""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.reading.epub import read_epub
from index.reading.pages import read_articles, read_layout
from index.reading.source import read_file, read_page
from index.schema import Page

_XHTML = '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head>{}</head><body>{}</body></html>'


def book(chapters=("<h1>上篇</h1><p>大桥通车。</p>", "<h1>下篇</h1><p>图书馆开馆。</p>"), head="", spine=None, **files):
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    order = "".join(f'<itemref idref="{each}"/>' for each in spine or [f"c{n}" for n in range(len(chapters))])
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
        '<rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
        "OEBPS/content.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}'
        '<item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f'</manifest><spine><itemref idref="n"/>{order}</spine></package>',
        "OEBPS/nav.xhtml": "<html><body><p>目录</p></body></html>",
    } | {f"OEBPS/c {n}.xhtml": _XHTML.format(head, chapter) for n, chapter in enumerate(chapters)}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, text in (parts | files).items():
            if text is not None:
                archive.writestr(name, text)
    return stream.getvalue()


def text_of(*args, **more):
    return read_epub(book(*args, **more), "book.epub", None).text


def test_a_book_in_the_order_of_its_spine(tmp_path):
    (tmp_path / "book.epub").write_bytes(book(spine=["c1", "c0"]))
    page = read_page(tmp_path / "book.epub")
    assert page.encoding == "epub"
    assert page.text.split() == ["#", "下篇", "图书馆开馆。", "#", "上篇", "大桥通车。"]
    assert [article.title for article in read_articles(page)] == ["下篇", "上篇"]


@pytest.mark.parametrize("head", ["<title/>", '<script src="x"/>', '<title/><style type="text/css"/>'])
def test_an_empty_element_of_xhtml_swallows_nothing(head):
    assert "大桥通车。" in text_of(head=head)


def test_html_that_is_not_well_formed_is_read_as_html():
    assert text_of(("<p>大桥&nbsp;通车。<br>全长860米。",)) == "大桥\xa0通车。\n全长860米。\n"


def test_a_title_that_all_chapters_have_is_the_books():
    chapters = ("<p>大桥通车。</p>", "<p>图书馆开馆。</p>")
    assert "河湾志" not in text_of(chapters, head="<title>河湾志</title>")
    assert text_of(chapters[:1], head="<title>渡口</title>") == "# 渡口\n\n大桥通车。\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"OEBPS/c 1.xhtml": None}, "it is missing"),
        ({"OEBPS/c 1.xhtml": b"\x00\x01\x02" * 50}, "is no text file"),
        (
            {"OEBPS/c 1.xhtml": "<p>图书馆".encode() + b"\xff" + "开馆。</p>".encode()},
            "is UTF-8 but for the bytes FF at byte 12",
        ),
    ],
)
def test_a_damaged_chapter_is_named_and_the_others_are_read(tmp_path, change, why):
    (tmp_path / "book.epub").write_bytes(book(**change))
    page, error = read_file(tmp_path / "book.epub")
    assert page.text == "# 上篇\n\n大桥通车。\n"
    assert f"the part OEBPS/c 1.xhtml cannot be read ({why}" in str(error)


def test_damaged_bytes_of_a_chapter(tmp_path):
    (tmp_path / "book.epub").write_bytes(book().replace("图书馆".encode(), b"CADCRCABC"))
    page, error = read_file(tmp_path / "book.epub")
    assert "大桥通车。" in page.text
    assert "CADCRC" not in page.text
    assert "OEBPS/c 1.xhtml cannot be read (Bad CRC-32" in str(error)


def test_a_part_that_is_listed_again_and_again_is_read_once():
    decoded = read_epub(book(spine=["c0"] * 3000 + ["c1"]), "book.epub", None)
    assert decoded.text.count("大桥通车") == decoded.text.count("图书馆开馆") == 1
    assert [note.what for note in decoded.notes] == ["目录重复列出 2999 个部分，各读一次"]


@pytest.mark.parametrize(
    "files",
    [
        {"META-INF/container.xml": None},
        {"META-INF/container.xml": "<broken"},
        {"META-INF/container.xml": "<container/>"},
        {"OEBPS/content.opf": "<package/>"},
        {"OEBPS/c 0.xhtml": None, "OEBPS/c 1.xhtml": None},
    ],
)
def test_books_that_cannot_be_read(files):
    with pytest.raises(SourceError, match=r"book\.epub is no EPUB that can be read"):
        read_epub(book(**files), "book.epub", None)


def test_an_entity_in_a_book_fetches_nothing(tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret", encoding="utf-8")
    evil = f'<!DOCTYPE c [<!ENTITY x SYSTEM "file://{secret}">]><container>&x;<rootfile full-path="&x;"/></container>'
    with pytest.raises(SourceError) as refused:
        read_epub(book(**{"META-INF/container.xml": evil}), "book.epub", None)
    assert "secret" not in str(refused.value).replace("secret.txt", "")
    chapter = f'<!DOCTYPE c [<!ENTITY x SYSTEM "file://{secret}">]><html><body><p>大桥&x;通车。</p></body></html>'
    assert "secret" not in text_of(**{"OEBPS/c 0.xhtml": chapter}).replace("secret.txt", "")


@given(st.lists(st.text(alphabet="甲乙丙，。一二A0&<", min_size=1, max_size=12), min_size=1, max_size=5))
def test_every_chapter_is_read_whole(texts):
    from html import escape

    decoded = read_epub(book([f"<p>{escape(text)}</p>" for text in texts]), "book.epub", None)
    assert decoded.text.split() == texts
    page = Page("book.epub", decoded.text, "epub", "")
    layout = read_layout(page)
    lines = sorted(
        [*(line for a in layout.articles for line in a.lines), *layout.leftovers], key=lambda line: line.number
    )
    assert [page.text[line.span.start : line.span.end] for line in lines] == texts
