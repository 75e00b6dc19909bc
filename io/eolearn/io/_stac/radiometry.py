"""What the numbers in the assets of an item mean: scale, offset and no data, by provider and processing baseline."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import DataError, SettingError

if TYPE_CHECKING:
    import pystac

_SENTINEL2_BAND = re.compile(r"B(0[1-9]|1[0-2]|8A)(_\d+m)?$", re.IGNORECASE)
_BASELINE_IN_NAME = re.compile(r"_N(\d{2})(\d{2})_")
_LANDSAT_LEVEL2 = re.compile(r"L[CETOM]0[4-9]_L2S[PR]_")
_LANDSAT_BAND = re.compile(r"(?:^|_)(SR|ST)_B\d+(?:\.TIF)?$", re.IGNORECASE)
_LANDSAT_SURFACE = {"coastal", "blue", "green", "red", "nir08", "swir16", "swir22"}
_LANDSAT_TEMPERATURE = {"lwir", "lwir11"}
_SENTINEL2_NAMES = {
    *("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09", "cirrus"),
    *("swir16", "swir22"),
}
_NO_CONTENT = re.compile(r"(-jp2|\.tif|\.jp2)$", re.IGNORECASE)


@dataclass(frozen=True)
class Radiometry:
    """How digital numbers become values: ``value = number * scale + offset``."""

    scale: float = 1.0
    offset: float = 0.0
    """What is added to the scaled number, in units of the value."""
    no_data: float | None = None
    """The digital number that stands for no data; None leaves it to the file."""
    why: str = "given by the user"
    """From where this is known."""
    is_physical: bool = True
    """Whether the values are reflectances, or temperatures and the like; False if they are digital numbers."""

    def __post_init__(self) -> None:
        if not (self.scale > 0 and abs(self.offset) < float("inf")):
            raise SettingError(f"A scale is above 0 and an offset is finite, got {self.scale} and {self.offset}.")


def radiometry_of(item: pystac.Item, asset: str, band: int = 1) -> Radiometry:
    """Return what the digital numbers of an asset mean.

    item: as the provider gives it. asset: the key of the asset in the item. band: its number in the asset, from 1.

    Providers differ, and some contradict themselves:

    - Sentinel-2 has since processing baseline 04.00 digital numbers that are 1000 higher, so that reflectances may be
      negative (https://sentiwiki.copernicus.eu/web/s2-products). The flag ``earthsearch:boa_offset_applied`` of Earth
      Search says that this was taken back in the files; the offset of -0.1 that its items give nevertheless is then
      not applied. Planetary Computer gives neither flag nor offset, and has the files as ESA made them: the baseline
      decides. So it does for other items of Sentinel-2 without an offset.
    - Landsat Collection 2 Level 2 has fixed numbers: surface reflectance 0.0000275 and -0.2, surface temperature
      0.00341802 and 149 kelvin (USGS, LSDS-1619, table of scale factors).
    - Otherwise the item's own metadata hold: ``scale`` and ``offset`` in ``raster:bands``, or ``raster:scale`` and
      ``raster:offset`` in ``bands`` or the asset (STAC 1.1).

    A number of 0 is no data in the bands of Sentinel-2 and Landsat. Where nothing is known, the result is that of
    digital numbers, and ``is_physical`` is False.
    """
    metadata = asset_metadata(item, asset, band)
    if is_sentinel2(item) and _is_sentinel2_band(item, asset, band):
        return _sentinel2(item, metadata)
    kind = _landsat_kind(item, asset)
    if kind == "SR":
        return Radiometry(0.0000275, -0.2, 0, "Landsat Collection 2 Level 2, surface reflectance")
    if kind == "ST":
        return Radiometry(0.00341802, 149.0, 0, "Landsat Collection 2 Level 2, surface temperature in kelvin")
    scale, offset, no_data = (metadata.get(name) for name in ("scale", "offset", "nodata"))
    if scale is None and offset is None:
        return Radiometry(no_data=no_data, why="the item says nothing of a scale", is_physical=False)
    return Radiometry(1.0 if scale is None else scale, offset or 0.0, no_data, "scale and offset of the item's asset")


def _sentinel2(item: pystac.Item, metadata: dict[str, Any]) -> Radiometry:
    scale = metadata.get("scale") or 0.0001
    applied = _property(item, "earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
    if applied is True:
        return Radiometry(scale, 0.0, 0, "boa_offset_applied: the provider took the offset of -1000 back")
    baseline = baseline_of(item)
    offset = metadata.get("offset")
    if offset is not None and (applied is None or baseline is None):
        return Radiometry(scale, offset, 0, "scale and offset of the item's asset")
    if baseline is None:
        raise DataError(
            f"Item {item.id!r} is of Sentinel-2, and says neither its processing baseline nor an offset: reflectance "
            "may be wrong by 0.1. Pass radiometry='digital_numbers', or radiometry=Radiometry(0.0001, -0.1, 0) if you "
            "know better."
        )
    text = f"{baseline[0]:02d}.{baseline[1]:02d}"
    if baseline >= (4, 0):
        return Radiometry(scale, -1000 * scale, 0, f"Sentinel-2 baseline {text}, the offset of -1000 is in the files")
    return Radiometry(scale, 0.0, 0, f"Sentinel-2 baseline {text}, before offsets")


def baseline_of(item: pystac.Item) -> tuple[int, int] | None:
    """Return the processing baseline of an item of Sentinel-2, such as (4, 0), None if the item doesn't say it."""
    given = _property(item, "s2:processing_baseline", "sentinel:processing_baseline", "processing:version")
    numbers = re.findall(r"\d+", str(given)) if given is not None else []
    if len(numbers) == 2:
        return int(numbers[0]), int(numbers[1])
    names = (_property(item, "s2:product_uri", "sentinel:product_id", "s2:product_id"), item.id)
    for name in names:
        match = _BASELINE_IN_NAME.search(str(name))
        if match:
            return int(match[1]), int(match[2])
    return None


def is_sentinel2(item: pystac.Item) -> bool:
    """Whether an item is of Sentinel-2's optical instrument."""
    collection = (item.collection_id or "").lower().replace("_", "-")
    platform = str(item.properties.get("platform", "")).lower()
    constellation = str(item.properties.get("constellation", "")).lower().replace(" ", "-")
    if collection.startswith(("sentinel-2", "sentinel-s2")):
        return True
    is_of_mission = constellation == "sentinel-2" or platform.startswith("sentinel-2")
    return is_of_mission and (item.id.startswith("S2") or "s2:processing_baseline" in item.properties)


def bands_of(item: pystac.Item, asset: str) -> list[dict[str, Any]]:
    """Return what an item says of each band of an asset, old and new spellings joined; one entry at least."""
    fields = item.assets[asset].extra_fields
    lists = [_dicts(fields.get(name)) for name in ("eo:bands", "raster:bands", "bands")]
    count = max([1, *map(len, lists)])
    joined: list[dict[str, Any]] = [{} for _ in range(count)]
    for values in lists:
        for entry, value in zip(joined, values, strict=False):
            entry.update(value)
    return joined


def _dicts(value: Any) -> list[dict[str, Any]]:
    is_right = isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
    return value if is_right else []


def asset_metadata(item: pystac.Item, asset: str, band: int = 1) -> dict[str, Any]:
    """Return scale, offset, nodata and data_type of a band, as far as the item says them."""
    bands = bands_of(item, asset)
    if band > len(bands):
        return {}
    merged = {**item.assets[asset].extra_fields, **bands[band - 1]}
    result: dict[str, Any] = {}
    for name in ("scale", "offset", "nodata"):
        value = merged.get(f"raster:{name}", merged.get(name))
        if value is not None:
            result[name] = _number(value, name, item, asset)
    if isinstance(merged.get("data_type"), str):
        result["data_type"] = merged["data_type"]
    return result


def _number(value: Any, name: str, item: pystac.Item, asset: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise DataError(f"The {name} of asset {asset!r} of item {item.id!r} is not a number: {value!r:.80}.") from None


def _is_sentinel2_band(item: pystac.Item, asset: str, band: int) -> bool:
    key = _NO_CONTENT.sub("", asset)
    if _SENTINEL2_BAND.match(key) or key.lower() in _SENTINEL2_NAMES:
        return True
    bands = bands_of(item, asset)
    # the true-colour image names the bands that it shows, but has numbers of its own
    is_image = len(bands) > 1 or "visual" in (item.assets[asset].roles or [])
    return not is_image and bool(_SENTINEL2_BAND.match(str(bands[band - 1].get("name", ""))))


def _landsat_kind(item: pystac.Item, asset: str) -> str | None:
    number = str(item.properties.get("landsat:collection_number", "")).lstrip("0")
    is_level2 = str(item.properties.get("landsat:correction", "")).startswith("L2") or _LANDSAT_LEVEL2.match(item.id)
    if not is_level2 or number not in ("", "2"):
        return None
    name = item.assets[asset].href.partition("?")[0].rsplit("/", 1)[-1]
    match = _LANDSAT_BAND.search(name) or _LANDSAT_BAND.search(asset)
    if match:
        return match[1].upper()
    return "SR" if asset in _LANDSAT_SURFACE else "ST" if asset in _LANDSAT_TEMPERATURE else None


def _property(item: pystac.Item, *names: str) -> Any:
    return next((item.properties[name] for name in names if item.properties.get(name) is not None), None)
