"""Which asset of an item a band is, whatever the provider calls it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eolearn.core.exceptions import DataError
from eolearn.core.utils.naming import did_you_mean

from .radiometry import bands_of, is_sentinel2

if TYPE_CHECKING:
    import pystac

_SENTINEL2_COMMON_NAMES = dict(
    zip(
        ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"),
        (
            *("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09"),
            *("cirrus", "swir16", "swir22"),
        ),
        strict=True,
    )
)
"""Of Sentinel-2's bands, by the names that Earth Search and the common names of STAC give them."""
_SENTINEL2_BANDS = {common: band for band, common in _SENTINEL2_COMMON_NAMES.items()}
_NOT_DATA = {"thumbnail", "overview"}
_RASTER_ENDINGS = (".tif", ".tiff", ".jp2")


@dataclass(frozen=True)
class BandPlace:
    """Where a band lies in an item."""

    asset: str
    index: int = 1
    """The number of the band in the file, from 1."""


def find_band(item: pystac.Item, name: str) -> BandPlace | None:
    """Return where a band lies in an item, None if the item hasn't got it.

    name: the key of an asset (``B04``, ``red``, ``nbart_red``), or the name or the common name that the item gives to a
        band. Sentinel-2's bands have both names with every provider. Capitals don't matter.

    Of several assets with that band the one with the fewest bands is taken, and of these the finest. Raises DataError
    if the name stands for several bands.
    """
    for wanted in _spellings(item, name):
        asset = wanted if wanted in item.assets else _like(wanted, item.assets)
        if asset is not None:
            return _whole_asset(item, asset, name)
        if (place := _by_band_name(item, wanted)) is not None:
            return place
    return None


def names_in(item: pystac.Item) -> list[str]:
    """Return the names by which the bands of an item can be called: keys and common names, in order."""
    names: dict[str, None] = {}
    for key in _raster_assets(item):
        names[key] = None
        for band in bands_of(item, key):
            common = band.get("common_name") or band.get("eo:common_name")
            names.update({text: None for text in (band.get("name"), common) if isinstance(text, str)})
    return list(names)


def no_band(item: pystac.Item, name: str, others: Iterable[str] = ()) -> DataError:
    """Return the error for a band that an item hasn't got. others: names that other items have."""
    names = names_in(item)
    near = did_you_mean(name, sorted({*names, *others}))
    return DataError(f"Item {item.id!r} has no band {name!r}.{near} It has {', '.join(names) or 'no raster at all'}.")


def _spellings(item: pystac.Item, name: str) -> list[str]:
    if not is_sentinel2(item):
        return [name]
    other = _SENTINEL2_COMMON_NAMES.get(name.upper()) or _SENTINEL2_BANDS.get(name.lower())
    # B8A is nir08 here, and rededge in older items, where that name stands for four bands
    return [name] if other is None else [name, other]


def _like(name: str, keys: Iterable[str]) -> str | None:
    found = [key for key in keys if key.lower() == name.lower()]
    return found[0] if len(found) == 1 else None


def _whole_asset(item: pystac.Item, asset: str, name: str) -> BandPlace:
    bands = bands_of(item, asset)
    if len(bands) > 1:
        inner = [str(band.get("name") or band.get("common_name") or number) for number, band in enumerate(bands, 1)]
        if name not in inner:
            raise DataError(
                f"The asset {asset!r} of item {item.id!r} has {len(bands)} bands. Name one of {', '.join(inner)}."
            )
        return BandPlace(asset, inner.index(name) + 1)
    return BandPlace(asset)


def _by_band_name(item: pystac.Item, name: str) -> BandPlace | None:
    found = []
    for key in _raster_assets(item):
        bands = bands_of(item, key)
        for index, band in enumerate(bands, 1):
            names = {str(band.get(field, "")).lower() for field in ("name", "common_name", "eo:common_name")}
            if name.lower() in names:
                size = band.get("gsd", item.assets[key].extra_fields.get("gsd", 0))
                found.append((len(bands), size if isinstance(size, int | float) else 0, key, index, band.get("name")))
    if not found:
        return None
    fewest = min(found)[0]
    rivals = {str(band or key) for count, _, key, _, band in found if count == fewest}
    if len(rivals) > 1:
        raise DataError(
            f"In item {item.id!r} {name!r} is the name of several bands: {', '.join(sorted(rivals))}. Name one of them."
        )
    _, _, asset, index, _ = min(found, key=lambda entry: entry[:4])
    return BandPlace(asset, index)


def _raster_assets(item: pystac.Item) -> list[str]:
    keys = []
    for key, asset in item.assets.items():
        if _NOT_DATA.isdisjoint(asset.roles or []):
            kind = asset.media_type or ""
            path = asset.href.partition("?")[0].lower()
            is_raster = kind.startswith(("image/tiff", "image/jp2", "image/vnd.stac.geotiff")) or not kind
            if is_raster and (kind or path.endswith(_RASTER_ENDINGS)):
                keys.append(key)
    return keys
