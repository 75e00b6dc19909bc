"""When Sentinel-2 sees a place, against images that it took, and against what such orbits can't but do."""

import json
from collections import Counter
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.utils.sun import sun_angles
from eolearn.io._scene.orbits import (
    HALF_SWATH_M,
    ORBITS,
    acquisitions,
    swath_offset_m,
    view_angles,
)

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-80, 80)
RELATIVE_ORBITS = st.integers(1, ORBITS)
CYCLE = datetime(2020, 6, 1), datetime(2020, 6, 11) - timedelta(seconds=1)  # 10 days

# Names of real products and the middles of their tiles, of ../shared/data: T34SGA of titiler_cog, T35 and T06 of
# stac_items, T33TYE of gfmap. The time in a name is when the data take began, up to half an hour before the tile.
PRODUCTS = [
    ("S2A_MSIL2A_20200318T085701_N0214_R007_T34SGA", 23.85, 32.01),
    ("S2A_MSIL2A_20200601T080611_N0212_R078_T35MNM", 27.50, -7.73),
    ("S2B_MSIL2A_20200606T080609_N0212_R078_T35MNM", 27.50, -7.73),
    ("S2A_MSIL2A_20200731T080611_N0212_R078_T35MNM", 27.50, -7.73),
    ("S2B_MSIL2A_20200606T080609_N0212_R078_T35LND", 27.50, -14.97),
    ("S2B_MSIL2A_20190629T212529_N0212_R043_T06VVN", -147.84, 60.84),
    ("S2A_MSIL2A_20230623T094031_N0509_R036_T33TYE", 17.69, 40.60),
    ("S2B_MSIL2A_20230628T093549_N0509_R036_T33TYE", 17.69, 40.60),
    ("S2A_MSIL2A_20230921T094031_N0509_R036_T33TYE", 17.69, 40.60),
]


def years(first, last):
    return datetime(first, 1, 1), datetime(last, 12, 31, 23, 59, 59)


@pytest.mark.parametrize(("product", "longitude", "latitude"), PRODUCTS)
def test_real_products_are_among_the_acquisitions(product, longitude, latitude):
    satellite, _, start, _, orbit, _ = product.split("_")
    data_take = datetime.strptime(start, "%Y%m%dT%H%M%S")
    found = acquisitions(longitude, latitude, data_take, data_take + timedelta(minutes=30))
    assert [(each.satellite, each.relative_orbit) for each in found] == [(satellite, int(orbit[1:]))]


# Dates of all images of cubes in ../shared/data/gfmap, middles of the cubes, and orbits of the products.
CUBES = [
    ("openEO_0", 17.709, 40.588, {36}, [datetime(2023, 6, 23) + timedelta(days=5 * n) for n in range(19)]),
    ("test_optical_cube", 4.264, 51.311, {51}, [datetime(2023, 10, 2) + timedelta(days=5 * n) for n in range(19)]),
    (
        "cdse_sentinel2_l2a",
        5.056,
        51.219,
        {8, 51},
        [datetime(2023, 4, day) for day in (2, 5, 7, 10, 12, 15, 17, 20, 22, 25, 27, 30)],
    ),
]


@pytest.mark.parametrize(("name", "longitude", "latitude", "orbits", "dates"), CUBES)
def test_the_dates_over_a_place_are_those_of_a_real_cube_without_gaps(name, longitude, latitude, orbits, dates):
    found = acquisitions(longitude, latitude, dates[0], dates[-1] + timedelta(days=1))
    assert [each.timestamp.date() for each in found] == [date.date() for date in dates]
    assert {each.relative_orbit for each in found} == orbits


def shared_products(folder):
    """Yield the name of each product in two collections of items, and in the sources of a cube, and a place in it."""
    for name in ("site1-20200606-tall-strip-africa", "site2-2020_jun_jul-35MNM"):
        for item in json.loads((folder / f"stac_items/tests/data/{name}.geojson").read_text())["features"]:
            west, south, east, north = item["bbox"]
            yield item["id"], (west + east) / 2, (south + north) / 2
    job = json.loads((folder / "gfmap/tests/resources/polygons_s2_cdse/job-results__719a912647.json").read_text())
    west, south, east, north = job["extent"]["spatial"]["bbox"][0]
    for link in job["links"]:
        if "/S2" in link["href"]:
            yield link["href"].rsplit("/", 1)[1].replace("_N0509", ""), (west + east) / 2, (south + north) / 2


