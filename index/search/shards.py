"""What does a folder of vectors made ahead of a build look like, and which of them can be trusted?

Each shard is a folder of its own and tells all about itself, so that workers write without asking anyone, and what a
killed job had finished is there for the next::

    FOLDER/shard-NAME/manifest.json   the model, how many passages, who made it, and hashes of the other two
                      keys.npy        (n, 16) uint8: by row the hash of the text that was embedded
                      vectors.npy     (n, dim) float32

A shard appears whole, by a rename. The name is a hash of its keys and its model, so the same work has the same name.
Vectors are kept in single precision though a large store halves it: a small one does not, and shall be the same to the
last bit whether or not its vectors were made ahead.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from index.config import IndexConfig
from index.disk.generations import MANIFEST, digests, settle
from index.embedding import Embedder, Vectors
from index.errors import StoreError
from index.search.vector_cache import KEY_BYTES, Known, KnownVectors, keys_of

__all__ = [
    "Shard",
    "ShardVectors",
    "Survey",
    "debris",
    "either",
    "is_made",
    "known_shards",
    "read_shard",
    "shard_name",
    "survey",
    "write_shard",
]

Keys = NDArray[np.uint8]

_FORMAT = 1
_KEYS, _VECTORS = "keys.npy", "vectors.npy"
_SHARDS, _UNFINISHED = "shard-", ".shard-"


class _ForeignError(ValueError):
    """Sound perhaps, but not for this model or this version."""


class Shard(BaseModel):
    """What a shard tells about itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = _FORMAT
    settings: IndexConfig  # which the passages were cut with
    model_fingerprint: str
    dim: int
    passages: int
    worker: str  # the address of who made it
    pid: int
    seconds: float  # that embedding took
    hashes: dict[str, str] = Field(default_factory=dict)  # file -> sha256


class ShardVectors(KnownVectors):
    """The vectors of some shards, by the text they were made from.

    Keys are held in memory, 32 bytes a passage; vectors are mapped and read when asked for.

    Args:
        keys: Per shard (n, ``KEY_BYTES``) uint8.
        tables: Per shard (n, dim) float32.
        dim: Length of a vector.
    """

    def __init__(self, keys: Sequence[Keys], tables: Sequence[Vectors], dim: int) -> None:
        super().__init__(np.concatenate([np.zeros((0, KEY_BYTES), np.uint8), *keys]))
        self._tables = list(tables)
        self._starts = np.cumsum([0, *map(len, keys)])[:-1]
        self._dim = dim

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        shards = np.searchsorted(self._starts, rows, "right") - 1
        found: Vectors = np.empty((len(rows), self._dim), np.float32)
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            found[here] = self._tables[shard][rows[here] - self._starts[shard]]
        return found


class _Both:
    """Vectors of one place, and for texts that it does not know, of another."""

    def __init__(self, first: Known, second: Known) -> None:
        self._first, self._second = first, second

    def __len__(self) -> int:
        return len(self._first) + len(self._second)

    def find(self, texts: Sequence[str]) -> NDArray[np.int64]:
        rows = self._first.find(texts)
        left = np.flatnonzero(rows < 0)
        others = self._second.find([texts[int(place)] for place in left])
        rows[left] = np.where(others < 0, -1, others + len(self._first))
        return rows

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        ours = rows < len(self._first)
        if ours.all():
            return self._first.vectors(rows)
        theirs = self._second.vectors(rows[~ours] - len(self._first))
        found: Vectors = np.empty((len(rows), theirs.shape[1]), np.float32)
        found[~ours] = theirs
        if ours.any():
            found[ours] = self._first.vectors(rows[ours])
        return found


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder holds.

    Attributes:
        whole: Folders of the shards that are whole and of the model.
        dim: Length of their vectors.
        broken: Folders of shards that are not as they were written.
        foreign: Folders of shards of another model, or of another version's format.
        warnings: A line for each that is broken or foreign.
    """

    whole: tuple[Path, ...]
    dim: int
    broken: tuple[Path, ...]
    foreign: tuple[Path, ...]
    warnings: tuple[str, ...]

    def open(self) -> ShardVectors:
        """The vectors of the whole shards; they are not read again to be checked. Another process can do it, too."""
        tables = [_map(path) for path in self.whole]
        return ShardVectors([keys for keys, _ in tables], [vectors for _, vectors in tables], self.dim)


def known_shards(folder: Path, embedder: Embedder) -> tuple[Callable[[], Known], tuple[str, ...]]:
    """The vectors that a build can take from a folder.

    Every byte is read and held against its hash first.

    Args:
        folder: What ``wenju embed`` wrote.
        embedder: The model of the build.

    Returns:
        What returns the vectors, in this process or another, and a line for each shard that is left out.

    Raises:
        StoreError: No shard is there, or none is whole and of this model: a user who gave the folder does not expect
            all passages to be embedded again.
    """
    found = survey(folder, embedder)
    if found.whole:
        return found.open, found.warnings
    if found.foreign:
        raise StoreError(
            f"The vectors in {folder} cannot be used: {found.warnings[0]}",
            "Give the --model that made them, or another folder.",
        )
    what = f"No shard in {folder} is whole." if found.broken else f"There are no vectors in {folder}."
    raise StoreError(what, f"Run `wenju embed PAGES --out {folder}`, or leave out --vectors.")


def either(first: Callable[[], Known], second: Callable[[], Known]) -> Callable[[], Known]:
    """Returns the vectors of both; where both know a text, it is the first's."""
    return partial(_open_both, first, second)


