import json
import os
import subprocess
import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer
from sentinelhub import CRS, BBox

from eolearn.core.constants import FeatureType
from eolearn.core.eodata import EOPatch
from eolearn.core.exceptions import DataError, FeatureNotStored, MissingExtra, PathNotFound, SettingError
from eolearn.ml_tools.area_estimates import estimate_areas
from eolearn.ml_tools.designs import DesignSamplingTask, StratifiedDesign
from eolearn.ml_tools.sample_table import write_sample_table
from eolearn.ml_tools.sampling import BlockSamplingTask

pytest.importorskip("pyarrow")

TABLE = (FeatureType.VECTOR_TIMELESS, "SAMPLES")
BANDS, CROP = (FeatureType.DATA, "BANDS"), (FeatureType.MASK_TIMELESS, "CROP")
SAMPLED, LABEL = (FeatureType.DATA, "X", "BAND"), (FeatureType.MASK_TIMELESS, "Y", "label")
TASK = DesignSamplingTask([(*BANDS, "X"), (*CROP, "Y")], StratifiedDesign(count=3), strata=CROP, table_of_samples=TABLE)
WEST, EAST = CRS.UTM_33N, CRS.UTM_34N


def patch(index=0, *, crs=WEST, dates=("2020-01-01", "2020-02-01"), bands=2, dtype=np.float32):
    rng = np.random.default_rng(index)
    return EOPatch(
        bbox=BBox((500_000 + 60 * index, 5_100_000, 500_060 + 60 * index, 5_100_040), crs),
        timestamps=list(dates),
        data={"BANDS": rng.random((len(dates), 4, 6, bands)).astype(dtype)},
        mask_timeless={"CROP": np.repeat(np.array([1, 1, 1, 2], dtype=np.uint8), 6).reshape(4, 6, 1)},
    )


def saved(folder, *patches):
    """Sample patches, save only the samples, and return the paths."""
    paths = [folder / str(index) for index in range(len(patches))]
    for index, (path, eopatch) in enumerate(zip(paths, patches, strict=True)):
        TASK.execute(eopatch, seed=index).save(path, features=[SAMPLED[:2], LABEL[:2], TABLE])
    return paths


def written(folder, patches, features=(SAMPLED, LABEL), **settings):
    lines = write_sample_table(patches, folder / "table.parquet", samples=TABLE, features=list(features), **settings)
    table = gpd.read_parquet(folder / "table.parquet")
    assert len(table) == lines
    return table


def test_each_line_is_a_pixel_of_a_date_of_a_patch(tmp_path):
    patches = [patch(0), patch(1, crs=EAST), patch(2, dates=["2021-05-05"])]
    paths = saved(tmp_path, *patches)
    table = written(tmp_path, paths)
    assert list(table) == [
        "patch", "date", "crs", "x", "y", "row", "column", "stratum", "inclusion_probability", "weight", "design",
        "geometry", "BAND_0", "BAND_1", "label",
    ]  # fmt: skip
    assert len(table) == 2 * 6 + 2 * 6 + 6
    for line in table.itertuples():
        eopatch = patches[paths.index(tmp_path / os.path.basename(line.patch))]
        date = eopatch.timestamps.index(line.date.to_pydatetime())
        bands, (west, south) = eopatch[BANDS][date, line.row, line.column], eopatch.bbox.lower_left
        assert bands.tolist() == [line.BAND_0, line.BAND_1]
        assert line.label == line.stratum == eopatch[CROP][line.row, line.column, 0]
        assert (line.x, line.y) == (west + 10 * line.column + 5, south + 40 - 10 * line.row - 5)
        assert line.crs == f"EPSG:{eopatch.bbox.crs.epsg}"
        assert line.inclusion_probability == pytest.approx({1: 3 / 18, 2: 3 / 6}[line.stratum])
        assert line.weight == pytest.approx(1 / line.inclusion_probability)
    assert table.dtypes[["BAND_0", "label"]].tolist() == [np.float32, np.uint8]


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3035"])
def test_geometry_is_in_one_crs_for_patches_of_several(tmp_path, crs):
    table = written(tmp_path, saved(tmp_path, patch(0), patch(1, crs=EAST)), crs=crs)
    assert table.crs == crs
    for own, lines in table.groupby("crs", observed=True):
        x, y = Transformer.from_crs(own, crs, always_xy=True).transform(lines["x"], lines["y"])
        np.testing.assert_allclose(np.stack([lines.geometry.x, lines.geometry.y]), [x, y], rtol=0, atol=1e-9)


