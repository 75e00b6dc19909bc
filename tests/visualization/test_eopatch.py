"""Plots of features: what is drawn where, and what is refused."""

from __future__ import annotations

from datetime import datetime

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox
from shapely.geometry import Point

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import TemporalDimensionWarning
from eolearn.visualization import PlotBackend, PlotConfig
from eolearn.visualization.eopatch import MatplotlibVisualization, plot_eopatch

TIMES = [datetime(2020, 1, day) for day in (1, 2, 4)]
DATA = (FeatureType.DATA, "BANDS")
MASK = (FeatureType.MASK, "CLASSES")
VECTOR = (FeatureType.VECTOR, "CLOUDS")


@pytest.fixture
def patch():
    rng = np.random.default_rng(0)
    shape = (3, 6, 5)
    place = BBox((500000, 5100000, 500050, 5100060), CRS.UTM_33N)
    points = [Point(500010, 5100010).buffer(5), Point(500030, 5100030).buffer(5), Point(500030, 5100010).buffer(5)]
    return EOPatch(
        bbox=place,
        timestamps=TIMES,
        data={"BANDS": rng.random((*shape, 4), dtype=np.float32)},
        mask={"CLASSES": rng.integers(0, 9, (*shape, 3)).astype(np.uint8), "VALID": rng.random((*shape, 1)) > 0.5},
        scalar={"COVERAGE": rng.random((3, 2))},
        label={"DIGIT": rng.integers(0, 9, (3, 2))},
        data_timeless={"DEM": rng.random((6, 5, 2))},
        mask_timeless={"LULC": rng.integers(0, 9, (6, 5, 1))},
        scalar_timeless={"SHARES": rng.random(4)},
        label_timeless={"COUNTS": rng.integers(0, 9, 4)},
        vector={"CLOUDS": gpd.GeoDataFrame({"TIMESTAMP": [TIMES[2], TIMES[0], TIMES[0]]}, geometry=points, crs=32633)},
        vector_timeless={"FIELDS": gpd.GeoDataFrame(geometry=points, crs=32633)},
        meta_info={"NOTE": "text"},
    )


def image_of(ax):
    return np.asarray(ax.images[0].get_array())


class TestImages:
    def test_rows_are_times_and_columns_are_channels(self, patch):
        axes = patch.plot(DATA)
        assert axes.shape == (3, 4)
        for (row, column), ax in np.ndenumerate(axes):
            assert_array_equal(image_of(ax), patch.data["BANDS"][row, ..., column])
            assert ax.get_ylabel() == (TIMES[row].isoformat() if column == 0 else "")
            assert ax.get_xlabel() == ""

    def test_chosen_times_and_channels_are_shown_in_the_order_given(self, patch):
        axes = patch.plot(DATA, times=[2, 0], channels=[-1], channel_names=["last"])
        assert axes.shape == (2, 1)
        assert_array_equal(image_of(axes[0, 0]), patch.data["BANDS"][2, ..., 3])
        assert [ax.get_ylabel() for ax in axes[:, 0]] == [TIMES[2].isoformat(), TIMES[0].isoformat()]
        assert patch.plot(DATA, times=slice(1, None), channels=slice(0, 4, 2)).shape == (2, 2)

    def test_names_of_channels_stand_above_the_columns(self, patch):
        axes = patch.plot(DATA, channel_names=list("abcd"))
        assert [ax.get_xlabel() for ax in axes[0]] == list("abcd")
        assert [ax.xaxis.get_label_position() for ax in axes[0]] == ["top"] * 4

    def test_a_timeless_image_is_one_row_without_times(self, patch):
        axes = patch.plot((FeatureType.DATA_TIMELESS, "DEM"))
        assert axes.shape == (1, 2)
        assert axes[0, 0].get_ylabel() == ""

    def test_the_title_is_the_name_of_the_feature_and_a_new_name_is_ignored(self, patch):
        axes = patch.plot((FeatureType.DATA, "BANDS", "OTHER"))
        assert axes[0, 0].figure.get_suptitle() == "BANDS"
        axes = patch.plot(DATA, config=PlotConfig(show_title=False))
        assert axes[0, 0].figure.get_suptitle() == ""

    def test_a_column_has_one_scale_for_all_times(self, patch):
        for column in patch.plot(DATA).T:
            assert len({ax.images[0].get_clim() for ax in column}) == 1
        classes = patch.mask["CLASSES"]
        for number, column in enumerate(patch.plot(MASK).T):
            assert column[0].images[0].get_clim() == (classes[..., number].min(), classes[..., number].max())

    def test_pixels_without_data_are_left_out_before_a_hatched_ground(self, patch):
        patch.data["BANDS"][0, 2, 3, 1] = np.nan
        axes = patch.plot(DATA)
        ax = axes[0, 1]
        drawn = ax.images[0].make_image(plt.gcf().canvas.get_renderer(), unsampled=True)[0]
        assert drawn[2, 3, 3] == 0
        assert (drawn[..., 3] == 0).sum() == 1
        assert ax.patch.get_hatch()

    def test_a_band_that_has_no_data_at_all_is_drawn(self, patch):
        patch.data["BANDS"][:] = np.nan
        patch.plot(DATA)[0, 0].figure.canvas.draw()

    def test_an_array_without_timestamps_has_no_labels(self, patch):
        with pytest.warns(TemporalDimensionWarning):
            patch = EOPatch(bbox=patch.bbox, data={"BANDS": patch.data["BANDS"]})
        assert [ax.get_ylabel() for ax in patch.plot(DATA)[:, 0]] == [""] * 3

    def test_data_are_not_changed(self, patch):
        before = patch.data["BANDS"].copy()
        patch.plot(DATA, rgb=(0, 1, 2))
        assert_array_equal(patch.data["BANDS"], before)


