"""Draws the shapes of a table into an image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame, GeoSeries
from rasterio.enums import MergeAlg

from eolearn.core.constants import TIMESTAMP_COLUMN, FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import (
    DataError,
    EORuntimeWarning,
    FeatureMissing,
    SettingError,
    SettingTypeError,
    warn_user,
)
from eolearn.core.utils.common import is_discrete_type
from eolearn.core.utils.parsing import parse_feature

from ._kernels.burn import burn, burn_overlapped, sum_of_shapes
from ._number_fit import as_numbers, cast
from ._raster_size import ShapeHW, image_size, parse_size, pixels_to_crs
from ._rows import drawable, rows_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import DTypeLike, NDArray
    from rasterio import Affine
    from sentinelhub.geometry import BBox
    from shapely.geometry.base import BaseGeometry

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

_NUMBER = (int, float, np.number)
_RASTERIO_PARAMS = ("all_touched", "merge_alg", "skip_invalid", "default_value")


class VectorToRasterTask(EOTask):
    """Draws the shapes of a table into an image over the bounding box of the EOPatch.

    A polygon covers the pixels whose centres lie in it, a line those that it runs through, a point that in which it
    lies. Of several shapes over a pixel the last row counts. Missing and empty geometries are left out. Invalid ones
    are mended as ``buffer(0)`` does, which may lose parts, and heights are left out, both with an EORuntimeWarning.

    vector_input: a vector feature, or a GeoDataFrame or GeoSeries for all patches. Only rows that intersect the patch
        are drawn; in another CRS they are re-projected, with an EORuntimeWarning.
    raster_feature: the image feature to make, of shape (height, width, 1), or (time, height, width, 1) where rows are
        drawn into the dates that are their TIMESTAMP, and others are left out.
    values: without values_column, the number to draw; with it, only rows with this value or one of these are drawn.
    values_column: the column with the number of each row.
    raster_shape: (height, width) in pixels, or an image feature of the same size. Either this or raster_resolution.
    raster_resolution: size of a pixel in metres, as a number, as "10m", or as a pair (x, y) of these.
    raster_dtype: dtype of the image: integers, floats or bool. A value that it can't hold is an error.
    no_data_value: for pixels that no shape covers.
    write_to_existing: draw into a copy of the feature, where there is one. Its dtype and size are kept.
    overlap_value: for pixels that shapes of different values cover; with write_to_existing also for those where a
        shape meets another value than no_data_value. None to let the last row win.
    buffer: how far to grow the shapes (below 0: to shrink them) first, in units of the CRS of the patch. Shapes that
        reach the patch only by their buffer are drawn.
    rasterio_params: ``all_touched=True`` to draw all pixels that a shape touches, ``merge_alg=MergeAlg.add`` for sums;
        see :func:`rasterio.features.rasterize`.

    Example:
        >>> fields = geopandas.read_file("fields.gpkg")
        >>> task = VectorToRasterTask(
        ...     fields, (FeatureType.MASK_TIMELESS, "CROP"), values_column="crop_id", raster_resolution=10
        ... )
        >>> task(eopatch)[FeatureType.MASK_TIMELESS, "CROP"].shape
        (101, 100, 1)
    """

    def __init__(
        self,
        vector_input: Feature | GeoDataFrame | GeoSeries,
        raster_feature: Feature,
        *,
        values: float | Iterable[float] | None = None,
        values_column: str | None = None,
        raster_shape: tuple[int, int] | Feature | None = None,
        raster_resolution: float | str | tuple[float, float] | None = None,
        raster_dtype: DTypeLike = np.uint8,
        no_data_value: float = 0,
        write_to_existing: bool = False,
        overlap_value: float | None = None,
        buffer: float = 0,
        **rasterio_params: Any,
    ):
        self.raster_feature = parse_feature(raster_feature, allowed_feature_types=FeatureType.is_image)
        self.vector_input = _parse_vectors(vector_input, self.raster_feature)
        if values_column is None and not isinstance(values, _NUMBER):
            raise SettingError(f"Give values_column, or a single number as values to draw; got values={values!r}.")
        if isinstance(values, str):
            raise SettingError(f"values must be a number or a list of numbers, got {values!r}.")
        if not isinstance(buffer, _NUMBER):
            raise SettingTypeError(f"buffer must be a number, got {buffer!r}.")
        if not np.isfinite(buffer):
            raise SettingError(f"buffer must be finite, got {buffer!r}.")
        self.values = values
        self.values_column = values_column
        self.raster_shape = raster_shape
        self.raster_resolution = raster_resolution
        self._size = parse_size(raster_shape, raster_resolution)
        self.raster_dtype = _parse_dtype(raster_dtype, self.raster_feature)
        self.no_data_value = no_data_value
        self.write_to_existing = write_to_existing
        self.overlap_value = overlap_value
        self.buffer = buffer
        self.rasterio_params = _parse_rasterio_params(rasterio_params)
        _check_fits("no_data_value", no_data_value, self.raster_dtype)
        if overlap_value is not None:
            _check_fits("overlap_value", overlap_value, self.raster_dtype)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Draw the shapes that lie in the patch, and add the image to it.

        Raises DataError for a patch without bounding box, vectors without CRS, values that the dtype of the image can't
        hold, and an existing feature of several bands; FeatureMissing (a KeyError) for a missing feature or column;
        TimestampsMissing for a temporal image in a patch without timestamps.
        """
        bbox = eopatch.bbox
        if bbox is None:
            raise DataError(f"The EOPatch has no bounding box to draw {self.raster_feature} in. Set eopatch.bbox.")
        raster = self._blank_or_existing(eopatch, bbox)
        transform = pixels_to_crs(bbox, ShapeHW(*raster.shape[-3:-1]))
        table, geometries = self._shapes_in(eopatch, bbox)
        values = self._values_of(table, raster.dtype)
        for image, rows in self._frames(raster, table, eopatch):
            self._draw(image, geometries[rows], values[rows], transform)
        eopatch[self.raster_feature] = raster
        return eopatch

    def rasterize_overlapped(
        self, shapes: Iterable[tuple[BaseGeometry, float]], out: NDArray[Any], **rasterize_args: Any
    ) -> None:
        """Draw shapes into an array, with overlap_value where different values meet.

        shapes: pairs of a geometry and its value.
        out: (height, width), written into. What it holds other than no_data_value counts as covering.
        rasterize_args: the transform of the array, and arguments of :func:`rasterio.features.rasterize`.
        """
        if self.overlap_value is None:
            raise SettingError("rasterize_overlapped needs a task with an overlap_value, which this one has not.")
        pairs = list(shapes)
        if not pairs:
            return
        geometries, values = zip(*pairs, strict=True)
        options = {name: value for name, value in rasterize_args.items() if name not in ("dtype", "merge_alg")}
        burn_overlapped(
            out,
            np.array(geometries, dtype=object),
            cast(as_numbers(values, "Values of shapes"), out.dtype, "Values of shapes"),
            overlap_value=cast(as_numbers(self.overlap_value, "overlap_value"), out.dtype, "overlap_value").item(),
            no_data_value=self.no_data_value,
            **options,
        )

    def _blank_or_existing(self, eopatch: EOPatch, bbox: BBox) -> NDArray[Any]:
        dates = (len(eopatch.get_timestamps()),) if self.raster_feature[0].is_temporal() else ()
        shape = (*dates, *image_size(eopatch, bbox, self._size), 1)
        if not self.write_to_existing or self.raster_feature not in eopatch:
            return np.full(shape, self.no_data_value, dtype=self.raster_dtype)
        existing: NDArray[Any] = eopatch[self.raster_feature]
        if existing.shape[-1] != 1 or existing.shape[:-3] != dates:
            raise DataError(
                f"{self.raster_feature} has the shape {existing.shape}, so shapes can't be drawn into it: it must have "
                f"one band{', and a date for each timestamp' if dates else ''}, as {shape}."
            )
        if existing.shape != shape:
            warn_user(
                f"{self.raster_feature} has the shape {existing.shape}, which is kept, though the task asks for "
                f"{shape}.",
                EORuntimeWarning,
            )
        return existing.copy()

    def _shapes_in(self, eopatch: EOPatch, bbox: BBox) -> tuple[GeoDataFrame, NDArray[Any]]:
        """Return the rows to be drawn and their geometries, none of them empty."""
        table = self.vector_input if isinstance(self.vector_input, GeoDataFrame) else eopatch[self.vector_input]
        if self.values_column is not None and self.values_column not in table:
            raise FeatureMissing(f"The vectors have no column {self.values_column!r}, only {list(table.columns)}.")
        table = rows_near(table, bbox, reach=abs(self.buffer))
        if self.values_column is not None and self.values is not None:
            wanted = [self.values] if isinstance(self.values, _NUMBER) else self.values
            table = table[table[self.values_column].isin(wanted)]
        geometries = drawable(table.geometry.to_numpy(), self.buffer)
        kept = ~shapely.is_empty(geometries)
        return table[kept], geometries[kept]

    def _values_of(self, table: GeoDataFrame, dtype: np.dtype[Any]) -> NDArray[Any]:
        if self.values_column is None:
            return cast(np.full(len(table), self.values), dtype, "values")
        what = f"Column {self.values_column!r}"
        return cast(as_numbers(table[self.values_column], what), dtype, what)

    def _frames(
        self, raster: NDArray[Any], table: GeoDataFrame, eopatch: EOPatch
    ) -> Iterator[tuple[NDArray[Any], NDArray[np.intp] | slice]]:
        """Yield each image of the raster, (height, width), and which rows are drawn into it."""
        if raster.ndim == 3:
            yield raster[..., 0], slice(None)
            return
        times = pd.to_datetime(table[TIMESTAMP_COLUMN], utc=True)
        for image, timestamp in zip(raster[..., 0], pd.to_datetime(eopatch.get_timestamps(), utc=True), strict=True):
            yield image, np.flatnonzero(times == timestamp)

    def _draw(self, image: NDArray[Any], geometries: NDArray[Any], values: NDArray[Any], transform: Affine) -> None:
        options = {"transform": transform, **self.rasterio_params}
        if not len(geometries):
            return
        if self.overlap_value is not None:
            self.rasterize_overlapped(zip(geometries, values, strict=True), image, **options)
        elif options.pop("merge_alg", MergeAlg.replace) is MergeAlg.add:
            total = image + sum_of_shapes(image.shape, geometries, values, **options)
            image[...] = cast(total, image.dtype, f"Sums in {self.raster_feature}")
        else:
            burn(image, geometries, values, **options)


