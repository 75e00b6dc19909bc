import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox
from shapely import Point, Polygon

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureError, FeatureMissing, SettingError
from eolearn.ml_tools.sampling import (
    BaseSamplingTask,
    BlockSamplingTask,
    FractionSamplingTask,
    GridSamplingTask,
    get_mask_of_samples,
    random_point_in_triangle,
    sample_by_values,
)

CLASS = (FeatureType.MASK_TIMELESS, "CLASS")
DATA = (FeatureType.DATA, "BANDS", "X")
LABELS = (*CLASS, "Y")
MASK = (FeatureType.MASK_TIMELESS, "SAMPLED")
TABLE = (FeatureType.VECTOR_TIMELESS, "SAMPLES")
CLASSES = np.repeat(np.array([0, 1, 1, 2, 2, 2, 2, 5], dtype=np.uint8), 10).reshape(8, 10)  # 10, 20, 40 and 10 pixels


def patch(classes=CLASSES):
    height, width = classes.shape
    numbers = np.arange(2 * height * width * 3, dtype=np.float32).reshape(2, height, width, 3)
    return EOPatch(
        bbox=BBox((0, 0, 10, 8), CRS.UTM_33N),
        timestamps=["2020-01-01", "2020-02-01"],
        data={"BANDS": numbers},
        mask_timeless={"CLASS": classes[..., np.newaxis]},
    )


def sampled_classes(fraction, *, seed=1, classes=CLASSES, override=None, **settings):
    task = FractionSamplingTask([LABELS], CLASS, fraction, **settings)
    labels = task.execute(patch(classes), seed=seed, fraction=override)[FeatureType.MASK_TIMELESS, "Y"]
    return dict(zip(*(part.tolist() for part in np.unique(labels, return_counts=True)), strict=True))


# --- what is sampled


@pytest.mark.parametrize(
    ("fraction", "settings", "expected"),
    [
        (0.5, {}, {0: 5, 1: 10, 2: 20, 5: 5}),
        (1, {}, {0: 10, 1: 20, 2: 40, 5: 10}),
        (0, {}, {}),
        (0.26, {}, {0: 3, 1: 5, 2: 10, 5: 3}),
        (0.25, {}, {0: 2, 1: 5, 2: 10, 5: 2}),  # 2.5 is rounded to the even number
        (np.float32(0.5), {}, {0: 5, 1: 10, 2: 20, 5: 5}),
        (0.5, {"exclude_values": [2, 5]}, {0: 5, 1: 10}),
        ({1: 0.5, 5: 1, 77: 0.3}, {}, {1: 10, 5: 10}),
        ({1: 0.5, 2: 1}, {"exclude_values": (2,)}, {1: 10}),
        (2.5, {"replace": True}, {0: 25, 1: 50, 2: 100, 5: 25}),
    ],
)
def test_fraction_of_the_pixels_of_each_value_is_taken(fraction, settings, expected):
    assert sampled_classes(fraction, **settings) == expected


def test_samples_of_all_features_are_the_same_pixels():
    eopatch = patch()
    before = {feature: eopatch[feature].copy() for feature in eopatch.get_features()}
    task = FractionSamplingTask([DATA, LABELS], CLASS, 0.5, mask_of_samples=MASK)
    assert task.execute(eopatch, seed=1) is eopatch
    samples = eopatch[FeatureType.DATA, "X"]
    assert (samples.shape, samples.dtype) == ((2, 40, 1, 3), np.float32)
    pixels = samples[0, :, 0, 0].astype(int) // 3  # the first band of the first date counts pixels in threes
    np.testing.assert_array_equal(samples[1], samples[0] + 240)
    np.testing.assert_array_equal(eopatch[FeatureType.MASK_TIMELESS, "Y"][:, 0, 0], CLASSES.ravel()[pixels])
    np.testing.assert_array_equal(eopatch[MASK].ravel(), np.bincount(pixels, minlength=80))
    assert eopatch[MASK].shape == (8, 10, 1)
    for feature, value in before.items():
        np.testing.assert_array_equal(eopatch[feature], value)


