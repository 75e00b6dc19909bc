"""What can be known of a model that has ``predict`` or ``predict_proba``, as those of scikit-learn do."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError

Method = Literal["predict", "predict_proba"]
METHODS: tuple[Method, ...] = ("predict", "predict_proba")


class ModelName(str):
    """Stands for a model where it is written down."""

    __slots__ = ()

    def __new__(cls, model: object) -> Self:
        """Name a model by its class."""
        return super().__new__(cls, f"<{type(model).__name__}>")

    __repr__ = str.__str__


def check_method(model: object, method: str) -> None:
    """Raise SettingError for a model without the method, and for a method that is neither of the two."""
    if method not in METHODS:
        raise SettingError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if not callable(getattr(model, method, None)):
        found = [name for name in METHODS if callable(getattr(model, name, None))]
        advice = f"It has {found[0]}: pass method={found[0]!r}." if found else "Is it a trained model?"
        raise SettingError(f"The model {ModelName(model)} has no method {method}. {advice}")


def label_dtype(model: object) -> np.dtype[Any]:
    """Return the dtype of the class labels of a model, int64 for one that doesn't say."""
    classes = getattr(model, "classes_", None)
    if classes is None:
        return np.dtype(np.int64)
    return np.result_type(*map(np.asarray, classes)) if isinstance(classes, list) else np.asarray(classes).dtype


def bands_of(model: object, method: Method) -> int:
    """Return the number of values that a model gives for a pixel, without asking it."""
    if method == "predict":
        return int(getattr(model, "n_outputs_", 1))
    classes = getattr(model, "classes_", None)
    if classes is None:
        raise DataError(
            f"No pixel is valid, and the model {ModelName(model)} has no `classes_` to tell how many probabilities "
            "there would be. Leave this patch out, or set model.classes_."
        )
    return len(classes)


def as_table(answers: Any, pixels: int, model: object, method: Method) -> NDArray[Any]:
    """Return the answers of a model as (pixels, bands); DataError if they aren't numbers for as many pixels."""
    table = np.asarray(answers)
    if table.ndim == 1:
        table = table[:, np.newaxis]
    if table.ndim != 2 or len(table) != pixels or table.dtype.kind not in "biuf":
        raise DataError(
            f"{ModelName(model)}.{method} must give numbers of shape (pixels,) or (pixels, bands), but for {pixels} "
            f"pixels it gave {table.dtype} of shape {table.shape}."
        )
    return table
