"""Reads LightGBM's text files of models into forests."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError

from ._kernels.forest import Forest, float32_at_most

_NUMERIC = 2  # the decision type of "a number up to the threshold", where NaN is not treated in a way of its own
_KEYS = ("split_feature", "threshold", "left_child", "right_child", "leaf_value")


@lru_cache(maxsize=2)
def read_forest(path: str) -> Forest:
    """Return the forest of a LightGBM model file of a binary classifier with numeric features.

    Raises DataError (a ValueError) for models of other kinds. Format: ``Tree::ToString`` in LightGBM's sources, stable
    since its version 2.
    """
    parts: dict[str, list[NDArray[np.float64]]] = {key: [] for key in _KEYS}
    sigmoid = None
    for line in Path(path).read_text().splitlines():
        key, _, value = line.partition("=")
        if key in parts:
            parts[key].append(np.array(value.split(), np.float64))
        elif key == "objective" and value.startswith("binary"):
            sigmoid = float(value.partition("sigmoid:")[2] or 1)
        elif key == "decision_type" and set(map(int, value.split())) != {_NUMERIC}:
            raise DataError(f"{path} has decisions on categories or missing values, which can't be evaluated here.")
    trees = len(parts["leaf_value"])
    if sigmoid is None or not trees or any(len(values) != trees for values in parts.values()):
        raise DataError(f"{path} is no model file of a binary LightGBM classifier, whose trees each have a decision.")
    joined = {key: np.concatenate(values) for key, values in parts.items()}
    nodes = np.zeros((len(joined["threshold"]), 4), np.int32)
    for column, key in enumerate(("split_feature", "left_child", "right_child")):
        nodes[:, column] = joined[key]
    return Forest(
        thresholds=float32_at_most(joined["threshold"]),
        nodes=nodes,
        leaves=joined["leaf_value"],
        first_nodes=_starts(parts["threshold"]),
        first_leaves=_starts(parts["leaf_value"]),
        sigmoid=sigmoid,
    )


def _starts(parts: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    return np.cumsum([0, *map(len, parts)]).astype(np.int64)
