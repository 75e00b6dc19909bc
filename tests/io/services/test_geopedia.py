"""Geopedia, as the package sentinelhub asks it, against a server on loopback."""

from __future__ import annotations

import io
import pickle

import geopandas as gpd
import numpy as np
import pytest
from PIL import Image
from sentinelhub import CRS, BBox, MimeType, SHConfig
from sentinelhub.geopedia import GeopediaSession
from shapely.geometry import box, mapping

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import BrokenFile, StorageError
from eolearn.io._geopedia import service
from eolearn.io.geometry_io import GeopediaVectorImportTask
from eolearn.io.geopedia import AddGeopediaFeatureTask

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
LULC = (FeatureType.MASK_TIMELESS, "LULC")
PLACE = BBox((500_000, 5_100_000, 500_200, 5_100_160), CRS.UTM_33N)
GREEN, RED, CLEAR = (0, 200, 0, 255), (200, 0, 0, 255), (0, 0, 0, 0)


@pytest.fixture
def config(server):
    return SHConfig(
        use_defaults=True,
        geopedia_wms_url=server.url,
        geopedia_rest_url=f"{server.url}/rest",
        download_sleep_time=0.01,
        max_download_attempts=3,
        download_timeout_seconds=2,
    )


# --- tables


@pytest.fixture
def fields():
    """Return squares of 80 m on a grid of 100 m around the place and beyond."""
    squares = [
        box(x, y, x + 80, y + 80) for x in range(499_760, 500_800, 100) for y in range(5_099_760, 5_100_800, 100)
    ]
    return gpd.GeoDataFrame({"ID": range(len(squares))}, geometry=squares, crs=32633)


@pytest.fixture
def tables(server, fields):
    """Let the server give the fields, pages of 1000 rows, after a session was made."""
    mercator = fields.to_crs(3857)
    server.page, server.next_host = 1000, server.url

    def reply(method, path, query, body):
        if path.startswith("/rest/data/v1/session/"):
            return 200, {"sessionId": "5e55-10n-9", "sessionHeaderName": "X-GPD-Session", "user": {"id": "NO_USER"}}
        assert (method, path) == ("POST", "/rest/data/v2/search/tables/1749/features")
        found = mercator
        if "filterExpression" in body:
            numbers = body["filterExpression"].removeprefix("bbox(").split(",")[:4]
            found = mercator[mercator.intersects(box(*map(float, numbers)))]
        start = int(query["offset"])
        features = [
            {"id": row.ID, "geometry": mapping(row.geometry), "properties": {"ID": row.ID}}
            for row in found.iloc[start : start + server.page].itertuples()
        ]
        following = f"{server.next_host}{path}?offset={start + server.page}&limit=1000"
        is_last = start + server.page >= len(found)
        return 200, {"features": features, "pagination": {"total": len(found), "next": None if is_last else following}}

    server.reply = reply
    return server


