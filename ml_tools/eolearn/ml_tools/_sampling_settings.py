"""Checks the settings that say how much is sampled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from eolearn.core.exceptions import SettingError


def checked_pair(name: str, pair: Any) -> tuple[int, int]:
    """Return two positive numbers of pixels, for rows and columns."""
    if not (
        isinstance(pair, (tuple, list))
        and len(pair) == 2
        and all(isinstance(part, (int, np.integer)) and not isinstance(part, bool) and part > 0 for part in pair)
    ):
        raise SettingError(f"{name} must be two integers of at least 1, rows and columns, got {pair!r}.")
    return int(pair[0]), int(pair[1])


def checked_amount(amount: Any, replace: bool) -> float:
    """Return an amount as an int, which counts, or as a float, which is a part of all, after a check of its range."""
    if isinstance(amount, bool) or not isinstance(amount, (int, float, np.number)):
        raise SettingError(f"amount must be an integer, or a float for a part of all blocks, got {amount!r}.")
    if isinstance(amount, (int, np.integer)):
        if amount < 0:
            raise SettingError(f"amount must be at least 0, got {amount!r}.")
        return int(amount)
    return _checked_part("amount", amount, replace)


def checked_fraction(fraction: Any, replace: bool) -> float | dict[int, float]:
    """Return a fraction as a float, or as floats by value, after a check of their ranges."""
    if isinstance(fraction, Mapping):
        return {value: _checked_number(part, replace) for value, part in fraction.items()}
    return _checked_number(fraction, replace)


def _checked_number(fraction: Any, replace: bool) -> float:
    if not isinstance(fraction, (int, float, np.number)):
        raise SettingError(f"fraction must be a number, or numbers by value as {{1: 0.5}}, got {fraction!r}.")
    return _checked_part("fraction", fraction, replace)


def _checked_part(name: str, part: Any, replace: bool) -> float:
    if not (0 <= part <= 1 or (replace and 1 < part < np.inf)):
        limit = "at least 0" if replace else "from 0 to 1, or above 1 with replace=True"
        raise SettingError(f"{name} must be {limit}, got {part!r}.")
    return float(part)
