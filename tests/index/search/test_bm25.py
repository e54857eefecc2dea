"""Do the scores follow the formula of BM25, and does an unknown word find nothing?"""

from __future__ import annotations

import math
import random
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import StoreError
from index.search.bm25 import LexicalIndex, hash_word
from index.search.bm25_build import PostingsWriter, count_words, index_texts

BOATS, ORCHARD = "龙舟，龙舟。", "果园。"


def test_scores_follow_the_formula():
    # Words: [龙舟 龙舟] and [果园]. n = 2, df = 1: idf = ln(1 + 1.5 / 1.5) = ln 2. The mean length is 1.5.
    # 龙舟 in the first: tf = 2, k1 (1 - b + b * 2 / 1.5) = 1.2 * 1.25 = 1.5, so ln 2 * 2 / (2 + 1.5).
    # 果园 in the second: tf = 1, 1.2 * (0.25 + 0.75 / 1.5) = 0.9, so ln 2 / 1.9.
    index = index_texts([BOATS, ORCHARD])
    assert index.search("龙舟", 5) == [(0, pytest.approx(math.log(2) * 2 / 3.5))]
    assert index.search("果园", 5) == [(1, pytest.approx(math.log(2) / 1.9))]
    # 0.396 against 0.365: the text that says its word twice comes first.
    assert [key for key, _ in index.search("果园 龙舟", 5)] == [0, 1]
    assert [key for key, _ in index.search("果园 龙舟", 1)] == [0]


def test_script_width_and_case_do_not_matter():
    index = index_texts(["圖書館的ＡＩ", ORCHARD])
    assert index.search("图书馆", 5) == index.search("圖書館", 5) != []
    assert index.search("ai", 5) == index.search("ＡＩ", 5) != []


@pytest.mark.parametrize("query", ["大桥", "", "。！", "的确良"])
def test_a_query_without_a_known_word_finds_nothing(query):
    assert index_texts([BOATS, ORCHARD]).search(query, 5) == []


def test_equal_scores_are_ordered_by_key_and_texts_without_the_word_stay_away():
    index = index_texts([BOATS, ORCHARD, BOATS, BOATS])
    found = index.search("龙舟", 10)
    assert [key for key, _ in found] == [0, 2, 3]
    assert len({score for _, score in found}) == 1
    assert [key for key, _ in index.search("龙舟", 2)] == [0, 2]


def test_texts_without_a_word_can_be_held():
    index = index_texts(["。", BOATS, "！"])
    assert len(index) == 3
    assert [key for key, _ in index.search("龙舟", 5)] == [1]
    assert index_texts(["。"]).search("龙舟", 5) == []


def test_idf():
    index = index_texts([BOATS, BOATS, ORCHARD])
    # n = 3: df 2 gives ln(1 + 1.5 / 2.5), df 1 gives ln(1 + 2.5 / 1.5), df 0 gives ln(1 + 3.5 / 0.5) = ln 8.
    assert index.idf("龙舟") == pytest.approx(math.log(1.6))
    assert index.idf("果园") == pytest.approx(math.log(1 + 2.5 / 1.5))
    assert index.idf("大桥") == pytest.approx(math.log(8))


@given(st.lists(st.sampled_from([BOATS, ORCHARD, "龙舟与果园。", "。", "大桥上的龙舟"]), min_size=1, max_size=8))
def test_all_and_only_the_texts_that_share_a_word_are_found(texts):
    found = index_texts(texts).search("龙舟", 20)
    assert sorted(key for key, _ in found) == [key for key, text in enumerate(texts) if "龙舟" in text]
    assert all(score > 0 for _, score in found)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


def save(folder, texts):
    writer = PostingsWriter(folder)
    writer.add(count_words(texts))
    writer.finish()


def test_what_was_saved_answers_alike(tmp_path):
    texts = [BOATS, ORCHARD, "龙舟与果园。"]
    index = index_texts(texts)
    save(tmp_path, texts)
    loaded = LexicalIndex.load(tmp_path, 3)
    assert len(loaded) == 3
    for query in ("龙舟", "果园 龙舟", "大桥"):
        assert loaded.search(query, 5) == index.search(query, 5)
        assert loaded.scores(query, [2, 0]) == index.scores(query, [2, 0])
    assert [loaded.idf(word) for word in ("龙舟", "大桥")] == [index.idf(word) for word in ("龙舟", "大桥")]
    assert list(loaded.words()) == list(index.words()) == ["龙舟", "果园", "与"]


def test_another_count_is_refused(tmp_path):
    save(tmp_path, [BOATS, ORCHARD])
    with pytest.raises(StoreError, match=r"holds 2 texts, not 3\. Run .*`wenju build` again\."):
        LexicalIndex.load(tmp_path, 3)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved")
    save(folder, [BOATS, ORCHARD])
    return folder


READ = ["hashes.npy", "info.json", "rows.npy", "scores.npy", "starts.npy"]  # by a search


def test_no_file_is_a_pickle(saved):
    assert sorted(file.name for file in saved.iterdir()) == [*READ, "words.jsonl"]


@pytest.mark.parametrize("name", READ)
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
    with pytest.raises(StoreError, match=rf"lexical/{name} is missing or damaged \(.*`wenju doctor --repair`"):
        LexicalIndex.load(folder, 2)


