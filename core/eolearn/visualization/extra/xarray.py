"""Features as labelled arrays for plots, under the names that eo-learn 1.3 had for this.

These functions drop axes of one band and turn booleans into numbers. :meth:`EOPatch.to_xarray`, on which they stand,
keeps all, so that :meth:`EOPatch.from_xarray` leads back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eodata_xarray_grid import box_of_images, pixel_centres
from eolearn.core.exceptions import DataError
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from sentinelhub import CRS

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature


def string_to_variable(string: str, extension: str | None = None) -> str:
    """Return a text as the name of a variable of Python, with underscores for all that can't be in one.

    extension: what is added to it.

    Example:
        >>> string_to_variable("BANDS-S2-L1C", "_dim")
        'BANDS_S2_L1C_dim'
    """
    name = re.sub(r"\W", "_", string) + (extension or "")
    return name if name.isidentifier() else f"_{name}"


def get_dimensions(feature: Feature) -> list[str]:
    """Return the names of the axes of an array feature: time, y, x, and that of its bands.

    Example:
        >>> get_dimensions((FeatureType.DATA, "BANDS"))
        ['time', 'y', 'x', 'BANDS_dim']
    """
    feature_type, name = parse_feature(feature, allowed_feature_types=FeatureType.is_array)
    time = ["time"] if feature_type.is_temporal() else []
    pixels = ["y", "x"] if feature_type.is_image() else []
    return [*time, *pixels, string_to_variable(name, "_dim")]


def get_coordinates(eopatch: EOPatch, feature: Feature, crs: CRS | None = None) -> dict[str, NDArray[Any]]:
    """Return the coordinates along each axis of an array feature.

    Those of pixels are their centres, y from north to south, and those of bands their positions. There are none of time
    without timestamps, and none of y and x without a bounding box.

    crs: of y and x, by default that of the patch; see :func:`get_new_coordinates`.
    """
    array = array_to_dataframe(eopatch, feature, remove_depth=False, crs=crs)
    return {str(name): array.coords[name].values for name in array.dims if name in array.coords}


def array_to_dataframe(
    eopatch: EOPatch, feature: Feature, remove_depth: bool = True, crs: CRS | None = None, convert_bool: bool = True
) -> xr.DataArray:
    """Return an array feature as a DataArray: the name of this function is an old one.

    remove_depth: whether an axis of one band is dropped.
    crs: as for :func:`get_coordinates`.
    convert_bool: whether booleans become 0 and 1, as uint8.

    Example:
        >>> array_to_dataframe(patch, (FeatureType.DATA, "NDVI")).dims
        ('time', 'y', 'x')
    """
    name = parse_feature(feature, eopatch)[1]
    (array,) = eopatch.to_xarray([feature]).data_vars.values()
    array = array.rename({array.dims[-1]: string_to_variable(name, "_dim")}).rename(name)
    if crs is not None and eopatch.bbox is not None and "x" in array.dims:
        x, y = get_new_coordinates(array, eopatch.bbox.crs, crs)
        array = array.drop_vars("spatial_ref").assign_coords(x=x, y=y)
    return _without_depth(_as_numbers(array) if convert_bool else array, remove_depth)


def eopatch_to_dataset(eopatch: EOPatch, remove_depth: bool = True) -> xr.Dataset:
    """Return all array features as a Dataset, as :func:`array_to_dataframe` does with one.

    The names of variables and dimensions are those of :meth:`EOPatch.to_xarray`, but ``<name>_dim`` for bands.
    """
    dataset = eopatch.to_xarray()
    bands = {array.dims[-1]: string_to_variable(str(name), "_dim") for name, array in dataset.data_vars.items()}
    return dataset.rename(bands).map(lambda array: _without_depth(_as_numbers(array), remove_depth), keep_attrs=True)


def get_new_coordinates(data: xr.DataArray, crs: CRS, new_crs: CRS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x and y of the centres of pixels in another CRS.

    The box of the pixels is transformed, and as many pixels spread evenly in the one around it. This is near enough to
    look at; to calculate with them, reproject the pixels.

    data: an image with the coordinates x and y, in ``crs``.
    """
    from pyproj import Transformer

    bbox = box_of_images(data, "y", "x", crs)
    if bbox is None:
        raise DataError(f"{data.name!r} has no coordinates x and y.")
    transformer = Transformer.from_crs(bbox.crs.pyproj_crs(), new_crs.pyproj_crs(), always_xy=True)
    west, south, east, north = bbox
    bounds = transformer.transform_bounds(west, south, east, north, densify_pts=21)
    y, x = pixel_centres(bounds, (data.sizes["y"], data.sizes["x"]))
    return x, y


def _as_numbers(array: xr.DataArray) -> xr.DataArray:
    return array.astype(np.uint8) if array.dtype == bool else array


def _without_depth(array: xr.DataArray, remove_depth: bool) -> xr.DataArray:
    band = array.dims[-1]
    return array.isel({band: 0}, drop=True) if remove_depth and array.sizes[band] == 1 else array
