"""Which vectors lie nearest to a question's? The one door to FAISS.

Up to ``EXACT_UP_TO`` vectors all are compared with the question, in full precision. Beyond, two stages: a scan over
codes of an eighth of a byte per number finds candidates, and these are put in order by their own vectors, kept in half
precision. ``benchmarks/dense_index.py`` measures both on passages and questions of a newspaper.

References:
    Jégou, Douze, Schmid: Product Quantization for Nearest Neighbor Search (2011).
    André, Kermarrec, Le Scouarnec: Quicker ADC (2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import faiss
import numpy as np
from numpy.typing import NDArray

from index.embedding import Vectors
from index.errors import StoreError

__all__ = ["EXACT_UP_TO", "DenseIndex"]

EXACT_UP_TO = 25_000  # vectors; comparing all takes some 5 ms there
_NUMBERS_PER_CODE = 4  # of a vector, put together into 4 bits
_TRAINED = 20_000  # vectors that the codes are learned from
_REFINED = 10  # candidates per hit: at 230,000 passages recall@10 is 1.000 and recall@50 0.995
_MAPPED_FROM = 64_000_000  # bytes of a file; FAISS reads a smaller one in no time, and then sees where it is cut off
_DEEP = 1_000  # hits from which on comparing all costs no more

_Keys = Sequence[int] | NDArray[np.int64]


class DenseIndex:
    """Inner-product search over unit vectors, each under an integer key of the caller's.

    Args:
        dim: Length of the vectors, 1 or more.
    """

    def __init__(self, dim: int) -> None:
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))
        self._grows = True  # a file that is mapped, and codes that were learned, stay as they are

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._index.d)

    @property
    def exact(self) -> bool:
        """Whether every vector is compared, in full precision."""
        return isinstance(self._index, faiss.IndexIDMap)

    def add(self, keys: _Keys, vectors: Vectors) -> None:
        """Add vectors, (n, dim) float32 with rows of length 1, under n new keys."""
        self._own()
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(keys, np.int64))

    def remove(self, keys: _Keys) -> None:
        """Forget the vectors under these keys; unknown keys are passed over."""
        self._own()
        self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(keys, np.int64)))

    def search(self, vector: Vectors, k: int) -> list[tuple[int, float]]:
        """Nearest vectors.

        Args:
            vector: (dim,) float32 of length 1.
            k: How many, 1 or more; fewer come back from a smaller index.

        Returns:
            Pairs of key and cosine similarity in [-1, 1], highest first; equal similarities by key. Of an index that
            is not ``exact``, a few of the last may be others than the nearest, and similarities are off by less than
            1e-4.
        """
        count = min(k, len(self))
        if count == 0:
            return []
        index = self._index if self.exact or count < _DEEP else self._store()
        similarities, keys = index.search(np.asarray(vector, np.float32)[None, :], count)
        cosines = np.clip(similarities[0], -1.0, 1.0)  # rounding can make a unit vector's own product 1.0000001
        pairs = [(int(key), float(value)) for key, value in zip(keys[0], cosines, strict=True) if key >= 0]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def vectors(self, keys: _Keys) -> Vectors:
        """The vectors under known keys: (len(keys), dim) float32; in half precision where the index is not exact."""
        found: Vectors = self._store().reconstruct_batch(np.asarray(keys, np.int64))
        return found

    def copy(self) -> DenseIndex:
        """An independent, exact index with the same vectors."""
        made = DenseIndex(self.dim)
        if len(self):
            keys = self._keys()
            made.add(keys, self.vectors(keys))
        return made

    def save(self, path: Path) -> None:
        """Write the index to a file.

        Raises:
            OSError: The disk is full or cannot be written.
        """
        with path.open("wb") as stream:
            output = _Output(stream)
            try:
                faiss.write_index(self._index, faiss.PyCallbackIOWriter(output.write))  # type: ignore[attr-defined]
            except RuntimeError as error:
                raise output.error or OSError(_reason(error)) from error

    @classmethod
    def over(cls, vectors: Vectors) -> DenseIndex:
        """An index of some vectors, (n, dim) float32 with rows of length 1; the key of each is its row."""
        count, dim = vectors.shape
        if count <= EXACT_UP_TO or dim % _NUMBERS_PER_CODE:
            made = cls(dim)
            made.add(range(count), vectors)
            return made
        index = faiss.index_factory(dim, f"PQ{dim // _NUMBERS_PER_CODE}x4fs,Refine(SQfp16)", faiss.METRIC_INNER_PRODUCT)
        index.train(np.ascontiguousarray(vectors[:: 1 + count // _TRAINED], np.float32))
        index.add(np.ascontiguousarray(vectors, np.float32))
        return cls._holding(index)

    @classmethod
    def load(cls, path: Path) -> DenseIndex:
        """Read an index that :meth:`save` wrote; a large one is mapped, so that processes share what they use of it.

        Raises:
            StoreError: The file is missing or no such index; truncated, unless it is a large one, whose size its user
                must know.
        """
        try:
            large = path.stat().st_size >= _MAPPED_FROM
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC if large else 0)
        except OSError as error:
            raise StoreError(f"{path} cannot be read ({error.strerror}).", "Run `wenju build` again.") from error
        except RuntimeError as error:
            raise StoreError(f"{path} cannot be read ({_reason(error)}).", "Run `wenju build` again.") from error
        if not isinstance(index, (faiss.IndexIDMap, faiss.IndexRefine)):
            raise StoreError(f"{path} cannot be read (it is another kind of index).", "Run `wenju build` again.")
        return cls._holding(index)

    @classmethod
    def _holding(cls, index: faiss.Index) -> DenseIndex:
        made = cls.__new__(cls)
        made._index, made._grows = index, False
        if not made.exact:
            made._index.k_factor = _REFINED
        return made

    def _own(self) -> None:
        """Become an index that can grow. FAISS ends the process when a mapped one is added to."""
        if not self._grows:
            self._index, self._grows = self.copy()._index, True

    def _keys(self) -> NDArray[np.int64]:
        if not self.exact:
            return np.arange(len(self), dtype=np.int64)
        keys: NDArray[np.int64] = faiss.vector_to_array(self._index.id_map)
        return keys

    def _store(self) -> faiss.Index:
        """The part that holds the vectors."""
        return self._index if self.exact else faiss.downcast_index(self._index.refine_index)


class _Output:
    """A file for FAISS, which by itself keeps quiet about a disk that is full when the last bytes are written."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.error: OSError | None = None

    def write(self, data: bytes) -> None:
        try:
            self._stream.write(data)
        except OSError as error:
            self.error = error
            raise


def _reason(error: RuntimeError) -> str:
    """FAISS puts a C++ signature before its reason; a user needs only the reason."""
    return str(error).strip().splitlines()[0].rsplit(": ", 1)[-1]
