"""Gathers the samples of many patches in one table, a GeoParquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import FeatureParser, parse_feature

from ._geoparquet import GEOMETRY, PointsWriter, file_in_one_go, import_pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import pyarrow as pa
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification, RenamedFeature

    Patch: TypeAlias = str | Path | tuple[str, EOPatch]


def write_sample_table(
    patches: Iterable[Patch],
    path: str | Path,
    *,
    samples: Feature,
    features: FeaturesSpecification,
    crs: Any = "EPSG:4326",
) -> int:
    """Write the samples of many patches into one GeoParquet file, and return how many lines it has.

    patches: paths or URLs of saved patches, of which one at a time is loaded, and only what is needed; or pairs of a
        name and an EOPatch, best from a generator. The name or path is that of the patch in the table.
    path: of the file, a path or URL. It is written whole or not at all; one that is there is replaced.
    samples: the VECTOR_TIMELESS feature that a task of sampling made as its ``table_of_samples``.
    features: the sampled features. A new name is that of the column, as ``label`` in (FeatureType.MASK_TIMELESS, "Y",
        "label"). Several bands become columns ``NAME_0``, ``NAME_1`` and so on.
    crs: that of the geometry, as anything that pyproj understands.

    The table has a line for each sampled pixel, or for each pixel and date if some of the features have a time axis;
    those that have none are repeated then. The columns are patch, date, crs, x, y, row, column, stratum,
    inclusion_probability, weight, design, geometry, and those of the features. Patches may have different CRS: the
    geometry, the centre of the pixel, is in one for all, and x and y are in that of the patch, which ``crs`` names.

    ``geopandas.read_parquet`` reads it, as a whole or by columns; ``pyarrow.dataset`` in pieces.

    Raises DataError for patches without the same columns and dtypes, and for features that aren't samples of the same
    pixels as the table; SettingError for names that occur twice; MissingExtra without pyarrow.

    Example:
        >>> write_sample_table(
        ...     [f"patches/{name}" for name in names],
        ...     "samples.parquet",
        ...     samples=(FeatureType.VECTOR_TIMELESS, "SAMPLES"),
        ...     features=[(FeatureType.DATA, "X", "BANDS"), (FeatureType.MASK_TIMELESS, "Y", "label")],
        ... )
        10000000
    """
    from pyproj import CRS

    import_pyarrow()
    samples = parse_feature(samples, None, [FeatureType.VECTOR_TIMELESS])
    parser, target_crs = FeatureParser(features, FeatureType.is_image), CRS.from_user_input(crs)
    seen: set[str] = set()
    with file_in_one_go(path) as part, PointsWriter(part, target_crs) as writer:
        for name, table in (_read(patch, samples, parser, target_crs) for patch in patches):
            if name in seen:
                raise SettingError(f"The patch {name} occurs twice, and its samples would too.")
            seen.add(name)
            writer.append(table, name)
        if not seen:
            raise SettingError("There are no patches to gather samples from.")
        writer.flush()
    return writer.lines


def _read(patch: Patch, samples: Feature, parser: FeatureParser, crs: CRS) -> tuple[str, pa.Table]:
    from eolearn.core.eodata import EOPatch

    if isinstance(patch, tuple):
        name, eopatch = patch
    else:
        needed: list[Any] = [samples, *parser.get_feature_specifications()]
        name, eopatch = str(patch), EOPatch.load(patch, needed)
    try:
        return name, _patch_table(name, eopatch, samples, parser, crs)
    except DataError as error:
        raise DataError(f"The samples of {name} can't be gathered. {error}") from error


def _patch_table(name: str, eopatch: EOPatch, samples: Feature, parser: FeatureParser, crs: CRS) -> pa.Table:
    """Return the lines of one patch: all pixels of the first date, then those of the next one."""
    import pyarrow as pa

    features = parser.get_renamed_features(eopatch)
    table = _points_table(name, eopatch[samples], crs)
    pixels = table.num_rows
    dates = None
    if any(feature_type.is_temporal() for feature_type, _, _ in features):
        dates = np.array(eopatch.get_timestamps(), dtype="datetime64[us]")
        table = pa.concat_tables([table] * len(dates)) if len(dates) else table.slice(0, 0)
        table = table.add_column(1, "date", pa.array(np.repeat(dates, pixels)))
    for column, values in _feature_columns(eopatch, features, pixels, 1 if dates is None else len(dates)):
        if column in table.column_names:
            raise SettingError(f"Two columns would have the name {column!r}. Give a feature another name.")
        table = table.append_column(column, pa.array(values))
    return table


def _points_table(name: str, points: GeoDataFrame, crs: CRS) -> pa.Table:
    import pyarrow as pa

    if points.crs is None:
        raise DataError("The table of samples has no CRS.")
    own = {"row": pa.int64(), "column": pa.int64(), "stratum": pa.int64()}
    own |= {"inclusion_probability": pa.float64(), "weight": pa.float64(), "design": pa.string()}
    if missing := [column for column in own if column not in points]:
        raise DataError(f"The table of samples lacks the columns {missing}: it must be made by a task of sampling.")
    columns = {"patch": _repeated(name, len(points)), "crs": _repeated(points.crs.to_string(), len(points))}
    columns |= {"x": points.geometry.x.to_numpy(), "y": points.geometry.y.to_numpy()}
    columns |= {column: pa.array(points[column], type=kind, from_pandas=False) for column, kind in own.items()}
    columns["design"] = columns["design"].dictionary_encode()
    columns[GEOMETRY] = pa.array(points.geometry.to_crs(crs).to_wkb(), type=pa.binary())
    return pa.table(columns)


def _repeated(text: str, count: int) -> pa.DictionaryArray:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), [text])


def _feature_columns(
    eopatch: EOPatch, features: Iterable[RenamedFeature], pixels: int, dates: int
) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield the names and the values of the columns that the features make."""
    for feature_type, name, new_name in features:
        values: NDArray[Any] = eopatch[feature_type, name]
        *leading, down, across, bands = values.shape
        if down * across != pixels:
            raise DataError(
                f"{feature_type} {name!r} has {down} x {across} samples, but the table of samples has {pixels}. They "
                "must be of one run of the same task."
            )
        lines = values.reshape(*leading, pixels, bands)
        lines = lines.reshape(-1, bands) if leading else np.tile(lines, (dates, 1))
        for band in range(bands):
            yield new_name if bands == 1 else f"{new_name}_{band}", lines[:, band]