def _open_both(first: Callable[[], Known], second: Callable[[], Known]) -> Known:
    return _Both(first(), second())


def survey(folder: Path, embedder: Embedder) -> Survey:
    """Look through a folder, which may be missing; every byte of a shard of this model is read."""
    whole, broken, foreign, warnings = [], [], [], []
    for path in sorted(folder.glob(f"{_SHARDS}*")):
        try:
            _check(path, embedder)
            whole.append(path)
            continue
        except _ForeignError as error:
            foreign.append(path)
            reason = str(error)
        except (OSError, ValueError) as error:  # pydantic's and NumPy's complaints are ValueErrors
            broken.append(path)
            reason = f"it is damaged ({str(error).splitlines()[0]})"
        warnings.append(f"{path} is left out: {reason}.")
    return Survey(tuple(whole), embedder.dim, tuple(broken), tuple(foreign), tuple(warnings))


def debris(folder: Path) -> list[Path]:
    """Shards that were never finished. Those of a living worker are among them."""
    return sorted(folder.glob(f"{_UNFINISHED}*"))


def shard_name(keys: Keys, fingerprint: str) -> str:
    """The name of the shard of the texts with these keys and the model with this fingerprint."""
    digest = hashlib.blake2b(keys.tobytes(), digest_size=KEY_BYTES, key=fingerprint.encode()[:64])
    return f"{_SHARDS}{digest.hexdigest()}"


def is_made(folder: Path, name: str) -> bool:
    """Whether a shard was finished; whether it is whole is another question."""
    return (folder / name / MANIFEST).is_file()


def read_shard(path: Path) -> Shard:
    """What a shard tells about itself; its other files are not looked at.

    Raises:
        OSError: It cannot be read.
        ValidationError: It is damaged, or of another format.
    """
    return Shard.model_validate_json((path / MANIFEST).read_bytes())


def write_shard(folder: Path, name: str, texts: Sequence[str], vectors: Vectors, shard: Shard) -> Shard:
    """Write a shard, which appears under its name when all of it would outlive a power cut.

    Where another worker was quicker with the same shard, that one stays.

    Args:
        folder: The folder of all shards.
        name: What :func:`shard_name` says.
        texts: One or more.
        vectors: (len(texts), dim) float32.
        shard: What is to be told about it; the hashes are filled in.

    Returns:
        The shard with its hashes.

    Raises:
        OSError: The disk is full or cannot be written; nothing of the shard is left there.
    """
    fresh = folder / f".{name}.{uuid.uuid4().hex[:8]}"
    try:
        fresh.mkdir()
        for file, table in ((_KEYS, keys_of(texts)), (_VECTORS, np.ascontiguousarray(vectors, np.float32))):
            with (fresh / file).open("wb") as stream:
                np.save(stream, table, allow_pickle=False)
        shard = shard.model_copy(update={"hashes": digests(fresh)})
        (fresh / MANIFEST).write_text(shard.model_dump_json(indent=2), encoding="utf-8")
        settle(fresh)
        if not is_made(folder, name):
            os.rename(fresh, folder / name)
    except OSError:
        if not is_made(folder, name):  # else the other came between our look and our rename
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return shard


def _check(path: Path, embedder: Embedder) -> None:
    """Raise what is wrong with a shard."""
    told = TypeAdapter(dict[str, Any]).validate_json((path / MANIFEST).read_bytes())
    if told.get("format") != _FORMAT:
        raise _ForeignError(f"it is of format {told.get('format')}, this version reads format {_FORMAT}")
    shard = Shard.model_validate(told)
    if (shard.model_fingerprint, shard.dim) != (embedder.fingerprint, embedder.dim):
        raise _ForeignError(f"it was made with the model {shard.settings.model!r}")
    if digests(path) != shard.hashes:
        raise ValueError("its files are not as they were written")
    keys, vectors = _map(path)
    shapes = (keys.shape, vectors.shape)
    if shapes != ((shard.passages, KEY_BYTES), (shard.passages, shard.dim)) or vectors.dtype != np.float32:
        raise ValueError("its files are not of the size that it tells")


def _map(path: Path) -> tuple[Keys, Vectors]:
    vectors: Vectors = np.load(path / _VECTORS, mmap_mode="r", allow_pickle=False)
    return np.load(path / _KEYS, allow_pickle=False), vectors
