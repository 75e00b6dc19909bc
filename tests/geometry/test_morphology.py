"""Drawings by hand, OpenCV, scikit-image, and the counts of labels that 1.5.6 gave for a real patch."""

import pickle

import cv2
import numpy as np
import pytest
from sentinelhub import CRS, BBox
from skimage import morphology

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, EODeprecationWarning, FeatureError, SettingError
from eolearn.core.utils.testing import generate_eopatch
from eolearn.geometry.morphology import (
    ErosionTask,
    MorphologicalFilterTask,
    MorphologicalOperations,
    MorphologicalStructFactory,
)

LULC = (FeatureType.MASK_TIMELESS, "LULC")
DATA = (FeatureType.DATA, "D")
BBOX = BBox((0, 0, 10, 10), CRS.UTM_33N)
SQUARE = np.array([[1] * 5, [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], [1, 2, 2, 2, 1], [1] * 5], dtype=np.uint8)
OPENING = MorphologicalOperations.OPENING


def eroded(image, **settings):
    eopatch = EOPatch(bbox=BBOX, mask_timeless={"LULC": np.asarray(image)[..., np.newaxis]})
    return ErosionTask((*LULC, "ERODED"), **settings)(eopatch).mask_timeless["ERODED"][..., 0]


def filtered(image, operation=OPENING, element=None):
    eopatch = EOPatch(bbox=BBOX, data_timeless={"D": np.asarray(image)[..., np.newaxis]})
    feature = (FeatureType.DATA_TIMELESS, "D")
    task = MorphologicalFilterTask(feature, morph_operation=operation, struct_elem=element)
    return task(eopatch)[feature][..., 0]


# --- erosion of labels


