"""The tasks against a service on loopback, through the real client."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from rasterio.warp import transform
from sentinelhub import CRS, BBox, Geometry

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, FeatureError, SettingError
from eolearn.io.sentinelhub_process import (
    SentinelHubDemTask,
    SentinelHubEvalscriptTask,
    SentinelHubInputTask,
    SentinelHubSen2corTask,
)

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")
DAYS = (1, 11, 21)
NDVI = """//VERSION=3
function setup() {
    return {
        input: [{bands: ["B04", "B08", "dataMask"]}],
        output: [{id: "index", bands: 1, sampleType: "FLOAT32"}, {id: "colours", bands: 3, sampleType: "UINT8"}]
    }
}
"""


def numbers(bbox, band, day, bands=1, size=(8, 6)):
    """Return what the service computes for a band and a day, by a loop over pixels."""
    west, _, _, north = bbox
    width, height = size
    image = np.empty((height, width, bands))
    for row in range(height):
        for column in range(width):
            x, y = west + 10 * column + 5, north - 10 * row - 5
            image[row, column] = (x / 10 + 3 * (y / 10)) % 97 + day + sum(map(ord, band)) % 50 + np.arange(bands)
    return image


def test_bands_and_masks_become_a_patch(hub, config, collections, bbox):
    task = SentinelHubInputTask(
        collections["L1C"], resolution=10, bands_feature=BANDS, bands=["B02", "B8A"], config=config,
        additional_data=[(FeatureType.MASK, "dataMask", "IS_DATA"), (FeatureType.MASK, "CLM")],
    )  # fmt: skip
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.bbox == bbox
    assert patch.timestamps == [datetime(2024, 6, day, 10, 0, 31) for day in DAYS]
    assert patch[BANDS].shape == (3, 6, 8, 2)
    assert patch[BANDS].dtype == np.float32
    for date, day in enumerate(DAYS):
        for position, band in enumerate(("B02", "B8A")):
            expected = numbers(bbox, band, day)[..., 0]
            np.testing.assert_allclose(patch[BANDS][date, ..., position], expected, rtol=1e-6)
    assert patch.mask["IS_DATA"].dtype == bool
    assert patch.mask["CLM"].dtype == np.uint8
    np.testing.assert_array_equal(patch.mask["CLM"][1], numbers(bbox, "CLM", 11).astype(np.uint8))
    # one token, two pages of the search with three acquisitions on a page, one image each
    hub.page_size = 2
    hub.asked.clear()
    task.execute(bbox=bbox, time_interval=JUNE)
    assert [kind for kind, _ in hub.asked].count("search") == 2
    assert [kind for kind, _ in hub.asked].count("process") == 3
    assert [kind for kind, _ in hub.asked].count("token") == 0


def test_pixels_are_those_of_the_simulated_scene(hub, config, collections):
    """The workflow that ran on simulated scenes runs on the service by changing one task."""
    from eolearn.io.simulated import SimulatedInputTask

    place = BBox((500_000, 5_097_440, 500_320, 5_097_760), CRS.UTM_33N)
    settings = {
        "size": (32, 32),
        "bands_feature": BANDS,
        "bands": ["B02", "B03", "B04", "B08"],
        "additional_data": [(FeatureType.MASK, "dataMask", "IS_DATA"), (FeatureType.DATA, "sunZenithAngles")],
    }
    interval = ("2018-06-04", "2018-06-16")
    simulated = SimulatedInputTask(**settings).execute(bbox=place, time_interval=interval)
    assert len(simulated.timestamps) == 3
    hub.source = scene
    hub.times = dict.fromkeys(simulated.timestamps, 0.0)
    hub.compression = "zlib"
    patch = SentinelHubInputTask(collections["L1C"], config=config, **settings).execute(
        bbox=place, time_interval=interval
    )
    assert patch == simulated
    # and for the dates that a patch has already
    patch = SentinelHubInputTask(collections["L1C"], config=config, bands_dtype=np.uint16, **settings).execute(
        EOPatch(bbox=place, timestamps=simulated.timestamps[1:])
    )
    whole = SimulatedInputTask(bands_dtype=np.uint16, **settings).execute(bbox=place, time_interval=interval)
    np.testing.assert_array_equal(patch[BANDS], whole[BANDS][1:])
    assert patch[BANDS].dtype == np.uint16


def scene(wanted, name, bands):
    """Return a band or a layer of the simulated scene."""
    from eolearn.io.simulated import SimulatedInputTask

    settings = {"size": (wanted.width, wanted.height), "bands_dtype": np.uint16 if wanted.units == "DN" else None}
    if name.startswith("B"):
        task = SimulatedInputTask(bands_feature=BANDS, bands=[name], **settings)
    else:
        task = SimulatedInputTask(additional_data=[(FeatureType.DATA, name, "BANDS")], **settings)
    return task.execute(bbox=wanted.bbox, time_interval=wanted.interval)[BANDS][0]


def test_one_band_alone_comes_without_an_archive(hub, config, collections, bbox):
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=config)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    np.testing.assert_allclose(patch[BANDS][2], numbers(bbox, "B04", 21), rtol=1e-6)
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), additional_data=[FT_MASK], config=config)
    assert task.execute(bbox=bbox, time_interval=JUNE).mask["CLM"].shape == (3, 6, 8, 1)


FT_MASK = (FeatureType.MASK, "CLM")


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (8, 1)])
@pytest.mark.parametrize("bands", [["B04"], ["B04", "B08"]])
def test_images_of_a_single_row_or_column_keep_their_axes(hub, config, collections, size, bands):
    place = BBox((500_000, 5_100_000 - 10 * size[1], 500_000 + 10 * size[0], 5_100_000), CRS.UTM_33N)
    task = SentinelHubInputTask(collections["L1C"], size=size, bands_feature=BANDS, bands=bands, config=config)
    patch = task.execute(bbox=place, time_interval=JUNE)
    assert patch[BANDS].shape == (3, size[1], size[0], len(bands))
    np.testing.assert_allclose(patch[BANDS][0, ..., :1], numbers(place, "B04", 1, size=size), rtol=1e-6)


def test_all_bands_are_the_default(hub, config, collections, bbox):
    task = SentinelHubInputTask(collections["L1C"], resolution=10, bands_feature=BANDS, config=config, maxcc=0.2)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch[BANDS].shape == (1, 6, 8, 13)
    assert hub.bodies("search")[0]["filter"] == "eo:cloud_cover < 20"
    assert hub.bodies()[0]["input"]["data"][0]["dataFilter"]["maxCloudCoverage"] == 20


def test_requests_say_what_was_set(hub, config, collections, bbox):
    task = SentinelHubInputTask(
        collections["L2A"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=config,
        mosaicking_order="leastCC", upsampling="BICUBIC", downsampling="BILINEAR",
        max_threads=1, time_difference=timedelta(minutes=20),
        aux_request_args={"processing": {"harmonizeValues": False}},
    )  # fmt: skip
    outline = Geometry("POLYGON((14 46, 15 46, 15 47, 14 46))", CRS.WGS84)
    task.execute(bbox=bbox, time_interval=JUNE, geometry=outline)
    body = hub.bodies()[0]
    data = body["input"]["data"][0]
    assert data["dataFilter"]["timeRange"] == {"from": "2024-06-01T09:40:31Z", "to": "2024-06-01T10:20:31Z"}
    assert data["dataFilter"]["mosaickingOrder"] == "leastCC"
    assert data["processing"] == {"upsampling": "BICUBIC", "downsampling": "BILINEAR", "harmonizeValues": False}
    corner = body["input"]["bounds"]["geometry"]["coordinates"][0][0]
    x, y = transform("EPSG:4326", "EPSG:32633", [14], [46])
    assert corner == pytest.approx([x[0], y[0]])


def test_of_images_close_in_time_the_first_is_taken(hub, config, collections, bbox):
    first = min(hub.times)
    hub.times[first + timedelta(seconds=15)] = 10.0
    settings = {"size": (8, 6), "bands_feature": BANDS, "bands": ["B04"], "config": config}
    task = SentinelHubInputTask(collections["L1C"], **settings)
    assert len(task.execute(bbox=bbox, time_interval=JUNE).timestamps) == 4
    task = SentinelHubInputTask(collections["L1C"], time_difference=timedelta(minutes=1), **settings)
    assert len(task.execute(bbox=bbox, time_interval=JUNE).timestamps) == 3
    task = SentinelHubInputTask(collections["L1C"], timestamp_filter=lambda times, _: times[-1:], **settings)
    assert task.execute(bbox=bbox, time_interval=JUNE).timestamps == [max(hub.times)]


def test_single_scene_is_one_mosaic_of_the_interval(hub, config, collections, bbox):
    task = SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=config, single_scene=True
    )
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.timestamps == [datetime(2024, 6, 1)]
    assert patch[BANDS].shape == (1, 6, 8, 1)
    assert not hub.bodies("search")
    (body,) = hub.bodies()
    assert body["input"]["data"][0]["dataFilter"]["timeRange"]["to"].startswith("2024-06-30T23:59")


def test_bands_dtype_may_change_between_runs(hub, config, collections, bbox):
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=config)
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].dtype == np.float32
    task.bands_dtype = np.uint16
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].dtype == np.uint16
    assert 'units: ["DN"]' in hub.bodies()[-1]["evalscript"]
    task.bands_dtype = np.float64
    assert task.execute(bbox=bbox, time_interval=JUNE)[BANDS].dtype == np.float64


def test_an_evalscript_of_ones_own(hub, config, collections, bbox):
    task = SentinelHubEvalscriptTask(
        [(FeatureType.DATA, "index", "NDVI"), (FeatureType.DATA, "colours"), (FeatureType.META_INFO, "info")],
        NDVI, collections["L2A"], resolution=10, config=config,
    )  # fmt: skip
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.data["NDVI"].shape == (3, 6, 8, 1)
    assert patch.data["colours"].dtype == np.uint8
    np.testing.assert_array_equal(patch.data["colours"][1], numbers(bbox, "colours", 11, 3).astype(np.uint8))
    assert patch.meta_info["info"] == [{"norm_factor": 1e-4, "width": 8}] * 3


def test_features_without_dates_are_one_image_of_the_interval(hub, config, collections, bbox):
    task = SentinelHubEvalscriptTask(
        (FeatureType.DATA_TIMELESS, "index"), NDVI, collections["L2A"], size=(8, 6), config=config
    )
    dated = EOPatch(bbox=bbox, timestamps=[datetime(2020, 1, 1)])
    patch = task.execute(dated, time_interval=JUNE)
    assert patch is dated
    assert patch.timestamps == [datetime(2020, 1, 1)]
    np.testing.assert_allclose(patch.data_timeless["index"], numbers(bbox, "index", 30), rtol=1e-6)
    assert len(hub.bodies()) == 1
    assert not hub.bodies("search")


def test_elevations(hub, config, collections, bbox):
    for feature, expected in (
        (None, (FeatureType.DATA_TIMELESS, "DEM")),
        ("HEIGHT", (FeatureType.DATA_TIMELESS, "HEIGHT")),
        ((FeatureType.DATA_TIMELESS, "Z"), (FeatureType.DATA_TIMELESS, "Z")),
    ):
        patch = SentinelHubDemTask(feature, collections["DEM"], size=(8, 6), config=config).execute(bbox=bbox)
        assert patch[expected].dtype == np.float32
        np.testing.assert_allclose(patch[expected], numbers(bbox, "DEM", 0), rtol=1e-6)
    assert "timeRange" not in hub.bodies()[0]["input"]["data"][0].get("dataFilter", {})
    with pytest.raises(FeatureError, match="Elevations are an image without dates"):
        SentinelHubDemTask(BANDS, collections["DEM"], size=(8, 6), config=config)


def test_what_sen2cor_found(hub, config, collections, bbox):
    task = SentinelHubSen2corTask(["SCL", "SNW"], collections["L2A"], size=(8, 6), config=config)
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    assert patch.mask["SCL"].dtype == patch.data["SNW"].dtype == np.uint8
    np.testing.assert_array_equal(patch.mask["SCL"][0], numbers(bbox, "SCL", 1).astype(np.uint8))
    with pytest.raises(SettingError, match="one or several of SCL, CLD, SNW"):
        SentinelHubSen2corTask("SLC", collections["L2A"], size=(8, 6), config=config)
    with pytest.raises(SettingError, match="SENTINEL2_L2A, not with LOCAL_L1C"):
        SentinelHubSen2corTask("SCL", collections["L1C"], size=(8, 6), config=config)


def test_images_larger_than_the_service_makes_are_cut_and_joined(hub, config, collections, monkeypatch):
    monkeypatch.setattr("eolearn.io._sentinelhub.tiles.MOST_PX", 5)
    place = BBox((500_000, 5_099_930, 500_120, 5_100_000), CRS.UTM_33N)
    task = SentinelHubEvalscriptTask(
        [(FeatureType.DATA, "index"), (FeatureType.DATA, "colours"), (FeatureType.META_INFO, "info")],
        NDVI, collections["L2A"], size=(12, 7), config=config,
    )  # fmt: skip
    patch = task.execute(bbox=place, time_interval=JUNE)
    assert len(hub.bodies()) == 3 * 3 * 2
    for date, day in enumerate(DAYS):
        expected = numbers(place, "index", day, size=(12, 7))
        np.testing.assert_allclose(patch.data["index"][date], expected, rtol=1e-6)
    assert patch.data["colours"].shape == (3, 7, 12, 3)
    assert [len(tiles) for tiles in patch.meta_info["info"]] == [6, 6, 6]


def test_no_acquisition_in_the_interval_is_told(hub, config, collections, bbox):
    task = SentinelHubInputTask(
        collections["L1C"], resolution=10, bands_feature=BANDS, bands=["B02", "B03"], config=config, maxcc=0.3,
        additional_data=[(FeatureType.MASK, "dataMask")],
    )  # fmt: skip
    with pytest.warns(EORuntimeWarning, match=r"no images: LOCAL_L1C from 2024-07-01 .* below 0.3 in BBox"):
        patch = task.execute(bbox=bbox, time_interval=("2024-07-01", "2024-07-31"))
    assert patch.timestamps == []
    assert patch[BANDS].shape == (0, 6, 8, 2)
    assert patch.mask["dataMask"].shape == (0, 6, 8, 1)
    assert not hub.bodies()
    task = SentinelHubEvalscriptTask(
        (FeatureType.DATA, "colours"), NDVI, collections["L2A"], size=(8, 6), config=config
    )
    with pytest.warns(EORuntimeWarning, match="no images"):
        patch = task.execute(bbox=bbox, time_interval=("2024-07-01", "2024-07-31"))
    assert patch.data["colours"].shape == (0, 6, 8, 3)
    assert [(body["output"]["width"], body["output"]["height"]) for body in hub.bodies()] == [(1, 1)]


def test_wrong_settings_are_refused(collections, config):
    l1c = collections["L1C"]
    for error, settings in (
        ("exactly one of size and resolution", {}),
        ("exactly one of size and resolution", {"size": (8, 6), "resolution": 10}),
        ("max_threads is one at least", {"size": (8, 6), "max_threads": 0}),
        (r"no band 'B2'. Did you mean .*B02", {"size": (8, 6), "bands_feature": BANDS, "bands": ["B2"]}),
        ("no band 'clm'. Did you mean CLM", {"size": (8, 6), "additional_data": [(FeatureType.MASK, "clm", "X")]}),
        ("mosaicking_order is one of 'mostRecent'", {"size": (8, 6), "mosaicking_order": "cloudless"}),
        ("upsampling is one of 'NEAREST'", {"size": (8, 6), "upsampling": "SPLINE"}),
        ("maxcc is a share of clouds between 0 and 1, got 20", {"size": (8, 6), "maxcc": 20}),
        ("time_difference is a time of 0 or more", {"size": (8, 6), "time_difference": timedelta(seconds=-1)}),
        ("sunZenithAngles is float32", {"size": (8, 6), "additional_data": [(FeatureType.MASK, "sunZenithAngles")]}),
        ("only features of data", {"size": (8, 6), "bands_feature": (FeatureType.MASK, "BANDS")}),
    ):
        with pytest.raises(ValueError, match=error):
            SentinelHubInputTask(l1c, config=config, **settings)
    with pytest.raises(SettingError, match="Use two tasks"):
        SentinelHubEvalscriptTask([BANDS, (FeatureType.MASK_TIMELESS, "M")], NDVI, l1c, size=(8, 6), config=config)
    with pytest.raises(ValueError, match="VECTOR"):
        SentinelHubEvalscriptTask((FeatureType.VECTOR, "V"), NDVI, l1c, size=(8, 6), config=config)


def test_bands_without_digital_numbers_cannot_be_had_as_integers(config):
    from sentinelhub import DataCollection

    with pytest.raises(SettingError, match="bands_dtype is uint16, but B10 of LANDSAT_OT_L1 has no digital numbers"):
        SentinelHubInputTask(
            DataCollection.LANDSAT_OT_L1, size=(8, 6), bands_feature=BANDS, bands=["B10"], bands_dtype=np.uint16
        )


def test_wrong_places_and_times_are_refused_before_anything_is_asked(hub, config, collections, bbox):
    settings = {"bands_feature": BANDS, "bands": ["B04"], "config": config}
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), **settings)
    other = BBox((0, 0, 1, 1), CRS.WGS84)
    for error, arguments in (
        ("There is no place", {"time_interval": JUNE}),
        ("The EOPatch lies at", {"eopatch": EOPatch(bbox=bbox), "bbox": other, "time_interval": JUNE}),
        ("has no area", {"bbox": BBox((14, 46, 14, 47), CRS.WGS84), "time_interval": JUNE}),
        ("There is no time", {"bbox": bbox}),
        ("runs backwards", {"bbox": bbox, "time_interval": JUNE[::-1]}),
    ):
        with pytest.raises(ValueError, match=error):
            task.execute(**arguments)
    with pytest.raises(DataError, match="smaller than a pixel of 500 m"):
        SentinelHubInputTask(collections["L1C"], resolution=500, **settings).execute(bbox=bbox, time_interval=JUNE)
    assert not hub.asked


def test_a_patch_with_other_timestamps_is_refused_and_left_alone(hub, config, collections, bbox):
    patch = EOPatch(bbox=bbox, timestamps=[datetime(2024, 6, 2)])
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], config=config)
    with pytest.raises(DataError, match="1 timestamps, the interval 3 images"):
        task.execute(patch, time_interval=JUNE)
    assert not patch.get_features()
    assert not hub.bodies()
