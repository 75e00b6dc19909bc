import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError, TimestampsMissing
from eolearn.geometry.zonal import ZonalStatisticsTask

DATES = [dt.datetime(2020, 5, day, 10) for day in (1, 6, 11)]
FIELDS, NDVI, BANDS = (FeatureType.VECTOR_TIMELESS, "FIELDS"), (FeatureType.DATA, "NDVI"), (FeatureType.DATA, "BANDS")
CLEAR, DEM = (FeatureType.MASK, "CLEAR"), (FeatureType.DATA_TIMELESS, "DEM")
BY_DATE, TIMELESS = (FeatureType.VECTOR, "OUT"), (FeatureType.VECTOR_TIMELESS, "OUT")


@pytest.fixture
def eopatch():
    """Of 4 x 4 pixels of 10 m, with fields of the upper half, of one and a half pixels below, and one elsewhere."""
    made = EOPatch(bbox=BBox((0, 0, 40, 40), CRS.UTM_33N), timestamps=DATES)
    made[NDVI] = np.arange(48, dtype=np.float32).reshape(3, 4, 4, 1)
    made[BANDS] = np.stack([np.full((3, 4, 4), band) for band in (1, 2)], axis=-1).astype(np.float32)
    made[DEM] = np.arange(16.0).reshape(4, 4, 1)
    made[CLEAR] = np.ones((3, 4, 4, 1), bool)
    shapes = [shapely.box(0, 20, 40, 40), shapely.box(0, 0, 15, 10), shapely.box(100, 0, 110, 10)]
    made[FIELDS] = gpd.GeoDataFrame({"field_id": [7, 8, 9]}, geometry=shapes, crs="EPSG:32633")
    return made


def table_of(eopatch, **settings):
    task = ZonalStatisticsTask(**{"polygons": FIELDS, "sources": [NDVI], "target": BY_DATE, **settings})
    return task(eopatch)[task.target]


def test_there_is_a_row_for_each_date_and_polygon_of_the_patch(eopatch):
    table = table_of(eopatch, statistics=["mean", "max"])
    assert list(table.columns) == ["field_id", "TIMESTAMP", "NDVI_mean", "NDVI_max", "geometry"]
    assert table.field_id.tolist() == [7, 8] * 3
    assert table.TIMESTAMP.tolist() == [pd.Timestamp(date) for date in DATES for _ in range(2)]
    # the upper half holds 0 to 7; the lower field 12, and half of 13
    np.testing.assert_allclose(table.NDVI_mean, [3.5, (12 + 6.5) / 1.5, 19.5, 16 + 18.5 / 1.5, 35.5, 32 + 18.5 / 1.5])
    assert table.NDVI_max.tolist() == [7, 13, 23, 29, 39, 45]
    assert table.crs == eopatch[FIELDS].crs
    assert table.geometry.iloc[0].equals(eopatch[FIELDS].geometry[0])


def test_pixels_that_are_not_valid_and_nan_are_left_out(eopatch):
    eopatch.mask["CLEAR"][0, :2, 1:] = False
    eopatch.data["NDVI"][1, :2] = np.nan
    table = table_of(eopatch, statistics=["mean", "count", "valid_share", "sum", "variety"], valid=CLEAR)
    upper = table[table.field_id == 7]
    np.testing.assert_allclose(upper.NDVI_mean, [2, np.nan, 35.5])  # 0 and 4 are left
    np.testing.assert_allclose(upper.NDVI_count, [2, 0, 8])
    np.testing.assert_allclose(upper.NDVI_valid_share, [0.25, 0, 1])
    np.testing.assert_allclose(upper.NDVI_sum, [4, 0, 8 * 35.5])
    np.testing.assert_allclose(upper.NDVI_variety, [2, 0, 8])


def test_valid_share_counts_what_lies_outside_of_the_patch_as_not_measured(eopatch):
    eopatch[FIELDS] = gpd.GeoDataFrame(geometry=[shapely.box(-30, 0, 10, 10)], crs="EPSG:32633")
    table = table_of(eopatch, statistics=["valid_share", "count"])
    np.testing.assert_allclose(table[["NDVI_valid_share", "NDVI_count"]], [[0.25, 1]] * 3)


