"""Tables of geometries from a real PostgreSQL with PostGIS, which the tests start for themselves."""

from __future__ import annotations

import glob
import logging
import os
import pickle
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import pytest
from sentinelhub import CRS, BBox
from shapely import Point, box

from eolearn.core import EOPatch, EOWorkflow, FeatureType, linearly_connect_tasks
from eolearn.core.exceptions import DataError, SettingError, StorageError
from eolearn.io._vector_database import Database, DatabaseTable, query_of
from eolearn.io.geometry_io import VectorImportTask

sqlalchemy = pytest.importorskip("sqlalchemy")
psycopg = pytest.importorskip("psycopg")
pytest.importorskip("geoalchemy2")

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
EVENTS = (FeatureType.VECTOR, "EVENTS")
PLACE = BBox((500_000, 5_100_000, 500_500, 5_100_500), CRS.UTM_33N)
PASSWORD = "c0rrect/h0rse battery@staple"
QUOTED = "c0rrect%2Fh0rse%20battery%40staple"


def as_other(folder, *command):
    """Run a program of PostgreSQL, which refuses root, as another user if need be."""
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres")
        shutil.chown(folder, user.pw_uid, user.pw_gid)
        command = ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", *command)
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def address():
    """Start a server on a free port, and return host and port."""
    programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
    extensions = glob.glob("/usr/share/postgresql/*/extension/postgis.control")
    if not programs or not extensions or (os.getuid() == 0 and not shutil.which("setpriv")):
        pytest.skip("needs PostgreSQL with PostGIS: apt-get install postgresql-15-postgis-3")
    folder = Path(tempfile.mkdtemp(prefix="eolearn-postgis-"))
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o644)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    initdb = as_other(
        folder, f"{programs[-1]}/initdb", "-D", f"{folder}/data", "-U", "me", "--auth=scram-sha-256",
        f"--pwfile={folder}/password", "--no-sync", "-E", "UTF8", "--locale=C",
    )  # fmt: skip
    assert initdb.wait(60) == 0
    server = as_other(
        folder, f"{programs[-1]}/postgres", "-D", f"{folder}/data", "-p", str(port), "-h", "127.0.0.1", "-F",
        "-c", "unix_socket_directories=",
    )  # fmt: skip
    for _ in range(200):
        try:
            psycopg.connect(host="127.0.0.1", port=port, user="me", password=PASSWORD, dbname="postgres").close()
            break
        except psycopg.OperationalError:
            time.sleep(0.05)
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait(30)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def fields():
    """Return squares of 80 m on a grid of 100 m around the place and beyond, in UTM."""
    squares = [
        box(x, y, x + 80, y + 80) for x in range(499_760, 500_800, 100) for y in range(5_099_760, 5_100_800, 100)
    ]
    return gpd.GeoDataFrame(
        {"ID": range(len(squares)), "crop": ["wheat", "50%:maize"] * 60 + ["x"]}, geometry=squares, crs=32633
    )


@pytest.fixture(scope="module")
def database(address, fields):
    """Fill the database, and return its URL with the password."""
    url = f"postgresql+psycopg://me:{QUOTED}@{address}/postgres"
    engine = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    events = gpd.GeoDataFrame(
        {"TIMESTAMP": ["2026-05-01T12:00:00+02:00", "2026-05-02"]}, geometry=[Point(500_100, 5_100_100)] * 2, crs=32633
    )
    with engine.begin() as connection:
        connection.exec_driver_sql('CREATE EXTENSION postgis; CREATE SCHEMA "my-farm"')
        fields.to_crs(4326).to_postgis("fields", connection, index=False)
        fields.rename_geometry("geom").to_postgis("Fields 2026", connection, schema="my-farm", index=False)
        events.to_postgis("events", connection, index=False)
        connection.exec_driver_sql(
            "CREATE TABLE nothing (name text); CREATE SEQUENCE numbers; CREATE TABLE empty (shape geometry);"
            "CREATE TABLE two AS SELECT geometry AS outline, ST_Centroid(geometry) AS middle FROM fields"
        )
    return url.replace("+psycopg", "")


@pytest.fixture(autouse=True)
def no_secrets_left(monkeypatch):
    monkeypatch.setenv("EOLEARN_IO_SECRETS", "[]")


def ids(patch):
    return sorted(patch[FIELDS]["ID"])


def of_place(fields, bbox=PLACE):
    return sorted(fields[fields.intersects(bbox.geometry)]["ID"])


