"""Is the index of many blocks that of all texts at once, and are its scores those of a reference implementation?"""

from __future__ import annotations

import json
import math
from itertools import pairwise

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.search.bm25 import LexicalIndex
from index.search.bm25_build import PostingsWriter, count_words, index_texts
from index.text import tokens

TEXTS = [
    "龙舟，龙舟，龙舟。",
    "果园。",
    "",
    "龙舟与果园。",
    "柳河大桥昨天通车，全长860米。",
    "大桥上的龙舟，大桥下的龙舟。",
    "。！",
    "AI 与大桥",
    "果园果园果园果园果园",
]
FILES = ["hashes.npy", "info.json", "rows.npy", "scores.npy", "starts.npy", "words.jsonl"]


def write(folder, texts, cuts=()):
    """Index texts in blocks that end before these texts."""
    folder.mkdir(exist_ok=True)
    writer = PostingsWriter(folder)
    ends = [0, *sorted(cuts), len(texts)]
    for first, last in pairwise(ends):
        writer.add(count_words(texts[first:last]))
    writer.finish()
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def columns(index):
    """Word -> row -> score."""
    starts, rows, scores = index.postings()
    return {
        word: dict(
            zip(rows[starts[n] : starts[n + 1]].tolist(), scores[starts[n] : starts[n + 1]].tolist(), strict=True)
        )
        for n, word in enumerate(index.words())
    }


def test_words_are_counted_per_text():
    block = count_words(["龙舟，果园，龙舟。", "", "果园。"])
    assert block.words == ["龙舟", "果园"]
    # 龙舟 stands in text 0 twice; 果园 in text 0 and in text 2 once. Texts of 3, 0 and 1 words.
    assert (block.starts.tolist(), block.rows.tolist(), block.counts.tolist()) == ([0, 1, 3], [0, 0, 2], [2, 1, 1])
    assert block.lengths.tolist() == [3, 0, 1]


@pytest.mark.parametrize("texts", [[], [""], ["。", "！"]])
def test_texts_without_a_word(tmp_path, texts):
    block = count_words(texts)
    assert (block.words, block.starts.tolist(), len(block.rows), block.lengths.tolist()) == (
        [],
        [0],
        0,
        [0] * len(texts),
    )
    write(tmp_path / "index", texts)
    for index in (index_texts(texts), LexicalIndex.load(tmp_path / "index", len(texts))):
        assert len(index) == len(texts)
        assert index.search("龙舟", 5) == []
        assert index.scores("龙舟", range(len(texts))) == [0.0] * len(texts)


def test_scores_follow_the_formula():
    # Words: [龙舟 龙舟] and [果园]. n = 2, df = 1: idf = ln(1 + 1.5 / 1.5) = ln 2. The mean length is 1.5.
    # 龙舟 in the first: tf = 2, k1 (1 - b + b * 2 / 1.5) = 1.2 * 1.25 = 1.5, so ln 2 * 2 / (2 + 1.5).
    # 果园 in the second: tf = 1, 1.2 * (0.25 + 0.75 / 1.5) = 0.9, so ln 2 / 1.9.
    found = columns(index_texts(["龙舟，龙舟。", "果园。"]))
    assert found == {"龙舟": {0: pytest.approx(math.log(2) * 2 / 3.5)}, "果园": {1: pytest.approx(math.log(2) / 1.9)}}


def test_what_is_written(tmp_path):
    files = write(tmp_path / "index", ["龙舟，果园，龙舟。", "", "果园。"], cuts=[1])
    assert sorted(files) == FILES  # and none of the blocks
    assert json.loads(files["info.json"]) == {"texts": 3, "k1": 1.2, "b": 0.75}
    assert files["words.jsonl"].decode() == '"龙舟"\n"果园"\n'
    index = LexicalIndex.load(tmp_path / "index", 3)
    starts, rows, scores = index.postings()
    assert (starts.tolist(), rows.tolist(), len(scores)) == ([0, 1, 3], [0, 0, 2], 3)


