"""How do other LangChain programs keep documents of their own in Milvus? A ``VectorStore`` over one collection.

For the passages of a store in Milvus there is ``PassageRetriever``, which searches there as it does on disk. This class
is for documents that come and go. It is our own since that of langchain-milvus 0.4 has no ``get_by_ids`` and does not
tell a document's id, so LangChain's standard tests fail on it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

from index.milvus.client import AT_ONCE, Column, Index, connect
from index.store.address import parse_address
from rag.errors import StoreError
from rag.langchain.cosine_store import CosineVectorStore, unit_rows

__all__ = ["MilvusVectorStore"]

_LONGEST = 65_535  # bytes of a text in Milvus
_COLUMNS = (Column("key", "text", 64, primary=True), Column("document", "text", _LONGEST))
_NAMES = {"key", "document", "dense"}


class MilvusVectorStore(CosineVectorStore):
    """Cosine search over documents in a collection of Milvus, which is made with the first of them.

    Args:
        embedding: Any LangChain ``Embeddings``; its vectors are brought to length 1. Metadata must be writable as JSON,
            and a document takes 65,535 bytes of it at most.
        address: Where, see :func:`index.store.address.parse_address`; a collection that is there must be one of ours.
        token: The login, where the address has none.

    Raises:
        StoreError: The collection holds something else, or Milvus does not answer, now or in a later call.

    Example:
        ``MilvusVectorStore(embedding, "milvus://localhost:19530/notes").add_texts(["鹿鸣大桥通车"])``
    """

    def __init__(self, embedding: Embeddings, address: str, *, token: str = "") -> None:
        super().__init__(embedding)
        self._engine = connect(parse_address(address, token))
        self._collection = self._engine.address.collection
        self._there = self._collection in self._engine.collections()
        if self._engine.target() or (self._there and self._engine.columns(self._collection) != _NAMES):
            raise StoreError(f"{self._engine.address} holds something else.", "Give another collection's name.")
        if self._there:
            self._engine.wake(self._collection)

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        address: str = "milvus://localhost:19530/documents",
        **kwargs: Any,
    ) -> MilvusVectorStore:
        """The collection at an address, with these texts added."""
        made = cls(embedding, address, **kwargs)
        made.add_texts(texts, metadatas, ids=ids)
        return made

    def delete(self, ids: list[str] | None = None, **kwargs: Any) -> bool:
        """Forget these documents, or all of them when ``ids`` is None; unknown ids are passed over."""
        if self._there and ids is None:
            self._engine.drop(self._collection)
            self._there = False
        elif self._there and ids:
            self._engine.remove(self._collection, [_key(name) for name in ids])
        return True

    def get_by_ids(self, ids: Sequence[str], /) -> list[Document]:
        """The documents with these ids, in this order; unknown ids are passed over."""
        if not self._there:
            return []
        keys = [_key(name) for name in dict.fromkeys(ids)]
        found = {row["key"]: row["document"] for row in self._engine.get(self._collection, keys, ("key", "document"))}
        return [_read(found[_key(name)]) for name in ids if _key(name) in found]

    def _put(self, documents: dict[str, Document]) -> None:
        texts = [_written(document) for document in documents.values()]  # before a model works for nothing
        vectors = self._embed(documents.values())
        if not self._there:
            columns = (*_COLUMNS, Column("dense", "vector", vectors.shape[1]))
            self._engine.create(self._collection, columns, about="LangChain documents", changes=True)
            self._engine.finish(self._collection, [Index("dense", "FLAT", "IP")], 1)
            self._there = True
        rows = [
            {"key": _key(name), "document": text, "dense": vector.tolist()}
            for name, text, vector in zip(documents, texts, vectors, strict=True)
        ]
        for start in range(0, len(rows), AT_ONCE):
            self._engine.replace(self._collection, rows[start : start + AT_ONCE])

    def _nearest(self, embedding: list[float], k: int) -> list[tuple[Document, float]]:
        if not self._there:
            return []
        vector = unit_rows([embedding])[0].tolist()
        found = self._engine.search(self._collection, "dense", vector, k, columns=("document",))
        return [(_read(row["document"]), min(1.0, max(-1.0, cosine))) for cosine, row in found]


def _key(name: str) -> str:
    """The key of a document: a hash, so that an id may be of any length and hold any quotes."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()


def _written(document: Document) -> str:
    told = {"id": document.id, "text": document.page_content, "metadata": document.metadata}
    text = json.dumps(told, ensure_ascii=False)
    if len(text.encode()) > _LONGEST:
        raise ValueError(f"document {document.id!r} takes {len(text.encode())} bytes; Milvus holds {_LONGEST}")
    return text


def _read(text: str) -> Document:
    told = json.loads(text)
    return Document(id=told["id"], page_content=told["text"], metadata=told["metadata"])