def _parse_vectors(vectors: Any, raster_feature: Feature) -> GeoDataFrame | Feature:
    if isinstance(vectors, GeoSeries):
        vectors = GeoDataFrame(geometry=vectors)
    if isinstance(vectors, GeoDataFrame):
        has_times = TIMESTAMP_COLUMN in vectors
    else:
        vectors = parse_feature(vectors, allowed_feature_types=FeatureType.is_vector)
        has_times = vectors[0].is_temporal()
    if raster_feature[0].is_temporal() and not has_times:
        raise SettingError(
            f"The vectors have no times, so they can't be drawn into the dates of {raster_feature}. Give them a column "
            f"{TIMESTAMP_COLUMN!r}, or choose a timeless feature."
        )
    return vectors


def _parse_dtype(dtype: DTypeLike, feature: Feature) -> np.dtype[Any]:
    parsed = np.dtype(dtype)
    kinds = "integers or bool" if feature[0].is_discrete() else "integers, floats or bool"
    if not (is_discrete_type(parsed) or (parsed.kind == "f" and not feature[0].is_discrete())):
        raise SettingError(f"raster_dtype of {feature} must be one of {kinds}, got {parsed}.")
    return parsed


def _check_fits(name: str, value: Any, dtype: np.dtype[Any]) -> None:
    try:
        cast(as_numbers(value, name), dtype, name)
    except DataError as error:
        raise SettingError(str(error)) from None


def _parse_rasterio_params(params: dict[str, Any]) -> dict[str, Any]:
    unknown = params.keys() - set(_RASTERIO_PARAMS)
    if unknown:
        raise SettingTypeError(
            f"VectorToRasterTask has no settings {sorted(unknown)}. Of the parameters of rasterio.features.rasterize "
            f"it takes {', '.join(_RASTERIO_PARAMS)}; the others it sets by itself."
        )
    return {name: MergeAlg(value) if name == "merge_alg" else value for name, value in params.items()}
