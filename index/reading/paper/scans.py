"""What is printed on a picture of a sheet? Lines of text with a box for each character, by RapidOCR, offline.

PP-OCR (Li et al., PP-OCRv3, arXiv:2206.03001, and its successors) finds and reads lines. A scan lies a little askew:
the median fall of its lines is taken out before the layout is read, and put back into the boxes. A line that runs down
is read as a strip of its characters side by side, for the recognition knows lines across alone.
"""

from __future__ import annotations

import io
import math
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from index.errors import SourceError
from index.reading.paper.lines import PrintedLine
from index.reading.paper.shapes import Box, Pose, around

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

__all__ = ["SURE", "Recognised", "can_recognise", "pictures_of", "recognise"]

SURE = 0.85
"""How sure a recognition must be of a line for it not to be called doubtful."""

_MOST_PIXELS = 120_000_000  # of a picture that is opened
_LONGEST_SIDE = 3_200  # pixels to which it is made smaller
_MOST_FRAMES = 500  # of one file
_LEAST = 0.5  # how sure a line must be to be text at all
_TYPE = 10.0  # units that the running text of a scan is taken to be large
_SHORT = 6  # ems: of a shorter line the length does not tell the size of the type
_STEP = 0.05  # of the logarithm of a size, by which sizes are counted
_SAME_SIZE = 0.12  # of the logarithm, by which measures of one size differ
_ABOUT = 0.4  # the same, of short lines
_TALL = 1.8  # height to width of a line that runs down
_HALF_WIDE = str.maketrans(",:;?!()", "，：；？！（）")
_AFTER_HAN = re.compile(
    r"(?<=[\u3007\u3400-\u9fff”’》）])[,:;?!()]|[(](?=[\u3007\u3400-\u9fff])|[)](?=[\u3007\u3400-\u9fff，。])"
)


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was read on a picture.

    Attributes:
        lines: The lines, straight, in units in which running text is about 10 large.
        width: Of the picture, in these units.
        height: In these units.
        pose: How the boxes lie on the picture.
    """

    lines: tuple[PrintedLine, ...]
    width: float
    height: float
    pose: Pose


def can_recognise() -> bool:
    """Whether text recognition is installed."""
    from importlib.util import find_spec

    return find_spec("rapidocr") is not None


def pictures_of(data: bytes, name: str) -> Iterator[Image]:
    """The pictures of an image file, upright as its maker says, in colours.

    Raises:
        SourceError: It is no picture that can be read, or is too large.
    """
    from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

    limit = f"at most {_MOST_PIXELS / 1e6:.0f} million pixels are read"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data))
        if picture.width * picture.height > _MOST_PIXELS:
            raise SourceError(f"{name} has {picture.width:,} × {picture.height:,} pixels; {limit}.", "Make it smaller.")
        for number, frame in enumerate(ImageSequence.Iterator(picture)):
            if number >= _MOST_FRAMES:
                raise SourceError(f"{name} has more than {_MOST_FRAMES} pictures.", "Split it.")
            upright = ImageOps.exif_transpose(frame).convert("RGB")
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            yield upright
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise SourceError(f"{name} is no picture that can be read ({error}).", "Scan or save it again.") from None


def recognise(picture: Image, units: float = 1.0) -> Recognised:
    """Read the lines of a picture.

    Args:
        picture: In colours, the sheet upright, askew by some degrees at most.
        units: Units of the sheet in one pixel.

    Raises:
        SourceError: Text recognition is not installed.
    """
    import numpy as np

    pixels = np.asarray(picture)[:, :, ::-1]
    found = _of_few_sizes([line for line in _lines(pixels) if line.sure >= _LEAST and line.text.strip()])
    falls = [line.fall for line in found if not line.down and len(line.text) >= 4]
    angle = median(falls) if falls else 0.0
    sizes = [line.size for line in found for _ in line.text]
    scale = median(sizes) / _TYPE if sizes else 1.0
    straight = Pose(angle=angle, scale=scale)
    lines = tuple(line.straight(straight) for line in found)
    return Recognised(lines, picture.width / scale, picture.height / scale, Pose(angle=angle, scale=scale * units))


@dataclass(frozen=True, slots=True)
class _Found:
    """One line of a picture, in its pixels: the middle of each character, and how large the type is."""

    text: str
    middles: tuple[tuple[float, float], ...]
    widths: tuple[float, ...]
    size: float
    fall: float
    sure: float
    down: bool = False

    def straight(self, pose: Pose) -> PrintedLine:
        """The line as it is read."""
        half, boxes = self.size / pose.scale / 2, []
        for middle, width in zip(self.middles, self.widths, strict=True):
            (x, y), along = pose.read(*middle), width / pose.scale / 2
            across, down = (half, along) if self.down else (along, half)
            boxes.append(Box(x - across, y - down, x + across, y + down))
        boxes = _level(boxes, down=self.down)
        return PrintedLine(self.text, tuple(boxes), self.size / pose.scale, down=self.down, sure=self.sure)


def _level(boxes: Sequence[Box], *, down: bool) -> list[Box]:
    """Boxes of one line between the same two sides, those of the line."""
    if down:
        middle = median(box.middle[0] for box in boxes)
        half = boxes[0].width / 2
        return [box._replace(x0=middle - half, x1=middle + half) for box in boxes]
    middle = median(box.middle[1] for box in boxes)
    half = boxes[0].height / 2
    return [box._replace(y0=middle - half, y1=middle + half) for box in boxes]


def _lines(pixels: np.ndarray) -> Iterator[_Found]:
    told = _engine()(
        pixels, use_det=True, use_cls=True, use_rec=True, return_word_box=True, return_single_char_box=True
    )
    if told.txts is None:
        return
    for quad, text, sure, words in zip(told.boxes, told.txts, told.scores, told.word_results, strict=True):
        (x0, y0), (x1, y1), _, (x3, y3) = ((float(x), float(y)) for x, y in quad)
        width, height = math.hypot(x1 - x0, y1 - y0), math.hypot(x3 - x0, y3 - y0)
        if height >= _TALL * width:
            yield from _down_line(pixels, quad)
        elif line := _across_line(text, words, math.atan2(y1 - y0, x1 - x0), height, float(sure)):
            yield line


def _across_line(text: str, words: Any, fall: float, height: float, sure: float) -> _Found | None:
    """A line across; the recognition tells a box for each character but white space."""
    chars = [(str(char), [(float(x), float(y)) for x, y in quad]) for char, _, quad in words]
    if "".join(char for char, _ in chars) != "".join(text.split()):
        return None
    spaced: list[tuple[str, tuple[float, float], float]] = []
    place = 0
    for char, quad in chars:
        left, right = min(x for x, _ in quad), max(x for x, _ in quad)
        middle = (left + right) / 2, sum(y for _, y in quad) / len(quad)
        while text[place].isspace():
            place += 1
        gap = place > 0 and text[place - 1].isspace() and spaced
        if gap:
            _, (x, y), width = spaced[-1]
            room = max(0.0, left - x - width / 2)
            spaced.append((" ", (left - room / 2, y), room))
        spaced += [(each, middle, right - left) for each in char]
        place += len(char)
    return _Found(
        _wide_marks("".join(char for char, _, _ in spaced)),
        tuple(middle for _, middle, _ in spaced),
        tuple(width for _, _, width in spaced),
        _size(spaced, height),
        fall,
        sure,
    )


def _size(chars: Sequence[tuple[str, tuple[float, float], float]], height: float) -> float:
    """The size of the type: the length of the line in its characters, else a share of its height."""
    (_, (first, _), before), (_, (last, _), after) = chars[0], chars[-1]
    ems = sum(_ems(char) for char, _, _ in chars)
    return min((last + after / 2 - first + before / 2) / ems, height) if ems >= _SHORT else 0.75 * height


def _ems(char: str) -> float:
    return 1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5


def _of_few_sizes(lines: Sequence[_Found]) -> list[_Found]:
    """The lines in the sizes that the sheet is set in: a measure that is near the commonest size is that size."""
    left = dict(enumerate(lines))
    found = list(lines)
    while left:
        weights: Counter[float] = Counter()
        for line in left.values():
            weights[round(math.log(line.size) / _STEP)] += len(line.text)
        centre = max(weights, key=lambda step: sum(weights[step + near] for near in (-1, 0, 1)))
        size = median(line.size for line in left.values() if abs(math.log(line.size) / _STEP - centre) <= 1.5)
        near = [n for n, line in left.items() if abs(math.log(line.size / size)) < _tolerance(line)]
        for number in near:
            found[number] = replace(left.pop(number), size=size)
        for number in [] if near else [next(iter(left))]:
            del left[number]
    return found


def _tolerance(line: _Found) -> float:
    return _SAME_SIZE if sum(map(_ems, line.text)) >= _SHORT else _ABOUT


def _wide_marks(text: str) -> str:
    """Marks as wide as Chinese sets them; the recognition tells them half as wide."""
    return _AFTER_HAN.sub(lambda mark: mark[0].translate(_HALF_WIDE), text)


def _down_line(pixels: np.ndarray, quad: Any) -> Iterator[_Found]:
    """A line that runs down, cut into squares that are laid side by side and read as a line across."""
    import numpy as np

    box = around(*(Box(float(x), float(y), float(x), float(y)) for x, y in quad))
    x0, x1 = max(0, int(box.x0)), min(pixels.shape[1], math.ceil(box.x1))
    y0, y1 = max(0, int(box.y0)), min(pixels.shape[0], math.ceil(box.y1))
    strip = pixels[y0:y1, x0:x1]
    places = _cells(strip)
    if not places:
        return
    side = x1 - x0
    cells = [_square(strip[a:b], side) for a, b in places]
    told = _engine()(np.concatenate(cells, axis=1), use_det=False, use_cls=False, use_rec=True, return_word_box=False)
    if not told.txts:
        return
    text = "".join(told.txts[0].split())
    if len(text) != len(places):  # a character that is two, or two that are one: shared out along the line
        step = (y1 - y0) / max(1, len(text))
        places = [(round(step * n), round(step * (n + 1))) for n in range(len(text))]
    middles = tuple((box.middle[0], y0 + (a + b) / 2) for a, b in places)
    heights = tuple(float(b - a) for a, b in places)
    if text:
        yield _Found(_wide_marks(text), middles, heights, 0.8 * side, 0.0, float(told.scores[0]), down=True)


def _cells(strip: np.ndarray) -> list[tuple[int, int]]:
    """Rows that hold one character each: cut where there is least ink, about as far apart as the line is wide."""
    height, width = strip.shape[:2]
    ink = (255.0 - strip.mean(axis=2)).sum(axis=1)
    inked = [row for row in range(height) if ink[row] > 0.1 * ink.max()] if ink.max() > 0 else []
    if not inked:
        return []
    first, last = inked[0], inked[-1] + 1
    count = max(1, round((last - first) / (0.92 * width)))
    step = (last - first) / count
    cuts = [first]
    for number in range(1, count):
        middle = first + number * step
        low, high = round(middle - 0.25 * step), round(middle + 0.25 * step)
        cuts.append(
            min(range(max(cuts[-1] + 1, low), max(cuts[-1] + 2, high)), key=lambda row: ink[min(row, height - 1)])
        )
    cuts.append(last)
    return [(a, b) for a, b in pairwise(cuts) if b > a]


def _square(cell: np.ndarray, side: int) -> np.ndarray:
    import numpy as np

    height, width = cell.shape[:2]
    size = max(side, height)
    square = np.full((size, max(side, width), 3), 255, dtype=np.uint8)
    top = (size - height) // 2
    square[top : top + height, :width] = cell
    if size != side:
        from PIL import Image

        square = np.asarray(Image.fromarray(square).resize((max(side, width), side)))
    return square


@cache
def _engine() -> Any:
    if not can_recognise():
        raise SourceError("Text recognition is not installed.", "Install it: pip install 'wenju[ocr]'.")
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error", "Global.max_side_len": _LONGEST_SIDE})
