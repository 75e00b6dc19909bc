"""meteoblue, as the package meteoblue_dataset_sdk asks it, against a server on loopback."""

from __future__ import annotations

import logging
import pickle
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import BrokenFile, DataError, SettingError, StorageError
from eolearn.io._meteoblue import client
from eolearn.io.extra.meteoblue import (
    MeteoblueRasterTask,
    MeteoblueVectorTask,
    meteoblue_to_dataframe,
    meteoblue_to_numpy,
)

dataset_pb2 = pytest.importorskip("meteoblue_dataset_sdk.protobuf.dataset_pb2")

KEY = "c0rrecth0rsebattery"
WEATHER, TABLE = (FeatureType.DATA, "WEATHER"), (FeatureType.VECTOR, "WEATHER")
PLACE = BBox((7.0, 47.0, 7.3, 47.2), CRS.WGS84)
QUERY = {
    "domain": "NEMSGLOBAL",
    "gapFillDomain": None,
    "timeResolution": "hourly",
    "codes": [{"code": 11, "level": "2 m above gnd"}, {"code": 52, "level": "2 m above gnd"}],
}
LATITUDES, LONGITUDES = [47.0, 47.1, 47.2], [7.0, 7.1]  # as the service has them, from south to north


def hours(span):
    """Return the full hours of a span of a query, in seconds."""
    first, last = (datetime.fromisoformat(end).timestamp() for end in span.split("/"))
    return np.arange(-(-first // 3600) * 3600, last + 1, 3600)


def value_of(code, latitude, longitude, second):
    return np.float32(code * 1000 + (latitude - 47) * 100 + (longitude - 7) * 10 + (second // 3600) % 24 / 100)


def message_of(body, *, x_first=True):
    """Return the answer to a query, with values that tell place, time and variable."""
    message = dataset_pb2.DatasetApiProtobuf()
    for query in body["queries"]:
        geometry = message.geometries.add(domain=query["domain"], nx=2, ny=3, timeResolution="hourly")
        cells = [(y, x) for y in LATITUDES for x in LONGITUDES]
        cells = cells if x_first else [(y, x) for x in LONGITUDES for y in LATITUDES]
        geometry.lats.extend(y for y, _ in cells)
        geometry.lons.extend(x for _, x in cells)
        spans = [hours(span) for span in body["timeIntervals"]]
        for steps in spans:
            geometry.timeIntervals.add(start=int(steps[0]), end=int(steps[-1]) + 3600, stride=3600)
        for asked in query["codes"]:
            code = geometry.codes.add(code=asked["code"], level=asked["level"], aggregation="none")
            for steps in spans:
                code.timeIntervals.add(data=[value_of(asked["code"], y, x, step) for y, x in cells for step in steps])
    return message


def expected(steps):
    """Return the image (time, height, width, variable), rows from north to south."""
    return np.array(
        [[[[value_of(c, y, x, s) for c in (11, 52)] for x in LONGITUDES] for y in LATITUDES[::-1]] for s in steps]
    )


@pytest.fixture
def service(server, monkeypatch):
    """Let the server answer queries, at once or by its queue."""
    monkeypatch.setattr(client, "_SERVICE", server.url)
    monkeypatch.setattr(client, "_RESULTS", f"{server.url}/results")
    monkeypatch.setattr(client, "_FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(client, "_POLL_S", 0.01)
    server.queue, server.states, server.encode = False, ["waiting", "running", "finished"], None

    def reply(method, path, query, body):
        if path.startswith("/queue/status/"):
            return 200, {"status": server.states.pop(0), "error_message": "the job failed"}
        if path.startswith("/results/"):
            return 200, message_of(server.job).SerializeToString()
        assert (method, path, body["format"]) == ("POST", "/dataset/query", "protobuf")
        if query["apikey"] != KEY:
            return 403, {"error_message": f"The key {query['apikey']} is not valid"}
        if server.queue and not body["runOnJobQueue"]:
            return 400, {"error_message": "This job must be executed on a job-queue"}
        if body["runOnJobQueue"]:
            server.job = body
            return 200, {"id": "j0b"}
        return 200, (server.encode or (lambda message: message.SerializeToString()))(message_of(body))

    server.reply = reply
    return server


class TestImages:
    def test_interval_gives_the_times_of_the_service(self, service):
        task = MeteoblueRasterTask(WEATHER, KEY, query=QUERY)
        patch = task(bbox=PLACE, time_interval=("2024-06-01T10:00", "2024-06-01T12:30"))
        assert patch.timestamps == [datetime(2024, 6, 1, hour) for hour in (10, 11, 12)]
        assert (patch[WEATHER].dtype, patch.bbox) == (np.float32, PLACE)
        steps = [time.timestamp() for time in pd.to_datetime(patch.timestamps)]
        np.testing.assert_array_equal(patch[WEATHER], expected(steps))
        asked = service.asked[0][3]
        assert asked["timeIntervals"] == ["2024-06-01T10:00+00:00/2024-06-01T12:30+00:00"]
        ring = asked["geometry"]["coordinates"][0]
        assert (np.min(ring, 0).tolist(), np.max(ring, 0).tolist()) == ([7.0, 47.0], [7.3, 47.2])
        assert asked["queries"] == [QUERY]

    def test_patch_keeps_its_timestamps_and_gets_the_nearest_hour(self, service):
        times = [datetime(2024, 6, 1, 10, 23), datetime(2024, 6, 3, 9, 50)]
        patch = MeteoblueRasterTask(WEATHER, KEY)(EOPatch(bbox=PLACE, timestamps=times), query=QUERY)
        assert patch.timestamps == times
        steps = [pd.Timestamp(text).timestamp() for text in ("2024-06-01T10:00", "2024-06-03T10:00")]
        np.testing.assert_array_equal(patch[WEATHER], expected(steps))
        assert len(service.asked[0][3]["timeIntervals"]) == 2

    def test_timestamp_without_a_time_near_to_it_has_no_data(self, service):
        def first_only(message):
            (geometry,) = message.geometries
            del geometry.timeIntervals[1:]
            for code in geometry.codes:
                del code.timeIntervals[1:]
            return message.SerializeToString()

        service.encode = first_only
        times = [datetime(2024, 6, 1, 10), datetime(2024, 6, 3, 10)]
        patch = MeteoblueRasterTask(WEATHER, KEY, query=QUERY)(EOPatch(bbox=PLACE, timestamps=times))
        assert np.isnan(patch[WEATHER]).any(axis=(1, 2, 3)).tolist() == [False, True]

    @pytest.mark.parametrize("x_first", [True, False])
    def test_rows_run_from_north_to_south_whatever_the_order_of_the_answer(self, x_first):
        body = {"queries": [QUERY], "timeIntervals": ["2024-06-01T00:00+00:00/2024-06-01T02:00+00:00"]}
        array = meteoblue_to_numpy(message_of(body, x_first=x_first))
        np.testing.assert_array_equal(array, expected(hours(body["timeIntervals"][0])))

    def test_other_timestamps_than_those_of_the_patch(self, service):
        patch = EOPatch(bbox=PLACE, timestamps=["2024-06-01"])
        with pytest.raises(DataError, match="at other times"):
            MeteoblueRasterTask(WEATHER, KEY, query=QUERY)(patch, time_interval=("2024-06-01", "2024-06-02"))
        assert WEATHER not in patch

    def test_several_queries_are_no_image(self, service):
        with pytest.raises(DataError, match="2 grids"):
            MeteoblueRasterTask(WEATHER, KEY, query=[QUERY, QUERY])(bbox=PLACE, time_interval="2024-06-01")


class TestTables:
    def test_a_row_for_each_time_and_point(self, service):
        patch = MeteoblueVectorTask(TABLE, KEY, query=QUERY)(
            bbox=PLACE.transform(CRS.UTM_32N), time_interval=("2024-06-01T10:00", "2024-06-01T11:00")
        )
        table = patch[TABLE]
        assert (len(table), table.crs.to_epsg()) == (6 * 2, 4326)
        assert {"TIMESTAMP", "Longitude", "Latitude", "11_2 m above gnd_none", "52_2 m above gnd_none"} < set(table)
        for row in table.itertuples(index=False):
            want = value_of(11, row.Latitude, row.Longitude, row.TIMESTAMP.timestamp())
            assert row[3] == pytest.approx(want, abs=1e-3)  # degrees are float32 in the message
            assert (row.geometry.x, row.geometry.y) == (row.Longitude, row.Latitude)

    def test_empty_answer_and_times_that_are_written_out(self):
        assert list(meteoblue_to_dataframe(dataset_pb2.DatasetApiProtobuf())) == ["TIMESTAMP", "Longitude", "Latitude"]
        message = dataset_pb2.DatasetApiProtobuf()
        geometry = message.geometries.add(lats=[47], lons=[7])
        geometry.timeIntervals.add(timestrings=["20240101T0000-20240131T2300", "20240201T0000"])
        geometry.codes.add(code=61, level="sfc", aggregation="sum").timeIntervals.add(data=[1, 2])
        table = meteoblue_to_dataframe(message)
        assert list(table["TIMESTAMP"]) == [pd.Timestamp("2024-01-01"), pd.Timestamp("2024-02-01")]
        assert list(table["61_sfc_sum"]) == [1, 2]


class TestService:
    task = staticmethod(lambda: MeteoblueRasterTask(WEATHER, KEY, query=QUERY))

    def run(self, task):
        return task(bbox=PLACE, time_interval="2024-06-01")[WEATHER]

    def test_large_queries_go_through_the_queue(self, service):
        at_once = self.run(self.task())
        service.queue = True
        np.testing.assert_array_equal(self.run(self.task()), at_once)
        assert [path for _, path, *_ in service.asked][-4:] == ["/queue/status/j0b"] * 3 + ["/results/j0b"]
        assert "apikey" not in service.asked[-1][2]

    def test_job_that_fails_and_job_that_never_ends(self, service, monkeypatch):
        service.queue, service.states = True, ["waiting", "error"]
        with pytest.raises(StorageError, match="the job failed"):
            self.run(self.task())
        service.states = ["waiting"] * 10_000
        monkeypatch.setattr(client, "_LONGEST_S", 0.2)
        with pytest.raises(StorageError, match="not finished"):
            self.run(self.task())

    def test_bad_days_are_tried_again(self, service):
        expected_array = self.run(self.task())
        service.failures = [503, 429]
        np.testing.assert_array_equal(self.run(self.task()), expected_array)
        service.cut = 20
        np.testing.assert_array_equal(self.run(self.task()), expected_array)
        service.failures = [500] * client._TRIES
        with pytest.raises(StorageError, match=f"failed {client._TRIES} times.*500"):
            self.run(self.task())

    def test_answers_lie_in_the_cache(self, service, tmp_path):
        task = MeteoblueRasterTask(WEATHER, KEY, query=QUERY, cache_folder=tmp_path / "cache")
        first, count = self.run(task), len(service.asked)
        np.testing.assert_array_equal(self.run(task), first)
        assert len(service.asked) == count
        files = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
        assert files
        assert not any(KEY.encode() in content for content in files)

    @pytest.mark.parametrize("encode", [lambda message: b"<html>", lambda message: message.SerializeToString()[:-7]])
    def test_answers_that_are_none(self, service, encode):
        service.encode = encode
        with pytest.raises(BrokenFile, match="meteoblue"):
            self.run(self.task())

    def test_answers_without_end(self, service, monkeypatch):
        monkeypatch.setattr(client, "_MOST_BYTES", 100)
        with pytest.raises(StorageError, match="larger than"):
            self.run(self.task())

    def test_answer_that_contradicts_itself(self, service):
        def lie(message):
            del message.geometries[0].codes[0].timeIntervals[0].data[-1]
            return message.SerializeToString()

        service.encode = lie
        with pytest.raises(BrokenFile, match="values for 6 places"):
            self.run(self.task())

    def test_steps_without_end_are_not_made(self, service):
        def lie(message):
            message.geometries[0].timeIntervals[0].end = 2**60
            return message.SerializeToString()

        service.encode = lie
        with pytest.raises(BrokenFile, match="steps of 3600 s"):
            self.run(self.task())


class TestSettings:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"time_interval": "2024-06-01"}, "no place"),
            ({"bbox": PLACE}, "no times"),
            ({"eopatch": EOPatch(bbox=PLACE), "bbox": BBox((0, 0, 1, 1), CRS.WGS84)}, "lies at"),
            ({"bbox": PLACE, "time_interval": ("2024-06-02", "2024-06-01")}, "backwards"),
            ({"bbox": PLACE, "time_interval": "2024-06-01", "query": {}}, "no query"),
        ],
    )
    def test_what_is_missing(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            MeteoblueRasterTask(WEATHER, KEY, query=QUERY).execute(**arguments)

    def test_no_query_at_all_and_features_that_dont_fit(self):
        with pytest.raises(SettingError, match="no query"):
            MeteoblueVectorTask(TABLE, KEY).execute(bbox=PLACE, time_interval="2024-06-01")
        with pytest.raises(ValueError, match="(?i)feature"):
            MeteoblueVectorTask(WEATHER, KEY)
        with pytest.raises(SettingError, match="apikey"):
            MeteoblueVectorTask(TABLE, "")


class TestSecrets:
    def test_key_is_not_shown(self, service, caplog):
        caplog.set_level(logging.DEBUG)
        task = MeteoblueRasterTask(WEATHER, "wr0ng-key-12345", query=QUERY)
        service.failures = [503]
        with pytest.raises(StorageError, match="refuses.*is not valid") as error:
            task(bbox=PLACE, time_interval="2024-06-01")
        shown = [str(error.value), caplog.text, repr(vars(task)), repr(task.private_task_config.init_args)]
        assert "wr0ng" not in "".join([*shown, repr(pickle.dumps(task))])

    def test_pickled_task_works_where_the_key_was_inherited(self, service, monkeypatch):
        task = MeteoblueRasterTask(WEATHER, KEY, query=QUERY, time_difference=timedelta(hours=1))
        first = task(bbox=PLACE, time_interval="2024-06-01")[WEATHER]
        pickled = pickle.dumps(task)
        assert KEY.encode() not in pickled
        np.testing.assert_array_equal(pickle.loads(pickled)(bbox=PLACE, time_interval="2024-06-01")[WEATHER], first)
        monkeypatch.delenv("EOLEARN_IO_SECRETS")
        with pytest.raises(SettingError, match="isn't pickled"):
            pickle.loads(pickled)(bbox=PLACE, time_interval="2024-06-01")
