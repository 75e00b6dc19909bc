"""The mappings of names to features that an EOPatch holds, one of each type; they refuse what doesn't fit the type."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import datetime
from typing import Any

import numpy as np

from .constants import TIMESTAMP_COLUMN, FeatureType
from .exceptions import DataError, FeatureError, TemporalDimensionWarning, warn_user
from .storage.feature_io import FeatureIO
from .utils.common import deep_eq, is_discrete_type
from .utils.parsing import feature_missing

_FORBIDDEN = frozenset("./\\|;:\n\t")


class _FeatureDict(MutableMapping[str, Any]):
    """Features of one type, in the order in which they were added.

    A value may be lazy, a :class:`FeatureIO`: it is loaded, and kept, when it is first read. Names, length and
    membership load nothing.
    """

    def __init__(self, feature_type: FeatureType, content: Mapping[str, Any], timestamps: list[datetime] | None):
        self.feature_type = feature_type
        self._timestamps = timestamps
        self._content: dict[str, Any] = {}
        items = content._content.items() if isinstance(content, _FeatureDict) else content.items()
        for name, value in items:
            self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        """Add or replace a feature, after a check that it fits the type."""
        if name not in self._content:
            self._check_name(name)
        if not isinstance(value, FeatureIO):
            value = self._checked(name, value)
        self._content[name] = value

    def __getitem__(self, name: str) -> Any:
        """Return a feature, loaded."""
        try:
            value = self._content[name]
        except KeyError:
            raise feature_missing(self.feature_type, name, self) from None
        if isinstance(value, FeatureIO):
            value = value.load()
            self._content[name] = value
        return value

    def __delitem__(self, name: str) -> None:
        """Remove a feature."""
        try:
            del self._content[name]
        except KeyError:
            raise feature_missing(self.feature_type, name, self) from None

    def __contains__(self, name: object) -> bool:
        """Whether there is a feature of this name."""
        return name in self._content

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._content)

    def __len__(self) -> int:
        """Return the number of features."""
        return len(self._content)

    def __eq__(self, other: object) -> bool:
        """Whether the other one is of the same type and holds equal features, in any order."""
        if not isinstance(other, _FeatureDict):
            return NotImplemented
        return self.feature_type is other.feature_type and deep_eq(dict(self), dict(other))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """Return the content as it lies here, without loading."""
        return f"{type(self).__name__}({self.feature_type}, {self._content})"

    def _get_unloaded(self, name: str) -> Any:
        """Return a feature as it lies here: the FeatureIO of one that is not loaded yet."""
        return self._content[name]

    def _clone(self, timestamps: list[datetime] | None) -> _FeatureDict:
        """Return a new mapping with the same values, which are not checked again."""
        clone = object.__new__(type(self))
        clone.feature_type = self.feature_type
        clone._timestamps = timestamps
        clone._content = self._content.copy()
        return clone

    def _deep_clone(self, timestamps: list[datetime] | None, memo: dict[int, Any]) -> _FeatureDict:
        clone = self._clone(timestamps)
        clone._content = {name: copy.deepcopy(value, memo) for name, value in self._content.items()}
        return clone

    def _restrict(self, names: list[str]) -> None:
        self._content = {name: self._content[name] for name in names}

    def _set_timestamps(self, timestamps: list[datetime] | None) -> None:
        """Take over the timestamps of the patch."""
        self._timestamps = timestamps

    def _checked(self, name: str, value: Any) -> Any:  # noqa: ARG002 - the types differ in what they check
        return value

    def _check_name(self, name: object) -> None:
        if not isinstance(name, str):
            raise FeatureError(f"The name of a {self.feature_type} feature must be a string, got {name!r}.")
        if not name:
            raise FeatureError(f"The name of a {self.feature_type} feature must not be empty.")
        if not _FORBIDDEN.isdisjoint(name):
            found = "".join(sorted(_FORBIDDEN.intersection(name)))
            raise FeatureError(
                f"The name {name!r} of a {self.feature_type} feature has {found!r} in it. Names become names of files: "
                "leave out dots, slashes, '|', ';', ':', tabs and line breaks."
            )


class _ArrayDict(_FeatureDict):
    """Features that are arrays, with the number of axes of their type."""

    def _checked(self, name: str, value: Any) -> Any:
        feature_type = self.feature_type
        if not isinstance(value, np.ndarray):
            raise DataError(f"{feature_type} {name!r} must be a numpy array, got {type(value).__name__}.")
        if value.ndim != feature_type.ndim():
            raise DataError(
                f"{feature_type} {name!r} must have {feature_type.ndim()} axes, got an array of shape {value.shape}."
            )
        if feature_type.is_discrete() and not is_discrete_type(value.dtype):
            raise DataError(
                f"{feature_type} {name!r} must hold integers or booleans, got {value.dtype}. Convert it with astype, "
                "or store it under a type for continuous values."
            )
        return value


class _TemporalArrayDict(_ArrayDict):
    """Features that are arrays with a time axis, which should be as long as the patch has timestamps."""

    def _checked(self, name: str, value: Any) -> Any:
        value = super()._checked(name, value)
        if self._timestamps is None:
            message = f"{self.feature_type} {name!r} has a time axis, but the EOPatch has no timestamps."
            warn_user(message, TemporalDimensionWarning)
        elif len(value) != len(self._timestamps):
            self._warn_of_length(name, value)
        return value

    def _set_timestamps(self, timestamps: list[datetime] | None) -> None:
        super()._set_timestamps(timestamps)
        if timestamps is None:
            if self._content:
                message = f"The EOPatch has no timestamps any more, but features of {self.feature_type}: {list(self)}."
                warn_user(message, TemporalDimensionWarning)
            return
        for name, value in self._content.items():
            if isinstance(value, np.ndarray) and len(value) != len(timestamps):
                self._warn_of_length(name, value)

    def _warn_of_length(self, name: str, value: Any) -> None:
        message = (
            f"{self.feature_type} {name!r} of shape {value.shape} has {len(value)} dates, but the EOPatch has "
            f"{len(self._timestamps or [])} timestamps."
        )
        warn_user(message, TemporalDimensionWarning)


class _VectorDict(_FeatureDict):
    """Features that are tables of geometries."""

    def _checked(self, name: str, value: Any) -> Any:
        from geopandas import GeoDataFrame, GeoSeries

        if isinstance(value, GeoSeries):
            value = GeoDataFrame(geometry=value, crs=value.crs)
        if not isinstance(value, GeoDataFrame):
            raise DataError(f"{self.feature_type} {name!r} must be a GeoDataFrame, got {type(value).__name__}.")
        if self.feature_type.is_temporal() and TIMESTAMP_COLUMN not in value:
            raise DataError(
                f"{self.feature_type} {name!r} must have a column {TIMESTAMP_COLUMN!r} with the date of each row, got "
                f"the columns {list(value.columns)}."
            )
        return value


def feature_dict(
    feature_type: FeatureType, content: Mapping[str, Any], timestamps: list[datetime] | None
) -> _FeatureDict:
    """Return the mapping that fits a type, filled with the content, each value checked."""
    if feature_type.is_array():
        return (_TemporalArrayDict if feature_type.is_temporal() else _ArrayDict)(feature_type, content, timestamps)
    return (_VectorDict if feature_type.is_vector() else _FeatureDict)(feature_type, content, timestamps)
