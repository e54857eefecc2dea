"""How does a PDF file become a page? Sheet by sheet; one that cannot be read is told and costs only itself."""

from __future__ import annotations

import time
import unicodedata

from index.errors import SourceError
from index.reading.paper.lines import printed_lines
from index.reading.paper.pdf import MISSING, each_sheet, opened
from index.reading.paper.shapes import Drawn
from index.reading.paper.sheet import SheetReading, read_sheet
from index.reading.paper.text import written
from index.schema import Imprint, Sheet

__all__ = ["read_pdf"]

_MOST_SECONDS = 300.0  # for one file; a sheet takes less than one
_GIBBERISH = 0.2  # share of characters that a text layer may get wrong
_NOTHING = SheetReading((), ())


def read_pdf(data: bytes, name: str) -> tuple[str, Imprint]:
    """Read a PDF file.

    Args:
        data: The file.
        name: What to call it in errors.

    Returns:
        The text as it is read, and where each character stands.

    Raises:
        SourceError: It cannot be opened, no sheet of it can be read, or reading takes too long.
    """
    readings: list[SheetReading] = []
    sheets: list[Sheet] = []
    start = time.monotonic()
    with opened(data, name) as document:
        for drawn in each_sheet(document):
            problem = drawn.problem or _problem_of(drawn)
            readings.append(_NOTHING if problem else _read(drawn))
            sheets.append(Sheet(round(drawn.width, 1), round(drawn.height, 1), problem=problem))
            if time.monotonic() - start > _MOST_SECONDS:
                raise SourceError(
                    f"{name} takes more than {_MOST_SECONDS:.0f} s to read ({len(sheets)} sheets so far).",
                    "Split it into single pages.",
                )
    if not any(reading.stories or reading.furniture for reading in readings):
        raise _unreadable(name, sheets)
    return written(readings, sheets)


def _read(drawn: Drawn) -> SheetReading:
    lines = printed_lines(drawn.glyphs, drawn.rules)
    return read_sheet(lines, drawn.rules, drawn.frames, drawn.width, drawn.height) if lines else _NOTHING


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
        return SourceError(
            f"{name} is a scanned PDF: it has pictures and no text.", "Run a text recognition over it first."
        )
    reason = f": {', '.join(sorted(problems))}" if problems else ""
    return SourceError(f"{name} holds no text that can be read{reason}.", "Save it again with text, or as a text file.")
