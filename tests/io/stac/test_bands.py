"""Bands by whatever name, in real items of providers."""

from __future__ import annotations

import re

import pystac
import pytest

from eolearn.core.exceptions import DataError
from eolearn.io._stac.bands import BandPlace, find_band, names_in, no_band

PLANETARY = "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531.json"
LANDSAT8 = "LC08_L2SP_028030_20200114_20200824_02_T1_SR.json"
AUSTRALIA = "ga_ls8c_ard_3-1-0_088080_2020-05-25_final.stac-item.json"


def item_of(assets, collection="other", item_id="x"):
    item = pystac.Item(item_id, None, None, None, {"start_datetime": "2024-01-01", "end_datetime": "2024-01-01"})
    item.collection_id = collection
    for key, fields in assets.items():
        fields = {"href": f"https://example.org/{key}.tif", "type": "image/tiff", "roles": ["data"]} | fields
        item.add_asset(key, pystac.Asset.from_dict(fields))
    return item


@pytest.mark.parametrize(
    ("name", "asset"),
    [
        *(("B04", "B04"), ("b04", "B04"), ("red", "B04"), ("nir", "B08"), ("rededge1", "B05"), ("nir08", "B8A")),
        *(("swir22", "B12"), ("SCL", "SCL"), ("scl", "SCL"), ("coastal", "B01")),
    ],
)
def test_bands_of_planetary_computer(real_item, name, asset):
    assert find_band(real_item(PLANETARY), name) == BandPlace(asset)


@pytest.mark.parametrize(("name", "asset"), [("B04", "red"), ("red", "red"), ("B8A", "nir08"), ("B05", "rededge1")])
def test_bands_of_earth_search(name, asset):
    keys = ("red", "red-jp2", "nir08", "rededge1", "visual")
    item = item_of({key: {"eo:bands": [{"name": key.removesuffix("-jp2")}]} for key in keys}, "sentinel-2-l2a")
    assert find_band(item, name) == BandPlace(asset)


@pytest.mark.parametrize(("name", "asset"), [("B02", "B02_10m"), ("blue", "B02_10m"), ("B02_60m", "B02_60m")])
def test_finest_of_several_sizes_is_taken(name, asset):
    assets = {
        f"B02_{size}m": {"bands": [{"name": "B02", "eo:common_name": "blue"}], "gsd": size, "type": "image/jp2"}
        for size in (60, 10, 20)
    }
    assert find_band(item_of(assets, "sentinel-2-l2a"), name) == BandPlace(asset)


def test_bands_of_landsat_and_others(real_item):
    assert find_band(real_item(LANDSAT8), "swir16") == BandPlace("swir16")
    assert find_band(real_item(LANDSAT8), "B4") == BandPlace("red")
    assert find_band(real_item(LANDSAT8), "qa_pixel") == BandPlace("qa_pixel")
    assert find_band(real_item(AUSTRALIA), "nbart_red") == BandPlace("nbart_red")
    assert find_band(real_item(LANDSAT8), "lwir11") is None


def test_bands_within_a_file_are_found_by_their_names():
    item = item_of({"image": {"eo:bands": [{"name": "red"}, {"name": "green"}, {"name": "N", "common_name": "nir"}]}})
    assert find_band(item, "green") == BandPlace("image", 2)
    assert find_band(item, "nir") == BandPlace("image", 3)
    with pytest.raises(DataError, match="The asset 'image' of item 'x' has 3 bands. Name one of red, green, N"):
        find_band(item, "image")


def test_name_of_several_bands_is_refused(real_item):
    with pytest.raises(DataError, match=re.escape("is the name of several bands: B05, B06, B07, B8A")):
        find_band(real_item(PLANETARY), "rededge")


def test_error_for_a_missing_band_names_what_there_is(real_item):
    item = real_item(LANDSAT8)
    message = str(no_band(item, "nir8"))
    assert message.startswith(
        "Item 'LC08_L2SP_028030_20200114_20200824_02_T1_SR' has no band 'nir8'. Did you mean nir08"
    )
    assert "It has coastal, B1, blue, B2" in message
    assert "thumbnail" not in names_in(item)
    assert "MTL.xml" not in names_in(item)
