"""What does a Word document say? Every character that it prints, once, in the order in which it is read.

The parts of the package are walked as XML: a library's paragraphs leave out what stands in text boxes, content
controls, insertions, notes and page headers. What was deleted or is hidden is not read; what a page repeats (headers
and footers) belongs to no article. The characters are counted twice, by the walk and in the XML, and a difference is
told. See ECMA-376 part 1, chapter 17.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from index.errors import SourceError
from index.reading.archives import Archive, open_archive, parse_xml, reading
from index.reading.encodings import Decoded
from index.reading.gathered import Gathered
from index.schema import Note

if TYPE_CHECKING:
    from lxml.etree import _Element

__all__ = ["read_docx"]

_PREFIXES = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "w",
    "http://purl.oclc.org/ooxml/wordprocessingml/main": "w",
    "http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
    "http://schemas.openxmlformats.org/officeDocument/2006/math": "m",
    "http://purl.oclc.org/ooxml/officeDocument/math": "m",
    "urn:schemas-microsoft-com:vml": "v",
}
_REMOVED = frozenset({"w:del", "w:moveFrom", "w:rt", "w:pPr", "w:rPr", "w:sectPr", "w:tblPr", "w:trPr", "w:tcPr"})
_MARKS = {
    "w:tab": "\t",
    "w:ptab": "\t",
    "w:br": "\n",
    "w:cr": "\n",
    "w:noBreakHyphen": "-",
}
_SYMBOLS = {  # of the fonts that Word takes its bullets and boxes from
    "symbol": {0xB7: "•", 0xD7: "×", 0xB0: "°", 0xB1: "±", 0xAE: "→"},
    "wingdings": {0x6C: "●", 0x6E: "■", 0x71: "❑", 0x75: "◆", 0xA7: "▪", 0xA8: "□", 0xD8: "➢", 0xFC: "✓", 0xFE: "☑"},
    "wingdings 2": {0x50: "✓", 0x52: "☑", 0xA3: "□"},
}
_HEADING = re.compile(r"(?:heading|标题)\s*([1-6])$", re.IGNORECASE)
_LONGEST_CELL = 300  # characters; a longer one, or one with a table in it, is a column of a layout
_SPACE = re.compile(r"\s+")
_SAME = "〃"  # stands where a cell of the row above reaches down: its text is there once
_OFF = {"0", "false", "off"}
_NO_NOTE = frozenset({"separator", "continuationSeparator", "continuationNotice"})


@dataclass
class _Counts:
    read: int = 0  # characters of w:t
    hidden: int = 0
    readings: int = 0


def read_docx(data: bytes, name: str, encoding: str | None) -> Decoded:
    """Read a Word document.

    Raises:
        SourceError: It is none, or has a password.
    """
    with open_archive(data, name) as archive, reading(name, "Word file"):
        package = _Package(archive)
        if package.body is None:
            raise SourceError(f"{name} is no Word file that can be read (it has no document part).", "Save it again.")
        writer = _Writer(package)
        text, aside = writer.write()
        return Decoded(text, "docx", "由文件格式给出", None, aside, tuple(writer.notes()), tuple(archive.lost))


class _Package:
    """The parts of a document that hold text, parsed."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        main = next((t for t, kind, _ in self._relations("") if kind == "officeDocument"), "word/document.xml")
        self.body = self._parse(main)
        self.headers: list[_Element] = []
        self.footers: list[_Element] = []
        self.notes: dict[tuple[str, str], _Element] = {}
        self.other: list[str] = []
        related = {ident: (target, kind) for target, kind, ident in self._relations(main)}
        self._take_margins(related)
        for kind, mark in (("footnotes", "w:footnote"), ("endnotes", "w:endnote")):
            for target in (target for target, each in related.values() if each == kind and target in archive):
                root = self._parse(target)
                notes = (
                    [n for n in root if _tag(n) == mark and _get(n, "type") not in _NO_NOTE] if root is not None else []
                )
                self.notes |= {(mark, _get(note, "id")): note for note in notes}
        for target, kind in related.values():
            if kind in {"chart", "diagramData", "aFChunk", "comments"} and target in archive:
                self.other.append(kind)
        self.levels = self._levels(next((target for target, kind in related.values() if kind == "styles"), ""))

    def _take_margins(self, related: dict[str, tuple[str, str]]) -> None:
        """Page headers and footers in the order in which sections name them; each part once."""
        found = [] if self.body is None else [node for node in self.body.iter() if _tag(node).endswith("erReference")]
        taken = set[str]()
        for node in found:
            target, kind = related.get(_get(node, "id"), ("", ""))
            if kind in {"header", "footer"} and target not in taken and (root := self._parse(target)) is not None:
                taken.add(target)
                (self.headers if kind == "header" else self.footers).append(root)

    def _parse(self, part: str) -> _Element | None:
        data = self._archive.read(part)
        if data is None:
            return None
        try:
            return parse_xml(data)
        except SyntaxError as error:  # lxml's own is one
            self._archive.lose(part, str(error)[:120])
            return None

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Target, last word of the type, and identifier of what a part refers to inside the package."""
        folder, file = posixpath.split(part)
        where = posixpath.join(folder, "_rels", f"{file}.rels")
        root = self._parse(where) if where in self._archive else None
        for node in root if root is not None else ():
            if not isinstance(node.tag, str) or node.get("TargetMode") == "External":
                continue
            target = unquote(node.get("Target") or "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            yield posixpath.normpath(path), (node.get("Type") or "").rpartition("/")[2], node.get("Id") or ""

    def _levels(self, part: str) -> dict[str, int]:
        """Heading levels of paragraph styles, by their name or their outline."""
        root = self._parse(part) if part and part in self._archive else None
        own: dict[str, int] = {}
        based: dict[str, str] = {}
        for style in root.iter() if root is not None else ():
            if _tag(style) != "w:style":
                continue
            inner = {_tag(node): _get(node, "val") for node in style.iter()}
            ident = _get(style, "styleId")
            based[ident] = inner.get("w:basedOn", "")
            named = _HEADING.match(inner.get("w:name", ""))
            if named or inner.get("w:name", "").lower() in {"title", "标题"}:
                own[ident] = int(named.group(1)) if named else 1
            elif inner.get("w:outlineLvl", "") in set("012345"):
                own[ident] = int(inner["w:outlineLvl"]) + 1
        return own | {ident: own[base] for ident, base in based.items() if ident not in own and base in own}


class _Writer:
    """Writes the parts line by line."""

    def __init__(self, package: _Package) -> None:
        self._package = package
        self._gathered = Gathered()
        self._counts = _Counts()
        self._boxes: list[_Element | str] = []
        self._noted: list[tuple[str, str]] = []
        self._written = set[tuple[str, str]]()

    def write(self) -> tuple[str, tuple[tuple[int, str], ...]]:
        """The page's text, and its lines that belong to no article."""
        package = self._package
        for why, roots in (("页眉", package.headers), ("", [package.body]), ("页脚", package.footers)):
            self._gathered.set_apart(why)
            for root in roots:
                self._blocks([root] if root is not None else [])
            if not why:
                self._noted = [key for key in package.notes if key not in self._written]
                self._after()
        self._gathered.end()
        return self._gathered.page()

    def notes(self) -> Iterator[Note]:
        """What was left out, and whether all characters of the XML were read."""
        package, counts = self._package, self._counts
        roots = [package.body, *package.headers, *package.footers, *package.notes.values()]
        there = sum(_printed(root) for root in roots if root is not None)
        for count, what in ((counts.hidden, "隐藏的文字 {} 字未读"), (counts.readings, "注音 {} 字未读")):
            if count:
                yield Note(0, what.format(count))
        for kind, what in (
            ("chart", "图表"),
            ("diagramData", "示意图"),
            ("aFChunk", "嵌入的文件"),
            ("comments", "批注"),
        ):
            if kind in package.other:
                yield Note(0, f"{what}中的文字未读", doubtful=kind != "comments")
        if there != counts.read + counts.hidden + counts.readings:
            yield Note(0, f"正文 {there} 字中只读到 {counts.read} 字", doubtful=True)

    def _blocks(self, nodes: Sequence[_Element]) -> None:
        """Paragraphs and tables below some elements, whatever wraps them."""
        todo = list(reversed(nodes))
        while todo:
            node = todo.pop()
            tag = _tag(node)
            if tag == "w:p":
                self._paragraph(node)
            elif tag == "w:tbl":
                self._table(node)
            elif tag not in _REMOVED:
                todo += reversed(_chosen(node) if tag == "mc:AlternateContent" else list(node))

    def _paragraph(self, paragraph: _Element) -> None:
        text = self._inline(paragraph)
        level = self._level(paragraph)
        if text.strip() and level:
            self._gathered.put("#" * level + " ")
            text = text.replace("\n", " ")
        self._gathered.put(text)
        properties = _child(paragraph, "w:pPr")
        if not any(_tag(node) == "w:del" for node in (properties.iter() if properties is not None else ())):
            self._gathered.end()  # else the deleted mark joins it with the next
            self._after()

    def _after(self) -> None:
        """Write the boxes and notes that hang on what was just written."""
        boxes, self._boxes = self._boxes, []
        noted, self._noted = self._noted, []
        for box in boxes:
            if isinstance(box, str):
                self._gathered.line(box)
            else:
                self._blocks(list(box))
        for key in noted:
            if key in self._package.notes and key not in self._written:
                self._written.add(key)
                self._blocks(list(self._package.notes[key]))

    def _level(self, paragraph: _Element) -> int:
        properties = _child(paragraph, "w:pPr")
        given = {_tag(node): _get(node, "val") for node in properties} if properties is not None else {}
        if given.get("w:outlineLvl", "") in set("012345"):
            return int(given["w:outlineLvl"]) + 1
        return self._package.levels.get(given.get("w:pStyle", ""), 0)

    def _inline(self, block: _Element) -> str:
        """The text of a paragraph; boxes and notes in it are kept for later."""
        parts: list[str] = []
        todo = list(reversed(block))
        while todo:
            node = todo.pop()
            tag = _tag(node)
            if tag == "w:txbxContent":
                self._boxes.append(node)
            elif tag == "w:rt":
                self._counts.readings += _printed(node)
            elif tag == "w:r" and _is_hidden(node):
                self._counts.hidden += _printed(node)
            elif tag not in _REMOVED:
                parts.append(self._character(node, tag))
                todo += reversed(_chosen(node) if tag == "mc:AlternateContent" else list(node))
        return "".join(parts)

    def _character(self, node: _Element, tag: str) -> str:
        if tag in {"w:t", "m:t"}:
            text = str(node.text or "")
            self._counts.read += len(text) if tag == "w:t" else 0
            return text
        if tag == "w:sym":
            return _symbol(node)
        if tag in {"w:footnoteReference", "w:endnoteReference"}:
            self._noted.append((tag.removesuffix("Reference"), _get(node, "id")))
        if tag == "v:textpath" and node.get("string"):
            self._boxes.append(str(node.get("string")))
        return _MARKS.get(tag, "")

    # Tables.

    def _table(self, table: _Element) -> None:
        for row in _rows(table):
            cells = list(_cells(row))
            if any(_is_layout(cell) for cell in cells) or len(cells) == 1:
                for cell in cells:
                    self._gathered.end()
                    self._blocks(list(cell))
                continue
            self._gathered.end()
            texts = [self._cell(cell) or _SAME * _goes_on_down(cell) for cell in cells]
            self._gathered.put(" | ".join(texts))
            self._gathered.end()
            self._after()

    def _cell(self, cell: _Element) -> str:
        paragraphs = [node for node in cell.iter() if _tag(node) == "w:p" and _owner(node) is cell]
        return _SPACE.sub(" ", " ".join(map(self._inline, paragraphs))).strip()


