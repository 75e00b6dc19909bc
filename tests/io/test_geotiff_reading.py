"""Windows of files, compared with rasterio's own reading, on disks, in memory and on S3."""

import logging
import traceback
from datetime import datetime

import numpy as np
import pytest
import rasterio
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis import strategies as st
from rasterio import Affine
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import from_bounds
from sentinelhub import CRS, BBox, SHConfig

from eolearn.core.utils.fs import get_filesystem, load_s3_filesystem
from eolearn.io._geotiff import GeoImage, TiffLayout, encode_geotiff
from eolearn.io._geotiff_reading import ReadOptions, read_part

TRANSFORM = Affine(30, 0, 464565, 0, -20, 5080845)
CHANNELS = np.random.default_rng(0).integers(1, 9999, (2, 40, 50)).astype(np.uint16)
LOCAL = LocalFileSystem()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return an image of 1500 m by 800 m."""
    path = tmp_path_factory.mktemp("images") / "image.tif"
    path.write_bytes(encode_geotiff(GeoImage(channels=CHANNELS, transform=TRANSFORM, crs="EPSG:32633")))
    return str(path)


def write(path, channels=CHANNELS, **profile):
    count, height, width = channels.shape
    profile = {"driver": "GTiff", "crs": "EPSG:32633", "transform": TRANSFORM, "dtype": channels.dtype, **profile}
    with rasterio.open(path, "w", count=count, height=height, width=width, **profile) as target:
        target.write(channels)
    return str(path)


def expected_window(path, bounds, fill_value):
    """The contract: rasterio's boundless read of the window, not rounded."""
    with rasterio.open(path) as source:
        window = from_bounds(*bounds, transform=source.transform)
        return source.read(window=window, boundless=True, fill_value=fill_value)


class TestWindows:
    @given(
        west=st.floats(464000, 466500),
        south=st.floats(5079500, 5081300),
        width=st.floats(40, 1500),
        height=st.floats(30, 900),
        fill_value=st.sampled_from([None, 0, 7]),
    )
    def test_a_window_is_read_bit_for_bit_as_rasterio_does(self, path, west, south, width, height, fill_value):
        bbox = BBox((west, south, west + width, south + height), CRS.UTM_33N)
        part = read_part(LOCAL, path, bbox, ReadOptions(fill_value=fill_value))
        np.testing.assert_array_equal(part.channels, expected_window(path, bbox, fill_value))

    def test_the_real_image_of_the_contract(self, repository):
        path = repository.parent / "shared/data/eolearn/example_data/import-tiff-test1.tiff"
        if not path.is_file():
            pytest.skip("needs ../shared/data/eolearn")
        bbox = BBox((465181.0522318204, 5079244.8912012065, 466180.53145382757, 5080254.63349641), CRS.UTM_33N)
        part = read_part(LOCAL, str(path), bbox)
        assert part.channels.shape == (1, 34, 33)  # the contract says so
        np.testing.assert_array_equal(part.channels, expected_window(path, bbox, None))

    def test_the_exact_place_is_the_whole_image(self, path):
        bbox = BBox((464565, 5080045, 466065, 5080845), CRS.UTM_33N)
        np.testing.assert_array_equal(read_part(LOCAL, path, bbox).channels, CHANNELS)
        part = read_part(LOCAL, path)
        np.testing.assert_array_equal(part.channels, CHANNELS)
        assert part.bbox == bbox

    def test_outside_is_what_was_asked_for_or_the_file_says(self, tmp_path, path):
        away = BBox((400000, 5080000, 400300, 5080200), CRS.UTM_33N)
        assert (read_part(LOCAL, path, away, ReadOptions(fill_value=7)).channels == np.full((2, 10, 10), 7)).all()
        assert (read_part(LOCAL, path, away).channels == 0).all()
        tagged = write(tmp_path / "tagged.tif", nodata=65535)
        assert (read_part(LOCAL, tagged, away).channels == 65535).all()

    def test_a_place_in_another_system_is_that_of_sentinelhub(self, path):
        bbox = BBox((14.55, 45.868, 14.56, 45.872), CRS.WGS84)
        part = read_part(LOCAL, path, bbox)
        np.testing.assert_array_equal(part.channels, expected_window(path, bbox.transform(CRS.UTM_33N), None))

    def test_a_file_of_a_system_without_a_code_can_be_read_by_place(self, tmp_path):
        crs = "+proj=utm +zone=33 +ellps=bessel +units=m"
        path = write(tmp_path / "odd.tif", crs=crs)
        bbox = BBox((464865, 5080245, 465765, 5080645), CRS.UTM_33N)
        assert read_part(LOCAL, path, bbox).channels.size > 1000
        with pytest.raises(ValueError, match=r"odd\.tif has a coordinate system without an EPSG code"):
            read_part(LOCAL, path)

    def test_times_are_read_of_tags(self, tmp_path):
        times = [datetime(2020, 1, 2, 10, 3, 4), datetime(2021, 1, 1)]
        image = GeoImage(channels=CHANNELS, transform=TRANSFORM, crs="EPSG:32633", times=times)
        (tmp_path / "map.tif").write_bytes(encode_geotiff(image))
        assert read_part(LOCAL, str(tmp_path / "map.tif")).times == times
        assert read_part(LOCAL, write(tmp_path / "plain.tif")).times == []


