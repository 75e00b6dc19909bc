"""Linear mixing: how much of a spectrum is in another."""

from __future__ import annotations

import numpy as np
from scipy.optimize import nnls

from .bands import B04, B08, Float


def _excess(spectrum: Float, index: float) -> float:
    """How far a spectrum is above an NDVI, in a measure that mixes linearly."""
    return float(spectrum[B08] - spectrum[B04] - index * (spectrum[B08] + spectrum[B04]))


def share_of(green: Float, other: Float, *, index: float) -> float:
    """How much green, mixed with the other, has this NDVI."""
    return _excess(other, index) / (_excess(other, index) - _excess(green, index))


def without(spectrum: Float, green: Float, *, index: float) -> Float:
    """What is left of a spectrum when so much green is taken out of it that its NDVI falls to `index`."""
    share = _excess(spectrum, index) / _excess(green, index)
    return np.asarray((spectrum - share * green) / (1 - share))


def unmix(spectrum: Float, members: dict[str, Float]) -> dict[str, float]:
    """Shares of the members in a spectrum by least squares over its bands, not negative, of sum 1.

    The sum is one more equation of a large weight: Heinz and Chang (2001), doi:10.1109/36.911111.
    """
    weight = 10.0
    matrix = np.vstack([np.stack(list(members.values()), axis=-1), np.full(len(members), weight)])
    shares, _ = nnls(matrix, np.append(spectrum, weight))
    return dict(zip(members, (shares / shares.sum()).tolist(), strict=True))
