"""Each fault is put into real images, and exactly that is found; and nothing in the images as they are."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, FeatureMissing, SettingError
from eolearn.io.radiometry import CheckRadiometryTask, RadiometryFinding
from eolearn.io.simulated import SimulatedInputTask

BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]
FEATURE = (FeatureType.DATA, "BANDS")
BOX = BBox((465181, 5079244, 466180, 5080254), CRS.UTM_33N)


def patch_of(data: np.ndarray) -> EOPatch:
    times = [datetime(2021, 6, 1) + timedelta(days=10 * i) for i in range(len(data))]
    return EOPatch(data={"BANDS": data}, bbox=BOX, timestamps=times)


def find(data: np.ndarray, bands: list[str] | None = None) -> dict[str, RadiometryFinding]:
    found = CheckRadiometryTask(feature=FEATURE, bands=bands or BANDS).find(patch_of(data))
    return {finding.kind: finding for finding in found}


def positions(finding: RadiometryFinding) -> list[int]:
    return [(date - datetime(2021, 6, 1)).days // 10 for date in finding.dates if isinstance(date, datetime)]


@pytest.fixture(scope="module")
def shared(repository: Path) -> Path:
    path = repository.parent / "shared/data"
    if not path.is_dir():
        pytest.skip("needs the real data in ../shared/data")
    return path


@pytest.fixture(scope="module")
def scenes(shared: Path) -> np.ndarray:
    """Five dates of Sentinel-2 L1C, the first cloudy, the second hazy."""
    return np.load(shared / "eolearn/example_data/REFERENCE_SCENES.npy")


def test_nothing_is_found_in_real_images(scenes: np.ndarray) -> None:
    assert find(scenes) == {}
    chosen = [1, 2, 3, 7, 11, 12]
    assert find(scenes[..., chosen], [BANDS[i] for i in chosen]) == {}
    assert find(scenes[..., chosen[:4]], [BANDS[i] for i in chosen[:4]]) == {}


def test_no_warning_and_the_same_array_where_nothing_is_wrong(scenes: np.ndarray) -> None:
    patch = patch_of(scenes)
    task = CheckRadiometryTask(feature=FEATURE, bands=BANDS, mend=True, findings="FOUND")
    result = task.execute(patch)
    assert result.data["BANDS"] is scenes
    assert result.meta_info["FOUND"] == []


def test_digital_numbers_are_found_and_mended(scenes: np.ndarray) -> None:
    numbers = np.round(scenes * 10_000).astype(np.uint16)
    numbers[:, :5] = 0
    found = find(numbers)
    assert list(found) == ["digital_numbers"]
    assert positions(found["digital_numbers"]) == [0, 1, 2, 3, 4]
    mended = mend(numbers, True)
    assert mended.dtype == np.float32
    assert np.isnan(mended[:, :5]).all()
    np.testing.assert_allclose(mended[:, 5:], scenes[:, 5:], atol=5.1e-5)


def mend(data: np.ndarray, kinds: bool | list[str], bands: list[str] | None = None) -> np.ndarray:
    task = CheckRadiometryTask(feature=FEATURE, bands=bands or BANDS, mend=kinds)
    before = data.copy()
    with pytest.warns(EORuntimeWarning, match="has been put right"):
        result = task.execute(patch_of(data))
    np.testing.assert_array_equal(data, before)
    return result.data["BANDS"]


@pytest.mark.parametrize("dates", [[0, 1, 2, 3, 4], [3, 4], [2]])
@pytest.mark.parametrize(("offset", "kind"), [(0.1, "offset_missed"), (-0.1, "offset_twice")])
def test_an_offset_is_found_on_its_dates_and_mended(
    scenes: np.ndarray, dates: list[int], offset: float, kind: str
) -> None:
    wrong = scenes.copy()
    wrong[dates] += np.float32(offset)
    found = find(wrong)
    assert list(found) == [kind]
    assert positions(found[kind]) == dates
    assert found[kind].figures["offset"] == pytest.approx(offset)
    np.testing.assert_allclose(mend(wrong, [kind]), scenes, atol=1e-6)


def test_the_offset_of_digital_numbers_is_found_and_both_are_mended(scenes: np.ndarray) -> None:
    numbers = np.round(scenes * 10_000 + 1000).astype(np.uint16)
    assert list(find(numbers)) == ["digital_numbers", "offset_missed"]
    np.testing.assert_allclose(mend(numbers, True), scenes, atol=5.1e-5)
    np.testing.assert_allclose(mend(numbers, ["offset_missed"]), np.round(scenes * 10_000), atol=0.01)


def test_no_data_of_0_stays_0_when_an_offset_is_mended(scenes: np.ndarray) -> None:
    right = scenes.copy()
    right[:, :10] = 0
    missed = right + np.float32(0.1) * (right != 0)
    np.testing.assert_allclose(mend(missed, True), right, atol=1e-6)
    np.testing.assert_allclose(mend(right - np.float32(0.1), True), right, atol=1e-6)


@pytest.mark.parametrize("value", [0.0, np.nan, 65535.0, 0.7])
def test_slices_of_one_number_are_found_and_become_nan(scenes: np.ndarray, value: float) -> None:
    wrong = scenes.copy()
    wrong[1] = value
    wrong[3, ..., 11] = value
    found = CheckRadiometryTask(feature=FEATURE, bands=BANDS).find(patch_of(wrong))
    assert [(one.kind, positions(one), one.bands) for one in found] == [
        ("empty", [1], tuple(BANDS)),
        ("empty", [3], ("B11",)),
    ]
    mended = mend(wrong, ["empty"])
    assert np.isnan(mended[1]).all()
    assert np.isnan(mended[3, ..., 11]).all()
    np.testing.assert_array_equal(mended[[0, 2, 4]], scenes[[0, 2, 4]])


@pytest.mark.parametrize(("first", "second"), [("B04", "B08"), ("B03", "B08"), ("B02", "B08"), ("B11", "B12")])
def test_swapped_bands_are_found(scenes: np.ndarray, first: str, second: str) -> None:
    order = [{first: second, second: first}.get(name, name) for name in BANDS]
    found = find(scenes[..., [BANDS.index(name) for name in order]])
    assert list(found) == ["swapped_bands"]
    assert set(found["swapped_bands"].bands) == {first, second}


def test_a_band_that_is_there_twice_is_found(scenes: np.ndarray) -> None:
    wrong = scenes.copy()
    wrong[..., 5] = wrong[..., 6]
    found = find(wrong)
    assert list(found) == ["duplicated_bands"]
    assert found["duplicated_bands"].bands == ("B06", "B07")


def test_a_date_that_is_there_twice_is_found(scenes: np.ndarray) -> None:
    wrong = scenes.copy()
    wrong[3] = wrong[2]
    found = find(wrong)
    assert list(found) == ["duplicated_dates"]
    assert positions(found["duplicated_dates"]) == [2, 3]


def test_clipped_values_are_found_on_their_dates(scenes: np.ndarray) -> None:
    wrong = scenes * 2.2  # the brightest cloud has 0.53
    wrong[0] = np.minimum(wrong[0], 1)
    found = find(np.minimum(wrong, 1), BANDS)
    assert positions(found["saturated"]) == [0]
    assert set(found["saturated"].bands) <= {"B05", "B06", "B07", "B08", "B8A"}


def test_a_date_with_another_gain_jumps_if_clear_pixels_are_known(scenes: np.ndarray) -> None:
    data = np.concatenate([scenes[2:4]] * 5)
    data += np.linspace(0, 0.009, len(data), dtype=np.float32)[:, np.newaxis, np.newaxis, np.newaxis]
    data[4] = data[4] * 2.5 + 0.1
    patch = patch_of(data)
    patch.mask["CLEAR"] = np.ones((*data.shape[:3], 1), bool)
    names = [name if name in ("B02", "B03", "B04", "B08", "B11", "B12") else None for name in BANDS]
    found = CheckRadiometryTask(feature=FEATURE, bands=names, clear=(FeatureType.MASK, "CLEAR")).find(patch)
    assert [(one.kind, positions(one)) for one in found] == [("jump", [4])]


def test_bands_named_none_are_left_alone(scenes: np.ndarray) -> None:
    wrong = np.concatenate([scenes + np.float32(0.1), np.full((*scenes.shape[:3], 1), 300, np.float32)], axis=-1)
    mended = mend(wrong, True, [*BANDS, None])
    np.testing.assert_allclose(mended[..., :13], scenes, atol=1e-6)
    assert (mended[..., 13] == 300).all()


def test_findings_are_said_in_one_warning_and_stored(scenes: np.ndarray) -> None:
    wrong = scenes.copy()
    wrong[1] = 0
    wrong[3] += np.float32(0.1)
    task = CheckRadiometryTask(feature=FEATURE, bands=BANDS, findings="FOUND")
    with pytest.warns(EORuntimeWarning) as caught:
        result = task.execute(patch_of(wrong))
    assert len(caught) == 1
    for text in ("empty", "offset_missed", "2021-06-11", "2021-07-01", "Subtract 0.1"):
        assert text in str(caught[0].message)
    assert result.data["BANDS"] is wrong
    stored = result.meta_info["FOUND"]
    assert [one["kind"] for one in stored] == ["empty", "offset_missed"]
    assert json.loads(json.dumps(stored)) == stored
    assert stored[1]["dates"] == ["2021-07-01T00:00:00"]


def test_mended_data_may_go_to_another_feature(scenes: np.ndarray) -> None:
    wrong = scenes + np.float32(0.1)
    task = CheckRadiometryTask(feature=FEATURE, bands=BANDS, mend="offset_missed", output=(FeatureType.DATA, "RIGHT"))
    with pytest.warns(EORuntimeWarning):
        result = task.execute(patch_of(wrong))
    assert result.data["BANDS"] is wrong
    np.testing.assert_allclose(result.data["RIGHT"], scenes, atol=1e-6)


@pytest.mark.parametrize("shape", [(0, 5, 5, 13), (3, 1, 1, 13), (2, 0, 4, 13)])
def test_patches_with_few_or_no_pixels_are_let_pass(shape: tuple[int, ...]) -> None:
    assert find(np.full(shape, 0.1, np.float32)) == {}


def test_single_dates_say_nothing_of_an_offset_in_haze(scenes: np.ndarray) -> None:
    chosen = [1, 2, 3, 7]
    for date in range(5):
        assert find(scenes[[date]][..., chosen], [BANDS[i] for i in chosen]) == {}


def test_landsat_numbers_are_recognised_and_need_a_scaling(shared: Path) -> None:
    rasterio = pytest.importorskip("rasterio")
    folders = sorted((shared / "gdalcubes_L8NY18/inst/L8NY18").glob("LC08_L1TP_014032_*"))
    images = []
    for folder in folders:
        bands = []
        for number in range(2, 8):
            with rasterio.open(next(folder.glob(f"*_B{number}.TIF"))) as file:
                bands.append(file.read(1))
        images.append(np.stack(bands, axis=-1))
    numbers = np.stack([image for image in images if image.shape == images[0].shape])
    names = ["blue", "green", "red", "nir08", "swir16", "swir22"]
    found = find(numbers, names)
    assert list(found) == ["digital_numbers"]
    assert "Landsat" in found["digital_numbers"].advice
    assert 4500 < found["digital_numbers"].figures["darkest"] < 5500  # Level 1 has 5,000 where nothing shines
    task = CheckRadiometryTask(feature=FEATURE, bands=names, scaling=(2e-5, -0.1), mend=True)
    with pytest.warns(EORuntimeWarning):
        mended = task.execute(patch_of(numbers)).data["BANDS"]
    expected = np.where(numbers == 0, np.nan, numbers * 2e-5 - 0.1)
    np.testing.assert_allclose(mended, expected, atol=1e-6)


def test_a_series_of_423_dates_has_no_false_alarms(shared: Path) -> None:
    stored = np.load(shared / "yatsm/p013r030_r50_n423_b8.npz")["Y"]
    data = np.moveaxis(stored[:6], 0, -1)[:, np.newaxis] * np.float32(1e-4)
    names = ["blue", "green", "red", "nir08", "swir16", "swir22"]
    data[data < -0.9] = np.nan
    found = find(data, names)
    # it is true: clouds are clipped at 1.6, in blue on two dates in all pixels
    assert set(found) == {"empty", "saturated"}
    assert found["empty"].figures["value"] == pytest.approx(1.6)
    assert found["empty"].bands == ("blue",)
    assert (stored[:6].max(axis=(1, 2)) == 16_000).all()


def test_a_lasting_offset_in_a_long_series_is_found_on_nearly_all_dates(shared: Path) -> None:
    stored = np.load(shared / "yatsm/p013r030_r50_n423_b8.npz")["Y"]
    data = np.moveaxis(stored[:6], 0, -1)[:, np.newaxis] * np.float32(1e-4)
    data[data < -0.9] = np.nan
    data[211:] += np.float32(0.1)
    found = find(data, ["blue", "green", "red", "nir08", "swir16", "swir22"])
    dates = np.array(positions(found["offset_missed"]))
    assert (dates >= 211).sum() > 0.95 * 212
    assert (dates < 211).sum() <= 3


def cube(path: Path) -> tuple[np.ndarray, list[str]]:
    """Read Sentinel-2's bands of a netCDF file with GDAL."""
    rasterio = pytest.importorskip("rasterio")
    if "netCDF" not in rasterio.drivers.raster_driver_extensions().values():
        pytest.skip("GDAL without netCDF")
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning), rasterio.open(path) as file:
        names = sorted({name.rsplit("-", 1)[1] for name in file.subdatasets if ":S2-L2A-B" in name})
    bands = []
    for name in names:
        with rasterio.open(f"netcdf:{path}:S2-L2A-{name}") as file:
            bands.append(file.read())
    return np.stack(bands, axis=-1), names