def test_all_products_of_the_shared_data_are_among_the_acquisitions(repository):
    folder = repository.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data")
    products = list(shared_products(folder))
    assert len(products) >= 22 + 19
    for name, longitude, latitude in products:
        satellite, _, start, orbit, *_ = name.split("_")
        data_take = datetime.strptime(start, "%Y%m%dT%H%M%S")
        (found,) = acquisitions(longitude, latitude, data_take, data_take + timedelta(minutes=30))
        assert (found.satellite, f"R{found.relative_orbit:03d}") == (satellite, orbit), name


def test_the_time_over_a_place_is_that_of_a_real_tile():
    """The item of tile 34SGA has 2020-03-18T09:11:33Z; its middle is 4 degrees, 67 seconds, south of its band's."""
    (found,) = acquisitions(23.85, 32.01, datetime(2020, 3, 18), datetime(2020, 3, 18, 23))
    assert abs(found.timestamp + timedelta(seconds=67) - datetime(2020, 3, 18, 9, 11, 33)) < timedelta(seconds=30)


@pytest.mark.parametrize(
    ("day", "longitude", "latitude", "zenith", "azimuth"),
    [  # s2:mean_solar_zenith and s2:mean_solar_azimuth of items in ../shared/data/stac_items
        (datetime(2019, 6, 29), -147.84, 60.84, 37.9129, 170.1480),
        (datetime(2020, 6, 1), 27.50, -7.73, 37.9280, 37.5378),
        (datetime(2020, 6, 6), 27.50, -14.97, 44.1904, 31.9569),
    ],
)
def test_the_sun_stands_at_the_time_of_an_acquisition_where_the_metadata_of_the_real_one_say(
    day, longitude, latitude, zenith, azimuth
):
    (found,) = acquisitions(longitude, latitude, day, day + timedelta(days=1))
    angles = np.ravel(sun_angles([found.timestamp], longitude, latitude))
    # up to 67 seconds from the middle of the band make 0.3 degrees, in azimuth more towards the zenith
    assert abs(angles[0] - zenith) < 0.3
    assert abs(angles[1] - azimuth) * np.sin(np.radians(zenith)) < 0.3


def test_every_date_of_a_real_patch_is_among_the_acquisitions(real_patch_path):
    """Its times are those of data takes, which began 8 minutes before, and of strips and tiles, processed in pieces."""
    simulated = {each.timestamp.date(): each for each in acquisitions(14.55, 45.87, *years(2015, 2017))}
    for text in json.loads((real_patch_path / "timestamps.json").read_text()):
        real = datetime.fromisoformat(text)
        found = simulated[real.date()]
        assert abs(found.timestamp - real) < timedelta(minutes=9)
        assert found.relative_orbit == 122


@pytest.mark.parametrize(
    ("relative_orbit", "longitude", "latitude", "side"),
    [
        # first pixels with data in rows 0 and 990 of ../shared/data/titiler_cog, core/tests/fixtures/TCI.tif
        (7, 23.5491, 32.5111, -1),
        (7, 23.3203, 31.6388, -1),
        # corners of the footprints of T35LND 2020-06-06 and T35MNM 2020-07-06 in ../shared/data/stac_items
        (78, 27.99017, -15.12819, 1),
        (78, 27.92394, -15.42519, 1),
        (78, 27.00671, -7.27925, -1),
    ],
)
def test_the_edges_of_real_images_lie_at_the_edge_of_the_swath(relative_orbit, longitude, latitude, side):
    # 290 km are the width of the specification; the images are 293 km wide, and tracks are kept to some 2 km
    assert_allclose(swath_offset_m(relative_orbit, longitude, latitude), side * (HALF_SWATH_M + 1500), atol=2000)


