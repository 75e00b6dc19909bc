"""What `EOPatch.from_xarray` makes of data that did not come from an EOPatch, and what it refuses."""

import datetime as dt

import numpy as np
import pyproj
import pytest
import rasterio
import xarray as xr
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureError,
    FeatureMissing,
    SettingError,
    SettingTypeError,
)

BBOX = BBox((500000, 5100000, 500040, 5100030), CRS.UTM_33N)
Y, X = [5100025.0, 5100015.0, 5100005.0], [500005.0, 500015.0, 500025.0, 500035.0]
BANDS = (FeatureType.DATA, "BANDS")
DEM = (FeatureType.DATA_TIMELESS, "DEM")
PLACE = xr.Variable((), 0, {"spatial_ref": pyproj.CRS.from_epsg(32633).to_wkt()})


def cube(**coordinates):
    """Return two bands of two dates as odc-stac gives them."""
    coordinates = {"time": np.array(["2026-05-01", "2026-05-11T10:20:30.5"], "M8[ns]"), "y": Y, "x": X} | coordinates
    values = np.arange(24.0).reshape(2, 3, 4)
    variables = {"red": (("time", "y", "x"), values), "nir": (("time", "y", "x"), values + 100)}
    return xr.Dataset(variables, {"spatial_ref": PLACE} | coordinates)


def grid(values=None, *, dims=("y", "x"), **coordinates):
    """Return an image without time."""
    coordinates = {"y": Y, "x": X, "spatial_ref": PLACE} | coordinates
    values = np.arange(12.0).reshape(3, 4) if values is None else values
    return xr.DataArray(values, coordinates, dims, name="DEM")


# --- what the variables become


def test_each_variable_becomes_data_with_one_band():
    patch = EOPatch.from_xarray(cube())
    assert patch.bbox == BBOX
    assert patch.timestamps == [dt.datetime(2026, 5, 1), dt.datetime(2026, 5, 11, 10, 20, 30, 500000)]
    assert patch.get_features() == [(FeatureType.DATA, "red"), (FeatureType.DATA, "nir")]
    np.testing.assert_array_equal(patch.data["nir"], 100 + np.arange(24.0).reshape(2, 3, 4, 1))


def test_variables_joined_by_xarray_become_the_bands_of_one_feature():
    patch = EOPatch.from_xarray(cube().to_dataarray("band"), BANDS)
    assert patch.get_features() == [BANDS]
    np.testing.assert_array_equal(
        patch.data["BANDS"], np.stack([np.arange(24).reshape(2, 3, 4), 100 + np.arange(24).reshape(2, 3, 4)], axis=-1)
    )


def test_a_mapping_chooses_variables_and_says_what_they_become():
    dataset = cube().assign(clouds=lambda data: data.red.astype(np.uint8), ignored=("other", [1, 2]))
    patch = EOPatch.from_xarray(dataset, {"clouds": FeatureType.MASK, "nir": (FeatureType.DATA, "B08")})
    assert patch.get_features() == [(FeatureType.DATA, "B08"), (FeatureType.MASK, "clouds")]


def test_a_type_is_for_all_variables():
    patch = EOPatch.from_xarray(cube().astype(int), "mask")
    assert patch.get_features() == [(FeatureType.MASK, "red"), (FeatureType.MASK, "nir")]


@pytest.mark.parametrize(
    ("dims", "dtype", "feature_type"),
    [
        (("time", "y", "x"), float, FeatureType.DATA),
        (("time", "y", "x"), bool, FeatureType.MASK),
        (("time",), int, FeatureType.SCALAR),
        (("time", "values"), bool, FeatureType.LABEL),
        (("x", "y"), np.uint8, FeatureType.DATA_TIMELESS),
        (("y", "band", "x"), bool, FeatureType.MASK_TIMELESS),
        (("values",), float, FeatureType.SCALAR_TIMELESS),
        ((), bool, FeatureType.LABEL_TIMELESS),
    ],
)
@pytest.mark.filterwarnings("ignore:An EOPatch without a bounding box")
def test_dimensions_and_booleans_decide_the_type(dims, dtype, feature_type):
    sizes = {"time": 2, "y": 3, "x": 4, "band": 5, "values": 6}
    dataset = cube().drop_vars(["red", "nir"]).assign(A=(dims, np.ones([sizes[name] for name in dims], dtype)))
    assert EOPatch.from_xarray(dataset).get_features() == [(feature_type, "A")]


