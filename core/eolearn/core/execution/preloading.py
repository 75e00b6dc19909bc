"""What the server of worker processes imports, so that the workers that are forked from it are ready at once."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import warnings
from typing import Any

PRELOAD_VARIABLE = "EOLEARN_PRELOAD"
THREADS_VARIABLE = "EOLEARN_PRELOAD_THREADS"
_WITHOUT_KERNELS = ("core", "visualization")
_HEAVY = {"geopandas", "numba", "pandas", "pyogrio", "rasterio", "sentinelhub", "shapely", "zarr"}


def names_to_preload() -> list[str]:
    """Return what this process has imported of eo-learn, and of the heavy packages that tasks import when they run.

    numba is among them for other parts than the core, whose kernels need it.
    """
    loaded = list(sys.modules)
    names = [name for name in loaded if name in _HEAVY or _is_light_part(name)]
    has_kernels = any(name.startswith("eolearn.") and name.split(".")[1] not in _WITHOUT_KERNELS for name in names)
    return ["numba", *names] if has_kernels and "numba" not in names else names


def _is_light_part(name: str) -> bool:
    return name.startswith("eolearn.") and not name.startswith("eolearn.core.extra")


def preload() -> None:
    """Import, in the server, what the user's process has named in the environment variable.

    numba fixes the most threads of its parallel loops when it is imported: so many as a worker of this run may use,
    which the other variable says.

    What fails is no matter here: a worker that needs the module tries again, and then the error counts.
    """
    warnings.simplefilter("ignore")  # before each run a worker is told which warnings are wanted
    threads = os.environ.pop(THREADS_VARIABLE, None)
    if threads is not None:
        os.environ.setdefault("NUMBA_NUM_THREADS", threads)
    for name in os.environ.pop(PRELOAD_VARIABLE, "").split():
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    if "numba" in sys.modules:
        with contextlib.suppress(Exception):
            _warm_up_numba()


def _warm_up_numba() -> None:
    """Call a compiled function: the first call in a process takes nearly a second."""
    import numba
    import numpy as np

    @numba.njit(cache=True)
    def total(array: Any) -> Any:
        return array.sum()

    total(np.zeros((2, 2), np.float32))
