"""The EOPatch: its place and time, its features, its copies and parts."""

import copy
import datetime as dt
import pickle
import warnings

import geopandas as gpd
import numpy as np
import pytest
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EODeprecationWarning, EOLearnError, TemporalDimensionWarning

BOX = BBox((500000, 5100000, 500100, 5100080), CRS.UTM_33N)
DAYS = [dt.datetime(2017, 6, day) for day in (1, 11, 21)]


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BOX, timestamps=DAYS)
    patch.data["BANDS"] = np.arange(3 * 4 * 5 * 2, dtype=np.float32).reshape(3, 4, 5, 2)
    patch.mask["CLM"] = np.zeros((3, 4, 5, 1), dtype=bool)
    patch.scalar_timeless["MEAN"] = np.array([1.5, np.nan])
    patch.vector["CLOUDS"] = gpd.GeoDataFrame(
        {"TIMESTAMP": [DAYS[0], DAYS[2], DAYS[2]]}, geometry=[Point(i, i) for i in range(3)], index=[7, 8, 9], crs=32633
    )
    patch.meta_info["origin"] = {"sensor": "S2"}
    return patch


class TestPlaceAndTime:
    def test_a_patch_without_a_place_is_deprecated(self):
        with pytest.warns(EODeprecationWarning, match="bounding box"):
            patch = EOPatch()
        with pytest.warns(EODeprecationWarning, match="bounding box"):
            patch.bbox = None

    @pytest.mark.parametrize("bad", [(0, 0, 1, 1), "box", 5])
    def test_the_place_must_be_a_bbox(self, bad):
        with pytest.raises(TypeError, match="BBox") as caught:
            EOPatch(bbox=bad)
        assert isinstance(caught.value, EOLearnError)

    def test_no_timestamps_and_no_dates_are_different(self):
        assert EOPatch(bbox=BOX).timestamps is None
        assert EOPatch(bbox=BOX, timestamps=[]).timestamps == []
        assert EOPatch(bbox=BOX) != EOPatch(bbox=BOX, timestamps=[])

    def test_timestamps_are_a_new_list(self):
        days = list(DAYS)
        patch = EOPatch(bbox=BOX, timestamps=days)
        days.clear()
        assert patch.timestamps == DAYS
        assert EOPatch(bbox=BOX, timestamps=tuple(DAYS)).timestamps == DAYS

    def test_get_timestamps_raises_where_there_are_none(self):
        assert EOPatch(bbox=BOX, timestamps=DAYS).get_timestamps() == DAYS
        with pytest.raises(RuntimeError, match="does not contain timestamps") as caught:
            EOPatch(bbox=BOX).get_timestamps()
        assert isinstance(caught.value, EOLearnError)
        with pytest.raises(RuntimeError, match="indices need dates"):
            EOPatch(bbox=BOX).get_timestamps("indices need dates")

    def test_the_old_name_of_timestamps_works_with_a_warning(self):
        patch = EOPatch(bbox=BOX)
        with pytest.warns(EODeprecationWarning, match="timestamps"):
            patch.timestamp = DAYS
        with pytest.warns(EODeprecationWarning, match="timestamps"):
            assert patch.timestamp == DAYS

    def test_time_series_counts_from_the_first_date(self):
        patch = EOPatch(bbox=BOX, timestamps=DAYS)
        assert patch.get_time_series(scale_time=86400).tolist() == [0, 10, 20]
        assert patch.get_time_series(dt.datetime(2017, 5, 31), scale_time=86400).tolist() == [1, 11, 21]
        assert EOPatch(bbox=BOX, timestamps=[]).get_time_series() is None


