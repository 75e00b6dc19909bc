"""Interpolation by objects of scipy and their like, one series after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError

Interpolator: TypeAlias = Callable[[NDArray[Any]], Any]
Build: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], Interpolator]


def interpolate_one_by_one(
    data: NDArray[Any],
    times: NDArray[Any],
    resampled_times: NDArray[Any],
    build: Build,
    *,
    extrapolate: bool = False,
) -> NDArray[np.float64]:
    """Interpolate each series by an object of its own.

    data: the series, of shape (dates, series); NaN or infinite where there is no observation.
    times: the time of each row of data, strictly ascending.
    resampled_times: the times for which values are wanted, in the unit of ``times``.
    build: takes the times and the values of the valid observations of a series, in float64, and returns a function of
        wanted times.
    extrapolate: whether values are wanted before the first and after the last valid observation, too.

    Returns float64 of shape (wanted times, series). NaN stands outside of the valid observations of a series, and for
    one with so few of them that the object refuses any series as short.
    """
    moments, wanted = np.asarray(times, np.float64), np.asarray(resampled_times, np.float64)
    result = np.full((wanted.size, data.shape[1]), np.nan)
    too_few: set[int] = set()
    for index in range(data.shape[1]):
        known = np.isfinite(data[:, index])
        dates, values = moments[known], data[known, index].astype(np.float64)
        if dates.size == 0 or dates.size in too_few:
            continue
        inside = np.full(wanted.size, True) if extrapolate else (dates[0] <= wanted) & (wanted <= dates[-1])
        if not inside.any():
            continue
        answer = interpolated_or_none(build, dates, values, wanted[inside])
        if answer is None:
            too_few.add(dates.size)
        else:
            result[inside, index] = answer
    return result


def interpolated_or_none(
    build: Build, dates: NDArray[np.float64], values: NDArray[np.float64], wanted: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Return the values of one or many series at the wanted times, None if the object needs more dates than these.

    dates: of the valid observations. values: of shape (dates, ...). Raises what the object raises for other reasons,
    and DataError (a ValueError) for an answer of another shape than (wanted times, ...).
    """
    try:
        answer = np.asarray(build(dates, values)(wanted), np.float64)
    except Exception:
        if _needs_more_dates(build, dates.size):
            return None
        raise
    needed = (wanted.size, *values.shape[1:])
    if answer.size != np.prod(needed):
        raise DataError(f"The interpolation object returned an array of shape {answer.shape}, not {needed}.")
    return answer.reshape(needed)


def _needs_more_dates(build: Build, count: int) -> bool:
    """Return whether the object refuses the simplest series of this many dates, but not that of many dates."""
    return _refuses(build, count) and not _refuses(build, 64)


def _refuses(build: Build, count: int) -> bool:
    dates = np.arange(count, dtype=np.float64)
    try:
        build(dates, dates)(dates)
    except Exception:  # noqa: BLE001 - it is of the user's making, and may raise anything
        return True
    return False
