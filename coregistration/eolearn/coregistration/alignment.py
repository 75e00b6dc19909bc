"""Alignment of the dates of a patch with each other, checked date by date."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, IndexOutOfRange, SettingError, TimestampsMissing
from eolearn.core.utils.threads import thread_limit

from ._kernels.move import Interpolation, move_image
from .estimators import Estimator
from .series import SeriesRegistration, SeriesResult, opencv_threads
from .transforms import Transform
from .vectors import move_vectors

if TYPE_CHECKING:
    import pandas as pd

    from eolearn.core.types import Feature, FeaturesSpecification

COLUMNS = (
    "shift_x_px", "shift_y_px", "shift_east_m", "shift_north_m",
    "deviation_px", "residual_before_px", "residual_after_px", "reliability", "moved",
)  # fmt: skip
"""What there is of each date in the feature of results."""
_MOVABLE = (FeatureType.DATA, FeatureType.MASK, FeatureType.VECTOR)


@dataclass(frozen=True, kw_only=True)
class CoregistrationTask(EOTask):
    """Lays the dates of a patch on each other, and lets those stay whose move it can't prove.

    How the shifts are found and checked, :class:`.SeriesRegistration` says. All features are moved once, from the
    original, by one transform: DATA are interpolated, MASK take the nearest pixel, VECTOR move their corners. What is
    no data stays that, and what moves in from beyond the edge is no data.

    The table of results, also for plots by :func:`eolearn.visualization.shifts.plot_shifts`, is
    :func:`coregistration_table`.

    Raises SettingError for settings, on execution DataError and FeatureMissing for features that don't fit (both are
    ValueErrors), IndexOutOfRange for a channel or a date that isn't there.

    Example:
        >>> task = CoregistrationTask(source=(FeatureType.DATA, "BANDS"), channel=3, valid=(FeatureType.MASK, "CLEAR"))
        >>> coregistration_table(task(patch))[["shift_x_px", "shift_y_px", "reason"]]
    """

    source: Feature
    """The images in DATA by which the dates are compared."""
    channel: int = 0
    """The band that is compared: one with many edges, such as near infrared."""
    valid: Feature | None = None
    """Not 0 where the ground is seen, in MASK, one band. Values that are not finite are never used. Clouds that are
    missed harm little."""
    reference: int | datetime | Literal["composite"] | Feature | None = None
    """Which date stays, by position or time; ``composite`` for the median of the dates; an image in DATA_TIMELESS; or
    None for none, where the median shift is 0."""
    apply_to: FeaturesSpecification = ...
    """What moves, of DATA, MASK and VECTOR; by default all that is there."""
    max_shift_px: float = 10.0
    """A date that lies farther off stays as it is."""
    least_shift_px: float = 0.05
    """A date that lies nearer stays as it is: not worth a resampling."""
    min_reliability: float = 0.5
    """Matches that are less clear are left out, 0 to 1."""
    refinement: Estimator | None = None
    """What more than a shift is looked for at last: :class:`.Ecc`, :class:`.PointMatching`, :class:`.TiePointGrid`."""
    interpolation: Interpolation = "cubic"
    """Of DATA: ``cubic``, ``linear`` or ``nearest``."""
    no_data: float | None = None
    """The number that stands for no data in DATA, besides NaN. By default 0 in integers, and NaN alone in floats."""
    target: Feature = (FeatureType.SCALAR, "COREGISTRATION")
    """Where the results go, float64 (time, 9), the columns named in ``COLUMNS``; matrices, displacements and reasons
    under the same name in META_INFO."""

    def __post_init__(self) -> None:
        self.parse_feature(self.source, None, [FeatureType.DATA])
        self.parse_feature(self.target, None, [FeatureType.SCALAR])
        if self.valid is not None:
            self.parse_feature(self.valid, None, [FeatureType.MASK])
        self.get_feature_parser(self.apply_to, _MOVABLE)
        if isinstance(self.reference, tuple):
            self.parse_feature(self.reference, None, [FeatureType.DATA_TIMELESS])
        elif not (self.reference is None or isinstance(self.reference, int | datetime | str)):
            raise SettingError(f"reference must be a position, a time, 'composite' or a feature, got {self.reference}.")
        if self.interpolation not in get_args(Interpolation):
            raise SettingError(f"interpolation must be cubic, linear or nearest, got {self.interpolation!r}.")
        self._registration(self.reference if isinstance(self.reference, str) else None)

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Return the patch with the moved features and the results."""
        frames = _band(eopatch, self.source, self.channel)
        features = self.get_feature_parser(self.apply_to, _MOVABLE).get_features(eopatch)
        for feature in features:
            if feature[0] is not FeatureType.VECTOR:
                self._check_fit(feature, eopatch[feature], frames.shape)
        result = self._register(eopatch, frames)
        moved = {
            feature: move_vectors(eopatch, eopatch[feature], result.transforms, frames.shape[1:])
            if feature[0] is FeatureType.VECTOR
            else self._moved(feature[0], eopatch[feature], result.transforms)
            for feature in features
        }
        for feature, values in moved.items():
            eopatch[feature] = values
        self._record(eopatch, result, frames.shape[1:])
        return eopatch

    def _check_fit(self, feature: Feature, data: NDArray[Any], shape: tuple[int, ...]) -> None:
        if data.shape[:3] != shape:
            raise DataError(
                f"{feature} of shape {data.shape} doesn't fit {self.source} of {shape}. Leave it out of apply_to, or "
                "resample it."
            )
        if self.no_data is not None and feature[0] is FeatureType.DATA and data.dtype.kind in "iu":
            limits = np.iinfo(data.dtype)
            if not (limits.min <= self.no_data <= limits.max and self.no_data == int(self.no_data)):
                raise DataError(
                    f"{feature} of {data.dtype} can't hold no_data={self.no_data}. Leave it out of apply_to."
                )

    def _register(self, eopatch: EOPatch, frames: NDArray[Any]) -> SeriesResult:
        valid = None
        if self.valid is not None:
            mask = eopatch[self.valid]
            if mask.shape != (*frames.shape, 1):
                raise DataError(f"{self.valid} must have the shape {(*frames.shape, 1)}, and has {mask.shape}.")
            valid = mask[..., 0] != 0
        if self.no_data is not None:
            valid = frames != self.no_data if valid is None else valid & (frames != self.no_data)
        if isinstance(self.reference, tuple):
            image = _band(eopatch, self.reference, self.channel)
            return self._registration(None).register(frames, valid, image=image)
        return self._registration(self._position(eopatch)).register(frames, valid)

    def _registration(self, reference: Any) -> SeriesRegistration:
        return SeriesRegistration(
            reference=reference,
            max_shift_px=self.max_shift_px,
            least_shift_px=self.least_shift_px,
            min_reliability=self.min_reliability,
            refinement=self.refinement,
        )

    def _position(self, eopatch: EOPatch) -> int | str | None:
        if not isinstance(self.reference, datetime):
            return None if isinstance(self.reference, tuple) else self.reference
        times = eopatch.timestamps
        if times is None:
            raise TimestampsMissing("The reference is a time, and the EOPatch has no timestamps. Give a position.")
        if self.reference not in times:
            raise IndexOutOfRange(f"No date is {self.reference}: they are {', '.join(map(str, times))}.")
        return times.index(self.reference)

    def _moved(self, kind: FeatureType, data: NDArray[Any], transforms: tuple[Transform, ...]) -> NDArray[Any]:
        """Return data of shape (time, height, width, band), each date moved by its transform."""
        classes = kind.is_discrete()
        moved = np.empty_like(data)

        def move(date: int) -> None:
            transform = transforms[date]
            moved[date] = data[date] if transform.is_identity else move_image(
                data[date],
                transform.places(data.shape[1:3]),
                interpolation="nearest" if classes else self.interpolation,
                no_data=None if classes else self.no_data,
            )  # fmt: skip

        with opencv_threads(1), ThreadPoolExecutor(thread_limit()) as pool:
            list(pool.map(move, range(len(data))))  # raises what a thread has raised
        return moved

    def _record(self, eopatch: EOPatch, result: SeriesResult, shape_hw: tuple[int, int]) -> None:
        transforms = result.transforms
        shifts = np.array([transform.shift_xy(shape_hw) for transform in transforms]).reshape(-1, 2)
        across, down = _pixel_size_m(eopatch, shape_hw)
        columns = [
            *shifts.T, shifts[:, 0] * across, -shifts[:, 1] * down,
            result.deviation_px, result.residual_before_px, result.residual_after_px,
            [transform.reliability for transform in transforms],
            [not transform.is_identity for transform in transforms],
        ]  # fmt: skip
        eopatch[self.target] = np.array(columns, np.float64).T
        eopatch[FeatureType.META_INFO, self.target[1]] = {
            "matrices": [transform.matrix.tolist() for transform in transforms],
            "displacements": [
                None if transform.displacements is None else transform.displacements.tolist()
                for transform in transforms
            ],
            "reasons": [transform.reason for transform in transforms],
        }


