"""Images from netCDF files: written by xarray for the tests, and real ones of WorldCereal and GFMap."""

import importlib
import shutil
import sys
from datetime import datetime

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from numpy.testing import assert_allclose, assert_array_equal
from rasterio.warp import transform_bounds
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import (
    BrokenFile,
    DataError,
    FeatureError,
    FeatureMissing,
    MissingExtra,
    PathNotFound,
    SettingError,
    StorageError,
)
from eolearn.io.alignment import AlignToGridTask
from eolearn.io.netcdf import ImportFromNetCDFTask

xr = pytest.importorskip("xarray")
pytest.importorskip("h5netcdf")
h5py = pytest.importorskip("h5py")
pyproj = pytest.importorskip("pyproj")

BANDS, CLASSES, DEM = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "CLASSES"), (FeatureType.DATA_TIMELESS, "DEM")
PLACE = BBox((500000, 5100000, 500080, 5100060), CRS.UTM_33N)
DATES = [datetime(2026, 5, 1), datetime(2026, 5, 6), datetime(2026, 5, 11)]
Y, X = 5100055 - 10 * np.arange(6.0), 500005 + 10 * np.arange(8.0)


def numbers(seed=0, dtype=np.int16):
    return np.random.default_rng(seed).integers(1, 999, (3, 6, 8)).astype(dtype)


def cube(**changes):
    """Return a Dataset of three dates on the grid of PLACE."""
    crs = {"crs_wkt": pyproj.CRS(32633).to_wkt()}
    variables = {
        "B04": (("t", "y", "x"), numbers(), {"grid_mapping": "crs"}),
        "B08": (("t", "y", "x"), numbers(1), {"grid_mapping": "crs"}),
        "SCL": (("t", "y", "x"), numbers(2, np.uint8), {"grid_mapping": "crs"}),
        "dem": (("y", "x"), numbers(3)[0].astype(np.float32), {"grid_mapping": "crs"}),
        "crs": ((), 0, crs),
    }
    return xr.Dataset(variables | changes, {"t": np.array(DATES, "M8[ns]"), "y": Y, "x": X})


def saved(path, dataset, **encoding):
    dataset.to_netcdf(path, engine="h5netcdf", encoding=encoding)
    return path


@pytest.fixture
def path(tmp_path):
    return saved(tmp_path / "cube.nc", cube())


def test_variables_become_the_bands_of_features(path):
    features = {BANDS: ["B08", "B04"], CLASSES: "SCL", DEM: "dem"}
    patch = ImportFromNetCDFTask(features, path).execute()
    assert patch.bbox == PLACE
    assert patch.timestamps == DATES
    assert_array_equal(patch[BANDS], np.stack([numbers(1), numbers()], axis=-1))
    assert patch[BANDS].dtype == np.int16
    assert_array_equal(patch[CLASSES][..., 0], numbers(2, np.uint8))
    assert_array_equal(patch[DEM][..., 0], numbers(3)[0])


def turned(dataset):
    return dataset.isel(y=slice(None, None, -1), x=slice(None, None, -1))


def transposed(dataset):
    return dataset.transpose("x", "t", "y")


def with_other_names(dataset):
    return dataset.rename(t="time", y="latitude", x="longitude")


def with_spatial_ref(dataset):
    place = {"spatial_ref": dataset.crs.attrs["crs_wkt"], "GeoTransform": "500000 10 0 5100060 0 -10"}
    dataset = dataset.rename(crs="spatial_ref").assign(spatial_ref=((), 0, place))
    for name in ("B04", "B08", "SCL", "dem"):
        dataset[name].attrs["grid_mapping"] = "spatial_ref"
    return dataset.drop_vars(["x", "y"])


def with_cf_crs(dataset):
    attributes = pyproj.CRS(32633).to_cf()
    del attributes["crs_wkt"]
    return dataset.assign(crs=((), 0, attributes))


