"""Images from netCDF files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path
from eolearn.core.utils.parsing import parse_feature
from eolearn.core.utils.redact import redact

from ._casting import cast_image
from ._grid import PixelGrid, corners_in
from ._netcdf import Numbers, find_variables, open_netcdf
from ._raster_settings import checked_dtype
from .alignment import AlignToGridTask

if TYPE_CHECKING:
    from datetime import datetime

    import xarray as xr
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

_MOST_BYTES = 2**34
_TOLERANCE_PX = 0.01  # what coordinates in single precision may be off by
_MARGIN_PX = 4  # more than any resampling looks beyond a pixel of its own size


class ImportFromNetCDFTask(EOTask):
    """Reads variables of a netCDF file into images of a patch.

    Rows may run from north to south or from south to north, and time may be called ``time`` or ``t``. Only the window
    and the variables that are asked for are read.

    features: for each image the variables that become its bands, ``{(FeatureType.DATA, "BANDS"): ["B02", "B03"]}``. A
        name may also be that of a band, where a variable has a coordinate with names of bands.
    path: the file, a path or a URL that fsspec knows. Files of netCDF 4 need the extra ``netcdf``, those of netCDF 3
        scipy.
    mask_and_scale: whether what stands for no data becomes NaN, and scale and offset are applied, in DATA and
        DATA_TIMELESS. Integers without any of these stay integers. Masks are always as they are in the file.
    no_data_value: stands for no data in the file, instead of what the file says. In masks, NaN becomes it.
    image_dtype: of the features, by default that of the variables, which must be the same for all bands.
    crs: of the file, by default what it says.
    align: brings what was read onto the grid of the patch, each pixel resampled once. Without it, a patch must be made
        of pixels of the file.
    group: the group of variables in the file.
    max_bytes: more is not read: a small file can hold a huge array of a single number.
    filesystem: an fsspec filesystem that the path is relative to.
    config: credentials for object stores, by default those of the environment.

    Example:
        >>> bands = {(FeatureType.DATA, "BANDS"): ["S2-L2A-B04", "S2-L2A-B08"]}
        >>> patch = ImportFromNetCDFTask(bands, "cube.nc", no_data_value=65535).execute()
        >>> elevation = {(FeatureType.DATA_TIMELESS, "DEM"): "elevation"}
        >>> patch = ImportFromNetCDFTask(elevation, "dem.nc", align=AlignToGridTask()).execute(patch)
    """

    def __init__(
        self,
        features: Mapping[Feature, str | Sequence[str]],
        path: str | Path,
        *,
        mask_and_scale: bool = True,
        no_data_value: float | None = None,
        image_dtype: DTypeLike | None = None,
        crs: CRS | int | str | None = None,
        align: AlignToGridTask | None = None,
        group: str | None = None,
        max_bytes: int = _MOST_BYTES,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
    ):
        self.features = _checked_features(features)
        if filesystem is None:
            filesystem, path = get_base_filesystem_and_path(path, config=config)
        self.filesystem, self.path = as_filesystem(filesystem), str(path)
        needs_it = mask_and_scale or any(kind.is_discrete() for kind, _ in self.features)
        if no_data_value is not None and not needs_it:
            raise SettingError(f"no_data_value={no_data_value} becomes NaN, which mask_and_scale=False leaves out.")
        self.mask_and_scale, self.no_data_value = mask_and_scale, no_data_value
        self.image_dtype = checked_dtype(image_dtype)
        self.crs = None if crs is None else CRS(crs)
        self.align, self.group, self.max_bytes, self.config = align, group, max_bytes, config

    def execute(self, eopatch: EOPatch | None = None, *, bbox: BBox | None = None) -> EOPatch:
        """Return the patch, or a new one, with the features.

        bbox: the place to read, in any CRS, by default that of the patch, or all that there is. Without a patch and
            align, all pixels are read that it touches, and the new patch has their place.

        Raises FeatureMissing (a ValueError) for variables that aren't there, with the nearest names; DataError (a
        ValueError) for places, dates, dtypes or sizes that don't fit; PathNotFound (a FileNotFoundError), BrokenFile
        (an OSError), StorageError (an OSError) for a file with parts in other files, MissingExtra (a RuntimeError). The
        patch is changed only if all has succeeded.
        """
        own = None if eopatch is None else eopatch.bbox
        if own is not None and bbox is not None and own != bbox:
            raise DataError(f"The EOPatch lies at {own!r}, and bbox= is {bbox!r}: leave out bbox=, or the patch.")
        place = own or bbox or (self.align.bbox if self.align else None)
        parts = self._parts(place, is_exact=own is not None)
        if self.align is not None:
            for part in parts:
                self.align.execute(part, eopatch if own is not None else None, bbox=None if own is not None else place)
        elif own is not None:
            for part in parts:
                part.bbox = own
        _check_same_place(parts)
        times = _common_times(parts, eopatch)
        result = EOPatch(bbox=parts[0].bbox) if eopatch is None else eopatch
        result.bbox = parts[0].bbox
        if times is not None:
            result.timestamps = times
        for part in parts:
            for feature in part.get_features():
                result[feature] = part[feature]
        return result

    def _parts(self, place: BBox | None, *, is_exact: bool) -> list[EOPatch]:
        """Return a patch for each feature, on the pixels of the file."""
        name = redact(get_full_path(self.filesystem, self.path))
        with open_netcdf(self.filesystem, self.path, self.group) as dataset:
            windows = {}
            for feature, variables in self.features.items():
                are_decoded = self.mask_and_scale and not feature[0].is_discrete()
                numbers = Numbers(are_decoded=are_decoded, no_data_value=self.no_data_value)
                found = find_variables(dataset, variables, numbers, crs=self.crs, where=name)
                windows[feature] = [self._window(array, feature, place, is_exact=is_exact) for array in found]
            self._check_size(array for arrays in windows.values() for array in arrays)
            return [self._part(feature, arrays) for feature, arrays in windows.items()]

    def _window(self, array: xr.DataArray, feature: Feature, place: BBox | None, *, is_exact: bool) -> xr.DataArray:
        """Return the part of a variable that lies in a place."""
        from eolearn.core.eodata_from_xarray import parsed_image
        from eolearn.core.eodata_xarray_grid import box_of_images

        image = parsed_image(array)
        if image.y is None or image.x is None:
            raise DataError(f"{array.name!r} has the dimensions {array.dims}, but an image has y and x.")
        if image.time is not None and not feature[0].is_temporal():
            if array.sizes[image.time] != 1:
                raise DataError(
                    f"{array.name!r} has {array.sizes[image.time]} dates, but {feature} none: read it as "
                    f"{FeatureType.MASK if feature[0].is_discrete() else FeatureType.DATA}."
                )
            array = array.isel({image.time: 0}, drop=True)
        bbox = box_of_images(array, image.y, image.x, None)
        if bbox is None:
            raise DataError(f"{array.name!r} has no coordinates {image.y!r} and {image.x!r}, so it has no place.")
        if place is None:
            return array
        grid = PixelGrid(bbox=bbox, height=array.sizes[image.y], width=array.sizes[image.x])
        rows, columns = self._rows_and_columns(grid, place, str(array.name), is_exact=is_exact)
        return array.isel({image.y: _along(array, image.y, rows, -1), image.x: _along(array, image.x, columns, 1)})

    def _rows_and_columns(self, grid: PixelGrid, place: BBox, name: str, *, is_exact: bool) -> tuple[range, range]:
        """Return the rows, from the north, and the columns that a place needs."""
        at = corners_in(PixelGrid(bbox=place, height=20, width=20), grid)
        edges = [float(edge) for found in at for edge in (found.min(), found.max())]
        if not np.isfinite(edges).all():
            raise DataError(f"{place!r} has no place in {grid.bbox.crs!r}, the CRS of {name!r}.")
        left, right, top, bottom = edges
        if self.align is not None:
            return _wide(top, bottom, grid.height, name, place, grid), _wide(left, right, grid.width, name, place, grid)
        if is_exact:
            whole = np.abs(np.round(edges) - edges).max() <= _TOLERANCE_PX
            if place.crs != grid.bbox.crs or not whole:
                raise DataError(
                    f"The place of the EOPatch, {place!r}, isn't made of pixels of {name!r} in {grid.bbox!r} with "
                    f"{grid.height} x {grid.width} of them: give align=AlignToGridTask() to resample them."
                )
        rows, columns = _covering(top, bottom), _covering(left, right)
        if min(rows.start, columns.start) < 0 or rows.stop > grid.height or columns.stop > grid.width:
            raise DataError(
                f"{place!r} reaches out of {name!r}, which covers {grid.bbox!r}: ask for less, or give align= to get "
                "no data there."
            )
        return rows, columns

    def _check_size(self, arrays: Iterable[xr.DataArray]) -> None:
        size = sum(array.size * array.dtype.itemsize for array in arrays)
        if size > self.max_bytes:
            raise DataError(f"{size} bytes would be read, more than max_bytes={self.max_bytes}: give a smaller bbox.")

    def _part(self, feature: Feature, arrays: Sequence[xr.DataArray]) -> EOPatch:
        """Return a patch of a feature, whose bands are variables."""
        import xarray as xr

        kind = feature[0]
        dtypes = {str(array.name): array.dtype for array in arrays}
        if self.image_dtype is None and len(set(dtypes.values())) > 1:
            told = ", ".join(f"{variable} {dtype}" for variable, dtype in dtypes.items())
            raise DataError(f"The bands of {feature} differ in their dtypes ({told}): set image_dtype.")
        as_read = FeatureType.DATA if kind.is_temporal() else FeatureType.DATA_TIMELESS
        variables = {f"v{number}": array for number, array in enumerate(arrays)}
        try:
            dataset = xr.Dataset(variables)
        except ValueError as error:
            raise DataError(
                f"The variables {list(dtypes)} don't fit together as bands of {feature}: {error}"
            ) from error
        part = EOPatch.from_xarray(dataset, dict.fromkeys(variables, as_read))
        sizes = {part[as_read, variable].shape[:-1] for variable in variables}
        if len(sizes) > 1:
            raise DataError(f"The variables {list(dtypes)} have the sizes {sizes}: give {feature} those of one size.")
        bands = np.concatenate([part[as_read, variable] for variable in variables], axis=-1)
        result = EOPatch(bbox=part.bbox, timestamps=part.timestamps if kind.is_temporal() else None)
        if kind.is_discrete() and bands.dtype.kind == "f":
            bands = self._as_classes(bands, feature)
        result[feature] = cast_image(bands, feature, self.image_dtype)
        return result

    def _as_classes(self, bands: NDArray[Any], feature: Feature) -> NDArray[Any]:
        """Return numbers that were stored as floats as integers."""
        missing = np.isnan(bands)
        if missing.any() and self.no_data_value is None:
            raise DataError(f"{feature} has NaN in the file, which a mask can't hold: give no_data_value.")
        whole = np.where(missing, self.no_data_value or 0, bands)
        if not np.array_equal(whole, np.rint(whole)):
            raise DataError(f"{feature} has fractions in the file, as no mask has: read it as DATA.")
        return whole.astype(np.int64 if self.image_dtype is None else np.float64)


def _checked_features(features: Mapping[Feature, str | Sequence[str]]) -> dict[Feature, list[str]]:
    if not isinstance(features, Mapping) or not features:
        raise FeatureError(f"Give a mapping of features to names of variables, got {features!r}.")
    checked = {}
    for feature, names in features.items():
        parsed = parse_feature(feature, allowed_feature_types=FeatureType.is_image)
        listed = [names] if isinstance(names, str) else list(names)
        if not listed or not all(isinstance(name, str) for name in listed):
            raise SettingError(f"{parsed} is made of one variable or a list of them, got {names!r}.")
        checked[parsed] = listed
    return checked


def _covering(start: float, stop: float) -> range:
    first = int(np.floor(start + _TOLERANCE_PX))
    return range(first, max(first + 1, int(np.ceil(stop - _TOLERANCE_PX))))


def _wide(start: float, stop: float, size: int, name: str, place: BBox, grid: PixelGrid) -> range:
    """Return the pixels of a stretch and as many around it as resampling may need."""
    margin = _MARGIN_PX + int(stop - start)
    found = range(max(0, int(start) - margin), min(size, int(stop) + margin))
    if not found or stop <= 0 or start >= size:
        raise DataError(f"{place!r} doesn't meet {name!r}, which covers {grid.bbox!r}.")
    return found


def _along(array: xr.DataArray, dim: Any, part: range, direction: int) -> slice:
    """Return the positions along a dimension of pixels that are counted from the north or the west."""
    size = array.sizes[dim]
    if dim in array.coords and size > 1 and direction * float(array[dim][-1] - array[dim][0]) < 0:
        return slice(size - part.stop, size - part.start)
    return slice(part.start, part.stop)


def _check_same_place(parts: Sequence[EOPatch]) -> None:
    grids = [PixelGrid.of_patch(part) for part in parts]
    first = grids[0].bbox
    for part, grid in zip(parts, grids, strict=True):
        pixel = np.tile([grid.transform.a, -grid.transform.e], 2)
        shifts = np.abs(np.subtract(list(first), list(grid.bbox)))
        if first.crs != grid.bbox.crs or np.any(shifts > _TOLERANCE_PX * pixel):
            raise DataError(
                f"{part.get_features()} covers {grid.bbox!r}, but {parts[0].get_features()} {first!r}: give align=, or "
                "read them into patches of their own."
            )


def _common_times(parts: Sequence[EOPatch], eopatch: EOPatch | None) -> list[datetime] | None:
    """Return the dates that all have in common, None if nothing has any."""
    known = None if eopatch is None else eopatch.timestamps
    for part in parts:
        if part.timestamps is None:
            continue
        for earlier, later in pairwise(part.timestamps):
            if earlier >= later:
                fault = "twice" if earlier == later else f"after {earlier}"
                raise DataError(f"The dates of {part.get_features()} aren't sorted, each once: {later} comes {fault}.")
        if known and known != part.timestamps:
            raise DataError(
                f"{part.get_features()} has {len(part.timestamps)} dates, from {part.timestamps[0]}, which aren't the "
                f"{len(known)} dates, from {known[0]}, of the EOPatch or of other features: read it into a new patch."
            )
        known = part.timestamps
    return known
