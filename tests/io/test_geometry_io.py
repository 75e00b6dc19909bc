"""The import of tables of geometries, compared with geopandas."""

from __future__ import annotations

import json
import pickle

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from geopandas.testing import assert_geodataframe_equal
from sentinelhub import CRS, BBox, SHConfig
from shapely import Point, Polygon, box

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import BrokenFile, PathNotFound
from eolearn.core.utils.fs import get_filesystem
from eolearn.io.geometry_io import VectorImportTask

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
EVENTS = (FeatureType.VECTOR, "EVENTS")
PLACE = BBox((500_000, 5_100_000, 500_500, 5_100_500), CRS.UTM_33N)
EXTENSIONS = ["gpkg", "geojson", "shp", "fgb", "parquet"]


@pytest.fixture(scope="module")
def shared(repository):
    path = repository.parent / "shared/data"
    if not path.is_dir():
        pytest.skip("needs the real data in ../shared/data")
    return path


@pytest.fixture
def fields():
    """Return squares of 80 m on a grid of 100 m around the place and beyond, in UTM."""
    squares = [
        box(x, y, x + 80, y + 80) for x in range(499_760, 500_800, 100) for y in range(5_099_760, 5_100_800, 100)
    ]
    return gpd.GeoDataFrame({"ID": range(len(squares))}, geometry=squares, crs=32633)


def write(table, path, **options):
    if path.suffix == ".parquet":
        table.to_parquet(path, **options)
    else:
        table.to_file(path, **options)
    return path


def of_place(table, bbox=PLACE):
    return table[table.intersects(bbox.geometry)]


def same_rows(first, second, **options):
    first, second = (table.sort_values("ID").reset_index(drop=True) for table in (first, second))
    assert_geodataframe_equal(first, second, check_like=True, check_dtype=False, **options)


class TestFormats:
    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_rows_that_meet_the_box_are_read(self, fields, tmp_path, extension):
        path = write(fields.to_crs(4326), tmp_path / f"fields.{extension}")
        table = VectorImportTask(FIELDS, path).execute(bbox=PLACE)[FIELDS]
        wanted = of_place(fields)
        assert 0 < len(wanted) < len(fields)
        assert set(wanted["ID"]) <= set(table["ID"])
        assert len(table) < len(fields) / 2
        assert table.crs.to_epsg() == 32633
        there = table.set_index("ID").geometry
        written = fields.set_index("ID").geometry.loc[there.index]
        assert written.symmetric_difference(there.set_crs(32633, allow_override=True)).area.max() < 1e-3  # of 6400 m²

    @pytest.mark.parametrize("extension", EXTENSIONS)
    @pytest.mark.parametrize("protocol", ["memory", "folder"])
    def test_files_of_other_filesystems(self, fields, tmp_path, extension, protocol):
        write(fields.to_crs(4326), tmp_path / f"fields.{extension}")
        filesystem = get_filesystem(tmp_path)
        if protocol == "memory":
            filesystem = MemoryFileSystem()
            filesystem.put(f"{tmp_path}/", "/", recursive=True)
        there = VectorImportTask(FIELDS, f"fields.{extension}", filesystem=filesystem).execute(bbox=PLACE)[FIELDS]
        here = VectorImportTask(FIELDS, tmp_path / f"fields.{extension}").execute(bbox=PLACE)[FIELDS]
        assert_geodataframe_equal(there, here)

    @pytest.mark.parametrize("covering", [False, True])
    def test_geoparquet_with_and_without_boxes_of_rows(self, fields, tmp_path, covering):
        path = write(fields, tmp_path / "fields.parquet", write_covering_bbox=covering)
        table = VectorImportTask(FIELDS, path, columns=["ID", "geometry"]).execute(bbox=PLACE)[FIELDS]
        same_rows(table[["ID", "geometry"]], of_place(fields))

    def test_options_go_to_the_reader(self, fields, tmp_path):
        write(fields, tmp_path / "two.gpkg", layer="all")
        write(fields[:3], tmp_path / "two.gpkg", layer="some")
        task = VectorImportTask(FIELDS, tmp_path / "two.gpkg", reproject=False, layer="all", where="ID < 7")
        assert len(task()[FIELDS]) == 7
        assert task.fiona_kwargs == {"layer": "all", "where": "ID < 7"}