def test_rows_that_meet_the_box_come_page_by_page(tables, fields, config):
    tables.page = 3
    patch = GeopediaVectorImportTask(FIELDS, "ttl1749", config=config)(bbox=PLACE)
    table = patch[FIELDS]
    wanted = fields[fields.intersects(PLACE.geometry)]
    assert set(wanted["ID"]) <= set(table["ID"]) < set(fields["ID"])
    there, written = table.set_index("ID").geometry, fields.set_index("ID").geometry
    assert (there.crs.to_epsg(), patch.bbox) == (32633, PLACE)
    assert there.symmetric_difference(written.loc[there.index].set_crs(there.crs)).area.max() < 1e-3  # of 6400 m²
    headers = [asked[4] for asked in tables.asked if asked[0] == "POST"]
    assert len(headers) == -(-len(table) // 3)
    assert all(header["X-GPD-Session"] == "5e55-10n-9" for header in headers)


def test_clip_and_no_box(tables, fields, config):
    clipped = GeopediaVectorImportTask(FIELDS, 1749, clip=True, config=config)(bbox=PLACE)[FIELDS]
    expected = fields.intersection(PLACE.geometry).area.sum()
    assert clipped.area.sum() == pytest.approx(expected, rel=1e-6)
    task = GeopediaVectorImportTask(FIELDS, 1749, reproject=False, config=config)
    assert len(task()[FIELDS]) == len(fields)
    assert task.dataset_crs == CRS.POP_WEB


def test_place_without_rows_gives_an_empty_table(tables, config):
    table = GeopediaVectorImportTask(FIELDS, 1749, clip=True, config=config)(bbox=BBox((0, 0, 1, 1), CRS.WGS84))[FIELDS]
    assert (len(table), table.crs.to_epsg()) == (0, 4326)


def test_next_page_on_another_host_is_not_asked(tables, config):
    tables.page, tables.next_host = 3, "http://127.0.0.1:9"
    with pytest.raises(ValueError, match="another host"):
        GeopediaVectorImportTask(FIELDS, 1749, config=config)(bbox=PLACE)


def test_pages_without_end(tables, config, monkeypatch):
    monkeypatch.setattr(service, "_MOST_ROWS", 5)
    tables.page = 3
    with pytest.raises(ValueError, match="more than 5 rows"):
        GeopediaVectorImportTask(FIELDS, 1749, config=config)(bbox=PLACE)


def test_bad_days_are_tried_again(tables, config):
    tables.failures = [503]
    first = GeopediaVectorImportTask(FIELDS, 1749, config=config)(bbox=PLACE)[FIELDS]
    tables.cut = 20
    second = GeopediaVectorImportTask(FIELDS, 1749, config=config)(bbox=PLACE)[FIELDS]
    assert first.equals(second)


@pytest.mark.parametrize("answer", [(500, b"broken"), (404, {"error": "no such table"}), (200, b"<html>"), (200, {})])
def test_answers_that_are_none(server, config, answer):
    server.reply = lambda *_: answer
    patch = EOPatch(bbox=PLACE)
    with pytest.raises(OSError, match="1749"):
        GeopediaVectorImportTask(FIELDS, 1749, config=config)(patch)
    assert FIELDS not in patch


def test_session_with_a_login_is_used_and_its_password_not_pickled(tables, config, monkeypatch):
    monkeypatch.setenv("EOLEARN_IO_SECRETS", "[]")
    session = GeopediaSession(config=config, username="me", password_md5="5f4dcc3b5aa765d6")
    task = GeopediaVectorImportTask(FIELDS, 1749, config=config, gpd_session=session)
    logins = [asked[2] for asked in tables.asked if asked[1].endswith("login")]
    assert [login["user"] for login in logins] == ["me"]
    pickled = pickle.dumps(task)
    assert b"5f4dcc3b5aa765d6" not in pickled
    assert b"5e55-10n-9" not in pickled
    assert "5f4dcc3b5aa765d6" not in repr(vars(task)) + repr(task.private_task_config.init_args)
    assert pickle.loads(pickled)(bbox=PLACE)[FIELDS].equals(task(bbox=PLACE)[FIELDS])
    assert len([asked for asked in tables.asked if asked[1].endswith("login")]) == 2


def test_unknown_option(config):
    with pytest.raises(ValueError, match="limit: only query_filter"):
        GeopediaVectorImportTask(FIELDS, 1749, config=config, limit=3)
    with pytest.raises(ValueError, match="geopedia_table is a number"):
        GeopediaVectorImportTask(FIELDS, "fields", config=config)


# --- maps


def png(image, mode="RGBA", kind="PNG"):
    file = io.BytesIO()
    Image.fromarray(image).convert(mode).save(file, kind)
    return file.getvalue()


@pytest.fixture
def maps(server):
    """Let the server draw: green in the west of x = 1,672,000 m or so, clear elsewhere, red in the north."""
    server.encode = png
    centre = PLACE.transform(CRS.POP_WEB).middle

    def reply(method, path, query, body):
        assert (method, path, query["REQUEST"], query["LAYERS"]) == ("GET", "/wms/ml_aws", "GetMap", "ttl1917")
        west, south, east, north = map(float, query["BBOX"].split(","))
        width, height = int(query["WIDTH"]), int(query["HEIGHT"])
        x = west + (np.arange(width) + 0.5) * (east - west) / width
        y = north - (np.arange(height) + 0.5) * (north - south) / height
        image = np.zeros((height, width, 4), np.uint8)
        image[:, x < centre[0]] = GREEN
        image[y > centre[1]] = RED
        return 200, server.encode(image)

    server.reply = reply
    return server


@pytest.fixture
def patch():
    patch = EOPatch(bbox=PLACE, timestamps=["2024-06-01"])
    patch.mask["IS_DATA"] = np.ones((1, 16, 20, 1), bool)
    return patch


def expected_classes(patch):
    """Return 1 for red, 2 for green and 0 for clear, from the middles of the pixels in Web Mercator."""
    x, y = np.meshgrid(500_000 + 10 * (np.arange(20) + 0.5), 5_100_160 - 10 * (np.arange(16) + 0.5))
    points = gpd.GeoSeries(gpd.points_from_xy(x.ravel(), y.ravel()), crs=32633).to_crs(3857)
    centre = PLACE.transform(CRS.POP_WEB).middle
    return np.where(points.y > centre[1], 1, np.where(points.x < centre[0], 2, 0)).reshape(16, 20)


def test_colors_become_classes_on_the_pixels_of_the_patch(maps, patch, config):
    values = {"wood": (2, list(GREEN)), "town": (1, [201, 1, 0])}
    task = AddGeopediaFeatureTask(LULC, "ttl1917", "ml_aws", values, config=config)
    mask = task(patch)[LULC]
    assert (mask.shape, mask.dtype) == ((16, 20, 1), np.uint8)
    differs = mask[..., 0] != expected_classes(patch)
    assert differs.mean() < 0.08  # only pixels at the borders, which nearest pixels of two grids move by one at most
    assert {0, 1, 2} == set(np.unique(mask))
    assert np.all(AddGeopediaFeatureTask(LULC, 1917, "ml_aws", values, no_data_val=7, config=config)(patch)[LULC] > 0)


def test_opaque_pixels_get_the_value_and_the_others_keep_theirs(maps, patch, config):
    patch[LULC] = np.full((16, 20, 1), 9, np.uint8)
    before = patch[LULC].copy()
    there = patch[LULC]
    mask = AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 4, config=config)(patch)[LULC]
    np.testing.assert_array_equal(there, before)
    assert set(np.unique(mask)) == {4, 9}
    assert ((mask[..., 0] == 4) != (expected_classes(patch) > 0)).mean() < 0.08


