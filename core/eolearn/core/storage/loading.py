"""Which files a load reads, and which parts of them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from ..constants import FeatureType
from ..exceptions import (
    BrokenFile,
    EODeprecationWarning,
    FeatureNotStored,
    SettingError,
    StorageError,
    warn_user,
)
from ..types import EllipsisType, Feature, FeaturesSpecification
from ..utils.fs import get_full_path, split_all_extensions
from ..utils.parsing import FeatureParser, parse_feature
from .dates import DatesSpec
from .feature_io import FeatureIO, FeatureIOGZip
from .layout import OLD_TIMESTAMPS_FILENAME, FilesystemDataInfo
from .npy import FeatureIONumpy
from .remote import in_threads, threads_for
from .text import FeatureIOJson, FeatureIOTimestamps
from .vector import FeatureIOGeoDf
from .window import GridWindow, ShapeHW
from .zarr_feature import FeatureIOZarr

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

BandsSpec: TypeAlias = Mapping[Feature, Sequence[int]]
"""The bands that are wanted of some features, by their positions along the last axis."""


def format_of(feature_type: FeatureType) -> type[FeatureIOGZip[Any]]:
    """Return the format in which features of a type are saved by default."""
    if feature_type.is_array():
        return FeatureIONumpy
    return FeatureIOGeoDf if feature_type.is_vector() else FeatureIOJson


def find_features(
    filesystem: AbstractFileSystem, patch_location: str, stored: FilesystemDataInfo, features: FeaturesSpecification
) -> dict[Feature, FeatureIO[Any]]:
    """Return the features that are asked for, lazy.

    Raises FeatureNotStored (an OSError) for one that is asked for by name and isn't there, SettingError (a ValueError)
    for a file of another format.
    """
    requests = FeatureParser(features).get_feature_specifications()
    meta_info = FeatureType.META_INFO
    old_meta_info = {}
    if stored.old_meta_info is not None and any(feature_type is meta_info for feature_type, _ in requests):
        old_meta_info = _load_old_meta_info(filesystem, stored.old_meta_info)

    found: dict[Feature, FeatureIO[Any]] = {}
    for feature_type, name in requests:
        paths = stored.features.get(feature_type, {})
        for wanted in paths if isinstance(name, EllipsisType) else [name]:
            if wanted in paths:
                found[feature_type, wanted] = _stored_feature(feature_type, filesystem, paths[wanted])
            elif feature_type is not meta_info or wanted not in old_meta_info:
                present = ", ".join(map(repr, paths)) or "none"
                raise FeatureNotStored(
                    f"There is no {feature_type} {wanted!r} in {get_full_path(filesystem, patch_location)}. Those of "
                    f"this type: {present}."
                )
    for name, value in old_meta_info.items():
        found.setdefault((meta_info, name), value)
    return found


def _stored_feature(feature_type: FeatureType, filesystem: AbstractFileSystem, path: str) -> FeatureIO[Any]:
    if feature_type.is_array() and path.endswith(FeatureIOZarr.extension):
        return FeatureIOZarr(path, filesystem)
    return format_of(feature_type)(path, filesystem)


def read_timestamps(filesystem: AbstractFileSystem, path: str) -> list[datetime]:
    """Return all timestamps that are saved."""
    if split_all_extensions(posixpath.basename(path))[0] == OLD_TIMESTAMPS_FILENAME:
        _warn_of_old_file(filesystem, path)
    return FeatureIOTimestamps(path, filesystem).load()


def image_sizes(found: Mapping[Feature, FeatureIO[Any]]) -> dict[Feature, ShapeHW]:
    """Return the sizes of those features that are images, of which only the beginnings of the files are read."""
    images = {
        feature: value
        for feature, value in found.items()
        if feature[0].is_image() and isinstance(value, (FeatureIONumpy, FeatureIOZarr))
    }
    if not images:
        return {}
    some = next(iter(images.values()))
    threads = threads_for(some.filesystem, some.path)
    shapes = in_threads(threads, lambda value: value.stored_shape(), images.values())
    return {feature: ShapeHW(*shape[-3:-1]) for feature, shape in zip(images, shapes, strict=True)}


@dataclass(frozen=True)
class PartToLoad:
    """The part of a patch that is loaded."""

    dates: DatesSpec | None
    """Of Zarr arrays with a time axis; None for all."""
    are_some: bool
    """Whether the user selected dates."""
    window: GridWindow | None
    sizes: Mapping[Feature, ShapeHW]
    """Of the images that the window is cut out of."""
    bands: BandsSpec
    timestamps: int | None = None
    """How many dates arrays with a time axis should have, None where it isn't known."""

    def of(self, feature: Feature, value: FeatureIO[Any]) -> FeatureIO[Any]:
        """Return a feature that loads only this part of itself.

        Raises StorageError (an OSError) for some dates of an array that is not one of Zarr, DataError (a ValueError)
        for a window that isn't on whole pixels of an image.
        """
        window = self.window.on(self.sizes[feature], feature) if self.window and feature in self.sizes else None
        bands = self.bands.get(feature)
        timestamps = self.timestamps if feature[0].is_temporal() else None
        if isinstance(value, FeatureIOZarr):
            dates = self.dates if feature[0].is_temporal() else None
            return FeatureIOZarr(value.path, value.filesystem, dates, window=window, bands=bands, timestamps=timestamps)
        if isinstance(value, FeatureIONumpy):
            if self.are_some and feature[0].is_temporal():
                raise StorageError(
                    f"{get_full_path(value.filesystem, value.path)} is not a Zarr array, so that some of its dates "
                    "can't be loaded alone. Load them all and use EOPatch.temporal_subset, or save the patch with "
                    "use_zarr=True."
                )
            return FeatureIONumpy(value.path, value.filesystem, window=window, bands=bands, timestamps=timestamps)
        return value


def parse_bands(bands: Mapping[Any, Sequence[int]] | None, found: Mapping[Feature, Any]) -> BandsSpec:
    """Return which bands are wanted, SettingError (a ValueError) for those of features that aren't loaded arrays."""
    parsed = {}
    for spec, positions in (bands or {}).items():
        feature = parse_feature(spec)
        if feature not in found or not feature[0].is_array():
            raise SettingError(
                f"Bands can be selected of arrays that are loaded, got {feature[0]} {feature[1]!r}. Loaded are: "
                f"{', '.join(f'{kind} {name!r}' for kind, name in found) or 'none'}."
            )
        parsed[feature] = list(positions)
    return parsed


def _load_old_meta_info(filesystem: AbstractFileSystem, path: str) -> dict[str, FeatureIO[Any]]:
    _warn_of_old_file(filesystem, path)
    content = FeatureIOJson(path, filesystem).load()
    if not isinstance(content, dict):
        raise BrokenFile(f"{get_full_path(filesystem, path)} must hold names and values of meta-info.")
    return {name: FeatureIOJson.preloaded(path, filesystem, value) for name, value in content.items()}


def _warn_of_old_file(filesystem: AbstractFileSystem, path: str) -> None:
    warn_user(
        f"{get_full_path(filesystem, path)} is a file of an older release. Load the whole patch and save it again to "
        "bring it up to date.",
        EODeprecationWarning,
    )