class TestRows:
    def test_rows_that_meet_the_box_are_read(self, database, fields):
        task = VectorImportTask(FIELDS, database, layer="fields")
        patch = task(bbox=PLACE)
        table = patch[FIELDS].set_index("ID")
        assert set(of_place(fields)) <= set(table.index)
        assert len(table) < len(fields) / 2
        assert (table.crs.to_epsg(), patch.bbox, task.dataset_crs) == (32633, PLACE, CRS.WGS84)
        written = fields.set_index("ID").geometry.loc[table.index].set_crs(table.crs)
        assert table.geometry.symmetric_difference(written).area.max() < 1e-3  # of 6400 m²

    def test_table_of_a_schema_with_the_same_coordinates(self, database, fields):
        task = VectorImportTask(FIELDS, database, layer="my-farm.Fields 2026", reproject=False)
        assert ids(task(bbox=PLACE)) == of_place(fields)
        everything = task()
        assert ids(everything) == list(fields["ID"])
        assert everything.bbox == BBox(tuple(map(float, fields.total_bounds)), CRS.UTM_33N)
        assert everything[FIELDS].geometry.name == "geometry"

    def test_an_index_on_the_geometries_is_used(self, database):
        options = {"layer": "fields", "where": "crop <> 'x'", "columns": ["ID"]}
        found = Database.of(database)
        with found.connect() as connection:
            statement = DatabaseTable(connection, found, query_of(options)).statement((14.9, 46.0, 15.1, 46.1))
            connection.exec_driver_sql("SET enable_seqscan = off")
            plan = str(connection.exec_driver_sql(f"EXPLAIN {statement}").fetchall())
        assert "Index Scan" in plan
        assert "idx_fields_geometry" in plan

    def test_clip(self, database, fields):
        table = VectorImportTask(FIELDS, database, clip=True, layer="my-farm.Fields 2026")(bbox=PLACE)[FIELDS]
        assert table.area.sum() == pytest.approx(fields.intersection(PLACE.geometry).area.sum(), rel=1e-9)

    def test_statements_columns_and_conditions(self, database, fields):
        sql = """SELECT "ID" AS "ID", geom::geometry FROM "my-farm"."Fields 2026" WHERE crop = '50%:maize';"""
        wanted = [number for number in of_place(fields) if fields["crop"][number] == "50%:maize"]
        assert ids(VectorImportTask(FIELDS, database, sql=sql)(bbox=PLACE)) == wanted
        options = {"layer": "my-farm.Fields 2026", "where": "crop LIKE '50%'", "columns": ["ID"]}
        table = VectorImportTask(FIELDS, database, **options)(bbox=PLACE)[FIELDS]
        assert (sorted(table["ID"]), sorted(table.columns)) == (wanted, ["ID", "geometry"])

    def test_one_of_several_geometries(self, database, fields):
        table = VectorImportTask(FIELDS, database, layer="two", geom_col="middle")(bbox=PLACE)[FIELDS]
        assert set(table.geom_type) == {"Point"}
        inside = fields[fields.centroid.within(PLACE.geometry)].centroid.to_crs(32633)
        assert all(table.distance(point).min() < 1e-3 for point in inside)  # metres
        assert len(table) < len(fields) / 2

    def test_place_without_rows_gives_an_empty_table(self, database):
        for clip in (False, True):
            table = VectorImportTask(FIELDS, database, clip=clip, layer="fields")(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
            assert (len(table[FIELDS]), table[FIELDS].crs.to_epsg(), "crop" in table[FIELDS]) == (0, 4326, True)

    def test_times_are_those_of_utc(self, database):
        table = VectorImportTask(EVENTS, database, layer="events")(bbox=PLACE)[EVENTS]
        assert [str(time) for time in sorted(table["TIMESTAMP"])] == ["2026-05-01 10:00:00", "2026-05-02 00:00:00"]

    def test_an_engine_is_used_as_it_is(self, database, fields):
        engine = sqlalchemy.create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
        task = VectorImportTask(FIELDS, engine, layer="my-farm.Fields 2026")
        assert ids(task(bbox=PLACE)) == of_place(fields)
        assert task.path.endswith("/postgres")
        with pytest.raises(SettingError, match="give the URL"):
            pickle.dumps(task)
        engine.dispose()

    def test_nothing_can_be_changed(self, database):
        task = VectorImportTask(FIELDS, database, sql="SELECT geometry, nextval('numbers') FROM fields")
        with pytest.raises(OSError, match="read-only"):
            task(bbox=PLACE)


class TestBadInput:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"layer": "field"}, SettingError, "no table 'field'. Did you mean fields"),
            ({"layer": "nothing"}, DataError, "no column of geometries"),
            ({"layer": "empty"}, DataError, "does not say its coordinate system"),
            ({"layer": "two"}, SettingError, "set geom_col= to outline or middle"),
            ({"layer": "two", "geom_col": "midle"}, SettingError, "Did you mean middle"),
            ({"layer": "fields", "where": "croop = 1"}, SettingError, "croop"),
            ({"layer": "fields", "columns": ["nmae"]}, SettingError, "nmae"),
            ({"sql": "SELECT FROM WHERE"}, SettingError, "syntax error"),
            ({"layer": 'x"; DROP TABLE fields; --'}, SettingError, "no table"),
        ],
    )
    def test_what_is_not_there(self, database, options, error, message):
        patch = EOPatch(bbox=PLACE)
        with pytest.raises(error, match=message):
            VectorImportTask(FIELDS, database, **options)(patch)
        assert FIELDS not in patch

    @pytest.mark.parametrize(
        ("options", "message"),
        [({}, "exactly one"), ({"layer": "a", "sql": "b"}, "exactly one"), ({"tabel": "x"}, "'tabel' is no option")],
    )
    def test_options_that_are_refused(self, options, message):
        with pytest.raises(SettingError, match=message):
            VectorImportTask(FIELDS, "postgresql://host/name", **options)

    def test_statement_that_takes_too_long(self, database, monkeypatch):
        monkeypatch.setattr("eolearn.io._vector_database._LONGEST_STATEMENT", "50ms")
        with pytest.raises(StorageError, match="statement timeout"):
            VectorImportTask(FIELDS, database, sql="SELECT geometry, pg_sleep(9) FROM fields")(bbox=PLACE)

    def test_server_that_is_not_there(self):
        with pytest.raises(StorageError, match="127.0.0.1:9"):
            VectorImportTask(FIELDS, "postgresql://me@127.0.0.1:9/x", layer="fields")(bbox=PLACE)

    @pytest.mark.parametrize("password", ["h0/rse", "h0#rse", "h0?rse", "h@0/rse"])
    def test_password_that_is_not_quoted(self, password):
        with pytest.raises(SettingError, match="has to be quoted") as error:
            VectorImportTask(FIELDS, f"postgresql://me:{password}@host/name", layer="fields")
        assert "rse" not in str(error.value)

    def test_other_databases(self):
        with pytest.raises(SettingError, match="not sqlite"):
            VectorImportTask(FIELDS, sqlalchemy.create_engine("sqlite://"), layer="fields")


