"""The times of observations as numbers of days."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch
from eolearn.core.exceptions import DataError
from eolearn.core.types import Feature

_DAY_S = 86400


def days_of(eopatch: EOPatch, feature: Feature, since: datetime | None = None) -> NDArray[np.float64]:
    """Return the time of each date of a feature, in days since a moment, by default since the first of them.

    Raises TimestampsMissing (a RuntimeError) if the patch has no timestamps, and DataError (a ValueError) if they are
    not as many as the dates of the feature, or out of order.
    """
    timestamps = eopatch.get_timestamps(f"{feature} can't be put in time: the EOPatch has no timestamps.")
    dates = len(eopatch[feature])
    if dates != len(timestamps):
        raise DataError(f"{feature} has {dates} dates, but the EOPatch has {len(timestamps)} timestamps.")
    if dates == 0:
        return np.zeros(0)
    start = timestamps[0] if since is None else since
    days = np.array([(moment - start).total_seconds() / _DAY_S for moment in timestamps])
    if (np.diff(days) < 0).any():
        late = timestamps[int(np.argmax(np.diff(days) < 0)) + 1]
        raise DataError(f"The timestamps of the EOPatch are out of order at {late}. Sort it by time first.")
    return days


def midnight_before(eopatch: EOPatch) -> datetime | None:
    """Return the beginning of the day of the first timestamp, None if there is no timestamp."""
    if not eopatch.timestamps:
        return None
    first = eopatch.timestamps[0]
    return datetime(first.year, first.month, first.day)
