"""What does a run look like? Summary and rows in, inline SVG out, for light and dark pages alike.

Text stays text, so that Chinese needs no font file. Colours are CSS variables (``--plot-ink`` and so on) with a value
to fall back on. The same rows give the same bytes. Where there is nothing to plot, the drawing is an empty string.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from rag.evaluation.metrics import reliability, risk_coverage, row_metrics
from rag.evaluation.rows import Row
from rag.evaluation.summary import Estimate, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["latency", "reliability_diagram", "risk_coverage_curve", "type_bars"]

_Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

_INK, _MUTED, _GRID, _FIRST, _SECOND = "#24292f", "#6e7781", "#d0d7de", "#2f6f9f", "#bf6a30"
_VARIABLES = {_INK: "ink", _MUTED: "muted", _GRID: "grid", _FIRST: "first", _SECOND: "second"}
_FONTS = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', sans-serif"
_NAMESPACES = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
_JOINS = "stroke-linejoin: round; stroke-linecap: butt"
_SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a type named $x$ is a name
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: only its measures are used
    "font.size": 10.0,
    "text.color": _INK,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _INK,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
}
_WIDTH = 6.4  # inches; 72 units of the drawing each
_CHAR = 0.075  # inches of a Latin letter at this size
_MOST_POINTS = 400  # of a curve; more cannot be seen
_BINS = 10
_STAGES = ("understand", "retrieve", "read", "cite")


def type_bars(summary: Summary) -> str:
    """Bars per group with 95 % intervals: recall@5, and contains_gold, or right where a group has no gold answers."""
    groups = list(summary)
    if len(groups) == 2:  # all, and one type that says the same
        groups = groups[:1]
    bars = [(group, summary[group].get("recall@5"), _answers(summary, group)) for group in groups]
    bars = [bar for bar in bars if bar[1] or bar[2]]
    if not bars:
        return ""

    def draw(figure: Figure) -> None:
        labels = [_clip(group) for group, _, _ in bars]
        axes = _axes(figure, left=0.3 + _CHAR * max(map(_columns, labels)), right=0.75, bottom=0.35, top=0.4)
        places = np.arange(len(bars), dtype=float)
        _draw_bars(axes, places - 0.19, [recall for _, recall, _ in bars], _FIRST, "recall@5")
        _draw_bars(axes, places + 0.19, [gold for _, _, gold in bars], _SECOND, "contains_gold / right")
        axes.set_yticks(places, labels)
        axes.set_ylim(len(bars) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=_GRID, linewidth=0.6)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderaxespad=0.2)

    return _drawn(draw, "bars", "recall@5 and contains_gold per type", height=0.8 + 0.5 * len(bars))


def risk_coverage_curve(rows: Sequence[Row]) -> str:
    """Share of wrong answers against the share of questions answered, when only the surest answers are given.

    Questions whose rightness is not known are left out. The curve ends with a dot where the run stands.
    """
    known = [row for row in rows if "right" in row_metrics(row)]
    given = _given(known)
    if not given:
        return ""
    share = len(given) / len(known)
    points = _thinned(risk_coverage([row.confidence for row in given], [_right(row) for row in given]))
    coverage, risk = [x * share for x, _ in points], [y for _, y in points]

    def draw(figure: Figure) -> None:
        axes = _axes(figure, left=0.65, right=0.2, bottom=0.55, top=0.2)
        axes.fill_between(coverage, risk, step="pre", color=_FIRST, alpha=0.12, linewidth=0)
        axes.step(coverage, risk, where="pre", color=_FIRST, linewidth=1.6)
        axes.plot(coverage[-1:], risk[-1:], "o", color=_SECOND, markersize=7)
        told = f"{coverage[-1]:.2f}, {risk[-1]:.2f}"
        axes.annotate(told, (coverage[-1], risk[-1]), (-6, 8), textcoords="offset points", ha="right", color=_INK)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, max(0.25, min(1.0, 1.2 * max(risk))))
        axes.set_xlabel("coverage")
        axes.set_ylabel("risk")
        axes.grid(color=_GRID, linewidth=0.6)

    return _drawn(draw, "risk", "risk against coverage", height=3.2)


def reliability_diagram(rows: Sequence[Row]) -> str:
    """Share right against confidence of the answers given, in 10 bins, with the count of each bin below."""
    given = _given(rows)
    if not given:
        return ""
    table = reliability([row.confidence for row in given], [_right(row) for row in given], _BINS)

    def draw(figure: Figure) -> None:
        upper = _axes(figure, left=0.65, right=0.2, bottom=1.4, top=0.2)
        lower = _axes(figure, left=0.65, right=0.2, bottom=0.55, top=2.5)
        middles = [(min(int(sure * _BINS), _BINS - 1) + 0.5) / _BINS for sure, _, _ in table]
        upper.plot([0, 1], [0, 1], "--", color=_MUTED, linewidth=1)
        upper.bar(middles, [share for _, share, _ in table], 0.9 / _BINS, color=_FIRST, alpha=0.35, linewidth=0)
        upper.plot([sure for sure, _, _ in table], [share for _, share, _ in table], "o", color=_SECOND, markersize=5)
        upper.set_ylim(0, 1.05)
        upper.set_ylabel("share right")
        upper.grid(axis="y", color=_GRID, linewidth=0.6)
        lower.bar(middles, [count for _, _, count in table], 0.9 / _BINS, color=_MUTED, alpha=0.5, linewidth=0)
        most = max(count for _, _, count in table)
        for middle, (_, _, count) in zip(middles, table, strict=True):
            lower.text(middle, count + 0.06 * most, str(count), ha="center", va="bottom", fontsize=8)
        lower.set_ylim(0, 1.5 * most)
        lower.set_yticks([])
        lower.set_ylabel("n")
        lower.set_xlabel("confidence")
        for axes in (upper, lower):
            axes.set_xlim(0, 1)
            axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        upper.tick_params(labelbottom=False)

    return _drawn(draw, "reliability", "share right against confidence", height=3.6)


def latency(rows: Sequence[Row]) -> str:
    """Left, how long questions took in all; right, p50 and p95 of each stage. Milliseconds."""
    totals = np.array([row.timings["total"] for row in rows if "total" in row.timings])
    if not len(totals):
        return ""
    stages = _stage_times(rows)

    def draw(figure: Figure) -> None:
        left = _axes(figure, left=0.65, right=3.45 if stages else 0.2, bottom=0.55, top=0.35)
        _draw_histogram(left, totals)
        if stages:
            labels = [name for name, _, _ in stages]
            wide = 3.35 + _CHAR * max(map(_columns, labels))
            _draw_stages(_axes(figure, left=wide + 0.2, right=0.95, bottom=0.55, top=0.35), stages)

    return _drawn(draw, "latency", "time for a question and per stage, milliseconds", height=2.8)


def _answers(summary: Summary, group: str) -> Estimate | None:
    return summary[group].get("contains_gold") or summary[group].get("right")


def _right(row: Row) -> bool:
    return bool(row_metrics(row).get("right"))


def _given(rows: Sequence[Row]) -> list[Row]:
    """The rows that gave an answer whose rightness is known."""
    return [row for row in rows if not row.abstained and not row.error and "right" in row_metrics(row)]


def _stage_times(rows: Sequence[Row]) -> list[tuple[str, float, float]]:
    """Stage, p50 and p95, in the order of the work."""
    found = dict.fromkeys(name for row in rows for name in row.timings if name != "total")
    order = [name for name in _STAGES if name in found] + [name for name in found if name not in _STAGES]
    stages = []
    for name in order:
        middle, slow = np.percentile([row.timings[name] for row in rows if name in row.timings], [50, 95])
        stages.append((_clip(name), float(middle), float(slow)))
    return stages


def _thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(points) <= _MOST_POINTS:
        return list(points)
    return [points[i] for i in np.unique(np.linspace(0, len(points) - 1, _MOST_POINTS).astype(int))]


def _draw_bars(axes: Axes, places: _Numbers, bars: Sequence[Estimate | None], color: str, label: str) -> None:
    known = [(place, bar) for place, bar in zip(places, bars, strict=True) if bar is not None]
    if not known:
        return
    values = [bar.value for _, bar in known]
    reach = [[max(0.0, bar.value - bar.low) for _, bar in known], [max(0.0, bar.high - bar.value) for _, bar in known]]
    axes.barh([place for place, _ in known], values, 0.34, color=color, alpha=0.75, linewidth=0, label=label)
    axes.errorbar(values, [place for place, _ in known], xerr=reach, fmt="none", ecolor=_INK, elinewidth=1, capsize=2)
    for place, bar in known:
        axes.text(1.02, place, f"{bar.value:.2f}", va="center", color=color, fontsize=9)


def _draw_histogram(axes: Axes, totals: _Numbers) -> None:
    from matplotlib.ticker import MaxNLocator

    middle, slow, last = np.percentile(totals, [50, 95, 99])
    top = float(max(last, 1e-3)) * 1.05
    axes.hist(np.minimum(totals, top), bins=24, range=(0, top), color=_FIRST, alpha=0.6, linewidth=0)
    for value, color in ((middle, _INK), (slow, _SECOND)):
        axes.axvline(value, color=color, linewidth=1.2, linestyle="--")
    axes.set_title(f"p50 {middle:.0f} ms, p95 {slow:.0f} ms", fontsize=10, loc="left")
    axes.set_xlim(0, top)
    axes.set_xlabel("total, ms")
    axes.set_ylabel("questions")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))


def _draw_stages(axes: Axes, stages: Sequence[tuple[str, float, float]]) -> None:
    places = np.arange(len(stages), dtype=float)
    axes.barh(places, [slow for _, _, slow in stages], 0.5, color=_SECOND, alpha=0.35, linewidth=0)
    axes.barh(places, [middle for _, middle, _ in stages], 0.5, color=_FIRST, alpha=0.9, linewidth=0)
    longest = max(slow for _, _, slow in stages) or 1.0
    for place, (_, middle, slow) in zip(places, stages, strict=True):
        axes.text(slow + 0.03 * longest, place, f"{middle:.1f} / {slow:.1f}", va="center", fontsize=8)
    axes.set_yticks(places, [name for name, _, _ in stages])
    axes.set_ylim(len(stages) - 0.5, -0.5)
    axes.set_xlim(0, longest)
    axes.tick_params(axis="y", length=0)
    axes.set_title("p50 / p95", fontsize=10, loc="left")
    axes.set_xlabel("per stage, ms")


def _axes(figure: Figure, *, left: float, right: float, bottom: float, top: float) -> Axes:
    """Axes with margins in inches, since text whose font is not here cannot be measured."""
    width, height = figure.get_size_inches()
    return figure.add_axes(
        (left / width, bottom / height, (width - left - right) / width, (height - bottom - top) / height)
    )


def _drawn(draw: Callable[[Figure], None], name: str, label: str, *, height: float) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    stream = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with rc_context({**_SETTINGS, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")  # the browser has one that holds it
        figure = Figure(figsize=(_WIDTH, height))
        draw(figure)
        figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    return _inline(stream.getvalue(), label)


def _inline(drawing: str, label: str) -> str:
    """The ``svg`` element alone: no prologue, no names that a second drawing has as well, colours as variables."""
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r"<g id=\"[^\"]*\"", "<g", drawing)
    drawing = re.sub(r"<(metadata|style)\b.*?</\1>\s*", "", drawing, flags=re.DOTALL)
    opening = f'<svg {_NAMESPACES} role="img" aria-label="{escape(label)}" style="{_JOINS}"'
    drawing = re.sub(r"<svg [^>]*?(?= viewBox=\"([^\"]*)\")[^>]*>", rf'{opening} viewBox="\1">', drawing, count=1)
    drawing = re.sub(r"'DejaVu Sans'(?:, [^;\"]*)?", _FONTS, drawing)
    for color, variable in _VARIABLES.items():
        drawing = drawing.replace(color, f"var(--plot-{variable}, {color})")
    return drawing.strip()


def _clip(text: str) -> str:
    """A label of at most 24 columns, without characters that a drawing cannot hold."""
    plain = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    while _columns(plain) > 24:
        plain = plain[:-2] + "…"
    return plain


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
