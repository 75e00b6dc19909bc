"""Models are scikit-learn's, and small ones whose answers can be told by hand."""

import copy
import pickle

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox
from sklearn.cluster import KMeans
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureError, FeatureMissing, SettingError
from eolearn.ml_tools import PredictionTask

BANDS = (FeatureType.DATA, "BANDS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
CROP = (FeatureType.MASK_TIMELESS, "CROP")
SCORE = (FeatureType.DATA_TIMELESS, "SCORE")
VALID = (FeatureType.MASK_TIMELESS, "VALID")
CLOUDLESS = (FeatureType.MASK, "CLOUDLESS")
HEIGHT, WIDTH, DATES, DEPTH = 6, 5, 3, 2


def patch(**features):
    rng = np.random.default_rng(0)
    eopatch = EOPatch(
        bbox=BBox((0, 0, 50, 60), CRS.UTM_33N),
        timestamps=["2020-01-01", "2020-02-01", "2020-03-01"],
        data={"BANDS": rng.random((DATES, HEIGHT, WIDTH, DEPTH), dtype=np.float32)},
        data_timeless={"DEM": rng.random((HEIGHT, WIDTH, 1), dtype=np.float32)},
    )
    for name, values in features.items():
        eopatch[FeatureType.MASK if np.ndim(values) == 4 else FeatureType.MASK_TIMELESS, name] = values
    return eopatch


def table_of(eopatch):
    """The six columns of BANDS, dates first, for each pixel."""
    return eopatch[BANDS].transpose(1, 2, 0, 3).reshape(HEIGHT * WIDTH, DATES * DEPTH)


def trained(model, targets=None):
    rng = np.random.default_rng(1)
    table = rng.random((90, DATES * DEPTH)).astype(np.float32)
    return model.fit(table, np.arange(90) % 3 + 1 if targets is None else targets(table))


FOREST = trained(RandomForestClassifier(n_estimators=5, random_state=0))


class Recorder:
    """Answers with the first column, and remembers the tables that it was given."""

    def __init__(self):
        self.tables = []

    def predict(self, table):
        self.tables.append(table)
        return table[:, 0]


class Unasked:
    """Fails where it is asked, or written down."""

    n_features_in_ = DATES * DEPTH
    classes_ = np.array([1, 2, 7], dtype=np.uint8)

    def predict(self, table):
        raise AssertionError("asked")

    predict_proba = predict

    def __repr__(self):
        raise AssertionError("written down")

    def __deepcopy__(self, memo):
        raise AssertionError("copied")


class Unwell:
    """Fails whatever it is given."""

    def predict(self, table):
        raise RuntimeError("out of order")


class Answering:
    """Answers what it was made with."""

    def __init__(self, *answers):
        self.answers = answers

    def predict(self, table):
        return self.answers[0]


# --- what is predicted


def test_classes_are_those_that_the_model_gives():
    eopatch = patch()
    assert PredictionTask(FOREST, BANDS, CROP)(eopatch) is eopatch
    expected = FOREST.predict(table_of(eopatch)).reshape(HEIGHT, WIDTH, 1)
    np.testing.assert_array_equal(eopatch[CROP], expected, strict=True)


def test_probabilities_are_a_band_for_each_class():
    eopatch = patch()
    PredictionTask(FOREST, BANDS, SCORE, method="predict_proba")(eopatch)
    expected = FOREST.predict_proba(table_of(eopatch)).reshape(HEIGHT, WIDTH, 3).astype(np.float32)
    np.testing.assert_array_equal(eopatch[SCORE], expected, strict=True)


@pytest.mark.parametrize("outputs", [1, 2])
def test_numbers_are_a_band_for_each_output(outputs):
    model = trained(RandomForestRegressor(n_estimators=3, random_state=0), lambda table: table[:, :outputs].squeeze())
    eopatch = patch()
    PredictionTask(model, BANDS, SCORE)(eopatch)
    expected = model.predict(table_of(eopatch)).reshape(HEIGHT, WIDTH, outputs).astype(np.float32)
    np.testing.assert_array_equal(eopatch[SCORE], expected, strict=True)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int16])
