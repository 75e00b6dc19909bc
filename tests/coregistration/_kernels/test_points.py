"""Points that look alike lie by the known shift from each other."""

import numpy as np
import pytest

from eolearn.coregistration._kernels.points import grey_image, matching_points

EVERYWHERE = np.ones((128, 160), bool)


@pytest.mark.parametrize(("detector", "tolerance_px"), [("sift", 0.3), ("orb", 1)])
def test_most_pairs_lie_by_the_shift(scene, detector, tolerance_px):
    source, target = matching_points(scene.reference, scene.frames[0], EVERYWHERE, EVERYWHERE, detector=detector)
    assert len(source) > 20
    assert np.linalg.norm(np.median(target - source, axis=0) - scene.shifts_xy[0]) < tolerance_px


def test_points_lie_where_they_are_valid(scene):
    source, target = matching_points(scene.reference, scene.frames[0], EVERYWHERE, scene.valid[0], detector="sift")
    assert len(source) == len(target)
    columns, rows = np.rint(target).astype(int).T
    assert scene.valid[0][rows, columns].mean() > 0.95  # places are of a part of a pixel, the mask of whole ones


@pytest.mark.parametrize("detector", ["sift", "orb"])
def test_images_without_points_have_no_pairs(detector):
    for valid in (EVERYWHERE, ~EVERYWHERE):
        source, target = matching_points(np.ones((128, 160)), np.ones((128, 160)), valid, valid, detector=detector)
        assert source.shape == target.shape == (0, 2)


def test_grey_images_span_the_percentiles_of_what_is_valid():
    image = np.arange(101.0)[None]
    valid = np.ones(image.shape, bool)
    grey = grey_image(np.where(image == 50, np.nan, image), valid & (image != 50))
    assert grey[0, 1] == 0
    assert grey[0, 99] == 255
    assert grey[0, 50] in (127, 128)
