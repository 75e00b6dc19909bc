"""How far one image of a scene is displaced against another: the enhanced correlation coefficient (ECC).

The coefficient is blind to brightness and contrast, which differ between dates. Source: G. D. Evangelidis and
E. Z. Psarakis, Parametric image alignment using enhanced correlation coefficient maximization, IEEE Transactions on
Pattern Analysis and Machine Intelligence 30 (10), 2008, DOI 10.1109/TPAMI.2008.113; computed by OpenCV.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

# The gain in correlation below which a search ends, chosen by measuring (tests/benchmarks/test_coregistration.py). With
# textures of 2 and 5 pixels and up to 5 % of noise, shifts end at most 0.00005 pixels from where 100 iterations take
# them, for a twelfth (no noise) to a third of the time. Texture of 15 pixels under noise hardly converges: 0.02 pixels
# at most, for errors of 0.03 to 0.13 that stay the same on average. There 1e-6 ends up to 0.17 pixels away, 1e-5 up to
# 0.5 with larger errors; 1e-8 is as good as all iterations but takes twice as long as 1e-7 where that is good already.
EPSILON = 1e-7


class MaskedImage(NamedTuple):
    """One band, and where it may be looked at."""

    values: NDArray[np.float32]
    """Shape (height, width): the band minus its mean, 0 where it is not valid."""

    mask: NDArray[np.uint8]
    """Shape (height, width), 1 where the value and all that surround it are valid, otherwise 0."""


def masked_image(
    image: NDArray[Any], valid: NDArray[np.bool_] | None = None, *, gauss_kernel_size: int = 1
) -> MaskedImage:
    """Return an image without what is not valid, such as clouds and missing values.

    image: shape (height, width).
    valid: same shape, True where it may be used; values that are not finite never are.
    gauss_kernel_size: as for :func:`estimate_warp`.

    A mask alone is not enough, as the edge of a cloud stays in the slopes of the pixels around it: bright clouds over
    30 % of a scene, all masked, mislead ECC by more than a pixel. So what is not valid gets the mean of the rest, and
    the pixels whose slope it reaches, half of the Gauss kernel and one pixel away, are left out too. Then the error
    is 0.008 pixels, for 0.006 without clouds. The mean becomes 0 because OpenCV takes 0 for what lies beyond the edge,
    a step that dwarfs the texture of an image of high values and low contrast.
    """
    values = np.asarray(image, dtype=np.float64)
    usable = np.isfinite(values) if valid is None else np.isfinite(values) & valid
    mean = values.mean(where=usable) if usable.any() else 0.0
    centred = np.where(usable, values - mean, 0).astype(np.float32)
    mask = usable.astype(np.uint8)
    if not usable.all():
        reach = np.ones((gauss_kernel_size + 2, gauss_kernel_size + 2), dtype=np.uint8)
        mask = np.asarray(cv2.erode(mask, reach), dtype=np.uint8)
    return MaskedImage(centred, mask)


def estimate_warp(
    reference: MaskedImage, frame: MaskedImage, *, warp_mode: int, max_iter: int, gauss_kernel_size: int
) -> NDArray[np.float32]:
    """Return the matrix that takes pixels (x, y, 1) of the reference to where the same place lies in the frame.

    warp_mode: the ``cv2.MOTION_*`` that is searched for; 3 x 3 for ``cv2.MOTION_HOMOGRAPHY``, else 2 x 3.
    max_iter: the search ends here, or earlier where an iteration gains less than ``EPSILON``.
    gauss_kernel_size: odd; both images are smoothed with a Gaussian kernel of as many pixels, 1 for not at all.

    Raises cv2.error where the search does not converge, as without enough valid pixels, or without texture.
    """
    start = np.eye(3 if warp_mode == cv2.MOTION_HOMOGRAPHY else 2, 3, dtype=np.float32)
    return search_warp(reference, frame, start, warp_mode, max_iter, gauss_kernel_size)[1]


def search_warp(
    reference: MaskedImage,
    frame: MaskedImage,
    start: NDArray[np.float32],
    warp_mode: int,
    max_iter: int,
    gauss_kernel_size: int,
) -> tuple[float, NDArray[np.float32]]:
    """Return the correlation coefficient and the matrix that :func:`estimate_warp` describes, from a start near it."""
    criteria = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, max_iter, EPSILON)
    coefficient, matrix = cv2.findTransformECCWithMask(
        reference.values, frame.values, reference.mask, frame.mask, start, warp_mode, criteria, gauss_kernel_size
    )
    return float(coefficient), np.asarray(matrix, dtype=np.float32)
