"""Moved images against scipy, and what must hold of no data."""

import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.coregistration._kernels.move import move_image


def shifted(shape, x, y):
    """Return places to the right and below."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    return columns + np.float32(x), rows + np.float32(y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
def test_linear_values_are_those_of_scipy(dtype):
    image = np.random.default_rng(0).random((20, 30, 2)).astype(dtype)
    x, y = shifted((20, 30), 0.3, -0.7)
    moved = move_image(image, (x, y), interpolation="linear")
    assert moved.dtype == dtype
    for band in (0, 1):
        wanted = scipy.ndimage.map_coordinates(image[..., band].astype(float), [y, x], order=1)
        assert_allclose(moved[1:, :-1, band], wanted[1:, :-1], atol=1e-3)


def test_cubic_values_keep_more_of_the_texture_than_linear_ones(scene):
    x, y = shifted((128, 160), *scene.shifts_xy[0])
    inside = (slice(4, -4), slice(4, -4))
    errors = {
        name: np.abs(move_image(scene.frames[0], (x, y), interpolation=name) - scene.reference)[inside].mean()
        for name in ("nearest", "linear", "cubic")
    }
    assert errors["cubic"] < errors["linear"] < errors["nearest"]


@pytest.mark.parametrize("interpolation", ["linear", "cubic"])
@pytest.mark.parametrize("gap", [np.nan, np.inf, 9999.0])
def test_no_data_stays_and_leaves_no_trace(interpolation, gap):
    image = np.random.default_rng(1).random((24, 24)).astype(np.float32)
    image[8:12, 5:9] = gap
    no_data = gap if np.isfinite(gap) else None
    moved = move_image(image, shifted((24, 24), 0.3, 0.2), interpolation=interpolation, no_data=no_data)
    lost = (moved == gap) if np.isfinite(gap) else np.isnan(moved)
    assert lost[8:12, 5:9].all()
    lost[8:12, 5:9] = False
    assert not lost.any()
    known = moved[np.isfinite(moved) & (moved != gap)]
    assert known.min() > -0.3  # the overshoot of a cubic, of values in 0..1
    assert known.max() < 1.3


def test_beside_a_gap_the_others_make_a_weighted_mean():
    image = np.array([[1, 3, np.nan], [5, 7, 9]], np.float32)
    moved = move_image(image, shifted((2, 3), 0.25, 0.25), interpolation="cubic")
    # the upper middle one: of 3 (0.75 * 0.75), 7 (0.75 * 0.25) and 9 (0.25 * 0.25)
    assert moved[0, 1] == pytest.approx((3 * 9 + 7 * 3 + 9 * 1) / 13, rel=1e-5)
    assert np.isnan(moved[0, 2])


@pytest.mark.parametrize(("dtype", "beyond"), [(np.float32, np.nan), (np.uint16, 0), (np.int8, 0), (bool, False)])
def test_what_comes_from_beyond_the_edge_is_no_data(dtype, beyond):
    moved = move_image(np.ones((6, 6), dtype), shifted((6, 6), -2, 0), interpolation="linear")
    assert_array_equal(moved[:, :2], np.full((6, 2), beyond, dtype))
    assert_array_equal(moved[:, 2:], np.ones((6, 4), dtype))


def test_integers_are_rounded_and_cut():
    image = np.array([[250, 255, 255, 1, 1, 1]] * 4, np.uint8)
    moved = move_image(image, shifted((4, 6), 0.4, 0), interpolation="cubic")
    assert moved.dtype == np.uint8
    assert moved[1, 1] == 255
    assert moved[1, 0] == 252 or moved[1, 0] > 252


def test_classes_are_copies_with_half_a_pixel_to_the_nearest():
    classes = np.random.default_rng(2).integers(0, 5, (10, 12, 1), np.uint8)
    moved = move_image(classes, shifted((10, 12), 0.7, -0.6), interpolation="nearest")
    assert_array_equal(moved[1:, :-1], classes[:-1, 1:])
    text = np.array([["a", "b"], ["c", "d"]])
    assert_array_equal(move_image(text, shifted((2, 2), 0, 0), interpolation="cubic"), text)


def test_a_mask_of_data_moves_as_the_data_do():
    image = np.random.default_rng(3).random((30, 30)).astype(np.float32)
    image[scipy.ndimage.gaussian_filter(np.random.default_rng(4).random((30, 30)), 2) > 0.51] = np.nan
    places = shifted((30, 30), 1.3, -0.45)
    known = move_image(np.isfinite(image), places, interpolation="nearest")
    assert_array_equal(np.isfinite(move_image(image, places, interpolation="cubic")), known)
