"""The task: from items to an EOPatch, over real files, a static catalogue and an API on loopback."""

from __future__ import annotations

import json
import logging
import pickle
import sys
from datetime import datetime, timedelta

import numpy as np
import pystac
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EOLearnError, MissingExtra, SettingError, StorageError
from eolearn.io.stac import EARTH_SEARCH, PLANETARY_COMPUTER, Radiometry, STACCatalog, STACInputTask

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")
COLLECTION = "sentinel-2-l2a"


def task_of(catalog, bands=("B02", "B03"), **settings):
    size = {} if {"resolution", "size"} & set(settings) else {"resolution": 10}
    return STACInputTask(catalog, COLLECTION, BANDS, list(bands), **size, **settings)


def reflectance(numbers):
    """Return the reflectances of baseline 05.10 by hand: (number - 1000) / 10000, 0 is no data."""
    return np.where(numbers == 0, np.nan, numbers.astype(np.float64) / 10_000 - 0.1)


def test_static_catalogue_becomes_a_patch(folder, bbox):
    patch = task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=JUNE)
    assert patch.bbox == bbox
    assert patch.timestamps == [datetime(2024, 6, day, 10, 0, 31) for day in (1, 2, 3)]
    assert patch.data["BANDS"].shape == (3, 64, 64, 2)
    assert patch.data["BANDS"].dtype == np.float32
    for position, band in enumerate(("B02", "B03")):
        for day in (1, 2, 3):
            expected = reflectance(folder.numbers[band, day][:64, :64])
            np.testing.assert_allclose(patch.data["BANDS"][day - 1, ..., position], expected, atol=1e-7)


def test_estimate_is_what_an_execution_takes(folder, bbox):
    task = task_of(folder.write_catalog())
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    estimate = task.estimate([bbox, bbox], JUNE)
    assert (estimate.patches, estimate.requests) == (2, 2 * 3 * 2)  # places, dates and bands
    assert estimate.memory_bytes == patch.data["BANDS"].nbytes == estimate.disk_bytes / 2
    assert task.estimate([patch]) + task.estimate([bbox], dates=3) == estimate
    assert task.estimate([bbox], dates=5).requests == 10


def test_api_gives_the_same_as_the_static_catalogue(folder, server, bbox):
    server.items = folder.items
    for item in folder.items:
        for asset in item["assets"].values():
            asset["href"] = f"{server.url}/{asset['href']}"
    static = task_of(folder.write_catalog(), allowed_hosts=[server.host]).execute(bbox=bbox, time_interval=JUNE)
    patch = task_of(f"{server.url}/stac").execute(bbox=bbox, time_interval=JUNE)
    assert patch == static
    searches = [entry for entry in server.asked if entry[1] == "/stac/search"]
    assert [body.get("token") for *_, body in searches] == [None, "2"]
    assert all(body["collections"] == [COLLECTION] for *_, body in searches)


def test_static_catalogue_over_http_is_read_with_relative_addresses(folder, server, bbox):
    folder.write_catalog()
    patch = task_of(f"{server.url}/catalog.json").execute(bbox=bbox, time_interval=JUNE)
    assert patch == task_of(folder.path / "catalog.json").execute(bbox=bbox, time_interval=JUNE)


@pytest.mark.filterwarnings(
    "ignore:The 'shapely.ops.transform:DeprecationWarning", "ignore:Dataset has no geotransform"
)
@pytest.mark.parametrize("resampling", ["nearest", "bilinear", "average"])
def test_pixels_are_those_of_odc_stac_alone(folder, resampling):
    import odc.stac

    items = items_in(folder)
    # turned against the grid of the files, another pixel size, and partly outside
    place = BBox((14.998, 46.0405, 15.008, 46.0505), CRS.WGS84)
    settings = {"resampling": resampling, "radiometry": "digital_numbers", "dtype": "float32", "size": (70, 90)}
    patch = task_of(items, ["B02", "B11"], allowed_folders=[folder.path], **settings).execute(
        bbox=place, time_interval=JUNE
    )
    alone = odc.stac.load(
        items,
        bands=["B02", "B11"],
        geobox=geobox_of(place, 70, 90),
        groupby="solar_day",
        resampling=resampling,
        use_overviews=False,
        dtype="float32",
    )
    expected = np.stack([alone.B02.values, alone.B11.values], axis=-1)
    assert 0.1 < np.isnan(expected).mean() < 0.9
    np.testing.assert_array_equal(patch.data["BANDS"], expected)


