import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import pdist
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.ml_tools.designs import (
    DesignSamplingTask,
    Draw,
    MinimumDistanceDesign,
    StratifiedDesign,
    SystematicDesign,
)

CROP = (FeatureType.MASK_TIMELESS, "CROP")
FIELDS = (FeatureType.MASK_TIMELESS, "FIELDS")
VALID = (FeatureType.MASK, "VALID")
SAMPLED = (FeatureType.MASK_TIMELESS, "SAMPLED")
TABLE = (FeatureType.VECTOR_TIMELESS, "SAMPLES")
LABELS = (*CROP, "Y")
CROPS = np.repeat(np.array([0, 1, 1, 2, 2, 2, 2, 5], dtype=np.uint8), 10).reshape(8, 10)  # 10, 20, 40 and 10 pixels


def patch():
    valid = np.ones((2, 8, 10, 1), dtype=bool)
    valid[0, :, :3], valid[1, :2] = False, False
    return EOPatch(
        bbox=BBox((0, 0, 100, 80), CRS.UTM_33N),
        timestamps=["2020-01-01", "2020-02-01"],
        mask={"VALID": valid},
        mask_timeless={
            "CROP": CROPS[..., np.newaxis],
            "FIELDS": np.tile(np.array([0, 0, 0, 0, 3, 3, 3, 7, 7, 9], dtype=np.uint16), (8, 1))[..., np.newaxis],
        },
    )


def table_of(design, *, seed=1, patch_probability=1.0, **settings):
    task = DesignSamplingTask([LABELS], design, table_of_samples=TABLE, **settings)
    return task.execute(patch(), seed=seed, patch_probability=patch_probability)[TABLE]


def sizes(design, **settings):
    return table_of(design, strata=CROP, **settings).groupby("stratum").size().to_dict()


@pytest.mark.parametrize(
    ("design", "expected"),
    [
        (StratifiedDesign(count=4), {0: 4, 1: 4, 2: 4, 5: 4}),
        (StratifiedDesign(count=15), {0: 10, 1: 15, 2: 15, 5: 10}),
        (StratifiedDesign(count={2: 7, 5: 1, 99: 3}), {2: 7, 5: 1}),
        (StratifiedDesign(fraction=0.1), {0: 1, 1: 2, 2: 4, 5: 1}),
        (StratifiedDesign(fraction=0.01), {0: 1, 1: 1, 2: 1, 5: 1}),
        (StratifiedDesign(fraction=0.01, least=12), {0: 10, 1: 12, 2: 12, 5: 10}),
        (StratifiedDesign(fraction={0: 0, 1: 0.5}), {1: 10}),
        (StratifiedDesign(count={99: 3}), {}),
    ],
)
def test_stratified_design_takes_so_many_of_each_stratum(design, expected):
    assert sizes(design) == expected


@given(st.integers(0, 99), st.integers(1, 30))
def test_weights_of_a_stratified_sample_add_up_to_the_pixels_of_each_stratum(seed, count):
    table = table_of(StratifiedDesign(count=count), strata=CROP, seed=seed)
    np.testing.assert_allclose(table.groupby("stratum")["weight"].sum(), [10, 20, 40, 10])
    np.testing.assert_allclose(table["weight"] * table["inclusion_probability"], 1)
    assert not table.duplicated(["row", "column"]).any()
    assert (CROPS[table["row"], table["column"]] == table["stratum"]).all()


def test_without_strata_the_sample_is_a_simple_random_one():
    table = table_of(StratifiedDesign(count=16), patch_probability=0.25)
    assert set(table["stratum"]) == {0}
    np.testing.assert_allclose(table["inclusion_probability"], 0.25 * 16 / 80)
    np.testing.assert_allclose(table["weight"], 20)
    assert table["design"].unique().tolist() == ["StratifiedDesign(count=16, fraction=None, least=1)"]


def test_systematic_sample_is_a_grid_of_one_probability():
    table = table_of(SystematicDesign(spacing_px=[3, 4]), strata=CROP)
    assert set(np.diff(np.unique(table["row"]))) == {3}
    assert set(np.diff(np.unique(table["column"]))) == {4}
    np.testing.assert_allclose(table["inclusion_probability"], 1 / 12)
    assert (CROPS[table["row"], table["column"]] == table["stratum"]).all()


