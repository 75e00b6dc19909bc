"""xcube geoDB, as the package xcube_geodb asks it, against a server on loopback."""

from __future__ import annotations

import pickle

import geopandas as gpd
import pytest
from sentinelhub import CRS, BBox
from shapely.geometry import box

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError, StorageError
from eolearn.io.extra.geodb import GeoDBVectorImportTask

geodb = pytest.importorskip("xcube_geodb.core.geodb")

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
PLACE = BBox((500_000, 5_100_000, 500_500, 5_100_500), CRS.UTM_33N)
SECRET, TOKEN = "c0rrect-h0rse-battery", "t0ken-0f-the-tests"


@pytest.fixture(scope="module")
def fields():
    """Return squares of 80 m on a grid of 100 m around the place and beyond."""
    squares = [
        box(x, y, x + 80, y + 80) for x in range(499_760, 500_800, 100) for y in range(5_099_760, 5_100_800, 100)
    ]
    return gpd.GeoDataFrame({"id": range(len(squares))}, geometry=squares, crs=32633)


@pytest.fixture
def collection(server, fields):
    """Let the server have the collection ``lpis`` of the database ``slo``, in Slovenian coordinates (EPSG:3794)."""
    local = fields.to_crs(3794)
    server.srid, server.error = 3794, None

    def rows(table):
        return [{"id": row.id, "geometry": row.geometry.wkb_hex} for row in table.itertuples()] or None

    def reply(method, path, query, body):
        if path == "/oauth/token":
            good = body["client_secret"] == SECRET
            return (200, {"access_token": TOKEN}) if good else (401, {"error": f"{body['client_secret']} is wrong"})
        assert server.asked[-1][4]["Authorization"] == f"Bearer {TOKEN}"
        if server.error is not None and "geodb_get_by_bbox" in path:
            return server.error
        name = path.rsplit("/", 1)[-1]
        if name == "geodb_get_collection_srid":
            return 200, [{"src": [{"srid": server.srid}] if body["collection"] == "slo_lpis" else [None]}]
        if name == "geodb_get_by_bbox":
            assert (body["comparison_mode"], body["bbox_crs"]) == ("intersects", server.srid)
            bounds = box(body["minx"], body["miny"], body["maxx"], body["maxy"])
            return 200, {"src": rows(local[local.intersects(bounds)])}
        return {
            "slo_lpis": lambda: (200, rows(local.iloc[: int(query.get("limit", 10**6))])),
            "": lambda: (200, {"paths": {"/rpc/geodb_get_by_bbox": {}}, "definitions": {}}),
            "geodb_whoami": lambda: (200, "me"),
            "geodb_log_event": lambda: (200, {}),
            "geodb_get_my_collections": lambda: (200, [{"src": [{"database": "slo", "collection": "lpis"}]}]),
        }.get(name, lambda: (404, {"message": "relation does not exist"}))()

    server.reply = reply
    return server


