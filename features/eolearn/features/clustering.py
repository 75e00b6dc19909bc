"""A task that finds groups of neighbouring pixels that are alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from eolearn.core.types import FeaturesSpecification

_NO_CLUSTER = -1
_LINKAGES = ("ward", "complete", "average", "single")


class ClusteringTask(EOTask):
    """Joins pixels that lie side by side and are alike into clusters, by agglomerative clustering.

    features: of DATA_TIMELESS, whose bands taken together describe a pixel.
    new_feature_name: of the result in DATA_TIMELESS: the number of each pixel's cluster, from 0 up, as int64.
    distance_threshold, n_clusters: exactly one of them: clusters farther apart than this are not joined, or so many
        are left.
    affinity: how far two pixels are apart: "cosine", "euclidean", "l1", "l2", "manhattan", or a function.
    linkage: which distance two clusters have: "single", "complete", "average" or "ward" (with "euclidean").
    remove_small: clusters of fewer pixels are left out.
    connectivity: which pixels are neighbours, a sparse matrix with a row for each pixel that takes part; by default
        those that share an edge.
    mask_name: of a MASK_TIMELESS feature; pixels where it is zero don't take part.

    Pixels with a band that is NaN or infinite don't take part either. All that are left out have -1; the numbers of the
    others don't change. Where the pixels that take part don't hang together, scikit-learn warns and joins the parts.

    Example:
        >>> task = ClusteringTask((FeatureType.DATA_TIMELESS, "COMPOSITE"), "CLUSTERS", n_clusters=20, remove_small=5)
    """

    def __init__(
        self,
        features: FeaturesSpecification,
        new_feature_name: str,
        distance_threshold: float | None = None,
        n_clusters: int | None = None,
        affinity: str | Callable[..., Any] = "cosine",
        linkage: Literal["ward", "complete", "average", "single"] = "single",
        remove_small: int = 0,
        connectivity: Any = None,
        mask_name: str | None = None,
    ):
        self.features_parser = self.get_feature_parser(features, allowed_feature_types=[FeatureType.DATA_TIMELESS])
        if (distance_threshold is None) == (n_clusters is None):
            raise SettingError(
                f"Give either distance_threshold or n_clusters, got {distance_threshold=} and {n_clusters=}."
            )
        if linkage not in _LINKAGES:
            raise SettingError(f"linkage must be one of {', '.join(_LINKAGES)}, got {linkage!r}.")
        if linkage == "ward" and affinity != "euclidean":
            raise SettingError(f"The linkage 'ward' works with the affinity 'euclidean' only, got {affinity!r}.")
        self.new_feature_name = new_feature_name
        self.distance_threshold = distance_threshold
        self.n_clusters = n_clusters
        self.affinity = affinity
        self.linkage = linkage
        self.remove_small = remove_small
        self.connectivity = connectivity
        self.mask_name = mask_name
        self.compute_full_tree: Literal["auto"] | bool = "auto" if distance_threshold is None else True

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the numbers of the clusters and return the patch."""
        features = self.features_parser.get_features(eopatch)
        pixels = np.concatenate([eopatch[feature] for feature in features], axis=-1)
        chosen = np.isfinite(pixels).all(axis=-1)
        if self.mask_name is not None:
            chosen &= self._mask(eopatch, chosen.shape)
        clusters = np.full((*chosen.shape, 1), _NO_CLUSTER, np.int64)
        clusters[chosen, 0] = self._numbers(pixels[chosen], chosen)
        eopatch[FeatureType.DATA_TIMELESS, self.new_feature_name] = clusters
        return eopatch

    def _mask(self, eopatch: EOPatch, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        feature = (FeatureType.MASK_TIMELESS, self.mask_name)
        mask = eopatch[feature]
        if mask.shape != (*shape, 1):
            raise DataError(f"Mask {feature} of shape {mask.shape} doesn't fit features with {shape} pixels.")
        return np.asarray(mask[..., 0] != 0)

    def _numbers(self, pixels: NDArray[Any], chosen: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the cluster of each of the pixels, of shape (pixels, bands), which lie where ``chosen`` is True."""
        if len(pixels) <= 1:
            numbers = np.zeros(len(pixels), np.int64)
        else:
            from sklearn import config_context
            from sklearn.cluster import AgglomerativeClustering

            model = AgglomerativeClustering(
                n_clusters=self.n_clusters,
                distance_threshold=self.distance_threshold,
                metric=self.affinity,
                linkage=self.linkage,
                connectivity=self._graph(chosen),
                compute_full_tree=self.compute_full_tree,
            )
            with config_context(assume_finite=True):  # they are: others were left out
                numbers = model.fit_predict(pixels)
        return np.where(np.bincount(numbers)[numbers] < self.remove_small, _NO_CLUSTER, numbers)

    def _graph(self, chosen: NDArray[np.bool_]) -> Any:
        count = np.count_nonzero(chosen)
        if self.connectivity is None:
            from sklearn.feature_extraction.image import grid_to_graph

            return grid_to_graph(*chosen.shape, mask=None if chosen.all() else chosen)
        shape = getattr(self.connectivity, "shape", None)
        if shape is not None and shape != (count, count):
            raise DataError(f"connectivity of shape {shape} doesn't fit {count} pixels that take part.")
        return self.connectivity
