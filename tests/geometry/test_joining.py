import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, FeatureMissing, SettingError
from eolearn.geometry.cutting import cut_patch, split_patch
from eolearn.geometry.joining import JoinPatchesTask, join_patches

DATES = [dt.datetime(2020, 5, day) for day in (1, 6, 11)]
BANDS, IDS = (FeatureType.DATA, "BANDS"), (FeatureType.MASK_TIMELESS, "IDS")
FIELDS, CLOUDS = (FeatureType.VECTOR_TIMELESS, "FIELDS"), (FeatureType.SCALAR, "CLOUDS")


def whole_patch(height, width, seed=0):
    """With an image of 10 m, one of 20 m, tables and values without a place."""
    rng = np.random.default_rng(seed)
    bbox = BBox((5e5, 5.1e6, 5e5 + 20 * width, 5.1e6 + 20 * height), CRS.UTM_33N)
    made = EOPatch(bbox=bbox, timestamps=DATES[:2])
    made[BANDS] = rng.random((2, 2 * height, 2 * width, 2), np.float32)
    made[BANDS][rng.random(made[BANDS].shape) < 0.2] = np.nan
    made[IDS] = rng.integers(0, 9, (height, width, 1))
    made.mask["CLEAR"] = rng.random((2, height, width, 1)) > 0.5
    made[CLOUDS], made.label_timeless["KIND"] = rng.random((2, 3)), np.array([1, 2])
    made.meta_info["MAKER"] = "a test"
    centres = rng.uniform(bbox.lower_left, bbox.upper_right, (5, 2))
    circles = [shapely.Point(centre).buffer(rng.uniform(1, 60)) for centre in centres]
    made[FIELDS] = gpd.GeoDataFrame({"field_id": range(5), "crop": list("abcde")}, geometry=circles, crs=32633)
    made.vector["CLOUDS"] = made[FIELDS].assign(TIMESTAMP=[DATES[n % 2] for n in range(5)])
    return made


@given(st.integers(2, 7), st.integers(2, 7), st.data(), st.integers(0, 50))
@settings(max_examples=25)
def test_joined_parts_are_the_patch_that_was_split(height, width, data, seed):
    whole = whole_patch(height, width, seed)
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    parts = split_patch(whole, rows, columns, overlap_px=2 * data.draw(st.integers(0, 2)))
    joined = join_patches(data.draw(st.permutations(parts)), id_columns=["field_id"])
    assert joined.bbox == whole.bbox
    assert joined.timestamps == whole.timestamps
    for feature in whole.get_features():
        if feature[0].is_array():
            np.testing.assert_array_equal(joined[feature], whole[feature])
            assert joined[feature].dtype == whole[feature].dtype
        elif feature[0].is_vector():
            assert_clipped(joined[feature], whole[feature], whole.bbox)
    assert joined.meta_info["MAKER"] == "a test"


def assert_clipped(table, original, bbox):
    """The rows of the original, cut at the box."""
    expected = original.assign(geometry=original.intersection(bbox.geometry))
    expected = expected[expected.area > 1e-9].set_index("field_id")
    table = table.set_index("field_id").loc[expected.index]
    assert table.crop.tolist() == expected.crop.tolist()
    differences = table.geometry.symmetric_difference(expected.geometry, align=False)
    assert differences.area.max() < 1e-5


def test_gaps_have_no_data():
    parts = split_patch(whole_patch(4, 4), 2, 2, features=[BANDS, IDS])
    joined = join_patches([parts[0], parts[3]])
    assert np.isnan(joined[BANDS][:, :4, 4:]).all()
    assert (joined[IDS][:2, 2:] == 0).all()
    np.testing.assert_array_equal(joined[BANDS][:, 4:, 4:], parts[3][BANDS])
    assert (join_patches([parts[0], parts[3]], no_data_value=7)[IDS][:2, 2:] == 7).all()
    with pytest.raises(DataError, match="can't hold"):
        join_patches([parts[0], parts[3]], [IDS], no_data_value=0.5)