def test_classes_keep_the_dtype_of_the_labels(dtype):
    model = trained(
        make_pipeline(StandardScaler(), LogisticRegression()), lambda table: (table[:, 0] > 0.5).astype(dtype)
    )
    assert PredictionTask(model, BANDS, CROP)(patch())[CROP].dtype == dtype


def test_model_that_names_no_classes_gives_int64():
    clusters = KMeans(3, n_init=1, random_state=0).fit(np.random.default_rng(0).random((20, 6)).astype(np.float32))
    assert clusters.predict(np.zeros((1, 6), dtype=np.float32)).dtype == np.int32
    assert PredictionTask(clusters, BANDS, CROP)(patch())[CROP].dtype == np.int64


def test_columns_are_features_then_dates_then_bands():
    model = Recorder()
    eopatch = patch()
    PredictionTask(model, [DEM, BANDS], SCORE)(eopatch)
    (table,) = model.tables
    np.testing.assert_array_equal(table, np.hstack([eopatch[DEM].reshape(-1, 1), table_of(eopatch)]), strict=True)


def test_feature_named_twice_gives_its_columns_twice():
    model = Recorder()
    PredictionTask(model, [DEM, DEM], SCORE)(patch())
    assert model.tables[0].shape == (HEIGHT * WIDTH, 2)


@given(st.integers(1, 8), st.integers(0, 2**30 - 1))
def test_blocks_and_mask_do_not_change_what_valid_pixels_get(rows, bits):
    valid = np.array([bits >> n & 1 for n in range(HEIGHT * WIDTH)], dtype=np.uint8).reshape(HEIGHT, WIDTH, 1)
    model = Recorder()
    eopatch = patch(VALID=valid)
    PredictionTask(model, BANDS, SCORE, valid_mask=VALID, rows_per_block=rows)(eopatch)
    first_column = eopatch[BANDS][0, ..., :1]
    np.testing.assert_array_equal(eopatch[SCORE], np.where(valid, first_column, np.float32(np.nan)), strict=True)
    assert sum(map(len, model.tables)) == valid.sum()
    assert max(map(len, model.tables), default=0) <= rows * WIDTH


def test_pixel_is_valid_where_its_mask_is_at_all_dates_and_bands():
    cloudless = np.ones((DATES, HEIGHT, WIDTH, 2), dtype=np.uint8)
    cloudless[1, 0, 0, 0] = cloudless[2, 3, 4, 1] = 0
    model = Recorder()
    score = PredictionTask(model, BANDS, SCORE, valid_mask=CLOUDLESS)(patch(CLOUDLESS=cloudless))[SCORE]
    assert np.argwhere(np.isnan(score[..., 0])).tolist() == [[0, 0], [3, 4]]


@pytest.mark.parametrize(
    ("output", "no_data_value", "expected"),
    [(CROP, None, 0), (CROP, 255, 255), (SCORE, None, np.nan), (SCORE, -1.5, -1.5)],
)
def test_pixel_that_is_not_valid_holds_no_data(output, no_data_value, expected):
    valid = np.ones((HEIGHT, WIDTH, 1), dtype=bool)
    valid[2, 1] = False
    task = PredictionTask(FOREST, BANDS, output, valid_mask=VALID, no_data_value=no_data_value)
    result = task(patch(VALID=valid))[output]
    np.testing.assert_equal(result[2, 1, 0].item(), expected)
    assert set(result[valid].tolist()) <= {1, 2, 3}


