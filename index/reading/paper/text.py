"""What is the text of a printed page, as it is read? Line by line, with the place of every character on its sheet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from index.reading.paper.blocks import Block, Head, ends_sentence
from index.reading.paper.lines import PrintedLine
from index.reading.paper.shapes import Pose, around
from index.reading.paper.sheet import SheetReading
from index.reading.paper.stories import Story
from index.schema import Imprint, Role, Sheet, Stretch

__all__ = ["written"]

_INDENT = 1.2  # of the size of the type
_APART = 5.0  # of the size: a line that begins so far in is a signature
_LONGEST_SECTION_HEAD = 16  # characters
_MARKS = "，。、；：！？,.;:!?”’）)》…"
_SIGNATURE = re.compile("记者|通讯员|作者|摄|来源|转自|编辑")
_SHORT = 2.6  # of the size: a line that ends so early is the last of its paragraph


@dataclass
class _Writer:
    """Puts lines into a text."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    number: int = 0
    stretches: list[Stretch] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    roles: list[tuple[int, Role | None]] = field(default_factory=list)

    def begin(self) -> None:
        """Begin a part of the page."""
        if self.parts:
            self._put("\n")
            self.number += 1
        self.begins.append(self.number + 1)

    def line(self, pieces: Sequence[tuple[PrintedLine, int, Pose]], role: Role | None) -> None:
        """Write one line of text from lines of print, each with its sheet and how its boxes lie there."""
        if not "".join(line.text for line, _, _ in pieces).strip():
            return
        self.number += 1
        self.roles.append((self.number, role))
        before = ""
        for line, sheet, pose in pieces:
            if before and _needs_space(before[-1], line.text[0]):
                self._put(" ")
            self.stretches.append(_stretch(self.length, line, sheet, pose))
            self._put(line.text)
            before = line.text
        self._put("\n")

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)


def _needs_space(left: str, right: str) -> bool:
    return left.isascii() and right.isascii() and left.isalpha() and right.isalpha()


def _stretch(start: int, line: PrintedLine, sheet: int, pose: Pose) -> Stretch:
    boxes = [pose.on_sheet(box) for box in line.boxes]
    down = line.down is not pose.sideways
    box = around(*boxes)
    starts = [b.y0 if down else b.x0 for b in boxes]
    edges = tuple(round(v, 1) for v in (*starts, box.y1 if down else box.x1))
    x0, y0, x1, y1 = (round(v, 1) for v in box)
    return Stretch(start, sheet, x0, y0, x1, y1, edges, down, round(line.sure, 2))


def written(readings: Sequence[SheetReading], sheets: Sequence[Sheet]) -> tuple[str, Imprint]:
    """The text of the sheets of one file, and where its characters stand.

    Every line of print is in it once: first the stories of a sheet, then its head and foot.

    Args:
        readings: What was read on each sheet.
        sheets: What is known of each.
    """
    writer = _Writer()
    chains = _over_sheets(readings)
    for number, reading in enumerate(readings, start=1):
        if reading.furniture:
            writer.begin()
            for line in reading.furniture:
                writer.line([(line, number, replace(reading.pose, sideways=False))], None)
        for story in reading.stories:
            if id(story) in chains.later:
                continue
            writer.begin()
            _write_story(writer, [(story, number, reading.pose), *chains.after.get(id(story), ())])
    imprint = Imprint(tuple(sheets), tuple(writer.stretches), tuple(writer.begins), tuple(writer.roles))
    return "".join(writer.parts), imprint


@dataclass
class _Chains:
    """Stories that go on on a later sheet without a word about it."""

    after: dict[int, list[tuple[Story, int, Pose]]] = field(default_factory=dict)
    later: set[int] = field(default_factory=set)


def _over_sheets(readings: Sequence[SheetReading]) -> _Chains:
    """Text without a head at the beginning of a sheet may go on with an article of the sheet before."""
    chains = _Chains()
    first_of: dict[int, Story] = {}
    for number in range(1, len(readings)):
        before, reading = readings[number - 1], readings[number]
        opening = next(iter(reading.stories), None)
        if opening is None or opening.head is not None or not opening.blocks:
            continue
        story = _goes_on_with(opening, before, has_head=bool(reading.furniture))
        if story is None:
            continue
        root = first_of.get(id(story), story)
        first_of[id(opening)] = root
        chains.after.setdefault(id(root), []).append((opening, number + 1, reading.pose))
        chains.later.add(id(opening))
    return chains


