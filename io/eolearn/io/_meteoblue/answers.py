"""Answers of meteoblue as tables and arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import BrokenFile, DataError

if TYPE_CHECKING:
    from pandas import DataFrame

_MOST_STEPS = 10_000_000


def meteoblue_to_dataframe(result: Any) -> DataFrame:
    """Return an answer of meteoblue as a table, a row for each place and time.

    result: the message ``DatasetApiProtobuf`` of the package meteoblue_dataset_sdk.

    Columns are TIMESTAMP (in UTC, without a zone), Longitude, Latitude (degrees), and for each variable
    ``<code>_<level>_<aggregation>``, float32. Answers on several grids stand below each other.

    Raises BrokenFile (a ValueError) for an answer that contradicts itself.
    """
    import pandas as pd

    tables = [_table_of(geometry) for geometry in result.geometries]
    if not tables:
        return pd.DataFrame({"TIMESTAMP": pd.Series(dtype="datetime64[ns]"), "Longitude": [], "Latitude": []})
    table = pd.concat(tables, ignore_index=True)
    return table.drop_duplicates(["TIMESTAMP", "Longitude", "Latitude"] if len(tables) == 1 else None)


def meteoblue_to_numpy(result: Any) -> NDArray[np.float32]:
    """Return an answer of meteoblue as an array (time, height, width, variable), rows from north to south.

    result: the message ``DatasetApiProtobuf`` of the package meteoblue_dataset_sdk, on one grid.

    Raises DataError (a ValueError) for an answer that is no grid, or several, BrokenFile (too) for one that contradicts
    itself.
    """
    return grid_of(result)[1]


def grid_of(result: Any) -> tuple[NDArray[np.datetime64], NDArray[np.float32]]:
    """Return the times (in seconds) of an answer, and its array, as ``meteoblue_to_numpy`` does."""
    if len(result.geometries) != 1:
        raise DataError(f"meteoblue answers with {len(result.geometries)} grids: an image is made of one query.")
    (geometry,) = result.geometries
    times, values = _series_of(geometry)
    height, width = int(geometry.ny), int(geometry.nx)
    latitudes, longitudes = np.asarray(geometry.lats), np.asarray(geometry.lons)
    if height * width != latitudes.size or min(height, width) < 1:
        raise DataError(
            f"meteoblue answers with {latitudes.size} places, which are no grid of {height} rows and {width} columns: "
            "ask for a box."
        )
    # numbers of cells, so that rows run south and columns run east, whatever the order of the answer is
    order = np.lexsort((longitudes, -latitudes))
    if np.unique(latitudes).size != height:  # a grid that is turned a little: it is ordered by its own axes
        order = np.arange(latitudes.size).reshape(height, width)
        order = order[::-1] if latitudes[order[0, 0]] < latitudes[order[-1, 0]] else order
    array = values[order.ravel()].reshape(height, width, *values.shape[1:])
    return times, np.ascontiguousarray(np.moveaxis(array, 2, 0))


def _table_of(geometry: Any) -> DataFrame:
    import pandas as pd

    times, values = _series_of(geometry)
    longitudes, latitudes = np.asarray(geometry.lons), np.asarray(geometry.lats)
    columns: dict[str, Any] = {
        "TIMESTAMP": np.tile(times.astype("datetime64[ns]"), latitudes.size),
        "Longitude": np.repeat(longitudes, times.size),
        "Latitude": np.repeat(latitudes, times.size),
    }
    for number, code in enumerate(geometry.codes):
        name = f"{code.code}_{code.level}_{code.aggregation}"
        if name in columns:
            raise DataError(f"meteoblue answers with several variables {name}: ask for them in queries of their own.")
        columns[name] = values[..., number].ravel()
    return pd.DataFrame(columns)


def _series_of(geometry: Any) -> tuple[NDArray[np.datetime64], NDArray[np.float32]]:
    """Return times, and values (places, times, variables)."""
    count = len(geometry.lats)
    if len(geometry.lons) != count:
        raise BrokenFile(f"meteoblue answers with {count} latitudes and {len(geometry.lons)} longitudes.")
    times = [_times_of(interval) for interval in geometry.timeIntervals]
    values = np.empty((count, sum(map(len, times)), len(geometry.codes)), np.float32)
    for number, code in enumerate(geometry.codes):
        if len(code.timeIntervals) != len(times):
            raise BrokenFile(f"meteoblue answers with {len(code.timeIntervals)} intervals of {len(times)}.")
        end = 0
        for interval, steps in zip(code.timeIntervals, times, strict=True):
            data = np.asarray(interval.data, np.float32)
            if data.size != count * len(steps):
                raise BrokenFile(
                    f"meteoblue answers with {data.size} values for {count} places and {len(steps)} times."
                )
            values[:, end : end + len(steps), number] = data.reshape(count, len(steps))
            end += len(steps)
    joined = np.concatenate([np.empty(0, "datetime64[s]"), *times])
    return joined, values


def _times_of(interval: Any) -> NDArray[np.datetime64]:
    """Return the times of an interval: those that are written out, else even steps, the end not counted."""
    if interval.timestrings:
        try:
            return np.array([_time_of(text) for text in interval.timestrings], "datetime64[s]")
        except ValueError as error:
            raise BrokenFile(f"meteoblue answers with a time that can't be read: {error}") from error
    if interval.stride < 1 or not 0 <= interval.end - interval.start <= _MOST_STEPS * interval.stride:
        raise BrokenFile(f"meteoblue answers with steps of {interval.stride} s, {interval.start} to {interval.end}.")
    return np.arange(interval.start, interval.end, interval.stride).astype("datetime64[s]")


def _time_of(text: str) -> np.datetime64:
    """Return the first time of a text such as ``20200101T0000`` or ``20200101T0000-20200131T2300``."""
    from datetime import datetime

    return np.datetime64(datetime.strptime(text[:13], "%Y%m%dT%H%M"), "s")
