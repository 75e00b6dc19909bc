"""The versions of all that a result may depend on."""

from __future__ import annotations

import hashlib
import platform
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from ..execution.code_parts import is_user_module, version_of

_LIBRARIES = (
    *("numpy", "scipy", "pandas", "geopandas", "shapely", "pyproj", "pyogrio", "rasterio", "zarr", "sentinelhub"),
    *("numba", "sklearn", "lightgbm", "xgboost", "torch", "tensorflow", "cv2", "skimage", "s2cloudless", "xarray"),
)


def versions_in_use(imports: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python, of the parts of eo-learn and of libraries that are loaded.

    imports: statements. A module of the user's own, which has no version, is told by a hash of its file.
    """
    versions = {"python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}"}
    modules = {found[1] for line in imports if (found := re.match(r"(?:from|import) ([\w.]+)", line))}
    parts = {".".join(name.split(".")[:2]) for name in list(sys.modules) if name.startswith("eolearn.")}
    packages = {name.partition(".")[0] for name in modules if not name.startswith("eolearn.")}
    for name in [*sorted(parts), *sorted({*_LIBRARIES, *packages})]:
        if name in sys.modules and version_of(name):
            versions[name] = version_of(name)
    for name in sorted(modules):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None and is_user_module(name):
            versions[name] = f"file {hashlib.blake2b(Path(file).read_bytes(), digest_size=10).hexdigest()}"
    return versions
