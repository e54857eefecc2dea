"""Is a file that costs too much stopped and named, and are the others read as ever?"""

from __future__ import annotations

import os
import zipfile

import pytest

from index.build import read_pages
from index.errors import SourceError
from index.reading import budget
from index.reading.budget import Budget, BudgetedReader
from index.reading.source import read_page
from index.schema import Page

SENTENCE = "图书馆昨天开放，读者很多。"
_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="o.opf"'
    ' media-type="application/oebps-package+xml"/></rootfiles></container>'
)
_PARTS = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest><item id="a" href="a.xhtml"'
    ' media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>'
)


@pytest.fixture
def book(tmp_path):
    """An EPUB with one sentence, which is read in the child."""
    path = tmp_path / "book.epub"
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr("META-INF/container.xml", _CONTAINER)
        parts.writestr("o.opf", _PARTS)
        parts.writestr("a.xhtml", f"<html><body><p>{SENTENCE}</p></body></html>")
    return path


def read(reader, path):
    return list(reader.read(path, path.name, root=path.parent, encoding=None))


def test_the_child_reads_what_the_parent_reads(book):
    with BudgetedReader() as reader:
        first, second = read(reader, book), read(reader, book)
        assert first == second == [read_page(book)]
        assert reader._child is not None


def test_plain_text_needs_no_child(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(SENTENCE, encoding="utf-8")
    with BudgetedReader() as reader:
        assert [page.text for page in read(reader, path)] == [SENTENCE]
        assert reader._child is None


def test_what_takes_too_long_is_stopped_and_named_and_the_next_is_read(book, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text(SENTENCE, encoding="utf-8")
    with BudgetedReader(Budget(seconds=0.001)) as reader:
        (error,) = read(reader, book)
        assert isinstance(error, SourceError)
        assert "book.epub took longer than 0 seconds" in error.what
        assert "Split it" in error.fix
        assert isinstance(read(reader, text)[0], Page)


def test_what_unpacks_to_too_much_is_named(book):
    with BudgetedReader(Budget(characters=5, characters_per_byte=0)) as reader:
        (error,) = read(reader, book)
    assert "book.epub unpacks to more than 5 characters" in error.what


def test_a_child_that_ends_is_named_and_replaced(book, monkeypatch):
    with BudgetedReader() as reader:
        with monkeypatch.context() as patched:
            patched.setattr(budget, "_CHILD", "raise SystemExit(3)  # {path} {memory} {most}")
            (error,) = read(reader, book)
        assert "book.epub ended the process that read it" in error.what
        assert read(reader, book) == [read_page(book)]


@pytest.mark.parametrize("error", [LookupError("unknown encoding: rot13"), RecursionError("too deep"), MemoryError()])
def test_any_failure_is_that_of_its_file(tmp_path, monkeypatch, error):
    def fail(*args, **kwargs):
        raise error

    path = tmp_path / "a.txt"
    path.write_text(SENTENCE, encoding="utf-8")
    monkeypatch.setattr(budget, "read_file", fail)
    with BudgetedReader() as reader:
        (told,) = read(reader, path)
    assert f"a.txt cannot be read ({type(error).__name__}: {error}".rstrip(" :") in told.what


def test_only_regular_files_are_opened(tmp_path):
    (tmp_path / "good.txt").write_text(SENTENCE, encoding="utf-8")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "waits.txt").symlink_to(tmp_path / "pipe")
    (tmp_path / "one.txt").symlink_to(tmp_path / "two.txt")
    (tmp_path / "two.txt").symlink_to(tmp_path / "one.txt")
    told = {}
    pages = read_pages(tmp_path, on_failure=lambda failure: told.update({failure.file: failure.error.what}))
    assert [page.file for page in pages] == ["good.txt"]
    assert told.keys() == {"waits.txt", "one.txt", "two.txt"}
    assert told["waits.txt"].endswith("is no file.")
    assert told["one.txt"].endswith("is a link that leads to itself.")


def test_a_larger_file_may_cost_more():
    given = Budget(seconds=10, bytes_per_second=1000, characters=100, characters_per_byte=2)
    assert (given.time_for(0), given.time_for(5000)) == (10, 15)
    assert (given.text_for(0), given.text_for(51), given.text_for(49)) == (100, 102, 100)


def test_a_child_that_goes_on_from_sheet_to_sheet_may_take_longer(book, monkeypatch):
    ticks = "import sys, time; input()\nfor _ in range(4): print(flush=True); time.sleep(0.5)\nprint('[]', flush=True)"
    monkeypatch.setattr(budget, "_CHILD", ticks + "  # {path} {memory} {most}")
    with BudgetedReader(Budget(seconds=1.5, seconds_per_scan=1.5)) as reader:
        assert read(reader, book) == []
    with BudgetedReader(Budget(seconds=1.5, seconds_per_scan=0.2)) as reader:
        (error,) = read(reader, book)
    assert "took longer than 0 seconds" in error.what


def test_a_scan_is_read_in_the_child(data_folder):
    with BudgetedReader() as reader:
        assert read(reader, data_folder / "scan.jpg") == [read_page(data_folder / "scan.jpg")]
