"""An EOPatch in a notebook: what is in it, small pictures of what is loaded, and nothing loaded for it."""

import base64
import io
import re

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch
from eolearn.core.storage.feature_io import FeatureIO

BOX = BBox((500000, 5100000, 500100, 5100080), CRS.UTM_33N)


def pictures(html):
    found = re.findall(r"src='data:image/png;base64,([^']+)'", html)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(text)))) for text in found]


@pytest.fixture
def patch():
    return EOPatch(bbox=BOX, timestamps=["2017-06-01", "2017-06-11"])


def test_place_times_and_the_form_of_features_are_shown(patch):
    patch.data["BANDS"] = np.zeros((2, 300, 400, 13), dtype=np.float32)
    patch.vector_timeless["FIELDS"] = gpd.GeoDataFrame({"kind": [1]}, geometry=[Point(0, 0)], crs=32633)
    patch.meta_info["origin"] = "L1C"
    html = patch._repr_html_()
    assert "EPSG:32633" in html
    assert "2 dates, 2017-06-01 to 2017-06-11" in html
    assert "2 × 300 × 400 × 13" in html
    assert "float32" in html
    assert "12.48" in html  # 2 * 300 * 400 * 13 * 4 bytes, in MB
    assert "1 rows, kind, geometry, EPSG:32633" in html
    assert "L1C" in html


@pytest.mark.filterwarnings("ignore:.*without a bounding box.*")
@pytest.mark.parametrize("timestamps", [None, [], ["2017-06-01"]])
def test_empty_patches_are_shown_too(timestamps):
    html = EOPatch(timestamps=timestamps)._repr_html_()
    assert "no features" in html
    assert {"None": "no timestamps", "[]": "0 dates", "['2017-06-01']": "1 date, 2017-06-01"}[str(timestamps)] in html


def test_the_picture_of_one_band_goes_from_dark_to_light_and_is_clear_where_there_are_no_data(patch):
    ramp = np.linspace(0, 1, 10, dtype=np.float32)[None, :, None, None].repeat(2, 0).repeat(12, 2)
    ramp[:, 0, 0] = np.nan
    patch.data["RAMP"] = ramp
    (picture,) = pictures(patch._repr_html_())
    assert picture.shape == (10, 12, 4)
    assert picture[0, 0, 3] == 0
    assert picture[0, 1].tolist() == [0, 0, 0, 255]
    assert picture[9, 11].tolist() == [255, 255, 255, 255]
    assert (np.diff(picture[:, 5, 0].astype(int)) >= 0).all()


def test_three_bands_are_shown_as_colours(patch):
    image = np.zeros((4, 4, 3))
    image[:2, :, 0] = 1
    image[2:, :, 2] = 1
    patch.data_timeless["RGB"] = image
    (picture,) = pictures(patch._repr_html_())
    assert picture[0, 0, :3].tolist() == [255, 0, 0]
    assert picture[3, 0, :3].tolist() == [0, 0, 255]


def test_classes_have_colours_and_zero_has_none(patch):
    patch.mask_timeless["CLASSES"] = np.array([[0, 1], [2, 1]], dtype=np.uint8)[..., None]
    (picture,) = pictures(patch._repr_html_())
    assert picture[0, 0, 3] == 0
    assert len({tuple(pixel) for pixel in picture.reshape(-1, 4)}) == 3
    assert (picture[0, 1] == picture[1, 1]).all()


def test_large_images_are_thinned_out(patch):
    patch.mask["BIG"] = np.ones((2, 1000, 500, 1), dtype=bool)
    (picture,) = pictures(patch._repr_html_())
    assert max(picture.shape) <= 64


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((2, 0, 5, 1)),
        np.zeros((2, 5, 5, 0)),
        np.full((2, 3, 3, 1), np.nan),
        np.full((2, 3, 3, 1), "text"),
        np.full((2, 3, 3, 1), np.inf),
        np.ones((2, 3, 3, 1), dtype=complex),
        np.full((2, 1, 1, 1), 7.0),
    ],
    ids=["no rows", "no bands", "no data", "text", "infinite", "complex", "one pixel"],
)
def test_odd_arrays_do_not_hurt(patch, array):
    patch.data["ODD"] = array
    assert "ODD" in patch._repr_html_()


def test_nothing_is_loaded_to_show_a_patch(patch, tmp_path):
    patch.data["BANDS"] = np.zeros((2, 3, 3, 1))
    patch.save(tmp_path / "patch")
    lazy = EOPatch.load(tmp_path / "patch", lazy_loading=True)
    html = lazy._repr_html_()
    assert "BANDS.npy.gz" in html
    assert not pictures(html)
    assert isinstance(lazy.data._get_unloaded("BANDS"), FeatureIO)


def test_names_and_values_are_escaped(patch):
    patch.meta_info["<script>"] = "<img src=x>"
    html = patch._repr_html_()
    assert "<script>" not in html
    assert "<img src=x>" not in html
