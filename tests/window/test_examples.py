"""Tests of the start page's questions: they come from the collection, and the collection answers them."""

from __future__ import annotations

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.chain import AnswerChain
from window.examples import Starters, examples


def test_examples_are_answered_by_the_collection(seeds_folder, tmp_path):
    build_store(seeds_folder, tmp_path, IndexConfig())
    store = open_store(tmp_path)
    made = examples(store, most=3)
    assert len(made) == len(set(made)) == 3
    chain = AnswerChain(store)
    assert all(chain.invoke(question).citations for question in made)
    assert examples(store, most=0) == []
    starters = Starters()
    assert starters.of(store) is starters.of(store)


def test_a_collection_that_suggests_nothing_has_none(make_store):
    assert examples(make_store({"a.txt": "2026\n"})) in ([], [""])[:1]