def _goes_on_with(opening: Story, before: SheetReading, *, has_head: bool) -> Story | None:
    """The article that is torn at the foot of the sheet before; without a new head of the sheet, the last one there."""
    lowest = max(before.stories, key=lambda story: story.box.y1, default=None)
    if lowest is not None and not lowest.blocks and not has_head:
        return lowest  # a headline whose text did not fit below it
    if opening.blocks[0].leads:
        return None
    texts = [story for story in before.stories if story.blocks]
    torn = [story for story in texts if story.blocks[-1].torn]
    if not opening.blocks[0].indented:
        return max(torn, key=lambda story: (story.box.y1, story.box.x1), default=None)
    last = max(texts, key=lambda story: (story.box.y1, story.box.x1), default=None)
    return None if has_head or last is None or last.blocks[-1].torn else last


def _write_story(writer: _Writer, parts: Sequence[tuple[Story, int, Pose]]) -> None:
    story, sheet, pose = parts[0]
    if story.head is not None:
        for block, role in _head_roles(story.head):
            writer.line([(line, sheet, pose) for line in block.lines], role)
    blocks = [(block, sheet, pose) for story, sheet, pose in parts for block in story.blocks]
    for pieces, role in _paragraphs(blocks):
        writer.line(pieces, role)


def _head_roles(head: Head) -> Iterator[tuple[Block, Role]]:
    main = max(head.blocks, key=lambda block: (round(block.size, 1), len(block.text)))
    place = next(i for i, block in enumerate(head.blocks) if block is main)
    for number, block in enumerate(head.blocks):
        yield block, Role.KICKER if number < place else Role.SUBHEAD if number > place else Role.HEADLINE


def _paragraphs(
    blocks: Sequence[tuple[Block, int, Pose]],
) -> Iterator[tuple[list[tuple[PrintedLine, int, Pose]], Role]]:
    """Lines of print put together into paragraphs."""
    pieces: list[tuple[PrintedLine, int, Pose]] = []
    before: tuple[Block, PrintedLine] | None = None
    for block, sheet, pose in blocks:
        if block.is_head or block.is_table:
            if pieces:
                yield pieces, Role.BODY
            whole = [(line, sheet, pose) for line in block.lines]
            yield from ((whole, Role.SECTION),) if block.is_head else (([row], Role.TABLE) for row in whole)
            pieces, before = [], None
            continue
        for place, line in enumerate(block.lines):
            opens = before is None or _opens_paragraph(*before, block, line)
            section = _is_section_line(block, place, pieces[-1][0] if pieces else None)
            if pieces and (opens or section):
                yield pieces, Role.BODY
                pieces = []
            if section:
                yield [(line, sheet, pose)], Role.SECTION
                before = None
                continue
            pieces.append((line, sheet, pose))
            before = block, line
    if pieces:
        yield pieces, Role.BODY


def _opens_paragraph(last_block: Block, last: PrintedLine, block: Block, line: PrintedLine) -> bool:
    size = line.size
    if line.box.x0 - block.left > _INDENT * size or abs(last.size - size) > 0.1 * size:
        return True
    right = max(other.box.x1 for other in last_block.lines)
    if right - last.box.x1 > _SHORT * size or last.box.x0 - last_block.left > _APART * size:
        return True
    if last_block is block:
        return False
    beyond = line.box.y0 - last.box.y1 > 0.8 * size and line.box.shared_width(last.box) > 0
    return beyond and not last_block.torn


def _is_section_line(block: Block, place: int, before: PrintedLine | None) -> bool:
    """Whether a line in the type of running text is a section head: it is short, without a mark, and stands apart.

    Either it has white space at both its sides, or it is flush left between paragraphs that are indented.
    """
    line = block.lines[place]
    right = max(other.box.x1 for other in block.lines)
    start, end = line.box.x0 - block.left, right - line.box.x1
    if (
        before is None
        or not ends_sentence(before.text)
        or len(line.text) > _LONGEST_SECTION_HEAD
        or len(block.lines) < 3
    ):
        return False
    if line.text[-1] in _MARKS or end < _SHORT * line.size or _SIGNATURE.search(line.text):
        return False
    centred = start > _SHORT * line.size and abs(start - end) < line.size
    after = block.lines[place + 1] if place + 1 < len(block.lines) else None
    indents = any(other.box.x0 - block.left > _INDENT * other.size for other in block.lines)
    flush = start < 0.3 * line.size and indents and (after is None or after.box.x0 - block.left > _INDENT * line.size)
    return centred or flush
