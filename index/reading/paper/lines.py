"""Which glyphs of a sheet stand in one line, across or down the sheet? Decided by where they stand alone.

A glyph belongs to the line of the nearest glyph of about its size, so each tells whether its text runs across or
down. A wider gap in a line is a space where lines above or below run through it, and a gutter between columns where
none does (the white streams of Breuel: Two Geometric Algorithms for Layout Analysis, 2002, looked for line by line).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from index.reading.paper.shapes import Box, Glyph, around

__all__ = ["PrintedLine", "printed_lines", "turned"]

_NEAR = 0.6  # of the size of the type: glyphs of one line are no further apart
_WIDEST_SPACE = 2.5  # of the size: a space of a headline
_SURE_SPACE = 1.3
_SMALL_SPACE = 0.18  # of the size, more than the letters of the line are set apart
_OWN_ROOM = "“”‘’·—…，。、；：！？（）《》〈〉【】「」『』"  # marks with white room of their own in their em box
_LIKE_SIZE = 0.7  # ratio of two sizes in one line, at least
_SAME_SPOT = 0.2  # of the size: the same character drawn again there only makes it bold
_OFF_LINE = 0.35  # of the size, by which middles of one line may differ
_AROUND = 12.0  # of the size: lines so near on each side show a gutter
_NEIGHBOURS = 4.0  # of the size: lines so near show a gutter


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """One line as it is printed, in one column.

    Attributes:
        text: Its characters in order; a space where the print leaves a gap inside the line.
        boxes: A box for each character of ``text``.
        size: Size of the type, in points.
        bold: Whether the font says so.
        down: Whether it runs down the sheet.
        slanted: Whether it is turned, as a watermark is.
        sure: How sure a text recognition was of it, from 0 to 1; 1 for characters of the file itself.
    """

    text: str
    boxes: tuple[Box, ...]
    size: float
    bold: bool = False
    down: bool = False
    slanted: bool = False
    sure: float = 1.0

    @property
    def box(self) -> Box:
        return around(*self.boxes)


def printed_lines(glyphs: Sequence[Glyph], rules: Sequence[Box] = ()) -> list[PrintedLine]:
    """The lines of a sheet, in no order that means anything.

    Args:
        glyphs: All that is drawn; white space may be among it.
        rules: Thin lines; no line of text runs over one.
    """
    drawn = list(_once(glyph for glyph in glyphs if glyph.box.width > 0))
    straight = [glyph for glyph in drawn if not glyph.slanted]
    down = _running_down(straight)
    across_lines = _lines([g for g, d in zip(straight, down, strict=True) if not d], rules)
    turned_rules = [turned(rule) for rule in rules]
    down_glyphs = [replace(g, box=turned(g.box)) for g, d in zip(straight, down, strict=True) if d]
    down_lines = [_turned_back(line) for line in _lines(down_glyphs, turned_rules)]
    return [*across_lines, *down_lines, *_slanted(g for g in drawn if g.slanted)]


def turned(box: Box) -> Box:
    """A box of the sheet turned so that lines down the sheet, from right to left, become lines across, downwards."""
    return Box(box.y0, -box.x1, box.y1, -box.x0)


def _turned_back(line: PrintedLine) -> PrintedLine:
    return replace(line, boxes=tuple(Box(-b.y1, b.x0, -b.y0, b.x1) for b in line.boxes), down=True)


def _once(glyphs: Iterable[Glyph]) -> Iterator[Glyph]:
    """Each glyph once: type is made bold, or given a shadow, by drawing it again nearly at the same spot."""
    spots: dict[str, list[Box]] = defaultdict(list)
    for glyph in glyphs:
        near = _SAME_SPOT * glyph.size
        same = spots[glyph.char]
        if any(abs(b.x0 - glyph.box.x0) < near and abs(b.y0 - glyph.box.y0) < near for b in same[-64:]):
            continue
        same.append(glyph.box)
        yield glyph


class _Grid:
    """Finds glyphs near a point."""

    def __init__(self, glyphs: Sequence[Glyph]) -> None:
        sizes = Counter(round(glyph.size) for glyph in glyphs)
        self._cell = max(4.0, 1.5 * sizes.most_common(1)[0][0]) if sizes else 10.0
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        for number, glyph in enumerate(glyphs):
            x, y = glyph.box.middle
            self._cells[self._key(x, y)].append(number)

    def _key(self, x: float, y: float) -> tuple[int, int]:
        return int(x // self._cell), int(y // self._cell)

    def near(self, x0: float, y0: float, x1: float, y1: float) -> Iterator[int]:
        """Glyphs whose middle may lie in a rectangle."""
        (left, top), (right, bottom) = self._key(x0, y0), self._key(x1, y1)
        for column in range(left, right + 1):
            for row in range(top, bottom + 1):
                yield from self._cells.get((column, row), ())


def _running_down(glyphs: Sequence[Glyph]) -> list[bool]:
    """Whether each glyph stands in a line that runs down: its neighbours below and above are the nearer ones.

    Glyphs of one size that are near each other decide together, since in a last line of one character none can.
    """
    inked = [number for number, glyph in enumerate(glyphs) if not glyph.char.isspace()]
    grid = _Grid(glyphs)
    groups = _Union(len(glyphs))
    votes = [0] * len(glyphs)
    for number in inked:
        glyph = glyphs[number]
        size = glyph.size
        x, y = glyph.box.middle
        beside = below = 2 * size
        for other in grid.near(x - 2 * size, y - 2 * size, x + 2 * size, y + 2 * size):
            if other == number or not _alike(glyph.size, glyphs[other].size) or glyphs[other].char.isspace():
                continue
            box = glyphs[other].box
            gap_x, gap_y = -glyph.box.shared_width(box), -glyph.box.shared_height(box)
            if gap_y < -0.5 * size and gap_x > -0.6 * size:
                beside = min(beside, gap_x)
            elif gap_x < -0.3 * size and gap_y > -0.6 * size:
                below = min(below, gap_y)
            if max(gap_x, gap_y) < _NEAR * size:
                groups.join(number, other)
        if min(beside, below) < 2 * size and abs(beside - below) > 0.08 * size:
            votes[number] = 1 if below < beside else -1
    totals: Counter[int] = Counter()
    for number in inked:
        totals[groups.root(number)] += votes[number]
    return [totals[groups.root(number)] > 0 for number in range(len(glyphs))]


def _alike(size: float, other: float) -> bool:
    return min(size, other) >= _LIKE_SIZE * max(size, other)


class _Union:
    """Sets of numbers that were joined."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, one: int, other: int) -> None:
        self._parent[self.root(one)] = self.root(other)


