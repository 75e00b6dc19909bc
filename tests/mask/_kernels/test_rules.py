from __future__ import annotations

import numpy as np
import pytest

from eolearn.mask._kernels.rules import rule_based_clouds, snow_like

NAMES = ["blue", "green", "red", "nir", "swir1", "cirrus"]
SPECTRA = {
    "cloud": [0.5, 0.48, 0.48, 0.52, 0.4, 0.002],
    "cirrus": [0.12, 0.1, 0.08, 0.3, 0.2, 0.04],
    "forest": [0.09, 0.08, 0.05, 0.3, 0.14, 0.001],
    "soil": [0.14, 0.15, 0.18, 0.25, 0.35, 0.001],
    "sand": [0.2, 0.3, 0.4, 0.48, 0.6, 0.001],
    "water": [0.1, 0.07, 0.05, 0.03, 0.01, 0.001],
    "snow": [0.8, 0.8, 0.78, 0.75, 0.08, 0.002],
}


def clouds(spectrum, names=NAMES, **more):
    bands = {name: np.float32([value]) for name, value in zip(NAMES, spectrum, strict=True) if name in names} | more
    return rule_based_clouds(bands, brightness=0.14, whiteness=0.7).item()


@pytest.mark.parametrize("name", SPECTRA)
def test_clouds_and_cirrus_are_found_and_other_spectra_are_not(name):
    assert clouds(SPECTRA[name]) == (name in ("cloud", "cirrus"))


@pytest.mark.parametrize("name", ["forest", "soil", "sand", "water", "cloud"])
def test_two_bands_are_enough_for_a_coarse_answer(name):
    assert clouds(SPECTRA[name], ["blue", "red"]) == (name == "cloud")


def test_warm_ground_is_no_cloud():
    assert clouds(SPECTRA["cloud"], lwir=np.float32([280]))
    assert not clouds(SPECTRA["cloud"], lwir=np.float32([310]))


def test_no_data_is_no_cloud():
    assert not clouds([np.nan] * 6)
    assert not clouds([0.0] * 6)


def test_snow_is_bright_in_green_and_dark_in_short_wave_infrared():
    spectra = np.float32([SPECTRA[name] for name in ("snow", "cloud", "water")]).T
    assert snow_like(spectra[1], spectra[4], spectra[3]).tolist() == [True, False, False]
