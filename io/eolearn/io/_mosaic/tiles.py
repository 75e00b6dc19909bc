"""The patches of a mosaic: what is known of each before its pixels are read, and how these are read."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sentinelhub import BBox

from eolearn.core import EOPatch
from eolearn.core.exceptions import (
    BrokenFile,
    DataError,
    EORuntimeWarning,
    FeatureMissing,
    FeatureNotStored,
    PathNotFound,
    SettingTypeError,
    TimestampsMissing,
    warn_user,
)
from eolearn.core.storage.layout import get_filesystem_data_info
from eolearn.core.storage.npy import FeatureIONumpy
from eolearn.core.storage.remote import in_threads, threads_for
from eolearn.core.storage.zarr_arrays import StoredArray
from eolearn.core.storage.zarr_feature import FeatureIOZarr
from eolearn.core.utils.fs import get_base_filesystem_and_path, get_full_path

from .._selection import date_positions

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

Date: TypeAlias = int | str | datetime


@dataclass(frozen=True)
class Place:
    """Where a patch is saved."""

    filesystem: AbstractFileSystem
    path: str

    def __str__(self) -> str:
        return get_full_path(self.filesystem, self.path)


@dataclass(frozen=True, eq=False)
class Tile:
    """A patch of a mosaic."""

    name: str
    """The place of a saved patch, the number of one in memory: for messages."""
    bbox: BBox
    shape: tuple[int, int, int]
    """Height, width and number of bands."""
    dtype: np.dtype[Any]
    source: Place | EOPatch
    feature: Feature
    frame: int | None
    """The position of the date, None for a feature without time."""

    def read(self) -> NDArray[Any]:
        """Return the pixels (height, width, band); each call reads them anew.

        Raises BrokenFile (an OSError) for a damaged file and for one that isn't what it was.
        """
        array = self._array()
        if array.shape != self.shape or array.dtype != self.dtype:
            raise BrokenFile(
                f"{self.name}: {self.feature} was of shape {self.shape} and {self.dtype}, and is now {array.shape} and "
                f"{array.dtype}. Another program has changed it."
            )
        return np.ascontiguousarray(array, dtype=self.drawn_dtype)

    @property
    def drawn_dtype(self) -> np.dtype[Any]:
        """The dtype of what :meth:`read` returns: one that numba and GeoTIFF have."""
        drawn = {"bool": np.uint8, "float16": np.float32}
        return np.dtype(drawn.get(self.dtype.name, self.dtype.newbyteorder("=")))

    def _array(self) -> NDArray[Any]:
        if isinstance(self.source, EOPatch):
            array: NDArray[Any] = self.source[self.feature]
            return array if self.frame is None else array[self.frame]
        value = _unloaded(_lazy(self.source, self.feature), self.feature)
        if self.frame is None:
            return np.asarray(value.load())
        if isinstance(value, FeatureIOZarr):
            return np.asarray(FeatureIOZarr(value.path, value.filesystem, [self.frame]).load()[0])
        return np.asarray(value.load()[self.frame])


def find_tiles(
    patches: str | Path | Iterable[EOPatch | str | Path],
    feature: Feature,
    *,
    date: Date | None,
    fail_on_missing: bool,
    filesystem: AbstractFileSystem | None,
    config: SHConfig | None,
) -> list[Tile]:
    """Return the patches that have a feature. Of saved ones only the beginnings of the files are read.

    patches: patches, or the folders of saved ones; or the folder that these lie in, whose other content is ignored.

    Raises what :func:`eolearn.io.mosaic.write_mosaic` says.
    """
    sources: list[Place | EOPatch]
    if isinstance(patches, str | Path):
        sources = list(_saved_in(_place(patches, filesystem, config)))
    else:
        sources = [patch if isinstance(patch, EOPatch) else _place(patch, filesystem, config) for patch in patches]
    names = [
        f"patch {number} of {len(sources)}" if isinstance(source, EOPatch) else str(source)
        for number, source in enumerate(sources, 1)
    ]

    def tile(name: str, source: Place | EOPatch) -> Tile | Exception:
        try:
            return _tile(name, source, feature, date)
        except (FeatureMissing, FeatureNotStored, PathNotFound) as error:
            if fail_on_missing:
                raise
            return error

    places = [source for source in sources if isinstance(source, Place)]
    threads = threads_for(places[0].filesystem, places[0].path) if places else 1
    found = in_threads(threads, tile, names, sources)
    tiles = [item for item in found if isinstance(item, Tile)]
    missing = [str(item) for item in found if not isinstance(item, Tile)]
    if not tiles:
        where = f" in {patches}" if isinstance(patches, str | Path) else ""
        raise DataError(f"There is no patch{where} with {feature} to make a mosaic of. {' '.join(missing[:3])}")
    if missing:
        warn_user(f"{len(missing)} patches of the mosaic are missing: {' '.join(missing[:3])}", EORuntimeWarning)
    return tiles


def _place(path: str | Path, filesystem: AbstractFileSystem | None, config: SHConfig | None) -> Place:
    if not isinstance(path, str | Path):
        raise SettingTypeError(f"A mosaic is made of EOPatches, or of the paths of saved ones, got {path!r}.")
    return (
        Place(*get_base_filesystem_and_path(path, config=config))
        if filesystem is None
        else Place(filesystem, str(path))
    )


def _saved_in(folder: Place) -> Iterator[Place]:
    """Iterate over the saved patches in a folder: the folders in it that have a bounding box."""
    filesystem = folder.filesystem
    try:
        entries = filesystem.ls(folder.path, detail=True)
    except FileNotFoundError as error:
        raise PathNotFound(f"There is no folder {folder} with patches.") from error
    names = (posixpath.basename(entry["name"].rstrip("/")) for entry in entries if entry["type"] == "directory")
    for name in sorted(names):
        place = Place(filesystem, posixpath.join(folder.path, name))
        if get_filesystem_data_info(filesystem, place.path, []).bbox is not None:
            yield place


def _tile(name: str, source: Place | EOPatch, feature: Feature, date: Date | None) -> Tile:
    patch = source if isinstance(source, EOPatch) else _lazy(source, feature)
    if feature not in patch:
        raise FeatureMissing(f"{name} has no {feature}, only {patch.get_features()}.")
    if patch.bbox is None:
        raise DataError(f"{name} has no bounding box, so that it has no place in a mosaic.")
    shape, dtype = _form(_unloaded(patch, feature))
    frame = _frame(name, patch, feature, date)
    if frame is not None:
        if frame >= shape[0]:
            raise DataError(f"{name}: {feature} has {shape[0]} dates, but the patch {len(patch.timestamps or [])}.")
        shape = shape[1:]
    if len(shape) != 3 or not all(shape):
        raise DataError(f"{name}: {feature} of shape {shape} has no pixels to put into a mosaic.")
    return Tile(name, patch.bbox, (shape[0], shape[1], shape[2]), dtype, source, feature, frame)


def _frame(name: str, patch: EOPatch, feature: Feature, date: Date | None) -> int | None:
    if not feature[0].is_temporal():
        return None
    if not patch.timestamps:
        raise TimestampsMissing(f"{name} has no timestamps, but {feature} has a time axis.")
    try:
        frames = date_positions([date] if isinstance(date, int) else (date, date), patch.timestamps)
    except (ValueError, IndexError) as error:
        raise type(error)(f"{name}: {error}") from error
    if len(frames) > 1:
        times = ", ".join(str(patch.timestamps[frame]) for frame in frames)
        raise DataError(f"{name} has several dates for date={date!r}: {times}. Give the time too.")
    return frames[0]


def _lazy(place: Place, feature: Feature) -> EOPatch:
    return EOPatch.load(place.path, features=[feature], filesystem=place.filesystem, lazy_loading=True)


def _unloaded(patch: EOPatch, feature: Feature) -> Any:
    return patch[feature[0]]._get_unloaded(feature[1])


def _form(value: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return shape and dtype of a feature, loaded or not."""
    if isinstance(value, FeatureIONumpy):
        return value.stored_shape(), value.stored_dtype()
    if isinstance(value, FeatureIOZarr):
        stored = StoredArray(value.filesystem, value.path)
        return tuple(stored.shape), stored.dtype
    array = value if isinstance(value, np.ndarray) else value.load()
    return array.shape, array.dtype
