"""Draws geometry.png: shares of pixels, weights by the distance to edges, and patches where two UTM zones meet.

Run from the root of the repository: .venv/bin/python docs/images/geometry.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import pyplot as plt
from sentinelhub import CRS, BBox, Geometry

from eolearn.core import EOPatch, FeatureType
from eolearn.geometry.area_fractions import AreaFractionsTask
from eolearn.geometry.field_edges import FieldEdgesTask
from eolearn.geometry.tiling import split_area

SHARES, WEIGHTS = (FeatureType.DATA_TIMELESS, "SHARES"), (FeatureType.DATA_TIMELESS, "WEIGHTS")
PLACE = BBox((500_000, 5_100_000, 500_240, 5_100_200), CRS.UTM_33N)


def main() -> None:
    corners = [(13, 20), (105, 8), (122, 95), (30, 120)], [(122, 95), (105, 8), (225, 30), (215, 130), (128, 126)]
    shapes = [shapely.Polygon(points) for points in corners]
    shapes.append(shapely.LineString([(10, 140), (120, 170), (235, 150)]).buffer(6))
    fields = gpd.GeoSeries(shapes, crs=32633).translate(*PLACE.lower_left)
    fields = gpd.GeoDataFrame(geometry=fields)
    patch = EOPatch(bbox=PLACE)
    AreaFractionsTask(polygons=fields, target=SHARES, raster_resolution=10)(patch)
    FieldEdgesTask(
        polygons=fields, target=WEIGHTS, output="weight", reach_m=30, inside_only=True, raster_resolution=10
    )(patch)
    figure, axes = plt.subplots(1, 3, figsize=(13, 4), layout="constrained")
    draw_image(axes[0], patch[SHARES], fields, "share of each pixel that fields cover")
    draw_image(axes[1], patch[WEIGHTS], fields, "weight, 1 from 30 m inside the edge")
    draw_patches(axes[2])
    figure.savefig(Path(__file__).parent / "geometry.png", dpi=85)


def draw_image(axes: Any, image: Any, fields: gpd.GeoDataFrame, title: str) -> None:
    west, south, east, north = PLACE
    shown = axes.imshow(image[..., 0], vmin=0, vmax=1, cmap="viridis", extent=(west, east, south, north))
    fields.boundary.plot(ax=axes, color="white", linewidth=1)
    axes.set(title=title, xticks=[], yticks=[], xlabel="", ylabel="", xlim=(west, east), ylim=(south, north))
    axes.figure.colorbar(shown, ax=axes, shrink=0.8)


def draw_patches(axes: Any) -> None:
    angles = np.linspace(0, 2 * np.pi, 60)
    radii = 0.09 + 0.02 * np.cos(3 * angles)
    area = shapely.Polygon(np.column_stack([12.01 + 1.4 * radii * np.cos(angles), 46 + radii * np.sin(angles)]))
    table = split_area(Geometry(area, CRS.WGS84), size_px=500, resolution=10)
    for zone, color in (("32N", "#e69f00"), ("33N", "#0072b2")):
        table[table.zone == zone].plot(ax=axes, facecolor=color, edgecolor=color, alpha=0.3)
        table[table.zone == zone].boundary.plot(ax=axes, color=color, linewidth=1)
    gpd.GeoSeries([area]).boundary.plot(ax=axes, color="black", linewidth=1.5)
    axes.axvline(12, color="black", linestyle="--", linewidth=1)
    axes.set(title="cores of the zones 32 N and 33 N", xlabel="longitude", ylabel="latitude", aspect=1.44)


if __name__ == "__main__":
    main()
