"""Files that any program reads, whole or not there."""

from datetime import datetime

import numpy as np
import pytest
import rasterio
import rasterio.warp
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from rasterio import Affine
from rasterio.io import MemoryFile

from eolearn.core.utils.fs import get_filesystem
from eolearn.io._geotiff import GeoImage, TiffLayout, encode_geotiff, reprojected, write_file

# of rasterio 1.4 with affine 3, which nobody but their authors can do anything about
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")

TRANSFORM = Affine(10, 0, 250000, 0, -20, 5103000)


def geo_image(dtype="uint16", shape=(3, 30, 64), **settings):
    channels = np.random.default_rng(0).integers(1, 100, shape).astype(dtype)
    return GeoImage(channels=channels, transform=TRANSFORM, crs="EPSG:32633", **settings)


class TestEncoding:
    @pytest.mark.parametrize(
        "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64", "float32", "float64"]
    )
    @pytest.mark.parametrize("compress", [None, "deflate", "lzw", "zstd"])
    def test_rasterio_reads_back_what_was_written(self, dtype, compress):
        image = geo_image(dtype, no_data_value=7)
        with MemoryFile(encode_geotiff(image, TiffLayout(compress=compress))) as file, file.open() as source:
            np.testing.assert_array_equal(source.read(), image.channels)
            assert source.dtypes == (dtype,) * 3
            assert source.transform == TRANSFORM
            assert source.crs.to_epsg() == 32633
            assert source.nodata == 7

    def test_the_layout_is_that_of_older_releases(self):
        with MemoryFile(encode_geotiff(geo_image(), TiffLayout(compress="deflate"))) as file, file.open() as source:
            profile = source.profile
        assert (profile["driver"], profile["compress"], profile["interleave"]) == ("GTiff", "deflate", "pixel")
        assert not profile["tiled"]
        assert profile["nodata"] is None

    def test_compression_makes_a_file_smaller(self):
        image = GeoImage(channels=np.zeros((3, 200, 200), np.uint16), transform=TRANSFORM, crs="EPSG:32633")
        assert len(encode_geotiff(image, TiffLayout(compress="deflate"))) < 0.1 * len(encode_geotiff(image))

    def test_a_compression_that_can_not_hold_the_image_is_an_error(self):
        with pytest.raises(OSError, match="failed"):
            encode_geotiff(geo_image("uint8", (12, 20, 20)), TiffLayout(compress="jpeg"))  # holds ten channels at most


class TestLayout:
    @pytest.mark.parametrize(
        ("dtype", "compress"),
        [
            ("uint8", None),
            ("int16", "deflate"),
            ("uint32", "zstd"),
            ("float32", "lzw"),
            ("float64", "deflate"),
            ("complex64", "zstd"),
        ],
    )
    def test_a_cog_holds_the_image_in_tiles_and_smaller_versions(self, dtype, compress):
        image = geo_image(dtype, (2, 1100, 600), no_data_value=0)
        layout = TiffLayout(compress=compress, predictor=compress is not None, overviews="average")
        with MemoryFile(encode_geotiff(image, layout)) as file, file.open() as source:
            np.testing.assert_array_equal(source.read(), image.channels)
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert source.profile["tiled"]
            assert source.overviews(1) == [2, 4]
            assert (source.transform, source.crs.to_epsg(), source.nodata) == (TRANSFORM, 32633, 0)
            if dtype in ("float32", "float64"):
                half = source.read(1, out_shape=(550, 300))
                mean = image.channels[0].reshape(550, 2, 300, 2).mean(axis=(1, 3))
                np.testing.assert_allclose(half, mean, rtol=1e-6)

    def test_smaller_versions_of_classes_hold_classes(self):
        image = geo_image("uint8", (1, 1100, 600))
        with MemoryFile(encode_geotiff(image, TiffLayout(overviews="mode"))) as file, file.open() as source:
            assert set(np.unique(source.read(1, out_shape=(550, 300)))) <= set(np.unique(image.channels))

    @pytest.mark.parametrize(("dtype", "number"), [("int16", "2"), ("float32", "3")])
    def test_a_predictor_makes_smooth_images_smaller(self, dtype, number):
        ramp = np.random.default_rng(0).normal(0, 3, (1, 300, 300)).cumsum(axis=-1).astype(dtype)
        image = GeoImage(channels=ramp, transform=TRANSFORM, crs="EPSG:32633")
        plain, smaller = (encode_geotiff(image, TiffLayout(compress="deflate", predictor=p)) for p in (False, True))
        assert len(smaller) < 0.95 * len(plain)
        with MemoryFile(smaller) as file, file.open() as source:
            np.testing.assert_array_equal(source.read(), ramp)
            assert source.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == number

    def test_the_levels_of_compression_lose_nothing_for_large_images(self):
        image = geo_image("uint16", (3, 1000, 900))  # written by several threads
        for compress in ("deflate", "zstd", "lzw"):
            with MemoryFile(encode_geotiff(image, TiffLayout(compress=compress))) as file, file.open() as source:
                np.testing.assert_array_equal(source.read(), image.channels)

    @pytest.mark.parametrize("overviews", [None, "mode"])
    def test_names_times_and_colors_are_in_the_file(self, overviews):
        time = datetime(2020, 1, 2, 3, 4, 5)
        image = geo_image(
            "uint8", (1, 600, 600), names=["classes"], times=[time], colors={1: (255, 0, 10), 7: (1, 2, 3)}
        )
        with MemoryFile(encode_geotiff(image, TiffLayout(overviews=overviews))) as file, file.open() as source:
            assert source.descriptions == ("classes",)
            assert source.tags(1)["TIMESTAMP"] == "2020-01-02T03:04:05"
            assert source.tags()["TIFFTAG_DATETIME"] == "2020:01:02 03:04:05"
            colors = source.colormap(1)
            assert (colors[1][:3], colors[7][:3]) == ((255, 0, 10), (1, 2, 3))
            assert source.colorinterp[0].name == "palette"


