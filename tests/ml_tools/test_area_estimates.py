import numpy as np
import pandas as pd
import pytest
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureMissing
from eolearn.ml_tools.area_estimates import estimate_areas
from eolearn.ml_tools.designs import DesignSamplingTask, StratifiedDesign, SystematicDesign

MAP, TRUTH = (FeatureType.MASK_TIMELESS, "MAP"), (FeatureType.MASK_TIMELESS, "TRUTH")
TABLE = (FeatureType.VECTOR_TIMELESS, "SAMPLES")


def test_published_example_of_olofsson_et_al_2014():
    """Tables 8 and 9: deforestation, gain of forest, stable forest and other, in 10 million pixels of 30 m."""
    errors = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
    mapped = np.array([200_000, 150_000, 3_200_000, 6_450_000])
    stratum, label = (np.repeat(part.ravel(), errors.ravel()) for part in np.indices((4, 4)))
    samples = pd.DataFrame({"stratum": stratum, "label": label, "weight": (mapped / errors.sum(axis=1))[stratum]})
    areas = estimate_areas(samples, "label", pixel_area=0.09)
    np.testing.assert_allclose(areas["area"][0], 21_158, atol=0.5)  # ha
    np.testing.assert_allclose(1.96 * areas["standard_error"][0], 6_158, atol=0.5)
    np.testing.assert_allclose(areas["area"].sum(), 900_000)


def region():
    """Return four patches with a truth and a map of it in which every fifth pixel is wrong."""
    rng = np.random.default_rng(0)
    patches = []
    for index in range(4):
        truth = (rng.random((12, 15, 1)) < 0.1 + 0.2 * index).astype(np.uint8)
        mapped = np.where(rng.random(truth.shape) < 0.2, 1 - truth, truth)
        bbox = BBox((150 * index, 0, 150 * index + 150, 120), CRS.UTM_33N)
        patches.append(EOPatch(bbox=bbox, mask_timeless={"MAP": mapped, "TRUTH": truth}))
    return patches


def simulated(design, runs, *, drawn=4, **settings):
    """Return the true area of class 1, and over many draws its estimates and standard errors."""
    patches, results = region(), []
    task = DesignSamplingTask([(*TRUTH, "Y")], design, strata=MAP, table_of_samples=TABLE)
    for run in range(runs):
        rng = np.random.default_rng(run)
        tables = []
        for index in rng.choice(4, drawn, replace=False).tolist():
            seed = int(rng.integers(2**31))
            eopatch = task.execute(patches[index].copy(), seed=seed, patch_probability=drawn / 4)
            columns = pd.DataFrame(eopatch[TABLE][["stratum", "weight"]])
            tables.append(columns.assign(label=eopatch[FeatureType.MASK_TIMELESS, "Y"].ravel(), patch=index))
        results.append(estimate_areas(pd.concat(tables), "label", **settings).loc[1])
    truth = sum(int(eopatch[TRUTH].sum()) for eopatch in patches)
    return truth, np.array([list(result) for result in results])


@pytest.mark.parametrize(
    ("design", "settings"),
    [
        (StratifiedDesign(count=12), {}),
        (StratifiedDesign(fraction={0: 0.05, 1: 0.2}), {}),
        (SystematicDesign(spacing_px=(4, 3)), {}),
        (StratifiedDesign(count=12), {"drawn": 2, "clusters": "patch"}),
    ],
)
def test_areas_are_unbiased_and_standard_errors_not_too_small(design, settings):
    truth, results = simulated(design, 60, **settings)
    mean, spread = results[:, 0].mean(), results[:, 0].std()
    assert abs(mean - truth) < 3.5 * spread / np.sqrt(60)
    # of 60 draws a spread is known to 9 %; the formula is that of draws with replacement, so it may be larger
    assert np.sqrt((results[:, 1] ** 2).mean()) > 0.8 * spread


def test_naive_share_of_samples_is_biased_where_strata_are_sampled_unequally():
    """What the weights are for: in the same samples, the share of class 1 is far from its share of the region."""
    eopatch = region()[0]
    task = DesignSamplingTask([(*TRUTH, "Y")], StratifiedDesign(count=15), strata=MAP, table_of_samples=TABLE)
    shares = [task.execute(eopatch.copy(), seed=seed)[FeatureType.MASK_TIMELESS, "Y"].mean() for seed in range(50)]
    assert np.mean(shares) > 1.4 * eopatch[TRUTH].mean()


def test_single_sample_of_a_stratum_has_no_standard_error():
    samples = pd.DataFrame({"stratum": [1, 2, 2], "label": [5, 5, 6], "weight": [10.0, 4.0, 4.0]})
    areas = estimate_areas(samples, "label")
    assert areas["area"].to_dict() == {5: 14, 6: 4}
    assert areas["standard_error"].isna().all()


def test_samples_without_weights_are_refused():
    samples = pd.DataFrame({"stratum": [0, 0], "label": [1, 2], "weight": [np.nan, 1.0]})
    with pytest.raises(DataError, match="1 of 2 samples have no weight"):
        estimate_areas(samples, "label")


def test_samples_of_several_dates_are_refused():
    dates = pd.to_datetime(["2020-01-01", "2020-01-02"])
    samples = pd.DataFrame({"stratum": [0, 0], "label": [1, 2], "weight": [1.0, 1.0], "date": dates})
    with pytest.raises(DataError, match="several dates"):
        estimate_areas(samples, "label")


def test_missing_columns_are_refused():
    with pytest.raises(FeatureMissing, match=r"lacks the columns \['label', 'stratum'\]"):
        estimate_areas(pd.DataFrame({"weight": [1.0]}), "label")