@pytest.mark.parametrize(
    ("output", "method", "bands", "dtype", "no_data"),
    [
        (CROP, "predict", 1, np.uint8, 0),
        (SCORE, "predict", 1, np.float32, np.nan),
        (SCORE, "predict_proba", 3, np.float32, np.nan),
    ],
)
def test_model_is_not_asked_for_a_patch_without_valid_pixels(output, method, bands, dtype, no_data):
    eopatch = patch(VALID=np.zeros((HEIGHT, WIDTH, 1), dtype=bool))
    PredictionTask(Unasked(), BANDS, output, method=method, valid_mask=VALID)(eopatch)
    expected = np.full((HEIGHT, WIDTH, bands), no_data, dtype=dtype)
    np.testing.assert_array_equal(eopatch[output], expected, strict=True)


def test_outputs_of_a_model_are_counted_without_asking_it():
    model = trained(RandomForestRegressor(n_estimators=2), lambda table: table[:, :2])
    eopatch = patch(VALID=np.zeros((HEIGHT, WIDTH, 1), dtype=bool))
    assert PredictionTask(model, BANDS, SCORE, valid_mask=VALID)(eopatch)[SCORE].shape == (HEIGHT, WIDTH, 2)


@pytest.mark.parametrize("shape", [(0, 5), (4, 0), (1, 1)])
def test_smallest_images_are_predicted(shape):
    eopatch = patch()
    eopatch[BANDS] = np.zeros((DATES, *shape, DEPTH), dtype=np.float32)
    assert PredictionTask(FOREST, BANDS, CROP)(eopatch)[CROP].shape == (*shape, 1)


def test_images_are_not_changed():
    eopatch = patch(VALID=np.ones((HEIGHT, WIDTH, 1), dtype=bool))
    before = copy.deepcopy(eopatch)
    PredictionTask(FOREST, BANDS, CROP, valid_mask=VALID)(eopatch)
    del eopatch[CROP]
    assert eopatch == before


def test_integer_bands_reach_the_model_as_they_are():
    model = Recorder()
    eopatch = patch()
    eopatch[BANDS] = (eopatch[BANDS] * 10_000).astype(np.uint16)
    PredictionTask(model, BANDS, CROP)(eopatch)
    assert model.tables[0].dtype == np.uint16
    np.testing.assert_array_equal(eopatch[CROP], eopatch[BANDS][0, ..., :1])


def test_nan_is_left_to_a_model_that_takes_it():
    model = Recorder()
    eopatch = patch()
    eopatch[BANDS] = np.full_like(eopatch[BANDS], np.nan)
    assert np.isnan(PredictionTask(model, BANDS, SCORE)(eopatch)[SCORE]).all()


# --- what is refused


def test_model_without_the_method_is_refused():
    with pytest.raises(SettingError, match="<LinearRegression> has no method predict_proba. It has predict"):
        PredictionTask(LinearRegression(), BANDS, SCORE, method="predict_proba")
    with pytest.raises(SettingError, match="<str> has no method predict. Is it a trained model?"):
        PredictionTask("model.pkl", BANDS, CROP)


def test_unknown_method_is_refused():
    with pytest.raises(SettingError, match="method must be one of predict, predict_proba, got 'transform'"):
        PredictionTask(StandardScaler(), BANDS, CROP, method="transform")


def test_features_of_other_types_are_refused():
    with pytest.raises(FeatureError, match="SCALAR"):
        PredictionTask(FOREST, (FeatureType.SCALAR, "S"), CROP)
    with pytest.raises(FeatureError, match="only features of data_timeless, mask_timeless"):
        PredictionTask(FOREST, BANDS, (FeatureType.MASK, "CROP"))
    with pytest.raises(FeatureError, match="only features of mask, mask_timeless"):
        PredictionTask(FOREST, BANDS, CROP, valid_mask=DEM)


@pytest.mark.parametrize("rows", [0, -1, 1.5, "all"])
def test_rows_per_block_must_be_a_positive_integer(rows):
    with pytest.raises(SettingError, match="rows_per_block must be an integer of at least 1"):
        PredictionTask(FOREST, BANDS, CROP, rows_per_block=rows)