class TestColours:
    def test_bands_of_floats_are_brightened_and_cut_to_one(self, patch):
        axes = patch.plot(DATA, rgb=(2, 1, 0), channel_names=["true colour"])
        assert axes.shape == (3, 1)
        assert_allclose(image_of(axes[1, 0]), np.clip(patch.data["BANDS"][1][..., [2, 1, 0]] * 3.5, 0, 1), rtol=1e-6)
        assert axes[0, 0].get_xlabel() == "true colour"

    def test_bands_of_integers_become_bytes(self, patch):
        patch.mask["CLASSES"][0, 0, 0] = (100, 10, 0)
        image = image_of(patch.plot(MASK, rgb=(0, 1, 2))[0, 0])
        assert image.dtype == np.uint8
        assert image[0, 0].tolist() == [255, 35, 0]

    def test_without_a_factor_bands_are_as_they_are(self, patch):
        image = image_of(patch.plot(DATA, rgb=(0, 1, 2), config=PlotConfig(rgb_factor=None))[0, 0])
        assert_array_equal(image, patch.data["BANDS"][0, ..., :3])

    def test_a_pixel_that_lacks_a_band_is_transparent(self, patch):
        patch.data["BANDS"][0, 2, 3, 1] = np.nan
        image = image_of(patch.plot(DATA, rgb=(0, 1, 2))[0, 0])
        assert image[2, 3].tolist() == [0, 0, 0, 0] or image[2, 3, 3] == 0
        assert (image[..., 3] == 0).sum() == 1


class TestLinesAndBars:
    @pytest.mark.parametrize("feature", [(FeatureType.SCALAR, "COVERAGE"), (FeatureType.LABEL, "DIGIT")])
    def test_values_of_dates_are_lines_over_time(self, patch, feature):
        axes = patch.plot(feature, channel_names=["one", "two"])
        assert axes.shape == (1, 1)
        lines = axes[0, 0].lines
        assert_array_equal(lines[1].get_ydata(), patch[feature][:, 1])
        assert list(lines[0].get_xdata()) == TIMES
        assert [text.get_text() for text in axes[0, 0].get_legend().get_texts()] == ["one", "two"]

    @pytest.mark.parametrize(
        "feature", [(FeatureType.SCALAR_TIMELESS, "SHARES"), (FeatureType.LABEL_TIMELESS, "COUNTS")]
    )
    def test_values_of_a_place_are_bars(self, patch, feature):
        axes = patch.plot(feature, channel_names=list("abcd"))
        assert [bar.get_height() for bar in axes[0, 0].patches] == patch[feature].tolist()
        assert [label.get_text() for label in axes[0, 0].get_xticklabels()] == list("abcd")

    def test_lines_without_timestamps_count_the_dates(self, patch):
        with pytest.warns(TemporalDimensionWarning):
            patch = EOPatch(bbox=patch.bbox, scalar={"COVERAGE": patch.scalar["COVERAGE"]})
        assert list(patch.plot((FeatureType.SCALAR, "COVERAGE"))[0, 0].lines[0].get_xdata()) == [0, 1, 2]


