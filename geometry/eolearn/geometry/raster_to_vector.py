"""Outlines the areas of an image as the shapes of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from geopandas import GeoDataFrame

from eolearn.core.constants import TIMESTAMP_COLUMN, FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError, SettingTypeError
from eolearn.core.utils.common import is_discrete_type

from ._kernels.outlines import outlines
from ._number_fit import cast
from ._raster_size import ShapeHW, pixels_to_crs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import DTypeLike, NDArray
    from rasterio import Affine

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import FeaturesSpecification


class RasterToVectorTask(EOTask):
    """Makes a table of the areas of equal value of an image, the opposite of :class:`VectorToRasterTask`.

    features: MASK or MASK_TIMELESS features of integers or bools, with the names of the tables if they have some. A
        MASK becomes a VECTOR feature, with the date of each row in the column TIMESTAMP, and a MASK_TIMELESS a
        VECTOR_TIMELESS one. All bands go into the same table.
    values: the value, or several, whose areas are outlined. By default all, 0 too.
    values_column: name of the column of values. The table has this column, that of dates if there are any, and the
        geometries, valid polygons and multi-polygons in the CRS of the bounding box.
    raster_dtype: dtype to which the image is cast first, and that of the column; a value that it can't hold is an
        error. By default the column is float64.
    rasterio_params: ``connectivity=8`` for areas that reach over the corners of pixels; by default it is 4.

    Drawing the table into an image of the same size gives the same image again.

    Example:
        >>> task = RasterToVectorTask((FeatureType.MASK_TIMELESS, "CROP", "FIELDS"), values=[1, 2], raster_dtype="u2")
        >>> task(eopatch)[FeatureType.VECTOR_TIMELESS, "FIELDS"].columns.tolist()
        ['VALUE', 'geometry']
    """

    def __init__(
        self,
        features: FeaturesSpecification,
        *,
        values: int | Iterable[int] | None = None,
        values_column: str = "VALUE",
        raster_dtype: DTypeLike | None = None,
        **rasterio_params: Any,
    ):
        self.feature_parser = self.get_feature_parser(features, FeatureType.is_discrete)
        self.values = values if values is None or np.isscalar(values) else list(values)  # type: ignore[arg-type]
        self.values_column = values_column
        self.raster_dtype = raster_dtype
        self.rasterio_params = rasterio_params
        self._check_settings()

    def _check_settings(self) -> None:
        if self.values_column in (TIMESTAMP_COLUMN, "geometry"):
            raise SettingError(f"values_column can't be {self.values_column!r}, the name of another column.")
        if self.values is not None and np.asarray(self.values).dtype.kind not in "biuf":
            raise SettingError(f"values must be a number or a list of numbers, got {self.values!r}.")
        if self.raster_dtype is not None and np.dtype(self.raster_dtype).kind not in "biuf":
            raise SettingError(f"raster_dtype must be one of integers, floats or bool, got {self.raster_dtype!r}.")
        if unknown := self.rasterio_params.keys() - {"connectivity"}:
            raise SettingTypeError(
                f"RasterToVectorTask has no settings {sorted(unknown)}. Of the parameters of rasterio.features.shapes "
                "it takes connectivity; the others it sets by itself."
            )
        if self.rasterio_params.get("connectivity", 4) not in (4, 8):
            raise SettingError(f"connectivity must be 4 or 8, got {self.rasterio_params['connectivity']!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Add a table for each image.

        Raises DataError for a patch without bounding box, features that are not images of integers or bools, and values
        that raster_dtype can't hold; TimestampsMissing for a MASK in a patch without timestamps.
        """
        for feature_type, name, new_name in self.feature_parser.get_renamed_features(eopatch):
            table_type = FeatureType.VECTOR if feature_type.is_temporal() else FeatureType.VECTOR_TIMELESS
            eopatch[table_type, new_name] = self._table(eopatch, feature_type, name)
        return eopatch

    def _table(self, eopatch: EOPatch, feature_type: FeatureType, name: str) -> GeoDataFrame:
        raster: NDArray[Any] = eopatch[feature_type, name]
        what = f"{feature_type} {name!r}"
        bbox = eopatch.bbox
        if bbox is None:
            raise DataError(f"The EOPatch has no bounding box, so {what} has no place. Set eopatch.bbox.")
        if not feature_type.is_image() or not is_discrete_type(raster.dtype):
            raise DataError(f"{what}, of {raster.dtype} and {raster.ndim} axes, is no image of integers or bools.")
        times = eopatch.get_timestamps() if feature_type.is_temporal() else None
        frames = raster[np.newaxis] if times is None else raster
        if times is not None and len(times) != len(frames):
            raise DataError(f"{what} has {len(frames)} dates, but the EOPatch has {len(times)} timestamps.")
        counts, geometries, values = self._outlines(frames, what, pixels_to_crs(bbox, ShapeHW(*frames.shape[1:3])))
        columns: dict[str, Any] = {self.values_column: values}
        if times is not None:
            columns[TIMESTAMP_COLUMN] = np.repeat(np.array(times, dtype="datetime64[us]"), counts)
        return GeoDataFrame(columns, geometry=geometries, crs=bbox.crs.pyproj_crs())

    def _outlines(
        self, frames: NDArray[Any], what: str, transform: Affine
    ) -> tuple[list[int], NDArray[np.object_], NDArray[Any]]:
        """Return how many areas there are on each date, and their geometries and values, date by date.

        frames: (time, height, width, band).
        """
        frames = frames if self.raster_dtype is None else cast(frames, self.raster_dtype, what)
        counts: list[int] = []
        geometries, values = [np.empty(0, dtype=object)], [np.empty(0, dtype=frames.dtype)]
        for frame in frames:
            before = len(geometries)
            for image in np.moveaxis(frame, -1, 0):
                wanted = None if self.values is None else np.isin(image, self.values)
                shapes, numbers = outlines(image, transform=transform, wanted=wanted, **self.rasterio_params)
                geometries.append(shapes)
                values.append(numbers)
            counts.append(sum(map(len, geometries[before:])))
        return counts, np.concatenate(geometries), self._column(np.concatenate(values), what)

    def _column(self, values: NDArray[Any], what: str) -> NDArray[Any]:
        if self.raster_dtype is not None:
            return values
        column = values.astype(np.float64)
        rounded = column.astype(values.dtype) != values
        if rounded.any():
            raise DataError(
                f"{what} has values that float64 can't hold, as {values[rounded][:3].tolist()}. Keep them as they are "
                f"with raster_dtype={values.dtype.name!r}."
            )
        return column