@given(st.lists(st.sampled_from(TEXTS), max_size=9), st.lists(st.integers(0, 9), max_size=4), st.integers(1, 9))
def test_any_cut_into_blocks_gives_the_same_files(tmp_path_factory, texts, cuts, at_once):
    """Also where the postings of the words are merged in several ranges, and where a block is empty."""
    work = tmp_path_factory.mktemp("postings")
    whole = write(work / "whole", texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("index.search.bm25_build._AT_ONCE", at_once)
        assert write(work / "cut", texts, [min(cut, len(texts)) for cut in cuts]) == whole


@given(st.lists(st.sampled_from(TEXTS), max_size=9))
def test_what_was_written_is_what_is_made_in_memory(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("postings") / "index"
    write(folder, texts, cuts=[len(texts) // 2])
    written, made = LexicalIndex.load(folder, len(texts)), index_texts(texts)
    assert columns(written) == columns(made)
    assert list(written.words()) == list(made.words())
    for query in ("龙舟 大桥", "果园"):
        assert written.search(query, 9) == made.search(query, 9)


def test_ranges_hold_about_as_many_postings_as_are_merged_at_once(tmp_path, monkeypatch):
    """A word with more has a range of its own; none is left out."""
    from index.search.bm25_build import _Merged

    monkeypatch.setattr("index.search.bm25_build._AT_ONCE", 4)
    # Words with 1, 2, 1, 9, 1, 3, 1 postings: 1 + 2 + 1 fit, 9 alone, 1 + 3 fit, then the last.
    merged = _Merged(9, np.array([1, 2, 1, 9, 1, 3, 1]), 18.0)
    assert list(merged.ranges()) == [(0, 3), (3, 4), (4, 6), (6, 7)]


def reference(texts):
    """The same scores by bm25s: word -> row -> score."""
    words = [tokens(text) for text in texts]
    vocabulary = {word: number for number, word in enumerate(dict.fromkeys(w for each in words for w in each))}
    ids = [[vocabulary[word] for word in each] for each in words]
    index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    index.index(bm25s.tokenization.Tokenized(ids=ids, vocab=vocabulary), show_progress=False, create_empty_token=False)
    return vocabulary, index


@given(
    st.lists(
        st.lists(st.sampled_from(["龙舟", "果园", "大桥", "图书馆", "操场", "AI", "860"]), min_size=1, max_size=12).map(
            "，".join
        ),
        min_size=1,
        max_size=9,
    )
)
def test_scores_are_those_of_the_reference(texts):
    vocabulary, theirs = reference(texts)
    ours = columns(index_texts(texts))
    assert ours.keys() == vocabulary.keys()
    for word, number in vocabulary.items():
        expected = theirs.get_scores_from_ids([number])
        for row in range(len(texts)):
            assert ours[word].get(row, 0.0) == pytest.approx(float(expected[row]), rel=1e-5)


def test_the_ranking_of_a_page_is_that_of_the_reference(seeds_folder):
    page = sorted(seeds_folder.glob("*.txt"))[0].read_text(encoding="utf-8", errors="ignore")
    texts = [line for line in page.splitlines() if tokens(line)]
    vocabulary, theirs = reference(texts)
    ours = index_texts(texts)
    for query in texts[:40]:
        ids = [vocabulary[word] for word in tokens(query)]
        expected = theirs.get_scores_from_ids(ids)
        found = ours.search(query, 10)
        assert [score for _, score in found] == pytest.approx(np.sort(expected)[::-1][: len(found)].tolist(), rel=1e-4)
        assert [score for _, score in found] == pytest.approx(expected[[row for row, _ in found]].tolist(), rel=1e-4)
        assert ours.scores(query, range(len(texts))) == pytest.approx(expected.tolist(), rel=1e-4, abs=1e-6)


def test_a_folder_that_holds_blocks_already_is_not_written_over(tmp_path):
    """Two writers in one folder would mix their blocks."""
    PostingsWriter(tmp_path)
    with pytest.raises(FileExistsError):
        PostingsWriter(tmp_path)
