"""Windows over arrays, as older releases made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import EODeprecationWarning, SettingError, warn_user

__all__ = ["rolling_window"]

Sizes = int | Sequence[int]


def rolling_window(
    array: NDArray[Any],
    window: Sizes = (0,),
    asteps: Sizes | None = None,
    wsteps: Sizes | None = None,
    axes: Sizes | None = None,
    toend: bool = True,
) -> NDArray[Any]:
    """Return a read-only view of all windows of an array. Deprecated: numpy's ``sliding_window_view`` does it.

    window: the size for each of the last axes, or for each of ``axes``; 0 for an axis without windows.
    asteps: the step between windows, for each of the last axes (1 for those before).
    wsteps: the step between the values of a window, for each size in ``window``.
    toend: whether the axes of windows come last; otherwise each comes after its own axis.

    Raises SettingError (a ValueError) for sizes that don't fit.

    Example:
        >>> rolling_window(np.arange(5), 3)
        array([[0, 1, 2],
               [1, 2, 3],
               [2, 3, 4]])
    """
    warn_user("rolling_window is deprecated, use numpy.lib.stride_tricks.sliding_window_view.", EODeprecationWarning)
    array = np.asarray(array)
    sizes = _sizes("window", window)
    places = range(array.ndim - len(sizes), array.ndim) if axes is None else _axes(_sizes("axes", axes), array.ndim)
    inner = [1] * len(sizes) if wsteps is None else _sizes("wsteps", wsteps)
    outer = [] if asteps is None else _sizes("asteps", asteps)
    outer = [1] * (array.ndim - len(outer)) + outer
    if not len(places) == len(sizes) == len(inner) or len(sizes) > array.ndim or len(outer) != array.ndim:
        raise SettingError(f"window, axes, wsteps and asteps don't fit each other or an array of {array.ndim} axes.")
    if min(sizes, default=0) < 0 or min(*inner, *outer, 1) < 1:
        raise SettingError("Sizes of windows must be at least 0, and steps at least 1.")

    windowed = [(axis, size, step) for axis, size, step in zip(places, sizes, inner, strict=True) if size]
    spans = [(size - 1) * step + 1 for _, size, step in windowed]
    if any(span > array.shape[axis] for (axis, _, _), span in zip(windowed, spans, strict=True)):
        raise SettingError(f"Windows of {spans} values are larger than the array of shape {array.shape}.")
    at = tuple(axis for axis, _, _ in windowed)
    view: NDArray[Any] = np.lib.stride_tricks.sliding_window_view(array, spans, axis=at)
    view = view[tuple(slice(None, None, step) for step in [*outer, *(step for _, _, step in windowed)])]
    if toend:
        return view
    order = {axis: array.ndim + number for number, (axis, _, _) in enumerate(windowed)}
    return view.transpose([place for axis in range(array.ndim) for place in (axis, order.get(axis, -1)) if place >= 0])


def _sizes(name: str, numbers: Sizes) -> list[int]:
    listed = list(numbers) if isinstance(numbers, (Sequence, np.ndarray)) else [numbers]
    if not all(isinstance(number, (int, np.integer)) for number in listed):
        raise SettingError(f"{name} must be an integer or a sequence of integers, got {numbers!r}.")
    return [int(number) for number in listed]


def _axes(axes: list[int], ndim: int) -> list[int]:
    if any(not -ndim <= axis < ndim for axis in axes) or len({axis % ndim for axis in axes}) < len(axes):
        raise SettingError(f"axes must be different ones of an array of {ndim}, got {axes}.")
    return [axis % ndim for axis in axes]
