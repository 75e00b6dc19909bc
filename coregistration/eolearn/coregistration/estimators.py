"""Ways to find how one image of a scene lies against another, all of one form."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import ceil
from typing import Any, NamedTuple, Protocol, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

from ._kernels.ecc import MaskedImage, masked_image, search_warp
from ._kernels.gradient import get_gradient
from ._kernels.motion import Motion, consensus
from ._kernels.move import move_image
from ._kernels.phase import Spectrum, correlation_peak, edge_spectrum
from ._kernels.points import Detector, matching_points
from ._kernels.tie_points import smooth_field, tie_points
from .transforms import Transform

_MODES: dict[Motion, int] = {
    "translation": cv2.MOTION_TRANSLATION,
    "euclidean": cv2.MOTION_EUCLIDEAN,
    "affine": cv2.MOTION_AFFINE,
}
_LEAST_RADIUS_PX = 5  # so that there is something beside the peak to compare it with
_FEW = "too little structure in common: texture without edges, as of water and snow, or too few valid pixels"


class Estimator(Protocol):
    """Finds the transform between two images. It holds settings only, so several threads may share it."""

    def estimate(
        self,
        reference: NDArray[Any],
        frame: NDArray[Any],
        *,
        reference_valid: NDArray[np.bool_] | None = None,
        valid: NDArray[np.bool_] | None = None,
    ) -> Transform:
        """Return the transform from pixels of the reference to those of the frame, refused where there is none.

        reference, frame: one band each, of the same shape (height, width), real numbers. reference_valid, valid: same
        shape, True where they may be used; values that are not finite never are.

        Raises DataError for shapes that differ.
        """
        ...


class _Pair(NamedTuple):
    reference: NDArray[np.float32]
    frame: NDArray[np.float32]
    reference_valid: NDArray[np.bool_]
    valid: NDArray[np.bool_]


class _Checking(ABC):
    """What the estimators have in common: images and masks are checked first."""

    def estimate(
        self,
        reference: NDArray[Any],
        frame: NDArray[Any],
        *,
        reference_valid: NDArray[np.bool_] | None = None,
        valid: NDArray[np.bool_] | None = None,
    ) -> Transform:
        """Return the transform between two images, see :class:`Estimator`."""
        return self._between(_checked(reference, frame, reference_valid, valid))

    @abstractmethod
    def _between(self, pair: _Pair) -> Transform:
        """Return the transform between two images that are checked."""


@dataclass(frozen=True, kw_only=True)
class PhaseCorrelation(_Checking):
    """Finds a shift by the phases of the Fourier transforms of the edges, see :mod:`._kernels.phase` for the sources.

    Fast, and the one to trust: it sees the whole window at once, neither seasons nor brightness matter to it, and its
    reliability tells noise (below 0.3) from a match (0.6 to 0.95).

    Example:
        >>> PhaseCorrelation().estimate(july, august).shift_xy(july.shape)
        (1.27, -0.44)
    """

    max_shift_px: float = 10.0
    """A larger shift is refused."""
    min_reliability: float = 0.5
    """A match that is less clear is refused."""

    def __post_init__(self) -> None:
        _check_shift(self.max_shift_px)
        _check_share("min_reliability", self.min_reliability)

    def _between(self, pair: _Pair) -> Transform:
        """Return the shift between two images."""
        return self.compare(edge_spectrum(pair.reference, pair.reference_valid), edge_spectrum(pair.frame, pair.valid))

    def compare(self, reference: Spectrum, frame: Spectrum) -> Transform:
        """Return the shift between two images of which the spectra are known, as by ``edge_spectrum``."""
        radius = max(_LEAST_RADIUS_PX, ceil(self.max_shift_px) + 1)
        peak = correlation_peak(reference, frame, radius_px=radius)
        if peak.reliability < self.min_reliability:
            return Transform.refused(_FEW, reliability=peak.reliability)
        found = Transform.translation(peak.shift_xy, reliability=peak.reliability)
        return _limited(found, np.hypot(*peak.shift_xy), self.max_shift_px)


@dataclass(frozen=True, kw_only=True)
class Ecc(_Checking):
    """Finds a motion that maximises the correlation coefficient of the gradients.

    For turned, stretched and skewed images. The search starts from the shift of a phase correlation. See
    :mod:`._kernels.ecc` for the source. Its reliability is the coefficient.
    """

    motion: Motion = "euclidean"
    """What may be between the images."""
    max_shift_px: float = 10.0
    """A larger mean shift is refused."""
    min_reliability: float = 0.2
    """A smaller coefficient is refused: about 0 for noise, 0.3 for other seasons, 0.9 for neighbouring dates."""
    kernel_px: int = 5
    """Odd: the side of the Gaussian kernel that smooths the gradients."""
    max_iter: int = 100
    """How many steps the search may take."""

    def __post_init__(self) -> None:
        _check_choice("motion", self.motion, get_args(Motion))
        _check_shift(self.max_shift_px)
        _check_share("min_reliability", self.min_reliability)
        if self.kernel_px < 1 or self.kernel_px % 2 == 0 or self.max_iter < 1:
            raise SettingError(
                f"kernel_px must be odd and positive, got {self.kernel_px}, and max_iter positive: {self.max_iter}."
            )

    def _between(self, pair: _Pair) -> Transform:
        """Return the motion between two images."""
        first = PhaseCorrelation(max_shift_px=self.max_shift_px, min_reliability=0.4)._between(pair)
        start = first.matrix[:2].astype(np.float32)
        images = (
            _masked_gradient(pair.reference, pair.reference_valid, self.kernel_px),
            _masked_gradient(pair.frame, pair.valid, self.kernel_px),
        )
        try:
            coefficient, matrix = search_warp(*images, start, _MODES[self.motion], self.max_iter, self.kernel_px)
        except cv2.error:
            return Transform.refused(_FEW)
        found = Transform.of_matrix(matrix, reliability=min(max(coefficient, 0.0), 1.0))
        if found.reliability < self.min_reliability:
            return Transform.refused(_FEW, reliability=found.reliability)
        return _limited(found, np.hypot(*found.shift_xy(pair.frame.shape)), self.max_shift_px)


@dataclass(frozen=True, kw_only=True)
class PointMatching(_Checking):
    """Finds a motion that most of the points agree with that look alike in both images (SIFT or ORB, then RANSAC).

    For large shifts and turns between images of high contrast. See :mod:`._kernels.points` and
    :mod:`._kernels.motion` for the sources. Its reliability is the share of the pairs that agree.
    """

    motion: Motion = "euclidean"
    """What may be between the images."""
    detector: Detector = "sift"
    """``sift`` is the more exact one, ``orb`` the faster."""
    threshold_px: float = 1.0
    """How far a pair may be off to agree."""
    max_shift_px: float = 50.0
    """A larger mean shift is refused."""
    min_reliability: float = 0.3
    """A smaller share of agreeing pairs is refused."""
    min_pairs: int = 10
    """So many pairs must agree."""

    def __post_init__(self) -> None:
        _check_choice("motion", self.motion, get_args(Motion))
        _check_choice("detector", self.detector, get_args(Detector))
        _check_shift(self.max_shift_px)
        _check_share("min_reliability", self.min_reliability)
        if not self.threshold_px > 0 or self.min_pairs < 3:
            raise SettingError(
                f"threshold_px must be above 0, got {self.threshold_px}, min_pairs at least 3: {self.min_pairs}."
            )

    def _between(self, pair: _Pair) -> Transform:
        """Return the motion between two images."""
        source, target = matching_points(*pair, detector=self.detector)
        matrix, agreeing = consensus(source, target, self.motion, threshold_px=self.threshold_px)
        share = float(agreeing.mean()) if len(agreeing) else 0.0
        if agreeing.sum() < self.min_pairs or share < self.min_reliability:
            return Transform.refused(_FEW, reliability=share)
        found = Transform.of_matrix(matrix, reliability=share)
        return _limited(found, np.hypot(*found.shift_xy(pair.frame.shape)), self.max_shift_px)


@dataclass(frozen=True, kw_only=True)
class TiePointGrid(_Checking):
    """Finds a shift, an affine motion, and smooth displacements about it, from the shifts of windows on a grid.

    For large scenes that are bent by terrain or by the swing of the satellite. The whole is matched first, then each
    window by phase correlation. Windows that no affine motion explains are left out; the rest of each of the others
    is smoothed. Its reliability is the mean of that of the windows that are used.
    """

    window_px: int = 64
    """About the side of a window. Smaller ones follow more, and are less exact."""
    max_shift_px: float = 10.0
    """Of the whole, a larger one is refused."""
    max_local_px: float = 3.0
    """How far a window may shift beside the whole."""
    threshold_px: float = 1.0
    """How far a window may be off from the affine motion, to be used."""
    min_reliability: float = 0.5
    """Windows and wholes that are less clear are left out."""
    min_windows: int = 6
    """So many windows must agree, and a quarter of all."""

    def __post_init__(self) -> None:
        _check_shift(self.max_shift_px)
        _check_share("min_reliability", self.min_reliability)
        if self.window_px < 16 or not min(self.max_local_px, self.threshold_px) > 0 or self.min_windows < 3:
            raise SettingError(
                f"window_px must be at least 16, got {self.window_px}; max_local_px and threshold_px above 0, got "
                f"{self.max_local_px} and {self.threshold_px}; min_windows at least 3, got {self.min_windows}."
            )

    def _between(self, pair: _Pair) -> Transform:
        """Return the transform between two images."""
        whole = PhaseCorrelation(max_shift_px=self.max_shift_px, min_reliability=self.min_reliability)
        first = whole._between(pair)
        if first.reason:
            return first
        places = first.places(pair.frame.shape)
        moved = move_image(np.where(pair.valid, pair.frame, np.float32(np.nan)), places, interpolation="cubic")
        radius = max(_LEAST_RADIUS_PX, ceil(self.max_local_px) + 1)
        points = tie_points(pair.reference, moved, pair.reference_valid, np.isfinite(moved),
                            window_px=self.window_px, radius_px=radius)  # fmt: skip
        good = (points.reliability >= self.min_reliability) & (
            np.linalg.norm(points.shifts_xy, axis=-1) <= self.max_local_px
        )
        source = points.middles_xy[good]
        matrix, agreeing = consensus(source, source + points.shifts_xy[good], "affine", threshold_px=self.threshold_px)
        if agreeing.sum() < max(self.min_windows, good.size / 4):
            return Transform.refused(f"only {agreeing.sum()} of {good.size} windows agree: {_FEW}")
        good[good] = agreeing
        weights = np.where(good, points.reliability, 0)
        rest = points.shifts_xy - (points.middles_xy @ (matrix[:, :2] - np.eye(2)).T + matrix[:, 2])
        local = Transform.of_matrix(matrix, reliability=float(points.reliability[good].mean()))
        return Transform(
            matrix=local.matrix, reliability=local.reliability, displacements=smooth_field(rest, weights)
        ).after(first)


def _checked(
    reference: NDArray[Any],
    frame: NDArray[Any],
    reference_valid: NDArray[np.bool_] | None,
    valid: NDArray[np.bool_] | None,
) -> _Pair:
    """Return two images as float32, and where each of them may be used."""
    shapes = [np.shape(array) for array in (reference, frame, reference_valid, valid) if array is not None]
    if len(shapes[0]) != 2 or len(set(shapes)) > 1:
        raise DataError(f"Images and masks must all have one shape (height, width), got {', '.join(map(str, shapes))}.")
    images = [np.asarray(image, np.float32) for image in (reference, frame)]
    masks = [
        np.isfinite(image) if mask is None else np.isfinite(image) & (np.asarray(mask) != 0)
        for image, mask in zip(images, (reference_valid, valid), strict=True)
    ]
    return _Pair(images[0], images[1], masks[0], masks[1])


def _masked_gradient(image: NDArray[np.float32], valid: NDArray[np.bool_], kernel_px: int) -> MaskedImage:
    mean = image.mean(where=valid) if valid.any() else np.float32(0)
    inner = np.asarray(cv2.erode(valid.astype(np.uint8), np.ones((3, 3), np.uint8))) > 0
    return masked_image(get_gradient(np.where(valid, image, mean)), inner, gauss_kernel_size=kernel_px)


def _limited(found: Transform, shift_px: float, limit_px: float) -> Transform:
    if shift_px <= limit_px:
        return found
    reason = f"a shift of {shift_px:.2f} pixels is more than the limit of {limit_px:g}"
    return Transform.refused(reason, reliability=found.reliability)


def _check_shift(value: float) -> None:
    if not 0 < value < np.inf:
        raise SettingError(f"max_shift_px must be a number of pixels above 0, got {value}.")


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise SettingError(f"{name} must be between 0 and 1, got {value}.")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise SettingError(f"{name} must be one of {', '.join(choices)}, got {value!r}.")
