"""What an EOPatch offers under an old name: each works, and warns that there is something better."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from .exceptions import EODeprecationWarning, TemporalDimensionWarning, warn_user
from .feature_dicts import _FeatureDict, _TemporalArrayDict

TIMESTAMP_RENAME_WARNING = "The attribute `timestamp` of an EOPatch is deprecated, use `timestamps` instead."


class OldNames:
    """The deprecated members of an EOPatch."""

    _features: dict[str, _FeatureDict]
    timestamps: Any

    @property
    def timestamp(self) -> list[datetime] | None:
        """Old name of :attr:`EOPatch.timestamps`."""
        warn_user(TIMESTAMP_RENAME_WARNING, EODeprecationWarning)
        timestamps: list[datetime] | None = self.timestamps
        return timestamps

    @timestamp.setter
    def timestamp(self, timestamps: Iterable[date | str] | None) -> None:
        warn_user(TIMESTAMP_RENAME_WARNING, EODeprecationWarning)
        self.timestamps = timestamps

    def consolidate_timestamps(self: Any, timestamps: list[datetime]) -> set[datetime]:
        """Keep only the given dates, in place, and return those that were removed: :meth:`EOPatch.temporal_subset`."""
        message = "EOPatch.consolidate_timestamps is deprecated, use EOPatch.temporal_subset instead."
        warn_user(message, EODeprecationWarning)
        old, wanted = self.get_timestamps(), set(timestamps)
        indices = [index for index, timestamp in enumerate(old) if timestamp in wanted]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TemporalDimensionWarning)
            for content in self._features.values():
                if isinstance(content, _TemporalArrayDict):
                    for name in content:
                        content[name] = content[name][indices]
            self.timestamps = [old[index] for index in indices]
        return set(old) - wanted

    def merge(self, *eopatches: Any, **settings: Any) -> Any:
        """Merge this patch with others: :func:`eolearn.core.merge_eopatches`, which has the same settings."""
        warn_user("EOPatch.merge is deprecated, use eolearn.core.merge_eopatches instead.", EODeprecationWarning)
        eodata_merge = importlib.import_module("eolearn.core.eodata_merge")  # of a higher floor, so looked up here
        return eodata_merge.merge_eopatches(self, *eopatches, **settings)

    def __add__(self, other: Any) -> Any:
        """Merge two patches."""
        return self.merge(other)
