"""Images on another grid, compared with GDAL through rasterio, and with functions known at every place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.enums import Resampling
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox

from eolearn.core.exceptions import DataError
from eolearn.io._grid import PixelGrid, corners_in
from eolearn.io._resampling import Method, resample

WEST, NORTH = 500000, 5100600
SOURCE = PixelGrid(bbox=BBox((WEST, NORTH - 600, WEST + 600, NORTH), CRS.UTM_33N), height=60, width=60)
NAN = np.nan


def grid_at(west, north, pixel, height, width):
    """Return a grid that begins some metres east and south of the source."""
    x, y = WEST + west, NORTH - north
    return PixelGrid(bbox=BBox((x, y - pixel * height, x + pixel * width, y), CRS.UTM_33N), height=height, width=width)


def other_crs(size=50):
    bbox = BBox(transform_bounds(SOURCE.crs, "EPSG:32632", *SOURCE.bbox), CRS.UTM_32N)
    return PixelGrid(bbox=bbox, height=size, width=size)


def image(dtype=np.float32, times=2, bands=3, grid=SOURCE):
    numbers = np.random.default_rng(0).integers(0, 200, (times, grid.height, grid.width, bands))
    return numbers.astype(dtype)


def vrt(array, target, name, no_data=None):
    """Return what GDAL makes of an image of one band with a WarpedVRT."""
    with MemoryFile() as file:
        profile = {"driver": "GTiff", "count": 1, "dtype": array.dtype, "nodata": no_data}
        place = {"height": SOURCE.height, "width": SOURCE.width, "crs": SOURCE.crs, "transform": SOURCE.transform}
        with file.open(**profile, **place) as writer:
            writer.write(array, 1)
        size = {"height": target.height, "width": target.width, "crs": target.crs, "transform": target.transform}
        with file.open() as reader, WarpedVRT(reader, resampling=Resampling[name], tolerance=0.001, **size) as warped:
            return warped.read(1)


def test_image_on_its_own_grid_is_the_same_array():
    array = image()
    assert resample(array, SOURCE, PixelGrid(bbox=SOURCE.bbox, height=60, width=60), Method()) is array


@pytest.mark.parametrize(
    ("name", "pixel"), [("nearest", 14), ("bilinear", 8), ("cubic", 8), ("average", 14), ("max", 14)]
)
def test_pixels_in_the_same_crs_are_those_of_gdal(name, pixel):
    target = grid_at(33, 41, pixel, 35, 33)
    array = image()
    found = resample(array, SOURCE, target, Method(name=name))
    assert_allclose(found[1, ..., 2], vrt(array[1, ..., 2], target, name), atol=1e-3)


@pytest.mark.parametrize("name", ["nearest", "bilinear", "cubic"])
def test_pixels_in_another_crs_are_those_of_gdal(name):
    target = other_crs(80)
    array = image()
    found = resample(array, SOURCE, target, Method(name=name))[1, ..., 2]
    difference = np.abs(found - vrt(array[1, ..., 2], target, name, no_data=NAN))
    assert (difference[np.isfinite(difference)] < 0.5).mean() > 0.99  # of 200, at the edges of pixels
    assert np.isfinite(difference).mean() > 0.8


def test_coarser_interpolation_looks_at_all_pixels():
    """It is that of a triangle as wide as two new pixels, by Heckbert's antialiasing (1989)."""
    target = grid_at(33, 41, 14, 35, 33)
    array = image(np.float64)
    weights_y, weights_x = triangles(60, 4.1, 35), triangles(60, 3.3, 33)
    expected = np.einsum("yr,trcb,xc->tyxb", weights_y, array, weights_x)
    assert_allclose(resample(array, SOURCE, target, Method(name="bilinear")), expected, rtol=1e-6)


