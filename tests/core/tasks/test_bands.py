"""Tasks that take bands apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, ExplodeBandsTask, ExtractBandsTask, FeatureType, MergeFeatureTask
from eolearn.core.exceptions import EOLearnError

BANDS, OUT, OTHER = ((FeatureType.DATA_TIMELESS, name) for name in ("BANDS", "OUT", "OTHER"))
DEPTH = 5


def make_patch():
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
    patch[BANDS] = np.arange(3 * 4 * DEPTH).reshape(3, 4, DEPTH)
    return patch


class TestExtract:
    @given(st.lists(st.integers(-DEPTH, DEPTH - 1)))
    def test_bands_come_in_the_given_order(self, bands):
        patch = make_patch()
        assert ExtractBandsTask(BANDS, OUT, bands)(patch) is patch
        assert patch[OUT].shape == (3, 4, len(bands))
        for position, band in enumerate(bands):
            assert_array_equal(patch[OUT][..., position], patch[BANDS][..., band])

    @pytest.mark.parametrize("bands", [[0, 1], range(DEPTH)])
    def test_the_bands_are_a_copy_laid_out_in_order(self, bands):
        patch = ExtractBandsTask(BANDS, OUT, bands)(make_patch())
        assert not np.shares_memory(patch[OUT], patch[BANDS])
        assert patch[OUT].flags.c_contiguous

    @pytest.mark.parametrize("bands", [(1, 2), np.array([1, 2]), iter([1, 2])])
    def test_any_iterable_of_positions_will_do(self, bands):
        task = ExtractBandsTask(BANDS, OUT, bands)
        assert task.bands == [1, 2]
        assert_array_equal(task(make_patch())[OUT], make_patch()[BANDS][..., 1:3])

    @pytest.mark.parametrize("band", [DEPTH, -DEPTH - 1])
    @pytest.mark.parametrize("error", [ValueError, IndexError, EOLearnError])
    def test_a_band_that_is_not_there_is_refused(self, band, error):
        with pytest.raises(error, match=rf"\(3, 4, {DEPTH}\).*\[{band}\]"):
            ExtractBandsTask(BANDS, OUT, [0, band])(make_patch())

    @pytest.mark.parametrize(("bands", "error"), [(3, TypeError), ([True, False], ValueError), (["B04"], ValueError)])
    def test_bands_must_be_given_by_position(self, bands, error):
        with pytest.raises(error, match="positions.*(3|True|B04)"):
            ExtractBandsTask(BANDS, OUT, bands)


class TestExplode:
    def test_one_band_or_several_or_none_make_a_feature(self):
        dates = (FeatureType.DATA_TIMELESS, "NONE")
        patch = make_patch()
        assert ExplodeBandsTask(BANDS, {OUT: 2, OTHER: (4, -1, 0), dates: []})(patch) is patch
        assert_array_equal(patch[OUT], patch[BANDS][..., 2:3])
        assert_array_equal(patch[OTHER], patch[BANDS][..., [4, 4, 0]])
        assert patch[dates].shape == (3, 4, 0)

    @given(st.permutations(range(DEPTH)))
    def test_merging_the_bands_again_gives_the_feature_back(self, order):
        parts = {(FeatureType.DATA_TIMELESS, f"B{band}"): band for band in order}
        patch = ExplodeBandsTask(BANDS, parts)(make_patch())
        MergeFeatureTask(sorted(parts, key=lambda feature: feature[1]), OUT)(patch)
        assert_array_equal(patch[OUT], patch[BANDS])

    def test_nothing_is_stored_if_one_band_is_not_there(self):
        patch = make_patch()
        with pytest.raises(ValueError, match=r"\[7\]"):
            ExplodeBandsTask(BANDS, {OUT: 0, OTHER: 7})(patch)
        assert list(patch.data_timeless) == ["BANDS"]

    def test_the_mapping_must_be_one_of_features_to_positions(self):
        with pytest.raises(TypeError, match="OUT"):
            ExplodeBandsTask(BANDS, [OUT])
        with pytest.raises(ValueError, match="1.5"):
            ExplodeBandsTask(BANDS, {OUT: [1.5]})
        with pytest.raises(ValueError, match="DATA"):
            ExplodeBandsTask(BANDS, {FeatureType.DATA: 1})
