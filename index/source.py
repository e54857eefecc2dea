"""Which files are pages, and what characters stand in them? Strict decoding, nothing dropped or replaced."""

from __future__ import annotations

import hashlib
import unicodedata
from pathlib import Path

from index.errors import SourceError
from index.schema import Page

__all__ = ["find_pages", "read_page"]

_SUFFIX = ".txt"
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_PLAIN_ENCODINGS = ("utf-8", "gb18030")  # UTF-8 first: GB18030 text is almost never valid UTF-8, the reverse is
_LAYOUT_CONTROLS = "\t\n\r\f\v"
_NOT_TEXT = {"Cc": "a control character", "Cn": "an unassigned character", "Co": "a private-use character"}


def find_pages(path: Path) -> list[tuple[str, Path]]:
    """Page files at a path, ordered by name.

    Args:
        path: A folder, searched with its subfolders for ``*.txt`` (hidden files are passed over), or one file.

    Returns:
        Pairs of the page's name in the collection (path below the folder, with ``/``) and where it lies.

    Raises:
        SourceError: Nothing is there, or the folder holds no page.
    """
    if path.is_file():
        return [(path.name, path)]
    if not path.is_dir():
        raise SourceError(f"There is no file or folder {path}.", "Give the folder that holds your page files.")
    found = [(file.relative_to(path).as_posix(), file) for file in path.rglob(f"*{_SUFFIX}") if file.is_file()]
    pages = sorted((name, file) for name, file in found if not any(part.startswith(".") for part in name.split("/")))
    if not pages:
        raise SourceError(f"The folder {path} holds no page.", f"Put newspaper pages there as {_SUFFIX} files.")
    return pages


def read_page(path: Path, name: str | None = None) -> Page:
    """Read one page file without loss.

    A byte-order mark decides the encoding; without one it is UTF-8 if the whole file is valid UTF-8, else GB18030.

    Args:
        path: The file.
        name: What to call it in the collection; the file's own name when None.

    Raises:
        SourceError: The file cannot be opened, is empty, or is not text in one of these encodings.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path} cannot be read ({error.strerror}).", "Check that it is a file you may read."
        ) from None
    text, encoding = _decode(data, path)
    if not text.strip():
        raise SourceError(f"{path} is empty.", "Remove it, or put the page's text into it.")
    return Page(name or path.name, text, encoding, hashlib.sha256(data).hexdigest())


def _decode(data: bytes, path: Path) -> tuple[str, str]:
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)]
    failure = "is not text"
    for encoding in marked or _PLAIN_ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            failure = f"is not {encoding.upper()} at byte {error.start}"
            continue
        if (odd := _first_odd(text)) is None:
            return text, encoding
        failure = f"holds {_NOT_TEXT[unicodedata.category(text[odd])]} at character {odd}, so it is no text file"
        break  # it is in this encoding; read in the next it would be other characters
    raise SourceError(f"{path} {failure}.", "Save it as UTF-8 or GB18030 text, or remove it from the folder.")


def _first_odd(text: str) -> int | None:
    """Offset of the first character that no printed page holds, which is how binary data betrays itself."""
    for index, char in enumerate(text):
        if unicodedata.category(char) in _NOT_TEXT and char not in _LAYOUT_CONTROLS:
            return index
    return None
