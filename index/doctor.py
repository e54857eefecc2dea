"""What is wrong with a store, and what of it can be made again? Every byte is looked at, which opening does not do.

What a store holds comes from its pages: articles are read from them, passages cut from articles, vectors and words
made from passages. So all but the pages can be made again, and what is whole is not made twice.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from index.build import known_vectors
from index.config import IndexConfig
from index.disk.generations import MANIFEST, building, clear, current, debris, digests, generations, sizes, switch
from index.disk.records import index_file, read_lines
from index.embedding import load_embedder
from index.errors import ModelError, StoreError
from index.schema import Page
from index.search.dense import write_codes
from index.store.opened import (
    ARTICLES,
    CATALOG,
    CODES,
    COPIES,
    FORMAT,
    KEYS,
    LEXICAL,
    MIGRATE,
    PAGES,
    PASSAGES,
    VECTORS,
    Manifest,
    open_store,
    read_generation,
)
from index.store.searches import write_lexical, write_searches
from index.store.texts import Texts, write_texts
from index.store.writing import Filled, write_generation

__all__ = ["Finding", "examine", "repair"]

_TEXTS = {ARTICLES, CATALOG, PASSAGES, COPIES} | {index_file(Path(name)).name for name in (PAGES, ARTICLES)}
_DENSE = {KEYS, VECTORS}
_REPAIR = "Run `wenju doctor --repair`."
_BUILD = "Run `wenju build` on the page files again."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong with a store.

    Attributes:
        what: What is wrong, and where.
        fix: What to do.
        file: The file of the generation that it concerns; empty when none.
        repairable: Whether :func:`repair` can put it right without the page files.
    """

    what: str
    fix: str
    file: str = ""
    repairable: bool = True

    def __str__(self) -> str:
        return f"{self.what} {self.fix}"


class _Older(BaseModel):
    """What is needed of a manifest of an older format."""

    format: int
    settings: IndexConfig
    skipped: dict[str, str]
    hashes: dict[str, str]
    date: str | None


def examine(path: Path) -> list[Finding]:
    """All that is wrong with a store; empty when nothing is.

    Nothing is changed, and a builder at work is not disturbed.

    Raises:
        StoreError: There is no store at all.
    """
    try:
        folder = current(path)
    except StoreError as error:
        if not generations(path):
            raise
        sound = _newest_sound(path)
        found = [Finding(error.what, _REPAIR if sound else _BUILD, "CURRENT", repairable=sound is not None)]
    else:
        found = _faults(folder)
        if any(not fault.repairable for fault in found) and (other := _newest_sound(path, but=folder)):
            found.append(
                Finding(f"The generation before, {other.name}, is whole.", f"{_REPAIR} It is used again then.")
            )
    with suppress(StoreError), building(path, patience=0):  # else somebody is at work, or the disk is read-only
        found += [Finding(f"{each} was left by a builder that died.", _REPAIR) for each in debris(path)]
    return found


def repair(path: Path) -> list[str]:
    """Put right what can be put right, and tell what was done; nothing when nothing was wrong.

    Raises:
        StoreError: Pages are damaged and no other generation is whole, or somebody is building there.
        ModelError: Vectors must be made again, and their model cannot be loaded.
    """
    if not path.is_dir():
        current(path)  # raises; a lock would make the folder
    with building(path):
        done = [f"Removed {each}, left by a builder that died." for each in clear(path)]
        try:
            folder = current(path)
        except StoreError as error:
            return [*done, _use(path, _newest_sound(path), error)]
        if _older(folder):
            return [*done, _migrate(path, folder)]
        faults = _faults(folder)
        if not faults:
            return done
        beyond = next((fault for fault in faults if not fault.repairable), None)
        if beyond is not None:
            other = _newest_sound(path, but=folder)
            return [*done, _use(path, other, StoreError(beyond.what, beyond.fix)) + f" {_BUILD}"]
        return [*done, _make_again(path, folder, {fault.file for fault in faults if fault.file})]


def _faults(folder: Path) -> list[Finding]:
    """What is wrong with one generation."""
    try:
        manifest = read_generation(folder)
    except StoreError as error:
        older = _older(folder) is not None
        return [Finding(error.what, _BUILD if error.fix == MIGRATE and not older else error.fix, repairable=older)]
    found = [*_file_faults(folder, manifest)]
    try:
        if load_embedder(manifest.settings.model).fingerprint != manifest.model_fingerprint:
            model = manifest.settings.model
            found.append(Finding(f"The files of the model {model!r} have changed since the build.", _REPAIR))
    except ModelError as error:
        found.append(Finding(error.what, error.fix, repairable=False))
    return found


