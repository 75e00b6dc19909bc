"""Alignment of the dates of an image time series with a reference image."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError, warn_user
from eolearn.core.types import Feature, FeaturesSpecification
from eolearn.core.utils.threads import thread_limit

from ._kernels.ecc import MaskedImage, estimate_warp, masked_image
from ._kernels.gradient import get_gradient
from ._kernels.warp import Resampling, warp_band, warp_image
from .registration import InterpolationType, PointBasedRegistrationTask, RegistrationTask
from .series import opencv_threads

__all__ = [
    "ECCRegistrationTask",
    "InterpolationType",
    "PointBasedRegistrationTask",
    "RegistrationTask",
    "get_gradient",
]

_WARP_MODES = (cv2.MOTION_TRANSLATION, cv2.MOTION_EUCLIDEAN, cv2.MOTION_AFFINE, cv2.MOTION_HOMOGRAPHY)


class ECCRegistrationTask(EOTask):
    """Moves each date of a time series onto a reference image, for which it maximises their correlation.

    The correlation coefficient (ECC, see :mod:`eolearn.coregistration._kernels.ecc` for the source) is blind to
    brightness and contrast. Satellite images are typically displaced by less than a pixel, which the search resolves.

    registration_feature: DATA whose dates are aligned.
    reference_feature: DATA_TIMELESS, of the same height and width, that they are aligned with: one sharp date or a
        median of many.
    channel: the band of both that is compared; one with much texture that changes little, such as near infrared.
    valid_mask_feature: MASK, not 0 where the registration feature may be used. Values that are not finite are left out
        with or without it. Clouds that are not masked pull the result.
    apply_to_features: DATA and MASK that are moved; by default all. They have the dates, height and width of the
        registration feature.
    interpolation_mode: ``cv2.INTER_*`` for DATA. MASK features take the nearest pixel: there is no class between two.
    warp_mode: ``cv2.MOTION_*``: what the displacement may be, from a shift to a homography.
    max_iter: how many steps a search may take. It ends before where a step gains nothing.
    gauss_kernel_size: odd; the images that are compared are smoothed by a Gaussian kernel of as many pixels.
    border_mode, border_value: ``cv2.BORDER_*`` for what moves in from beyond the edge.
    num_threads: of OpenCV within one date, as ``cv2.setNumThreads`` takes it. Several dates are worked on at once
        anyway, as many as the process has processors to use.
    max_translation: in pixels. A larger shift is taken for a failure, and the date stays as it is.

    Example:
        >>> task = ECCRegistrationTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA_TIMELESS, "REFERENCE"), channel=3)
        >>> aligned = task(patch)
        >>> aligned.meta_info["warp_matrices"][0]
        [[1.0, 0.0, 0.42], [0.0, 1.0, -0.17]]
    """

    def __init__(
        self,
        registration_feature: Feature,
        reference_feature: Feature,
        channel: int,
        valid_mask_feature: Feature | None = None,
        apply_to_features: FeaturesSpecification = ...,
        interpolation_mode: int = cv2.INTER_LINEAR,
        warp_mode: int = cv2.MOTION_TRANSLATION,
        max_iter: int = 100,
        gauss_kernel_size: int = 1,
        border_mode: int = cv2.BORDER_REPLICATE,
        border_value: float = 0,
        num_threads: int = 1,
        max_translation: float = 5.0,
    ):
        self.registration_feature = self.parse_feature(registration_feature, None, [FeatureType.DATA])
        self.reference_feature = self.parse_feature(reference_feature, None, [FeatureType.DATA_TIMELESS])
        self.channel = channel
        self.valid_mask_feature = valid_mask_feature and self.parse_feature(
            valid_mask_feature, None, [FeatureType.MASK]
        )
        self.apply_features_parser = self.get_feature_parser(apply_to_features, [FeatureType.DATA, FeatureType.MASK])
        self.interpolation_mode = interpolation_mode
        self.warp_mode = warp_mode
        self.max_iter = max_iter
        self.gauss_kernel_size = gauss_kernel_size
        self.border_mode = border_mode
        self.border_value = border_value
        self.num_threads = num_threads
        self.max_translation = max_translation
        self._check_settings()

    def _check_settings(self) -> None:
        if self.warp_mode not in _WARP_MODES:
            raise SettingError(f"warp_mode must be one of cv2.MOTION_*, {_WARP_MODES}, got {self.warp_mode}.")
        if self.max_iter < 1:
            raise SettingError(f"max_iter must be at least 1, got {self.max_iter}.")
        if self.gauss_kernel_size < 1 or self.gauss_kernel_size % 2 == 0:
            raise SettingError(f"gauss_kernel_size must be odd and positive, got {self.gauss_kernel_size}.")
        if not self.max_translation >= 0:
            raise SettingError(f"max_translation is a number of pixels, 0 or more, got {self.max_translation}.")
        if self.border_mode == cv2.BORDER_TRANSPARENT:
            raise SettingError("cv2.BORDER_TRANSPARENT leaves pixels at the edge without a value: use another one.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return a new patch with the moved features.

        It has the bounding box and the timestamps of the given one, and in ``meta_info["warp_matrices"]`` for each
        position of a date the matrix, as nested lists, that leads from pixels (x, y, 1) of the reference to those of
        the date. A date that can't be registered stays as it is, under the identity and, unless it is because of
        ``max_translation``, named in an EORuntimeWarning.

        Raises DataError for features whose shapes don't fit together, and for a channel that is missing.
        """
        features = self.apply_features_parser.get_features(eopatch)
        frames = self._channel_of(eopatch, self.registration_feature)
        reference = self._channel_of(eopatch, self.reference_feature)
        self._check_shape(self.reference_feature, reference.shape, frames.shape[1:])
        for feature in features:
            self._check_shape(feature, eopatch[feature].shape[:3], frames.shape)

        result = EOPatch(bbox=eopatch.bbox, timestamps=eopatch.timestamps)
        with opencv_threads(self.num_threads), ThreadPoolExecutor(thread_limit()) as pool:
            matrices = self._find_matrices(pool, reference, frames, self._valid_of(eopatch, frames.shape))
            for feature in features:
                result[feature] = _warp_frames(pool, eopatch[feature], matrices, self._resampling(feature[0]))
        result.meta_info["warp_matrices"] = {index: matrix.tolist() for index, matrix in enumerate(matrices)}
        return result

    def register(
        self,
        src: NDArray[Any],
        trg: NDArray[Any],
        valid_mask: NDArray[Any] | None = None,
        warp_mode: int = cv2.MOTION_TRANSLATION,
    ) -> NDArray[np.float32]:
        """Return the matrix from pixels of one image to the same places in another.

        src: the reference, shape (height, width). trg: the image to be moved. valid_mask: of trg, not 0 where it may be
        used. Returns 3 x 3 for ``cv2.MOTION_HOMOGRAPHY``, else 2 x 3; with an EORuntimeWarning the 2 x 3 identity where
        no matrix is found.
        """
        reference = masked_image(src, gauss_kernel_size=self.gauss_kernel_size)
        matrix, problem = self._find_matrix(reference, trg, None if valid_mask is None else valid_mask != 0, warp_mode)
        if problem:
            warn_user(f"Could not calculate the warp matrix: {problem}", EORuntimeWarning)
        return matrix

    def warp(self, img: NDArray[Any], warp_matrix: NDArray[Any], shape: tuple[int, int], flags: int) -> NDArray[Any]:
        """Return one band, of shape (height, width), resampled by OpenCV to another size.

        shape: the new (width, height). flags: ``cv2.INTER_*``, with ``cv2.WARP_INVERSE_MAP`` where the matrix leads
        from the result to the source.
        """
        return warp_band(img, warp_matrix, self._resampling(FeatureType.DATA), size_wh=shape, flags=flags)

    def warp_feature(self, img: NDArray[Any], warp_matrix: NDArray[Any]) -> NDArray[Any]:
        """Return the image of one date, of the same shape and dtype, moved onto the reference.

        img: shape (height, width) or (height, width, band). warp_matrix: as :meth:`register` returns it.
        """
        if img.ndim not in (2, 3):
            raise DataError(f"An image has shape (height, width) or (height, width, band), got {img.shape}.")
        return warp_image(img, warp_matrix, self._resampling(FeatureType.DATA))

    def is_translation_large(self, warp_matrix: NDArray[Any]) -> bool:
        """Whether a matrix shifts by more than ``max_translation`` pixels."""
        return bool(np.linalg.norm(warp_matrix[:2, 2]) > self.max_translation)

    def _resampling(self, feature_type: FeatureType) -> Resampling:
        interpolation = cv2.INTER_NEAREST if feature_type.is_discrete() else self.interpolation_mode
        return Resampling(interpolation, self.border_mode, self.border_value)

    def _find_matrices(
        self,
        pool: ThreadPoolExecutor,
        reference: NDArray[Any],
        frames: NDArray[Any],
        valid: NDArray[np.bool_] | None,
    ) -> list[NDArray[np.float32]]:
        """Return the matrix of each frame, the identity for one that stays as it is."""
        masked_reference = masked_image(reference, gauss_kernel_size=self.gauss_kernel_size)

        def find(index: int) -> tuple[NDArray[np.float32], str]:
            frame_valid = None if valid is None else valid[index]
            return self._find_matrix(masked_reference, frames[index], frame_valid, self.warp_mode)

        found = list(pool.map(find, range(len(frames))))
        problems = {index: problem for index, (_, problem) in enumerate(found) if problem}
        if problems:
            warn_user(
                f"No match with {self.reference_feature} was found for {self.registration_feature} at the positions of "
                f"dates {list(problems)}, which stay as they are. OpenCV says: {'; '.join(set(problems.values()))}",
                EORuntimeWarning,
            )
        return [_identity() if self.is_translation_large(matrix) else matrix for matrix, _ in found]

    def _find_matrix(
        self, reference: MaskedImage, frame: NDArray[Any], valid: NDArray[np.bool_] | None, warp_mode: int
    ) -> tuple[NDArray[np.float32], str]:
        """Return the matrix, and what is wrong, empty for nothing."""
        masked_frame = masked_image(frame, valid, gauss_kernel_size=self.gauss_kernel_size)
        try:
            return estimate_warp(
                reference,
                masked_frame,
                warp_mode=warp_mode,
                max_iter=self.max_iter,
                gauss_kernel_size=self.gauss_kernel_size,
            ), ""
        except cv2.error as error:
            return _identity(), str(error.err)

    def _channel_of(self, eopatch: EOPatch, feature: Feature) -> NDArray[Any]:
        data: NDArray[Any] = eopatch[feature]
        if not -data.shape[-1] <= self.channel < data.shape[-1]:
            raise DataError(f"{feature} of shape {data.shape} has no channel {self.channel}.")
        return data[..., self.channel]

    def _valid_of(self, eopatch: EOPatch, shape: tuple[int, ...]) -> NDArray[np.bool_] | None:
        if self.valid_mask_feature is None:
            return None
        mask = eopatch[self.valid_mask_feature]
        self._check_shape(self.valid_mask_feature, mask.shape, (*shape, 1))
        return np.asarray(mask[..., 0] != 0)

    def _check_shape(self, feature: Feature, shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
        if shape != expected:
            raise DataError(
                f"{feature} has the shape {shape}, but {expected} is needed to fit {self.registration_feature}. "
                "Resample it, or leave it out of apply_to_features."
            )


def _identity() -> NDArray[np.float32]:
    return np.eye(2, 3, dtype=np.float32)


def _warp_frames(
    pool: ThreadPoolExecutor, frames: NDArray[Any], matrices: list[NDArray[np.float32]], resampling: Resampling
) -> NDArray[Any]:
    warped = np.empty(frames.shape, frames.dtype)

    def warp(index: int) -> None:
        warped[index] = warp_image(frames[index], matrices[index], resampling)

    list(pool.map(warp, range(len(frames))))  # raises what a thread has raised
    return warped
