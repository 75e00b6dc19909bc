"""The public list of the tasks between vectors and rasters."""

from .raster_to_vector import RasterToVectorTask
from .vector_to_raster import VectorToRasterTask

__all__ = ["RasterToVectorTask", "VectorToRasterTask"]