def triangles(size, start, count):
    centres = start + 1.4 * (np.arange(count) + 0.5)
    weights = np.maximum(0, 1 - np.abs(np.arange(size) + 0.5 - centres[:, np.newaxis]) / 1.4)
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("name", ["average", "mode"])
def test_coarser_pixels_in_another_crs_are_nearer_to_many_samples_than_those_of_gdal(name):
    target, samples = other_crs(24), other_crs(24 * 20)
    array = image(np.uint8, times=1, bands=1)[0] // 50 * 50
    found = resample(array, SOURCE, target, Method(name=name))[..., 0].astype(float)
    gdal = vrt(array[..., 0], target, name).astype(float)
    blocks = resample(array, SOURCE, samples, Method(name="nearest"))[..., 0].reshape(24, 20, 24, 20)
    if name == "average":
        expected = blocks.mean(axis=(1, 3))
    else:
        counts = [(blocks == value).sum(axis=(1, 3)) for value in (0, 50, 100, 150)]
        expected = np.argmax(counts, axis=0) * 50
    inner = np.s_[3:-3, 3:-3]
    errors = [np.abs(made - expected)[inner].mean() for made in (found, gdal)]
    assert errors[0] < errors[1]
    assert errors[0] < (2 if name == "average" else 10)  # of values from 0 to 150


