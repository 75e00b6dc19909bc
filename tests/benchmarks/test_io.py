"""How fast raster files are written and read, beside plain writes and reads of the same bytes."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio import Affine
from rasterio.warp import Resampling, reproject
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.utils.threads import limit_threads
from eolearn.io.files import ImportFromFilesTask
from eolearn.io.raster_io import ExportToTiffTask, ImportFromTiffTask

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


@pytest.mark.parametrize("threads", [1, None])
@pytest.mark.parametrize("compress", [None, "deflate", "zstd"])
def test_import(patch, tmp_path, compress, threads, best_time):
    path, plain = tmp_path / "map.tif", tmp_path / "plain"
    ExportToTiffTask(BANDS, path, compress=compress)(patch)
    plain.write_bytes(patch[BANDS].tobytes())
    limit_threads(threads)
    task = ImportFromTiffTask(BANDS, path)
    empty = EOPatch(bbox=patch.bbox, timestamps=patch.timestamps)
    seconds = best_time(lambda: task(empty.copy()))
    limit_threads(None)
    ratio = seconds / best_time(plain.read_bytes)
    print(
        f"\ncompress={compress!s:8s} threads={threads or 'all'!s:4s} {plain.stat().st_size / seconds / 1e6:6.0f} MB/s, "
        f"{ratio:4.1f} x plain read"
    )


def test_folder_of_files(repository, best_time):
    """228 files of Landsat onto one grid, beside a loop over the same files that resamples each."""
    folder = repository.parent / "shared/data/gdalcubes_L8NY18/inst/L8NY18"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/gdalcubes_L8NY18")
    place = BBox((550000, 4480000, 640000, 4560000), CRS.UTM_18N)
    pattern = "{scene}/LC08_*_{date:%Y%m%d}_{band}.TIF"
    task = ImportFromFilesTask(BANDS, folder, pattern, size=(300, 300), file_no_data=0)

    def loop():
        for path in folder.glob("*/*.TIF"):
            image = np.zeros((300, 300), dtype=np.uint16)
            transform = Affine(300, 0, 550000, 0, -80000 / 300, 4560000)
            with rasterio.open(path) as source:
                reproject(
                    rasterio.band(source, 1),
                    image,
                    src_nodata=0,
                    dst_transform=transform,
                    dst_crs="EPSG:32618",
                    resampling=Resampling.bilinear,
                )

    seconds, slow = best_time(lambda: task(bbox=place), repeats=2), best_time(loop, repeats=2)
    print(f"\n228 files: {seconds:.2f} s, a loop over them {slow:.2f} s")
