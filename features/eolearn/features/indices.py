"""Spectral indices by name, or by formulas of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from math import e
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core import MapFeatureTask
from eolearn.core.exceptions import DataError, IndexOutOfRange, SettingError
from eolearn.core.utils.naming import did_you_mean

from ._band_names import SHORT_NAMES, band_positions, check_sensor, wavelength_nm
from ._formulas import parse_formula, substitute
from ._index_catalogue import catalogue_constants, catalogue_formula
from ._kernels.expressions import Expression, evaluate, names_in

if TYPE_CHECKING:
    from eolearn.core.types import Feature

_SIDE = "|".join(sorted(SHORT_NAMES | {"L"}))
_KERNEL = re.compile(f"k({_SIDE})({_SIDE})")
_SIGMA = 0.5


class SpectralIndexTask(MapFeatureTask):
    """Computes spectral indices of the catalogue by their names, several at once.

    input_feature: an array with bands on its last axis. Many formulas hold for reflectances between 0 and 1 only.
    output_feature: where the indices are stored, one a band, in the order in which they are asked for.
    indices: a name or a list of names, such as ``"NDVI"``, ``["EVI2", "NDWI"]``, or formulas by names of one's own,
        ``{"RATIO": "N / (R + L)"}``, with numbers, short names of bands, constants, ``+ - * / **`` and brackets. The
        names of the catalogue, from the package spyndex, are those of https://awesome-ee-spectral-indices.readthedocs.io
    bands: the names of all bands in their order, or positions by names. Names are those of the sensor (``B04``,
        ``B8A``, ``SR_B5``, ``sur_refl_b01``), common ones (``red``, ``nir``, ``swir16``), or short ones (``R``, ``N``,
        ``S1``). Others are passed over.
    sensor: ``sentinel2``, ``landsat4``, ``5``, ``7``, ``8``, ``9`` or ``modis``; says what its numbers of bands mean,
        and gives wavelengths to the formulas with wavelengths. Landsat 8 and 9 and MODIS have a single near-infrared
        band, which is both N and N2.
    constants: by name, in place of the defaults of the catalogue, as ``{"L": 0.5}``. ``sigma`` is the width of the
        radial kernel in kernel indices, ``exp(-(a - b) ** 2 / (2 sigma ** 2))``, 0.5 by default.
    scale, offset: of digital numbers: the reflectance is ``scale * number + offset``.
    undefined_value: stands where an index is not finite.

    Results are float32 if that holds the data and else float64; the data are read once, however many indices there are.

    Raises SettingError for a name that is not in the catalogue, with those that are like it, for bands or constants
    that an index needs and that are not given, and for a constant that none needs; MissingExtra without spyndex.

    Example:
        >>> task = SpectralIndexTask(
        ...     (FeatureType.DATA, "BANDS"), (FeatureType.DATA, "INDICES"), ["NDVI", "EVI2", "NDMI"],
        ...     bands=["B02", "B03", "B04", "B08", "B11"], sensor="sentinel2", scale=1e-4,
        ... )  # fmt: skip
        >>> task(eopatch)[FeatureType.DATA, "INDICES"].shape
        (68, 101, 100, 3)
    """

    def __init__(
        self,
        input_feature: Feature,
        output_feature: Feature,
        indices: str | Sequence[str] | Mapping[str, str],
        *,
        bands: Sequence[str] | Mapping[str, int],
        sensor: str | None = None,
        constants: Mapping[str, float] | None = None,
        scale: float = 1.0,
        offset: float = 0.0,
        undefined_value: float = np.nan,
    ):
        super().__init__(input_feature, output_feature)
        check_sensor(sensor)
        formulas, defaults = _formulas_and_defaults(indices)
        self.names = list(formulas)
        self.sensor = sensor
        self.positions = band_positions(bands, sensor)
        self.bands = bands
        self.constants = {name: float(value) for name, value in (constants or {}).items()}
        self.scale, self.offset, self.undefined_value = float(scale), float(offset), undefined_value
        parsed = {name: parse_formula(formula) for name, formula in formulas.items()}
        _check_constants(self.constants, parsed.values())
        known = defaults | self.constants
        self.expressions = [self._ready(name, expression, known) for name, expression in parsed.items()]

    def _ready(self, index: str, expression: Expression, constants: Mapping[str, float]) -> Expression:
        """Return an expression of bands only, with all else replaced by what it stands for."""
        others = names_in(expression) - self.positions.keys()
        ready = substitute(expression, {name: self._meaning(name, constants) for name in others})
        if missing := names_in(ready) - self.positions.keys():
            raise SettingError(self._what_is_missing(index, sorted(missing)))
        return ready

    def _meaning(self, name: str, constants: Mapping[str, float]) -> Expression:
        """Return what a name that is no band stands for: a number or a kernel; the name itself if that isn't known."""
        if name in constants:
            return constants[name]
        if name.startswith("lambda"):
            return wavelength_nm(name.removeprefix("lambda"), self.sensor) or name
        if kernel := _KERNEL.fullmatch(name):
            a, b = (side if side in self.positions else constants.get(side, side) for side in kernel.groups())
            return _radial_kernel(a, b, constants.get("sigma", _SIGMA))
        return name

    def _what_is_missing(self, index: str, missing: Sequence[str]) -> str:
        bands = [name for name in missing if name in SHORT_NAMES]
        others = [name for name in missing if name not in SHORT_NAMES]
        needs = []
        if bands:
            sensor = "without a sensor" if self.sensor is None else f"with sensor={self.sensor!r}"
            known = ", ".join(self.positions) or "none"
            needs.append(
                f"the bands {', '.join(bands)}: of bands={list(self.bands)} {sensor}, known are {known}. Name them in "
                "bands, or give the sensor whose names they are."
            )
        if others:
            needs.append(f"the constants {', '.join(others)}: give constants={{{others[0]!r}: ...}}.")
        return f"{index!r} needs {' And '.join(needs)}"

    def map_method(self, feature: NDArray[Any]) -> NDArray[Any]:
        """Return the indices, in the shape of the feature but with one band an index."""
        count = feature.shape[-1]
        if not isinstance(self.bands, Mapping) and len(self.bands) != count:
            raise DataError(
                f"{self.input_features} of shape {feature.shape} has {count} bands, but bands={list(self.bands)} names "
                f"{len(self.bands)}."
            )
        for name in set().union(*map(names_in, self.expressions)):
            if not -count <= self.positions[name] < count:
                raise IndexOutOfRange(
                    f"Band {name} is at {self.positions[name]}, but {self.input_features} of shape {feature.shape} has "
                    f"{count} bands."
                )
        return evaluate(
            self.expressions,
            feature,
            self.positions,
            scale=self.scale,
            offset=self.offset,
            undefined=self.undefined_value,
        )


def _formulas_and_defaults(
    indices: str | Sequence[str] | Mapping[str, str],
) -> tuple[Mapping[str, str], dict[str, float]]:
    if isinstance(indices, Mapping):
        formulas, defaults = indices, {}
    else:
        names = [indices] if isinstance(indices, str) else list(indices)
        formulas = {name: catalogue_formula(name) for name in names}
        if len(formulas) < len(names):
            raise SettingError(f"Each index may be asked for once, got {names}.")
        defaults = catalogue_constants()
    if not formulas:
        raise SettingError("indices is empty: name at least one index.")
    return formulas, defaults


def _check_constants(constants: Iterable[str], expressions: Iterable[Expression]) -> None:
    used = set().union(*map(names_in, expressions))
    if any(map(_KERNEL.fullmatch, used)):
        used |= {"sigma", "L"}
    for name in constants:
        if name not in used:
            raise SettingError(f"No index that is asked for has a constant {name!r}.{did_you_mean(name, used)}")


def _radial_kernel(a: Expression, b: Expression, sigma: float) -> Expression:
    """Return ``exp(-(a - b)^2 / (2 sigma^2))``."""
    return "**", e, ("/", ("**", ("-", a, b), 2.0), -2.0 * sigma**2)
