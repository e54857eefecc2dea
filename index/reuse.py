"""Which passages were embedded before, and with what vector? Known by a hash of the text that was embedded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.dense import DenseIndex
from index.embedding import Vectors
from index.errors import StoreError

__all__ = ["KnownVectors", "load_known", "write_keys"]

_BYTES = 16  # of a key; among a million texts two share one with a chance of 10^-27


class KnownVectors:
    """The vectors of a generation, by the text they were made from.

    Args:
        keys: A key per row.
        dense: The vectors by row.
    """

    def __init__(self, keys: Sequence[bytes] = (), dense: DenseIndex | None = None) -> None:
        self._rows = {key: row for row, key in enumerate(keys)}
        self._dense = dense

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """The row of each text, -1 for one that was not embedded before: (len(texts),) int64."""
        return np.fromiter((self._rows.get(_key(text), -1) for text in texts), np.int64, len(texts))

    def vectors(self, rows: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """The vectors of these rows: (len(rows), dim) float32."""
        if self._dense is None:
            raise KeyError(rows)
        return self._dense.vectors(rows)


def write_keys(file: Path, texts: Sequence[str]) -> None:
    """Keep what :func:`load_known` needs besides the vectors: row i is the key of text i."""
    keys = np.frombuffer(b"".join(map(_key, texts)), np.uint8).reshape(len(texts), _BYTES)
    with file.open("wb") as stream:
        np.save(stream, keys, allow_pickle=False)


def load_known(keys: Path, vectors: Path, hashes: Mapping[str, str]) -> KnownVectors:
    """The vectors of a generation that can be used again.

    Args:
        keys: What :func:`write_keys` wrote.
        vectors: The dense index.
        hashes: SHA-256 of both files by name. A file that is not as it was written, or whose hash is not known, is
            not used: an error in it would live on in every later generation.

    Returns:
        None of them where a file is missing or damaged.
    """
    try:
        if any(_digest(file) != hashes.get(file.name) for file in (keys, vectors)):
            return KnownVectors()
        table = np.load(keys, allow_pickle=False)
        dense = DenseIndex.load(vectors)
    except (OSError, ValueError, StoreError):
        return KnownVectors()
    if table.shape != (len(dense), _BYTES) or table.dtype != np.uint8:
        return KnownVectors()
    return KnownVectors([row.tobytes() for row in table], dense)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_BYTES).digest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
