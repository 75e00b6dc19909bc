"""Where to draw the boxes and arrows of an acyclic graph, in layers from left to right.

After K. Sugiyama, S. Tagawa, M. Toda (1981), Methods for visual understanding of hierarchical system structures, IEEE
Transactions on Systems, Man, and Cybernetics 11(2), 109-125, doi:10.1109/TSMC.1981.4308636: layers by the longest path,
an order within each that avoids crossings, then places near to those of neighbours.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, pairwise
from statistics import fmean
from typing import TypeAlias

from eolearn.core.graph import DirectedGraph

Point: TypeAlias = tuple[float, float]
_Columns: TypeAlias = list[list[int]]

BOX_HEIGHT = 36.0
_COLUMN_GAP, _ROW_GAP, _LINE_HEIGHT, _MARGIN = 44.0, 16.0, 8.0, 6.0
_SWEEPS = 8


@dataclass(frozen=True)
class Box:
    """The place of a vertex."""

    x: float
    y: float
    width: float
    height: float = BOX_HEIGHT


@dataclass(frozen=True)
class GraphLayout:
    """Places in a drawing, in pixels from its upper left corner."""

    boxes: list[Box]
    """The box of each vertex."""
    arrows: list[list[Point]]
    """The points that an arrow passes, in each of which it is level, for each different edge."""
    width: float
    height: float


def lay_out(widths: Sequence[float], edges: Sequence[tuple[int, int]]) -> GraphLayout:
    """Return where to draw a graph.

    widths: of the boxes of the vertices, in pixels.
    edges: pairs of vertices, as positions in ``widths``. They must not lead round in a circle.

    Example:
        >>> lay_out([80, 60], [(0, 1)]).boxes
        [Box(x=6.0, y=6.0, width=80, height=36.0), Box(x=130.0, y=6.0, width=60, height=36.0)]
    """
    paths, columns = _with_bends(_depths(len(widths), edges), edges)
    columns = _with_few_crossings(columns, paths)
    boxes = _boxes(columns, _middles(columns, paths, len(widths)), widths)
    top = min((box.y for box in boxes.values()), default=0) - _MARGIN
    boxes = {item: replace(box, y=box.y - top) for item, box in boxes.items()}
    right = max((box.x + box.width for box in boxes.values()), default=0)
    bottom = max((box.y + BOX_HEIGHT for box in boxes.values()), default=0)
    vertices = [boxes[vertex] for vertex in range(len(widths))]
    arrows = [_points([boxes[item] for item in path]) for path in paths]
    return GraphLayout(vertices, arrows, right + _MARGIN, bottom + _MARGIN)


def _boxes(columns: _Columns, middles: Mapping[int, float], widths: Sequence[float]) -> dict[int, Box]:
    """Return the place of each item. A bend is as wide as its column."""
    boxes = {}
    left = _MARGIN
    for column in columns:
        column_width = max((widths[item] for item in column if item < len(widths)), default=0)
        for item in column:
            width = widths[item] if item < len(widths) else column_width
            boxes[item] = Box(left + (column_width - width) / 2, middles[item] - BOX_HEIGHT / 2, width)
        left += column_width + _COLUMN_GAP
    return boxes


def _depths(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """Return the column of each vertex: the longest way to it; those without inputs stand just before their use."""
    graph = DirectedGraph[int](dict.fromkeys(range(count), ()))
    for start, end in edges:
        graph.add_edge(start, end)
    depths = [0] * count
    for vertex in graph.topologically_ordered_vertices():
        for neighbour in graph.get_neighbors(vertex):
            depths[neighbour] = max(depths[neighbour], depths[vertex] + 1)
    for vertex in range(count):
        if not graph.get_indegree(vertex):
            depths[vertex] = min((depths[end] - 1 for end in graph.get_neighbors(vertex)), default=0)
    return depths


def _with_bends(depths: Sequence[int], edges: Sequence[tuple[int, int]]) -> tuple[list[list[int]], _Columns]:
    """Return for each different edge the items that it passes, one a column, and the items of each column.

    An item is a vertex, or a bend of an edge, whose numbers follow on those of the vertices.
    """
    columns: _Columns = [[] for _ in range(max(depths, default=-1) + 1)]
    for vertex, depth in enumerate(depths):
        columns[depth].append(vertex)
    paths = []
    free = len(depths)
    for start, end in dict.fromkeys(edges):
        between = range(depths[start] + 1, depths[end])
        bends = list(range(free, free + len(between)))
        for depth, bend in zip(between, bends, strict=True):
            columns[depth].append(bend)
        free += len(between)
        paths.append([start, *bends, end])
    return paths, columns


def _neighbours(paths: list[list[int]]) -> tuple[Mapping[int, list[int]], Mapping[int, list[int]]]:
    """Return the items before and after each item."""
    before: dict[int, list[int]] = {}
    after: dict[int, list[int]] = {}
    for start, end in chain.from_iterable(map(pairwise, paths)):
        before.setdefault(end, []).append(start)
        after.setdefault(start, []).append(end)
    return before, after


def _with_few_crossings(columns: _Columns, paths: list[list[int]]) -> _Columns:
    """Return the columns in the best order of sweeps to and fro that put each item at the mean of its neighbours."""
    before, after = _neighbours(paths)
    best, fewest = columns, _crossings(columns, after)
    for sweep in range(_SWEEPS if fewest else 0):
        forward = sweep % 2 == 0
        columns = _swept(columns if forward else columns[::-1], before if forward else after)
        columns = columns if forward else columns[::-1]
        crossings = _crossings(columns, after)
        if crossings < fewest:
            best, fewest = columns, crossings
    return best


def _swept(columns: _Columns, neighbours: Mapping[int, list[int]]) -> _Columns:
    ordered = columns[:1]
    for column in columns[1:]:
        place = {item: float(index) for index, item in enumerate(ordered[-1])}
        wanted = {
            item: fmean(place[near] for near in neighbours[item]) if item in neighbours else float(index)
            for index, item in enumerate(column)
        }
        ordered.append(sorted(column, key=wanted.__getitem__))
    return ordered


def _crossings(columns: _Columns, after: Mapping[int, list[int]]) -> int:
    """Return how many pairs of lines cross between one column and the next."""
    count = 0
    for column, following in pairwise(columns):
        place = {item: index for index, item in enumerate(following)}
        met: list[int] = []
        for item in column:
            ends = sorted(place[end] for end in after.get(item, ()))
            count += sum(len(met) - bisect_right(met, end) for end in ends)
            for end in ends:
                insort(met, end)
    return count


def _middles(columns: _Columns, paths: list[list[int]], vertices: int) -> dict[int, float]:
    """Return the height of the middle of each item: near to its neighbours, and apart from others of its column."""
    before, after = _neighbours(paths)
    heights = {item: BOX_HEIGHT if item < vertices else _LINE_HEIGHT for column in columns for item in column}
    middles: dict[int, float] = {}
    for column in columns:
        middles.update(zip(column, _apart([0.0] * len(column), [heights[item] for item in column]), strict=True))
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        near = before if forward else after
        for column in columns if forward else reversed(columns):
            wanted = [fmean(middles[other] for other in near.get(item, [item])) for item in column]
            middles.update(zip(column, _apart(wanted, [heights[item] for item in column]), strict=True))
    return middles


def _apart(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return middles in the given order and without overlap, for which the squares of the ways moved are least.

    Without the room that items take this is a regression on numbers that must not fall, which pooling neighbours that
    do solves: M. Ayer et al. (1955), doi:10.1214/aoms/1177728423.
    """
    offsets = [0.0, *accumulate((a + b) / 2 + _ROW_GAP for a, b in pairwise(heights))]
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        mean, size = want - offset, 1
        while pools and pools[-1][0] > mean:
            other, other_size = pools.pop()
            mean, size = (mean * size + other * other_size) / (size + other_size), size + other_size
        pools.append((mean, size))
    means = [mean for mean, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]


def _points(boxes: list[Box]) -> list[Point]:
    """Return where an arrow leaves the first box, passes the left and right of those between, and meets the last."""
    points = [(boxes[0].x + boxes[0].width, boxes[0].y + BOX_HEIGHT / 2)]
    for box in boxes[1:-1]:
        points += [(box.x, box.y + BOX_HEIGHT / 2), (box.x + box.width, box.y + BOX_HEIGHT / 2)]
    return [*points, (boxes[-1].x, boxes[-1].y + BOX_HEIGHT / 2)]
