import pickle

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.spatial.distance import cdist
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsRegressor

from eolearn.core.exceptions import DataError, SettingError
from eolearn.ml_tools.splitting import FoldSplitter, GroupSplit, LeaveOneYearOut, SpatialBlockSplit

PLACES = hnp.arrays(np.float64, st.tuples(st.integers(10, 60), st.just(2)), elements=st.floats(0, 1000), unique=True)
POINTS = np.random.default_rng(3).uniform(0, 1000, (300, 2))


def assert_folds_partition(splitter, n):
    """Each sample is tested once, and none is trained with in its own fold."""
    splits = list(splitter.split(np.zeros((n, 1))))
    assert len(splits) == splitter.get_n_splits()
    np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in splits])), np.arange(n))
    assert all(not np.intersect1d(train, test).size and train.size for train, test in splits)
    return splits


def assert_buffer_is_empty(points, splits, buffer_m):
    """No training sample lies within the buffer, and all beyond it are there."""
    for train, test in splits:
        nearest = cdist(points, points[test]).min(axis=1)
        is_train = np.isin(np.arange(len(points)), train)
        assert (nearest[is_train] > buffer_m - 1e-9).all()
        assert (nearest[~is_train] <= buffer_m + 1e-9).all()


# --- blocks


@given(PLACES, st.floats(1, 300), st.integers(0, 5))
def test_folds_of_blocks_partition_the_samples(points, block_size_m, seed):
    try:
        splitter = SpatialBlockSplit(points, block_size_m=block_size_m, n_splits=3, seed=seed)
    except DataError:  # fewer than three blocks have samples
        reject()
    assert_folds_partition(splitter, len(points))


@given(st.floats(1, 150), st.integers(0, 20))
def test_no_training_sample_lies_within_the_buffer_of_a_test_sample(buffer_m, seed):
    splitter = SpatialBlockSplit(POINTS, block_size_m=250, n_splits=4, buffer_m=buffer_m, seed=seed)
    assert_buffer_is_empty(POINTS, assert_folds_partition(splitter, 300), buffer_m)


def test_samples_of_a_block_are_in_one_fold_and_folds_are_of_about_one_size():
    splitter = SpatialBlockSplit(POINTS, block_size_m=100, n_splits=5)
    near_pairs = [(i, j) for i in range(300) for j in range(i) if np.abs(POINTS[i] - POINTS[j]).max() < 100]
    same = np.mean([splitter.folds[i] == splitter.folds[j] for i, j in near_pairs])
    assert same > 0.35  # chance gives a fifth
    assert np.bincount(splitter.folds).tolist() == [60] * 5
    one_block = SpatialBlockSplit(np.repeat([[0.0, 0], [500, 0]], 5, axis=0), block_size_m=100, n_splits=2)
    assert len(set(one_block.folds[:5])) == len(set(one_block.folds[5:])) == 1


def test_buffer_takes_samples_exactly_at_its_edge():
    points = np.array([[0.0, 0], [100, 0], [100.5, 0], [300, 0]])
    train, _ = next(FoldSplitter([0, 1, 1, 1], coordinates=points, buffer_m=100).split())
    assert train.tolist() == [2, 3]


