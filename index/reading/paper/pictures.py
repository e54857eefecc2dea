"""What does a sheet of a file look like? A picture of it, for a person to look at."""

from __future__ import annotations

import io
from itertools import islice
from typing import TYPE_CHECKING

from index.errors import SourceError
from index.reading.paper import SCANS
from index.reading.paper.pdf import opened, picture_of
from index.reading.paper.scans import pictures_of

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["sheet_picture"]

_LONGEST = 2_400  # pixels; the type of a broadsheet can be read
_QUALITY = 80


def sheet_picture(data: bytes, name: str, number: int) -> bytes:
    """A sheet as a JPEG picture, 2,400 pixels long at the most.

    Args:
        data: A PDF file, or a picture.
        name: The file's name; its suffix tells which.
        number: The sheet, from 1.

    Raises:
        SourceError: The file cannot be opened, or has no such sheet.
    """
    picture = _scanned(data, name, number) if name.lower().endswith(SCANS) else _printed(data, name, number)
    picture.thumbnail((_LONGEST, _LONGEST))
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def _printed(data: bytes, name: str, number: int) -> Image:
    with opened(data, name) as document:
        if not 1 <= number <= len(document):
            raise _missing(name, number)
        longest = max(document.get_page_size(number - 1))
        return picture_of(document, number - 1, _LONGEST / max(1.0, longest))


def _scanned(data: bytes, name: str, number: int) -> Image:
    picture = next(islice(pictures_of(data, name), max(0, number - 1), None), None)
    if number < 1 or picture is None:
        raise _missing(name, number)
    return picture


def _missing(name: str, number: int) -> SourceError:
    return SourceError(f"{name} has no sheet {number}.", "Ask again.")