def test_an_image_of_a_single_date_gets_a_time_axis_if_it_shall_have_one():
    single = cube().isel(time=1)
    patch = EOPatch.from_xarray(single, FeatureType.DATA)
    assert patch.data["red"].shape == (1, 3, 4, 1)
    assert patch.timestamps == [dt.datetime(2026, 5, 11, 10, 20, 30, 500000)]
    assert EOPatch.from_xarray(single).get_features()[0] == (FeatureType.DATA_TIMELESS, "red")


# --- where it lies


def test_rows_from_south_to_north_and_columns_from_east_to_west_are_turned():
    upright = grid()
    patch = EOPatch.from_xarray(upright[::-1, ::-1])
    assert patch.bbox == BBOX
    np.testing.assert_array_equal(patch.data_timeless["DEM"][..., 0], upright)


def test_axes_may_be_called_longitude_and_latitude():
    dataset = grid(y=[46.25, 46.75, 47.25], x=[14.05, 14.15, 14.25, 14.35]).rename(y="latitude", x="longitude")
    patch = EOPatch.from_xarray(dataset.drop_vars("spatial_ref"), crs=CRS.WGS84)
    np.testing.assert_allclose(list(patch.bbox), [14, 46, 14.4, 47.5], rtol=1e-15)
    np.testing.assert_array_equal(patch.data_timeless["DEM"][0, :, 0], [8, 9, 10, 11])


def test_axes_are_known_by_the_attribute_of_the_cf_conventions():
    array = grid().rename(y="northing", x="easting")
    array["northing"].attrs["axis"], array["easting"].attrs["axis"] = "Y", "X"
    assert EOPatch.from_xarray(array).bbox == BBOX


def test_coordinates_in_single_precision_are_regular_enough():
    x = np.linspace(14, 15, 1001, dtype=np.float32)
    array = grid(np.zeros((2, 1001)), y=[46.001, 46], x=x)
    place = EOPatch.from_xarray(array.drop_vars("spatial_ref"), crs="EPSG:4326").bbox
    np.testing.assert_allclose(list(place), [13.9995, 45.9995, 15.0005, 46.0015], atol=1e-6)


def test_the_transform_tells_the_size_of_a_single_pixel():
    place = xr.Variable((), 0, PLACE.attrs | {"GeoTransform": "500000 10 0 5100030 0 -10"})
    array = grid(spatial_ref=place).isel(y=[1], x=[2])
    assert EOPatch.from_xarray(array).bbox == BBox((500020, 5100010, 500030, 5100020), CRS.UTM_33N)
    assert EOPatch.from_xarray(grid(spatial_ref=place).drop_vars(["y", "x"])).bbox == BBOX


def test_edges_are_those_of_the_transform_if_it_agrees_with_the_coordinates():
    edges = 14 + np.arange(21) * 0.001
    x = (edges[:-1] + edges[1:]) / 2
    place = {"spatial_ref": pyproj.CRS.from_epsg(4326).to_wkt(), "GeoTransform": "14 0.001 0 46.01 0 -0.001"}
    array = grid(np.zeros((3, 20)), y=[46.0005, 46.0015, 46.0025], x=x, spatial_ref=((), 0, place))
    assert list(EOPatch.from_xarray(array).bbox) == [14, 46.01 - 10 * 0.001, 14 + 20 * 0.001, 46.01 - 7 * 0.001]
    coarse = array.isel(x=slice(None, None, 5))  # pixels of 0.005, from half of one before the first centre
    np.testing.assert_allclose(list(EOPatch.from_xarray(coarse).bbox)[::2], [13.998, 14.018], rtol=1e-14)


def test_the_crs_may_lie_in_a_variable_or_under_another_name():
    dataset = cube().reset_coords("spatial_ref").rename(spatial_ref="crs")
    dataset["red"].attrs["grid_mapping"] = "crs"
    patch = EOPatch.from_xarray(dataset)
    assert patch.bbox == BBOX
    assert len(patch.get_features()) == 2


def test_an_image_without_any_place_makes_a_patch_without_box():
    with pytest.warns(EODeprecationWarning):
        patch = EOPatch.from_xarray(xr.DataArray(np.zeros((3, 4)), dims=("y", "x"), name="A"))
    assert patch.bbox is None


def test_a_geotiff_read_by_rioxarray_becomes_a_feature(tmp_path):
    rioxarray = pytest.importorskip("rioxarray")
    values = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    transform = rasterio.transform.from_bounds(*BBOX, width=4, height=3)
    settings = {"width": 4, "height": 3, "count": 2, "dtype": "int16", "crs": "EPSG:32633", "transform": transform}
    with rasterio.open(tmp_path / "a.tif", "w", **settings) as file:
        file.write(values)
    with rioxarray.open_rasterio(tmp_path / "a.tif") as array:
        patch = EOPatch.from_xarray(array, DEM)
    assert patch.bbox == BBOX
    np.testing.assert_array_equal(patch.data_timeless["DEM"], np.moveaxis(values, 0, -1))