@pytest.mark.parametrize("change", [turned, transposed, with_other_names, with_spatial_ref])
def test_order_and_names_of_axes_are_no_matter(change, tmp_path):
    path = saved(tmp_path / "changed.nc", change(cube()))
    patch = ImportFromNetCDFTask({BANDS: ["B08", "B04"], DEM: "dem"}, path).execute()
    assert (
        patch == ImportFromNetCDFTask({BANDS: ["B08", "B04"], DEM: "dem"}, saved(tmp_path / "c.nc", cube())).execute()
    )
    part = BBox((500020, 5100010, 500050, 5100030), CRS.UTM_33N)
    patch = ImportFromNetCDFTask({BANDS: ["B04"]}, path).execute(bbox=part)
    assert_array_equal(patch[BANDS][..., 0], numbers()[:, 3:5, 2:5])


def test_crs_may_be_written_in_the_terms_of_cf(tmp_path):
    path = saved(tmp_path / "cf.nc", with_cf_crs(cube()))
    assert ImportFromNetCDFTask({DEM: "dem"}, path).execute().bbox == PLACE


def test_crs_without_a_code_is_given(tmp_path):
    path = saved(tmp_path / "own.nc", cube(crs=((), 0, {"crs_wkt": pyproj.CRS("+proj=laea +lat_0=10").to_wkt()})))
    with pytest.raises(DataError, match="has no EPSG code: .*Give crs="):
        ImportFromNetCDFTask({DEM: "dem"}, path).execute()
    assert ImportFromNetCDFTask({DEM: "dem"}, path, crs=32633).execute().bbox == PLACE


def test_no_data_scale_and_offset_of_the_file_are_applied_once_or_not_at_all(tmp_path):
    values = numbers().astype(np.float64) * 0.1 + 5
    values[0, 0] = np.nan
    dataset = cube(B04=(("t", "y", "x"), values, {"grid_mapping": "crs"}))
    encoding = {"dtype": "int16", "scale_factor": 0.1, "add_offset": 5.0, "_FillValue": -1}
    path = saved(tmp_path / "scaled.nc", dataset, B04=encoding)
    assert_allclose(ImportFromNetCDFTask({BANDS: "B04"}, path).execute()[BANDS][..., 0], values, rtol=1e-6)
    stored = ImportFromNetCDFTask({BANDS: "B04"}, path, mask_and_scale=False).execute()[BANDS][..., 0]
    assert_array_equal(stored, np.where(np.isnan(values), -1, numbers()))
    mask = ImportFromNetCDFTask({CLASSES: "B04"}, path).execute()[CLASSES][..., 0]
    assert_array_equal(mask, stored)


def test_no_data_value_counts_instead_of_that_of_the_file(tmp_path):
    values = numbers(dtype=np.uint16)
    values[1] = 65535
    signed = values.view(np.int16)  # as netCDF of Java stores it
    attributes = {"grid_mapping": "crs", "_Unsigned": "true", "missing_value": np.int16(-2)}
    path = saved(tmp_path / "unsigned.nc", cube(B04=(("t", "y", "x"), signed, attributes)))
    task = ImportFromNetCDFTask({BANDS: "B04"}, path, no_data_value=65535)
    assert_array_equal(task.execute()[BANDS][..., 0], np.where(values == 65535, np.nan, values))
    stored = ImportFromNetCDFTask({BANDS: "B04"}, path, mask_and_scale=False).execute()[BANDS]
    assert stored.dtype == np.uint16
    assert_array_equal(stored[..., 0], values)
    with pytest.raises(DataError, match="'B04' holds uint16, in which -1 can't stand for no data"):
        ImportFromNetCDFTask({BANDS: "B04"}, path, no_data_value=-1).execute()


