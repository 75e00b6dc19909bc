"""Clouds in Sentinel-2 L1C images, pixel by pixel, by the classifier of the package s2cloudless."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, MissingExtra
from eolearn.core.utils.threads import over_row_blocks

from ._forest_model import read_forest
from ._kernels.coarse import coarsened, refined
from ._kernels.disks import averaged, dilated, disk
from ._kernels.forest import Forest
from ._reflectances import band_positions, check_images, coarse_size, resolution_xy

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_BLOCK_ROWS = 16


class CloudMaskTask(EOTask):
    """Masks clouds in Sentinel-2 L1C images, with the pixel classifier of s2cloudless.

    data_feature: reflectances between 0 and about 1 (a cloud may be brighter), of all 13 bands in their order, or of
        the ten that are classified: B01, B02, B04, B05, B08, B8A, B09, B10, B11, B12. The classifier was trained with
        top-of-atmosphere reflectances (L1C).
    valid_data_feature: True where there are data. Other pixels, and those where a band is not a finite number, are not
        classified: they have probability 0, are not in the mask, and don't count in averages.
    output_mask_feature: where the mask is stored, True for cloud, of shape (time, height, width, 1).
    output_proba_feature: where the probabilities are stored, if anywhere, as float32 in that shape.
    all_bands: whether there are 13 bands or ten.
    threshold: a pixel is cloud if its averaged probability is above it.
    average_over: the radius of the disk over which probabilities are averaged, in pixels; None or 0 for none.
    dilation_size: by which radius clouds are widened at last, in pixels; None or 0 for none.
    processing_resolution: in metres, a number or two for x and y. The images are averaged to pixels of this size for
        the classifier, and the probabilities interpolated between these. 20 m take a quarter of the time of 10 m.

    Valid pixels have exactly the probabilities that the package itself gives for float32 reflectances. Frames are
    classified in parallel, a few rows of each at a time. Needs the extra: ``pip install 'eo-learn-mask[cloud]'``.

    Raises DataError (a ValueError) for digital numbers, numbers of bands that are not as announced, masks of another
    size, and patches without a bounding box.

    Example:
        >>> task = CloudMaskTask((FeatureType.DATA, "L1C"), (FeatureType.MASK, "IS_DATA"), (FeatureType.MASK, "CLM"))
        >>> cloudy_share = task(eopatch)[FeatureType.MASK, "CLM"].mean()
    """

    def __init__(
        self,
        data_feature: Feature,
        valid_data_feature: Feature,
        output_mask_feature: Feature,
        output_proba_feature: Feature | None = None,
        all_bands: bool = True,
        threshold: float = 0.4,
        average_over: int | None = 4,
        dilation_size: int | None = 2,
        *,
        processing_resolution: float | tuple[float, float] | None = None,
    ):
        self.data_feature = self.parse_feature(data_feature, allowed_feature_types=[FeatureType.DATA])
        self.valid_data_feature = self.parse_feature(valid_data_feature, allowed_feature_types=[FeatureType.MASK])
        self.output_mask_feature = self.parse_feature(output_mask_feature, allowed_feature_types=[FeatureType.MASK])
        self.output_proba_feature = None
        if output_proba_feature is not None:
            self.output_proba_feature = self.parse_feature(
                output_proba_feature, allowed_feature_types=[FeatureType.DATA]
            )
        self.all_bands = all_bands
        self.data_indices = band_positions(all_bands)
        self.threshold = threshold
        self.average_over = average_over
        self.dilation_size = dilation_size
        self.processing_resolution = resolution_xy(processing_resolution)
        self.classifier = s2cloudless_detector(
            threshold=threshold, average_over=average_over, dilation_size=dilation_size, all_bands=False
        )

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the mask, and the probabilities if these are wanted, and return the patch."""
        bands, valid = eopatch[self.data_feature], eopatch[self.valid_data_feature]
        if eopatch.bbox is None:
            raise DataError("CloudMaskTask needs an EOPatch with a bounding box.")
        check_images(bands, valid, self.all_bands, (self.data_feature, self.valid_data_feature))
        size = coarse_size(self.processing_resolution, eopatch.bbox, bands.shape[1:3])
        forest = read_forest(self.classifier.model_filename)
        usable, probabilities = cloud_probabilities(bands, valid[..., 0] != 0, self.data_indices, forest, size)
        element = disk(self.dilation_size) if self.dilation_size else None
        mask = np.empty(usable.shape, np.bool_)
        for target, frame, frame_usable in zip(mask, probabilities, usable, strict=True):
            cloudy = averaged(frame, frame_usable, self.average_over) > self.threshold
            target[:] = dilated(cloudy, element) & frame_usable
        eopatch[self.output_mask_feature] = mask[..., np.newaxis]
        if self.output_proba_feature is not None:
            eopatch[self.output_proba_feature] = probabilities[..., np.newaxis]
        return eopatch


def s2cloudless_detector(**settings: Any) -> Any:
    """Return an ``S2PixelCloudDetector``; raise MissingExtra (an ImportError) where s2cloudless isn't installed."""
    try:
        from s2cloudless.cloud_detector import S2PixelCloudDetector
    except ImportError as error:
        raise MissingExtra(f"A cloud mask needs s2cloudless: pip install 'eo-learn-mask[cloud]'. ({error})") from error
    return S2PixelCloudDetector(**settings)


def cloud_probabilities(
    bands: NDArray[Any],
    valid: NDArray[np.bool_],
    positions: list[int],
    forest: Forest,
    size_hw: tuple[int, int] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return which pixels have data, and their probabilities of cloud, 0 elsewhere, both (time, height, width).

    positions: of the ten bands. size_hw: the coarser grid on which the pixels are classified, if there is one.
    """
    usable = np.zeros(valid.shape, np.bool_)
    probabilities = np.zeros(valid.shape, np.float32)
    if size_hw is None:
        rows = bands.reshape(-1, *bands.shape[2:])
        flat = (valid.reshape(-1, valid.shape[-1]), usable.reshape(-1, valid.shape[-1]))
        classify = partial(_classify_rows, rows, *flat, probabilities.reshape(-1, valid.shape[-1]), positions, forest)
        over_row_blocks(classify, len(rows), least_rows=1)
        return usable, probabilities

    def classify_frames(start: int, stop: int) -> None:
        for index in range(start, stop):
            image = bands[index][..., positions]
            usable[index] = valid[index] & np.isfinite(image).all(axis=-1)
            coarse, has_data = coarsened(image, usable[index], size_hw)
            values = np.zeros(size_hw, np.float32)
            values[has_data] = forest.probabilities(coarse[has_data])
            probabilities[index] = np.where(usable[index], refined(values, has_data, valid.shape[1:]), 0)

    over_row_blocks(classify_frames, len(bands), least_rows=1)
    return usable, probabilities


def _classify_rows(
    rows: NDArray[Any],
    valid: NDArray[np.bool_],
    usable: NDArray[np.bool_],
    probabilities: NDArray[np.float32],
    positions: list[int],
    forest: Forest,
    start: int,
    stop: int,
) -> None:
    for first in range(start, stop, _BLOCK_ROWS):
        part = slice(first, min(stop, first + _BLOCK_ROWS))
        pixels = rows[part][..., positions].astype(np.float32)
        usable[part] = valid[part] & np.isfinite(pixels).all(axis=-1)
        probabilities[part][usable[part]] = forest.probabilities(pixels[usable[part]])
