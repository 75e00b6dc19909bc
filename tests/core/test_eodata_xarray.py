"""What `EOPatch.to_xarray` promises, and that `EOPatch.from_xarray` gives back what went in."""

import datetime as dt
import pickle
import sys

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn
from rasterio.transform import Affine, from_bounds
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    BrokenFile,
    DataError,
    EODeprecationWarning,
    FeatureError,
    MissingExtra,
    TemporalDimensionWarning,
)

BBOX = BBox((500000, 5100000, 500040, 5100030), CRS.UTM_33N)
TIMES = [dt.datetime(2026, 5, 1, 10, 0, 0, 123456), dt.datetime(2026, 5, 11)]
BANDS = (FeatureType.DATA, "BANDS")
ARRAY_TYPES = [feature_type for feature_type in FeatureType if feature_type.is_array()]


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBOX, timestamps=TIMES)
    patch.data["BANDS"] = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)
    patch.mask["CLOUDS"] = np.arange(24).reshape(2, 3, 4, 1) % 3 == 0
    patch.scalar["COVERAGE"] = np.array([[0.25, np.nan], [0.5, 1]])
    patch.data_timeless["DEM"] = np.arange(12, dtype=np.uint16).reshape(3, 4, 1)
    patch.label_timeless["CROP"] = np.array([7])
    return patch


# --- what the dataset is like


def test_variables_have_dimensions_and_coordinates(patch):
    dataset = patch.to_xarray()
    assert {name: variable.dims for name, variable in dataset.items()} == {
        "BANDS": ("time", "y", "x", "BANDS_band"),
        "CLOUDS": ("time", "y", "x", "CLOUDS_band"),
        "COVERAGE": ("time", "COVERAGE_band"),
        "DEM": ("y", "x", "DEM_band"),
        "CROP": ("CROP_band",),
    }
    assert dataset["BANDS"].values is patch.data["BANDS"]
    assert dataset["time"].values.tolist() == TIMES
    assert dataset["y"].values.tolist() == [5100025, 5100015, 5100005]
    assert dataset["x"].values.tolist() == [500005, 500015, 500025, 500035]
    assert dataset["BANDS_band"].values.tolist() == [0, 1, 2, 3, 4]


def test_crs_and_transform_are_those_of_the_box(patch):
    variable = patch.to_xarray()["DEM"]
    place = variable.coords[variable.attrs["grid_mapping"]].attrs
    assert rasterio.CRS.from_wkt(place["crs_wkt"]) == rasterio.CRS.from_epsg(32633)
    assert place["grid_mapping_name"] == "transverse_mercator"
    transform = Affine.from_gdal(*map(float, place["GeoTransform"].split()))
    assert transform == from_bounds(*BBOX, width=4, height=3)
    assert variable["x"].attrs["standard_name"] == "projection_x_coordinate"


@pytest.mark.parametrize("crs", [CRS.UTM_33N, CRS.WGS84, CRS.POP_WEB, CRS(3035)])
def test_rioxarray_reads_the_place(crs):
    pytest.importorskip("rioxarray")
    patch = EOPatch(bbox=BBox((10.5, 45, 13, 47), crs))
    patch.data_timeless["DEM"] = np.zeros((7, 3, 1))
    for data in (patch.to_xarray(), patch.to_xarray()["DEM"]):
        assert data.rio.crs.to_epsg() == crs.epsg
        assert data.rio.transform() == from_bounds(*patch.bbox, width=3, height=7)
        np.testing.assert_allclose(data.rio.bounds(), list(patch.bbox), rtol=1e-15)


def test_rioxarray_reads_the_place_of_each_size(patch):
    pytest.importorskip("rioxarray")
    patch.data["B09"] = np.zeros((2, 1, 2, 1))
    dataset = patch.to_xarray()
    assert dataset["BANDS"].rio.resolution() == (10, -10)
    assert dataset["B09"].rio.resolution() == (20, -30)
    assert dataset["B09"].rio.bounds() == tuple(BBOX)