def coregistration_table(eopatch: EOPatch, feature: Feature = (FeatureType.SCALAR, "COREGISTRATION")) -> pd.DataFrame:
    """Return what :class:`CoregistrationTask` found, a row a date: shifts, residuals, reliability and reasons.

    Shifts are those of the date as it was: to the right and downwards in pixels, to the east and the north in metres, 0
    for one that stays. The deviation is that of the shift that was found. Residuals are distances to the other dates in
    pixels, NaN where that couldn't be seen. The index has the timestamps, if there are any.
    """
    import pandas as pd

    table = pd.DataFrame(eopatch[feature], columns=list(COLUMNS), index=eopatch.timestamps)
    table["moved"] = table["moved"].astype(bool)
    table["reason"] = _notes(eopatch, feature)["reasons"]
    return table


def transforms_of(eopatch: EOPatch, feature: Feature = (FeatureType.SCALAR, "COREGISTRATION")) -> list[Transform]:
    """Return the transform of each date, as :class:`CoregistrationTask` found it."""
    notes, clear = _notes(eopatch, feature), eopatch[feature][:, COLUMNS.index("reliability")]
    return [
        replace(
            Transform.of_matrix(matrix, reliability=float(reliability)),
            reason=reason,
            displacements=None if rest is None else np.asarray(rest, np.float64),
        )
        for matrix, rest, reason, reliability in zip(
            notes["matrices"], notes["displacements"], notes["reasons"], clear, strict=True
        )
    ]


def _notes(eopatch: EOPatch, feature: Feature) -> dict[str, list[Any]]:
    key = (FeatureType.META_INFO, feature[1])
    if key not in eopatch:
        raise FeatureMissing(f"The EOPatch has no results of a co-registration in {key}: run CoregistrationTask first.")
    notes: dict[str, list[Any]] = eopatch[key]
    return notes


def _band(eopatch: EOPatch, feature: Feature, channel: int) -> NDArray[Any]:
    data: NDArray[Any] = eopatch[feature]
    if not -data.shape[-1] <= channel < data.shape[-1]:
        raise IndexOutOfRange(f"{feature} of shape {data.shape} has no channel {channel}.")
    if data.dtype.kind not in "fiub":
        raise DataError(f"{feature} must hold real numbers to be compared, and is of {data.dtype}.")
    return data[..., channel]


def _pixel_size_m(eopatch: EOPatch, shape_hw: tuple[int, int]) -> tuple[float, float]:
    """Return the width and the height of a pixel in metres, NaN for a patch without a place."""
    if eopatch.bbox is None:
        return np.nan, np.nan
    from sentinelhub import bbox_to_resolution

    return bbox_to_resolution(eopatch.bbox, shape_hw[1], shape_hw[0])
