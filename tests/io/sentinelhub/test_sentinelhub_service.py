"""The names of the first releases, which are made of requests to the Process API."""

from __future__ import annotations

import base64
import pickle
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from sentinelhub import CRS, BBox, DataCollection

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, EOUserWarning, SettingError
from eolearn.io import sentinelhub_service as old
from eolearn.io.sentinelhub_process import SentinelHubInputTask

pytestmark = pytest.mark.filterwarnings("ignore::eolearn.core.exceptions.EODeprecationWarning")
JUNE = ("2024-06-01", "2024-06-30")
SCRIPT = """//VERSION=3
function setup() { return {input: ["B04"], output: {bands: 2, sampleType: "UINT16"}}; }
"""


@pytest.fixture
def settings(config, collections):
    return {"data_collection": collections["L1C"], "config": config}


def test_old_names_give_the_bands_of_the_new_ones(hub, settings, bbox):
    new = SentinelHubInputTask(
        size=(8, 6), bands_feature=(FeatureType.DATA, "BANDS"), bands=["B04", "B08"],
        additional_data=[(FeatureType.MASK, "dataMask", "IS_DATA")], **settings,
    ).execute(bbox=bbox, time_interval=JUNE)  # fmt: skip
    feature = (FeatureType.DATA, "BANDS")
    for task in (
        old.S2L1CWCSInput("B04,B08", feature=feature, resx="10m", resy="10m", **settings),
        old.S2L1CWCSInput("B04,B08", feature=feature, resx=10, **settings),
        old.SentinelHubOGCInput("B04,B08", feature=feature, service_type="wcs", size_x=10, size_y=10, **settings),
        old.S2L1CWMSInput("B04, B08", feature=feature, width=8, height=6, **settings),
        old.S2L1CWMSInput("B04,B08", feature="BANDS", width=8, **settings),
        old.S2L1CWMSInput("B04,B08", feature="BANDS", height=6, time_difference=timedelta(seconds=-1), **settings),
    ):
        patch = task.execute(bbox=bbox, time_interval=JUNE)
        np.testing.assert_array_equal(patch[feature], new[feature])
        np.testing.assert_array_equal(patch.mask["IS_DATA"], new.mask["IS_DATA"])
        assert patch.timestamps == new.timestamps
        assert patch.meta_info["time_interval"] == list(JUNE)


def test_a_layer_of_all_bands_has_its_name(hub, settings, bbox):
    patch = old.S2L1CWCSInput("BANDS-S2-L1C", resx="10m", resy="10m", maxcc=0.2, **settings).execute(
        bbox=bbox, time_interval=JUNE
    )
    assert patch.data["BANDS-S2-L1C"].shape == (1, 6, 8, 13)
    assert patch.meta_info["maxcc"] == 0.2


def test_what_is_missing_comes_from_the_patch(hub, settings, bbox):
    patch = EOPatch(bbox=bbox)
    patch.meta_info.update({"size_x": 8, "size_y": 6, "time_interval": JUNE, "maxcc": 0.5})
    result = old.SentinelHubOGCInput("B04", valid_data_mask_feature=None, **settings).execute(patch)
    assert result is patch
    assert patch.data["B04"].shape == (2, 6, 8, 1)
    with pytest.raises(DataError, match="There is no size"):
        old.SentinelHubOGCInput("B04", **settings).execute(bbox=bbox, time_interval=JUNE)


def test_what_was_used_can_be_saved_and_used_by_the_next_task(hub, settings, collections, bbox, tmp_path):
    first = old.S2L1CWCSInput("B04", resx="10m", maxcc=0.5, time_difference=timedelta(hours=1), **settings)
    patch = first.execute(bbox=bbox, time_interval=(datetime(2024, 6, 1), date(2024, 6, 30)))
    patch.save(tmp_path / "patch")
    patch = EOPatch.load(tmp_path / "patch")
    assert dict(patch.meta_info) == {
        "service_type": "wcs",
        "size_x": "10m",
        "maxcc": 0.5,
        "time_difference": 3600.0,
        "time_interval": ["2024-06-01T00:00:00", "2024-06-30"],
    }
    second = old.SentinelHubOGCInput("B08", data_collection=collections["L2A"], config=settings["config"])
    second.execute(patch)
    assert patch.data["B08"].shape == patch.data["B04"].shape == (2, 6, 8, 1)


def test_clouds_are_not_asked_of_radar_and_elevations(hub, config, collections, bbox):
    radar = DataCollection.SENTINEL1_IW_ASC.define_from("LOCAL_S1", service_url=None)
    patch = EOPatch(bbox=bbox)
    patch.meta_info.update({"size_x": 8, "size_y": 6, "time_interval": JUNE, "maxcc": 0.5})
    old.S1IWWMSInput("VV", "ascending", data_collection=radar, config=config).execute(patch)
    assert patch.data["VV"].shape == (3, 6, 8, 1)
    old.DEMWMSInput("DEM", data_collection=collections["DEM"], config=config).execute(patch)
    filters = [body["input"]["data"][0].get("dataFilter", {}) for body in hub.bodies()]
    assert not [name for each in filters for name in each if "loud" in name]
    assert [each["orbitDirection"] for each in filters[:3]] == ["ASCENDING"] * 3
    assert "timeRange" not in filters[-1]


