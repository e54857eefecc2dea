"""What do our LangChain vector stores share? Names for documents, unit vectors, and the forms of a nearest search."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from index.embedding import Vectors

__all__ = ["CosineVectorStore", "unit_rows"]


class CosineVectorStore(VectorStore):
    """Cosine search over documents, wherever they are kept.

    Args:
        embedding: Any LangChain ``Embeddings``; its vectors are brought to length 1.
    """

    def __init__(self, embedding: Embeddings) -> None:
        self._embedding = embedding

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

        Args:
            texts: The texts.
            metadatas: What goes with each.
            ids: The id of each.
            kwargs: Passed over.

        Returns:
            The ids, in the order of the texts.

        Raises:
            ValueError: ``metadatas`` or ``ids`` are not as many as the texts, or a document cannot be kept there.
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

    def _embed(self, documents: Iterable[Document]) -> Vectors:
        """(documents, dim) float32, rows of length 1."""
        return unit_rows(self._embedding.embed_documents([document.page_content for document in documents]))

    @abstractmethod
    def _put(self, documents: dict[str, Document]) -> None:
        """Keep documents, one or more, by id, in place of those of the same ids."""

    @abstractmethod
    def _nearest(self, embedding: list[float], k: int) -> list[tuple[Document, float]]:
        """The ``k`` documents nearest to a vector of any length, with cosines, nearest first."""


def unit_rows(rows: list[list[float]]) -> Vectors:
    """Rows brought to length 1; one of zeros stays: (n, dim) float32."""
    vectors: Vectors = np.asarray(rows, np.float32)
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return unit
