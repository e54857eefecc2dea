"""Which lines of a sheet stand together? Lines of one size below each other in one column are a block.

Lines become blocks from the bottom up, by size, distance and shared edges, as in the docstrum (O'Gorman: The Document
Spectrum for Page Layout Analysis, 1993). Blocks of larger type that stand on each other are one head.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from index.reading.paper.lines import PrintedLine
from index.reading.paper.shapes import Box, around

__all__ = ["Block", "Head", "Type", "blocks_of", "ends_sentence", "heads_of", "is_between", "type_of"]

_LARGER = 1.1  # of the size of running text: a headline, kicker or section head
_ONE_SIZE = 0.06  # share by which sizes of one block differ
_INDENT = 1.2  # of the size, at least, where a paragraph begins
_WIDEST_INDENT = 2.6
_LEADING = 1.1  # of the size: lines of one block are no further apart
_HEAD_LEADING = 1.0
_STACKED = 1.6  # of the size of the larger: a kicker, its headline and the line below
_MOST_HEAD_LINES = 3
_LONGEST_HEAD = 60  # characters; a longer block of larger type is a lead paragraph
_LAST = re.compile("[。！？!?…][”’」』）)》】]*$")
_LEAD = re.compile(
    r"[【\[（(]?\s*(?:本报|新华社|据新华社|中新社|[\u4e00-\u9fff]{2,4}讯)[^，。]{0,16}(?:讯|电|记者|报道)"
)


@dataclass
class Block:
    """Lines of one size, one below the other in one column; or the rows of a table."""

    lines: list[PrintedLine]
    is_head: bool = False
    is_table: bool = False
    left: float = 0.0  # where lines without an indent begin

    @property
    def box(self) -> Box:
        return around(*(line.box for line in self.lines))

    @property
    def size(self) -> float:
        return self.lines[0].size

    @property
    def text(self) -> str:
        return "".join(line.text for line in self.lines)

    @property
    def indented(self) -> bool:
        """Whether its first line begins a paragraph by white space."""
        return self.lines[0].box.x0 - self.left > _INDENT * self.size

    @property
    def torn(self) -> bool:
        """Whether its last line ends inside a sentence."""
        return not ends_sentence(self.lines[-1].text)

    @property
    def leads(self) -> bool:
        """Whether it opens as a news report does."""
        return bool(_LEAD.match(self.lines[0].text))


@dataclass
class Head:
    """Headline with what stands above and below it in larger type.

    Attributes:
        blocks: Its blocks from top to bottom; the largest is the headline.
        down: Whether it runs down the sheet.
    """

    blocks: list[Block]
    down: bool = False
    size: float = 0.0
    box: Box = field(default_factory=lambda: Box(0, 0, 0, 0))

    def __post_init__(self) -> None:
        self.size = max(block.size for block in self.blocks)
        self.box = around(*(block.box for block in self.blocks))

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)


@dataclass(frozen=True, slots=True)
class Type:
    """The type that the running text of a sheet is set in.

    Attributes:
        size: In points.
        bold: Whether running text is bold.
    """

    size: float
    bold: bool


def ends_sentence(text: str) -> bool:
    """Whether a line of print ends where a sentence ends."""
    return bool(_LAST.search(text))


def type_of(lines: Sequence[PrintedLine]) -> Type:
    """The type that most characters are set in."""
    sizes: Counter[float] = Counter()
    bold = 0
    for line in lines:
        sizes[round(2 * line.size) / 2] += len(line.text)
        bold += len(line.text) if line.bold else 0
    size = sizes.most_common(1)[0][0]
    near = [line.size for line in lines if abs(line.size - size) <= 0.5 for _ in line.text]
    return Type(median(near) if near else size, 2 * bold > sum(sizes.values()))


def blocks_of(lines: Sequence[PrintedLine], kind: Type, rules: Sequence[Box]) -> list[Block]:
    """Put the lines that run across into blocks.

    Args:
        lines: Lines of one frame.
        kind: The type of running text.
        rules: Thin lines; a block goes on over none.
    """
    blocks: list[Block] = []
    for line in sorted(lines, key=lambda line: (line.box.y0, line.box.x0)):
        head = _is_larger(line, kind)
        fitting = [block for block in blocks if _goes_on(block, line, rules, is_head=head)]
        best = min(fitting, key=lambda block: line.box.y0 - block.lines[-1].box.y1, default=None)
        if best is None or _shares_row(line, best, lines):
            blocks.append(Block([line], head))
        else:
            best.lines.append(line)
    for block in blocks:
        if block.is_head and (len(block.lines) > _MOST_HEAD_LINES or _is_running(block)):
            block.is_head = False
    _set_edges(blocks)
    return blocks


def _is_running(block: Block) -> bool:
    return len(block.text) > _LONGEST_HEAD or (
        len(block.lines) > 1 and bool(_LAST.search(block.text)) and "，" in block.text
    )


def _is_larger(line: PrintedLine, kind: Type) -> bool:
    return line.size > _LARGER * kind.size or (line.bold and not kind.bold and line.size > 0.95 * kind.size)


def _goes_on(block: Block, line: PrintedLine, rules: Sequence[Box], *, is_head: bool) -> bool:
    last, box, size = block.lines[-1].box, line.box, line.size
    if (
        block.is_head is not is_head
        or abs(block.size - size) > _ONE_SIZE * size
        or block.lines[-1].bold is not line.bold
    ):
        return False
    gap = box.y0 - last.y1
    if not -0.4 * size < gap < (_HEAD_LEADING if is_head else _LEADING) * size:
        return False
    whole = block.box
    if whole.shared_width(box) < 0.5 * min(whole.width, box.width):
        return False
    if any(is_between(rule, last, box) for rule in rules):
        return False
    if is_head:
        return True
    grows = len(block.lines) < 3
    fits_left = box.x0 > whole.x0 - (_WIDEST_INDENT * size if grows else 0.7 * size)
    return fits_left and (grows or box.x1 < whole.x1 + 1.6 * size)


def _shares_row(line: PrintedLine, block: Block, lines: Sequence[PrintedLine]) -> bool:
    """Whether more lines than one stand below a block side by side, so that columns begin there."""
    box, whole = line.box, block.box
    return any(
        other is not line
        and other.box.shared_height(box) > 0.5 * min(box.height, other.box.height)
        and other.box.shared_width(box) < 0
        and whole.shared_width(other.box) > 0.5 * other.box.width
        for other in lines
    )


def is_between(rule: Box, above: Box, below: Box) -> bool:
    """Whether a rule along x separates two boxes."""
    level = rule.width > rule.height and above.y1 - 2 <= rule.middle[1] <= below.y0 + 2
    return level and rule.shared_width(below) > 0.5 * below.width


def _set_edges(blocks: Sequence[Block]) -> None:
    """Where lines begin that have no indent: the left edge of the block, or of others below and above it."""
    starts: Counter[float] = Counter()
    for block in blocks:
        if not block.is_head:
            starts.update({round(line.box.x0): 1 for line in block.lines[1:]})
            starts.update(round(line.box.x0) for line in block.lines[1:])
    for block in blocks:
        first = min(line.box.x0 for line in block.lines)
        near = [
            x
            for x, count in starts.items()
            if count >= 3 and first - _WIDEST_INDENT * block.size < x < first - _INDENT * block.size
        ]
        alone = all(line.box.x0 - first < 0.5 * block.size for line in block.lines) and len(block.lines) <= 2
        block.left = max(near) if near and alone else first


def heads_of(
    blocks: Sequence[Block], down: Sequence[PrintedLine], others: Sequence[Block], rules: Sequence[Box]
) -> list[Head]:
    """Put blocks of larger type that stand on each other into heads; vertical lines side by side are a head too.

    Args:
        blocks: Blocks of larger type.
        down: Lines that run down.
        others: Blocks of running text, of which none stands inside a head.
        rules: Thin lines, of which none runs through a head.
    """
    stacks: list[list[Block]] = []
    for block in sorted(blocks, key=lambda block: block.box.y0):
        fitting = [stack for stack in stacks if _stands_on(stack[-1], block, others, rules, blocks)]
        best = min(fitting, key=lambda stack: block.box.y0 - stack[-1].box.y1, default=None)
        if best is None:
            stacks.append([block])
        else:
            best.append(block)
    return [*(Head(stack) for stack in stacks), *_vertical_heads(down)]


def _stands_on(
    upper: Block, lower: Block, others: Sequence[Block], rules: Sequence[Box], heads: Sequence[Block]
) -> bool:
    above, below = upper.box, lower.box
    size = max(upper.size, lower.size)
    gap = below.y0 - above.y1
    if not -0.4 * size < gap < _STACKED * min(size, 1.8 * min(upper.size, lower.size)):
        return False
    if above.shared_width(below) < 0.3 * min(above.width, below.width):
        return False
    if any(is_between(rule, above, below) for rule in rules):
        return False
    beside = [
        other
        for other in heads
        if other is not lower
        and other is not upper
        and other.box.shared_height(below) > 0.5 * min(below.height, other.box.height)
        and other.box.shared_width(above) > 0.5 * other.box.width
    ]
    if beside:  # a title over several headlines
        return False
    return not any(
        other.box.y0 > above.y0 and other.box.y1 < below.y1 and other.box.shared_width(below) > 0 for other in others
    )


def _vertical_heads(down: Sequence[PrintedLine]) -> list[Head]:
    groups: list[list[PrintedLine]] = []
    for line in sorted(down, key=lambda line: -line.box.x1):
        for group in groups:
            last = group[-1]
            near = last.box.x0 - line.box.x1 < 1.5 * max(last.size, line.size)
            if near and last.box.shared_height(line.box) > 0.4 * min(last.box.height, line.box.height):
                group.append(line)
                break
        else:
            groups.append([line])
    heads = []
    for group in groups:
        blocks: list[Block] = []
        for line in group:
            if blocks and abs(blocks[-1].size - line.size) <= _ONE_SIZE * line.size:
                blocks[-1].lines.append(line)
            else:
                blocks.append(Block([line], is_head=True))
        heads.append(Head(blocks, down=True))
    return heads