class TestPlaces:
    def test_given_patch_gets_the_table_and_keeps_the_rest(self, fields, tmp_path):
        patch = EOPatch(bbox=PLACE, meta_info={"x": 1})
        path = write(fields, tmp_path / "fields.gpkg")
        result = VectorImportTask(FIELDS, path)(patch)
        assert result is patch
        assert result.bbox == PLACE
        assert result.meta_info["x"] == 1
        same_rows(result[FIELDS], of_place(fields), check_crs=False)

    def test_box_that_is_asked_for_goes_before_that_of_the_patch(self, fields, tmp_path):
        other = BBox((500_000, 5_100_000, 500_090, 5_100_090), CRS.UTM_33N)
        patch = VectorImportTask(FIELDS, write(fields, tmp_path / "fields.gpkg"))(EOPatch(bbox=PLACE), bbox=other)
        assert patch.bbox == PLACE
        same_rows(patch[FIELDS], of_place(fields, other), check_crs=False)

    def test_without_a_box_all_rows_are_read_and_the_place_is_theirs(self, fields, tmp_path):
        patch = VectorImportTask(FIELDS, write(fields, tmp_path / "fields.gpkg"), reproject=False)()
        same_rows(patch[FIELDS], fields)
        assert patch.bbox == BBox(tuple(map(float, fields.total_bounds)), CRS.UTM_33N)

    @pytest.mark.filterwarnings("ignore:An EOPatch without a bounding box")
    def test_patch_without_a_place_gets_one(self, fields, tmp_path):
        path = write(fields, tmp_path / "fields.gpkg")
        assert VectorImportTask(FIELDS, path)(EOPatch(), bbox=PLACE).bbox == PLACE
        assert VectorImportTask(FIELDS, path, reproject=False)(EOPatch()).bbox.crs == CRS.UTM_33N

    def test_without_reprojecting_the_table_keeps_its_coordinates(self, fields, tmp_path):
        path = write(fields.to_crs(3857), tmp_path / "fields.gpkg")
        assert VectorImportTask(FIELDS, path, reproject=False)(bbox=PLACE)[FIELDS].crs.to_epsg() == 3857

    def test_clip_cuts_at_the_box_and_keeps_the_kind_of_geometry(self, fields, tmp_path):
        touching = gpd.GeoDataFrame({"ID": [900]}, geometry=[box(500_500, 5_100_500, 500_600, 5_100_600)], crs=32633)
        path = write(pd.concat([fields, touching]), tmp_path / "fields.gpkg")
        table = VectorImportTask(FIELDS, path, clip=True)(bbox=PLACE)[FIELDS]
        expected = fields.assign(geometry=fields.intersection(PLACE.geometry))
        expected = expected[expected.area > 0]
        same_rows(table, expected, check_crs=False, normalize=True)

    def test_sides_of_the_box_are_curved_in_other_coordinates(self, tmp_path):
        # the northern side of this box bends south by about 0.06 degrees at its middle, below the corners' latitude
        wide = BBox((300_000, 6_500_000, 700_000, 6_600_000), CRS.UTM_33N)
        middle = gpd.GeoSeries([Point(500_000, 6_599_000)], crs=32633).to_crs(4326)
        path = write(gpd.GeoDataFrame({"ID": [1]}, geometry=middle), tmp_path / "point.gpkg")
        assert len(VectorImportTask(FIELDS, path)(bbox=wide)[FIELDS]) == 1

    def test_place_without_rows_gives_an_empty_table(self, fields, tmp_path):
        far = BBox((0, 0, 1, 1), CRS.WGS84)
        for extension in EXTENSIONS:
            path = write(fields.to_crs(4326), tmp_path / f"fields.{extension}")
            for clip in (False, True):
                table = VectorImportTask(FIELDS, path, clip=clip)(bbox=far)[FIELDS]
                assert (len(table), table.crs.to_epsg(), "ID" in table) == (0, 4326, True)