def test_classes_in_floats_become_integers(tmp_path):
    values = numbers(dtype=np.float32)
    values[0, 0, 0] = np.nan
    path = saved(tmp_path / "floats.nc", cube(SCL=(("t", "y", "x"), values, {"grid_mapping": "crs"})))
    with pytest.raises(DataError, match="has NaN in the file, which a mask can't hold: give no_data_value"):
        ImportFromNetCDFTask({CLASSES: "SCL"}, path).execute()
    patch = ImportFromNetCDFTask({CLASSES: "SCL"}, path, no_data_value=0, image_dtype=np.uint16).execute()
    assert patch[CLASSES].dtype == np.uint16
    assert_array_equal(patch[CLASSES][..., 0], np.nan_to_num(values))
    path = saved(tmp_path / "halves.nc", cube(SCL=(("t", "y", "x"), values / 2, {"grid_mapping": "crs"})))
    with pytest.raises(DataError, match="has fractions in the file"):
        ImportFromNetCDFTask({CLASSES: "SCL"}, path, no_data_value=0).execute()


def test_bands_along_an_axis_are_found_by_their_names(tmp_path):
    values = np.random.default_rng(0).random((2, 6, 8))
    array = xr.DataArray(values, {"bands": ["red", "nir"], "y": Y, "x": X}, ("bands", "y", "x"), "features")
    path = saved(tmp_path / "bands.nc", array.to_dataset())
    patch = ImportFromNetCDFTask({DEM: ["nir", "red"]}, path, crs=CRS.UTM_33N).execute()
    assert_array_equal(patch[DEM], np.moveaxis(values[::-1], 0, -1))
    whole = ImportFromNetCDFTask({DEM: "features"}, path, crs="EPSG:32633").execute()
    assert_array_equal(whole[DEM], np.moveaxis(values, 0, -1))
    with pytest.raises(FeatureMissing, match="no variable 'rad'. Did you mean red. There are: features, red, nir"):
        ImportFromNetCDFTask({DEM: "rad"}, path, crs=32633).execute()


def test_single_date_may_become_timeless(tmp_path):
    path = saved(tmp_path / "one.nc", cube().isel(t=slice(1, 2)))
    patch = ImportFromNetCDFTask({DEM: "B04"}, path).execute()
    assert_array_equal(patch[DEM][..., 0], numbers()[1])
    assert patch.timestamps is None
    with pytest.raises(DataError, match="'B04' has 3 dates, but .*DEM'\\) none: read it as FeatureType.DATA"):
        ImportFromNetCDFTask({DEM: "B04"}, saved(tmp_path / "three.nc", cube())).execute()


def test_box_in_another_crs_takes_all_pixels_that_it_touches(path):
    box = BBox(transform_bounds("EPSG:32633", "EPSG:4326", 500024, 5100016, 500036, 5100024), CRS.WGS84)
    patch = ImportFromNetCDFTask({BANDS: "B04"}, path).execute(bbox=box)
    assert patch.bbox == BBox((500020, 5100010, 500040, 5100030), CRS.UTM_33N)
    assert_array_equal(patch[BANDS][..., 0], numbers()[:, 3:5, 2:4])


def test_patch_must_be_made_of_pixels_of_the_file(path):
    task = ImportFromNetCDFTask({BANDS: "B04"}, path)
    patch = EOPatch(bbox=BBox((500010, 5100020, 500060, 5100040), CRS.UTM_33N))
    assert_array_equal(task.execute(patch)[BANDS][..., 0], numbers()[:, 2:4, 1:6])
    assert patch.timestamps == DATES
    for bounds, crs in (
        ((500015, 5100020, 500055, 5100040), CRS.UTM_33N),
        ((500010, 5100020, 500060, 5100040), CRS.UTM_32N),
    ):
        with pytest.raises(DataError, match=r"isn't made of pixels of 'B04' .* give align=AlignToGridTask\(\)"):
            task.execute(EOPatch(bbox=BBox(bounds, crs)))
    with pytest.raises(DataError, match="reaches out of 'B04'"):
        task.execute(EOPatch(bbox=BBox((500010, 5100020, 500090, 5100040), CRS.UTM_33N)))


