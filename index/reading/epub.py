"""What does a book in EPUB say? Its chapters in reading order; one that is damaged costs itself alone."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.errors import SourceError
from index.reading.archives import Archive, open_archive, parse_xml, reading
from index.reading.encodings import Decoded, decode
from index.reading.gathered import Gathered, Row
from index.reading.html import Document, read_document
from index.schema import Note

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["read_epub"]

_CONTAINER = "META-INF/container.xml"
_PAGES = (".xhtml", ".html", ".htm", ".xml")


def read_epub(data: bytes, name: str, encoding: str | None) -> Decoded:
    """Read a book.

    Raises:
        SourceError: It is none, has a password, or none of its chapters can be read.
    """
    with open_archive(data, name) as archive, reading(name, "EPUB"):
        parts, notes = _spine(archive)
        chapters = [chapter for part in parts if (chapter := _chapter(archive, part, name))]
        if not chapters:
            why = archive.lost[0] if archive.lost else "it names no chapter"
            raise SourceError(f"{name} is no EPUB that can be read ({why}).", "Save it again as EPUB.")
        text, aside = Gathered(_rows(chapters)).page()
        told = [note for chapter in chapters for note in chapter.notes]
        return Decoded(text, "epub", "由文件格式给出", None, aside, (*notes, *told), tuple(archive.lost))


def _chapter(archive: Archive, part: str, name: str) -> Document | None:
    data = archive.read(part)
    if data is None:
        return None
    try:
        return read_document(decode(data, part).text, part, xml=True)
    except SourceError as error:
        archive.lose(part, error.what.removeprefix(part).strip(" ."))
        return None


def _rows(chapters: Sequence[Document]) -> list[Row]:
    """Their lines; a title that several chapters have is the book's, and no headline."""
    titles = Counter(chapter.title for chapter in chapters)
    return [
        row
        for chapter in chapters
        for row in (chapter.titled() if chapter.rows and titles[chapter.title] == 1 else chapter.rows)
    ]


def _spine(archive: Archive) -> tuple[list[str], list[Note]]:
    """Names of the documents of a book in reading order, each once; and what is odd about the list."""
    container = _part(archive, _CONTAINER)
    package = next((unquote(e.get("full-path", "")) for e in container.iter() if _ends(e, "rootfile")), "")
    root = _part(archive, package)
    items = {e.get("id"): e for e in root.iter() if _ends(e, "item")}
    order = [items[e.get("idref")] for e in root.iter() if _ends(e, "itemref") and e.get("idref") in items]
    shown = [item for item in order if _is_page(item) and "nav" not in (item.get("properties") or "").split()]
    folder = posixpath.dirname(package)
    parts = [posixpath.normpath(posixpath.join(folder, unquote(e.get("href", "").partition("#")[0]))) for e in shown]
    once = list(dict.fromkeys(parts))
    again = len(parts) - len(once)
    return once, [Note(0, f"目录重复列出 {again} 个部分，各读一次", doubtful=True)] if again else []


def _part(archive: Archive, part: str) -> _Element:
    data = archive.read(part)
    if data is None:
        raise ValueError(archive.lost[-1])
    return parse_xml(data)


def _is_page(item: _Element) -> bool:
    kind = item.get("media-type", "")
    return "html" in kind or (not kind and item.get("href", "").partition("#")[0].lower().endswith(_PAGES))


def _ends(element: _Element, name: str) -> bool:
    return isinstance(element.tag, str) and element.tag.rpartition("}")[2] == name