@pytest.mark.parametrize("info", ["{}", "[]", '{"texts": null}', '{"texts": "many"}', "3"])
def test_an_info_that_tells_no_count_is_refused(tmp_path, saved, info):
    folder = shutil.copytree(saved, tmp_path / "lexical")
    (folder / "info.json").write_text(info, encoding="utf-8")
    with pytest.raises(StoreError, match=r"info\.json is missing or damaged"):
        LexicalIndex.load(folder, 2)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "zeros"])
def test_lost_words_are_told_by_what_reads_them_and_a_search_has_no_use_for_them(tmp_path, saved, damage):
    folder = shutil.copytree(saved, tmp_path / "lexical")
    data = (folder / "words.jsonl").read_bytes()
    (folder / "words.jsonl").unlink()
    if damage != "missing":
        cut = {"empty": b"", "truncated": data[:-3], "zeros": bytes(len(data))}[damage]
        (folder / "words.jsonl").write_bytes(cut)
    index = LexicalIndex.load(folder, 2)
    assert [row for row, _ in index.search("果园", 5)] == [1]
    with pytest.raises(StoreError, match=r"words\.jsonl is missing or damaged"):
        index.words()


# Rows that may come back


def mask(size, *rows):
    allowed = np.zeros(size, bool)
    allowed[list(rows)] = True
    return allowed


def test_only_rows_that_are_allowed_come_back():
    index = index_texts([BOATS, ORCHARD, "龙舟与果园。", BOATS])
    assert [row for row, _ in index.search("龙舟 果园", 5, mask(4, 1, 3))] == [1, 3]  # rarer, then twice said
    assert [row for row, _ in index.search("龙舟 果园", 1, mask(4, 1, 3))] == [1]
    assert index.search("龙舟", 5, mask(4, 1)) == []
    assert index.search("龙舟", 5, mask(4)) == []
    assert index.search("龙舟", 5, mask(4, 0, 1, 2, 3)) == index.search("龙舟", 5)


def test_the_scores_of_rows_are_given_in_their_order():
    index = index_texts([BOATS, ORCHARD, "龙舟与果园。"])
    found = dict(index.search("龙舟 果园", 5))
    assert index.scores("龙舟 果园", [2, 0, 1, 2]) == pytest.approx([found[2], found[0], found[1], found[2]])
    assert index.scores("龙舟", [1]) == [0.0]
    assert index.scores("的确良", [0, 1, 2]) == [0.0, 0.0, 0.0]
    assert index.scores("龙舟", []) == []


# A large collection is searched by the rare words of a question

COMMON, SOME, RARE = ("今天", "大桥"), ("龙舟", "果园", "操场"), ("红鲤", "粮仓", "火箭", "沙漠")


@pytest.fixture(scope="module")
def many():
    """300 texts: common words in two of three, others in one of ten, rare ones in one of sixty."""
    rng = random.Random(5)
    chances = [(word, share) for words, share in ((COMMON, 0.66), (SOME, 0.1), (RARE, 0.016)) for word in words]
    return [
        "，".join(word for word, share in chances for _ in range(rng.randint(1, 3)) if rng.random() < share)
        for _ in range(300)
    ]


QUERIES = st.lists(st.sampled_from([*COMMON * 4, *SOME * 2, *RARE, "的确良"]), min_size=1, max_size=12).map(" ".join)


@given(QUERIES, st.integers(1, 320), st.none() | st.integers(0, 2**32 - 1))
def test_a_search_finds_the_best_of_all_scores(many, query, k, seed):
    index = index_texts(many)
    allowed = np.ones(len(many), bool) if seed is None else np.random.default_rng(seed).random(len(many)) < 0.3
    scores = np.where(allowed, index.scores(query, range(len(many))), 0)
    best = np.sort(scores[scores > 0])[::-1][:k]
    found = index.search(query, k, None if seed is None else allowed)
    assert [score for _, score in found] == pytest.approx(best.tolist(), rel=1e-5)
    assert [score for _, score in found] == pytest.approx([scores[row] for row, _ in found], rel=1e-5)
    assert all(allowed[row] for row, _ in found)
    assert found == sorted(found, key=lambda pair: (-pair[1], pair[0]))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_a_text_with_all_the_common_words_is_not_passed_over(k):
    """Where many common words together are worth more than the one rare word, which three texts hold."""
    words = ["今天", "大桥", "龙舟", "果园", "操场"]
    rest = ["红鲤，" + "，".join(["别的", "事情"] * 30)] * 3
    index = index_texts(["，".join(words)] * 40 + rest + ["别的事情"] * 37)
    query = " ".join([*words * 4, "红鲤"])
    assert [row for row, _ in index.search(query, k)] == [0, 1, 2][:k]


@given(st.integers(1, 2000), st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_of_many_texts_the_few_best_are_all_found(size, seed, k):
    """A floor drawn from a sample of the scores leaves most texts out; it must leave out none of the best."""
    scores = np.random.default_rng(seed).integers(0, size, size)
    rows = np.flatnonzero(scores).astype(np.int32)
    held = np.asarray(scores, np.float32)[rows]
    hashes = np.array([[hash_word("大桥")], [0]], np.uint64).view(np.int64)
    index = LexicalIndex(len(scores), np.array([0, len(rows)]), rows, held, hashes, ["大桥"])
    expected = sorted(((row, float(score)) for row, score in enumerate(scores) if score), key=lambda s: (-s[1], s[0]))
    assert index.search("大桥", k) == expected[:k]