class TestTimes:
    def events(self, times):
        points = [Point(500_000 + 100 * index, 5_100_100) for index in range(len(times))]
        return gpd.GeoDataFrame({"ID": range(len(times)), "TIMESTAMP": times}, geometry=points, crs=32633)

    @pytest.mark.parametrize(
        ("times", "expected"),
        [
            (["2026-05-01", "2026-05-02"], ["2026-05-01", "2026-05-02"]),
            (["2026-05-01T10:00:00+02:00", "2026-05-01T10:00:00Z"], ["2026-05-01 08:00", "2026-05-01 10:00"]),
            (["2026-05-01T10:00:00.25", "2026-05-02"], ["2026-05-01 10:00:00.25", "2026-05-02"]),
            (pd.to_datetime(["2026-05-01 10:00", "2026-05-01 11:00"]), ["2026-05-01 10:00", "2026-05-01 11:00"]),
            (
                pd.to_datetime(["2026-05-01 10:00", "2026-05-01 11:00"]).tz_localize("Europe/Ljubljana"),
                ["2026-05-01 08:00", "2026-05-01 09:00"],
            ),
            (["2026-05-01", None], ["2026-05-01", None]),
        ],
    )
    @pytest.mark.filterwarnings("ignore:Non-conformant content")  # GDAL's word on other zones than UTC
    @pytest.mark.parametrize("extension", ["gpkg", "geojson", "parquet"])
    def test_times_are_those_of_utc_without_a_zone(self, tmp_path, times, expected, extension):
        path = write(self.events(times), tmp_path / f"events.{extension}")
        table = VectorImportTask(EVENTS, path)(bbox=PLACE)[EVENTS].sort_values("ID")
        assert table["TIMESTAMP"].dt.tz is None
        assert list(table["TIMESTAMP"].fillna(pd.Timestamp(0))) == [pd.Timestamp(time or 0) for time in expected]

    def test_rows_can_be_selected_by_the_dates_of_the_patch(self, tmp_path):
        path = write(self.events(["2026-05-01T12:00:00+02:00", "2026-05-02T12:00:00+02:00"]), tmp_path / "e.geojson")
        patch = EOPatch(bbox=PLACE, timestamps=["2026-05-01T10:00", "2026-05-02T10:00"])
        patch = VectorImportTask(EVENTS, path)(patch).temporal_subset([1])
        assert list(patch[EVENTS]["ID"]) == [1]

    @pytest.mark.parametrize(
        ("times", "message"), [([1, 2], "holds numbers"), (["soon", "later"], "can't be read as times")]
    )
    def test_what_is_no_time(self, tmp_path, times, message):
        path = write(self.events(times), tmp_path / "events.gpkg")
        with pytest.raises(ValueError, match=f"TIMESTAMP.*{path}.*{message}"):
            VectorImportTask(EVENTS, path)(bbox=PLACE)

    def test_without_the_column(self, fields, tmp_path):
        path = write(fields, tmp_path / "fields.gpkg")
        with pytest.raises(ValueError, match="needs a column 'TIMESTAMP'"):
            VectorImportTask(EVENTS, path)(bbox=PLACE)


class TestTask:
    def test_attributes(self, fields, tmp_path):
        path = write(fields, tmp_path / "fields.gpkg")
        task = VectorImportTask(FIELDS, path)
        assert isinstance(task, EOTask)
        assert (task.path, task.full_path) == (str(path).lstrip("/"), str(path))
        assert (task.feature, task.reproject, task.clip, task.fiona_kwargs) == (FIELDS, True, False, {})
        assert task.dataset_crs == CRS.UTM_33N

    def test_task_can_be_pickled(self, fields, tmp_path):
        task = VectorImportTask(FIELDS, write(fields, tmp_path / "fields.gpkg"), clip=True)
        copied = pickle.loads(pickle.dumps(task))
        assert_geodataframe_equal(copied(bbox=PLACE)[FIELDS], task(bbox=PLACE)[FIELDS])
        assert_geodataframe_equal(pickle.loads(pickle.dumps(task))(bbox=PLACE)[FIELDS], task(bbox=PLACE)[FIELDS])

    def test_session_of_a_file_on_s3(self, fields, tmp_path):
        config = SHConfig()
        config.aws_access_key_id, config.aws_secret_access_key = "my-key", "my-secret"
        session = VectorImportTask(FIELDS, "s3://bucket/fields.gpkg", config=config).aws_session
        assert session.credentials["aws_access_key_id"] == "my-key"
        assert session.credentials["aws_secret_access_key"] == "my-secret"
        with pytest.raises(ValueError, match="not on S3"):
            _ = VectorImportTask(FIELDS, tmp_path / "fields.gpkg").aws_session