class TestTables:
    def test_each_time_that_occurs_has_a_row_in_order(self, patch):
        axes = patch.plot(VECTOR)
        assert axes.shape == (2, 1)
        assert [ax.get_ylabel() for ax in axes[:, 0]] == [TIMES[0].isoformat(), TIMES[2].isoformat()]
        assert [len(ax.collections[0].get_paths()) for ax in axes[:, 0]] == [2, 1]

    def test_times_are_positions_among_those_that_occur(self, patch):
        axes = patch.plot(VECTOR, times=[1], channels=[7])
        assert axes.shape == (1, 1)
        assert axes[0, 0].get_ylabel() == TIMES[2].isoformat()

    def test_without_a_column_of_times_all_rows_are_in_one_plot(self, patch):
        axes = patch.plot(VECTOR, config=PlotConfig(timestamp_column=None))
        assert len(axes[0, 0].collections[0].get_paths()) == 3

    def test_the_bounding_box_is_a_red_dashed_line(self, patch):
        outline = patch.plot((FeatureType.VECTOR_TIMELESS, "FIELDS"))[0, 0].collections[1]
        red, green, blue = (int(to_hex(outline.get_color()[0])[i : i + 2], 16) for i in (1, 3, 5))
        assert red > 200 > 50 > green == blue
        assert outline.get_linestyle()[0][1] is not None
        assert_allclose(outline.get_segments()[0].min(axis=0), (500000, 5100000))

    def test_the_bounding_box_is_drawn_in_the_crs_of_the_table(self, patch):
        patch.vector_timeless["FIELDS"] = patch.vector_timeless["FIELDS"].to_crs(4326)
        outline = patch.plot((FeatureType.VECTOR_TIMELESS, "FIELDS"))[0, 0].collections[1]
        west, south, _, _ = patch.bbox.transform(CRS.WGS84)
        assert_allclose(outline.get_segments()[0].min(axis=0), (west, south), atol=1e-5)

    def test_a_table_without_rows_shows_the_bounding_box(self, patch):
        patch.vector_timeless["FIELDS"] = patch.vector_timeless["FIELDS"][:0]
        assert len(patch.plot((FeatureType.VECTOR_TIMELESS, "FIELDS"))[0, 0].collections) == 1

    def test_a_missing_column_of_times_says_which_there_are(self, patch):
        with pytest.raises(ValueError, match="no column 'WHEN'.*TIMESTAMP, geometry"):
            patch.plot(VECTOR, config=PlotConfig(timestamp_column="WHEN"))