def geobox_of(bbox, width, height):
    """Return the grid of a bounding box: ``GeoBox.from_bbox`` moves its corners to multiples of the pixel size."""
    from odc.geo.geobox import GeoBox
    from rasterio.transform import from_bounds

    return GeoBox((height, width), from_bounds(*bbox, width, height), f"EPSG:{bbox.crs.epsg}")


def items_in(folder):
    items = [pystac.Item.from_dict(item, migrate=False) for item in folder.items]
    for item in items:
        for asset in item.assets.values():
            asset.href = str(folder.path / asset.href)
    return items


def test_coarse_bands_are_interpolated_and_classes_are_not(folder, bbox):
    additional = [(FeatureType.MASK, "SCL", "CLASSES")]
    task = task_of(folder.write_catalog(), ["B02", "B11"], additional=additional)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    classes = patch.mask["CLASSES"]
    assert classes.dtype == np.uint8
    expected = folder.numbers["SCL", 1][:32, :32].repeat(2, 0).repeat(2, 1)
    np.testing.assert_array_equal(classes[0, ..., 0], expected)
    # between the middles of two pixels that have data, a quarter of the way: linear by hand
    numbers = folder.numbers["B11", 1].astype(float)
    numbers[numbers == 0] = np.nan
    row = numbers[4:6, 4:6]
    by_hand = (np.array([0.75, 0.25]) @ row @ np.array([0.75, 0.25])) / 10_000 - 0.1
    assert patch.data["BANDS"][0, 9, 9, 1] == pytest.approx(by_hand, abs=1e-6)


def test_fine_bands_are_averaged_and_fine_classes_are_the_most_frequent(folder, bbox, write_cog, make_item):
    classes = np.tile(np.array([[4, 4], [4, 5]], np.uint8), (48, 48))
    file = write_cog(folder.path / "classes.tif", classes)
    item = folder.items[0]
    item["assets"]["SCL"]["href"] = file.name
    catalog = folder.write_catalog(items=[item])
    task = task_of(catalog, ["B02"], resolution=20, additional=[(FeatureType.MASK, "SCL")])
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert (patch.mask["SCL"] == 4).all()
    numbers = reflectance(folder.numbers["B02", 1][:64, :64]).reshape(32, 2, 32, 2)
    np.testing.assert_allclose(patch.data["BANDS"][0, ..., 0], np.nanmean(numbers, axis=(1, 3)), atol=1e-6)


def test_neighbours_of_one_day_make_one_image(tmp_path, write_cog, make_item, folder, bbox):
    # baselines differ: each item's numbers become reflectances before they are joined
    west = np.full((96, 32), 3000, np.uint16)
    east = np.full((96, 64), 2000, np.uint16)
    east[10, 40] = 0
    files = [{"B02": write_cog(tmp_path / "w.tif", west)}, {"B02": write_cog(tmp_path / "e.tif", east, west=500_300)}]
    items = [
        make_item(files[0], item_id="S2_w", time="2024-06-05T10:00:00Z"),
        make_item(
            files[1], item_id="S2_e", time="2024-06-05T10:00:15Z", properties={"s2:processing_baseline": "03.01"}
        ),
    ]
    patch = task_of(folder.write_catalog(items=items), ["B02"]).execute(bbox=bbox, time_interval=JUNE)
    assert patch.timestamps == [datetime(2024, 6, 5, 10, 0, 0)]
    image = patch.data["BANDS"][0, ..., 0]
    np.testing.assert_allclose(image, 0.2, atol=1e-7)  # 0.3 - 0.1 in the west, 0.2 in the east
    last = task_of(folder.path / "catalog.json", ["B02"], mosaicking_order="last", radiometry="digital_numbers")
    image = last.execute(bbox=bbox, time_interval=JUNE).data["BANDS"][0, ..., 0]
    assert (image[:, 30:] == 2000).sum() == 64 * 34
    single = task_of(folder.path / "catalog.json", ["B02"], group_by="id").execute(bbox=bbox, time_interval=JUNE)
    assert len(single.timestamps) == 2
    assert np.isnan(single.data["BANDS"][0, :, 32:]).all()


