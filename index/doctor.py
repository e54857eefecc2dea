"""What is wrong with a store, and what of it can be made again? Every byte is looked at, which opening does not do.

What a store holds comes from its pages: articles are read from them, passages cut from articles, vectors and words
made from passages. So all but the pages can be made again, and what is whole is not made twice.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from index.build import embed
from index.copies import chunk_once
from index.embedding import load_embedder
from index.errors import ModelError, StoreError
from index.generations import building, clear, current, debris, digests, generations, sizes, switch
from index.lexical import LexicalIndex
from index.pages import read_layouts
from index.schema import Article, Page, Passage
from index.store import (
    ARTICLES,
    LEXICAL,
    PAGES,
    PASSAGES,
    Manifest,
    known_vectors,
    open_store,
    read_generation,
    read_items,
    write_store,
)

__all__ = ["Finding", "examine", "repair"]

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
        return [Finding(error.what, error.fix, repairable=False)]
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
        elif hashes[name] != manifest.hashes.get(name, hashes[name]):
            what = "has the right size but other bytes than were written"
        else:
            continue
        lost = name == PAGES
        found.append(Finding(f"{folder / name} {what}.", _BUILD if lost else _REPAIR, name, repairable=not lost))
    if not manifest.hashes and not found:
        found.append(Finding(f"{folder} was built before hashes were kept: only sizes could be checked.", _REPAIR))
    return found


def _make_again(path: Path, folder: Path, bad: set[str]) -> str:
    """Write a generation from what is whole of this one."""
    manifest = read_generation(folder)
    embedder, settings = load_embedder(manifest.settings.model), manifest.settings
    pages = read_items(folder / PAGES, TypeAdapter(Page))
    if ARTICLES in bad:
        articles = [article for layout in read_layouts(pages, manifest.date) for article in layout.articles]
    else:
        articles = read_items(folder / ARTICLES, TypeAdapter(Article))
    if PASSAGES in bad:
        passages = chunk_once(articles, settings.passage_size, settings.passage_overlap)
    else:
        passages = read_items(folder / PASSAGES, TypeAdapter(Passage))
    vectors, reused = embed(passages, articles, embedder, known_vectors(path, embedder))
    whole = not bad & {ARTICLES, PASSAGES} and not any(name.startswith(LEXICAL) for name in bad)
    made = write_store(
        path,
        settings,
        embedder,
        pages,
        articles,
        passages,
        vectors,
        manifest.skipped,
        date=manifest.date,
        lexical=LexicalIndex.load(folder / LEXICAL, len(passages)) if whole else None,
        reused=reused,
    )
    again = len(passages) - reused
    what = ", ".join(sorted(bad)) or "the store"
    return f"Made {what} again from the pages ({again} of {len(passages)} vectors); in use is {made.generation}."


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
