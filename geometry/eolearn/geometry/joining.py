"""Joins patches of one grid into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from sentinelhub import BBox

from eolearn.core.constants import TIMESTAMP_COLUMN
from eolearn.core.eodata import EOPatch
from eolearn.core.eodata_merge import merge_eopatches
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError
from eolearn.core.utils.parsing import parse_features

from ._joint_arrays import Overlaps, joint_array
from ._polygons import place_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from eolearn.core.types import Feature, FeaturesSpecification

Dates = Literal["equal", "union"]


def join_patches(
    eopatches: Iterable[EOPatch],
    features: FeaturesSpecification = ...,
    *,
    overlaps: Overlaps = "equal",
    timestamps: Dates = "equal",
    no_data_value: float | None = None,
    id_columns: Sequence[str] | None = None,
) -> EOPatch:
    """Join patches that lie on one grid of pixels into a new one, the reverse of cutting.

    eopatches: of one CRS, in any arrangement. They may overlap, and leave gaps.
    features: which ones; all patches must have them.
    overlaps: what counts where patches overlap: "equal" refuses values that differ, "first" and "last" take the value
        of the first or last patch. Arrays without a place, such as SCALAR, overlap with those of all patches.
    timestamps: "equal" refuses patches of different dates. "union" takes the dates of all, in chronological order;
        where a patch lacks a date, there are no data.
    no_data_value: of gaps; by default NaN, and 0 or False for integers and bool.
    id_columns: of tables, the columns that tell which rows are pieces of one. Pieces become one row again, whose other
        columns are those of the first. Without them, rows stay pieces, and those that occur twice are there once.

    Of the meta information the first patch that has it decides, with an EORuntimeWarning where others differ.

    Raises DataError (a ValueError) for patches without bounding box, of several CRS, sizes of pixels or numbers of
    bands, not on one grid, of different features or dates, or that differ where they overlap; SettingError (a
    ValueError) for unknown rules; FeatureMissing (a KeyError) for a missing feature or column.

    Example:
        >>> whole = join_patches(split_patch(eopatch, 2, 3), id_columns=["field_id"])
    """
    _check_rules(overlaps, timestamps)
    patches = list(eopatches)
    bbox = _joint_bbox(patches)
    chosen = _common_features(patches, features)
    times = _joint_times(patches, timestamps)
    joint = EOPatch(bbox=bbox, timestamps=times)
    for feature in chosen:
        if feature[0].is_array():
            joint[feature] = joint_array(feature, patches, joint, overlaps, no_data_value)
    others = [feature for feature in chosen if not feature[0].is_array()]
    if others:
        merged = merge_eopatches(*(_moved(patch, others, bbox) for patch in patches))
        for feature in others:
            is_table = feature[0].is_vector() and id_columns is not None
            joint[feature] = _mended(merged[feature], feature, id_columns or []) if is_table else merged[feature]
    return joint


class JoinPatchesTask(EOTask):
    """Joins patches into one; see :func:`join_patches`, which the settings are those of.

    Example:
        >>> whole = JoinPatchesTask(overlaps="first")(left, right)
    """

    def __init__(
        self,
        features: FeaturesSpecification = ...,
        *,
        overlaps: Overlaps = "equal",
        timestamps: Dates = "equal",
        no_data_value: float | None = None,
        id_columns: Sequence[str] | None = None,
    ):
        _check_rules(overlaps, timestamps)
        self.features = features
        self.overlaps = overlaps
        self.timestamps = timestamps
        self.no_data_value = no_data_value
        self.id_columns = id_columns

    def execute(self, *eopatches: EOPatch) -> EOPatch:
        """Return the patches, joined."""
        return join_patches(
            eopatches,
            self.features,
            overlaps=self.overlaps,
            timestamps=self.timestamps,
            no_data_value=self.no_data_value,
            id_columns=self.id_columns,
        )


def _check_rules(overlaps: str, timestamps: str) -> None:
    for name, rule, known in (("overlaps", overlaps, get_args(Overlaps)), ("timestamps", timestamps, get_args(Dates))):
        if rule not in known:
            raise SettingError(f"{name} must be one of {', '.join(known)}, got {rule!r}.")


def _joint_bbox(patches: Sequence[EOPatch]) -> BBox:
    if not patches:
        raise DataError("There is nothing to join: give at least one EOPatch.")
    bboxes = [place_of(patch, "joining") for patch in patches]
    for number, bbox in enumerate(bboxes):
        if bbox.crs != bboxes[0].crs:
            raise DataError(
                f"Patch 0 is in {bboxes[0].crs!r} and patch {number} in {bbox.crs!r}: re-project one first."
            )
    bounds = np.array([tuple(bbox) for bbox in bboxes])
    return BBox((*bounds[:, :2].min(axis=0).tolist(), *bounds[:, 2:].max(axis=0).tolist()), bboxes[0].crs)


def _common_features(patches: Sequence[EOPatch], features: FeaturesSpecification) -> list[Feature]:
    chosen = [parse_features(features, patch) for patch in patches]
    for number, found in enumerate(chosen):
        different = set(found) ^ set(chosen[0])
        if different:
            raise DataError(
                f"Patches 0 and {number} have different features, one of them only has {sorted(map(str, different))}. "
                "Name those to be joined, with features=..."
            )
    return chosen[0]


def _joint_times(patches: Sequence[EOPatch], rule: Dates) -> list[datetime] | None:
    first = patches[0].timestamps
    if rule == "equal":
        for number, patch in enumerate(patches):
            if patch.timestamps != first:
                raise DataError(
                    f"Patches 0 and {number} have different timestamps, {_told(first)} and {_told(patch.timestamps)}. "
                    "timestamps='union' takes them all."
                )
        return first
    return sorted({time for patch in patches for time in patch.get_timestamps()})


def _told(timestamps: list[datetime] | None) -> str:
    return "none" if timestamps is None else f"{len(timestamps)} from {min(timestamps, default='none')}"


def _moved(patch: EOPatch, features: list[Feature], bbox: BBox) -> EOPatch:
    moved = patch.copy(features)
    moved.bbox = bbox
    return moved


def _mended(table: GeoDataFrame, feature: Feature, id_columns: Sequence[str]) -> GeoDataFrame:
    """Return a table in which rows of the same id are one, with the geometries of all."""
    missing = [name for name in id_columns if name not in table]
    if missing:
        raise FeatureMissing(f"{feature} has no columns {missing}, only {list(table.columns)}: change id_columns.")
    keys = [*id_columns, *([TIMESTAMP_COLUMN] if feature[0].is_temporal() else [])]
    whole: GeoDataFrame = table.dissolve(by=keys, as_index=False, sort=False, dropna=False)
    return whole[table.columns]
