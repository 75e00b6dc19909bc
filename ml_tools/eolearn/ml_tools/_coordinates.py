"""Places of samples in metres, and checks that splitters share."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

Points = NDArray[np.float64]


def as_points(coordinates: Any, name: str = "coordinates") -> Points:
    """Return the places of samples as an array of shape (samples, 2), float64, metres.

    coordinates: such an array, a table of two columns, or a GeoSeries or GeoDataFrame of points in a projected CRS.
    name: for messages.

    Raises DataError for another shape, for no samples, for NaN and infinities, for a geographic CRS or none, and for
    geometries that aren't points.
    """
    series = getattr(coordinates, "geometry", None)
    points = np.asarray(coordinates, dtype=np.float64) if series is None else _of_geometries(series, name)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise DataError(f"{name} must have the shape (samples, 2), with at least one sample, got {points.shape}.")
    if not np.isfinite(points).all():
        bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
        raise DataError(f"{name} of {len(bad)} samples are not finite numbers, the first of them in row {bad[0]}.")
    return points


def within(points: Points, others: Points, distance_m: float) -> NDArray[np.bool_]:
    """Return which points lie within a distance, or exactly at it, of any of some others."""
    from scipy.spatial import cKDTree

    nearest, _ = cKDTree(others).query(points, distance_upper_bound=np.nextafter(distance_m, np.inf))
    is_near: NDArray[np.bool_] = np.isfinite(nearest)
    return is_near


def check_length(samples: Any, expected: int) -> None:
    """Raise DataError where a table has another number of samples than the splitter was made for."""
    if samples is None:
        return
    found = samples.shape[0] if hasattr(samples, "shape") else len(samples)
    if found != expected:
        raise DataError(
            f"The splitter was made for {expected} samples, but these are {found}. Make a new one for them."
        )


def checked_length(name: str, length_m: Any, *, least: float | None = None) -> float:
    """Return a length as a float, after a check that it is positive and finite, or at least some other number."""
    try:
        number = float(length_m)
    except (TypeError, ValueError):
        number = np.nan
    if not (np.isfinite(number) and (number > 0 if least is None else number >= least)):
        raise SettingError(f"{name} must be {'above 0' if least is None else f'at least {least}'} m, got {length_m!r}.")
    return number


def _of_geometries(series: Any, name: str) -> Points:
    if series.crs is None or series.crs.is_geographic:
        raise DataError(
            f"{name} are in the CRS {series.crs}, but distances need metres. Convert them: "
            "points.to_crs(points.estimate_utm_crs())."
        )
    if not (series.geom_type == "Point").all():
        raise DataError(f"{name} must be points, but there are {', '.join(map(str, series.geom_type.unique()))}.")
    return np.column_stack([series.x, series.y])
