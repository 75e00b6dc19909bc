"""What interactive plots show of each type of feature."""

import datetime as dt
import sys

import geopandas as gpd
import numpy as np
import pytest
from sentinelhub import CRS, BBox
from shapely.geometry import LineString, Point, box

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, MissingExtra, SettingError
from eolearn.visualization.extra.hvplot import HvPlotConfig, HvPlotVisualization

BBOX = BBox((500000, 5100000, 500040, 5100030), CRS.UTM_33N)
TIMES = [dt.datetime(2026, 5, 1), dt.datetime(2026, 5, 11)]
BANDS = (FeatureType.DATA, "BANDS")
CLOUDS = (FeatureType.MASK, "CLOUDS")
PER_PIXEL = HvPlotConfig(plot_per_pixel=True)


@pytest.fixture
def patch():
    patch = EOPatch(bbox=BBOX, timestamps=TIMES)
    patch.data["BANDS"] = np.arange(2 * 3 * 4 * 3, dtype=np.float32).reshape(2, 3, 4, 3) / 100
    patch.mask["CLOUDS"] = np.arange(24).reshape(2, 3, 4, 1) % 3 == 0
    patch.data_timeless["DEM"] = np.arange(12).reshape(3, 4, 1)
    patch.scalar["COVERAGE"] = np.array([[0.25, 0.5], [0.75, 1]])
    patch.label_timeless["CROP"] = np.array([7, 8, 9])
    square = box(500000, 5100000, 500020, 5100020)
    columns = {"TIMESTAMP": [TIMES[0], TIMES[1], TIMES[1]], "KIND": ["a", "b", "c"]}
    patch.vector["FIELDS"] = gpd.GeoDataFrame(columns, geometry=[square] * 3, crs=32633)
    patch.vector_timeless["PLACES"] = gpd.GeoDataFrame(geometry=[Point(15, 46), Point(15.1, 46)], crs=4326)
    return patch


@pytest.fixture
def hv():
    pytest.importorskip("hvplot")
    pytest.importorskip("geoviews")
    return pytest.importorskip("holoviews")


def plot(*args, **settings):
    return HvPlotVisualization(*args, **settings).plot()


def test_images_over_time_are_one_map_for_each_date_and_band(hv, patch):
    maps = patch.plot(BANDS, times=[1], channels=[0, 2], channel_names=["blue", "red"], backend="hvplot")
    assert [(dimension.name, list(dimension.values)) for dimension in maps.kdims] == [("band", ["blue", "red"])]
    image = maps["red"]
    assert type(image) is hv.Image
    np.testing.assert_array_equal(image.dimension_values("BANDS", flat=False), patch.data["BANDS"][1, ::-1, :, 2])
    assert image.range("x") == (500000, 500040)
    assert image.range("y") == (5100000, 5100030)
    maps = plot(patch, CLOUDS)
    assert [dimension.name for dimension in maps.kdims] == ["time"]
    assert maps[maps.kdims[0].values[1]].range("CLOUDS") == (0, 1)


def test_a_timeless_band_is_a_single_map_of_the_size_that_is_set(hv, patch):
    image = plot(patch, (FeatureType.DATA_TIMELESS, "DEM"), config=HvPlotConfig(plot_width=300, plot_height=200))
    assert type(image) is hv.Image
    options = image.opts.get("plot").kwargs
    assert (options["width"], options["height"]) == (300, 200)


def test_pixels_are_left_out_where_the_mask_is_zero(hv, patch):
    maps = plot(patch, BANDS, times=[1], channels=[0], mask_feature=CLOUDS)
    shown = maps.dimension_values("BANDS", flat=False)[::-1]
    np.testing.assert_array_equal(np.isfinite(shown), patch.mask["CLOUDS"][1, ..., 0])
    picture = plot(patch, BANDS, times=[1], rgb=(2, 1, 0), mask_feature=CLOUDS)[TIMES[1]]
    np.testing.assert_array_equal(
        picture.dimension_values("alpha", flat=False)[::-1], patch.mask["CLOUDS"][1, ..., 0].astype(float)
    )


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_colour_images_are_brightened_by_the_factor(hv, patch, dtype):
    patch.data["BANDS"] = (patch.data["BANDS"] * (255 if dtype is np.uint8 else 1)).astype(dtype)
    pictures = plot(patch, BANDS, rgb=(2, 1, 0), config=HvPlotConfig(rgb_factor=2))
    assert [dimension.name for dimension in pictures.kdims] == ["time"]
    red = pictures[TIMES[0]].dimension_values("red", flat=False)[::-1]
    np.testing.assert_allclose(red, np.arange(12).reshape(3, 4) * 0.06 + 0.04, atol=1 / 100)  # (3 i + 2) / 100 * 2


