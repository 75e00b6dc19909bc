from .alignment import AlignToGridTask
from .files import ImportFromFilesTask
from .geometry_io import VectorImportTask
from .mosaic import write_mosaic
from .netcdf import ImportFromNetCDFTask
from .radiometry import CheckRadiometryTask, RadiometryFinding
from .raster_io import BaseRasterIoTask, ExportToTiffTask, ImportFromTiffTask
from .same_day import MergeSameDayTask
from .simulated import SimulatedInputTask
from .stac import (
    EARTH_SEARCH,
    PLANETARY_COMPUTER,
    Radiometry,
    STACCatalog,
    STACInputTask,
    radiometry_of,
    sign_planetary_computer,
)

__all__ = [
    "EARTH_SEARCH",
    "PLANETARY_COMPUTER",
    "AlignToGridTask",
    "BaseRasterIoTask",
    "CheckRadiometryTask",
    "ExportToTiffTask",
    "ImportFromFilesTask",
    "ImportFromNetCDFTask",
    "ImportFromTiffTask",
    "MergeSameDayTask",
    "Radiometry",
    "RadiometryFinding",
    "STACCatalog",
    "STACInputTask",
    "SimulatedInputTask",
    "VectorImportTask",
    "radiometry_of",
    "sign_planetary_computer",
    "write_mosaic",
]
