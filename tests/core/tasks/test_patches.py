"""Tasks that make patches."""

import datetime as dt

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import (
    CopyTask,
    CreateEOPatchTask,
    DeepCopyTask,
    EOPatch,
    FeatureType,
    MergeEOPatchesTask,
    TemporalSubsetTask,
    merge_eopatches,
)
from eolearn.core.exceptions import EODeprecationWarning, EOLearnError

BOX = BBox((0, 0, 1, 1), CRS.WGS84)
BANDS = (FeatureType.DATA, "BANDS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
DAYS = [dt.datetime(2017, 6, day) for day in (1, 11, 21)]


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BOX, timestamps=DAYS)
    patch[BANDS] = np.arange(3.0).reshape(3, 1, 1, 1)
    patch[DEM] = np.zeros((1, 1, 1))
    return patch


class TestCopy:
    @pytest.mark.parametrize("deep", [False, True])
    def test_the_copy_is_equal_and_shares_its_arrays_unless_it_is_deep(self, patch, deep):
        copied = CopyTask(deep=deep)(patch)
        assert copied is not patch
        assert copied == patch
        assert (copied[BANDS] is patch[BANDS]) is not deep

    def test_features_and_timestamps_may_be_chosen(self, patch):
        assert CopyTask([DEM])(patch).timestamps is None
        assert CopyTask([DEM], copy_timestamps=True)(patch).timestamps == DAYS
        assert CopyTask([DEM])(patch).get_features() == [DEM]

    @pytest.mark.parametrize("features", [[], {}, None])
    def test_no_features_stand_for_all(self, patch, features):
        assert CopyTask(features)(patch) == patch

    def test_features_that_can_not_be_read_are_refused(self):
        with pytest.raises(ValueError, match="nonsense"):
            CopyTask("nonsense")

    @pytest.mark.parametrize("deep", [False, True])
    def test_the_deep_copy_task_is_always_deep(self, patch, deep):
        with pytest.warns(EODeprecationWarning, match="deep=True"):
            task = DeepCopyTask([BANDS], deep=deep)
        copied = task(patch)
        assert copied.get_features() == [BANDS]
        assert not np.shares_memory(copied[BANDS], patch[BANDS])


class TestTemporalSubset:
    @pytest.mark.parametrize(
        "timestamps", [[0, 2], iter([0, 2]), [DAYS[2], DAYS[0]], lambda days: [day.day != 11 for day in days]]
    )
    def test_dates_are_chosen_by_the_task_as_often_as_it_runs(self, patch, timestamps):
        task = TemporalSubsetTask(timestamps)
        for _ in range(2):
            assert task(patch).timestamps == [DAYS[0], DAYS[2]]

    def test_dates_given_to_the_execution_come_first(self, patch):
        assert TemporalSubsetTask([0])(patch, timestamps=[1]).timestamps == [DAYS[1]]
        assert TemporalSubsetTask([0])(patch, timestamps=[]).timestamps == []
        assert TemporalSubsetTask()(patch, timestamps=[1])[BANDS].ravel().tolist() == [1]

    def test_no_dates_at_all_are_refused(self, patch):
        with pytest.raises(ValueError, match="timestamps") as caught:
            TemporalSubsetTask()(patch)
        assert isinstance(caught.value, EOLearnError)


class TestCreate:
    def test_the_arguments_are_those_of_the_patch(self):
        patch = CreateEOPatchTask()(bbox=BOX, timestamps=DAYS, meta_info={"a": 1})
        assert patch == EOPatch(bbox=BOX, timestamps=DAYS, meta_info={"a": 1})


class TestMerge:
    def test_patches_are_merged_with_the_settings_of_the_task(self, patch):
        other = patch.copy(deep=True)
        other[BANDS] += 2
        merged = MergeEOPatchesTask(time_dependent_op="mean")(patch, other)
        assert merged == merge_eopatches(patch, other, time_dependent_op="mean")
        assert merged[BANDS].ravel().tolist() == [1, 2, 3]

    def test_features_may_be_chosen(self, patch):
        assert MergeEOPatchesTask(features=[DEM])(patch, patch).get_features() == [DEM]

    def test_a_setting_that_merging_does_not_have_is_refused(self):
        with pytest.raises(TypeError, match="time_op"):
            MergeEOPatchesTask(time_op="mean")

    def test_no_patches_are_refused(self):
        with pytest.raises(ValueError, match="at least one"):
            MergeEOPatchesTask()()
