"""The public list of the tasks between vectors and rasters."""

from .vector_to_raster import VectorToRasterTask

__all__ = ["VectorToRasterTask"]
