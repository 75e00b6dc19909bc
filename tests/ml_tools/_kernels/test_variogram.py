import numpy as np
import pytest

from eolearn.ml_tools._kernels.variogram import MODELS, Lags, empirical_variogram, fit_model


def slow_variogram(points, values, farthest, lags, robust):
    sums = [[] for _ in range(lags)]
    for first in range(len(points)):
        for second in range(first):
            distance = np.hypot(*(points[first] - points[second]))
            if distance <= farthest:
                lag = min(int(distance * (lags / farthest)), lags - 1)
                sums[lag].append((distance, abs(values[first] - values[second])))
    rows = []
    for pairs in filter(None, sums):
        n, (distances, differences) = len(pairs), np.transpose(pairs)
        twice = np.mean(differences**0.5) ** 4 / (0.457 + 0.494 / n) if robust else np.mean(differences**2)
        rows.append((distances.mean(), twice / 2, n))
    return np.array(rows).T


@pytest.mark.parametrize("robust", [True, False])
def test_variogram_is_that_of_the_slow_loop(robust):
    generator = np.random.default_rng(1)
    points, values = generator.uniform(0, 100, (40, 2)), generator.normal(size=40)
    found = empirical_variogram(points, values, farthest=60.0, lags=9, robust=robust)
    np.testing.assert_allclose(np.array(found), slow_variogram(points, values, 60.0, 9, robust))


def test_semivariance_of_noise_is_its_variance_and_outliers_hardly_change_it():
    generator = np.random.default_rng(2)
    points, values = generator.uniform(0, 100, (1000, 2)), generator.normal(0, 3, 1000)
    clean = empirical_variogram(points, values, farthest=50.0, lags=10).semivariances
    assert np.average(clean) == pytest.approx(9, rel=0.1)  # half a million pairs of a thousand values
    values[::100] += 100  # a hundredth: in the classical variogram, these alone add 0.01 * 100 ** 2 = 100
    assert np.average(empirical_variogram(points, values, farthest=50.0, lags=10).semivariances) < 15


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("nugget", "sill", "reach"), [(0.0, 2.0, 300.0), (3.0, 5.0, 700.0)])
def test_model_is_found_again(model, nugget, sill, reach):
    distances = np.linspace(20, 1000, 20)
    exact = Lags(distances, nugget + sill * MODELS[model](distances / reach), np.full(20, 100))
    fit = fit_model(exact, model, largest_range=2000.0)
    np.testing.assert_allclose([fit.nugget, fit.partial_sill, fit.range], [nugget, sill, reach], rtol=0.01, atol=0.01)


@pytest.mark.parametrize("model", MODELS)
def test_models_rise_from_0_to_their_practical_range(model):
    values = MODELS[model](np.array([0.0, 0.3, 0.6, 1.0, 100.0]))
    assert (np.diff(values) >= 0).all()
    assert values[0] == 0
    assert values[3] >= 0.95
    assert values[4] == pytest.approx(1)
