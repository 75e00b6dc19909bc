"""What a run would take, told before it is started."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from sentinelhub import BBox

    from eolearn.core import EOPatch


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What it takes to fill some patches. Estimates can be added, also by ``sum``.

    Example:
        >>> print(sum(task.estimate([bbox], time_interval) for bbox in grid))
        16 patches: 64 requests, 12.5 MB in memory for the largest patch, 201 MB on disk before compression,
        42.7 processing units
    """

    patches: int = 0
    requests: int = 0
    """Of images; searches are not counted."""
    memory_bytes: int = 0
    """The arrays of the largest patch. While they are loaded it may be twice as much, and each worker has its own."""
    disk_bytes: int = 0
    """The arrays of all patches, before they are compressed."""
    processing_units: float = 0.0
    """What Sentinel Hub charges; 0 for what isn't charged."""

    def __add__(self, other: Estimate | int) -> Estimate:
        if not isinstance(other, Estimate):
            return self if other == 0 else NotImplemented
        return Estimate(
            patches=self.patches + other.patches,
            requests=self.requests + other.requests,
            memory_bytes=max(self.memory_bytes, other.memory_bytes),
            disk_bytes=self.disk_bytes + other.disk_bytes,
            processing_units=self.processing_units + other.processing_units,
        )

    __radd__ = __add__

    def __str__(self) -> str:
        return (
            f"{_counted(self.patches, 'patch', 'patches')}: {_counted(self.requests, 'request', 'requests')}, "
            f"{_size(self.memory_bytes)} in memory for the largest patch, {_size(self.disk_bytes)} on disk before "
            f"compression, {self.processing_units:.3g} processing units"
        )

    __repr__ = __str__


@runtime_checkable
class Estimating(Protocol):
    """An input task that tells what it would take, before anything is loaded."""

    def estimate(
        self, places: Iterable[BBox | EOPatch], time_interval: Any = None, *, dates: int | None = None
    ) -> Estimate:
        """Return what filling these places would take.

        places: bounding boxes, or patches, with or without timestamps.
        time_interval: as for ``execute``.
        dates: how many images each place has; by default they are looked for, for each place.
        """


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