def _file_faults(folder: Path, manifest: Manifest) -> list[Finding]:
    there, hashes, found = sizes(folder), digests(folder), []
    for name in sorted(there.keys() | manifest.files):
        size, told = there.get(name), manifest.files.get(name)
        if size is None:
            what = "is missing"
        elif told is None:
            what = "does not belong there"
        elif size != told:
            what = f"has {size:,} bytes instead of {told:,}"
        elif hashes[name] != manifest.hashes.get(name):
            what = "has the right size but other bytes than were written"
        else:
            continue
        lost = name == PAGES
        found.append(Finding(f"{folder / name} {what}.", _BUILD if lost else _REPAIR, name, repairable=not lost))
    return found


def _make_again(path: Path, folder: Path, bad: set[str]) -> str:
    """Write a generation from what is whole of this one."""
    manifest = read_generation(folder)
    embedder = load_embedder(manifest.settings.model)

    def fill(fresh: Path) -> Filled:
        texts = _texts(folder, fresh, manifest, remade=bool(bad & _TEXTS))
        if not _same_texts(fresh, manifest) or bad & _DENSE or embedder.fingerprint != manifest.model_fingerprint:
            known = known_vectors(path, embedder)
            return Filled(texts, write_searches(fresh, texts.passages, embedder, manifest.settings.model, known=known))
        _take(folder, fresh, _DENSE)
        if CODES not in bad:
            _take(folder, fresh, {CODES} & manifest.files.keys())
        else:
            write_codes(fresh / VECTORS, fresh / CODES)
        words = {name for name in manifest.files if name.startswith(f"{LEXICAL}/")}
        if bad & words:
            write_lexical(fresh, texts.passages)
        else:
            _take(folder, fresh, words)
        return Filled(texts, texts.passages)

    made = write_generation(path, manifest.settings, embedder, fill, skipped=manifest.skipped, date=manifest.date)
    what = ", ".join(sorted(bad)) or "the store"
    again = made.passages - made.reused
    return f"Made {what} again from the pages ({again} of {made.passages} vectors); in use is {made.generation}."


def _texts(folder: Path, fresh: Path, manifest: Manifest, *, remade: bool) -> Texts:
    """Put the texts into a fresh generation: taken over, or made again from the pages."""
    if remade:
        return write_texts(fresh, read_lines(folder / PAGES, TypeAdapter(Page)), manifest.settings, manifest.date)
    _take(folder, fresh, {PAGES, *_TEXTS})
    return Texts(
        manifest.pages,
        manifest.articles,
        manifest.passages,
        manifest.sources,
        manifest.first_day,
        manifest.last_day,
        manifest.undated or 0,
    )


def _same_texts(fresh: Path, manifest: Manifest) -> bool:
    """Whether the texts are those that the other files were made from; a later version may read pages differently."""
    found = digests(fresh)
    return all(found[name] == manifest.hashes.get(name) for name in _TEXTS)


def _take(folder: Path, fresh: Path, names: set[str]) -> None:
    """Take whole files over into a fresh generation."""
    for name in names:
        (fresh / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / name, fresh / name)


def _migrate(path: Path, folder: Path) -> str:
    """Build a store of an older format again, from the pages that it holds and with its settings."""
    told = _older(folder)
    assert told is not None  # noqa: S101  # the caller has looked
    embedder = load_embedder(told.settings.model)

    def fill(fresh: Path) -> Filled:
        texts = write_texts(fresh, read_lines(folder / PAGES, TypeAdapter(Page)), told.settings, told.date)
        return Filled(texts, write_searches(fresh, texts.passages, embedder, told.settings.model))

    made = write_generation(path, told.settings, embedder, fill, skipped=told.skipped, date=told.date)
    return f"Built the store again in format {FORMAT}, from its own pages; in use is {made.generation}."


def _older(folder: Path) -> _Older | None:
    """What the manifest of a store of an older format tells; None where it is none, or its pages are not whole."""
    try:
        told = _Older.model_validate_json((folder / MANIFEST).read_bytes())
        return told if told.format < FORMAT and digests(folder).get(PAGES) == told.hashes.get(PAGES) else None
    except (OSError, ValidationError):
        return None


def _newest_sound(path: Path, but: Path | None = None) -> Path | None:
    """The newest generation that is whole, apart from one."""
    for folder in reversed(generations(path)):
        if folder != but and not _faults(folder):
            return folder
    return None


def _use(path: Path, folder: Path | None, error: StoreError) -> str:
    """Point the store at a whole generation.

    Raises:
        StoreError: There is none: the error that is given.
    """
    if folder is None:
        raise StoreError(error.what, _BUILD) from error
    switch(path, folder.name)
    open_store(path)
    return f"{error.what} Put {folder.name} to use, built {read_generation(folder).built_at}."
