import sys
import warnings
from datetime import datetime

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import (
    DataError,
    FeatureError,
    MissingExtra,
    SettingError,
    TemporalDimensionWarning,
    TimestampsMissing,
)
from eolearn.ml_tools.tdigest import TDigestTask

DATA = (FeatureType.DATA, "BANDS")
TIMES = [datetime(2020, month, 15) for month in (1, 1, 3, 12)]
PERCENTILES = (0, 5, 25, 50, 75, 95, 100)
QUARTILES = (0, 25, 50, 75, 100)  # nearer to the ends of four values, the package extrapolates


def patch(shape=(4, 20, 15, 2), dtype=np.float32):
    values = np.random.default_rng(7).gamma(2, 1000, shape).astype(dtype)
    return EOPatch(bbox=BBox((0, 0, 15, 20), CRS.UTM_33N), timestamps=TIMES, data={"BANDS": values})


def digests(eopatch, out_type, mode="standard", **settings):
    return TDigestTask(DATA, (out_type, "DIGESTS"), mode, **settings)(eopatch)[out_type, "DIGESTS"]


def assert_quantiles_agree(digest, values):
    """The rank of each quantile lies within a cluster of its place: delta = 0.01 in the middle, less at the ends."""
    values = np.sort(values.ravel())
    assert digest.n == len(values)
    for percentile in PERCENTILES:
        found = digest.percentile(percentile)
        low, high = np.clip([percentile / 100 - 0.01, percentile / 100 + 0.01], 0, 1)
        assert np.quantile(values, low, method="hazen") - 1e-6 <= found
        assert found <= np.quantile(values, high, method="hazen") + 1e-6


def test_standard_mode_makes_a_digest_of_each_band():
    eopatch = patch()
    result = digests(eopatch, FeatureType.SCALAR_TIMELESS)
    assert (result.shape, result.dtype) == ((2,), object)
    for band in range(2):
        assert_quantiles_agree(result[band], eopatch[DATA][..., band])


def test_timewise_mode_makes_a_digest_of_each_date_and_band():
    eopatch = patch()
    result = digests(eopatch, FeatureType.SCALAR, "timewise")
    assert result.shape == (4, 2)
    for date, band in np.ndindex(4, 2):
        assert_quantiles_agree(result[date, band], eopatch[DATA][date, ..., band])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_monthly_mode_makes_a_digest_of_each_month_and_band():
    eopatch = patch()
    result = digests(eopatch, FeatureType.SCALAR, "monthly")
    assert result.shape == (12, 2)
    for month, dates in ((0, [0, 1]), (2, [2]), (11, [3])):
        for band in range(2):
            assert_quantiles_agree(result[month, band], eopatch[DATA][dates][..., band])
    assert [digest.n for digest in result[:, 0]] == [600, 0, 300, 0, 0, 0, 0, 0, 0, 0, 0, 300]


def test_monthly_mode_of_a_patch_of_other_than_twelve_dates_warns():
    with pytest.warns(TemporalDimensionWarning, match="12 dates"):
        digests(patch(), FeatureType.SCALAR, "monthly")


def test_total_mode_makes_a_single_digest():
    eopatch = patch()
    result = digests(eopatch, FeatureType.SCALAR_TIMELESS, "total")
    assert result.shape == (1,)
    assert_quantiles_agree(result[0], eopatch[DATA])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
@pytest.mark.parametrize(
    ("mode", "out_type", "shape"),
    [
        ("standard", FeatureType.DATA_TIMELESS, (3, 2, 2)),
        ("timewise", FeatureType.DATA, (4, 3, 2, 2)),
        ("monthly", FeatureType.DATA, (12, 3, 2, 2)),
    ],
)
def test_pixelwise_digests_of_few_values_have_numpys_quantiles(mode, out_type, shape):
    eopatch = patch((4, 3, 2, 2))
    result = digests(eopatch, out_type, mode, pixelwise=True)
    assert result.shape == shape
    data = eopatch[DATA].astype(float)
    parts = {"standard": [data], "timewise": data[:, np.newaxis], "monthly": [data[:2], None, data[2:3]]}[mode]
    for place, part in enumerate(parts):
        for row, column, band in np.ndindex(3, 2, 2):
            digest = (result if mode == "standard" else result[place])[row, column, band]
            if part is None:
                assert digest.n == 0
                continue
            expected = np.percentile(part[:, row, column, band], QUARTILES, method="hazen")
            np.testing.assert_allclose([digest.percentile(p) for p in QUARTILES], expected)


