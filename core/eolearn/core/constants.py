"""The types of features, and the permissions to overwrite saved ones."""

from __future__ import annotations

from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any

from .exceptions import EODeprecationWarning, SettingError, warn_user

if TYPE_CHECKING:
    from sentinelhub import MimeType

TIMESTAMP_COLUMN = "TIMESTAMP"  # of vector tables: the acquisition that a row belongs to
FEATURETYPE_DEPRECATION_MSG = "FeatureType.{} is deprecated, use the attribute `{}` of the EOPatch instead."

_REPLACED_MEMBERS = {"BBOX": "bbox", "TIMESTAMPS": "timestamps", "TIMESTAMP": "timestamps"}
_REPLACED_VALUES = {"bbox": "BBOX", "timestamps": "TIMESTAMPS", "timestamp": "TIMESTAMP"}

_NDIM = {
    "data": 4,
    "mask": 4,
    "scalar": 2,
    "label": 2,
    "data_timeless": 3,
    "mask_timeless": 3,
    "scalar_timeless": 1,
    "label_timeless": 1,
}
_TEMPORAL = frozenset({"data", "mask", "scalar", "label", "vector", "timestamps"})
_SPATIAL = frozenset({"data", "mask", "vector", "data_timeless", "mask_timeless", "vector_timeless"})
_DISCRETE = frozenset({"mask", "label", "mask_timeless", "label_timeless"})
_VECTOR = frozenset({"vector", "vector_timeless"})
_META = frozenset({"meta_info", "bbox", "timestamps"})


def _warn(message: str) -> None:
    warn_user(message, EODeprecationWarning)


