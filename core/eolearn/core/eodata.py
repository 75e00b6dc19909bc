"""The EOPatch: all data of one place and one time span."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from .constants import TIMESTAMP_COLUMN, FeatureType, OverwritePermission
from .eodata_old_names import TIMESTAMP_RENAME_WARNING, OldNames
from .eodata_xarray import XarrayMethods
from .exceptions import (
    DataError,
    EODeprecationWarning,
    FeatureError,
    MissingExtra,
    SettingTypeError,
    TimestampsMissing,
    warn_user,
)
from .feature_dicts import _FeatureDict, _TemporalArrayDict, feature_dict
from .temporal_selection import TemporalSelectionSpec, parse_timestamps, select_dates
from .types import Feature, FeaturesSpecification
from .utils.parsing import FeatureParser

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import BBox

    from .storage.dates import LoadedDates
    from .storage.saving import SavedDates
    from .storage.window import WindowSpec

__all__ = ["MAX_DATA_REPR_LEN", "MISSING_BBOX_WARNING", "TIMESTAMP_RENAME_WARNING", "EOPatch"]

MAX_DATA_REPR_LEN = 100
MISSING_BBOX_WARNING = "An EOPatch without a bounding box is deprecated: give it the place of its data, bbox=BBox(...)."

_DATA_TYPES: dict[str, FeatureType] = {
    feature_type.value: feature_type for feature_type in FeatureType if feature_type.value not in ("bbox", "timestamps")
}


class _Features:
    """An attribute of the EOPatch that holds the features of one type."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._key = name

    def __get__(self, eopatch: EOPatch, owner: type | None = None) -> _FeatureDict:
        if eopatch is None:
            return self
        features = eopatch._features.get(self._key)
        return eopatch._make_features(self._key, {}) if features is None else features

    def __set__(self, eopatch: EOPatch, value: Mapping[str, Any]) -> None:
        if not isinstance(value, (dict, _FeatureDict)):
            raise SettingTypeError(
                f"EOPatch.{self._key} must be a dictionary of names to features, got {type(value).__name__}."
            )
        eopatch._make_features(self._key, value)


