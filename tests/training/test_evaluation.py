from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from training.evaluation import DevSet, Query, as_table, bm25_run, chunks, dense_run, score
from training.prepare import make_tokenizer


@pytest.fixture
def made_up():
    texts = ["医院医生", "学校老师", "地铁列车", "地铁开通"]
    queries = [Query("医院", "plain", frozenset({"a"})), Query("列车", "plain", frozenset({"b", "c"}))]
    return DevSet("made up", texts, ["a", "b", "c", "c"], queries)


def test_scores_are_counted_by_hand(made_up):
    # First query: found at rank 2. Second: one of its two documents, at rank 1.
    row = score(made_up, {"0": {"b": 0.9, "a": 0.5}, "1": {"c": 0.9}})[0]
    assert [row[metric][0] for metric in ("recall@1", "recall@5", "mrr@10")] == [0.25, 0.75, 0.75]
    assert row["recall@5"][1] <= 0.75 <= row["recall@5"][2]


def test_where_one_document_suffices_the_first_is_full_recall(made_up):
    row = score(replace(made_up, one_suffices=True), {"0": {"b": 0.9, "a": 0.5}, "1": {"c": 0.9}})[0]
    assert [row[metric][0] for metric in ("recall@1", "recall@5", "mrr@10")] == [0.5, 1.0, 0.75]


def test_a_query_that_found_nothing_counts_as_zero(made_up):
    assert score(made_up, {})[0]["mrr@10"][0] == 0.0


def test_a_document_is_as_near_as_its_nearest_text(data, work, settings, made_up):
    tokenizer = make_tokenizer(data, work, settings)
    run = dense_run(made_up, tokenizer, np.eye(tokenizer.get_vocab_size(), dtype=np.float32))
    assert next(iter(run["0"])) == "a"
    assert next(iter(run["1"])) == "c"
    assert run["1"]["c"] == pytest.approx(2**-0.5)


def test_keywords_find_the_words_of_the_question(made_up):
    assert list(bm25_run(made_up)["1"]) == ["c"]


def test_chunks_hold_all_of_the_text_and_a_long_sentence_stays_whole():
    text = "一二三四五六七八九十。甲。乙。"
    assert chunks(text, size=4) == ["一二三四五六七八九十。", "甲。乙。"]
    assert "".join(chunks(text, size=4)) == text


def test_the_table_has_a_line_per_system(made_up):
    rows = score(made_up, {})
    assert as_table({"one": rows, "two": rows}).count("| made up | plain | 2 |") == 2
