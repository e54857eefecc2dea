"""Is what is remembered of a text what would be found out anew, and is only so much remembered?"""

from __future__ import annotations

import math

import numpy as np
import pytest

from index.store.opened import search_text
from index.text import sentence_spans, tokens
from rag.retrieval import cache as memory

TEXTS = ["鹿鸣大桥全长860米。", "大橋通車。龍舟賽！", "", "王小明2023年到北京"]


@pytest.fixture
def counting(keyword_embedder):
    """An embedder that tells what it was asked to embed."""

    class Counting(keyword_embedder):
        def __init__(self):
            super().__init__(("大桥", "龙舟", "果园", "操场"))
            self.fingerprint, self.asked = f"counting {id(self)}", []

        def encode_documents(self, texts):
            self.asked.append(list(texts))
            return super().encode_documents(texts)

    return Counting()


@pytest.mark.parametrize("text", TEXTS)
def test_what_is_remembered_is_what_would_be_found(text):
    for _ in range(2):
        assert memory.sentences_of(text) == tuple(sentence_spans(text))


def test_the_traits_of_a_passage(make_store):
    store = make_store({"a.txt": "大桥通车\n本报记者 周小雨\n大橋通車。龍舟賽！"}, size=200)
    (passage,) = store.passages.values()
    article = store.articles[passage.article_id]
    traits = memory.traits_of(passage, article)
    assert traits is memory.traits_of(passage, article)
    assert traits.text == search_text(passage, article)
    assert traits.words == tuple(dict.fromkeys(tokens(traits.text)))  # 大桥 and 通车 stand twice
    assert traits.joined == "".join(tokens(traits.text))
    assert traits.sentences[-2:] == ("大橋通車。", "龍舟賽！")
    assert traits.length == pytest.approx(math.log(1 + len(passage.text)))


def test_a_group_of_texts_is_embedded_once(counting):
    groups = [("大桥", "龙舟"), ("果园",), ("大桥", "龙舟")]
    for _ in range(2):
        found = memory.groups_of(groups, counting)
        assert [vectors.tolist() for vectors in found] == [
            [[1, 0, 0, 0], [0, 1, 0, 0]],
            [[0, 0, 1, 0]],
            [[1, 0, 0, 0], [0, 1, 0, 0]],
        ]
    assert counting.asked == [["大桥", "龙舟", "果园"]]


def test_a_group_counts_by_its_texts(counting, monkeypatch):
    monkeypatch.setattr(memory, "_VECTORS", 2)
    memory.groups_of([("大桥", "龙舟")], counting)
    memory.groups_of([("果园",)], counting)  # the first goes
    memory.groups_of([("操场",)], counting)
    memory.groups_of([("果园",), ("操场",)], counting)
    assert counting.asked == [["大桥", "龙舟"], ["果园"], ["操场"]]


def test_a_text_is_embedded_once(counting):
    first = memory.vectors_of(["大桥", "龙舟", "大桥"], counting)
    second = memory.vectors_of(["果园", "大桥"], counting)
    assert counting.asked == [["大桥", "龙舟"], ["果园"]]
    # The four keywords are the dimensions.
    assert first.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 0, 0]]
    assert second.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0]]


def test_no_texts(counting):
    found = memory.vectors_of([], counting)
    assert (found.shape, found.dtype, counting.asked) == ((0, 4), np.float32, [])


def test_the_text_met_longest_ago_is_forgotten_first(counting, monkeypatch):
    monkeypatch.setattr(memory, "_VECTORS", 2)
    memory.vectors_of(["大桥", "龙舟"], counting)
    memory.vectors_of(["大桥"], counting)  # met again
    memory.vectors_of(["果园"], counting)  # 龙舟 goes
    memory.vectors_of(["大桥", "果园"], counting)
    memory.vectors_of(["龙舟"], counting)
    assert counting.asked == [["大桥", "龙舟"], ["果园"], ["龙舟"]]


def test_more_texts_than_are_remembered(counting, monkeypatch):
    monkeypatch.setattr(memory, "_VECTORS", 1)
    found = memory.vectors_of(["大桥", "龙舟", "果园"], counting)
    assert found.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def test_models_do_not_share_vectors(counting, keyword_embedder):
    other = keyword_embedder(("龙舟", "大桥"))
    assert memory.vectors_of(["大桥"], counting).tolist() == [[1, 0, 0, 0]]
    assert memory.vectors_of(["大桥"], other).tolist() == [[0, 1]]
