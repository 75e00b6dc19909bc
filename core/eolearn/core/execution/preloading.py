"""What the server of worker processes imports, so that the workers that are forked from it are ready at once."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import warnings

PRELOAD_VARIABLE = "EOLEARN_PRELOAD"
_HEAVY = frozenset(
    "cv2 geopandas lightgbm numba pandas pyogrio rasterio scipy sentinelhub shapely skimage sklearn xarray zarr".split()
)


def names_to_preload() -> list[str]:
    """Return the modules of eo-learn and of heavy packages that this process has imported, with one dot at most."""
    return [
        name
        for name in list(sys.modules)
        if name.startswith("eolearn.")
        or (name.partition(".")[0] in _HEAVY and name.count(".") <= 1 and "._" not in name)
    ]


def preload() -> None:
    """Import, in the server, what the user's process has named in the environment variable.

    An import that fails is no matter here: a worker that needs the module tries again, and then the error counts.
    """
    import numpy as np

    warnings.simplefilter("ignore")  # before each run a worker is told which warnings are wanted
    for name in os.environ.pop(PRELOAD_VARIABLE, "").split():
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if "numba" in sys.modules:  # its first call in a process takes nearly a second
        sys.modules["numba"].njit(np.sum)(np.zeros((2, 2), np.float32))
