"""A check of reflectances by what they are themselves: scale, offset, order of bands, empty dates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, FeatureMissing, SettingError, warn_user
from eolearn.core.utils.parsing import parse_feature

from ._radiometry.checks import check, mended
from ._radiometry.series import ROLES_OF_BANDS, FindingKind, Found, Report

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_OTHER_BANDS = {
    "B01",
    "B05",
    "B06",
    "B07",
    "B09",
    "B10",
    "coastal",
    "rededge1",
    "rededge2",
    "rededge3",
    "nir09",
    "cirrus",
}
_KNOWN_BANDS = {*ROLES_OF_BANDS, *_OTHER_BANDS}
_MENDABLE = ("digital_numbers", "offset_missed", "offset_twice", "empty")
_MOST_DATES_IN_TEXT = 5


@dataclass(frozen=True)
class RadiometryFinding:
    """Something that is wrong with reflectances."""

    kind: FindingKind
    """One of empty, digital_numbers, offset_missed, offset_twice, offset_step, swapped_bands, duplicated_bands,
    duplicated_dates, saturated, jump."""
    dates: tuple[datetime | int, ...]
    """The dates that have it; their positions in a patch without timestamps."""
    bands: tuple[str, ...]
    """The bands that have it."""
    figures: Mapping[str, float]
    """What was measured, reflectances and shares."""
    what: str
    """What is wrong with these dates, in words."""
    advice: str
    """What to do."""
    is_mended: bool = False
    """Whether it has been put right."""

    def __str__(self) -> str:
        """Return kind, dates, bands and advice in a sentence each."""
        dates = [str(date) for date in self.dates[:_MOST_DATES_IN_TEXT]]
        more = len(self.dates) - len(dates)
        text = ", ".join(dates) + (f" and {more} more" if more else "")
        advice = "This has been put right." if self.is_mended else self.advice
        return f"{self.kind} ({text}; {', '.join(self.bands)}): {self.what}. {advice}"

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as a dictionary that JSON can hold, with dates as strings."""
        dates = [date.isoformat() if isinstance(date, datetime) else date for date in self.dates]
        return {**asdict(self), "figures": dict(self.figures), "dates": dates, "bands": list(self.bands)}