@pytest.fixture(scope="module")
def coarse_path(tmp_path_factory):
    """Return an image of ones whose overviews hold 9: so it can be told what was read."""
    path = tmp_path_factory.mktemp("overviews") / "image.tif"
    ones = np.ones((1, 512, 512), dtype=np.uint8)
    write(path, 9 * ones, tiled=True, blockxsize=128, blockysize=128)
    with rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4], Resampling.nearest)
    with rasterio.open(path, "r+") as target:
        target.write(ones)
    return str(path)


class TestOverviews:
    @pytest.mark.parametrize(("factor", "value"), [(1, 1), (2, 9), (4, 9)])
    def test_a_coarser_resolution_is_read_of_an_overview(self, coarse_path, factor, value):
        part = read_part(LOCAL, coarse_path, options=ReadOptions(resolution=(30 * factor, 20 * factor)))
        assert part.channels.shape == (1, 512 // factor, 512 // factor)
        assert (part.channels == value).all()

    def test_of_a_window_too_with_what_lies_outside(self, coarse_path):
        west, north = 464565 - 1200, 5080845 + 800
        bbox = BBox((west, north - 4000, west + 6000, north), CRS.UTM_33N)
        options = ReadOptions(resolution=(120, 80), fill_value=5, resampling=Resampling.average)
        channels = read_part(LOCAL, coarse_path, bbox, options).channels
        assert channels.shape == (1, 50, 50)
        expected = np.full((1, 50, 50), 5)
        expected[:, 10:, 10:] = 9
        np.testing.assert_array_equal(channels, expected)

    def test_pixels_can_be_averaged(self, path):
        part = read_part(LOCAL, path, options=ReadOptions(resolution=(60, 40), resampling=Resampling.average))
        expected = CHANNELS.reshape(2, 20, 2, 25, 2).mean(axis=(2, 4))
        np.testing.assert_allclose(part.channels, expected, atol=0.51)  # rounded to integers


class TestRefusals:
    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no file .*missing\.tif"):
            read_part(LOCAL, str(tmp_path / "missing.tif"))
        with pytest.raises(FileNotFoundError, match=r"no file memory://.*missing\.tif"):
            read_part(MemoryFileSystem(), f"/{tmp_path.name}/missing.tif")

    @pytest.mark.parametrize("content", [b"", b"no image at all", b"II*\0"])
    @pytest.mark.parametrize("kind", ["local", "memory"])
    def test_a_file_that_is_no_image(self, tmp_path, content, kind):
        filesystem = LOCAL if kind == "local" else MemoryFileSystem()
        filesystem.pipe_file(f"{tmp_path}/broken.tif", content)
        with pytest.raises(OSError, match=r"broken\.tif can't be read as GTiff") as caught:
            read_part(filesystem, f"{tmp_path}/broken.tif")
        assert isinstance(caught.value, ValueError)

    def test_a_file_that_is_cut_short(self, tmp_path, path):
        with open(path, "rb") as file:
            content = file.read()
        (tmp_path / "cut.tif").write_bytes(content[: len(content) // 2])
        with pytest.raises(OSError, match=r"cut\.tif can't be read"):
            read_part(LOCAL, str(tmp_path / "cut.tif"))

    def test_a_file_in_another_format_does_not_lead_to_other_files(self, tmp_path, path):
        vrt = f"""<VRTDataset rasterXSize="50" rasterYSize="40"><VRTRasterBand dataType="UInt16" band="1"><SimpleSource>
        <SourceFilename>{path}</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"""
        (tmp_path / "map.tif").write_text(vrt)
        with pytest.warns(NotGeoreferencedWarning), rasterio.open(tmp_path / "map.tif") as source:
            assert (source.read() == CHANNELS[:1]).all()  # rasterio alone would follow it
        with pytest.raises(OSError, match=r"map\.tif can't be read as GTiff"):
            read_part(LOCAL, str(tmp_path / "map.tif"))

    @pytest.mark.parametrize("name", ["/vsicurl/http://127.0.0.1:9/map.tif", "/vsizip/map.zip/map.tif"])
    def test_a_path_that_means_something_to_gdal_is_a_path_on_disk(self, name):
        with pytest.raises(FileNotFoundError, match="no file"):
            read_part(LOCAL, name)

    @pytest.mark.parametrize(
        "transform",
        [
            TRANSFORM @ Affine.rotation(5),
            Affine(30, 0, 464565, 0, 20, 5080045),
            Affine(-30, 0, 466065, 0, -20, 5080845),
        ],
    )
    def test_an_image_that_is_rotated_or_upside_down(self, tmp_path, transform):
        path = write(tmp_path / "turned.tif", transform=transform)
        for bbox in (None, BBox((464865, 5080245, 465765, 5080645), CRS.UTM_33N)):
            with pytest.raises(ValueError, match=r"turned\.tif is rotated or upside down"):
                read_part(LOCAL, path, bbox)

    def test_a_fill_value_that_the_file_can_not_hold_where_it_is_needed(self, path):
        inside, across = (BBox((west, 5080245, west + 300, 5080445), CRS.UTM_33N) for west in (464865, 464465))
        options = ReadOptions(fill_value=np.nan)
        assert read_part(LOCAL, path, inside, options).channels.shape == (2, 10, 10)
        with pytest.raises(ValueError, match="uint16 can't hold no_data_value=nan"):
            read_part(LOCAL, path, across, options)


class CountingFileSystem(MemoryFileSystem):
    """Counts the bytes that are read."""

    cachable = False
    count = 0

    def _open(self, *args, **kwargs):
        opened = super()._open(*args, **kwargs)
        filesystem = self

        class Counting:
            def read(self, size=-1):
                content = opened.read(size)
                filesystem.count += len(content)
                return content

            def __getattr__(self, name):
                return getattr(opened, name)

            def __enter__(self):
                return self

            def __exit__(self, *_):
                opened.close()

        return Counting()


@pytest.fixture(scope="module")
def large_image():
    channels = np.random.default_rng(0).integers(0, 9999, (1, 2048, 2048)).astype(np.uint16)
    return GeoImage(channels=channels, transform=Affine(10, 0, 500000, 0, -10, 5120480), crs="EPSG:32633")


SMALL_PLACE = BBox((502000, 5105000, 503000, 5106000), CRS.UTM_33N)


class SigningFileSystem(MemoryFileSystem):
    """Tells paths as signed URLs."""

    cachable = False
    protocol = "memory"

    def unstrip_protocol(self, name):
        return f"https://me:mine@host{name}?sig=Zm9vYmFyYmF6MTIzNA"


def test_no_secret_of_a_url_is_in_an_error():
    filesystem = SigningFileSystem()
    filesystem.pipe_file("/signed/broken.tif?sig=Zm9vYmFyYmF6MTIzNA", b"broken")
    for name in ("/signed/broken.tif?sig=Zm9vYmFyYmF6MTIzNA", "/signed/missing.tif?sig=Zm9vYmFyYmF6MTIzNA"):
        with pytest.raises(OSError, match=r"https://\*\*\*@host/signed/") as caught:
            read_part(filesystem, name)
        text = "".join(traceback.format_exception(caught.value))
        assert "mine" not in text
        assert "Zm9vYmFy" not in text


class TestOtherFilesystems:
    def test_only_the_window_is_read(self, large_image):
        filesystem = CountingFileSystem()
        content = encode_geotiff(large_image, TiffLayout(compress="deflate", overviews="average"))
        filesystem.pipe_file("/counted/map.tif", content)
        part = read_part(filesystem, "/counted/map.tif", SMALL_PLACE)
        np.testing.assert_array_equal(part.channels, large_image.channels[:, 1448:1548, 200:300])
        assert filesystem.count < 0.1 * len(content)  # one of sixteen tiles, and the header

    def test_a_folder_of_another_filesystem(self, path):
        MemoryFileSystem().put_file(path, "/of_memory/a/image.tif")
        filesystem = get_filesystem("memory://of_memory")
        np.testing.assert_array_equal(read_part(filesystem, "a/image.tif").channels, CHANNELS)


@pytest.fixture(scope="module")
def s3_server():
    moto_server = pytest.importorskip("moto.server")
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    endpoint = "http://{}:{}".format(*server._server.server_address[:2])
    requests = []
    app = server._server.app

    def logged(environ, start_response):
        requests.append((environ["REQUEST_METHOD"], environ.get("HTTP_RANGE"), environ.get("HTTP_AUTHORIZATION")))
        return app(environ, start_response)

    server._server.app = logged
    client = boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id="id", aws_secret_access_key="secret", region_name="us-east-1"
    )
    client.create_bucket(Bucket="bucket")
    yield endpoint, requests
    server.stop()


@pytest.fixture
def on_s3(s3_server):
    config = SHConfig()
    config.aws_access_key_id, config.aws_secret_access_key, config.aws_session_token = "id", "secret", ""
    return load_s3_filesystem("s3://bucket/maps", config=config, endpoint_url=s3_server[0])


class TestS3:
    def test_only_the_window_is_read_with_the_credentials_of_the_filesystem(self, on_s3, s3_server, large_image):
        content = encode_geotiff(large_image, TiffLayout(compress="deflate", overviews="average"))
        on_s3.pipe_file("a/map.tif", content)
        _, requests = s3_server
        requests.clear()
        part = read_part(on_s3, "a/map.tif", SMALL_PLACE)
        np.testing.assert_array_equal(part.channels, large_image.channels[:, 1448:1548, 200:300])
        assert {method for method, _, _ in requests} == {"GET"}
        assert all("Credential=id/" in authorization for _, _, authorization in requests)
        ranges = [asked.removeprefix("bytes=").split("-") for _, asked, _ in requests]
        assert sum(int(last) - int(first) + 1 for first, last in ranges) < 0.1 * len(content)

    def test_a_file_that_is_replaced_is_read_anew(self, on_s3):
        for value in (1, 2):
            channels = np.full((1, 20 * value, 20), value, dtype=np.uint8)
            on_s3.pipe_file("b.tif", encode_geotiff(GeoImage(channels=channels, transform=TRANSFORM, crs="EPSG:32633")))
            np.testing.assert_array_equal(read_part(on_s3, "b.tif").channels, channels)

    def test_a_file_that_is_not_there(self, on_s3):
        with pytest.raises(FileNotFoundError, match=r"no file s3://bucket/maps/missing\.tif") as caught:
            read_part(on_s3, "missing.tif")
        assert "secret" not in str(caught.value)
