"""Which blocks of a sheet are one article, and in which order are they read?

Running text stands below its headline or goes on from somewhere: from the column at its left that begins at the same
height, or from the block above it. What speaks for each is added up: how they lie, and whether a sentence that is torn
at the end of the one goes on at the beginning of the other. Within an article columns are told apart by white space
(the recursive X-Y cut of Nagy and Seth, 1984), in the order in which fewer sentences are torn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from index.reading.paper.blocks import Block, Head, is_between
from index.reading.paper.shapes import Box, around
from index.text import char_pairs, word_across

__all__ = ["Story", "stories_of"]

_HEAD_DISTANCE = 30.0  # of the size of running text, from a headline to its text, where a picture may stand
_ALIGNED = 0.8  # of the size: tops of columns of one article
_NEXT_COLUMN = 5.0  # of the size, from column to column
_SECTION_SIZE = 1.35  # of running text: a larger head opens an article
_SMALL_HEAD = 1.18
_BLOCKS_BACK = 6  # whose wording is compared
_SMALL = 0.93  # of running text: the type of captions
_MOST_BYLINE_LINES = 2
_WORDS_APART = 8  # characters on each side of a tear


@dataclass
class Story:
    """One article on one sheet, or text that has no head.

    Attributes:
        head: Its head, or None.
        blocks: Its running text in reading order, with section heads.
    """

    head: Head | None
    blocks: list[Block] = field(default_factory=list)

    @property
    def box(self) -> Box:
        boxes = [block.box for block in self.blocks]
        return around(*boxes, self.head.box) if self.head else around(*boxes)


def stories_of(blocks: Sequence[Block], heads: Sequence[Head], rules: Sequence[Box], size: float) -> list[Story]:
    """Put running text below its heads, in reading order.

    Args:
        blocks: Blocks of running text of one frame.
        heads: The heads there.
        rules: Thin lines.
        size: Size of running text.

    Returns:
        Stories; a head without text is one, and so is text without a head.
    """
    sections = [head for head in heads if _is_section(head, blocks, heads, rules, size)]
    openers = [head for head in heads if not any(head is section for section in sections)]
    texts = [*blocks, *(block for head in sections for block in head.blocks)]
    owners = _Owners(texts, openers, rules, size)
    stories = {id(head): Story(head) for head in openers}
    loose: dict[int, Story] = {}
    for block in texts:
        root = owners.of(block)
        story = stories[id(root)] if isinstance(root, Head) else loose.setdefault(id(root), Story(None))
        story.blocks.append(block)
    found = _gathered([*stories.values(), *loose.values()], size)
    captions = [caption for story in found for caption in _captions(story, size)]
    for story in found:
        story.blocks = _in_order(story.blocks)
    return [*found, *captions]


def _gathered(stories: list[Story], size: float) -> list[Story]:
    """Put text without a head to the vertical head that it stands beside, or into the article that stands around it."""
    kept = [story for story in stories if story.head is not None]
    for story in stories:
        if story.head is not None:
            continue
        homes = [other for other in kept if other.head is not None and _is_home(other, other.head, story, size)]
        if homes:
            homes[0].blocks += story.blocks
        else:
            kept.append(story)
    return kept


def _is_home(home: Story, head: Head, story: Story, size: float) -> bool:
    box = story.box
    if home.blocks:
        return home.box.holds(box, size) and len(story.blocks) == 1 and len(story.blocks[0].lines) <= _MOST_BYLINE_LINES
    gap = max(box.x0 - head.box.x1, head.box.x0 - box.x1)
    level = box.shared_height(head.box) > 0.5 * min(box.height, head.box.height)
    return head.down and level and -size < gap < 2.5 * size + 0.5 * head.size


def _captions(story: Story, size: float) -> list[Story]:
    """Take blocks in small type out of an article that is set in larger type: they tell of a picture."""
    small = [block for block in story.blocks if block.size < _SMALL * size and not block.is_table]
    if 2 * sum(len(block.text) for block in small) > sum(len(block.text) for block in story.blocks):
        return []
    story.blocks = [block for block in story.blocks if not any(block is other for other in small)]
    return [Story(None, [block]) for block in small]


def _is_section(head: Head, blocks: Sequence[Block], heads: Sequence[Head], rules: Sequence[Box], size: float) -> bool:
    """Whether a head stands inside an article, between two pieces of its text in one column."""
    if head.down or len(head.blocks) > 1:
        return False
    above = _nearest([block for block in blocks if _is_over(block.box, head.box)], head.box)
    below = _nearest_below(blocks, head.box)
    if above is None or below is None or head.box.width > 1.05 * max(below.box.width, above.box.width) + size:
        return False
    gap, room = head.box.y0 - above.box.y1, below.box.y0 - head.box.y1
    if gap > 3 * size or any(is_between(rule, above.box, head.box) for rule in rules) or below.leads:
        return False
    votes = 1.5 if head.size <= _SMALL_HEAD * size else 0.5 if head.size <= _SECTION_SIZE * size else -1.0
    if above.torn:
        votes += -1.0 if below.indented else 1.5
    votes -= 1.5 if _is_headline_style(head, blocks, heads) else 0.0
    votes -= 1.5 if _opens_columns(below, blocks, size) else 0.0
    return votes + (0.3 if gap < 0.8 * size + 1.5 * max(0.0, room) else -0.8) > 0


def _opens_columns(below: Block, blocks: Sequence[Block], size: float) -> bool:
    """Whether another column begins level with the text below a head, as those of one article do."""
    return any(
        abs(other.box.y0 - below.box.y0) < 0.3 * size
        and 0 < other.box.x0 - below.box.x1 < _NEXT_COLUMN * size
        and not any(
            abs(upper.box.y1 - below.box.y0) < 1.2 * size and _is_over(upper.box, other.box) for upper in blocks
        )
        for other in blocks
        if other is not below
    )


def _is_headline_style(head: Head, blocks: Sequence[Block], heads: Sequence[Head]) -> bool:
    """Whether another head in the same type opens an article: it leads, or nothing stands above it."""
    for other in heads:
        if other is head or other.down or abs(other.size - head.size) > 0.04 * head.size:
            continue
        below = _nearest_below(blocks, other.box)
        if below is not None and (below.leads or other.box.width > 1.2 * below.box.width):
            return True
    return False


def _is_over(upper: Box, lower: Box) -> bool:
    return upper.y1 <= lower.y0 + 2 and upper.shared_width(lower) > 0.3 * min(upper.width, lower.width)


def _nearest(blocks: Sequence[Block], box: Box) -> Block | None:
    return min(blocks, key=lambda block: box.y0 - block.box.y1, default=None)


def _nearest_below(blocks: Sequence[Block], box: Box) -> Block | None:
    found = [block for block in blocks if _is_over(box, block.box)]
    return min(found, key=lambda block: (round(block.box.y0 - box.y1), block.box.x0), default=None)


class _Owners:
    """Finds for each block what it goes on from, and so which head it stands under."""

    def __init__(self, blocks: Sequence[Block], heads: Sequence[Head], rules: Sequence[Box], size: float) -> None:
        self._blocks, self._heads, self._rules, self._size = blocks, heads, rules, size
        self._before: dict[int, Block | Head] = {}
        self._boxes = {id(block): block.box for block in blocks}
        self._ends: dict[int, Block] = {}  # block -> the last one of its column and article below it
        for block in sorted(blocks, key=lambda block: (round(block.box.x0 / (2 * size)), block.box.y0)):
            found = self._find(block)
            if found is not None:
                self._before[id(block)] = found
            self._extend(block, found)

    def of(self, block: Block) -> Block | Head:
        """The head of a block, or the first block of text that has none."""
        place: Block | Head = block
        seen = {id(block)}
        while isinstance(place, Block) and id(place) in self._before:
            place = self._before[id(place)]
            if id(place) in seen:
                break
            seen.add(id(place))
        return place

    def _extend(self, block: Block, before: Block | Head | None) -> None:
        self._ends[id(block)] = block
        if isinstance(before, Block) and _is_over(self._boxes[id(before)], self._boxes[id(block)]):
            for start, end in self._ends.items():
                if end is before:
                    self._ends[start] = block

    def _find(self, block: Block) -> Block | Head | None:
        box = self._boxes[id(block)]
        above = self._above(box, block)
        if isinstance(above, Head):
            return above
        found: list[tuple[float, int, Block | Head]] = []
        if above is not None:
            found.append((self._score_above(above, block), 0, above))
        found += [(score, 1, head) for head in self._heads if head.down and (score := self._score_beside(head, block))]
        left = self._left(box, block)
        if left is not None:
            found.append((self._score_left(left, block), 2, left))
        foot = self._foot(box) if above is None else None
        if foot is not None:
            found.append((self._score_foot(foot, block, left), 3, foot))
        best = max(found, key=lambda item: item[:2], default=None)
        return best[2] if best is not None and best[0] > 0.5 else None

    def _above(self, box: Box, block: Block) -> Block | Head | None:
        over: list[tuple[float, Block | Head]] = [
            (box.y0 - other.y1, it)
            for it in self._blocks
            if it is not block and _is_over(other := self._boxes[id(it)], box)
        ]
        over += [(box.y0 - head.box.y1, head) for head in self._heads if _is_over(head.box, box) and not head.down]
        nearest = min(over, key=lambda item: item[0], default=None)
        if nearest is None:
            return None
        gap, found = nearest
        if isinstance(found, Head):
            return found if gap < _HEAD_DISTANCE * self._size else None
        return None if any(is_between(rule, found.box, box) for rule in self._rules) else found

    def _score_above(self, above: Block, block: Block) -> float:
        upper, lower = self._boxes[id(above)], self._boxes[id(block)]
        gap = (lower.y0 - upper.y1) / self._size
        same_edges = abs(above.left - block.left) < 2.6 * self._size
        return 2.2 - 0.3 * gap + (0.3 if same_edges else -0.5) + _fit(above, block)

    def _score_beside(self, head: Head, block: Block) -> float:
        """How much speaks for a vertical head that stands beside a block."""
        box = self._boxes[id(block)]
        gap = max(box.x0 - head.box.x1, head.box.x0 - box.x1)
        level = box.shared_height(head.box) > 0.5 * min(box.height, head.box.height)
        if not level or not -self._size < gap < 2.5 * self._size + 0.5 * head.size:
            return 0.0
        return (2.6 if box.x0 > head.box.x1 - self._size else 1.6) + (0.5 if block.indented or block.leads else -0.5)

    def _left(self, box: Box, block: Block) -> Block | None:
        """The nearest block at the left, with nothing between."""
        beside = []
        for other in self._blocks:
            place = self._boxes[id(other)]
            gap = box.x0 - place.x1
            level = abs(place.y0 - box.y0) < _ALIGNED * self._size or place.shared_height(box) > 0.4 * min(
                place.height, box.height
            )
            if other is not block and level and -self._size < gap < _NEXT_COLUMN * self._size:
                beside.append((abs(place.y0 - box.y0) > _ALIGNED * self._size, gap, id(other), other))
        found = min(beside, default=None)
        if found is None:
            return None
        place = self._boxes[id(found[3])]
        between = (head for head in self._heads if head.down and head.box.shared_height(box) > 0)
        return None if any(place.x0 < head.box.x0 < box.x0 for head in between) else found[3]

    def _foot(self, box: Box) -> Block | None:
        """The last block of the column at the left."""
        beside = [
            block
            for block in self._blocks
            if 0 < box.x0 - self._boxes[id(block)].x1 < _NEXT_COLUMN * self._size and self._boxes[id(block)].y1 > box.y1
        ]
        return max(beside, key=lambda block: self._boxes[id(block)].y1, default=None)

    def _score_left(self, left: Block, block: Block) -> float:
        place, box = self._boxes[id(left)], self._boxes[id(block)]
        aligned = abs(place.y0 - box.y0) < _ALIGNED * self._size
        alike = abs(place.width - box.width) < 3 * self._size or len(block.lines) < 3
        end = self._ends.get(id(left), left)
        parted = 0.8 if self._is_parted(end, block) else 0.0
        return (2.0 if aligned else 0.9) + (0.3 if alike else 0.0) - parted + _fit(end, block) + self._kin(end, block)

    def _score_foot(self, foot: Block, block: Block, left: Block | None) -> float:
        end = self._ends.get(id(left), left) if left is not None else None
        parted = end is not None and self._is_parted(end, block)
        return 0.6 + (0.8 if parted else 0.0) + _fit(foot, block) + self._kin(foot, block)

    def _is_parted(self, end: Block, block: Block) -> bool:
        """Whether another article begins below the end of a column, and no torn sentence goes on in the next column."""
        if _fit(end, block) >= 1.0:
            return False
        under = (head for head in self._heads if not head.down and _is_over(self._boxes[id(end)], head.box))
        return any(head.box.shared_width(self._boxes[id(block)]) <= 0 for head in under)

    def _kin(self, before: Block, block: Block) -> float:
        """How much of a block's wording its article has used before, from 0 to 1.2."""
        told, place = "", before
        for _ in range(_BLOCKS_BACK):
            told += place.text
            earlier = self._before.get(id(place))
            if not isinstance(earlier, Block):
                break
            place = earlier
        pairs = char_pairs([block.text])
        return min(1.2, 6 * len(pairs & char_pairs([told])) / max(20, len(pairs)))


