"""The picture of the project: NDVI of three classes, clear and cloudy, and the curve between."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SCRIPT = Path(__file__).resolve().parents[2] / "examples/ndvi_trends.py"


def run_example(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


def assert_is_a_picture_of_three_panels(path):
    with Image.open(path) as picture:
        image = np.asarray(picture.convert("L"))
    left_edges = (image < 40)[:, : image.shape[1] // 8].sum(axis=0)
    assert left_edges.max() > image.shape[0] * 0.7  # the axes of three panels, one above the other
    assert image.shape[1] > image.shape[0]


def told_classes(answer):
    assert answer.returncode == 0, answer.stderr
    return re.findall(r"^(\w+): clear on \d+ of \d+ dates", answer.stdout, flags=re.MULTILINE)


def test_three_classes_of_the_simulated_place_are_drawn(tmp_path):
    answer = run_example("--picture", tmp_path / "trends.png")
    assert told_classes(answer) == ["cultivated", "forest", "grassland"]
    assert_is_a_picture_of_three_panels(tmp_path / "trends.png")


def test_three_classes_of_the_real_place_are_drawn(real_patch_path, tmp_path):
    answer = run_example("--patch", real_patch_path, "--picture", tmp_path / "trends.png")
    assert told_classes(answer) == ["forest", "grassland", "artificial"]
    assert answer.stdout.count("of 68 dates") == 3  # as the README of its folder says
    assert_is_a_picture_of_three_panels(tmp_path / "trends.png")


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)
    import ndvi_trends

    return ndvi_trends


def test_typical_pixel_has_the_median_curve_of_its_class_and_neighbours_of_its_own(example):
    classes = np.repeat([1, 4, 3, 8, 2], [4, 1, 3, 3, 3])[:, np.newaxis] * np.ones(7, int)
    curves = np.full((5, 14, 7), np.arange(7.0))  # columns 1 to 5 are inside of a class, so column 3 is typical
    curves[:, 6, [1, 3]] = np.nan  # but for class 3, where 2, 4 and 5 are left
    curves[0], curves[1, 1, 3] = np.nan, np.nan  # unknown dates don't count
    assert example.typical_pixels(curves, classes) == {1: (1, 3), 2: (12, 3), 3: (6, 4)}


def test_a_patch_that_is_not_there_is_named(tmp_path):
    answer = run_example("--patch", tmp_path / "none")
    assert answer.returncode != 0
    assert str(tmp_path / "none") in answer.stderr
    assert "Traceback" not in answer.stderr
