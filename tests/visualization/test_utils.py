from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from eolearn.visualization.utils import plot_confusion_matrix


def texts() -> list[str]:
    return [text.get_text() for text in plt.gcf().axes[0].texts]


def test_rows_are_shares_and_an_empty_one_is_zero():
    assert plot_confusion_matrix([[5, 1], [0, 0]], ["forest", "water"]) is None
    assert texts() == ["0.83", "0.17", "0.00", "0.00"]  # 5/6, 1/6
    axes = plt.gcf().axes[0]
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylabel()) == (
        "Confusion matrix",
        "Predicted label",
        "True label",
    )
    assert [label.get_text() for label in axes.get_yticklabels()] == ["forest", "water"]
    assert axes.images[0].get_cmap().name == "Blues"


def test_counts_are_shown_as_they_are():
    plot_confusion_matrix([[5000000, 1], [2, 3]], [1, 2], normalize=False, title="T", cmap=plt.cm.viridis, xlabel="x")
    assert texts() == ["5000000", "1", "2", "3"]
    assert plt.gcf().axes[0].get_xlabel() == "x"


def test_numbers_stand_out_from_their_ground():
    plot_confusion_matrix([[9, 1], [0, 1]], ["a", "b"])
    assert [text.get_color() for text in plt.gcf().axes[0].texts] == ["white", "black", "black", "white"]


def test_another_number_of_classes_is_refused():
    with pytest.raises(ValueError, match=r"2 classes is square, got the shape \(3, 3\)"):
        plot_confusion_matrix([[1] * 3] * 3, ["a", "b"])
