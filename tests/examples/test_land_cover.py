"""The demo: a land-cover map of a real place, or a word on how to name one."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from eolearn.core import EOPatch, FeatureType

SCRIPT = Path(__file__).resolve().parents[2] / "examples/land_cover.py"


def run_demo(*arguments):
    return subprocess.run([sys.executable, SCRIPT, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def demo(real_patch_path, tmp_path_factory):
    output = tmp_path_factory.mktemp("demo")
    answer = run_demo("--patch", real_patch_path, "--output", output)
    assert answer.returncode == 0, answer.stderr
    return answer, output


def test_the_map_is_as_accurate_as_a_forest_on_ndvi_and_height_can_be(demo):
    answer, _ = demo
    accuracy, macro_f1 = map(float, re.search(r"accuracy (\d\.\d+), macro F1 (\d\.\d+)", answer.stdout).groups())
    assert accuracy >= 0.91  # the project's own demand, for blocks of 10 pixels that the forest has not seen
    assert macro_f1 >= 0.48


def test_progress_is_shown(demo):
    assert "Prepare and sample: 100%" in demo[0].stderr
    assert "Predict the map: 100%" in demo[0].stderr


def test_the_geotiff_lies_at_the_place_of_the_patch_and_holds_the_prediction(demo, real_patch_path):
    _, output = demo
    bbox = EOPatch.load(real_patch_path, features=[FeatureType.META_INFO]).bbox
    prediction = EOPatch.load(output / "patch", features=[(FeatureType.MASK_TIMELESS, "PREDICTION")])
    with rasterio.open(output / "prediction.tiff") as raster:
        assert raster.crs.to_epsg() == bbox.crs.epsg
        np.testing.assert_allclose(raster.bounds, tuple(bbox))
        np.testing.assert_array_equal(raster.read(1), prediction.mask_timeless["PREDICTION"][..., 0])
    assert set(np.unique(prediction.mask_timeless["PREDICTION"])) <= {1, 2, 3, 4, 8}  # classes of the land-use register


def test_the_picture_shows_three_panels_side_by_side(demo):
    with Image.open(demo[1] / "land_cover.png") as picture:
        width, height = picture.size
    assert width > 2 * height


def test_without_a_patch_the_demo_says_how_to_name_one():
    answer = run_demo()
    assert answer.returncode != 0
    assert "make demo PATCH=" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_patch_that_is_not_there_is_named(tmp_path):
    answer = run_demo("--patch", tmp_path / "none", "--output", tmp_path)
    assert answer.returncode != 0
    assert str(tmp_path / "none") in answer.stderr
    assert "Traceback" not in answer.stderr