@dataclass(frozen=True, kw_only=True)
class CheckRadiometryTask(EOTask):
    """Looks at reflectances, and warns with the dates where their scale, offset, bands or pixels can't be right.

    It finds digital numbers taken for reflectances, an offset that was missed or applied twice (the -1000 of
    Sentinel-2's baseline 04.00, the -0.2 of Landsat's Collection 2), slices without data, swapped or duplicated bands,
    duplicated dates, saturation, and, with a mask of clear pixels, dates that don't fit those beside. It uses nothing
    but the numbers, so it also finds what metadata say wrongly. Each check takes the data as the ones before it would
    put them right.

    feature: DATA with reflectances, (time, height, width, band). NaN is no data; so is a pixel with one number in all
        bands, such as 0.
    bands: the names of its bands in their order: Sentinel-2's, such as B02, or common ones such as blue, nir, swir16.
        None stands for a band that is no reflectance. Offsets are found with red and near infrared at least.
    clear: a MASK of one band that is True where a pixel has data and is clear. Without it clouds are recognised
        roughly, and jumps aren't looked for.
    scaling: scale and offset of digital numbers, by default those that fit Sentinel-2, (0.0001, 0).
    mend: which kinds are put right: True for digital_numbers, offset_missed, offset_twice and empty, or some of them.
        Digital numbers are scaled, with NaN where they stand for no data, offsets are taken back, slices with one
        number become NaN. The result is float32. What has been mended is said in the warning too.
    output: the feature for the mended data, by default the same.
    findings: a name in META_INFO for what was found, a list of dictionaries.

    ``find`` returns the findings as objects. Raises SettingError (a ValueError) for names of bands that aren't known
    and kinds that can't be mended, on execution FeatureMissing (a ValueError) and DataError (a ValueError) for a
    feature that isn't there or of another shape. Warns with one EORuntimeWarning.

    Example:
        >>> task = CheckRadiometryTask(
        ...     feature=(FeatureType.DATA, "BANDS"),
        ...     bands=["B02", "B03", "B04", "B08", "B11", "B12"],
        ...     mend=["offset_missed"],
        ... )
    """

    feature: Feature
    bands: Sequence[str | None]
    clear: Feature | None = None
    scaling: tuple[float, float] | None = None
    mend: bool | Collection[str] = False
    output: Feature | None = None
    findings: str | None = None

    def __post_init__(self) -> None:
        parse_feature(self.feature, None, lambda kind: kind is FeatureType.DATA)
        if self.output is not None:
            parse_feature(self.output, None, lambda kind: kind is FeatureType.DATA)
        if self.clear is not None:
            parse_feature(self.clear, None, lambda kind: kind is FeatureType.MASK)
        _check_bands(self.bands)
        unknown = [kind for kind in self._kinds if kind not in _MENDABLE]
        if unknown:
            known = [kind for kind in unknown if kind in get_args(FindingKind)]
            reason = "can be found, but not mended" if known else "aren't known"
            raise SettingError(f"mend has {unknown}, which {reason}: choose of {list(_MENDABLE)}.")
        if self.scaling is not None and not (self.scaling[0] > 0 and np.isfinite(self.scaling).all()):
            raise SettingError(f"scaling is a scale above 0 and an offset, got {self.scaling}.")

    @property
    def _kinds(self) -> tuple[str, ...]:
        if isinstance(self.mend, bool):
            return _MENDABLE if self.mend else ()
        return (self.mend,) if isinstance(self.mend, str) else tuple(self.mend)

    def find(self, eopatch: EOPatch) -> list[RadiometryFinding]:
        """Return what is wrong, without a warning and without mending."""
        report, _ = self._check(eopatch)
        return [self._finding(one, eopatch, report, ()) for one in report.found]

    def execute(self, eopatch: EOPatch) -> EOPatch:
        """Warn of what is wrong, and return the patch, mended and with the findings where that was asked for."""
        report, data = self._check(eopatch)
        kinds = self._kinds
        findings = [self._finding(one, eopatch, report, kinds) for one in report.found]
        if any(finding.is_mended for finding in findings):
            eopatch[self.output or self.feature] = self._mended(data, report)
        elif self.output is not None:
            eopatch[self.output] = data
        if self.findings is not None:
            eopatch[FeatureType.META_INFO, self.findings] = [finding.to_dict() for finding in findings]
        if findings:
            text = "\n".join(f"- {finding}" for finding in findings)
            warn_user(f"{self.feature} of the patch with {eopatch.bbox!r} looks wrong:\n{text}", EORuntimeWarning)
        return eopatch

    def _check(self, eopatch: EOPatch) -> tuple[Report, NDArray[Any]]:
        if self.feature not in eopatch:
            raise FeatureMissing(f"There is no {self.feature} to check, only {eopatch.get_features()}.")
        data = eopatch[self.feature]
        if data.ndim != 4 or data.shape[-1] != len(self.bands):
            raise DataError(f"{self.feature} has the shape {data.shape}, but bands names {len(self.bands)} bands.")
        if data.dtype.kind not in "iuf":
            raise DataError(f"{self.feature} has the dtype {data.dtype}, which holds no reflectances.")
        positions = self._positions
        names = [str(self.bands[position]) for position in positions]
        part = data if len(positions) == len(self.bands) else data[..., positions]
        return check(part, names, self._clear_of(eopatch, data), self.scaling), data

    @property
    def _positions(self) -> list[int]:
        return [position for position, name in enumerate(self.bands) if name is not None]

    def _clear_of(self, eopatch: EOPatch, data: NDArray[Any]) -> NDArray[np.bool_] | None:
        if self.clear is None:
            return None
        if self.clear not in eopatch:
            raise FeatureMissing(f"There is no {self.clear} that says what is clear, only {eopatch.get_features()}.")
        mask = eopatch[self.clear]
        if mask.shape != (*data.shape[:3], 1):
            raise DataError(f"{self.clear} has the shape {mask.shape}, and {self.feature} {data.shape}.")
        return np.asarray(mask[..., 0], dtype=bool)

    def _finding(self, one: Found, eopatch: EOPatch, report: Report, kinds: Sequence[str]) -> RadiometryFinding:
        times = eopatch.timestamps or []
        dates = tuple(times[date] if date < len(times) else date for date in one.dates)
        names = [name for name in self.bands if name is not None]
        bands = tuple(names[band] for band in one.bands)
        is_mended = one.kind in kinds and (one.kind != "digital_numbers" or bool(report.numbers.any()))
        return RadiometryFinding(one.kind, dates, bands, one.figures, one.what, one.advice, is_mended)

    def _mended(self, data: NDArray[Any], report: Report) -> NDArray[np.float32]:
        positions = self._positions
        result = data.astype(np.float32)
        result[..., positions] = mended(data[..., positions], report, self._kinds, self.scaling)
        return result


def _check_bands(bands: Sequence[str | None]) -> None:
    if isinstance(bands, str) or not any(name is not None for name in bands):
        raise SettingError(f"bands is a list of the names of bands, got {bands!r}.")
    for name in bands:
        if name is not None and name not in _KNOWN_BANDS:
            near = get_close_matches(str(name), sorted(_KNOWN_BANDS), n=3, cutoff=0.4) or sorted(_KNOWN_BANDS)
            raise SettingError(f"Band {name!r} isn't known. Near it are {near}; None stands for no reflectance.")
