"""Registration of all dates of a series at once, with a check of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.raster import nan_median
from eolearn.core.utils.threads import thread_limit

from ._checking import Check, check_moves, check_windows
from ._kernels.move import move_image
from ._kernels.network import pairs_of_dates, solve_shifts
from ._kernels.phase import Spectrum, edge_spectrum
from .estimators import Estimator, PhaseCorrelation
from .transforms import Transform

_SURE = 5  # deviations of a shift: twice the largest error, as a wrong shift must not be half of what is found

Frame = NDArray[np.float32]
Bool = NDArray[np.bool_]

_LONELY = "no reliable match: one date only, few valid pixels, or texture without edges, as of water and snow"


@dataclass(frozen=True, kw_only=True, eq=False)
class SeriesResult:
    """What came of a registration, for each date in its order."""

    transforms: tuple[Transform, ...]
    """From pixels of the reference to those of the date, with the reliability; a date that stays has the reason."""
    deviation_px: NDArray[np.float64]
    """The standard deviation of the shift in each direction, from how well the pairs agree; NaN where there is none."""
    residual_before_px: NDArray[np.float64]
    """How far the date lay from the others, or from the image of reference, in the windows kept for checking. NaN where
    that couldn't be seen."""
    residual_after_px: NDArray[np.float64]
    """The same for the date as it is now."""


@dataclass(frozen=True, kw_only=True)
class SeriesRegistration:
    """Finds how the dates of a series lie against each other, and believes only what it can check.

    Pairs of dates are compared by phase correlation, those 1, 2, 4, 8 ... dates apart, and one shift a date is solved
    from all of them by robust least squares, so that errors don't add up along the series. Every fifth window (of 32
    pixels, or an eighth of a smaller image) of a date is kept out of that: there it must lie nearer to the sum of all
    other dates after the move than before, or it stays as it is.

    Example:
        >>> result = SeriesRegistration().register(frames, valid)
        >>> [transform.reason for transform in result.transforms if transform.reason]
        ['too little structure in common with other dates: ...']
    """

    reference: int | Literal["composite"] | None = None
    """The position of the date that stays where it is, ``composite`` for the median of all dates that could be matched,
    None for none: then the median shift of the dates is 0."""
    max_shift_px: float = 10.0
    """A date that lies farther off stays as it is."""
    least_shift_px: float = 0.05
    """A date that lies nearer stays as it is: not worth a resampling."""
    min_reliability: float = 0.5
    """Pairs that match less clearly than that are left out, see :class:`.PhaseCorrelation`."""
    refinement: Estimator | None = None
    """What more than a shift is looked for at last, between the reference and each date that is shifted already."""

    def __post_init__(self) -> None:
        PhaseCorrelation(max_shift_px=self.max_shift_px, min_reliability=self.min_reliability)  # checks both
        if not 0 <= self.least_shift_px < np.inf:
            raise SettingError(f"least_shift_px must be a number of pixels, 0 or more, got {self.least_shift_px}.")
        if isinstance(self.reference, str) and self.reference != "composite":
            raise SettingError(f"reference must be a position, 'composite' or None, got {self.reference!r}.")

    def register(
        self, frames: NDArray[Any], valid: Bool | None = None, *, image: NDArray[Any] | None = None
    ) -> SeriesResult:
        """Return the transforms of a series.

        frames: one band, shape (time, height, width), real numbers. valid: same shape, True where it may be used;
            values that are not finite never are.
        image: what all dates are registered with, shape (height, width), instead of a reference.

        Raises DataError for shapes that don't fit, and a reference that isn't there.
        """
        self._check(frames, valid, image)
        values = np.asarray(frames, np.float32)
        known = np.isfinite(values) if valid is None else np.isfinite(values) & valid
        with opencv_threads(1), ThreadPoolExecutor(thread_limit()) as pool:
            known_frames = [np.where(ok, frame, np.float32(np.nan)) for frame, ok in zip(values, known, strict=True)]
            return _Run(self, pool.map, known_frames, image).result()

    def _check(self, frames: NDArray[Any], valid: Bool | None, image: NDArray[Any] | None) -> None:
        if frames.ndim != 3 or (valid is not None and valid.shape != frames.shape):
            mask = "" if valid is None else f", and masks of the shape {valid.shape}"
            raise DataError(
                f"Frames have the shape (time, height, width), and so have masks: got {frames.shape}{mask}."
            )
        if not frames.size:
            raise DataError(f"There is no date or no pixel to register in frames of the shape {frames.shape}.")
        if image is not None and image.shape != frames.shape[1:]:
            raise DataError(f"The reference of shape {image.shape} doesn't fit frames of the shape {frames.shape}.")
        if isinstance(self.reference, int) and not -len(frames) <= self.reference < len(frames):
            raise DataError(f"There is no date at position {self.reference}: there are {len(frames)}.")


