"""Patches of 10 x 10 metres; oracles are areas counted in pixels, and drawing the tables again."""

import datetime as dt
import pickle
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureError,
    FeatureMissing,
    SettingError,
    SettingTypeError,
    TimestampsMissing,
)
from eolearn.geometry.transformations import RasterToVectorTask, VectorToRasterTask

MASK = (FeatureType.MASK, "M", "V")
TIMELESS = (FeatureType.MASK_TIMELESS, "M", "V")
DAYS = [dt.datetime(2020, 1, day, 10, 30) for day in (1, 6)]
BBOX = BBox((0, 0, 10, 10), CRS.UTM_33N)


def patch(mask, **features):
    """A patch with a mask `M`, temporal where it has four axes."""
    if mask.ndim == 4:
        return EOPatch(bbox=BBOX, mask={"M": mask}, **{"timestamps": DAYS[: len(mask)], **features})
    return EOPatch(bbox=BBOX, mask_timeless={"M": mask}, **features)


def table_of(mask, **settings):
    feature, table_type = (MASK, FeatureType.VECTOR) if mask.ndim == 4 else (TIMELESS, FeatureType.VECTOR_TIMELESS)
    return RasterToVectorTask(feature, **settings)(patch(mask))[table_type, "V"]


HALVES = np.repeat(np.array([[1], [4]], dtype=np.uint8), 2, axis=1)[..., np.newaxis]  # the upper half 1, the lower 4


def test_areas_become_rows_in_the_crs_of_the_patch():
    table = table_of(HALVES)
    assert isinstance(table, gpd.GeoDataFrame)
    assert table.columns.tolist() == ["VALUE", "geometry"]
    assert table["VALUE"].tolist() == [1, 4]
    assert shapely.equals(table.geometry.to_numpy(), [shapely.box(0, 5, 10, 10), shapely.box(0, 0, 10, 5)]).all()
    assert table.crs == BBOX.crs.pyproj_crs()
    assert isinstance(table.index, pd.RangeIndex)


def test_dates_follow_each_other_and_bands_within_them():
    mask = np.zeros((2, 4, 4, 2), dtype=np.uint8)
    mask[0, ..., 1] = 2
    mask[1, ..., 0] = 3
    mask[1, ..., 1] = 5
    table = table_of(mask, values_column="CLASS")
    assert table.columns.tolist() == ["CLASS", "TIMESTAMP", "geometry"]
    assert table["CLASS"].tolist() == [0, 2, 3, 5]
    assert table["TIMESTAMP"].tolist() == [DAYS[0]] * 2 + [DAYS[1]] * 2
    assert table["TIMESTAMP"].dtype.kind == "M"


def test_column_is_float64_unless_told_otherwise():
    assert table_of(HALVES)["VALUE"].dtype == np.float64
    assert table_of(HALVES, raster_dtype=np.int16)["VALUE"].dtype == np.int16
    assert table_of(HALVES, raster_dtype="bool")["VALUE"].tolist() == [True]  # 1 and 4 became one area


@pytest.mark.parametrize("values", [4, [4], (4, 9), np.array([4]), iter([4])])
def test_values_choose_areas(values):
    task = RasterToVectorTask(TIMELESS, values=values)
    for _ in range(2):
        assert task(patch(HALVES)).vector_timeless["V"]["VALUE"].tolist() == [4]


@pytest.mark.parametrize("mask", [HALVES, np.stack([HALVES] * 2), np.zeros((0, 4, 4, 1), dtype=int)])
def test_nothing_to_outline_gives_an_empty_table_with_all_columns(mask):
    table = table_of(mask, values=[9], raster_dtype=np.int16)
    assert len(table) == 0
    assert table.columns.tolist() == ["VALUE", *(["TIMESTAMP"] if mask.ndim == 4 else []), "geometry"]
    assert table["VALUE"].dtype == np.int16
    assert table.crs == BBOX.crs.pyproj_crs()


def test_areas_reach_over_corners_where_told_so():
    mask = np.eye(4, dtype=np.int64)[..., np.newaxis]
    assert len(table_of(mask, values=1)) == 4
    assert table_of(mask, values=1, connectivity=8).geometry.geom_type.tolist() == ["MultiPolygon"]


def test_table_is_named_after_the_mask_unless_told_otherwise():
    eopatch = patch(HALVES)
    RasterToVectorTask(FeatureType.MASK_TIMELESS)(eopatch)
    assert list(eopatch.vector_timeless) == ["M"]


