"""How fast GeoTIFF files are written, and how large they are, beside a plain write of the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.utils.threads import limit_threads
from eolearn.io import ExportToTiffTask

pytestmark = pytest.mark.benchmark
BANDS = (FeatureType.DATA, "BANDS")


@pytest.fixture(scope="module")
def patch():
    """Return six dates of six bands with relief, texture and noise, 18.9 MB of uint16."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:512, 0:512] / 512
    relief = 0.5 + 0.25 * np.sin(9 * rows) * np.cos(7 * columns) + 0.15 * rng.random((512, 512))
    levels = np.multiply.outer(np.linspace(0.3, 1, 6), np.linspace(0.2, 1, 6))[:, np.newaxis, np.newaxis]
    bands = 4000 * relief[..., np.newaxis] * levels + 100 * rng.random((6, 512, 512, 6))
    patch = EOPatch(
        bbox=BBox((500000, 5100000, 505120, 5105120), CRS.UTM_33N), timestamps=[f"2025-01-0{d}" for d in range(1, 7)]
    )
    patch[BANDS] = bands.astype(np.uint16)
    return patch


@pytest.mark.parametrize("threads", [1, None])
@pytest.mark.parametrize("compress", [None, "deflate", "lzw", "zstd"])
def test_export(patch, tmp_path, compress, threads, best_time):
    limit_threads(threads)
    path, plain = tmp_path / "map.tif", tmp_path / "plain"
    task = ExportToTiffTask(BANDS, path, compress=compress)
    seconds = best_time(lambda: task(patch))
    limit_threads(None)
    content = patch[BANDS].tobytes()
    speed, ratio = len(content) / seconds, seconds / best_time(lambda: plain.write_bytes(content))
    print(
        f"\ncompress={compress!s:8s} threads={threads or 'all'!s:4s} {speed / 1e6:6.0f} MB/s, "
        f"{ratio:4.1f} x plain write, {path.stat().st_size / 1e6:5.1f} of {len(content) / 1e6:.1f} MB"
    )
