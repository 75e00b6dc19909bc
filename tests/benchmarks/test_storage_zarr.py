"""What Zarr arrays cost: which compressor to choose, some of the dates, a window of a large image.

The compressor is Blosc with bit shuffle and lz4 at level 1. On two processors (an AMD EPYC, November 2026, 136 MB of
uint16) it wrote in 75 ms and read in 43 ms, with 93 MB on the disk. lz4 at level 5: 83 and 45 ms, 91 MB; zstd at level
1: 140 and 70 ms, 93 MB; at level 5: 640 and 130 ms, 84 MB; lz4 at level 1 with the plain shuffle: 88 and 50 ms, 99 MB.
A checksum of each chunk (crc32c) cost another 10 to 25 ms for reading.
"""

from pathlib import Path

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.storage import zarr_layout
from eolearn.core.storage.array_part import ArrayPart
from eolearn.core.storage.zarr_arrays import StoredArray
from eolearn.core.storage.zarr_writing import write_array
from eolearn.core.utils.fs import get_filesystem

pytestmark = pytest.mark.benchmark
BANDS = (FeatureType.DATA, "BANDS")


@pytest.fixture(scope="module")
def bands():
    """Return 20 dates of 13 bands with relief and noise, 136 MB of uint16."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:512, 0:512] / 512
    relief = 0.5 + 0.25 * np.sin(9 * rows) * np.cos(7 * columns) + 0.15 * rng.random((512, 512))
    levels = np.multiply.outer(np.linspace(0.3, 1, 20), np.linspace(0.2, 1, 13))[:, np.newaxis, np.newaxis]
    return (4000 * relief[..., np.newaxis] * levels + 100 * rng.random((20, 512, 512, 13))).astype(np.uint16)


@pytest.mark.parametrize("shuffle", ["bitshuffle", "shuffle"])
@pytest.mark.parametrize(("name", "level"), [("lz4", 1), ("lz4", 5), ("lz4", 9), ("zstd", 1), ("zstd", 3), ("zstd", 5)])
def test_compressors(bands, tmp_path, best_time, monkeypatch, name, level, shuffle):
    monkeypatch.setattr(
        zarr_layout, "_COMPRESSOR", {"cname": name, "clevel": level, "shuffle": shuffle, "blocksize": 0}
    )
    folders = iter(Path(tmp_path, f"{number}.zarr") for number in range(9))
    writing = best_time(lambda: write_array(next(folders), bands), repeats=3)
    array = StoredArray(get_filesystem(tmp_path), "0.zarr")
    reading = best_time(lambda: array.read(ArrayPart()), repeats=3)
    two_dates = best_time(lambda: array.read(ArrayPart(dates=[4, 15])), repeats=3)
    size = sum(path.stat().st_size for path in (tmp_path / "0.zarr").rglob("*") if path.is_file())
    print(
        f"\n{name} {level} {shuffle:10s} write {writing * 1e3:6.1f} ms, read {reading * 1e3:6.1f} ms, two dates "
        f"{two_dates * 1e3:5.1f} ms, {size / 1e6:.1f} MB"
    )


def test_formats(bands, tmp_path, best_time):
    days = np.arange("2026-01-01", "2026-01-21", dtype="datetime64[D]").tolist()
    patch = EOPatch(bbox=BBox((500000, 5100000, 505120, 5105120), CRS.UTM_33N), timestamps=days, data={"BANDS": bands})
    for use_zarr in (True, False):
        settings = {"use_zarr": use_zarr, "overwrite_permission": "OVERWRITE_FEATURES"}
        saving = best_time(lambda: patch.save(tmp_path, **settings), repeats=3)  # noqa: B023 - called at once
        loading = best_time(lambda: EOPatch.load(tmp_path), repeats=3)
        print(f"\n{'zarr' if use_zarr else 'npy.gz':6s} save {saving * 1e3:6.1f} ms, load {loading * 1e3:6.1f} ms")


def test_window_of_a_whole_tile_of_sentinel_2(tmp_path, best_time):
    """One percent of 2 dates of 4 bands of 10,980 x 10,980 pixels, 1.9 GB."""
    scene = np.random.default_rng(0).integers(2000, 2400, (1, 1220, 1220, 4), dtype=np.uint16)
    place = BBox((500000, 5000000, 609800, 5109800), CRS.UTM_33N)
    patch = EOPatch(bbox=place, timestamps=["2026-05-01", "2026-05-11"], data={"BANDS": np.tile(scene, (2, 9, 9, 1))})
    patch.save(tmp_path, use_zarr=True)
    window = BBox((540000, 5040000, 550980, 5050980), CRS.UTM_33N)
    whole = best_time(lambda: EOPatch.load(tmp_path), repeats=3)
    part = best_time(lambda: EOPatch.load(tmp_path, window=window))
    print(f"\nwhole {whole * 1e3:.0f} ms, window of 1 % {part * 1e3:.1f} ms: {part / whole:.1%}")