@given(LONGITUDES, LATITUDES)
def test_each_satellite_comes_back_after_10_days_and_one_of_the_two_after_5(longitude, latitude):
    start, end = CYCLE
    first = acquisitions(longitude, latitude, start, end)
    assert first
    assert set(Counter(each.relative_orbit for each in first).values()) == {2}
    later = [
        (each.timestamp + timedelta(days=10), each.satellite, each.relative_orbit, each.number + 2 * ORBITS)
        for each in first
    ]
    assert acquisitions(longitude, latitude, start + timedelta(days=10), end + timedelta(days=10)) == later
    for orbit in {each.relative_orbit for each in first}:
        one, other = (each for each in first if each.relative_orbit == orbit)
        assert other.timestamp - one.timestamp == timedelta(days=5)
        assert {one.satellite, other.satellite} == {"S2A", "S2B"}
        assert other.number - one.number == ORBITS


@given(LONGITUDES, LATITUDES)
def test_acquisitions_are_in_order_of_time_and_of_number(longitude, latitude):
    found = acquisitions(longitude, latitude, *years(2024, 2025))
    assert found == sorted(found)
    assert [each.number for each in found] == sorted({each.number for each in found})


@given(LONGITUDES, LATITUDES)
def test_the_mean_solar_time_at_the_descending_node_is_half_past_ten(longitude, latitude):
    """Nearly so at 4 north, the middle of a band, 67 seconds before the node and up to 145 km from the track."""
    for each in acquisitions(longitude, 4.0, *CYCLE):
        local = each.timestamp + timedelta(hours=longitude / 15)
        minutes = local.hour * 60 + local.minute - 630
        assert abs(minutes) < 9  # 1.3 degrees of longitude at 4 minutes, a degree of inclination, and the 67 seconds


def test_start_and_end_are_inclusive():
    found = acquisitions(14.55, 45.87, *CYCLE)
    first, last = found[0].timestamp, found[-1].timestamp
    assert acquisitions(14.55, 45.87, first, last) == found
    second = timedelta(seconds=1)
    assert acquisitions(14.55, 45.87, first + second, last - second) == found[1:-1]
    assert acquisitions(14.55, 45.87, first, first) == found[:1]
    assert acquisitions(14.55, 45.87, last, first) == []


def test_timestamps_are_naive_and_in_whole_seconds():
    for each in acquisitions([0.0, 100.0], [10.0, 60.0], *CYCLE):
        assert each.timestamp.tzinfo is None
        assert each.timestamp.microsecond == 0


def test_satellites_follow_each_other():
    assert acquisitions(14.55, 45.87, datetime(1990, 1, 1), datetime(2015, 6, 26, 23, 59, 59)) == []
    found = acquisitions(14.55, 45.87, *years(2015, 2040))
    spans = {}
    for each in found:
        spans.setdefault(each.satellite, []).append(each.timestamp)
    assert list(spans) == ["S2A", "S2B", "S2C"]
    assert spans["S2A"][0] - datetime(2015, 6, 27) < timedelta(days=10)
    assert spans["S2A"][-1] < datetime(2025, 1, 21) < spans["S2C"][0]
    assert spans["S2C"][0] - spans["S2A"][-1] == timedelta(days=10)
    assert spans["S2B"][0].year == 2017
    assert found[-1].timestamp > datetime(2040, 12, 26)


def test_places_100_km_apart_in_a_latitude_band_have_the_same_timestamps():
    west, east = acquisitions(14.0, 45.9, *CYCLE), acquisitions(15.2, 45.1, *CYCLE)
    shared = {each.number for each in west} & {each.number for each in east}
    assert shared
    assert [each for each in west if each.number in shared] == [each for each in east if each.number in shared]


def test_the_next_band_to_the_south_is_seen_134_seconds_later():
    """8 degrees of latitude are 8.1 degrees along the orbit, of 360 in 10 days / 143 = 6042 seconds."""
    (north,) = (
        each for each in acquisitions(29.8, 4.0, *CYCLE) if each.relative_orbit == 78 and each.satellite == "S2A"
    )
    (south,) = (each for each in acquisitions(29.8, -4.0, *CYCLE) if each.number == north.number)
    assert abs((south.timestamp - north.timestamp).total_seconds() - 8.0912 / 360 * 6041.96) < 1.5


