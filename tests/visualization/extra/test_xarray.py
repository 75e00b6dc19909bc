"""What the old functions on labelled arrays give."""

import datetime as dt

import numpy as np
import pytest
import xarray as xr
from pyproj import Transformer
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureError
from eolearn.visualization.extra.xarray import (
    array_to_dataframe,
    eopatch_to_dataset,
    get_coordinates,
    get_dimensions,
    get_new_coordinates,
    string_to_variable,
)

BBOX = BBox((500000, 5100000, 500040, 5100030), CRS.UTM_33N)
TIMES = [dt.datetime(2026, 5, 1), dt.datetime(2026, 5, 11)]
BANDS = (FeatureType.DATA, "BANDS-S2")
CLOUDS = (FeatureType.MASK, "CLOUDS")


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBOX, timestamps=TIMES)
    patch.data["BANDS-S2"] = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    patch.mask["CLOUDS"] = np.arange(24).reshape(2, 3, 4, 1) % 3 == 0
    patch.label_timeless["CROP"] = np.array([7, 8])
    return patch


@pytest.mark.parametrize(
    ("string", "extension", "expected"),
    [("BANDS", None, "BANDS"), ("BANDS-S2 L1C", "_dim", "BANDS_S2_L1C_dim"), ("2026", None, "_2026"), ("", None, "_")],
)
def test_any_text_becomes_the_name_of_a_variable(string, extension, expected):
    assert string_to_variable(string, extension) == expected
    assert expected.isidentifier()


def test_dimensions_are_those_of_the_type():
    assert get_dimensions(BANDS) == ["time", "y", "x", "BANDS_S2_dim"]
    assert get_dimensions((FeatureType.MASK_TIMELESS, "A")) == ["y", "x", "A_dim"]
    assert get_dimensions((FeatureType.LABEL, "A")) == ["time", "A_dim"]
    assert get_dimensions((FeatureType.SCALAR_TIMELESS, "A")) == ["A_dim"]
    with pytest.raises(FeatureError, match="FeatureType.VECTOR can't be used here"):
        get_dimensions((FeatureType.VECTOR, "A"))


def test_coordinates_are_dates_centres_of_pixels_and_positions(patch):
    coordinates = get_coordinates(patch, BANDS)
    assert list(coordinates) == get_dimensions(BANDS)
    assert coordinates["time"].tolist() == TIMES
    assert coordinates["y"].tolist() == [5100025, 5100015, 5100005]
    assert coordinates["x"].tolist() == [500005, 500015, 500025, 500035]
    assert coordinates["BANDS_S2_dim"].tolist() == [0, 1, 2, 3, 4]


def test_coordinates_in_another_crs_lie_where_the_box_does(patch):
    coordinates = get_coordinates(patch, BANDS, CRS.WGS84)
    transformer = Transformer.from_crs("EPSG:32633", "EPSG:4326", always_xy=True)
    longitude, latitude = transformer.transform([500005, 500035], [5100025, 5100005])
    # the sides of a box of 40 m turn by far less than a tenth of a pixel at the central meridian
    np.testing.assert_allclose(coordinates["x"][[0, -1]], longitude, atol=1e-6)
    np.testing.assert_allclose(coordinates["y"][[0, -1]], latitude, atol=1e-6)
    x, y = get_new_coordinates(patch.to_xarray(BANDS)["BANDS-S2"], CRS.UTM_33N, CRS.WGS84)
    assert (x.tolist(), y.tolist()) == (coordinates["x"].tolist(), coordinates["y"].tolist())


def test_an_image_without_coordinates_has_no_new_ones():
    with pytest.raises(DataError, match="'A' has no coordinates x and y"):
        get_new_coordinates(xr.DataArray(np.zeros((2, 2)), dims=("y", "x"), name="A"), CRS.WGS84, CRS.POP_WEB)


def test_a_band_alone_loses_its_axis_and_booleans_become_numbers(patch):
    clouds = array_to_dataframe(patch, CLOUDS)
    assert (clouds.name, clouds.dims, clouds.dtype) == ("CLOUDS", ("time", "y", "x"), np.uint8)
    np.testing.assert_array_equal(clouds, patch.mask["CLOUDS"][..., 0])
    whole = array_to_dataframe(patch, CLOUDS, remove_depth=False, convert_bool=False)
    assert (whole.dims, whole.dtype) == (("time", "y", "x", "CLOUDS_dim"), bool)
    assert array_to_dataframe(patch, BANDS).dims == ("time", "y", "x", "BANDS_S2_dim")
    assert array_to_dataframe(patch, CLOUDS, crs=CRS.WGS84)["x"].values[0] == pytest.approx(15, abs=1e-3)


def test_a_patch_becomes_a_dataset_of_all_arrays(patch):
    patch.mask["BANDS-S2"] = np.ones((2, 3, 4, 1), np.uint8)
    patch.meta_info["source"] = "made up"
    dataset = eopatch_to_dataset(patch)
    assert {name: array.dims for name, array in dataset.items()} == {
        "data.BANDS-S2": ("time", "y", "x", "data_BANDS_S2_dim"),
        "CLOUDS": ("time", "y", "x"),
        "CROP": ("CROP_dim",),
        "mask.BANDS-S2": ("time", "y", "x"),
    }
    xr.testing.assert_equal(dataset["CLOUDS"], array_to_dataframe(patch, CLOUDS))
    assert eopatch_to_dataset(patch, remove_depth=False)["CLOUDS"].shape == (2, 3, 4, 1)


def test_a_patch_without_box_has_no_coordinates_of_pixels():
    with pytest.warns(EODeprecationWarning):
        patch = EOPatch(data_timeless={"A": np.zeros((2, 3, 1))})
    assert list(get_coordinates(patch, (FeatureType.DATA_TIMELESS, "A"), CRS.WGS84)) == ["A_dim"]
