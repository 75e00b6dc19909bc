"""Made-up patches and comparisons, for tests of one's own tasks."""

from __future__ import annotations

import string
import warnings
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..constants import FeatureType
from ..eodata import EOPatch
from ..exceptions import FeatureError
from .common import deep_eq, is_pandas
from .parsing import parse_features

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from sentinelhub import BBox

    from ..types import EllipsisType, FeaturesSpecification

    DEFAULT_BBOX: BBox


def __getattr__(name: str) -> BBox:
    """Return ``DEFAULT_BBOX``, which needs sentinelhub, once it is asked for."""
    if name == "DEFAULT_BBOX":
        return _default_bbox()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _default_bbox() -> BBox:
    from sentinelhub import CRS, BBox

    return BBox((0, 0, 100, 100), CRS("EPSG:32633"))


@dataclass(frozen=True)
class PatchGeneratorConfig:
    """What the patches of :func:`generate_eopatch` look like."""

    num_timestamps: int = 5
    """Number of dates, evenly spaced."""
    timestamps_range: tuple[datetime, datetime] = (datetime(2019, 1, 1), datetime(2019, 12, 31))
    """The first and the last date."""
    max_integer_value: int = 256
    """Integers are smaller than this."""
    raster_shape: tuple[int, int] = (98, 151)
    """Height and width of images, in pixels."""
    depth_range: tuple[int, int] = (1, 3)
    """The least number of bands or values, and one more than the greatest."""

    @property
    def timestamps(self) -> list[datetime]:
        """The dates."""
        first, last = self.timestamps_range
        intervals = max(1, self.num_timestamps - 1)
        return [first + (last - first) * index / intervals for index in range(self.num_timestamps)]


def generate_eopatch(
    features: FeaturesSpecification | None = None,
    bbox: BBox | EllipsisType | None = ...,
    timestamps: list[datetime] | None = None,
    seed: int = 42,
    config: PatchGeneratorConfig | None = None,
) -> EOPatch:
    """Return a patch of random features, the same ones for the same arguments.

    features: which ones, by name: arrays and meta information; none by default.
    bbox: of the patch, ``DEFAULT_BBOX`` if it is left out.
    timestamps: of the patch, by default those of the config.
    seed: of the random numbers.
    config: numbers of dates, rows, columns and bands.

    Integer features are int64 below the greatest value of the config, others float64 of a standard normal distribution,
    meta information is a string of 20 letters. Raises FeatureError (a ValueError) for tables.

    Example:
        >>> patch = generate_eopatch([(FeatureType.DATA, "BANDS"), (FeatureType.MASK, "CLOUDS")])
        >>> patch[FeatureType.MASK, "CLOUDS"].shape[:3]
        (5, 98, 151)
    """
    config = config or PatchGeneratorConfig()
    patch = EOPatch(
        bbox=_default_bbox() if bbox is ... else bbox,
        timestamps=config.timestamps if timestamps is None else timestamps,
    )
    rng = np.random.default_rng(seed)
    for feature_type, name in parse_features(features or []):
        if feature_type is FeatureType.META_INFO:
            patch[feature_type, name] = "".join(rng.choice(list(string.ascii_letters), 20))
        elif feature_type.is_array():
            patch[feature_type, name] = _random_array(rng, feature_type, len(patch.get_timestamps()), config)
        else:
            raise FeatureError(f"Can't make up {feature_type} {name!r}: only arrays and meta information are random.")
    return patch


def _random_array(
    rng: np.random.Generator, feature_type: FeatureType, num_timestamps: int, config: PatchGeneratorConfig
) -> NDArray[Any]:
    depth = int(rng.integers(*config.depth_range))
    times = [num_timestamps] if feature_type.is_temporal() else []
    pixels = config.raster_shape if feature_type.is_spatial() else ()
    shape = (*times, *pixels, depth)
    if feature_type.is_discrete():
        return np.asarray(rng.integers(config.max_integer_value, size=shape))
    return rng.normal(size=shape)


def assert_feature_data_equal(tested_feature: Any, expected_feature: Any) -> None:
    """Raise AssertionError, with what differs, unless two values of features are equal.

    NaN equals NaN. Tables are compared regardless of dtypes of columns and type of index; their CRS are equal if they
    are the same for sentinelhub.
    """
    values = tested_feature, expected_feature
    if any(isinstance(value, np.ndarray) for value in values):
        np.testing.assert_array_equal(*values)
    elif all(map(is_pandas, values)):
        _assert_tables_equal(*values)
    elif any(map(is_pandas, values)) or not (deep_eq(*values) or tested_feature == expected_feature):
        raise AssertionError(f"{tested_feature!r} is not equal to {expected_feature!r}")


def _assert_tables_equal(tested: Any, expected: Any) -> None:
    from geopandas.testing import assert_geodataframe_equal

    if _comparable_crs(tested) != _comparable_crs(expected):
        raise AssertionError(f"CRS differ: {tested.crs} is not {expected.crs}")
    assert_geodataframe_equal(tested, expected, check_crs=False, check_index_type=False, check_dtype=False)


def _comparable_crs(table: Any) -> Any:
    """Return the CRS as sentinelhub's, which is one for all ways to write it; as it is where sentinelhub has none."""
    from sentinelhub import CRS
    from sentinelhub.exceptions import SHUserWarning

    with warnings.catch_warnings(), suppress(ValueError):
        warnings.simplefilter("ignore", SHUserWarning)  # of the order of axes
        return CRS(table.crs)
    return table.crs
