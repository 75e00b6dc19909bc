"""Interpolation by objects of scipy and their like: by a kernel that does the same for all series, or one by one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._kernels.akima import interpolate_akima
from ._kernels.hold import Kept, interpolate_hold
from ._kernels.linear import interpolate_linear
from ._kernels.spline import interpolate_spline

Kernel: TypeAlias = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], NDArray[np.floating[Any]]]
Interpolator: TypeAlias = Callable[[NDArray[Any]], Any]
Build: TypeAlias = Callable[[NDArray[Any], NDArray[Any]], Interpolator]

_DEGREES = range(1, 6)
_SPLINES_BY_NAME = {"slinear": 1, "quadratic": 2, "cubic": 3}
_WITHIN = {"axis", "copy", "bounds_error", "fill_value", "assume_sorted", "ext", "check_finite", "extrapolate"}
"""Parameters that don't matter for finite one-dimensional series between their first and their last date."""


def kernel_for(interpolation_object: Any, parameters: dict[str, Any]) -> Kernel | None:
    """Return the kernel that does what an object with these parameters does, None if there is none.

    Raises SettingError (a ValueError) for a kind or a degree that the object doesn't have.
    """
    if interpolation_object is np.interp:
        return None if set(parameters) - {"left", "right"} else interpolate_linear
    module = str(getattr(interpolation_object, "__module__", ""))
    if not module.startswith("scipy.interpolate"):
        return None
    settings = {name: value for name, value in parameters.items() if name not in _WITHIN}
    choose = _CHOICES.get(interpolation_object.__name__)
    return choose(settings) if choose else None


def _interp1d(settings: dict[str, Any]) -> Kernel | None:
    kind = settings.pop("kind", "linear")
    if settings:
        return None
    if kind == "linear":
        return interpolate_linear
    if kind in get_args(Kept):
        return partial(interpolate_hold, kept=kind)
    degree = _SPLINES_BY_NAME.get(kind, kind)
    if degree == "zero" or (isinstance(degree, Integral) and degree == 0):
        return partial(interpolate_hold, kept="previous")
    if not isinstance(degree, Integral) or degree < 0:
        names = ["linear", "zero", *_SPLINES_BY_NAME, *get_args(Kept)]
        raise SettingError(f"kind of interp1d must be one of {', '.join(names)}, or the degree, got {kind!r}.")
    return _spline(degree)


def _make_interp_spline(settings: dict[str, Any]) -> Kernel | None:
    degree = settings.pop("k", 3)
    if not isinstance(degree, Integral) or degree < 0:
        raise SettingError(f"k of make_interp_spline must be an int of at least 0, got {degree!r}.")
    ends, knots = settings.pop("bc_type", None), settings.pop("t", None)
    if settings or knots is not None or not (ends is None or ends == "not-a-knot"):
        return None
    return partial(interpolate_hold, kept="previous") if degree == 0 else _spline(degree)


def _univariate_spline(settings: dict[str, Any]) -> Kernel | None:
    degree = settings.pop("k", 3)
    if not isinstance(degree, Integral) or degree not in _DEGREES:
        raise SettingError(f"k of a univariate spline must be an int from 1 to 5, got {degree!r}.")
    smoothing, weights, ends = settings.pop("s", None), settings.pop("w", None), settings.pop("bbox", (None, None))
    if settings or smoothing != 0 or weights is not None or any(end is not None for end in ends):
        return None
    return _spline(degree)


def _interpolated_univariate_spline(settings: dict[str, Any]) -> Kernel | None:
    return None if "s" in settings else _univariate_spline(settings | {"s": 0})


def _akima(settings: dict[str, Any]) -> Kernel | None:
    method = settings.pop("method", "akima")
    if method not in ("akima", "makima"):
        raise SettingError(f"method of Akima1DInterpolator must be 'akima' or 'makima', got {method!r}.")
    return None if settings else partial(interpolate_akima, modified=method == "makima")


def _spline(degree: Integral | int) -> Kernel | None:
    return partial(interpolate_spline, degree=int(degree)) if degree in _DEGREES else None


_CHOICES: dict[str, Callable[[dict[str, Any]], Kernel | None]] = {
    "interp1d": _interp1d,
    "make_interp_spline": _make_interp_spline,
    "UnivariateSpline": _univariate_spline,
    "InterpolatedUnivariateSpline": _interpolated_univariate_spline,
    "Akima1DInterpolator": _akima,
}


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
