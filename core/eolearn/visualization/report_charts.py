"""Pictures of a report: strips as wide as the page, each with a label, above a common axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from .report_text import duration_text, memory_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .run_summary import NodeRuns, RunSummary

WIDTH, HEIGHT = 1000, 20  # of the coordinates within a strip, which is drawn as wide as there is room
_MOST_BARS = 2000
_MOST_WORKERS = 40
_COLUMNS = 400
_LEVELS = 4
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400)  # seconds


@dataclass(frozen=True)
class Strip:
    """One row of a picture."""

    label: str
    said: str
    """What it shows, in words."""
    shapes: Markup
    """SVG elements."""


@dataclass(frozen=True)
class Chart:
    """A picture of rows."""

    strips: list[Strip]
    ticks: list[tuple[float, str]]
    """Where the axis has marks, in percent of its length, and what they say."""


def timeline(summary: RunSummary, names: Sequence[str]) -> Chart:
    """Return what each worker did when: a bar for each execution or, of many, how busy it was.

    names: of the executions.
    """
    length = max(summary.seconds, 1e-6)
    by_worker: dict[str, list[int]] = {}
    for position in np.flatnonzero(~summary.skipped):
        by_worker.setdefault(summary.workers[position], []).append(int(position))
    rows = [([worker], positions) for worker, positions in by_worker.items()]
    if len(rows) > _MOST_WORKERS:
        rows.sort(key=lambda row: -len(row[1]))
        rest = rows[_MOST_WORKERS - 1 :]
        rows = [*rows[: _MOST_WORKERS - 1], ([row[0][0] for row in rest], [i for row in rest for i in row[1]])]
    draw = _bars if sum(len(positions) for _, positions in rows) <= _MOST_BARS else _shares
    strips = [
        _worker_strip(summary, workers, np.array(positions), draw, names, length)
        for workers, positions in sorted(rows, key=lambda row: (len(row[0]), _natural(row[0][0])))
    ]
    return Chart(strips, _linear_ticks(length, duration_text, _STEPS))


def _natural(name: str) -> list[Any]:
    return [
        (int(part), "") if digits else (-1, part)
        for digits, parts in groupby(name, str.isdecimal)
        for part in ["".join(parts)]
    ]


def _worker_strip(
    summary: RunSummary,
    workers: list[str],
    positions: NDArray[np.int64],
    draw: Callable[..., Markup],
    names: Sequence[str],
    length: float,
) -> Strip:
    starts, ends = (np.clip(times[positions], 0, length) for times in (summary.starts, summary.ends))
    failed = summary.failed[positions]
    label = f"{len(workers):,} others" if len(workers) > 1 else workers[0] or "worker not known"
    busy = min(1.0, float((ends - starts).sum()) / length / len(workers))
    said = f"{label}: {len(positions):,} executions, {int(failed.sum()):,} failed, busy {busy:.0%} of the time"
    own_names = [names[position] for position in positions] if draw is _bars else []
    return Strip(label, said, draw(starts / length, ends / length, failed, own_names, len(workers)))


def _bars(
    starts: NDArray[np.float64], ends: NDArray[np.float64], failed: NDArray[np.bool_], names: Sequence[str], _: int
) -> Markup:
    bars = zip(starts * WIDTH, (ends - starts) * WIDTH, failed.tolist(), names, strict=True)
    return Markup("").join(
        Markup('<rect class="{}" x="{:.5g}" width="{:.5g}" height="{}"><title>{}</title></rect>').format(
            "bad" if is_failed else "ok", start, max(width, 1.0), HEIGHT, f"{name}, failed" if is_failed else name
        )
        for start, width, is_failed, name in bars
    )


def _shares(
    starts: NDArray[np.float64], ends: NDArray[np.float64], failed: NDArray[np.bool_], _: Sequence[str], workers: int
) -> Markup:
    """Return how busy workers were by shades, and from below the share of failures among what ended."""
    edges = np.linspace(0, 1, _COLUMNS + 1)
    busy = np.diff(_time_before(edges, starts) - _time_before(edges, ends)) * _COLUMNS / workers
    levels = np.ceil(np.clip(busy, 0, 1) * _LEVELS - 1e-9).astype(int)
    step = WIDTH / _COLUMNS
    paths: dict[int, list[str]] = {}
    for level, run in groupby(range(_COLUMNS), levels.__getitem__):
        columns = list(run)
        paths.setdefault(int(level), []).append(_box(columns[0] * step, len(columns) * step, HEIGHT))
    ended = np.histogram(ends, edges)[0]
    bad = np.histogram(ends[failed], edges)[0] / np.maximum(ended, 1)
    heights = np.where(bad > 0, np.maximum(bad * HEIGHT, 3), 0)
    marks = [_box(column * step, step, heights[column]) for column in np.flatnonzero(heights)]
    drawn = [_path("ok", paths[level], level / _LEVELS) for level in sorted(paths) if level]
    return Markup("").join([*drawn, _path("bad", marks, 1)] if marks else drawn)


def _time_before(edges: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each edge the sum of how long before it moments were."""
    ordered = np.sort(moments)
    count = np.searchsorted(ordered, edges)
    before: NDArray[np.float64] = edges * count - np.concatenate([[0.0], np.cumsum(ordered)])[count]
    return before