def _fit(before: Block, after: Block) -> float:
    """What the text says about one block going on in the other."""
    if abs(before.size - after.size) > 0.1 * before.size and not (before.is_head or after.is_head):
        return -1.5
    if before.is_head or after.is_head or after.leads:
        return -1.0 if after.leads and not before.is_head else 0.0
    if before.torn:
        if after.indented:
            return -1.2
        return 1.5 if word_across(before.text[-_WORDS_APART:], after.text[:_WORDS_APART]) else 1.0
    return 0.6 if after.indented else -0.8


def _in_order(blocks: list[Block]) -> list[Block]:
    """Reading order of the blocks of one article."""
    if len(blocks) < 2:
        return blocks
    orders = [_cut(blocks, columns_first=True), _cut(blocks, columns_first=False)]
    return max(orders, key=lambda order: sum(_fit(a, b) for a, b in pairwise(order)))


def _cut(blocks: list[Block], *, columns_first: bool) -> list[Block]:
    """Order by the recursive X-Y cut; columns before bands, or bands before columns where there are both."""
    if len(blocks) < 2:
        return blocks
    columns = _split(blocks, [(block.box.x0, block.box.x1) for block in blocks])
    bands = _split(blocks, [(block.box.y0, block.box.y1) for block in blocks])
    parts = (columns if len(columns) > 1 else bands) if columns_first else (bands if len(bands) > 1 else columns)
    if len(parts) == 1:
        return sorted(blocks, key=lambda block: (block.box.y0, block.box.x0))
    return [block for part in parts for block in _cut(part, columns_first=columns_first)]


def _split(blocks: Iterable[Block], ranges: Sequence[tuple[float, float]]) -> list[list[Block]]:
    """Parts between which there is white space along one axis."""
    parts: list[list[Block]] = []
    end = float("-inf")
    for (start, stop), _, block in sorted(zip(ranges, range(len(ranges)), blocks, strict=True)):
        if start > end - 1:
            parts.append([])
        parts[-1].append(block)
        end = max(end, stop)
    return parts
