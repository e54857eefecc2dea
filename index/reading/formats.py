"""How does text come out of files that are not plain text? One reader per suffix; each library is loaded here alone.

What a reader returns is the page's text, which is stored and cited: headings with their ``#`` marks, a paragraph per
line, table cells with ``|`` between them. A file that cannot be read is a ``SourceError`` that says why.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.errors import SourceError
from index.reading.dates import parse_date
from index.reading.encodings import Decoded, decode, first_odd
from index.schema import Page

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["READERS", "SUFFIXES", "ready_pages", "refusal_of_binary"]

_MOST_UNPACKED = 256 * 1024 * 1024  # bytes of a .docx or .epub after unpacking
_MOST_RATIO = 200  # unpacked to packed; text packs to a tenth
_MOST_MEMBERS = 10_000
_MOST_PDF_PAGES = 2_000
_LONGEST_RECORD = 8 * 1024 * 1024  # bytes of one line of a .jsonl file
_SIGNATURES = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a ZIP archive (.docx and .epub are such)",
    b"\xd0\xcf\x11\xe0": "an old Word file",
    b"\x1f\x8b": "a gzip archive",
}
_BLOCKS = frozenset(
    "address article aside blockquote body caption center dd div dl dt fieldset figcaption figure footer form h1 h2 h3"
    " h4 h5 h6 header hr li main ol p pre section table tbody tfoot thead title tr ul br".split()
)
_UNSEEN = frozenset("script style noscript template head nav svg math iframe object select button".split())
_HEADING = re.compile("h([1-6])$")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([A-Za-z0-9_-]{2,20})", re.IGNORECASE)

Reader = Callable[[bytes, str, str | None], Decoded]


def refusal_of_binary(data: bytes, name: str) -> None:
    """Refuse bytes that begin like a known binary format.

    Raises:
        SourceError: They do.
    """
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise SourceError(f"{name} is {what}, not a text file.", "Give it its right name, or remove it.")


def ready_pages(path: Path, name: str) -> Iterator[Page | SourceError]:
    """The articles of a ``.jsonl`` file, each as a page of its own; the file is read line by line.

    A record has ``text`` and may have ``id``, ``title`` and ``date``; other keys are passed over.

    Returns:
        A page for each record, or an error that names the line where it is none.

    Raises:
        SourceError: A line is longer than any record may be, which ends the reading.
        OSError: The file cannot be opened or read.
    """
    seen: set[str] = set()
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(_LONGEST_RECORD + 1):
            number += 1
            where = f"Line {number:,} of {path}"
            if len(line) > _LONGEST_RECORD:
                raise SourceError(f"{where} is longer than {_LONGEST_RECORD / 1e6:.0f} MB.", "Split the record.")
            if not line.strip():
                continue
            try:
                page = _ready_page(line, f"{name}#", number, where)
            except SourceError as error:
                yield error
                continue
            if page.file in seen:
                yield SourceError(f"{where} has the id of an earlier line.", "Give every article its own id.")
                continue
            seen.add(page.file)
            yield page


def _ready_page(line: bytes, prefix: str, number: int, where: str) -> Page:
    try:
        record = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where} is no JSON ({error}).", "Write one JSON object a line, in UTF-8.") from None
    if not isinstance(record, dict) or not isinstance(record.get("text"), str) or not record["text"].strip():
        raise SourceError(f"{where} has no text.", 'Write {"id": …, "title": …, "date": …, "text": …}.')
    title, name = str(record.get("title") or "").strip(), str(record.get("id") or number)
    text = f"{title}\n{record['text']}" if title else record["text"]
    odd = first_odd(name + text, allowed="Co")
    if odd is not None or any(not char.isprintable() for char in name):
        raise SourceError(f"{where} holds a character that is no text.", "Take out control characters.")
    date = parse_date(str(record.get("date") or ""))
    digest = hashlib.sha256(line.strip()).hexdigest()
    return Page(prefix + name, text, "utf-8", digest, "JSON 为 UTF-8", date=date, ready=True, titled=bool(title))


@contextmanager
def _reading(name: str, kind: str) -> Iterator[None]:
    """Around a library that is fed a file: a broken one makes it raise almost anything."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:120]
        raise SourceError(f"{name} is no {kind} that can be read ({reason}).", f"Save it again as {kind}.") from None


def _read_html(data: bytes, name: str, encoding: str | None) -> Decoded:
    declared = _CHARSET.search(data[:4096])
    if encoding is None and declared:
        try:
            decoded = decode(data, name, declared.group(1).decode())
            why = "网页声明"
        except SourceError:
            decoded, why = decode(data, name), ""  # pages lie about themselves
    else:
        decoded, why = decode(data, name, encoding), ""
    text = _html_text(decoded.text, name)
    return Decoded(text, decoded.encoding, why or decoded.why)


def _html_text(source: str, name: str) -> str:
    from lxml import html

    source = re.sub(r"^\s*<\?xml[^>]*\?>", "", source)
    with _reading(name, "HTML"):
        tree = html.document_fromstring(source, parser=html.HTMLParser(no_network=True, remove_comments=True))
        return _tidy(_blocks(tree))


