"""What meta-info, timestamps and bounding boxes on disk promise."""

import datetime as dt
import json
import math
from collections import OrderedDict
from types import MappingProxyType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sentinelhub import CRS, BBox

from eolearn.core.exceptions import BrokenFile, DataError, SettingTypeError
from eolearn.core.storage.text import FeatureIOBBox, FeatureIOJson, FeatureIOTimestamps
from eolearn.core.utils.fs import get_filesystem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture
def filesystem():
    return in_memory()


def in_memory():
    return get_filesystem("memory://test_text", create=True)


def stored(kind, value, filesystem, compress_level=0):
    return kind(kind.save(value, filesystem, "value", compress_level), filesystem).load()


# --- meta-info


@given(JSON, st.sampled_from([0, 1]))
def test_json_values_come_back(value, compress_level):
    assert stored(FeatureIOJson, value, in_memory(), compress_level) == value


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        (dt.datetime(2020, 1, 2, 3, 4, 5, 6), "2020-01-02T03:04:05.000006"),
        (dt.date(2020, 1, 2), "2020-01-02"),
        ({"t": [dt.date(2020, 1, 2)]}, {"t": ["2020-01-02"]}),
        (MappingProxyType({"a": OrderedDict(b=1)}), {"a": {"b": 1}}),
        ((1, 2), [1, 2]),
        ({1: "a"}, {"1": "a"}),
    ],
)
def test_dates_become_strings_and_mappings_dictionaries(filesystem, value, loaded):
    assert stored(FeatureIOJson, value, filesystem) == loaded


def test_nan_comes_back(filesystem):
    assert math.isnan(stored(FeatureIOJson, math.nan, filesystem))


@pytest.mark.parametrize("value", [object(), {1, 2}, np.int64(1), np.zeros(2), b"x", {(1, 2): 3}, {"deep": [1j]}])
def test_other_values_are_refused_with_the_name_of_the_file(filesystem, value):
    with pytest.raises(SettingTypeError, match=r"value for meta_info/NAME\.json\.gz can't be written as JSON") as info:
        FeatureIOJson.save(value, filesystem, "meta_info/NAME", 1)
    assert isinstance(info.value, TypeError)


def test_a_list_in_itself_is_refused(filesystem):
    value = []
    value.append(value)
    with pytest.raises(DataError, match=r"NAME\.json"):
        FeatureIOJson.save(value, filesystem, "NAME")


@pytest.mark.parametrize("content", [b"", b"{", b"nothing", b'{"a": 1} {}', b"\xff\xfe"])
@pytest.mark.parametrize("kind", [FeatureIOJson, FeatureIOTimestamps, FeatureIOBBox])
def test_what_is_no_json_is_broken(filesystem, kind, content):
    path = f"value{kind.extension}"
    filesystem.pipe_file(path, content)
    with pytest.raises(BrokenFile, match=rf"value\{kind.extension} is broken"):
        kind(path, filesystem).load()


# --- timestamps


@given(st.lists(st.datetimes(timezones=st.none() | st.just(dt.UTC))))
def test_timestamps_come_back(timestamps):
    assert stored(FeatureIOTimestamps, timestamps, in_memory()) == timestamps


def test_timestamps_are_iso_strings(filesystem):
    FeatureIOTimestamps.save([dt.datetime(2020, 1, 2), dt.datetime(2020, 1, 2, 3, 4, 5, 6)], filesystem, "t")
    assert json.loads(filesystem.cat_file("t.json")) == ["2020-01-02T00:00:00", "2020-01-02T03:04:05.000006"]


@pytest.mark.parametrize("text", ["2020-01-02 00:00", "2020-01-02", "2 January 2020", "2020-01-02T00:00:00.000"])
def test_other_ways_to_write_a_date_are_read(filesystem, text):
    filesystem.pipe_file("t.json", json.dumps([text]).encode())
    assert FeatureIOTimestamps("t.json", filesystem).load() == [dt.datetime(2020, 1, 2)]


@pytest.mark.parametrize("content", ['{"a": 1}', "[1]", "null", '["nonsense"]', '"2020-01-02"'])
def test_other_json_is_no_list_of_timestamps(filesystem, content):
    filesystem.pipe_file("t.json", content.encode())
    with pytest.raises(BrokenFile, match=r"t\.json is broken"):
        FeatureIOTimestamps("t.json", filesystem).load()


# --- bounding boxes


@pytest.mark.parametrize("crs", [CRS.WGS84, CRS.UTM_33N, CRS.POP_WEB, CRS(3035)])
@pytest.mark.parametrize("compress_level", [0, 1])
def test_bounding_boxes_come_back(filesystem, crs, compress_level):
    bbox = BBox((1.5, 2.25, 10, 20), crs)
    assert stored(FeatureIOBBox, bbox, filesystem, compress_level) == bbox


def test_a_bounding_box_is_a_closed_ring_with_its_crs(filesystem):
    FeatureIOBBox.save(BBox((1, 2, 3, 4), CRS.UTM_33N), filesystem, "bbox")
    assert json.loads(filesystem.cat_file("bbox.geojson")) == {
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}},
        "type": "Polygon",
        "coordinates": [[[1, 2], [1, 4], [3, 4], [3, 2], [1, 2]]],  # lower left, upper left, upper right, lower right
    }


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        "null",
        "{}",
        '{"type": "Polygon"}',
        '{"type": "Polygon", "coordinates": []}',
        '{"type": "x", "coordinates": 1}',
    ],
)
def test_other_json_is_no_bounding_box(filesystem, content):
    filesystem.pipe_file("bbox.geojson", content.encode())
    with pytest.raises(BrokenFile, match=r"bbox\.geojson is broken"):
        FeatureIOBBox("bbox.geojson", filesystem).load()
