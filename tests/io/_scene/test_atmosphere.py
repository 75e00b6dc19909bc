"""What the air does to light."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._scene.atmosphere import _SPECTRA_SUN_ZENITH_DEG, optics, rayleigh_depth
from eolearn.io._scene.tables import BANDS

ALL = list(range(13))


@pytest.mark.parametrize(
    ("wavelength", "depth"),  # Bucholtz (1995), doi:10.1364/AO.34.002765, table 5, standard atmosphere at sea level
    [(0.45, 0.2144), (0.55, 0.0939), (0.70, 0.0352)],
)
def test_the_thickness_of_air_is_that_of_other_authors(wavelength, depth):
    assert_allclose(rayleigh_depth(np.array([wavelength])), depth, rtol=0.05)


def test_air_adds_most_in_blue_and_more_when_the_sun_stands_low():
    high, low = optics(ALL, 20.0, 0.1), optics(ALL, 75.0, 0.1)
    visible = [BANDS.index(name) for name in ("B01", "B02", "B03", "B04", "B05", "B08")]
    assert (np.diff(high.rayleigh[visible]) < 0).all()
    assert (low.more_rayleigh[visible] > high.more_rayleigh[visible]).all()
    assert (low.diffuse >= high.diffuse).all()
    assert_allclose(optics(ALL, _SPECTRA_SUN_ZENITH_DEG, 0.1).more_rayleigh, 0, atol=1e-12)


def test_nothing_but_cirrus_is_bright_at_1_37_um():
    found, b10 = optics(ALL, 40.0, 0.3), BANDS.index("B10")
    for part in (found.rayleigh, found.more_rayleigh, found.haze, found.cloud, found.snow):
        assert abs(part[b10]) < 0.01
    assert found.cirrus[b10] > 0.2


def test_bands_are_taken_in_the_order_in_which_they_are_given():
    some, whole = optics([8, 2], 40.0, 0.1), optics(ALL, 40.0, 0.1)
    for name in some._fields:
        if name != "noise_gain":
            assert_array_equal(getattr(some, name), getattr(whole, name)[[8, 2]])


def test_haze_makes_light_diffuse():
    assert (optics(ALL, 40.0, 0.3).diffuse >= optics(ALL, 40.0, 0.05).diffuse).all()
    assert ((optics(ALL, 84.0, 0.5).diffuse >= 0.02) & (optics(ALL, 84.0, 0.5).diffuse <= 0.8)).all()
