"""Oracles: drawing the outlines again, areas counted in pixels, and components counted by scipy."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rasterio import Affine
from scipy import ndimage

from eolearn.geometry._kernels.burn import burn
from eolearn.geometry._kernels.outlines import outlines

TRANSFORM = Affine(2.0, 0, 100.0, 0, -3.0, 50.0)  # pixels of 2 x 3 units, the upper left corner at (100, 50)
sides = st.integers(1, 8)
images = hnp.arrays(np.uint8, st.tuples(sides, sides), elements=st.integers(0, 2))
connectivities = st.sampled_from([4, 8])


@given(images, connectivities)
def test_outlines_drawn_again_give_the_image(image, connectivity):
    shapes, values = outlines(image, transform=TRANSFORM, connectivity=connectivity)
    drawn = np.full_like(image, 9)
    burn(drawn, shapes, values, transform=TRANSFORM)
    np.testing.assert_array_equal(drawn, image)


@given(images, connectivities)
def test_outlines_are_valid_and_cover_each_pixel_once(image, connectivity):
    shapes, values = outlines(image, transform=TRANSFORM, connectivity=connectivity)
    assert shapely.is_valid(shapes).all()
    for value in np.unique(image):
        assert shapely.area(shapes[values == value]).sum() == pytest.approx(6 * (image == value).sum())


@given(images, connectivities)
def test_each_connected_area_has_one_outline(image, connectivity):
    _, values = outlines(image, transform=TRANSFORM, connectivity=connectivity)
    neighbours = ndimage.generate_binary_structure(2, connectivity // 4)
    for value in np.unique(image):
        assert (values == value).sum() == ndimage.label(image == value, neighbours)[1]


@given(images, connectivities)
def test_only_wanted_pixels_are_outlined(image, connectivity):
    shapes, values = outlines(image, transform=TRANSFORM, wanted=image != 1, connectivity=connectivity)
    assert 1 not in values
    assert shapely.area(shapes).sum() == pytest.approx(6 * (image != 1).sum())


def test_image_without_wanted_pixels_has_no_outlines():
    shapes, values = outlines(
        np.zeros((3, 4), dtype=np.int16), transform=TRANSFORM, wanted=np.zeros((3, 4), dtype=bool)
    )
    assert (shapes.shape, values.shape, values.dtype) == ((0,), (0,), np.int16)


def test_hole_is_left_out():
    image = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=np.uint8)
    shapes, values = outlines(image, transform=Affine(1, 0, 0, 0, -1, 3))
    assert values.tolist() == [5, 1]
    assert shapes[0].equals(shapely.box(1, 1, 2, 2))
    assert shapes[1].equals(shapely.box(0, 0, 3, 3).difference(shapely.box(1, 1, 2, 2)))


def test_pixels_that_meet_at_a_corner_are_one_area_where_told_so():
    image = np.eye(2, dtype=bool)
    lone, joined = (outlines(image, transform=TRANSFORM, wanted=image, connectivity=n)[0] for n in (4, 8))
    assert (len(lone), len(joined)) == (2, 1)
    assert joined[0].equals(shapely.union_all(lone))


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        (bool, False, True),
        ("int8", -128, 127),
        ("uint8", 0, 255),
        ("int16", -(2**15), 2**15 - 1),
        ("uint32", 0, 2**32 - 1),
        ("int64", -(2**63), 2**63 - 1),
        ("uint64", 2**64 - 2, 2**64 - 1),
        ("float16", -0.5, np.inf),
        ("float32", 0.1, np.nan),
        ("float64", 0.1, 1e300),
    ],
)
def test_every_dtype_of_numbers_keeps_its_values(dtype, low, high):
    image = np.array([[low, low], [high, high]], dtype=dtype)
    shapes, values = outlines(image, transform=Affine(1, 0, 0, 0, -1, 2))
    np.testing.assert_array_equal(np.sort(values), np.sort(image[:, 0]), strict=True)
    assert shapely.area(shapes).tolist() == [2, 2]