def test_erosion_of_a_real_map_leaves_what_it_left_in_1x(real_patch_path):
    eopatch = ErosionTask(LULC, disk_radius=3)(EOPatch.load(real_patch_path, features=[LULC]))
    labels, counts = np.unique(eopatch[LULC], return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {0: 1942, 2: 6950, 3: 1069, 4: 87, 8: 52}


def test_labels_lose_their_edges_but_not_those_of_the_image():
    expected = [[1, 0, 0, 0, 1], [0, 0, 0, 0, 0], [0, 0, 2, 0, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1]]
    np.testing.assert_array_equal(eroded(SQUARE, disk_radius=3), np.array(expected, dtype=np.uint8), strict=True)


def test_disk_of_one_pixel_changes_nothing():
    np.testing.assert_array_equal(eroded(SQUARE), SQUARE)


def test_chosen_labels_only_are_eroded():
    expected = np.where(SQUARE == 2, [[0] * 5] * 2 + [[0, 0, 2, 0, 0]] + [[0] * 5] * 2, SQUARE)
    np.testing.assert_array_equal(eroded(SQUARE, disk_radius=3, erode_labels=(2, 77)), expected)
    np.testing.assert_array_equal(eroded(SQUARE, disk_radius=3, erode_labels=[]), eroded(SQUARE, disk_radius=3))


def test_no_data_is_not_eroded():
    expected = np.where(SQUARE == 1, 1, [[1] * 5] * 2 + [[1, 1, 2, 1, 1]] + [[1] * 5] * 2)
    np.testing.assert_array_equal(eroded(SQUARE, disk_radius=3, no_data_label=1), expected)
    np.testing.assert_array_equal(eroded(SQUARE, disk_radius=3, no_data_label=1, erode_labels=[1]), SQUARE)


def test_each_date_is_eroded_by_itself():
    frames = np.stack([SQUARE, np.ones_like(SQUARE)])[..., np.newaxis]
    eopatch = EOPatch(bbox=BBOX, mask={"M": frames}, timestamps=["2020-01-01", "2020-01-02"])
    before = frames.copy()
    result = ErosionTask((FeatureType.MASK, "M"), disk_radius=3)(eopatch).mask["M"]
    np.testing.assert_array_equal(result[..., 0], [eroded(SQUARE, disk_radius=3), np.ones_like(SQUARE)])
    np.testing.assert_array_equal(frames, before)


@pytest.mark.parametrize("radius", [None, 0, -1, "a", 1.0, True, np.int64(3)])
def test_radius_must_be_an_int_of_at_least_1(radius):
    with pytest.raises(SettingError, match="disk_radius must be an int of at least 1"):
        ErosionTask(LULC, disk_radius=radius)


@pytest.mark.parametrize(
    ("feature", "value"),
    [
        ((FeatureType.MASK_TIMELESS, "M"), np.zeros((4, 4, 2), dtype=int)),
        ((FeatureType.DATA_TIMELESS, "M"), np.zeros((4, 4, 2))),
        ((FeatureType.LABEL_TIMELESS, "M"), np.zeros(1, dtype=int)),
        ((FeatureType.SCALAR_TIMELESS, "M"), np.zeros(1)),
    ],
)
def test_only_images_of_one_band_can_be_eroded(feature, value):
    task = ErosionTask(feature)
    eopatch = EOPatch(bbox=BBOX)
    eopatch[feature] = value
    with pytest.raises(DataError, match="Only images of one band can be eroded; .*'M' has the shape"):
        task(eopatch)


def test_tables_and_unfit_labels_are_refused():
    with pytest.raises(FeatureError):
        ErosionTask((FeatureType.VECTOR, "V"))
    with pytest.raises(DataError, match=r"no_data_label of .*'LULC' must fit uint8, which can't hold \[300\]"):
        eroded(SQUARE, no_data_label=300)


# --- the enum and the factory


def test_operations_are_those_of_opencv():
    constants = [MorphologicalOperations.get_operation(operation) for operation in list(MorphologicalOperations)[:4]]
    assert constants == [cv2.MORPH_OPEN, cv2.MORPH_CLOSE, cv2.MORPH_DILATE, cv2.MORPH_ERODE]
    assert [operation.value for operation in MorphologicalOperations] == [
        "opening",
        "closing",
        "dilation",
        "erosion",
        "median",
    ]
    function = MorphologicalOperations.get_operation(MorphologicalOperations.MEDIAN)
    assert function(np.array([[1, 5, 9]]), np.ones((1, 3), dtype=np.uint8)).tolist() == [[1, 5, 5]]


def test_elements_are_those_of_opencv():
    for size in range(1, 8):
        expected = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        np.testing.assert_array_equal(MorphologicalStructFactory.get_disk(size), expected, strict=True)
        np.testing.assert_array_equal(
            MorphologicalStructFactory.get_square(size), np.ones((size, size), dtype=np.uint8), strict=True
        )
    assert MorphologicalStructFactory.get_disk(3).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert MorphologicalStructFactory.get_rectangle(5, 6).shape == (5, 6)
    assert MorphologicalStructFactory.get_diamond(1).tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert MorphologicalStructFactory.get_diamond(2).shape == (5, 5)
    with pytest.raises(SettingError, match="at least one pixel, got 0 x 4"):
        MorphologicalStructFactory.get_rectangle(0, 4)


@pytest.mark.parametrize("operation", ["opening", None, 2])
def test_operation_must_be_one_of_the_enum(operation):
    for error in (SettingError, KeyError, ValueError):
        with pytest.raises(error, match=r"must be one of MorphologicalOperations\.OPENING"):
            MorphologicalFilterTask(DATA, morph_operation=operation)
        with pytest.raises(error):
            MorphologicalOperations.get_operation(operation)


# --- filters


@pytest.mark.parametrize("operation", list(MorphologicalOperations)[:4])
@pytest.mark.parametrize("size", [None, 2, 4, 5])
def test_filters_equal_those_of_opencv(operation, size):
    image = np.random.default_rng(0).integers(0, 9, (20, 15), dtype=np.uint8)
    element = None if size is None else MorphologicalStructFactory.get_disk(size)
    expected = cv2.morphologyEx(image, MorphologicalOperations.get_operation(operation), element)
    np.testing.assert_array_equal(filtered(image, operation, element), expected, strict=True)


def test_closing_fills_a_hole_and_opening_removes_a_speck():
    ring = np.pad([[True] * 3, [True, False, True], [True] * 3], 2)
    disk = MorphologicalStructFactory.get_disk(3)
    closed = filtered(ring, MorphologicalOperations.CLOSING, disk)
    np.testing.assert_array_equal(closed, np.pad(np.ones((3, 3), dtype=bool), 2), strict=True)
    assert not filtered(np.pad([[True]], 2), OPENING, disk).any()


@pytest.mark.parametrize("form", [bool, int, float])
def test_element_may_be_of_any_numbers(form):
    element = MorphologicalStructFactory.get_disk(5).astype(form)
    np.testing.assert_array_equal(filtered(SQUARE, OPENING, element), filtered(SQUARE, OPENING, element.astype("u1")))


def test_missing_pixels_stay_missing_and_harm_no_others():
    image = np.array([[np.nan, 1, 2, 3]], dtype=np.float32)
    result = filtered(image, MorphologicalOperations.DILATION)
    np.testing.assert_array_equal(result, np.array([[np.nan, 2, 3, 3]], dtype=np.float32), strict=True)


def test_dates_and_bands_are_filtered_one_by_one():
    data = np.random.default_rng(0).random((2, 7, 6, 3))
    before = data.copy()
    eopatch = EOPatch(bbox=BBOX, data={"D": data}, timestamps=["2020-01-01", "2020-01-02"])
    result = MorphologicalFilterTask(DATA, (FeatureType.DATA, "OUT"), morph_operation=OPENING)(eopatch).data["OUT"]
    for date, band in np.ndindex(2, 3):
        np.testing.assert_array_equal(result[date, ..., band], filtered(data[date, ..., band]))
    np.testing.assert_array_equal(eopatch.data["D"], before)


def test_dtypes_that_opencv_lacks_are_filtered():
    eopatch = generate_eopatch([(FeatureType.MASK, "M")])
    assert eopatch.mask["M"].dtype == np.int64
    assert (
        MorphologicalFilterTask((FeatureType.MASK, "M"), morph_operation=OPENING)(eopatch).mask["M"].dtype == np.int64
    )


def test_results_are_stored_under_the_new_names():
    eopatch = EOPatch(bbox=BBOX, mask_timeless={"A": SQUARE[..., np.newaxis], "B": SQUARE[..., np.newaxis]})
    MorphologicalFilterTask({FeatureType.MASK_TIMELESS: [("A", "C"), "B"]}, morph_operation=OPENING)(eopatch)
    assert sorted(eopatch.mask_timeless) == ["A", "B", "C"]
    with pytest.raises(SettingError, match="an output feature for each input feature"):
        MorphologicalFilterTask(DATA, [DATA, (FeatureType.DATA, "E")], morph_operation=OPENING)


def test_function_of_an_image_can_be_the_operation():
    element = morphology.disk(1)
    expected = morphology.white_tophat(SQUARE, element)
    np.testing.assert_array_equal(filtered(SQUARE, morphology.white_tophat, element), expected)


@pytest.mark.parametrize("operation", [MorphologicalOperations.MEDIAN, morphology.opening])
def test_operation_may_be_the_second_argument_as_in_old_versions(operation):
    element = MorphologicalStructFactory.get_diamond(1)
    feature = (FeatureType.DATA_TIMELESS, "D")
    with pytest.warns(EODeprecationWarning, match="morph_operation="):
        task = MorphologicalFilterTask((*feature, "OUT"), operation, element)
    result = task(EOPatch(bbox=BBOX, data_timeless={"D": SQUARE[..., np.newaxis]})).data_timeless["OUT"]
    np.testing.assert_array_equal(result[..., 0], filtered(SQUARE, operation, element))


@pytest.mark.parametrize("element", [np.zeros((3, 3)), np.ones(3), "disk"])
def test_element_must_be_an_image(element):
    with pytest.raises(SettingError, match="struct_elem must be an array of two axes"):
        MorphologicalFilterTask(DATA, morph_operation=OPENING, struct_elem=element)


def test_only_images_of_numbers_can_be_filtered():
    task = MorphologicalFilterTask((FeatureType.SCALAR_TIMELESS, "S"), morph_operation=OPENING)
    with pytest.raises(DataError, match=r"3 or 4 axes; got an array of float64 and of shape \(2,\)"):
        task(EOPatch(bbox=BBOX, scalar_timeless={"S": np.zeros(2)}))


def test_tasks_survive_pickling():
    task = pickle.loads(pickle.dumps(MorphologicalFilterTask(DATA, morph_operation=OPENING)))
    assert (task.morph_operation, task.struct_elem) == (OPENING, None)
    task = pickle.loads(pickle.dumps(ErosionTask((*LULC, "E"), disk_radius=2, erode_labels=[1])))
    assert (task.mask_type, task.mask_name, task.new_mask_name) == (*LULC, "E")
    assert (task.erode_labels, task.no_data_label, task.disk.shape) == ([1], 0, (2, 2))
