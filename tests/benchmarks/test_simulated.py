"""How long the simulated scene takes, beside drawing normal noise of its shape: at most ten times is the aim."""

from __future__ import annotations

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.io import SimulatedInputTask

pytestmark = pytest.mark.benchmark
DATES, SIDE, BANDS = 24, 256, 13
BOX = BBox((460_000, 5_080_000, 460_000 + 10 * SIDE, 5_080_000 + 10 * SIDE), CRS.UTM_33N)


def test_a_year_of_images(best_time):
    feature = (FeatureType.DATA, "BANDS")
    dates = SimulatedInputTask(resolution=640).execute(bbox=BOX, time_interval=("2018-03-01", "2018-10-31")).timestamps
    task = SimulatedInputTask(bands_feature=feature, resolution=10)

    def images():
        return task.execute(EOPatch(bbox=BOX, timestamps=dates[:DATES]))

    assert images()[feature].shape == (DATES, SIDE, SIDE, BANDS)
    seconds = best_time(images, 3)
    drawing = best_time(lambda: np.random.default_rng(0).standard_normal((DATES, SIDE, SIDE, BANDS)), 3)
    print(f"\nSimulatedInputTask, 24 x 256 x 256 x 13 {seconds:9.2f} s {seconds / drawing:7.1f} x drawing normal noise")