def test_least_cloudy_item_lies_on_top(tmp_path, write_cog, make_item, folder, bbox):
    items = []
    for number, clouds in ((1500, 50.0), (2500, 5.0)):
        file = write_cog(tmp_path / f"{number}.tif", np.full((96, 96), number, np.uint16))
        items.append(make_item({"B02": file}, item_id=f"S2_{number}", properties={"eo:cloud_cover": clouds}))
    catalog = folder.write_catalog(items=items)
    settings = {"radiometry": "digital_numbers", "mosaicking_order": "least_cloudy"}
    patch = task_of(catalog, ["B02"], **settings).execute(bbox=bbox, time_interval=JUNE)
    assert (patch.data["BANDS"] == 2500).all()


def test_digital_numbers_keep_the_dtype_of_the_files(folder, bbox):
    task = task_of(folder.write_catalog(), radiometry="digital_numbers")
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.data["BANDS"].dtype == np.uint16
    np.testing.assert_array_equal(patch.data["BANDS"][2, ..., 1], folder.numbers["B03", 3][:64, :64])


def test_files_of_different_dtypes_get_one_that_holds_both(folder, bbox, write_cog):
    file = write_cog(folder.path / "other.tif", np.full((96, 96), 70_000, np.int32))
    folder.items[1]["assets"]["B02"].update(href=file.name, **{"raster:bands": [{"data_type": "int32", "nodata": 0}]})
    catalog = folder.write_catalog()
    for item in (folder.items[0], folder.items[2]):
        item["assets"]["B02"]["raster:bands"] = [{"data_type": "uint16", "nodata": 0}]
    catalog = folder.write_catalog()
    numbers = task_of(catalog, ["B02"], radiometry="digital_numbers").execute(bbox=bbox, time_interval=JUNE)
    assert numbers.data["BANDS"].dtype == np.int32
    assert (numbers.data["BANDS"][1] == 70_000).all()
    with pytest.raises(DataError, match=r"Band 'B02' of item 'S2A_2': its numbers are int32, which uint16 can't hold"):
        task_of(catalog, ["B02"], radiometry="digital_numbers", dtype="uint16").execute(bbox=bbox, time_interval=JUNE)


def test_no_data_value_stands_for_no_data(folder, bbox):
    task = task_of(folder.write_catalog(), radiometry="digital_numbers", dtype="int32", no_data_value=-1)
    bands = task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"]
    numbers = folder.numbers["B02", 1][:64, :64]
    np.testing.assert_array_equal(bands[0, ..., 0], np.where(numbers == 0, -1, numbers.astype(np.int32)))
    task = task_of(folder.path / "catalog.json", radiometry="digital_numbers", no_data_value=-1)
    with pytest.raises(DataError, match="no_data_value is -1, which uint16 can't hold"):
        task.execute(bbox=bbox, time_interval=JUNE)


def test_number_zero_is_no_data_though_the_file_does_not_say_so(folder, bbox, write_cog):
    numbers = np.full((96, 96), 500, np.uint16)
    numbers[5, 6] = 0
    folder.items[0]["assets"]["B02"]["href"] = write_cog(folder.path / "plain.tif", numbers, nodata=None).name
    catalog = folder.write_catalog(items=folder.items[:1])
    bands = task_of(catalog, ["B02"]).execute(bbox=bbox, time_interval=JUNE).data["BANDS"][0, ..., 0]
    assert np.isnan(bands[5, 6])
    assert np.isnan(bands).sum() == 1
    assert bands[0, 0] == pytest.approx(-0.05)  # negative reflectance is kept: 0.05 - 0.1