def _lines(glyphs: Sequence[Glyph], rules: Sequence[Box]) -> list[PrintedLine]:
    """Lines of text that runs across."""
    upright = [rule for rule in rules if rule.height > rule.width]
    pieces = (piece for run in _runs(glyphs) for piece in _at_rules(run, upright))
    runs = [_line(run) for run in pieces if any(not glyph.char.isspace() for glyph in run)]
    return _over_spaces(runs, upright)


def _runs(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    grid, groups = _Grid(glyphs), _Union(len(glyphs))
    for number, glyph in enumerate(glyphs):
        (x, y), size = glyph.box.middle, glyph.size
        after = (
            (glyphs[other].box.x0 - glyph.box.x1, other)
            for other in grid.near(x, y - size, x + 3 * size, y + size)
            if other != number and _follows(glyph, glyphs[other])
        )
        if nearest := min(after, default=None):
            groups.join(number, nearest[1])
    found: dict[int, list[Glyph]] = defaultdict(list)
    for number, glyph in enumerate(glyphs):
        found[groups.root(number)].append(glyph)
    return [sorted(run, key=lambda glyph: glyph.box.x0) for run in found.values()]


def _at_rules(run: list[Glyph], upright: Sequence[Box]) -> Iterator[list[Glyph]]:
    """Cut a run where a rule stands between two of its glyphs."""
    top, bottom = min(g.box.y0 for g in run), max(g.box.y1 for g in run)
    across = [
        r.middle[0] for r in upright if run[0].box.x0 < r.middle[0] < run[-1].box.x1 and r.y0 < bottom and r.y1 > top
    ]
    start = 0
    for place in range(1, len(run)) if across else ():
        before, after = run[place - 1].box, run[place].box
        if any(before.x1 - 0.2 * before.width <= x <= after.x0 + 0.2 * after.width for x in across):
            yield run[start:place]
            start = place
    yield run[start:]


def _follows(glyph: Glyph, after: Glyph) -> bool:
    size = max(glyph.size, after.size)
    (x, y), (other_x, other_y) = glyph.box.middle, after.box.middle
    gap = after.box.x0 - glyph.box.x1
    aligned = abs(y - other_y) <= _OFF_LINE * min(glyph.size, after.size) or (
        abs(glyph.box.y1 - after.box.y1) <= 0.25 * min(glyph.size, after.size)
    )
    return other_x > x and aligned and -0.7 * size < gap < _NEAR * size and _alike(glyph.size, after.size)


def _line(run: Sequence[Glyph]) -> PrintedLine:
    """A line of glyphs from left to right, with a space where Latin words or distant characters stand apart."""
    while run[0].char.isspace():
        run = run[1:]
    while run[-1].char.isspace():
        run = run[:-1]
    usual = sorted(after.box.x0 - glyph.box.x1 for glyph, after in pairwise(run))[len(run) // 2 - 1 :][:1]
    text: list[str] = []
    boxes: list[Box] = []
    for glyph in run:
        gap = glyph.box.x0 - boxes[-1].x1 - max(0.0, *usual, 0.0) if boxes else 0.0
        marked = bool(text) and (text[-1] in _OWN_ROOM or glyph.char in _OWN_ROOM)
        apart = gap > (_NEAR if marked else _SMALL_SPACE) * glyph.size
        if apart and not text[-1].isspace() and not glyph.char.isspace():
            boxes.append(Box(boxes[-1].x1, glyph.box.y0, glyph.box.x0, glyph.box.y1))
            text.append(" ")
        text.append(glyph.char)
        boxes.append(glyph.box)
    size = Counter(round(glyph.size, 1) for glyph in run if not glyph.char.isspace()).most_common(1)[0][0]
    bold = 2 * sum(glyph.bold for glyph in run) > len(run)
    return PrintedLine("".join(text), tuple(boxes), size, bold)


def _over_spaces(runs: list[PrintedLine], upright: Sequence[Box]) -> list[PrintedLine]:
    """Put runs together that stand in one line with a space between them, not a gutter."""
    boxes = [run.box for run in runs]
    order = sorted(range(len(runs)), key=lambda number: boxes[number].y0)
    next_of: dict[int, int] = {}
    for place, number in enumerate(order):
        found = _right_of(number, place, order, runs, boxes)
        if found is not None and _is_space(number, found, runs, boxes, upright):
            next_of[number] = found
    taken = set(next_of.values())
    merged: list[PrintedLine] = []
    for number in range(len(runs)):
        if number in taken:
            continue
        line, after = runs[number], next_of.get(number)
        while after is not None:
            line, after = _joined(line, runs[after]), next_of.get(after)
        merged.append(line)
    return merged


def _right_of(
    number: int, place: int, order: Sequence[int], runs: Sequence[PrintedLine], boxes: Sequence[Box]
) -> int | None:
    """The nearest run to the right, in the same line and of about the same size."""
    box, size = boxes[number], runs[number].size
    best: tuple[float, int] | None = None
    for step in (-1, 1):
        at = place + step
        while 0 <= at < len(order) and abs(boxes[order[at]].y0 - box.y0) < size:
            other = order[at]
            at += step
            gap = boxes[other].x0 - box.x1
            level = abs(boxes[other].middle[1] - box.middle[1]) < _OFF_LINE * size
            alike = min(runs[other].size, size) > 0.85 * max(runs[other].size, size)
            if level and alike and -0.5 * size < gap < _WIDEST_SPACE * size and (best is None or (gap, other) < best):
                best = gap, other
    return best[1] if best else None


def _is_space(left: int, right: int, runs: Sequence[PrintedLine], boxes: Sequence[Box], upright: Sequence[Box]) -> bool:
    """Whether the gap between two runs of one line is a space."""
    size, start, end = runs[left].size, boxes[left].x1, boxes[right].x0
    height = boxes[left].middle[1]
    if any(start - 2 <= rule.middle[0] <= end + 2 and rule.y0 <= height <= rule.y1 for rule in upright):
        return False
    near = [
        number
        for number in range(len(runs))
        if number not in {left, right}
        and runs[number].size < 1.3 * size
        and -0.5 * size < -boxes[number].shared_height(boxes[left]) < _NEIGHBOURS * size
        and boxes[number].x1 > min(boxes[left].x0, start - _AROUND * size)
        and boxes[number].x0 < max(boxes[right].x1, end + _AROUND * size)
    ]
    over = [boxes[number] for number in near if boxes[number].middle[1] < height]
    under = [boxes[number] for number in near if boxes[number].middle[1] >= height]
    above, below = (_parted_rows(side, boxes[left], start, end, size) for side in (over, under))
    if max(above, below) >= 2 or (max(above, below) == 1 and min(above, below) >= 0):
        return False
    return min(above, below) < 0 or end - start <= (_SURE_SPACE if near else _WIDEST_SPACE) * size


def _parted_rows(boxes: Sequence[Box], line: Box, start: float, end: float, size: float) -> int:
    """How many lines on end, from the nearest on, part where a line has a gap; -1 where the nearest does not.

    Args:
        boxes: Runs on one side of the line.
        line: The line.
        start: Where its gap begins.
        end: Where it ends.
        size: Size of its type.
    """
    rows: list[list[Box]] = []
    for box in sorted(boxes, key=lambda box: -box.shared_height(line)):
        if rows and -box.shared_height(line) < -rows[-1][0].shared_height(line) + 0.5 * size:
            rows[-1].append(box)
        else:
            rows.append([box])
    count = 0
    for row in rows:
        middle = (start + end) / 2
        if any(box.x0 < middle - 0.3 * size and box.x1 > middle + 0.3 * size for box in row):
            return count or -1
        lefts, rights = (
            [b.x1 for b in row if b.x1 <= middle + 0.3 * size],
            [b.x0 for b in row if b.x0 >= middle - 0.3 * size],
        )
        start, end = max(start, *lefts, start), min(end, *rights, end)
        if not lefts or not rights or end - start < 0.1 * size:
            return count
        count += 1
    return count


def _joined(left: PrintedLine, right: PrintedLine) -> PrintedLine:
    before, after = left.boxes[-1], right.boxes[0]
    gap = Box(min(before.x1, after.x0), before.y0, max(before.x1, after.x0), before.y1)
    return replace(left, text=f"{left.text} {right.text}", boxes=(*left.boxes, gap, *right.boxes))


def _slanted(glyphs: Iterable[Glyph]) -> Iterator[PrintedLine]:
    """Slanted glyphs of one size, in the order they are drawn, are one watermark."""
    by_size: dict[float, list[Glyph]] = defaultdict(list)
    for glyph in glyphs:
        by_size[round(glyph.size, 1)].append(glyph)
    for size, run in by_size.items():
        text = "".join(glyph.char for glyph in run)
        if text.strip():
            yield PrintedLine(text, tuple(glyph.box for glyph in run), size, slanted=True)