class TestSecrets:
    def test_password_is_never_shown(self, database, caplog):
        caplog.set_level(logging.DEBUG)
        task = VectorImportTask(FIELDS, database, layer="fields")
        task(bbox=PLACE)
        wrong = VectorImportTask(FIELDS, database.replace("staple", "st0ple"), layer="fields")
        with pytest.raises(StorageError, match="password authentication failed") as error:
            wrong(bbox=PLACE)
        shown = [repr(vars(task)), repr(task.private_task_config.init_args), task.path, str(error.value), caplog.text]
        shown += [repr(pickle.dumps(task)), repr(pickle.dumps(wrong)), repr(error.value.__cause__)]
        for secret in (PASSWORD, QUOTED, "st0ple", "h0rse"):
            assert secret not in "".join(shown)

    def test_password_in_the_query_of_the_url(self):
        found = Database.of("postgresql://me@host/x?password=h0rse&sslmode=require")
        assert found.url == "postgresql://me@host/x?sslmode=require"
        assert found.secrets.reveal() == {"password": "h0rse"}

    def test_pickled_task_works_where_the_secret_was_inherited(self, database, fields, monkeypatch):
        task = VectorImportTask(FIELDS, database, layer="my-farm.Fields 2026")
        pickled = pickle.dumps(task)
        assert ids(pickle.loads(pickled)(bbox=PLACE)) == of_place(fields)
        monkeypatch.delenv("EOLEARN_IO_SECRETS")
        with pytest.raises(SettingError, match="isn't pickled"):
            pickle.loads(pickled)(bbox=PLACE)

    def test_task_in_a_workflow(self, database, fields):
        nodes = linearly_connect_tasks(VectorImportTask(FIELDS, database, layer="my-farm.Fields 2026"))
        results = EOWorkflow(nodes).execute({nodes[0]: {"bbox": PLACE}})
        assert results.workflow_failed() is False
