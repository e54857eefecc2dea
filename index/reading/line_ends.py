"""Where does a line of a page end, and which number does it have?

LF, CR LF and CR end a line wherever they stand. Next line (U+0085), the separators U+2028 and U+2029, the vertical tab
and the form feed end one where text stands before and behind them; beside another line end they are white space. So
lines have the numbers that an editor shows, unless the page puts one of these between two of its lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["each_line", "line_of"]

_END = re.compile(r"\r\n|[\n\r]")
_MARK = re.compile("[\v\f\x85\u2028\u2029]")


def each_line(text: str) -> Iterator[tuple[int, int, int]]:
    r"""Number, from 1, start and end of every line of a text, blank ones too; ends hold no line end.

    Example:
        >>> list(each_line("甲\n\f乙\u2028丙"))
        [(1, 0, 1), (2, 2, 4), (3, 5, 6)]
    """
    number = start = 0
    marked = _MARK.search(text) is not None
    for match in _END.finditer(text):
        for cut in _inner(text, start, match.start()) if marked else ((start, match.start()),):
            number += 1
            yield number, *cut
        start = match.end()
    for cut in _inner(text, start, len(text)) if marked else ((start, len(text)),):
        number += 1
        yield number, *cut


def line_of(text: str, offset: int) -> int:
    r"""The number of the line that an offset of a text stands in or right behind.

    Example:
        >>> line_of("甲\r\n乙\u2028丙", 5)
        3
    """
    last = 1
    for number, start, _ in each_line(text):
        if start > offset:
            break
        last = number
    return last


def _inner(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of an editor's line that marks inside it separate."""
    line, begin = text[start:end], 0
    for match in _MARK.finditer(line.rstrip(), len(line) - len(line.lstrip())):
        yield start + begin, start + match.start()
        begin = match.end()
    yield start + begin, end
