import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError
from eolearn.geometry._raster_size import image_size, parse_size

BBOX = BBox((500000, 5100000, 500120, 5100060), CRS.UTM_33N)  # 120 m wide, 60 m high
PATCH = EOPatch(bbox=BBOX, mask={"M": np.zeros((0, 4, 7, 2), dtype=bool)}, timestamps=[])


@pytest.mark.parametrize("shape", [(4, 7), [4, 7], (np.int64(4), np.uint8(7)), (FeatureType.MASK, "M"), ("mask", "M")])
def test_shape_is_height_and_width_or_that_of_a_feature(shape):
    assert image_size(PATCH, BBOX, parse_size(shape, None)) == (4, 7)


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        (10, (6, 12)),
        (10.0, (6, 12)),
        ("10m", (6, 12)),
        ("10", (6, 12)),
        ("7.5m", (8, 16)),
        ((20, 10), (6, 6)),
        (["20m", 10], (6, 6)),
        (np.float32(10), (6, 12)),
    ],
)
def test_resolution_is_x_and_y_size_of_a_pixel_in_metres(resolution, expected):
    assert image_size(PATCH, BBOX, parse_size(None, resolution)) == expected


def test_metres_are_measured_on_the_ground_in_geographic_coordinates():
    bbox = BBox((15.0, 46.0, 15.01, 46.01), CRS.WGS84)
    height, width = image_size(EOPatch(bbox=bbox), bbox, parse_size(None, 10))
    assert abs(height - 111.2) < 1  # 0.01 degrees of latitude are 1,112 m, of longitude cos(46 degrees) times that
    assert abs(width - 77.4) < 1


@pytest.mark.parametrize("shape", [(2, 5, 1), (2.0, 5), (0, 5), (-1, 5), "10", 10, (FeatureType.SCALAR_TIMELESS, "S")])
def test_other_shapes_are_refused(shape):
    with pytest.raises(SettingError, match="raster_shape must be"):
        parse_size(shape, None)


@pytest.mark.parametrize("resolution", [0, -2, "2km", "m", (1, 2, 3), (10, None), float("nan"), float("inf"), {}])
def test_other_resolutions_are_refused(resolution):
    with pytest.raises(SettingError, match="raster_resolution must be the size of a pixel in metres"):
        parse_size(None, resolution)


@pytest.mark.parametrize("settings", [(None, None), ((4, 7), 10)])
def test_exactly_one_of_shape_and_resolution_is_needed(settings):
    with pytest.raises(SettingError, match="either raster_shape or raster_resolution, and not both"):
        parse_size(*settings)


def test_pixel_larger_than_the_patch_is_refused():
    with pytest.raises(DataError, match="500.0 x 10.0 metres is larger than the EOPatch over BBox"):
        image_size(PATCH, BBOX, parse_size(None, (500, 10)))


def test_feature_that_should_give_the_shape_must_be_there():
    with pytest.raises(FeatureMissing, match="'OTHER'"):
        image_size(PATCH, BBOX, parse_size((FeatureType.MASK, "OTHER"), None))