@given(
    hnp.arrays(
        st.sampled_from(["bool", "int8", "uint8", "int32", "uint32", "int64"]),
        st.tuples(st.integers(1, 2), st.integers(1, 6), st.integers(1, 6), st.just(1)),
        elements=st.integers(0, 1),
    ),
    st.sampled_from([4, 8]),
)
def test_table_drawn_again_gives_the_mask(mask, connectivity):
    eopatch = patch(mask)
    RasterToVectorTask(MASK, connectivity=connectivity)(eopatch)
    task = VectorToRasterTask(
        (FeatureType.VECTOR, "V"),
        (FeatureType.MASK, "DRAWN"),
        values_column="VALUE",
        raster_shape=MASK[:2],
        raster_dtype=mask.dtype,
    )
    np.testing.assert_array_equal(task(eopatch).mask["DRAWN"], mask, strict=True)


def test_identifiers_above_2_to_the_53_need_their_own_dtype():
    mask = np.full((2, 2, 1), 2**60 + 1)
    with pytest.raises(DataError, match=r"float64 can't hold, as \[1152921504606846977\].*raster_dtype='int64'"):
        table_of(mask)
    assert table_of(mask, raster_dtype=np.int64)["VALUE"].tolist() == [2**60 + 1]


def test_clouds_of_a_real_patch_are_outlined_as_they_were_by_1x(real_patch_path):
    eopatch = EOPatch.load(real_patch_path, features=[(FeatureType.MASK, "CLM"), FeatureType.VECTOR])
    RasterToVectorTask((FeatureType.MASK, "CLM", "V"), values=[1])(eopatch)
    ours, theirs = eopatch.vector["V"], eopatch.vector["CLM_VECTOR"]
    pixels = eopatch.mask["CLM"].sum() * eopatch.bbox.geometry.area / (101 * 100)
    assert ours.area.sum() == pytest.approx(pixels)
    assert sorted(ours["TIMESTAMP"].unique()) == sorted(theirs["TIMESTAMP"].unique())


# --- what is refused


def test_value_that_the_dtype_can_not_hold_is_refused():
    with pytest.raises(DataError, match=r"'M' must fit uint8, which can't hold \[300\]"):
        table_of(np.full((2, 2, 1), 300), raster_dtype=np.uint8)


def test_patch_without_bounding_box_is_refused():
    with pytest.warns(EODeprecationWarning):
        eopatch = EOPatch(mask_timeless={"M": HALVES})
    with pytest.raises(DataError, match="no bounding box"):
        RasterToVectorTask(TIMELESS)(eopatch)


def test_temporal_mask_needs_a_timestamp_for_each_date():
    mask = np.stack([HALVES] * 2)
    with warnings.catch_warnings(action="ignore"):
        without, with_one = patch(mask, timestamps=None), patch(mask, timestamps=DAYS[:1])
    with pytest.raises(TimestampsMissing):
        RasterToVectorTask(MASK)(without)
    with pytest.raises(DataError, match="2 dates, but the EOPatch has 1 timestamps"):
        RasterToVectorTask(MASK)(with_one)


def test_labels_are_no_images():
    eopatch = EOPatch(bbox=BBOX, label_timeless={"L": np.array([1, 2])})
    with pytest.raises(DataError, match="'L', of int64 and 1 axes, is no image"):
        RasterToVectorTask((FeatureType.LABEL_TIMELESS, "L"))(eopatch)


def test_only_discrete_features_can_be_outlined():
    with pytest.raises(FeatureError, match="mask_timeless"):
        RasterToVectorTask((FeatureType.DATA_TIMELESS, "M"))


def test_missing_mask_is_refused():
    with pytest.raises(FeatureMissing, match="'OTHER'"):
        RasterToVectorTask((FeatureType.MASK_TIMELESS, "OTHER"))(patch(HALVES))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"values": "maize"}, SettingError, "values must be a number"),
        ({"values": [None]}, SettingError, "values must be a number"),
        ({"raster_dtype": "U3"}, SettingError, "raster_dtype must be"),
        ({"connectivity": 6}, SettingError, "connectivity must be 4 or 8, got 6"),
        ({"values_column": "geometry"}, SettingError, "values_column can't be 'geometry'"),
        ({"transform": None}, SettingTypeError, r"no settings \['transform'\].*connectivity"),
    ],
)
def test_wrong_setting_is_refused(settings, error, message):
    with pytest.raises(error, match=message):
        RasterToVectorTask(TIMELESS, **settings)


def test_settings_are_attributes_and_survive_pickling():
    task = pickle.loads(pickle.dumps(RasterToVectorTask(TIMELESS, values=[1], values_column="CLASS", connectivity=8)))
    assert (task.values, task.values_column, task.raster_dtype) == ([1], "CLASS", None)
    assert task.rasterio_params == {"connectivity": 8}
    assert task(patch(HALVES)).vector_timeless["V"]["CLASS"].tolist() == [1]
