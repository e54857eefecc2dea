"""Are passages what chunking says, under their ids and their rows, with their copies, though only numbers are kept?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunking import chunk
from index.config import IndexConfig
from index.disk.passages import load_passages, write_passages
from index.errors import StoreError
from index.reading.copies import Cutter, chunk_once
from index.schema import Copy, Page, Passage
from index.store.opened import COPIES, PASSAGES, open_articles
from index.store.texts import write_texts

# With passages of at most 12 characters. In a.txt the headline and the first sentence have 10 characters and a break,
# the next sentence stands alone; b.txt says that sentence again below a headline of its own.
PAGES = {
    "a.txt": "大桥通车\n\n桥长八百米。\n\n两岸不用再绕行。\n",
    "b.txt": "村里的新路\n\n路修好了路好。\n\n两岸不用再绕行。\n",
}


@pytest.fixture
def folder(texts_folder):
    return texts_folder(PAGES, size=12)


def load(folder):
    return load_passages(open_articles(folder), folder / PASSAGES, folder / COPIES)


@pytest.fixture
def passages(folder):
    return load(folder)


IDS = ["a.txt#1:0", "a.txt#1:12", "b.txt#1:0"]
TEXTS = ["大桥通车\n桥长八百米。", "两岸不用再绕行。", "村里的新路\n路修好了路好。"]


def test_ids_rows_and_texts(passages):
    assert list(passages) == IDS
    assert [passage.text for passage in passages.values()] == TEXTS
    assert [passages.row(name) for name in IDS] == [0, 1, 2] == [*range(len(passages))]
    assert [passages.id_at(row) for row in range(3)] == IDS
    assert [passage.passage_id for passage in passages.at([2, 0])] == [IDS[2], IDS[0]]
    assert passages.at([]) == []
    assert all(passages[name].passage_id == name and name in passages for name in IDS)


def test_a_copy_names_the_article_that_says_it_again_and_both_ranges(passages):
    # In b.txt 村里的新路 is 0 to 5, a break, 路修好了路好。 6 to 13, a break; the sentence is 14 to 22.
    # In a.txt it is 12 to 20.
    assert [passage.copies for passage in passages.values()] == [(), (Copy("b.txt#1", 14, 22, 12, 20),), ()]
    assert passages["a.txt#1:12"] == Passage(
        "a.txt#1:12", "a.txt#1", "两岸不用再绕行。", 12, 20, (Copy("b.txt#1", 14, 22, 12, 20),)
    )


def test_numbers_for_those_who_need_no_text(passages):
    assert passages.article_rows.tolist() == [0, 0, 1]
    assert [rows.tolist() for rows in passages.copy_rows] == [[1], [1]]
    assert passages.of_articles(0, 1) == (0, 2)
    assert passages.of_articles(1, 2) == (2, 3)
    assert passages.of_articles(0, 2) == (0, 3)
    assert passages.of_articles(2, 2) == (3, 3)


def test_a_range_comes_with_its_articles_from_wherever_it_begins(passages, folder):
    articles = list(open_articles(folder).values())
    for first in range(4):
        for last in range(first, 4):
            found = list(passages.each(first, last))
            assert [passage.passage_id for passage, _ in found] == IDS[first:last]
            assert [article for _, article in found] == [articles[0], articles[0], articles[1]][first:last]


@pytest.mark.parametrize(
    "name",
    [
        "", ":", "a.txt#1", "a.txt#1:", ":0", "a.txt#1:1", "a.txt#1:-0", "a.txt#1:00", "a.txt#1:012", "a.txt#1: 12",
        "a.txt#1:١٢", "a.txt#1:１２", "a.txt#1:²", "c.txt#1:0", "b.txt#1:14", "a.txt#1:0:0",
        "a.txt#1:99999999999999999999", "a.txt#1:" + "9" * 5_000, 0, None,
    ],
)  # fmt: skip
def test_an_id_that_no_passage_has(passages, name):
    assert name not in passages
    if isinstance(name, str):
        assert passages.get(name) is None
        for look in (passages.row, passages.__getitem__):
            with pytest.raises(KeyError) as told:
                look(name)
            assert told.value.args == (name,)


def test_a_colon_in_the_name_of_a_file(texts_folder):
    passages = load(texts_folder({"a:7.txt": PAGES["a.txt"]}, size=12))
    assert list(passages) == ["a:7.txt#1:0", "a:7.txt#1:12"]
    assert [passages.row(name) for name in passages] == [0, 1]


def test_a_store_without_a_passage(texts_folder):
    passages = load(texts_folder({"a.txt": "\n"}))
    assert (len(passages), list(passages), list(passages.values()), "a.txt#1:0" in passages) == (0, [], [], False)


_PARTS = st.lists(
    st.sampled_from(["甲。", "乙，", "丙丙。", "桥通车", "橋通車", "\n\n", "“丁。”", " ", "# 头\n\n"]), max_size=12
)


@given(st.lists(_PARTS, min_size=1, max_size=4), st.integers(1, 20), st.integers(0, 6))
def test_what_was_written_is_what_was_cut(tmp_path_factory, parts, size, overlap):
    folder = tmp_path_factory.mktemp("passages")
    config = IndexConfig.model_construct(passage_size=size, passage_overlap=overlap)
    pages = [Page(f"p{number}", "".join(part) or "空", "utf-8", "") for number, part in enumerate(parts)]
    write_texts(folder, pages, config)
    expected = chunk_once(list(open_articles(folder).values()), size, overlap)
    passages = load(folder)
    assert list(passages.values()) == expected
    assert list(passages) == [passage.passage_id for passage in expected]
    assert passages.at(range(len(passages))) == expected
    assert [passages.row(passage.passage_id) for passage in expected] == [*range(len(expected))]


def test_a_cutter_keeps_no_text(folder):
    articles = list(open_articles(folder).values())
    asked = []
    cutter = Cutter(12, 0, lambda place: asked.append(place) or articles[place])
    for article in articles:
        cutter.add(article)
    assert list(cutter.places()) == [(0, 0, 11), (0, 12, 20), (1, 0, 13)]
    assert cutter.copies == [(1, 1, 14, 22, 12, 20)]
    assert asked == [0]  # for the one text that looks like an earlier one
    assert len(cutter) == 3


def test_copies_are_written_by_rising_passage(tmp_path, folder):
    """Whatever the order in which they were found."""
    articles = list(open_articles(folder).values())
    cutter = Cutter(12, 0, articles.__getitem__)
    for article in articles:
        cutter.add(article)
    cutter.copies = [(2, 0, 3, 4, 5, 6), (0, 1, 1, 2, 3, 4), (2, 1, 7, 8, 9, 10)]
    write_passages(tmp_path / PASSAGES, tmp_path / COPIES, cutter)
    found = load_passages(open_articles(folder), tmp_path / PASSAGES, tmp_path / COPIES)
    assert [passage.copies for passage in found.values()] == [
        (Copy("b.txt#1", 1, 2, 3, 4),),
        (),
        (Copy("a.txt#1", 3, 4, 5, 6), Copy("b.txt#1", 7, 8, 9, 10)),
    ]


def test_a_changed_article_has_the_same_passages_where_its_text_is_the_same(folder):
    (first, *_) = open_articles(folder).values()
    assert chunk(replace(first, title="other"), 12) == chunk(first, 12)


@pytest.mark.parametrize("name", [PASSAGES, COPIES])
@pytest.mark.parametrize("damage", ["missing", "cut off", "zeros"])
def test_a_damaged_table_is_refused(folder, name, damage):
    data = (folder / name).read_bytes()
    (folder / name).unlink()
    if damage != "missing":
        (folder / name).write_bytes(data[:-1] if damage == "cut off" else bytes(len(data)))
    with pytest.raises(StoreError, match=rf"{name} is missing or damaged"):
        load(folder)


@pytest.mark.parametrize(
    ("name", "row", "number"), [(PASSAGES, 0, 2), (PASSAGES, 0, -1), (COPIES, 0, 3), (COPIES, 1, 2)]
)
def test_a_table_that_names_what_is_not_there_is_refused(folder, name, row, number):
    table = np.load(folder / name)
    table[row, -1] = number
    np.save(folder / name, table)
    with pytest.raises(StoreError, match="it names articles that are not there"):
        load(folder)
