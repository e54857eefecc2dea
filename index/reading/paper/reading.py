"""How does a PDF file or a scan become a page? Sheet by sheet; one that cannot be read costs only itself."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import TYPE_CHECKING

from index.errors import SourceError
from index.reading.paper.lines import printed_lines
from index.reading.paper.pdf import MISSING, each_sheet, opened, picture_of
from index.reading.paper.scans import SURE, can_recognise, pictures_of, recognise
from index.reading.paper.shapes import Drawn
from index.reading.paper.sheet import SheetReading, read_sheet
from index.reading.paper.text import written
from index.reading.paper.ticks import tick
from index.schema import Imprint, Note, Sheet

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["doubtful_notes", "read_pdf", "read_scan"]

_SCAN_DPI, _POINTS = 200, 72  # of the picture that is made of a sheet without text
_INSTALL = "Install it: pip install 'wenju[ocr]'."
_GIBBERISH = 0.2  # share of characters that a text layer may get wrong
_NOTHING = SheetReading((), ())


def read_pdf(data: bytes, name: str) -> tuple[str, Imprint]:
    """Read a PDF file; a sheet without text that can be used is recognised from its picture, where that is installed.

    Args:
        data: The file.
        name: What to call it in errors.

    Returns:
        The text as it is read, and where each character stands.

    Raises:
        SourceError: It cannot be opened, or no sheet of it can be read.
    """
    readings: list[SheetReading] = []
    sheets: list[Sheet] = []
    with opened(data, name) as document:
        for number, drawn in enumerate(each_sheet(document)):
            problem = drawn.problem or _problem_of(drawn)
            size = round(drawn.width, 1), round(drawn.height, 1)
            if problem and (drawn.pictures or drawn.glyphs) and can_recognise():
                tick()
                picture = picture_of(document, number, _SCAN_DPI / _POINTS)
                readings.append(_recognised(picture, drawn.width / picture.width))
                tick()
                sheets.append(Sheet(*size, scanned=True, problem="" if readings[-1].stories else problem))
            else:
                readings.append(_NOTHING if problem else _read(drawn))
                sheets.append(Sheet(*size, problem=problem))
    if not any(reading.stories or reading.furniture for reading in readings):
        raise _unreadable(name, sheets)
    return written(readings, sheets)


def read_scan(data: bytes, name: str) -> tuple[str, Imprint]:
    """Read a picture of a printed sheet, or several in one file.

    Args:
        data: The file.
        name: What to call it in errors.

    Raises:
        SourceError: It is no picture, nothing can be read on it, or text recognition is not installed.
    """
    if not can_recognise():
        raise SourceError(f"{name} is a picture, and text recognition is not installed.", _INSTALL)
    readings, sheets = [], []
    for picture in pictures_of(data, name):
        tick()
        readings.append(_recognised(picture, 1.0))
        sheets.append(Sheet(picture.width, picture.height, scanned=True))
    if not any(reading.stories or reading.furniture for reading in readings):
        raise SourceError(
            f"{name} shows no text that can be recognised.", "Scan it again, upright, at 200 dpi or more."
        )
    return written(readings, sheets)


def doubtful_notes(text: str, imprint: Imprint) -> tuple[Note, ...]:
    """A note for each line of the text of which the recognition was not sure."""
    unsure: dict[int, float] = {}
    for stretch in imprint.stretches:
        if stretch.sure < SURE:
            line = 1 + text.count("\n", 0, stretch.start)
            unsure[line] = min(stretch.sure, unsure.get(line, 1.0))
    return tuple(Note(line, f"文字识别没有把握（{sure:.2f}）", doubtful=True) for line, sure in unsure.items())


def _read(drawn: Drawn) -> SheetReading:
    lines = printed_lines(drawn.glyphs, drawn.rules)
    return read_sheet(lines, drawn.rules, drawn.frames, drawn.width, drawn.height) if lines else _NOTHING


def _recognised(picture: Image, units: float) -> SheetReading:
    found = recognise(picture, units)
    if not found.lines:
        return _NOTHING
    reading = read_sheet(found.lines, (), (), found.width, found.height)
    return replace(reading, pose=replace(found.pose, sideways=reading.pose.sideways))


def _problem_of(drawn: Drawn) -> str:
    """Why the text layer of a sheet is of no use; empty when it is."""
    inked = [glyph.char for glyph in drawn.glyphs if not glyph.char.isspace()]
    if not inked:
        return "it is a picture without text" if drawn.pictures else ""
    wrong = sum(_is_wrong(char) for char in inked)
    return "its fonts do not say which characters they draw" if wrong > _GIBBERISH * len(inked) else ""


def _is_wrong(char: str) -> bool:
    return char in {MISSING, "\ufffd"} or unicodedata.category(char) == "Co"


def _unreadable(name: str, sheets: list[Sheet]) -> SourceError:
    problems = {sheet.problem for sheet in sheets if sheet.problem}
    if problems == {"it is a picture without text"}:
        return SourceError(f"{name} is a scanned PDF, and text recognition is not installed.", _INSTALL)
    reason = f": {', '.join(sorted(problems))}" if problems else ""
    return SourceError(f"{name} holds no text that can be read{reason}.", "Save it again with text, or as a text file.")
