from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.mask._kernels.snow import snow_and_unknown


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("undefined", [0, 1])
def test_snow_follows_the_formula_pixel_by_pixel(dtype, undefined):
    rows = np.random.default_rng(0).random((40, 30, 5)).astype(dtype)
    rows[0, :, :] = 0
    rows[1, :10, 0], rows[1, 10:20, 1] = np.nan, np.inf
    positions = (3, 1, 0, 4)
    with np.errstate(all="ignore"):
        green, red, nir, swir = (rows[..., place] for place in positions)
        ndsi, ndvi = (green - swir) / (green + swir), (nir - red) / (nir + red)
    unknown = ~(np.isfinite(ndsi) & np.isfinite(ndvi))
    ndsi[~np.isfinite(ndsi)] = undefined
    ndvi[~np.isfinite(ndvi)] = undefined
    expected = ((ndsi >= 0.4) | (np.abs(ndvi - 0.1) < 0.05)) & (green >= 0.3)
    snow, found_unknown = snow_and_unknown(
        rows, positions, ndsi_threshold=0.4, brightness_threshold=0.3, undefined_value=undefined
    )
    assert_array_equal(snow, expected)
    assert_array_equal(found_unknown, unknown)
