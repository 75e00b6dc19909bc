from .raster_io import BaseRasterIoTask, ExportToTiffTask

__all__ = ["BaseRasterIoTask", "ExportToTiffTask"]
