"""How is one of a million pages or articles read without the others? JSON lines, and where each begins.

Beside ``NAME.jsonl`` lies ``NAME.index.npy``, three rows of 64-bit numbers: where each line begins, the hashes of the
keys in rising order, and the line of each of these. Both are memory-mapped, so opening costs nothing and processes
share what they read.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence, ValuesView
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from index.disk import arrays
from index.disk.arrays import damaged, load_table, save_table
from index.errors import StoreError

__all__ = ["ItemWriter", "Items", "index_file", "read_lines"]

_KEPT = 1024  # decoded items that are kept, some megabytes
_LONGEST_KEY = 1024  # bytes; a longer one costs a second look
_DECODER = json.JSONDecoder()

T = TypeVar("T")


def index_file(file: Path) -> Path:
    """Where the index of a file of items lies."""
    return file.with_suffix(".index.npy")


class ItemWriter(Generic[T]):
    """Writes items one after the other; what was written can be read back.

    Args:
        file: A new file.
        adapter: How an item becomes JSON; its key must be the first field.
        key_of: The key of an item.
    """

    def __init__(self, file: Path, adapter: TypeAdapter[T], key_of: Callable[[T], str]) -> None:
        self._file, self._adapter, self._key_of = file, adapter, key_of
        self._stream = file.open("wb+")
        self._starts, self._keys, self._end = array("q"), array("Q"), 0

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, item: T) -> int:
        """Write an item, and return its row."""
        line = self._adapter.dump_json(item) + b"\n"
        self._starts.append(self._end)
        self._keys.append(_hash(self._key_of(item)))
        self._stream.write(line)
        self._end += len(line)
        return len(self._starts) - 1

    def at(self, row: int) -> T:
        """An item that was written."""
        self._stream.flush()
        start = self._starts[row]
        end = self._starts[row + 1] if row + 1 < len(self._starts) else self._end
        return self._adapter.validate_json(os.pread(self._stream.fileno(), end - start, start))

    def stretch(self, first: int, last: int) -> list[int]:
        """Where items ``first`` to ``last``, exclusive, begin in the file and the last one ends; it is written out."""
        self._stream.flush()
        return [*self._starts[first:last], self._starts[last] if last < len(self) else self._end]

    def close(self) -> None:
        """Write what is left, and the index.

        Raises:
            StoreError: Two items have one key.
        """
        self._stream.close()
        keys = np.frombuffer(self._keys, np.uint64)
        order = np.argsort(keys, kind="stable")
        ranked = keys[order]
        if (twice := np.flatnonzero(ranked[1:] == ranked[:-1])).size:
            name = self._name_of(int(order[twice[0]]))
            raise StoreError(f"Two items of {self._file.name} are named {name!r}.", "Rename one of the files.")
        table = np.stack([np.frombuffer(self._starts, np.int64), ranked.view(np.int64), order.astype(np.int64)])
        save_table(index_file(self._file), table)

    def abandon(self) -> None:
        """Close the file without an index; nothing happens to a closed one."""
        self._stream.close()

    def _name_of(self, row: int) -> str:
        with self._file.open("rb") as stream:
            stream.seek(self._starts[row])
            return _key_in(stream.readline())


class Items(Mapping[str, T]):
    """Items by key, in the order they were written; each is decoded when it is asked for.

    Args:
        file: What :class:`ItemWriter` wrote.
        adapter: How JSON becomes an item.

    Raises:
        StoreError: A file is missing or damaged so that its size alone tells.
    """

    def __init__(self, file: Path, adapter: TypeAdapter[T]) -> None:
        self._file, self._adapter = file, adapter
        self._bytes = _map(file)
        self._starts, self._keys, self._order = _load_index(index_file(file), len(self._bytes))
        self._at = lru_cache(_KEPT)(self._decode)
        self._find = lru_cache(_KEPT)(self._look_up)

    def __len__(self) -> int:
        return len(self._starts)

    def __iter__(self) -> Iterator[str]:
        return map(self.key_at, range(len(self)))

    def __getitem__(self, key: str) -> T:
        return self.at(self.row(key))

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._find(key) is not None

    def values(self) -> ValuesView[T]:
        """All items, each decoded as it is reached and not kept."""
        return _Values(self)

    def at(self, row: int) -> T:
        """The item of a row.

        Raises:
            IndexError: There is no such row.
            StoreError: The file is damaged there.
        """
        return self._at(int(row))

    def key_at(self, row: int) -> str:
        """The key of a row, without decoding the item.

        Raises:
            IndexError: There is no such row.
            StoreError: The file is damaged there.
        """
        try:
            return _key_in(self._line(row))
        except ValueError as error:
            raise damaged(self._file, f"line {row + 1}: {error}") from error

    def row(self, key: str) -> int:
        """The row of a key.

        Raises:
            KeyError: There is no such item.
        """
        found = self._find(key)
        if found is None:
            raise KeyError(key)
        return found

    def each(self, rows: Sequence[int] | range | None = None) -> Iterator[T]:
        """The items of some rows, or of all; they are not kept."""
        return map(self._decode, range(len(self)) if rows is None else rows)

    def _look_up(self, key: str) -> int | None:
        row = self._ranked(key)
        return row if row is not None and self.key_at(row) == key else None

    def _ranked(self, key: str) -> int | None:
        """The row of the key with the hash of this one."""
        place = int(np.searchsorted(self._keys, np.uint64(_hash(key))))
        if place == len(self._keys) or int(self._keys[place]) != _hash(key):
            return None
        row = int(self._order[place])
        if not 0 <= row < len(self):  # changed since it was opened
            raise damaged(index_file(self._file), f"it names line {row + 1}")
        return row

    def _line(self, row: int) -> bytes:
        if not 0 <= row < len(self):
            raise IndexError(row)
        start = int(self._starts[row])
        end = int(self._starts[row + 1]) if row + 1 < len(self) else len(self._bytes)
        if not 0 <= start < end <= len(self._bytes):  # changed since it was opened
            raise damaged(index_file(self._file), f"line {row + 1} has no place")
        return self._bytes[start:end]

    def _decode(self, row: int) -> T:
        line = self._line(row)
        try:
            item, key = self._adapter.validate_json(line), _key_in(line)
        except ValueError as error:
            reason = str(error).splitlines()[0]
            raise damaged(self._file, f"line {row + 1}: {reason}") from error
        if self._ranked(key) != row:  # else whoever asks for it by its key is told that there is no such item
            raise damaged(index_file(self._file), f"it does not find the key of line {row + 1}")
        return item


class _Values(ValuesView[T]):
    _mapping: Items[T]

    def __iter__(self) -> Iterator[T]:
        return self._mapping.each()


def read_lines(file: Path, adapter: TypeAdapter[T]) -> Iterator[T]:
    """All items of a file, without its index.

    Raises:
        StoreError: The file is missing or damaged.
    """
    try:
        with file.open("rb") as stream:
            for line in stream:
                yield adapter.validate_json(line)
    except (OSError, ValidationError) as error:
        raise damaged(file, str(error).splitlines()[0]) from error


def _map(file: Path) -> mmap.mmap | bytes:
    try:
        with file.open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < arrays.MAPPED_FROM:
                return stream.read()
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise damaged(file, error.strerror or str(error)) from error


def _load_index(file: Path, size: int) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.int64]]:
    starts, keys, order = load_table(file, np.int64, shape=(3, None))
    if (len(starts) == 0) != (size == 0) or (size and not _is_sound(starts, order, size)):
        raise damaged(file, "it does not fit its file")
    ranked = keys.view(np.uint64)
    if not bool(np.all(ranked[1:] > ranked[:-1])):
        raise damaged(file, "its keys are not in order")
    return starts, ranked, order


def _is_sound(starts: NDArray[np.int64], order: NDArray[np.int64], size: int) -> bool:
    """Whether lines lie one behind the other inside the file, and each has one key."""
    rising = starts[0] == 0 and starts[-1] < size and bool(np.all(starts[1:] > starts[:-1]))
    return rising and bool(np.array_equal(np.sort(order), np.arange(len(order))))


def _hash(key: str) -> int:
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _key_in(line: bytes) -> str:
    """The string that is the first field of a JSON object, without decoding the rest."""
    start = line.index(b'":"') + 2
    try:
        return str(_DECODER.raw_decode(line[start : start + _LONGEST_KEY].decode("utf-8", "ignore"))[0])
    except ValueError:  # longer than keys are
        return str(_DECODER.raw_decode(line[start:].decode("utf-8"))[0])