def _rows(table: _Element) -> Iterator[_Element]:
    """Rows of a table, also inside content controls, without deleted ones."""
    for node in _within(table, "w:tr"):
        properties = _child(node, "w:trPr")
        if properties is None or _child(properties, "w:del") is None:
            yield node


def _cells(row: _Element) -> Iterator[_Element]:
    return _within(row, "w:tc")


def _within(node: _Element, wanted: str) -> Iterator[_Element]:
    todo = list(reversed(node))
    while todo:
        below = todo.pop()
        tag = _tag(below)
        if tag == wanted:
            yield below
        elif tag in {"w:sdt", "w:sdtContent", "w:customXml", "w:ins", "w:moveTo", "w:smartTag"}:
            todo += reversed(below)
        elif tag == "mc:AlternateContent":
            todo += reversed(_chosen(below))


def _goes_on_down(cell: _Element) -> bool:
    properties = _child(cell, "w:tcPr")
    merge = _child(properties, "w:vMerge") if properties is not None else None
    return merge is not None and _get(merge, "val") != "restart"


def _is_layout(cell: _Element) -> bool:
    return any(_tag(node) == "w:tbl" for node in cell.iter()) or _printed(cell) > _LONGEST_CELL


def _owner(paragraph: _Element) -> _Element | None:
    """The cell or box that a paragraph stands in."""
    return next((node for node in paragraph.iterancestors() if _tag(node) in {"w:tc", "w:txbxContent"}), None)


