"""What is drawn on a sheet of paper? Glyphs, rules and pictures, each with its box.

Boxes are in points from the upper left corner of the sheet, x to the right and y downwards; a scan of unknown
resolution counts its pixels as such points.
"""

from __future__ import annotations

import cmath
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Box", "Drawn", "Glyph", "Pose", "around"]


class Box(NamedTuple):
    """A rectangle with its sides along the sheet's."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    def holds(self, other: Box, slack: float = 1.0) -> bool:
        """Whether another box lies in this one, or sticks out by no more than the slack."""
        return (
            self.x0 - slack <= other.x0
            and self.y0 - slack <= other.y0
            and other.x1 <= self.x1 + slack
            and other.y1 <= self.y1 + slack
        )

    def shared_width(self, other: Box) -> float:
        """Length of the common stretch along x; negative when there is a gap."""
        return min(self.x1, other.x1) - max(self.x0, other.x0)

    def shared_height(self, other: Box) -> float:
        """Length of the common stretch along y; negative when there is a gap."""
        return min(self.y1, other.y1) - max(self.y0, other.y0)


def around(*boxes: Box) -> Box:
    """The smallest box that holds one or more boxes."""
    return Box(
        min(box.x0 for box in boxes),
        min(box.y0 for box in boxes),
        max(box.x1 for box in boxes),
        max(box.y1 for box in boxes),
    )


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character as it is drawn.

    Attributes:
        char: The character; white space that is drawn is one too.
        box: Its em box: as high as the type is large, as wide as the character sets.
        size: Size of the type in points.
        bold: Whether the font says that it is bold; most fonts of newspapers say nothing.
        slanted: Whether it is turned by an angle that no running text has, as a watermark is.
    """

    char: str
    box: Box
    size: float
    bold: bool = False
    slanted: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """One sheet.

    Attributes:
        width: In points.
        height: In points.
        glyphs: In the order they are drawn, which need not be the order they are read in.
        rules: Thin lines, along x or y.
        frames: Larger rectangles that something may stand in.
        pictures: Pictures.
        problem: Why nothing of the sheet could be read, or empty.
    """

    width: float
    height: float
    glyphs: tuple[Glyph, ...] = ()
    rules: tuple[Box, ...] = ()
    frames: tuple[Box, ...] = ()
    pictures: tuple[Box, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Pose:
    """How the boxes of a reading lie on their sheet.

    Attributes:
        sideways: Whether they were turned, since the text runs down the sheet.
        angle: By how much lines of text fall to the right on the sheet, in radians; the boxes are read straight.
        scale: Units of the sheet in one unit of the reading.
    """

    sideways: bool = False
    angle: float = 0.0
    scale: float = 1.0

    def read(self, x: float, y: float) -> tuple[float, float]:
        """Where a point of the sheet is for the reading, but for ``sideways``."""
        turn = cmath.rect(1, -self.angle) * complex(x, y) / self.scale
        return turn.real, turn.imag

    def on_sheet(self, box: Box) -> Box:
        """Where a box of the reading is on the sheet; its sides stay along the sheet's."""
        if self.sideways:
            box = Box(-box.y1, box.x0, -box.y0, box.x1)
        if not self.angle and self.scale == 1:
            return box
        middle = cmath.rect(self.scale, self.angle) * complex(*box.middle)
        width, height = box.width * self.scale / 2, box.height * self.scale / 2
        return Box(middle.real - width, middle.imag - height, middle.real + width, middle.imag + height)
