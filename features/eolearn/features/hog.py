"""Histograms of oriented gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.threads import over_row_blocks

from ._kernels.blocks import usable
from .images import real_stack

if TYPE_CHECKING:
    from eolearn.core.types import FeaturesSpecification

_NORMS = ("L1", "L1-sqrt", "L2", "L2-Hys")


class HOGTask(EOTask):
    """Describes each date by histograms of oriented gradients: which directions edges have, and how strong they are.

    The image is divided into cells of some pixels, which get a histogram each. Blocks of cells, which overlap, are
    normalised together.

    feature: DATA features, with new names for the results if they have some. Of several bands, the one with the
        steepest gradient at a pixel counts.
    orientations: number of directions, from 0 to 180 degrees.
    pixels_per_cell: rows and columns of a cell.
    cells_per_block: rows and columns of a block, in cells.
    visualize: whether to store a picture of the histograms too.
    hog_feature_vector: whether the values of a date are stored as a single vector, of shape (dates, 1, 1, values).
    block_norm: how a block is normalised: "L1", "L1-sqrt", "L2" or "L2-Hys".
    visualize_feature_name: of the picture. By default the new name with ``_VISU`` behind it.

    The result is float32 and of shape (dates, rows of blocks × rows of a block, columns of blocks × columns of a block,
    orientations): blocks lie side by side, each with all of its cells. The picture is float32 of shape (dates, height,
    width, 1). Histograms that have seen a pixel without data are NaN, and so are the blocks with them.

    Source: N. Dalal and B. Triggs, Histograms of Oriented Gradients for Human Detection, CVPR 2005,
    doi:10.1109/CVPR.2005.177. Computed by scikit-image.

    Example:
        >>> task = HOGTask((FeatureType.DATA, "BANDS", "HOG"), pixels_per_cell=(4, 4), visualize=False)
    """

    def __init__(
        self,
        feature: FeaturesSpecification,
        orientations: int = 9,
        pixels_per_cell: tuple[int, int] = (8, 8),
        cells_per_block: tuple[int, int] = (3, 3),
        visualize: bool = True,
        hog_feature_vector: bool = False,
        block_norm: str = "L2-Hys",
        visualize_feature_name: str | None = None,
    ):
        self.feature_parser = self.get_feature_parser(feature, [FeatureType.DATA])
        self.orientations = orientations
        self.pixels_per_cell = pixels_per_cell
        self.cells_per_block = cells_per_block
        self.visualize = visualize
        self.hog_feature_vector = hog_feature_vector
        self.block_norm = block_norm
        self.visualize_feature_name = visualize_feature_name
        self._check_settings()

    def _check_settings(self) -> None:
        if self.orientations < 1:
            raise SettingError(f"orientations must be at least 1, got {self.orientations}.")
        for name in ("pixels_per_cell", "cells_per_block"):
            sides = getattr(self, name)
            if len(sides) != 2 or min(sides) < 1:
                raise SettingError(f"{name} must be (rows, columns), at least 1 each, got {sides!r}.")
        if self.visualize and min(self.pixels_per_cell) < 2:
            raise SettingError(f"Cells of {self.pixels_per_cell} pixels can't be drawn: set visualize=False.")
        if self.block_norm not in _NORMS:
            raise SettingError(f"block_norm must be one of {', '.join(_NORMS)}, got {self.block_norm!r}.")

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the histograms of each feature, and pictures of them."""
        features = self.feature_parser.get_renamed_features(eopatch)
        if self.visualize_feature_name and len(features) > 1:
            raise SettingError(f"visualize_feature_name can name a single picture, but there are {len(features)}.")
        for _, name, new_name in features:
            data = real_stack(eopatch[FeatureType.DATA, name], name)
            histograms, pictures = self._describe(data, name)
            if self.hog_feature_vector:
                histograms = histograms.reshape(len(data), 1, 1, np.prod(histograms.shape[1:], dtype=int))
            else:
                histograms = self._side_by_side(histograms)
            eopatch[FeatureType.DATA, new_name] = histograms
            if self.visualize:
                eopatch[FeatureType.DATA, self.visualize_feature_name or f"{new_name}_VISU"] = pictures
        return eopatch

    def _describe(self, data: NDArray[Any], name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return histograms of shape (dates, block rows, block columns, cell rows, cell columns, orientations)."""
        from skimage.feature import hog

        sides = zip(data.shape[1:3], self.pixels_per_cell, self.cells_per_block, strict=True)
        blocks = [pixels // cell - cells + 1 for pixels, cell, cells in sides]
        if min(blocks) < 1 or data.shape[3] == 0:
            raise DataError(
                f"{name!r} of shape {data.shape} is smaller than a block of {self.cells_per_block} cells of "
                f"{self.pixels_per_cell} pixels."
            )
        histograms = np.empty((len(data), *blocks, *self.cells_per_block, self.orientations), np.float32)
        pictures = np.empty((*data.shape[:3], 1) if self.visualize else 0, np.float32)

        def fill(start: int, stop: int) -> None:
            for date in range(start, stop):
                result = hog(
                    usable(data[date]),
                    self.orientations,
                    self.pixels_per_cell,
                    self.cells_per_block,
                    self.block_norm,
                    self.visualize,
                    feature_vector=False,
                    channel_axis=-1,
                )
                if self.visualize:
                    histograms[date], pictures[date, ..., 0] = result
                else:
                    histograms[date] = result

        over_row_blocks(fill, len(data), least_rows=1)
        return histograms, pictures

    def _side_by_side(self, histograms: NDArray[np.float32]) -> NDArray[np.float32]:
        dates, rows, columns, height, width, orientations = histograms.shape
        return histograms.transpose(0, 1, 3, 2, 4, 5).reshape(dates, rows * height, columns * width, orientations)
