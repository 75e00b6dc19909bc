"""The second application of the project: the water of reservoirs over the years."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[2] / "examples/water_level.py"
SEASON = ("--from", "2018-06-01", "--to", "2018-09-15")


def run_example(output, *arguments):
    command = [sys.executable, SCRIPT, "--output", output, "--reservoirs", "1", *SEASON, *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert "Warning" not in answer.stderr
    return pd.read_csv(output / "water_level.csv", parse_dates=["date"])


@pytest.mark.long
@pytest.mark.parametrize("sensor", ["optical", "radar"])
def test_area_is_within_3_percent_of_the_known_one_on_average(sensor, tmp_path):
    rows = run_example(tmp_path, "--sensor", sensor)
    measured = rows.dropna(subset="area_km2")
    assert len(measured) > len(rows) / 2
    errors = (measured.area_km2 - measured.known_area_km2).abs() / measured.known_area_km2
    assert errors.mean() < 0.03  # the project's own demand
    assert (measured.level_m - measured.known_level_m).abs().mean() < 0.5
    if sensor == "optical":
        assert rows.area_km2[rows.seen < 0.4].isna().all()  # gaps stay gaps
        assert (rows.seen < 0.4).any()
    with Image.open(tmp_path / "water_level.png") as picture:
        assert picture.size[0] > 2 * picture.size[1]


@pytest.fixture
def tasks(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import water_level_tasks

    return water_level_tasks


def bowl(dates=20, pixels=1000, seed=0):
    """Pixels in order of their depth, a level that goes up and down, and what is water on each date."""
    wet = np.linspace(200, 900, dates).astype(int)
    wet = np.random.default_rng(seed).permutation(wet)
    return np.arange(pixels) < wet[:, np.newaxis], wet


def test_all_water_is_counted_where_all_is_seen(tasks):
    is_water, wet = bowl()
    np.testing.assert_array_equal(tasks.water_pixels(is_water, np.ones_like(is_water)), wet)


def test_what_clouds_hide_is_told_by_the_shore_that_is_seen(tasks):
    is_water, wet = bowl()
    valid = np.ones_like(is_water)
    valid[3, :] = np.random.default_rng(1).random(1000) < 0.5
    valid[7, :150] = False  # the deepest, water on all dates
    found = tasks.water_pixels(is_water & valid, valid)
    assert found[7] == wet[7]
    assert found[3] == pytest.approx(wet[3], abs=40)  # a step of the level is 37 pixels


def test_dates_that_show_little_or_something_else_are_gaps(tasks):
    is_water, _ = bowl(dates=60)
    valid = np.ones_like(is_water)
    valid[2, 300:] = False
    is_water[5] = np.random.default_rng(1).random(1000) < 0.5
    found = tasks.water_pixels(is_water, valid)
    assert np.flatnonzero(np.isnan(found)).tolist() == [2, 5]


def test_dates_of_clouds_that_look_like_water_are_gaps(tasks):
    is_water, _ = bowl()
    is_water[5] = True
    assert np.flatnonzero(np.isnan(tasks.water_pixels(is_water, np.ones_like(is_water)))).tolist() == [5]


def test_spikes_are_gaps_and_steps_stay(tasks):
    spike = np.array([10, 10, np.nan, 30, 10, 11])
    np.testing.assert_array_equal(tasks.without_spikes(spike), [10, 10, np.nan, np.nan, 10, 11])
    step = np.array([10.0, 10, 10, 20, 20, 20])
    np.testing.assert_array_equal(tasks.without_spikes(step), step)


def test_line_breaks_in_long_gaps_only(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import water_level_picture

    dates = pd.to_datetime(["2018-01-01", "2018-01-11", "2018-01-21", "2018-06-01"])
    rows = pd.DataFrame({"date": dates, "area_km2": [1.0, np.nan, 2.0, 3.0]})
    times, values = water_level_picture.with_gaps(rows, "area_km2")
    np.testing.assert_array_equal(values, [1, 2, np.nan, 3])
    assert times.is_monotonic_increasing
