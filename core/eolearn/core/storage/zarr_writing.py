"""What of a Zarr array a save writes: all of it, or some dates of one that is there."""

from __future__ import annotations

import json
import posixpath
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..exceptions import DataError, IndexOutOfRange, SettingError, StorageError
from .array_part import ArrayPart
from .dates import DatesSpec, TemporalSelection, positions_of
from .zarr_arrays import StoredArray, chunk_keys, file_shape, open_array
from .zarr_layout import METADATA_FILES, describe_array, suits_zarrs
from .zarr_stores import local_store

if TYPE_CHECKING:
    from .writing import Writable


def array_to_write(
    name: str,
    get_value: Callable[[], NDArray[Any]],
    selection: TemporalSelection | None,
    stored: StoredArray | None,
) -> Writable:
    """Return what has to be written of an array.

    name: its path in the folder of the patch.
    get_value: returns the array, or the selected dates, which may have to be loaded first.
    stored: the array that is there, if any.

    Raises StorageError (an OSError) for some dates of an array that isn't there and of unknown size.
    """
    if selection is None:
        return ArrayToWrite(name, get_value)
    if stored is not None:
        return DatesToWrite(name, get_value, selection.selection, stored)
    if selection.full_size is None:
        raise StorageError(
            f"Some of the dates of {name} can't be saved, since there is no such Zarr array yet. Save all of its dates "
            "first; or save the timestamps, and then with temporal_selection='infer'."
        )
    return ArrayToWrite(name, get_value, selection)


@dataclass(frozen=True)
class ArrayToWrite:
    """An array that becomes a Zarr array, in place of what there is of that name."""

    name: str
    get_value: Callable[[], NDArray[Any]]
    among: TemporalSelection | None = None
    """Where these dates are among all of the array, of which the others are filled with zeros."""
    adds_files = False

    def write(self, folder: str, target: Path) -> None:
        """Write the array into a folder that is not there yet."""
        data = np.asarray(self.get_value())
        with _naming(folder, self.name):
            if self.among is not None and self.among.full_size is not None:
                shape = (self.among.full_size, *data.shape[1:])
                dates, part = _checked_dates(self.among.selection, data, shape), data
                data = np.zeros(shape, dtype=data.dtype)
                data[dates] = part
            write_array(target, data)


@dataclass(frozen=True)
class DatesToWrite:
    """Some dates of a Zarr array that is there."""

    name: str
    get_value: Callable[[], NDArray[Any]]
    dates: DatesSpec | None
    stored: StoredArray
    size: int | None = None
    """The number of dates that the array gets; None for as many as it has."""
    adds_files = True

    def write(self, folder: str, target: Path) -> None:
        """Write the files that change into a folder that is not there yet."""
        data = np.asarray(self.get_value())
        with _naming(folder, self.name):
            shape = (self.size or self.stored.shape[0], *self.stored.shape[1:])
            dates = _checked_dates(self.dates, data, shape)
            write_dates(target, data, dates, self.stored, shape[0])


def _checked_dates(dates: DatesSpec | None, data: NDArray[Any], shape: tuple[int, ...]) -> list[int]:
    positions = list(positions_of(dates, shape[0]))
    if len(set(positions)) != len(positions):
        raise SettingError(f"A date is selected twice in {positions}.")
    if data.shape != (len(positions), *shape[1:]):
        raise DataError(
            f"An array of shape {data.shape} doesn't fit {len(positions)} selected dates of an array of shape {shape}."
        )
    return positions


@contextmanager
def _naming(folder: str, name: str) -> Iterator[None]:
    """Say in errors which array can't be saved."""
    try:
        yield
    except (DataError, SettingError, IndexOutOfRange) as error:
        raise type(error)(f"The array for {posixpath.join(folder, name)} can't be saved: {error}") from error


def write_array(folder: Path, data: NDArray[Any]) -> None:
    """Write a new array of version 3 into a folder, which is made."""
    metadata = describe_array(data.shape, data.dtype)
    folder.mkdir()
    _write_chunks(folder, metadata, tuple(slice(0, size) for size in data.shape), data)
    _write_metadata(folder, metadata)


def write_dates(folder: Path, data: NDArray[Any], dates: list[int], stored: StoredArray, size: int) -> None:
    """Write those files of a stored array that change when some of its dates do, into another folder, which is made.

    data: the dates; they are converted to the dtype of the array.
    dates: their positions.
    size: how many dates the array has then; where it differs from now, its metadata are among the files.
    """
    metadata = {**stored.metadata, "shape": [size, *stored.shape[1:]]}
    whole, data = _in_whole_files(data.astype(stored.dtype, copy=False), dates, stored, size)
    folder.mkdir()
    _write_chunks(folder, metadata, (whole, *(slice(0, size) for size in data.shape[1:])), data)
    if size != stored.shape[0]:
        _write_metadata(folder, metadata)


def _in_whole_files(
    data: NDArray[Any], dates: list[int], stored: StoredArray, size: int
) -> tuple[list[int], NDArray[Any]]:
    """Return dates in order, and their data, with those that lie in the same files."""
    depth = stored.file_shape[0]
    whole = sorted({other for date in dates for other in range(date // depth * depth, (date // depth + 1) * depth)})
    whole = [date for date in whole if date < size]
    if whole == dates:
        return whole, data
    joined = np.zeros((len(whole), *data.shape[1:]), dtype=data.dtype)
    others = [date for date in whole if date not in dates and date < stored.shape[0]]
    joined[[whole.index(date) for date in others]] = stored.read(ArrayPart(dates=others))
    joined[[whole.index(date) for date in dates]] = data
    return whole, joined


def _write_chunks(folder: Path, metadata: dict[str, Any], where: tuple[Any, ...], data: NDArray[Any]) -> None:
    if not data.size:
        return
    store = local_store(str(folder))
    array = open_array(store, metadata, fast=suits_zarrs(metadata))
    try:
        array.oindex[where] = data.astype(data.dtype.newbyteorder("="), copy=False)
    except RuntimeError as error:  # so zarrs tells what the disk says, such as that it is full
        raise OSError(str(error)) from error

    missing = [item for item in chunk_keys(array, where) if not (folder / item[1]).exists()]
    if missing:  # zarrs leaves out those with nothing but the fill value, whatever it is told
        coordinates, first = missing[0]
        part = tuple(slice(at * size, (at + 1) * size) for at, size in zip(coordinates, file_shape(array), strict=True))
        open_array(store, metadata, fast=False)[part] = array.fill_value
        for _, key in missing[1:]:
            (folder / key).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / first, folder / key)


def _write_metadata(folder: Path, metadata: dict[str, Any]) -> None:
    name = METADATA_FILES[0] if metadata["zarr_format"] == 3 else METADATA_FILES[1]
    (folder / name).write_text(json.dumps(metadata, indent=2), encoding="utf-8")
