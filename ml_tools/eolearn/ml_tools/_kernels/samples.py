"""Which pixels of an image are samples, and their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from eolearn.core.exceptions import DataError, IndexOutOfRange
from eolearn.core.utils.threads import over_row_blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

Positions = tuple["NDArray[np.int64]", "NDArray[np.int64]"]


def sample_by_values(
    image: NDArray[Any],
    n_samples_per_value: Mapping[int, int],
    rng: np.random.Generator | None = None,
    replace: bool = False,
) -> Positions:
    """Choose pixels of given values at random.

    image: (height, width).
    n_samples_per_value: how many pixels of which value. The same generator and order give the same pixels.
    rng: the generator of random numbers; a new one if there is none.
    replace: whether a pixel may be chosen more than once.

    Returns the rows and the columns of the chosen pixels, value after value. Raises DataError for an image of other
    than two axes, and for a number of samples that can't be taken.

    Example:
        >>> sample_by_values(np.array([[1, 1, 2], [2, 2, 3]]), {2: 2, 1: 1}, np.random.default_rng(42))
        (array([0, 1, 0]), array([2, 1, 0]))
    """
    if image.ndim != 2:
        raise DataError(f"Samples are taken from an image of height and width, but this one has shape {image.shape}.")
    rng = rng or np.random.default_rng()
    by_value = np.argsort(image, axis=None, kind="stable")  # the pixels of each value, in their order in the image
    sorted_values, wanted = image.ravel()[by_value], list(n_samples_per_value)
    starts = np.searchsorted(sorted_values, wanted, side="left")
    stops = np.searchsorted(sorted_values, wanted, side="right")
    chosen = [np.empty(0, dtype=np.int64)]
    for (value, count), start, stop in zip(n_samples_per_value.items(), starts, stops, strict=True):
        present = stop - start
        if count < 0 or (count > present and not (replace and present)):
            raise DataError(
                f"Can't take {count} samples of the value {value!r}, which {present} pixels have"
                f"{'' if replace else ', without taking one twice (replace=False)'}."
            )
        chosen.append(by_value[start + rng.choice(present, size=count, replace=replace)])
    rows, columns = np.divmod(np.concatenate(chosen), image.shape[1])
    return rows, columns


def expand_to_grids(rows: ArrayLike, columns: ArrayLike, sample_size: tuple[int, int] = (1, 1)) -> Positions:
    """Return the positions of all pixels of blocks, given their upper left corners.

    rows, columns: the positions of n corners.
    sample_size: (height, width) of a block in pixels.

    Returns the rows and the columns of the pixels, each of shape (n * height, width): the blocks one below another.
    """
    height, width = sample_size
    top, left = np.asarray([rows, columns], dtype=np.int64)[..., np.newaxis]
    row_grid = np.repeat((top + np.arange(height)).reshape(-1, 1), width, axis=1)
    column_grid = np.repeat(left + np.arange(width), height, axis=0)
    return row_grid, column_grid


def get_mask_of_samples(image_shape: tuple[int, int], row_grid: ArrayLike, column_grid: ArrayLike) -> NDArray[Any]:
    """Count how often each pixel of an image is a sample.

    image_shape: (height, width).
    row_grid, column_grid: the positions of the samples, of any shape, the same for both.

    Returns (height, width) of the smallest unsigned integers that hold the counts, uint8 at least. Raises
    IndexOutOfRange (an IndexError) for a position outside of the image.
    """
    positions = np.asarray(row_grid, dtype=np.int64).ravel(), np.asarray(column_grid, dtype=np.int64).ravel()
    try:
        pixels = np.ravel_multi_index(positions, image_shape)
    except ValueError as error:
        raise IndexOutOfRange(f"Some samples lie outside of the image, which has shape {image_shape}.") from error
    counts = np.bincount(pixels, minlength=image_shape[0] * image_shape[1])
    return counts.astype(np.min_scalar_type(np.max(counts, initial=0))).reshape(image_shape)


def take_samples(data: NDArray[Any], row_grid: NDArray[np.int64], column_grid: NDArray[np.int64]) -> NDArray[Any]:
    """Return the values of some pixels, as (..., *shape of the grids, band).

    data: (..., height, width, band), of any dtype.
    row_grid, column_grid: the positions of the samples within the image.

    The same as ``data[..., row_grid, column_grid, :]``, but with all bands of a pixel copied at once.
    """
    *leading, height, width, bands = data.shape
    pixels = data.reshape(*leading, height * width, bands)
    samples: NDArray[Any] = np.take(pixels, row_grid * width + column_grid, axis=-2)
    return samples


def take_grid(data: NDArray[Any], sample_size: tuple[int, int], stride: tuple[int, int]) -> NDArray[Any]:
    """Return the blocks of a regular grid that begins in the upper left corner, one below another, row after row.

    data: (..., height, width, band), of any dtype, not empty.
    sample_size, stride: (height, width) of a block, and from one to the next. Blocks lie in the image as a whole.

    Returns (..., blocks * block height, block width, band), the same as :func:`take_samples`, but with all pixels of a
    row of a block copied at once.
    """
    *leading, height, width, bands = data.shape
    (down, across), across_size = sample_size, sample_size[1] * bands
    images = np.ascontiguousarray(data).reshape(-1, height, width * bands)
    pieces = sliding_window_view(images, across_size, axis=2)[:, :, :: stride[1] * bands]
    blocks = sliding_window_view(pieces, down, axis=1)[:, :: stride[0]].swapaxes(-1, -2)
    if not data.dtype.hasobject:
        blocks = blocks.view(np.dtype((np.void, across_size * data.itemsize)))
    result = np.empty(blocks.shape, dtype=blocks.dtype)

    def copy(start: int, stop: int) -> None:
        result[:, start:stop] = blocks[:, start:stop]

    over_row_blocks(copy, blocks.shape[1], least_rows=4)
    return result.view(data.dtype).reshape(*leading, -1, across, bands)