def test_images_of_another_size_have_axes_of_their_own(patch):
    patch.data["B09"] = np.zeros((2, 1, 2, 1))
    dataset = patch.to_xarray()
    assert dataset["B09"].dims == ("time", "y_2", "x_2", "B09_band")
    assert dataset["x_2"].values.tolist() == [500010, 500030]
    assert dataset["B09"].attrs["grid_mapping"] == "spatial_ref_2"
    assert dataset["spatial_ref_2"].attrs["GeoTransform"] == "500000.0 20.0 0.0 5100030.0 0.0 -30.0"


def test_names_that_two_features_share_get_the_type(patch):
    patch.mask["BANDS"] = np.ones((2, 3, 4, 1), np.uint8)
    assert {"data.BANDS", "mask.BANDS", "CLOUDS"} < set(patch.to_xarray())
    assert patch.to_xarray(BANDS)["BANDS"].attrs["feature_type"] == "data"


def test_tables_and_meta_information_are_left_out_and_named(patch):
    patch.meta_info["source"] = "made up"
    patch.vector_timeless["FIELDS"] = gpd.GeoDataFrame(geometry=[Point(0, 0)], crs=32633)
    assert patch.to_xarray().attrs == {"left_out": ["meta_info source", "vector_timeless FIELDS"]}
    assert patch.to_xarray(FeatureType.DATA).attrs == {}
    for feature_type, name in [(FeatureType.META_INFO, "source"), (FeatureType.VECTOR_TIMELESS, "FIELDS")]:
        with pytest.raises(FeatureError, match=f"these features are none: {feature_type.value} {name}"):
            patch.to_xarray([BANDS, (feature_type, name)])


def test_an_array_with_other_dates_than_the_patch_is_refused(patch):
    with pytest.warns(TemporalDimensionWarning):
        patch.scalar["ODD"] = np.zeros((5, 1))
    with pytest.raises(DataError, match="'ODD' has 5 dates and not 2"):
        patch.to_xarray()


def test_timestamps_of_which_only_some_have_a_time_zone_are_refused():
    patch = EOPatch(bbox=BBOX, timestamps=[TIMES[0], TIMES[1].replace(tzinfo=dt.UTC)])
    with pytest.raises(DataError, match="Some timestamps have a time zone"):
        patch.to_xarray()


def test_without_xarray_an_error_says_how_to_get_it(patch, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    for call in (patch.to_xarray, lambda: EOPatch.from_xarray(None)):
        with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-core\[xarray\]'"):
            call()


# --- there and back

NAMES = ["A", "B", "A_band", "time", "x", "y_2", "spatial_ref", "A_band_band", "data", "ß x"]
DTYPES = ["f2", "f4", ">f4", "f8", "c8", "?", "u1", "i2", ">i4", "u8", "U3", "S2", "M8[D]", "M8[ns]", "m8[h]"]


@st.composite
def boxes(draw):
    crs = draw(st.sampled_from([CRS.UTM_33N, CRS.WGS84, CRS.POP_WEB, CRS(3035), CRS(32733)]))
    edges = [draw(st.floats(-170, 170)), draw(st.floats(-80, 80)), draw(st.floats(-170, 170)), draw(st.floats(-80, 80))]
    return BBox(edges, crs)


@st.composite
def patches(draw):
    zone = draw(st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=2))]))
    moments = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(zone))
    patch = EOPatch(bbox=draw(boxes()), timestamps=draw(st.none() | st.lists(moments, max_size=3)))
    dates = draw(st.integers(0, 2)) if patch.timestamps is None else len(patch.timestamps)
    sizes = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=3))
    for feature_type, name in draw(st.lists(st.tuples(st.sampled_from(ARRAY_TYPES), st.sampled_from(NAMES)))):
        if patch.timestamps is None and feature_type.is_temporal():
            continue
        dtype = np.dtype(draw(st.sampled_from(DTYPES if not feature_type.is_discrete() else ["?", "u1", ">i4", "i8"])))
        times = (dates,) if feature_type.is_temporal() else ()
        pixels = draw(st.sampled_from(sizes)) if feature_type.is_image() else ()
        shape = (*times, *pixels, draw(st.integers(0, 3)))
        if dtype.kind in "mM":  # xarray turns days into seconds, so not all of 64 bits; the least one is NaT
            counts = st.integers(-(10**6), 10**6) | st.just(-(2**63))
            patch[feature_type, name] = draw(stn.arrays(np.int64, shape, elements=counts)).astype(dtype)
        else:
            patch[feature_type, name] = draw(stn.arrays(dtype, shape))
    return patch