def test_samples_of_minimum_distance_are_apart_and_have_no_probabilities():
    table = table_of(MinimumDistanceDesign(count=9, distance_px=2.5), patch_probability=0.5)
    assert len(table) == 9
    assert (pdist(table[["row", "column"]]) >= 2.5).all()
    assert table[["inclusion_probability", "weight"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "design",
    [
        StratifiedDesign(fraction=1.0),
        SystematicDesign(spacing_px=(1, 1)),
        MinimumDistanceDesign(count=99, distance_px=1),
    ],
)
def test_samples_are_of_pixels_that_are_valid_at_all_dates(design):
    table = table_of(design, valid_mask=VALID)
    assert sorted(zip(table["row"], table["column"], strict=True)) == [
        (r, c) for r in range(2, 8) for c in range(3, 10)
    ]


def test_valid_pixels_are_the_population_of_a_stratum():
    table = table_of(StratifiedDesign(count=7), strata=CROP, valid_mask=VALID)
    np.testing.assert_allclose(table.groupby("stratum")["weight"].sum(), [7, 28, 7])  # rows 2, 3 to 6 and 7


def test_cap_leaves_so_many_of_each_polygon_and_no_probabilities():
    design = StratifiedDesign(fraction=1.0)
    table = table_of(design, polygons=FIELDS, most_per_polygon=5)
    fields = patch()[FIELDS][table["row"], table["column"], 0]
    assert dict(zip(*np.unique(fields, return_counts=True), strict=True)) == {0: 32, 3: 5, 7: 5, 9: 5}
    assert table["weight"].isna().all()
    assert table["design"].unique().tolist() == [f"{design}, at most 5 of a polygon"]


def test_polygons_as_strata_are_a_cap_with_probabilities():
    table = table_of(StratifiedDesign(count=5), strata=FIELDS)
    assert table.groupby("stratum")["weight"].sum().round(9).to_dict() == {0: 32, 3: 24, 7: 16, 9: 8}


def test_samples_of_all_features_are_those_of_the_table_and_the_seed_decides():
    task = DesignSamplingTask(
        [LABELS, (*FIELDS, "F")],
        StratifiedDesign(count=3),
        strata=CROP,
        table_of_samples=TABLE,
        mask_of_samples=SAMPLED,
    )
    first, second = (task.execute(patch(), seed=5) for _ in range(2))
    rows, columns = first[TABLE]["row"], first[TABLE]["column"]
    np.testing.assert_array_equal(first[FeatureType.MASK_TIMELESS, "F"][:, 0], first[FIELDS][rows, columns])
    np.testing.assert_array_equal(np.argwhere(first[SAMPLED][..., 0]).tolist(), sorted(zip(rows, columns, strict=True)))
    assert first == second


def test_table_survives_saving(tmp_path):
    task = DesignSamplingTask([LABELS], StratifiedDesign(count=3), strata=CROP, table_of_samples=TABLE)
    eopatch = task.execute(patch(), seed=5)
    eopatch.save(tmp_path / "patch")
    assert EOPatch.load(tmp_path / "patch") == eopatch


def test_a_design_of_ones_own_is_used():
    class Corner:
        def __repr__(self):
            return "Corner()"

        def draw(self, candidates, strata, rng):
            return Draw(np.array([0]), np.array([1.0]))

    table = table_of(Corner())
    assert table[["row", "column", "weight", "design"]].to_numpy().tolist() == [[0, 0, 1.0, "Corner()"]]


def test_tasks_and_designs_survive_pickling():
    task = DesignSamplingTask([LABELS], StratifiedDesign(count={1: 3}), strata=CROP, valid_mask=VALID)
    copy = pickle.loads(pickle.dumps(task))
    assert (copy.design, copy.strata, copy.valid_mask) == (StratifiedDesign(count={1: 3}), CROP, VALID)


# --- what is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (StratifiedDesign, "either count or fraction"),
        (lambda: StratifiedDesign(count=1, fraction=0.1), "either count or fraction"),
        (lambda: StratifiedDesign(count=-1), "count must be an integer of at least 0, got -1"),
        (lambda: StratifiedDesign(count={1: 2.5}), "count must be an integer"),
        (lambda: StratifiedDesign(fraction=1.5), "fraction must be from 0 to 1"),
        (lambda: StratifiedDesign(fraction={1: -0.1}), "fraction must be from 0 to 1"),
        (lambda: StratifiedDesign(fraction=0.1, least=0), "least must be an integer of at least 1"),
        (lambda: SystematicDesign(spacing_px=(0, 1)), "spacing_px must be two integers of at least 1"),
        (lambda: MinimumDistanceDesign(count=True, distance_px=1), "count must be an integer"),
        (lambda: MinimumDistanceDesign(count=1, distance_px=-1), "distance_px must be at least 0"),
        (lambda: DesignSamplingTask([LABELS], 0.1), "design must be a design"),
        (lambda: DesignSamplingTask([LABELS], StratifiedDesign(count=1), polygons=FIELDS), "go together"),
        (
            lambda: DesignSamplingTask([LABELS], StratifiedDesign(count=1), polygons=FIELDS, most_per_polygon=0),
            "most_per_polygon must be an integer of at least 1",
        ),
    ],
)
def test_impossible_settings_are_refused(make, message):
    with pytest.raises(SettingError, match=message):
        make()


def test_features_of_other_types_are_refused():
    with pytest.raises(FeatureError, match="mask_timeless"):
        DesignSamplingTask([LABELS], StratifiedDesign(count=1), strata=VALID)
    with pytest.raises(FeatureError, match="vector_timeless"):
        DesignSamplingTask([LABELS], StratifiedDesign(count=1), table_of_samples=CROP)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strata": (FeatureType.MASK_TIMELESS, "SMALL")}, r"'SMALL'\) must have the shape \(8, 10, 1\), one band"),
        ({"valid_mask": (FeatureType.MASK_TIMELESS, "SMALL")}, r"'SMALL'\) has the shape \(4, 5, 1\), but images"),
    ],
)
def test_masks_of_another_size_are_refused(settings, message):
    eopatch = patch()
    eopatch[FeatureType.MASK_TIMELESS, "SMALL"] = np.ones((4, 5, 1), dtype=np.uint8)
    with pytest.raises(DataError, match=message):
        DesignSamplingTask([LABELS], StratifiedDesign(count=1), **settings).execute(eopatch)
