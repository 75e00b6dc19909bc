"""What every kind of plot of an EOPatch has in common: its settings, and the data that it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from eolearn.core.constants import TIMESTAMP_COLUMN, FeatureType
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError, SettingTypeError
from eolearn.core.utils.parsing import parse_feature

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

Selection: TypeAlias = Sequence[int] | slice


@dataclass
class BasePlotConfig:
    """How features are shown, whatever draws them."""

    rgb_factor: float | None = 3.5
    """What the bands of colour images are multiplied by, None for 1."""
    timestamp_column: str | None = TIMESTAMP_COLUMN
    """The column with the times of a table, None to show all its rows in one plot."""
    geometry_column: str = "geometry"
    """The column with the shapes of a table."""


class BaseEOPatchVisualization:
    """A feature of an EOPatch, with the choice of what of it is shown.

    eopatch: the patch.
    feature: the feature; a new name in it doesn't matter.
    config: how it is shown.
    times: which dates, by position; for tables, of the different dates that occur in them.
    channels: which bands or values, by position; no matter for tables.
    channel_names: what they are called; one name with ``rgb``.
    rgb: the positions of three bands that make a colour image.

    Raises SettingError (a ValueError) for settings that don't fit the feature or each other, SettingTypeError
    (a TypeError) for a selection that is neither a list nor a slice, FeatureMissing (a KeyError) if the patch
    has no such feature.
    """

    def __init__(
        self,
        eopatch: EOPatch,
        feature: Feature,
        *,
        config: BasePlotConfig | None = None,
        times: Selection | None = None,
        channels: Selection | None = None,
        channel_names: Sequence[str] | None = None,
        rgb: Sequence[int] | None = None,
    ):
        self.eopatch = eopatch
        self.feature = parse_feature(feature)
        self.config = BasePlotConfig() if config is None else config
        self.times = times
        self.channels = channels
        self.channel_names = None if channel_names is None else list(channel_names)
        self.rgb = rgb
        self._check()

    def _check(self) -> None:
        feature_type, name = self.feature
        if feature_type.is_meta():
            raise SettingError(f"{feature_type} {name!r} can't be plotted: only arrays and tables can.")
        if self.times is not None and not feature_type.is_temporal():
            raise SettingError(f"times={self.times} can't be chosen for {feature_type} {name!r}, which has no times.")
        if self.rgb is None:
            return
        if not feature_type.is_image():
            raise SettingError(f"rgb={self.rgb} needs an image, and {feature_type} {name!r} is none.")
        if self.channels is not None:
            raise SettingError(f"Give channels={self.channels} or rgb={self.rgb}, not both.")
        if len(self.rgb) != 3:
            raise SettingError(f"rgb must name three bands, got {self.rgb}.")

    def collect_and_prepare_feature(self, eopatch: EOPatch) -> tuple[Any, list[datetime] | None]:
        """Return what is shown of the feature, and the time of each of its rows of plots, None without times.

        Arrays have only the chosen dates and channels, tables only the rows of the chosen dates. Colour images are
        scaled: floats lie in [0, 1], integers are uint8.
        """
        data = eopatch[self.feature]
        if self.feature[0].is_vector():
            return self._select_rows(data)
        data, timestamps = self._select_times(data, eopatch.timestamps)
        channels = self.rgb if self.rgb is not None else self.channels
        if channels is not None:
            data = data[..., _positions(channels, data.shape[-1], "channels")]
        self._check_names(1 if self.rgb is not None else data.shape[-1])
        return (data if self.rgb is None else _colours(data, self.config.rgb_factor)), timestamps

    def _select_times(
        self, data: NDArray[Any], timestamps: list[datetime] | None
    ) -> tuple[NDArray[Any], list[datetime] | None]:
        if not self.feature[0].is_temporal():
            return data, None
        timestamps = timestamps if timestamps and len(timestamps) == len(data) else None
        if self.times is None:
            return data, timestamps
        chosen = _positions(self.times, len(data), "times")
        return data[chosen], timestamps and [timestamps[position] for position in chosen]

    def _select_rows(self, frame: GeoDataFrame) -> tuple[GeoDataFrame, list[datetime] | None]:
        column = self.config.timestamp_column
        if self.feature[0] is FeatureType.VECTOR_TIMELESS or column is None:
            return frame, None
        if column not in frame:
            raise DataError(
                f"{self.feature} has no column {column!r} with times, only {', '.join(map(str, frame))}. "
                "Name it with timestamp_column=, or use None to show all rows in one plot."
            )
        different = sorted(frame[column].dropna().unique())
        if self.times is not None:
            different = [different[position] for position in _positions(self.times, len(different), "times")]
        return frame[frame[column].isin(different)], different

    def _check_names(self, columns: int) -> None:
        if self.channel_names is not None and len(self.channel_names) != columns:
            raise SettingError(
                f"{len(self.channel_names)} channel_names, {self.channel_names}, for {columns} plotted channels of "
                f"{self.feature[1]!r}."
            )


def _positions(selection: Selection, count: int, what: str) -> list[int]:
    if isinstance(selection, slice):
        return list(range(count)[selection])
    if isinstance(selection, str) or not isinstance(selection, (Sequence, np.ndarray)):
        raise SettingTypeError(f"{what} must be a list of positions or a slice, got {selection!r}.")
    try:
        return [range(count)[position] for position in selection]
    except IndexError:
        raise IndexOutOfRange(f"{what}={list(selection)} reach beyond the {count} that there are.") from None


def _colours(image: NDArray[Any], factor: float | None) -> NDArray[Any]:
    """Return bands times a factor, cut to [0, 1] for floats, to [0, 255] for integers."""
    scaled = image * np.float32(1 if factor is None else factor)
    if np.issubdtype(image.dtype, np.integer):
        integers: NDArray[Any] = np.clip(scaled, 0, 255).astype(np.uint8)
        return integers
    return np.clip(scaled, 0, 1)
