"""Bounding boxes as the coordinates of xarray, and back."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .exceptions import DataError, SettingError

if TYPE_CHECKING:
    import pyproj
    import xarray as xr
    from numpy.typing import NDArray
    from sentinelhub import CRS, BBox

CRSSpec: TypeAlias = "CRS | int | str"
"""A CRS, its EPSG code, or a text with it such as "EPSG:32633"."""

GRID_MAPPING = "spatial_ref"
_TOLERANCE_PX = 0.01  # what coordinates in single precision may be off by


def coordinates_of(bbox: BBox | None, grids: Mapping[tuple[int, int], str]) -> dict[str, xr.Variable]:
    """Return coordinates of pixels, and what rioxarray reads CRS and transform from; nothing without a box.

    grids: heights and widths, each with what is added to the names of its coordinates.
    """
    if bbox is None:
        return {}
    import xarray as xr
    from pyproj import CRS

    crs = CRS.from_epsg(bbox.crs.epsg)
    place = {**crs.to_cf(), GRID_MAPPING: crs.to_wkt(), "bbox": list(bbox)}
    axes = {axis["axis"].lower(): axis for axis in crs.cs_to_cf()}
    coordinates = {} if grids else {GRID_MAPPING: xr.Variable((), 0, place)}
    for shape, suffix in grids.items():
        for name, centres in zip("yx", pixel_centres(bbox, shape), strict=True):
            coordinates[name + suffix] = xr.Variable((name + suffix,), centres, axes[name])
        transform = " ".join(map(repr, _geotransform(bbox, shape)))
        coordinates[GRID_MAPPING + suffix] = xr.Variable((), 0, place | {"GeoTransform": transform})
    return coordinates


def pixel_centres(bbox: Iterable[float], shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return y, descending, and x of the centres of the rows and columns of a box."""
    west, south, east, north = bbox
    height, width = shape
    rows, columns = (np.arange(size, dtype=np.float64) + 0.5 for size in shape)
    return north - rows * ((north - south) / max(height, 1)), west + columns * ((east - west) / max(width, 1))


def _geotransform(bbox: Iterable[float], shape: tuple[int, int]) -> tuple[float, ...]:
    """Return the transform of a grid in the order of GDAL."""
    west, south, east, north = bbox
    height, width = shape
    return west, (east - west) / max(width, 1), 0.0, north, 0.0, -(north - south) / max(height, 1)


def is_grid_mapping(variable: xr.DataArray | xr.Variable) -> bool:
    """Whether a variable stands for a CRS."""
    return not {"crs_wkt", "spatial_ref", "grid_mapping_name", "GeoTransform"}.isdisjoint(variable.attrs)


def box_of_dataset(dataset: xr.Dataset) -> BBox | None:
    """Return the box of a patch without images that became a dataset, None if that is no such one."""
    for variable in dataset.variables.values():
        if "bbox" in variable.attrs and is_grid_mapping(variable):
            return _bbox(variable.attrs["bbox"], _crs_of(variable.attrs, None))
    return None


def box_of_images(array: xr.DataArray, y: Hashable, x: Hashable, crs: CRSSpec | None) -> BBox | None:
    """Return the box of the pixels of an image, None where it has no place at all.

    Raises DataError (a ValueError) for pixels that are not an even grid from west to east and north to south, and
    where there is no CRS.
    """
    place = _grid_mapping(array)
    transform = _transform_of(place, array.name)
    if y in array.coords and x in array.coords:
        centres = np.asarray(array.coords[y], np.float64), np.asarray(array.coords[x], np.float64)
        shape = array.sizes[y], array.sizes[x]
        if "bbox" in place and all(map(np.array_equal, pixel_centres(place["bbox"], shape), centres)):
            edges = list(place["bbox"])
        else:
            rows, columns = (None, None) if transform is None else ((transform[3], transform[5]), transform[:2])
            south, north = _edges(centres[0], rows, f"{y!r} of {array.name!r}")
            west, east = _edges(centres[1], columns, f"{x!r} of {array.name!r}")
            edges = [west, south, east, north]
    elif transform is not None:
        left, pixel_width, _, top, _, pixel_height = transform
        edges = [left, top + array.sizes[y] * pixel_height, left + array.sizes[x] * pixel_width, top]
    else:
        return None
    return _bbox(edges, _crs_of(place, crs))