def test_samples_are_those_of_the_values_in_ascending_order():
    eopatch = FractionSamplingTask([LABELS], CLASS, {2: 0.1, 0: 0.5}, mask_of_samples=MASK).execute(patch(), seed=3)
    positions = sample_by_values(CLASSES, {0: 5, 2: 4}, np.random.default_rng(3))
    np.testing.assert_array_equal(eopatch[MASK][..., 0], get_mask_of_samples(CLASSES.shape, *positions))
    assert eopatch[FeatureType.MASK_TIMELESS, "Y"].ravel().tolist() == [0] * 5 + [2] * 4


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_no_pixel_is_taken_twice_and_the_seed_decides(seed, fraction):
    task = FractionSamplingTask([LABELS], CLASS, fraction, mask_of_samples=MASK)
    masks = [task.execute(patch(), seed=seed)[MASK] for _ in range(2)]
    assert masks[0].max() <= 1
    np.testing.assert_array_equal(masks[0], masks[1])


def test_without_a_seed_samples_differ():
    task = FractionSamplingTask([LABELS], CLASS, 0.5, mask_of_samples=MASK)
    masks = [task(patch())[MASK] for _ in range(5)]  # one in C(10, 5)^2 C(20, 10) C(40, 20) samples is the same
    assert any((mask != masks[0]).any() for mask in masks)


def test_images_without_new_names_are_replaced():
    eopatch = FractionSamplingTask([(FeatureType.DATA, "BANDS"), CLASS], CLASS, 0.5).execute(patch(), seed=1)
    assert eopatch[FeatureType.DATA, "BANDS"].shape == (2, 40, 1, 3)
    assert eopatch[CLASS].shape == (40, 1, 1)


def test_new_name_may_be_that_of_another_image():
    eopatch = patch()
    eopatch[FeatureType.DATA, "OTHER"] = -eopatch[FeatureType.DATA, "BANDS"]
    task = FractionSamplingTask({FeatureType.DATA: [("BANDS", "OTHER"), ("OTHER", "BANDS")]}, CLASS, 0.5)
    task.execute(eopatch, seed=1)
    np.testing.assert_array_equal(eopatch[FeatureType.DATA, "BANDS"], -eopatch[FeatureType.DATA, "OTHER"])
    assert (eopatch[FeatureType.DATA, "OTHER"] >= 0).all()


def test_all_images_can_be_sampled():
    eopatch = FractionSamplingTask(..., CLASS, 0.5).execute(patch(), seed=1)
    assert [eopatch[feature].shape[-3:-1] for feature in eopatch.get_features()] == [(40, 1)] * 2


def test_fraction_of_a_single_run_takes_the_place_of_the_general_one():
    assert sampled_classes(0.5, override={5: 1}) == {5: 10}
    assert sampled_classes({5: 1}, override=0.5) == {0: 5, 1: 10, 2: 20, 5: 5}


@pytest.mark.parametrize("nothing", [None, 0, {}])
def test_fraction_of_nothing_in_a_single_run_leaves_the_general_one(nothing):
    assert sampled_classes({5: 1}, override=nothing) == {5: 10}


@pytest.mark.parametrize("dtype", [bool, np.int64, np.int8])
def test_classes_of_any_dtype_are_sampled(dtype):
    assert sampled_classes(0.5, classes=(CLASSES > 1).astype(dtype)) == {0: 15, 1: 25}


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (3, 0)])
def test_empty_image_gives_no_samples(shape):
    task = FractionSamplingTask([DATA, LABELS], CLASS, 0.5, mask_of_samples=MASK)
    eopatch = task.execute(patch(np.zeros(shape, dtype=np.uint8)), seed=1)
    assert eopatch[FeatureType.DATA, "X"].shape == (2, 0, 1, 3)
    assert eopatch[MASK].shape == (*shape, 1)


def test_single_pixel_is_sampled():
    assert sampled_classes(1.0, classes=np.array([[7]], dtype=np.uint8)) == {7: 1}


def test_patch_without_dates_is_sampled():
    eopatch = EOPatch(
        bbox=BBox((0, 0, 10, 8), CRS.UTM_33N),
        timestamps=[],
        data={"BANDS": np.zeros((0, 8, 10, 3))},
        mask_timeless={"CLASS": CLASSES[..., np.newaxis]},
    )
    assert FractionSamplingTask([DATA], CLASS, 0.5).execute(eopatch)[FeatureType.DATA, "X"].shape == (0, 40, 1, 3)


# --- what is refused


