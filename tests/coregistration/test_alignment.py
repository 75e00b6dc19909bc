"""The task: what moves and how, what it stores, and what it refuses."""

from datetime import datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from shapely import LineString, Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureMissing,
    IndexOutOfRange,
    SettingError,
    TemporalDimensionWarning,
    TimestampsMissing,
)
from eolearn.coregistration.alignment import COLUMNS, CoregistrationTask, coregistration_table, transforms_of
from eolearn.coregistration.estimators import TiePointGrid

BANDS, CLEAR = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "CLEAR")
CLASSES, POINTS = (FeatureType.MASK, "CLASSES"), (FeatureType.VECTOR, "POINTS")
NUMBERS, REFERENCE = (FeatureType.DATA, "NUMBERS"), (FeatureType.DATA_TIMELESS, "REFERENCE")
RESULTS = (FeatureType.SCALAR, "COREGISTRATION")
TOLERANCE_PX = 0.1


@pytest.fixture
def patch(scene):
    """The reference as the first date, then five displaced ones; pixels of 10 m."""
    start = datetime(2020, 5, 1)
    times = [start + timedelta(days=5 * date) for date in range(6)]
    patch = EOPatch(bbox=BBox((500000, 5100000, 501600, 5101280), CRS.UTM_33N), timestamps=times)
    frames = np.concatenate([scene.reference[None], scene.frames])
    patch[BANDS] = np.stack([1 - frames, frames], axis=-1)
    patch[NUMBERS] = np.rint(1000 + 1000 * frames[..., None]).astype(np.uint16)
    patch[CLASSES] = np.digitize(frames, [0.3, 0.5, 0.7])[..., None].astype(np.uint8)
    patch[CLEAR] = np.concatenate([np.ones_like(scene.valid[:1]), scene.valid])[..., None]
    patch[REFERENCE] = np.stack([scene.reference, scene.reference], axis=-1)
    patch[FeatureType.MASK_TIMELESS, "LAND"] = np.ones((128, 160, 1), bool)
    places = [Point(500800 + 10 * x, 5100640 - 10 * y) for x, y in [(0, 0), *scene.shifts_xy]]
    patch[POINTS] = gpd.GeoDataFrame({"TIMESTAMP": times}, geometry=places, crs="EPSG:32633")
    return patch


def shifts_of(patch):
    return patch[RESULTS][:, :2]