class TestFeatures:
    def test_features_are_reached_in_several_ways(self, patch):
        bands = patch.data["BANDS"]
        assert patch[FeatureType.DATA, "BANDS"] is bands
        assert patch["data", "BANDS"] is bands
        assert patch[FeatureType.DATA] is patch.data
        assert patch["data"] is patch.data
        assert patch[FeatureType.DATA, ...] is patch.data
        assert patch[FeatureType.DATA, None] is patch.data

    @pytest.mark.parametrize("key", ["xx", 5, (FeatureType.DATA, "a", "b"), (FeatureType.DATA,), None])
    def test_other_keys_are_refused(self, patch, key):
        with pytest.raises(ValueError, match="FeatureType"):
            patch[key]

    def test_membership_is_of_types_and_of_features(self, patch):
        assert FeatureType.DATA in patch
        assert FeatureType.LABEL not in patch
        assert (FeatureType.DATA, "BANDS") in patch
        assert (FeatureType.DATA, "other") not in patch
        assert (FeatureType.DATA, ...) not in patch
        for key in ("data", (FeatureType.DATA, "a", "b"), 5):
            with pytest.raises(ValueError, match="FeatureType"):
                key in patch  # noqa: B015

    def test_place_and_time_are_reached_by_their_old_types_with_a_warning(self, patch):
        with pytest.warns(EODeprecationWarning):
            assert patch["bbox"] is patch.bbox
        with pytest.warns(EODeprecationWarning):
            assert patch[FeatureType.TIMESTAMPS] is patch.timestamps
        with pytest.warns(EODeprecationWarning):
            assert FeatureType.BBOX in patch
        with pytest.warns(EODeprecationWarning), pytest.raises(TypeError):
            del patch["bbox"]

    def test_features_are_deleted_alone_or_by_type(self, patch):
        del patch[FeatureType.DATA, "BANDS"]
        assert FeatureType.DATA not in patch
        with pytest.raises(KeyError, match="BANDS"):
            del patch[FeatureType.DATA, "BANDS"]
        del patch[FeatureType.MASK]
        assert FeatureType.MASK not in patch

    def test_a_dictionary_given_for_a_type_is_checked_and_copied(self, patch):
        values = {"A": np.zeros(2), "B": np.zeros(3)}
        patch.scalar_timeless = values
        values.clear()
        assert list(patch.scalar_timeless) == ["A", "B"]
        with pytest.raises(ValueError, match="axes"):
            patch.scalar_timeless = {"A": np.zeros((1, 2))}
        for bad in ([], None, "text"):
            with pytest.raises(TypeError, match="dictionary"):
                patch.scalar_timeless = bad

    def test_features_are_listed_by_type_and_then_as_added(self, patch):
        patch.data["A"] = patch.data["BANDS"]
        assert patch.get_features() == [
            (FeatureType.DATA, "BANDS"),
            (FeatureType.DATA, "A"),
            (FeatureType.MASK, "CLM"),
            (FeatureType.VECTOR, "CLOUDS"),
            (FeatureType.SCALAR_TIMELESS, "MEAN"),
            (FeatureType.META_INFO, "origin"),
        ]

    def test_height_and_width_are_those_of_an_image(self, patch):
        assert patch.get_spatial_dimension(FeatureType.DATA, "BANDS") == (4, 5)
        patch.mask_timeless["M"] = np.zeros((6, 7, 1), dtype=np.uint8)
        assert patch.get_spatial_dimension(FeatureType.MASK_TIMELESS, "M") == (6, 7)
        with pytest.raises(ValueError, match="not images"):
            patch.get_spatial_dimension(FeatureType.SCALAR_TIMELESS, "MEAN")
        with pytest.raises(KeyError, match="other"):
            patch.get_spatial_dimension(FeatureType.DATA, "other")

    def test_equality_goes_all_the_way_down(self, patch):
        other = patch.copy(deep=True)
        assert patch == other
        other.data["BANDS"][0, 0, 0, 0] = -1
        assert patch != other
        assert patch != "patch"
        with pytest.raises(TypeError, match="unhashable"):
            hash(patch)

    def test_text_and_object_arrays_can_be_compared(self):
        first = EOPatch(bbox=BOX, scalar_timeless={"A": np.array(["a", "b"]), "B": np.array([CRS.WGS84], dtype=object)})
        assert first == first.copy(deep=True)

    def test_a_patch_travels_between_processes(self, patch):
        assert pickle.loads(pickle.dumps(patch)) == patch


class TestCopies:
    def test_a_shallow_copy_shares_data_and_no_containers(self, patch):
        other = patch.copy()
        assert other == patch
        assert other.data["BANDS"] is patch.data["BANDS"]
        assert other.bbox is not patch.bbox
        other.data["NEW"] = other.data["BANDS"]
        other.timestamps.append(dt.datetime(2020, 1, 1))
        assert "NEW" not in patch.data
        assert patch.timestamps == DAYS

    def test_a_deep_copy_shares_nothing(self, patch):
        other = patch.copy(deep=True)
        assert other == patch
        assert not np.shares_memory(other.data["BANDS"], patch.data["BANDS"])
        other.meta_info["origin"]["sensor"] = "L8"
        assert patch.meta_info["origin"]["sensor"] == "S2"

    def test_the_copy_module_works(self, patch):
        assert copy.copy(patch).data["BANDS"] is patch.data["BANDS"]
        assert copy.deepcopy(patch) == patch
        assert copy.deepcopy([patch, patch])[0] == patch
        assert patch.__copy__() == patch.__deepcopy__() == patch

    def test_chosen_features_are_copied(self, patch):
        other = patch.copy(features=[(FeatureType.DATA, "BANDS", "RENAMED"), FeatureType.META_INFO])
        assert other.get_features() == [(FeatureType.DATA, "BANDS"), (FeatureType.META_INFO, "origin")]
        with pytest.raises(ValueError, match="other"):
            patch.copy(features=[(FeatureType.DATA, "other")])

    @pytest.mark.parametrize("features", [[], {}, ...])
    def test_no_choice_is_all(self, patch, features):
        assert patch.copy(features=features) == patch

    @pytest.mark.parametrize(
        ("features", "copy_timestamps", "expected"),
        [
            (..., "auto", DAYS),
            ([FeatureType.META_INFO], "auto", None),
            ([FeatureType.MASK], "auto", DAYS),
            ([FeatureType.SCALAR], "auto", None),  # there is none of this type
            ([FeatureType.META_INFO], True, DAYS),
            ([FeatureType.META_INFO], False, None),
        ],
    )
    def test_timestamps_go_with_features_that_have_dates(self, patch, features, copy_timestamps, expected):
        assert patch.copy(features=features, copy_timestamps=copy_timestamps).timestamps == expected
        assert patch.copy(features=features, copy_timestamps=copy_timestamps, deep=True).timestamps == expected

    def test_dates_left_behind_by_their_features_are_warned_of(self, patch):
        with pytest.warns(TemporalDimensionWarning, match="BANDS"):
            patch.copy(features=[FeatureType.DATA], copy_timestamps=False)

    def test_new_features_of_a_copy_are_compared_with_its_own_timestamps(self, patch):
        other = patch.copy()
        with pytest.warns(TemporalDimensionWarning):
            patch.timestamps = DAYS[:1]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            other.data["NEW"] = np.zeros((3, 1, 1, 1))


