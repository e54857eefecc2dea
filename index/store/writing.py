"""How does a new generation take the place of the old one? Filled beside it, checked, then switched to."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from index.config import IndexConfig
from index.disk.generations import (
    MANIFEST,
    building,
    cannot_write,
    clear,
    current,
    digests,
    drop_others,
    generation_folder,
    new_generation,
    settle,
    sizes,
    switch,
)
from index.embedding import Embedder
from index.errors import StoreError
from index.store.opened import FORMAT, Manifest, open_generation, seal
from index.store.texts import Texts

__all__ = ["Filled", "write_generation"]

_LIBRARIES = ("faiss-cpu", "rjieba", "opencc", "numpy")


@dataclass(frozen=True, slots=True)
class Filled:
    """What a folder was filled with.

    Attributes:
        texts: What its pages came to.
        reused: How many vectors were not made for it.
    """

    texts: Texts
    reused: int


def write_generation(
    path: Path,
    config: IndexConfig,
    embedder: Embedder,
    fill: Callable[[Path], Filled],
    *,
    skipped: Mapping[str, str] | None = None,
    date: str | None = None,
) -> Manifest:
    """Write a new generation beside the old one, check it, then switch to it.

    Killed at any moment, or at a power cut, it leaves the old store in use or the new one, whole.

    Args:
        path: The store's folder; made when missing.
        config: The settings it is built with.
        embedder: The model that makes the vectors.
        fill: Writes all files but the manifest into the folder that it is given.
        skipped: Files that could not be read, with the reason, for the record; looked at when the folder is filled.
        date: The day of publication that was given for all pages, for the record.

    Raises:
        StoreError: The folder cannot be written, or somebody else is building there. The store in use before stays in
            use. Any other error of ``fill`` is raised as it is, with the same promise.
    """
    with building(path):
        generation, begun = new_generation(), time.monotonic()
        folder = generation_folder(path, generation)
        try:
            clear(path)
            before = _name_in_use(path)
            folder.mkdir(parents=True)
            filled = fill(folder)
            manifest = _manifest(folder, config, embedder, filled, dict(skipped or {}), date)
            manifest = manifest.model_copy(update={"seconds": round(time.monotonic() - begun, 1)})
            manifest = manifest.model_copy(update={"seal": seal(manifest.model_dump(mode="json"))})
            (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
            settle(folder)
            open_generation(path, folder, embedder)
            switch(path, generation)
        except BaseException as error:  # an interrupted build leaves nothing behind either
            if _name_in_use(path) != generation:  # else it came after the switch
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise cannot_write(path, error) from error
            raise
        drop_others(path, generation, before)  # the one before may still be being opened by a reader
        return manifest


def _manifest(
    folder: Path,
    config: IndexConfig,
    embedder: Embedder,
    filled: Filled,
    skipped: dict[str, str],
    date: str | None,
) -> Manifest:
    return Manifest(
        format=FORMAT,
        settings=config,
        fingerprint=config.fingerprint(),
        model_fingerprint=embedder.fingerprint,
        dim=embedder.dim,
        files=sizes(folder),
        skipped=skipped,
        date=date,
        seconds=0.0,
        seal="",
        libraries={name: version(name) for name in _LIBRARIES},
        built_at=datetime.now(UTC).isoformat(timespec="seconds"),
        generation=folder.name,
        hashes=digests(folder),
        reused=filled.reused,
        **asdict(filled.texts),
    )


def _name_in_use(path: Path) -> str:
    try:
        return current(path).name
    except StoreError:
        return ""
