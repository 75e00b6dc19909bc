"""Windows and bands of a patch are loaded from arrays of either format."""

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EOLearnError

PLACE = BBox((500000, 5100000, 501000, 5100800), CRS.UTM_33N)  # 100 x 80 pixels of 10 m
BANDS, SLOW, CLASS = (FeatureType.DATA, "BANDS"), (FeatureType.DATA, "20m"), (FeatureType.MASK_TIMELESS, "CLASS")
RNG = np.random.default_rng(1)
PATCH = EOPatch(bbox=PLACE, timestamps=["2024-05-01", "2024-05-06"])
PATCH.data["BANDS"] = RNG.integers(0, 9999, (2, 80, 100, 4), dtype=np.uint16)
PATCH.mask_timeless["CLASS"] = RNG.integers(0, 9, (80, 100, 1), dtype=np.uint8)
PATCH.scalar["COVER"] = RNG.random((2, 3))
COARSE = RNG.integers(0, 9999, (2, 40, 50, 2), dtype=np.uint16)


@pytest.fixture(params=["local npy", "local zarr", "memory npy", "memory zarr"])
def url(request, tmp_path):
    url = str(tmp_path / "patch") if "local" in request.param else f"memory:/{tmp_path}/patch"
    PATCH.save(url, use_zarr="zarr" in request.param)
    return url


@pytest.mark.parametrize("lazy_loading", [True, False])
def test_a_box_gives_its_pixels_and_is_the_place_of_the_patch(url, lazy_loading):
    box = BBox((500101, 5100201, 500299, 5100499), CRS.UTM_33N)
    loaded = EOPatch.load(url, window=box, lazy_loading=lazy_loading)
    assert loaded.bbox == BBox((500100, 5100200, 500300, 5100500), CRS.UTM_33N)
    np.testing.assert_array_equal(loaded[BANDS], PATCH[BANDS][:, 30:60, 10:30])
    np.testing.assert_array_equal(loaded[CLASS], PATCH[CLASS][30:60, 10:30])
    np.testing.assert_array_equal(loaded.scalar["COVER"], PATCH.scalar["COVER"])
    assert loaded.timestamps == PATCH.timestamps


def test_rows_and_columns_give_the_same(url):
    loaded = EOPatch.load(url, window=(slice(30, 60), slice(10, 30)))
    assert loaded == EOPatch.load(url, window=BBox((500100, 5100200, 500300, 5100500), CRS.UTM_33N))


def test_windows_that_tile_a_patch_are_the_patch(url):
    rows = [
        np.concatenate([EOPatch.load(url, [BANDS], window=(row, column))[BANDS] for column in columns], axis=2)
        for row in (slice(0, 33), slice(33, 80))
        for columns in [(slice(0, 50), slice(50, 100))]
    ]
    np.testing.assert_array_equal(np.concatenate(rows, axis=1), PATCH[BANDS])


def test_images_of_different_sizes_get_the_same_box_each_on_its_pixels(url):
    EOPatch(bbox=PLACE, timestamps=PATCH.timestamps, data={"20m": COARSE}).save(url, use_zarr=True)
    loaded = EOPatch.load(url, window=BBox((500110, 5100210, 500290, 5100490), CRS.UTM_33N))
    assert loaded.bbox == BBox((500100, 5100200, 500300, 5100500), CRS.UTM_33N)
    np.testing.assert_array_equal(loaded[BANDS], PATCH[BANDS][:, 30:60, 10:30])
    np.testing.assert_array_equal(loaded[SLOW], COARSE[:, 15:30, 5:15])
    with pytest.raises(ValueError, match="'20m' has 40 x 50 pixels"):
        EOPatch.load(url, window=(slice(31, 60), slice(10, 30)))
    assert EOPatch.load(url, features=[BANDS], window=(slice(31, 60), slice(10, 30)))[BANDS].shape == (2, 29, 20, 4)


@pytest.mark.parametrize("bands", [[3, 1], [-1], [0, 1], np.array([2]), (), [1, 1]])
def test_bands_come_in_the_order_in_which_they_were_asked_for(url, bands):
    loaded = EOPatch.load(url, bands={BANDS: bands, ("scalar", "COVER"): [2]})
    np.testing.assert_array_equal(loaded[BANDS], PATCH[BANDS][..., np.array(bands, dtype=int)])
    np.testing.assert_array_equal(loaded.scalar["COVER"], PATCH.scalar["COVER"][:, 2:])
    np.testing.assert_array_equal(loaded[CLASS], PATCH[CLASS])


def test_windows_and_bands_go_together(url):
    loaded = EOPatch.load(url, window=(slice(0, 5), slice(95, None)), bands={BANDS: [3, 0]})
    np.testing.assert_array_equal(loaded[BANDS], PATCH[BANDS][:, :5, 95:, [3, 0]])


@pytest.mark.parametrize(
    ("part", "error", "message"),
    [
        ({"window": BBox((0, 0, 1, 1), CRS.WGS84)}, IndexError, r"window BBox.*WGS84|4326.*patch, BBox\(\(\(500000"),
        ({"window": BBox((500900, 5100000, 501010, 5100800), CRS.UTM_33N)}, IndexError, "reaches out of the patch"),
        ({"window": (slice(0, 81), slice(0, 1))}, IndexError, "there are 80 rows"),
        ({"window": (0, 1)}, ValueError, "two slices"),
        ({"window": (slice(0, 1), slice(0, 1)), "features": [FeatureType.SCALAR]}, ValueError, "needs an image"),
        ({"bands": {BANDS: [4]}}, IndexError, r"data/BANDS\..*no band at position 4: there are 4"),
        ({"bands": {BANDS: [0.5]}}, ValueError, "Can't select a band"),
        ({"bands": {("data", "missing"): [0]}}, ValueError, r"'missing'. Loaded are: .*'BANDS'"),
        ({"bands": {BANDS: [0]}, "features": [CLASS]}, ValueError, "'BANDS'"),
        ({"bands": {"BANDS": [0]}}, ValueError, "BANDS"),
    ],
)
def test_a_part_that_is_not_there_is_refused(url, part, error, message):
    with pytest.raises(error, match=message) as info:
        EOPatch.load(url, **part)
    assert isinstance(info.value, EOLearnError)


def test_a_part_of_a_lazy_patch_is_saved_over_the_whole(url):
    lazy = EOPatch.load(url, window=(slice(0, 10), slice(0, 10)), lazy_loading=True)
    lazy.save(url, overwrite_permission="OVERWRITE_FEATURES")
    np.testing.assert_array_equal(EOPatch.load(url)[BANDS], PATCH[BANDS][:, :10, :10])
    assert EOPatch.load(url).bbox == BBox((500000, 5100700, 500100, 5100800), CRS.UTM_33N)