def test_missing_months_of_worldcereal_are_found(shared: Path) -> None:
    data, names = cube(shared / "worldcereal/worldcereal_preprocessed_inputs.nc")
    found = find(data, names)
    assert list(found) == ["empty", "digital_numbers"]
    assert positions(found["empty"]) == [1, 2]
    assert found["empty"].figures["value"] == 65535
    assert len(found["digital_numbers"].dates) == 10


def test_openeo_has_taken_the_offset_of_2023_back(shared: Path) -> None:
    folder = shared / "gfmap/integration_tests/test_openeo_gfmap/resources"
    data, names = cube(next(folder.glob("test_optical_cube__*.nc")))
    assert list(find(data, names)) == ["digital_numbers"]
    assert list(find(data + np.uint16(1000), names)) == ["digital_numbers", "offset_missed"]


@pytest.mark.parametrize(("north", "months"), [(42, "07"), (50, "01"), (60, "03"), (60, "10")])
def test_no_false_alarm_over_simulated_water_snow_and_forest(north: int, months: str) -> None:
    task = SimulatedInputTask(bands_feature=FEATURE, size=(48, 48), bands=BANDS, seed=north)
    south = north * 110_700
    box = BBox((460_000, south, 460_480, south + 480), CRS.UTM_33N)
    patch = task.execute(bbox=box, time_interval=(f"2021-{months}-01", f"2021-{months}-28"))
    found = CheckRadiometryTask(feature=FEATURE, bands=BANDS).find(patch)
    assert [one for one in found if one.kind != "empty"] == []


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SettingError, match=r"'B4' isn't known. Near it are \['B04'"):
        CheckRadiometryTask(feature=FEATURE, bands=["B02", "B4"])
    with pytest.raises(SettingError, match="list of the names"):
        CheckRadiometryTask(feature=FEATURE, bands=[None])
    with pytest.raises(SettingError, match="can be found, but not mended"):
        CheckRadiometryTask(feature=FEATURE, bands=BANDS, mend=["swapped_bands"])
    with pytest.raises(SettingError, match="aren't known"):
        CheckRadiometryTask(feature=FEATURE, bands=BANDS, mend=["offset"])
    with pytest.raises(SettingError, match="scale above 0"):
        CheckRadiometryTask(feature=FEATURE, bands=BANDS, scaling=(0, 1))
    with pytest.raises(ValueError, match="MASK"):
        CheckRadiometryTask(feature=(FeatureType.MASK, "BANDS"), bands=BANDS)


def test_bad_data_are_refused() -> None:
    task = CheckRadiometryTask(feature=FEATURE, bands=["B02", "B04"], clear=(FeatureType.MASK, "CLEAR"))
    with pytest.raises(FeatureMissing, match="BANDS"):
        task.execute(EOPatch(bbox=BOX))
    with pytest.raises(DataError, match="names 2 bands"):
        task.execute(patch_of(np.zeros((2, 4, 4, 3))))
    with pytest.raises(DataError, match="bool"):
        task.execute(patch_of(np.zeros((2, 4, 4, 2), bool)))
    patch = patch_of(np.zeros((2, 4, 4, 2)))
    with pytest.raises(FeatureMissing, match="CLEAR"):
        task.execute(patch)
    patch.mask["CLEAR"] = np.ones((2, 4, 4, 2), bool)
    with pytest.raises(DataError, match="CLEAR"):
        task.execute(patch)