def test_file_is_geoparquet(tmp_path):
    from pyarrow import parquet

    written(tmp_path, saved(tmp_path, patch()))
    geo = json.loads(parquet.read_schema(tmp_path / "table.parquet").metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["encoding"] == "WKB"


def test_without_a_time_axis_there_is_a_line_a_pixel_and_no_date(tmp_path):
    table = written(tmp_path, saved(tmp_path, patch(), patch(1)), features=[LABEL])
    assert len(table) == 12
    assert "date" not in table
    areas = estimate_areas(table, "label", pixel_area=100)
    assert areas["area"].to_dict() == pytest.approx({1: 3600, 2: 1200})


def test_blocks_have_a_line_for_each_of_their_pixels(tmp_path):
    eopatch = patch()
    BlockSamplingTask([(*BANDS, "X")], 2, (2, 3), table_of_samples=TABLE).execute(eopatch, seed=1)
    table = written(tmp_path, [("here", eopatch)], features=[SAMPLED])
    assert table["patch"].unique().tolist() == ["here"]
    for date, lines in table.groupby("date"):
        bands = eopatch[BANDS][eopatch.timestamps.index(date.to_pydatetime())]
        np.testing.assert_array_equal(lines["BAND_1"], bands[lines["row"], lines["column"], 1])


def test_patches_may_come_from_a_generator_and_some_without_samples_or_dates(tmp_path):
    empty = TASK.execute(patch(), seed=0)
    for feature in (SAMPLED, LABEL):
        empty[feature[:2]] = empty[feature[:2]][..., :0, :, :]
    empty[TABLE] = empty[TABLE][:0]
    full, dateless = TASK.execute(patch(1), seed=0), TASK.execute(patch(2, dates=[]), seed=0)
    table = written(tmp_path, ((name, p) for name, p in [("empty", empty), ("full", full), ("dateless", dateless)]))
    assert table["patch"].astype(str).value_counts().to_dict() == {"full": 12}


def test_no_samples_at_all_are_a_table_without_lines(tmp_path):
    task = DesignSamplingTask([(*CROP, "Y")], StratifiedDesign(count={9: 1}), strata=CROP, table_of_samples=TABLE)
    task.execute(eopatch := patch(), seed=0).save(tmp_path / "0")
    assert list(written(tmp_path, [tmp_path / "0"], features=[LABEL]))[-1] == "label"
    assert len(eopatch[TABLE]) == 0


def test_url_takes_a_table_too(tmp_path):
    import fsspec

    url = "memory://samples/table.parquet"
    assert write_sample_table(saved(tmp_path, patch()), url, samples=TABLE, features=[LABEL]) == 6
    with fsspec.open(url) as file:
        assert len(gpd.read_parquet(file)) == 6


# --- what is refused, and leaves no file


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"bands": 3}, "BAND_2 is additional"),
        ({"bands": 1}, "BAND_0 is missing, BAND_1 is missing, BAND is additional"),
        ({"dtype": np.float64}, "BAND_0 is double instead of float, BAND_1 is double instead of float"),
    ],
)
def test_patches_of_other_columns_are_refused_and_the_old_file_stays(tmp_path, other, message):
    before = written(tmp_path, saved(tmp_path, patch()))
    paths = saved(tmp_path / "others", patch(), patch(1, **other))
    with pytest.raises(DataError, match=f"1 differ from those of the first patch: {message}"):
        written(tmp_path, paths)
    pd.testing.assert_frame_equal(gpd.read_parquet(tmp_path / "table.parquet"), before)
    assert sorted(os.listdir(tmp_path)) == ["0", "others", "table.parquet"]