class _Run:
    """The registration of one series."""

    def __init__(
        self, settings: SeriesRegistration, map_: Callable[..., Any], frames: list[Frame], image: NDArray[Any] | None
    ):
        self.settings, self.map, self.frames = settings, map_, frames
        self.image = None if image is None else np.asarray(image, np.float32)
        self.shape, self.dates = frames[0].shape, range(len(frames))
        reference = settings.reference
        self.fixed = reference % len(frames) if isinstance(reference, int) and image is None else None

    def result(self) -> SeriesResult:
        """Return what came of it."""
        found, deviation = self._shifts()
        moved = self._moved(found)
        checks = self._checks(moved, found)
        if self.settings.refinement is not None:
            found, checks = self._refined(self.settings.refinement, found, moved, checks)
        accepted = [self._accepted(date, found[date], deviation[date], checks[date]) for date in self.dates]
        residuals = np.array([check.residuals_px for check in checks]).T
        stays = [transform.is_identity for transform in accepted]
        return SeriesResult(
            transforms=tuple(accepted),
            deviation_px=deviation,
            residual_before_px=residuals[0],
            residual_after_px=np.where(stays, residuals[0], residuals[1]),
        )

    def _shifts(self) -> tuple[list[Transform], NDArray[np.float64]]:
        """Return the shift of each date, refused where there is none, and the deviations."""
        spectra = list(self.map(lambda date: self._spectrum(self.frames[date], date), self.dates))
        pairs = pairs_of_dates(len(spectra))
        measured = self._compared(spectra, pairs)
        if self.image is None:
            found, deviation = self._solved(pairs, measured, len(spectra), self.fixed)
            if self.settings.reference != "composite":
                return found, deviation
            self.image = self._composite(found)
        image = len(spectra)
        spectra.append(edge_spectrum(self.image))
        more = np.array([(image, date) for date in self.dates])
        measured += self._compared(spectra, more)
        found, deviation = self._solved(np.concatenate([pairs, more]), measured, len(spectra), image)
        return found[:image], deviation[:image]

    def _spectrum(self, frame: Frame, date: int) -> Spectrum:
        return edge_spectrum(frame, ~check_windows(self.shape, date))

    def _compared(self, spectra: list[Spectrum], pairs: NDArray[np.intp]) -> list[Transform]:
        farthest, least = 2 * self.settings.max_shift_px, self.settings.min_reliability
        pair = PhaseCorrelation(max_shift_px=farthest, min_reliability=least)
        return list(self.map(lambda ends: pair.compare(spectra[ends[0]], spectra[ends[1]]), pairs))

    def _solved(
        self, pairs: NDArray[np.intp], measured: list[Transform], count: int, fixed: int | None
    ) -> tuple[list[Transform], NDArray[np.float64]]:
        shifts = np.array([transform.matrix[:2, 2] for transform in measured]).reshape(-1, 2)
        weights = np.array([0 if transform.reason else transform.reliability for transform in measured])
        best = np.zeros(count)
        for end in (0, 1):
            np.maximum.at(best, pairs[:, end], [transform.reliability for transform in measured])
        solved, deviation = solve_shifts(pairs, shifts, weights, count=count, fixed=fixed)
        alone = np.isfinite(solved[:, 0]).sum() < 2
        found = [
            Transform.refused(_LONELY, reliability=clear)
            if alone or np.isnan(shift[0])
            else Transform.translation(shift, reliability=clear)
            for shift, clear in zip(solved, best.tolist(), strict=True)
        ]
        return found, deviation

    def _moved(self, transforms: list[Transform]) -> list[Frame]:
        def move(date: int) -> Frame:
            if transforms[date].is_identity:
                return self.frames[date]
            return move_image(self.frames[date], transforms[date].places(self.shape), interpolation="cubic")

        return list(self.map(move, self.dates))

    def _composite(self, found: list[Transform]) -> Frame:
        frames = [frame for frame, one in zip(self._moved(found), found, strict=True) if not one.reason]
        return nan_median(np.stack(frames or self.frames))

    def _checks(self, moved: list[Frame], found: list[Transform]) -> list[Check]:
        radius = int(np.ceil(self.settings.max_shift_px)) + 3
        image = None if self.settings.reference == "composite" else self.image  # a composite has a part in itself
        return check_moves(self.frames, moved, found, image, radius_px=radius, map_=self.map)

    def _refined(
        self, refinement: Estimator, found: list[Transform], moved: list[Frame], checks: list[Check]
    ) -> tuple[list[Transform], list[Check]]:
        """Return what is found beside the shifts, composed with them, where it proves better, and the checks."""
        image = moved[self.fixed] if self.fixed is not None else self.image
        reference = self._composite(found) if image is None else image

        def refine(date: int) -> Transform:
            if found[date].reason or date == self.fixed:
                return found[date]
            more = refinement.estimate(reference, moved[date], valid=~check_windows(self.shape, date))
            return found[date] if more.reason else more.after(found[date])

        refined = list(self.map(refine, self.dates))
        rechecks = self._checks(self._moved(refined), refined)
        for date in self.dates:
            if not rechecks[date].is_better_than(checks[date]):
                refined[date], rechecks[date] = found[date], checks[date]
        return refined, rechecks

    def _largest_shift(self, found: Transform) -> float:
        """Return how far the corners, the middle and the places between them are moved at most, in pixels."""
        height, width = self.shape
        places = np.stack(np.meshgrid(np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 5)), -1).reshape(-1, 2)
        return float(np.linalg.norm(found.to_frame(places, self.shape) - places, axis=1).max())

    def _accepted(self, date: int, found: Transform, deviation: float, check: Check) -> Transform:
        """Return the transform, or a refusal with what speaks against it."""
        shift, settings = self._largest_shift(found), self.settings
        reason = found.reason
        if date == self.fixed:
            reason = "it is the reference"
        elif not reason and shift > settings.max_shift_px:
            reason = f"a shift of {shift:.2f} pixels is more than the limit of {settings.max_shift_px:g}"
        elif not reason and shift < settings.least_shift_px:
            reason = f"a shift of {shift:.2f} pixels is not worth a resampling"
        elif not reason and shift < _SURE * deviation:
            reason = f"a shift of {shift:.2f} pixels, with a deviation of {deviation:.2f}, may be none"
        reason = reason or check.objection()
        return Transform.refused(reason, reliability=found.reliability) if reason else found


@contextmanager
def opencv_threads(count: int) -> Iterator[None]:
    """Let OpenCV use a number of threads, a setting of the whole process, for a while."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(count)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
