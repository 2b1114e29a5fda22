"""Charts as SVG, made by hand, for the report and the pages in Airflow: no script, no library, and colours from a style
sheet (``charts.css``).

Every mark takes its colour from a class (``c1`` to ``c8``, in a fixed order), so that the page's light and
dark styles decide what it looks like. Values stand at the line's end or in a tooltip (``<title>``).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

NUM_COLOURS = 8
MAX_POINTS = 300
"""Points of a line; more are averaged in equal stretches."""

MARK_ROWS = 4
"""Rows that the words of marks may stand in; beyond them they are the mark's tooltip."""
LETTER = 6.2
"""Width of a letter of a mark's words, in pixels; an ideograph is two."""

_TOP, _BOTTOM, _LEFT = 14, 34, 52


@dataclass(frozen=True)
class Line:
    """A line of a chart.

    Attributes:
        points: (x, y), by rising x; a y of None leaves a gap.
        colour: number of its colour, from 1; 0 is the text's own.
        dashed: for what is compared with, rather than measured.
        dots: whether single points are marked.
        joined: whether a line leads from point to point; without it only what is marked is seen.
    """

    name: str
    points: Sequence[tuple[float, float | None]]
    colour: int
    dashed: bool = False
    dots: bool = False
    joined: bool = True


@dataclass(frozen=True)
class Mark:
    """A vertical line at ``x`` with words beside it; none is drawn where ``x`` lies outside what the lines show."""

    x: float
    words: str


def charts_style() -> Markup:
    """The style sheet of all charts, for a page's ``<style>``."""
    return Markup(Path(__file__).with_name("charts.css").read_text())


def line_chart(
    lines: Sequence[Line],
    *,
    y_name: str,
    x_name: str = "tokens",
    marks: Sequence[Mark] = (),
    width: int = 1000,
    height: int = 320,
    from_zero: bool = False,
    right: int = 150,
) -> Markup:
    """Lines over a common x, each named at its right end.

    Args:
        right: room for the names, in pixels.
    """
    known = [(line, _stretches(thin(line.points))) for line in lines]
    drawn = [(line, [point for stretch in stretches for point in stretch]) for line, stretches in known if stretches]
    if not drawn:
        return Markup('<p class="quiet">No data.</p>')
    xs, ys = [x for _, p in drawn for x, _ in p], [y for _, p in drawn for _, y in p]
    ticks_y = ticks(0 if from_zero else min(ys), max(ys), 5)
    x_low, x_high, y_low, y_high = min(xs), max(xs), ticks_y[0], ticks_y[-1]
    plot_width, plot_height = width - _LEFT - right, height - _TOP - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / (x_high - x_low) if x_high > x_low else 0.5
        up = (y - y_low) / (y_high - y_low) if y_high > y_low else 0.5
        return round(_LEFT + across * plot_width, 1), round(_TOP + (1 - up) * plot_height, 1)

    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(y_name)} over {escape(x_name)}">']
    for tick in ticks_y:
        _, y = at(x_low, tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + plot_width}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{short(tick)}</text>')
    for tick in ticks(x_low, x_high, 6):
        if x_low <= tick <= x_high:
            x, _ = at(tick, y_low)
            parts.append(f'<text class="tick" x="{x}" y="{height - 16}" text-anchor="middle">{short(tick)}</text>')
    parts.append(
        f'<text class="axis" x="{_LEFT + plot_width}" y="{height - 2}" text-anchor="end">{escape(x_name)}</text>'
    )
    parts.append(f'<text class="axis" x="{_LEFT}" y="9">{escape(y_name)}</text>')
    inside = sorted((mark for mark in marks if x_low <= mark.x <= x_high), key=lambda mark: mark.x)
    parts += _marks([(at(mark.x, y_low)[0], mark.words) for mark in inside], (_LEFT, _LEFT + plot_width), plot_height)
    for line, stretches in known:
        parts += [_path(line, [at(x, y) for x, y in points], points, x_name) for points in stretches]
    ends = [(at(*points[-1])[1], line, points[-1][1]) for line, points in drawn]
    for y, line, value in spread(ends, gap=15, low=_TOP + 4, high=_TOP + plot_height):
        parts.append(
            f'<text class="name t{line.colour}" x="{_LEFT + plot_width + 10}" y="{y + 4:.1f}">'
            f"{escape(_fitting(line.name, right - 60))} <tspan>{value:.4g}</tspan></text>"
        )
    return Markup("".join(parts) + "</svg>")


