"""Clouds found by comparing a date with others: the multi-temporal cloud mask of eo-learn 1.4."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from ._forest_model import read_forest
from ._kernels.coarse import coarsened, refined
from ._kernels.disks import averaged, dilated, disk
from ._kernels.temporal_features import multi_temporal_features, window_of
from ._reflectances import band_positions, check_images, coarse_size, resolution_xy
from .pixel_cloud_mask import s2cloudless_detector

if TYPE_CHECKING:
    from sentinelhub import BBox

    from eolearn.core.types import Feature


class ClassifierType(Protocol):
    """A trained classifier in the way of scikit-learn."""

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:  # noqa: N803 - the name of scikit-learn
        """Return the class of each row."""
        ...

    def predict_proba(self, X: NDArray[Any]) -> NDArray[Any]:  # noqa: N803
        """Return the probability of each class for each row."""
        ...


class CloudMaskTask(EOTask):
    """Masks clouds in Sentinel-2 L1C series with two classifiers: of pixels, and of pixels beside other dates.

    data_feature: reflectances of all 13 bands, or of the ten that are classified, as in
        :class:`eolearn.mask.pixel_cloud_mask.CloudMaskTask`.
    is_data_feature: True where there are data. Other pixels are not classified.
    all_bands: whether there are 13 bands or ten.
    processing_resolution: in metres, a number, a string as ``"120m"``, or two for x and y. The images are averaged to
        pixels of this size for the classifiers, and probabilities are interpolated.
    max_proc_frames: how many dates are looked at together, with the date that is classified in their middle, except at
        the ends of the series.
    mono_features, multi_features: names for the results of either classifier: of the probabilities, in DATA, and of the
        mask, in MASK. Either name may be None.
    mask_feature: where the mask is stored in which both agree; None for nowhere.
    mono_threshold, multi_threshold: a pixel is cloud from this averaged probability on.
    average_over: the radius of the disk over which probabilities are averaged, in pixels; None or 0 for none.
    dilation_size: by which radius clouds are widened, in pixels; None or 0 for none.
    mono_classifier: of ten bands; by default the one of s2cloudless.
    multi_classifier: of 90 features, nine for each band, which
        :func:`eolearn.mask._kernels.temporal_features.multi_temporal_features` lists. The model of eo-learn 1.4 is
        published nowhere as a package: train one of your own, or put its file into ``MODELS_FOLDER``.

    A classifier is a LightGBM Booster, or has ``predict_proba``. Without one of your own for several dates, use
    ``mask_feature=None`` with ``mono_features``, or the task for single dates. Arrays are of shape (time, height,
    width, 1). Raises SettingError (a ValueError) where a classifier is missing, DataError for digital numbers, numbers
    of bands that are not as announced, masks of another size, and patches without a bounding box.

    Example:
        >>> task = CloudMaskTask((FeatureType.DATA, "L1C"), processing_resolution=120, multi_classifier=model)
        >>> clouds = task(eopatch)[FeatureType.MASK, "CLM_INTERSSIM"]
    """

    MODELS_FOLDER = str(Path(__file__).parent / "models")
    MONO_CLASSIFIER_NAME = "pixel_s2_cloud_detector_lightGBM_v0.2.txt"
    MULTI_CLASSIFIER_NAME = "ssim_s2_cloud_detector_lightGBM_v0.2.txt"

    def __init__(
        self,
        data_feature: Feature = (FeatureType.DATA, "BANDS-S2-L1C"),
        is_data_feature: Feature = (FeatureType.MASK, "IS_DATA"),
        all_bands: bool = True,
        processing_resolution: Any = None,
        max_proc_frames: int = 11,
        mono_features: tuple[str | None, str | None] | None = None,
        multi_features: tuple[str | None, str | None] | None = None,
        mask_feature: Feature | None = (FeatureType.MASK, "CLM_INTERSSIM"),
        mono_threshold: float = 0.4,
        multi_threshold: float = 0.5,
        average_over: int | None = 4,
        dilation_size: int | None = 2,
        mono_classifier: Any = None,
        multi_classifier: Any = None,
    ):
        self.data_feature = self.parse_feature(data_feature, allowed_feature_types=[FeatureType.DATA])
        self.is_data_feature = self.parse_feature(is_data_feature, allowed_feature_types=[FeatureType.MASK])
        self.all_bands = all_bands
        self.data_indices = band_positions(all_bands)
        self.processing_resolution = resolution_xy(processing_resolution)
        if max_proc_frames < 1:
            raise SettingError(f"max_proc_frames must be at least 1, got {max_proc_frames!r}.")
        self.max_proc_frames = max_proc_frames
        self.mono_features = _names("mono_features", mono_features)
        self.multi_features = _names("multi_features", multi_features)
        self.mask_feature = None
        if mask_feature is not None:
            self.mask_feature = self.parse_feature(mask_feature, allowed_feature_types=[FeatureType.MASK])
        if self.mask_feature is None and not any(self.mono_features) and not any(self.multi_features):
            raise SettingError("Nothing would be stored: give mask_feature, mono_features or multi_features.")
        self.mono_threshold, self.multi_threshold = mono_threshold, multi_threshold
        self.average_over, self.dilation_size = average_over, dilation_size
        self._mono_classifier, self._multi_classifier = mono_classifier, multi_classifier

    @property
    def mono_classifier(self) -> Any:
        """The classifier of pixels; that of s2cloudless where none is given and none lies in ``MODELS_FOLDER``."""
        if self._mono_classifier is None:
            path = os.path.join(self.MODELS_FOLDER, self.MONO_CLASSIFIER_NAME)
            self._mono_classifier = (
                _booster(path) if os.path.isfile(path) else read_forest(s2cloudless_detector().model_filename)
            )
        return self._mono_classifier

    @property
    def multi_classifier(self) -> Any:
        """The classifier of pixels beside other dates."""
        if self._multi_classifier is None:
            path = os.path.join(self.MODELS_FOLDER, self.MULTI_CLASSIFIER_NAME)
            if not os.path.isfile(path):
                raise SettingError(
                    "The multi-temporal cloud mask needs multi_classifier=...: the model of eo-learn 1.4 is published "
                    f"nowhere as a package. If you have its file, {self.MULTI_CLASSIFIER_NAME}, load it with "
                    "lightgbm.Booster(model_file=...). Or use mask_feature=None with mono_features, which need no "
                    "second model."
                )
            self._multi_classifier = _booster(path)
        return self._multi_classifier

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Store the masks and probabilities that are wanted, and return the patch."""
        bands, is_data = eopatch[self.data_feature], eopatch[self.is_data_feature]
        if eopatch.bbox is None:
            raise DataError("CloudMaskTask needs an EOPatch with a bounding box.")
        check_images(bands, is_data, self.all_bands, (self.data_feature, self.is_data_feature))
        both = self.mask_feature is not None
        mono = self.mono_classifier if both or any(self.mono_features) else None
        multi = self.multi_classifier if both or any(self.multi_features) else None
        frames, valid, usable = self._at_processing_size(eopatch, bands, is_data[..., 0] != 0)
        results = []
        for names, classifier, threshold in (
            (self.mono_features, mono, self.mono_threshold),
            (self.multi_features, multi, self.multi_threshold),
        ):
            if classifier is not None:
                sigma_px = self._sigma_px(eopatch.bbox, bands.shape[1:3])
                features = None if classifier is mono else sigma_px
                probabilities = self._probabilities(frames, valid, usable, classifier, features)
                clouds = self._clouds(probabilities, usable, threshold)
                results.append(clouds)
                self._store(eopatch, names, probabilities, self._dilated(clouds) & usable)
        if self.mask_feature is not None:
            joined = results[0] & results[1]
            eopatch[self.mask_feature] = (self._dilated(joined) & usable)[..., np.newaxis]
        return eopatch

    def _at_processing_size(
        self, eopatch: EOPatch, bands: NDArray[Any], is_data: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the ten bands and where they are valid, at the resolution of the classifiers and then at their own."""
        frames = np.ascontiguousarray(bands[..., self.data_indices], np.float32)
        usable = is_data & np.isfinite(frames).all(axis=-1)
        size = coarse_size(self.processing_resolution, eopatch.bbox, bands.shape[1:3])
        if size is None:
            return frames, usable, usable
        coarse = np.empty((len(frames), *size, frames.shape[-1]), np.float32)
        valid = np.empty(coarse.shape[:3], np.bool_)
        for index in range(len(frames)):
            coarse[index], valid[index] = coarsened(frames[index], usable[index], size)
        return coarse, valid, usable

    def _sigma_px(self, bbox: BBox, size_hw: tuple[int, int]) -> float:
        """Return the width of the Gaussian: 100 m, in pixels of the mean of both sides."""
        resolution = self.processing_resolution
        if resolution is None:
            from sentinelhub import bbox_to_resolution

            resolution = bbox_to_resolution(bbox, size_hw[1], size_hw[0])
        return 200 / (resolution[0] + resolution[1])

    def _probabilities(
        self,
        frames: NDArray[np.float32],
        valid: NDArray[np.bool_],
        usable: NDArray[np.bool_],
        classifier: Any,
        sigma_px: float | None,
    ) -> NDArray[np.float32]:
        """Return probabilities of cloud; with a width of the Gaussian, from the features of several dates."""
        result = np.zeros(usable.shape, np.float32)
        for index in range(len(frames)):
            if not valid[index].any():
                continue
            if sigma_px is None:
                pixels = frames[index][valid[index]]
            else:
                first, last = window_of(len(frames), index, self.max_proc_frames)
                window = slice(first, last)
                pixels = multi_temporal_features(frames[window], valid[window], index - first, sigma_px)
            values = np.zeros(valid.shape[1:], np.float32)
            values[valid[index]] = _predicted(classifier, pixels)
            if values.shape != usable.shape[1:]:
                values = refined(values, valid[index], usable.shape[1:])
            result[index] = np.where(usable[index], values, 0)
        return result

    def _clouds(
        self, probabilities: NDArray[np.float32], usable: NDArray[np.bool_], threshold: float
    ) -> NDArray[np.bool_]:
        clouds = np.zeros(usable.shape, np.bool_)
        for target, frame, has_data in zip(clouds, probabilities, usable, strict=True):
            target[:] = (averaged(frame, has_data, self.average_over) >= threshold) & has_data
        return clouds

    def _dilated(self, clouds: NDArray[np.bool_]) -> NDArray[np.bool_]:
        element = disk(self.dilation_size) if self.dilation_size else None
        return np.array([dilated(frame, element) for frame in clouds], np.bool_).reshape(clouds.shape)

    def _store(
        self,
        eopatch: EOPatch,
        names: tuple[str | None, str | None],
        probabilities: NDArray[np.float32],
        mask: NDArray[np.bool_],
    ) -> None:
        for feature_type, name, values in zip(
            (FeatureType.DATA, FeatureType.MASK), names, (probabilities, mask), strict=True
        ):
            if name is not None:
                eopatch[feature_type, name] = values[..., np.newaxis]


def _names(setting: str, names: Any) -> tuple[str | None, str | None]:
    if names is None:
        return None, None
    if isinstance(names, str) or len(names) != 2:
        raise SettingError(f"{setting} must be two names, of the probabilities and of the mask, got {names!r}.")
    return names[0], names[1]


def _booster(path: str) -> Any:
    from lightgbm import Booster

    return Booster(model_file=path)


def _predicted(classifier: Any, pixels: NDArray[np.float32]) -> NDArray[Any]:
    """Return the probability of cloud of each pixel, by a forest, a Booster or a classifier of scikit-learn's kind."""
    if hasattr(classifier, "probabilities"):
        return np.asarray(classifier.probabilities(pixels))
    if hasattr(classifier, "predict_proba"):
        return np.asarray(classifier.predict_proba(pixels))[..., 1]
    return np.asarray(classifier.predict(pixels))