def test_patch_gives_place_size_and_timestamps(folder, bbox):
    catalog = folder.write_catalog()
    patch = EOPatch(bbox=bbox, timestamps=["2024-06-03T10:00", "2024-06-01T10:00:31"])
    patch.data["OTHER"] = np.zeros((2, 32, 32, 1), np.float32)
    before = list(patch.timestamps)
    STACInputTask(catalog, COLLECTION, BANDS, ["B02"]).execute(patch)
    assert patch.timestamps == before
    assert patch.data["BANDS"].shape == (2, 32, 32, 1)
    whole = task_of(catalog, ["B02"], size=(32, 32)).execute(bbox=bbox, time_interval=JUNE)
    np.testing.assert_array_equal(patch.data["BANDS"], whole.data["BANDS"][[2, 0]])
    patch.timestamps = ["2024-06-03T10:00", "2024-06-01T22:00"]
    with pytest.raises(DataError, match="There is no image at 2024-06-01 22:00"):
        STACInputTask(catalog, COLLECTION, BANDS, ["B02"]).execute(patch)


def test_patch_of_other_place_time_or_size_is_refused_and_left_alone(folder, bbox):
    task = STACInputTask(folder.write_catalog(), COLLECTION, BANDS, ["B02"])
    patch = EOPatch(bbox=bbox, timestamps=["2020-01-01"])
    with pytest.raises(DataError, match="size of the images is not known: no feature has one"):
        task.execute(patch, time_interval=JUNE)
    patch.data["OTHER"] = np.zeros((1, 32, 32, 1))
    with pytest.raises(DataError, match="The EOPatch has 1 timestamps, the interval 3 images"):
        task.execute(patch, time_interval=JUNE)
    with pytest.raises(DataError, match="leave out bbox="):
        task.execute(patch, bbox=BBox((0, 0, 1, 1), CRS.WGS84), time_interval=JUNE)
    with pytest.raises(DataError, match="There is no time"):
        task.execute(bbox=bbox)
    with pytest.raises(DataError, match="There is no place"):
        task.execute(time_interval=JUNE)
    assert BANDS not in patch
    assert patch.timestamps == [datetime(2020, 1, 1)]


def test_clouds_and_queries_choose_items(folder, server, bbox):
    server.items = folder.items
    folder.items[0]["properties"].update({"eo:cloud_cover": 80.0, "platform": "sentinel-2a"})
    folder.items[1]["properties"]["platform"] = "sentinel-2b"
    folder.items[2]["properties"]["platform"] = "sentinel-2b"
    for catalog in (folder.write_catalog(), f"{server.url}/stac"):
        clear = task_of(catalog, max_cloud_cover=0.5).find_items(bbox, JUNE)
        assert [item.id for item in clear] == ["S2A_2", "S2A_3"]
        first = task_of(catalog, query={"platform": {"eq": "sentinel-2a"}}).find_items(bbox, JUNE)
        assert [item.id for item in first] == ["S2A_1"]
    server.can_query = True
    task_of(f"{server.url}/stac", max_cloud_cover=0.5).find_items(bbox, JUNE)
    assert server.asked[-1][3]["query"] == {"eo:cloud_cover": {"lte": 50.0}}
    with pytest.raises(DataError, match="Item 'S2A_1' has no property 'tile'"):
        task_of(f"{server.url}/stac", query={"tile": {"eq": 1}}).find_items(bbox, JUNE)


def test_place_without_items_is_an_error_that_says_what_was_asked(folder, bbox):
    elsewhere = BBox((600_000, 5_000_000, 600_640, 5_000_640), CRS.UTM_33N)
    message = "There are no items of sentinel-2-l2a, within 16.27.*from 2024-06-01 00:00:00 to 2024-06-30"
    with pytest.raises(DataError, match=message):
        task_of(folder.write_catalog()).execute(bbox=elsewhere, time_interval=JUNE)
    with pytest.raises(DataError, match="There are no items"):
        task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=("2020-01-01", "2020-02-01"))


def test_unknown_band_is_an_error_with_the_nearest_names(folder, bbox):
    with pytest.raises(
        DataError, match=r"Item 'S2A_1' has no band 'B022'. Did you mean B02\b.*It has B02, B03, B11, SCL"
    ):
        task_of(folder.write_catalog(), ["B022"]).execute(bbox=bbox, time_interval=JUNE)


