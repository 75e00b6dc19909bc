"""Where each pixel of a reference lies in another image of the scene."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from eolearn.core.exceptions import SettingError

Float = NDArray[np.float64]
_INVERSE_STEPS = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class Transform:
    """The way from pixels (x, y) of a reference to the same places in a frame: a matrix, and what it leaves.

    Pixel (0, 0) is the middle of the upper left one, x runs to the right and y downwards. A positive shift means that
    the frame shows the scene too far to the right, and too low.

    Example:
        >>> shift = Transform.translation((1.5, -0.5))
        >>> shift.to_frame([[10, 20]], (100, 100))
        array([[11.5, 19.5]])
    """

    matrix: Float
    """Shape (3, 3), from (x, y, 1) of the reference to those of the frame."""
    reliability: float = 1.0
    """0 to 1: how clear the match of the images was, in the measure of the estimator that made it."""
    reason: str = ""
    """Why there is no transform, which then is the identity. Empty where there is one."""
    displacements: Float | None = None
    """Pixels (x, y) to be added in the middles of windows that tile the reference, shape (rows, columns, 2)."""

    @classmethod
    def translation(cls, shift_xy: ArrayLike, *, reliability: float = 1.0) -> Self:
        """Return a shift by pixels to the right and downwards."""
        matrix = np.eye(3)
        matrix[:2, 2] = shift_xy
        return cls(matrix=matrix, reliability=reliability)

    @classmethod
    def of_matrix(cls, matrix: ArrayLike, *, reliability: float = 1.0) -> Self:
        """Return the transform of a matrix of shape (2, 3) or (3, 3)."""
        whole = np.eye(3)
        rows = np.asarray(matrix, np.float64)
        whole[: len(rows)] = rows
        return cls(matrix=whole, reliability=reliability)

    @classmethod
    def refused(cls, reason: str, *, reliability: float = 0.0) -> Self:
        """Return the identity, with the reason for it."""
        return cls(matrix=np.eye(3), reliability=reliability, reason=reason)

    @property
    def is_identity(self) -> bool:
        """Whether nothing moves."""
        return self.displacements is None and np.array_equal(self.matrix, np.eye(3))

    def shift_xy(self, shape_hw: tuple[int, int]) -> tuple[float, float]:
        """Return the mean displacement of an image, (x, y) in pixels."""
        height, width = shape_hw
        middle = np.array([[(width - 1) / 2, (height - 1) / 2]])
        shift = (_applied(self.matrix, middle) - middle)[0]
        if self.displacements is not None:
            shift = shift + self.displacements.mean(axis=(0, 1))
        return float(shift[0]), float(shift[1])

    def after(self, first: Transform) -> Transform:
        """Return both as one: this one was found between the reference and the frame moved by the first.

        Raises SettingError where the first one has displacements.
        """
        if first.displacements is not None:
            raise SettingError("A transform with displacements can only be the last of several: shift first.")
        shifts = self.displacements
        if shifts is not None:
            shifts = shifts @ first.matrix[:2, :2].T
        return Transform(
            matrix=first.matrix @ self.matrix,
            reliability=min(self.reliability, first.reliability),
            reason=first.reason or self.reason,
            displacements=shifts,
        )

    def places(self, shape_hw: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return x and y in the frame for each pixel of the reference, each of shape (height, width)."""
        height, width = shape_hw
        x, y = np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)[:, None]
        rows = [a * x + b * y + c for a, b, c in self.matrix]
        moved = [row / rows[2] for row in rows[:2]] if self._is_perspective else rows[:2]
        if self.displacements is not None:
            fine = cv2.resize(self.displacements, (width, height), interpolation=cv2.INTER_LINEAR)
            moved = [row + fine[..., axis] for axis, row in enumerate(moved)]
        return moved[0].astype(np.float32), moved[1].astype(np.float32)

    def to_frame(self, points_xy: ArrayLike, shape_hw: tuple[int, int]) -> Float:
        """Return where points of a reference of some size lie in the frame; (points, 2)."""
        points = np.asarray(points_xy, np.float64)
        return _applied(self.matrix, points) + self._displacements_at(points, shape_hw)

    def to_reference(self, points_xy: ArrayLike, shape_hw: tuple[int, int]) -> Float:
        """Return where points of the frame lie in the reference, the inverse of :meth:`to_frame`; (points, 2)."""
        points = np.asarray(points_xy, np.float64)
        inverse = np.asarray(np.linalg.inv(self.matrix), np.float64)
        found = _applied(inverse, points)
        for _ in range(0 if self.displacements is None else _INVERSE_STEPS):  # displacements change slowly
            found = _applied(inverse, points - self._displacements_at(found, shape_hw))
        return found

    @property
    def _is_perspective(self) -> bool:
        return not np.array_equal(self.matrix[2], (0, 0, 1))

    def _displacements_at(self, points: Float, shape_hw: tuple[int, int]) -> Float:
        if self.displacements is None:
            return np.zeros(points.shape)
        from scipy.ndimage import map_coordinates

        shares = (points[:, ::-1] + 0.5) / shape_hw
        nodes = (shares * self.displacements.shape[:2] - 0.5).T
        found = [map_coordinates(self.displacements[..., axis], nodes, order=1, mode="nearest") for axis in (0, 1)]
        return np.stack(found, axis=-1)


def _applied(matrix: Float, points: Float) -> Float:
    moved = points @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(moved[:, :2] / moved[:, 2:])