class TestReprojection:
    def test_each_pixel_has_the_value_of_the_nearest_one_of_the_source(self):
        image = geo_image(no_data_value=0)
        result = reprojected(image, "EPSG:4326")
        rows, columns = np.mgrid[: result.channels.shape[1], : result.channels.shape[2]]
        places = result.transform @ (columns.ravel() + 0.5, rows.ravel() + 0.5)
        x, y = rasterio.warp.transform("EPSG:4326", "EPSG:32633", *places)
        source_columns, source_rows = ~TRANSFORM @ (np.array(x), np.array(y))
        # GDAL approximates the way back to an eighth of a pixel: pixels that near to an edge may go to either side
        inside = np.ones(rows.size, dtype=bool)
        for position, size in ((source_rows, 30), (source_columns, 64)):
            inside &= (position > 0) & (position < size) & (np.abs(position - np.round(position)) > 0.125)
        assert inside.mean() > 0.4
        expected = image.channels[
            :, np.floor(source_rows[inside]).astype(int), np.floor(source_columns[inside]).astype(int)
        ]
        np.testing.assert_array_equal(result.channels.reshape(3, -1)[:, inside], expected)

    @pytest.mark.parametrize("no_data_value", [None, 255])
    def test_size_place_and_values_are_those_of_rasterio_band_by_band(self, no_data_value):
        image = geo_image("uint8", no_data_value=no_data_value)
        result = reprojected(image, "EPSG:3857")
        bounds = rasterio.transform.array_bounds(30, 64, TRANSFORM)
        transform, width, height = rasterio.warp.calculate_default_transform("EPSG:32633", "EPSG:3857", 64, 30, *bounds)
        assert (result.transform, result.channels.shape) == (transform, (3, height, width))
        for channel, source in zip(result.channels, image.channels, strict=True):
            expected = np.zeros((height, width), dtype=np.uint8)
            rasterio.warp.reproject(
                source,
                expected,
                src_transform=TRANSFORM,
                src_crs="EPSG:32633",
                dst_transform=transform,
                dst_crs="EPSG:3857",
                dst_nodata=no_data_value,
                resampling=rasterio.warp.Resampling.nearest,
            )
            np.testing.assert_array_equal(channel, expected)

    @pytest.mark.parametrize(("no_data_value", "outside"), [(None, 0), (200, 200)])
    def test_what_lies_outside_of_the_source_has_no_data(self, no_data_value, outside):
        result = reprojected(geo_image("uint8", no_data_value=no_data_value), "EPSG:4326")
        assert result.channels[0, 0, 0] == outside  # the source is turned against the new axes
        assert (result.channels == outside).mean() < 0.3
        assert result.no_data_value == no_data_value

    def test_no_data_stays_no_data_and_the_source_stays_as_it_is(self):
        image = geo_image("float32", no_data_value=np.nan)
        image.channels[:, 10:20, 10:50] = np.nan
        before = image.channels.copy()
        result = reprojected(image, "EPSG:4326")
        assert set(np.unique(result.channels[~np.isnan(result.channels)])) <= set(np.unique(before[~np.isnan(before)]))
        assert np.isnan(result.channels).mean() > np.isnan(before).mean() - 0.05
        np.testing.assert_array_equal(image.channels, before)

    def test_the_same_system_changes_nothing(self):
        image = geo_image()
        result = reprojected(image, "EPSG:32633")
        assert result.transform == TRANSFORM
        np.testing.assert_array_equal(result.channels, image.channels)


class TestWriting:
    @pytest.fixture(params=["local", "rooted", "memory", "rooted memory"])
    def place(self, request, tmp_path):
        """Return a filesystem and a folder in it."""
        if request.param == "local":
            return LocalFileSystem(), str(tmp_path)
        if request.param == "rooted":
            return get_filesystem(tmp_path), ""
        folder = f"/{tmp_path.name}"
        if request.param == "memory":
            return MemoryFileSystem(), folder
        return get_filesystem(f"memory:/{folder}", create=True), "/"

    def test_folders_are_made_and_files_replaced(self, place):
        filesystem, folder = place
        for content in (b"old", b"new content"):
            write_file(filesystem, f"{folder}/a/b/map.tif", content)
            assert filesystem.cat_file(f"{folder}/a/b/map.tif") == content
        assert len(filesystem.ls(f"{folder}/a/b")) == 1

    def test_a_file_may_lie_at_the_top(self, tmp_path):
        write_file(get_filesystem(tmp_path), "map.tif", b"content")
        assert (tmp_path / "map.tif").read_bytes() == b"content"

    def test_a_failed_replacement_leaves_nothing_beside(self, tmp_path):
        (tmp_path / "map.tif").mkdir()
        with pytest.raises(OSError, match=r"map\.tif"):
            write_file(LocalFileSystem(), f"{tmp_path}/map.tif", b"content")
        assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]
