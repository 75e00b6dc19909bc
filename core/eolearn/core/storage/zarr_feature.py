"""Arrays in the format of Zarr, parts of which can be read and written."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray

from ..exceptions import IndexOutOfRange, PathNotFound
from ..utils.fs import as_filesystem, get_full_path, local_path
from .array_part import ArrayPart, Window, check_dates
from .dates import DatesSpec, TemporalSelection
from .feature_io import FeatureIO
from .remote import list_tree
from .writing import write_files
from .zarr_arrays import StoredArray
from .zarr_writing import array_to_write

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


class FeatureIOZarr(FeatureIO[NDArray[Any]]):
    """An array in a ``.zarr`` folder, of Zarr version 2 or 3.

    temporal_selection: the dates that are read: a slice, positions in the order in which they are wanted, or a mask.
    window, bands: the other parts that are read: rows and columns, and positions along the last axis.
    timestamps: how many dates it should have; otherwise loading it warns (TemporalDimensionWarning).

    Of the array only those chunks are read that the part lies in.

    Example:
        >>> FeatureIOZarr("data/BANDS.zarr", filesystem, temporal_selection=[0, -1]).load()
    """

    extension: ClassVar[str] = ".zarr"

    def __init__(
        self,
        path: str,
        filesystem: AbstractFileSystem,
        temporal_selection: DatesSpec | None = None,
        *,
        window: Window | None = None,
        bands: Sequence[int] | None = None,
        timestamps: int | None = None,
    ):
        super().__init__(path, filesystem)
        self._part = ArrayPart(temporal_selection, window, bands)
        self._timestamps = timestamps

    @property
    def temporal_selection(self) -> DatesSpec | None:
        """The dates that are read, None for all."""
        return self._part.dates

    def stored_shape(self) -> tuple[int, ...]:
        """Return the shape of the whole array, of which only the metadata are read."""
        return StoredArray(self.filesystem, self.path).shape

    def _load(self) -> NDArray[Any]:
        stored = StoredArray(self.filesystem, self.path)
        check_dates(get_full_path(self.filesystem, self.path), stored.shape[0], self._timestamps)
        try:
            return stored.read(self._part)
        except IndexOutOfRange as error:
            raise IndexOutOfRange(f"{get_full_path(self.filesystem, self.path)}: {error}") from error

    @classmethod
    def save(
        cls,
        data: NDArray[Any],
        filesystem: AbstractFileSystem,
        feature_path: str,
        compress_level: int = 0,  # noqa: ARG003 - Zarr arrays are always compressed the same way
        temporal_selection: TemporalSelection | None = None,
    ) -> str:
        """Write an array, or some dates of one that is there, and return its path, as :meth:`FeatureIO.save`."""
        filesystem = as_filesystem(filesystem)
        folder, name = posixpath.split(feature_path + cls.extension)
        on_disk = local_path(filesystem, folder)
        if on_disk is not None and not os.path.isdir(on_disk):
            raise PathNotFound(f"There is no folder {on_disk} to save the array {name} in.")
        path = feature_path + cls.extension
        stored = StoredArray(filesystem, path) if filesystem.exists(path) else None
        there = {} if on_disk is not None else list_tree(filesystem, path)
        item = array_to_write(name, lambda: data, temporal_selection, stored)
        write_files(filesystem, folder, [item], stored=[f"{name}/{file}" for file in there if there[file]])
        return path
