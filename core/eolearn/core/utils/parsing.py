"""The one place that understands the many ways to name features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any, Protocol, TypeAlias

from ..constants import FeatureType
from ..exceptions import FeatureError, FeatureMissing
from ..types import EllipsisType, Feature, FeaturesSpecification, RenamedFeature

AllowedFeatureTypes: TypeAlias = EllipsisType | Iterable[FeatureType] | Callable[[FeatureType], bool]
_Request: TypeAlias = tuple[FeatureType, str | None, str | None]  # type, name, new name; None: all of the type


class HasFeatures(Protocol):
    """What the parser needs of an EOPatch: its features, by type, without loading them."""

    def __getitem__(self, feature_type: Any, /) -> Any:
        """Return the mapping of names to features of a type."""


_FORMS = (
    "Features are named as (FeatureType.DATA, 'BANDS'), as (FeatureType.DATA, 'OLD', 'NEW'), as FeatureType.DATA for "
    "all of a type, as a list of such, as {FeatureType.DATA: ['BANDS', ('OLD', 'NEW')]}, or as ... for all."
)


class FeatureParser:
    """Turns any way to name features into a list of them.

    ========================================== ============================================================
    specification                              features
    ========================================== ============================================================
    ``...``                                    all
    ``FeatureType.DATA``                       all of the type
    ``(FeatureType.DATA, "BANDS")``            one
    ``(FeatureType.DATA, "BANDS", "NEW")``     one, with a new name for the result
    ``[(FeatureType.DATA, "BANDS"), ...]``     several, each as above
    ``{FeatureType.DATA: ["A", ("B", "C")]}``  several, one of them with a new name; None or ``...`` for all
    ========================================== ============================================================

    A type may be given by its value, as in ``("data", "BANDS")``.

    features: the specification.
    allowed_feature_types: the types that may occur, or a function that tells of a type whether it may.

    Raises FeatureError (a ValueError) for anything else.

    Example:
        >>> FeatureParser({FeatureType.DATA: ["B04", ("B08", "NIR")]}).get_renamed_features()[1]
        (<FeatureType.DATA: 'data'>, 'B08', 'NIR')
    """

    def __init__(self, features: FeaturesSpecification, allowed_feature_types: AllowedFeatureTypes = ...):
        self.allowed_feature_types = _allowed_types(allowed_feature_types)
        self._requests = self._parse(features)

    def get_feature_specifications(self) -> list[tuple[FeatureType, str | EllipsisType]]:
        """Return (type, name) for each requested feature, (type, ...) where all of a type are requested."""
        return [(feature_type, ... if name is None else name) for feature_type, name, _ in self._requests]

    def get_features(self, eopatch: HasFeatures | None = None) -> list[Feature]:
        """Return (type, name) of each feature.

        With an EOPatch, requests for all features of a type become those that it has, and a named one that it has not
        raises FeatureMissing. Without, only named ones can be returned.
        """
        return [(feature_type, name) for feature_type, name, _ in self.get_renamed_features(eopatch)]

    def get_renamed_features(self, eopatch: HasFeatures | None = None) -> list[RenamedFeature]:
        """Return (type, name, new name) of each feature, as :meth:`get_features`."""
        if eopatch is None:
            return list(starmap(_named, self._requests))
        found: list[RenamedFeature] = []
        for feature_type, name, new_name in self._requests:
            if name is None:
                found.extend((feature_type, present, present) for present in eopatch[feature_type])
            else:
                _check_present(eopatch, feature_type, name)
                found.append((feature_type, name, new_name or name))
        return found

    def _parse(self, features: Any) -> list[_Request]:
        if features is ...:
            return [(feature_type, None, None) for feature_type in sorted(self.allowed_feature_types, key=_value)]
        if isinstance(features, FeatureType):
            return [(features, None, None)]
        if isinstance(features, Mapping):
            return [request for item in features.items() for request in self._parse_mapping_item(*item)]
        if isinstance(features, Sequence) and not isinstance(features, str):
            return self._parse_sequence(features)
        raise FeatureError(f"Can't read {features!r} as a specification of features. {_FORMS}")

    def _parse_mapping_item(self, feature_type: Any, names: Any) -> list[_Request]:
        feature_type = self._parse_type(feature_type)
        if names is None or names is ...:
            return [(feature_type, None, None)]
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, Sequence):
            raise FeatureError(f"Names of features of {feature_type} must be a list, got {names!r}. {_FORMS}")
        return [(feature_type, *_parse_name(name)) for name in names]

    def _parse_sequence(self, features: Sequence[Any]) -> list[_Request]:
        if len(features) in (2, 3):
            try:
                return [self._parse_single(features)]
            except FeatureError as error:
                if any(isinstance(item, str) for item in features):  # a single feature was meant, say what is wrong
                    raise
                reason = error
            try:
                return [self._parse_item(item) for item in features]
            except FeatureError as error:
                raise error from reason
        return [self._parse_item(item) for item in features]

    def _parse_item(self, item: Any) -> _Request:
        if isinstance(item, FeatureType):
            return self._parse_type(item), None, None
        if isinstance(item, (tuple, list)) and len(item) in (2, 3):
            return self._parse_single(item)
        raise FeatureError(f"Can't read {item!r} as a feature. {_FORMS}")

    def _parse_single(self, item: Sequence[Any]) -> _Request:
        feature_type, *names = item
        parsed_type = self._parse_type(feature_type)
        if names in ([...], [None]):
            return parsed_type, None, None
        return parsed_type, *_parse_name(names[0] if len(names) == 1 else names)

    def _parse_type(self, feature_type: Any) -> FeatureType:
        try:
            parsed: FeatureType = FeatureType(feature_type)
        except ValueError:
            raise FeatureError(f"{feature_type!r} is not a FeatureType. {_FORMS}") from None
        if parsed not in self.allowed_feature_types:
            allowed = sorted(map(_value, self.allowed_feature_types))
            raise FeatureError(f"Features of {parsed} can't be used here, only features of {', '.join(allowed)}.")
        return parsed


def feature_missing(feature_type: FeatureType, name: object, present: Iterable[str]) -> FeatureMissing:
    """Return the error for a feature that an EOPatch doesn't have, given the names of those of its type."""
    names = ", ".join(map(repr, present)) or "none"
    return FeatureMissing(f"The EOPatch has no {feature_type} named {name!r}. Those of this type: {names}.")