@pytest.mark.parametrize("script", [SCRIPT, base64.b64encode(SCRIPT.encode()).decode()])
def test_a_layer_with_its_evalscript(hub, settings, bbox, script):
    task = old.S2L1CWMSInput("NDVI", width=8, height=6, custom_url_params={"evalscript": script}, **settings)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.data["NDVI"].shape == (3, 6, 8, 1)
    assert hub.bodies()[0]["evalscript"] == SCRIPT


def test_elevations_and_classes(hub, config, collections, bbox):
    for task in (
        old.DEMWMSInput("MAPZEN_DEM", width=8, height=6, data_collection=collections["DEM"], config=config),
        old.DEMWCSInput("MAPZEN_DEM", resx="10m", resy="10m", data_collection=collections["DEM"], config=config),
    ):
        assert task.execute(bbox=bbox).data_timeless["MAPZEN_DEM"].shape == (6, 8, 1)
    task = old.AddSen2CorClassificationFeature(
        "SCL", "any layer", data_collection=collections["L2A"], size=(8, 6), config=config
    )
    assert task.execute(bbox=bbox, time_interval=JUNE).mask["SCL"].shape == (3, 6, 8, 1)


def test_presets_have_their_collections():
    for task, collection in (
        (old.S2L2AWMSInput("B04"), DataCollection.SENTINEL2_L2A),
        (old.S2L2AWCSInput("B04"), DataCollection.SENTINEL2_L2A),
        (old.L8L1CWMSInput("B04"), DataCollection.LANDSAT_OT_L1),
        (old.L8L1CWCSInput("BANDS"), DataCollection.LANDSAT_OT_L1),
        (old.S1IWWMSInput("VV"), DataCollection.SENTINEL1_IW),
        (old.S1IWWCSInput("VV,VH", orbit="ascending"), DataCollection.SENTINEL1_IW_ASC),
        (old.S1IWWCSInput("VH", "descending"), DataCollection.SENTINEL1_IW_DES),
    ):
        assert task.data_collection is collection
    with pytest.raises(SettingError, match="orbit is one of both, ascending, descending"):
        old.S1IWWMSInput("VV", orbit="up")


def test_what_cannot_be_done_is_said(settings, bbox):
    for error, more in (
        ("only the configuration of an account at the deprecated OGC service knows", {"layer": "TRUE_COLOR"}),
        ("holds no reflectances", {"image_format": "PNG"}),
        (
            r"custom_url_params \['ATMFILTER'\] belong to the OGC service",
            {"custom_url_params": {"ATMFILTER": "ATMCOR"}},
        ),
        ("not one of version 3", {"custom_url_params": {"EVALSCRIPT": "return [B04];"}}),
        ("not one of version 3", {"custom_url_params": {"EVALSCRIPT": "cmV0dXJuIFtCMDRdOw=="}}),
    ):
        with pytest.raises(SettingError, match=error):
            old.S2L1CWMSInput(**{"layer": "B04", **settings, **more})
    with pytest.raises(SettingError, match="service_type is 'wms'"):
        old.SentinelHubOGCInput("B04", service_type="wfs", **settings)
    line = BBox((14, 46, 14, 47), CRS.WGS84)
    with pytest.raises(DataError, match="has no area"):
        old.S2L1CWMSInput("B04", width=8, **settings).execute(bbox=line, time_interval=JUNE)
    with pytest.raises(DataError, match="There is no place"):
        old.S2L1CWMSInput("B04", width=8, **settings).execute(time_interval=JUNE)
    with pytest.raises(SettingError, match="data_collection is needed"):
        old.SentinelHubOGCInput("B04")
    with pytest.raises(SettingError, match="A size of pixels is metres, as '10m'"):
        old.S2L1CWCSInput("B04", resx="ten", resy="10m", **settings).execute(bbox=bbox, time_interval=JUNE)
    with pytest.warns(EOUserWarning, match="no date is left out silently"):
        old.S2L1CWMSInput("B04", raise_download_errors=False, **settings)


@pytest.mark.filterwarnings("default::eolearn.core.exceptions.EODeprecationWarning")
def test_old_names_say_what_to_use(settings, secret):
    with pytest.warns(EODeprecationWarning, match="S2L1CWMSInput is a name of the first releases: use SentinelHub"):
        task = old.S2L1CWMSInput("B04", **settings)
    assert secret.encode() not in pickle.dumps(task)
