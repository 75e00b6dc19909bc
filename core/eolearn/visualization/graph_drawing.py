"""Drawings of a laid out graph, as SVG and by matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from .extra_packages import require_matplotlib
from .graph_layout import GraphLayout, Point, lay_out

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT_SIZE = 13.0
_PADDING = 12.0
_ARROW = 7.0
_RADIUS = 6.0
_BEND = 0.5  # of the way between two points, how far the ends of a curve stay level
_NARROW, _WIDE = frozenset("iIljtfr.,:;'|!()[] "), frozenset("mwMW@%")
_HIGHLIGHT = "#d55e00"  # vermilion of Okabe and Ito (2008), Color universal design


def text_width(text: str) -> float:
    """Return about how many pixels a text takes in a proportional font, rather more than less."""
    return FONT_SIZE * sum(0.36 if char in _NARROW else 0.95 if char in _WIDE else 0.62 for char in text)


def layout_of(names: Sequence[str], edges: Sequence[tuple[int, int]]) -> GraphLayout:
    """Return where to draw the boxes of vertices that hold their names, and the arrows."""
    return lay_out([text_width(name) + 2 * _PADDING for name in names], edges)


def graph_svg(
    names: Sequence[str], edges: Sequence[tuple[int, int]], *, notes: Mapping[int, str] | None = None, title: str = ""
) -> str:
    """Return a drawing as an SVG element, in the colour of the text around it.

    names: what is written into the box of each vertex.
    edges: pairs of vertices, as positions in ``names``.
    notes: texts that stand out below the names of some vertices.
    title: what the drawing shows, for people who hear it.
    """
    notes = notes or {}
    shown = [f"{name}\n{notes[index]}" if index in notes else name for index, name in enumerate(names)]
    layout = layout_of([max(text.split("\n"), key=text_width) for text in shown], edges)
    said = "; ".join(f"{names[start]} to {names[end]}" for start, end in dict.fromkeys(edges))
    width, height = round(layout.width), round(layout.height)
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" font-family="system-ui, sans-serif" font-size="{FONT_SIZE:g}" fill="currentColor" '
        'style="max-width:none">'
    )
    arrows = map(_arrow_svg, layout.arrows)
    boxes = (_box_svg(layout, index, name, notes.get(index)) for index, name in enumerate(names))
    said = f"<title>{escape(title)}</title>\n<desc>{escape(said)}</desc>"
    return "\n".join([start, said, *arrows, *boxes, "</svg>"])


def _arrow_svg(points: list[Point]) -> str:
    (x, y) = points[-1]
    tip = f"M{x:.1f} {y:.1f}l{-_ARROW:g} {-_ARROW / 2:g}v{_ARROW:g}z"
    line = "".join(
        f"C{a[0] + _bend(a, b):.1f} {a[1]:.1f} {b[0] - _bend(a, b):.1f} {b[1]:.1f} {b[0]:.1f} {b[1]:.1f}"
        for a, b in pairwise(_to_the_arrow(points))
    )
    start = f"M{points[0][0]:.1f} {points[0][1]:.1f}"
    return (
        f'<path d="{start}{line}" fill="none" stroke="currentColor" stroke-opacity=".55" stroke-width="1.4"/>'
        f'<path d="{tip}" fill-opacity=".65"/>'
    )


def _box_svg(layout: GraphLayout, index: int, name: str, note: str | None) -> str:
    box = layout.boxes[index]
    colour = "currentColor" if note is None else _HIGHLIGHT
    middle = box.x + box.width / 2
    lines = [name] if note is None else [name, note]
    texts = "".join(
        f'<text x="{middle:.1f}" y="{box.y + box.height / 2 + 4.5 + (2 * row - len(lines) + 1) * 7:.1f}" '
        f'text-anchor="middle" font-weight="{600 if row else 400}">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        f'<rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:g}" rx="{_RADIUS:g}" '
        f'fill="{colour}" fill-opacity=".08" stroke="{colour}" stroke-opacity="{0.45 if note is None else 1}"/>{texts}'
    )


def _bend(start: Point, end: Point) -> float:
    return (end[0] - start[0]) * _BEND


def _to_the_arrow(points: list[Point]) -> list[Point]:
    """Return the points with the last one where the head of the arrow begins."""
    x, y = points[-1]
    return [*points[:-1], (x - _ARROW, y)]


def graph_figure(names: Sequence[str], edges: Sequence[tuple[int, int]]) -> Figure:
    """Return the same drawing as a figure of matplotlib, which belongs to no window."""
    require_matplotlib()
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path

    layout = layout_of(names, edges)
    figure = Figure(figsize=(layout.width / 72, layout.height / 72), dpi=144)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, layout.width), ylim=(layout.height, 0))
    axes.set_axis_off()
    for points in layout.arrows:
        line = _to_the_arrow(points)
        corners = [line[0]]
        for a, b in pairwise(line):
            corners += [(a[0] + _bend(a, b), a[1]), (b[0] - _bend(a, b), b[1]), b]
        path = Path(corners, [Path.MOVETO, *[Path.CURVE4] * (len(corners) - 1)])
        axes.add_patch(PathPatch(path, fill=False, edgecolor="0.45", linewidth=1.3))
        x, y = points[-1]
        tip = [(x, y), (x - _ARROW, y - _ARROW / 2), (x - _ARROW, y + _ARROW / 2)]
        axes.add_patch(Polygon(tip, facecolor="0.35", linewidth=0))
    for name, box in zip(names, layout.boxes, strict=True):
        style = f"round,pad=0,rounding_size={_RADIUS}"
        place = (box.x, box.y), box.width, box.height
        axes.add_patch(FancyBboxPatch(*place, boxstyle=style, facecolor="0.95", edgecolor="0.6", linewidth=1))
        middle = box.x + box.width / 2, box.y + box.height / 2
        axes.text(*middle, name, ha="center", va="center", fontsize=FONT_SIZE * 0.9, parse_math=False)
    return figure