def _chosen(alternate: _Element) -> list[_Element]:
    """What is read of alternatives that say the same: the first one that has text."""
    children = [node for node in alternate if isinstance(node.tag, str)]
    return [next((node for node in children if _printed(node)), children[0])] if children else []


def _printed(root: _Element) -> int:
    """How many characters of ``w:t`` stand below an element, without what was deleted or says the same again."""
    count, todo = 0, [root]
    while todo:
        node = todo.pop()
        tag = _tag(node)
        if tag == "w:t":
            count += len(node.text or "")
        elif tag == "mc:AlternateContent":
            todo += _chosen(node)
        elif tag == "w:tr":
            properties = _child(node, "w:trPr")
            todo += [] if properties is not None and _child(properties, "w:del") is not None else list(node)
        elif tag not in _REMOVED or tag == "w:rt":
            todo += node
    return count


def _is_hidden(run: _Element) -> bool:
    properties = _child(run, "w:rPr")
    vanish = _child(properties, "w:vanish") if properties is not None else None
    return vanish is not None and _get(vanish, "val") not in _OFF


def _symbol(node: _Element) -> str:
    """A character of a symbol font: the one of Unicode where it is known, else as the document has it."""
    try:
        code = int(_get(node, "char"), 16)
    except ValueError:
        return ""
    known = _SYMBOLS.get(_get(node, "font").lower(), {}).get(code & 0xFF if code >= 0xF000 else code)
    return known or (chr(code) if 0x20 <= code <= 0xFFFF and not 0xD800 <= code < 0xE000 else "")


def _child(node: _Element, tag: str) -> _Element | None:
    return next((child for child in node if _tag(child) == tag), None)


def _get(node: _Element, name: str) -> str:
    """An attribute whatever its namespace is."""
    return next((str(value) for key, value in node.attrib.items() if key.rpartition("}")[2] == name), "")


def _tag(node: _Element) -> str:
    if not isinstance(node.tag, str):
        return ""
    space, _, local = node.tag.rpartition("}")
    return f"{_PREFIXES.get(space.removeprefix('{'), '')}:{local}"
