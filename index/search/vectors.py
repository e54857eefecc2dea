"""How precisely are vectors kept? Few in single precision, as the model made them; many in half.

Half precision changes a cosine by less than 1e-4 and halves what a large collection costs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.disk.arrays import load_table, new_table

__all__ = ["FEW", "VectorTable", "load_vectors", "new_many_vectors", "new_vectors"]

FEW = 25_000  # vectors up to which single precision is kept, and all are compared with a question

VectorTable = NDArray[np.float32] | NDArray[np.float16]


def new_vectors(file: Path, count: int, dim: int) -> None:
    """Make a table for ``count`` vectors, all zero yet, to be filled by :func:`index.disk.arrays.write_rows`."""
    new_table(file, (count, dim), np.float32 if count <= FEW else np.float16)


def new_many_vectors(file: Path, dim: int) -> None:
    """Make a table for more than ``FEW`` vectors, without rows yet."""
    new_table(file, (0, dim), np.float16)


def load_vectors(file: Path) -> VectorTable:
    """The whole table, memory-mapped: (n, dim) float32 or float16.

    Raises:
        StoreError: The file is missing or damaged so that its size or its head tells.
    """
    return load_table(file, np.float32, np.float16, shape=(None, None))