@given(LONGITUDES, LATITUDES)
def test_several_places_are_seen_when_one_of_them_is(longitude, latitude):
    longitudes, latitudes = np.array([longitude, longitude + 3]), np.array([latitude, latitude])
    together = acquisitions(longitudes, latitudes, *CYCLE)
    alone = [acquisitions(each, latitude, *CYCLE) for each in longitudes]
    assert together == sorted({*alone[0], *alone[1]})


def test_the_northernmost_place_gives_the_timestamp():
    north = acquisitions(14.0, 48.001, *CYCLE)
    both = acquisitions([[14.0], [14.0]], [[47.999], [48.001]], *CYCLE)
    assert set(north) <= set(both)


@given(LONGITUDES, LATITUDES)
def test_what_is_seen_is_within_the_swath_and_what_is_not_is_beyond(longitude, latitude):
    seen = {each.relative_orbit for each in acquisitions(longitude, latitude, *CYCLE)}
    offsets = swath_offset_m(np.arange(1, ORBITS + 1), longitude, latitude)
    assert seen == set(np.flatnonzero(np.abs(offsets) <= HALF_SWATH_M) + 1)


def test_swaths_overlap_more_towards_the_pole():
    """On the mean as many tracks see a place as tracks fit under a swath."""
    longitudes = np.linspace(-180, 180, 721)[:-1]
    orbits = np.arange(1, ORBITS + 1)[:, np.newaxis]
    counts = {
        latitude: (np.abs(swath_offset_m(orbits, longitudes, latitude)) <= HALF_SWATH_M).sum(axis=0)
        for latitude in (0, 10, 60)
    }
    assert counts[0].min() == 1
    assert counts[0].max() == 2
    assert counts[60].mean() > 1.8 * counts[10].mean()
    # at the equator tracks are 40075 km / 143 apart, 12.3 degrees off the meridian: 8.57, and 3.8 as the Earth turns
    assert_allclose(counts[0].mean(), 290 / np.cos(np.radians(12.3)) / (40075 / 143), rtol=0.01)


@pytest.mark.parametrize("latitude", [84.0, 88.0, 90.0, -84.0, -90.0])
def test_next_to_the_poles_nothing_is_seen(latitude):
    assert acquisitions(np.arange(-180.0, 180.0, 5.0), np.full(72, latitude), *CYCLE) == []


def test_the_track_reaches_as_far_north_as_the_inclination_lets_it():
    """The plane of the orbit is 98.57 - 90 = 8.57 degrees off the pole, and half a swath is 1.3 degrees."""
    assert acquisitions(np.arange(-180.0, 180.0, 0.5), np.full(720, 82.6), *CYCLE)
    assert not acquisitions(np.arange(-180.0, 180.0, 0.5), np.full(720, 82.9), *CYCLE)


def track(relative_orbit, latitudes):
    """Find the longitudes of the ground track by bisection: to the east of it the offset is positive."""
    grid = np.arange(-180, 180, 0.5)
    found = []
    for latitude in latitudes:
        offsets = swath_offset_m(relative_orbit, grid, latitude)
        west = grid[np.argmin(np.where(offsets <= 0, -offsets, np.inf))]
        east = west + 0.5
        for _ in range(40):
            middle = (west + east) / 2
            if swath_offset_m(relative_orbit, middle, latitude) <= 0:
                west = middle
            else:
                east = middle
        found.append(west)
    return np.array(found)


@pytest.mark.parametrize("latitude", [-55.0, -15.0, 0.0, 32.0, 46.0, 61.0, 72.0])
def test_the_swath_is_290_km_wide_across_the_track_on_the_ellipsoid(latitude):
    import pyproj

    geod = pyproj.Geod(ellps="WGS84")
    north, here, south = track(78, [latitude + 0.05, latitude, latitude - 0.05])
    heading, _, _ = geod.inv(north, latitude + 0.05, south, latitude - 0.05)
    for side, turn in ((1, -90), (-1, 90)):
        longitude, edge_latitude, _ = geod.fwd(here, latitude, heading + turn, HALF_SWATH_M)
        assert_allclose(swath_offset_m(78, longitude, edge_latitude), side * HALF_SWATH_M, rtol=0.005)


