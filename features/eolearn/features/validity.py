"""Which observations of a feature may be used, according to masks of an EOPatch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError
from eolearn.core.types import Feature, FeaturesSpecification
from eolearn.core.utils.parsing import FeatureParser

_MASK_TYPES = (FeatureType.MASK, FeatureType.MASK_TIMELESS, FeatureType.LABEL)


def mask_parser(features: FeaturesSpecification | None) -> FeatureParser | None:
    """Return the parser of masks that say which observations count, None for none.

    Raises FeatureError (a ValueError) for features of other types than MASK, MASK_TIMELESS and LABEL.
    """
    return None if features is None else FeatureParser(features, allowed_feature_types=_MASK_TYPES)


def valid_by(parser: FeatureParser | None, eopatch: EOPatch, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return where the masks of a parser are not zero, as :func:`valid_observations` does."""
    return valid_observations(eopatch, parser.get_features(eopatch) if parser else [], shape)


def valid_observations(eopatch: EOPatch, masks: Iterable[Feature], shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
    """Return where all masks are not zero, None if there is no mask.

    masks: features of MASK, MASK_TIMELESS (which holds at all dates) or LABEL (which holds for whole frames). One with
        as many bands as the data counts band by band, of any other the first band counts.
    shape: of the data, (dates, height, width, bands).

    The result is of shape (dates, height, width, 1), or of the shape of the data if a mask counts band by band. Raises
    DataError for a mask that doesn't fit the data.
    """
    valid: NDArray[np.bool_] | None = None
    for feature in masks:
        mask = _as_four_axes(eopatch[feature], feature, shape)
        valid = mask if valid is None else valid & mask
    return None if valid is None else np.broadcast_to(valid, (*shape[:3], valid.shape[-1]))


def _as_four_axes(mask: NDArray[Any], feature: Feature, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    dates, height, width, bands = shape
    needed = {
        FeatureType.MASK: (dates, height, width),
        FeatureType.MASK_TIMELESS: (height, width),
        FeatureType.LABEL: (dates,),
    }[feature[0]]
    if mask.shape[:-1] != needed or mask.shape[-1] == 0:
        raise DataError(
            f"Mask {feature} of shape {mask.shape} doesn't fit data of shape {shape}: it must have the shape "
            f"{needed} and a last axis of at least one band."
        )
    if mask.shape[-1] != bands:
        mask = mask[..., :1]
    mask = mask.astype(bool, copy=False)
    if feature[0] is FeatureType.LABEL:
        return mask[:, None, None, :]
    return mask if feature[0] is FeatureType.MASK else mask[None]