class EnumWithDeprecations(EnumMeta):
    """Warns when a member of :class:`FeatureType` is used that became an attribute of the EOPatch."""

    def __getattribute__(cls, name: str) -> Any:
        """Return a class attribute, with a warning for the replaced members."""
        if name in _REPLACED_MEMBERS:
            _warn(FEATURETYPE_DEPRECATION_MSG.format(name, _REPLACED_MEMBERS[name]))
            name = "TIMESTAMPS" if name == "TIMESTAMP" else name
        return super().__getattribute__(name)

    def __getitem__(cls, name: str) -> Any:
        """Return a member by its name, with a warning for the replaced ones."""
        if name in _REPLACED_MEMBERS:
            _warn(FEATURETYPE_DEPRECATION_MSG.format(name, _REPLACED_MEMBERS[name]))
            name = "TIMESTAMPS" if name == "TIMESTAMP" else name
        return super().__getitem__(name)

    def __call__(cls, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a member by its value, with a warning for the replaced ones."""
        if isinstance(value, str) and value in _REPLACED_VALUES:
            name = _REPLACED_VALUES[value]
            _warn(FEATURETYPE_DEPRECATION_MSG.format(name, _REPLACED_MEMBERS[name]))
            value = "timestamps" if value == "timestamp" else value
        return super().__call__(value, *args, **kwargs)


class FeatureType(Enum, metaclass=EnumWithDeprecations):
    """What kind of thing a feature is, which fixes its axes.

    ======================  ============================  =======================================
    type                    axes                          for example
    ======================  ============================  =======================================
    ``DATA``                time, height, width, band     reflectances, indices
    ``MASK``                time, height, width, band     clouds, valid pixels; integer or bool
    ``SCALAR``              time, value                   cloud coverage of each date
    ``LABEL``               time, value                   classes of each date; integer or bool
    ``VECTOR``              table with TIMESTAMP column   cloud outlines
    ``DATA_TIMELESS``       height, width, band           elevation
    ``MASK_TIMELESS``       height, width, band           land use; integer or bool
    ``SCALAR_TIMELESS``     value                         statistics of the place
    ``LABEL_TIMELESS``      value                         classes of the place; integer or bool
    ``VECTOR_TIMELESS``     table                         parcels
    ``META_INFO``           anything                      how the data were made
    ======================  ============================  =======================================

    ``BBOX`` and ``TIMESTAMPS`` are old names of two attributes of the EOPatch, and warn when they are used.
    """

    DATA = "data"
    MASK = "mask"
    SCALAR = "scalar"
    LABEL = "label"
    VECTOR = "vector"
    DATA_TIMELESS = "data_timeless"
    MASK_TIMELESS = "mask_timeless"
    SCALAR_TIMELESS = "scalar_timeless"
    LABEL_TIMELESS = "label_timeless"
    VECTOR_TIMELESS = "vector_timeless"
    META_INFO = "meta_info"
    BBOX = "bbox"
    TIMESTAMPS = "timestamps"

    @classmethod
    def has_value(cls, value: str) -> bool:
        """Whether a type has this value."""
        return value in cls._value2member_map_

    def is_spatial(self) -> bool:
        """Whether features of this type have a place for each value."""
        return self.value in _SPATIAL

    def is_temporal(self) -> bool:
        """Whether features of this type have a time for each value."""
        return self.value in _TEMPORAL

    def is_timeless(self) -> bool:
        """Whether features of this type have no time."""
        return self.value not in _TEMPORAL and self.value not in _META

    def is_discrete(self) -> bool:
        """Whether values of this type must be integer or bool."""
        return self.value in _DISCRETE

    def is_meta(self) -> bool:
        """Whether this type describes the patch instead of the place."""
        return self.value in _META

    def is_vector(self) -> bool:
        """Whether features of this type are tables of geometries."""
        return self.value in _VECTOR

    def is_array(self) -> bool:
        """Whether features of this type are numpy arrays."""
        return self.value in _NDIM

    def is_image(self) -> bool:
        """Whether features of this type are arrays with rows and columns."""
        return self.value in _NDIM and self.value in _SPATIAL

    def ndim(self) -> int | None:
        """Return the number of axes of an array of this type, None for types without arrays."""
        return _NDIM.get(self.value)

    def is_raster(self) -> bool:
        """Old name of :meth:`is_array`."""
        _warn("FeatureType.is_raster is deprecated, use FeatureType.is_array instead.")
        return self.is_array()

    def contains_ndarrays(self) -> bool:
        """Old name of :meth:`is_array`."""
        _warn("FeatureType.contains_ndarrays is deprecated, use FeatureType.is_array instead.")
        return self.is_array()

    def has_dict(self) -> bool:
        """Whether the EOPatch holds a mapping for this type."""
        _warn("FeatureType.has_dict is deprecated: every type but the bounding box and the timestamps has a mapping.")
        return self.value not in ("bbox", "timestamps")

    def type(self) -> type:
        """Return the type of the attribute of the EOPatch."""
        _warn("FeatureType.type is deprecated.")
        if self.value == "bbox":
            from sentinelhub import BBox

            return BBox
        return list if self.value == "timestamps" else dict

    def file_format(self) -> MimeType:
        """Return the format that features of this type are saved in."""
        _warn("FeatureType.file_format is deprecated.")
        from sentinelhub import MimeType

        if self.is_array():
            return MimeType.NPY
        if self.is_vector():
            return MimeType.GPKG
        return MimeType.GEOJSON if self.value == "bbox" else MimeType.JSON


_OVERWRITE_PATCH_MESSAGE = (
    "OverwritePermission.OVERWRITE_PATCH is deprecated: it deletes whatever lies in the folder. Delete the folder "
    "yourself, or use OverwritePermission.OVERWRITE_FEATURES."
)


class PermissionsWithDeprecations(EnumMeta):
    """Warns when ``OVERWRITE_PATCH`` is used."""

    def __getattribute__(cls, name: str) -> Any:
        """Return a class attribute, with a warning for OVERWRITE_PATCH."""
        if name == "OVERWRITE_PATCH":
            _warn(_OVERWRITE_PATCH_MESSAGE)
        return super().__getattribute__(name)

    def __getitem__(cls, name: str) -> Any:
        """Return a member by its name, with a warning for OVERWRITE_PATCH."""
        if name == "OVERWRITE_PATCH":
            _warn(_OVERWRITE_PATCH_MESSAGE)
        return super().__getitem__(name)

    def __call__(cls, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Return a member by its value, written in any case, or by its old number."""
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(cls._member_names_):
            _warn("OverwritePermission given as a number is deprecated, name it instead.")
            value = cls._member_names_[value]
        if isinstance(value, str):
            value = value.upper()
            if value == "OVERWRITE_PATCH":
                _warn(_OVERWRITE_PATCH_MESSAGE)
        return super().__call__(value, *args, **kwargs)


class OverwritePermission(Enum, metaclass=PermissionsWithDeprecations):
    """What saving may do to the features that are saved already.

    ``ADD_ONLY`` refuses to touch them, ``OVERWRITE_FEATURES`` replaces those that are saved again, and the deprecated
    ``OVERWRITE_PATCH`` deletes the folder first.
    """

    ADD_ONLY = "ADD_ONLY"
    OVERWRITE_FEATURES = "OVERWRITE_FEATURES"
    OVERWRITE_PATCH = "OVERWRITE_PATCH"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise SettingError(f"{value!r} is not an OverwritePermission, which are: {', '.join(cls._member_names_)}.")