class TestBadInput:
    def test_missing_file(self, tmp_path):
        for extension in EXTENSIONS:
            path = tmp_path / f"missing.{extension}"
            with pytest.raises(PathNotFound, match=str(path)):
                VectorImportTask(FIELDS, path)(bbox=PLACE)

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_damaged_file_is_named(self, fields, tmp_path, extension):
        path = tmp_path / f"fields.{extension}"
        path.write_bytes(b"what is this?")
        with pytest.raises(BrokenFile, match=str(path)):
            VectorImportTask(FIELDS, path)(bbox=PLACE)

    def test_layer_that_is_not_there(self, fields, tmp_path):
        path = write(fields, tmp_path / "fields.gpkg", layer="2026")
        with pytest.raises(ValueError, match=f"{path} has no layer '2025', but 2026"):
            VectorImportTask(FIELDS, path, layer="2025")(bbox=PLACE)

    @pytest.mark.parametrize(
        ("settings", "bbox", "message"),
        [
            ({}, None, "reproject=True needs a bounding box"),
            ({"reproject": False, "clip": True}, None, "clip=True needs a bounding box"),
            ({"reproject": False, "clip": True}, BBox((0, 0, 1, 1), CRS.WGS84), "set reproject=True"),
        ],
    )
    def test_settings_that_lack_something(self, fields, tmp_path, settings, bbox, message):
        path = write(fields, tmp_path / "fields.gpkg")
        with pytest.raises(ValueError, match=message):
            VectorImportTask(FIELDS, path, **settings)(bbox=bbox)

    def test_reserved_options(self, tmp_path):
        with pytest.raises(ValueError, match="bbox: give execute"):
            VectorImportTask(FIELDS, tmp_path / "x.gpkg", bbox=(0, 0, 1, 1))

    @pytest.mark.parametrize("feature", [(FeatureType.DATA, "X"), (FeatureType.META_INFO, "X")])
    def test_features_that_are_no_tables(self, tmp_path, feature):
        with pytest.raises(ValueError, match="(?i)feature"):
            VectorImportTask(feature, tmp_path / "x.gpkg")

    @pytest.mark.parametrize("extension", ["gpkg", "parquet"])
    def test_tables_without_geometries(self, tmp_path, extension):
        path = tmp_path / f"table.{extension}"
        if extension == "parquet":
            pd.DataFrame({"ID": [1]}).to_parquet(path)
        else:
            import pyogrio

            pyogrio.write_dataframe(pd.DataFrame({"ID": [1]}), path)
        with pytest.raises(ValueError, match=f"{path} .*"):
            VectorImportTask(FIELDS, path)(bbox=PLACE)

    @pytest.mark.filterwarnings("ignore:'crs' was not provided")
    def test_coordinate_system_that_is_not_said_or_not_known(self, fields, tmp_path):
        path = write(fields.set_crs(None, allow_override=True), tmp_path / "unknown.gpkg")
        with pytest.raises(ValueError, match="unknown.gpkg does not say its coordinate system"):
            VectorImportTask(FIELDS, path)(bbox=PLACE)
        path = write(fields.to_crs("+proj=laea +lat_0=46 +lon_0=14.7"), tmp_path / "own.gpkg")
        with pytest.raises(ValueError, match="has no EPSG code"):
            _ = VectorImportTask(FIELDS, path).dataset_crs
        assert len(VectorImportTask(FIELDS, path)(bbox=PLACE)[FIELDS]) == len(of_place(fields))

    def test_file_without_rows_gives_no_place(self, fields, tmp_path):
        path = write(fields[:0], tmp_path / "fields.gpkg")
        with pytest.raises(ValueError, match="no geometries, so that the patch has no place"):
            VectorImportTask(FIELDS, path, reproject=False)()

    def test_geometries_that_cross_themselves(self, tmp_path):
        bow = Polygon([(500_000, 5_100_000), (500_600, 5_100_600), (500_600, 5_100_000), (500_000, 5_100_600)])
        path = write(gpd.GeoDataFrame({"ID": [1]}, geometry=[bow], crs=32633), tmp_path / "bow.gpkg")
        with pytest.raises(ValueError, match="bow.gpkg can't be clipped.*make_valid"):
            VectorImportTask(FIELDS, path, clip=True)(bbox=PLACE)


class TestRealFiles:
    """The numbers of rows and the bounds come from running 1.5.6 on the same files."""

    def test_land_parcels(self, shared):
        path = shared / "eolearn/example_data/import-gpkg-test.gpkg"
        patch = VectorImportTask(FIELDS, path, reproject=False)()
        assert len(patch[FIELDS]) == 193
        assert patch.bbox.crs == CRS(2154)
        np.testing.assert_allclose(tuple(patch.bbox), (857004.1323, 6521512.8503, 860958.89, 6525466.752), atol=1e-4)

    def test_rows_with_times(self, shared):
        path = shared / "eogrow/tests/test_project/input-data/test_dummy_temporal_vector.geojson"
        table = VectorImportTask(EVENTS, path, reproject=False)()[EVENTS]
        assert len(table) == 4
        assert set(table["TIMESTAMP"]) == {pd.Timestamp(row) for row in _dates(path)}


def _dates(path):
    rows = json.loads(path.read_text())["features"]
    return ["{:04}-{:02}-{:02}".format(*map(int, row["properties"]["TIMESTAMP"].split("-"))) for row in rows]
