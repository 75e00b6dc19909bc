from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.mask.quality_bands import PRODUCTS, QualityBandMaskTask

QA, OUT = (FeatureType.MASK, "QA"), (FeatureType.MASK, "OUT")


def masked(codes, product, classes, feature=QA, **settings):
    codes = np.asarray(codes)
    codes = codes.reshape(1, 1, -1, 1) if codes.ndim == 1 else codes
    height, width = codes.shape[1:3]
    patch = EOPatch(
        bbox=BBox((500000, 5000000, 500000 + 10 * width, 5000000 + 20 * height), CRS.UTM_33N),
        timestamps=["2025-01-01"] * len(codes),
    )
    patch[feature] = codes
    QualityBandMaskTask(source=feature, target=OUT, product=product, classes=classes, **settings)(patch)
    assert patch[OUT].dtype == bool
    assert patch[OUT].shape == codes.shape
    return patch[OUT]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (["cloud"], [8, 9]),
        (["cloud", "cirrus"], [8, 9, 10]),
        (["cloud_high"], [9]),
        (["shadow"], [3]),
        (["snow", "water"], [6, 11]),
        (["no_data", "saturated"], [0, 1]),
    ],
)
def test_classes_of_sentinel_2(classes, expected):
    codes = np.arange(12, dtype=np.uint8)
    assert np.flatnonzero(masked(codes, "scl", classes)).tolist() == expected


# frequent values of QA_PIXEL, taken apart by hand: 23888 has the bits 4, 6, 8, 10, 11, 12 and 14
@pytest.mark.parametrize(
    ("code", "names"),
    [
        (1, {"no_data"}),
        (21824, {"clear", "cloud_low", "shadow_low", "snow_low", "cirrus_low"}),
        (21952, {"clear", "water", "cloud_low", "shadow_low", "snow_low", "cirrus_low"}),
        (22280, {"cloud", "cloud_high", "shadow_low", "snow_low", "cirrus_low"}),
        (23888, {"clear", "shadow", "cloud_low", "shadow_high", "snow_low", "cirrus_low"}),
        (30048, {"clear", "snow", "cloud_low", "shadow_low", "snow_high", "cirrus_low"}),
        (54596, {"clear", "cirrus", "cloud_low", "shadow_low", "snow_low", "cirrus_high"}),
        (55052, {"cirrus", "cloud", "cloud_high", "shadow_low", "snow_low", "cirrus_high"}),
    ],
)
def test_bits_of_landsat_collection_2(code, names):
    found = {name for name in PRODUCTS["qa_pixel"] if masked(np.uint16([code]), "qa_pixel", [name]).item()}
    assert found == names


def test_bits_of_landsat_collection_1():
    # 2720 is clear, 2800 cloud of high confidence, 2976 shadow, 3744 snow, 6816 cirrus: the handbook of USGS
    codes = np.uint16([1, 2720, 2800, 2976, 3744, 6816])
    hits = {name: np.flatnonzero(masked(codes, "bqa", [name])).tolist() for name in PRODUCTS["bqa"]}
    chosen = {name: hits[name] for name in ("no_data", "cloud", "cloud_high", "shadow", "snow", "cirrus")}
    assert chosen == {
        "no_data": [0],
        "cloud": [2],
        "cloud_high": [2],
        "shadow": [3],
        "snow": [4],
        "cirrus": [5],
    }


def test_classes_of_fmask():
    codes = np.uint8([0, 1, 2, 3, 4, 255])
    assert np.flatnonzero(masked(codes, "fmask", ["cloud", "shadow"])).tolist() == [2, 4]
    hls = np.uint8([0b10, 0b1000, 0b100100, 0, 255])
    assert np.flatnonzero(masked(hls, "hls_fmask", ["cloud", "shadow"])).tolist() == [0, 1]
    assert np.flatnonzero(masked(hls, "hls_fmask", ["cloud", "no_data"])).tolist() == [0, 4]


def test_every_product_has_the_common_classes():
    for classes in PRODUCTS.values():
        assert {"no_data", "cloud", "shadow", "snow"} <= classes.keys()


def test_classes_are_widened_by_metres_and_missing_data_are_not():
    codes = np.full((2, 5, 7, 1), 4, np.uint8)
    codes[0, 2, 3], codes[1, 0, 0] = 9, 0
    mask = masked(codes, "scl", ["cloud", "no_data"], dilation_m=20)
    rows, columns = np.mgrid[:5, :7]
    # pixels are 20 m high and 10 m wide in the map, and 0.04 percent less on the ground
    near = np.hypot((rows - 2) * 20, (columns - 3) * 10) <= 20
    assert_array_equal(mask[0, ..., 0], near)
    assert mask[1].sum() == 1


def test_inverted_mask_is_of_valid_pixels():
    codes = np.arange(12, dtype=np.uint8)
    assert_array_equal(masked(codes, "scl", ["cloud"], invert=True), ~masked(codes, "scl", ["cloud"]))


def test_floats_that_are_whole_numbers_are_codes():
    feature = (FeatureType.DATA, "SCL")
    assert masked(np.float32([3, 4]), "scl", ["shadow"], feature).ravel().tolist() == [True, False]


def test_patch_without_dates_has_an_empty_mask():
    assert masked(np.zeros((0, 3, 4, 1), np.uint8), "scl", ["cloud"], dilation_m=20).shape == (0, 3, 4, 1)


@pytest.mark.parametrize("codes", [np.float32([0.5]), np.float32([np.nan]), np.int32([-1]), np.int32([70000])])
def test_other_numbers_are_refused(codes):
    with pytest.raises(DataError, match="whole numbers from 0 to 65535"):
        masked(codes, "scl", ["cloud"], (FeatureType.DATA, "QA"))


def test_codes_of_several_bands_are_refused():
    with pytest.raises(DataError, match="one band"):
        masked(np.zeros((1, 2, 2, 2), np.uint8), "scl", ["cloud"])


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
def test_dilation_needs_a_place():
    patch = EOPatch(timestamps=["2025-01-01"])
    patch[QA] = np.zeros((1, 2, 2, 1), np.uint8)
    task = QualityBandMaskTask(source=QA, target=OUT, product="scl", classes=["cloud"], dilation_m=20)
    with pytest.raises(DataError, match="no bounding box"):
        task(patch)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"product": "sclx"}, "There is no product 'sclx'. There are scl"),
        ({"classes": ["clouds"]}, "no class 'clouds'. Did you mean cloud"),
        ({"classes": ["xyz"]}, "It has no_data"),
        ({"classes": "cloud"}, "must be a list"),
        ({"classes": []}, "must be a list"),
        ({"dilation_m": -1}, "number of metres"),
        ({"dilation_m": np.nan}, "number of metres"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    with pytest.raises(SettingError, match=message):
        QualityBandMaskTask(**({"source": QA, "target": OUT, "product": "scl", "classes": ["cloud"]} | settings))


def test_features_of_other_types_are_refused():
    with pytest.raises(FeatureError, match="source of QualityBandMaskTask"):
        QualityBandMaskTask(source=(FeatureType.SCALAR, "X"), target=OUT, product="scl", classes=["cloud"])
