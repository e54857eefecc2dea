"""What does a printed page look like? Pictures of the sheets that quotes stand on, made when somebody looks at one."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from pathlib import Path

from index.reading.paper.pictures import sheet_picture
from index.schema import Page
from index.store.opened import Store
from rag.errors import SourceError

__all__ = ["Sheets", "find_sheets"]

_MOST_KEPT = 24  # pictures, of a megabyte or less


def find_sheets(store: Store, file: str) -> Page:
    """The page of a store that a file was read into.

    Raises:
        SourceError: There is none, or it was no paper.
    """
    page = store.pages.get(file)
    if page is None or page.imprint is None:
        raise SourceError(f"{file} has no picture of its page.", "Look at its text.")
    return page


class Sheets:
    """Makes pictures of the sheets of the files in a folder.

    Args:
        pages: The folder of pages, or a single file.
    """

    def __init__(self, pages: Path) -> None:
        self._pages = pages
        self._kept: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()  # PDFium works in one thread at a time

    def picture(self, page: Page, number: int) -> bytes:
        """A sheet as a JPEG picture.

        Args:
            page: What was read from the file.
            number: The sheet, from 1.

        Raises:
            SourceError: The file is not there any more, is another one now, or has no such sheet.
        """
        with self._lock:
            key = page.sha256, number
            if key not in self._kept:
                self._kept[key] = sheet_picture(self._data(page), page.file, number)
                if len(self._kept) > _MOST_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    def _data(self, page: Page) -> bytes:
        path = self._pages if self._pages.is_file() else self._pages / page.file
        try:
            data = path.read_bytes()
        except OSError:
            data = b""
        if hashlib.sha256(data).hexdigest() != page.sha256:
            raise SourceError(f"{page.file} has changed since it was read, or is gone.", "Rebuild the collection.")
        return data