def test_probabilities_are_refused_for_a_mask():
    with pytest.raises(SettingError, match="Probabilities don't fit into .*'CROP'.*DATA_TIMELESS"):
        PredictionTask(FOREST, BANDS, CROP, method="predict_proba")


@pytest.mark.parametrize("output", [CROP, SCORE])
def test_classes_that_are_texts_are_refused(output):
    model = trained(RandomForestClassifier(n_estimators=1), lambda table: np.where(table[:, 0] > 0.5, "maize", "wheat"))
    with pytest.raises(SettingError, match=f"<RandomForestClassifier> predicts classes of dtype <U5.*'{output[1]}'"):
        PredictionTask(model, BANDS, output)


def test_classes_that_are_floats_are_refused_for_a_mask_only():
    model = trained(RandomForestClassifier(n_estimators=1), lambda table: np.round(table[:, 0]))
    with pytest.raises(SettingError, match="predicts classes of dtype float32.*'CROP'"):
        PredictionTask(model, BANDS, CROP)
    assert set(np.unique(PredictionTask(model, BANDS, SCORE)(patch())[SCORE])) <= {0, 1}


def test_numbers_of_a_regression_are_refused_for_a_mask():
    model = trained(LinearRegression(), lambda table: table[:, 0])
    with pytest.raises(DataError, match="<LinearRegression>.predict gave float.*'CROP'.*DATA_TIMELESS"):
        PredictionTask(model, BANDS, CROP)(patch())


@pytest.mark.parametrize("value", [-1, 256, 1.5, np.nan])
def test_no_data_value_must_fit_the_classes(value):
    with pytest.raises(SettingError, match=f"no_data_value must fit uint8, as the classes do, got {value}"):
        PredictionTask(Unasked(), BANDS, CROP, no_data_value=value)


def test_other_number_of_columns_than_in_training_is_refused():
    message = (
        r"give 6 \+ 1 columns .*<RandomForestClassifier> was trained with 6.*BANDS \(3, 6, 5, 2\), DEM \(6, 5, 1\)"
    )
    with pytest.raises(DataError, match=message):
        PredictionTask(FOREST, [BANDS, DEM], CROP)(patch())


def test_images_without_columns_are_refused():
    eopatch = EOPatch(bbox=patch().bbox, timestamps=[], data={"BANDS": np.zeros((0, HEIGHT, WIDTH, DEPTH))})
    with pytest.raises(DataError, match=r"no columns to predict from: BANDS \(0, 6, 5, 2\)"):
        PredictionTask(Recorder(), BANDS, SCORE)(eopatch)
    with pytest.raises(DataError, match="no columns to predict from: there are none"):
        PredictionTask(Recorder(), FeatureType.DATA_TIMELESS, SCORE)(eopatch)


def test_images_and_mask_of_other_sizes_are_refused():
    eopatch = patch(VALID=np.ones((HEIGHT, WIDTH + 1, 1), dtype=bool))
    with pytest.raises(DataError, match=r"The mask .*'VALID'.* \(6, 6, 1\), .*'BANDS'.*\(6, 5\)"):
        PredictionTask(FOREST, BANDS, CROP, valid_mask=VALID)(eopatch)
    eopatch[DEM] = np.zeros((HEIGHT + 1, WIDTH, 1))
    with pytest.raises(DataError, match=r"differ in height or width: BANDS \(3, 6, 5, 2\), DEM \(7, 5, 1\)"):
        PredictionTask(Recorder(), [BANDS, DEM], SCORE)(eopatch)


