"""Oracles: a loop over pixel centres with shapely, sets of values, rasterio given one shape at a time, and drawings."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio import Affine
from rasterio.features import rasterize

from eolearn.geometry._kernels.burn import burn, burn_overlapped, sum_of_shapes

HEIGHT, WIDTH = 7, 9
TRANSFORM = Affine(2.0, 0, 100.0, 0, -3.0, 50.0)  # pixels of 2 x 3 units, the upper left corner at (100, 50)

# corners are eighths of a pixel off the half ones, so no edge meets a centre and every rule of borders agrees
columns = st.integers(-2, WIDTH + 2).map(lambda n: 100 + 2 * (n + 0.125))
rows = st.integers(-2, HEIGHT + 2).map(lambda n: 50 - 3 * (n + 0.125))


@st.composite
def rectangles_with_a_hole(draw):
    left, right = sorted(draw(st.lists(columns, min_size=2, max_size=2, unique=True)))
    bottom, top = sorted(draw(st.lists(rows, min_size=2, max_size=2, unique=True)))
    shell = shapely.box(left, bottom, right, top)
    return shell.difference(shapely.affinity.scale(shell, 0.4, 0.4)) if draw(st.booleans()) else shell


def triangles_of(x, y):
    corners = st.lists(st.tuples(x, y), min_size=3, max_size=3, unique=True)
    return corners.map(shapely.Polygon).filter(lambda shape: shape.is_valid and shape.area > 0.5)


triangles = triangles_of(columns, rows)
triangles_on_centres_and_edges = triangles_of(
    st.integers(-4, 2 * WIDTH + 4).map(lambda n: 100.0 + n), st.integers(-4, 2 * HEIGHT + 4).map(lambda n: 50 - 1.5 * n)
)
shapes_and_values = st.lists(
    st.tuples(st.one_of(triangles, rectangles_with_a_hole()), st.integers(1, 4)), min_size=1, max_size=6
)


def centres():
    x, y = TRANSFORM @ np.stack([*np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)])
    return shapely.points(x, y)


def covering_values(pairs):
    """For each pixel the values of the shapes that hold its centre, in their order."""
    pixels = np.empty((HEIGHT, WIDTH), dtype=object)
    for index, point in np.ndenumerate(centres()):
        pixels[index] = [value for shape, value in pairs if shape.contains(point)]
    return pixels


def as_arrays(pairs, dtype=np.uint8):
    shapes, values = zip(*pairs, strict=True)
    return np.array(shapes, dtype=object), np.array(values, dtype=dtype)


def touches_no_centre(pairs):
    boundaries = shapely.union_all([shape.boundary for shape, _ in pairs])
    return shapely.distance(boundaries, centres()).min() > 1e-6


@given(shapes_and_values.filter(touches_no_centre))
def test_last_shape_that_holds_the_centre_of_a_pixel_gives_its_value(pairs):
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    burn(image, *as_arrays(pairs), transform=TRANSFORM)
    expected = [[(pixel or [0])[-1] for pixel in row] for row in covering_values(pairs)]
    np.testing.assert_array_equal(image, expected)


@given(shapes_and_values.filter(touches_no_centre))
def test_pixel_that_different_values_cover_gets_the_overlap_value(pairs):
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    burn_overlapped(image, *as_arrays(pairs), overlap_value=99, no_data_value=0, transform=TRANSFORM)
    expected = [[99 if len({*pixel}) > 1 else (pixel or [0])[0] for pixel in row] for row in covering_values(pairs)]
    np.testing.assert_array_equal(image, expected)


@given(shapes_and_values, st.randoms())
def test_order_of_shapes_is_no_matter_where_overlaps_are_marked(pairs, random):
    images = np.zeros((2, HEIGHT, WIDTH), dtype=np.uint8)
    burn_overlapped(images[0], *as_arrays(pairs), overlap_value=99, no_data_value=0, transform=TRANSFORM)
    random.shuffle(pairs)
    burn_overlapped(images[1], *as_arrays(pairs), overlap_value=99, no_data_value=0, transform=TRANSFORM)
    np.testing.assert_array_equal(images[0], images[1])


@given(shapes_and_values.filter(touches_no_centre))
def test_sum_counts_each_shape_that_covers_a_pixel(pairs):
    total = sum_of_shapes((HEIGHT, WIDTH), *as_arrays(pairs), transform=TRANSFORM)
    np.testing.assert_array_equal(total, [[sum(pixel) for pixel in row] for row in covering_values(pairs)])


@given(st.lists(st.tuples(triangles_on_centres_and_edges, st.integers(1, 4)), min_size=1, max_size=4), st.booleans())
def test_borders_on_pixel_centres_and_edges_are_drawn_as_rasterio_draws_them(pairs, all_touched):
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    burn(image, *as_arrays(pairs), transform=TRANSFORM, all_touched=all_touched)
    expected = rasterize(pairs, (HEIGHT, WIDTH), transform=TRANSFORM, all_touched=all_touched, dtype=np.uint8)
    np.testing.assert_array_equal(image, expected)


@pytest.mark.parametrize(
    "shape",
    [
        shapely.MultiPolygon([shapely.box(101, 32, 107, 45), shapely.box(110, 32, 113, 49)]),
        shapely.box(101, 32, 115, 49).difference(shapely.box(105, 36, 109, 43)),
        shapely.LineString([(101, 49), (117, 31)]),
        shapely.Point(105.5, 40),
        shapely.GeometryCollection([shapely.box(101, 32, 107, 45), shapely.Point(115, 40)]),
        shapely.force_3d(shapely.box(101, 32, 107, 45), 5),
    ],
    ids=lambda shape: shape.geom_type,
)
@pytest.mark.parametrize("company", [[], [(shapely.box(103, 40, 104, 41), 2)]], ids=["alone", "with another"])
def test_every_kind_of_geometry_is_drawn_as_rasterio_draws_it(shape, company):
    pairs = [(shape, 1), *company]
    image = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    burn(image, *as_arrays(pairs), transform=TRANSFORM)
    np.testing.assert_array_equal(image, rasterize(pairs, (HEIGHT, WIDTH), transform=TRANSFORM, dtype=np.uint8))
    assert image.any()


PIXELS = Affine(1, 0, 0, 0, -1, 3)  # three rows of unit pixels, y = 3 at the top


def test_drawing_of_two_squares():
    image = np.zeros((3, 4), dtype=np.int16)
    shapes = np.array([shapely.box(0, 1, 2, 3), shapely.box(1, 0, 4, 2)])
    burn(image, shapes, np.array([-5, 7], dtype=np.int16), transform=PIXELS)
    assert image.tolist() == [[-5, -5, 0, 0], [-5, 7, 7, 7], [0, 7, 7, 7]]
    burn_overlapped(
        image, shapes, np.array([-5, 7], dtype=np.int16), overlap_value=-1, no_data_value=0, transform=PIXELS
    )
    assert image.tolist() == [[-5, -5, 0, 0], [-5, -1, 7, 7], [0, 7, 7, 7]]


def test_value_that_the_image_holds_counts_as_covering():
    image = np.array([[1, 1, 8, 0]] * 3, dtype=np.uint8)
    shapes, values = np.array([shapely.box(0, 0, 4, 3)]), np.array([1], dtype=np.uint8)
    burn_overlapped(image, shapes, values, overlap_value=9, no_data_value=0, transform=PIXELS)
    assert image.tolist() == [[1, 1, 9, 1]] * 3


def test_nan_is_no_data_of_a_float_image():
    image = np.array([[np.nan, 1, 2, np.nan]] * 3, dtype=np.float32)
    shapes, values = np.array([shapely.box(0, 0, 3, 3)]), np.array([2], dtype=np.float32)
    burn_overlapped(image, shapes, values, overlap_value=9, no_data_value=np.nan, transform=PIXELS)
    np.testing.assert_array_equal(image, [[2, 9, 2, np.nan]] * 3)


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint16", "int64", "uint64", "float16", "float32", "float64"])
def test_every_dtype_of_numbers_can_be_burnt(dtype):
    image = np.zeros((3, 4), dtype=dtype)
    burn(image, np.array([shapely.box(0, 0, 1, 3)]), np.array([1], dtype=dtype), transform=PIXELS)
    np.testing.assert_array_equal(image, np.array([[1, 0, 0, 0]] * 3, dtype=dtype))


def test_identifiers_above_2_to_the_53_stay_exact():
    image = np.zeros((3, 4), dtype=np.int64)
    burn(image, np.array([shapely.box(0, 0, 1, 3)]), np.array([2**60 + 1]), transform=PIXELS)
    assert image[0, 0] == 2**60 + 1


@pytest.mark.parametrize("count", [255, 256, 66_000])  # the codes of values need 8, 16 and 32 bits
def test_any_number_of_different_values_can_be_burnt(count):
    image = np.zeros((1, count), dtype=np.int64)
    shapes = shapely.box(np.arange(count), 0, np.arange(count) + 1, 1)
    burn(image, shapes, np.arange(count) * 10, transform=Affine(1, 0, 0, 0, -1, 1))
    np.testing.assert_array_equal(image[0], np.arange(count) * 10)
