"""How is one sheet read? Its lines, without head and foot, frame by frame into stories, in the order of the sheet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from index.reading.paper.blocks import Block, Type, blocks_of, heads_of, type_of
from index.reading.paper.lines import PrintedLine, turned
from index.reading.paper.shapes import Box, Pose, around
from index.reading.paper.stories import Story, stories_of
from index.reading.paper.tables import tables_of

__all__ = ["SheetReading", "read_sheet"]

_TOP, _BOTTOM = 0.12, 0.08  # shares of the sheet where its head and foot may be
_HEAD_LINE = re.compile(
    r".{0,24}(?:\d{4}|[〇零○一二三四五六七八九]{4})\s*年.{1,4}月.{1,4}日|.{0,12}(?:星期|周|礼拜)[一二三四五六日天](?:$|[\s·|])"
    r"|(?:第?\s*[A-Z]?\d{1,2}\s*版|[A-Z]\d{1,2})(?:$|[\s·|:：])|.*(?:国内统一|邮发代号|总第\s*\d+\s*期|今日\s*\d+\s*版)"
    r"|(?:本版|责任|执行|值班|见习)?(?:编辑|责编|美编|校对|版式|组版)(?:[\s:：/|]|$)"
)
_FOOT_LINE = re.compile(
    r"(?:本版|责任|执行|值班|见习)?(?:编辑|责编|美编|校对|版式|组版|印刷|电话|社址|地址|零售|邮编|发行)(?:[\s:：/|]|$)"
    r"|[—\-·~\s]*(?:第\s*)?[A-Z]?\d{1,4}\s*[版页]?[—\-·~\s]*$|.*(?:零售价|新闻热线|广告热线|发行热线)"
)
_PAPER_NAME = re.compile(r"[\u4e00-\u9fff·\s]{2,12}(?:报|周刊|新闻|時報|日報|晚報|報)$")
_WATERMARK_OVER = 3  # lines that a large line runs over, none of which it belongs to
_CORNER = 4.0  # points: the ends of rules that meet are no further apart
_ENOUGH = 80  # characters that show the type of running text
_FRAME_MOST = 0.92  # of the sheet: a frame around everything frames nothing


@dataclass(frozen=True, slots=True)
class SheetReading:
    """What was read on a sheet.

    Attributes:
        stories: Its articles in order.
        furniture: Lines of the sheet's own head and foot, and watermarks.
        pose: How its boxes lie on the sheet.
    """

    stories: tuple[Story, ...]
    furniture: tuple[PrintedLine, ...]
    pose: Pose = field(default_factory=Pose)


def read_sheet(
    lines: Sequence[PrintedLine], rules: Sequence[Box], frames: Sequence[Box], width: float, height: float
) -> SheetReading:
    """Read the lines of a sheet into stories.

    Args:
        lines: All lines.
        rules: Thin lines.
        frames: Rectangles that may stand around text.
        width: Of the sheet.
        height: Of the sheet.
    """
    aside = [line for line in lines if line.slanted]
    plain = [line for line in lines if not line.slanted]
    marks = _over_text(plain)
    plain = [line for line in plain if line not in marks]
    if not plain:
        return SheetReading((), (*aside, *marks))
    head = _head_and_foot(plain, rules)
    running = [line for line in plain if id(line) not in head]
    if not running:
        return SheetReading((), (*plain, *marks, *aside))
    furniture = sorted((line for line in plain if id(line) in head), key=lambda line: (line.box.y0, line.box.x0))
    sideways = 2 * sum(len(line.text) for line in running if line.down) > sum(len(line.text) for line in running)
    if sideways:
        running = [_turned(line) for line in running]
        rules, frames = [turned(rule) for rule in rules], [turned(frame) for frame in frames]
        width, height = height, width
    kind = type_of([line for line in running if not line.down] or running)
    frames = [*frames, *_ruled_frames(rules)]
    tables, running = tables_of(running, frames, rules)
    stories = [
        story
        for inside, blocks, frame in _framed(running, tables, frames, width * height)
        for story in _read_frame(inside, blocks, _inside(rules, frame), kind)
    ]
    return SheetReading(tuple(_sorted(stories, height)), (*furniture, *marks, *aside), Pose(sideways))


def _turned(line: PrintedLine) -> PrintedLine:
    return replace(line, boxes=tuple(turned(box) for box in line.boxes), down=not line.down)


def _over_text(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    """Large lines that are printed over several others: watermarks."""
    boxes = [line.box for line in lines]
    return [
        line
        for line, box in zip(lines, boxes, strict=True)
        if sum(
            other.size < 0.7 * line.size
            and place.shared_width(box) > 0.2 * min(place.width, box.width)
            and place.shared_height(box) > 0.5 * place.height
            for other, place in zip(lines, boxes, strict=True)
        )
        >= min(_WATERMARK_OVER, max(2, round(0.6 * line.size / 10)))
    ]


def _head_and_foot(lines: Sequence[PrintedLine], rules: Sequence[Box]) -> set[int]:
    """Lines of the sheet's own head and foot, by id."""
    whole = around(*(line.box for line in lines))
    top, bottom = whole.y0 + _TOP * whole.height, whole.y1 - _BOTTOM * whole.height
    found = [line for line in lines if line.box.y1 < top and _HEAD_LINE.match(line.text)]
    names = [line for line in lines if line.box.y1 < top and _PAPER_NAME.match(line.text)]
    heads = {id(line) for line in found}
    if found:
        below = max(line.box.y1 for line in found)
        wide = [r for r in rules if r.width > 0.7 * whole.width and below - 2 <= r.y0 < top]
        limit = min((r.y0 for r in wide), default=0.0)
        beside = [line for line in lines if any(_in_row(line, other) for other in found)]
        heads |= {id(line) for line in (*beside, *names) if line.box.y0 < max(below, limit) + 1}
        heads |= {id(line) for line in lines if line.box.y1 <= limit and line.box.y1 < top}
    last = max((line.box.y1 for line in lines if not _FOOT_LINE.match(line.text)), default=bottom)
    feet = [line for line in lines if line.box.y0 > max(bottom, last - 1) and _FOOT_LINE.match(line.text)]
    return heads | {id(line) for line in feet}


