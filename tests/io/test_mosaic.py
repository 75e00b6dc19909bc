"""Mosaics of patches, compared with the image that the patches were cut out of."""

from __future__ import annotations

import itertools
import subprocess
import sys
from datetime import datetime

import numpy as np
import pytest
import rasterio
from fsspec.implementations.memory import MemoryFileSystem
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import uniform_filter
from sentinelhub import CRS, BBox

from eolearn.core import EOExecutor, EONode, EOPatch, EOWorkflow, FeatureType, LoadTask, MapFeatureTask, SaveTask
from eolearn.core.exceptions import BrokenFile, EORuntimeWarning, FeatureMissing, FeatureNotStored, PathNotFound
from eolearn.io.mosaic import write_mosaic

BANDS = (FeatureType.DATA_TIMELESS, "BANDS")
PROBABILITIES = (FeatureType.DATA_TIMELESS, "PROBABILITIES")
CLASSES = (FeatureType.MASK_TIMELESS, "CLASSES")
SERIES = (FeatureType.DATA, "SERIES")
WEST, NORTH, PIXEL = 500_000, 5_100_000, 10


def bbox_at(row, column, height, width, crs=CRS.UTM_33N, pixel=PIXEL):
    west, north = WEST + pixel * column, NORTH - pixel * row
    return BBox((west, north - pixel * height, west + pixel * width, north), crs)


def starts(length, size, overlap):
    """Return where tiles begin: each overlaps the one before, the last one ends with the image."""
    return [*range(0, length - size, size - overlap), length - size]


def cut(image, feature, size, overlap, function=None):
    """Return overlapping patches of an image, each with what a function makes of its part."""
    patches = []
    for row, column in itertools.product(*(starts(length, size, overlap) for length in image.shape[:2])):
        part = image[row : row + size, column : column + size]
        patch = EOPatch(bbox=bbox_at(row, column, *part.shape[:2]))
        patch[feature] = part if function is None else function(part)
        patches.append(patch)
    return patches


def read(path):
    """Return an image as (row, column, band)."""
    with rasterio.open(path) as source:
        return np.moveaxis(source.read(), 0, -1)


def model(pixels):
    """Return probabilities of three classes that depend on each pixel alone."""
    scores = np.exp(pixels @ np.linspace(-2, 3, 12).reshape(4, 3))
    return (scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).random((700, 620, 4)).astype(np.float32)