def test_seed_gives_the_same_blocks_and_another_one_others():
    first, again, other = (SpatialBlockSplit(POINTS, block_size_m=100, seed=seed).folds for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_blocks_and_buffer_show_what_a_model_is_worth_elsewhere():
    """A field of waves of 190 m, and a model that asks the neighbours: far from all samples it knows nothing."""
    value = np.sin(POINTS / 30).sum(axis=1)
    model = KNeighborsRegressor(1)
    random = cross_val_score(model, POINTS, value, cv=5).mean()
    honest = cross_val_score(
        model, POINTS, value, cv=SpatialBlockSplit(POINTS, block_size_m=250, buffer_m=100, n_splits=5)
    ).mean()
    assert honest < 0 < random


# --- groups and years


def test_each_group_is_left_out_once():
    fields = np.array(["c", "a", "b", "a", "c", "c"])
    splits = assert_folds_partition(splitter := GroupSplit(fields), 6)
    assert splitter.group_names.tolist() == ["a", "b", "c"]
    assert [test.tolist() for _, test in splits] == [[1, 3], [2], [0, 4, 5]]


@given(st.lists(st.integers(0, 9), min_size=12, max_size=60).filter(lambda groups: len(set(groups)) > 3))
def test_groups_are_not_torn_apart_by_folds(groups):
    splitter = GroupSplit(groups, n_splits=3)
    assert_folds_partition(splitter, len(groups))
    assert all(len(set(splitter.folds[np.array(groups) == group])) == 1 for group in groups)


def test_groups_may_have_a_buffer():
    splitter = GroupSplit(POINTS[:, 0] // 200, coordinates=POINTS, buffer_m=50)
    assert_buffer_is_empty(POINTS, assert_folds_partition(splitter, 300), 50)


def test_each_year_is_left_out_once():
    dates = np.array(["2018-03-01", "2018-11-01", "2019-03-01", "2020-01-01"], dtype="datetime64[D]")
    assert [test.tolist() for _, test in assert_folds_partition(LeaveOneYearOut(dates), 4)] == [[0, 1], [2], [3]]
    harvests = LeaveOneYearOut(dates, first_month=10)
    assert harvests.years.tolist() == [2018, 2019, 2020]
    assert harvests.folds.tolist() == [0, 1, 1, 2]


# --- with others


@pytest.mark.parametrize(
    "splitter",
    [
        SpatialBlockSplit(POINTS, block_size_m=200, buffer_m=20),
        GroupSplit(np.arange(300) // 100),
        LeaveOneYearOut(np.datetime64("2018-06-01") + np.arange(300) * 3),
    ],
)
def test_splitters_are_those_of_scikit_learn(splitter):
    labels = np.arange(300) % 2
    scores = cross_val_score(DummyClassifier(), POINTS, labels, cv=splitter, groups=np.zeros(300))
    assert len(scores) == splitter.get_n_splits()
    assert cross_val_predict(LinearRegression(), POINTS, labels, cv=splitter).shape == (300,)
    search = GridSearchCV(KNeighborsRegressor(), {"n_neighbors": [1, 3]}, cv=splitter).fit(POINTS, labels)
    assert search.n_splits_ == len(scores)
    copy = pickle.loads(pickle.dumps(splitter))
    np.testing.assert_array_equal(copy.folds, splitter.folds)


def test_coordinates_may_be_points_of_geopandas():
    points = gpd.GeoSeries.from_xy(*POINTS.T, crs="EPSG:32633")
    expected = SpatialBlockSplit(POINTS, block_size_m=200).folds
    for places in (points, gpd.GeoDataFrame(geometry=points)):
        np.testing.assert_array_equal(SpatialBlockSplit(places, block_size_m=200).folds, expected)


@pytest.mark.parametrize("crs", ["EPSG:4326", None])
def test_degrees_are_refused(crs):
    with pytest.raises(DataError, match="to_crs"):
        SpatialBlockSplit(gpd.GeoSeries.from_xy([15.0, 16], [45.0, 46], crs=crs), block_size_m=200)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: SpatialBlockSplit(POINTS, block_size_m=0), SettingError, "block_size_m"),
        (lambda: SpatialBlockSplit(POINTS, block_size_m="wide"), SettingError, "block_size_m"),
        (lambda: SpatialBlockSplit(POINTS, block_size_m=1e4, n_splits=5), DataError, "too few for 5 folds"),
        (lambda: SpatialBlockSplit(POINTS, block_size_m=10, n_splits=1), SettingError, "n_splits"),
        (lambda: SpatialBlockSplit(POINTS, block_size_m=10, buffer_m=-1), SettingError, "buffer_m"),
        (lambda: SpatialBlockSplit(POINTS, block_size_m=10, buffer_m=np.inf), SettingError, "buffer_m"),
        (lambda: SpatialBlockSplit(POINTS[:, :1], block_size_m=10), DataError, r"\(300, 1\)"),
        (lambda: SpatialBlockSplit(POINTS[:0], block_size_m=10), DataError, r"\(0, 2\)"),
        (lambda: SpatialBlockSplit(np.where(POINTS < 9, np.nan, POINTS), block_size_m=10), DataError, "not finite"),
        (lambda: GroupSplit(["a", "a"]), DataError, "nothing to leave out"),
        (lambda: GroupSplit(["a", None]), DataError, "1 are missing"),
        (lambda: GroupSplit([1.0, np.nan]), DataError, "1 are missing"),
        (lambda: GroupSplit(["a", "b"], buffer_m=10), SettingError, "coordinates"),
        (lambda: GroupSplit(["a", "b"], coordinates=POINTS), DataError, "300 samples for 2"),
        (lambda: LeaveOneYearOut(["2018-01-01"] * 3), DataError, "2018"),
        (lambda: LeaveOneYearOut(["2018-01-01", "2019-01-01"], first_month=13), SettingError, "first_month"),
        (lambda: FoldSplitter([0, 2]), DataError, "without gaps"),
        (lambda: FoldSplitter([-1, 0]), DataError, "without gaps"),
        (lambda: FoldSplitter([0.5, 1]), DataError, "integers"),
        (lambda: next(GroupSplit([1, 2]).split(np.zeros(3))), DataError, "made for 2 samples, but these are 3"),
        (
            lambda: list(GroupSplit([1, 2], coordinates=POINTS[:2], buffer_m=9e3).split()),
            DataError,
            "leaves none to train",
        ),
    ],
)
def test_wrong_settings_and_data_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
