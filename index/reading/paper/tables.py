"""Which lines of a sheet are the cells of a table? Those between rules that cross in a frame."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from index.reading.paper.blocks import Block
from index.reading.paper.lines import PrintedLine
from index.reading.paper.shapes import Box

__all__ = ["tables_of"]

_NEAR = 5.0  # points: rules so near are one, as the borders of two cells are
_MOST_OF = 0.8  # of the side of the frame that a rule of the grid runs along
_BETWEEN = " | "


def tables_of(
    lines: Sequence[PrintedLine], frames: Sequence[Box], rules: Sequence[Box]
) -> tuple[list[Block], list[PrintedLine]]:
    """The tables among lines, and the other lines.

    Args:
        lines: Lines that run across.
        frames: Rectangles, of which each may be a table.
        rules: Thin lines.

    Returns:
        A block for each table, whose lines are its rows with bars between the cells; and what is in none.
    """
    tables: list[Block] = []
    rest = list(lines)
    for frame in sorted(frames, key=lambda frame: -frame.width * frame.height):
        columns, rows = _grid(frame, rules)
        inside = [line for line in rest if frame.holds(line.box, 2.0)]
        if len(columns) < 1 or len(rows) < 1 or not inside:
            continue
        cells: dict[tuple[int, int], list[PrintedLine]] = {}
        for line in inside:
            x, y = line.box.middle
            cells.setdefault((bisect_right(rows, y), bisect_right(columns, x)), []).append(line)
        numbers = sorted({row for row, _ in cells})
        tables.append(
            Block([_row([cells[key] for key in sorted(cells) if key[0] == row]) for row in numbers], is_table=True)
        )
        rest = [line for line in rest if not frame.holds(line.box, 2.0)]
    return tables, rest


def _grid(frame: Box, rules: Sequence[Box]) -> tuple[list[float], list[float]]:
    """Where rules run through a frame from side to side, along x and along y."""
    inner = [rule for rule in rules if frame.holds(rule, 2.0)]
    upright = [(rule.middle[0], rule.y0, rule.y1) for rule in inner if rule.height > rule.width]
    level = [(rule.middle[1], rule.x0, rule.x1) for rule in inner if rule.width >= rule.height]
    return _through(upright, frame.x0, frame.x1, frame.height), _through(level, frame.y0, frame.y1, frame.width)


def _through(rules: Sequence[tuple[float, float, float]], low: float, high: float, length: float) -> list[float]:
    places: list[tuple[float, float]] = []  # where, and how long the rules there are together
    for place, start, end in sorted(rules):
        if places and place - places[-1][0] < _NEAR:
            places[-1] = (place, max(places[-1][1], 0.0) + end - start)
        else:
            places.append((place, end - start))
    return [place for place, total in places if low + _NEAR < place < high - _NEAR and total >= _MOST_OF * length]


def _row(cells: Sequence[Sequence[PrintedLine]]) -> PrintedLine:
    text, boxes = "", list[Box]()
    for number, cell in enumerate(cells):
        for line in sorted(cell, key=lambda line: (line.box.y0, line.box.x0)):
            if number and line is min(cell, key=lambda line: (line.box.y0, line.box.x0)):
                text += _BETWEEN
                last, box = boxes[-1], line.box
                boxes += [Box(min(last.x1, box.x0), box.y0, max(last.x1, box.x0), box.y1)] * len(_BETWEEN)
            text += line.text
            boxes += line.boxes
    first = cells[0][0]
    return PrintedLine(text, tuple(boxes), first.size, first.bold)
