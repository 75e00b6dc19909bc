"""Registration of each date with the next one, as eo-learn did it up to 1.3.

Errors add up along the series, nothing is checked, and a wrong date misleads all before it: use
:class:`.CoregistrationTask`. The class ``ECCRegistrationTask`` here is the old one; that of 1.5 is in
``eolearn.coregistration``.
"""

from __future__ import annotations

from abc import abstractmethod
from enum import Enum
from typing import Any, ClassVar, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, IndexOutOfRange, SettingError, warn_user
from eolearn.core.types import Feature, FeaturesSpecification

from ._kernels.ecc import estimate_warp, masked_image
from ._kernels.gradient import get_gradient
from ._kernels.motion import consensus
from ._kernels.move import Interpolation, move_image
from ._kernels.points import grey_image, matching_points
from .estimators import PhaseCorrelation
from .transforms import Transform

MAX_TRANSLATION = 20.0
"""Pixels."""
MAX_ROTATION = np.pi / 9

Mask = NDArray[Any] | None


class InterpolationType(Enum):
    """How values between pixels are made."""

    NEAREST = 0
    LINEAR = 1
    CUBIC = 3


class RegistrationTask(EOTask):
    """Moves each date of a series onto the next one, from the last one backwards. The base of three methods.

    registration_feature: DATA whose dates are compared. channel: the band.
    valid_mask_feature: MASK, not 0 where it may be used.
    apply_to_features: DATA and MASK that are moved, by default the registration feature and the mask.
    interpolation_type: for DATA. MASK take the nearest pixel.
    params: of the method, by the names in its ``DEFAULTS``.

    A method defines :meth:`register`. A transform of more than 20 pixels or 20 degrees is not believed: the date stays
    as it is, with an EORuntimeWarning.
    """

    DEFAULTS: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        registration_feature: Feature,
        channel: int = 0,
        valid_mask_feature: Feature | None = None,
        apply_to_features: FeaturesSpecification = ...,
        interpolation_type: InterpolationType = InterpolationType.CUBIC,
        **params: Any,
    ):
        self.registration_feature = self.parse_feature(registration_feature, None, [FeatureType.DATA])
        self.channel = channel
        self.valid_mask_feature = valid_mask_feature and self.parse_feature(
            valid_mask_feature, None, [FeatureType.MASK]
        )
        if apply_to_features is ...:
            wanted = [self.registration_feature, self.valid_mask_feature]
            apply_to_features = [feature for feature in wanted if feature]
        self.apply_features_parser = self.get_feature_parser(apply_to_features, [FeatureType.DATA, FeatureType.MASK])
        self.interpolation_type = InterpolationType(interpolation_type)
        self.params = self.DEFAULTS | params
        self.check_params()

    @abstractmethod
    def register(self, src: NDArray[Any], trg: NDArray[Any], trg_mask: Mask = None, src_mask: Mask = None) -> Any:
        """Return the matrix (2, 3), or (3, 3), from pixels of ``src`` to the same places in ``trg``.

        src, trg: gradients, shape (height, width). src_mask, trg_mask: same shape, not 0 where they may be used.
        """

    def check_params(self) -> None:
        """Raise SettingError (a ValueError) for parameters that the method doesn't have."""
        if unknown := self.params.keys() - self.DEFAULTS.keys():
            raise SettingError(
                f"{type(self).__name__} has no parameters {sorted(unknown)}: it has {sorted(self.DEFAULTS)}."
            )

    def get_params(self) -> dict[str, Any]:
        """Return the parameters of the method, and their values."""
        return dict(self.params)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return a deep copy of the patch, with the moved features."""
        data = eopatch[self.registration_feature]
        if not -data.shape[-1] <= self.channel < data.shape[-1]:
            raise IndexOutOfRange(f"{self.registration_feature} of shape {data.shape} has no channel {self.channel}.")
        features = self.apply_features_parser.get_features(eopatch)
        masks = None if self.valid_mask_feature is None else eopatch[self.valid_mask_feature]
        for feature in [*features, *([self.valid_mask_feature] if self.valid_mask_feature else [])]:
            if eopatch[feature].shape[:3] != data.shape[:3]:
                raise DataError(
                    f"{feature} of shape {eopatch[feature].shape} doesn't fit {self.registration_feature} of "
                    f"{data.shape}."
                )
        result = eopatch.copy(deep=True)
        matrices = self._matrices(data[..., self.channel], None if masks is None else masks[..., 0])
        for feature in features:
            flag = InterpolationType.NEAREST if feature[0].is_discrete() else self.interpolation_type
            for date, matrix in enumerate(matrices):
                result[feature][date] = self.warp(matrix, eopatch[feature][date], flag)
        return result

    def _matrices(self, frames: NDArray[Any], masks: Mask) -> list[NDArray[np.float64]]:
        """Return for each date the matrix from pixels of the last date to its own."""
        matrices, suspicious = [np.eye(2, 3)] * len(frames), list[int]()
        for date in range(len(frames) - 2, -1, -1):
            after = matrices[date + 1]
            src = self.warp(after, frames[date + 1], InterpolationType.CUBIC)
            src_mask = None if masks is None else self.warp(after, masks[date + 1], InterpolationType.NEAREST)
            trg_mask = None if masks is None else masks[date]
            matrix = np.asarray(self.register(_edges(src), _edges(frames[date]), trg_mask, src_mask))
            if self.is_registration_suspicious(matrix):
                suspicious.insert(0, date)
                matrix = np.eye(2, 3)
            matrices[date] = matrix
        if suspicious:
            warn_user(
                f"The dates at the positions {suspicious} would move by more than {MAX_TRANSLATION:g} pixels or turn "
                "by more than 20 degrees, which is not believed: they stay.",
                EORuntimeWarning,
            )
        return matrices

    @staticmethod
    def is_registration_suspicious(warp_matrix: NDArray[Any]) -> bool:
        """Whether a matrix shifts by more than 20 pixels or turns by more than 20 degrees."""
        shift = np.linalg.norm(warp_matrix[:2, 2])
        turn = abs(np.arctan2(warp_matrix[1, 0], warp_matrix[0, 0]))
        return bool(shift > MAX_TRANSLATION or turn > MAX_ROTATION)

    @staticmethod
    def warp(warp_matrix: NDArray[Any], img: NDArray[Any], iflag: InterpolationType | int) -> NDArray[Any]:
        """Return an image, (height, width) or (height, width, band), with in each pixel what the matrix leads to.

        What comes from beyond the edge is NaN in floats, else 0.
        """
        transform = Transform.of_matrix(warp_matrix)
        if transform.is_identity:
            return img.copy()
        name = cast("Interpolation", InterpolationType(iflag).name.lower())
        return move_image(img, transform.places(img.shape[:2]), interpolation=name)


class ECCRegistrationTask(RegistrationTask):
    """Registers by the enhanced correlation coefficient, a turn and a shift. Params: MaxIters, gaussFiltSize (odd)."""

    DEFAULTS: ClassVar[dict[str, Any]] = {"MaxIters": 200, "gaussFiltSize": 1}

    def register(self, src: NDArray[Any], trg: NDArray[Any], trg_mask: Mask = None, src_mask: Mask = None) -> Any:
        """Return the matrix (2, 3); see :meth:`RegistrationTask.register`."""
        size = self.params["gaussFiltSize"]
        images = [
            masked_image(image, _valid(image, mask), gauss_kernel_size=size)
            for image, mask in ((src, src_mask), (trg, trg_mask))
        ]
        try:
            return estimate_warp(
                *images, warp_mode=cv2.MOTION_EUCLIDEAN, max_iter=self.params["MaxIters"], gauss_kernel_size=size
            )
        except cv2.error as error:
            return _failed(f"ECC did not converge: {error.err}")


class PointBasedRegistrationTask(RegistrationTask):
    """Registers by points that look alike.

    Params: Model ``Euler``, ``PartialAffine`` or ``Homography``; Descriptor ``SIFT`` or ``ORB`` (``SURF`` is in no
    free build of OpenCV); MaxIters, RANSACThreshold (pixels).
    """

    DEFAULTS: ClassVar[dict[str, Any]] = {
        "Model": "Euler",
        "Descriptor": "SIFT",
        "MaxIters": 1000,
        "RANSACThreshold": 7.0,
    }

    def check_params(self) -> None:
        """Raise SettingError (a ValueError) for parameters and values that there aren't."""
        super().check_params()
        if self.params["Model"] not in ("Euler", "PartialAffine", "Homography"):
            raise SettingError(f"Model must be Euler, PartialAffine or Homography, got {self.params['Model']!r}.")
        if self.params["Descriptor"] not in ("SIFT", "ORB"):
            raise SettingError(
                f"Descriptor must be SIFT or ORB, got {self.params['Descriptor']!r}: SURF is in no free OpenCV."
            )

    def register(self, src: NDArray[Any], trg: NDArray[Any], trg_mask: Mask = None, src_mask: Mask = None) -> Any:
        """Return the matrix, (3, 3) for a homography, else (2, 3); see :meth:`RegistrationTask.register`."""
        detector = cast("Literal['sift', 'orb']", self.params["Descriptor"].lower())
        source, target = matching_points(src, trg, _valid(src, src_mask), _valid(trg, trg_mask), detector=detector)
        if len(source) < 4:
            return _failed(f"only {len(source)} pairs of points look alike")
        threshold, trials = float(self.params["RANSACThreshold"]), int(self.params["MaxIters"])
        if self.params["Model"] == "Euler":
            return consensus(source, target, "euclidean", threshold_px=threshold, most_trials=trials)[0]
        if self.params["Model"] == "PartialAffine":
            matrix, _ = cv2.estimateAffinePartial2D(source, target, ransacReprojThreshold=threshold, maxIters=trials)
        else:
            matrix, _ = cv2.findHomography(source, target, cv2.RANSAC, threshold, maxIters=trials)
        return _failed("no model fits the points") if matrix is None else matrix

    @staticmethod
    def rescale_image(img: NDArray[Any]) -> NDArray[np.uint8]:
        """Return an image as uint8, 0 and 255 for its 2nd and 98th percentile."""
        valid = np.isfinite(img)
        return grey_image(img, valid) if valid.any() else np.zeros(img.shape, np.uint8)


