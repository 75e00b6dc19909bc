from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
import spyndex
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, MissingExtra, SettingError
from eolearn.features import NormalizedDifferenceIndexTask
from eolearn.features._band_names import SHORT_NAMES
from eolearn.features.indices import SpectralIndexTask

BANDS = (FeatureType.DATA, "BANDS")
OUT = (FeatureType.DATA, "INDICES")
NAMES = sorted(SHORT_NAMES)
RGBN = ["B02", "B03", "B04", "B08"]


def make_patch(shape, dtype=np.float64, top=1.0):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=["2025-01-01"] * shape[0])
    patch[BANDS] = (np.random.default_rng(0).random(shape) * top).astype(dtype)
    return patch


def task(indices, bands=RGBN, sensor="sentinel2", **kwargs):
    return SpectralIndexTask(BANDS, OUT, indices, bands=bands, sensor=sensor, **kwargs)


def by_spyndex(name, data):
    """The index as spyndex computes it, with the defaults of its catalogue and the wavelengths of Sentinel-2A."""
    bands = {band: data[..., position] for position, band in enumerate(NAMES)}
    parameters = {}
    for needed in spyndex.indices[name].bands:
        if needed in bands:
            parameters[needed] = bands[needed]
        elif needed == "PAR":
            parameters[needed] = 0.7
        elif needed.startswith("lambda"):
            parameters[needed] = spyndex.bands[needed.removeprefix("lambda")].sentinel2a.wavelength
        elif needed in spyndex.constants:
            parameters[needed] = spyndex.constants[needed].default
        else:
            a, b = (bands.get(side, 1.0) for side in needed[1:])  # kNR and the like; L is 1
            parameters[needed] = spyndex.computeKernel("RBF", a=a, b=b, sigma=0.5)
    with np.errstate(all="ignore"):
        values = np.asarray(spyndex.computeIndex(name, parameters))
    return np.where(np.isfinite(values), values, np.nan)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_index_of_the_catalogue_equals_spyndex(dtype):
    data = make_patch((1, 3, 4, len(NAMES)), dtype)[BANDS]
    names = list(spyndex.indices)
    constants = {"PAR": 0.7} if any("PAR" in spyndex.indices[name].bands for name in names) else {}
    result = task(names, NAMES, constants=constants).map_method(data)
    assert result.dtype == dtype
    assert result.shape == (1, 3, 4, len(names))
    for position, name in enumerate(names):
        kernel = spyndex.indices[name].application_domain == "kernel"
        tolerance = 10 * np.finfo(dtype).eps if kernel else 0  # its exponentials round otherwise
        assert_allclose(result[..., position], by_spyndex(name, data), rtol=0, atol=tolerance, err_msg=name)


def test_several_indices_are_bands_in_the_order_asked_for():
    patch = make_patch((2, 3, 4, 4), np.float32)
    data = patch[BANDS]
    before = data.copy()
    result = task(["NDWI", "NDVI"])(patch)
    assert result is patch
    assert result[OUT].dtype == np.float32
    for position, bands in enumerate(([1, 3], [3, 2])):
        expected = NormalizedDifferenceIndexTask(BANDS, OUT, bands).map_method(data)
        assert_array_equal(result[OUT][..., position : position + 1], expected)
    assert_array_equal(data, before)


def test_one_index_may_be_named_alone():
    assert task("EVI2")(make_patch((1, 2, 2, 4)))[OUT].shape == (1, 2, 2, 1)


def test_constants_replace_those_of_the_catalogue():
    data = make_patch((1, 2, 2, 4))[BANDS]
    r, n = data[..., 2], data[..., 3]
    savi = task("SAVI", constants={"L": 0.5}).map_method(data)[..., 0]
    assert_allclose(savi, 1.5 * (n - r) / (n + r + 0.5))  # Huete 1988
    kernel = task("kNDVI", constants={"sigma": 0.25}).map_method(data)[..., 0]
    k = np.exp(-((n - r) ** 2) / (2 * 0.25**2))
    assert_allclose(kernel, (1 - k) / (1 + k))  # Camps-Valls et al. 2021


def test_digital_numbers_are_scaled_on_the_way():
    patch = make_patch((1, 3, 3, 4), np.uint16, 10_000)
    reflectance = patch[BANDS] * 1e-4 - 0.1
    result = task("EVI", scale=1e-4, offset=-0.1)(patch)[OUT]
    assert result.dtype == np.float32
    b, r, n = (reflectance[..., [band]] for band in (0, 2, 3))
    assert_allclose(result, 2.5 * (n - r) / (n + 6 * r - 7.5 * b + 1), rtol=1e-3)


@pytest.mark.parametrize(
    ("sensor", "bands"),
    [
        ("landsat5", ["B1", "B2", "B3", "B4"]),
        ("landsat8", ["SR_B2", "SR_B3", "SR_B4", "SR_B5"]),
        ("modis", ["sur_refl_b03", "sur_refl_b04", "sur_refl_b01", "sur_refl_b02"]),
        (None, ["blue", "green", "red", "nir"]),
        (None, {"nir": 3, "red": 2}),
        (None, ["B", "G", "R", "N"]),
    ],
)
def test_bands_of_other_sensors_give_the_same_index(sensor, bands):
    data = make_patch((1, 2, 2, 4))[BANDS]
    assert_array_equal(task("NDVI", bands, sensor).map_method(data), task("NDVI").map_method(data))


