"""The weather of passes: the same for neighbours, and as often as it should be."""

from datetime import datetime

import numpy as np
import pytest

from eolearn.io._scene.orbits import acquisitions
from eolearn.io._scene.weather import band_latitude, is_skipped, season_day, weather_of

KEY = np.uint64(11)
PASSES = acquisitions(14.55, 45.87, datetime(2016, 1, 1), datetime(2026, 1, 1))


def test_the_weather_is_that_of_the_pass_and_the_latitude_band():
    for each in PASSES[:50]:
        assert weather_of(KEY, each, 40.01) == weather_of(KEY, each, 47.99)
    assert weather_of(KEY, PASSES[0], 44.0).sky.key != weather_of(KEY, PASSES[1], 44.0).sky.key
    assert weather_of(KEY, PASSES[0], 44.0).sky.key != weather_of(np.uint64(12), PASSES[0], 44.0).sky.key


@pytest.mark.parametrize(("latitude", "middle"), [(40.0, 44), (47.99, 44), (48.0, 52), (-0.1, -4), (0.0, 4)])
def test_bands_are_8_degrees_high(latitude, middle):
    assert band_latitude(latitude) == middle


def test_six_of_a_hundred_passes_are_skipped():
    share = np.mean([is_skipped(KEY, each) for each in PASSES])
    assert abs(share - 0.06) < 4 * np.sqrt(0.06 * 0.94 / len(PASSES))


def test_there_are_more_clouds_and_a_lower_snow_line_in_winter():
    weathers = [weather_of(KEY, each, 45.87) for each in PASSES]
    months = np.array([weather.acquisition.timestamp.month for weather in weathers])
    winter, summer = np.isin(months, [12, 1, 2]), np.isin(months, [6, 7, 8])
    clouds = np.array([weather.cloud_share for weather in weathers])
    assert clouds[winter].mean() > clouds[summer].mean() + 0.05
    assert 0 < clouds.min() < clouds.max() < 1
    lines = np.array([weather.sky.snow_line_m for weather in weathers])
    assert lines[winter].mean() < 1500
    assert lines[summer].min() > 1700


def test_the_cloud_threshold_leaves_the_cloud_share_of_a_normal_field():
    from scipy.stats import norm

    for each in PASSES[:40]:
        weather = weather_of(KEY, each, 45.87)
        assert norm.sf(weather.sky.threshold) == pytest.approx(weather.cloud_share, abs=1e-5)


def test_shifts_have_the_deviation_that_is_asked_for_and_change_nothing_else():
    shifts = np.array([weather_of(KEY, each, 45.87, 4.0).shift_m for each in PASSES])
    assert np.abs(shifts.mean(axis=0)).max() < 4 * 4 / np.sqrt(len(PASSES))
    np.testing.assert_allclose(shifts.std(axis=0), 4.0, rtol=4 / np.sqrt(2 * len(PASSES)))
    assert weather_of(KEY, PASSES[0], 45.87).shift_m == (0, 0)
    assert weather_of(KEY, PASSES[0], 45.87, 4.0).sky == weather_of(KEY, PASSES[0], 45.87).sky


def test_the_southern_season_is_half_a_year_off():
    june = datetime(2019, 6, 21, 12)
    assert season_day(june, 46.0) == 172.5
    assert season_day(june, -46.0) == pytest.approx(172.5 + 182.625)