def test_item_without_a_band_is_an_error_or_no_data(folder, bbox):
    del folder.items[1]["assets"]["B03"]
    catalog = folder.write_catalog()
    with pytest.raises(DataError, match="Item 'S2A_2' has no band 'B03'"):
        task_of(catalog).execute(bbox=bbox, time_interval=JUNE)
    bands = task_of(catalog, missing_bands="no_data").execute(bbox=bbox, time_interval=JUNE).data["BANDS"]
    assert np.isnan(bands[1, ..., 1]).all()
    assert not np.isnan(bands[0]).all()
    with pytest.raises(DataError, match="has no band 'B12'"):
        task_of(catalog, ["B12"], missing_bands="no_data").execute(bbox=bbox, time_interval=JUNE)


@pytest.mark.parametrize("resolution", [10, 13])
@pytest.mark.parametrize("damage", ["header", "tiles", "missing"])
def test_file_that_can_not_be_read_is_an_error_with_item_and_band(folder, bbox, damage, resolution):
    file = folder.path / "2_B03.tif"
    content = bytearray(file.read_bytes())
    if damage == "missing":
        file.unlink()
    else:
        content[: 8 if damage == "header" else 0] = b"x" * 8 if damage == "header" else b""
        if damage == "tiles":
            content = content[: len(content) * 2 // 3]
        file.write_bytes(content)
    patch = EOPatch(bbox=bbox)
    with pytest.raises(StorageError, match=r"Band 'B03' of item 'S2A_2' can't be read from .*2_B03.tif"):
        task_of(folder.write_catalog(), resolution=resolution).execute(patch, time_interval=JUNE)
    assert patch == EOPatch(bbox=bbox)


def test_server_that_is_busy_is_asked_again(folder, server, bbox):
    folder.write_catalog()
    server.failures = {"/catalog.json": 2, "/1_B02.tif": 2}
    options = {"GDAL_HTTP_RETRY_DELAY": "0.01"}
    task = task_of(f"{server.url}/catalog.json", ["B02"], gdal_options=options)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert not np.isnan(patch.data["BANDS"]).all(axis=(1, 2, 3)).any()


def test_addresses_are_signed_when_they_are_read_and_shown_nowhere(folder, server, bbox, caplog):
    folder.write_catalog()
    signatures = iter(range(100_000, 200_000))

    def sign(url):
        return f"{url}?st=1&sig=SECRET{next(signatures)}&lake=SECRETWORD"

    catalog = STACCatalog(f"{server.url}/catalog.json", sign=sign)
    task = task_of(catalog, ["B02"], gdal_options={"GDAL_HTTP_MAX_RETRY": "0"})
    with caplog.at_level(logging.DEBUG):
        patch = task.execute(bbox=bbox, time_interval=JUNE)
    asked = [path for _, path, *_ in server.asked if "B02.tif" in path]
    assert asked
    assert all("sig=SECRET" in path for path in asked)
    assert len(set(asked)) == 3
    (folder.path / "1_B02.tif").unlink()
    with caplog.at_level(logging.DEBUG), pytest.raises(StorageError, match="Band 'B02' of item 'S2A_1'") as error:
        task.execute(bbox=bbox, time_interval=("2024-06-01", "2024-06-01"))
    told = [caplog.text, str(error.value), repr(error.value), repr(task), repr(patch), str(patch.meta_info)]
    assert error.value.__cause__ is None
    assert not any("SECRET" in text for text in told)
    assert "1_B02.tif" in str(error.value)


def test_key_of_an_api_goes_to_its_own_host_only(folder, server, bbox):
    server.items = folder.items
    key, port = {"X-Api-Key": "SECRET"}, server.host.partition(":")[2]
    task_of(f"{server.url}/stac", headers=key).find_items(bbox, JUNE)
    assert all(headers.get("X-Api-Key") == "SECRET" for _, _, headers, _ in server.asked)
    server.asked.clear()
    server.redirects = {"/stac/search": f"http://localhost:{port}/stac/found"}
    server.hook = lambda path, query, body: server.page(body) if path == "/stac/found" else None
    found = task_of(f"{server.url}/stac", headers=key, allowed_hosts=["localhost"]).find_items(bbox, JUNE)
    assert len(found) == 3
    sent = {(path, headers.get("X-Api-Key")) for _, path, headers, _ in server.asked}
    assert sent == {("/stac", "SECRET"), ("/stac/search", "SECRET"), ("/stac/found", None)}


def test_assets_in_buckets_are_read(folder, server, bbox):
    (folder.path / "bucket").mkdir()
    for item in folder.items:
        name = item["assets"]["B02"]["href"]
        (folder.path / name).rename(folder.path / "bucket" / name)
        item["assets"]["B02"]["href"] = f"s3://bucket/{name}"
    options = {"AWS_S3_ENDPOINT": server.host, "AWS_HTTPS": "NO", "AWS_VIRTUAL_HOSTING": "FALSE"}
    task = task_of(folder.write_catalog(), ["B02"], gdal_options=options | {"AWS_NO_SIGN_REQUEST": "YES"})
    bands = task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"]
    np.testing.assert_allclose(bands[0, ..., 0], reflectance(folder.numbers["B02", 1][:64, :64]), atol=1e-7)


def test_task_travels_to_workers(folder, bbox):
    task = pickle.loads(pickle.dumps(task_of(folder.write_catalog())))
    assert task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"].shape == (3, 64, 64, 2)
    assert pickle.loads(pickle.dumps(task_of(PLANETARY_COMPUTER))).catalog == PLANETARY_COMPUTER
    assert task_of(EARTH_SEARCH).sign is None


def test_unknown_numbers_are_refused_as_reflectance(folder, bbox):
    for item in folder.items:
        item["collection"] = "mystery"
        del item["properties"]["s2:processing_baseline"]
        item["id"] = item["id"].replace("S2A", "X")
    catalog = folder.write_catalog()

    def load(**settings):
        task = STACInputTask(catalog, "mystery", BANDS, ["B02"], resolution=10, **settings)
        return task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"][0, ..., 0]

    with pytest.raises(DataError, match=r"digital numbers of band 'B02' of item 'X_1' mean is not known"):
        load()
    numbers = folder.numbers["B02", 1][:64, :64]
    np.testing.assert_array_equal(load(radiometry="digital_numbers"), numbers)
    expected = np.where(numbers == 0, np.nan, numbers * 0.01 + 2)
    np.testing.assert_allclose(load(radiometry=Radiometry(0.01, 2.0, 0)), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_cloud_cover": 20}, "20 per cent are 0.2"),
        ({"size": (1, 1), "resolution": 10}, "exactly one of size and resolution"),
        ({"group_by": "week"}, "group_by is one of solar_day, time, id"),
        ({"mosaicking_order": "best"}, "mosaicking_order is one of"),
        ({"resampling": "magic"}, "resampling is 'auto' or one of nearest"),
        ({"radiometry": "radiance"}, "radiometry is one of"),
        ({"dtype": "uint16"}, "dtype uint16 can't hold reflectances"),
        ({"query": {"platform": "a"}}, "The query for 'platform'"),
        ({"query": {"platform": {"like": "a"}}}, "with operators of eq"),
        ({"bands": []}, "A feature has bands"),
        ({"bands": "B02"}, "bands is a list of names"),
        ({"allowed_hosts": "localhost"}, "allowed_hosts are names"),
        ({"timestamp_precision": timedelta(0)}, "timestamp_precision is a time above 0"),
        ({"max_items": 0}, "max_items is one at least"),
        ({"missing_bands": "skip"}, "missing_bands is one of"),
        ({"catalog": 3}, "catalog is the address of a catalogue"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    arguments = {"catalog": "https://example.org", "collections": "a", "feature": BANDS, "bands": ["B02"]} | settings
    with pytest.raises(EOLearnError, match=message) as error:
        STACInputTask(**arguments)
    assert isinstance(error.value, (SettingError, TypeError))


def test_items_may_be_json(folder, bbox):
    for item in folder.items:
        for asset in item["assets"].values():
            asset["href"] = str(folder.path / asset["href"])
    path = folder.path / "items.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": folder.items}))
    patch = task_of(path).execute(bbox=bbox, time_interval=JUNE)
    assert len(patch.timestamps) == 3


