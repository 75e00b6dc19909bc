"""Plots of figures that aren't in an EOPatch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eolearn.core.exceptions import SettingError

from .extra_packages import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from numpy.typing import ArrayLike


def plot_confusion_matrix(
    confusion_matrix: ArrayLike,
    classes: Sequence[Any],
    normalize: bool = True,
    title: str = "Confusion matrix",
    cmap: str | Colormap = "Blues",
    xlabel: str = "Predicted label",
    ylabel: str = "True label",
) -> None:
    """Plot how often each class was taken for each, on the current axes of pyplot.

    confusion_matrix: counts, (true class, predicted class), as ``sklearn.metrics.confusion_matrix`` returns them.
    classes: the name of each class.
    normalize: show shares of each row, rather than counts. A row without any stays 0.
    title, xlabel, ylabel: what is written above, below and beside.
    cmap: the colour map, or its name.

    Raises SettingError (a ValueError) if the matrix is not square, or there is another number of classes.

    Example:
        >>> plot_confusion_matrix([[50, 2], [5, 43]], ["forest", "water"])
    """
    require_matplotlib()
    import matplotlib.pyplot as plt

    matrix = np.asarray(confusion_matrix)
    if matrix.shape != (len(classes), len(classes)):
        raise SettingError(f"A confusion matrix of {len(classes)} classes is square, got the shape {matrix.shape}.")
    if normalize:
        matrix = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes = plt.gca()
    image = axes.imshow(matrix, interpolation="nearest", cmap=cmap, vmin=0, vmax=1 if normalize else None)
    plt.colorbar(image, ax=axes)
    names = [str(name) for name in classes]
    longest = max(map(len, names), default=0)
    axes.set_xticks(range(len(names)), names, rotation=90 if longest > 3 else 0)
    axes.set_yticks(range(len(names)), names)
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    for (row, column), value in np.ndenumerate(matrix):
        red, green, blue, _ = image.cmap(image.norm(value))
        colour = "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"  # luma of ITU-R BT.601
        axes.text(column, row, f"{value:.2f}" if normalize else str(value), ha="center", va="center", color=colour)