def _in_row(line: PrintedLine, other: PrintedLine) -> bool:
    box, row = line.box, other.box
    return box.shared_height(row) > 0.4 * min(box.height, row.height)


def _ruled_frames(rules: Sequence[Box]) -> list[Box]:
    """Frames that are drawn as four rules."""
    level = [rule for rule in rules if rule.width > rule.height]
    upright = [rule for rule in rules if rule.height >= rule.width]
    frames = []
    for top in level:
        sides = [rule for rule in upright if abs(rule.y0 - top.y0) < _CORNER]
        lefts = [rule.y1 for rule in sides if abs(rule.x0 - top.x0) < _CORNER]
        rights = [rule.y1 for rule in sides if abs(rule.x1 - top.x1) < _CORNER]
        for foot in level if lefts and rights else ():
            under = abs(foot.x0 - top.x0) < _CORNER and abs(foot.x1 - top.x1) < _CORNER and foot.y0 > top.y1 + _CORNER
            if under and all(any(abs(end - foot.y1) < _CORNER for end in ends) for ends in (lefts, rights)):
                frames.append(Box(top.x0, top.y0, top.x1, foot.y1))
    return frames


def _framed(
    lines: Sequence[PrintedLine], tables: Sequence[Block], frames: Sequence[Box], area: float
) -> list[tuple[list[PrintedLine], list[Block], Box | None]]:
    """The lines and tables in each frame, and those in none."""
    boxes = [line.box for line in lines] + [table.box for table in tables]
    usable = [
        frame
        for frame in frames
        if frame.width * frame.height < _FRAME_MOST * area
        and sum(frame.holds(box, 2.0) for box in boxes) >= 2
        and not any(_crosses(frame, box) for box in boxes)
        and not frame.holds(around(*boxes), 4.0)
    ]
    groups: dict[Box | None, tuple[list[PrintedLine], list[Block]]] = {}
    items: list[PrintedLine | Block] = [*lines, *tables]
    for item, box in zip(items, boxes, strict=True):
        around_it = [frame for frame in usable if frame.holds(box, 2.0)]
        frame = min(around_it, key=lambda f: f.width * f.height, default=None)
        group = groups.setdefault(frame, ([], []))
        if isinstance(item, Block):
            group[1].append(item)
        else:
            group[0].append(item)
    return [(*group, frame) for frame, group in groups.items()]


def _crosses(frame: Box, box: Box) -> bool:
    """Whether the side of a frame runs through a line."""
    shared = frame.shared_width(box), frame.shared_height(box)
    return min(shared) > 3 and not frame.holds(box, 3.0)


def _inside(rules: Sequence[Box], frame: Box | None) -> list[Box]:
    if frame is None:
        return list(rules)
    return [rule for rule in rules if frame.holds(rule, 2.0) and rule.width < 0.98 * frame.width]


def _read_frame(lines: Sequence[PrintedLine], tables: Sequence[Block], rules: Sequence[Box], kind: Type) -> list[Story]:
    """Read what stands in one frame.

    Args:
        lines: Its lines.
        tables: Its tables.
        rules: The rules there.
        kind: The type of the sheet's running text; a frame with text enough has its own.
    """
    across, down = [line for line in lines if not line.down], [line for line in lines if line.down]
    if sum(len(line.text) for line in across) > _ENOUGH:
        kind = type_of(across)
    blocks = blocks_of(across, kind, rules)
    running = [*(block for block in blocks if not block.is_head), *tables]
    heads = heads_of([block for block in blocks if block.is_head], down, running, rules)
    return stories_of(running, heads, rules, kind.size)


def _sorted(stories: Sequence[Story], height: float) -> list[Story]:
    """Stories from top to bottom, and from left to right where their tops are about level."""
    order = sorted(stories, key=lambda story: story.box.y0)
    rows: list[list[Story]] = []
    for story in order:
        if rows and story.box.y0 - rows[-1][0].box.y0 < 0.02 * height:
            rows[-1].append(story)
        else:
            rows.append([story])
    return [story for row in rows for story in sorted(row, key=lambda story: story.box.x0)]
