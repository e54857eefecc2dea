"""Which vectors lie nearest to a question's? The one door to FAISS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import faiss
import numpy as np

from index.embedding import Vectors
from index.errors import StoreError

__all__ = ["DenseIndex"]


class DenseIndex:
    """Exact inner-product search over unit vectors, each under an integer key of the caller's.

    Args:
        dim: Length of the vectors, 1 or more.
    """

    def __init__(self, dim: int) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._index.d)

    def add(self, keys: Sequence[int], vectors: Vectors) -> None:
        """Add vectors, (n, dim) float32 with rows of length 1, under n new keys."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(keys, np.int64))

    def remove(self, keys: Sequence[int]) -> None:
        """Forget the vectors under these keys; unknown keys are passed over."""
        self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(keys, np.int64)))

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Nearest vectors.

        Args:
            vector: (dim,) float32 of length 1.
            k: How many, 1 or more; fewer come back from a smaller index.

        Returns:
            Pairs of key and cosine similarity in [-1, 1], highest first; equal similarities by key.
        """
        count = min(k, len(self))
        if count == 0:
            return []
        similarities, keys = self._index.search(np.asarray(vector, np.float32)[None, :], count)
        cosines = np.clip(similarities[0], -1.0, 1.0)  # rounding can make a unit vector's own product 1.0000001
        pairs = [(int(key), float(value)) for key, value in zip(keys[0], cosines, strict=True)]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, keys: Sequence[int]) -> Vectors:
        """The vectors under known keys: (len(keys), dim) float32."""
        found: Vectors = self._index.reconstruct_batch(np.asarray(keys, np.int64))
        return found

    def copy(self) -> DenseIndex:
        """An independent index with the same vectors."""
        return self._holding(faiss.clone_index(self._index))

    def save(self, path: Path) -> None:
        """Write the index to a file."""
        faiss.write_index(self._index, str(path))

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        """Read an index that :meth:`save` wrote.

        Raises:
            StoreError: The file is missing, truncated, or no such index.
        """
        try:
            index = faiss.read_index(str(path))
        except RuntimeError as error:
            raise StoreError(f"{path} cannot be read ({_reason(error)}).", "Run `wenju build` again.") from error
        return cls._holding(index)

    @classmethod
    def _holding(cls, index: faiss.Index) -> DenseIndex:
        made = cls.__new__(cls)
        made._index = cast("faiss.IndexIDMap2", index)
        return made


def _reason(error: RuntimeError) -> str:
    """FAISS puts a C++ signature before its reason; a user needs only the reason."""
    return str(error).strip().splitlines()[0].rsplit(": ", 1)[-1]