@pytest.mark.parametrize("crs", [CRS.UTM_33N, CRS.UTM_32N])
def test_what_does_not_lie_on_the_grid_is_resampled_as_the_whole_file_would_be(path, crs):
    bounds = transform_bounds("EPSG:32633", crs.ogc_string(), 500016, 5100006, 500058, 5100043)
    place = BBox(bounds, crs)
    for size in ((9, 10), (2, 2)):
        align = AlignToGridTask(size=size, resampling={FeatureType.DATA: "cubic"})
        patch = ImportFromNetCDFTask({BANDS: ["B04"], CLASSES: "SCL"}, path, align=align).execute(EOPatch(bbox=place))
        whole = align.execute(ImportFromNetCDFTask({BANDS: ["B04"], CLASSES: "SCL"}, path).execute(), bbox=place)
        assert patch == whole


def test_patch_with_images_gives_the_grid(path):
    patch = EOPatch(bbox=BBox((500000, 5100000, 500160, 5100060), CRS.UTM_33N), timestamps=DATES)
    patch[FeatureType.DATA, "OWN"] = np.zeros((3, 3, 8, 1))
    patch = ImportFromNetCDFTask({BANDS: "B04"}, path, image_dtype=np.float32, align=AlignToGridTask()).execute(patch)
    blocks = numbers().reshape(3, 3, 2, 4, 2).mean(axis=(2, 4))
    assert_allclose(patch[BANDS][:, :, :4, 0], blocks, rtol=1e-6)
    assert np.isnan(patch[BANDS][:, :, 4:]).all()  # where the file ends


def test_place_elsewhere_is_refused(path):
    far = BBox((0, 0, 1, 1), CRS.WGS84)
    for align in (None, AlignToGridTask(size=(2, 2))):
        with pytest.raises(DataError, match="reaches out of|doesn't meet"):
            ImportFromNetCDFTask({BANDS: "B04"}, path, align=align).execute(bbox=far)


def test_file_in_memory_and_in_a_group_is_read(tmp_path, path):
    filesystem = MemoryFileSystem()
    filesystem.pipe_file("/cubes/cube.nc", path.read_bytes())
    patch = ImportFromNetCDFTask({BANDS: "B04"}, "/cubes/cube.nc", filesystem=filesystem).execute()
    assert patch == ImportFromNetCDFTask({BANDS: "B04"}, path).execute()
    cube().to_netcdf(tmp_path / "grouped.nc", engine="h5netcdf", group="s2")
    assert ImportFromNetCDFTask({BANDS: "B04"}, tmp_path / "grouped.nc", group="s2").execute() == patch
    with pytest.raises(BrokenFile, match="can't be read as netCDF"):
        ImportFromNetCDFTask({BANDS: "B04"}, path, group="s2").execute()


def test_file_of_netcdf_3_is_read(tmp_path):
    cube().drop_vars("SCL").to_netcdf(tmp_path / "old.nc", engine="scipy")
    patch = ImportFromNetCDFTask({BANDS: "B04"}, tmp_path / "old.nc").execute()
    assert_array_equal(patch[BANDS][..., 0], numbers())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": X + 3 * (X[3] == X)}, "irregular"),
        ({"t": np.array(DATES[::-1], "M8[ns]")}, "aren't sorted, each once: .* comes after"),
        ({"t": np.array([DATES[0], *DATES[:2]], "M8[ns]")}, "aren't sorted, each once: .* comes twice"),
        ({"crs": ((), 0, {})}, "doesn't say which CRS the x and y of 'B04' are in: give crs="),
        ({"crs": ((), 0, {"crs_wkt": "nonsense"})}, "CRS of 'B04' .* can't be understood"),
        ({"crs": ((), 0, {"crs_wkt": pyproj.CRS(32633).to_wkt(), "GeoTransform": "0 9 1 0 1 -9"})}, "is rotated"),
        ({"t": ("t", [0, 1, 2], {"units": "days since yesterday"})}, "can't be understood"),
        ({"B08": (("t", "y_2", "x"), np.zeros((3, 5, 8), np.int16))}, "has no coordinates 'y_2'"),
        (
            {"B08": (("t", "y", "x"), numbers().astype("f8"))},
            "differ in their dtypes .B04 int16, B08 float64.: set image_dtype",
        ),
        ({"B08": (("t", "x"), np.zeros((3, 8), np.int16))}, "has the dimensions"),
    ],
)
def test_file_that_does_not_fit_is_refused(changes, message, tmp_path):
    path = saved(tmp_path / "bad.nc", cube().assign(changes) if "x" in changes or "t" in changes else cube(**changes))
    patch = EOPatch(bbox=PLACE)
    with pytest.raises(DataError, match=message):
        ImportFromNetCDFTask({BANDS: ["B04", "B08"]}, path).execute(patch)
    assert patch == EOPatch(bbox=PLACE)