def test_images_of_different_sizes_are_refused():
    eopatch = patch()
    eopatch[FeatureType.DATA_TIMELESS, "DEM"] = np.zeros((4, 5, 1))
    task = FractionSamplingTask([DATA, (FeatureType.DATA_TIMELESS, "DEM")], CLASS, 0.5)
    with pytest.raises(DataError, match="DATA_TIMELESS 'DEM' has 4 x 5 pixels, .* of 8 x 10 pixels"):
        task.execute(eopatch)
    assert (FeatureType.DATA, "X") not in eopatch


def test_mask_of_several_bands_is_refused():
    eopatch = patch()
    eopatch[CLASS] = np.zeros((8, 10, 2), dtype=np.uint8)
    with pytest.raises(DataError, match=r"'CLASS'\) must have one band to sample by, but has shape \(8, 10, 2\)"):
        FractionSamplingTask([DATA], CLASS, 0.5).execute(eopatch)


@pytest.mark.parametrize("fraction", [-0.5, 1.01, np.nan, {1: 1.5}, {99: -0.1}, np.inf])
def test_fraction_outside_of_its_range_is_refused(fraction):
    with pytest.raises(SettingError, match="fraction must be from 0 to 1, or above 1 with replace=True, got"):
        FractionSamplingTask([DATA], CLASS, fraction)
    with pytest.raises(SettingError, match="fraction must be from 0 to 1"):
        FractionSamplingTask([DATA], CLASS, 0.5).execute(patch(), fraction=fraction)


@pytest.mark.parametrize("fraction", [-0.5, np.nan, {1: -1.5}, np.inf])
def test_fraction_must_be_finite_and_positive_with_replacement_too(fraction):
    with pytest.raises(SettingError, match="fraction must be at least 0"):
        FractionSamplingTask([DATA], CLASS, fraction, replace=True)


@pytest.mark.parametrize("fraction", ["0.5", (0.5,), {1: "a"}, None])
def test_fraction_must_be_a_number_or_numbers_by_value(fraction):
    with pytest.raises(SettingError, match="fraction must be a number, or numbers by value"):
        FractionSamplingTask([DATA], CLASS, fraction)


def test_features_of_other_types_are_refused():
    with pytest.raises(FeatureError, match=r"FeatureType\.SCALAR"):
        FractionSamplingTask([(FeatureType.SCALAR, "S")], CLASS, 0.5)
    with pytest.raises(FeatureError, match="only features of mask_timeless"):
        FractionSamplingTask([DATA], (FeatureType.MASK, "CLASS"), 0.5)
    with pytest.raises(FeatureError, match="only features of mask_timeless"):
        FractionSamplingTask([DATA], CLASS, 0.5, mask_of_samples=(FeatureType.MASK, "SAMPLED"))


def test_missing_features_are_refused():
    with pytest.raises(FeatureMissing, match="'NDVI'"):
        FractionSamplingTask([(FeatureType.DATA, "NDVI")], CLASS, 0.5).execute(patch())
    with pytest.raises(FeatureMissing, match="'LULC'"):
        FractionSamplingTask([DATA], (FeatureType.MASK_TIMELESS, "LULC"), 0.5).execute(patch())


def test_base_task_chooses_no_pixels():
    with pytest.raises(TypeError, match="abstract"):
        BaseSamplingTask([DATA])


# --- the task as an object, and real data


def test_settings_are_attributes_and_survive_pickling():
    task = FractionSamplingTask([DATA], CLASS, {1: 0.5}, exclude_values=[2], replace=True, mask_of_samples=MASK)
    task = pickle.loads(pickle.dumps(task))
    assert (task.fraction, task.exclude_values, task.replace) == ({1: 0.5}, [2], True)
    assert (task.sampling_feature, task.mask_of_samples) == (CLASS, MASK)
    assert FractionSamplingTask([DATA], CLASS, 0.5).exclude_values == []


def test_real_land_use_is_sampled_in_its_proportions(real_patch_path):
    eopatch = EOPatch.load(real_patch_path, features=[(FeatureType.DATA, "NDVI"), (FeatureType.MASK_TIMELESS, "LULC")])
    task = FractionSamplingTask(
        [(FeatureType.DATA, "NDVI", "X"), (FeatureType.MASK_TIMELESS, "LULC", "Y")],
        (FeatureType.MASK_TIMELESS, "LULC"),
        0.1,
        exclude_values=[0],
    )
    task.execute(eopatch, seed=1)
    labels = eopatch[FeatureType.MASK_TIMELESS, "Y"]
    counts = np.bincount(eopatch[FeatureType.MASK_TIMELESS, "LULC"].ravel())
    np.testing.assert_array_equal(np.bincount(labels.ravel())[1:], np.round(counts * 0.1)[1:])
    assert eopatch[FeatureType.DATA, "X"].shape == (68, len(labels), 1, 1)