@given(patches())
def test_array_features_come_back_as_they_were(patch):
    dataset = patch.to_xarray()
    back = EOPatch.from_xarray(dataset)
    assert back.get_features() == patch.get_features()
    assert back.timestamps == patch.timestamps
    assert (list(back.bbox), back.bbox.crs) == (list(patch.bbox), patch.bbox.crs)
    for feature in patch.get_features():
        assert back[feature].dtype == patch[feature].dtype
        np.testing.assert_array_equal(back[feature], patch[feature])
    xr.testing.assert_identical(back.to_xarray(), dataset)


def test_a_subclass_comes_back_as_itself(patch):
    class Place(EOPatch):
        pass

    assert type(Place.from_xarray(patch.to_xarray())) is Place


@pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.TemporalDimensionWarning")
def test_a_patch_without_box_and_dates_comes_back():
    with pytest.warns(EODeprecationWarning):
        patch = EOPatch()
    patch.data["A"] = np.zeros((2, 3, 4, 1))
    patch.data["B"] = np.zeros((2, 5, 6, 1))
    dataset = patch.to_xarray()
    assert set(dataset.coords) == {"A_band", "B_band"}
    with pytest.warns(EODeprecationWarning):
        back = EOPatch.from_xarray(dataset)
    assert back == patch


def test_a_patch_of_nothing_comes_back():
    patch = EOPatch(bbox=BBOX)
    assert EOPatch.from_xarray(patch.to_xarray()) == patch


def test_the_box_of_a_part_is_that_of_its_pixels(patch):
    part = patch.to_xarray().isel(x=slice(1, 3), y=[2], time=[1])
    back = EOPatch.from_xarray(part)
    assert back.bbox == BBox((500010, 5100000, 500030, 5100010), CRS.UTM_33N)
    assert back.timestamps == TIMES[1:]
    np.testing.assert_array_equal(back.data["BANDS"], patch.data["BANDS"][1:, 2:, 1:3])


def test_a_mean_over_time_becomes_timeless_and_a_mask_without_integers_data(patch):
    dataset = patch.to_xarray([BANDS, (FeatureType.MASK, "CLOUDS")]).mean("time", keep_attrs=True)
    assert EOPatch.from_xarray(dataset).get_features() == [
        (FeatureType.DATA_TIMELESS, "BANDS"),
        (FeatureType.DATA_TIMELESS, "CLOUDS"),
    ]


def test_a_dataset_saved_by_xarray_comes_back(patch, tmp_path):
    patch.mask["BANDS"] = np.ones((2, 3, 4, 1), np.uint8)
    patch.to_xarray().to_zarr(tmp_path / "cube.zarr", zarr_format=2, consolidated=False)
    for settings in ({}, {"decode_coords": "all"}):
        with xr.open_zarr(tmp_path / "cube.zarr", consolidated=False, chunks=None, **settings) as dataset:
            assert EOPatch.from_xarray(dataset) == patch


# --- lazy features


@pytest.fixture(params=[True, False], ids=["zarr", "npy"])
def is_zarr(request):
    return request.param


@pytest.fixture
def lazy(patch, is_zarr, tmp_path):
    patch.save(tmp_path, use_zarr=is_zarr)
    return EOPatch.load(tmp_path, lazy_loading=True)


def is_loaded(patch, feature=BANDS):
    return isinstance(patch[feature[0]]._get_unloaded(feature[1]), np.ndarray) or (
        patch[feature[0]]._get_unloaded(feature[1]).loaded_value is not None
    )


def test_lazy_features_stay_lazy_and_have_the_same_values(patch, lazy):
    dataset = lazy.to_xarray()
    repr(dataset), dataset.sizes, dataset.dtypes
    assert not any(is_loaded(lazy, feature) for feature in lazy.get_features())
    xr.testing.assert_identical(dataset, patch.to_xarray())
    assert EOPatch.from_xarray(dataset) == patch


