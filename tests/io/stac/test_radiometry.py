"""Scale, offset and no data, of real items of providers and of variants made by hand."""

from __future__ import annotations

import pystac
import pytest

from eolearn.core.exceptions import DataError, SettingError
from eolearn.io.stac import Radiometry, radiometry_of

PLANETARY_2019 = "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531.json"
PLANETARY_RASTER = "S2B_MSIL2A_20190629T212529_R043_T06VVN_20201006T080531_raster_ext.json"
LANDSAT8 = "LC08_L2SP_028030_20200114_20200824_02_T1_SR.json"
LANDSAT8_BETA = "LC08_L2SR_081119_20200101_20200823_02_T2.json"
LANDSAT7 = "LE07_L2SP_044033_20210329_20210424_02_T1_SR.json"


def item_of(assets, properties=None, *, item_id="S2B_33UXP_20250302_0_L2A", collection="sentinel-2-l2a"):
    return pystac.Item.from_dict(
        {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": item_id,
            "links": [],
            "geometry": None,
            "collection": collection,
            "properties": {"datetime": "2025-03-02T10:00:00Z"} | (properties or {}),
            "assets": {key: {"href": f"https://example.org/{key}.tif", **value} for key, value in assets.items()},
        },
        migrate=False,
    )


def numbers(radiometry):
    return radiometry.scale, radiometry.offset, radiometry.no_data


def earth_search(baseline, applied, offset=-0.1):
    """Return an item as Earth Search has them: it gives an offset of -0.1 even where it has been applied.

    From the items of https://github.com/Element84/earth-search/issues/66.
    """
    band = {"nodata": 0, "data_type": "uint16", "bits_per_sample": 15, "scale": 0.0001, "offset": offset}
    properties = {"s2:processing_baseline": baseline, "earthsearch:boa_offset_applied": applied}
    scl = {"raster:bands": [{"nodata": 0, "data_type": "uint8"}]}
    return item_of({"red": {"raster:bands": [band]}, "scl": scl}, properties)


@pytest.mark.parametrize(
    ("baseline", "applied", "given", "offset"),
    [
        ("05.11", True, -0.1, 0.0),  # applied in the file, though the metadata give it: not twice
        ("05.11", False, -0.1, -0.1),
        ("04.00", False, -0.1, -0.1),
        ("04.00", False, 0, -0.1),
        ("03.01", False, 0, 0.0),
        ("03.01", False, -0.1, 0.0),  # the bands of an old baseline have no offset, whatever is given
    ],
)
def test_earth_search_flag_and_baseline_decide(baseline, applied, given, offset):
    item = earth_search(baseline, applied, given)
    assert numbers(radiometry_of(item, "red")) == pytest.approx((0.0001, offset, 0))


def test_collection_1_of_earth_search_has_no_flag_and_its_own_offset():
    band = {"nodata": 0, "scale": 0.0001, "offset": -0.1}
    item = item_of(
        {"red": {"raster:bands": [band]}}, {"s2:processing_baseline": "05.00"}, collection="sentinel-2-c1-l2a"
    )
    assert numbers(radiometry_of(item, "red")) == (0.0001, -0.1, 0)


def test_flag_of_the_old_earth_search_counts_too():
    properties = {"sentinel:boa_offset_applied": True, "sentinel:processing_baseline": "04.00"}
    item = item_of({"B04": {}}, properties, collection="sentinel-s2-l2a-cogs")
    assert numbers(radiometry_of(item, "B04")) == (0.0001, 0.0, 0)


@pytest.mark.parametrize("name", [PLANETARY_2019, PLANETARY_RASTER, "site2-2020_jun_jul-35MNM.geojson"])
def test_planetary_computer_before_baseline_4_has_no_offset(real_item, name):
    item = real_item(name)
    for band in ("B01", "B04", "B8A", "B12"):
        radiometry = radiometry_of(item, band)
        assert numbers(radiometry) == (0.0001, 0.0, 0)
        assert radiometry.why == "Sentinel-2 baseline 02.12, before offsets"


@pytest.mark.parametrize("baseline", ["04.00", "05.09", "05.10", "99.99"])
def test_planetary_computer_since_baseline_4_has_the_offset_in_the_files(real_item, baseline):
    item = real_item(PLANETARY_2019)
    item.properties["s2:processing_baseline"] = baseline
    assert numbers(radiometry_of(item, "B04")) == (0.0001, pytest.approx(-0.1), 0)


def test_baseline_is_read_from_the_name_of_the_product_too(real_item):
    item = real_item(PLANETARY_2019)
    del item.properties["s2:processing_baseline"]
    assert radiometry_of(item, "B04").offset == 0
    item.properties["s2:product_uri"] = "S2B_MSIL2A_20220629T212529_N0400_R043_T06VVN_20220629T235959.SAFE"
    assert radiometry_of(item, "B04").offset == pytest.approx(-0.1)


