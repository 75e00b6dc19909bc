"""Writes tests/data/patch_1_5_6, a patch with features of every type, as eo-learn 1.5.6 saves it.

Run it with a python that has that release installed:

    ~/.cache/eolearn-peer/bin/python tests/data/make_patch_1_5_6.py tests/data/patch_1_5_6
    ~/.cache/eolearn-peer/bin/python tests/data/make_patch_1_5_6.py tests/data/patch_zarr_1_5_6 zarr

With "zarr", its arrays are saved as Zarr, of version 2, and its tables are left out.
"""

import datetime as dt
import sys

import geopandas as gpd
import numpy as np
from sentinelhub import CRS, BBox
from shapely.geometry import Point, box

from eolearn.core import EOPatch

TIMES = [dt.datetime(2024, 5, 1, 10, 0, 5), dt.datetime(2024, 5, 6, 10, 0, 5, 678)]
UTM = 32633

patch = EOPatch(bbox=BBox((500000, 5100000, 500030, 5100020), CRS.UTM_33N), timestamps=TIMES)
patch.data["BANDS"] = np.arange(2 * 2 * 3 * 2, dtype=np.float32).reshape(2, 2, 3, 2) / 8
patch.mask["VALID"] = np.arange(2 * 2 * 3).reshape(2, 2, 3, 1) % 3 == 0
patch.scalar["COVERAGE"] = np.array([[0.25], [np.nan]])
patch.label["KIND"] = np.array([[-3], [4]], dtype=np.int16)
patch.vector["CLOUDS"] = gpd.GeoDataFrame(
    {"TIMESTAMP": [TIMES[0], TIMES[0]], "kind": ["thin", None], "area": [1.5, 2.0], "count": [1, 2]},
    geometry=[box(500000, 5100000, 500010, 5100010), Point(500020, 5100010)],
    crs=UTM,
)
patch.vector["NO_CLOUDS"] = patch.vector["CLOUDS"].iloc[:0]
patch.data_timeless["DEM"] = np.arange(6, dtype=np.uint16).reshape(2, 3, 1)
patch.mask_timeless["CLASS"] = np.arange(6, dtype=np.uint8).reshape(2, 3, 1)
patch.scalar_timeless["MEAN"] = np.array([0.5, -0.5])
patch.label_timeless["CROP"] = np.array([7])
patch.vector_timeless["FIELDS"] = gpd.GeoDataFrame({"name": ["Feld 1"]}, geometry=[Point(15, 46)], crs=4326)
patch.meta_info["made"] = {"at": dt.datetime(2024, 6, 1, 12), "on": dt.date(2024, 6, 1), "by": ["a", 1, None, 0.5]}
patch.meta_info["maxcc"] = 0.8
if sys.argv[2:] == ["zarr"]:
    patch.vector = patch.vector_timeless = {}
    patch.save(sys.argv[1], use_zarr=True)
else:
    patch.save(sys.argv[1])
