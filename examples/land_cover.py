"""A land-cover map: of a simulated region, or of a saved EOPatch.

    make demo
    make demo PATCH=../shared/data/eolearn/example_data/TestEOPatch

The first needs nothing: see land_cover_region.py. A saved patch needs NDVI and masks of valid pixels of many dates, a
DEM, and land use as polygons: see land_cover_patch.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from eolearn.core.exceptions import EOLearnError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patch", default="", help="folder of a saved EOPatch; without it, a region is simulated")
    parser.add_argument("--output", type=Path, default=Path("land_cover"), help="folder for the results")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if arguments.patch:
        from land_cover_patch import map_patch

        map_patch(Path(arguments.patch), arguments.output)
    else:
        from land_cover_region import map_region

        map_region(arguments.output)


if __name__ == "__main__":
    try:
        main()
    except EOLearnError as error:
        sys.exit(f"{type(error).__name__}: {error}")