def test_the_course_of_a_pixel_has_a_line_for_each_band(hv, patch):
    courses = plot(patch, BANDS, config=PER_PIXEL)
    assert [dimension.name for dimension in courses.kdims] == ["y", "x"]
    course = courses[5100015, 500035]
    lines = course.NdOverlay.I
    assert list(lines.keys()) == [0, 1, 2]
    np.testing.assert_array_equal(lines[1].dimension_values("BANDS"), patch.data["BANDS"][:, 1, 3, 1])


def test_values_over_time_are_lines_and_others_bars(hv, patch):
    lines = plot(patch, (FeatureType.SCALAR, "COVERAGE"), channel_names=["a", "b"]).NdOverlay.I
    assert lines["b"].dimension_values("COVERAGE").tolist() == [0.5, 1]
    bars = plot(patch, (FeatureType.LABEL_TIMELESS, "CROP"))
    assert type(bars) is hv.Bars
    assert bars.dimension_values("CROP").tolist() == [7, 8, 9]


def test_tables_are_maps_of_shapes_with_the_box_of_the_patch(hv, patch):
    maps = plot(patch, (FeatureType.VECTOR, "FIELDS"), config=HvPlotConfig(vdims="KIND"))
    shapes, outline = maps[TIMES[1]]
    assert (type(shapes), type(outline)) == (hv.Polygons, hv.Path)
    assert list(shapes.dimension_values("KIND", expanded=False)) == ["b", "c"]
    assert outline.range("x") == (500000, 500040)
    shapes, outline = plot(patch, (FeatureType.VECTOR_TIMELESS, "PLACES"))
    assert type(shapes) is hv.Points
    assert outline.range("x")[0] == pytest.approx(15, abs=1e-3)
    patch.vector_timeless["ROADS"] = gpd.GeoDataFrame(geometry=[LineString([(0, 0), (1, 1)])])
    assert type(plot(patch, (FeatureType.VECTOR_TIMELESS, "ROADS")).get(0)) is hv.Path


def test_every_plot_can_be_drawn(hv, patch):
    renderer = hv.renderer("bokeh")
    for feature in patch.get_features():
        renderer.get_plot(plot(patch, feature))
    renderer.get_plot(plot(patch, BANDS, rgb=(0, 1, 2), mask_feature=CLOUDS))
    renderer.get_plot(plot(patch, BANDS, config=PER_PIXEL))


def test_a_table_may_be_empty_but_not_of_different_shapes(hv, patch):
    feature = (FeatureType.VECTOR_TIMELESS, "PLACES")
    patch[feature] = patch[feature].iloc[:0]
    hv.renderer("bokeh").get_plot(plot(patch, feature))
    patch[feature] = gpd.GeoDataFrame(geometry=[Point(0, 0), None, box(0, 0, 1, 1)])
    with pytest.raises(DataError, match="shapes of one kind, got Point, Polygon"):
        plot(patch, feature)


@pytest.mark.parametrize(
    ("feature", "settings", "error", "message"),
    [
        ((FeatureType.SCALAR, "COVERAGE"), {"mask_feature": CLOUDS}, SettingError, "has other axes than"),
        ((FeatureType.DATA_TIMELESS, "DEM"), {"mask_feature": CLOUDS}, SettingError, "has other axes than"),
        (BANDS, {"mask_feature": (FeatureType.DATA_TIMELESS, "DEM")}, FeatureError, "DATA_TIMELESS can't be used here"),
        ((FeatureType.DATA_TIMELESS, "DEM"), {"config": PER_PIXEL}, SettingError, "plot_per_pixel needs an image over"),
        (BANDS, {"config": PER_PIXEL, "rgb": (0, 1, 2)}, SettingError, "plot_per_pixel needs an image over"),
    ],
)
def test_settings_that_do_not_fit_are_refused(patch, feature, settings, error, message):
    with pytest.raises(error, match=message):
        HvPlotVisualization(patch, feature, **settings)


def test_a_mask_of_another_size_is_refused(hv, patch):
    patch.mask_timeless["SMALL"] = np.ones((2, 2, 1), bool)
    with pytest.raises(DataError, match=r"of shape \(2, 2, 1\) can't mask .* of shape \(2, 3, 4, 3\)"):
        plot(patch, BANDS, mask_feature=(FeatureType.MASK_TIMELESS, "SMALL"))


def test_without_hvplot_an_error_says_how_to_get_it(patch, monkeypatch):
    monkeypatch.setitem(sys.modules, "geoviews", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-core\[hvplot\]'"):
        patch.plot(BANDS, backend="hvplot")
