"""The distribution of values as T-digests, from which any quantile can be asked later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, MissingExtra, SettingError
from eolearn.core.utils.parsing import FeatureParser

from ._kernels.centroids import centroids

if TYPE_CHECKING:
    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import FeaturesSpecification

Mode: TypeAlias = Literal["standard", "timewise", "monthly", "total"]
DigestFunction: TypeAlias = Callable[
    [NDArray[Any], Sequence[datetime] | None, tuple[int, ...], bool, bool], NDArray[np.object_]
]

_INPUTS = [FeatureType.DATA, FeatureType.MASK, FeatureType.DATA_TIMELESS, FeatureType.MASK_TIMELESS]
_OUTPUTS = {  # by mode, and whether there is a digest for each pixel
    ("standard", False): FeatureType.SCALAR_TIMELESS,
    ("standard", True): FeatureType.DATA_TIMELESS,
    ("timewise", False): FeatureType.SCALAR,
    ("timewise", True): FeatureType.DATA,
    ("monthly", False): FeatureType.SCALAR,
    ("monthly", True): FeatureType.DATA,
    ("total", False): FeatureType.SCALAR_TIMELESS,
}


class TDigestTask(EOTask):
    """Makes T-digests of the values of images: small objects that answer for any quantile, and can be added up.

    in_feature, out_feature: one or several, as many of the one as of the other. Images go in, with dates or timeless;
        arrays of ``tdigest.TDigest`` come out.
    mode: which values go into one digest, and so the type and shape of the result:

        ========== =============================== ============================== ===========================
        mode       values                          result                         result with pixelwise
        ========== =============================== ============================== ===========================
        "standard" of a band                       (d,), SCALAR_TIMELESS          (h, w, d), DATA_TIMELESS
        "timewise" of a band and a date            (t, d), SCALAR                 (t, h, w, d), DATA
        "monthly"  of a band and a month           (12, d), SCALAR                (12, h, w, d), DATA
        "total"    all                             (1,), SCALAR_TIMELESS          refused
        ========== =============================== ============================== ===========================

        Or a function of (array, timestamps, shape, pixelwise, filternan) that returns the array of an output feature of
        any array type.
    pixelwise: whether each pixel has a digest of its own. Each takes about half a millisecond.
    filternan: whether NaN is left out. A digest of nothing has n = 0.

    A digest holds at most about 160 clusters of values, and each value itself if there are few. Of few
    values, quantiles are those of ``numpy.quantile(..., method="hazen")``, but for what the package extrapolates within
    half a value of the ends. Months without a date have empty digests; in
    a patch of other than 12 dates, "monthly" leads to a TemporalDimensionWarning. Digests are Python objects and can't
    be saved as features: ``digest.to_dict()`` goes into META_INFO.

    Raises SettingError (a ValueError) for an unknown mode, numbers of features that differ, and "total" with pixelwise;
    FeatureError for types of features that don't fit; on execution MissingExtra without the package tdigest, DataError
    for NaN without filternan and for infinite values, TimestampsMissing for "monthly" of a patch without dates.

    Example:
        >>> task = TDigestTask((FeatureType.DATA, "NDVI"), (FeatureType.SCALAR_TIMELESS, "DIGEST"), filternan=True)
        >>> digest = task(eopatch)[FeatureType.SCALAR_TIMELESS, "DIGEST"][0]
        >>> median = digest.percentile(50)
    """

    def __init__(
        self,
        in_feature: FeaturesSpecification,
        out_feature: FeaturesSpecification,
        mode: Mode | DigestFunction = "standard",
        pixelwise: bool = False,
        filternan: bool = False,
    ):
        if not callable(mode) and mode not in get_args(Mode):
            raise SettingError(f"mode must be a function or one of {', '.join(get_args(Mode))}, got {mode!r}.")
        if mode == "total" and pixelwise:
            raise SettingError('mode "total" makes one digest of all values: it can\'t be pixelwise.')
        inputs = [FeatureType.DATA, FeatureType.MASK] if mode in ("timewise", "monthly") else _INPUTS
        outputs = FeatureType.is_array if callable(mode) else [_OUTPUTS[mode, pixelwise]]
        self.in_feature = FeatureParser(in_feature, inputs).get_features()
        self.out_feature = FeatureParser(out_feature, outputs).get_features()
        if len(self.in_feature) != len(self.out_feature):
            raise SettingError(
                f"Each input needs an output feature, but there are {len(self.in_feature)} and {len(self.out_feature)}."
            )
        self.mode = mode
        self.pixelwise = pixelwise
        self.filternan = filternan

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Add the digests to the patch."""
        results = []
        for feature in self.in_feature:
            try:
                results.append(self._digests(eopatch[feature], eopatch))
            except DataError as error:
                raise DataError(f"{feature}: {error}") from error
        for feature, result in zip(self.out_feature, results, strict=True):
            eopatch[feature] = result
        return eopatch

    def _digests(self, array: NDArray[Any], eopatch: EOPatch) -> NDArray[np.object_]:
        if callable(self.mode):
            return self.mode(array, eopatch.timestamps, array.shape, self.pixelwise, self.filternan)
        if self.mode == "total":
            return self._reduced(array.reshape(1, -1), axis=1)
        if self.mode == "timewise":
            return self._reduced(array, axis=() if self.pixelwise else (1, 2))
        if self.mode == "monthly":
            missing = 'mode "monthly" needs the timestamps of the EOPatch, which has none.'
            months = np.array([time.month for time in eopatch.get_timestamps(missing)])
            axis = 0 if self.pixelwise else (0, 1, 2)
            return np.stack([self._reduced(array[months == month], axis=axis) for month in range(1, 13)])
        dates = tuple(range(array.ndim - 3))
        return self._reduced(array, axis=dates if self.pixelwise else tuple(range(array.ndim - 1)))

    def _reduced(self, array: NDArray[Any], axis: int | tuple[int, ...]) -> NDArray[np.object_]:
        """Return the digests of the values along some axes, in an array of the others."""
        reduced = (axis,) if isinstance(axis, int) else axis
        kept = [position for position in range(array.ndim) if position not in reduced]
        shape = tuple(array.shape[position] for position in kept)
        result = np.empty(shape, dtype=object)
        rows = array.transpose(*kept, *reduced).reshape(*shape, -1) if array.size else np.empty((*shape, 0))
        for place in np.ndindex(shape):
            result[place] = _digest(rows[place], self.filternan)
        return result


def _digest(values: NDArray[Any], filternan: bool) -> Any:
    """Return the digest of values, clustered all at once: much faster than one after another, and without chance."""
    package = _package()
    values = values.astype(np.float64)
    if filternan:
        values = values[~np.isnan(values)]
    if not np.isfinite(values).all():
        raise DataError(
            f"{np.count_nonzero(~np.isfinite(values))} of {len(values)} values of a digest are NaN or infinite. "
            "filternan=True leaves NaN out; replace infinite ones."
        )
    digest = package.TDigest()
    for mean, count in zip(*(part.tolist() for part in centroids(values, digest.delta)), strict=True):
        digest.C.insert(mean, package.Centroid(mean, count))
    digest.n = len(values)
    return digest


def _package() -> Any:
    try:
        import tdigest.tdigest
    except ImportError as error:
        raise MissingExtra("T-digests need the package tdigest: pip install 'eo-learn-ml-tools[tdigest]'") from error
    return tdigest.tdigest
