"""The founding example of the project: a time-lapse that jumps, and one that stands still."""

import argparse
import json
import sys
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_bounds
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox
from skimage.filters import sobel
from skimage.registration import phase_cross_correlation

from eolearn.core import EOPatch, FeatureType
from eolearn.io import SimulatedInputTask

SCRIPT = Path(__file__).resolve().parents[2] / "examples/time_lapse.py"
BANDS, SHIFTS = ["B02", "B03", "B04", "B08"], (FeatureType.SCALAR, "SHIFTS")
PLACE = BBox((460_000, 5_080_000, 461_600, 5_081_600), CRS.UTM_33N)


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import time_lapse

    return time_lapse


@pytest.fixture
def run(monkeypatch, tmp_path, example):
    """Return a function that runs the example, and returns its folder of results."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["time_lapse.py", "--output", str(tmp_path / "out"), *arguments])
        with mpl.rc_context({"backend": "agg"}):
            example.main()
        return tmp_path / "out"

    return run


def halves(path):
    """Return the frames of an animation, (half, time, height, width), without border, as grey values."""
    with Image.open(path) as animation:
        frames = []
        for position in range(animation.n_frames):
            animation.seek(position)
            frames.append(np.asarray(animation.convert("L"), np.float32))
    middle = np.stack(frames)
    width = middle.shape[2] // 2
    return np.stack([middle[:, 40:-40, 20 : width - 20], middle[:, 40:-40, width + 20 : -20]])


def jumps_px(frames):
    """Return how far each frame lies from the one before, by scikit-image, in pixels of the animation."""
    edges = [sobel(frame) for frame in frames]
    found = [
        phase_cross_correlation(first, second, upsample_factor=10, normalization=None)[0]
        for first, second in pairwise(edges)
    ]
    return np.linalg.norm(found, axis=1)


def errors_px(shifts_px, known_m):
    """Return how far shifts are from the known ones. Without a reference only differences are known."""
    rests = shifts_px - known_m * (1, -1) / 10
    return np.linalg.norm(rests - np.median(rests, axis=0), axis=1)


def test_simulated_place_stands_still_after_co_registration(run):
    folder = run("--from", "2018-06-15", "--to", "2018-07-31")
    table = pd.read_csv(folder / "shifts.csv")
    known = table[["known_east_m", "known_north_m"]].to_numpy()
    assert errors_px(np.zeros(known.shape), known).max() > 2
    assert errors_px(table[["shift_x_px", "shift_y_px"]].to_numpy(), known).max() < 0.1
    assert table.residual_after_px.median() < 0.1 < 1 < table.residual_before_px.median()
    for name in ("time_lapse.gif", "time_lapse.webp"):
        with Image.open(folder / name) as animation:
            assert animation.is_animated
            assert animation.n_frames == len(table)
            assert animation.size == (640, 320)
            assert animation.info["loop"] == 0
        before, after = map(jumps_px, halves(folder / name))
        assert np.median(before) > 2
        assert after.max() < 0.5  # a quarter of a pixel of the images


@pytest.mark.parametrize("has_classes", [True, False])
def test_dates_under_clouds_and_without_data_are_left_out(has_classes, example):
    hidden = np.zeros((4, 10, 10, 1), bool)
    hidden[1, :2], hidden[2, :1], hidden[3] = True, True, True  # the shares that are seen: 1, 0.8, 0.9, 0
    patch = EOPatch(bbox=PLACE, timestamps=[datetime(2018, 6, day) for day in (1, 2, 3, 4)])
    if has_classes:
        patch.mask["SCL"] = np.where(hidden, [[[[0]]], [[[8]]], [[[3]]], [[[0]]]], 4).astype(np.uint8)
    else:
        patch.mask["dataMask"], patch.mask["CLM"] = (
            ~hidden | (np.arange(4) < 3)[:, None, None, None],
            hidden.astype("u1"),
        )
    kept = example.clear_dates(patch, 0.9)
    assert [time.day for time in kept.timestamps] == [1, 3]
    np.testing.assert_array_equal(kept.mask["CLEAR"], ~hidden[[0, 2]])


def test_time_without_clear_dates_is_an_error_that_tells_the_way_out(run):
    with pytest.raises(ValueError, match=r"Of \d+ dates only \d+ are clear to 100%. Ask for a longer time"):
        run("--from", "2018-07-10", "--to", "2018-07-13", "--clear", "1")


def write_catalog(folder):
    """Write simulated images with shifts as a static catalogue of Sentinel-2 L2A, and return it with the shifts."""
    images = SimulatedInputTask(
        bands_feature=(FeatureType.DATA, "BANDS"), bands=BANDS, resolution=10, truth=[SHIFTS], misregistration_m=20,
        additional_data=[(FeatureType.MASK, "CLM")],
    )  # fmt: skip
    patch = images.execute(bbox=PLACE, time_interval=("2018-06-15", "2018-07-20"))
    links = []
    for time, bands, clouds in zip(patch.timestamps, patch.data["BANDS"], patch.mask["CLM"], strict=True):
        numbers = dict(zip(BANDS, np.moveaxis(1000 + 10_000 * bands, -1, 0).astype(np.uint16), strict=True))
        numbers["SCL"] = np.where(clouds[..., 0] == 0, 4, 9).astype(np.uint8)
        item = f"S2A_{time:%Y%m%d}"
        for band, values in numbers.items():
            write_image(folder / f"{item}_{band}.tif", values)
        (folder / f"{item}.json").write_text(json.dumps(item_of(item, time, numbers)))
        links.append({"rel": "item", "href": f"./{item}.json", "type": "application/geo+json"})
    catalog = {"type": "Catalog", "id": "test", "description": "a test", "stac_version": "1.0.0", "links": links}
    (folder / "catalog.json").write_text(json.dumps(catalog))
    return folder / "catalog.json", patch


def write_image(path, values):
    transform = from_bounds(*PLACE, *values.shape)
    with rasterio.open(path, "w", driver="GTiff", width=160, height=160, count=1, dtype=values.dtype,
                       crs="EPSG:32633", transform=transform, nodata=0) as file:  # fmt: skip
        file.write(values, 1)


def item_of(name, time, bands):
    west, south, east, north = box = transform_bounds("EPSG:32633", "EPSG:4326", *PLACE)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    properties = {"datetime": f"{time:%Y-%m-%dT%H:%M:%SZ}", "eo:cloud_cover": 10, "s2:processing_baseline": "05.10"}
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "links": [], "collection": "sentinel-2-l2a",
        "geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": box, "properties": properties,
        "assets": {band: {"href": f"{name}_{band}.tif", "type": "image/tiff", "roles": ["data"]} for band in bands},
    }  # fmt: skip


def test_place_of_a_stac_catalogue_stands_still(run, tmp_path):
    catalog, patch = write_catalog(tmp_path)
    west, south, east, north = PLACE.transform(CRS.WGS84)
    inside = [str(value) for value in (west + 0.001, south + 0.001, east - 0.001, north - 0.001)]
    folder = run(
        "--source", "stac", "--catalog", str(catalog), "--bbox", *inside, "--from", "2018-06-01", "--to", "2018-07-31"
    )
    table = pd.read_csv(folder / "shifts.csv", parse_dates=["time"])
    known = {f"{time:%Y-%m-%d}": shift for time, shift in zip(patch.timestamps, patch[SHIFTS], strict=True)}
    known_m = np.array([known[f"{time:%Y-%m-%d}"] for time in table.time])
    assert len(table) > 3
    assert errors_px(table[["shift_x_px", "shift_y_px"]].to_numpy(), known_m).max() < 0.1
    before, after = map(jumps_px, halves(folder / "time_lapse.webp"))
    assert np.median(before) > 2
    assert after.max() < 0.5


def test_sentinel_hub_is_asked_for_what_the_example_needs(example):
    task = example.images_of(argparse.Namespace(source="sentinelhub", resolution=10))
    assert [band.name for band in task.requested_bands] == BANDS
    assert [band.name for band in task.requested_additional_bands] == ["SCL"]