# --- what is refused

ROTATED = xr.Variable((), 0, PLACE.attrs | {"GeoTransform": "500000 9 1 5100030 1 -9"})
LOCAL = xr.Variable((), 0, {"crs_wkt": 'LOCAL_CS["barn",UNIT["metre",1]]'})


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (grid(spatial_ref=ROTATED), "'DEM' is rotated: its GeoTransform is 500000 9 1 .*reproject it"),
        (
            grid(x=[500005, 500015, 500025, 500036]),
            "'x' of 'DEM' is irregular: its steps are from 10 to 11|10.0 to 11.0",
        ),
        (grid(y=[1, 1, 1]), "'y' of 'DEM' is irregular"),
        (grid().isel(x=[1]), "'x' of 'DEM' has 1 values, .*rio.write_transform"),
        (grid().isel(y=[]), "'y' of 'DEM' has 0 values"),
        (grid().drop_vars("spatial_ref"), "don't say which CRS .*: give crs="),
        (grid().isel(y=0), "one of y and x without the other"),
        (grid(np.zeros((3, 4, 2, 2)), dims=("y", "x", "band", "angle")), "'band' and 'angle' can't both be band"),
        (grid(np.zeros((3, 4, 3)), dims=("y", "x", "lat")), "'y' and 'lat' can't both be y"),
    ],
)
def test_a_grid_that_no_patch_can_have_is_refused(array, message):
    with pytest.raises(DataError, match=message):
        EOPatch.from_xarray(array)


def test_a_crs_without_code_is_refused():
    with pytest.raises(SettingError, match="has no EPSG code"):
        EOPatch.from_xarray(grid(spatial_ref=LOCAL))
    with pytest.raises(SettingError, match="The CRS nonsense has no EPSG code"):
        EOPatch.from_xarray(grid().drop_vars("spatial_ref"), crs="nonsense")


def test_images_of_different_places_are_refused():
    dataset = xr.Dataset({"A": grid(), "B": grid().rename(y="y_2", x="x_2").assign_coords(x_2=np.array(X) + 10)})
    with pytest.raises(DataError, match="'B' covers BBox.*500010.*those before it BBox"):
        EOPatch.from_xarray(dataset)


def test_types_that_do_not_fit_the_dimensions_are_refused():
    with pytest.raises(
        DataError, match=r"'DEM' with .* can't become FeatureType.DATA, but FeatureType.DATA_TIMELESS or"
    ):
        EOPatch.from_xarray(grid(), FeatureType.DATA)
    with pytest.raises(DataError, match="must hold integers or booleans"):
        EOPatch.from_xarray(grid(), FeatureType.MASK_TIMELESS)


def test_dates_that_are_none_are_refused():
    with pytest.raises(DataError, match="'time' must hold dates, all of them known"):
        EOPatch.from_xarray(cube(time=[1, 2]))
    with pytest.raises(DataError, match="'time' must hold dates, all of them known"):
        EOPatch.from_xarray(cube(time=np.array(["2026-05-01", "NaT"], "M8[ns]")))


def test_several_time_axes_are_refused():
    dataset = cube()
    dataset["nir"] = dataset["nir"].rename(time="t")
    with pytest.raises(DataError, match=r"several time axes, \['time', 't'\]"):
        EOPatch.from_xarray(dataset)


def test_what_is_asked_for_in_a_wrong_way_is_refused():
    with pytest.raises(SettingTypeError, match="got ndarray"):
        EOPatch.from_xarray(np.zeros(3))
    with pytest.raises(FeatureMissing, match=r"no variables \['green'\]. Those that there are: \['red', 'nir'\]"):
        EOPatch.from_xarray(cube(), {"green": FeatureType.DATA})
    with pytest.raises(FeatureError, match="can't become one feature .*to_dataarray"):
        EOPatch.from_xarray(cube(), BANDS)
    with pytest.raises(FeatureError, match="has no name"):
        EOPatch.from_xarray(grid().rename(None))
    with pytest.raises(FeatureError, match="'nir' and 'red' would both become"):
        EOPatch.from_xarray(cube(), {"red": BANDS, "nir": BANDS})
    with pytest.raises(FeatureError, match="FeatureType.VECTOR"):
        EOPatch.from_xarray(cube(), FeatureType.VECTOR)
    with pytest.raises(FeatureError, match="VECTOR can't be used here"):
        EOPatch.from_xarray(grid(), (FeatureType.VECTOR, "A"))
    with pytest.raises(FeatureError, match="has '.' in it"):
        EOPatch.from_xarray(grid().rename("B.1"))