class TestTemporalSubset:
    def test_arrays_tables_and_timestamps_are_cut_alike(self, patch):
        subset = patch.temporal_subset([2, 0])
        assert subset.timestamps == [DAYS[0], DAYS[2]]
        assert np.array_equal(subset.data["BANDS"], patch.data["BANDS"][[0, 2]])
        assert subset.vector["CLOUDS"].index.tolist() == [7, 8, 9]
        assert patch.temporal_subset([DAYS[2]]).vector["CLOUDS"].index.tolist() == [8, 9]
        assert subset.scalar_timeless["MEAN"] is patch.scalar_timeless["MEAN"]
        assert subset.meta_info["origin"] is patch.meta_info["origin"]

    def test_no_dates_leave_an_empty_patch(self, patch):
        subset = patch.temporal_subset([])
        assert subset.timestamps == []
        assert subset.data["BANDS"].shape == (0, 4, 5, 2)
        assert subset.vector["CLOUDS"].empty

    def test_the_original_stays_as_it_was(self, patch):
        before = patch.copy(deep=True)
        subset = patch.temporal_subset([1])
        subset.data["BANDS"][:] = 0
        assert patch == before

    def test_a_patch_without_timestamps_is_refused(self):
        with pytest.raises(RuntimeError, match="timestamps"):
            EOPatch(bbox=BOX).temporal_subset([0])

    def test_an_array_with_another_number_of_dates_is_refused_by_name(self, patch):
        with pytest.warns(TemporalDimensionWarning):
            patch.scalar["SHORT"] = np.zeros((2, 1))
        with pytest.raises(ValueError, match=r"'SHORT' of shape \(2, 1\).*3 timestamps"):
            patch.temporal_subset([0])

    def test_consolidate_timestamps_works_in_place_and_is_deprecated(self, patch):
        with pytest.warns(EODeprecationWarning):
            removed = patch.consolidate_timestamps([DAYS[1], dt.datetime(1999, 1, 1)])
        assert removed == {DAYS[0], DAYS[2]}
        assert patch.timestamps == [DAYS[1]]
        assert patch.data["BANDS"].shape == (1, 4, 5, 2)
        assert len(patch.vector["CLOUDS"]) == 3


class TestOtherFloors:
    def test_merging_by_plus_and_by_method_is_deprecated(self, patch):
        patch.vector["CLOUDS"] = patch.vector["CLOUDS"].reset_index(drop=True)  # merged tables get a new index
        with pytest.warns(EODeprecationWarning):
            assert (patch + patch) == patch
        with pytest.warns(EODeprecationWarning):
            assert patch.merge(patch) == patch

    def test_plotting_without_the_extra_says_how_to_get_it(self, patch):
        pytest.importorskip("eolearn.core")
        try:
            import eolearn.visualization  # noqa: F401
        except ImportError:
            with pytest.raises(RuntimeError, match=r"eo-learn\[VISUALIZATION\]"):
                patch.plot((FeatureType.DATA, "BANDS"))
        else:
            pytest.skip("eolearn.visualization is installed")

    def test_a_patch_is_saved_and_loaded(self, patch, tmp_path):
        patch.vector["CLOUDS"] = patch.vector["CLOUDS"].reset_index(drop=True)  # an index is not saved
        patch.save(tmp_path / "patch")
        assert EOPatch.load(tmp_path / "patch") == patch
        lazy = EOPatch.load(str(tmp_path / "patch"), lazy_loading=True)
        assert not isinstance(lazy.data._get_unloaded("BANDS"), np.ndarray)
        assert lazy == patch

    def test_a_lazy_copy_shares_what_is_loaded_once(self, patch, tmp_path):
        patch.save(tmp_path / "patch")
        lazy = EOPatch.load(tmp_path / "patch", lazy_loading=True)
        other, deep = lazy.copy(), lazy.copy(deep=True)
        assert other.data["BANDS"] is lazy.data["BANDS"]
        assert not isinstance(deep.data._get_unloaded("BANDS"), np.ndarray)
        assert deep.data["BANDS"] is not lazy.data["BANDS"]

    def test_a_level_of_compression_is_deprecated(self, patch, tmp_path):
        with pytest.warns(EODeprecationWarning, match="compress_level"):
            patch.save(tmp_path / "patch", compress_level=3)
