"""Draws masks.png: dates of a simulated scene, with the outlines of their masks.

Run from the root of the repository: .venv/bin/python docs/images/masks.py
"""

from __future__ import annotations

from pathlib import Path

from sentinelhub import CRS, BBox

from eolearn.core import FeatureType
from eolearn.io import SimulatedInputTask
from eolearn.mask.cloud_shadow import CloudShadowMaskTask
from eolearn.mask.date_quality import DateQualityTask
from eolearn.mask.multitemporal import CloudRefinementTask
from eolearn.mask.rule_based import RuleBasedCloudMaskTask
from eolearn.visualization.quicklook import plot_quicklook

L1C, QUALITY = (FeatureType.DATA, "L1C"), (FeatureType.SCALAR, "QUALITY")
RULES, CLOUDS, SHADOWS = ((FeatureType.MASK, name) for name in ("RULES", "CLOUDS", "SHADOWS"))


def main() -> None:
    place = BBox((466_000, 5_080_000, 469_000, 5_083_000), CRS.UTM_33N)
    patch = SimulatedInputTask(bands_feature=L1C, resolution=10, seed=1).execute(
        bbox=place, time_interval=("2018-05-01", "2018-08-31")
    )
    patch = RuleBasedCloudMaskTask(source=L1C, target=RULES, bands="sentinel2-l1c")(patch)
    patch = CloudRefinementTask(source=L1C, clouds=RULES, target=CLOUDS)(patch)
    patch = CloudShadowMaskTask(source=L1C, clouds=CLOUDS, target=SHADOWS)(patch)
    patch = DateQualityTask(masks=[CLOUDS, SHADOWS], target=QUALITY)(patch)
    masks = {"clouds": CLOUDS, "shadows": SHADOWS}
    share = patch[CLOUDS].mean(axis=(1, 2, 3))
    times = [date for date in range(len(share)) if 0.01 < share[date] < 0.9][:8]
    axes = plot_quicklook(patch, L1C, masks=masks, quality=QUALITY, times=times, columns=4)
    axes[0, 0].figure.savefig(Path(__file__).parent / "masks.png", dpi=85)


if __name__ == "__main__":
    main()