class TestAxes:
    def test_given_axes_are_drawn_on_and_returned(self, patch):
        _, axes = plt.subplots(3, 4)
        assert patch.plot(DATA, axes=axes) is axes
        assert axes[2, 3].images
        assert plt.gcf().get_suptitle() == ""

    def test_a_single_one_and_flat_ones_will_do(self, patch):
        _, ax = plt.subplots()
        assert patch.plot(DATA, axes=ax, times=[0], channels=[0])[0, 0] is ax
        _, flat = plt.subplots(1, 3)
        assert patch.plot(DATA, axes=flat, channels=[0]).shape == (3, 1)

    def test_too_few_are_refused(self, patch):
        with pytest.raises(ValueError, match=r"3 rows and 4 columns of plots, but axes of shape \(2, 4\)"):
            patch.plot(DATA, axes=plt.subplots(2, 4)[1])

    @given(st.integers(1, 700), st.integers(1, 13), st.floats(0.1, 10))
    def test_a_figure_is_never_too_large_for_the_renderer(self, rows, columns, aspect):
        plot = MatplotlibVisualization(EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84)), DATA)
        width, height = plot._figure_size(rows, columns, (round(1000 * aspect), 1000))
        assert width <= 17
        assert 1 <= height < 2**16 / 100

    def test_its_size_may_be_given(self, patch):
        figure = patch.plot(DATA, config=PlotConfig(subplot_kwargs={"figsize": (3, 2)}))[0, 0].figure
        assert figure.get_size_inches().tolist() == [3, 2]

    def test_many_plots_leave_room_for_labels_and_the_title(self):
        times = [datetime(2020, 1 + index // 28, 1 + index % 28) for index in range(201)]
        images = np.zeros((201, 2, 2, 1), np.float32)
        patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=times, data={"MANY": images})
        axes = patch.plot((FeatureType.DATA, "MANY"))
        figure = axes[0, 0].figure
        figure.draw_without_rendering()
        renderer = figure.canvas.get_renderer()
        assert axes.shape == (201, 1)
        assert axes[0, 0].yaxis.label.get_window_extent(renderer).x0 >= 0
        assert figure._suptitle.get_window_extent(renderer).y0 > axes[0, 0].get_window_extent(renderer).y1


class TestRefused:
    @pytest.mark.parametrize(
        ("feature", "settings", "message"),
        [
            ((FeatureType.DATA_TIMELESS, "DEM"), {"times": [0]}, "no times"),
            ((FeatureType.SCALAR, "COVERAGE"), {"rgb": (0, 1, 2)}, "needs an image"),
            (DATA, {"rgb": (0, 1, 2), "channels": [0]}, "not both"),
            (DATA, {"rgb": (0, 1)}, "three bands"),
            (DATA, {"channel_names": ["one"]}, "1 channel_names, .'one'., for 4 plotted channels"),
            (DATA, {"rgb": (0, 1, 2), "channel_names": list("abc")}, "3 channel_names.*for 1 plotted"),
            ((FeatureType.META_INFO, "NOTE"), {}, "can't be plotted"),
            (DATA, {"times": []}, "Nothing of"),
            (DATA, {"backend": "plotly"}, "no backend 'plotly', only 'matplotlib', 'hvplot'"),
        ],
    )
    def test_settings_that_do_not_fit(self, patch, feature, settings, message):
        with pytest.raises(ValueError, match=message):
            patch.plot(feature, **settings)

    def test_a_number_instead_of_a_list(self, patch):
        with pytest.raises(TypeError, match="times must be a list of positions or a slice, got 1"):
            patch.plot(DATA, times=1)

    def test_positions_that_are_not_there(self, patch):
        with pytest.raises(IndexError, match=r"times=\[7\] reach beyond the 3"):
            patch.plot(DATA, times=[7])

    def test_a_feature_that_is_not_there(self, patch):
        with pytest.raises(KeyError, match="no FeatureType.DATA named 'NONE'"):
            patch.plot((FeatureType.DATA, "NONE"))


def test_the_backend_is_named_by_text_or_member(patch):
    assert plot_eopatch(patch, DATA, backend=PlotBackend.MATPLOTLIB).shape == (3, 4)
    assert plot_eopatch(patch, DATA, backend="matplotlib").shape == (3, 4)


def test_the_config_has_the_defaults_of_the_contract():
    assert PlotConfig() == PlotConfig(3.5, "TIMESTAMP", "geometry", 8, 8, "none", {}, True, {}, {}, {})


def test_all_features_of_the_real_patch_are_plotted(real_patch_path):
    patch = EOPatch.load(real_patch_path)
    for feature in patch.get_features():
        if feature[0] is not FeatureType.META_INFO:
            times = {"times": [0, 1]} if feature[0].is_temporal() else {}
            patch.plot(feature, **times)[0, 0].figure.canvas.draw()
            plt.close("all")
