"""What a run would take, before anything is loaded."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import datetime

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError
from eolearn.io._sentinelhub.evalscripts import processing_units, read_setup
from eolearn.io.estimate import Estimate, Estimating
from eolearn.io.sentinelhub_process import SentinelHubDemTask, SentinelHubEvalscriptTask, SentinelHubInputTask

BANDS = (FeatureType.DATA, "BANDS")
JUNE = ("2024-06-01", "2024-06-30")


def setup(inputs, kind="UINT16", outputs=1):
    output = f'{{bands: {outputs}, sampleType: "{kind}"}}'
    return read_setup(f"//VERSION=3\nfunction setup() {{ return {{input: {inputs}, output: {output}}}; }}")


def test_processing_units_are_those_of_the_published_rules():
    """By hand, from the table of the page "Definition of a Processing Unit"."""
    three = setup(["B02", "B03", "B04"])
    assert processing_units(512, 512, three) == 1
    assert processing_units(512, 512, setup(["B02", "B03", "B04"], "FLOAT32")) == 2
    assert processing_units(1024, 512, setup(["B02", "B03", "dataMask"])) == pytest.approx(2 * 2 / 3)
    assert processing_units(512, 512, three, samples=4) == 4
    assert processing_units(512, 512, three, is_orthorectified=True) == 2
    # the example of the page: 0.01 at least for the size, two bands
    assert processing_units(20, 20, setup(["B04", "B08"])) == pytest.approx(0.01 * 2 / 3)
    assert processing_units(1, 1, setup(["dataMask"])) == 0.001


def test_setups_are_read_as_people_write_them():
    text = """
    //VERSION=3  input: ["B99"]
    function setup() {
      return {
        input: [{datasource: "l2a", bands: ["B02", 'B8A', "dataMask"], units: ["DN", "DN", "DN"]}], /* output: {} */
        output: [{ id: "a", bands: 2, sampleType: SampleType.FLOAT32 }, {id: 'b', bands: 1}],
        mosaicking: Mosaicking.ORBIT
      }
    }
    function evaluatePixel(samples) { return {a: [1, 2], b: [0]} }
    """
    found = read_setup(text)
    assert found.bands == {"B02", "B8A", "dataMask"}
    assert {name: (output.bands, output.dtype) for name, output in found.outputs.items()} == {
        "a": (2, np.dtype("float32")),
        "b": (1, np.dtype("uint8")),
    }
    assert found.has_all_samples
    assert found.is_32_bit
    for text, error in (
        ("return [B04]", "has no function setup"),
        ("function setup() { return {input: bands, output: {bands: 1}} }", "no list or object 'input'"),
        ("function setup() { return {input: ['B04'], output: {bands: names.length}} }", "can't be told"),
        ("function setup() { return {input: ['B04'], output: [{bands: 1} }", "has no end"),
        ("function setup() { return {input: [], output: {bands: 1}} }", "in plain words"),
    ):
        with pytest.raises(DataError, match=error):
            read_setup(text)


def test_an_estimate_is_what_a_run_takes(hub, config, collections, bbox):
    task = SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B02", "B03", "B04"], config=config,
        additional_data=[(FeatureType.MASK, "dataMask")],
    )  # fmt: skip
    assert isinstance(task, Estimating)
    estimate = task.estimate([bbox, EOPatch(bbox=bbox)], JUNE)
    assert not hub.bodies()
    patch = task.execute(bbox=bbox, time_interval=JUNE)
    size = patch[BANDS].nbytes + patch.mask["dataMask"].nbytes
    assert (estimate.patches, estimate.requests) == (2, 2 * len(hub.bodies()))
    assert (estimate.memory_bytes, estimate.disk_bytes) == (size, 2 * size)
    assert estimate.processing_units == pytest.approx(6 * 0.01 * 1 * 2)  # the smallest size, three bands, 32 bits
    hub.asked.clear()
    assert task.estimate([bbox] * 2, dates=3) == estimate
    assert task.estimate([EOPatch(bbox=bbox, timestamps=sorted(hub.times))] * 2) == estimate
    assert not hub.asked
    with pytest.raises(DataError, match="How many images there are isn't known"):
        task.estimate([bbox])


def test_large_images_are_several_requests(collections, config):
    place = BBox((500_000, 5_000_000, 560_000, 5_030_000), CRS.UTM_33N)
    task = SentinelHubInputTask(
        collections["L1C"], resolution=10, bands_feature=BANDS, config=config, bands_dtype=np.uint16, bands=["B02"]
    )
    estimate = task.estimate([place], dates=1)
    assert estimate.requests == 3 * 2
    assert estimate.memory_bytes == 6000 * 3000 * 2
    assert estimate.processing_units == pytest.approx(6000 * 3000 / 512**2 / 3)


def test_images_without_dates_are_one_request(collections, config, hub, bbox):
    task = SentinelHubDemTask(None, collections["DEM"], size=(8, 6), config=config)
    estimate = task.estimate([bbox])
    assert (estimate.requests, estimate.memory_bytes) == (1, 8 * 6 * 4)
    assert estimate.processing_units == pytest.approx(0.01 / 3 * 2)
    script = """//VERSION=3
    function setup() { return {input: ["B04"], output: {bands: 1, sampleType: "UINT8"}, mosaicking: "ORBIT"} }"""
    task = SentinelHubEvalscriptTask(
        (FeatureType.MASK_TIMELESS, "default"), script, collections["L1C"], size=(512, 512), config=config
    )
    estimate = task.estimate([bbox], JUNE)
    assert estimate.requests == 1
    assert estimate.processing_units == pytest.approx(3 / 3)  # one band of three dates
    task.features = [(FeatureType.MASK_TIMELESS, "other", "other")]
    with pytest.raises(DataError, match=r"no output other, only \['default'\]"):
        task.estimate([bbox], dates=1)


def test_a_single_scene_is_one_request(collections, config, bbox):
    task = SentinelHubInputTask(
        collections["L1C"], size=(8, 6), bands_feature=BANDS, bands=["B04"], single_scene=True, config=config
    )
    assert task.estimate([bbox], JUNE).requests == 1


def test_estimates_are_added_and_printed():
    one = Estimate(patches=1, requests=4, memory_bytes=12_500_000, disk_bytes=12_500_000, processing_units=2.67)
    two = Estimate(patches=1, requests=1, memory_bytes=100, disk_bytes=100)
    assert sum([one, two]) == one + two == two + one
    assert str(one + two) == (
        "2 patches: 5 requests, 12.5 MB in memory for the largest patch, 12.5 MB on disk before compression, "
        "2.67 processing units"
    )
    assert repr(two).startswith("1 patch: 1 request, 100 bytes in memory")
    assert sum([]) == 0
    with pytest.raises(TypeError):
        one + 1
    with pytest.raises(FrozenInstanceError):
        one.patches = 2


def test_nothing_is_estimated_for_a_time_that_runs_backwards(collections, config, bbox):
    task = SentinelHubInputTask(collections["L1C"], size=(8, 6), bands_feature=BANDS, config=config)
    with pytest.raises(ValueError, match="runs backwards"):
        task.estimate([bbox], (datetime(2024, 2, 1), datetime(2024, 1, 1)))
