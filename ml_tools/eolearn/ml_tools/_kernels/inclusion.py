"""How likely it is that a pixel gets into a sample of blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def block_coverage(
    image_shape: tuple[int, int], sample_size: tuple[int, int], rows: ArrayLike, columns: ArrayLike
) -> NDArray[np.int64]:
    """Return how many of the possible blocks of an image hold a pixel: fewer near the edge than in the middle.

    image_shape, sample_size: (height, width) in pixels of the image, and of a block, which lies in it as a whole.
    rows, columns: the positions of pixels, of one shape, which is that of the result.
    """
    along_rows, along_columns = (
        np.minimum(position, length - block) - np.maximum(np.asarray(position) - block + 1, 0) + 1
        for position, length, block in zip((rows, columns), image_shape, sample_size, strict=True)
    )
    coverage: NDArray[np.int64] = along_rows * along_columns
    return coverage


def inclusion_probability(
    coverage: NDArray[np.int64], positions: int, amount: int, *, replace: bool
) -> NDArray[np.float64]:
    """Return the probability that a pixel is in at least one of some blocks drawn at random.

    coverage: how many of the possible blocks hold the pixel.
    positions, amount: how many blocks are possible, and how many are drawn.
    replace: whether a block may be drawn more than once.

    With replacement that is ``1 - (1 - c / n) ** m``. Without, none of the m blocks is among the c that hold the pixel
    with probability ``C(n - c, m) / C(n, m)``, the product of ``1 - m / (n - j)`` over j from 0 to c - 1.
    """
    with np.errstate(divide="ignore"):  # the logarithm of a probability of 0
        if replace:
            missed: NDArray[Any] = amount * np.log1p(-coverage / positions) if amount else np.zeros(coverage.shape)
        else:
            others = positions - np.arange(np.max(coverage, initial=0))
            factors = np.log1p(-np.minimum(1, amount / others))
            missed = np.concatenate([[0.0], np.cumsum(factors)])[coverage]
    probability: NDArray[np.float64] = -np.expm1(missed)
    return probability
