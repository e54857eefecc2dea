"""How do other LangChain programs use our vectors? A ``VectorStore`` over the same index as the store's."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from index.dense import DenseIndex
from index.embedding import Vectors
from index.store import Store
from rag.retriever import passage_document

__all__ = ["PassageVectorStore"]

_BLOCK = 10_000  # vectors that are copied at a time


class PassageVectorStore(VectorStore):
    """Cosine search over documents, in memory; from a store's passages, or from documents of the caller's.

    Adding and deleting change this object only. The store on disk is written by ``wenju build`` alone, so that what
    it holds is always what stands in the pages.

    Args:
        embedding: Any LangChain ``Embeddings``; its vectors are brought to length 1.
    """

    def __init__(self, embedding: Embeddings) -> None:
        self._embedding = embedding
        self._documents: dict[str, Document] = {}
        self._keys: dict[str, int] = {}
        self._ids: dict[int, str] = {}
        self._index: DenseIndex | None = None  # made with the first vector, which tells the width
        self._next_key = 0

    @classmethod
    def from_store(cls, store: Store) -> PassageVectorStore:
        """All passages of an open store, with the vectors that are there already."""
        made = cls(store.embedder)
        made._documents = {passage.passage_id: passage_document(store, passage) for passage in store.passages.values()}
        made._ids = dict(enumerate(made._documents))
        made._keys = {passage_id: row for row, passage_id in made._ids.items()}
        made._index = DenseIndex(store.manifest.dim)
        for first in range(0, len(made._ids), _BLOCK):
            rows = range(first, min(first + _BLOCK, len(made._ids)))
            made._index.add(rows, store.dense.vectors(rows))
        made._next_key = len(made._ids)
        return made

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> PassageVectorStore:
        """A new vector store over some texts."""
        made = cls(embedding)
        made.add_texts(texts, metadatas, ids=ids)
        return made

    @property
    def embeddings(self) -> Embeddings:
        """The model."""
        return self._embedding

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: Sequence[str | None] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        """Add texts; an id that is there already is overwritten, a missing one is made up.

        Returns:
            The ids, in the order of the texts.

        Raises:
            ValueError: ``metadatas`` or ``ids`` are not as many as the texts.
        """
        contents = list(texts)
        details = metadatas if metadatas is not None else [{} for _ in contents]
        named = [given or str(uuid.uuid4()) for given in (ids if ids is not None else [None] * len(contents))]
        documents = {
            name: Document(id=name, page_content=content, metadata=dict(detail))
            for name, content, detail in zip(named, contents, details, strict=True)
        }
        if documents:
            self._put(documents)
        return named

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Forget these documents, or all of them when ``ids`` is None; unknown ids are passed over."""
        known = [name for name in (self._keys if ids is None else ids) if name in self._keys]
        keys = [self._keys.pop(name) for name in dict.fromkeys(known)]
        for key in keys:
            del self._documents[self._ids.pop(key)]
        if self._index is not None and keys:
            self._index.remove(keys)
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids, in this order; unknown ids are passed over."""
        return [self._documents[name].model_copy(deep=True) for name in ids if name in self._documents]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        """The ``k`` documents nearest to a query, nearest first."""
        return [document for document, _ in self.similarity_search_with_score(query, k)]

    def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
        """The same with cosine similarities in [-1, 1]."""
        return self._nearest(self._embedding.embed_query(query), k)

    def similarity_search_by_vector(self, embedding: list[float], k: int = 4, **kwargs: Any) -> list[Document]:
        """The ``k`` documents nearest to a vector, nearest first."""
        return [document for document, _ in self._nearest(embedding, k)]

    def _select_relevance_score_fn(self) -> Any:
        return lambda similarity: (1.0 + similarity) / 2.0

    def _put(self, documents: dict[str, Document]) -> None:
        vectors = _unit(self._embedding.embed_documents([d.page_content for d in documents.values()]))
        self.delete(list(documents))
        if self._index is None:
            self._index = DenseIndex(vectors.shape[1])
        keys = range(self._next_key, self._next_key + len(documents))
        self._index.add(keys, vectors)
        self._next_key = keys.stop
        self._documents |= documents
        for key, name in zip(keys, documents, strict=True):
            self._keys[name], self._ids[key] = key, name

    def _nearest(self, embedding: list[float], k: int) -> list[tuple[Document, float]]:
        if self._index is None:
            return []
        found = self._index.search(_unit([embedding])[0], k)
        return [(self._documents[self._ids[key]].model_copy(deep=True), similarity) for key, similarity in found]


def _unit(rows: list[list[float]]) -> Vectors:
    vectors: Vectors = np.asarray(rows, np.float32)
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return unit