def test_large_images_are_read_in_tiles_that_fit(folder, bbox, monkeypatch):
    from eolearn.io._stac import loading

    # the second item covers the west only, so tiles in the east have two dates
    folder.items[1]["bbox"][2] = folder.items[1]["bbox"][0] + 1e-3
    east = folder.items[1]["bbox"][2]
    for position in folder.items[1]["geometry"]["coordinates"][0][1:3]:
        position[0] = east
    task = task_of(folder.write_catalog(), ["B02", "B11"])
    whole = task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"]
    monkeypatch.setattr(loading, "_TILE_PX", 24)
    tiled = task.execute(bbox=bbox, time_interval=JUNE).data["BANDS"]
    np.testing.assert_array_equal(tiled[[0, 2]], whole[[0, 2]])
    np.testing.assert_array_equal(tiled[1, :, :24], whole[1, :, :24])
    assert np.isnan(tiled[1, :, 24:]).all()


@pytest.fixture
def titiler(repository):
    path = repository.parent / "shared/data/titiler_cog/src/titiler"
    if not path.is_dir():
        pytest.skip("needs the real COGs in ../shared/data/titiler_cog")
    return path


def real_item_of(titiler):
    item = json.loads((titiler / "mosaic/tests/fixtures/item.json").read_text()) | {"links": []}
    files = titiler / "core/tests/fixtures"
    item["assets"] = {band: item["assets"][band] | {"href": str(files / f"{band}.tif")} for band in ("B01", "B09")}
    return item, files


