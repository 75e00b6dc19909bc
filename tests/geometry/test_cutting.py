import datetime as dt

import geopandas as gpd
import numpy as np
import pytest
import shapely
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError
from eolearn.geometry.cutting import CutPatchTask, cut_patch, cut_patches, split_patch
from eolearn.geometry.tiling import core_window, split_area

BANDS, COARSE = (FeatureType.DATA, "BANDS"), (FeatureType.MASK_TIMELESS, "COARSE")
FIELDS, SCALAR = (FeatureType.VECTOR_TIMELESS, "FIELDS"), (FeatureType.SCALAR, "CLOUDS")


@pytest.fixture
def eopatch():
    """Of 8 x 12 pixels of 10 m, and of 4 x 6 of 20 m."""
    made = EOPatch(
        bbox=BBox((0, 0, 120, 80), CRS.UTM_33N), timestamps=[dt.datetime(2020, 5, 1), dt.datetime(2020, 5, 6)]
    )
    made[BANDS] = np.arange(2 * 8 * 12 * 3).reshape(2, 8, 12, 3)
    made[COARSE] = np.arange(24).reshape(4, 6, 1)
    made[SCALAR] = np.array([[0.1], [0.2]])
    made.meta_info["MAKER"] = "a test"
    made[FIELDS] = gpd.GeoDataFrame(
        {"field_id": [1, 2, 3]},
        geometry=[shapely.box(15, 15, 65, 65), shapely.box(100, 0, 110, 10), shapely.Point(45, 45)],
        crs=32633,
    )
    return made


@pytest.mark.parametrize("window", [(slice(2, 6), slice(4, 8)), BBox((41, 21, 79, 59), CRS.UTM_33N)])
def test_window_cuts_all_features_that_have_a_place(eopatch, window):
    part = cut_patch(eopatch, window)
    assert part.bbox == BBox((40, 20, 80, 60), CRS.UTM_33N)
    assert part.timestamps == eopatch.timestamps
    np.testing.assert_array_equal(part[BANDS], eopatch[BANDS][:, 2:6, 4:8])
    np.testing.assert_array_equal(part[COARSE], eopatch[COARSE][1:3, 2:4])
    assert part[FIELDS].field_id.tolist() == [1, 3]
    assert part[FIELDS].geometry[0].equals(shapely.box(40, 20, 65, 60))
    assert part[SCALAR] is eopatch[SCALAR]
    assert part.meta_info["MAKER"] == "a test"


def test_part_has_arrays_of_its_own(eopatch):
    before = eopatch.copy(deep=True)
    cut_patch(eopatch, (slice(0, 4), slice(0, 4)))[BANDS][...] = -1
    assert eopatch == before


def test_only_chosen_features_are_cut(eopatch):
    assert cut_patch(eopatch, (slice(0, 4), slice(0, 4)), [BANDS]).get_features() == [BANDS]


def test_what_only_touches_a_window_is_left_out_also_where_it_goes_on_in_it(eopatch):
    hook = shapely.Polygon([(0, 0), (60, 0), (60, 60), (40, 60), (40, 20), (20, 20), (20, 60), (0, 60)])
    eopatch[FIELDS] = gpd.GeoDataFrame({"field_id": [1, 2]}, geometry=[hook, shapely.box(0, 0, 20, 20)], crs=32633)
    part = cut_patch(eopatch, BBox((20, 0, 40, 40), CRS.UTM_33N))
    assert part[FIELDS].field_id.tolist() == [1]
    assert part[FIELDS].geometry[0].geom_type == "Polygon"  # not with its sides of 20 to 40 as lines
    assert part[FIELDS].geometry[0].equals(shapely.box(20, 0, 40, 20))


@pytest.mark.parametrize(
    ("window", "error"),
    [
        (BBox((50, 50, 150, 70), CRS.UTM_33N), IndexOutOfRange),
        ((slice(0, 9), slice(0, 2)), IndexOutOfRange),
        ((slice(2, 2), slice(0, 2)), SettingError),
        ((slice(1, 3), slice(0, 2)), DataError),  # half a coarse pixel
        (5, SettingError),
    ],
)
def test_windows_that_can_not_be_cut_are_refused(eopatch, window, error):
    with pytest.raises(error):
        cut_patch(eopatch, window)


def test_split_gives_parts_row_by_row_of_sizes_that_differ_by_a_pixel(eopatch):
    parts = split_patch(eopatch, 3, 2)
    assert [part[COARSE].shape[:2] for part in parts] == [(1, 3), (1, 3), (1, 3), (1, 3), (2, 3), (2, 3)]
    assert [part[BANDS].shape[1:3] for part in parts[::5]] == [(2, 6), (4, 6)]
    assert tuple(parts[1].bbox) == (60, 60, 120, 80)
    assert tuple(parts[4].bbox) == (0, 0, 60, 40)


def test_split_parts_may_overlap(eopatch):
    left, right = split_patch(eopatch, 1, 2, overlap_px=2, features=[COARSE])
    np.testing.assert_array_equal(left[COARSE], eopatch[COARSE][:, :4])
    np.testing.assert_array_equal(right[COARSE], eopatch[COARSE][:, 2:])


@pytest.mark.parametrize(
    ("settings", "message"),
    [((0, 1, 0), "rows"), ((5, 1, 0), "from 1 to 4"), ((1, 7, 0), "columns"), ((1, 1, 3), "even")],
)
def test_split_that_can_not_work_is_refused(eopatch, settings, message):
    with pytest.raises(SettingError, match=message):
        split_patch(eopatch, *settings[:2], overlap_px=settings[2])


def test_patch_without_images_or_place_can_not_be_split(eopatch):
    with pytest.raises(DataError, match="no images"):
        split_patch(eopatch, 1, 1, features=[FIELDS])
    eopatch._bbox = None
    with pytest.raises(DataError, match="no bounding box"):
        split_patch(eopatch, 1, 1)


def test_patches_of_a_table_are_cut_where_they_lie_whole(eopatch):
    table = split_area(BBox((0, 0, 160, 80), CRS.UTM_33N), size_px=4, resolution=10, overlap_px=2, crs=CRS.UTM_33N)
    cut = dict(cut_patches(eopatch, table, [BANDS]))
    inside = table[(table.west >= 0) & (table.east <= 120) & (table.south >= 0) & (table.north <= 80)]
    assert list(cut) == inside.id.tolist()
    assert len(cut) > 0
    for patch in inside.itertuples():
        assert cut[patch.id][BANDS].shape == (2, 4, 4, 3)
        core = cut_patch(cut[patch.id], core_window(patch))
        assert core.bbox.geometry.equals(patch.geometry)


def test_task_takes_its_window_when_it_is_made_or_run(eopatch):
    window = (slice(0, 4), slice(0, 4))
    assert CutPatchTask(window)(eopatch) == CutPatchTask()(eopatch, window=window)
    for task, given in ((CutPatchTask(), None), (CutPatchTask(window), window)):
        with pytest.raises(SettingError, match="Give a window"):
            task(eopatch, window=given)
