"""The mappings inside of an EOPatch take what fits their type and refuse the rest by name."""

import datetime as dt
import warnings

import geopandas as gpd
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EOLearnError, TemporalDimensionWarning
from eolearn.core.storage.feature_io import FeatureIO
from eolearn.core.utils.testing import DEFAULT_BBOX

DAYS = [dt.datetime(2017, 6, day) for day in (1, 11)]
ARRAY_TYPES = [feature_type for feature_type in FeatureType if feature_type.is_array()]


@pytest.fixture
def patch():
    return EOPatch(bbox=DEFAULT_BBOX, timestamps=DAYS)


class LazyArray(FeatureIO):
    """A lazy value that counts how often it is read."""

    extension = ".npy"

    def __init__(self):
        super().__init__("/data/X.npy", MemoryFileSystem())
        self.reads = 0

    def _load(self):
        self.reads += 1
        return np.ones((2, 2, 2, 1))

    @classmethod
    def save(cls, data, filesystem, feature_path, compress_level=0):
        raise AssertionError("never called")


@pytest.mark.parametrize("feature_type", ARRAY_TYPES, ids=str)
def test_an_array_of_the_right_form_is_taken_as_it_is(patch, feature_type):
    array = np.zeros((2,) * feature_type.ndim(), dtype=np.uint8)
    patch[feature_type, "X"] = array
    assert patch[feature_type, "X"] is array


@pytest.mark.parametrize("feature_type", ARRAY_TYPES, ids=str)
def test_another_number_of_axes_is_refused_with_name_and_shape(patch, feature_type):
    array = np.zeros((2,) * (feature_type.ndim() + 1), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"'X' must have \d axes.*\(2, 2") as caught:
        patch[feature_type, "X"] = array
    assert isinstance(caught.value, EOLearnError)
    assert (feature_type, "X") not in patch


@pytest.mark.parametrize("feature_type", [ft for ft in ARRAY_TYPES if ft.is_discrete()], ids=str)
@pytest.mark.parametrize("dtype", [np.float32, object, "datetime64[s]"])
def test_classes_must_be_integers_or_booleans(patch, feature_type, dtype):
    with pytest.raises(ValueError, match="integers or booleans"):
        patch[feature_type, "X"] = np.zeros((2,) * feature_type.ndim(), dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.complex64, object, "U3", bool])
def test_continuous_types_take_any_dtype(patch, dtype):
    patch.data_timeless["X"] = np.zeros((2, 2, 1)).astype(dtype)
    assert patch.data_timeless["X"].dtype == np.dtype(dtype)


@pytest.mark.parametrize("value", [[1, 2], {}, None, 5, "text"])
def test_what_is_no_array_is_refused(patch, value):
    with pytest.raises(ValueError, match="must be a numpy array"):
        patch.scalar["X"] = value


@pytest.mark.parametrize(
    "name", ["", ".", "a.b", "../up", "a/b", "a\\b", "a|b", "a;b", "a:b", "a\nb", "a\tb", 5, None, ...]
)
def test_names_that_are_no_names_of_files_are_refused(patch, name):
    with pytest.raises(ValueError, match="name") as caught:
        patch.meta_info[name] = 1
    assert isinstance(caught.value, EOLearnError)


@pytest.mark.parametrize("name", ["with space", "dash-", "Ümläut", "日本", "_"])
def test_other_names_are_fine(patch, name):
    patch.meta_info[name] = 1
    assert list(patch.meta_info) == [name]


def test_series_of_geometries_become_tables_with_the_same_crs(patch):
    patch.vector_timeless["X"] = gpd.GeoSeries([Point(0, 0)], crs=32633)
    assert isinstance(patch.vector_timeless["X"], gpd.GeoDataFrame)
    assert patch.vector_timeless["X"].crs.to_epsg() == 32633


def test_temporal_tables_need_a_column_of_times(patch):
    table = gpd.GeoDataFrame({"kind": [1]}, geometry=[Point(0, 0)], crs=32633)
    patch.vector_timeless["X"] = table
    with pytest.raises(ValueError, match=r"'TIMESTAMP'.*'kind'"):
        patch.vector["X"] = table


@pytest.mark.parametrize("value", [{}, [], None, np.zeros(3)])
def test_vectors_must_be_tables(patch, value):
    with pytest.raises(ValueError, match="GeoDataFrame"):
        patch.vector_timeless["X"] = value


def test_an_array_with_another_number_of_dates_is_taken_with_a_warning(patch):
    with pytest.warns(TemporalDimensionWarning, match=r"'X' of shape \(3, 1\) has 3 dates.*2 timestamps"):
        patch.scalar["X"] = np.zeros((3, 1))
    assert patch.scalar["X"].shape == (3, 1)


def test_warnings_of_dates_point_to_the_line_of_the_user(patch):
    with pytest.warns(TemporalDimensionWarning) as caught:
        patch.scalar["X"] = np.zeros((3, 1))
    assert caught[0].filename == __file__


def test_an_array_with_dates_in_a_patch_without_is_taken_with_a_warning():
    patch = EOPatch(bbox=DEFAULT_BBOX)
    with pytest.warns(TemporalDimensionWarning, match="no timestamps"):
        patch.label["X"] = np.zeros((3, 1), dtype=int)
    patch.label_timeless["X"] = np.zeros(3, dtype=int)


def test_new_timestamps_are_compared_with_the_features_that_are_there(patch):
    patch.scalar["X"] = np.zeros((2, 1))
    patch.timestamps = DAYS[::-1]
    with pytest.warns(TemporalDimensionWarning, match="'X'"):
        patch.timestamps = DAYS[:1]
    with pytest.warns(TemporalDimensionWarning, match="X"):
        patch.timestamps = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        EOPatch(bbox=DEFAULT_BBOX, timestamps=DAYS).timestamps = None


def test_a_lazy_feature_is_loaded_when_it_is_read_and_only_once(patch):
    lazy = LazyArray()
    patch.data["X"] = lazy
    assert "X" in patch.data
    assert len(patch.data) == 1
    assert list(patch.data.keys()) == ["X"]
    assert lazy.reads == 0
    assert patch.data["X"] is patch.data["X"]
    assert lazy.reads == 1


def test_values_items_and_get_load(patch):
    patch.data["X"] = LazyArray()
    assert isinstance(next(iter(patch.data.values())), np.ndarray)
    patch.data["X"] = LazyArray()
    assert isinstance(dict(patch.data.items())["X"], np.ndarray)
    patch.data["X"] = LazyArray()
    assert isinstance(patch.data.get("X"), np.ndarray)
    assert patch.data.get("Y", "other") == "other"


def test_a_missing_feature_is_a_key_error_that_names_those_that_are_there(patch):
    patch.meta_info["here"] = 1
    with pytest.raises(KeyError, match="no FeatureType.META_INFO named 'there'.*'here'"):
        patch.meta_info["there"]
    with pytest.raises(KeyError, match="'there'"):
        del patch.meta_info["there"]


def test_equality_is_of_types_and_values_in_any_order(patch):
    other = EOPatch(bbox=DEFAULT_BBOX, meta_info={"b": [2], "a": np.array([1.0, np.nan])})
    patch.meta_info = {"a": np.array([1.0, np.nan]), "b": [2]}
    assert patch.meta_info == other.meta_info
    assert patch.meta_info != {"a": np.array([1.0, np.nan]), "b": [2]}
    assert EOPatch(bbox=DEFAULT_BBOX).data_timeless != EOPatch(bbox=DEFAULT_BBOX).mask_timeless