def test_overlaps_must_agree_or_a_rule_says_which_patch_counts():
    left, right = split_patch(whole_patch(4, 4), 1, 2, overlap_px=2, features=[IDS])
    left[IDS][...], right[IDS][...] = 1, 2
    with pytest.raises(DataError, match=r"IDS.*patches \[1\]"):
        join_patches([left, right])
    assert join_patches([left, right], overlaps="first")[IDS][0, :, 0].tolist() == [1, 1, 1, 2]
    assert JoinPatchesTask(overlaps="last")(left, right)[IDS][0, :, 0].tolist() == [1, 2, 2, 2]


def test_values_without_a_place_must_agree_too():
    left, right = split_patch(whole_patch(4, 4), 1, 2, features=[IDS, CLOUDS])
    right[CLOUDS] = right[CLOUDS] + 1
    with pytest.raises(DataError, match="CLOUDS"):
        join_patches([left, right])
    np.testing.assert_array_equal(join_patches([left, right], overlaps="last")[CLOUDS], right[CLOUDS])


def test_dates_must_be_equal_or_those_of_all_are_taken():
    left, right = split_patch(whole_patch(2, 4), 1, 2, features=[BANDS, CLOUDS])
    right.timestamps = DATES[1:]
    right[CLOUDS] = np.stack([left[CLOUDS][1], [9, 9, 9]])
    with pytest.raises(DataError, match="different timestamps.*timestamps='union'"):
        join_patches([left, right])
    joined = join_patches([left, right], timestamps="union")
    assert joined.timestamps == DATES
    np.testing.assert_array_equal(joined[BANDS][:2, :, :4], left[BANDS])
    np.testing.assert_array_equal(joined[BANDS][1:, :, 4:], right[BANDS])
    assert np.isnan(joined[BANDS][0, :, 4:]).all()
    np.testing.assert_array_equal(joined[CLOUDS], [*left[CLOUDS], [9, 9, 9]])


def test_without_id_columns_rows_stay_pieces():
    parts = split_patch(whole_patch(4, 4), 1, 2)
    joined = join_patches(parts)
    assert len(joined[FIELDS]) == sum(len(part[FIELDS]) for part in parts)
    with pytest.raises(FeatureMissing, match="no columns"):
        join_patches(parts, id_columns=["name"])


def test_meta_information_that_differs_is_that_of_the_first_with_a_warning():
    left, right = split_patch(whole_patch(2, 2), 1, 2, features=[IDS, FeatureType.META_INFO])
    right.meta_info["MAKER"] = "somebody"
    with pytest.warns(EORuntimeWarning, match="MAKER"):
        assert join_patches([left, right]).meta_info["MAKER"] == "a test"


def at(left, bottom, right, top, crs=CRS.UTM_33N, shape=(4, 4, 1)):
    made = EOPatch(bbox=BBox((left, bottom, right, top), crs))
    made[IDS] = np.ones(shape, int)
    return made


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (at(40, 0, 80, 40, CRS.UTM_32N), "re-project"),
        (at(45, 0, 85, 40), "isn't on the grid"),
        (at(40, 0, 120, 80), "isn't on the grid"),  # larger pixels
        (at(40, 0, 80, 40, shape=(4, 4, 2)), "numbers of bands"),
        (EOPatch(bbox=BBox((40, 0, 80, 40), CRS.UTM_33N)), "different features"),
    ],
)
def test_patches_that_do_not_go_together_are_refused(other, message):
    with pytest.raises(DataError, match=message):
        join_patches([at(0, 0, 40, 40), other])


def test_nothing_to_join_and_unknown_rules_are_refused():
    with pytest.raises(DataError, match="nothing to join"):
        join_patches([])
    with pytest.raises(SettingError, match="overlaps"):
        JoinPatchesTask(overlaps="mean")
    with pytest.raises(SettingError, match="timestamps"):
        join_patches([at(0, 0, 40, 40)], timestamps="any")


def test_cut_cores_of_overlapping_patches_join_to_what_they_cover():
    whole = whole_patch(6, 6)
    parts = [cut_patch(whole, (slice(0, 12), slice(start, start + 6)), [BANDS]) for start in (0, 6)]
    np.testing.assert_array_equal(join_patches(reversed(parts))[BANDS], whole[BANDS])