def _box(left: float, width: float, height: float) -> str:
    return f"M{left:g} {HEIGHT}h{width:g}v{-height:.3g}h{-width:g}z"


def _path(kind: str, parts: Iterable[str], opacity: float) -> Markup:
    return Markup('<path class="{}" opacity="{:g}" d="{}"/>').format(kind, opacity, "".join(parts))


def times_of_nodes(nodes: Iterable[NodeRuns]) -> Chart | None:
    """Return how long runs of nodes took, on a logarithmic axis; None if there were no runs."""
    rows = [(node.name, np.maximum(node.seconds, 1e-6)) for node in nodes if node.seconds]
    if not rows:
        return None
    low = int(np.floor(np.log10(min(values.min() for _, values in rows))))
    high = max(int(np.ceil(np.log10(max(values.max() for _, values in rows)))), low + 1)
    strips = [_spread(name, np.log10(values), low, high, lambda log: duration_text(10**log)) for name, values in rows]
    step = max(1, -(-(high - low) // 6))
    ticks = [((power - low) / (high - low) * 100, duration_text(10.0**power)) for power in range(low, high + 1, step)]
    return Chart(strips, ticks)


def memory_of_nodes(nodes: Iterable[NodeRuns]) -> Chart | None:
    """Return the peaks of memory in runs of nodes; None if it was not measured."""
    rows = [(node.name, np.array(node.memory_peaks, np.float64)) for node in nodes if node.memory_peaks]
    if not rows:
        return None
    high = 1.05 * max(values.max() for _, values in rows)
    return Chart([_spread(*row, 0, high, memory_text) for row in rows], _linear_ticks(high, memory_text))


def _spread(name: str, values: NDArray[np.float64], low: float, high: float, text_of: Callable[[float], str]) -> Strip:
    """Return a line from the least to the greatest value, a box around the middle half, and a mark at the median."""
    least, lower, median, upper, greatest = np.percentile(values, (0, 25, 50, 75, 100))
    said = (
        f"{name}: {text_of(median)}, half of the runs {text_of(lower)} to {text_of(upper)}, "
        f"all {text_of(least)} to {text_of(greatest)}"
    )
    x = [(float(value) - low) / (high - low) * WIDTH for value in (least, lower, median, upper, greatest)]
    shapes = Markup(
        '<rect class="all" x="{:.1f}" width="{:.1f}" y="8" height="4"/>'
        '<rect class="ok" x="{:.1f}" width="{:.1f}" y="3" height="14"/>'
        '<rect class="median" x="{:.1f}" width="4" height="20"/>'
    )
    drawn = shapes.format(x[0], max(x[4] - x[0], 2), x[1], max(x[3] - x[1], 2), min(max(x[2] - 2, 0), WIDTH - 4))
    return Strip(name, said, drawn)


def _linear_ticks(high: float, text_of: Callable[[float], str], steps: Sequence[float] = ()) -> list[tuple[float, str]]:
    """Return marks at round numbers, five or fewer beyond zero."""
    power = 10.0 ** np.floor(np.log10(high))
    candidates = steps if steps and high > 10 else [power * factor for factor in (0.1, 0.2, 0.5, 1, 2, 5)]
    step = next((step for step in candidates if high / step <= 5), high / 4)
    return [(index * step / high * 100, text_of(index * step)) for index in range(int(high / step + 1e-9) + 1)]
