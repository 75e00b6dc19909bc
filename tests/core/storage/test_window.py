"""Windows are found on the pixels of images, and their boxes are exact."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import EOLearnError
from eolearn.core.storage.window import GridWindow, ShapeHW, find_window

PLACE = BBox((500000, 5100000, 501000, 5100800), CRS.UTM_33N)  # 100 x 80 pixels of 10 m
FINE, COARSE = (FeatureType.DATA, "10m"), (FeatureType.MASK_TIMELESS, "20m")
TEN = {FINE: ShapeHW(80, 100)}
BOTH = {**TEN, COARSE: ShapeHW(40, 50)}


def box(west, south, east, north):
    return BBox((500000 + west, 5100000 + south, 500000 + east, 5100000 + north), CRS.UTM_33N)


@pytest.mark.parametrize(
    ("window", "rows", "columns", "snapped"),
    [
        (box(100, 200, 300, 500), (30, 60), (10, 30), box(100, 200, 300, 500)),
        (box(101, 209, 299, 491), (30, 60), (10, 30), box(100, 200, 300, 500)),  # touched pixels are whole
        (box(99.9, 200, 300, 500.1), (29, 60), (9, 30), box(90, 200, 300, 510)),
        (box(100.000001, 200, 300.000001, 500), (30, 60), (10, 30), box(100, 200, 300, 500)),  # as transforms leave it
        (box(104, 204, 104, 204), (59, 60), (10, 11), box(100, 200, 110, 210)),  # a point lies in a pixel
        (PLACE, (0, 80), (0, 100), PLACE),
    ],
)
def test_a_box_is_snapped_to_the_pixels_that_cover_it(window, rows, columns, snapped):
    found = find_window(window, PLACE, TEN)
    assert (found.rows, found.columns) == (range(*rows), range(*columns))
    assert found.bbox(PLACE) == snapped


def test_a_box_may_have_another_crs():
    window = box(403, 303, 597, 497).transform(CRS.WGS84)
    to_metres = Transformer.from_crs(4326, 32633, always_xy=True)
    west, south, east, north = window
    along = np.linspace(0, 1, 1001)
    across, up = west + along * (east - west), south + along * (north - south)
    edges_x = np.concatenate([across, across, np.full(1001, west), np.full(1001, east)])
    edges_y = np.concatenate([np.full(1001, south), np.full(1001, north), up, up])
    x, y = to_metres.transform(edges_x, edges_y)
    expected = box(
        *(10 * np.floor([(x.min() - 500000) / 10, (y.min() - 5100000) / 10])),
        *(10 * np.ceil([(x.max() - 500000) / 10, (y.max() - 5100000) / 10])),
    )
    assert find_window(window, PLACE, TEN).bbox(PLACE) == expected


@pytest.mark.parametrize(
    "window",
    [
        box(-10, 0, 10, 10),
        box(990, 0, 1010, 10),
        box(0, -1, 10, 10),
        box(2000, 2000, 2010, 2010),
        BBox((0, 0, 1, 1), CRS.WGS84),
        BBox((500000, 5100000, 500010, 5100010), CRS.UTM_32N),
    ],
)
def test_a_box_that_reaches_out_of_the_patch_is_an_error_with_both_boxes(window):
    with pytest.raises(IndexError, match=r"The window BBox\(.* reaches out of the patch, BBox\(\(\(500000\.0") as info:
        find_window(window, PLACE, TEN)
    assert isinstance(info.value, EOLearnError)


def test_a_box_is_snapped_to_the_coarsest_image_and_each_gets_its_own_pixels():
    found = find_window(box(110, 210, 290, 490), PLACE, BOTH)
    assert found.bbox(PLACE) == box(100, 200, 300, 500)
    assert found.on(BOTH[FINE], FINE) == (slice(30, 60), slice(10, 30))
    assert found.on(BOTH[COARSE], COARSE) == (slice(15, 30), slice(5, 15))


def test_rows_and_columns_are_those_of_the_finest_image():
    found = find_window((slice(30, 60), slice(10, 30)), PLACE, BOTH)
    assert found.on(BOTH[COARSE], COARSE) == (slice(15, 30), slice(5, 15))
    assert found.bbox(PLACE) == box(100, 200, 300, 500)


def test_a_window_that_cuts_pixels_of_a_coarser_image_is_refused_by_name():
    found = find_window((slice(31, 60), slice(10, 30)), PLACE, BOTH)
    with pytest.raises(ValueError, match=r"'20m' has 40 x 50 pixels.*rows 31:60.*80 x 100"):
        found.on(BOTH[COARSE], COARSE)


def test_grids_that_share_no_pixel_edges_are_refused():
    sizes = {FINE: ShapeHW(80, 100), COARSE: ShapeHW(33, 40)}
    with pytest.raises(ValueError, match="not whole ones"):
        find_window(box(100, 200, 300, 500), PLACE, sizes).on(sizes[FINE], FINE)


@pytest.mark.parametrize(
    ("rows", "columns", "expected"),
    [
        (slice(None), slice(0, 10), ((0, 80), (0, 10))),
        (slice(-10, None), slice(-1, None), ((70, 80), (99, 100))),
        (slice(5, 6, 1), slice(99, 100), ((5, 6), (99, 100))),
    ],
)
def test_slices_are_read_as_numpy_does(rows, columns, expected):
    found = find_window((rows, columns), PLACE, TEN)
    assert (found.rows, found.columns) == tuple(range(*part) for part in expected)


@pytest.mark.parametrize(
    ("window", "error", "message"),
    [
        ((slice(0, 81), slice(0, 10)), IndexError, r"rows slice\(0, 81, None\), but there are 80"),
        ((slice(0, 10), slice(-101, None)), IndexError, "columns"),
        ((slice(0, 10, 2), slice(0, 10)), ValueError, "without a step"),
        ((slice(5, 5), slice(0, 10)), ValueError, "no rows"),
        ((0, 10), ValueError, "BBox, or a tuple of two slices"),
        ([slice(0, 1), slice(0, 1)], ValueError, "tuple of two slices"),
        ("all", ValueError, "BBox"),
    ],
)
def test_other_windows_are_refused(window, error, message):
    with pytest.raises(error, match=message) as info:
        find_window(window, PLACE, TEN)
    assert isinstance(info.value, EOLearnError)


def test_without_images_or_a_place_there_is_nothing_to_cut():
    with pytest.raises(ValueError, match="needs an image"):
        find_window(PLACE, PLACE, {})
    with pytest.raises(ValueError, match="no bounding box"):
        find_window(PLACE, None, TEN)
    assert find_window((slice(0, 1), slice(0, 2)), None, TEN).columns == range(2)


@given(st.integers(0, 98), st.integers(0, 78), st.data())
def test_the_box_of_a_window_is_found_as_this_window(west, north, data):
    rows = range(north, data.draw(st.integers(north + 1, 80)))
    columns = range(west, data.draw(st.integers(west + 1, 100)))
    window = GridWindow(ShapeHW(80, 100), rows, columns)
    assert find_window(window.bbox(PLACE), PLACE, TEN) == window