# --- blocks and grids


def sampled_pixels(task, **settings):
    """Return the samples of a timeless image whose pixels are numbered from 0, as nested lists."""
    eopatch = patch()
    eopatch[FeatureType.DATA_TIMELESS, "N"] = np.arange(80).reshape(8, 10, 1)
    return task.execute(eopatch, **settings)[FeatureType.DATA_TIMELESS, "X"][..., 0].tolist()


NUMBERS = [(FeatureType.DATA_TIMELESS, "N", "X")]


# Made by eo-learn 1.5.6: the same tasks and seeds on the same image, printed as sampled_pixels returns them.
@pytest.mark.parametrize(
    ("task", "seed", "expected"),
    [
        (FractionSamplingTask(NUMBERS, CLASS, 0.1), 42, [[0], [23], [24], [33], [62], [57], [46], [79]]),
        (
            FractionSamplingTask(NUMBERS, CLASS, {5: 1.2, 0: 0.2}, replace=True),
            7,
            [[9], [6], [76], [78], [75], [77], [78], [72], [70], [73], [72], [78], [79], [70]],
        ),
        (
            BlockSamplingTask(NUMBERS, 3, (2, 3)),
            42,
            [[44, 45, 46], [54, 55, 56], [4, 5, 6], [14, 15, 16], [52, 53, 54], [62, 63, 64]],
        ),
        (BlockSamplingTask(NUMBERS, 5), 42, [[59], [34], [51], [6], [79]]),
        (BlockSamplingTask(NUMBERS, 2), 42, [[7], [61]]),
    ],
)
def test_samples_of_a_seed_are_those_of_1_x(task, seed, expected):
    assert sampled_pixels(task, seed=seed) == expected


def test_grid_is_that_of_1_x():
    assert sampled_pixels(GridSamplingTask(NUMBERS, (2, 3), (3, 4))) == [
        [0, 1, 2], [10, 11, 12], [4, 5, 6], [14, 15, 16], [30, 31, 32], [40, 41, 42],
        [34, 35, 36], [44, 45, 46], [60, 61, 62], [70, 71, 72], [64, 65, 66], [74, 75, 76],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "settings", "blocks"),
    [
        (4, {}, 4),
        (0, {}, 0),
        (np.int64(2), {}, 2),
        (0.1, {}, 6),
        (1.0, {}, 56),
        (np.float32(0.5), {}, 28),
        (100, {"replace": True}, 100),
        (1.5, {"replace": True}, 84),
    ],
)
def test_amount_counts_blocks_or_is_a_part_of_their_places(amount, settings, blocks):
    eopatch = BlockSamplingTask([DATA], amount, [2, 3], mask_of_samples=MASK, **settings).execute(patch(), seed=1)
    assert eopatch[FeatureType.DATA, "X"].shape == (2, 2 * blocks, 3, 3)  # 7 x 8 places in 8 x 10 pixels
    assert eopatch[MASK].sum() == 6 * blocks


def test_amount_of_a_single_run_takes_the_place_of_the_general_one_also_if_it_is_0():
    task = BlockSamplingTask(NUMBERS, 3)
    assert [len(sampled_pixels(task, amount=amount)) for amount in (None, 0, 5)] == [3, 0, 5]


def test_settings_of_blocks_and_grids_are_attributes():
    block, grid = BlockSamplingTask([DATA], 0.5, [2, 3], True), GridSamplingTask([DATA], [2, 3], (1, 4), MASK)
    assert (block.amount, block.sample_size, block.replace, block.mask_of_samples) == (0.5, (2, 3), True, None)
    assert (grid.sample_size, grid.stride, grid.mask_of_samples) == ((2, 3), (1, 4), MASK)


@pytest.mark.parametrize("amount", [-1, 1.01, -0.5, np.nan, "3", True, None])
def test_impossible_amount_is_refused(amount):
    with pytest.raises(SettingError, match="amount must be"):
        BlockSamplingTask([DATA], amount)
    if amount is not None:
        with pytest.raises(SettingError, match="amount must be"):
            BlockSamplingTask([DATA], 1).execute(patch(), amount=amount)


