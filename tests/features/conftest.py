"""Real time series that lie beside the repository."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType


@pytest.fixture(scope="session")
def landsat_series(repository: Path) -> EOPatch:
    """423 dates of Landsat 4 to 8 over 30 years: near infrared of 300 pixels, and where Fmask sees land or water."""
    path = repository.parent / "shared/data/yatsm/p013r030_r50_n423_b8.npz"
    if not path.is_file():
        pytest.skip("needs the series in ../shared/data/yatsm")
    with np.load(path) as stored:
        values, ordinals = stored["Y"], stored["dates"]
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=[datetime.fromordinal(int(day)) for day in ordinals])
    patch[FeatureType.DATA, "NIR"] = values[3].reshape(423, 10, 30, 1)
    patch[FeatureType.MASK, "CLEAR"] = np.isin(values[7], (0, 1)).reshape(423, 10, 30, 1)
    return patch
