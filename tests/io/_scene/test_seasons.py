"""What grows in a year, and how reservoirs rise and fall."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.io._kernels.landscape import (
    ARTIFICIAL,
    BARE,
    CULTIVATED,
    FOREST,
    GRASSLAND,
    RESERVOIR_DEPTH_M,
    WATER,
)
from eolearn.io._scene.seasons import CROPS, LANE_COVER, ParcelTable, crops_of, drawdown, drawdowns, reflectances
from eolearn.io._scene.tables import BANDS

RED, NIR, SWIR = BANDS.index("B04"), BANDS.index("B08"), BANDS.index("B11")
JANUARY, JULY = datetime(2018, 1, 15, 10), datetime(2018, 7, 5, 10)


def table_of(cover, rows=300):
    keys = np.random.default_rng(cover).integers(0, 2**63, rows).astype(np.uint64)
    return ParcelTable(keys, np.full(rows, cover, np.uint8), np.full(rows, 300.0))


def ndvi(cover, timestamp, latitude=46.0):
    first, second = reflectances(table_of(cover), timestamp, latitude, 0.5)
    mean = (first + second) / 2
    return ((mean[:, NIR] - mean[:, RED]) / (mean[:, NIR] + mean[:, RED])).mean()


@pytest.mark.parametrize("cover", [CULTIVATED, FOREST, GRASSLAND])
def test_what_grows_is_greener_in_summer_than_in_winter_and_half_a_year_off_in_the_south(cover):
    may = datetime(2018, 5, 20, 10)  # winter cereals are ripe in July
    assert ndvi(cover, may) > ndvi(cover, JANUARY) + 0.1
    half_a_year = timedelta(days=365.25 / 2)
    assert ndvi(cover, may + half_a_year, -46.0) > ndvi(cover, JANUARY + half_a_year, -46.0) + 0.1


@pytest.mark.parametrize("cover", [CULTIVATED, FOREST, GRASSLAND, ARTIFICIAL, BARE, WATER, LANE_COVER])
def test_spectra_are_reflectances_all_year(cover):
    for day in range(0, 366, 15):
        for spectrum in reflectances(table_of(cover, 50), datetime(2018, 1, 1, 10) + timedelta(day), 46.0, 1.0):
            assert spectrum.shape == (50, 13)
            assert spectrum.dtype == np.float32
            assert (spectrum >= 0).all()
            assert (spectrum < 0.8).all()


def test_water_is_dark_in_the_short_wave_infrared_and_its_bed_is_not():
    water, bed = reflectances(table_of(WATER), JULY, 46.0, 0.5)
    assert water[:, SWIR].max() < 0.03
    assert bed[:, SWIR].min() > 0.1


def test_crops_have_their_shares_and_change_from_year_to_year():
    table = table_of(CULTIVATED, 4000)
    crops, next_year = crops_of(table, 2018), crops_of(table, 2019)
    shares = np.bincount(crops, minlength=len(CROPS)) / 4000
    assert_allclose(shares, [0.38, 0.12, 0.34, 0.16], atol=4 * np.sqrt(0.25 / 4000))
    # independent draws stay the same as often as the sum of squares of the shares says: 0.30
    assert abs((crops == next_year).mean() - 0.3) < 4 * np.sqrt(0.25 / 4000)
    assert_array_equal(crops_of(table, 2018), crops)


def test_a_field_looks_the_same_in_whatever_table_it_stands():
    table = table_of(CULTIVATED)
    part = ParcelTable(table.keys[5:9], table.covers[5:9], table.heights[5:9])
    for whole, some in zip(reflectances(table, JULY, 46.0, 0.5), reflectances(part, JULY, 46.0, 0.5), strict=True):
        assert_array_equal(whole[5:9], some)


def test_levels_lie_between_full_and_seven_tenths_of_the_depth_below_and_are_lower_in_autumn():
    days = [datetime(2016, 1, 1, 10) + timedelta(days=10 * step) for step in range(250)]
    keys = table_of(WATER, 40).keys
    found = np.array([[drawdown(key, day, 46.0) for day in days] for key in keys])
    assert found.min() >= 0
    assert found.max() <= 0.7 * RESERVOIR_DEPTH_M + 1e-9
    months = np.array([day.month for day in days])
    assert found[:, months == 10].mean() > found[:, months == 4].mean() + 1
    assert np.abs(np.diff(found, axis=1)).max() < 4  # metres in 10 days
    assert found.std(axis=1).min() > 0.3


def test_only_water_has_a_level():
    covers = np.array([CULTIVATED, WATER, LANE_COVER], np.uint8)
    found = drawdowns(ParcelTable(np.arange(3, dtype=np.uint64), covers, np.zeros(3)), JULY, 46.0)
    assert_array_equal(np.isnan(found), covers != WATER)
