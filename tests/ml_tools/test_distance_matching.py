import pickle

import numpy as np
import pytest
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import KFold, cross_val_predict

from eolearn.core.exceptions import DataError, SettingError
from eolearn.ml_tools._kernels.matching import distance_between
from eolearn.ml_tools.distance_matching import DistanceMatchedKFold, DistanceMatchedLeaveOneOut

GRID = np.stack(np.meshgrid(np.arange(0, 1000, 40.0), np.arange(0, 1000, 40.0)), axis=-1).reshape(-1, 2)


def clustered(seed, n=120):
    generator = np.random.default_rng(seed)
    middles = generator.uniform(100, 900, (8, 2))
    return middles[generator.integers(0, 8, n)] + generator.normal(0, 25, (n, 2))


def nearest_training(points, splits):
    found = np.empty(len(points))
    for train, test in splits:
        found[test] = cdist(points[test], points[train]).min(axis=1)
    return found


def mismatch(points, splits):
    return distance_between(nearest_training(points, splits), cKDTree(points).query(GRID)[0])


@pytest.mark.parametrize("seed", range(5))
def test_distances_of_clustered_samples_match_those_of_the_map_better_than_without_matching(seed):
    points = clustered(seed)
    splitter = DistanceMatchedLeaveOneOut(points, GRID)
    matched, plain = mismatch(points, splitter.split(points)), mismatch(points, KFold(len(points)).split(points))
    assert matched < 0.4 * plain
    assert splitter.mismatch_m == pytest.approx(matched)
    assert splitter.plain_mismatch_m == pytest.approx(plain)


@pytest.mark.parametrize("seed", range(5))
def test_folds_of_clustered_samples_match_the_map_better_than_random_ones(seed):
    points = clustered(seed)
    splitter = DistanceMatchedKFold(points, GRID, n_splits=5, seed=seed)
    matched = mismatch(points, splitter.split(points))
    plain = mismatch(points, KFold(5, shuffle=True, random_state=seed).split(points))
    assert matched < 0.5 * plain
    assert splitter.mismatch_m == pytest.approx(matched)
    assert np.bincount(splitter.folds).max() <= 60
    assert np.bincount(splitter.folds).min() > 0


def test_radius_is_the_distance_to_the_nearest_training_sample_and_all_beyond_are_trained_with():
    points = clustered(7)
    splitter = DistanceMatchedLeaveOneOut(points, GRID)
    splits = list(splitter.split(points))
    assert [test.tolist() for _, test in splits] == [[sample] for sample in range(120)]
    np.testing.assert_allclose(nearest_training(points, splits), splitter.radii_m)
    for train, test in splits:
        left_out = np.setdiff1d(np.arange(120), [*train, *test])
        assert (cdist(points[left_out], points[test]) < splitter.radii_m[test] + 1e-9).all()


def test_enough_samples_stay_for_training():
    points = clustered(7)
    for share in (0.8, 1.0):
        sizes = [
            len(train) for train, _ in DistanceMatchedLeaveOneOut(points, GRID, least_training_share=share).split()
        ]
        assert min(sizes) >= min(119, share * 120)


def test_distances_beyond_the_farthest_are_not_matched():
    points = clustered(7)
    radii = DistanceMatchedLeaveOneOut(points, GRID, farthest_m=60).radii_m
    plain = nearest_training(points, KFold(120).split(points))
    changed = radii > plain + 1e-9
    assert changed.any()
    assert (plain[changed] <= 60).all()


def test_samples_that_cover_the_map_lose_hardly_any_neighbours():
    points = np.random.default_rng(1).uniform(0, 1000, (150, 2))
    splitter = DistanceMatchedLeaveOneOut(points, GRID)
    assert np.mean([len(train) for train, _ in splitter.split()]) > 147
    assert DistanceMatchedKFold(points, GRID).mismatch_m < 15  # metres, of 40 on average


def test_many_samples_are_clustered_by_some_of_them(monkeypatch):
    monkeypatch.setattr("eolearn.ml_tools.distance_matching._MOST_SAMPLES", 60)
    splitter = DistanceMatchedKFold(clustered(0), GRID)
    assert len(splitter.folds) == 120
    assert splitter.mismatch_m < 0.5 * splitter.plain_mismatch_m


@pytest.mark.parametrize("make", [DistanceMatchedLeaveOneOut, DistanceMatchedKFold])
def test_splitters_are_those_of_scikit_learn(make):
    points = clustered(0, n=40)
    splitter = pickle.loads(pickle.dumps(make(points, GRID)))
    predicted = cross_val_predict(LinearRegression(), points, points[:, 0], cv=splitter)
    np.testing.assert_allclose(predicted, points[:, 0])
    assert splitter.get_n_splits() == len(list(splitter.split(points)))
    with pytest.raises(DataError, match="made for 40"):
        next(splitter.split(points[:39]))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: DistanceMatchedLeaveOneOut(GRID[:2], GRID), DataError, "3 to 5000"),
        (lambda: DistanceMatchedLeaveOneOut(np.zeros((5001, 2)), GRID), DataError, "DistanceMatchedKFold"),
        (lambda: DistanceMatchedLeaveOneOut(GRID, GRID, least_training_share=2), SettingError, "least_training_share"),
        (lambda: DistanceMatchedLeaveOneOut(GRID, GRID, farthest_m=0), SettingError, "farthest_m"),
        (lambda: DistanceMatchedLeaveOneOut(GRID, GRID[:0]), DataError, "prediction_points"),
        (lambda: DistanceMatchedKFold(GRID[:4], GRID, n_splits=5), SettingError, "n_splits"),
        (lambda: DistanceMatchedKFold(GRID, GRID, n_splits=2, largest_fold_share=0.4), SettingError, "1 / n_splits"),
    ],
)
def test_wrong_settings_and_data_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
