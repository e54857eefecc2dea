from __future__ import annotations

import numpy as np
import pytest

from training.evaluation import DevSet, Query, embed
from training.prepare import make_tokenizer
from training.ragged import encode
from training.sizes import fewer_words, size_table, turned, variants, whole_numbers

TEXTS = ["医院医生", "学校老师", "地铁列车", "hospital doctor"]


@pytest.fixture
def tokenizer(data, work, settings):
    return make_tokenizer(data, work, settings)


@pytest.fixture
def table(tokenizer):
    return np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)


def test_turning_changes_no_cosine_and_puts_the_strongest_direction_first(tokenizer, table):
    texts = encode(tokenizer, TEXTS)
    before = embed(texts, table)
    after = embed(texts, turned(table, before))
    assert np.allclose(before @ before.T, after @ after.T, atol=1e-4)
    strength = (after**2).sum(axis=0)
    assert (np.diff(strength) <= 1e-4).all()


def test_with_fewer_words_a_text_is_cut_into_those_that_are_left(tokenizer, table):
    smaller, rows = fewer_words(tokenizer, table, 0)
    assert len(rows) == smaller.get_vocab_size() < len(table)
    assert smaller.encode("醫院").tokens == ["医", "院"]
    for char in ("医", "院"):
        assert np.array_equal(rows[smaller.token_to_id(char)], table[tokenizer.token_to_id(char)])


def test_one_byte_a_number_is_near_the_number(table):
    error = np.abs(whole_numbers(table) - table).max(axis=1)
    assert (error <= np.abs(table).max(axis=1) / 200).all()
    assert not whole_numbers(np.zeros((1, 4), np.float32)).any()


def test_the_table_has_a_line_per_variant_and_a_column_per_figure(tokenizer, table):
    test = DevSet("made up", TEXTS, list("abcd"), [Query("医院", "plain", frozenset("a"))])
    shown = [("made up", "plain", "mrr@10"), ("absent", "plain", "mrr@10")]
    found = size_table([test], variants(tokenizer, table, TEXTS, [4], [500]), shown).splitlines()
    assert found[0] == "| table | MB | made up plain, mrr@10 |"
    assert len(found) == 2 + 5
