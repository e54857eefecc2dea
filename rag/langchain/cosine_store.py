"""What do our LangChain vector stores share? Names for documents, unit vectors, and the forms of a nearest search."""

from __future__ import annotations

import uuid
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from index.embedding import Vectors

__all__ = ["CosineVectorStore", "unit_rows"]

Wanted = Mapping[str, Any] | Callable[[Document], bool]
"""Which documents count: metadata that they must have, or a function that says so."""

_FIRST_DEPTH = 50  # documents that are looked through for those that count
_MISSING = object()


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

    def similarity_search(
        self, query: str, k: int = 4, *, filter: Wanted | None = None, **kwargs: Any
    ) -> list[Document]:
        """The ``k`` documents nearest to a query, nearest first.

        Args:
            query: The query.
            k: How many, at most.
            filter: Metadata that a document must have, or a function that says of a document whether it counts.
            kwargs: None is known.

        Raises:
            TypeError: An argument is not known.
        """
        return [document for document, _ in self.similarity_search_with_score(query, k, filter=filter, **kwargs)]

    def similarity_search_with_score(
        self, query: str, k: int = 4, *, filter: Wanted | None = None, **kwargs: Any
    ) -> list[tuple[Document, float]]:
        """The same with cosine similarities in [-1, 1]."""
        _refuse(kwargs)
        return self._nearest_wanted(self._embedding.embed_query(query), k, filter)

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, *, filter: Wanted | None = None, **kwargs: Any
    ) -> list[Document]:
        """The ``k`` documents nearest to a vector, nearest first; arguments as for :meth:`similarity_search`."""
        _refuse(kwargs)
        return [document for document, _ in self._nearest_wanted(embedding, k, filter)]

    def max_marginal_relevance_search(
        self,
        query: str,
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Wanted | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """Documents near to a query and unlike each other (Carbonell, Goldstein 1998).

        Args:
            query: The query.
            k: How many, at most.
            fetch_k: How many of the nearest are chosen from.
            lambda_mult: In [0, 1]: 1 for nearness alone, 0 for difference alone.
            filter: As for :meth:`similarity_search`.
            kwargs: None is known.
        """
        _refuse(kwargs)
        return self.max_marginal_relevance_search_by_vector(
            self._embedding.embed_query(query), k, fetch_k, lambda_mult, filter=filter
        )

    def max_marginal_relevance_search_by_vector(
        self,
        embedding: list[float],
        k: int = 4,
        fetch_k: int = 20,
        lambda_mult: float = 0.5,
        *,
        filter: Wanted | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        """The same for a vector."""
        _refuse(kwargs)
        found = [document for document, _ in self._nearest_wanted(embedding, max(k, fetch_k), filter)]
        if not found:
            return []
        vectors = list(self._embed(found))
        chosen = maximal_marginal_relevance(unit_rows([embedding])[0], vectors, lambda_mult=lambda_mult, k=k)
        return [found[place] for place in chosen]

    def _nearest_wanted(self, embedding: list[float], k: int, wanted: Wanted | None) -> list[tuple[Document, float]]:
        """The nearest that count; more are fetched until there are enough, or there are no more."""
        if wanted is None:
            return self._nearest(embedding, k)
        depth = max(k, _FIRST_DEPTH)
        while True:
            near = self._nearest(embedding, depth)
            found = [(document, score) for document, score in near if _counts(document, wanted)]
            if len(found) >= k or len(near) < depth:
                return found[:k]
            depth *= 4

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


def _counts(document: Document, wanted: Wanted) -> bool:
    if callable(wanted):
        return bool(wanted(document))
    return all(document.metadata.get(name, _MISSING) == value for name, value in wanted.items())


def _refuse(unknown: Mapping[str, Any]) -> None:
    if unknown:
        raise TypeError(
            f"unknown arguments: {', '.join(sorted(unknown))}; k, filter, fetch_k and lambda_mult are known"
        )


def unit_rows(rows: list[list[float]]) -> Vectors:
    """Rows brought to length 1; one of zeros stays: (n, dim) float32."""
    vectors: Vectors = np.asarray(rows, np.float32)
    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.float32(1e-12))
    return unit
