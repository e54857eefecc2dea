"""How do tables of numbers get into a file, whole or piece by piece, and out again? ``.npy`` files, memory-mapped.

Pieces are written, not put into a mapping: on a full disk, a write fails where a mapping would end the process.
"""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from index.disk.generations import REPAIR
from index.errors import StoreError

__all__ = [
    "MAPPED_FROM",
    "GrowingTable",
    "damaged",
    "load_table",
    "new_table",
    "save_table",
    "set_length",
    "write_rows",
]

MAPPED_FROM = 4_000_000
"""Bytes of a file that is mapped; a smaller one is read, and then nothing that befalls it on the disk is felt."""


def save_table(file: Path, table: NDArray[Any]) -> None:
    """Write a whole table."""
    with file.open("wb") as stream:
        np.save(stream, np.ascontiguousarray(table), allow_pickle=False)


def load_table(file: Path, *kinds: DTypeLike, shape: tuple[int | None, ...]) -> NDArray[Any]:
    """Map a table, or read a small one.

    Args:
        file: What one of this module's functions wrote.
        kinds: The types of number that it may hold.
        shape: What its shape must be; None for any length.

    Raises:
        StoreError: The file is missing, cut off, or no such table.
    """
    try:
        large = file.stat().st_size >= MAPPED_FROM
        table = np.load(file, mmap_mode="r" if large else None, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError, TokenError) as error:  # its head is Python
        raise damaged(file, str(error)) from error
    fits = len(table.shape) == len(shape) and all(
        want in (None, there) for want, there in zip(shape, table.shape, strict=True)
    )
    if not fits or table.dtype not in [np.dtype(kind) for kind in kinds]:
        raise damaged(file, f"it holds {table.dtype} of shape {table.shape}")
    table.flags.writeable = False
    return np.asarray(table)


def damaged(file: Path, why: str) -> StoreError:
    """What to tell of a file of a store that is not as it was written."""
    return StoreError(f"{file} is missing or damaged ({why}).", REPAIR)


def new_table(file: Path, shape: tuple[int, ...], kind: DTypeLike) -> None:
    """Make a table of zeros, which takes no room on the disk yet."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    with file.open("wb") as stream:
        _write_head(stream, np.dtype(kind), shape)
        stream.truncate(stream.tell() + size)


def write_rows(file: Path, first: int, rows: NDArray[Any]) -> None:
    """Put rows into a table from row ``first`` on; several processes may, each into rows of its own.

    Raises:
        OSError: The disk is full.
    """
    with file.open("rb+") as stream:
        np.lib.format.read_magic(stream)
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        stream.seek(stream.tell() + first * int(np.prod(shape[1:])) * kind.itemsize)
        stream.write(np.ascontiguousarray(rows, kind).data)


def set_length(file: Path, count: int) -> None:
    """Let a table have so many rows: zeros behind those that it has, or none of those beyond.

    Raises:
        OSError: The disk is full.
    """
    with file.open("rb+") as stream:
        np.lib.format.read_magic(stream)
        shape, _, kind = np.lib.format.read_array_header_1_0(stream)
        end = stream.tell() + count * int(np.prod(shape[1:])) * kind.itemsize
        stream.seek(0)
        _write_head(stream, kind, (count, *shape[1:]))  # its room is made for any length
        stream.truncate(end)


class GrowingTable:
    """A table of one column whose length is known at the end.

    Args:
        file: A new file.
        kind: The type of its numbers.
    """

    def __init__(self, file: Path, kind: DTypeLike) -> None:
        self._file, self._kind, self._count = file, np.dtype(kind), 0

    def __enter__(self) -> GrowingTable:
        self._stream = self._file.open("wb")
        _write_head(self._stream, self._kind, (0,))
        return self

    def __exit__(self, *error: object) -> None:
        with self._stream:
            self._stream.seek(0)
            _write_head(self._stream, self._kind, (self._count,))  # its room is made for any length

    def append(self, numbers: NDArray[Any]) -> None:
        """Write the next numbers."""
        self._stream.write(np.ascontiguousarray(numbers, self._kind).data)
        self._count += len(numbers)


def _write_head(stream: Any, kind: np.dtype[Any], shape: tuple[int, ...]) -> None:
    head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, head)
