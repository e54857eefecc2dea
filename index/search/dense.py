"""Which vectors lie nearest to a question's? The one door to FAISS.

Few vectors are all compared with the question, in full precision. Many take two stages: a scan over codes of an eighth
of a byte per number finds candidates, and these are put in order by their own vectors, which stay in their file.
``benchmarks/dense_index.py`` measures both on passages and questions of a newspaper.

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

from index.disk.generations import REPAIR
from index.embedding import Vectors
from index.errors import StoreError
from index.precision import single
from index.search.vectors import FEW, VectorTable, load_vectors

__all__ = ["CodedIndex", "DenseIndex", "open_dense", "write_codes"]

_NUMBERS_PER_CODE = 4  # of a vector, put together into 4 bits
_TRAINED = 20_000  # vectors that the codes are learned from
_REFINED = 10  # candidates per hit: at 230,000 passages recall@10 is 1.000 and recall@50 0.995
_BLOCK = 16_384  # vectors that are read at a time
_OFF = 0.02  # of the squared length of a vector, by its rounding to half precision and less
_MAPPED_FROM = 16_000_000  # bytes of a file; FAISS reads a smaller one in no time, and then sees where it is cut off

_CODES = (faiss.IndexPQFastScan, faiss.IndexScalarQuantizer)

_Keys = Sequence[int] | NDArray[np.int64]
_Allowed = NDArray[np.bool_] | None


class DenseIndex:
    """Inner-product search over unit vectors in memory, each under an integer key of the caller's; exact.

    Args:
        dim: Length of the vectors, 1 or more.
    """

    def __init__(self, dim: int) -> None:
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dim))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._index.d)

    def add(self, keys: _Keys, vectors: Vectors) -> None:
        """Add vectors, (n, dim) float32 with rows of length 1, under n new keys."""
        self._index.add_with_ids(np.ascontiguousarray(vectors, np.float32), np.asarray(keys, np.int64))

    def remove(self, keys: _Keys) -> None:
        """Forget the vectors under these keys; unknown keys are passed over."""
        self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(keys, np.int64)))

    def search(self, vector: Vectors, k: int, allowed: _Allowed = None) -> list[tuple[int, float]]:
        """Nearest vectors.

        Args:
            vector: (dim,) float32 of length 1.
            k: How many, 1 or more; fewer come back from a smaller index.
            allowed: By key, whether it may come back; all may when None.

        Returns:
            Pairs of key and cosine similarity in [-1, 1], highest first; equal similarities by key.
        """
        count = min(k, len(self))
        if count == 0:
            return []
        only = None if allowed is None else _only(allowed)
        cosines, keys = self._index.search(np.asarray(vector, np.float32)[None, :], count, params=only)
        return _ranked(keys[0][keys[0] >= 0], cosines[0][keys[0] >= 0], count)

    def vectors(self, keys: _Keys) -> Vectors:
        """The vectors under known keys: (len(keys), dim) float32."""
        found: Vectors = self._index.reconstruct_batch(np.asarray(keys, np.int64))
        return found


class CodedIndex:
    """Inner-product search over many unit vectors of a file, by row, in two stages; it does not grow.

    Args:
        codes: A FAISS index of the codes, by row.
        table: (n, dim), the vectors.
    """

    def __init__(self, codes: faiss.Index, table: VectorTable) -> None:
        self._codes, self._table = codes, table

    def __len__(self) -> int:
        return len(self._table)

    @property
    def dim(self) -> int:
        """Length of the vectors."""
        return int(self._table.shape[1])

    def search(self, vector: Vectors, k: int, allowed: _Allowed = None) -> list[tuple[int, float]]:
        """Nearest vectors, as for :meth:`DenseIndex.search`.

        A few of the last may be others than the nearest, and similarities are off by less than 1e-4. Where few rows
        are allowed, they are all compared.
        """
        wanted = np.asarray(vector, np.float32)
        rows = self._candidates(wanted, k, allowed)
        cosines = np.concatenate([np.zeros(0, np.float32), *self._cosines(wanted, rows)])
        return _ranked(rows, cosines, k)

    def vectors(self, rows: _Keys) -> Vectors:
        """The vectors of some rows: (len(rows), dim) float32, as they are kept."""
        return single(self._table[np.asarray(rows, np.int64)])

    def _candidates(self, vector: Vectors, k: int, allowed: _Allowed) -> NDArray[np.int64]:
        """Rows that hold the nearest: the best by their codes, or all that are allowed when these are few."""
        among = len(self) if allowed is None else int(allowed.sum())
        wanted = k * _REFINED
        if among <= max(wanted, FEW if allowed is not None else 0):
            return np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
        depth = min(len(self), wanted * len(self) // among)
        while True:
            (rows,) = self._codes.search(vector[None, :], depth)[1]
            rows = rows[rows >= 0]
            rows = rows if allowed is None else rows[allowed[rows]]
            if len(rows) >= wanted or depth == len(self):
                return np.sort(rows[:wanted])
            depth = min(len(self), 2 * depth)

    def _cosines(self, vector: Vectors, rows: NDArray[np.int64]) -> list[Vectors]:
        blocks = (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
        return [_unit(self.vectors(block)) @ vector for block in blocks]


def open_dense(vectors: Path, codes: Path) -> DenseIndex | CodedIndex:
    """The index of a store.

    Args:
        vectors: The table of vectors.
        codes: What :func:`write_codes` wrote, or nothing.

    Raises:
        StoreError: A file is missing or damaged so that its size or its head alone tells.
    """
    table = load_vectors(vectors)
    if table.dtype == np.float32:  # few, when it was built
        made = DenseIndex(table.shape[1])
        made.add(range(len(table)), _unit(np.asarray(table, np.float32)))
        return made
    found = _read(codes)
    if type(found) not in _CODES or (found.ntotal, found.d) != table.shape:
        raise StoreError(f"{codes} is damaged: it does not fit {vectors.name}.", REPAIR)
    return CodedIndex(found, table)


def write_codes(vectors: Path, codes: Path) -> None:
    """Make the codes of a table of vectors and write them; nothing where vectors are few.

    Raises:
        OSError: The disk is full or cannot be written.
    """
    table = load_vectors(vectors)
    count, dim = table.shape
    if table.dtype == np.float32:
        return
    kind = f"PQ{dim // _NUMBERS_PER_CODE}x4fs" if dim % _NUMBERS_PER_CODE == 0 else "SQ4"
    index = faiss.index_factory(dim, kind, faiss.METRIC_INNER_PRODUCT)
    index.train(single(table[:: 1 + count // _TRAINED]))
    for start in range(0, count, _BLOCK):
        index.add(single(table[start : start + _BLOCK]))
    with codes.open("wb") as stream:
        output = _Output(stream)
        try:
            faiss.write_index(index, faiss.PyCallbackIOWriter(output.write))  # type: ignore[attr-defined]
        except RuntimeError as error:
            raise output.error or OSError(_reason(error)) from error


def _unit(vectors: Vectors) -> Vectors:
    """The same vectors, which are of length 1, or 0 where a text has no word.

    Raises:
        StoreError: Some are not, so they are not what was written.
    """
    lengths = np.einsum("ij,ij->i", vectors, vectors)
    if not bool(np.all((np.abs(lengths - 1) < _OFF) | (lengths == 0))):
        raise StoreError("The store is damaged: some of its vectors are not of length 1.", REPAIR)
    return vectors


def _only(allowed: NDArray[np.bool_]) -> Any:
    bits = np.packbits(allowed, bitorder="little")
    return faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bits))  # type: ignore[call-arg, arg-type]


def _ranked(keys: NDArray[np.int64], cosines: Vectors, k: int) -> list[tuple[int, float]]:
    best = np.lexsort((keys, -cosines))[:k]
    return [(int(keys[place]), float(np.clip(cosines[place], -1.0, 1.0))) for place in best]


def _read(codes: Path) -> Any:
    try:
        large = codes.stat().st_size >= _MAPPED_FROM
        return faiss.read_index(str(codes), faiss.IO_FLAG_MMAP_IFC if large else 0)
    except OSError as error:
        raise StoreError(f"{codes} cannot be read ({error.strerror}).", REPAIR) from error
    except RuntimeError as error:
        raise StoreError(f"{codes} cannot be read ({_reason(error)}).", REPAIR) from error


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