def test_patch_in_web_mercator_gets_the_pixels_as_they_are(maps, config):
    patch = EOPatch(bbox=PLACE.transform(CRS.POP_WEB))
    patch.data_timeless["DEM"] = np.zeros((10, 12, 1))
    mask = AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 1, config=config)(patch)[LULC][..., 0]
    np.testing.assert_array_equal(mask[:5], 1)
    np.testing.assert_array_equal(mask[5:], np.repeat([[1] * 6 + [0] * 6], 5, axis=0))


@pytest.mark.parametrize(("mode", "kind", "image_format"), [("P", "PNG", "png"), ("RGB", "JPEG", "jpg")])
def test_palettes_and_jpg(maps, patch, config, mode, kind, image_format):
    maps.encode = lambda image: png(image, mode, kind)
    task = AddGeopediaFeatureTask(
        LULC, 1917, "ml_aws", {"town": (5, [200, 0, 0])}, image_format=MimeType(image_format), mean_abs_difference=40,
        config=config,
    )  # fmt: skip
    assert ((task(patch)[LULC][..., 0] == 5) != (expected_classes(patch) == 1)).mean() < 0.1


@pytest.mark.parametrize(
    "content", [b"<ServiceExceptionReport>LayerNotDefined</ServiceExceptionReport>", png(np.zeros((2, 2, 4), np.uint8))]
)
def test_what_is_no_map(server, patch, config, content):
    server.reply = lambda *_: (200, content)
    with pytest.raises(BrokenFile, match="Layer 1917 of Geopedia.*(LayerNotDefined|pixels)"):
        AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 1, config=config)(patch)
    assert LULC not in patch


def test_map_that_is_cut_off(maps, patch, config):
    maps.encode = lambda image: png(image)[:-30]
    with pytest.raises(BrokenFile, match="can't be decoded"):
        AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 1, config=config)(patch)


@pytest.mark.parametrize("value", ["wood", None, {}, {"wood": 1}, {"wood": (1, [0, 0])}, {"wood": (1, [0, 0, 300])}])
def test_values_that_are_none(value):
    with pytest.raises(ValueError, match="raster_value"):
        AddGeopediaFeatureTask(LULC, 1917, "ml_aws", value)


def test_other_settings_that_are_refused(patch):
    with pytest.raises(ValueError, match="no transparency"):
        AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 1, image_format=MimeType.JPG)
    with pytest.raises(ValueError, match="(?i)feature"):
        AddGeopediaFeatureTask((FeatureType.MASK, "LULC"), 1917, "ml_aws", 1)
    with pytest.raises(ValueError, match="no images"):
        AddGeopediaFeatureTask(LULC, 1917, "ml_aws", 1)(EOPatch(bbox=PLACE))


def test_passwords_in_addresses_are_not_told(server, config):
    config.geopedia_rest_url = f"{server.url}/rest?user=me&pass=c0rrect-h0rse-battery&x="
    for status in (500, 403):
        server.reply = lambda *_, status=status: (status, b"broken")
        with pytest.raises(StorageError) as error:
            GeopediaVectorImportTask(FIELDS, 1749, config=config)(bbox=PLACE)
        assert "c0rrect" not in str(error.value)


def test_password_of_a_session_that_has_ended_is_not_told(tables, config):
    session = GeopediaSession(config=config, username="me", password_md5="5f4dcc3b5aa765d6")
    task = GeopediaVectorImportTask(FIELDS, 1749, config=config, gpd_session=session)
    session._session_info = None
    usual = tables.reply
    tables.reply = lambda method, path, *more: (429, b"") if path.endswith("login") else usual(method, path, *more)
    with pytest.raises(StorageError, match=r"429.*pass=\*\*\*") as error:
        task(bbox=PLACE)
    assert "5f4dcc3b5aa765d6" not in str(error.value)