def check_same_box(bbox: BBox, other: BBox, array: xr.DataArray, shape: tuple[int, int]) -> None:
    """Raise DataError (a ValueError) if an image of a certain shape has another box than those before."""
    west, south, east, north = bbox
    pixel = (east - west) / max(shape[1], 1), (north - south) / max(shape[0], 1)
    shifts = np.abs(np.subtract(list(bbox), list(other)))
    if bbox.crs != other.crs or np.any(shifts > _TOLERANCE_PX * np.tile(pixel, 2)):
        raise DataError(
            f"The image {array.name!r} covers {other!r}, and those before it {bbox!r}. A patch has one bounding box: "
            "bring them onto the same, or make several patches."
        )


def _grid_mapping(array: xr.DataArray) -> dict[str, Any]:
    """Return what the data say of their CRS and transform, nothing if nothing."""
    name = array.attrs.get("grid_mapping") or array.encoding.get("grid_mapping") or GRID_MAPPING
    if name in array.coords:
        return dict(array.coords[name].attrs)
    others = [coordinate.attrs for coordinate in array.coords.values() if is_grid_mapping(coordinate)]
    return dict(others[0]) if len(others) == 1 else {}


def _transform_of(place: Mapping[str, Any], name: Hashable) -> tuple[float, ...] | None:
    """Return the transform in the order of GDAL, None if there is none."""
    if "GeoTransform" not in place:
        return None
    transform = tuple(map(float, str(place["GeoTransform"]).split()))
    if transform[2] or transform[4]:
        raise DataError(
            f"The image {name!r} is rotated: its GeoTransform is {place['GeoTransform']}. Rows of a patch run from "
            "west to east: reproject it first, for example with rioxarray's rio.reproject."
        )
    return transform


def _edges(centres: NDArray[np.float64], grid: tuple[float, ...] | None, name: str) -> tuple[float, float]:
    """Return where the first and the last pixel end, the smaller number first.

    grid: where pixels begin and how large they are, which counts if the centres agree with it.
    """
    count = len(centres)
    if count > 1:
        pixel = (centres[-1] - centres[0]) / (count - 1)
        steps = np.linspace(centres[0], centres[-1], count)
        if not (pixel and np.all(np.abs(centres - steps) <= _TOLERANCE_PX * abs(pixel))):
            raise DataError(
                f"The coordinate {name} is irregular: its steps are from {np.diff(centres).min()} to "
                f"{np.diff(centres).max()}. Pixels of a patch have one size: resample it first."
            )
    elif count == 1 and grid is not None:
        pixel = grid[1]
    else:
        raise DataError(
            f"The coordinate {name} has {count} values, from which the size of a pixel can't be told. Write the "
            "transform, for example with rioxarray's rio.write_transform."
        )
    edges = np.array([centres[0] - pixel / 2, centres[-1] + pixel / 2])
    if grid is not None and grid[1]:
        exact = grid[0] + np.round((edges - grid[0]) / grid[1]) * grid[1]
        edges = np.where(np.abs(edges - exact) <= _TOLERANCE_PX * abs(pixel), exact, edges)
    return float(edges.min()), float(edges.max())


def _crs_of(place: Mapping[str, Any], crs: CRSSpec | None) -> CRS:
    import pyproj
    from pyproj.exceptions import CRSError
    from sentinelhub import CRS

    text = place.get("crs_wkt") or place.get("spatial_ref")
    if text is None and crs is None:
        raise DataError(
            "The data don't say which CRS their x and y are in: give crs=, or write it, for example with rioxarray's "
            "rio.write_crs."
        )
    try:
        return _sentinelhub_crs(pyproj.CRS.from_user_input(text)) if text else CRS(crs)
    except (CRSError, ValueError) as error:
        raise SettingError(f"The CRS {crs or text} has no EPSG code: {error}. Reproject the data first.") from error


def _sentinelhub_crs(crs: pyproj.CRS) -> CRS:
    from sentinelhub import CRS
    from sentinelhub.exceptions import SHUserWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SHUserWarning)  # of the order of axes: arrays have x and y by name
        unbound = crs.source_crs if crs.is_bound else crs
        code = None if unbound is None else unbound.to_epsg(min_confidence=25)  # names of axes and the like may differ
        return CRS(crs) if code is None else CRS(str(code))


def _bbox(edges: Iterable[float], crs: CRS) -> BBox:
    from sentinelhub import BBox

    west, south, east, north = map(float, edges)
    return BBox((west, south, east, north), crs)
