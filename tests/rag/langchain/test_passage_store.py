"""Is ours a LangChain vector store, and does it leave the store on disk alone?"""

from __future__ import annotations

import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests

from rag.langchain.passage_store import PassageVectorStore

TEXTS = ["大桥上的龙舟", "大桥", "果园"]


@pytest.fixture
def filled(keyword_embedder):
    """大桥上的龙舟 is (0.71, 0.71, 0), 大桥 (1, 0, 0), 果园 (0, 0, 1)."""
    embedder = keyword_embedder(["大桥", "龙舟", "果园"])
    return PassageVectorStore.from_texts(TEXTS, embedder, [{"n": n} for n in range(3)], ids=["a", "b", "c"])


def test_nearest_first_with_the_cosine(filled):
    # 大桥 with itself 1, with (0.71, 0.71, 0) 1 / sqrt 2 = 0.7071, with 果园 0.
    found = filled.similarity_search_with_score("大桥", k=3)
    assert [(d.id, d.page_content, d.metadata["n"]) for d, _ in found] == [
        ("b", "大桥", 1), ("a", "大桥上的龙舟", 0), ("c", "果园", 2),
    ]  # fmt: skip
    assert [score for _, score in found] == [pytest.approx(1), pytest.approx(0.70711, abs=1e-5), pytest.approx(0)]
    assert [d.id for d in filled.similarity_search("龙舟", k=1)] == ["a"]
    assert [d.id for d in filled.similarity_search_by_vector([0, 0, 8.0], k=1)] == ["c"]  # brought to length 1


def test_relevance_is_between_zero_and_one(filled):
    # (1 + cosine) / 2
    found = filled.similarity_search_with_relevance_scores("大桥", k=3)
    assert [score for _, score in found] == [pytest.approx(1), pytest.approx(0.853553, abs=1e-5), pytest.approx(0.5)]
    assert all(0 <= score <= 1 for _, score in found)


def test_relevance_of_a_text_to_itself_is_never_above_one(tmp_path):
    """LangChain warns above 1, and rounding would take some vectors there."""
    from langchain_core.embeddings import DeterministicFakeEmbedding

    texts = [f"text {number}" for number in range(60)]
    store = PassageVectorStore.from_texts(texts, DeterministicFakeEmbedding(size=48))
    for text in texts:
        (document, score), *_ = store.similarity_search_with_relevance_scores(text, k=1)
        assert document.page_content == text
        assert score == pytest.approx(1.0)
        assert score <= 1.0


def test_an_id_that_is_there_is_overwritten(filled):
    assert filled.add_texts(["龙舟"], [{"n": 9}], ids=["b"]) == ["b"]
    assert filled.get_by_ids(["b"]) == [Document(id="b", page_content="龙舟", metadata={"n": 9})]
    assert sorted(d.id for d in filled.similarity_search("大桥", k=9)) == ["a", "b", "c"]
    assert filled.similarity_search("龙舟", k=1)[0].id == "b"


def test_the_same_id_twice_in_one_call_is_one_document(filled):
    assert filled.add_texts(["龙舟", "果园"], ids=["x", "x"]) == ["x", "x"]
    assert [d.page_content for d in filled.get_by_ids(["x"])] == ["果园"]
    assert sorted(d.id for d in filled.similarity_search("果园", k=9)) == ["a", "b", "c", "x"]


def test_missing_ids_are_made_up(filled):
    given, made = filled.add_texts(["龙舟", "果园"], ids=["y", None])
    assert given == "y"
    assert made
    assert made != "y"
    assert len(filled.get_by_ids([given, made])) == 2


def test_counts_that_do_not_match_are_refused_and_change_nothing(filled):
    with pytest.raises(ValueError, match="argument"):
        filled.add_texts(["龙舟", "果园"], [{}])
    with pytest.raises(ValueError, match="argument"):
        filled.add_texts(["龙舟", "果园"], ids=["x"])
    assert len(filled.similarity_search("龙舟", k=9)) == 3


def test_delete(filled):
    assert filled.delete(["b", "unknown", "b"])
    assert [d.id for d in filled.get_by_ids(["a", "b", "c"])] == ["a", "c"]
    assert [d.id for d in filled.similarity_search("大桥", k=1)] == ["a"]
    assert filled.delete()
    assert filled.similarity_search("大桥") == []
    filled.add_texts(["大桥"], ids=["b"])
    assert [d.id for d in filled.similarity_search("大桥")] == ["b"]


def test_what_is_handed_out_can_be_changed_without_harm(filled):
    filled.get_by_ids(["a"])[0].metadata["n"] = 99
    filled.similarity_search("龙舟", k=1)[0].metadata["n"] = 99
    assert filled.get_by_ids(["a"])[0].metadata == {"n": 0}