def test_dates_must_be_those_of_the_patch(path):
    patch = EOPatch(bbox=PLACE, timestamps=DATES[:2])
    with pytest.raises(DataError, match="has 3 dates, .* aren't the 2 dates"):
        ImportFromNetCDFTask({BANDS: "B04"}, path).execute(patch)
    assert ImportFromNetCDFTask({DEM: "dem"}, path).execute(patch).timestamps == DATES[:2]


def test_boxes_that_differ_are_refused(path):
    with pytest.raises(DataError, match="leave out bbox=, or the patch"):
        ImportFromNetCDFTask({DEM: "dem"}, path).execute(EOPatch(bbox=PLACE), bbox=BBox((0, 0, 1, 1), CRS.WGS84))


def test_files_that_are_none_are_told_apart(tmp_path, path):
    with pytest.raises(PathNotFound, match="There is no file .*nowhere.nc"):
        ImportFromNetCDFTask({DEM: "dem"}, tmp_path / "nowhere.nc").execute()
    (tmp_path / "text.nc").write_text("not a cube")
    with pytest.raises(BrokenFile, match="is no netCDF file: it begins with b'not'"):
        ImportFromNetCDFTask({DEM: "dem"}, tmp_path / "text.nc").execute()
    content = path.read_bytes()
    (tmp_path / "half.nc").write_bytes(content[: len(content) // 2])
    with pytest.raises(BrokenFile, match="can't be read as netCDF"):
        ImportFromNetCDFTask({DEM: "dem"}, tmp_path / "half.nc").execute()


def test_file_that_would_read_other_files_is_refused(tmp_path, path):
    (tmp_path / "secret").write_bytes(bytes(96))
    shutil.copy(path, tmp_path / "raw.nc")
    with h5py.File(tmp_path / "raw.nc", "a") as file:
        file.create_dataset("raw", (6, 8), "i2", external=[(str(tmp_path / "secret"), 0, 96)])
    shutil.copy(path, tmp_path / "link.nc")
    with h5py.File(tmp_path / "link.nc", "a") as file:
        file["link"] = h5py.ExternalLink(str(path), "/dem")
    shutil.copy(path, tmp_path / "virtual.nc")
    layout = h5py.VirtualLayout((6, 8), "f4")
    layout[:] = h5py.VirtualSource(str(path), "dem", (6, 8))
    with h5py.File(tmp_path / "virtual.nc", "a") as file:
        file.create_virtual_dataset("virtual", layout)
    for name in ("raw", "link", "virtual"):
        with pytest.raises(StorageError, match=f"'{name}' of .* lies in another file"):
            ImportFromNetCDFTask({DEM: "dem"}, tmp_path / f"{name}.nc").execute()


def test_groups_that_contain_themselves_do_no_harm(tmp_path, path):
    with h5py.File(path, "a") as file:
        file.create_group("inner")["again"] = file["/"]
    assert ImportFromNetCDFTask({DEM: "dem"}, path).execute().bbox == PLACE


def test_more_than_is_allowed_is_not_read(path):
    task = ImportFromNetCDFTask({BANDS: "B04"}, path, max_bytes=3 * 6 * 8 * 2 - 1)
    with pytest.raises(DataError, match="288 bytes would be read, more than max_bytes=287"):
        task.execute()
    assert task.execute(bbox=BBox((500000, 5100000, 500080, 5100050), CRS.UTM_33N))[BANDS].shape == (3, 5, 8, 1)


@pytest.mark.parametrize("missing", ["xarray", "h5netcdf", "h5py"])
def test_missing_package_is_named(missing, path, monkeypatch):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtra, match=r"pip install eo-learn-io\[netcdf\]"):
        ImportFromNetCDFTask({BANDS: "B04"}, path).execute()
    importlib.invalidate_caches()


@pytest.mark.parametrize(
    ("features", "settings", "error"),
    [
        ({}, {}, FeatureError),
        ([BANDS], {}, FeatureError),
        ({(FeatureType.SCALAR, "S"): "B04"}, {}, FeatureError),
        ({BANDS: []}, {}, SettingError),
        ({BANDS: [1]}, {}, SettingError),
        ({BANDS: "B04"}, {"mask_and_scale": False, "no_data_value": 0}, SettingError),
    ],
)
def test_bad_settings_are_refused(features, settings, error):
    with pytest.raises(error):
        ImportFromNetCDFTask(features, "cube.nc", **settings)


def real(repository, path):
    found = repository.parent / "shared/data" / path
    if not found.is_file():
        pytest.skip(f"needs ../shared/data/{path}")
    return found


def test_cube_of_worldcereal_is_read_with_its_whole_gaps(repository):
    path = real(repository, "worldcereal/worldcereal_preprocessed_inputs.nc")
    bands = ["S2-L2A-B02", "S2-L2A-B08"]
    patch = ImportFromNetCDFTask(
        {BANDS: bands, (FeatureType.DATA, "DEM"): "elevation"}, path, no_data_value=65535
    ).execute()
    assert patch.bbox == BBox((664000, 5611120, 665000, 5612120), CRS.UTM_31N)  # of the README beside it
    assert patch.timestamps[1:3] == [datetime(2020, 12, 1), datetime(2021, 1, 1)]
    missing = np.isnan(patch[BANDS]).mean(axis=(1, 2, 3))
    assert_array_equal(np.flatnonzero(missing == 1), [1, 2])
    with h5py.File(path) as file:
        stored = np.stack([file[name][()].view(np.uint16) for name in bands], axis=-1)
    assert_array_equal(patch[BANDS], np.where(stored == 65535, np.nan, stored))


def test_field_cube_in_the_european_grid_is_read(repository):
    path = real(repository, "gfmap/tests/resources/polygons_s2_cdse/openEO_4__dad1e479c8.nc")
    patch = ImportFromNetCDFTask({BANDS: ["S2-L2A-B04", "S2-L2A-B03", "S2-L2A-B02"]}, path).execute()
    assert patch.bbox.crs == CRS("EPSG:3035")
    assert patch[BANDS].shape == (19, 18, 23, 3)
    assert patch[BANDS].dtype == np.uint16
    assert_allclose(patch.bbox.lower_left, (4975067.78032362 - 22.5 * 10, 1979213.83551719 - 5))


def test_cube_of_two_dates_says_where_it_has_no_data(repository):
    folder = "gfmap/notebooks/job_management/results"
    path = real(repository, f"{folder}/j-2503201101384455b27e11bde4f31165_openEO__2a358f26d2.nc")
    patch = ImportFromNetCDFTask({BANDS: ["B04", "B03", "B02"]}, path).execute()
    with h5py.File(path) as file:
        stored = np.stack([file[name][()] for name in ("B04", "B03", "B02")], axis=-1)
    assert patch[BANDS].dtype == np.float32
    assert_array_equal(patch[BANDS], np.where(stored == -32768, np.nan, stored))
