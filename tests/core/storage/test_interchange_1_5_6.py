"""Patches go from eo-learn 1.5.6 to here and back.

tests/data/make_patch_1_5_6.py wrote the patch that is read here. The long tests run that release itself, in an
environment of its own: the python that EOLEARN_PEER names, or the one in ~/.cache/eolearn-peer.
"""

import datetime as dt
import os
import shutil
import subprocess
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from geopandas.testing import assert_geodataframe_equal
from sentinelhub import CRS, BBox
from shapely.geometry import Point, box

from eolearn.core import EOPatch, merge_eopatches
from eolearn.core.eodata_io import FeatureIOZarr
from eolearn.core.utils.testing import assert_feature_data_equal

DATA = Path(__file__).parents[2] / "data"
PEER = Path(os.environ.get("EOLEARN_PEER", Path.home() / ".cache/eolearn-peer/bin/python"))
TIMES = [dt.datetime(2024, 5, 1, 10, 0, 5), dt.datetime(2024, 5, 6, 10, 0, 5, 678)]

THERE_AND_BACK = """
import sys
import warnings
import pandas as pd
from eolearn.core import EOPatch
warnings.simplefilter("ignore")
patch = EOPatch.load(sys.argv[1])
for frame in patch.vector.values():
    assert pd.api.types.is_datetime64_any_dtype(frame.TIMESTAMP), frame.dtypes
patch.save(sys.argv[2])
print(sorted(f"{feature_type.value}/{name}" for feature_type, name in patch.get_features()))
"""


def expected_patch():
    """Return what make_patch_1_5_6.py puts into its patch, as it is after loading."""
    clouds = gpd.GeoDataFrame(
        {"TIMESTAMP": [TIMES[0], TIMES[0]], "kind": ["thin", None], "area": [1.5, 2.0], "count": [1, 2]},
        geometry=[box(500000, 5100000, 500010, 5100010), Point(500020, 5100010)],
        crs=32633,
    )
    fields = gpd.GeoDataFrame({"name": ["Feld 1"]}, geometry=[Point(15, 46)], crs=CRS.WGS84.pyproj_crs())
    return EOPatch(
        bbox=BBox((500000, 5100000, 500030, 5100020), CRS.UTM_33N),
        timestamps=TIMES,
        data={"BANDS": np.arange(2 * 2 * 3 * 2, dtype=np.float32).reshape(2, 2, 3, 2) / 8},
        mask={"VALID": np.arange(2 * 2 * 3).reshape(2, 2, 3, 1) % 3 == 0},
        scalar={"COVERAGE": np.array([[0.25], [np.nan]])},
        label={"KIND": np.array([[-3], [4]], dtype=np.int16)},
        vector={"CLOUDS": clouds, "NO_CLOUDS": clouds.iloc[:0]},
        data_timeless={"DEM": np.arange(6, dtype=np.uint16).reshape(2, 3, 1)},
        mask_timeless={"CLASS": np.arange(6, dtype=np.uint8).reshape(2, 3, 1)},
        scalar_timeless={"MEAN": np.array([0.5, -0.5])},
        label_timeless={"CROP": np.array([7])},
        vector_timeless={"FIELDS": fields},
        meta_info={
            "made": {"at": "2024-06-01T12:00:00", "on": "2024-06-01", "by": ["a", 1, None, 0.5]},
            "maxcc": 0.8,
        },
    )


def assert_same(patch, expected):
    assert patch.bbox == expected.bbox
    assert patch.timestamps == expected.timestamps
    assert set(patch.get_features()) == set(expected.get_features())
    for feature_type, name in expected.get_features():
        if feature_type.is_vector():
            assert_geodataframe_equal(
                patch[feature_type, name], expected[feature_type, name], check_dtype=False, check_index_type=False
            )
        else:
            assert_feature_data_equal(patch[feature_type, name], expected[feature_type, name])
            assert getattr(patch[feature_type, name], "dtype", None) == getattr(
                expected[feature_type, name], "dtype", None
            )


@pytest.mark.parametrize("lazy_loading", [True, False])
def test_a_patch_of_1_5_6_is_loaded(lazy_loading):
    assert_same(EOPatch.load(DATA / "patch_1_5_6", lazy_loading=lazy_loading), expected_patch())


