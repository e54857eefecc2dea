"""Which pages are in the collection, and how do they get in and out? The folder of pages, and its rebuilding.

A dropped file is first read where nobody looks for pages (a hidden folder); only one that can be read moves in. A
removed file moves into a hidden folder too, so nothing is lost. The name that a browser gives is a wish: what is
written is a name of our own making, in one folder, and never an existing file.
"""

from __future__ import annotations

import os
import secrets
import shutil
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from anyio import to_thread

from index.build import Failure, build_store
from index.config import IndexConfig
from index.errors import SourceError
from index.reading.formats import SUFFIXES
from index.reading.source import MOST_BYTES, find_pages, read_file
from index.schema import Page
from index.store.opened import Store
from rag.errors import WenjuError
from window.shape import row_view

__all__ = ["Job", "Library", "NotAllowedError", "safe_name"]

_INCOMING, _REMOVED = ".wenju-incoming", ".wenju-removed"  # hidden, so no build takes them for pages
_LONGEST_NAME = 120  # bytes of a file's name without its suffix
_MOST_FILES = 500  # that wait in one batch
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{n}" for n in range(1, 10)), *(f"lpt{n}" for n in range(1, 10))}


class NotAllowedError(WenjuError):
    """The collection may not be changed from this window."""


@dataclass
class Job:
    """A rebuild: how far it is, and how it ended.

    Attributes:
        state: ``idle``, ``running``, ``done`` or ``failed``.
        step: ``read`` or ``embed``.
        done: How much of the step is done.
        total: How much there is.
        failures: File -> why it could not be read.
        problem: Why it failed.
    """

    state: str = "idle"
    step: str = ""
    done: int = 0
    total: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    problem: str = ""

    def view(self) -> dict[str, Any]:
        """As the browser shows it."""
        return dict(vars(self))


class Library:
    """The folder of pages behind the store.

    Args:
        pages: The folder of pages, or a single file, which cannot be changed.
        store: The store's folder.
        config: How the store is built.
        built: Called when a new generation is in use.
        locked: Why nothing may be changed here; empty when it may.
    """

    def __init__(
        self, pages: Path, store: Path, config: IndexConfig, built: Callable[[], object], locked: str = ""
    ) -> None:
        self.pages, self.store, self.config, self.built = pages, store, config, built
        self.locked = locked or ("single file" if pages.is_file() else "")
        self.job = Job()
        self._starting = threading.Lock()

    def limits(self) -> dict[str, Any]:
        """What may be added, told before anyone tries."""
        return {"suffixes": list(SUFFIXES), "most_bytes": MOST_BYTES, "most_files": _MOST_FILES, "locked": self.locked}

    async def add(self, wish: str, chunks: AsyncIterator[bytes]) -> dict[str, Any]:
        """Take a file in; the store knows it after the next rebuild.

        Args:
            wish: The name that it came with.
            chunks: Its bytes.

        Returns:
            Its name in the collection, the number of its pages, and what is doubtful about it.

        Raises:
            NotAllowedError: The collection may not be changed here.
            SourceError: It is too large, or it is no page; nothing is kept of it.
        """
        self._check_open()
        name = safe_name(wish)
        folder = self.pages / _INCOMING / secrets.token_hex(8)
        folder.mkdir(parents=True)
        staged = folder / name
        try:
            await _receive(staged, name, chunks)
            return await to_thread.run_sync(partial(self._admit, staged, name))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def remove(self, file: str) -> None:
        """Take a file out of the collection; it moves into a hidden folder beside the others.

        Raises:
            NotAllowedError: The collection may not be changed here.
            SourceError: There is no such file.
        """
        self._check_open()
        found = dict(find_pages(self.pages)).get(file)  # looked up among the pages there are: the name is no path
        if found is None:
            raise SourceError(f"There is no page {file!r}.", "Open the library again.")
        kept = self.pages / _REMOVED / secrets.token_hex(8)
        kept.mkdir(parents=True)
        found.rename(kept / found.name)

    def rebuild(self) -> Job:
        """Read all pages anew, on a thread of its own; the present generation answers until that is done.

        Raises:
            NotAllowedError: The collection may not be changed here.
        """
        self._check_open()
        with self._starting:
            if self.job.state != "running":
                self.job = Job("running")
                threading.Thread(target=self._build, args=(self.job,), daemon=True).start()
        return self.job

    def files(self, store: Store | None) -> list[dict[str, Any]]:
        """One row per file: its articles, dates, passages and problems; also files that are not in the store yet."""
        rows: dict[str, dict[str, Any]] = {}
        for facts in store.catalog.pages() if store else ():
            rows[facts["file"]] = _row(facts["file"]) | facts
        for file, why in store.manifest.skipped.items() if store else ():
            rows[file] = _row(file) | {"problem": why, "state": "failed"}
        for file, why in self.job.failures.items():
            rows.setdefault(file, _row(file)).update(problem=why.replace(str(self.pages), ""), state="failed")
        there = self._there()
        for name in there - {PurePosixPath(row).as_posix().partition("#")[0] for row in rows} - rows.keys():
            rows[name] = _row(name) | {"state": "new"}
        for row in rows.values():
            row["removable"] = not self.locked and row["file"] in there
        return sorted(rows.values(), key=lambda row: row["file"])

    def articles_of(self, store: Store, file: str) -> list[dict[str, Any]]:
        """The articles of a file, in page order."""
        return [row_view(store.articles[name]) for name in store.catalog.article_ids(file)]

    def _there(self) -> set[str]:
        try:
            return {name for name, _ in find_pages(self.pages)}
        except SourceError:
            return set()

    def _admit(self, staged: Path, name: str) -> dict[str, Any]:
        pages, troubles = 0, []
        try:
            for item in read_file(staged, name):
                if isinstance(item, Page):
                    pages += 1
                else:
                    troubles.append(_without_path(item, staged, name).what)
        except SourceError as error:
            raise _without_path(error, staged, name) from None
        if not pages:
            raise SourceError(troubles[0] if troubles else f"{name} holds no page.", "Nothing was added.")
        return {"file": _move_in(staged, self.pages, name), "pages": pages, "troubles": troubles[:5]}

    def _build(self, job: Job) -> None:
        def report(step: str, done: int, total: int) -> None:
            job.step, job.done, job.total = step, done, total

        def failed(failure: Failure) -> None:
            job.failures[failure.file] = failure.error.what.replace(str(self.pages), "").lstrip("/")

        try:
            build_store(self.pages, self.store, self.config, report, on_failure=failed)
            self.built()
            job.state = "done"
        except WenjuError as error:
            job.problem, job.state = str(error).replace(str(self.pages), ""), "failed"
        except Exception as error:  # a thread has nobody above it who could tell
            job.problem, job.state = type(error).__name__, "failed"
            raise

    def _check_open(self) -> None:
        if self.locked:
            raise NotAllowedError(
                "The collection cannot be changed from this window.", "Start it with --auth to allow it."
            )


