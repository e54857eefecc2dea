"""Is ours a LangChain vector store in Milvus too, and do documents outlive the object?"""

from __future__ import annotations

import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import VectorStore
from langchain_tests.integration_tests import VectorStoreIntegrationTests

pytest.importorskip("pymilvus")
pytest.importorskip("milvus_lite")

from index.errors import StoreError
from index.milvus.client import Column, connect
from index.store.address import parse_address
from rag.langchain.milvus_store import MilvusVectorStore

TEXTS = ["大桥上的龙舟", "大桥", "果园"]


@pytest.fixture
def address(tmp_path):
    from milvus_lite.server_manager import server_manager_instance

    yield f"milvus:{tmp_path}/lite.db/documents"
    server_manager_instance.release_server(f"{tmp_path}/lite.db")


@pytest.fixture
def filled(keyword_embedder, address):
    """大桥上的龙舟 is (0.71, 0.71, 0), 大桥 (1, 0, 0), 果园 (0, 0, 1)."""
    embedder = keyword_embedder(["大桥", "龙舟", "果园"])
    details = [{"n": n} for n in range(3)]
    return MilvusVectorStore.from_texts(TEXTS, embedder, details, ids=["a", "b", "c"], address=address)


def test_nearest_first_with_the_cosine(filled):
    # 大桥 with itself 1, with (0.71, 0.71, 0) 1 / sqrt 2 = 0.7071, with 果园 0.
    found = filled.similarity_search_with_score("大桥", k=3)
    assert [(d.id, d.page_content, d.metadata["n"]) for d, _ in found] == [
        ("b", "大桥", 1), ("a", "大桥上的龙舟", 0), ("c", "果园", 2),
    ]  # fmt: skip
    assert [score for _, score in found] == [pytest.approx(1), pytest.approx(0.70711, abs=1e-5), pytest.approx(0)]
    assert [d.id for d in filled.similarity_search_by_vector([0, 0, 8.0], k=1)] == ["c"]  # brought to length 1
    relevance = filled.similarity_search_with_relevance_scores("大桥", k=3)
    assert [score for _, score in relevance] == [
        pytest.approx(1),
        pytest.approx(0.853553, abs=1e-5),
        pytest.approx(0.5),
    ]


def test_documents_outlive_the_object(filled, address):
    again = MilvusVectorStore(filled.embeddings, address)
    assert [d.id for d in again.similarity_search("果园", k=1)] == ["c"]
    assert again.get_by_ids(["c", "none", "a"]) == [
        Document(id="c", page_content="果园", metadata={"n": 2}),
        Document(id="a", page_content="大桥上的龙舟", metadata={"n": 0}),
    ]


def test_an_id_may_hold_anything(filled):
    odd = "it's \"x\" \\ ' or key != '" + "长" * 9000
    assert filled.add_texts(["龙舟"], ids=[odd]) == [odd]
    assert [d.page_content for d in filled.get_by_ids([odd])] == ["龙舟"]
    assert filled.delete([odd, "unknown"])
    assert filled.get_by_ids([odd]) == []
    assert len(filled.similarity_search("大桥", k=9)) == 3


def test_the_same_id_twice_in_one_call_is_one_document(filled):
    assert filled.add_texts(["龙舟", "果园"], ids=["x", "x"]) == ["x", "x"]
    assert [d.page_content for d in filled.get_by_ids(["x"])] == ["果园"]
    assert [d.id for d in filled.similarity_search("果园", k=2)] in (["c", "x"], ["x", "c"])


def test_what_cannot_be_kept_is_refused_and_changes_nothing(filled):
    with pytest.raises(ValueError, match="argument"):
        filled.add_texts(["龙舟", "果园"], [{}])
    with pytest.raises(ValueError, match=r"document 'long' takes \d+ bytes"):
        filled.add_texts(["龙舟", "长" * 22_000], ids=["short", "long"])
    assert filled.get_by_ids(["short"]) == []


def test_an_empty_one(keyword_embedder, address):
    empty = MilvusVectorStore(keyword_embedder(["大桥"]), address)
    assert empty.similarity_search("大桥") == []
    assert empty.add_texts([]) == []
    assert empty.get_by_ids(["a"]) == []
    assert empty.delete(["a"])
    assert empty.delete()


def test_what_somebody_else_keeps_stays_theirs(keyword_embedder, filled, address):
    engine = connect(parse_address(address))
    engine.create("theirs", [Column("key", "text", 64, primary=True), Column("dense", "vector", 2)])
    connect(parse_address(address.replace("documents", "alias"))).switch("theirs")
    for name in ("theirs", "alias"):
        with pytest.raises(StoreError, match=r"/\w+ holds something else\. Give another"):
            MilvusVectorStore(keyword_embedder(["大桥"]), address.replace("documents", name))


def test_all_can_go(filled):
    assert filled.delete()
    assert filled.similarity_search("大桥") == []
    filled.add_texts(["大桥"], ids=["b"])
    assert [d.id for d in filled.similarity_search("大桥")] == ["b"]


def test_nobody_answers(keyword_embedder, monkeypatch):
    monkeypatch.setattr("index.milvus.client._PATIENCE", 0.3)
    with pytest.raises(StoreError, match="does not answer"):
        MilvusVectorStore(keyword_embedder(["大桥"]), "milvus://127.0.0.1:9/documents")


class TestLangChainStandard(VectorStoreIntegrationTests):
    """LangChain's own tests of a vector store."""

    @pytest.fixture
    def vectorstore(self, address: str) -> VectorStore:
        return MilvusVectorStore(self.get_embeddings(), address)
