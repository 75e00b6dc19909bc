"""Every task on what patches of a large run look like now and then: no dates, one pixel, all clouds, 224 bands."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from scipy.interpolate import Akima1DInterpolator, UnivariateSpline, interp1d, make_interp_spline
from sentinelhub import CRS, BBox

import eolearn.features as f
from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EOLearnError

X, Y, VALID = (FeatureType.DATA, "X"), (FeatureType.DATA, "Y"), (FeatureType.MASK, "IS_DATA")
TIMELESS, HEIGHTS = (FeatureType.DATA_TIMELESS, "Y"), (FeatureType.DATA_TIMELESS, "HEIGHTS")
IMAGE, XY = (FeatureType.DATA_TIMELESS, "IMAGE"), (*X, "Y")
RANGE = ("2020-01-01", "2020-03-01", 10)
TASKS = {
    "linear": f.LinearInterpolationTask(XY, resample_range=RANGE, mask_feature=VALID),
    "cubic": f.InterpolationTask(XY, interp1d, kind="cubic", mask_feature=VALID),
    "spline": f.InterpolationTask(XY, UnivariateSpline, s=0, mask_feature=VALID),
    "b-spline": f.InterpolationTask(XY, make_interp_spline, mask_feature=VALID),
    "akima": f.InterpolationTask(XY, Akima1DInterpolator, resample_range=RANGE, mask_feature=VALID),
    "whittaker": f.WhittakerTask(XY, mask_feature=VALID),
    "savitzky-golay": f.SavitzkyGolayTask(XY, window_days=40, mask_feature=VALID),
    "harmonic": f.HarmonicRegressionTask(XY, mask_feature=VALID),
    "normalised difference": f.NormalizedDifferenceIndexTask(X, Y, [0, 0]),
    "norm": f.EuclideanNormTask(X, Y),
    "linear function": f.LinearFunctionTask(X, Y, slope=2),
    "spectral index": f.SpectralIndexTask(X, Y, ["NDVI"], bands={"N": 0, "R": 0}),
    "statistics": f.TemporalStatisticsTask(X, TIMELESS, mask_feature=VALID),
    "season": f.SeasonTask(X, TIMELESS),
    "double logistic": f.DoublyLogisticApproximationTask(X, TIMELESS, valid_mask=VALID),
    "blue composite": f.BlueCompositingTask(X, TIMELESS, 0),
    "HOT composite": f.HOTCompositingTask(X, TIMELESS, 0, 0),
    "NDVI composite": f.MaxNDVICompositingTask(X, TIMELESS, 0, 0),
    "NDWI composite": f.MaxNDWICompositingTask(X, TIMELESS, 0, 0),
    "ratio composite": f.MaxRatioCompositingTask(X, TIMELESS, 0, 0, 0),
    "monthly median": f.PeriodCompositeTask(XY, "month", mask_feature=VALID),
    "monthly medoid": f.PeriodCompositeTask(XY, "month", "medoid", mask_feature=VALID),
    "histogram matching": f.HistogramMatchingTask(XY, IMAGE),
    "gabor": f.GaborTask(source=X, target=Y),
    "gradient": f.GradientTask(source=X, target=Y),
    "HOG": f.HOGTask(XY, pixels_per_cell=(2, 2), cells_per_block=(1, 1)),
    "haralick": f.HaralickTask(XY),
    "binary patterns": f.LocalBinaryPatternTask(XY),
    "clustering": f.ClusteringTask(IMAGE, "CLUSTERS", n_clusters=1),
    "decibels": f.ConvertBackscatterTask(XY, "dB"),
    "radar mean": f.RadarMeanTask(X, TIMELESS),
    "radar index": f.RadarIndexTask(X, Y, [0, 0]),
    "speckle filter": f.SpeckleFilterTask(XY),
    "resizing": f.SpatialResizeTask(resize_type="scale_factors", height_param=2, width_param=2, features=[X]),
    "gap filling": f.ValueFilloutTask(X),
    "maxima": f.AddMaxMinTemporalIndicesTask("X", data_index=0, mask_data=False),
    "slopes": f.AddMaxMinNDVISlopeIndicesTask("X", mask_data=False),
    "expression": f.FeatureExtractionTask(XY, "I(B1,B1)"),
    "terrain": f.SlopeAspectTask(HEIGHTS),
    "hillshade": f.HillshadeTask(HEIGHTS),
    "illumination": f.IlluminationTask(HEIGHTS),
}
CASES = {
    "no dates": ((0, 4, 4, 1), "f4"),
    "one date": ((1, 4, 4, 1), "f4"),
    "all masked": ((8, 4, 4, 1), "f4"),
    "NaN and infinity": ((8, 4, 4, 1), "f4"),
    "NaN only": ((8, 4, 4, 1), "f8"),
    "integers": ((8, 4, 4, 1), "u2"),
    "one pixel": ((8, 1, 1, 1), "f4"),
    "no pixel": ((8, 0, 4, 1), "f4"),
    "224 bands": ((3, 2, 2, 224), "f4"),
}
NEEDS_ONE_BAND = {"season", "double logistic", "slopes"}
REFUSED = {
    ("resizing", "no pixel"),
    ("HOG", "no pixel"),
    ("HOG", "one pixel"),
    *((task, "224 bands") for task in NEEDS_ONE_BAND),
}


def patch_of(case):
    (dates, height, width, bands), dtype = CASES[case]
    bbox = BBox((500_000, 5_100_000, 500_000 + 10 * max(width, 1), 5_100_000 + 10 * max(height, 1)), CRS.UTM_33N)
    patch = EOPatch(bbox=bbox, timestamps=[datetime(2020, 1, 1) + timedelta(days=9 * date) for date in range(dates)])
    rng = np.random.default_rng(0)
    patch[X] = (200 * rng.random((dates, height, width, bands))).astype(dtype)
    patch[VALID] = np.full((dates, height, width, 1), case != "all masked")
    patch[HEIGHTS] = 100 * rng.random((height, width, 1), np.float32)
    patch[IMAGE] = rng.random((height, width, bands), np.float32)
    if case == "NaN and infinity":
        patch[X][::2], patch[X][1::4] = np.nan, np.inf
    if case == "NaN only":
        patch[X][:] = np.nan
    return patch


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("task", TASKS)
def test_each_task_does_its_work_or_says_why_not(task, case):
    patch = patch_of(case)
    if (task, case) in REFUSED:
        with pytest.raises(EOLearnError, match=r"\d"):
            TASKS[task].execute(patch)
    else:
        assert isinstance(TASKS[task].execute(patch), EOPatch)