def test_columns_of_bands_are_numbered_or_named(eopatch):
    assert "BANDS_1_mean" in table_of(eopatch, sources=[NDVI, BANDS])
    table = table_of(eopatch, sources=[NDVI, BANDS], band_names={BANDS: ["B04", "B08"]})
    assert (table.BANDS_B04_mean == 1).all()
    assert (table.BANDS_B08_mean == 2).all()
    with pytest.raises(DataError, match="2 bands"):
        table_of(eopatch, sources=[BANDS], band_names={BANDS: ["B04"]})


def test_images_without_dates_give_a_table_without_dates_or_are_repeated(eopatch):
    table = table_of(eopatch, sources=[DEM], target=TIMELESS)
    assert list(table.columns) == ["field_id", "DEM_mean", "geometry"]
    np.testing.assert_allclose(table.DEM_mean, [3.5, (12 + 6.5) / 1.5])
    repeated = table_of(eopatch, sources=[NDVI, DEM])
    np.testing.assert_allclose(repeated.DEM_mean, table.DEM_mean.tolist() * 3)


def test_polygons_with_times_are_measured_on_their_own_date_only(eopatch):
    table = eopatch[FIELDS].assign(TIMESTAMP=[DATES[2], DATES[0], DATES[1]])
    found = table_of(eopatch, polygons=table)
    assert found[["field_id", "TIMESTAMP"]].values.tolist() == [
        [8, pd.Timestamp(DATES[0])],
        [7, pd.Timestamp(DATES[2])],
    ]
    np.testing.assert_allclose(found.NDVI_mean, [18.5 / 1.5, 35.5])


def test_images_may_be_of_other_sizes(eopatch):
    eopatch.data["COARSE"] = np.full((3, 2, 2, 1), 5, np.float32)
    table = table_of(eopatch, sources=[NDVI, (FeatureType.DATA, "COARSE")], statistics=["count"])
    np.testing.assert_allclose(table.COARSE_count, table.NDVI_count / 4)


def test_patch_without_polygons_gives_an_empty_table_with_all_columns(eopatch):
    for polygons in (eopatch[FIELDS].iloc[:0], eopatch[FIELDS].iloc[2:]):
        table = table_of(eopatch, polygons=polygons)
        assert list(table.columns) == ["field_id", "TIMESTAMP", "NDVI_mean", "geometry"]
        assert len(table) == 0
        assert table.TIMESTAMP.dtype.kind == "M"


def test_nothing_that_was_there_changes(eopatch):
    before = eopatch.copy(deep=True)
    table_of(eopatch, statistics=["mean", "q25"], valid=CLEAR)
    del eopatch[BY_DATE]
    assert eopatch == before


def test_masks_that_do_not_fit_and_columns_that_are_there_are_refused(eopatch):
    eopatch.mask["CLEAR"] = np.ones((3, 2, 2, 1), bool)
    with pytest.raises(DataError, match="doesn't fit"):
        table_of(eopatch, valid=CLEAR)
    with pytest.raises(DataError, match="NDVI_mean.*twice"):
        table_of(eopatch, polygons=eopatch[FIELDS].assign(NDVI_mean=0))
    with pytest.raises(FeatureMissing):
        table_of(eopatch, sources=[(FeatureType.DATA, "NO")])
    timeless = eopatch.copy(features=[DEM, FIELDS], copy_timestamps=False)
    with pytest.raises(TimestampsMissing):
        table_of(timeless, sources=[DEM])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"statistics": ["medain"]}, "Did you mean median"),
        ({"statistics": ["q101"]}, "no statistic 'q101'"),
        ({"statistics": "mean"}, "must be a list"),
        ({"statistics": []}, "must be a list"),
        ({"statistics": ["mean", "mean"]}, "differ"),
        ({"sources": []}, "sources is empty"),
        ({"target": TIMELESS}, "has dates"),
        ({"sources": [DEM], "valid": CLEAR, "target": TIMELESS}, "has dates"),
    ],
)
def test_settings_that_can_not_work_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        ZonalStatisticsTask(**{"polygons": FIELDS, "sources": [NDVI], "target": BY_DATE, **settings})
