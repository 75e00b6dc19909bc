"""What of an EOPatch is saved and loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from .constants import FeatureType, OverwritePermission
from .exceptions import SettingError, StorageError
from .storage.dates import LoadedDates, TemporalSelection, dates_to_load, positions_of
from .storage.feature_io import FeatureIO, FeatureIOGZip
from .storage.layout import (
    BBOX_FILENAME,
    TIMESTAMPS_FILENAME,
    FilesystemDataInfo,
    find_others,
    find_replaced,
    get_filesystem_data_info,
    info_of,
    list_patch,
    walk_feature_type_folder,
)
from .storage.loading import PartToLoad, find_features, image_sizes, parse_bands, read_timestamps
from .storage.npy import FeatureIONumpy
from .storage.provenance_file import SavedFeatures, changing_records
from .storage.saving import (
    PatchToSave,
    SavedDates,
    check_names,
    feature_files,
    files_to_append,
    place_and_dates,
    selected_dates,
)
from .storage.text import FeatureIOBBox, FeatureIOJson, FeatureIOTimestamps
from .storage.vector import FeatureIOGeoDf
from .storage.window import WindowSpec, find_window
from .storage.writing import write_files
from .storage.zarr_feature import FeatureIOZarr
from .types import Feature, FeaturesSpecification
from .utils.fs import as_filesystem, get_full_path
from .utils.parsing import FeatureParser

if TYPE_CHECKING:
    from datetime import datetime

    from fsspec import AbstractFileSystem
    from sentinelhub import BBox

__all__ = [
    "BBOX_FILENAME",
    "TIMESTAMPS_FILENAME",
    "FeatureIO",
    "FeatureIOBBox",
    "FeatureIOGZip",
    "FeatureIOGeoDf",
    "FeatureIOJson",
    "FeatureIONumpy",
    "FeatureIOTimestamps",
    "FeatureIOZarr",
    "FilesystemDataInfo",
    "TemporalSelection",
    "get_filesystem_data_info",
    "load_eopatch_content",
    "save_eopatch",
    "walk_feature_type_folder",
]

_TEMPORAL_TYPES = [FeatureType(name) for name in ("data", "mask", "scalar", "label", "vector")]


def save_eopatch(
    eopatch: PatchToSave,
    filesystem: AbstractFileSystem,
    patch_location: str,
    *,
    features: FeaturesSpecification,
    save_timestamps: bool | Literal["auto"],
    overwrite_permission: OverwritePermission,
    use_zarr: bool,
    temporal_selection: SavedDates | None,
    provenance: Mapping[str, Any] | None = None,
) -> None:
    """Save a patch into a folder, see :meth:`eolearn.core.EOPatch.save`.

    provenance: a record of how the features came to be, which is kept with them; see :mod:`eolearn.core.provenance`.

    Raises SettingError, FeatureMissing, FeatureExists, DataError (each a ValueError), SettingTypeError (a TypeError) or
    StorageError (an OSError) before anything in the folder is changed.
    """
    is_append = isinstance(temporal_selection, str) and temporal_selection == "append"
    whole_patch = overwrite_permission.value == "OVERWRITE_PATCH"
    _check_selection(temporal_selection, use_zarr or is_append, whole_patch)
    filesystem = as_filesystem(filesystem)
    chosen = list(dict.fromkeys(FeatureParser(features).get_features(eopatch)))
    with_timestamps = _wants_timestamps(save_timestamps, features, chosen)
    types = _TEMPORAL_TYPES if is_append else {feature_type for feature_type, _ in chosen}
    listing = list_patch(filesystem, patch_location, types, must_exist=False)
    stored = info_of(listing, patch_location)

    if is_append:
        files = files_to_append(eopatch, filesystem, patch_location, stored, chosen)
    else:
        check_names(chosen, stored, overwrite_permission, get_full_path(filesystem, patch_location))
        dates = selected_dates(eopatch, filesystem, stored.timestamps, temporal_selection)
        with_timestamps = with_timestamps and (dates is None or save_timestamps is True)
        files = place_and_dates(eopatch, with_timestamps, filesystem, stored.timestamps, dates)
        files += feature_files(eopatch, filesystem, stored, chosen, dates, use_zarr=use_zarr)
    find_obsolete = find_others if whole_patch else find_replaced
    saved = SavedFeatures.of(chosen, temporal_selection, whole_patch)
    with changing_records(filesystem, patch_location, listing.entries[""], saved, provenance) as (records, no_records):
        files += records
        obsolete = [*find_obsolete(listing, {file.name for file in files}), *no_records]
        write_files(filesystem, patch_location, files, obsolete, listing.files)


def load_eopatch_content(
    filesystem: AbstractFileSystem,
    patch_location: str,
    *,
    features: FeaturesSpecification,
    load_timestamps: bool | Literal["auto"],
    temporal_selection: LoadedDates | None,
    window: WindowSpec | None = None,
    bands: Mapping[Feature, Sequence[int]] | None = None,
) -> tuple[BBox | None, list[datetime] | None, dict[Feature, FeatureIO[Any]]]:
    """Return the bounding box, the timestamps and the lazy features of a saved patch.

    See :meth:`eolearn.core.EOPatch.load`.
    """
    filesystem = as_filesystem(filesystem)
    stored = get_filesystem_data_info(filesystem, patch_location, features)
    found = find_features(filesystem, patch_location, stored, features)
    wanted = _wants_timestamps(load_timestamps, features, found)
    if wanted and load_timestamps is True and stored.timestamps is None:
        raise StorageError(f"There are no timestamps in {get_full_path(filesystem, patch_location)}.")
    timestamps = None
    if stored.timestamps is not None and (wanted or temporal_selection is not None or _need_timestamps(found)):
        timestamps = read_timestamps(filesystem, stored.timestamps)
    dates = dates_to_load(temporal_selection, timestamps)
    bbox = None if stored.bbox is None else FeatureIOBBox(stored.bbox, filesystem).load()
    sizes, place = {}, None
    if window is not None:
        sizes = image_sizes(found)
        place = find_window(window, bbox, sizes)
        bbox = None if bbox is None else place.bbox(bbox)
    count = None if timestamps is None else len(timestamps)
    part = PartToLoad(dates, temporal_selection is not None, place, sizes, parse_bands(bands, found), count)
    loaded = {feature: part.of(feature, value) for feature, value in found.items()}
    if not wanted or timestamps is None:
        return bbox, None, loaded
    return bbox, [timestamps[position] for position in positions_of(dates, len(timestamps))], loaded


def _check_selection(selection: SavedDates | None, can_be_part: bool, whole_patch: bool) -> None:
    if selection is None:
        return
    if not can_be_part:
        raise SettingError("Some of the dates can't be saved without zarr arrays: save with use_zarr=True.")
    if whole_patch:
        raise StorageError("Some of the dates can't be saved over all of a patch: use OVERWRITE_FEATURES.")


def _wants_timestamps(
    setting: bool | Literal["auto"], features: FeaturesSpecification, chosen: Iterable[Feature]
) -> bool:
    if setting not in (True, False, "auto"):
        raise SettingError(f"Whether timestamps are saved or loaded is True, False or 'auto', got {setting!r}.")
    if setting == "auto":
        return features is ... or any(feature_type.is_temporal() for feature_type, _ in chosen)
    return setting


def _need_timestamps(found: Mapping[Feature, FeatureIO[Any]]) -> bool:
    """Whether there are arrays that may have been given more dates by an append that is not finished."""
    return any(feature[0].is_temporal() and isinstance(value, FeatureIOZarr) for feature, value in found.items())