def test_formulas_of_ones_own_need_no_catalogue():
    code = (
        "import sys; sys.modules['spyndex'] = None; import numpy as np; from eolearn.core import FeatureType;"
        "from eolearn.features.indices import SpectralIndexTask;"
        "f = FeatureType.DATA, 'A';"
        "t = SpectralIndexTask(f, f, {'X': '(N - R) / L'}, bands=['R', 'N'], constants={'L': 2});"
        "print(t.map_method(np.array([[[[1.0, 4.0]]]])).item())"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "1.5"


def test_missing_catalogue_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "spyndex", None)
    with pytest.raises(MissingExtra, match="eo-learn-features\\[indices\\]"):
        task("NDVI")


@pytest.mark.parametrize("shape", [(0, 2, 2, 4), (1, 1, 1, 4)])
def test_no_dates_and_one_pixel(shape):
    assert task(["NDVI", "EVI"])(make_patch(shape))[OUT].shape == (*shape[:3], 2)


def test_many_bands():
    bands = [f"W{index}" for index in range(222)] + ["red", "nir"]
    data = make_patch((1, 2, 2, 224))[BANDS]
    r, n = data[..., 222:223], data[..., 223:]
    assert_array_equal(task("NDVI", bands, None).map_method(data), (n - r) / (n + r))


def test_undefined_value_stands_where_there_is_no_index():
    patch = make_patch((1, 1, 3, 4))
    patch[BANDS] = np.array([[0.0] * 4, [np.nan] * 4, [np.inf] * 4]).reshape(1, 1, 3, 4)
    assert task("NDVI", undefined_value=-2)(patch)[OUT].ravel().tolist() == [-2, -2, -2]


def test_task_can_be_pickled_and_used_without_the_catalogue(monkeypatch):
    pickled = pickle.dumps(task(["NDVI", "kNDVI"]))
    monkeypatch.setitem(sys.modules, "spyndex", None)
    data = make_patch((1, 2, 2, 4))[BANDS]
    assert np.isfinite(pickle.loads(pickled).map_method(data)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"indices": "NDVII"}, "'NDVII'.*Did you mean .*NDVI"),
        ({"indices": "ndvi"}, "Did you mean .*NDVI"),
        ({"indices": []}, "empty"),
        ({"indices": ["NDVI", "NDVI"]}, "once"),
        ({"indices": "NDMI"}, "'NDMI' needs the bands S1"),
        ({"indices": "NDVI", "sensor": None}, "needs the bands N, R.*without a sensor"),
        ({"indices": "NDVI", "sensor": "sentinel"}, "no sensor 'sentinel'.*sentinel2"),
        ({"indices": "NDVI", "constants": {"L": 1}}, "constant 'L'"),
        ({"indices": "WDRVI", "constants": {"alfa": 1}}, "'alfa'.*Did you mean alpha"),
        ({"indices": {"MINE": "N / eval('R')"}}, "as a formula"),
        ({"indices": {"MINE": "N / Q"}}, "'MINE' needs the constants Q"),
        ({"indices": "NIRvP"}, "the constants PAR"),
        ({"indices": "NDVI", "bands": "B04"}, "the string 'B04'"),
    ],
)
def test_settings_are_checked_at_construction(settings, message):
    with pytest.raises(SettingError, match=message):
        task(**settings)


def test_number_of_bands_is_checked_at_the_door():
    with pytest.raises(DataError, match=r"has 3 bands.*names 4"):
        task("NDVI")(make_patch((1, 2, 2, 3)))
    with pytest.raises(IndexOutOfRange, match="Band N is at 7"):
        task("NDVI", {"R": 1, "N": 7}, None)(make_patch((1, 2, 2, 3)))


def test_real_landsat_series_in_float32_equals_spyndex_in_float64(repository):
    path = repository.parent / "shared/data/yatsm/p013r030_r50_n423_b8.npz"
    if not path.is_file():
        pytest.skip("needs the Landsat series in ../shared/data/yatsm")
    series = np.load(path)["Y"]  # (band, date, pixel), int16, reflectance times ten thousand
    bands = np.moveaxis(series, 0, -1)[:, np.newaxis]
    names = ["EVI", "NBR", "NDVI"]
    landsat = ["B1", "B2", "B3", "B4", "B5", "B7", "B6", "fmask"]
    result = task(names, landsat, "landsat5", scale=1e-4).map_method(bands)
    assert result.dtype == np.float32
    b, r, n, s2 = (bands[..., band] * 1e-4 for band in (0, 2, 3, 5))
    constants = {name: spyndex.constants[name].default for name in ("g", "C1", "C2", "L")}
    with np.errstate(all="ignore"):
        expected = spyndex.computeIndex(names, {"B": b, "R": r, "N": n, "S2": s2} | constants)
    clear = (bands[..., 7] == 0) & (np.abs(n + 6 * r - 7.5 * b + 1) > 0.1)
    assert clear.mean() > 0.5
    for position in range(3):
        assert_allclose(result[clear, position], expected[position][clear], rtol=0, atol=1e-4)
