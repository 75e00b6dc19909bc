"""Tasks that apply a function to features."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType, MapFeatureTask, MergeFeatureTask, ZipFeatureTask
from eolearn.core.exceptions import EOLearnError

BANDS, NDVI, OUT = ((FeatureType.DATA_TIMELESS, name) for name in ("BANDS", "NDVI", "OUT"))


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
    patch[BANDS] = np.arange(24, dtype=np.uint16).reshape(3, 4, 2)
    patch[NDVI] = np.full((3, 4, 1), 0.5, dtype=np.float32)
    return patch


class Doubled(MapFeatureTask):
    def map_method(self, feature, offset=0):
        return feature * 2 + offset


class Weighted(ZipFeatureTask):
    def zip_method(self, *features, weights):
        return sum(feature * weight for feature, weight in zip(features, weights, strict=True))


class TestMap:
    def test_each_input_makes_one_output_in_order(self, patch):
        task = MapFeatureTask([BANDS, NDVI], {FeatureType.SCALAR_TIMELESS: ["A", "B"]}, np.ravel)
        assert task(patch) is patch
        assert_array_equal(patch.scalar_timeless["A"], np.arange(24))
        assert_array_equal(patch.scalar_timeless["B"], np.full(12, 0.5))

    def test_the_function_gets_the_keyword_arguments(self, patch):
        MapFeatureTask(BANDS, OUT, np.clip, a_min=3, a_max=7)(patch)
        assert_array_equal(patch[OUT], np.clip(patch[BANDS], 3, 7))

    def test_a_subclass_may_override_the_method(self, patch):
        assert_array_equal(Doubled(BANDS, OUT)(patch)[OUT], patch[BANDS] * 2)
        assert_array_equal(Doubled(BANDS, OUT, offset=1)(patch)[OUT], patch[BANDS] * 2 + 1)

    def test_a_given_function_comes_before_the_method(self, patch):
        assert_array_equal(Doubled(BANDS, OUT, np.negative)(patch)[OUT], np.negative(patch[BANDS]))

    def test_new_names_of_inputs_and_outputs_are_ignored(self, patch):
        MapFeatureTask((*BANDS, "X"), (*OUT, "Y"), np.copy)(patch)
        assert list(patch.data_timeless) == ["BANDS", "NDVI", "OUT"]

    def test_the_input_stays_as_it_was(self, patch):
        before = patch[BANDS].copy()
        Doubled(BANDS, OUT)(patch)
        assert_array_equal(patch[BANDS], before)

    def test_settings_are_kept(self):
        task = MapFeatureTask([BANDS], [OUT], np.clip, a_min=0, a_max=1)
        assert task.input_features == [BANDS]
        assert task.output_features == [OUT]
        assert task.function is np.clip
        assert task.kwargs == {"a_min": 0, "a_max": 1}

    def test_there_must_be_as_many_outputs_as_inputs(self):
        with pytest.raises(ValueError, match=r"1 inputs.*BANDS.*2 outputs.*NDVI") as caught:
            MapFeatureTask(BANDS, [OUT, NDVI], np.copy)
        assert isinstance(caught.value, EOLearnError)

    @pytest.mark.parametrize("features", [..., FeatureType.DATA, (FeatureType.DATA, ...)])
    def test_features_must_be_named(self, features):
        with pytest.raises(ValueError, match="EOPatch"):
            MapFeatureTask(features, features, np.copy)

    def test_without_a_function_and_a_method_nothing_can_be_applied(self, patch):
        with pytest.raises(NotImplementedError, match=r"map_function=.*map_method"):
            MapFeatureTask(BANDS, OUT)(patch)

    def test_a_missing_input_is_named(self, patch):
        with pytest.raises(KeyError, match=r"OUT.*BANDS") as caught:
            MapFeatureTask(OUT, NDVI, np.copy)(patch)
        assert isinstance(caught.value, ValueError)


class TestZip:
    def test_the_function_gets_all_inputs_and_the_keyword_arguments(self, patch):
        task = ZipFeatureTask([BANDS, NDVI], OUT, np.add, dtype=np.float64)
        assert task(patch) is patch
        assert patch[OUT].dtype == np.float64
        assert_array_equal(patch[OUT], patch[BANDS] + 0.5)

    def test_a_subclass_may_override_the_method(self, patch):
        Weighted([BANDS, NDVI], OUT, weights=[1, 4])(patch)
        assert_array_equal(patch[OUT], patch[BANDS] + 2)

    def test_settings_are_kept(self):
        task = ZipFeatureTask({FeatureType.DATA_TIMELESS: ["BANDS", "NDVI"]}, (*OUT, "X"), np.add, dtype=int)
        assert task.input_features == [BANDS, NDVI]
        assert task.output_feature == OUT
        assert task.function is np.add
        assert task.kwargs == {"dtype": int}

    def test_the_output_must_be_one_feature(self):
        with pytest.raises(ValueError, match="OUT"):
            ZipFeatureTask([BANDS], [OUT, NDVI], np.add)

    def test_without_a_function_and_a_method_nothing_can_be_applied(self, patch):
        with pytest.raises(NotImplementedError, match=r"zip_function=.*zip_method"):
            ZipFeatureTask([BANDS, NDVI], OUT)(patch)


class TestMerge:
    def test_bands_are_joined_and_promoted(self, patch):
        MergeFeatureTask([BANDS, NDVI], OUT)(patch)
        assert patch[OUT].shape == (3, 4, 3)
        assert patch[OUT].dtype == np.float32
        assert_array_equal(patch[OUT][..., :2], patch[BANDS])
        assert_array_equal(patch[OUT][..., 2:], patch[NDVI])

    def test_another_axis_and_dtype_may_be_chosen(self, patch):
        MergeFeatureTask([BANDS, BANDS], OUT, axis=0, dtype=np.int32)(patch)
        assert patch[OUT].shape == (6, 4, 2)
        assert patch[OUT].dtype == np.int32

    def test_floats_are_not_cut_to_integers(self, patch):
        with pytest.raises(TypeError, match=r"float32.*uint8"):
            MergeFeatureTask([NDVI, NDVI], OUT, dtype=np.uint8)(patch)

    def test_images_of_different_sizes_are_refused(self, patch):
        patch[OUT] = np.zeros((3, 5, 1))
        with pytest.raises(ValueError, match="size 4.*size 5"):
            MergeFeatureTask([BANDS, OUT], OUT)(patch)
