import numpy as np
import pytest

from eolearn.io._kernels.spectra import natural_share, swapped

ROLES = ("blue", "green", "red", "nir", "swir1", "swir2")
# rounded from the spectral library of the USGS (Kokaly et al. 2017), at the centres of Sentinel-2's bands
SURFACES = {
    "grass": (0.03, 0.08, 0.05, 0.42, 0.25, 0.12),
    "conifers": (0.02, 0.04, 0.02, 0.22, 0.10, 0.04),
    "dry grass": (0.09, 0.14, 0.20, 0.35, 0.42, 0.28),
    "soil": (0.08, 0.12, 0.16, 0.22, 0.30, 0.26),
    "sand": (0.18, 0.27, 0.36, 0.45, 0.55, 0.52),
    "water": (0.04, 0.03, 0.02, 0.01, 0.00, 0.00),
    "turbid water": (0.10, 0.14, 0.13, 0.06, 0.01, 0.01),
    "snow": (0.92, 0.92, 0.91, 0.85, 0.12, 0.08),
    "old snow": (0.60, 0.62, 0.60, 0.45, 0.04, 0.03),
    "cloud": (0.60, 0.58, 0.57, 0.60, 0.45, 0.33),
}


def bands(*names: str) -> dict[str, np.ndarray]:
    return dict(zip(ROLES, np.array([SURFACES[name] for name in names], np.float32).T, strict=True))


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("air", [0.0, 1.0])
def test_surfaces_of_nature_are_known_at_the_ground_and_through_the_air(name: str, air: float) -> None:
    # what clear air adds at a sun of 45 degrees: 0.23 * (0.49 / wavelength) ** 4 * 0.25 of Rayleigh's optical depth
    added = {"blue": 0.06, "green": 0.037, "red": 0.018, "nir": 0.007}
    seen = {role: values + air * added.get(role, 0) for role, values in bands(name).items()}
    assert natural_share(seen) == 1
    assert natural_share({role: seen[role] for role in ROLES[:4]}) == 1


@pytest.mark.parametrize(
    ("first", "second"), [("red", "nir"), ("green", "nir"), ("blue", "nir"), ("nir", "swir2"), ("swir1", "swir2")]
)
def test_a_swap_in_a_landscape_with_vegetation_is_found(first: str, second: str) -> None:
    right = bands("grass", "grass", "conifers", "dry grass", "conifers")
    wrong = {**right, first: right[second], second: right[first]}
    assert swapped(right) is None
    found = swapped(wrong)
    assert found is not None
    assert (first, second) in found.pairs
    assert found.share_after == 1


def test_what_no_swap_mends_is_no_swap() -> None:
    values = (0.02, 0.9, 0.9, 0.02, 0.02, 0.9)  # two peaks, wherever two bands change places
    odd = {role: np.full(20, value, np.float32) for role, value in zip(ROLES, values, strict=True)}
    assert natural_share(odd) == 0
    assert swapped(odd) is None


def test_three_bands_say_nothing_of_their_order() -> None:
    right = bands("grass", "conifers")
    assert swapped({"blue": right["blue"], "red": right["nir"], "nir": right["red"]}) is None


def test_no_pixels_say_nothing() -> None:
    none = {role: np.empty(0, np.float32) for role in ROLES}
    assert np.isnan(natural_share(none))
    assert swapped(none) is None