class TestSameAsUntiled:
    @pytest.mark.parametrize(("size", "overlap"), [(100, 0), (100, 1), (130, 30), (256, 64), (600, 300)])
    def test_blended_probabilities_of_a_model_of_pixels_are_equal_to_the_bit(self, image, tmp_path, size, overlap):
        write_mosaic(cut(image, PROBABILITIES, size, overlap, model), PROBABILITIES, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif"), model(image))

    @pytest.mark.parametrize(("size", "overlap"), [(40, 16), (64, 8), (200, 50)])
    def test_filter_of_a_neighbourhood_is_equal_where_its_reach_is_the_margin(self, image, tmp_path, size, overlap):
        reach = 4
        part = image[:300, :280]

        def smooth(pixels):
            return uniform_filter(pixels.astype(np.float64), (2 * reach + 1, 2 * reach + 1, 1)).astype(np.float32)

        patches = cut(part, BANDS, size, overlap, smooth)
        write_mosaic(patches, BANDS, tmp_path / "map.tif", margin_px=reach)
        assert_allclose(read(tmp_path / "map.tif"), smooth(part), rtol=0, atol=2e-7)  # sums run over other neighbours
        write_mosaic(patches, BANDS, tmp_path / "plain.tif")
        assert np.abs(read(tmp_path / "plain.tif") - smooth(part)).max() > 1e-4

    @pytest.mark.parametrize(("size", "overlap"), [(100, 0), (130, 30), (600, 300)])
    def test_classes_are_equal(self, image, tmp_path, size, overlap):
        def classes(pixels):
            return model(pixels).argmax(axis=-1, keepdims=True).astype(np.uint8) + 1

        write_mosaic(cut(image, CLASSES, size, overlap, classes), CLASSES, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif"), classes(image))

    @pytest.mark.parametrize("workers", [1, 2])
    def test_after_a_run_of_the_executor(self, image, tmp_path, workers):
        names = []
        for number, patch in enumerate(cut(image, BANDS, 400, 50)):
            names.append(f"patch_{number}")
            patch.save(tmp_path / "patches" / names[-1])
        load = EONode(LoadTask(tmp_path / "patches"))
        predict = EONode(MapFeatureTask(BANDS, PROBABILITIES, model), inputs=[load])
        save = EONode(SaveTask(tmp_path / "patches", features=[PROBABILITIES]), inputs=[predict])
        arguments = [{node: {"eopatch_folder": name} for node in (load, save)} for name in names]
        EOExecutor(EOWorkflow([load, predict, save]), arguments).run(workers=workers)

        path = write_mosaic(tmp_path / "patches", PROBABILITIES, tmp_path / "map.tif")
        assert path == str(tmp_path / "map.tif")
        assert_array_equal(read(path), model(image))


class TestOverlaps:
    def test_order_of_patches_is_no_matter_to_the_bit(self, tmp_path):
        rng = np.random.default_rng(1)
        patches = cut(np.zeros((90, 90, 2)), BANDS, 40, 25, lambda part: rng.random(part.shape))
        write_mosaic(patches, BANDS, tmp_path / "first.tif")
        rng.shuffle(patches)
        write_mosaic(patches, BANDS, tmp_path / "second.tif")
        assert_array_equal(read(tmp_path / "first.tif"), read(tmp_path / "second.tif"))

    def test_mean_has_raised_cosines_as_weights(self, tmp_path):
        size, overlap = 20, 8
        patches = cut(np.zeros((20, 32, 1)), BANDS, size, overlap)
        for value, patch in enumerate(patches, 1):
            patch[BANDS] = np.full((20, 20, 1), float(value))
        write_mosaic(patches, BANDS, tmp_path / "map.tif")
        window = np.sin(np.pi * (np.arange(size) + 0.5) / size) ** 2
        left, right = window[-overlap:], window[:overlap]
        expected = [1] * 12 + list((left + 2 * right) / (left + right)) + [2] * 12
        assert_allclose(read(tmp_path / "map.tif")[..., 0], np.tile(expected, (20, 1)), rtol=1e-6)

    def test_no_seam_is_seen_between_patches_of_different_levels(self, tmp_path):
        rng = np.random.default_rng(2)
        patches = cut(np.zeros((160, 160, 1)), BANDS, 64, 32, lambda part: np.full_like(part, rng.random()))
        write_mosaic(patches, BANDS, tmp_path / "map.tif")
        mosaic = read(tmp_path / "map.tif")[..., 0]
        steepest = np.pi / 2 / 32  # of a raised cosine from 0 to 1 over the overlap, per pixel
        assert max(np.abs(np.diff(mosaic, axis=axis)).max() for axis in (0, 1)) < 1.1 * steepest

    def test_nearest_takes_the_patch_whose_centre_is_nearest(self, tmp_path):
        patches = cut(np.zeros((20, 32, 1)), CLASSES, 20, 8, lambda part: part.astype(np.uint8))
        for value, patch in enumerate(patches, 1):
            patch[CLASSES] = np.full((20, 20, 1), value, dtype=np.uint8)
        write_mosaic(patches, CLASSES, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif")[..., 0], np.tile([1] * 16 + [2] * 16, (20, 1)))

    def test_pixel_without_data_in_one_patch_comes_from_the_other(self, tmp_path):
        patches = cut(np.ones((20, 32, 2)), BANDS, 20, 8, np.copy)
        patches[0][BANDS][:, 12:, 0] = np.nan
        patches[1][BANDS][:] = 3
        patches[1][BANDS][5, 10, 1] = np.nan
        write_mosaic(patches, BANDS, tmp_path / "map.tif")
        mosaic = read(tmp_path / "map.tif")
        assert_array_equal(mosaic[..., 0], np.tile([1.0] * 12 + [3] * 20, (20, 1)))
        assert np.isnan(mosaic[5, 22, 1])
        assert np.isnan(mosaic).sum() == 1

    def test_no_data_of_classes_gives_way(self, tmp_path):
        patches = cut(np.ones((20, 32, 1)), CLASSES, 20, 8, lambda part: part.astype(np.int64))
        patches[0][CLASSES][:, 12:] = 7
        write_mosaic(patches, CLASSES, tmp_path / "map.tif", no_data_value=7)
        assert_array_equal(read(tmp_path / "map.tif"), np.ones((20, 32, 1)))

    def test_no_data_value_needs_to_fit_the_file_only(self, tmp_path):
        patches = cut(np.full((8, 20, 1), 255, dtype=np.uint8), CLASSES, 8, 2)
        write_mosaic([patches[0], patches[-1]], CLASSES, tmp_path / "map.tif", image_dtype="int16", no_data_value=-1)
        assert_array_equal(read(tmp_path / "map.tif")[0, :, 0], [255] * 8 + [-1] * 4 + [255] * 8)

    def test_margin_counts_where_no_other_patch_is(self, tmp_path):
        patches = cut(np.zeros((20, 32, 1)), BANDS, 20, 8)
        for value, patch in enumerate(patches, 1):
            patch[BANDS] = np.full((20, 20, 1), float(value))
        write_mosaic(patches, BANDS, tmp_path / "map.tif", margin_px=4)
        assert_array_equal(read(tmp_path / "map.tif")[..., 0], np.tile([1.0] * 16 + [2] * 16, (20, 1)))
        write_mosaic(patches[:1], BANDS, tmp_path / "map.tif", margin_px=4)
        assert_array_equal(read(tmp_path / "map.tif"), patches[0][BANDS])


class TestFile:
    def test_place_and_layout_are_those_of_a_cloud_optimised_file(self, image, tmp_path):
        large = np.tile(image, (2, 2, 1))
        patches = cut(large, BANDS, 620, 40)
        write_mosaic(patches, BANDS, tmp_path / "map.tif", band_names=["B02", "B03", "B04", "B08"], compress="zstd")
        with rasterio.open(tmp_path / "map.tif") as source:
            assert source.crs.to_epsg() == 32633
            assert source.transform == rasterio.Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH)
            assert source.shape == (1400, 1240)
            assert source.descriptions == ("B02", "B03", "B04", "B08")
            assert source.dtypes == ("float32",) * 4
            assert np.isnan(source.nodata)
            assert source.block_shapes == [(512, 512)] * 4
            assert source.overviews(1) == [2, 4]
            assert source.compression.name == "zstd"
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            halved = source.read(out_shape=(4, 700, 620))
        assert_allclose(halved[0], large[..., 0].reshape(700, 2, 620, 2).mean(axis=(1, 3)), rtol=1e-5)

    def test_overviews_of_numbers_that_are_not_blended_are_means(self, image, tmp_path):
        write_mosaic(cut(image, BANDS, 620, 540), BANDS, tmp_path / "map.tif", overlaps="nearest")
        with rasterio.open(tmp_path / "map.tif") as source:
            halved = source.read(out_shape=(4, 350, 310))
        assert_array_equal(read(tmp_path / "map.tif"), image)
        assert_allclose(halved[0], image[..., 0].reshape(350, 2, 310, 2).mean(axis=(1, 3)), rtol=1e-5)

    def test_without_overviews_and_compression(self, image, tmp_path):
        write_mosaic(cut(image, BANDS, 620, 40), BANDS, tmp_path / "map.tif", overviews=False, compress=None)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert source.overviews(1) == []
            assert source.compression is None

    def test_gaps_have_no_data(self, image, tmp_path):
        patches = [EOPatch(bbox=bbox_at(row, row, 10, 10)) for row in (0, 1500)]
        for patch in patches:
            patch[BANDS] = image[:10, :10]
        write_mosaic(patches, BANDS, tmp_path / "map.tif", no_data_value=-1)
        expected = np.full((1510, 1510, 4), -1, dtype=np.float32)
        expected[:10, :10] = expected[1500:, 1500:] = image[:10, :10]
        assert_array_equal(read(tmp_path / "map.tif"), expected)

    def test_likeliest_class_with_colours(self, image, tmp_path):
        patches = cut(image, PROBABILITIES, 300, 50, model)
        colors = {10: "#ff0000", 20: (0, 255, 0), 30: "#0000fF"}
        write_mosaic(patches, PROBABILITIES, tmp_path / "map.tif", classes=[10, 20, 30], colors=colors)
        assert_array_equal(read(tmp_path / "map.tif")[..., 0], np.array([10, 20, 30])[model(image).argmax(axis=-1)])
        with rasterio.open(tmp_path / "map.tif") as source:
            table = source.colormap(1)
            assert [table[value] for value in (10, 20, 30)] == [(255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255)]
            assert (source.dtypes, source.nodata) == (("uint8",), 0)
            assert set(np.unique(source.read(1, out_shape=(350, 310)))) <= {10, 20, 30}

    def test_pixel_without_probabilities_has_no_class(self, tmp_path):
        patches = cut(np.zeros((8, 8, 3)), PROBABILITIES, 8, 0, np.copy)
        patches[0][PROBABILITIES][:, :, 1] = 1
        patches[0][PROBABILITIES][0, 0] = np.nan
        patches[0][PROBABILITIES][0, 1, 1] = np.nan
        write_mosaic(patches, PROBABILITIES, tmp_path / "map.tif", classes=np.array([5, 6, 7]))
        expected = np.full((8, 8), 6)
        expected[0, :2] = 0, 5
        assert_array_equal(read(tmp_path / "map.tif")[..., 0], expected)

    def test_probabilities_as_bytes_with_what_they_mean(self, image, tmp_path):
        patches = cut(image, PROBABILITIES, 300, 50, model)
        patches[0][PROBABILITIES] = patches[0][PROBABILITIES].copy()
        patches[0][PROBABILITIES][0, 0] = np.nan
        write_mosaic(patches, PROBABILITIES, tmp_path / "map.tif", image_dtype="uint8", scale=200, no_data_value=255)
        written = read(tmp_path / "map.tif")
        expected = np.rint(model(image) * np.float32(200))
        expected[0, 0] = 255
        assert written.dtype == np.uint8
        assert_array_equal(written, expected)
        with rasterio.open(tmp_path / "map.tif") as source:
            assert source.scales == (0.005,) * 3

    @pytest.mark.parametrize("use_zarr", [False, True])
    @pytest.mark.parametrize("date", [1, -1, "2026-05-11", datetime(2026, 5, 11, 10)])
    def test_one_date_of_a_series(self, image, tmp_path, use_zarr, date):
        for number, patch in enumerate(cut(image, BANDS, 400, 50)):
            patch.timestamps = [datetime(2026, 5, day, 10) for day in (1, 11)]
            patch[SERIES] = np.stack([np.zeros_like(patch[BANDS]), patch[BANDS]])
            patch.save(tmp_path / "patches" / str(number), use_zarr=use_zarr)
        write_mosaic(tmp_path / "patches", SERIES, tmp_path / "map.tif", date=date)
        assert_array_equal(read(tmp_path / "map.tif"), image)

    @pytest.mark.parametrize("dtype", [np.uint8, np.bool_, np.int64, np.int16, np.uint32])
    def test_dtypes_of_classes(self, tmp_path, dtype):
        classes = np.arange(64).reshape(8, 8, 1).astype(dtype)
        write_mosaic(cut(classes, CLASSES, 8, 0), CLASSES, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif"), classes)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", np.uint16])
    def test_dtypes_of_numbers(self, tmp_path, dtype):
        numbers = (np.arange(1, 129).reshape(8, 16, 1) * 4).astype(dtype)
        write_mosaic(cut(numbers, BANDS, 8, 4), BANDS, tmp_path / "map.tif")
        written = read(tmp_path / "map.tif")
        assert written.dtype == (np.uint16 if dtype is np.uint16 else np.float32)
        assert_array_equal(written, numbers)

    def test_a_single_pixel(self, tmp_path):
        write_mosaic(cut(np.full((1, 1, 1), 0.5), BANDS, 1, 0), BANDS, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif"), [[[0.5]]])

    def test_arrays_of_patches_stay_as_they_are(self, image, tmp_path):
        patches = cut(image, BANDS, 300, 50, np.copy)
        before = [patch.copy(deep=True) for patch in patches]
        write_mosaic(patches, BANDS, tmp_path / "map.tif")
        assert patches == before


class TestPlaces:
    def test_other_content_of_the_folder_is_ignored(self, image, tmp_path):
        for number, patch in enumerate(cut(image, BANDS, 400, 50)):
            patch.save(tmp_path / "patches" / str(number))
        (tmp_path / "patches/logs").mkdir()
        (tmp_path / "patches/notes.txt").write_text("")
        write_mosaic(str(tmp_path / "patches"), BANDS, tmp_path / "map.tif")
        assert_array_equal(read(tmp_path / "map.tif"), image)

    def test_another_filesystem(self, image, tmp_path):
        filesystem = MemoryFileSystem()
        for number, patch in enumerate(cut(image, BANDS, 400, 50)):
            patch.save(f"/mosaic/{number}", filesystem=filesystem)
        assert write_mosaic("/mosaic", BANDS, "/maps/map.tif", filesystem=filesystem) == "memory:///maps/map.tif"
        (tmp_path / "map.tif").write_bytes(filesystem.cat_file("/maps/map.tif"))
        assert_array_equal(read(tmp_path / "map.tif"), image)
        assert write_mosaic("memory://mosaic", BANDS, "memory://maps/second.tif").endswith("maps/second.tif")
        assert filesystem.cat_file("/maps/map.tif") == filesystem.cat_file("/maps/second.tif")

    def test_missing_patches_can_be_left_out(self, image, tmp_path):
        paths = []
        for number, patch in enumerate(cut(image, BANDS, 310, 0)[:4]):
            paths.append(tmp_path / str(number))
            if number == 1:
                patch = EOPatch(bbox=patch.bbox)
            if number < 3:
                patch.save(paths[-1])
        with pytest.raises(FeatureNotStored, match=f"BANDS.*{paths[1]}"):
            write_mosaic(paths[:3], BANDS, tmp_path / "map.tif")
        with pytest.raises(PathNotFound, match=str(paths[3])):
            write_mosaic([paths[0], paths[3]], BANDS, tmp_path / "map.tif")
        with pytest.warns(EORuntimeWarning, match="2 patches of the mosaic are missing"):
            write_mosaic(paths, BANDS, tmp_path / "map.tif", fail_on_missing=False)
        written = read(tmp_path / "map.tif")
        assert_array_equal(written[:310, :310], image[:310, :310])
        assert np.isnan(written[:310, 310:]).all()

    def test_folder_of_the_file_is_made_and_the_file_replaced(self, image, tmp_path):
        for part in (image[:50, :50], image[50:100, 50:100]):
            write_mosaic(cut(part, BANDS, 50, 0), BANDS, tmp_path / "new/maps/map.tif")
            assert_array_equal(read(tmp_path / "new/maps/map.tif"), part)
        assert [path.name for path in (tmp_path / "new/maps").iterdir()] == ["map.tif"]


FULL_DISK = """
import os, resource, signal, sys
import numpy as np
from sentinelhub import BBox, CRS
from eolearn.core import EOPatch, FeatureType
from eolearn.io.mosaic import write_mosaic

feature, path = (FeatureType.DATA_TIMELESS, "X"), sys.argv[1]
patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.UTM_33N))
patch[feature] = np.random.default_rng(0).random((600, 600, 2)).astype(np.float32)
patch[feature][..., 1] = np.nan  # takes no room in the plain file, which so is smaller than the other one
write_mosaic([patch], feature, path, compress=None)
size = os.path.getsize(path)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for limit in (50_000, size // 2 - 1000, size // 2 + 100_000, size - 100_000, size - 5000, size - 100):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        write_mosaic([patch], feature, path, compress=None)
    except OSError as error:
        print(type(error).__name__)
    assert os.path.getsize(path) == size
"""


class TestBadInput:
    def broken(self, path):
        path.write_bytes(path.read_bytes()[:-2000])

    def test_corrupt_patch_is_named_and_no_file_is_left(self, image, tmp_path):
        for number, patch in enumerate(cut(image, BANDS, 310, 0)):
            patch.save(tmp_path / "patches" / str(number))
        file = tmp_path / "patches/3/data_timeless/BANDS.npy.gz"
        self.broken(file)
        (tmp_path / "map.tif").write_bytes(b"what was there")
        with pytest.raises(BrokenFile, match=str(file)):
            write_mosaic(tmp_path / "patches", BANDS, tmp_path / "map.tif")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["map.tif", "patches"]
        assert (tmp_path / "map.tif").read_bytes() == b"what was there"

    @pytest.mark.long
    def test_full_disk_leaves_what_was_there(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-c", FULL_DISK, tmp_path / "map.tif"], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout.split()) == (0, ["StorageError"] * 6), done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["map.tif"]

    @pytest.mark.parametrize(
        ("bbox", "shape", "message"),
        [
            (bbox_at(0, 8, 10, 10, crs=CRS.UTM_34N), (10, 10, 1), r"(?s)patch \d of 2 is in CRS.*patch \d of 2 in CRS"),
            (
                bbox_at(0, 8, 10, 10),
                (20, 20, 1),
                r"patch \d of 2 has pixels of .* and patch \d of 2 of .*: a mosaic has",
            ),
            (bbox_at(0, 8.3, 10, 10), (10, 10, 1), r"pixels of patch 2 of 2 and of patch 1 of 2 aren't on one grid"),
            (bbox_at(0, 0, 10, 10), (10, 10, 1), r"patch 1 of 2 and patch 2 of 2 are of the same place"),
            (bbox_at(0, 8, 10, 10), (10, 10, 2), r"patch 1 of 2 has 1 bands in .* and patch 2 of 2 2"),
            (bbox_at(0, 8, 10, 10), (10, 0, 1), r"patch 2 of 2: .* has no pixels"),
            (bbox_at(0, 10**10, 10, 10), (10, 10, 1), r"lie so far apart"),
        ],
    )
    def test_patches_that_do_not_fit_together(self, tmp_path, bbox, shape, message):
        patches = [EOPatch(bbox=bbox_at(0, 0, 10, 10)), EOPatch(bbox=bbox)]
        patches[0][BANDS], patches[1][BANDS] = np.zeros((10, 10, 1)), np.zeros(shape)
        with pytest.raises(ValueError, match=message):
            write_mosaic(patches, BANDS, tmp_path / "map.tif")
        assert list(tmp_path.iterdir()) == []

    def test_patch_that_cannot_be_placed(self, tmp_path):
        patch = EOPatch(bbox=bbox_at(0, 0, 2, 2))
        with pytest.raises(FeatureMissing, match="patch 1 of 1 has no .*BANDS"):
            write_mosaic([patch], BANDS, tmp_path / "map.tif")
        with pytest.raises(ValueError, match="There is no patch"):
            write_mosaic([], BANDS, tmp_path / "map.tif")
        with pytest.raises(ValueError, match="There is no patch in .* with"):
            write_mosaic(tmp_path, BANDS, tmp_path / "map.tif")
        with pytest.raises(FileNotFoundError, match="no folder .*nowhere"):
            write_mosaic(tmp_path / "nowhere", BANDS, tmp_path / "map.tif")
        with pytest.raises(TypeError, match="EOPatches, or of the paths"):
            write_mosaic([3], BANDS, tmp_path / "map.tif")

    @pytest.mark.parametrize(
        ("date", "message"),
        [
            ("2026-05-01", "patch 1 of 1 has several dates"),
            ("2027-05-01", "patch 1 of 1: .*selects nothing"),
            (3, "patch 1 of 1: .*out of range"),
            (None, "choose its date"),
        ],
    )
    def test_date_that_is_not_one(self, tmp_path, date, message):
        patch = EOPatch(bbox=bbox_at(0, 0, 2, 2), timestamps=["2026-05-01T10:00", "2026-05-01T12:00", "2026-06-01"])
        patch[SERIES] = np.zeros((3, 2, 2, 1))
        with pytest.raises(ValueError, match=message):
            write_mosaic([patch], SERIES, tmp_path / "map.tif", date=date)

    @pytest.mark.parametrize(
        ("feature", "settings", "message"),
        [
            (BANDS, {"date": 0}, "leave out date=0"),
            (BANDS, {"overlaps": "mean"}, "'blend' or 'nearest', got 'mean'"),
            (CLASSES, {"overlaps": "blend"}, "of which there is no mean"),
            (CLASSES, {"classes": [1, 2]}, "classes are chosen by"),
            (BANDS, {"classes": [1, 2], "overlaps": "nearest"}, "classes are chosen by"),
            (BANDS, {"classes": [1]}, "an integer for each of 2 bands"),
            (BANDS, {"classes": [1.5, 2]}, "an integer for each of 2 bands"),
            (BANDS, {"classes": [0, 1]}, "differ from no_data_value=0"),
            (BANDS, {"classes": [1, 300], "image_dtype": "uint8"}, "must fit uint8"),
            (BANDS, {"classes": [1, 2], "scale": 2}, "not for classes"),
            (BANDS, {"scale": 0}, "above 0"),
            (BANDS, {"margin_px": -1}, "at least 0"),
            (BANDS, {"margin_px": 4}, "nothing left within margin_px=4"),
            (BANDS, {"compress": "jpeg"}, "can't be 'jpeg'"),
            (BANDS, {"image_dtype": "uint8"}, "set no_data_value"),
            (BANDS, {"image_dtype": "uint8", "no_data_value": 300}, "can't be written as uint8"),
            (BANDS, {"image_dtype": "complex64"}, "has no complex64"),
            (BANDS, {"image_dtype": "uint8", "no_data_value": 9, "scale": 1000}, "don't fit into uint8"),
            (BANDS, {"image_dtype": "uint8", "no_data_value": 5, "scale": 10}, "have the value 5 too"),
            (BANDS, {"no_data_value": 0.5}, "have the value 0.5 too"),
            (BANDS, {"band_names": ["one"]}, "1 names, but the file 2 bands"),
            (BANDS, {"colors": {1: "#ffffff"}}, "Only uint8 and uint16"),
            (BANDS, {"colors": {1: "#ffffff"}, "image_dtype": "uint8", "no_data_value": 0}, "of one band"),
            (CLASSES, {"colors": {1: "white"}}, "A color is '#rrggbb'"),
            (CLASSES, {"colors": {1: (1, 2)}}, "from 0 to 255"),
            (CLASSES, {"colors": {1: (1, 2, 256)}}, "from 0 to 255"),
            (CLASSES, {"colors": {300: "#ffffff"}}, "can't hold"),
        ],
    )
    def test_settings_that_do_not_go_together(self, tmp_path, feature, settings, message):
        patch = EOPatch(bbox=bbox_at(0, 0, 8, 8))
        patch[BANDS], patch[CLASSES] = np.full((8, 8, 2), 0.5), np.ones((8, 8, 1), dtype=np.uint8)
        with pytest.raises(ValueError, match=message):
            write_mosaic([patch], feature, tmp_path / "map.tif", **settings)
        assert list(tmp_path.iterdir()) == []

    def test_keys_of_colours_are_numbers(self, tmp_path):
        with pytest.raises(TypeError, match="integers as keys, got 'forest'"):
            write_mosaic(
                cut(np.ones((8, 8, 1), dtype=np.uint8), CLASSES, 8, 0),
                CLASSES,
                tmp_path / "map.tif",
                colors={"forest": "#ffffff"},
            )

    def test_features_that_are_no_images(self, tmp_path):
        with pytest.raises(ValueError, match="(?i)scalar"):
            write_mosaic([], (FeatureType.SCALAR, "X"), tmp_path / "map.tif")
