from .raster_io import BaseRasterIoTask, ExportToTiffTask
from .simulated import SimulatedInputTask

__all__ = ["BaseRasterIoTask", "ExportToTiffTask", "SimulatedInputTask"]
