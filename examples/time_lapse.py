"""A time-lapse of a place, before and after co-registration side by side, as a GIF and an animated WebP.

    python examples/time_lapse.py
    python examples/time_lapse.py --source stac --bbox 14.00 45.90 14.02 45.914 --from 2024-04-01 --to 2024-09-30
    python examples/time_lapse.py --source sentinelhub --bbox 14.00 45.90 14.02 45.914

The first simulates a place whose images lie up to some pixels off. Those of a catalogue are searched and read over the
network. Sentinel Hub needs an account: its credentials are those of sentinelhub's SHConfig, from its file or from
SH_CLIENT_ID and SH_CLIENT_SECRET in the environment.
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path

import numpy as np
from matplotlib import pyplot as plt
from PIL import Image, ImageDraw, ImageFont
from sentinelhub import CRS, BBox, DataCollection, to_utm_bbox

from eolearn.core import DuplicateFeatureTask, EOPatch, EOTask, FeatureType, ZipFeatureTask
from eolearn.core.exceptions import DataError, EOLearnError
from eolearn.coregistration import CoregistrationTask, coregistration_table
from eolearn.features import SimpleFilterTask
from eolearn.io import EARTH_SEARCH, PLANETARY_COMPUTER, SentinelHubInputTask, SimulatedInputTask, STACInputTask
from eolearn.mask import QualityBandMaskTask
from eolearn.visualization.shifts import plot_shifts

PLACE = BBox((460_000, 5_080_000, 461_600, 5_081_600), CRS.UTM_33N)
CATALOGS = {"earth-search": EARTH_SEARCH, "planetary-computer": PLANETARY_COMPUTER}
BANDS = ["B02", "B03", "B04", "B08"]
COLOURS, NIR = [2, 1, 0], 3
SIDE_PX = 320  # smaller images are drawn as a multiple of their size, up to this

BEFORE, AFTER = (FeatureType.DATA, "BANDS"), (FeatureType.DATA, "ALIGNED")
IS_DATA, CLOUDS, CLASSES, CLEAR = ((FeatureType.MASK, name) for name in ("dataMask", "CLM", "SCL", "CLEAR"))
KNOWN_SHIFTS = (FeatureType.SCALAR, "SHIFTS")


class TimeLapseTask(EOTask):
    """Writes an animation of the dates before and after; the ending of the path tells the format."""

    def execute(self, eopatch: EOPatch, *, path: Path) -> EOPatch:
        pairs = np.concatenate([eopatch[BEFORE], eopatch[AFTER]], axis=2)[..., COLOURS]
        low, high = np.nanpercentile(pairs, [1, 99], axis=(0, 1, 2))
        colours = np.nan_to_num(np.clip((pairs - low) / (high - low), 0, 1))
        pictures = [draw(image, time) for image, time in zip(colours, eopatch.timestamps, strict=True)]
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=400, loop=0)
        return eopatch


def draw(pair: np.ndarray, time: datetime) -> Image.Image:
    """Return a picture of two images, left and right, with the date on it. They have values from 0 to 1."""
    picture = Image.fromarray((255 * pair**0.7).astype(np.uint8))  # brighter in the dark
    times = max(1, SIDE_PX // max(picture.width // 2, picture.height))
    picture = picture.resize((times * picture.width, times * picture.height), Image.Resampling.NEAREST)
    brush, font = ImageDraw.Draw(picture), ImageFont.load_default(max(10, picture.height // 18))
    style = {"fill": "white", "stroke_fill": "black", "stroke_width": 2, "font": font}
    brush.line([(picture.width // 2, 0), (picture.width // 2, picture.height)], fill="white", width=2)
    brush.text((6, 4), f"{time:%Y-%m-%d}", **style)
    for place, text in ((6, "before"), (picture.width // 2 + 6, "after")):
        brush.text((place, picture.height - 6), text, anchor="ls", **style)
    return picture


def images_of(arguments: argparse.Namespace) -> EOTask:
    """Return the task that brings bands and what tells of clouds, of the source that is asked for."""
    if arguments.source == "stac":
        return STACInputTask(
            CATALOGS.get(arguments.catalog, arguments.catalog),
            "sentinel-2-l2a",
            BEFORE,
            BANDS,
            resolution=arguments.resolution,
            max_cloud_cover=0.6,
            additional=[CLASSES],
        )
    if arguments.source == "sentinelhub":
        return SentinelHubInputTask(
            DataCollection.SENTINEL2_L2A,
            bands_feature=BEFORE,
            bands=BANDS,
            resolution=arguments.resolution,
            maxcc=0.6,
            additional_data=[CLASSES],
        )
    return SimulatedInputTask(
        bands_feature=BEFORE,
        bands=BANDS,
        resolution=arguments.resolution,
        maxcc=0.6,
        additional_data=[IS_DATA, CLOUDS],
        truth=[KNOWN_SHIFTS],
        misregistration_m=20,
    )


def clear_dates(patch: EOPatch, least: float) -> EOPatch:
    """Return the dates of which at least a share is seen, with a mask of what is."""
    if CLASSES in patch:
        hidden = ["no_data", "cloud", "cirrus", "shadow"]
        find = QualityBandMaskTask(source=CLASSES, target=CLEAR, product="scl", classes=hidden, invert=True)
    else:
        find = ZipFeatureTask([IS_DATA, CLOUDS], CLEAR, np.greater)  # there is data, and no cloud
    clear = SimpleFilterTask(CLEAR, lambda seen: seen.mean() >= least)(find(patch))
    if len(clear.timestamps) < 2:
        raise DataError(
            f"Of {len(patch.timestamps)} dates only {len(clear.timestamps)} are clear to {least:.0%}. Ask for a longer "
            "time, or for less with --clear."
        )
    return clear


def aligned(patch: EOPatch) -> EOPatch:
    """Return the patch with a second feature of bands, whose dates lie on each other."""
    patch = DuplicateFeatureTask((*BEFORE, AFTER[1]))(patch)
    return CoregistrationTask(source=BEFORE, channel=NIR, valid=CLEAR, apply_to=[AFTER])(patch)


def write_shifts(folder: Path, patch: EOPatch) -> str:
    """Write what was found as a table and a plot, and return a summary."""
    table = coregistration_table(patch)
    if KNOWN_SHIFTS in patch:
        table[["known_east_m", "known_north_m"]] = patch[KNOWN_SHIFTS]
    table.to_csv(folder / "shifts.csv", index_label="time", float_format="%.3f")
    plot_shifts(patch)[0].figure.savefig(folder / "shifts.png", dpi=100)
    plt.close("all")
    before, after = table[["residual_before_px", "residual_after_px"]].median()
    largest = np.hypot(table.shift_x_px, table.shift_y_px).max()
    return (
        f"{len(table)} clear dates, {table.moved.sum()} moved, by {largest:.1f} pixels at most. Half of them lie at "
        f"least {before:.2f} pixels from the others before, {after:.2f} after."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", choices=["simulated", "stac", "sentinelhub"], default="simulated")
    parser.add_argument("--catalog", default="earth-search", help=f"{', '.join(CATALOGS)}, an address or a file")
    parser.add_argument("--bbox", type=float, nargs=4, metavar=("WEST", "SOUTH", "EAST", "NORTH"), help="in degrees")
    parser.add_argument("--from", dest="start", default="2018-03-01", help="first day")
    parser.add_argument("--to", dest="end", default="2018-10-31", help="last day")
    parser.add_argument("--resolution", type=float, default=10, help="metres a pixel")
    parser.add_argument("--clear", type=float, default=0.9, help="share of a date that must be seen, 0 to 1")
    parser.add_argument("--output", type=Path, default=Path("time_lapse"), help="folder for the results")
    arguments = parser.parse_args()

    place = to_utm_bbox(BBox(arguments.bbox, CRS.WGS84)) if arguments.bbox else PLACE
    arguments.output.mkdir(parents=True, exist_ok=True)
    patch = images_of(arguments).execute(bbox=place, time_interval=(arguments.start, arguments.end))
    patch = aligned(clear_dates(patch, arguments.clear))
    for ending in ("gif", "webp"):
        TimeLapseTask()(patch, path=arguments.output / f"time_lapse.{ending}")
    print(write_shifts(arguments.output, patch))
    print(f"The time-lapse is {arguments.output / 'time_lapse.gif'}, and beside it the same as WebP.")


if __name__ == "__main__":
    try:
        main()
    except EOLearnError as error:
        sys.exit(f"{type(error).__name__}: {error}")