def test_more_blocks_than_there_are_are_refused():
    with pytest.raises(DataError, match=r"57 blocks of \(2, 3\) from an image of \(8, 10\), in which 56 can lie"):
        BlockSamplingTask([DATA], 57, (2, 3)).execute(patch())


@pytest.mark.parametrize("task", [BlockSamplingTask([DATA], 1, (9, 1)), GridSamplingTask([DATA], (1, 11))])
def test_block_larger_than_the_image_is_refused(task):
    with pytest.raises(DataError, match="larger than the image of 8 x 10 pixels"):
        task.execute(patch())


@pytest.mark.parametrize("pair", [(0, 1), (1, -1), 2, (1, 2, 3), (1.5, 1), (True, 1), "ab"])
def test_sizes_and_strides_are_two_positive_integers(pair):
    for make in (
        lambda: BlockSamplingTask([DATA], 1, pair),
        lambda: GridSamplingTask([DATA], pair),
        lambda: GridSamplingTask([DATA], stride=pair),
    ):
        with pytest.raises(SettingError, match="two integers of at least 1"):
            make()


@pytest.mark.parametrize("task", [BlockSamplingTask, GridSamplingTask])
def test_blocks_of_images_of_different_sizes_are_refused(task):
    eopatch = patch()
    eopatch[FeatureType.DATA_TIMELESS, "DEM"] = np.zeros((4, 5, 1))
    settings = {"amount": 1} if task is BlockSamplingTask else {}
    with pytest.raises(DataError, match="DATA_TIMELESS 'DEM' has 4 x 5 pixels"):
        task([DATA, (FeatureType.DATA_TIMELESS, "DEM")], **settings).execute(eopatch)


def test_patch_without_the_features_is_refused():
    with pytest.raises(DataError, match="none of the features to sample"):
        GridSamplingTask(FeatureType.DATA_TIMELESS).execute(patch())


def test_grid_of_images_without_dates_or_bands_is_empty():
    eopatch = EOPatch(bbox=BBox((0, 0, 10, 8), CRS.UTM_33N), data_timeless={"N": np.zeros((8, 10, 0))})
    assert GridSamplingTask(NUMBERS, (2, 5), (2, 5))(eopatch)[FeatureType.DATA_TIMELESS, "X"].shape == (16, 5, 0)


# --- the table of samples


def test_table_tells_where_samples_lie():
    eopatch = patch()
    eopatch[FeatureType.DATA_TIMELESS, "N"] = np.arange(80).reshape(8, 10, 1)
    BlockSamplingTask(NUMBERS, 3, (2, 3), table_of_samples=TABLE).execute(eopatch, seed=42)
    table, pixels = eopatch[TABLE], eopatch[FeatureType.DATA_TIMELESS, "X"].ravel()
    np.testing.assert_array_equal(10 * table["row"] + table["column"], pixels)
    np.testing.assert_array_equal(table.geometry.x, table["column"] + 0.5)  # pixels of a metre, from (0, 8)
    np.testing.assert_array_equal(table.geometry.y, 8 - table["row"] - 0.5)
    assert table.crs.to_epsg() == 32633
    assert table["design"].unique().tolist() == ["BlockSamplingTask(amount=3, sample_size=(2, 3), replace=False)"]


def included(task, runs=150, **settings):
    """Return how often each pixel was in a sample at all, and the sum of its weights, over many seeds."""
    eopatch, often, weights = patch(), np.zeros(80), np.zeros(80)
    stated = np.full(80, np.nan)
    for seed in range(runs):
        table = task.execute(eopatch, seed=seed, **settings)[TABLE]
        pixels = (10 * table["row"] + table["column"]).to_numpy()
        often[np.unique(pixels)] += 1
        np.add.at(weights, pixels, table["weight"])
        stated[pixels] = table["inclusion_probability"]
    return often, weights, stated


