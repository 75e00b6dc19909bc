"""Quicklooks: which image, which outline and which text is where."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError
from eolearn.visualization.quicklook import COLOURS, plot_quicklook

DATA, CLOUDS, SHADOWS = (FeatureType.DATA, "L1C"), (FeatureType.MASK, "CLOUDS"), (FeatureType.MASK, "SHADOWS")
QUALITY = (FeatureType.SCALAR, "QUALITY")


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBox((0, 0, 50, 60), CRS.UTM_33N), timestamps=[datetime(2020, 1, day) for day in range(1, 6)])
    patch[DATA] = np.random.default_rng(0).random((5, 6, 5, 4), dtype=np.float32) * 0.2
    patch[CLOUDS], patch[SHADOWS] = np.zeros((5, 6, 5, 1), bool), np.zeros((5, 6, 5, 1), np.uint8)
    patch[CLOUDS][1, :3], patch[SHADOWS][1, 4:, 2:] = True, 1
    patch[QUALITY] = np.linspace(0, 1, 5)[:, None]
    return patch


def shown(axes):
    return [ax for ax in axes.flat if ax.images]


def test_each_date_has_a_colour_image_with_its_day(patch):
    axes = plot_quicklook(patch, DATA, columns=3)
    assert axes.shape == (2, 3)
    assert [ax.get_title() for ax in shown(axes)] == [f"2020-01-0{day}" for day in range(1, 6)]
    assert_allclose(shown(axes)[2].images[0].get_array(), patch[DATA][2][..., [3, 2, 1]] * 3.5, rtol=1e-6)


def test_masks_are_outlined_where_they_are_set(patch):
    axes = plot_quicklook(patch, DATA, masks={"clouds": CLOUDS, "shade": SHADOWS})
    outlines = [ax.collections for ax in shown(axes)]
    assert [len(found) for found in outlines] == [0, 2, 0, 0, 0]
    corners = outlines[1][0].get_paths()[0].vertices
    # rows 0 to 2 and all five columns: the line lies between rows 2 and 3, and else at the edge of the image
    assert_allclose([corners.min(axis=0), corners.max(axis=0)], [[-0.4, -0.4], [4.4, 2.5]], rtol=1e-6)
    legend = axes[0, 0].figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["clouds", "shade"]
    assert [line.get_color() for line in legend.get_lines()] == list(COLOURS[:2])


def test_legend_has_names_of_features_if_no_others_are_given(patch):
    axes = plot_quicklook(patch, DATA, masks=[CLOUDS])
    assert [text.get_text() for text in axes[0, 0].figure.legends[0].get_texts()] == ["CLOUDS"]


def test_quality_stands_beside_the_date(patch):
    axes = plot_quicklook(patch, DATA, quality=QUALITY, masks=[CLOUDS], times=[1, 3])
    assert [ax.get_title() for ax in shown(axes)] == ["2020-01-02  0.25", "2020-01-04  0.75"]
    assert [len(ax.collections) for ax in shown(axes)] == [1, 0]


def test_patch_without_dates_has_an_empty_page(patch):
    assert not shown(plot_quicklook(patch.temporal_subset([]), DATA, masks=[CLOUDS]))


def test_bad_input_is_refused(patch):
    with pytest.raises(SettingError, match="at least one column"):
        plot_quicklook(patch, DATA, columns=0)
    with pytest.raises(SettingError, match="at most 6 masks"):
        plot_quicklook(patch, DATA, masks={str(number): CLOUDS for number in range(7)})
    with pytest.raises(SettingError, match="MASK"):
        plot_quicklook(patch, DATA, masks=[DATA])
    with pytest.raises(SettingError, match="SCALAR or LABEL"):
        plot_quicklook(patch, DATA, quality=CLOUDS)
    with pytest.raises(IndexOutOfRange):
        plot_quicklook(patch, DATA, rgb=(7, 1, 2))
    patch[SHADOWS] = np.zeros((5, 6, 4, 1), bool)
    with pytest.raises(DataError, match=r"\(5, 6, 4, 1\)"):
        plot_quicklook(patch, DATA, masks=[SHADOWS])
