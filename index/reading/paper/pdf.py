"""What is drawn on the sheets of a PDF file? Glyphs with their em boxes, rules, frames and pictures, by PDFium.

PDFium tells characters in the order they are drawn. Nothing here relies on that order: only on where each stands.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from index.errors import SourceError
from index.reading.paper.shapes import Box, Drawn, Glyph
from index.text import without_radicals

if TYPE_CHECKING:
    from PIL.Image import Image
    from pypdfium2 import PdfDocument, PdfPage

__all__ = ["MISSING", "MOST_SHEETS", "each_sheet", "opened", "picture_of"]

MOST_SHEETS = 2_000
"""Sheets of one file; an issue of a newspaper has some dozens."""

MISSING = "〓"
"""What stands for a glyph of which the file does not say which character it draws; printers set it for a lost type."""

_HYPHEN = 2  # how PDFium tells a hyphen at the end of a line
_MOST_GLYPHS = 200_000  # of one sheet; the densest printed ones have thirty thousand
_MOST_SHAPES = 20_000  # drawn shapes of one sheet that are looked at
_MOST_PIXELS = 40_000_000  # of a picture of a sheet
_THIN = 3.0  # points: a rule is no thicker
_SHORTEST_RULE = 12.0  # points
_SLANT = 3  # degrees by which running text may be turned
_DESCENT = 0.12  # of the em box of a Chinese font, below its base line
_OPENING = "（《〈【「『〔〖“‘"
_CLOSING = "）》〉】」』〕〗”’，。、；：！？·"
_WIDE_MARKS = "“”‘’—…·"  # as wide as a character in Chinese fonts, though not among those
_BOLD_WEIGHT = 600
_BOLD_NAMES = ("bold", "black", "heavy", "simhei", "heiti", "黑体", "biaosong", "dabiao", "xiaobiao")
_VERTICAL_FORMS = str.maketrans(
    "︐︑︒︓︔︕︖︗︘︙︱︳︵︶︷︸︹︺︻︼︽︾︿﹀﹁﹂﹃﹄", "，、。：；！？〖〗…—_（）｛｝〔〕【】《》〈〉「」『』"
)


@contextmanager
def opened(data: bytes, name: str) -> Iterator[PdfDocument]:
    """A PDF file, open.

    Raises:
        SourceError: It has a password, is damaged, or has too many sheets.
    """
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        document = PdfDocument(data)
        sheets = len(document)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise SourceError(f"{name} is a PDF with a password.", "Save it without one.") from None
        raise SourceError(f"{name} is no PDF that can be read ({error}).", "Save it again as PDF.") from None
    try:
        if sheets > MOST_SHEETS:
            raise SourceError(f"{name} has more than {MOST_SHEETS:,} pages.", "Split it into single pages.")
        yield document
    finally:
        document.close()


def each_sheet(document: PdfDocument) -> Iterator[Drawn]:
    """What is drawn on each sheet, in order; a sheet that PDFium cannot read has a problem and nothing else."""
    from pypdfium2 import PdfiumError

    for number in range(len(document)):
        try:
            page = document[number]
            try:
                yield _sheet(page)
            finally:
                page.close()
        except PdfiumError as error:
            yield Drawn(0, 0, problem=f"the sheet is damaged ({error})")


def picture_of(document: PdfDocument, number: int, scale: float) -> Image:
    """A sheet as a picture.

    Args:
        document: An open file.
        number: The sheet, from 0.
        scale: Pixels per point; less where the picture would be too large.
    """
    page = document[number]
    try:
        width, height = page.get_size()
        fitting = math.sqrt(_MOST_PIXELS / max(1.0, width * height))
        picture: Image = page.render(scale=min(scale, fitting)).to_pil()
        return picture
    finally:
        page.close()


def _sheet(page: PdfPage) -> Drawn:
    width, height = page.get_size()
    place = _Placing(page, width, height)
    rules, frames, pictures = _shapes(page, place)
    text = page.get_textpage()
    try:
        if text.count_chars() > _MOST_GLYPHS:
            return Drawn(width, height, problem=f"the sheet has more than {_MOST_GLYPHS:,} characters")
        glyphs = tuple(_glyphs(text.raw, text.count_chars(), place))
    finally:
        text.close()
    return Drawn(width, height, glyphs, tuple(rules), tuple(frames), tuple(pictures))


class _Placing:
    """Turns a file's own coordinates (y upwards, before the page is rotated) into those of the sheet as it is seen."""

    def __init__(self, page: PdfPage, width: float, height: float) -> None:
        self._left, self._bottom, right, top = page.get_cropbox()
        self._turns = page.get_rotation() // 90 % 4
        self._width, self._height = right - self._left, top - self._bottom
        self.turned = self._turns * 90
        del width, height

    def point(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self._left, self._bottom + self._height - y
        if self._turns == 1:
            return self._height - y, x
        if self._turns == 2:
            return self._width - x, self._height - y
        return (y, self._width - x) if self._turns == 3 else (x, y)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        (x0, y0), (x1, y1) = self.point(left, bottom), self.point(right, top)
        return Box(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _glyphs(text: Any, count: int, place: _Placing) -> Iterator[Glyph]:
    import pypdfium2.raw as pdfium

    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    sides = [ctypes.c_double() for _ in range(4)]
    fonts: dict[tuple[bytes, int], bool] = {}
    for number in range(count):
        code = pdfium.FPDFText_GetUnicode(text, number)
        if pdfium.FPDFText_IsGenerated(text, number) == 1 or code in {0, 10, 13, 0xFFFE}:
            continue
        pdfium.FPDFText_GetMatrix(text, number, matrix)
        pdfium.FPDFText_GetCharOrigin(text, number, x, y)
        pdfium.FPDFText_GetCharBox(text, number, *sides)
        size = pdfium.FPDFText_GetFontSize(text, number) * math.sqrt(abs(matrix.a * matrix.d - matrix.b * matrix.c))
        turned = (math.degrees(math.atan2(matrix.b, matrix.a)) - place.turned) % 360
        char = MISSING if pdfium.FPDFText_HasUnicodeMapError(text, number) == 1 else _character(code)
        ink = place.box(sides[0].value, sides[2].value, sides[1].value, sides[3].value)
        origin, slant = place.point(x.value, y.value), min(turned % 90, 90 - turned % 90)
        lies = 45 < turned % 180 < 135
        box = _lying_box(ink, origin, size, turned) if lies and slant <= _SLANT else _em_box(char, ink, origin, size)
        if not 0.1 < size < 2_000 or math.isnan(size):
            size = max(1.0, ink.height)
        bold = _is_bold(text, number, fonts)
        yield Glyph(_shown(char), box, size, bold, slanted=slant > _SLANT)


def _character(code: int) -> str:
    """The character of a glyph; a mark where the file names none."""
    if code == _HYPHEN:
        return "-"
    char = chr(code)
    return char if char == "\t" or unicodedata.category(char) not in {"Cc", "Cs", "Cn"} else MISSING


def _shown(char: str) -> str:
    return without_radicals(char.translate(_VERTICAL_FORMS)) if ord(char) > 0x2E7F else char


def _em_box(char: str, ink: Box, origin: tuple[float, float], size: float) -> Box:
    """The em box of a glyph, of marks only the half that holds their ink.

    Its ink tells where a glyph stands when its origin does not, as in fonts of vertical text.
    """
    x, base = origin
    top, bottom = base - (1 - _DESCENT) * size, base + _DESCENT * size
    if ord(char) <= 0x2E7F and char not in _WIDE_MARKS:
        return Box(x, top, max(ink.x1, x + 0.2 * size), bottom)
    box = Box(x, top, x + size, bottom)
    if ink.width > 0 and not box.holds(Box(*ink.middle, *ink.middle), slack=0.1 * size):
        (x, y), half = ink.middle, size / 2
        return Box(x - half, y - half, x + half, y + half)
    if char in _CLOSING:
        return Box(x, top, max(ink.x1, x + 0.5 * size), bottom)
    return Box(min(ink.x0, x + 0.5 * size), top, x + size, bottom) if char in _OPENING and ink.width > 0 else box


def _lying_box(ink: Box, origin: tuple[float, float], size: float, turned: float) -> Box:
    """The em box of a glyph that lies on its side, as Latin words do in vertical text."""
    x = origin[0]
    below, above = (_DESCENT, 1 - _DESCENT) if turned > 180 else (1 - _DESCENT, _DESCENT)
    y1 = max(ink.y1, ink.y0 + 0.2 * size)
    return Box(x - below * size, ink.y0, x + above * size, y1)


def _is_bold(text: Any, number: int, fonts: dict[tuple[bytes, int], bool]) -> bool:
    import pypdfium2.raw as pdfium

    weight, flags = pdfium.FPDFText_GetFontWeight(text, number), ctypes.c_int()
    buffer = ctypes.create_string_buffer(128)
    length = pdfium.FPDFText_GetFontInfo(text, number, buffer, 128, flags)
    font = (buffer.raw[: max(0, min(length, 128) - 1)], weight)
    if font not in fonts:
        name = font[0].decode("utf-8", "replace").lower().replace("-", "")
        fonts[font] = weight >= _BOLD_WEIGHT or any(part in name for part in _BOLD_NAMES)
    return fonts[font]


def _shapes(page: PdfPage, place: _Placing) -> tuple[list[Box], list[Box], list[Box]]:
    """Rules, frames and pictures of a page."""
    import pypdfium2.raw as pdfium

    rules: list[Box] = []
    frames: list[Box] = []
    pictures: list[Box] = []
    kinds = [pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_SHADING]
    for seen, shape in enumerate(page.get_objects(filter=kinds, max_depth=4)):
        if seen >= _MOST_SHAPES:
            break
        box = place.box(*shape.get_bounds())
        if shape.type != pdfium.FPDF_PAGEOBJ_PATH:
            pictures.append(box)
        elif min(box.width, box.height) <= _THIN < _SHORTEST_RULE <= max(box.width, box.height):
            rules.append(box)
        elif min(box.width, box.height) >= 2 * _SHORTEST_RULE:
            frames.append(box)
    return rules, frames, pictures
