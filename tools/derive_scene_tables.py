"""Derive the two tables of the simulated scene from real satellite data.

``spectra.csv`` holds what Sentinel-2 sees of each material (L1C, a clear sky, flat ground, the sun 27 degrees from the
zenith), ``courses.csv`` the green and the dry cover of each kind of land through the year. After a change, run::

    python tools/derive_scene_tables.py --data ../shared/data

It needs eo-learn-core, scipy and a rasterio whose GDAL reads netCDF: the wheels of the package index do. The same data
give the same files, byte for byte. The data, each with its licence in its folder:

* ``eolearn``: L1C frames of 13 bands, NDVI of 68 dates, land use (Slovenia, 2015-2017);
* ``worldcereal``: monthly L2A composites of 9 bands, a village and its fields (Belgium, 2020-11 to 2021-10);
* ``yatsm``: 423 dates of Landsat surface reflectance of a forest (New England, 1984-2014);
* ``gdalcubes_L8NY18``: Landsat 8 scenes of New York: the sea, an estuary, snow (2018).

The package ``scene_tables`` beside this script does it: ``sources`` reads, ``sky`` leads from the surface to the top of
the atmosphere, ``mixing`` takes spectra apart, ``spectra`` and ``courses`` make the rows.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from scene_tables.bands import BANDS, Row
from scene_tables.courses import STEPS, courses
from scene_tables.sources import Alps, Village
from scene_tables.spectra import spectra

ROOT = Path(__file__).resolve().parents[1]


def write(path: Path, columns: list[str], rows: dict[str, Row], *, digits: int) -> None:
    """Write a table as CSV: the name, the values, the source."""
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["name", *columns, "source"])
        for name, row in rows.items():
            lines.writerow([name, *(f"{abs(value):.{digits}f}" for value in row.values), row.source])


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description="Derive the tables of the simulated scene from real data.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data", help="folder of the four sources")
    parser.add_argument("--out", type=Path, default=ROOT / "io/eolearn/io/_scene", help="folder of the two tables")
    options = parser.parse_args()
    alps = Alps(options.data)
    village = Village(options.data, alps.vapour)
    materials = spectra(options.data, alps, village)
    write(options.out / "spectra.csv", list(BANDS), materials, digits=4)
    seasons = courses(alps, village, {name: row.values for name, row in materials.items()})
    write(options.out / "courses.csv", [f"day_{day:03d}" for day in STEPS], seasons, digits=3)


if __name__ == "__main__":
    main()
