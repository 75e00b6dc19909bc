from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from eolearn.core import FeatureType
from eolearn.core.exceptions import FeatureError, SettingTypeError
from eolearn.core.utils.testing import generate_eopatch
from eolearn.mask.valid_data import AddValidDataMaskTask

CLM = (FeatureType.MASK, "CLM")


@pytest.mark.parametrize("feature", ["VALID_DATA", (FeatureType.MASK, "VALID_DATA")])
def test_mask_is_what_the_function_makes_of_the_patch(feature):
    patch = AddValidDataMaskTask(lambda patch: patch[CLM] < 9, feature)(generate_eopatch([CLM]))
    assert_array_equal(patch.mask["VALID_DATA"], patch[CLM] < 9)
    assert "VALID_DATA" in AddValidDataMaskTask(lambda patch: patch[CLM] < 9)(generate_eopatch([CLM])).mask


def test_bad_settings_are_refused():
    with pytest.raises(SettingTypeError, match="predicate"):
        AddValidDataMaskTask(np.ones(3))
    with pytest.raises(FeatureError):
        AddValidDataMaskTask(lambda patch: patch[CLM], (FeatureType.DATA, "X"))
