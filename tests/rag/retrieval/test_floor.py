"""Tests of the floor under a search: what is not in the collection finds nothing, what is stays, in its order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.build import build_store
from index.config import IndexConfig
from index.store.opened import open_store
from rag.retrieval.floor import related
from rag.retrieval.retriever import search


@pytest.fixture(scope="module")
def seeds(seeds_folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("store")
    build_store(seeds_folder, path, IndexConfig())
    return open_store(path)


def found(store, query):
    return related(store, query, search(store, query, 20, read=False))


@pytest.mark.parametrize("query", ["量子纠缠", "区块链", "恐龙化石", "quantum entanglement", "诺贝尔奖", "的"])
def test_what_is_not_in_the_collection_finds_nothing(seeds, query):
    assert found(seeds, query) == []


@pytest.mark.parametrize(
    "query", ["技能竞赛", "年貨節", "食堂", "skills competition", "捐款"]
)  # the last in other words
def test_what_is_in_it_is_found_by_words_or_by_meaning_in_its_order(seeds, query):
    hits = found(seeds, query)
    assert hits
    assert [hit.rank for hit in hits] == sorted(hit.rank for hit in hits)
    assert len(hits) < 20


def test_with_a_model_of_another_scale_nothing_is_left_out(seeds):
    class Other:
        fingerprint = "another"

    hits = search(seeds, "量子纠缠", 5, read=False)
    assert related(replace(seeds, embedder=Other()), "量子纠缠", hits) == hits
    assert related(seeds, "量子纠缠", []) == []
