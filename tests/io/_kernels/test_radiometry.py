import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eolearn.io._kernels.radiometry import (
    dark_levels,
    lowest_levels,
    sample,
    steps,
    typical_sizes,
    usable_pixels,
)

ROLES = {"blue": 0, "green": 1, "red": 2, "nir": 3, "swir1": 4, "swir2": 5}
GRASS = np.array([0.03, 0.08, 0.05, 0.42, 0.25, 0.12], np.float32)
WATER = np.array([0.05, 0.04, 0.02, 0.01, 0.004, 0.004], np.float32)


def land(dates: int, *, pixels: int = 100, seed: int = 0) -> np.ndarray:
    """Grass that is thinner in some pixels, the same on all dates but for noise of 0.001."""
    rng = np.random.default_rng(seed)
    cover = rng.uniform(0.6, 1, (1, pixels, 1)).astype(np.float32)
    noise = rng.normal(0, 0.001, (dates, pixels, 6)).astype(np.float32)
    return cover * GRASS + noise


def all_of(pixels: np.ndarray) -> np.ndarray:
    return np.ones(pixels.shape[:2], bool)


def test_sample_takes_a_regular_part_and_keeps_small_images() -> None:
    data = np.arange(2 * 40 * 50 * 3).reshape(2, 40, 50, 3)
    assert np.array_equal(sample(data, 2000), data.reshape(2, 2000, 3))
    assert np.array_equal(sample(data, 500), data[:, ::2, ::2].reshape(2, 500, 3))
    assert sample(np.zeros((0, 4, 4, 2))).shape == (0, 16, 2)


def test_pixels_of_one_number_or_of_one_band_are_not_usable() -> None:
    nan = np.nan
    pixels = np.array([[[0, 0, 0], [0.1, 0.2, nan], [nan, nan, 0.2], [nan, nan, nan], [0.1, 0.1, 0.1]]], np.float32)
    assert usable_pixels(pixels).tolist() == [[False, True, False, False, False]]


def test_sizes_and_lowest_levels_agree_with_numpy() -> None:
    pixels = land(3)
    usable = all_of(pixels)
    usable[1] = False
    usable[2, ::3] = False
    expected = [np.median(pixels[0]), np.nan, np.median(pixels[2][usable[2]])]
    np.testing.assert_allclose(typical_sizes(pixels, usable), expected)
    lowest = lowest_levels(pixels, usable, [2, 3])
    np.testing.assert_allclose(lowest[0], np.percentile(pixels[0][:, 2:4], 1, axis=0), rtol=1e-6)
    assert np.isnan(lowest[1]).all()


@given(st.sampled_from([-0.2, -0.1, 0.1, 0.2]))
def test_an_offset_moves_dark_levels_and_leaves_contrast(offset: float) -> None:
    pixels = land(2)
    right, wrong = (dark_levels(x, all_of(x), ROLES) for x in (pixels, pixels + np.float32(offset)))
    np.testing.assert_allclose(wrong.level, right.level + offset, atol=1e-6)
    np.testing.assert_allclose(wrong.contrast, right.contrast, atol=1e-6)
    np.testing.assert_allclose(wrong.blueness, right.blueness, atol=1e-6)


def test_dark_level_of_vegetation_is_its_red() -> None:
    pixels = np.broadcast_to(GRASS, (1, 50, 6)).astype(np.float32)
    level, contrast, blueness = (float(values[0]) for values in dark_levels(pixels, all_of(pixels), ROLES))
    np.testing.assert_allclose([level, contrast, blueness], [0.05, 0.42 - 0.05, 0.03 - 0.05], atol=1e-6)


def test_dark_level_of_water_is_its_longest_band() -> None:
    pixels = np.broadcast_to(WATER, (1, 50, 6)).astype(np.float32)
    result = dark_levels(pixels, all_of(pixels), ROLES)
    np.testing.assert_allclose(result.level, [0.004], atol=1e-6)
    assert np.isnan(result.contrast).all()


def test_sand_and_a_few_pixels_show_nothing_dark() -> None:
    sand = np.broadcast_to(np.array([0.18, 0.27, 0.36, 0.45, 0.55, 0.52], np.float32), (1, 50, 6))
    assert np.isnan(dark_levels(sand, all_of(sand), ROLES).level).all()
    few = land(1, pixels=15)
    assert np.isnan(dark_levels(few, all_of(few), ROLES).level).all()


def test_the_band_of_cirrus_is_taken_where_it_is() -> None:
    sand = np.broadcast_to(np.array([0.18, 0.27, 0.36, 0.45, 0.55, 0.52, 0.002], np.float32), (1, 50, 7))
    np.testing.assert_allclose(dark_levels(sand, all_of(sand), ROLES, cirrus=6).level, [0.032], atol=1e-6)


def links(pixels: np.ndarray) -> dict[tuple[int, int], float]:
    dark = dark_levels(pixels, all_of(pixels), ROLES).level
    return {(i, j): step for i, j, step in steps(pixels, all_of(pixels), ROLES, dark, (0.1, 0.2))}


def test_steps_of_offsets_are_found_between_all_near_dates() -> None:
    pixels = land(7)
    pixels[3:] += np.float32(0.1)
    expected = {(i, j): 0.1 * ((i < 3) & (j >= 3)) for i in range(7) for j in range(i + 1, min(7, i + 5))}
    assert links(pixels) == expected


def test_growth_haze_and_bright_pixels_are_no_steps() -> None:
    pixels = land(2)
    grown = pixels.copy()
    grown[1, :, 3] += np.float32(0.1)
    assert (0, 1) not in links(grown)
    hazy = pixels.copy()
    hazy[1] = np.float32(0.12) + np.float32(0.75) * hazy[1]  # a white veil of a quarter
    assert (0, 1) not in links(hazy)
    assert links(pixels + np.float32(0.4)) == {}


def test_without_a_band_beyond_the_visible_there_are_no_steps() -> None:
    pixels = land(2)
    pixels[1] += np.float32(0.1)
    dark = np.full(2, np.nan)
    visible = {"blue": 0, "green": 1, "red": 2}
    assert list(steps(pixels, all_of(pixels), visible, dark, (0.1,))) == []