def _value(feature_type: FeatureType) -> str:
    return str(feature_type.value)


def _allowed_types(allowed: AllowedFeatureTypes) -> set[FeatureType]:
    if allowed is ...:
        types = set(FeatureType)
    elif callable(allowed):
        types = set(filter(allowed, FeatureType))
    else:
        types = set(allowed)
    return {feature_type for feature_type in types if feature_type.value not in ("bbox", "timestamps")}


def _parse_name(name: Any) -> tuple[str, str]:
    if isinstance(name, str):
        return name, name
    if isinstance(name, (tuple, list)) and len(name) == 2 and all(isinstance(part, str) for part in name):
        return name[0], name[1]
    raise FeatureError(f"The name of a feature must be a string, or a pair of old and new name, got {name!r}.")


def _named(feature_type: FeatureType, name: str | None, new_name: str | None) -> RenamedFeature:
    if name is None:
        raise FeatureError(f"All features of {feature_type} are requested, which needs an EOPatch to say which.")
    return feature_type, name, new_name or name


def _check_present(eopatch: HasFeatures, feature_type: FeatureType, name: str) -> None:
    if name not in eopatch[feature_type]:
        raise feature_missing(feature_type, name, eopatch[feature_type])


def parse_feature(
    feature: FeaturesSpecification,
    eopatch: HasFeatures | None = None,
    allowed_feature_types: AllowedFeatureTypes = ...,
) -> Feature:
    """Parse a specification of exactly one feature into (type, name); FeatureError if it is another number."""
    return parse_renamed_feature(feature, eopatch, allowed_feature_types)[:2]


def parse_renamed_feature(
    feature: FeaturesSpecification,
    eopatch: HasFeatures | None = None,
    allowed_feature_types: AllowedFeatureTypes = ...,
) -> RenamedFeature:
    """Parse a specification of exactly one feature into (type, name, new name)."""
    features = FeatureParser([feature], allowed_feature_types).get_renamed_features(eopatch)  # type: ignore[list-item]
    if len(features) != 1:
        raise FeatureError(f"Exactly one feature is needed, but {feature!r} stands for {len(features)}: {features}.")
    return features[0]


def parse_features(
    features: FeaturesSpecification,
    eopatch: HasFeatures | None = None,
    allowed_feature_types: AllowedFeatureTypes = ...,
) -> list[Feature]:
    """Parse a specification into a list of (type, name)."""
    return FeatureParser(features, allowed_feature_types).get_features(eopatch)


def parse_renamed_features(
    features: FeaturesSpecification,
    eopatch: HasFeatures | None = None,
    allowed_feature_types: AllowedFeatureTypes = ...,
) -> list[RenamedFeature]:
    """Parse a specification into a list of (type, name, new name)."""
    return FeatureParser(features, allowed_feature_types).get_renamed_features(eopatch)
