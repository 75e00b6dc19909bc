"""Pairs of points that look alike in two images."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Detector = Literal["sift", "orb"]
_NEXT_BEST = 0.8  # how much nearer the best match must be than the second best


def matching_points(
    first: NDArray[Any], second: NDArray[Any], first_valid: NDArray[np.bool_], second_valid: NDArray[np.bool_],
    *, detector: Detector,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Return the places (x, y) of points in two images that look alike, each (pairs, 2).

    first, second: shape (height, width). *_valid: same shape, True where points may be.

    Source: D. G. Lowe, Distinctive image features from scale-invariant keypoints, International Journal of Computer
    Vision 60 (2), 2004, DOI 10.1023/B:VISI.0000029664.99615.94, also for the comparison with the second best; E. Rublee
    et al., ORB: an efficient alternative to SIFT or SURF, ICCV 2011, DOI 10.1109/ICCV.2011.6126544. Both by OpenCV.
    """
    features: Any = cv2  # whose stubs lack these
    finder = features.SIFT_create() if detector == "sift" else features.ORB_create(nfeatures=2000, fastThreshold=5)
    norm = cv2.NORM_L2 if detector == "sift" else cv2.NORM_HAMMING
    none = np.zeros((0, 2))
    found = []
    for image, valid in ((first, first_valid), (second, second_valid)):
        if not valid.any():
            return none, none
        found.append(finder.detectAndCompute(grey_image(image, valid), valid.astype(np.uint8)))
    (first_points, first_marks), (second_points, second_marks) = found
    if min(len(first_points), len(second_points)) < 2:
        return none, none
    pairs = cv2.BFMatcher(norm).knnMatch(first_marks, second_marks, k=2)
    good = [best for best, other in pairs if best.distance < _NEXT_BEST * other.distance]
    return (
        np.array([first_points[match.queryIdx].pt for match in good], np.float64).reshape(-1, 2),
        np.array([second_points[match.trainIdx].pt for match in good], np.float64).reshape(-1, 2),
    )


def grey_image(image: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return an image as uint8: 0 and 255 are the 2nd and the 98th percentile of what is valid, the rest is the mean.

    image, valid: shape (height, width), at least one pixel valid, and all of these finite.
    """
    values = np.asarray(image, np.float64)
    low, high = np.percentile(values[valid], (2, 98))
    filled = np.where(valid, values, values[valid].mean())
    return np.asarray(np.rint(np.clip((filled - low) / max(high - low, 1e-12), 0, 1) * 255), np.uint8)
