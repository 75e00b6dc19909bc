"""The spectra and the courses through the year that the simulated scene is mixed from."""

from __future__ import annotations

import csv
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

BANDS = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]
MATERIALS = {
    *("soil_dark", "soil_bright", "crop_green", "crop_dry", "grass_green", "grass_dry", "broadleaf_summer"),
    *("broadleaf_bare", "conifer", "roof_red", "roof_bright", "asphalt", "gravel", "water_clear", "water_turbid"),
    *("snow", "cloud"),
}
GREEN = ["crop_green", "grass_green", "broadleaf_summer", "conifer"]
WATER = ["water_clear", "water_turbid"]
LAND = sorted(MATERIALS - {*WATER, "snow", "cloud"})
KINDS = ["winter_wheat", "rapeseed", "maize", "beet", "meadow", "broadleaf", "conifer", "garden"]
DAYS = [round(365.25 / 24 * (i + 0.5)) for i in range(24)]

Table = dict[str, dict[str, str]]
Seen = dict[str, dict[str, float]]
Courses = dict[str, NDArray[np.float64]]


def table(name: str) -> Table:
    text = files("eolearn.io._scene").joinpath(name).read_text(encoding="utf-8")
    return {row["name"]: row for row in csv.DictReader(text.splitlines())}


@pytest.fixture(scope="module")
def seen() -> Seen:
    return {name: {band: float(row[band]) for band in BANDS} for name, row in table("spectra.csv").items()}


@pytest.fixture(scope="module")
def courses() -> Courses:
    return {
        name: np.array([float(row[f"day_{day:03d}"]) for day in DAYS]) for name, row in table("courses.csv").items()
    }


def ndvi(spectrum: dict[str, float]) -> float:
    return (spectrum["B08"] - spectrum["B04"]) / (spectrum["B08"] + spectrum["B04"])


def step_of(day: int) -> int:
    return int(np.abs(np.array(DAYS) - day).argmin())


@pytest.mark.parametrize("name", ["spectra.csv", "courses.csv"])
def test_every_row_tells_whether_it_is_derived_or_assumed(name: str) -> None:
    for row in table(name).values():
        assert row["source"].startswith(("derived: ", "assumed: "))


def test_columns_are_the_bands_and_the_middles_of_half_months() -> None:
    assert list(table("spectra.csv")["snow"]) == ["name", *BANDS, "source"]
    assert list(table("courses.csv")["maize_dry"]) == ["name", *(f"day_{day:03d}" for day in DAYS), "source"]


def test_all_materials_and_all_kinds_of_cover_are_there(seen: Seen, courses: Courses) -> None:
    assert set(seen) == MATERIALS
    assert list(courses) == [f"{kind}_{cover}" for kind in KINDS for cover in ("green", "dry")]


class TestSpectra:
    def test_are_reflectances(self, seen: Seen) -> None:
        for spectrum in seen.values():
            assert all(0 < value < 1 for value in spectrum.values())

    def test_air_brightens_the_blue_of_everything(self, seen: Seen) -> None:
        assert all(spectrum["B01"] > 0.09 and spectrum["B02"] > 0.06 for spectrum in seen.values())

    def test_water_vapour_darkens_b09_and_hides_the_ground_in_b10(self, seen: Seen) -> None:
        for spectrum in seen.values():
            assert 0.2 < spectrum["B09"] / spectrum["B8A"] < 0.4
            assert spectrum["B10"] < 0.003

    @pytest.mark.parametrize("name", GREEN)
    def test_green_plants_have_a_green_peak_over_red_and_a_red_edge(self, seen: Seen, name: str) -> None:
        plant = seen[name]
        assert plant["B04"] < plant["B03"]
        assert plant["B04"] < plant["B05"] < plant["B06"] < plant["B07"] < plant["B8A"]
        assert plant["B06"] > 2 * plant["B05"]
        assert plant["B8A"] > plant["B11"] > plant["B12"]
        assert ndvi(plant) > 0.65

    def test_broadleaf_is_brighter_than_conifer_in_the_near_infrared(self, seen: Seen) -> None:
        assert seen["broadleaf_summer"]["B8A"] > 1.15 * seen["conifer"]["B8A"]

    @pytest.mark.parametrize("name", ["soil_dark", "soil_bright", "gravel"])
    def test_soil_rises_with_the_wavelength_and_has_no_red_edge(self, seen: Seen, name: str) -> None:
        soil = seen[name]
        assert soil["B03"] < soil["B04"] < soil["B05"] < soil["B06"] < soil["B07"]
        assert soil["B8A"] < soil["B11"]
        assert 0 < ndvi(soil) < 0.2

    @pytest.mark.parametrize("name", ["crop_dry", "grass_dry"])
    def test_dry_plants_lie_between_green_and_soil_and_cellulose_darkens_b12(self, seen: Seen, name: str) -> None:
        dry, soil = seen[name], seen["soil_bright"]
        assert 0.15 < ndvi(dry) < 0.3
        assert dry["B12"] / dry["B11"] < 0.75 < soil["B12"] / soil["B11"]

    @pytest.mark.parametrize("name", WATER)
    def test_water_is_darkest_in_the_short_wave_infrared_and_falls_with_the_wavelength(
        self, seen: Seen, name: str
    ) -> None:
        water = seen[name]
        visible = [water[band] for band in BANDS[: BANDS.index("B8A") + 1]]
        assert visible == sorted(visible, reverse=True)
        assert all(water[band] < 0.2 * seen[land][band] for land in LAND for band in ("B11", "B12"))

    def test_turbid_water_is_brighter_in_the_visible_bands(self, seen: Seen) -> None:
        assert all(seen["water_turbid"][band] > seen["water_clear"][band] for band in ("B02", "B03", "B04", "B05"))

    def test_snow_is_bright_where_we_see_and_dark_in_the_short_wave_infrared(self, seen: Seen) -> None:
        snow = seen["snow"]
        assert min(snow[band] for band in ("B02", "B03", "B04", "B8A")) > 0.7
        assert max(snow["B11"], snow["B12"]) < 0.15
        assert (snow["B03"] - snow["B11"]) / (snow["B03"] + snow["B11"]) > 0.7

    def test_thick_cloud_is_white_and_bright_in_the_short_wave_infrared_too(self, seen: Seen) -> None:
        cloud = [seen["cloud"][band] for band in ("B02", "B03", "B04")]
        assert min(cloud) > 0.5
        assert max(cloud) < 1.1 * min(cloud)
        assert seen["cloud"]["B11"] > 0.4

    def test_red_roofs_are_red_and_bright_roofs_are_not(self, seen: Seen) -> None:
        red, bright = seen["roof_red"], seen["roof_bright"]
        assert red["B04"] > 1.2 * red["B02"]
        assert bright["B04"] < 1.2 * bright["B02"]
        assert bright["B03"] > 1.5 * red["B03"]
        assert seen["asphalt"]["B04"] < red["B04"]