def small_chart(points: Sequence[tuple[float, float | None]], *, name: str, level: float | None = None) -> Markup:
    """A line without axes, as small as a word, for many beside one another; its values are tooltips.

    Args:
        level: a height to compare with, drawn where it lies within the line's range.
    """
    width, height, edge = 140.0, 30.0, 4.0
    stretches = _stretches(points)
    if not stretches:
        return Markup('<span class="quiet">–</span>')
    xs, ys = [x for part in stretches for x, _ in part], [y for part in stretches for _, y in part]
    x_low, x_high, y_low, y_high = min(xs), max(xs), min(ys), max(ys)

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - x_low) / (x_high - x_low) if x_high > x_low else 0.5
        up = (y - y_low) / (y_high - y_low) if y_high > y_low else 0.5
        return round(edge + across * (width - 2 * edge), 1), round(edge + (1 - up) * (height - 2 * edge), 1)

    parts = [f'<svg class="small" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(name)}">']
    if level is not None and y_low <= level <= y_high:
        y = at(x_low, level)[1]
        parts.append(f'<line class="grid" x1="{edge}" x2="{width - edge}" y1="{y}" y2="{y}"/>')
    line = Line(name, points, 1, dots=True)
    parts += [_path(line, [at(x, y) for x, y in part], part, "tokens", radius=2.5) for part in stretches]
    return Markup("".join(parts) + "</svg>")