class ThunderRegistrationTask(RegistrationTask):
    """Registers by phase correlation, a shift. Once done by the package thunder-registration, hence the name."""

    def register(self, src: NDArray[Any], trg: NDArray[Any], trg_mask: Mask = None, src_mask: Mask = None) -> Any:
        """Return the matrix (2, 3); see :meth:`RegistrationTask.register`."""
        found = PhaseCorrelation(max_shift_px=MAX_TRANSLATION).estimate(
            src, trg, reference_valid=_valid(src, src_mask), valid=_valid(trg, trg_mask)
        )
        return _failed(found.reason) if found.reason else found.matrix[:2]


def _edges(frame: NDArray[Any]) -> NDArray[np.float32]:
    """Return the gradient of a frame, cut at its 5th and 95th percentile, NaN where it is not known."""
    gradient = get_gradient(frame)
    known = np.isfinite(gradient)
    if not known.any():
        return gradient
    low, high = np.percentile(gradient[known], (5, 95))
    return np.where(known, gradient.clip(low, high), np.float32(np.nan))


def _valid(image: NDArray[Any], mask: Mask) -> NDArray[np.bool_]:
    finite = np.isfinite(image)
    return np.asarray(finite if mask is None else finite & (np.asarray(mask) != 0))


def _failed(why: str) -> NDArray[np.float64]:
    warn_user(f"A date could not be registered and stays as it is: {why}.", EORuntimeWarning)
    return np.eye(2, 3)
