"""How do words' neighbours look? As an SVG picture: a row for each word, the two languages in two colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["picture"]

_ROW, _GAP, _MARGIN, _HEAD, _TITLE = 34, 8, 16, 130, 48  # pixels
_CHINESE, _ENGLISH = "#1f6f8b", "#b5651d"
_FONT = "'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei','WenQuanYi Micro Hei',sans-serif"


def picture(neighbours: Mapping[str, Sequence[tuple[str, float]]]) -> str:
    """The text of an SVG file.

    Args:
        neighbours: Word -> its neighbours with their cosines, nearest first. The nearer one is, the darker it stands.
    """
    widest = max((sum(map(_width, near)) for near in neighbours.values()), default=0)
    width, height = 2 * _MARGIN + _HEAD + widest, _TITLE + _MARGIN + _ROW * len(neighbours)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FONT}" font-size="15" role="img">',
        "<title>Nearest neighbours of some words in the built-in model</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="{_MARGIN}" y="30" fill="#333333">nearest words, nearest first: '
        f'<tspan fill="{_CHINESE}">Chinese</tspan>, <tspan fill="{_ENGLISH}">English</tspan>; '
        "small figures are cosines in hundredths</text>",
    ]
    for number, (word, near) in enumerate(neighbours.items()):
        lines += _row(word, near, _TITLE + number * _ROW)
    return "\n".join([*lines, "</svg>", ""])


def _row(word: str, near: Sequence[tuple[str, float]], top: int) -> list[str]:
    base = top + 19
    lines = [f'<text x="{_MARGIN}" y="{base}" font-weight="bold" fill="#111111">{escape(word)}</text>']
    left = _MARGIN + _HEAD
    for name, cosine in near:
        width, colour = _width((name, cosine)) - _GAP, _ENGLISH if name.isascii() else _CHINESE
        lines.append(
            f'<rect x="{left}" y="{top}" width="{width}" height="26" rx="5" fill="{colour}" '
            f'fill-opacity="{max(0.05, min(1.0, cosine)) * 0.4:.2f}"/>'
            f'<text x="{left + 7}" y="{base}" fill="#111111">{escape(name)}'
            f'<tspan dx="5" font-size="10" fill="#555555">{round(cosine * 100)}</tspan></text>'
        )
        left += width + _GAP
    return lines


def _width(neighbour: tuple[str, float]) -> int:
    """Pixels that a neighbour takes, the gap behind it included."""
    return _GAP + 33 + sum(9 if char.isascii() else 16 for char in neighbour[0])
