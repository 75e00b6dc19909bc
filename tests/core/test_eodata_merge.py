"""Merging patches: their places, dates, arrays, tables and meta information."""

import datetime as dt
import warnings
from collections import defaultdict

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType, merge_eopatches
from eolearn.core.exceptions import EODeprecationWarning, EOLearnError, EORuntimeWarning, TemporalDimensionWarning

BOX = BBox((500000, 5100000, 500100, 5100080), CRS.UTM_33N)
DAYS = [dt.datetime(2017, 6, day) for day in range(1, 10)]
BANDS = (FeatureType.DATA, "BANDS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")


def patch_of(days, values=None, dtype=float):
    """A patch of one pixel and one band, with these values on these days."""
    patch = EOPatch(bbox=BOX, timestamps=[DAYS[day] for day in days])
    if values is not None:
        patch[BANDS] = np.array(values, dtype=dtype).reshape(-1, 1, 1, 1)
    return patch


def place_of(feature, value):
    patch = EOPatch(bbox=BOX)
    patch[feature] = value
    return patch


def merged_values(*patches, **settings):
    merged = merge_eopatches(*patches, **settings)
    return [DAYS.index(day) for day in merged.timestamps], merged[BANDS].ravel().tolist()


# --- an oracle: a dictionary of dates to slices, and plain numpy for each of them

ORACLE = {"min": np.nanmin, "max": np.nanmax, "mean": np.nanmean, "median": np.nanmedian}
values = st.one_of(st.just(np.nan), st.integers(-9, 9).map(float))


@st.composite
def patches_with_dates(draw):
    """One to three patches, of up to five dates each, in any order and also twice."""
    patches = []
    for _ in range(draw(st.integers(1, 3))):
        days = draw(st.lists(st.integers(0, len(DAYS) - 1), max_size=5))
        pixels = draw(st.lists(st.tuples(values, values), min_size=len(days), max_size=len(days)))
        patch = EOPatch(bbox=BOX, timestamps=[DAYS[day] for day in days])
        patch[BANDS] = np.array(pixels, dtype=float).reshape(len(days), 1, 2, 1)
        patches.append(patch)
    return patches


def slices_by_date(patches):
    found = defaultdict(list)
    for patch in patches:
        for day, date_slice in zip(patch.timestamps, patch[BANDS], strict=True):
            found[day].append(date_slice)
    return found


class TestAgainstTheOracle:
    @given(patches_with_dates(), st.sampled_from(sorted(ORACLE)))
    def test_slices_of_a_date_are_reduced_and_dates_ascend(self, patches, operation):
        found = slices_by_date(patches)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # numpy's, of slices that are all NaN
            expected = [ORACLE[operation](found[day], axis=0) for day in sorted(found)]
        merged = merge_eopatches(*patches, time_dependent_op=operation)
        assert merged.timestamps == sorted(found)
        assert_allclose(merged[BANDS], np.reshape(expected, (-1, 1, 2, 1)), rtol=1e-15)

    @given(patches_with_dates())
    def test_concatenation_keeps_every_slice_in_order_of_time_then_of_patches(self, patches):
        found = slices_by_date(patches)
        expected = [date_slice for day in sorted(found) for date_slice in found[day]]
        merged = merge_eopatches(*patches, time_dependent_op="concatenate")
        assert merged.timestamps == sorted(day for patch in patches for day in patch.timestamps)
        assert_array_equal(merged[BANDS], np.reshape(expected, (-1, 1, 2, 1)))

    @given(patches_with_dates())
    def test_without_an_operation_slices_of_a_date_must_be_equal(self, patches):
        found = slices_by_date(patches)
        agree = all(np.array_equal(day[0], other, equal_nan=True) for day in found.values() for other in day)
        if agree:
            expected = [found[day][0] for day in sorted(found)]
            assert_array_equal(merge_eopatches(*patches)[BANDS], np.reshape(expected, (-1, 1, 2, 1)))
        else:
            with pytest.raises(ValueError, match="BANDS"):
                merge_eopatches(*patches)

    @given(patches_with_dates())
    def test_a_function_gets_the_stacks_of_dates_with_several_slices_only(self, patches):
        stacks = []

        def first(stack):
            stacks.append(stack.shape)
            return stack[0]

        merged = merge_eopatches(*patches, time_dependent_op=first)
        found = slices_by_date(patches)
        expected = [found[day][0] for day in sorted(found)]
        assert_array_equal(merged[BANDS], np.reshape(expected, (-1, 1, 2, 1)))
        assert stacks == [(len(found[day]), 1, 2, 1) for day in sorted(found) if len(found[day]) > 1]

    @given(patches_with_dates(), st.sampled_from([*sorted(ORACLE), "concatenate"]))
    def test_patches_stay_as_they_were(self, patches, operation):
        before = [patch.copy(deep=True) for patch in patches]
        merge_eopatches(*patches, time_dependent_op=operation)
        assert patches == before


