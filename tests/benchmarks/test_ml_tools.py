"""What sampling and predicting cost, beside plain copies of what is read and written, and the bare model."""

from __future__ import annotations

import numpy as np
import pytest
from sentinelhub import CRS, BBox
from sklearn.linear_model import LinearRegression

from eolearn.core import EOPatch, FeatureType
from eolearn.ml_tools import PredictionTask, sample_by_values
from eolearn.ml_tools._kernels.columns import pixel_columns
from eolearn.ml_tools._kernels.designs import far_apart
from eolearn.ml_tools._kernels.samples import take_grid, take_samples

pytestmark = pytest.mark.benchmark
SHAPE = (24, 512, 512, 10)


def bands():
    return np.random.default_rng(0).random(SHAPE, dtype=np.float32)


def report(name, seconds, reference_name, reference):
    print(f"\n{name:44s} {1e3 * seconds:8.1f} ms {seconds / reference:7.2f} x {reference_name}")


def test_take_samples(best_time):
    data = bands()
    flat = np.random.default_rng(1).choice(512 * 512, 26_214, replace=False)
    rows, columns = (part[:, np.newaxis] for part in np.divmod(flat, 512))
    samples = take_samples(data, rows, columns)
    copying = best_time(samples.copy)
    report("take_samples, 10 % of the pixels", best_time(lambda: take_samples(data, rows, columns)), "copy", copying)
    report("indexing with rows and columns", best_time(lambda: data[..., rows, columns, :]), "copy", copying)


def test_take_grid(best_time):
    data = bands()
    report(
        "take_grid, all in blocks of 32 x 32",
        best_time(lambda: take_grid(data, (32, 32), (32, 32))),
        "copy",
        best_time(data.copy),
    )


def test_far_apart(best_time):
    candidates = np.arange(512 * 512)
    seconds = best_time(lambda: far_apart(candidates, (512, 512), 5000, 5, np.random.default_rng(0)))
    reference = best_time(lambda: np.random.default_rng(0).permutation(candidates))
    report("far_apart, 5,000 of 512 x 512 pixels", seconds, "permutation", reference)


@pytest.mark.parametrize("values", [6, 1000])
def test_sample_by_values(values, best_time):
    image = np.random.default_rng(0).integers(0, values, (512, 512)).astype(np.uint16)
    wanted = dict.fromkeys(range(values), 20)
    copying = best_time(image.copy)
    seconds = best_time(lambda: sample_by_values(image, wanted, np.random.default_rng(1)))
    report(f"sample_by_values, {values} values", seconds, "copy", copying)


def test_pixel_columns(best_time):
    data = bands()
    copying = best_time(data.copy)
    report("pixel_columns, all rows", best_time(lambda: pixel_columns([data], 0, 512)), "copy", copying)
    blocks = range(0, 512, 64)
    seconds = best_time(lambda: [pixel_columns([data], start, start + 64) for start in blocks])
    report("pixel_columns, blocks of 64 rows", seconds, "copy", copying)


@pytest.mark.parametrize("share", [1, 0.3])
def test_prediction_task(share, best_time):
    rng = np.random.default_rng(0)
    patch = EOPatch(bbox=BBox((500000, 5100000, 505120, 5105120), CRS.UTM_33N), timestamps=["2025-01-01"] * 24)
    patch[FeatureType.DATA, "BANDS"] = bands()
    patch[FeatureType.MASK_TIMELESS, "VALID"] = rng.random((512, 512, 1)) < share
    model = LinearRegression().fit(rng.random((300, 240)), np.arange(300))
    task = PredictionTask(
        model,
        (FeatureType.DATA, "BANDS"),
        (FeatureType.DATA_TIMELESS, "MAP"),
        valid_mask=(FeatureType.MASK_TIMELESS, "VALID"),
    )
    table = pixel_columns([patch[FeatureType.DATA, "BANDS"]], 0, 512)[patch[FeatureType.MASK_TIMELESS, "VALID"].ravel()]
    bare = best_time(lambda: model.predict(table), repeats=3)
    seconds = best_time(lambda: task(patch), repeats=3)
    report(f"PredictionTask, {share:.0%} of the pixels valid", seconds, "model.predict of all at once", bare)
