"""Which passages were embedded before, and with what vector? Known by a hash of the text that was embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from index.disk.arrays import load_table
from index.embedding import Vectors
from index.errors import StoreError
from index.search.vectors import VectorTable, load_vectors

__all__ = ["KEY_BYTES", "Known", "KnownVectors", "key_of", "keys_of", "open_known", "verify_known"]

KEY_BYTES = 16  # among a million texts two share a key with a chance of 10^-27

Keys = NDArray[np.uint8]


class Known(Protocol):
    """Vectors that need not be made again."""

    def __len__(self) -> int:
        """How many."""

    def find(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The row of each text, -1 for one that was not embedded before: (len(texts),) int64."""

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of these rows: (len(rows), dim) float32."""


class KnownVectors:
    """The vectors of a generation, by the text they were made from.

    Args:
        keys: (n, ``KEY_BYTES``) uint8, a key per row.
        table: (n, dim), the vectors.
    """

    def __init__(self, keys: Keys | None = None, table: VectorTable | None = None) -> None:
        self._keys = np.zeros((0, KEY_BYTES), np.uint8) if keys is None else keys
        self._table = np.zeros((0, 1), np.float32) if table is None else table
        heads = _heads(self._keys)
        self._order = np.argsort(heads, kind="stable")
        self._heads = heads[self._order]

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The row of each text, -1 for one that was not embedded before: (len(texts),) int64."""
        wanted = keys_of(texts)
        rows = np.full(len(texts), -1, np.int64)
        if len(self) == 0:
            return rows
        places = np.minimum(np.searchsorted(self._heads, _heads(wanted)), len(self) - 1)
        found = self._order[places]
        same = np.all(self._keys[found] == wanted, axis=1)
        rows[same] = found[same]
        return rows

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """The vectors of these rows: (len(rows), dim) float32."""
        return np.asarray(self._table[rows], np.float32)


def keys_of(texts: Sequence[str]) -> Keys:
    """(len(texts), ``KEY_BYTES``) uint8: the key of each text."""
    return np.frombuffer(b"".join(map(key_of, texts)), np.uint8).reshape(len(texts), KEY_BYTES)


def key_of(text: str) -> bytes:
    """What a text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def verify_known(keys: Path, vectors: Path, hashes: Mapping[str, str]) -> bool:
    """Whether the vectors of a generation can be used again.

    Args:
        keys: The table of keys.
        vectors: The table of vectors.
        hashes: SHA-256 of both files by name. A file that is not as it was written, or whose hash is not known, is
            not used: an error in it would live on in every later generation.
    """
    try:
        return all(_digest(file) == hashes.get(file.name) for file in (keys, vectors))
    except OSError:
        return False


def open_known(keys: Path, vectors: Path) -> KnownVectors:
    """The vectors of a generation that :func:`verify_known` has looked at; none where a file is damaged."""
    try:
        made = load_vectors(vectors)
        table: Keys = load_table(keys, np.uint8, shape=(len(made), KEY_BYTES))
    except StoreError:
        return KnownVectors()
    return KnownVectors(table, made)


def _heads(keys: Keys) -> NDArray[np.uint64]:
    """The first half of each key, as a number that can be sorted."""
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
