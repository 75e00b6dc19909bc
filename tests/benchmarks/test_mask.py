"""How fast the kernels of eolearn.mask are, beside a plain copy of the arrays that they read and write."""

from __future__ import annotations

import numpy as np
import pytest

from eolearn.mask._kernels.fill import filled, is_any_of

pytestmark = pytest.mark.benchmark
SHAPE = (24, 256, 256, 10)


@pytest.mark.parametrize(("dtype", "values"), [(bool, [0]), (np.uint8, [3, 8, 9, 10])])
def test_filled(dtype, values, best_time, report_pixels):
    rng = np.random.default_rng(0)
    data = rng.random(SHAPE, dtype=np.float32)
    codes = np.repeat(np.repeat(rng.integers(0, 12, (24, 32, 32, 1)), 8, axis=1), 8, axis=2)
    mask = codes > 3 if dtype is bool else codes.astype(dtype)
    seconds = best_time(lambda: filled(data, mask, values, np.nan))
    report_pixels(f"filled, {len(values)} of {np.dtype(dtype)}", data.size, seconds, [data, mask])


def test_is_any_of(best_time, report_pixels):
    mask = np.random.default_rng(0).integers(0, 12, (24, 256, 256, 1)).astype(np.uint8)
    seconds = best_time(lambda: is_any_of(mask, [3, 8, 9, 10]))
    report_pixels("is_any_of, 4 values", mask.size, seconds, [mask])
