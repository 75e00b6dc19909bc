from __future__ import annotations

import pytest
import spyndex

from eolearn.core.exceptions import SettingError
from eolearn.features._band_names import band_positions, check_sensor, wavelength_nm

SENTINEL2_L2A = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12"]
PLATFORMS = {"sentinel2": "sentinel2a"} | {
    name: name for name in ("landsat4", "landsat5", "landsat7", "landsat8", "landsat9", "modis")
}


@pytest.mark.parametrize(("sensor", "platform"), PLATFORMS.items())
def test_bands_and_wavelengths_are_those_of_the_catalogue(sensor, platform):
    for short_name, band in spyndex.bands.items():
        there = getattr(band, platform, None)
        if there is not None:
            assert short_name in band_positions([there.band], sensor)
            assert wavelength_nm(short_name, sensor) == there.wavelength


def test_names_of_sentinel2_stand_for_all_its_bands():
    expected = ["A", "B", "G", "R", "RE1", "RE2", "RE3", "N", "N2", "WV", "S1", "S2"]
    assert band_positions(SENTINEL2_L2A, "sentinel2") == {name: index for index, name in enumerate(expected)}


@pytest.mark.parametrize("sensor", ["landsat8", "landsat9", "modis"])
def test_single_near_infrared_band_is_both(sensor):
    positions = band_positions(["B5" if sensor.startswith("landsat") else "B2"], sensor)
    assert positions == {"N": 0, "N2": 0}


@pytest.mark.parametrize(
    ("name", "sensor", "expected"),
    [
        ("B4", "sentinel2", "R"),
        ("B04", "sentinel2", "R"),
        ("b8a", "sentinel2", "N2"),
        ("SR_B4", "landsat8", "R"),
        ("ST_B10", "landsat9", "T"),
        ("ST_B6", "landsat7", "T"),
        ("sur_refl_b01", "modis", "R"),
        ("Band_3", "landsat5", "R"),
        ("B6_1", "landsat7", None),
        ("red", None, "R"),
        ("NIR", None, "N"),
        ("swir16", None, "S1"),
        ("RE1", None, "RE1"),
        ("VV", None, "VV"),
    ],
)
def test_names_have_many_spellings(name, sensor, expected):
    if expected is None:
        assert "T" in band_positions([name], sensor)
    else:
        assert band_positions(["dataMask", name], sensor)[expected] == 1


def test_other_names_are_passed_over():
    assert band_positions(["dataMask", "B10", "B99", "r"], "sentinel2") == {}
    assert band_positions(["B04"], None) == {}


def test_positions_may_be_given():
    assert band_positions({"red": 3, "B08": 7}, "sentinel2") == {"R": 3, "N": 7}


def test_two_names_for_one_band_are_refused():
    with pytest.raises(SettingError, match="'red'"):
        band_positions(["B04", "red"], "sentinel2")


def test_unknown_sensor_is_named_with_those_like_it():
    check_sensor(None)
    with pytest.raises(SettingError, match="Did you mean sentinel2"):
        check_sensor("sentinel-2")


def test_wavelength_that_is_not_known_is_none():
    assert wavelength_nm("N", None) is None
    assert wavelength_nm("RE1", "modis") is None