def _blocks(element: _Element) -> str:
    """Text of an element: a line per block, headings marked, cells with bars between them. Not recursive."""
    parts: list[str] = []
    todo: list[tuple[_Element, bool]] = [(element, True)]
    while todo:
        node, opens = todo.pop()
        tag = node.tag.rpartition("}")[2].lower() if isinstance(node.tag, str) else ""
        if not opens:
            parts.append("\n\n" if tag in _BLOCKS else "")
            parts.append(_SPACE.sub(" ", node.tail or ""))
            continue
        if not tag or tag in _UNSEEN:
            parts.append(_SPACE.sub(" ", node.tail or ""))
            continue
        parts.append("\n\n" if tag in _BLOCKS else "")
        if heading := _HEADING.match(tag):
            parts.append("#" * int(heading.group(1)) + " ")
        if tag in {"td", "th"} and node.getprevious() is not None:
            parts.append(" | ")
        parts.append(_SPACE.sub(" ", node.text or ""))
        todo.append((node, False))
        todo += [(child, True) for child in reversed(node)]
    return "".join(parts)


def _tidy(text: str) -> str:
    lines = (line.strip(" \t") for line in text.split("\n"))
    return "\n\n".join(line for line in lines if line.strip("# |")) + "\n"


def _read_docx(data: bytes, name: str, encoding: str | None) -> Decoded:
    _open_archive(data, name).close()
    import docx
    from docx.table import Table

    lines: list[str] = []
    with _reading(name, "Word file"):
        for block in docx.Document(io.BytesIO(data)).iter_inner_content():
            if isinstance(block, Table):
                lines += [" | ".join(_SPACE.sub(" ", cell.text).strip() for cell in row.cells) for row in block.rows]
            elif block.text.strip():
                lines += _paragraph(block.text, str(block.style.name if block.style is not None else ""))
    return _extracted("\n\n".join(lines) + "\n", name, "docx")


def _paragraph(text: str, style: str) -> list[str]:
    level = re.match(r"(?:Heading|标题)\s*([1-6])$", style)
    mark = "#" * int(level.group(1)) + " " if level else "# " if style == "Title" else ""
    return [mark + line.strip() for line in text.split("\n") if line.strip()]


def _read_pdf(data: bytes, name: str, encoding: str | None) -> Decoded:
    import logging

    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    with _reading(name, "PDF"):
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise SourceError(f"{name} is a PDF with a password.", "Save it without one.")
        if len(reader.pages) > _MOST_PDF_PAGES:
            raise SourceError(f"{name} has more than {_MOST_PDF_PAGES:,} pages.", "Split it into single pages.")
        texts = [page.extract_text() for page in reader.pages]
    if not any(text.strip() for text in texts):
        raise SourceError(
            f"{name} is a scanned PDF: it has pictures and no text.", "Run a text recognition over it first."
        )
    return _extracted("\n\n".join(texts), name, "pdf")


def _read_epub(data: bytes, name: str, encoding: str | None) -> Decoded:
    with _open_archive(data, name) as archive, _reading(name, "EPUB"):
        texts = [_html_text(decode(archive.read(part), f"{name}/{part}").text, name) for part in _spine(archive)]
    return _extracted("\n".join(texts), name, "epub")


def _spine(archive: zipfile.ZipFile) -> list[str]:
    """Names of the documents of a book, in reading order."""
    container = _xml(archive.read("META-INF/container.xml"))
    package = next(e.get("full-path", "") for e in container.iter() if str(e.tag).endswith("rootfile"))
    root = _xml(archive.read(package))
    items = {e.get("id"): e for e in root.iter() if str(e.tag).endswith("}item")}
    order = [items[e.get("idref")] for e in root.iter() if str(e.tag).endswith("}itemref") if e.get("idref") in items]
    shown = [e for e in order if "html" in e.get("media-type", "") and "nav" not in (e.get("properties") or "").split()]
    return [posixpath.normpath(posixpath.join(posixpath.dirname(package), unquote(e.get("href", "")))) for e in shown]


def _xml(data: bytes) -> _Element:
    from lxml import etree

    return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))


def _open_archive(data: bytes, name: str) -> zipfile.ZipFile:
    """Open a ZIP archive after asking how large it is unpacked; ``zipfile`` reads no more than that of a member."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise SourceError(f"{name} has a password, or is an old Word file.", "Save it as .docx without a password.")
    with _reading(name, "archive"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        members = archive.infolist()
    unpacked = sum(member.file_size for member in members)
    if unpacked > _MOST_UNPACKED or len(members) > _MOST_MEMBERS or unpacked > _MOST_RATIO * max(len(data), 50_000):
        raise SourceError(
            f"{name} unpacks to {unpacked / 1e6:,.0f} MB in {len(members):,} files, which no page does.", "Remove it."
        )
    if any(member.flag_bits & 1 for member in members):
        raise SourceError(f"{name} has a password.", "Save it without one.")
    return archive


def _extracted(text: str, name: str, kind: str) -> Decoded:
    if (odd := first_odd(text, allowed="CoCn")) is not None:
        raise SourceError(
            f"{name} holds the character U+{ord(text[odd]):04X}, which is no text.", "Save it again, or as text."
        )
    return Decoded(text, kind, "由文件格式给出")


READERS: Mapping[str, Reader] = {
    ".html": _read_html,
    ".htm": _read_html,
    ".docx": _read_docx,
    ".pdf": _read_pdf,
    ".epub": _read_epub,
}
"""Suffix -> what reads such a file; others are plain text."""

SUFFIXES = (".txt", ".md", *READERS, ".jsonl")
"""Suffixes of the files that are taken for pages in a folder."""