def test_an_empty_one(keyword_embedder):
    empty = PassageVectorStore(keyword_embedder(["大桥"]))
    assert empty.similarity_search("大桥") == []
    assert empty.add_texts([]) == []
    assert empty.delete()
    assert empty.get_by_ids(["a"]) == []


def test_all_passages_of_a_store(tiny_store):
    vectors = PassageVectorStore.from_store(tiny_store)
    assert vectors.embeddings is tiny_store.embedder
    found = vectors.similarity_search_with_score("大桥", k=1)
    assert [(d.id, d.metadata["headline"], score) for d, score in found] == [
        ("liuhe.txt#10:0", "鹿鸣大桥通车", pytest.approx(1.0))
    ]
    assert {d.id for d in vectors.similarity_search("大桥", k=99)} == set(tiny_store.passages)


def test_adding_and_deleting_do_not_touch_the_store(tiny_store):
    vector = tiny_store.embedder.encode_query("大桥")
    before = tiny_store.dense.search(vector, 9)
    vectors = PassageVectorStore.from_store(tiny_store)
    vectors.add_texts(["大桥，大桥"], ids=["mine"])
    vectors.delete(["liuhe.txt#10:0"])
    assert [d.id for d in vectors.similarity_search("大桥", k=1)] == ["mine"]
    assert tiny_store.dense.search(vector, 9) == before
    assert "liuhe.txt#10:0" in tiny_store.passages


def test_it_gives_a_langchain_retriever(filled):
    documents = filled.as_retriever(search_kwargs={"k": 2}).invoke("大桥")
    assert [d.id for d in documents] == ["b", "a"]


class TestLangChainStandard(VectorStoreIntegrationTests):
    """LangChain's own tests of a vector store."""

    @pytest.fixture
    def vectorstore(self) -> VectorStore:
        return PassageVectorStore(self.get_embeddings())


def test_a_filter_by_metadata_or_by_a_function_chooses_what_counts(filled):
    assert [d.id for d in filled.similarity_search("大桥", k=3, filter={"n": 2})] == ["c"]
    assert [d.id for d in filled.similarity_search("大桥", k=3, filter=lambda d: d.metadata["n"] < 2)] == ["b", "a"]
    assert filled.similarity_search("大桥", k=3, filter={"n": 0, "other": None}) == []  # a missing name is no None
    assert [d.id for d in filled.similarity_search_by_vector([1, 0, 0], k=1, filter={"n": 2})] == ["c"]
    assert [d.id for d in filled.as_retriever(search_kwargs={"filter": {"n": 0}}).invoke("大桥")] == ["a"]


def test_a_filter_finds_what_is_further_away_than_the_first_look(keyword_embedder):
    """300 documents equally near, and the one that counts is the farthest."""
    texts = ["大桥"] * 300 + ["果园"]
    store = PassageVectorStore.from_texts(texts, keyword_embedder(["大桥", "果园"]), [{"n": n} for n in range(301)])
    assert [d.page_content for d in store.similarity_search("大桥", k=2, filter={"n": 300})] == ["果园"]


def test_marginal_relevance_prefers_what_is_unlike(filled):
    """大桥 has cosine 1, 大桥上的龙舟 0.71, 果园 0. At 0.5 the second choice weighs 0.71 - 0.71 = 0 against 0 - 0 = 0,
    and at 0.1 nearness counts little: 果园 wins with 0 against 0.071 - 0.636."""
    filled.add_texts(["大桥"], [{"n": 3}], ids=["d"])
    assert {d.id for d in filled.similarity_search("大桥", k=2)} == {"b", "d"}
    chosen = filled.max_marginal_relevance_search("大桥", k=2, lambda_mult=0.1)
    assert [d.page_content for d in chosen] == ["大桥", "果园"]
    retriever = filled.as_retriever(search_type="mmr", search_kwargs={"k": 2, "lambda_mult": 0.1})
    assert [d.page_content for d in retriever.invoke("大桥")] == ["大桥", "果园"]
    only = filled.max_marginal_relevance_search("大桥", k=2, lambda_mult=0.1, filter={"n": 0})
    assert [d.id for d in only] == ["a"]
    assert filled.max_marginal_relevance_search("大桥", filter={"n": 7}) == []


async def test_marginal_relevance_and_filter_for_those_who_await(filled):
    assert [d.id for d in await filled.asimilarity_search("大桥", k=3, filter={"n": 2})] == ["c"]
    assert [d.id for d in await filled.amax_marginal_relevance_search("大桥", k=1)] == ["b"]


@pytest.mark.parametrize(
    "search", ["similarity_search", "similarity_search_with_score", "max_marginal_relevance_search"]
)
def test_an_unknown_argument_is_refused(filled, search):
    with pytest.raises(TypeError, match="unknown arguments: where; k, filter"):
        getattr(filled, search)("大桥", where={"n": 1})