class TestCourses:
    def test_are_shares_that_leave_room_for_soil(self, courses: Courses) -> None:
        for kind in KINDS:
            green, dry = courses[f"{kind}_green"], courses[f"{kind}_dry"]
            assert min(green.min(), dry.min()) >= 0
            assert (green + dry).max() <= 1 + 1e-9

    def test_wheat_greens_before_maize(self, courses: Courses) -> None:
        half_green = {kind: int((courses[f"{kind}_green"] > 0.5).argmax()) for kind in ("winter_wheat", "maize")}
        assert half_green["winter_wheat"] + 3 < half_green["maize"]

    @pytest.mark.parametrize("kind", ["maize", "beet"])
    def test_summer_crops_are_bare_in_april_and_full_in_august(self, courses: Courses, kind: str) -> None:
        green = courses[f"{kind}_green"]
        assert green[step_of(105)] < 0.05
        assert green[step_of(225)] > 0.85
        assert 180 < DAYS[int(green.argmax())] < 260

    def test_maize_is_harvested_before_beet(self, courses: Courses) -> None:
        assert courses["maize_green"][step_of(290)] + 0.2 < courses["beet_green"][step_of(290)]

    def test_wheat_ripens_in_july_and_leaves_stubble_in_august(self, courses: Courses) -> None:
        green, dry = courses["winter_wheat_green"], courses["winter_wheat_dry"]
        assert green[step_of(150)] > 0.85
        assert dry[step_of(200)] > 0.5
        assert green[step_of(225)] < 0.1

    def test_rapeseed_is_the_greener_field_in_winter_and_ripe_before_wheat(self, courses: Courses) -> None:
        assert courses["rapeseed_green"][step_of(45)] > 2 * courses["winter_wheat_green"][step_of(45)]
        assert courses["rapeseed_dry"][step_of(190)] > courses["winter_wheat_dry"][step_of(190)]

    def test_broadleaf_is_bare_from_december_to_march_and_full_in_june_and_july(self, courses: Courses) -> None:
        green = courses["broadleaf_green"]
        assert green[[*range(step_of(345), 24), *range(step_of(75) + 1)]].max() < 0.05
        assert green[step_of(152) : step_of(205) + 1].min() > 0.9

    def test_leaves_turn_brown_in_autumn_only(self, courses: Courses) -> None:
        brown = courses["broadleaf_dry"]
        assert {DAYS[i] for i in np.flatnonzero(brown)} <= set(range(260, 321))
        assert brown[step_of(295)] > 0.2

    def test_conifers_stay_green(self, courses: Courses) -> None:
        assert courses["conifer_green"].min() > 0.7

    @pytest.mark.parametrize("kind", ["meadow", "garden"])
    def test_grass_is_greener_in_may_than_in_january(self, courses: Courses, kind: str) -> None:
        assert courses[f"{kind}_green"][step_of(150)] > courses[f"{kind}_green"][step_of(15)] + 0.2

    def test_meadow_shows_no_soil(self, courses: Courses) -> None:
        np.testing.assert_allclose(courses["meadow_green"] + courses["meadow_dry"], 1, atol=1e-9)


def test_the_script_makes_exactly_these_files(repository: Path, tmp_path: Path) -> None:
    data = repository.parent / "shared/data"
    if not all((data / name).is_dir() for name in ("eolearn", "worldcereal", "yatsm", "gdalcubes_L8NY18")):
        pytest.skip("needs the real data in ../shared/data")
    script = repository / "tools/derive_scene_tables.py"
    subprocess.run([sys.executable, script, "--data", data, "--out", tmp_path], check=True)
    for name in ("spectra.csv", "courses.csv"):
        assert (tmp_path / name).read_bytes() == (repository / "io/eolearn/io/_scene" / name).read_bytes()
