"""Types of features and of the ways to name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import EllipsisType

from .constants import FeatureType

Feature = tuple[FeatureType, str]
RenamedFeature = tuple[FeatureType, str, str]
SingleFeatureSpec = Feature | RenamedFeature

SequenceFeatureSpec = Sequence[SingleFeatureSpec | FeatureType | tuple[FeatureType, EllipsisType]]
DictFeatureSpec = dict[FeatureType, EllipsisType | Iterable[str | tuple[str, str]]]
MultiFeatureSpec = EllipsisType | FeatureType | tuple[FeatureType, EllipsisType] | SequenceFeatureSpec | DictFeatureSpec

FeaturesSpecification = SingleFeatureSpec | MultiFeatureSpec

__all__ = [
    "DictFeatureSpec",
    "EllipsisType",
    "Feature",
    "FeaturesSpecification",
    "MultiFeatureSpec",
    "RenamedFeature",
    "SequenceFeatureSpec",
    "SingleFeatureSpec",
]
