"""How are many token lists of different lengths kept and drawn from fast? As one flat array with offsets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["Ids", "Ragged", "encode", "slices", "stack"]

Ids = NDArray[np.int64]

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Ragged:
    """Rows of token ids: row i is ``ids[offsets[i]:offsets[i + 1]]``."""

    ids: NDArray[np.int32]
    offsets: Ids

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> Ids:
        """Length of every row."""
        return np.diff(self.offsets)

    def take(self, rows: Ids) -> Ragged:
        """The given rows, in the given order."""
        return slices(self.ids, self.offsets[rows], self.offsets[rows + 1])


def slices(ids: NDArray[np.int32], starts: Ids, ends: Ids) -> Ragged:
    """Rows cut out of a flat array; a range that ends before it starts is an empty row."""
    lengths = np.maximum(ends - starts, 0)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
    return Ragged(ids[places], offsets)


def stack(parts: Sequence[Ragged]) -> Ragged:
    """All rows of several, one after the other."""
    shifts = np.cumsum([0] + [part.offsets[-1] for part in parts])
    offsets = [part.offsets[:-1] + shift for part, shift in zip(parts, shifts[:-1], strict=True)]
    return Ragged(
        np.concatenate([part.ids for part in parts]), np.concatenate([*offsets, shifts[-1:]]).astype(np.int64)
    )


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> Ragged:
    """Texts as a tokenizer cuts them, one row each."""
    ids: list[NDArray[np.int32]] = []
    lengths: list[int] = [0]
    for start in range(0, len(texts), _BATCH):
        encodings = tokenizer.encode_batch_fast(list(texts[start : start + _BATCH]), add_special_tokens=False)
        rows = [np.asarray(encoding.ids, np.int32) for encoding in encodings]
        ids.extend(rows)
        lengths.extend(len(row) for row in rows)
    flat = np.concatenate(ids) if ids else np.zeros(0, np.int32)
    return Ragged(flat.astype(np.int32), np.cumsum(lengths).astype(np.int64))
