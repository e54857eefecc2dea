"""Which generation of a store is in use, who may write the next one, and how does it take its place for good?

A builder holds the lock of the store's folder from before its first file until after its switch, so there is one at a
time; the system takes the lock back from a dead one. What a dead one left is cleared away by the next.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from index.errors import StoreError

__all__ = [
    "MANIFEST",
    "REBUILD",
    "REPAIR",
    "building",
    "cannot_write",
    "clear",
    "current",
    "debris",
    "digest",
    "digests",
    "drop_others",
    "generation_folder",
    "generations",
    "new_generation",
    "settle",
    "sizes",
    "switch",
]

MANIFEST = "manifest.json"
REBUILD = "Run `wenju build` again."
REPAIR = "Run `wenju doctor --repair`, or `wenju build` again."
_CURRENT, _GENERATIONS, _LOCK = "CURRENT", "generations", "LOCK"
_PATIENCE = 20.0  # seconds: a small store is done by then, and for a large one somebody should be told


@contextmanager
def building(path: Path, patience: float | None = None) -> Iterator[None]:
    """Hold the lock of a store's folder, which is made when missing; within one thread it may be held twice.

    Args:
        path: The store's folder.
        patience: Seconds to wait for another builder; some seconds when None.

    Raises:
        StoreError: Another builder is at work and not done within some seconds, or the folder cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path / _LOCK, is_singleton=True)
        lock.acquire(timeout=_PATIENCE if patience is None else patience)
    except Timeout as error:
        raise StoreError(
            f"Another process is building {path}.",
            "Wait until it is done and try again, or give another folder with --store.",
        ) from error
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield
    finally:
        lock.release()


def cannot_write(path: Path, error: OSError) -> StoreError:
    """What to tell when the disk is full, read-only or somebody else's."""
    return StoreError(
        f"{path} cannot be written ({error.strerror or error}).",
        "Free some space or give another folder with --store.",
    )


def current(path: Path) -> Path:
    """The folder of the generation in use.

    Raises:
        StoreError: No store is there, or it names no generation.
    """
    try:
        name = (path / _CURRENT).read_text(encoding="utf-8").strip()
        folder = path / _GENERATIONS / name
        there = name not in {"", ".", ".."} and "/" not in name and folder.is_dir()
    except FileNotFoundError:
        raise StoreError(
            f"There is no store in {path}.", "Run `wenju build PAGES`, or name one with --store."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: bytes that are no UTF-8, or NUL in a name
        raise StoreError(f"{path / _CURRENT} cannot be read ({error}).", REBUILD) from error
    if not there:
        raise StoreError(f"{path / _CURRENT} names {name!r}, which is not there.", REBUILD)
    return folder


def generations(path: Path) -> list[Path]:
    """The folders of all generations that were finished, oldest first; whether they are sound is another question."""
    folder = path / _GENERATIONS
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(each for each in found if (each / MANIFEST).is_file())


def new_generation() -> str:
    """A name that no other has; later ones sort after earlier ones."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{uuid.uuid4().hex[:8]}"


def generation_folder(path: Path, name: str) -> Path:
    """Where a generation lies."""
    return path / _GENERATIONS / name


def sizes(folder: Path) -> dict[str, int]:
    """Size in bytes of every file of a generation but its manifest, by relative name."""
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in _files(folder)}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a generation but its manifest, by relative name."""
    return {file.relative_to(folder).as_posix(): digest(file) for file in _files(folder)}


def digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def settle(folder: Path) -> None:
    """Return when all that a folder holds, and the names of it, would outlive a power cut.

    Raises:
        OSError: It would not.
    """
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as stream:
                os.fsync(stream.fileno())
        else:
            _settle_names(file)
    _settle_names(folder)


def switch(path: Path, name: str) -> None:
    """Put a finished generation to use: readers see the one before or this one, also after a power cut.

    Raises:
        OSError: The one before stays in use.
    """
    _settle_names(path / _GENERATIONS)
    fresh = path / f"{_CURRENT}.{name}"
    try:
        with fresh.open("w", encoding="utf-8") as stream:
            stream.write(name + "\n")
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut could leave an empty CURRENT behind
        os.replace(fresh, path / _CURRENT)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    _settle_names(path)


def debris(path: Path) -> list[Path]:
    """What dead builders left, files and folders; call it while :func:`building`, else a living one's is among it."""
    found = sorted(path.glob(f"{_CURRENT}.*"))
    if (path / _GENERATIONS).is_dir():
        try:
            in_use = current(path).name
        except StoreError:
            return found  # nothing is in use, so what lies there may be all that is left
        for folder in sorted((path / _GENERATIONS).iterdir()):
            unfinished, never_in_use = not (folder / MANIFEST).is_file(), folder.name > in_use
            if folder.name != in_use and (unfinished or never_in_use):
                found.append(folder)
    return found


def clear(path: Path) -> list[Path]:
    """Remove what :func:`debris` finds, and tell what it was."""
    found = debris(path)
    for each in found:
        _remove(each)
    return found


def drop_others(path: Path, *kept: str) -> None:
    """Remove all generations but these."""
    for folder in (path / _GENERATIONS).iterdir():
        if folder.name not in kept:
            _remove(folder)


def _remove(path: Path) -> None:
    """Remove a file or folder as far as the system lets us; a folder's manifest first, so that no half looks whole."""
    try:
        (path / MANIFEST).unlink(missing_ok=True) if path.is_dir() else path.unlink(missing_ok=True)
    except OSError:
        return
    shutil.rmtree(path, ignore_errors=True)


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file() and file.name != MANIFEST)


def _settle_names(folder: Path) -> None:
    if os.name == "nt":  # which cannot open a folder, and writes names through
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