def test_function_as_mode_gets_all_it_may_need_and_its_answer_is_stored():
    eopatch = patch()
    asked = {}

    def first_band(*arguments):
        asked["arguments"] = arguments
        return np.array([arguments[0].max()], dtype=object)

    result = digests(eopatch, FeatureType.SCALAR_TIMELESS, first_band, pixelwise=True, filternan=True)
    array, *others = asked["arguments"]
    np.testing.assert_array_equal(array, eopatch[DATA])
    assert others == [TIMES, (4, 20, 15, 2), True, True]
    assert result.tolist() == [eopatch[DATA].max()]


def test_several_features_of_several_types_are_digested():
    eopatch = patch()
    eopatch[FeatureType.MASK_TIMELESS, "AREA"] = np.arange(300, dtype=np.uint16).reshape(20, 15, 1)
    out = [(FeatureType.SCALAR_TIMELESS, "A"), (FeatureType.SCALAR_TIMELESS, "B")]
    result = TDigestTask([DATA, (FeatureType.MASK_TIMELESS, "AREA")], out)(eopatch)
    assert_quantiles_agree(result[out[0]][1], eopatch[DATA][..., 1])
    assert_quantiles_agree(result[out[1]][0], np.arange(300))


def test_nan_is_left_out_on_request_and_else_refused():
    eopatch = patch()
    eopatch[DATA][0, :, :, 0] = np.nan
    before = eopatch[DATA].copy()
    result = digests(eopatch, FeatureType.SCALAR, "timewise", filternan=True)
    assert result[0, 0].n == 0
    assert_quantiles_agree(result[0, 1], before[0, ..., 1])
    np.testing.assert_array_equal(eopatch[DATA], before)
    with pytest.raises(DataError, match=r"BANDS.*300 of 1200.*filternan=True"):
        digests(eopatch, FeatureType.SCALAR_TIMELESS)


def test_infinite_values_are_refused():
    eopatch = patch()
    eopatch[DATA][0, 0, 0, 0] = np.inf
    with pytest.raises(DataError, match="infinite"):
        digests(eopatch, FeatureType.SCALAR_TIMELESS, filternan=True)


@pytest.mark.parametrize("mode", ["standard", "total"])
def test_patch_without_dates_gives_empty_digests(mode):
    eopatch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.UTM_33N), timestamps=[], data={"BANDS": np.zeros((0, 2, 2, 3))})
    result = digests(eopatch, FeatureType.SCALAR_TIMELESS, mode)
    assert {digest.n for digest in result} == {0}


def test_monthly_mode_needs_timestamps():
    eopatch = patch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eopatch.timestamps = None
        with pytest.raises(TimestampsMissing, match="monthly"):
            digests(eopatch, FeatureType.SCALAR, "monthly")


def test_digests_can_be_added_and_updated():
    eopatch = patch((4, 10, 8, 2))
    first, second = digests(eopatch, FeatureType.SCALAR_TIMELESS)
    both = first + second
    assert_quantiles_agree(first, eopatch[DATA][..., 0])
    assert both.n == 640
    first.update(-5.0)
    assert (first.n, first.percentile(0)) == (321, -5.0)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((DATA, (FeatureType.SCALAR_TIMELESS, "D"), "weekly"), SettingError, "standard, timewise, monthly, total"),
        ((DATA, (FeatureType.DATA_TIMELESS, "D"), "total", True), SettingError, "pixelwise"),
        ((DATA, (FeatureType.SCALAR, "D")), FeatureError, "scalar_timeless"),
        ((DATA, (FeatureType.SCALAR_TIMELESS, "D"), "timewise"), FeatureError, "scalar"),
        (((FeatureType.MASK_TIMELESS, "M"), (FeatureType.SCALAR, "D"), "timewise"), FeatureError, "data, mask"),
        (((FeatureType.VECTOR, "V"), (FeatureType.SCALAR, "D")), FeatureError, "VECTOR"),
        (([DATA, (FeatureType.DATA, "B")], (FeatureType.SCALAR_TIMELESS, "D")), SettingError, "2 and 1"),
    ],
)
def test_wrong_settings_are_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        TDigestTask(*arguments)


def test_missing_package_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "tdigest.tdigest", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-ml-tools\[tdigest\]'"):
        digests(patch(), FeatureType.SCALAR_TIMELESS)
