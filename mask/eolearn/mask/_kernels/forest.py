"""The forest of decision trees of a binary classifier, evaluated tree by tree over blocks of pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

_BLOCK_PIXELS = 512  # stay in the processor's first cache while tree after tree looks at them


@dataclass(frozen=True)
class Forest:
    """Trees one after another. The children of a node are nodes of its tree, or ``~leaf`` where the path ends."""

    thresholds: NDArray[np.float32]
    """Of shape (nodes,): up to this, inclusively, the path goes to the first child."""
    nodes: NDArray[np.int32]
    """Of shape (nodes, 4): the feature that is looked at, the two children, and a number without meaning."""
    leaves: NDArray[np.float64]
    """Of shape (leaves,): what is added up."""
    first_nodes: NDArray[np.int64]
    """Of shape (trees + 1,)."""
    first_leaves: NDArray[np.int64]
    """Of shape (trees + 1,)."""
    sigmoid: float = 1.0
    """The probability is ``1 / (1 + exp(-sigmoid * sum))``."""

    def probabilities(self, pixels: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probabilities of pixels, of shape (pixels, features), float32 without NaN."""
        result = np.zeros(len(pixels))
        _evaluate(
            np.ascontiguousarray(pixels, np.float32),
            self.thresholds,
            self.nodes,
            self.leaves,
            self.first_nodes,
            self.first_leaves,
            self.sigmoid,
            result,
        )
        return result


def float32_at_most(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 that are not above some numbers: the same float32 lie up to one as to the other."""
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
        return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)


@njit(cache=True, nogil=True, inline="always")
def _next(node: Any, first: Any, pixels: Any, pixel: Any, thresholds: Any, nodes: Any) -> Any:
    place = first + node
    return nodes[place, 1 + (pixels[pixel, nodes[place, 0]] > thresholds[place])]


@njit(cache=True, nogil=True)
def _evaluate(  # noqa: C901 - four pixels at once, spelled out
    pixels: Any, thresholds: Any, nodes: Any, leaves: Any, first_nodes: Any, first_leaves: Any, sigmoid: Any, out: Any
) -> None:
    """Add the leaves in the order of the trees, as LightGBM does, and so with the same rounding.

    Four pixels go down a tree side by side, so that the processor needn't wait for the memory of one of them.
    """
    for start in range(0, len(pixels), _BLOCK_PIXELS):
        stop = min(len(pixels), start + _BLOCK_PIXELS)
        for tree in range(len(first_nodes) - 1):
            first, leaf = first_nodes[tree], first_leaves[tree]
            i = start
            while i + 4 <= stop:
                a = b = c = d = np.int32(0)
                while (a & b & c & d) >= 0:
                    if a >= 0:
                        a = _next(a, first, pixels, i, thresholds, nodes)
                    if b >= 0:
                        b = _next(b, first, pixels, i + 1, thresholds, nodes)
                    if c >= 0:
                        c = _next(c, first, pixels, i + 2, thresholds, nodes)
                    if d >= 0:
                        d = _next(d, first, pixels, i + 3, thresholds, nodes)
                out[i] += leaves[leaf + ~a]
                out[i + 1] += leaves[leaf + ~b]
                out[i + 2] += leaves[leaf + ~c]
                out[i + 3] += leaves[leaf + ~d]
                i += 4
            while i < stop:
                a = np.int32(0)
                while a >= 0:
                    a = _next(a, first, pixels, i, thresholds, nodes)
                out[i] += leaves[leaf + ~a]
                i += 1
    for i in range(len(out)):
        out[i] = 1.0 / (1.0 + math.exp(-sigmoid * out[i]))