def safe_name(wish: str) -> str:
    """A file name of our own making, as near to the wish as is safe.

    Example:
        >>> safe_name("../../etc/头版.TXT"), safe_name(".hidden.txt")
        ('头版.txt', 'hidden.txt')

    Raises:
        SourceError: It does not end like a page.
    """
    last = unicodedata.normalize("NFC", wish.replace("\\", "/")).rpartition("/")[2]
    kept = "".join(char if char.isalnum() or char in "-_—·（）()《》“”、，. " else "_" for char in last)
    stem, dot, suffix = kept.strip(" .").rpartition(".")
    suffix = f"{dot}{suffix.lower()}"
    if not stem or suffix not in SUFFIXES:
        raise SourceError(f"{kept!r} is no page by its name.", f"These are read: {', '.join(SUFFIXES)}.")
    stem = stem.encode()[:_LONGEST_NAME].decode(errors="ignore").strip(" .") or "page"
    return f"_{stem}{suffix}" if stem.split(".")[0].lower() in _RESERVED else stem + suffix


async def _receive(staged: Path, name: str, chunks: AsyncIterator[bytes]) -> None:
    size = 0
    with staged.open("xb") as stream:
        async for chunk in chunks:
            size += len(chunk)
            if size > MOST_BYTES:
                raise SourceError(
                    f"{name} has more than {MOST_BYTES / 1e6:.0f} MB.", "Split it into pages, then add these."
                )
            await to_thread.run_sync(stream.write, chunk)


def _move_in(staged: Path, folder: Path, name: str) -> str:
    """Move a file in under its name, or the next free one like it; never over another."""
    stem, suffix = Path(name).stem, Path(name).suffix
    for number in range(1, 1000):
        free = name if number == 1 else f"{stem} ({number}){suffix}"
        try:
            os.link(staged, folder / free)  # fails where the name is taken, which a rename would not
        except FileExistsError:
            continue
        return free
    raise SourceError(f"There are too many files named like {name}.", "Rename it.")


def _without_path(error: SourceError, path: Path, name: str) -> SourceError:
    """The same error without telling where on this machine things lie."""
    return SourceError(error.what.replace(str(path), name), error.fix.replace(str(path), name))


def _row(file: str) -> dict[str, Any]:
    return {"file": file, "articles": 0, "passages": 0, "broken": 0, "dates": [], "problem": "", "state": "read"}