@pytest.mark.parametrize(
    "task",
    [
        FractionSamplingTask([LABELS], CLASS, {0: 0.2, 1: 0.4, 2: 0.1, 5: 1}, table_of_samples=TABLE),
        FractionSamplingTask([LABELS], CLASS, 0.7, replace=True, table_of_samples=TABLE),
        BlockSamplingTask([LABELS], 4, (3, 4), table_of_samples=TABLE),
        BlockSamplingTask([LABELS], 4, (3, 4), replace=True, table_of_samples=TABLE),
    ],
)
def test_pixels_are_included_as_often_as_the_table_says_and_weigh_one_on_average(task):
    often, weights, stated = included(task)
    spread = np.sqrt(150 * stated * (1 - stated)) + 1e-9
    assert (np.abs(often - 150 * stated) < 4.5 * spread).all()  # of 80 pixels, one in 2,000 runs of the test isn't
    # the mean weight over runs is 1: its variance of a run is at most 1 / p, and with replacement about 1 / p
    assert (np.abs(weights / 150 - 1) < 4.5 / np.sqrt(150 * stated)).all()


def test_pixels_at_the_edge_are_less_likely_in_blocks():
    _, _, stated = included(BlockSamplingTask([LABELS], 1, (3, 4), table_of_samples=TABLE), runs=200)
    stated = stated.reshape(8, 10) * 42  # 6 x 7 places
    np.testing.assert_allclose(stated[0], [1, 2, 3, 4, 4, 4, 4, 3, 2, 1])
    np.testing.assert_allclose(stated[:, 0], [1, 2, 3, 3, 3, 3, 2, 1])


def test_probability_of_the_patch_counts_too():
    task = FractionSamplingTask([LABELS], CLASS, 0.5, table_of_samples=TABLE)
    table = task.execute(patch(), seed=1, patch_probability=0.1)[TABLE]
    np.testing.assert_allclose(table["inclusion_probability"], 0.05)
    np.testing.assert_allclose(table["weight"], 20)
    assert table.groupby("stratum").size().to_dict() == {0: 5, 1: 10, 2: 20, 5: 5}


def test_grid_has_no_probabilities():
    table = GridSamplingTask([LABELS], (2, 2), (2, 2), table_of_samples=TABLE)(patch())[TABLE]
    assert len(table) == 80
    assert table[["inclusion_probability", "weight"]].isna().all(axis=None)


@pytest.mark.parametrize("probability", [0, 1.1, np.nan])
def test_impossible_probability_of_a_patch_is_refused(probability):
    with pytest.raises(SettingError, match="patch_probability must be above 0 and at most 1"):
        BlockSamplingTask([LABELS], 1).execute(patch(), patch_probability=probability)


def test_patch_without_a_place_has_no_table():
    eopatch = patch()
    eopatch._bbox = None  # as in patches that older versions saved
    with pytest.raises(DataError, match="no bounding box"):
        GridSamplingTask([LABELS], table_of_samples=TABLE).execute(eopatch)
    assert (FeatureType.MASK_TIMELESS, "Y") not in eopatch


# --- points in triangles

TRIANGLE = Polygon([(1, 2), (5, 3.5), (2, 9)])


def test_points_of_a_seed_are_those_of_1_x():
    rng = np.random.default_rng(42)
    points = [random_point_in_triangle(TRIANGLE, rng) for _ in range(3)]
    assert points == [  # printed by eo-learn 1.5.6
        Point(3.3606839563216657, 5.4431842619174535),
        Point(2.767867018465589, 6.94392651349218),
        Point(1.329326558666819, 4.107036954062994),
    ]


def test_points_are_spread_evenly_over_the_triangle():
    rng = np.random.default_rng(0)
    points = [random_point_in_triangle(TRIANGLE, rng) for _ in range(2000)]
    centre = TRIANGLE.centroid
    assert all(TRIANGLE.buffer(1e-9).contains(point) for point in points)
    assert np.hypot(np.mean([p.x for p in points]) - centre.x, np.mean([p.y for p in points]) - centre.y) < 0.15
    half = Polygon([(1, 2), (5, 3.5), (3.5, 6.25)])  # up to the middle of the third side
    assert abs(sum(half.contains(point) for point in points) - 2000 * half.area / TRIANGLE.area) < 4 * np.sqrt(500)


def test_coordinates_are_rounded_on_request():
    assert random_point_in_triangle(TRIANGLE, np.random.default_rng(42), use_int_coords=True) == Point(3, 5)
    assert TRIANGLE.buffer(1).contains(random_point_in_triangle(TRIANGLE))


def test_other_polygons_are_refused():
    with pytest.raises(DataError, match="3 corners, but this polygon has 4"):
        random_point_in_triangle(Polygon([(0, 0), (1, 0), (1, 1), (0, 1)]))
