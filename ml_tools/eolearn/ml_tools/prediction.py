"""Runs a trained model over the pixels of an EOPatch: a map from its images."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import EOTask
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.parsing import FeatureParser, parse_feature

from ._kernels.columns import column_count, pixel_columns
from ._model import ModelName, as_table, bands_of, check_method, label_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature, FeaturesSpecification

    from ._model import Method

_TABLE_BYTES = 64 * 2**20  # of the table that the model gets at once; a model may need a few times as much for itself


@dataclass(frozen=True, eq=False)
class PredictionTask(EOTask):
    """Gives the pixels of a patch to a trained model, and makes a timeless feature of its answers.

    model: anything with ``predict`` or ``predict_proba`` that takes a table of pixels and columns, from scikit-learn,
        LightGBM and others. Copies of the task share it; it travels with the workflow, once to each worker process.
    input_features: the images that the model was trained on. The columns are the features in the order in which they
        are named, of each feature its dates, of each date its bands.
    output_feature: a MASK_TIMELESS feature for class labels, which must be integers or bools and keep the dtype of
        ``model.classes_`` (int64 for a model without); or a DATA_TIMELESS feature for other numbers, as float32.
    method: "predict" gives one band, or one for each output of the model, "predict_proba" one for each class.
    valid_mask: a MASK or MASK_TIMELESS feature. A pixel is given to the model where the mask is set (not 0) in all of
        its dates and bands.
    rows_per_block: how many rows of the images to give to the model at once. By default as many as make a table of
        64 MB.
    no_data_value: for pixels that are not given to the model. By default NaN in DATA_TIMELESS and 0 in MASK_TIMELESS:
        choose another one where 0 is a class.

    A patch without a valid pixel holds no data, and the model isn't asked: the number of bands is ``model.n_outputs_``
    (1 for a model without) for "predict", and that of ``model.classes_`` for "predict_proba".

    Example:
        >>> model = RandomForestClassifier().fit(samples, classes)  # samples of shape (pixels, dates * bands)
        >>> task = PredictionTask(
        ...     model,
        ...     (FeatureType.DATA, "BANDS"),
        ...     (FeatureType.MASK_TIMELESS, "CROP"),
        ...     valid_mask=(FeatureType.MASK_TIMELESS, "FIELDS"),
        ... )
        >>> task(eopatch)[FeatureType.MASK_TIMELESS, "CROP"].shape
        (101, 100, 1)
    """

    model: Any = field(repr=False)
    input_features: FeaturesSpecification
    output_feature: Feature
    _: KW_ONLY
    method: Method = "predict"
    valid_mask: Feature | None = None
    rows_per_block: int | None = None
    no_data_value: float | None = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Make a task that has only the name of its model in the record of its settings."""
        if args:
            args = (ModelName(args[0]), *args[1:])
        elif "model" in kwargs:
            kwargs["model"] = ModelName(kwargs["model"])
        return super().__new__(cls, *args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return the task itself: neither it nor its model changes."""
        return self

    def __post_init__(self) -> None:
        check_method(self.model, self.method)
        FeatureParser(self.input_features, FeatureType.is_image)
        outputs = [FeatureType.DATA_TIMELESS, FeatureType.MASK_TIMELESS]
        object.__setattr__(self, "output_feature", parse_feature(self.output_feature, None, outputs))
        if self.valid_mask is not None:
            masks = [FeatureType.MASK, FeatureType.MASK_TIMELESS]
            object.__setattr__(self, "valid_mask", parse_feature(self.valid_mask, None, masks))
        if self.rows_per_block is not None and (not isinstance(self.rows_per_block, int) or self.rows_per_block < 1):
            raise SettingError(f"rows_per_block must be an integer of at least 1, got {self.rows_per_block!r}.")
        self._check_output()

    def _check_output(self) -> None:
        if self._makes_mask and self.method == "predict_proba":
            raise SettingError(f"Probabilities don't fit into {self.output_feature}. Choose a DATA_TIMELESS feature.")
        labels, kinds = label_dtype(self.model), "biu" if self._makes_mask else "biuf"
        if self.method == "predict" and labels.kind not in kinds:
            raise SettingError(
                f"{ModelName(self.model)} predicts classes of dtype {labels}, which don't fit into "
                f"{self.output_feature}. Train it with integers as classes."
            )
        if self._makes_mask and not _holds(labels, self._no_data):
            raise SettingError(f"no_data_value must fit {labels}, as the classes do, got {self.no_data_value!r}.")

    @property
    def _makes_mask(self) -> bool:
        return self.output_feature[0].is_discrete()

    @property
    def _dtype(self) -> np.dtype[Any]:
        return label_dtype(self.model) if self._makes_mask else np.dtype(np.float32)

    @property
    def _no_data(self) -> float:
        if self.no_data_value is None:
            return 0 if self._makes_mask else np.nan
        return self.no_data_value

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Predict, and add the result to the patch.

        Raises FeatureMissing for a feature that the patch lacks; DataError for features of different height and width,
        for another number of columns than the model was trained with, for answers that don't fit into the output
        feature, and for numbers that aren't finite where the model fails on them.
        """
        features = FeatureParser(self.input_features, FeatureType.is_image).get_features(eopatch)
        images: list[NDArray[Any]] = [eopatch[feature] for feature in features]
        self._check_columns(features, images)
        valid = self._valid_pixels(eopatch, features[0], images[0].shape[-3:-1])
        height, width = valid.shape
        result = None
        for start, stop in self._blocks(images):
            chosen = valid[start:stop].ravel()
            if chosen.any():
                table = pixel_columns(images, start, stop)
                answers = self._answers(table if chosen.all() else table[chosen], features, images)
                if result is None:
                    result = self._blank(height * width, answers.shape[1])
                result[start * width : stop * width][chosen] = answers
        if result is None:
            result = self._blank(height * width, bands_of(self.model, self.method))
        eopatch[self.output_feature] = result.reshape(height, width, result.shape[1])
        return eopatch

    def _check_columns(self, features: list[Feature], images: list[NDArray[Any]]) -> None:
        counts = [column_count(image) for image in images]
        expected = getattr(self.model, "n_features_in_", None)
        shapes = ", ".join(f"{name} {image.shape}" for (_, name), image in zip(features, images, strict=True))
        if not sum(counts):
            raise DataError(f"The input features give no columns to predict from: {shapes or 'there are none'}.")
        if expected is not None and sum(counts) != expected:
            raise DataError(
                f"The input features give {' + '.join(map(str, counts))} columns (dates x bands), but "
                f"{ModelName(self.model)} was trained with {expected}. Their shapes: {shapes}."
            )
        if len({image.shape[-3:-1] for image in images}) > 1:
            raise DataError(f"The input features differ in height or width: {shapes}. Resize them first.")

    def _valid_pixels(self, eopatch: EOPatch, feature: Feature, shape_hw: tuple[int, ...]) -> NDArray[np.bool_]:
        if self.valid_mask is None:
            return np.ones(shape_hw, dtype=bool)
        mask: NDArray[Any] = eopatch[self.valid_mask]
        if mask.shape[-3:-1] != shape_hw:
            raise DataError(
                f"The mask {self.valid_mask} has the shape {mask.shape}, which differs in height or width from that of "
                f"{feature}, {shape_hw}. Resize it first."
            )
        valid: NDArray[np.bool_] = np.all(mask, axis=(0, -1) if mask.ndim == 4 else -1)
        return valid

    def _blocks(self, images: list[NDArray[Any]]) -> Iterator[tuple[int, int]]:
        """Yield the first row of each block, and the one after its last."""
        height, width = images[0].shape[-3:-1]
        bytes_per_row = width * sum(map(column_count, images)) * np.result_type(*images).itemsize
        rows = self.rows_per_block or max(1, _TABLE_BYTES // max(1, bytes_per_row))
        for start in range(0, height, rows):
            yield start, min(start + rows, height)

    def _answers(self, table: NDArray[Any], features: list[Feature], images: list[NDArray[Any]]) -> NDArray[Any]:
        try:
            given = getattr(self.model, self.method)(table)
        except Exception as error:
            column_owners = np.repeat(np.arange(len(features)), [column_count(image) for image in images])
            owners = np.unique(column_owners[~np.isfinite(table).all(axis=0)])
            if not len(owners):
                raise
            raise DataError(
                f"{ModelName(self.model)}.{self.method} failed ({error}), and these features have NaN or infinite "
                f"values in pixels that it was given: {[features[owner] for owner in owners]}. Fill them, or leave "
                "such pixels out with valid_mask."
            ) from error
        answers = as_table(given, len(table), self.model, self.method)
        if self._makes_mask and answers.dtype.kind == "f":
            raise DataError(
                f"{ModelName(self.model)}.predict gave {answers.dtype}, but {self.output_feature} holds integers or "
                "bools. Choose a DATA_TIMELESS feature, or train the model with integers as classes."
            )
        return answers

    def _blank(self, pixels: int, bands: int) -> NDArray[Any]:
        return np.full((pixels, bands), self._no_data, dtype=self._dtype)


def _holds(dtype: np.dtype[Any], number: float) -> bool:
    try:
        return isinstance(number, (int, np.integer)) and bool(dtype.type(number) == number)
    except OverflowError:
        return False
