"""Which kernel does for all series at once what an object of scipy does for one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from numbers import Integral
from typing import Any, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import SettingError

from ._kernels.akima import interpolate_akima
from ._kernels.hold import Kept, interpolate_hold
from ._kernels.linear import interpolate_linear
from ._kernels.spline import interpolate_spline

Kernel: TypeAlias = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], NDArray[np.floating[Any]]]

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