def test_real_cog_becomes_reflectance(titiler, tmp_path):
    import rasterio

    item, files = real_item_of(titiler)
    (tmp_path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": [item]}))
    with rasterio.open(files / "B01.tif") as file:
        west, north = file.transform * (10, 20)
        numbers = file.read(1, window=((20, 70), (10, 60)))
    place = BBox((west, north - 50 * 600, west + 50 * 600, north), CRS.UTM_34N)
    task = STACInputTask(
        tmp_path / "items.json",
        "sentinel-s2-l2a-cogs",
        BANDS,
        ["coastal", "B09"],
        resolution=600,
        allowed_folders=[files],
    )
    patch = task.execute(bbox=place, time_interval=("2020-03-18", "2020-03-18"))
    assert patch.timestamps == [datetime(2020, 3, 18, 9, 11, 33)]
    expected = np.where(numbers == 0, np.nan, numbers / 10_000)  # of baseline 02.14
    np.testing.assert_allclose(patch.data["BANDS"][0, ..., 0], expected, rtol=1e-6)


@pytest.mark.filterwarnings(
    "ignore:The 'shapely.ops.transform:DeprecationWarning", "ignore:Dataset has no geotransform"
)
@pytest.mark.parametrize("use_overviews", [False, True])
def test_overviews_are_used_on_demand_as_odc_stac_does(titiler, use_overviews):
    import odc.stac

    item, files = real_item_of(titiler)
    item = pystac.Item.from_dict(item, migrate=False)
    west, south = 706_100, 3_500_100
    place = BBox((west, south, west + 60_000, south + 60_000), CRS.UTM_34N)
    task = STACInputTask(
        [item], [], BANDS, ["B01"], size=(25, 25), resampling="bilinear", use_overviews=use_overviews,
        radiometry="digital_numbers", dtype="float32", allowed_folders=[files],
    )  # fmt: skip
    patch = task.execute(bbox=place, time_interval=("2020-03-18", "2020-03-18"))
    alone = odc.stac.load(
        [item], ["B01"], geobox=geobox_of(place, 25, 25),
        resampling="bilinear", use_overviews=use_overviews, dtype="float32",
    )  # fmt: skip
    assert np.isfinite(alone.B01.values).any()
    np.testing.assert_array_equal(patch.data["BANDS"][..., 0], alone.B01.values)


def test_missing_packages_are_named(folder, bbox, monkeypatch):
    monkeypatch.setitem(sys.modules, "odc.loader", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-io\[stac\]'"):
        task_of(folder.write_catalog()).execute(bbox=bbox, time_interval=JUNE)


def test_only_images_of_the_timestamps_are_read(folder, server, bbox):
    folder.write_catalog()
    patch = EOPatch(bbox=bbox, timestamps=["2024-06-01T10:00", "2024-06-03T10:00"])
    task_of(f"{server.url}/catalog.json", ["B02"]).execute(patch)
    assert {path for _, path, *_ in server.asked if "tif" in path} == {"/1_B02.tif", "/3_B02.tif"}
