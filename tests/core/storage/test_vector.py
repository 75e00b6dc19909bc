"""What tables of geometries on disk promise."""

import datetime as dt
import gzip
from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from sentinelhub import CRS
from shapely.geometry import LineString, MultiPolygon, Point, box

from eolearn.core.exceptions import BrokenFile, DataError
from eolearn.core.storage.vector import FeatureIOGeoDf
from eolearn.core.utils.fs import get_filesystem

TIMES = [dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 7, 10, 30, 5, 250_000)]
POINTS = (Point(0, 0), Point(1, 2))
ZONE = dt.timezone(dt.timedelta(hours=2))


@pytest.fixture
def filesystem(tmp_path):
    return get_filesystem(f"memory:/{tmp_path}", create=True)


def table(geometries=POINTS, crs=32633, **columns):
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def stored(frame, filesystem, compress_level=1):
    return FeatureIOGeoDf(FeatureIOGeoDf.save(frame, filesystem, "vector/NAME", compress_level), filesystem).load()


@pytest.mark.parametrize("compress_level", [0, 1])
@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"a": [1, 2], "b": [0.5, np.nan], "c": [True, False], "d": ["x", "ü"]},
        {"TIMESTAMP": TIMES, "a": [1, 2]},
        {"TIMESTAMP": [TIMES[0], pd.NaT]},
        {"größe in m": [1, 2], "fid": [7, 7], "geom": ["a", "b"]},
    ],
)
def test_tables_come_back(filesystem, columns, compress_level):
    frame = table(**columns)
    assert_geodataframe_equal(stored(frame, filesystem, compress_level), frame, check_dtype=False)


@pytest.mark.parametrize(
    "geometries",
    [
        (box(0, 0, 1, 1), MultiPolygon([box(0, 0, 1, 1)])),
        (Point(0, 0), LineString([(0, 0), (1, 1)])),
        (Point(0, 0, 5), Point(1, 1, 6)),
        (Point(0, 0), None),
        (Point(), Point(0, 0)),
    ],
)
def test_geometries_of_every_kind_come_back(filesystem, geometries):
    frame = table(geometries, a=[1, 2])
    assert_geodataframe_equal(stored(frame, filesystem), frame)


@pytest.mark.parametrize("columns", [{}, {"TIMESTAMP": [], "a": [], "b": []}])
def test_empty_tables_come_back_with_their_columns(filesystem, columns):
    frame = table([], **columns)
    loaded = stored(frame, filesystem)
    assert list(loaded.columns) == list(frame.columns)
    assert loaded.crs == frame.crs
    assert len(loaded) == 0


def test_the_index_is_not_saved(filesystem):
    frame = table(a=[1, 2]).set_index(pd.Index(["x", "y"]))
    assert list(stored(frame, filesystem).index) == [0, 1]


def test_the_saved_table_is_not_changed(filesystem):
    frame = table(TIMESTAMP=[str(time) for time in TIMES], a=np.array([1, None], dtype=object))
    before = frame.copy(deep=True)
    stored(frame, filesystem)
    assert_geodataframe_equal(frame, before)


@pytest.mark.parametrize(
    "values",
    [
        TIMES,
        np.array(TIMES, dtype=object),
        [str(time) for time in TIMES],
        [time.isoformat() for time in TIMES],
        pd.to_datetime(TIMES).astype("datetime64[ns]"),
    ],
)
def test_the_timestamps_of_rows_are_naive_times(filesystem, values):
    loaded = stored(table(TIMESTAMP=values), filesystem)
    assert list(loaded.TIMESTAMP) == TIMES
    assert loaded.TIMESTAMP.dt.tz is None


def test_dates_become_the_timestamps_of_rows(filesystem):
    loaded = stored(table(TIMESTAMP=[dt.date(2020, 1, 2)] * 2), filesystem)
    assert list(loaded.TIMESTAMP) == [TIMES[0]] * 2


@pytest.mark.parametrize("zones", [(dt.UTC, dt.UTC), (ZONE, ZONE), (ZONE, dt.UTC)], ids=["utc", "+2", "mixed"])
@pytest.mark.parametrize("name", ["TIMESTAMP", "other"])
def test_times_with_a_zone_come_back_in_utc(filesystem, zones, name):
    values = [time.replace(tzinfo=zone) for time, zone in zip(TIMES, zones, strict=True)]
    loaded = stored(table(**{name: values}), filesystem)[name]
    assert list(loaded) == values
    assert str(loaded.dt.tz) == "UTC"