class TestRealData:
    @pytest.mark.parametrize("step", [2, 3])
    def test_a_patch_cut_by_dates_is_put_together_again(self, real_patch_path, step):
        patch = EOPatch.load(real_patch_path)
        count = len(patch.timestamps)
        parts = [patch.temporal_subset(range(start, count, step)) for start in range(step)]
        for operation in (None, "concatenate", "mean"):
            merged = merge_eopatches(*parts[::-1], time_dependent_op=operation)
            assert merged.bbox == patch.bbox
            assert merged.timestamps == patch.timestamps
            for feature_type, name in patch.get_features():
                if feature_type.is_temporal() and feature_type.is_array():
                    assert_array_equal(merged[feature_type, name], patch[feature_type, name], strict=True)
            rows = merged.vector["CLM_VECTOR"].sort_values(["TIMESTAMP", "VALUE"], ignore_index=True)
            assert rows.equals(patch.vector["CLM_VECTOR"].sort_values(["TIMESTAMP", "VALUE"], ignore_index=True))


class TestArraysWithTime:
    def test_interleaved_dates_of_patches_are_sorted(self):
        assert merged_values(patch_of([1, 2], [10, 20]), patch_of([0], [0])) == ([0, 1, 2], [0, 10, 20])

    def test_a_single_patch_is_sorted_too(self):
        assert merged_values(patch_of([2, 0, 2], [20, 0, 20])) == ([0, 2], [0, 20])
        with pytest.raises(ValueError, match="BANDS"):
            merge_eopatches(patch_of([2, 2], [20, 21]))

    @pytest.mark.parametrize("operation", [None, "min", "max", "mean", "median"])
    def test_equal_arrays_are_not_copied(self, operation):
        first, second = patch_of([0, 1], [1, np.nan]), patch_of([0, 1], [1, np.nan])
        assert merge_eopatches(first, second, time_dependent_op=operation)[BANDS] is first[BANDS]

    def test_concatenating_a_patch_with_itself_gives_each_slice_twice(self):
        patch = patch_of([0, 1], [5, 6])
        assert merged_values(patch, patch, time_dependent_op="concatenate") == ([0, 0, 1, 1], [5, 5, 6, 6])

    def test_a_function_reduces_equal_arrays_as_well(self):
        patch = patch_of([0], [5])
        assert merged_values(patch, patch, time_dependent_op=lambda stack: stack.sum(axis=0)) == ([0], [10])

    def test_values_of_different_dtypes_are_compared_and_promoted(self):
        merged = merge_eopatches(patch_of([0, 1], [3, 4], np.uint8), patch_of([1, 2], [4, 500], np.int32))
        assert merged[BANDS].dtype == np.int32
        assert merged[BANDS].ravel().tolist() == [3, 4, 500]

    @pytest.mark.parametrize(("dtype", "expected"), [(np.float32, np.float32), (np.uint8, np.float64)])
    def test_the_mean_of_floats_keeps_their_dtype_and_that_of_integers_is_float(self, dtype, expected):
        merged = merge_eopatches(patch_of([0], [250], dtype), patch_of([0], [255], dtype), time_dependent_op="mean")
        assert merged[BANDS].dtype == expected
        assert merged[BANDS].item() == 252.5  # in uint8 the sum would wrap around

    def test_the_mean_of_a_mask_is_refused(self):
        first, second = EOPatch(bbox=BOX, timestamps=DAYS[:1]), EOPatch(bbox=BOX, timestamps=DAYS[:1])
        first.mask["CLM"], second.mask["CLM"] = np.zeros((1, 2, 2, 1), dtype=int), np.ones((1, 2, 2, 1), dtype=int)
        with pytest.raises(ValueError, match="CLM"):
            merge_eopatches(first, second, time_dependent_op="mean")
        assert merge_eopatches(first, second, time_dependent_op="max").mask["CLM"].all()

    def test_arrays_of_texts_are_merged(self):
        first, second = EOPatch(bbox=BOX, timestamps=DAYS[:2]), EOPatch(bbox=BOX, timestamps=DAYS[1:3])
        first.scalar["NAMES"], second.scalar["NAMES"] = np.array([["a"], ["b"]]), np.array([["b"], ["c"]])
        assert merge_eopatches(first, second).scalar["NAMES"].ravel().tolist() == ["a", "b", "c"]

    def test_a_feature_of_one_patch_may_have_fewer_slices_than_there_are_dates(self):
        with pytest.warns(TemporalDimensionWarning, match="BANDS"):
            merged = merge_eopatches(patch_of([2, 0], [20, 0]), patch_of([1]))
        assert merged.timestamps == DAYS[:3]
        assert merged[BANDS].ravel().tolist() == [0, 20]

    def test_patches_without_dates_contribute_nothing(self):
        empty = patch_of([], [])
        assert merged_values(empty, patch_of([0], [1])) == ([0], [1])
        merged = merge_eopatches(empty, empty, time_dependent_op="mean")
        assert merged.timestamps == []
        assert merged[BANDS].shape == (0, 1, 1, 1)

    def test_an_array_and_timestamps_of_different_lengths_are_refused(self):
        with pytest.warns(TemporalDimensionWarning):
            patch = patch_of([0, 1], [1, 2, 3])
        with pytest.raises(ValueError, match=r"BANDS.*\(3, 1, 1, 1\).*2 timestamps"):
            merge_eopatches(patch)

    def test_a_time_axis_without_timestamps_is_refused(self):
        patch = EOPatch(bbox=BOX)
        with pytest.warns(TemporalDimensionWarning):
            patch[BANDS] = np.zeros((2, 1, 1, 1))
        with pytest.raises(ValueError, match="BANDS"):
            merge_eopatches(patch)

    def test_images_of_different_sizes_are_refused(self):
        other = EOPatch(bbox=BOX, timestamps=DAYS[1:2])
        other[BANDS] = np.zeros((1, 2, 3, 1))
        with pytest.raises(ValueError, match=r"BANDS.*\(1, 1, 1\), \(2, 3, 1\)"):
            merge_eopatches(patch_of([0], [1]), other)


