"""What drawing, outlining and filtering cost, beside a plain copy of the image and, for drawing, rasterio alone."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio import Affine
from rasterio.features import rasterize
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.geometry import VectorToRasterTask
from eolearn.geometry._kernels.burn import burn, burn_overlapped
from eolearn.geometry._kernels.morphology import eroded_labels, extremes, median
from eolearn.geometry._kernels.outlines import outlines
from eolearn.geometry.morphology import MorphologicalStructFactory

pytestmark = pytest.mark.benchmark
SIZE = 512
TRANSFORM = Affine(10, 0, 500000, 0, -10, 5105120)


def fields(count):
    """Round fields of 15 to 60 m, one of 8 crops on each, over a square of 5,120 m."""
    rng = np.random.default_rng(3)
    centres = shapely.points(500000 + rng.uniform(0, 5120, count), 5100000 + rng.uniform(0, 5120, count))
    shapes = shapely.buffer(centres, rng.uniform(15, 60, count), quad_segs=16)
    return shapes, rng.integers(1, 9, count).astype(np.uint8)


def report(name, count, seconds, copying):
    print(
        f"\n{name:36s} {1e3 * seconds:8.1f} ms {count / seconds / 1e3:8.1f} k shapes/s {seconds / copying:8.1f} x copy"
    )


@pytest.mark.parametrize("count", [400, 4000])
def test_burn(count, best_time):
    shapes, values = fields(count)
    image = np.zeros((SIZE, SIZE), dtype=np.uint8)
    copying = best_time(image.copy)
    pairs = list(zip(shapes, values.tolist(), strict=True))
    one_by_one = best_time(lambda: rasterize(pairs, image.shape, transform=TRANSFORM, dtype=np.uint8))
    report(f"rasterio, {count} geometries", count, one_by_one, copying)
    report(f"burn, {count}", count, best_time(lambda: burn(image, shapes, values, transform=TRANSFORM)), copying)
    settings = {"overlap_value": 99, "no_data_value": 0, "transform": TRANSFORM}
    seconds = best_time(lambda: burn_overlapped(image, shapes, values, **settings))
    report(f"burn_overlapped, {count}", count, seconds, copying)


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
@pytest.mark.filterwarnings("ignore:The vectors are in")
def test_task_over_one_of_a_hundred_patches(crs, best_time):
    """Most rows of a table lie elsewhere: the index of the table finds those of the patch."""
    shapes, values = fields(40_000)
    table = gpd.GeoDataFrame({"crop": values}, geometry=shapes, crs="EPSG:32633").to_crs(crs)
    feature = (FeatureType.MASK_TIMELESS, "CROP")
    task = VectorToRasterTask(table, feature, values_column="crop", raster_resolution=10)
    patch = EOPatch(bbox=BBox((502000, 5102000, 502512, 5102512), CRS.UTM_33N))
    seconds = best_time(lambda: task(patch))
    drawn = len(table.to_crs("EPSG:32633").cx[502000:502512, 5102000:5102512])
    print(f"\ntask, {drawn} of {len(table)} rows in {crs}: {1e3 * seconds:.1f} ms")


def smooth_labels(dtype):
    """A map of five labels, whose areas are some tens of pixels wide."""
    rough = np.random.default_rng(0).integers(0, 5, (SIZE // 16, SIZE // 16))
    return np.kron(rough, np.ones((16, 16))).astype(dtype)


@pytest.mark.parametrize("connectivity", [4, 8])
def test_outlines(connectivity, best_time):
    image = smooth_labels(np.uint8)
    image[::7, ::5] = 9  # specks
    shapes, _ = outlines(image, transform=TRANSFORM, connectivity=connectivity)
    seconds = best_time(lambda: outlines(image, transform=TRANSFORM, connectivity=connectivity))
    report(f"outlines, connectivity {connectivity}", len(shapes), seconds, best_time(image.copy))


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32"])
def test_morphology(dtype, best_time, report_pixels):
    image, element = smooth_labels(dtype), MorphologicalStructFactory.get_disk(5)
    for name, filtered in (
        ("opening", lambda: extremes(image, element, "least", "largest")),
        ("median", lambda: median(image, element)),
        ("erosion of labels", lambda: eroded_labels(image, element, labels=None, no_data_label=0)),
    ):
        report_pixels(f"{name}, {dtype}", image.size, best_time(filtered), [image, image])
