"""How fast clouds and snow are found, beside the package s2cloudless itself."""

from __future__ import annotations

import numpy as np
import pytest

from eolearn.mask._forest_model import read_forest
from eolearn.mask._kernels.snow import snow_and_unknown
from eolearn.mask.pixel_cloud_mask import cloud_probabilities

pytestmark = pytest.mark.benchmark


@pytest.mark.parametrize("valid_share", [1.0, 0.67])
@pytest.mark.parametrize("kind", ["noise", "smooth"])
def test_cloud_probabilities(kind, valid_share, best_time):
    s2cloudless = pytest.importorskip("s2cloudless")
    rng = np.random.default_rng(0)
    bands = 0.4 * rng.random((1, 192, 192, 10), dtype=np.float32)
    if kind == "smooth":
        bands = np.kron(bands[:, ::32, ::32], np.ones((1, 32, 32, 1), np.float32)) + 0.02 * bands
    valid = rng.random((1, 192, 192)) < valid_share
    detector = s2cloudless.S2PixelCloudDetector()
    forest = read_forest(detector.model_filename)
    seconds = best_time(lambda: cloud_probabilities(bands, valid, list(range(10)), forest), 3)
    package = best_time(lambda: detector.get_cloud_probability_maps(bands), 3)
    print(f"\n{kind}, {valid_share:.0%} valid: {seconds:.2f} s, s2cloudless {package:.2f} s, {package / seconds:.1f} x")


def test_snow(best_time, report_pixels):
    rows = np.random.default_rng(0).random((24 * 256, 256, 10), dtype=np.float32)
    settings = {"ndsi_threshold": 0.4, "brightness_threshold": 0.3, "undefined_value": 0.0}
    seconds = best_time(lambda: snow_and_unknown(rows, (2, 3, 7, 9), **settings))
    report_pixels("snow_and_unknown", 24 * 256 * 256, seconds, [rows])