def test_missing_features_are_refused():
    with pytest.raises(FeatureMissing, match="'NDVI'"):
        PredictionTask(FOREST, (FeatureType.DATA, "NDVI"), CROP)(patch())
    with pytest.raises(FeatureMissing, match="'VALID'"):
        PredictionTask(FOREST, BANDS, CROP, valid_mask=VALID)(patch())


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_failure_on_numbers_that_are_not_finite_names_their_feature(value):
    eopatch = patch()
    eopatch[DEM] = np.full((HEIGHT, WIDTH, 1), value, dtype=np.float32)
    model = LogisticRegression().fit(np.random.default_rng(0).random((9, 7)), np.arange(9) % 3)
    message = (
        r"<LogisticRegression>.predict failed \(.*NaN or infinite values in .*: \[\(<[^>]*>, 'DEM'\)\].*valid_mask"
    )
    with pytest.raises(DataError, match=f"(?s){message}"):
        PredictionTask(model, [BANDS, DEM], CROP)(eopatch)
    assert CROP not in eopatch


def test_other_failures_of_a_model_are_handed_on():
    with pytest.raises(RuntimeError, match="out of order"):
        PredictionTask(Unwell(), BANDS, CROP)(patch())


@pytest.mark.parametrize("answer", [np.zeros(7), np.zeros((HEIGHT * WIDTH, 1, 1)), ["maize"] * HEIGHT * WIDTH, 3, None])
def test_answers_that_are_not_numbers_for_each_pixel_are_refused(answer):
    with pytest.raises(DataError, match="<Answering>.predict must give numbers of shape .* for 30 pixels it gave"):
        PredictionTask(Answering(answer), BANDS, SCORE)(patch())


def test_unknown_number_of_probabilities_is_refused():
    class Nameless:
        def predict_proba(self, table):
            return table

    eopatch = patch(VALID=np.zeros((HEIGHT, WIDTH, 1), dtype=bool))
    with pytest.raises(DataError, match="No pixel is valid, and the model <Nameless> has no `classes_`"):
        PredictionTask(Nameless(), BANDS, SCORE, method="predict_proba", valid_mask=VALID)(eopatch)


# --- the task as an object


@pytest.mark.parametrize(
    "make", [PredictionTask, lambda m, i, o: PredictionTask(model=m, input_features=i, output_feature=o)]
)
def test_model_is_neither_written_down_nor_copied(make):
    model = Unasked()
    task = make(model, BANDS, CROP)
    assert task.private_task_config.init_args["model"] == "<Unasked>"
    assert "Unasked" not in repr(task)
    assert copy.copy(task).model is copy.deepcopy(task).model is model
    assert isinstance(pickle.loads(pickle.dumps(task)).model, Unasked)


def test_task_can_travel_to_a_worker():
    task = pickle.loads(cloudpickle.dumps(PredictionTask(FOREST, BANDS, CROP, valid_mask=VALID, rows_per_block=2)))
    assert (task.output_feature, task.valid_mask, task.rows_per_block) == (CROP, VALID, 2)
    eopatch = patch(VALID=np.ones((HEIGHT, WIDTH, 1), dtype=bool))
    np.testing.assert_array_equal(task(eopatch)[CROP].ravel(), FOREST.predict(table_of(eopatch)))


def test_settings_can_not_be_changed():
    task = PredictionTask(FOREST, BANDS, CROP)
    with pytest.raises(AttributeError):
        task.method = "predict_proba"


def test_map_of_a_real_patch_from_its_own_samples(real_patch_path):
    lulc = (FeatureType.MASK_TIMELESS, "LULC")
    eopatch = EOPatch.load(real_patch_path, features=[(FeatureType.DATA, "NDVI"), lulc])
    table = eopatch[FeatureType.DATA, "NDVI"][..., 0].reshape(68, -1).T
    model = RandomForestClassifier(10, random_state=0).fit(np.nan_to_num(table), eopatch[lulc].ravel())
    eopatch[FeatureType.DATA, "NDVI"] = np.nan_to_num(eopatch[FeatureType.DATA, "NDVI"])
    PredictionTask(model, (FeatureType.DATA, "NDVI"), CROP)(eopatch)
    assert eopatch[CROP].dtype == np.uint16
    assert (eopatch[CROP] == eopatch[lulc]).mean() > 0.9  # a forest knows the pixels that it was trained with