class TestMoves:
    def test_each_date_lies_on_the_first_one(self, patch, scene):
        moved = CoregistrationTask(source=BANDS, channel=1, reference=0)(patch.copy())
        assert_allclose(shifts_of(moved)[1:], scene.shifts_xy, atol=TOLERANCE_PX)
        inner = (slice(None), slice(4, -4), slice(4, -4))
        assert np.abs(moved[BANDS] - moved[BANDS][:1])[inner].max() < 0.1
        assert np.abs(patch[BANDS] - patch[BANDS][:1])[inner].max() > 0.3
        for feature in (BANDS, NUMBERS, CLASSES, CLEAR):
            assert moved[feature].dtype == patch[feature].dtype
            assert_array_equal(moved[feature][0], patch[feature][0])
        assert set(np.unique(moved[CLASSES])) <= {0, 1, 2, 3}
        assert (moved[CLASSES] == moved[CLASSES][:1])[inner].mean() > 0.9
        assert_array_equal(moved[FeatureType.MASK_TIMELESS, "LAND"], patch[FeatureType.MASK_TIMELESS, "LAND"])

    @pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
    def test_vectors_move_with_their_dates(self, patch, crs):
        patch[POINTS] = patch[POINTS].to_crs(crs)
        moved = CoregistrationTask(source=BANDS, reference=0)(patch.copy())[POINTS]
        assert moved.crs == patch[POINTS].crs
        # each was drawn where the middle of the patch seemed to be
        for point in moved.to_crs("EPSG:32633").geometry:
            assert point.distance(Point(500800, 5100640)) < 10 * TOLERANCE_PX

    def test_rows_of_other_times_and_of_dates_that_stay_do_not_move(self, patch):
        table = patch[POINTS].copy()
        table["TIMESTAMP"] = [datetime(1999, 1, 1), *table["TIMESTAMP"][1:]]
        table.loc[0, "geometry"] = LineString([(500100, 5100100), (500200, 5100300)])
        patch[POINTS] = table
        moved = CoregistrationTask(source=BANDS, reference=1)(patch.copy())[POINTS]
        assert moved.geometry[0].equals(table.geometry[0])
        assert moved.geometry[1].equals_exact(table.geometry[1], 1e-6)
        assert not moved.geometry[2].equals_exact(table.geometry[2], 1)

    def test_no_data_stays_and_what_moves_in_is_none(self, patch, scene):
        bands = patch[BANDS].copy()
        bands[:, 40:60, 30:50] = np.nan
        numbers = patch[NUMBERS].copy()
        numbers[:, 40:60, 30:50] = 0
        patch[BANDS], patch[NUMBERS] = bands, numbers
        moved = CoregistrationTask(source=BANDS, channel=1, reference=0)(patch.copy())
        assert_array_equal(np.isnan(moved[BANDS][..., :1]), moved[NUMBERS] == 0)
        assert np.isnan(moved[BANDS]).mean() == pytest.approx(np.isnan(bands).mean(), abs=0.03)
        assert moved[NUMBERS][moved[NUMBERS] > 0].min() > 900  # no mixture with 0
        x = scene.shifts_xy[0, 0]
        edge = moved[BANDS][1, 70:, -1 if x > 0 else 0, 0]
        assert np.isnan(edge).all() == (abs(x) > 0.6)

    def test_a_number_may_stand_for_no_data(self, patch):
        patch[BANDS] = np.where(np.indices((6, 128, 160, 2))[1] < 30, -1, patch[BANDS]).astype(np.float32)
        with pytest.raises(DataError, match="uint16 can't hold no_data=-1"):
            CoregistrationTask(source=BANDS, no_data=-1)(patch)
        moved = CoregistrationTask(source=BANDS, reference=0, no_data=-1, apply_to=BANDS)(patch.copy())[BANDS]
        assert moved[moved != -1].min() > -0.3
        assert (moved[1, :25] == -1).all()

    def test_masks_keep_clouds_out(self, patch, scene):
        patch[BANDS] = np.where(patch[CLEAR], patch[BANDS], 3).astype(np.float32)
        moved = CoregistrationTask(source=BANDS, reference=0, valid=CLEAR)(patch.copy())
        assert_allclose(shifts_of(moved)[1:], scene.shifts_xy, atol=0.2)

    def test_one_transform_moves_all_once(self, patch):
        task = CoregistrationTask(source=BANDS, reference=0, refinement=TiePointGrid(window_px=40))
        moved = task(patch.copy())
        again = CoregistrationTask(source=BANDS, reference=0, refinement=TiePointGrid(window_px=40), apply_to=[BANDS])
        only = again(patch.copy())
        assert_array_equal(only[BANDS], moved[BANDS])
        assert_array_equal(only[NUMBERS], patch[NUMBERS])
        for transform, row in zip(transforms_of(moved), shifts_of(moved), strict=True):
            assert_allclose(transform.shift_xy((128, 160)), row, atol=1e-9)

    @pytest.mark.parametrize("reference", [None, "composite", REFERENCE, datetime(2020, 5, 1), -6])
    def test_references(self, patch, scene, reference):
        moved = CoregistrationTask(source=BANDS, channel=1, reference=reference)(patch.copy())
        shifts = shifts_of(moved)
        wanted = np.concatenate([[(0, 0)], scene.shifts_xy])
        if reference is None or reference == "composite":
            wanted = wanted - np.median(wanted, axis=0)
        assert_allclose(shifts, wanted, atol=0.25)  # small shifts may stay

    def test_arrays_of_the_patch_are_not_changed(self, patch):
        before = patch.copy(deep=True)
        CoregistrationTask(source=BANDS, reference=0)(patch.copy())
        assert patch == before