def test_the_track_leads_to_the_south_west_and_the_earth_turns_under_it():
    """Slow and plain: points of the orbit of a satellite in space, turned back by what the Earth has turned since."""
    seconds = np.array([-1400.0, -900.0, -300.0, 0.0, 400.0, 1200.0])
    angle = 2 * np.pi * seconds / (864_000 / 143)
    inclination = np.radians(98.57)
    x, y, z = np.cos(angle), np.sin(angle) * np.cos(inclination), -np.sin(angle) * np.sin(inclination)
    (node,) = track(78, [0.0])
    longitude = node + np.degrees(np.arctan2(y, x)) - 360 * seconds / 86400
    geocentric = np.arcsin(z)
    latitude = np.degrees(np.arctan(np.tan(geocentric) / (1 - 1 / 298.257223563) ** 2))
    assert_allclose(swath_offset_m(78, longitude, latitude), 0, atol=1)
    assert_allclose(swath_offset_m(78, longitude + 360, latitude), 0, atol=1)


def test_neighbouring_tracks_are_a_tenth_of_a_turn_apart_as_the_days_go():
    """14.3 revolutions a day: the next orbit is 360 / 14.3 degrees to the west, and after 143 it is the same one."""
    nodes = np.array([track(orbit, [0.0])[0] for orbit in (1, 2, 3, 11)])
    assert_allclose((nodes[:-1] - nodes[1:])[:2] % 360, 360 / 14.3, atol=1e-6)
    assert_allclose((nodes[0] - nodes[3]) % 360, 10 * 360 / 14.3 % 360, atol=1e-6)


@given(st.lists(st.tuples(RELATIVE_ORBITS, LONGITUDES, st.floats(-90, 90)), min_size=1, max_size=20))
def test_arrays_give_at_each_element_what_numbers_give(places):
    orbits, longitudes, latitudes = map(np.array, zip(*places, strict=True))
    for function in (swath_offset_m, lambda *place: view_angles(*place)[0], lambda *place: view_angles(*place)[1]):
        together = function(orbits, longitudes, latitudes)
        assert together.shape == orbits.shape
        assert_array_equal(together, [function(*place) for place in places])


def test_places_are_broadcast_against_orbits():
    assert swath_offset_m(np.array([[78], [79]]), [27.0, 27.5, 28.0], -7.0).shape == (2, 3)
    assert view_angles(78, [[27.0], [28.0]], [[-7.0], [-7.0]])[0].shape == (2, 1)


@given(RELATIVE_ORBITS, LATITUDES, st.floats(-1, 1))
def test_the_satellite_is_seen_at_the_zenith_from_its_track_and_lower_to_the_sides(relative_orbit, latitude, east):
    (below,) = track(relative_orbit, [latitude])
    offset = swath_offset_m(relative_orbit, below + east, latitude)
    zenith, azimuth = view_angles(relative_orbit, below + east, latitude)
    # law of sines in the triangle of the centre of the Earth, the place and the satellite
    earth, orbit = 6371.009, 6371.009 + 786
    angle = np.radians(zenith) - np.arcsin(earth / orbit * np.sin(np.radians(zenith)))
    assert_allclose(angle * earth * 1000, abs(offset), atol=1)
    if abs(offset) > 1000:
        assert (azimuth > 180) == (east > 0)  # from the east of the track, the satellite is in the west


def test_at_the_edge_of_the_swath_the_satellite_is_nearly_12_degrees_off_the_zenith():
    """By hand: 145 km are 1.304 degrees; tan = sin 1.304 * 7157 / (cos 1.304 * 7157 - 6371) = 162.9 / 784.2."""
    (below,) = track(78, [0.0])
    longitude = below + 145 / 111.195 / np.cos(np.radians(12.3))
    zenith, azimuth = view_angles(78, longitude, 0.0)
    assert_allclose(zenith, 11.73, atol=0.05)
    assert_allclose(azimuth, 270 + 12.3, atol=0.5)


@pytest.mark.parametrize(("longitude", "latitude"), [(0.0, 90.1), (0.0, -91.0), (0.0, np.nan), (np.inf, 0.0)])
def test_a_place_that_is_not_on_the_earth_is_refused(longitude, latitude):
    with pytest.raises(ValueError, match=rf"longitude {longitude}, latitude {latitude}.*-90 to 90"):
        acquisitions([10.0, longitude], [45.0, latitude], *CYCLE)
