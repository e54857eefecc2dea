"""How does text come out of files that are not plain text? Which reader for which suffix, and that of PDF.

What a reader returns is the page's text, which is stored and cited: headings with their ``#`` marks, a paragraph per
line, table cells with ``|`` between them. A file that cannot be read is a ``SourceError`` that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from index.errors import SourceError
from index.reading.docx import read_docx
from index.reading.encodings import Decoded
from index.reading.epub import read_epub
from index.reading.html import read_html
from index.reading.paper import SCANS
from index.reading.records import RECORDS

__all__ = ["READERS", "SUFFIXES", "refusal_of_binary"]

_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP archive (.docx and .epub are such)",
    b"\xd0\xcf\x11\xe0": "an old Word file",
    b"\x1f\x8b": "a gzip archive",
}

Reader = Callable[[bytes, str, str | None], Decoded]


def refusal_of_binary(data: bytes, name: str) -> None:
    """Refuse bytes that begin like a known binary format.

    Raises:
        SourceError: They do.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise SourceError(f"{name} is {what}, not a text file.", "Give it its right name, or remove it.")


def _read_pdf(data: bytes, name: str, encoding: str | None) -> Decoded:
    from index.reading.paper.reading import doubtful_notes, read_pdf

    text, imprint = read_pdf(data, name)
    return Decoded(text, "pdf", "由文件格式给出", imprint=imprint, notes=doubtful_notes(text, imprint))


def _read_scan(data: bytes, name: str, encoding: str | None) -> Decoded:
    from index.reading.paper.reading import doubtful_notes, read_scan

    text, imprint = read_scan(data, name)
    return Decoded(text, "scan", "由图片识别", imprint=imprint, notes=doubtful_notes(text, imprint))


READERS: Mapping[str, Reader] = {
    ".html": read_html,
    ".htm": read_html,
    ".docx": read_docx,
    ".pdf": _read_pdf,
    **dict.fromkeys(SCANS, _read_scan),
    ".epub": read_epub,
}
"""Suffix -> what reads such a file; others are plain text."""

SUFFIXES = (".txt", ".md", *READERS, *sorted(RECORDS))
"""Suffixes of the files that are taken for pages in a folder."""