class TestResults:
    def test_the_table_has_pixels_metres_residuals_and_reasons(self, patch, scene):
        table = coregistration_table(CoregistrationTask(source=BANDS, reference=0)(patch.copy()))
        assert list(table.columns) == [*COLUMNS, "reason"]
        assert list(table.index) == patch.timestamps
        assert_allclose(table["shift_east_m"], 10 * table["shift_x_px"])
        assert_allclose(table["shift_north_m"], -10 * table["shift_y_px"])
        assert table["moved"].tolist() == [False] + 5 * [True]
        assert table["reason"].tolist() == ["it is the reference"] + 5 * [""]
        assert (table["residual_after_px"][1:] < table["residual_before_px"][1:]).all()
        assert table["reliability"].min() > 0.5

    def test_results_outlive_a_file(self, patch, tmp_path):
        moved = CoregistrationTask(source=BANDS, reference=0, refinement=TiePointGrid(window_px=40))(patch)
        moved.save(str(tmp_path / "patch"))
        loaded = EOPatch.load(str(tmp_path / "patch"))
        assert coregistration_table(loaded).equals(coregistration_table(moved))
        for there, here in zip(transforms_of(loaded), transforms_of(moved), strict=True):
            assert_array_equal(there.matrix, here.matrix)
            assert there.reason == here.reason
            assert (there.displacements is None) == (here.displacements is None)
            if here.displacements is not None:
                assert_array_equal(there.displacements, here.displacements)

    def test_without_results_there_is_no_table(self, patch):
        patch[RESULTS] = np.zeros((6, 9))
        with pytest.raises(FeatureMissing, match="run CoregistrationTask first"):
            coregistration_table(patch)

    def test_a_patch_without_a_place_has_no_metres(self, patch):
        del patch[POINTS]
        with pytest.warns(EODeprecationWarning):
            patch.bbox = None
        table = coregistration_table(CoregistrationTask(source=BANDS, reference=0)(patch))
        assert table["shift_east_m"].isna().all()


class TestRefusals:
    @pytest.mark.parametrize(
        "settings",
        [
            {"source": CLEAR},
            {"source": BANDS, "valid": BANDS},
            {"source": BANDS, "target": BANDS},
            {"source": BANDS, "reference": BANDS},
            {"source": BANDS, "apply_to": [REFERENCE]},
        ],
    )
    def test_features_of_other_types(self, settings):
        with pytest.raises(ValueError, match="can't be used here"):
            CoregistrationTask(**settings)

    @pytest.mark.parametrize(
        ("setting", "value"),
        [("max_shift_px", -1), ("least_shift_px", -1), ("min_reliability", -0.1), ("interpolation", "sinc"),
         ("reference", "mean"), ("reference", 1.5)],
    )  # fmt: skip
    def test_settings_that_make_no_sense(self, setting, value):
        with pytest.raises(SettingError, match=setting):
            CoregistrationTask(source=BANDS, **{setting: value})

    @pytest.mark.parametrize("channel", [2, -3])
    def test_a_channel_that_is_not_there(self, patch, channel):
        with pytest.raises(IndexOutOfRange, match=f"no channel {channel}"):
            CoregistrationTask(source=BANDS, channel=channel)(patch)

    @pytest.mark.parametrize(
        ("feature", "shape"), [(CLEAR, (6, 128, 160, 2)), (CLASSES, (6, 64, 80, 1)), (REFERENCE, (128, 161, 2))]
    )
    def test_features_that_do_not_fit(self, patch, feature, shape):
        patch[feature] = np.ones(shape, np.uint8)
        reference = REFERENCE if feature is REFERENCE else None
        with pytest.raises(DataError, match=str(shape[1])):
            CoregistrationTask(source=BANDS, valid=CLEAR, reference=reference)(patch)

    def test_dates_that_are_not_there(self, patch):
        with pytest.raises(IndexOutOfRange, match="2020-05-01 00:00:00"):
            CoregistrationTask(source=BANDS, reference=datetime(2021, 1, 1))(patch)
        with pytest.raises(DataError, match="position 6"):
            CoregistrationTask(source=BANDS, reference=6)(patch)
        with pytest.warns(TemporalDimensionWarning):
            patch.timestamps = None
        with pytest.raises(TimestampsMissing, match="Give a position"):
            CoregistrationTask(source=BANDS, reference=datetime(2020, 5, 1))(patch)
        with pytest.raises(TimestampsMissing, match="Vectors move with their dates"):
            CoregistrationTask(source=BANDS, reference=0)(patch)

    def test_vectors_of_a_patch_without_a_place(self, patch):
        with pytest.warns(EODeprecationWarning):
            patch.bbox = None
        with pytest.raises(DataError, match=r"eopatch\.bbox"):
            CoregistrationTask(source=BANDS, reference=0)(patch)

    def test_data_that_are_no_real_numbers(self, patch):
        patch[BANDS] = patch[BANDS].astype(np.complex64)
        with pytest.raises(DataError, match="complex64"):
            CoregistrationTask(source=BANDS)(patch)
