"""Which bands of a satellite are the blue, the red, the near infrared one, ...

Bands have the short names of the catalogue of spectral indices: A coastal aerosol, B blue, G green, Y yellow, R red,
RE1 to RE3 red edge, N near infrared, N2 narrow near infrared, WV water vapour, S1 and S2 short-wave infrared, T, T1 and
T2 thermal infrared, G1 the green band at 531 nm, VV, VH, HV and HH radar.

Wavelengths: of Sentinel-2A, the spectral responses published by ESA (COPE-GSEG-EOPG-TN-15-0007); of Landsat and MODIS,
the middle of the bands in the handbooks of USGS and NASA.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from eolearn.core.exceptions import SettingError
from eolearn.core.utils.naming import did_you_mean

_THEMATIC_MAPPER = {
    "B1": ("B", 485.0),
    "B2": ("G", 560.0),
    "B3": ("R", 660.0),
    "B4": ("N", 835.0),
    "B5": ("S1", 1650.0),
    "B6": ("T", 11450.0),
    "B7": ("S2", 2220.0),
}
_LAND_IMAGER = {
    "B1": ("A", 440.0),
    "B2": ("B", 480.0),
    "B3": ("G", 560.0),
    "B4": ("R", 655.0),
    "B5": ("N N2", 865.0),
    "B6": ("S1", 1610.0),
    "B7": ("S2", 2200.0),
    "B10": ("T T1", 10895.0),
    "B11": ("T2", 12005.0),
}
_SENSORS: dict[str, dict[str, tuple[str, float]]] = {
    "sentinel2": {
        "B1": ("A", 442.7),
        "B2": ("B", 492.4),
        "B3": ("G", 559.8),
        "B4": ("R", 664.6),
        "B5": ("RE1", 704.1),
        "B6": ("RE2", 740.5),
        "B7": ("RE3", 782.8),
        "B8": ("N", 832.8),
        "B8A": ("N2", 864.7),
        "B9": ("WV", 945.1),
        "B11": ("S1", 1613.7),
        "B12": ("S2", 2202.4),
    },
    "landsat4": _THEMATIC_MAPPER | {"B4": ("N", 830.0), "B7": ("S2", 2215.0)},
    "landsat5": _THEMATIC_MAPPER | {"B4": ("N", 830.0), "B7": ("S2", 2215.0)},
    "landsat7": _THEMATIC_MAPPER,
    "landsat8": _LAND_IMAGER,
    "landsat9": _LAND_IMAGER,
    "modis": {
        "B1": ("R", 645.0),
        "B2": ("N N2", 858.5),
        "B3": ("B", 469.0),
        "B4": ("G", 555.0),
        "B6": ("S1", 1640.0),
        "B7": ("S2", 2130.0),
        "B11": ("G1", 531.0),
    },
}
_COMMON_NAMES_OF = {
    "A": "coastal",
    "B": "blue",
    "G": "green",
    "G1": "green05",
    "Y": "yellow",
    "R": "red",
    "RE1": "rededge1 rededge071",
    "RE2": "rededge2 rededge075",
    "RE3": "rededge3 rededge078",
    "N": "nir",
    "N2": "nir08",
    "WV": "nir09",
    "S1": "swir1 swir16",
    "S2": "swir2 swir22",
    "T": "lwir",
    "T1": "lwir11",
    "T2": "lwir12",
}
_COMMON_NAMES = {common: short for short, names in _COMMON_NAMES_OF.items() for common in names.split()}
SHORT_NAMES = frozenset({*_COMMON_NAMES_OF, "VV", "VH", "HV", "HH"})
_NUMBERED = re.compile(r"(?:S[RT]_|SUR_REFL_)?B(?:AND)?_?0*(\d+A?)(?:_1)?", re.IGNORECASE)


def check_sensor(sensor: str | None) -> None:
    """Raise SettingError for a satellite whose bands are not known."""
    if sensor is not None and sensor not in _SENSORS:
        near = did_you_mean(sensor, _SENSORS)
        raise SettingError(f"There is no sensor {sensor!r}.{near} There are: {', '.join(_SENSORS)}.")


def wavelength_nm(short_name: str, sensor: str | None) -> float | None:
    """Return the central wavelength of a band, None if it isn't known."""
    bands = _SENSORS[sensor].values() if sensor else ()
    return next((wavelength for names, wavelength in bands if short_name in names.split()), None)


def band_positions(bands: Sequence[str] | Mapping[str, int], sensor: str | None) -> dict[str, int]:
    """Return the positions of bands by their short names.

    bands: the names of all bands in their order, or positions by names: short ones, common ones of STAC (``red``,
        ``nir``, ``swir16``), and numbers of the sensor (``B04``, ``B4``, ``SR_B4``, ``sur_refl_b04``).

    Names that stand for no band of an index, such as ``dataMask``, are left out. Raises SettingError if two names stand
    for one band, or for a single string.
    """
    if isinstance(bands, str):
        raise SettingError(f"bands must be a list of names or positions by names, got the string {bands!r}.")
    items = bands.items() if isinstance(bands, Mapping) else [(name, index) for index, name in enumerate(bands)]
    positions: dict[str, int] = {}
    for name, position in items:
        for short_name in _short_names(name, sensor):
            if short_name in positions:
                raise SettingError(f"Two bands are {short_name!r}, and {name!r} is the second, in bands={bands!r}.")
            positions[short_name] = position
    return positions


def _short_names(name: str, sensor: str | None) -> list[str]:
    numbered = _NUMBERED.fullmatch(name)
    if sensor and numbered and (found := _SENSORS[sensor].get(f"B{numbered[1].upper()}")):
        return found[0].split()
    if name in SHORT_NAMES:
        return [name]
    common = _COMMON_NAMES.get(name.lower())
    return [common] if common else []
