"""Which files are pages, and what characters stand in them? Nothing is dropped or replaced without being told."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from index.errors import SourceError
from index.reading.encodings import decode, odd_notes, refuse_binary
from index.reading.formats import READERS, SUFFIXES, refusal_of_binary
from index.reading.records import RECORDS, ready_pages
from index.schema import Page

__all__ = ["MOST_BYTES", "find_pages", "read_file", "read_page"]

MOST_BYTES = 64 * 1024 * 1024
"""The largest page file that is read; a larger one is no page. Files of ready articles are streamed instead."""

_LONGEST_LINE = 2_000_000  # characters; nothing that was printed has a line of this length
_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe \t\r\n"
_LOCK = "~$"  # Office puts such a file beside a document that is open


def find_pages(path: Path) -> list[tuple[str, Path]]:
    """Page files at a path, ordered by name.

    Args:
        path: A folder, searched with its subfolders for files of the known formats (hidden files and the lock files
            of Office are passed over), or one file.

    Returns:
        Pairs of the page's name in the collection (path below the folder, with ``/``) and where it lies. Whether a
        file can be read is not asked here.

    Raises:
        SourceError: Nothing is there, or the folder holds no page.
    """
    if path.is_file():
        return [(path.name, path)]
    if not path.is_dir():
        raise SourceError(f"There is no file or folder {path}.", "Give the folder that holds your page files.")
    found = [(file.relative_to(path).as_posix(), file) for file in path.rglob("*") if _is_page(file)]
    pages = sorted((name, file) for name, file in found if not any(part.startswith(".") for part in name.split("/")))
    if not pages:
        raise SourceError(
            f"The folder {path} holds no page.", f"Put newspaper pages there: {', '.join(SUFFIXES)} files are read."
        )
    return pages


def read_file(
    path: Path, name: str | None = None, *, root: Path | None = None, encoding: str | None = None
) -> Iterator[Page | SourceError]:
    """Read a file into its pages: one, or as many as a file of ready articles holds.

    Args:
        path: The file.
        name: What to call it in the collection; the file's own name when None.
        root: The folder that was asked for; a link that leads out of it is refused.
        encoding: The encoding of text files; found when None.

    Returns:
        The pages; of a file of ready articles, also an error for each that is none; of a book, for each damaged part.

    Raises:
        SourceError: As for :func:`read_page`.
    """
    name = name or path.name
    _check_place(path, name, root)
    if path.suffix.lower() in RECORDS:
        try:
            yield from ready_pages(path, name, encoding)
        except OSError as error:
            raise _unreadable(path, error) from None
        return
    page, lost = _read_whole(path, name, encoding)
    yield page
    yield from lost


def read_page(path: Path, name: str | None = None, *, encoding: str | None = None) -> Page:
    """Read one page file without loss.

    Plain text is decoded by the rule of :mod:`index.reading.encodings`. Of the other formats the text is taken out,
    which is what spans then refer to. What :func:`read_file` tells of damaged parts is not told here.

    Args:
        path: The file.
        name: What to call it in the collection; the file's own name when None.
        encoding: The encoding of a text file; found when None.

    Raises:
        SourceError: The file cannot be opened, is empty or too large, or is not what its name says.
    """
    return _read_whole(path, name or path.name, encoding)[0]


def _read_whole(path: Path, name: str, encoding: str | None) -> tuple[Page, list[SourceError]]:
    """A page, and an error for each of its parts that cannot be read."""
    data = _bytes_of(path)
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        refusal_of_binary(data, str(path))
        decoded = decode(data, str(path), encoding)
    else:
        decoded = reader(data, str(path), encoding)
        refuse_binary(decoded.text, str(path))
    if not decoded.text.strip():
        raise SourceError(f"{path} is empty.", "Remove it, or put the page's text into it.")
    if len(decoded.text) > _LONGEST_LINE and max(map(len, decoded.text.splitlines())) > _LONGEST_LINE:
        raise SourceError(
            f"{path} has a line of more than {_LONGEST_LINE:,} characters, so it is no page.",
            "Break it into lines, or remove it from the folder.",
        )
    page = Page(
        name,
        decoded.text,
        decoded.encoding,
        hashlib.sha256(data).hexdigest(),
        encoding_why=decoded.why,
        date=decoded.date,
        aside=decoded.aside,
        notes=(*decoded.notes, *odd_notes(decoded.text)),
        imprint=decoded.imprint,
    )
    return page, [SourceError(what, "The rest of it was read.") for what in decoded.lost]


def _is_page(file: Path) -> bool:
    if file.suffix.lower() not in SUFFIXES or file.name.startswith(_LOCK):
        return False
    if file.is_symlink() and not file.is_file():
        return True  # a broken link is reported, not passed over
    return file.is_file() and (file.suffix.lower() != ".json" or _is_array(file))


def _is_array(file: Path) -> bool:
    """Whether a JSON file begins as a list of articles does; settings and the like are objects."""
    try:
        with file.open("rb") as stream:
            return stream.read(256).replace(b"\0", b"").lstrip(_BEFORE_JSON)[:1] == b"["
    except OSError:
        return True  # reported when it is read


def _check_place(path: Path, name: str, root: Path | None) -> None:
    if any(not char.isprintable() for char in name):
        raise SourceError(
            f"The name {name!r} holds a character that cannot be shown.", "Rename the file; citations show its name."
        )
    try:
        there = path.resolve()
    except (OSError, RuntimeError):  # links that lead in a circle
        raise SourceError(f"{path} is a link that leads to itself.", "Remove it from the folder.") from None
    if root is not None and root.is_dir() and not there.is_relative_to(root.resolve()):
        raise SourceError(f"{path} is a link that leads out of {root}.", "Copy the file into the folder instead.")


def _bytes_of(path: Path) -> bytes:
    if path.exists() and not path.is_file():  # a pipe would be waited for, a device has no end
        raise SourceError(f"{path} is no file.", "Remove it from the folder, or copy what it stands for into it.")
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            if size <= MOST_BYTES:
                return stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from None
    raise SourceError(
        f"{path} has {size / 1e6:.0f} MB, at most {MOST_BYTES / 1e6:.0f} MB are read of one page.",
        "Split it into pages, or remove it from the folder.",
    )


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(f"{path} cannot be read ({error.strerror}).", "Check that it is a file you may read.")
