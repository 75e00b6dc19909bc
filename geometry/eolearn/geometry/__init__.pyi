from .transformations import VectorToRasterTask as VectorToRasterTask

__all__ = ["VectorToRasterTask"]
