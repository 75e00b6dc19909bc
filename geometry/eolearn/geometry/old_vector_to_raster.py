"""The form that drawing vectors had in version 0.3."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eolearn.core.exceptions import EODeprecationWarning, warn_user

from .vector_to_raster import VectorToRasterTask

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import DTypeLike

    from eolearn.core.types import Feature


class VectorToRaster(VectorToRasterTask):
    """Old form of :class:`VectorToRasterTask`, which draws one value.

    feature: the image feature to make. vector_data: the table of shapes. raster_value: the value.
    raster_shape, raster_dtype, no_data_value: as for :class:`VectorToRasterTask`.
    """

    def __init__(
        self,
        feature: Feature,
        vector_data: GeoDataFrame,
        raster_value: float,
        raster_shape: tuple[int, int] | Feature,
        raster_dtype: DTypeLike = np.uint8,
        no_data_value: float = 0,
    ):
        warn_user(
            "VectorToRaster is deprecated, use VectorToRasterTask(vectors, feature, values=..., raster_shape=...).",
            EODeprecationWarning,
        )
        super().__init__(
            vector_data,
            feature,
            values=raster_value,
            raster_shape=raster_shape,
            raster_dtype=raster_dtype,
            no_data_value=no_data_value,
        )