def test_sentinel_2_without_baseline_or_offset_is_refused():
    with pytest.raises(DataError, match=r"Item 'S2B_33UXP.* neither its processing baseline nor an offset"):
        radiometry_of(item_of({"B04": {}}), "B04")


def test_classes_and_images_of_sentinel_2_are_not_reflectance(real_item):
    for asset in ("SCL", "visual", "AOT", "WVP"):
        radiometry = radiometry_of(real_item(PLANETARY_RASTER), asset)
        assert numbers(radiometry)[:2] == (1, 0)
        assert not radiometry.is_physical
    assert not radiometry_of(earth_search("05.11", False), "scl").is_physical


def test_copernicus_gives_scale_and_offset_in_stac_1_1():
    # as stac.dataspace.copernicus.eu: baseline in processing:version, raster: fields of the asset itself
    fields = {"raster:scale": 0.0001, "raster:offset": -0.1, "nodata": 0, "data_type": "uint16"}
    bands = {"bands": [{"name": "B04", "eo:common_name": "red"}]}
    item = item_of({"B04_10m": fields | bands}, {"processing:version": "05.11"})
    assert numbers(radiometry_of(item, "B04_10m")) == (0.0001, -0.1, 0)


@pytest.mark.parametrize(
    ("name", "bands"),
    [
        (LANDSAT8, ["coastal", "blue", "red", "nir08", "swir22"]),
        (LANDSAT7, ["blue", "red", "swir16"]),
        (LANDSAT8_BETA, ["SR_B2.TIF", "SR_B7.TIF"]),
    ],
)
def test_landsat_collection_2_has_fixed_numbers(real_item, name, bands):
    item = real_item(name)
    for band in bands:
        assert numbers(radiometry_of(item, band)) == (0.0000275, -0.2, 0)
    for asset in item.assets:
        if asset.lower().startswith("qa_"):
            assert not radiometry_of(item, asset).is_physical


def test_landsat_temperature_is_in_kelvin(real_item):
    item = real_item(LANDSAT8)
    href = item.assets["red"].href.replace("SR_B4", "ST_B10")
    item.add_asset("lwir11", pystac.Asset(href))
    radiometry = radiometry_of(item, "lwir11")
    assert numbers(radiometry) == (0.00341802, 149.0, 0)
    # 44177 is 300 K, by hand: 44177 * 0.00341802 + 149 = 299.998
    assert 44177 * radiometry.scale + radiometry.offset == pytest.approx(300, abs=0.01)


def test_landsat_collection_1_is_not_taken_for_collection_2(real_item):
    item = real_item(LANDSAT8)
    item.properties["landsat:collection_number"] = "01"
    assert not radiometry_of(item, "red").is_physical


@pytest.mark.parametrize(
    "asset",
    [
        {"raster:bands": [{"scale": 0.5, "offset": 3, "nodata": -99}]},
        {"bands": [{"raster:scale": 0.5, "raster:offset": 3, "nodata": -99}]},
        {"raster:scale": 0.5, "raster:offset": 3, "nodata": -99},
        {"raster:scale": 7, "bands": [{"name": "a", "raster:scale": 0.5, "raster:offset": 3, "nodata": -99}]},
    ],
)
def test_metadata_of_other_items_hold_in_all_spellings(asset):
    item = item_of({"a": asset}, item_id="x", collection="other")
    assert numbers(radiometry_of(item, "a")) == (0.5, 3, -99)


def test_each_band_of_an_asset_has_its_own_numbers():
    item = item_of({"a": {"raster:bands": [{"scale": 2}, {"offset": 5, "nodata": "nan"}]}}, item_id="x", collection="o")
    assert numbers(radiometry_of(item, "a", 1)) == (2, 0, None)
    assert numbers(radiometry_of(item, "a", 2))[:2] == (1, 5)
    assert radiometry_of(item, "a", 2).no_data != radiometry_of(item, "a", 2).no_data  # NaN


@pytest.mark.parametrize("name", ["lidar_dem.json", "only_crs_proj.json"])
def test_unknown_numbers_stay_digital_numbers(real_item, name):
    item = real_item(name)
    for asset in item.assets:
        radiometry = radiometry_of(item, asset)
        assert numbers(radiometry) == (1, 0, None)
        assert not radiometry.is_physical
        assert "says nothing" in radiometry.why


def test_nonsense_is_refused():
    with pytest.raises(DataError, match="The scale of asset 'a' of item 'x' is not a number: 'big'"):
        radiometry_of(item_of({"a": {"raster:scale": "big"}}, item_id="x", collection="o"), "a")
    with pytest.raises(SettingError, match="A scale is above 0"):
        Radiometry(0)
    with pytest.raises(SettingError, match="A scale is above 0"):
        Radiometry(1, float("nan"))
