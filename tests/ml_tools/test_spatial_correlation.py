import numpy as np
import pytest
from scipy.spatial.distance import cdist

from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError
from eolearn.core.utils.threads import limit_library_threads
from eolearn.ml_tools._kernels.variogram import MODELS
from eolearn.ml_tools.spatial_correlation import measure_spatial_correlation


def gaussian_field(model, range_m, *, seed, nugget=0.0, n=300, size_m=10_000):
    """Random places, and values whose covariance follows a model: a Cholesky factor times white noise."""
    generator = np.random.default_rng(seed)
    points = generator.uniform(0, size_m, (n, 2))
    covariance = (1 - nugget) * (1 - MODELS[model](cdist(points, points) / range_m))
    covariance[np.diag_indices(n)] = 1 + 1e-8
    with limit_library_threads(1):
        return points, np.linalg.cholesky(covariance) @ generator.normal(size=n)


@pytest.mark.parametrize(("model", "range_m"), [("spherical", 800), ("exponential", 1600), ("gaussian", 1200)])
def test_range_of_simulated_fields_is_recovered(model, range_m):
    found = [measure_spatial_correlation(*gaussian_field(model, range_m, seed=seed)) for seed in range(7)]
    assert np.median([each.range_m for each in found]) == pytest.approx(range_m, rel=0.3)
    assert np.median([each.sill for each in found]) == pytest.approx(1, rel=0.3)


def test_share_of_the_nugget_is_recovered():
    shares = [
        measure_spatial_correlation(*gaussian_field("spherical", 1500, seed=seed, nugget=0.5)).nugget_share
        for seed in range(7)
    ]
    assert np.median(shares) == pytest.approx(0.5, abs=0.15)


def test_buffer_is_the_range_and_the_answer_says_so():
    found = measure_spatial_correlation(*gaussian_field("gaussian", 1000, seed=1))
    assert found.levels_off
    assert found.buffer_m == found.range_m
    assert f"alike up to {found.range_m:.0f} m ({found.model} model" in str(found)
    reached = (found.semivariance(found.range_m) - found.nugget) / (found.sill - found.nugget)
    assert reached == pytest.approx(1 if found.model == "spherical" else 0.95, abs=0.001)


def test_noise_needs_no_buffer():
    generator = np.random.default_rng(0)
    points = generator.uniform(0, 10_000, (1000, 2))
    found = measure_spatial_correlation(points, generator.normal(size=1000), lags=10)
    assert found.nugget_share > 0.9
    assert found.buffer_m == 0
    assert "no buffer is needed" in str(found)


def test_trend_makes_no_buffer_honest_and_warns():
    points = np.random.default_rng(0).uniform(0, 1000, (200, 2))
    with pytest.warns(EORuntimeWarning, match="no buffer within that is honest"):
        found = measure_spatial_correlation(points, points[:, 0])
    assert found.buffer_m == np.inf


def test_scale_of_values_and_places_changes_the_answer_accordingly():
    points, values = gaussian_field("exponential", 1000, seed=2)
    one, other = measure_spatial_correlation(points, values), measure_spatial_correlation(points / 10, 5 * values - 3)
    assert other.range_m == pytest.approx(one.range_m / 10, rel=1e-3)
    assert other.sill == pytest.approx(25 * one.sill, rel=1e-3)


def test_of_many_samples_a_random_part_is_taken():
    points, values = gaussian_field("gaussian", 1000, seed=0, n=600)
    part = measure_spatial_correlation(points, values, most_samples=300, farthest_m=20_000)
    assert part.pairs.sum() == 300 * 299 / 2
    again = measure_spatial_correlation(points, values, most_samples=300, farthest_m=20_000)
    np.testing.assert_array_equal(part.semivariances, again.semivariances)


def test_classes_may_be_measured_one_by_one():
    fields = [gaussian_field("spherical", 1500, seed=seed) for seed in range(7)]
    ranges = [measure_spatial_correlation(points, values > 0).range_m for points, values in fields]
    assert np.median(ranges) == pytest.approx(1500, rel=0.3)


POINTS = np.random.default_rng(0).uniform(0, 1000, (100, 2))


@pytest.mark.parametrize(
    ("coordinates", "values", "settings", "error", "words"),
    [
        (POINTS, np.ones(99), {}, DataError, "100 numbers"),
        (POINTS, np.array(["a"] * 100), {}, DataError, "100 numbers"),
        (POINTS, np.append(np.ones(99), np.nan), {}, DataError, "1 of 100"),
        (POINTS, np.ones(100), {}, DataError, "too little to measure"),
        (POINTS[:20], np.arange(20), {}, DataError, "at least 30"),
        (POINTS, np.arange(100), {"farthest_m": 1e-6}, DataError, "fill 0 of 20"),
        (np.ones((100, 2)), np.arange(100), {}, SettingError, "farthest_m"),
        (POINTS, np.arange(100), {"lags": 4}, SettingError, "lags"),
    ],
)
def test_what_cannot_be_measured_is_refused(coordinates, values, settings, error, words):
    with pytest.raises(error, match=words):
        measure_spatial_correlation(coordinates, values, **settings)