def test_a_lazy_file_of_numpy_is_read_once_for_dataset_and_patch(patch, tmp_path):
    patch.save(tmp_path)
    lazy = EOPatch.load(tmp_path, lazy_loading=True)
    variable = lazy.to_xarray()["BANDS"]
    np.testing.assert_array_equal(variable[1, 2, :, -1], patch.data["BANDS"][1, 2, :, -1])
    assert is_loaded(lazy)
    assert np.shares_memory(variable.values, lazy.data["BANDS"])


def test_of_a_lazy_zarr_array_only_the_chunks_are_read_that_are_needed(patch, tmp_path):
    patch.save(tmp_path, use_zarr=True)
    variable = EOPatch.load(tmp_path, lazy_loading=True).to_xarray()["BANDS"]
    (tmp_path / "data/BANDS.zarr/c.0.0.0.0").unlink()
    np.testing.assert_array_equal(variable[1, ::2, -1], patch.data["BANDS"][1, ::2, -1])
    np.testing.assert_array_equal(variable.sel(time="2026-05-11"), patch.data["BANDS"][1:])
    with pytest.raises(BrokenFile, match=r"the chunk c\.0\.0\.0\.0 is missing"):
        variable.load()


def test_what_is_written_into_a_lazy_variable_stays_there(patch, lazy):
    variable = lazy.to_xarray()["BANDS"]
    variable[0, 0, 0, 0] = -1
    assert variable[0, 0, 0, 0] == -1
    assert lazy == patch


def test_a_feature_that_was_loaded_meanwhile_is_not_read_again(patch, lazy, tmp_path):
    variable = lazy.to_xarray()["BANDS"]
    assert lazy == patch
    for path in [*tmp_path.glob("data/BANDS.npy*"), *tmp_path.glob("data/BANDS.zarr/*")]:
        path.unlink()
    np.testing.assert_array_equal(variable.isel(time=1), patch.data["BANDS"][1])


def test_lazy_variables_can_be_pickled(patch, lazy):
    xr.testing.assert_identical(pickle.loads(pickle.dumps(lazy.to_xarray())), patch.to_xarray())


def test_a_part_that_is_loaded_lazily_stays_a_part(patch, is_zarr, tmp_path):
    patch.save(tmp_path, use_zarr=is_zarr)
    selection = {"temporal_selection": [1, 0]} if is_zarr else {}
    part = EOPatch.load(
        tmp_path, lazy_loading=True, window=(slice(1, 3), slice(0, 2)), bands={BANDS: [4, 0, 4]}, **selection
    )
    expected = patch.data["BANDS"][[1, 0] if is_zarr else [0, 1], 1:3, :2][..., [4, 0, 4]]
    variable = part.to_xarray()["BANDS"]
    assert not is_loaded(part)
    np.testing.assert_array_equal(variable[:, 1, :, 1:], expected[:, 1, :, 1:])
    np.testing.assert_array_equal(variable, expected)
    assert EOPatch.from_xarray(part.to_xarray()).bbox == part.bbox


indices = st.one_of(
    st.slices(3),
    st.integers(-3, 2),
    stn.arrays(np.intp, st.integers(0, 4), elements=st.integers(-3, 2)),
    stn.arrays(bool, 3),
)


@pytest.fixture(scope="module")
def cube(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cube")
    patch = EOPatch(bbox=BBOX, timestamps=["2026-01-01", "2026-01-02", "2026-01-03"])
    patch.data["BANDS"] = np.arange(81, dtype=np.int16).reshape(3, 3, 3, 3)
    patch.save(folder, use_zarr=True)
    return EOPatch.load(folder, lazy_loading=True)


@given(key=st.tuples(indices, indices, indices, indices))
def test_any_index_of_a_lazy_variable_gives_what_it_gives_of_one_in_memory(cube, key):
    in_memory = xr.DataArray(np.arange(81, dtype=np.int16).reshape(3, 3, 3, 3))
    lazy = cube.to_xarray()["BANDS"]
    np.testing.assert_array_equal(lazy[key], in_memory[key])