class TestArraysWithoutTime:
    @pytest.mark.parametrize(
        ("operation", "expected"),
        [
            ("min", [1, 4, np.nan]),
            ("max", [3, 4, np.nan]),
            ("mean", [2, 4, np.nan]),
            ("median", [2, 4, np.nan]),
            (sum, [4, np.nan, np.nan]),
            ("concatenate", [1, np.nan, np.nan, 3, 4, np.nan]),
        ],
    )
    def test_values_are_reduced(self, operation, expected):
        feature = (FeatureType.SCALAR_TIMELESS, "STATISTICS")
        patches = [place_of(feature, np.array(row)) for row in ([1, np.nan, np.nan], [3, 4, np.nan])]
        assert_array_equal(merge_eopatches(*patches, timeless_op=operation)[feature], expected)

    def test_bands_are_concatenated(self):
        patches = [place_of(DEM, np.full((2, 3, depth), depth)) for depth in (1, 2)]
        assert merge_eopatches(*patches, timeless_op="concatenate")[DEM][0, 0].tolist() == [1, 2, 2]

    def test_a_function_gets_a_list(self):
        patches = [place_of(DEM, np.full((1, 1, 1), value)) for value in (1.0, 2.0)]
        seen = []
        merge_eopatches(*patches, timeless_op=lambda arrays: seen.append(arrays) or arrays[0])
        assert isinstance(seen[0], list)
        assert len(seen[0]) == 2

    @pytest.mark.parametrize("operation", [None, "mean", "concatenate", max])
    def test_the_array_of_one_patch_stays_as_it_is(self, operation):
        patch = place_of(DEM, np.ones((2, 3, 1), dtype=np.uint8))
        assert merge_eopatches(patch, EOPatch(bbox=BOX), timeless_op=operation)[DEM] is patch[DEM]

    def test_without_an_operation_values_must_be_equal(self):
        equal = [place_of(DEM, np.array([[[1, np.nan]]], dtype=dtype)) for dtype in (np.float32, float)]
        assert merge_eopatches(*equal)[DEM] is equal[0][DEM]
        with pytest.raises(ValueError, match=r"DEM.*timeless_op"):
            merge_eopatches(equal[0], place_of(DEM, np.ones((1, 1, 2))))

    @pytest.mark.parametrize("operation", [None, "max"])
    def test_images_of_different_sizes_are_refused(self, operation):
        patches = [place_of(DEM, np.ones((2, width, 1))) for width in (3, 4)]
        with pytest.raises(ValueError, match=r"DEM.*\(2, 3, 1\), \(2, 4, 1\)"):
            merge_eopatches(*patches, timeless_op=operation)


