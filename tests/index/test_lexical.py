"""Do the scores follow the formula of BM25, and does an unknown word find nothing?"""

from __future__ import annotations

import math
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import StoreError
from index.lexical import LexicalIndex

BOATS, ORCHARD = "龙舟，龙舟。", "果园。"


def test_scores_follow_the_formula():
    # Words: [龙舟 龙舟] and [果园]. n = 2, df = 1: idf = ln(1 + 1.5 / 1.5) = ln 2. The mean length is 1.5.
    # 龙舟 in the first: tf = 2, k1 (1 - b + b * 2 / 1.5) = 1.2 * 1.25 = 1.5, so ln 2 * 2 / (2 + 1.5).
    # 果园 in the second: tf = 1, 1.2 * (0.25 + 0.75 / 1.5) = 0.9, so ln 2 / 1.9.
    index = LexicalIndex([BOATS, ORCHARD])
    assert index.search("龙舟", 5) == [(0, pytest.approx(math.log(2) * 2 / 3.5))]
    assert index.search("果园", 5) == [(1, pytest.approx(math.log(2) / 1.9))]
    # 0.396 against 0.365: the text that says its word twice comes first.
    assert [key for key, _ in index.search("果园 龙舟", 5)] == [0, 1]
    assert [key for key, _ in index.search("果园 龙舟", 1)] == [0]


def test_script_width_and_case_do_not_matter():
    index = LexicalIndex(["圖書館的ＡＩ", ORCHARD])
    assert index.search("图书馆", 5) == index.search("圖書館", 5) != []
    assert index.search("ai", 5) == index.search("ＡＩ", 5) != []


@pytest.mark.parametrize("query", ["大桥", "", "。！", "的确良"])
def test_a_query_without_a_known_word_finds_nothing(query):
    assert LexicalIndex([BOATS, ORCHARD]).search(query, 5) == []


def test_equal_scores_are_ordered_by_key_and_texts_without_the_word_stay_away():
    index = LexicalIndex([BOATS, ORCHARD, BOATS, BOATS])
    found = index.search("龙舟", 10)
    assert [key for key, _ in found] == [0, 2, 3]
    assert len({score for _, score in found}) == 1
    assert [key for key, _ in index.search("龙舟", 2)] == [0, 2]


def test_texts_without_a_word_can_be_held():
    index = LexicalIndex(["。", BOATS, "！"])
    assert len(index) == 3
    assert [key for key, _ in index.search("龙舟", 5)] == [1]
    assert LexicalIndex(["。"]).search("龙舟", 5) == []


def test_idf():
    index = LexicalIndex([BOATS, BOATS, ORCHARD])
    # n = 3: df 2 gives ln(1 + 1.5 / 2.5), df 1 gives ln(1 + 2.5 / 1.5), df 0 gives ln(1 + 3.5 / 0.5) = ln 8.
    assert index.idf("龙舟") == pytest.approx(math.log(1.6))
    assert index.idf("果园") == pytest.approx(math.log(1 + 2.5 / 1.5))
    assert index.idf("大桥") == pytest.approx(math.log(8))


@given(st.lists(st.sampled_from([BOATS, ORCHARD, "龙舟与果园。", "。", "大桥上的龙舟"]), min_size=1, max_size=8))
def test_all_and_only_the_texts_that_share_a_word_are_found(texts):
    found = LexicalIndex(texts).search("龙舟", 20)
    assert sorted(key for key, _ in found) == [key for key, text in enumerate(texts) if "龙舟" in text]
    assert all(score > 0 for _, score in found)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def test_what_was_saved_answers_alike(tmp_path):
    index = LexicalIndex([BOATS, ORCHARD, "龙舟与果园。"])
    index.save(tmp_path)
    loaded = LexicalIndex.load(tmp_path, 3)
    assert len(loaded) == 3
    for query in ("龙舟", "果园 龙舟", "大桥"):
        assert loaded.search(query, 5) == index.search(query, 5)
    assert [loaded.idf(word) for word in ("龙舟", "大桥")] == [index.idf(word) for word in ("龙舟", "大桥")]


def test_another_count_is_refused(tmp_path):
    LexicalIndex([BOATS, ORCHARD]).save(tmp_path)
    with pytest.raises(StoreError, match=r"holds 2 texts, not 3\. Run `wenju build` again\."):
        LexicalIndex.load(tmp_path, 3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    LexicalIndex([BOATS, ORCHARD]).save(folder)
    return folder


def test_no_file_is_a_pickle(saved):
    files = sorted(file.name for file in saved.iterdir())
    assert files == [
        "data.csc.index.npy",
        "indices.csc.index.npy",
        "indptr.csc.index.npy",
        "params.index.json",
        "vocab.index.json",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "data.csc.index.npy",
        "indices.csc.index.npy",
        "indptr.csc.index.npy",
        "params.index.json",
        "vocab.index.json",
    ],
)
@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "zeros"])
def test_a_damaged_file_is_refused(tmp_path, saved, name, damage):
    folder = tmp_path / "lexical"
    shutil.copytree(saved, folder)
    data = (folder / name).read_bytes()
    if damage == "missing":
        (folder / name).unlink()
    else:
        half = data[: len(data) // 2]
        (folder / name).write_bytes({"empty": b"", "truncated": half, "zeros": bytes(len(data))}[damage])
    with pytest.raises(StoreError, match=r"lexical cannot be read \("):
        LexicalIndex.load(folder, 2)
