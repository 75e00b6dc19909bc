"""Tasks that make patches: of nothing, of other patches, or of a part of one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from ..eodata import EOPatch
from ..eodata_merge import merge_eopatches
from ..eotask import EOTask
from ..exceptions import EODeprecationWarning, SettingError, warn_user

if TYPE_CHECKING:
    from ..temporal_selection import TemporalSelectionSpec
    from ..types import FeaturesSpecification


class CopyTask(EOTask):
    """Makes a copy of a patch, see :meth:`EOPatch.copy`.

    features: which ones the copy has.
    deep: whether arrays and tables are copied too; otherwise both patches share them.
    copy_timestamps: "auto" copies them if all features are chosen, or at least one with a time axis.
    """

    def __init__(
        self,
        features: FeaturesSpecification = ...,
        *,
        deep: bool = False,
        copy_timestamps: bool | Literal["auto"] = "auto",
    ):
        self.features = features or ...
        self.get_feature_parser(self.features)  # refuses what can't be read
        self.deep = deep
        self.copy_timestamps = copy_timestamps

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the copy."""
        return eopatch.copy(features=self.features, deep=self.deep, copy_timestamps=self.copy_timestamps)


class DeepCopyTask(CopyTask):
    """Old form of :class:`CopyTask` with ``deep=True``."""

    def __init__(self, *args: Any, **kwargs: Any):
        warn_user("DeepCopyTask is deprecated, use CopyTask with deep=True instead.", EODeprecationWarning)
        super().__init__(*args, **kwargs | {"deep": True})


class TemporalSubsetTask(EOTask):
    """Makes a patch of some of the dates of another, see :meth:`EOPatch.temporal_subset`.

    timestamps: positions, dates, a mask, or a function of the list of timestamps. The execution may be given its own.

    Example:
        >>> task = TemporalSubsetTask(lambda timestamps: [timestamp.month in (6, 7, 8) for timestamp in timestamps])
    """

    def __init__(self, timestamps: TemporalSelectionSpec | None = None):
        self.timestamps = list(timestamps) if isinstance(timestamps, Iterator) else timestamps  # used more than once

    def execute(self, eopatch: EOPatch, *, timestamps: TemporalSelectionSpec | None = None) -> EOPatch:
        """Return the new patch."""
        selection = self.timestamps if timestamps is None else timestamps
        if selection is None:
            raise SettingError("TemporalSubsetTask needs timestamps: give them to the task or to its execution.")
        return eopatch.temporal_subset(selection)


class CreateEOPatchTask(EOTask):
    """Makes a patch.

    Example:
        >>> patch = CreateEOPatchTask()(bbox=bbox, timestamps=["2017-06-01"])
    """

    def execute(self, **kwargs: Any) -> EOPatch:
        """Return a patch made with these arguments of :class:`EOPatch`."""
        return EOPatch(**kwargs)


class MergeEOPatchesTask(EOTask):
    """Merges patches into one.

    merge_kwargs: ``features``, ``time_dependent_op`` and ``timeless_op``, see :func:`merge_eopatches`.

    Example:
        >>> merged = MergeEOPatchesTask(time_dependent_op="mean")(first, second)
    """

    def __init__(self, **merge_kwargs: Any):
        inspect.signature(merge_eopatches).bind(**merge_kwargs)  # raises TypeError for arguments that it doesn't have
        self.merge_kwargs = merge_kwargs

    def execute(self, *eopatches: EOPatch) -> EOPatch:
        """Return the merged patch."""
        return merge_eopatches(*eopatches, **self.merge_kwargs)