@pytest.mark.parametrize(("method", "pixel"), [("bilinear", 5), ("bilinear", 9), ("average", 20), ("cubic", 7)])
def test_plane_stays_a_plane(method, pixel):
    """What is linear in the coordinates is so on any grid, without an error but of rounding."""
    target = grid_at(53, 47, pixel, 400 // pixel, 400 // pixel)
    found = resample(plane(SOURCE)[np.newaxis], SOURCE, target, Method(name=method))
    assert_allclose(found[0], plane(target), atol=1e-6)


@pytest.mark.parametrize(("method", "size"), [("bilinear", 70), ("average", 15)])
def test_plane_stays_a_plane_in_another_crs(method, size):
    """The error is that of the transform, an eighth of a pixel of 10 m at most."""
    target = other_crs(size)
    found = resample(plane(SOURCE), SOURCE, target, Method(name=method))
    columns, rows = (
        np.mean([c[:-1, :-1], c[1:, :-1], c[:-1, 1:], c[1:, 1:]], axis=0) for c in corners_in(target, SOURCE)
    )
    x, y = columns * 10, -rows * 10
    inside = (np.minimum(columns, rows) > 5) & (np.maximum(columns, rows) < 55)
    assert inside.sum() > 50
    assert np.abs(found[..., 0] - (3 * x - 2 * y))[inside].max() < 5 * 10 / 8


def plane(grid):
    """Return three times the way east minus twice the way north, in metres from the corner of the source."""
    transform = grid.transform
    x = transform.c - WEST + transform.a * (np.arange(grid.width) + 0.5)
    y = transform.f - NORTH + transform.e * (np.arange(grid.height) + 0.5)
    return (3 * x - 2 * y[:, np.newaxis])[..., np.newaxis]


@given(factor=st.integers(2, 5), dtype=st.sampled_from(["uint8", "float16", "int64"]))
def test_finer_and_back_is_what_it_was(factor, dtype):
    array = image(dtype)
    finer = PixelGrid(bbox=SOURCE.bbox, height=60 * factor, width=60 * factor)
    repeated = resample(array, SOURCE, finer, Method(name="nearest"))
    assert_array_equal(repeated, array.repeat(factor, 1).repeat(factor, 2))
    for name in ("average", "mode", "auto"):
        back = resample(repeated, finer, SOURCE, Method(name=name))
        assert back.dtype == dtype
        assert_array_equal(back, array)


def test_integer_factor_is_the_mean_of_blocks():
    target = PixelGrid(bbox=SOURCE.bbox, height=20, width=30)
    expected = image().reshape(2, 20, 3, 30, 2, 3).mean(axis=(2, 4))
    assert_allclose(resample(image(), SOURCE, target, Method()), expected, rtol=1e-6)


def test_other_part_of_the_same_grid_is_cut_out_bit_for_bit():
    array = image()
    array[0, 5, 5, 1] = NAN
    target = grid_at(-20, 30, 10, 12, 14)
    expected = np.full((2, 12, 14, 3), NAN, np.float32)
    expected[:, :, 2:] = array[:, 3:15, :12]
    assert_array_equal(resample(array, SOURCE, target, Method()), expected)


@pytest.mark.parametrize(
    ("pixel", "are_classes", "dtype", "name"),
    [
        (20, False, np.uint16, "average"),
        (5, False, np.uint16, "bilinear"),
        (10.5, False, np.float32, "bilinear"),
        (20, True, np.uint16, "mode"),
        (20, False, bool, "mode"),
        (5, True, np.uint16, "nearest"),
        (5, False, bool, "nearest"),
    ],
)
def test_method_that_fits_is_taken(pixel, are_classes, dtype, name):
    target = grid_at(13, 11, pixel, 20, 20)
    array = image(np.uint8) % 7 > 3 if dtype is bool else image(dtype)
    found = resample(array, SOURCE, target, Method(are_classes=are_classes))
    assert found.dtype == dtype
    assert_array_equal(found, resample(array, SOURCE, target, Method(name=name, are_classes=are_classes)))


@pytest.mark.parametrize("no_data", [None, -9.0])
@pytest.mark.parametrize("name", ["bilinear", "cubic", "average", "max", "lanczos"])
def test_no_data_never_mix_with_data(name, no_data):
    array = np.full((1, 60, 60, 2), 5, np.float32)
    array[0, 5:15, 5:15, 0] = NAN if no_data is None else no_data
    target = grid_at(3, 7, 16 if name in ("average", "max") else 6, 30, 30)
    found = resample(array, SOURCE, target, Method(name=name, no_data_value=no_data))
    missing = np.isnan(found) if no_data is None else found == no_data
    assert missing[..., 0].any()
    assert not missing[..., 1].any()  # the other band has data
    assert_allclose(found[~missing], 5, rtol=1e-6)


@pytest.mark.parametrize(
    ("dtype", "no_data"), [(np.float32, None), (np.float32, -9), (np.uint16, None), (np.uint16, 0)]
)
@pytest.mark.parametrize("name", ["bilinear", "cubic", "lanczos", "average", "med"])
def test_what_lies_outside_of_the_source_never_mixes_with_data(name, dtype, no_data):
    array = np.full((1, 60, 60, 1), 500, dtype)
    for target in (grid_at(-37, -41, 7, 110, 110), grid_at(-37, -41, 17, 50, 50), other_crs(90), other_crs(25)):
        found = resample(array, SOURCE, target, Method(name=name, no_data_value=no_data))
        fill = (NAN if dtype is np.float32 else 0) if no_data is None else no_data
        has_data = ~np.isnan(found) & (found != fill)
        assert 0.3 < has_data.mean() < 1
        assert_allclose(found[has_data], 500, rtol=1e-6)


def test_interpolated_pixel_has_data_where_the_nearest_one_has():
    array = image(np.float64, times=1, bands=1)
    array[:, ::7, ::5] = NAN
    target = grid_at(13, 11, 4, 90, 90)
    found = resample(array, SOURCE, target, Method(name="bilinear"))
    nearest = resample(array, SOURCE, target, Method(name="nearest"))
    assert_array_equal(np.isnan(found), np.isnan(nearest))


@pytest.mark.parametrize("name", ["average", "mode", "min"])
def test_share_that_must_have_data_is_set(name):
    array = np.full((6, 6, 1), 4, np.uint8)
    array[:2, :3] = 255
    source, target = (PixelGrid(bbox=SOURCE.bbox, height=size, width=size) for size in (6, 2))  # 3 of 9 are left
    for share, expected in ((0.33, 4), (0.34, 255)):
        found = resample(array, source, target, Method(name=name, no_data_value=255, min_valid_share=share))
        assert_array_equal(found[..., 0], [[expected, 4], [4, 4]])


@pytest.mark.parametrize("share", [0.2, 0.3])
def test_what_the_source_does_not_cover_has_no_data(share):
    target = grid_at(-10, -10, 20, 3, 3)  # a quarter of the corner pixel is covered
    found = resample(np.ones((60, 60, 1)), SOURCE, target, Method(min_valid_share=share))
    assert np.isnan(found[0, 0, 0]) == (share > 0.25)
    assert_array_equal(found[1:, 1:], 1)


@pytest.mark.parametrize(("dtype", "fill"), [(np.float32, NAN), (np.uint16, 0), (bool, False)])
def test_far_away_there_is_no_data(dtype, fill):
    for pixel in (5, 10, 20):
        found = resample(np.ones((60, 60, 1), dtype), SOURCE, grid_at(9000, 9000, pixel, 4, 4), Method())
        assert_array_equal(found, np.full((4, 4, 1), fill, dtype))


def test_mean_of_integers_that_is_rounded_does_not_become_no_data():
    array = np.array([[1, 3], [1, 3]], np.int16)[..., np.newaxis]
    source, target = (PixelGrid(bbox=SOURCE.bbox, height=size, width=size) for size in (2, 1))
    assert resample(array, source, target, Method(name="average", no_data_value=2)) == 3
    assert resample(array, source, target, Method(name="average", no_data_value=0)) == 2


def test_bool_is_no_number():
    array = np.ones((60, 60, 1), bool)
    target = grid_at(0, 0, 20, 30, 30)
    with pytest.raises(DataError, match="image is bool, which 'average' can't make: choose one of nearest, mode"):
        resample(array, SOURCE, target, Method(name="average"))
    assert resample(array, SOURCE, target, Method(name="max")).all()


@pytest.mark.parametrize(
    ("dtype", "value"), [(np.uint8, 300), (np.uint8, -1), (np.int16, 0.5), (np.int16, NAN), (bool, 0)]
)
def test_no_data_value_must_fit(dtype, value):
    with pytest.raises(DataError, match="can't stand for no data"):
        resample(np.ones((60, 60, 1), dtype), SOURCE, grid_at(0, 0, 20, 30, 30), Method(no_data_value=value))


def test_what_is_no_number_is_refused():
    with pytest.raises(DataError, match=r"holds datetime64\[D\], which can't be resampled"):
        resample(np.zeros((60, 60, 1), "M8[D]"), SOURCE, grid_at(0, 0, 20, 30, 30), Method())


@pytest.mark.parametrize("shape", [(0, 60, 60, 2), (3, 60, 60, 0)])
def test_image_without_dates_or_bands_stays_without(shape):
    found = resample(np.zeros(shape), SOURCE, grid_at(0, 0, 20, 30, 31), Method())
    assert found.shape == (shape[0], 30, 31, shape[3])


@pytest.mark.parametrize("name", ["nearest", "bilinear", "average", "mode"])
def test_single_pixel_is_spread(name):
    source = PixelGrid(bbox=SOURCE.bbox, height=1, width=1)
    found = resample(np.full((1, 1, 1), 3.5), source, PixelGrid(bbox=SOURCE.bbox, height=2, width=3), Method(name=name))
    assert_allclose(found, np.full((2, 3, 1), 3.5))


@pytest.mark.parametrize("name", ["nearest", "bilinear", "average", "mode", "max"])
def test_array_that_was_handed_in_is_not_written_to(name):
    array = image()
    array[0, :9] = -1
    before = array.copy()
    resample(array, SOURCE, grid_at(5, 5, 15, 20, 20), Method(name=name, no_data_value=-1))
    assert_array_equal(array, before)
