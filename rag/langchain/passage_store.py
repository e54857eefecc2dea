"""How do other LangChain programs use our vectors? A ``VectorStore`` over the same index as the store's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from index.search.dense import DenseIndex
from index.store.opened import Store
from rag.langchain.cosine_store import CosineVectorStore, unit_rows
from rag.retrieval.retriever import passage_document

__all__ = ["PassageVectorStore"]

_BLOCK = 10_000  # vectors that are copied at a time


class PassageVectorStore(CosineVectorStore):
    """Cosine search over documents, in memory; from a store's passages, or from documents of the caller's.

    Adding and deleting change this object only. The store on disk is written by ``wenju build`` alone, so that what
    it holds is always what stands in the pages.

    Args:
        embedding: Any LangChain ``Embeddings``; its vectors are brought to length 1.
    """

    def __init__(self, embedding: Embeddings) -> None:
        super().__init__(embedding)
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

    def _put(self, documents: dict[str, Document]) -> None:
        vectors = self._embed(documents.values())
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
        found = self._index.search(unit_rows([embedding])[0], k)
        return [(self._documents[self._ids[key]].model_copy(deep=True), similarity) for key, similarity in found]
