"""How long a mosaic of 100 patches takes, beside writing the same pixels once, and how much memory it needs."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType

pytestmark = pytest.mark.benchmark
PROBABILITIES = (FeatureType.DATA_TIMELESS, "PROBABILITIES")
SIDE, SIZE, BANDS, OVERLAP = 10, 512, 8, 32

MOSAIC = """
import resource, sys, time
from eolearn.core import FeatureType
from eolearn.io.mosaic import write_mosaic

def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

folder, settings = sys.argv[1], eval(sys.argv[2])
feature = (FeatureType.DATA_TIMELESS, "PROBABILITIES")
write_mosaic([f"{folder}/patches/0_0"], feature, f"{folder}/small.tif", **settings)  # compiles
before, start = peak_mb(), time.perf_counter()
write_mosaic(f"{folder}/patches", feature, f"{folder}/map.tif", **settings)
print(time.perf_counter() - start, peak_mb() - before)
"""

ONCE = """
import sys, time
import numpy as np
import rasterio

folder = sys.argv[1]
with rasterio.open(f"{folder}/map.tif") as source:
    pixels, profile = source.read(), source.profile
options = {name: profile[name] for name in ("height", "width", "count", "dtype", "crs", "transform", "nodata")}
options |= {"compress": profile.get("compress"), "num_threads": "all_cpus", "predictor": sys.argv[3]}
start = time.perf_counter()
if sys.argv[2] == "COG":
    with rasterio.open(f"{folder}/once.tif", "w", driver="COG", overview_resampling="average", **options) as target:
        target.write(pixels)
else:
    options["predictor"] = {"yes": 3 if profile["dtype"] == "float32" else 2, "no": 1}[sys.argv[3]]
    blocks = {"tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "pixel"}
    with rasterio.open(f"{folder}/once.tif", "w", driver="GTiff", **blocks, **options) as target:
        target.write(pixels)
print(time.perf_counter() - start)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with 100 patches of probabilities, smooth with some noise."""
    folder = tmp_path_factory.mktemp("mosaic")
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / 60
    waves = [np.sin(rows * (1 + band / 3)) * np.cos(columns + band) for band in range(BANDS)]
    for row in range(SIDE):
        for column in range(SIDE):
            scores = np.exp(np.stack(waves, axis=-1) + 0.05 * rng.standard_normal((SIZE, SIZE, BANDS)))
            west, north = 500_000 + 10 * column * (SIZE - OVERLAP), 5_000_000 - 10 * row * (SIZE - OVERLAP)
            patch = EOPatch(bbox=BBox((west, north - 10 * SIZE, west + 10 * SIZE, north), CRS.UTM_33N))
            patch[PROBABILITIES] = (scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32)
            patch.save(folder / "patches" / f"{row}_{column}")
    return folder


def run(script, *arguments):
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True)
    return [float(number) for number in done.stdout.split()]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"compress": "zstd"},
        {"compress": None},
        {"image_dtype": "uint8", "scale": 200, "no_data_value": 255},
        {"classes": list(range(1, 9))},
    ],
    ids=str,
)
def test_mosaic_of_100_patches(folder, settings):
    seconds, peak_mb = run(MOSAIC, folder, repr(settings))
    predictor = "no" if "classes" in settings or settings.get("compress", "") is None else "yes"
    cog, tiled = (run(ONCE, folder, driver, predictor)[0] for driver in ("COG", "GTiff"))
    row_mb = SIDE * SIZE * SIZE * BANDS * 4 / 2**20
    size_mb = os.path.getsize(folder / "map.tif") / 1e6
    print(
        f"\n{settings!s:60s} {seconds:5.1f} s, {seconds / cog:4.2f} x a COG at once, {seconds / tiled:4.2f} x a tiled "
        f"file; {peak_mb:4.0f} MB, {peak_mb / row_mb:4.1f} x a row of patches; file of {size_mb:4.0f} MB"
    )
