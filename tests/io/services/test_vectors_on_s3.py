"""Tables of geometries on S3, as moto's server speaks it."""

from __future__ import annotations

import logging
import pickle

import geopandas as gpd
import pytest
from geopandas.testing import assert_geodataframe_equal
from sentinelhub import CRS, BBox, SHConfig
from shapely import box

from eolearn.core import FeatureType
from eolearn.core.exceptions import PathNotFound, StorageError
from eolearn.io.geometry_io import VectorImportTask

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")
pytest.importorskip("s3fs")

FIELDS = (FeatureType.VECTOR_TIMELESS, "FIELDS")
PLACE = BBox((500_000, 5_100_000, 500_500, 5_100_500), CRS.UTM_33N)
SECRET = "c0rrecth0rsebatterystap1e"


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    """Serve a bucket with the same table in three formats."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "s3", endpoint_url=url, aws_access_key_id="id", aws_secret_access_key="x", region_name="us-east-1"
    )
    client.create_bucket(Bucket="bucket")
    folder = tmp_path_factory.mktemp("tables")
    squares = [box(x, 5_100_010, x + 80, 5_100_090) for x in range(499_760, 500_800, 100)]
    fields = gpd.GeoDataFrame({"ID": range(len(squares))}, geometry=squares, crs=32633)
    fields.to_parquet(folder / "fields.parquet")
    for name in ("fields.gpkg", "fields.shp"):
        fields.to_file(folder / name)
    for path in folder.iterdir():
        client.upload_file(str(path), "bucket", f"maps/{path.name}")
    yield url, folder
    server.stop()


@pytest.fixture
def config(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint[0])
    for name in ("EOLEARN_IO_SECRETS", "EOLEARN_SENTINELHUB_CREDENTIALS"):
        monkeypatch.setenv(name, "[]")
    config = SHConfig(use_defaults=True)
    config.aws_access_key_id, config.aws_secret_access_key = "id", SECRET
    return config


@pytest.mark.parametrize("name", ["fields.gpkg", "fields.shp", "fields.parquet"])
def test_table_is_as_on_a_disk(endpoint, config, name):
    if name.endswith("parquet"):
        pytest.importorskip("pyarrow")
    there = VectorImportTask(FIELDS, f"s3://bucket/maps/{name}", config=config)(bbox=PLACE)[FIELDS]
    here = VectorImportTask(FIELDS, endpoint[1] / name)(bbox=PLACE)[FIELDS]
    assert len(here) > 0
    assert_geodataframe_equal(there, here)


def test_credentials_are_not_pickled_and_workers_here_have_them(config):
    task = VectorImportTask(FIELDS, "s3://bucket/maps/fields.gpkg", config=config)
    pickled = pickle.dumps(task)
    assert SECRET.encode() not in pickled
    copied = pickle.loads(pickled)
    assert copied.config.aws_secret_access_key == SECRET
    assert copied.aws_session.credentials["aws_secret_access_key"] == SECRET
    assert_geodataframe_equal(copied(bbox=PLACE)[FIELDS], task(bbox=PLACE)[FIELDS])


def test_what_is_not_there_is_named_without_secrets(config, monkeypatch):
    with pytest.raises(PathNotFound, match="s3://bucket/maps/none.gpkg"):
        VectorImportTask(FIELDS, "s3://bucket/maps/none.gpkg", config=config)(bbox=PLACE)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    config.aws_access_key_id = "other"  # s3fs keeps the connections of each key
    with pytest.raises(StorageError, match="can't be reached") as error:
        VectorImportTask(FIELDS, "s3://bucket/maps/fields.gpkg", config=config)(bbox=PLACE)
    assert SECRET not in str(error.value)
