from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.ndimage import label
from scipy.sparse import identity
from sentinelhub import CRS, BBox
from sklearn.cluster import AgglomerativeClustering
from sklearn.feature_extraction.image import grid_to_graph

import eolearn.features.clustering
from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.features.extra.clustering import ClusteringTask

A = (FeatureType.DATA_TIMELESS, "A")
B = (FeatureType.DATA_TIMELESS, "B")
OUT = (FeatureType.DATA_TIMELESS, "CLUSTERS")
MASK = (FeatureType.MASK_TIMELESS, "M")


def patch_with(a, b=None, mask=None):
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84))
    patch[A] = a
    if b is not None:
        patch[B] = b
    if mask is not None:
        patch[MASK] = mask
    return patch


def random_patch(shape=(6, 5)):
    rng = np.random.default_rng(0)
    return patch_with(rng.random((*shape, 2)), rng.random((*shape, 1)))


@pytest.mark.parametrize(
    "settings",
    [
        {"n_clusters": 4},
        {"distance_threshold": 0.1},
        {"n_clusters": 3, "affinity": "euclidean", "linkage": "ward"},
        {"n_clusters": 3, "affinity": "manhattan", "linkage": "average"},
    ],
)
def test_clusters_are_those_of_scikit_learn(settings):
    patch = random_patch()
    result = ClusteringTask([A, B], "CLUSTERS", **settings)(patch)[OUT]
    pixels = np.concatenate([patch[A], patch[B]], axis=-1).reshape(30, 3)
    model = AgglomerativeClustering(
        n_clusters=settings.get("n_clusters"),
        distance_threshold=settings.get("distance_threshold"),
        metric=settings.get("affinity", "cosine"),
        linkage=settings.get("linkage", "single"),
        connectivity=grid_to_graph(6, 5),
        compute_full_tree="distance_threshold" in settings or "auto",
    )
    assert result.shape == (6, 5, 1)
    assert result.dtype == np.int64
    assert_array_equal(result.ravel(), model.fit_predict(pixels))


def two_halves():
    data = np.ones((4, 6, 1))
    data[:, 3:] = 9
    return data


def test_clusters_hang_together():
    checkered = np.indices((4, 4)).sum(axis=0)[..., None] % 2 * 5.0
    task = ClusteringTask(A, "CLUSTERS", distance_threshold=1, affinity="euclidean")
    assert len(np.unique(task(patch_with(checkered))[OUT])) == 16
    halves = task(patch_with(two_halves()))[OUT]
    assert label(halves[..., 0] == halves[0, 0, 0])[1] == 1
    assert len(np.unique(halves)) == 2


def test_one_task_serves_patches_of_several_sizes():
    task = ClusteringTask(A, "CLUSTERS", n_clusters=2, affinity="euclidean")
    for shape in ((3, 4), (5, 2)):
        patch = patch_with(np.random.default_rng(1).random((*shape, 2)))
        assert task(patch)[OUT].shape == (*shape, 1)


def test_pixels_outside_of_the_mask_and_without_data_are_left_out():
    data, mask = two_halves(), np.ones((4, 6, 1), np.uint8)
    mask[0], data[1, 0], data[1, 5] = 0, np.nan, np.inf
    task = ClusteringTask(A, "CLUSTERS", distance_threshold=1, affinity="euclidean", mask_name="M")
    result = task(patch_with(data, mask=mask))[OUT][..., 0]
    left_out = np.zeros((4, 6), bool)
    left_out[0], left_out[1, 0], left_out[1, 5] = True, True, True
    assert_array_equal(result == -1, left_out)
    assert set(result[~left_out]) == {0, 1}
    assert len(set(result[1:, :3][~left_out[1:, :3]])) == 1


def test_parts_that_do_not_hang_together_are_joined_with_a_warning():
    mask = np.ones((4, 6, 1), bool)
    mask[:, 2] = False
    task = ClusteringTask(A, "CLUSTERS", n_clusters=2, affinity="euclidean", mask_name="M")
    with pytest.warns(UserWarning, match="connected components"):
        result = task(patch_with(two_halves(), mask=mask))[OUT][..., 0]
    assert_array_equal(result == -1, ~mask[..., 0])
    assert len(set(result[:, :2].ravel())) == len(set(result[:, 3:].ravel())) == 1


def test_small_clusters_are_left_out_and_the_others_keep_their_numbers():
    data = two_halves()
    data[0, 0] = 50
    settings = {"distance_threshold": 1, "affinity": "euclidean"}
    whole = ClusteringTask(A, "CLUSTERS", **settings)(patch_with(data))[OUT]
    result = ClusteringTask(A, "CLUSTERS", remove_small=2, **settings)(patch_with(data))[OUT]
    small = whole == whole[0, 0]
    assert small.sum() == 1
    assert_array_equal(result, np.where(small, -1, whole))


@pytest.mark.parametrize("settings", [{"n_clusters": 2}, {"distance_threshold": 1.0}])
def test_no_pixel_and_one_pixel(settings):
    task = ClusteringTask(A, "CLUSTERS", mask_name="M", **settings)
    data, mask = np.ones((2, 2, 3)), np.zeros((2, 2, 1), bool)
    assert_array_equal(task(patch_with(data, mask=mask))[OUT], np.full((2, 2, 1), -1))
    mask[1, 0] = True
    assert task(patch_with(data, mask=mask))[OUT].ravel().tolist() == [-1, -1, 0, -1]
    assert task(patch_with(np.full((2, 2, 3), np.nan), mask=mask))[OUT].max() == -1


def test_neighbours_can_be_given():
    patch = random_patch()
    graph = grid_to_graph(6, 5)
    given = ClusteringTask(A, "CLUSTERS", n_clusters=3, connectivity=graph)(patch)[OUT]
    assert_array_equal(given, ClusteringTask(A, "CLUSTERS", n_clusters=3)(patch)[OUT])
    with pytest.raises(DataError, match=r"\(7, 7\) doesn't fit 30 pixels"):
        ClusteringTask(A, "CLUSTERS", n_clusters=3, connectivity=identity(7))(patch)


def test_many_bands_and_integers():
    data = np.random.default_rng(0).integers(1, 9, (3, 3, 224)).astype(np.uint16)
    result = ClusteringTask(A, "CLUSTERS", n_clusters=2)(patch_with(data))[OUT]
    assert set(result.ravel()) == {0, 1}


def test_mask_of_another_shape_is_refused():
    task = ClusteringTask(A, "CLUSTERS", n_clusters=2, mask_name="M")
    with pytest.raises(DataError, match=r"\(3, 3, 1\) doesn't fit"):
        task(patch_with(np.ones((2, 2, 1)), mask=np.ones((3, 3, 1), bool)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_clusters": 2, "distance_threshold": 1},
        {"n_clusters": 2, "linkage": "nearest"},
        {"n_clusters": 2, "linkage": "ward"},
    ],
)
def test_settings_are_checked_at_construction(settings):
    with pytest.raises(SettingError):
        ClusteringTask(A, "CLUSTERS", **settings)


def test_only_timeless_data_can_be_clustered():
    with pytest.raises(FeatureError):
        ClusteringTask((FeatureType.DATA, "X"), "CLUSTERS", n_clusters=2)


def test_task_is_at_both_places():
    assert eolearn.features.clustering.ClusteringTask is ClusteringTask