def table(numbers, crs=32633, name="geometry"):
    points = [Point(number, number) for number in numbers]
    return gpd.GeoDataFrame({"number": numbers, name: points}, geometry=name, crs=crs)


class TestTables:
    def test_rows_are_joined_and_those_that_occur_twice_dropped(self):
        merged = merge_eopatches(place_of(FIELDS, table([1, 2, 2])), place_of(FIELDS, table([2, 3])))[FIELDS]
        assert merged["number"].tolist() == [1, 2, 3]
        assert merged.index.tolist() == [0, 1, 2]
        assert merged.crs == "EPSG:32633"

    def test_the_table_of_one_patch_stays_as_it_is(self):
        patch = place_of(FIELDS, table([2, 2]))
        assert merge_eopatches(patch, EOPatch(bbox=BOX))[FIELDS] is patch[FIELDS]

    @pytest.mark.parametrize("order", [1, -1])
    def test_a_table_without_a_crs_takes_over_that_of_the_other(self, order):
        patches = [place_of(FIELDS, table([1])), place_of(FIELDS, table([2], crs=None))][::order]
        assert merge_eopatches(*patches)[FIELDS].crs == "EPSG:32633"
        assert patches[1 if order == 1 else 0][FIELDS].crs is None

    def test_tables_without_a_crs_are_joined(self):
        merged = merge_eopatches(*[place_of(FIELDS, table([number], crs=None)) for number in (1, 2)])[FIELDS]
        assert merged.crs is None
        assert len(merged) == 2

    def test_different_crs_are_refused(self):
        with pytest.raises(ValueError, match=r"FIELDS.*32633.*3857"):
            merge_eopatches(place_of(FIELDS, table([1])), place_of(FIELDS, table([1], crs=3857)))

    def test_geometries_are_joined_whatever_the_name_of_their_column(self):
        merged = merge_eopatches(place_of(FIELDS, table([1])), place_of(FIELDS, table([2], name="outline")))[FIELDS]
        assert merged.geometry.tolist() == [Point(1, 1), Point(2, 2)]
        assert merged.columns.tolist() == ["number", "geometry"]

    def test_empty_tables_add_no_rows_and_keep_dtypes(self):
        merged = merge_eopatches(place_of(FIELDS, table([1, 2])), place_of(FIELDS, table([1, 2]).iloc[:0]))[FIELDS]
        assert merged["number"].tolist() == [1, 2]
        assert merged["number"].dtype == np.int64

    def test_tables_with_time_keep_their_dates(self):
        patches = []
        for day in DAYS[:2]:
            patch = EOPatch(bbox=BOX, timestamps=[day])
            patch.vector["CLOUDS"] = table([1]).assign(TIMESTAMP=pd.Timestamp(day))
            patches.append(patch)
        merged = merge_eopatches(*patches)
        assert merged.vector["CLOUDS"]["TIMESTAMP"].tolist() == DAYS[:2]
        assert merged.timestamps == DAYS[:2]