def test_objects_that_are_numbers_come_back_as_numbers(filesystem):
    columns = {"a": [1, None], "b": [True, None], "c": [0.5, 1], "d": [None, None]}
    frame = table(**{name: np.array(values, dtype=object) for name, values in columns.items()})
    loaded = stored(frame, filesystem)
    for name in "abc":
        np.testing.assert_array_equal(loaded[name], [np.nan if value is None else value for value in columns[name]])
    assert loaded.d.isna().all()


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (table(bad=[[1], [2]]), "'bad' holds mixed objects"),
        (table(bad=[{}, {}]), "'bad' holds mixed objects"),
        (table(bad=[b"x", b"y"]), "'bad' holds bytes objects"),
        (table(bad=[1, "x"]), "'bad' holds mixed-integer objects"),
        (table(bad=pd.to_timedelta([1, 2])), "timedelta"),
        (table(bad=np.array([1, 2**63], dtype=np.uint64)), "too large"),
        (table(TIMESTAMP=["2020-01-01", "nonsense"]), "nonsense"),
        (table().assign(y=1).rename(columns={"y": 5}), "5 is not a string"),
        (table(a=[1, 2], A=[3, 4]), "'A'"),
        (pd.concat([table(a=[1, 2]), pd.DataFrame({"a": [1, 2]})], axis=1), "duplicated column"),
        (table(a=[1, 2]).assign(other=gpd.GeoSeries([Point(0, 0)] * 2)), "multiple geometry columns"),
        (gpd.GeoDataFrame({"a": [1]}), "geometry column"),
    ],
)
def test_what_a_geopackage_cannot_hold_is_refused(filesystem, frame, reason):
    with pytest.raises(DataError, match=rf"(?s)table for vector/NAME\.gpkg\.gz can't be written.*{reason}"):
        FeatureIOGeoDf.save(frame, filesystem, "vector/NAME", 1)
    assert not filesystem.exists("vector/NAME.gpkg.gz")


@pytest.mark.parametrize("code", [4326, 32633, 3857, 3035])
def test_the_crs_is_the_one_that_sentinelhub_uses(filesystem, code):
    assert stored(table(crs=code), filesystem).crs == CRS(str(code)).pyproj_crs()


def test_a_crs_without_a_code_comes_back(filesystem):
    frame = table(crs="+proj=laea +lat_0=10 +lon_0=3 +datum=WGS84")
    assert stored(frame, filesystem).crs == frame.crs


@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
def test_no_crs_comes_back_as_none(filesystem):
    assert stored(table(crs=None), filesystem).crs is None


@pytest.mark.filterwarnings("ignore::RuntimeWarning:pyogrio")
@pytest.mark.parametrize("content", [b"", b"nothing", b"SQLite format 3\0" + bytes(200)])
@pytest.mark.parametrize("extension", [".gpkg", ".gpkg.gz"])
def test_what_is_no_geopackage_is_broken(filesystem, content, extension):
    filesystem.pipe_file(f"NAME{extension}", gzip.compress(content) if extension.endswith("gz") else content)
    with pytest.raises(BrokenFile, match=rf"NAME\{extension} is broken"):
        FeatureIOGeoDf(f"NAME{extension}", filesystem).load()


@pytest.mark.filterwarnings("ignore::RuntimeWarning:pyogrio")
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_a_cut_geopackage_is_broken(filesystem, part):
    path = FeatureIOGeoDf.save(table([Point(i, i) for i in range(2000)], a=range(2000)), filesystem, "NAME")
    content = filesystem.cat_file(path)
    filesystem.pipe_file(path, content[: int(len(content) * part)])
    with pytest.raises(BrokenFile, match=r"NAME\.gpkg is broken"):
        FeatureIOGeoDf(path, filesystem).load()


def test_a_table_without_geometries_is_broken(filesystem, tmp_path):
    import pyogrio

    pyogrio.write_dataframe(pd.DataFrame({"a": [1]}), tmp_path / "plain.gpkg")
    filesystem.pipe_file("NAME.gpkg", (tmp_path / "plain.gpkg").read_bytes())
    with pytest.raises(BrokenFile, match="no geometries"):
        FeatureIOGeoDf("NAME.gpkg", filesystem).load()


def test_threads_save_and_load_at_the_same_time(filesystem):
    frame = table(TIMESTAMP=TIMES, a=[1, 2])

    def there_and_back(index):
        path = FeatureIOGeoDf.save(frame, filesystem, f"NAME{index}", 1)
        return FeatureIOGeoDf(path, filesystem).load()

    with ThreadPoolExecutor(8) as pool:
        for loaded in pool.map(there_and_back, range(40)):
            assert_geodataframe_equal(loaded, frame, check_dtype=False)
