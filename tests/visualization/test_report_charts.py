"""Pictures of reports: what the shapes say of times and workers."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.visualization.report_charts import (
    HEIGHT,
    WIDTH,
    _linear_ticks,
    _time_before,
    memory_of_nodes,
    timeline,
    times_of_nodes,
)
from eolearn.visualization.report_text import duration_text
from eolearn.visualization.run_summary import NodeRuns, summarise


def elements(strip):
    return list(ET.fromstring(f"<svg>{strip.shapes}</svg>"))


def chart_of(executor):
    return timeline(summarise(executor, str), [str(name) for name in executor.execution_names])


class TestTimeline:
    def test_a_small_run_has_a_bar_for_each_execution_on_its_worker(self, made_up_executor):
        chart = chart_of(made_up_executor(4, workers=2, nodes=2, failing=lambda index: index == 3))
        assert [strip.label for strip in chart.strips] == ["process 0", "process 1"]
        bars = elements(chart.strips[1])
        assert [(bar.get("class"), float(bar.get("x")), float(bar.get("width"))) for bar in bars] == [
            ("ok", 0, WIDTH / 2),
            ("bad", WIDTH / 2, WIDTH / 2),
        ]
        assert [bar[0].text for bar in bars] == ["patch-1", "patch-3, failed"]
        assert chart.strips[1].said == "process 1: 2 executions, 1 failed, busy 100% of the time"
        assert [text for _, text in chart.ticks] == ["0 s", "1 s", "2 s", "3 s", "4 s"]

    def test_skipped_executions_are_not_in_it(self, made_up_executor):
        executor = made_up_executor(4)
        executor.execution_results = [replace(result, skipped=True) for result in executor.execution_results]
        assert chart_of(executor).strips == []

    def test_workers_are_in_the_order_of_their_numbers(self, made_up_executor):
        labels = [strip.label for strip in chart_of(made_up_executor(24, workers=12)).strips]
        assert labels == [f"process {number}" for number in range(12)]

    def test_of_many_workers_the_rest_is_one_row(self, made_up_executor):
        strips = chart_of(made_up_executor(120, workers=60)).strips
        assert len(strips) == 40
        assert strips[-1].label == "21 others"
        assert strips[-1].said == "21 others: 42 executions, 0 failed, busy 100% of the time"

    def test_a_large_run_has_shades_and_shares_of_failures(self, made_up_executor):
        chart = chart_of(made_up_executor(3000, workers=2, nodes=1, failing=lambda index: index >= 1500))
        for strip in chart.strips:
            busy, bad = elements(strip)
            assert busy.get("class") == "ok"
            assert float(busy.get("opacity")) == 1
            ((left, width),) = re.findall(r"M(\S+) 20h([\d.]+)v", busy.get("d"))
            assert (float(left), float(width)) == (0, WIDTH)
            boxes = re.findall(r"M(\S+) 20h[\d.]+v-([\d.]+)h", bad.get("d"))
            assert all(float(left) >= WIDTH / 2 - 5 for left, _ in boxes)
            assert float(boxes[-1][1]) == HEIGHT

    def test_names_are_escaped(self, made_up_executor):
        executor = made_up_executor(1)
        executor.execution_names = ["</title><script>"]
        assert elements(chart_of(executor).strips[0])[0][0].text == "</title><script>"


@given(st.lists(st.floats(0, 1), max_size=30), st.floats(0, 1))
def test_time_before_a_moment_is_the_sum_over_all(moments, edge):
    expected = sum(max(edge - moment, 0) for moment in moments)
    assert _time_before(np.array([edge]), np.array(moments, float))[0] == pytest.approx(expected, abs=1e-12)


class TestNodes:
    def test_times_are_on_a_logarithmic_axis(self):
        chart = times_of_nodes([NodeRuns("Load", [0.01, 0.1, 1.0]), NodeRuns("never ran")])
        (strip,) = chart.strips
        whole, half, median = elements(strip)
        assert (float(whole.get("x")), float(whole.get("width"))) == (0, WIDTH)
        assert float(half.get("x")) == WIDTH / 4
        assert float(median.get("x")) == WIDTH / 2 - 2
        assert strip.said == "Load: 100 ms, half of the runs 31.6 ms to 316 ms, all 10 ms to 1 s"
        assert chart.ticks == [(0, "10 ms"), (50, "100 ms"), (100, "1 s")]

    def test_memory_is_on_a_linear_axis_from_zero(self):
        chart = memory_of_nodes([NodeRuns("Load", [1.0], memory_peaks=[1e9, 2e9])])
        whole = elements(chart.strips[0])[0]
        assert float(whole.get("x")) == pytest.approx(float(whole.get("width")), abs=0.1)
        places = {text: place for place, text in chart.ticks}
        assert places["0 MB"] == 0
        assert places["1 GB"] * WIDTH / 100 == pytest.approx(float(whole.get("x")), abs=0.1)

    def test_without_runs_or_measurements_there_is_none(self):
        assert times_of_nodes([NodeRuns("Load")]) is None
        assert memory_of_nodes([NodeRuns("Load", [1.0])]) is None

    @pytest.mark.parametrize("seconds", [0.0, 1e-9, 5e8])
    def test_any_time_can_be_drawn(self, seconds):
        (strip,) = times_of_nodes([NodeRuns("Load", [seconds])]).strips
        for shape in elements(strip):
            assert 0 <= float(shape.get("x")) <= WIDTH


@given(st.floats(1e-6, 1e9))
def test_an_axis_has_a_few_marks_within_its_length(high):
    ticks = _linear_ticks(high, duration_text, (1, 2, 5, 10, 15, 30, 60, 120, 300, 600))
    places = [place for place, _ in ticks]
    assert places[0] == 0
    assert 2 <= len(places) <= 6
    assert places[-1] <= 100.001
