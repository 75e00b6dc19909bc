"""The table of a patch's samples: where each of them lies, and how likely it was to be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import ArrayLike, NDArray

    from eolearn.core.eodata import EOPatch


@dataclass(frozen=True, kw_only=True)
class Inclusion:
    """How samples were drawn: numbers that hold for all of them, or arrays with one for each."""

    design: str
    """The design and its settings."""
    stratum: ArrayLike = 0
    """Integers; 0 where there are no strata."""
    probability: ArrayLike = np.nan
    """Of the pixel to be drawn at least once, if its patch is; NaN where that isn't known."""
    draws: ArrayLike = np.nan
    """How often the pixel is drawn on average, if its patch is. Without replacement that is the probability."""
    patch_probability: float = 1.0
    """Of the patch to be among those that samples are drawn from."""

    def __post_init__(self) -> None:
        if not 0 < self.patch_probability <= 1:
            raise SettingError(f"patch_probability must be above 0 and at most 1, got {self.patch_probability!r}.")


def sample_points(
    eopatch: EOPatch,
    image_shape: tuple[int, int],
    row_grid: NDArray[np.int64],
    column_grid: NDArray[np.int64],
    inclusion: Inclusion,
) -> GeoDataFrame:
    """Return a table with a line for each sampled pixel, in the order of the samples.

    Its columns are row and column (from the upper left corner, from 0), design, stratum, inclusion_probability, weight,
    and the centre of the pixel as geometry, in the CRS of the patch. The inclusion probability is that of the patch
    times that of the pixel in it. The weight is the inverse of how often the pixel is drawn on average, the inverse of
    the inclusion probability where no pixel can be drawn twice. Both are NaN where they aren't known.

    Raises DataError for a patch without bounding box.
    """
    from geopandas import GeoDataFrame, points_from_xy

    if eopatch.bbox is None:
        raise DataError("The EOPatch has no bounding box, so its samples have no place. Set eopatch.bbox.")
    rows, columns = row_grid.ravel(), column_grid.ravel()
    (west, south), (east, north) = eopatch.bbox.lower_left, eopatch.bbox.upper_right
    x = west + (columns + 0.5) * ((east - west) / image_shape[1])
    y = north - (rows + 0.5) * ((north - south) / image_shape[0])
    probability, draws = (
        inclusion.patch_probability * np.broadcast_to(np.asarray(part, dtype=np.float64), rows.shape)
        for part in (inclusion.probability, inclusion.draws)
    )
    table = {
        "row": rows,
        "column": columns,
        "design": np.full(rows.shape, inclusion.design, dtype=object),
        "stratum": np.broadcast_to(np.asarray(inclusion.stratum, dtype=np.int64), rows.shape),
        "inclusion_probability": probability,
        "weight": 1 / draws,
    }
    return GeoDataFrame(table, geometry=points_from_xy(x, y), crs=eopatch.bbox.crs.pyproj_crs())