def share_bars(rows: Sequence[tuple[str, Mapping[str, float]]], order: Sequence[str]) -> Markup:
    """A bar a row, of full width, divided by the shares of its labels.

    Args:
        order: labels in the order of their colours; all that occur.
    """
    width, left, step, bar = 1000, 120, 34, 20
    height = step * len(rows) + 4
    parts = [f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="shares">']
    for number, (name, sizes) in enumerate(rows):
        total, x, y = sum(sizes.values()), float(left), number * step + 6
        parts.append(f'<text class="row" x="0" y="{y + 15}">{escape(name)}</text>')
        for label in order:
            part = sizes.get(label, 0) / total * (width - left) if total else 0
            if part <= 0:
                continue
            percent = 100 * sizes[label] / total
            parts.append(
                f'<rect class="b{colour(label, order)}" x="{x:.1f}" y="{y}" width="{max(0.0, part - 1.5):.1f}" '
                f'height="{bar}"><title>{escape(label)}: {percent:.1f} %</title></rect>'
            )
            if part > 70:
                parts.append(f'<text class="on" x="{x + 7:.1f}" y="{y + 14}">{escape(label)} {percent:.0f} %</text>')
            x += part
    return Markup("".join(parts) + "</svg>")


def colour(label: str, order: Sequence[str]) -> int:
    """Number of a label's colour; beyond the palette all share the last."""
    return min(list(order).index(label) + 1, NUM_COLOURS)


def thin(points: Sequence[tuple[float, float | None]]) -> list[tuple[float, float | None]]:
    """At most ``MAX_POINTS`` points, the means of equal stretches; the last one ends at the last x."""
    if len(points) <= MAX_POINTS:
        return list(points)
    found: list[tuple[float, float | None]] = []
    for i in range(MAX_POINTS):
        stretch = points[i * len(points) // MAX_POINTS : (i + 1) * len(points) // MAX_POINTS]
        known = [y for _, y in stretch if y is not None]
        found.append((stretch[-1][0], sum(known) / len(known) if known else None))
    return found


def ticks(low: float, high: float, wanted: int) -> list[float]:
    """Round numbers at even distances that enclose ``low`` to ``high``."""
    if high <= low:
        return [low, low + (abs(low) or 1.0)]
    raw = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * size for size in (1, 2, 2.5, 5, 10) if power * size >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def spread(
    ends: Sequence[tuple[float, Line, float]], *, gap: float, low: float, high: float
) -> list[tuple[float, Line, float]]:
    """Names moved apart vertically, so that none covers another."""
    placed: list[tuple[float, Line, float]] = []
    for y, line, value in sorted(ends, key=lambda end: end[0]):
        y = max(y, low if not placed else placed[-1][0] + gap)
        placed.append((y, line, value))
    over = max(0.0, placed[-1][0] - high) if placed else 0.0
    for i in range(len(placed) - 1, -1, -1):
        limit = high if i == len(placed) - 1 else placed[i + 1][0] - gap
        if over and placed[i][0] > limit:
            placed[i] = (limit, *placed[i][1:])
    return placed


def short(value: float) -> str:
    """A number for an axis: 1,500,000 as 1.5M."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.6g}{letter}"
    return f"{value:.6g}"


def _fitting(words: str, width: float) -> str:
    """Words that are no wider than so many pixels."""
    room = [at for at in range(len(words) + 1) if _width(words[:at]) <= width]
    return words if room[-1] == len(words) else f"{words[: max(1, room[-1] - 1)]}…"


def _width(words: str) -> float:
    return sum(LETTER if letter.isascii() else 2 * LETTER for letter in words)


def _marks(places: Sequence[tuple[float, str]], sides: tuple[float, float], height: float) -> list[str]:
    """Lines with words on the side that has room for them, in rows below one another where they would meet."""
    parts: list[str] = []
    ends = [sides[0]] * MARK_ROWS
    for x, words in places:
        words = _fitting(words, (sides[1] - sides[0]) / 2)
        width = _width(words)
        left = x + 5 if x + 5 + width <= sides[1] else max(sides[0], x - 5 - width)
        row = next((row for row in range(MARK_ROWS) if ends[row] <= left), None)
        parts.append(f'<line class="mark" x1="{x}" x2="{x}" y1="{_TOP}" y2="{_TOP + height}"/>')
        if row is None or _TOP + 11 + 13 * row > _TOP + height:
            parts[-1] = parts[-1].replace("/>", f"><title>{escape(words)}</title></line>")
            continue
        ends[row] = left + width + 6
        parts.append(f'<text class="tick" x="{left:.1f}" y="{_TOP + 11 + 13 * row}">{escape(words)}</text>')
    return parts


def _stretches(points: Sequence[tuple[float, float | None]]) -> list[list[tuple[float, float]]]:
    """What lies between the gaps, where nothing is joined."""
    found: list[list[tuple[float, float]]] = [[]]
    for x, y in points:
        if y is not None and math.isfinite(y):
            found[-1].append((x, y))
        elif found[-1]:
            found.append([])
    return [stretch for stretch in found if stretch]


def _path(
    line: Line,
    places: Sequence[tuple[float, float]],
    points: Sequence[tuple[float, float]],
    x_name: str,
    *,
    radius: float = 3.5,
) -> str:
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    parts = [f'<path class="l{line.colour}{" dashed" if line.dashed else ""}" d="{path}"/>'] if line.joined else []
    if line.dots:
        for (x, y), (at, value) in zip(places, points, strict=True):
            title = f"{escape(line.name)}, {escape(x_name)} {short(at)}: {value:.4g}"
            parts.append(
                f'<circle class="d{line.colour}" cx="{x}" cy="{y}" r="{radius}"><title>{title}</title></circle>'
            )
    return "".join(parts)
