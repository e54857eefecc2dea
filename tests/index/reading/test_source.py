"""Is every page read without loss, or refused with its name and the place of the trouble?"""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import SourceError
from index.reading.source import find_pages, read_page


def test_pages_are_found_with_subfolders_in_order_of_their_names(tmp_path):
    for name in ("b.txt", "a/二.txt", "a/一.txt", ".hidden.txt", ".git/c.txt", "notes.rst", "a.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("字", encoding="utf-8")
    # "." sorts before "/", and 一 (U+4E00) before 二 (U+4E8C)
    assert [name for name, _ in find_pages(tmp_path)] == ["a.txt", "a/一.txt", "a/二.txt", "b.txt"]
    assert all(file == tmp_path / name for name, file in find_pages(tmp_path))


def test_a_single_file_is_a_collection_of_one(tmp_path):
    file = tmp_path / "page.text"
    file.write_text("字", encoding="utf-8")
    assert find_pages(file) == [("page.text", file)]


def test_a_folder_that_is_called_like_a_page_is_no_page(tmp_path):
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(SourceError, match="holds no page"):
        find_pages(tmp_path)


def test_nothing_there(tmp_path):
    with pytest.raises(SourceError, match=r"There is no file or folder .*nowhere"):
        find_pages(tmp_path / "nowhere")


def test_a_folder_without_pages(tmp_path):
    with pytest.raises(SourceError, match=r"holds no page\. Put newspaper pages there"):
        find_pages(tmp_path)


@pytest.mark.parametrize(
    ("name", "encoding", "opening"),
    [
        ("liuhe.txt", "utf-8", "\n柳河镇图书馆开馆\n"),
        ("qingtan.txt", "gb18030", "■端午特刊\n"),
        ("shanqian.txt", "utf-16", "# 山前小学新操场启用\r\n"),  # without its byte-order mark, with its line ends
    ],
)
def test_each_encoding_is_told_and_decoded(pages_folder, name, encoding, opening):
    page = read_page(pages_folder / name)
    assert (page.file, page.encoding) == (name, encoding)
    assert page.text.startswith(opening)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@given(text=st.text(alphabet="柳河镇图书馆开馆昨天，。“”\r\n A0", min_size=20, max_size=80).filter(str.strip))
def test_what_was_written_is_what_is_read(tmp_path_factory, encoding, text):
    file = tmp_path_factory.getbasetemp() / f"roundtrip-{encoding}.txt"
    # 柳河 in front: a few characters alone could be valid in two encodings, a page never is
    file.write_bytes(("柳河镇" + text).encode(encoding))
    page = read_page(file)
    assert page.text == "柳河镇" + text
    assert page.encoding == encoding


def test_the_digest_is_that_of_the_bytes(tmp_path):
    file = tmp_path / "abc.txt"
    file.write_bytes(b"abc")
    # The first test vector of FIPS 180-2.
    assert read_page(file).sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    marked = tmp_path / "marked.txt"
    marked.write_bytes(b"\xef\xbb\xbfabc")
    assert read_page(marked).text == "abc"
    assert read_page(marked).sha256 == hashlib.sha256(b"\xef\xbb\xbfabc").hexdigest()


def test_a_page_can_be_given_another_name(pages_folder):
    assert read_page(pages_folder / "liuhe.txt", "2031/一版.txt").file == "2031/一版.txt"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        # 柳河镇 is nine bytes of UTF-8 (e6 9f b3 e6 b2 b3 e9 95 87), then two bytes ff.
        ("damaged.txt", "is UTF-8 but for the bytes FF at byte 9, in line 1"),
        ("picture.txt", "is a PNG picture, not a text file"),
        ("empty.txt", "is empty"),
        ("blank.txt", "is empty"),
    ],
)
def test_what_is_no_page_is_refused_with_its_reason(data_folder, name, reason):
    with pytest.raises(SourceError, match=rf"{name} {reason}\. \S"):
        read_page(data_folder / "bad" / name)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe\x00\xd8", "is not UTF-16 at byte"),  # half of a surrogate pair: a mark binds, GB18030 is not tried
        (b"\xef\xbb\xbf\xe6\x9f", "is not UTF-8-SIG at byte"),
        (b"a\x00b", "is no text file: 1 of 3 characters"),
    ],
)
def test_broken_bytes_are_never_replaced(tmp_path, data, reason):
    file = tmp_path / "page.txt"
    file.write_bytes(data)
    with pytest.raises(SourceError, match=reason):
        read_page(file)


@pytest.mark.parametrize("odd", ["\ue04a", "\x08", "\x00", "\ufffe", "\U0002ebf0"])
def test_an_odd_character_stays_where_it_stands_and_is_told(tmp_path, odd):
    """The bytes of the first are valid GB18030 too, and would come out as 鏌愁亰鏌虫煶."""
    file = tmp_path / "page.txt"
    text = f"柳河镇\n柳{odd}柳柳，图书馆开馆。"
    file.write_bytes(text.encode())
    page = read_page(file)
    assert (page.text, page.encoding) == (text, "utf-8")
    new_han = odd == "\U0002ebf0"  # a character like any other, though Python 3.11 does not know it
    assert [(note.number, f"U+{ord(odd):04X}" in note.what) for note in page.notes] == [(2, True)] * (not new_han)


def test_the_lock_files_of_office_are_passed_over(tmp_path):
    for name in ("~$第三版.docx", "第三版.txt"):
        (tmp_path / name).write_text("字", encoding="utf-8")
    assert [name for name, _ in find_pages(tmp_path)] == ["第三版.txt"]


def test_of_json_files_the_lists_are_taken_for_articles(tmp_path):
    (tmp_path / "news.json").write_bytes(b'\xef\xbb\xbf [{"text": "a"}]')
    (tmp_path / "wide.json").write_bytes("[]".encode("utf-16"))
    (tmp_path / "settings.json").write_bytes(b'{"text": "a"}')
    assert [name for name, _ in find_pages(tmp_path)] == ["news.json", "wide.json"]


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(SourceError, match=r"gone\.txt cannot be read \(No such file"):
        read_page(tmp_path / "gone.txt")


def test_there_are_five_seed_pages_in_utf8(seeds_folder):
    found = find_pages(seeds_folder)
    assert len(found) == 5
    assert {read_page(file, name).encoding for name, file in found} == {"utf-8"}