class EOPatch(OldNames, XarrayMethods):
    """All data of one place and one time span: a bounding box, timestamps, and features of several types.

    A feature is an array or a table under a :class:`FeatureType`, which fixes its axes, and a name. Features are
    reached as ``patch.data["BANDS"]`` or ``patch[FeatureType.DATA, "BANDS"]``. Adding one checks that it is of the
    right kind and dimensions; a time axis that doesn't match the timestamps is allowed, with a
    TemporalDimensionWarning.

    bbox: the place, of which the rows and columns of images are an even grid, rows from north to south.
    timestamps: the acquisitions, dates or strings; None for a patch without time, [] for no dates.
    All others: the features of that type, as a mapping of names.

    Example:
        >>> patch = EOPatch(bbox=BBox((465180, 5079240, 466180, 5080250), CRS.UTM_33N), timestamps=["2017-06-01"])
        >>> patch[FeatureType.DATA, "NDVI"] = np.zeros((1, 101, 100, 1), dtype=np.float32)
        >>> patch.get_features()
        [(<FeatureType.DATA: 'data'>, 'NDVI')]
    """

    data = _Features()
    mask = _Features()
    scalar = _Features()
    label = _Features()
    vector = _Features()
    data_timeless = _Features()
    mask_timeless = _Features()
    scalar_timeless = _Features()
    label_timeless = _Features()
    vector_timeless = _Features()
    meta_info = _Features()

    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self,
        *,
        data: Mapping[str, Any] | None = None,
        mask: Mapping[str, Any] | None = None,
        scalar: Mapping[str, Any] | None = None,
        label: Mapping[str, Any] | None = None,
        vector: Mapping[str, Any] | None = None,
        data_timeless: Mapping[str, Any] | None = None,
        mask_timeless: Mapping[str, Any] | None = None,
        scalar_timeless: Mapping[str, Any] | None = None,
        label_timeless: Mapping[str, Any] | None = None,
        vector_timeless: Mapping[str, Any] | None = None,
        meta_info: Mapping[str, Any] | None = None,
        bbox: BBox | None = None,
        timestamps: Iterable[date | str] | None = None,
    ):
        given = locals()
        self._features: dict[str, _FeatureDict] = {}
        self._timestamps: list[datetime] | None = None
        self._bbox: BBox | None = None
        self.bbox = bbox
        self.timestamps = timestamps
        for name in _DATA_TYPES:
            if given[name] is not None:
                setattr(self, name, given[name])

    # --- place and time

    @property
    def bbox(self) -> BBox | None:
        """The place of the data."""
        return self._bbox

    @bbox.setter
    def bbox(self, bbox: BBox | None) -> None:
        if bbox is None:
            warn_user(MISSING_BBOX_WARNING, EODeprecationWarning)
        else:
            from sentinelhub import BBox

            if not isinstance(bbox, BBox):
                raise SettingTypeError(
                    f"The bounding box must be a sentinelhub BBox, got {bbox!r}. Make one with "
                    "BBox((west, south, east, north), CRS.UTM_33N)."
                )
        self._bbox = bbox

    @property
    def timestamps(self) -> list[datetime] | None:
        """The acquisitions, None for a patch without time."""
        return self._timestamps

    @timestamps.setter
    def timestamps(self, timestamps: Iterable[date | str] | None) -> None:
        self._timestamps = None if timestamps is None else parse_timestamps(timestamps)
        for features in self._features.values():
            features._set_timestamps(self._timestamps)

    def get_timestamps(self, message_on_failure: str = "This EOPatch does not contain timestamps.") -> list[datetime]:
        """Return the timestamps; raise TimestampsMissing (a RuntimeError) where there are none."""
        if self._timestamps is None:
            raise TimestampsMissing(message_on_failure)
        return self._timestamps

    def get_time_series(self, ref_date: datetime | None = None, scale_time: int = 1) -> np.ndarray[Any, Any] | None:
        """Return the times since a date, by default that of the first acquisition, as whole numbers.

        scale_time: the unit in seconds, for example 86400 for days. Returns None for a patch without dates.
        """
        if not self._timestamps:
            return None
        start = ref_date or self._timestamps[0]
        seconds = [(timestamp - start).total_seconds() for timestamp in self._timestamps]
        return np.asarray(np.round(np.array(seconds) / scale_time), dtype=np.int64)

    # --- features

    def __getitem__(self, key: Any) -> Any:
        """Return the features of a type, or one feature of it."""
        feature_type, name = _split(key)
        content = getattr(self, feature_type.value)
        return content if name is None else content[name]

    def __setitem__(self, key: Any, value: Any) -> None:
        """Replace the features of a type, or add or replace one of them."""
        feature_type, name = _split(key)
        if name is None:
            setattr(self, feature_type.value, value)
        else:
            getattr(self, feature_type.value)[name] = value

    def __delitem__(self, key: Any) -> None:
        """Remove all features of a type, or one of them."""
        feature_type, name = _split(key)
        if feature_type.value not in _DATA_TYPES:
            raise SettingTypeError(f"{feature_type} can't be deleted from an EOPatch.")
        if name is None:
            self._features.pop(feature_type.value, None)
        else:
            del self[feature_type][name]

    def __contains__(self, key: object) -> bool:
        """Whether there is a feature of a type, or a certain one."""
        if isinstance(key, FeatureType):
            return bool(getattr(self, key.value))
        if isinstance(key, tuple) and len(key) == 2:
            feature_type, _ = _split((key[0], None))
            return key[1] in getattr(self, feature_type.value)
        raise FeatureError(f"Can't look for {key!r} in an EOPatch: give a FeatureType or a tuple (FeatureType, name).")

    def get_features(self) -> list[Feature]:
        """Return (type, name) of each feature, in the order of the types."""
        return [(content.feature_type, name) for content in self._contents() for name in content]

    def get_spatial_dimension(self, feature_type: FeatureType, feature_name: str) -> tuple[int, int]:
        """Return the (height, width) in pixels of an image feature."""
        if not feature_type.is_image():
            raise FeatureError(
                f"Features of {feature_type} are not images, so {feature_name!r} has no height or width."
            )
        shape = self[feature_type][feature_name].shape
        return shape[-3], shape[-2]

    def _contents(self) -> list[_FeatureDict]:
        """Return the features of each type of which there are some, in the order of the types."""
        return [self._features[key] for key in _DATA_TYPES if self._features.get(key)]

    def _make_features(self, key: str, content: Mapping[str, Any]) -> _FeatureDict:
        features = feature_dict(_DATA_TYPES[key], content, self._timestamps)
        self._features[key] = features
        return features

    def __eq__(self, other: object) -> bool:
        """Whether places, times and all features are equal. Lazy features are loaded."""
        if type(self) is not type(other) or not isinstance(other, EOPatch):
            return False
        return (
            self._bbox == other._bbox
            and self._timestamps == other._timestamps
            and all(self[feature_type] == other[feature_type] for feature_type in _DATA_TYPES.values())
        )

    def __repr__(self) -> str:
        """Return the content in words, without loading."""
        from .eodata_repr import patch_repr

        return patch_repr(type(self).__name__, self._bbox, self._timestamps, self._contents(), MAX_DATA_REPR_LEN)

    def _repr_html_(self) -> str:
        """Return the content as a table for notebooks, without loading."""
        from .eodata_html import patch_html

        return patch_html(type(self).__name__, self._bbox, self._timestamps, self._contents())

    # --- copies and parts

    def copy(
        self,
        features: FeaturesSpecification = ...,
        deep: bool = False,
        copy_timestamps: bool | Literal["auto"] = "auto",
    ) -> EOPatch:
        """Return a new patch with the same place and the chosen features.

        features: which ones.
        deep: whether arrays and tables are copied too; otherwise both patches share them. Lazy ones are not loaded.
        copy_timestamps: "auto" copies them if all features are chosen, or at least one with a time axis.
        """
        if deep:
            return self.__deepcopy__(features=features, copy_timestamps=copy_timestamps)
        return self.__copy__(features=features, copy_timestamps=copy_timestamps)

    def __copy__(
        self, features: FeaturesSpecification = ..., copy_timestamps: bool | Literal["auto"] = "auto"
    ) -> EOPatch:
        """Return a patch that shares the features of this one, see :meth:`copy`."""
        return self._copied(features, copy_timestamps, None)

    def __deepcopy__(
        self,
        memo: dict[int, Any] | None = None,
        features: FeaturesSpecification = ...,
        copy_timestamps: bool | Literal["auto"] = "auto",
    ) -> EOPatch:
        """Return a patch that shares nothing with this one, see :meth:`copy`."""
        return self._copied(features, copy_timestamps, {} if memo is None else memo)

    def _copied(
        self, features: FeaturesSpecification, copy_timestamps: bool | Literal["auto"], memo: dict[int, Any] | None
    ) -> EOPatch:
        chosen = None if features is ... or not features else FeatureParser(features).get_features(self)
        if copy_timestamps == "auto":
            copy_timestamps = chosen is None or any(feature_type.is_temporal() for feature_type, _ in chosen)
        timestamps = self._timestamps.copy() if copy_timestamps and self._timestamps is not None else None

        patch = self._bare_copy(timestamps)
        for key, content in self._features.items():
            clone = content._clone(timestamps)
            if chosen is not None:
                clone._restrict([name for chosen_type, name in chosen if chosen_type.value == key])
            if not clone:
                continue
            patch._features[key] = clone if memo is None else clone._deep_clone(timestamps, memo)
            if timestamps is None and content._timestamps is not None:
                clone._set_timestamps(None)  # warns of time axes that lose their meaning
        return patch

    def _bare_copy(self, timestamps: list[datetime] | None) -> EOPatch:
        patch = object.__new__(type(self))
        patch._features = {}
        patch._timestamps = timestamps
        patch._bbox = copy.copy(self._bbox)
        return patch

    def temporal_subset(self, timestamps: TemporalSelectionSpec) -> EOPatch:
        """Return a new patch with some of the dates, in their original order.

        timestamps: positions (negative ones count from the end), dates (datetimes or strings; those that the patch
            doesn't have are ignored), a mask of booleans, or a function of the list of timestamps that returns one.

        Features with a time axis are cut and rows of temporal tables filtered; the others are shared. Raises
        TimestampsMissing (a RuntimeError) for a patch without timestamps.

        Example:
            >>> patch.temporal_subset(lambda timestamps: [timestamp.year == 2017 for timestamp in timestamps])
        """
        old = self.get_timestamps()
        indices = select_dates(old, timestamps)
        kept = [old[index] for index in indices]
        patch = self._bare_copy(kept)
        for key, content in self._features.items():
            clone = content._clone(kept)
            if isinstance(content, _TemporalArrayDict):
                clone._content = {name: self._dates_of(key, name, value, indices) for name, value in content.items()}
            elif key == "vector":
                clone._content = {name: rows[rows[TIMESTAMP_COLUMN].isin(kept)] for name, rows in content.items()}
            patch._features[key] = clone
        return patch

    def _dates_of(self, key: str, name: str, value: np.ndarray[Any, Any], indices: list[int]) -> np.ndarray[Any, Any]:
        if len(value) != len(self._timestamps or []):
            raise DataError(
                f"{_DATA_TYPES[key]} {name!r} of shape {value.shape} can't be cut by date: the EOPatch has "
                f"{len(self._timestamps or [])} timestamps."
            )
        return value[indices]

    # --- saving, loading, plotting

    def save(
        self,
        path: str | Path,
        features: FeaturesSpecification = ...,
        overwrite_permission: OverwritePermission | str | int = OverwritePermission.ADD_ONLY,
        filesystem: AbstractFileSystem | None = None,
        *,
        save_timestamps: bool | Literal["auto"] = "auto",
        use_zarr: bool = False,
        temporal_selection: SavedDates | None = None,
        compress_level: int | None = None,
    ) -> None:
        """Save the patch into a folder.

        path: the folder, a path or a URL that fsspec knows; relative to the filesystem where one is given.
        features: which ones.
        overwrite_permission: what may happen to features that are saved there already.
        filesystem: an fsspec filesystem.
        save_timestamps: "auto" saves them if all features are, or at least one with a time axis.
        use_zarr: whether arrays are saved as Zarr, of which parts can be read and written.
        temporal_selection: where the dates of this patch are among those of a saved one, whose other dates stay:
            positions, a slice, a mask, or "infer" to find them by the timestamps. This needs ``use_zarr``. "append"
            adds the dates to those of a saved patch, in whatever format it is.

        On a local disk the save is one transaction: after an error, or when the process is killed, the folder holds
        the old patch or the new one, whole.

        Example:
            >>> patch.save("patches/42", features=[FeatureType.DATA], overwrite_permission="OVERWRITE_FEATURES")
        """
        from .eodata_io import save_eopatch
        from .utils.fs import get_base_filesystem_and_path

        if compress_level is not None:
            warn_user("compress_level is deprecated and has no effect.", EODeprecationWarning)
        if filesystem is None:
            filesystem, path = get_base_filesystem_and_path(path)
        save_eopatch(
            self,
            filesystem,
            str(path),
            features=features,
            overwrite_permission=OverwritePermission(overwrite_permission),
            save_timestamps=save_timestamps,
            use_zarr=use_zarr,
            temporal_selection=temporal_selection,
        )

    @staticmethod
    def load(
        path: str | Path,
        features: FeaturesSpecification = ...,
        lazy_loading: bool = False,
        filesystem: AbstractFileSystem | None = None,
        *,
        load_timestamps: bool | Literal["auto"] = "auto",
        temporal_selection: LoadedDates | None = None,
        window: WindowSpec | None = None,
        bands: Mapping[Feature, Sequence[int]] | None = None,
    ) -> EOPatch:
        """Load a patch, or a part of it, from a folder.

        path, features, filesystem: as in :meth:`save`.
        lazy_loading: whether a feature is read only when it is first used.
        load_timestamps: "auto" loads them if all features are loaded, or at least one with a time axis.
        temporal_selection: which dates, in this order: positions, a slice, a mask, or a function of all timestamps.
            Arrays with a time axis must be Zarr; tables are loaded whole.
        window: a box in any CRS, of which all pixels are loaded that it touches, or rows and columns as two slices.
            The bounding box of the patch is that of these pixels; tables are loaded whole.
        bands: of which features only some bands are loaded, by their positions along the last axis.

        Of a Zarr array, only the chunks that the part lies in are read.

        Raises PathNotFound (a FileNotFoundError) for a folder that isn't there, FeatureNotStored (an OSError) for a
        feature that isn't in it, BrokenFile (an OSError) for files that can't be read, IndexOutOfRange (an IndexError
        and a ValueError) for a part that isn't there.

        Example:
            >>> EOPatch.load("patches/42", features=[(FeatureType.DATA, "BANDS")], lazy_loading=True)
            >>> EOPatch.load("patches/42", window=field, bands={(FeatureType.DATA, "BANDS"): [3, 7]})
        """
        from .eodata_io import load_eopatch_content
        from .storage.remote import in_threads, threads_for
        from .utils.fs import get_filesystem

        if filesystem is None:
            filesystem, path = get_filesystem(path, create=False), "/"
        bbox, timestamps, features_io = load_eopatch_content(
            filesystem,
            str(path),
            features=features,
            load_timestamps=load_timestamps,
            temporal_selection=temporal_selection,
            window=window,
            bands=bands,
        )
        patch = object.__new__(EOPatch)
        patch._features, patch._bbox, patch._timestamps = {}, bbox, timestamps
        for (feature_type, name), value in features_io.items():
            getattr(patch, feature_type.value)[name] = value
        if not lazy_loading:
            in_threads(threads_for(filesystem, str(path)), patch.__getitem__, features_io)
        return patch

    def plot(
        self,
        feature: Feature,
        *,
        times: list[int] | slice | None = None,
        channels: list[int] | slice | None = None,
        channel_names: list[str] | None = None,
        rgb: tuple[int, int, int] | None = None,
        backend: Any = "matplotlib",
        config: Any = None,
        **kwargs: Any,
    ) -> object:
        """Plot a feature. Needs :mod:`eolearn.visualization`, MissingExtra (a RuntimeError) where it is missing."""
        try:
            from eolearn.visualization.eopatch import plot_eopatch
        except ImportError as error:
            raise MissingExtra(
                f"EOPatch.plot needs eolearn.visualization: pip install 'eo-learn[VISUALIZATION]'. ({error})"
            ) from error
        return plot_eopatch(
            self,
            feature,
            times=times,
            channels=channels,
            channel_names=channel_names,
            rgb=rgb,
            backend=backend,
            config=config,
            **kwargs,
        )


def _split(key: Any) -> tuple[FeatureType, str | None]:
    """Return the type and the name that a key stands for, None for all of the type."""
    if isinstance(key, tuple):
        if len(key) != 2:
            raise FeatureError(f"Can't read {key!r} as a feature: give a FeatureType or a tuple (FeatureType, name).")
        feature_type, name = key
    else:
        feature_type, name = key, None
    if not isinstance(feature_type, FeatureType):
        with suppress(ValueError):
            feature_type = FeatureType(feature_type)
    if not isinstance(feature_type, FeatureType):
        raise FeatureError(f"{feature_type!r} is not a FeatureType, which are: {', '.join(_DATA_TYPES)}.")
    return feature_type, None if name is ... else name