def test_features_that_are_not_the_samples_of_the_table_are_refused(tmp_path):
    eopatch = TASK.execute(patch(), seed=0)
    with pytest.raises(DataError, match="of here can't be gathered.*'CROP' has 4 x 6 samples, but the table .* has 6"):
        written(tmp_path, [("here", eopatch)], features=[CROP])
    assert os.listdir(tmp_path) == []


def test_other_tables_are_refused(tmp_path):
    eopatch = TASK.execute(patch(), seed=0)
    eopatch[TABLE] = eopatch[TABLE][["row", "geometry"]]
    with pytest.raises(DataError, match=r"lacks the columns \['column', 'stratum'"):
        written(tmp_path, [("here", eopatch)])


def test_names_that_occur_twice_are_refused(tmp_path):
    path = saved(tmp_path, patch())[0]
    with pytest.raises(SettingError, match="0 occurs twice"):
        written(tmp_path, [path, path])
    with pytest.raises(SettingError, match="the name 'weight'"):
        written(tmp_path, [path], features=[(FeatureType.MASK_TIMELESS, "Y", "weight")])
    with pytest.raises(SettingError, match="There are no patches"):
        written(tmp_path, [])


def test_missing_patches_and_features_are_refused(tmp_path):
    path = saved(tmp_path, patch())[0]
    with pytest.raises(PathNotFound, match="nowhere"):
        written(tmp_path, [path, tmp_path / "nowhere"])
    with pytest.raises(FeatureNotStored, match="'Z'"):
        written(tmp_path, [path], features=[(FeatureType.DATA, "Z")])
    assert os.listdir(tmp_path) == ["0"]


def test_missing_pyarrow_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'eo-learn-ml-tools\[parquet\]'"):
        write_sample_table([], tmp_path / "t.parquet", samples=TABLE, features=[LABEL])


MEMORY = """
import sys
import numpy as np
from sentinelhub import CRS, BBox
from eolearn.core import EOPatch, FeatureType
from eolearn.ml_tools.designs import DesignSamplingTask, StratifiedDesign
from eolearn.ml_tools.sample_table import write_sample_table

TABLE, CROP = (FeatureType.VECTOR_TIMELESS, "SAMPLES"), (FeatureType.MASK_TIMELESS, "CROP")
task = DesignSamplingTask(
    [(FeatureType.DATA_TIMELESS, "BANDS", "X"), (*CROP, "Y")], StratifiedDesign(count=10_000), table_of_samples=TABLE
)

def patches():
    rng = np.random.default_rng(0)
    for index in range(int(sys.argv[2])):
        bbox = BBox((500_000 + 1_280 * index, 5_100_000, 501_280 + 1_280 * index, 5_101_280), CRS.UTM_33N)
        images = {"BANDS": rng.random((128, 128, 30), dtype=np.float32)}
        crops = {"CROP": rng.integers(0, 6, (128, 128, 1), dtype=np.uint8)}
        yield str(index), task.execute(EOPatch(bbox=bbox, data_timeless=images, mask_timeless=crops), seed=index)

features = [(FeatureType.DATA_TIMELESS, "X", "BAND"), (FeatureType.MASK_TIMELESS, "Y", "label")]
lines = write_sample_table(patches(), sys.argv[1], samples=TABLE, features=features)
with open("/proc/self/status") as file:  # ru_maxrss begins with that of the process that has started this one
    print(lines, next(int(line.split()[1]) // 1024 for line in file if line.startswith("VmHWM")))
"""


@pytest.mark.long
def test_memory_does_not_grow_with_the_patches(tmp_path):
    """1.5 million samples of 30 features are 180 MB, of which a group of lines is in memory."""
    used = {}
    for count in (20, 150):
        command = [sys.executable, "-c", MEMORY, str(tmp_path / "t.parquet"), str(count)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        lines, used[count] = map(int, result.stdout.split())
        assert lines == 10_000 * count
    assert used[150] < used[20] + 100
    assert used[150] < 700  # MB; 1 GB is the promise for 10 million
