from __future__ import annotations

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_allclose

from eolearn.features._kernels.percentiles import percentiles

SERIES = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.one_of(st.floats(-1e4, 1e4), st.just(np.nan)),
)


@given(SERIES, st.lists(st.floats(0, 100), min_size=1, max_size=4))
def test_percentiles_equal_those_of_numpy(series, percents):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of series without values
        expected = np.nanpercentile(series, percents, axis=1).T
    assert_allclose(percentiles(np.sort(series, axis=1), percents), expected, rtol=1e-12, atol=1e-9)


def test_series_without_dates_have_no_percentiles():
    assert np.isnan(percentiles(np.zeros((3, 0)), [50, 90])).all()