@pytest.fixture
def client(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return make_client(server.url, SECRET)


def make_client(url, secret, **settings):
    return geodb.GeoDBClient(
        server_url=url.rsplit(":", 1)[0], server_port=int(url.rsplit(":", 1)[1]), client_id="me-and-my-team",
        client_secret=secret, auth_mode="client-credentials", auth_domain=url, auth_aud="test", **settings,
    )  # fmt: skip


def test_rows_that_meet_the_box_are_read(collection, client, fields):
    task = GeoDBVectorImportTask(FIELDS, client, "lpis", "slo")
    patch = task(bbox=PLACE)
    table = patch[FIELDS].set_index("id")
    wanted = fields[fields.intersects(PLACE.geometry)]
    assert set(wanted["id"]) <= set(table.index) < set(fields["id"])
    assert (table.crs.to_epsg(), patch.bbox, task.dataset_crs) == (32633, PLACE, CRS(3794))
    written = fields.set_index("id").geometry.loc[table.index].set_crs(table.crs)
    assert table.geometry.symmetric_difference(written).area.max() < 1e-2  # of 6400 m²


def test_no_box_and_no_rows(collection, client, fields):
    task = GeoDBVectorImportTask(FIELDS, client, "lpis", "slo", reproject=False)
    assert len(task()[FIELDS]) == len(fields)
    assert len(GeoDBVectorImportTask(FIELDS, client, "lpis", "slo", reproject=False, limit=5)()[FIELDS]) == 5
    with pytest.raises(ValueError, match="where: give a bounding box"):
        GeoDBVectorImportTask(FIELDS, client, "lpis", "slo", reproject=False, where="id = 3")()
    far = GeoDBVectorImportTask(FIELDS, client, "lpis", "slo", clip=True)(bbox=BBox((0, 0, 1, 1), CRS.WGS84))[FIELDS]
    assert (len(far), far.crs.to_epsg()) == (0, 4326)


def test_unknown_collection_is_told_with_those_that_are_there(collection, client):
    with pytest.raises(SettingError, match="'lpiss' of database 'slo' in geoDB is not there. Did you mean lpis"):
        GeoDBVectorImportTask(FIELDS, client, "lpiss", "slo")(bbox=PLACE)


@pytest.mark.parametrize(
    ("error", "kind"),
    [((500, {"message": "out of memory"}), StorageError), ((200, b"<html>"), OSError), ((200, {}), OSError)],
)
def test_answers_that_are_none(collection, client, error, kind):
    collection.error = error
    patch = EOPatch(bbox=PLACE)
    with pytest.raises(kind, match="'lpis'"):
        GeoDBVectorImportTask(FIELDS, client, "lpis", "slo")(patch)
    assert FIELDS not in patch


def test_client_that_does_not_raise(collection, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    collection.error = 500, {"message": "out of memory"}
    with pytest.raises(StorageError, match="out of memory"):
        GeoDBVectorImportTask(FIELDS, make_client(collection.url, SECRET, raise_it=False), "lpis", "slo")(bbox=PLACE)


def test_answer_that_is_cut_off(collection, client):
    task = GeoDBVectorImportTask(FIELDS, client, "lpis", "slo")
    assert task.dataset_crs == CRS(3794)
    collection.cut = 5
    with pytest.raises(StorageError, match="'lpis'"):
        task(bbox=PLACE)


def test_credentials_are_not_shown(collection, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wrong = GeoDBVectorImportTask(FIELDS, make_client(collection.url, "wr0ng-secret-12345"), "lpis", "slo")
    with pytest.raises(StorageError) as error:
        wrong(bbox=PLACE)
    shown = str(error.value) + repr(wrong.private_task_config.init_args) + repr(pickle.dumps(wrong))
    assert "wr0ng" not in shown
    assert "me-and-my-team" not in shown


def test_pickled_task_works_where_the_secrets_were_inherited(collection, client, monkeypatch):
    task = GeoDBVectorImportTask(FIELDS, client, "lpis", "slo")
    expected = task(bbox=PLACE)[FIELDS]
    pickled = pickle.dumps(task)
    assert SECRET.encode() not in pickled
    assert TOKEN.encode() not in pickled
    assert pickle.loads(pickled)(bbox=PLACE)[FIELDS].equals(expected)
    monkeypatch.delenv("EOLEARN_IO_SECRETS")
    with pytest.raises(SettingError, match="isn't pickled"):
        pickle.loads(pickled)(bbox=PLACE)


def test_settings_of_the_task_itself_are_refused(client):
    with pytest.raises(SettingError, match="bbox_crs can't be given"):
        GeoDBVectorImportTask(FIELDS, client, "lpis", "slo", bbox_crs=4326)


def test_table_without_geometries(collection, client):
    collection.error = 200, {"src": [{"id": 1}]}
    with pytest.raises(DataError, match="without geometries"):
        GeoDBVectorImportTask(FIELDS, client, "lpis", "slo")(bbox=PLACE)