class TestTheRest:
    def test_the_first_meta_information_stays_with_a_warning_where_others_differ(self):
        origin = (FeatureType.META_INFO, "origin")
        with pytest.warns(EORuntimeWarning, match="origin"):
            merged = merge_eopatches(place_of(origin, "S2"), place_of(origin, "L8"))
        assert merged[origin] == "S2"

    def test_equal_meta_information_does_not_warn(self):
        origin = (FeatureType.META_INFO, "origin")
        patches = [place_of(origin, {"weights": np.array([1, np.nan])}) for _ in range(2)]
        assert merge_eopatches(*patches)[origin] is patches[0][origin]

    def test_features_come_in_the_order_in_which_they_are_first_seen(self):
        first = EOPatch(bbox=BOX, scalar_timeless={"b": np.ones(1)})
        second = EOPatch(bbox=BOX, scalar_timeless={"c": np.ones(1), "b": np.ones(1), "a": np.ones(1)})
        assert list(merge_eopatches(first, second).scalar_timeless) == ["b", "c", "a"]

    def test_only_the_chosen_features_are_merged(self):
        patch = EOPatch(bbox=BOX, scalar_timeless={"a": np.ones(1), "b": np.ones(1)}, meta_info={"c": 1})
        merged = merge_eopatches(patch, patch, features=[(FeatureType.SCALAR_TIMELESS, "b")])
        assert merged.get_features() == [(FeatureType.SCALAR_TIMELESS, "b")]

    def test_a_named_feature_must_be_in_every_patch(self):
        with pytest.raises(ValueError, match="DEM"):
            merge_eopatches(place_of(DEM, np.ones((1, 1, 1))), EOPatch(bbox=BOX), features=[DEM])

    def test_timestamps_are_none_only_if_no_patch_has_any(self):
        assert merge_eopatches(EOPatch(bbox=BOX), EOPatch(bbox=BOX)).timestamps is None
        assert merge_eopatches(EOPatch(bbox=BOX), EOPatch(bbox=BOX, timestamps=[])).timestamps == []
        assert merge_eopatches(EOPatch(bbox=BOX), patch_of([1, 0])).timestamps == DAYS[:2]

    def test_timestamps_with_and_without_a_time_zone_are_refused(self):
        other = EOPatch(bbox=BOX, timestamps=[DAYS[0].replace(tzinfo=dt.UTC)])
        with pytest.raises(ValueError, match="time zone"):
            merge_eopatches(patch_of([0]), other)

    def test_the_place_is_that_of_the_patches_that_have_one(self):
        with pytest.warns(EODeprecationWarning):
            nowhere = EOPatch()
        assert merge_eopatches(nowhere, EOPatch(bbox=BOX)).bbox == BOX
        with pytest.warns(EODeprecationWarning):
            assert merge_eopatches(nowhere, nowhere).bbox is None

    def test_patches_of_different_places_are_refused(self):
        other = BBox((0, 0, 1, 1), CRS.WGS84)
        with pytest.raises(ValueError, match=r"500000.*4326"):
            merge_eopatches(EOPatch(bbox=BOX), EOPatch(bbox=other))

    @pytest.mark.parametrize("setting", ["time_dependent_op", "timeless_op"])
    @pytest.mark.parametrize("bad", ["mode", 3])
    def test_an_unknown_operation_is_refused(self, setting, bad):
        with pytest.raises(ValueError, match=f"{setting}.*{bad}") as caught:
            merge_eopatches(EOPatch(bbox=BOX), **{setting: bad})
        assert isinstance(caught.value, EOLearnError)

    def test_nothing_can_be_merged_out_of_nothing(self):
        with pytest.raises(IndexError, match="at least one"):
            merge_eopatches()
