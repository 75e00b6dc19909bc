"""Made-up patches, and comparisons of features."""

import datetime as dt
import string

import geopandas as gpd
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import FeatureType
from eolearn.core.exceptions import EODeprecationWarning
from eolearn.core.utils import testing
from eolearn.core.utils.testing import PatchGeneratorConfig, assert_feature_data_equal, generate_eopatch

BANDS = (FeatureType.DATA, "BANDS")
CLOUDS = (FeatureType.MASK, "CLOUDS")


class TestConfig:
    def test_dates_are_evenly_spaced_with_both_ends(self):
        days = PatchGeneratorConfig(
            num_timestamps=3, timestamps_range=(dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 2))
        )
        assert days.timestamps == [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 1, 12), dt.datetime(2020, 1, 2)]

    @pytest.mark.parametrize("count", [0, 1])
    def test_there_may_be_one_date_or_none(self, count):
        assert PatchGeneratorConfig(num_timestamps=count).timestamps == [dt.datetime(2019, 1, 1)][:count]


class TestGeneratedPatches:
    def test_place_and_dates_have_defaults(self):
        patch = generate_eopatch()
        assert patch.bbox == testing.DEFAULT_BBOX == BBox((0, 0, 100, 100), CRS("EPSG:32633"))
        assert patch.timestamps == PatchGeneratorConfig().timestamps
        assert patch.get_features() == []

    def test_place_and_dates_can_be_given(self):
        box = BBox((1, 2, 3, 4), CRS.WGS84)
        patch = generate_eopatch([BANDS], bbox=box, timestamps=[])
        assert patch.bbox == box
        assert patch[BANDS].shape[:3] == (0, 98, 151)
        with pytest.warns(EODeprecationWarning):
            assert generate_eopatch(bbox=None).bbox is None

    def test_arrays_are_drawn_in_the_order_of_the_features_each_its_depth_first(self):
        patch = generate_eopatch([CLOUDS, BANDS, (FeatureType.SCALAR_TIMELESS, "MEAN")], seed=7)
        rng = np.random.default_rng(7)
        assert_array_equal(patch[CLOUDS], rng.integers(256, size=(5, 98, 151, rng.integers(1, 3))))
        assert_array_equal(patch[BANDS], rng.normal(size=(5, 98, 151, rng.integers(1, 3))))
        assert_array_equal(patch.scalar_timeless["MEAN"], rng.normal(size=rng.integers(1, 3)))

    def test_values_are_those_of_the_last_release(self):
        # of eo-learn 1.5.6: generate_eopatch([DATA a, META_INFO m, MASK b, SCALAR s, LABEL_TIMELESS l], seed=3)
        features = {
            FeatureType.DATA: ["a"],
            FeatureType.META_INFO: ["m"],
            FeatureType.MASK: ["b"],
            FeatureType.SCALAR: ["s"],
            FeatureType.LABEL_TIMELESS: ["l"],
        }
        patch = generate_eopatch(features, seed=3)
        assert patch.data["a"].shape == (5, 98, 151, 2)
        assert patch.data["a"].sum() == pytest.approx(263.06470829335217)
        assert patch.meta_info["m"] == "eRaqeVNzSeGLFRvDZZVT"
        assert patch.mask["b"].sum() == 9426898
        assert patch.scalar["s"].sum() == pytest.approx(-0.6226715641172786)
        assert patch.label_timeless["l"].tolist() == [122]

    @pytest.mark.parametrize("feature_type", [feature_type for feature_type in FeatureType if feature_type.is_array()])
    def test_every_type_of_array_fits_the_config(self, feature_type):
        config = PatchGeneratorConfig(num_timestamps=4, max_integer_value=3, raster_shape=(5, 6), depth_range=(7, 8))
        array = generate_eopatch([(feature_type, "x")], config=config)[feature_type, "x"]
        assert array.shape == (4,) * feature_type.is_temporal() + (5, 6) * feature_type.is_spatial() + (7,)
        assert array.dtype == (np.int64 if feature_type.is_discrete() else np.float64)
        if feature_type.is_discrete():
            assert set(array.ravel()) <= {0, 1, 2}

    def test_meta_information_is_a_text_of_letters(self):
        text = generate_eopatch((FeatureType.META_INFO, "x")).meta_info["x"]
        assert len(text) == 20
        assert set(text) <= set(string.ascii_letters)

    def test_the_seed_decides(self):
        assert generate_eopatch([BANDS], seed=1) == generate_eopatch([BANDS], seed=1)
        assert generate_eopatch([BANDS], seed=1) != generate_eopatch([BANDS], seed=2)

    def test_tables_and_unnamed_features_are_refused(self):
        with pytest.raises(ValueError, match="FIELDS"):
            generate_eopatch([(FeatureType.VECTOR, "FIELDS")])
        with pytest.raises(ValueError, match="DATA"):
            generate_eopatch(FeatureType.DATA)

    def test_the_module_has_no_other_late_names(self):
        with pytest.raises(AttributeError, match="NO_SUCH"):
            testing.NO_SUCH  # noqa: B018 - it is the access that raises


def table(number=1, crs=32633):
    return gpd.GeoDataFrame({"number": [number]}, geometry=[Point(0, 0)], crs=crs)


class TestComparison:
    @pytest.mark.parametrize(
        ("tested", "expected"),
        [
            (np.array([1, np.nan]), np.array([1, np.nan])),
            (np.ones(2), np.ones(2, dtype=int)),
            (table(), table()),
            (table(1), table(1.0)),
            (table(), table().set_index(np.array([0], dtype=np.int16))),
            (table(crs=4326), table(crs="OGC:CRS84")),
            (table(crs="ESRI:102013"), table(crs="ESRI:102013")),
            (table(crs=None), table(crs=None)),
            ({"a": [1]}, {"a": [1]}),
            ({"a": np.array([np.nan])}, {"a": np.array([np.nan])}),
            (np.ones(2), [1, 1]),
            (1, 1.0),
        ],
    )
    def test_equal_values_pass(self, tested, expected):
        assert_feature_data_equal(tested, expected)

    @pytest.mark.parametrize(
        ("tested", "expected"),
        [
            (np.array([1, np.nan]), np.array([1, 2])),
            (np.ones((1, 2)), np.ones(3)),
            (table(1), table(2)),
            (table(), table(crs=3857)),
            (table(), table(crs=None)),
            (table(crs="ESRI:102013"), table(crs="ESRI:102014")),
            (table(), "text"),
            ({"a": [1]}, {"a": [2]}),
        ],
    )
    def test_different_values_fail(self, tested, expected):
        with pytest.raises(AssertionError):
            assert_feature_data_equal(tested, expected)