def test_a_patch_of_1_5_6_is_saved_again(tmp_path):
    EOPatch.load(DATA / "patch_1_5_6").save(tmp_path / "again")
    assert_same(EOPatch.load(tmp_path / "again"), expected_patch())


@pytest.mark.parametrize("lazy_loading", [True, False])
def test_zarr_arrays_of_1_5_6_are_loaded(lazy_loading):
    expected = expected_patch()
    expected.vector = expected.vector_timeless = {}
    patch = EOPatch.load(DATA / "patch_zarr_1_5_6", lazy_loading=lazy_loading)
    assert isinstance(patch.data._get_unloaded("BANDS"), FeatureIOZarr) == lazy_loading
    assert_same(patch, expected)
    one = EOPatch.load(DATA / "patch_zarr_1_5_6", temporal_selection=[-1], window=(slice(0, 1), slice(1, 3)))
    np.testing.assert_array_equal(one.data["BANDS"], expected.data["BANDS"][-1:, :1, 1:])


def test_dates_of_zarr_arrays_of_1_5_6_are_changed_and_appended(tmp_path):
    shutil.copytree(DATA / "patch_zarr_1_5_6", tmp_path / "patch")
    expected = EOPatch.load(tmp_path / "patch")
    changed = expected.temporal_subset([1])
    changed.data["BANDS"] = changed.data["BANDS"] + 100
    changed.save(
        tmp_path / "patch",
        features=[("data", "BANDS")],
        use_zarr=True,
        temporal_selection="infer",
        overwrite_permission="OVERWRITE_FEATURES",
    )
    expected.data["BANDS"][1] += 100
    assert_same(EOPatch.load(tmp_path / "patch"), expected)
    later = expected.copy(deep=True)
    later.timestamps = [time + dt.timedelta(days=10) for time in TIMES]
    later.save(tmp_path / "patch", temporal_selection="append")
    assert_same(EOPatch.load(tmp_path / "patch"), merge_eopatches(expected, later))


def run_peer(*arguments):
    if not PEER.exists():
        pytest.skip(f"needs eo-learn 1.5.6 at {PEER}: see ../shared/bench/side_by_side.py, or set EOLEARN_PEER")
    for _ in range(10):
        shutil.rmtree(arguments[-1], ignore_errors=True)  # what it writes
        result = subprocess.run([PEER, "-W", "ignore", *arguments], capture_output=True, text=True, check=False)
        if "cannot set WRITEABLE flag" not in result.stderr:  # its threads disturb each other in its version of shapely
            break
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


@pytest.mark.long
def test_1_5_6_loads_what_is_saved_here_and_what_it_saves_is_loaded_here(tmp_path):
    patch = expected_patch()
    patch.meta_info["made"]["at"] = dt.datetime(2024, 6, 1, 12)
    patch.data["LARGE"] = np.random.default_rng(1).normal(size=(2, 512, 512, 3))  # of several gzip members
    patch.data["TRANSPOSED"] = np.arange(24.0).reshape(2, 3, 2, 2).T
    patch.save(tmp_path / "here")
    names = sorted(f"{feature_type.value}/{name}" for feature_type, name in patch.get_features())
    assert run_peer("-c", THERE_AND_BACK, tmp_path / "here", tmp_path / "there").strip() == str(names)
    patch.meta_info["made"]["at"] = "2024-06-01T12:00:00"
    assert_same(EOPatch.load(tmp_path / "there"), patch)


@pytest.mark.long
def test_what_1_5_6_saves_today_is_loaded(tmp_path):
    run_peer(DATA / "make_patch_1_5_6.py", tmp_path / "patch")
    assert_same(EOPatch.load(tmp_path / "patch"), expected_patch())


@pytest.mark.long
def test_1_5_6_ignores_the_staging_of_a_save(tmp_path):
    expected_patch().save(tmp_path / "here")
    (tmp_path / "here/.eolearn-save-1-ab-host.domain/data").mkdir(parents=True)
    run_peer("-c", THERE_AND_BACK, tmp_path / "here", tmp_path / "there")


@pytest.mark.long
def test_a_real_patch_goes_there_and_back(real_patch_path, tmp_path):
    patch = EOPatch.load(real_patch_path)
    patch.save(tmp_path / "here")
    run_peer("-c", THERE_AND_BACK, tmp_path / "here", tmp_path / "there")
    assert_same(EOPatch.load(tmp_path / "there"), patch)
