"""Local binary patterns: which of the pixels around are brighter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import SettingError

from ._kernels.local_binary_pattern import local_binary_pattern
from .images import Place, over_images, real_stack

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification


class LocalBinaryPatternTask(EOTask):
    """Computes local binary patterns of each date and band: textures that don't depend on brightness and direction.

    feature: DATA or DATA_TIMELESS features, with new names for the results if they have some.
    nb_points: number of points on a circle around each pixel, which are compared with it.
    radius: of the circle, in pixels.

    A pattern is the number of points that are at least as bright as the pixel, from 0 to ``nb_points``, if these lie
    side by side, and else ``nb_points + 1``. So there are only a few values, which tell of spots, edges, corners and
    flat surfaces. It is customary to count them in a window. Results are float64 and of the shape of the feature, and
    NaN where the pixel or one of the points has no data. The image is taken to be 0 beyond its edges.

    They equal ``skimage.feature.local_binary_pattern`` with the method "uniform", except where a point is just as
    bright as the pixel: here it counts as bright, while there rounding decides.

    Source: T. Ojala, M. Pietikäinen and T. Mäenpää, Multiresolution Gray-Scale and Rotation Invariant Texture
    Classification with Local Binary Patterns, IEEE Transactions on Pattern Analysis and Machine Intelligence 24(7),
    2002, doi:10.1109/TPAMI.2002.1017623.

    Example:
        >>> task = LocalBinaryPatternTask((FeatureType.DATA, "NDVI", "NDVI_LBP"), nb_points=8, radius=1)
    """

    def __init__(self, feature: FeaturesSpecification, nb_points: int = 24, radius: float = 3):
        self.feature_parser = self.get_feature_parser(feature, (FeatureType.DATA, FeatureType.DATA_TIMELESS))
        if nb_points < 1 or radius < 1:
            raise SettingError(f"nb_points and radius must be at least 1, got {nb_points} and {radius}.")
        self.nb_points = nb_points
        self.radius = radius

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the patterns of each feature."""
        for feature_type, name, new_name in self.feature_parser.get_renamed_features(eopatch):
            data = eopatch[feature_type, name]
            stack = real_stack(data, name)
            result = np.empty(stack.shape)

            def fill(image: NDArray[np.float64], place: Place, result: NDArray[np.float64] = result) -> None:
                result[place] = local_binary_pattern(image, self.nb_points, self.radius)

            over_images(fill, stack)
            eopatch[feature_type, new_name] = result.reshape(data.shape)
        return eopatch
