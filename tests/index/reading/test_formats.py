"""Does the text of every format come out whole, and is what cannot be read refused with its reason?"""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from index.errors import SourceError
from index.reading.formats import SUFFIXES
from index.reading.pages import read_articles
from index.reading.source import find_pages, read_page


def write(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    return tmp_path / name


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
        (pdf(), "holds no text that can be read"),
        (pdf(_PRINTED, password="secret"), "is a PDF with a password"),
        (b"%PDF-1.7\nbroken", "is no PDF that can be read"),
        (b"", "is no PDF that can be read"),
    ],
)
def test_pdfs_that_cannot_be_read(tmp_path, data, reason):
    with pytest.raises(SourceError, match=rf"page\.pdf {reason}"):
        read_page(write(tmp_path, "page.pdf", data))


def test_every_format_is_found_in_a_folder(tmp_path):
    for suffix in (*SUFFIXES, ".TXT", ".exe", ".rst"):
        write(tmp_path, f"file{suffix}", b"[]")
    assert {file.suffix for _, file in find_pages(tmp_path)} == {*SUFFIXES, ".TXT"}


def test_markdown_is_plain_text(tmp_path):
    page = read_page(write(tmp_path, "page.md", "# 大桥通车\n\n**全长860米。**\n".encode()))
    assert read_articles(page)[0].title == "大桥通车"
