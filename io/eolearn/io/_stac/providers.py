"""Catalogues that many people use, ready made, and the signing that one of them asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from eolearn.core.exceptions import MissingExtra


@dataclass(frozen=True)
class STACCatalog:
    """A catalogue and what is particular to it."""

    url: str
    """Of the API or the static catalogue, https or http, or a local path."""
    sign: Callable[[str], str] | None = None
    """Makes of an asset's address one that may be read. It is called when the asset is read, and each time anew."""
    trusted_hosts: tuple[str, ...] = ()
    """Hosts of assets, or endings that begin with a dot, that don't redirect to other places: it isn't tried."""


def sign_planetary_computer(url: str) -> str:
    """Return an address of Planetary Computer with a token that is valid for the next minutes.

    The token is that of the storage container, and is fetched anew when less than a minute of it is left. No account is
    needed; with one, a key in ``PC_SDK_SUBSCRIPTION_KEY`` raises the limits. Other addresses come back as they are.
    """
    try:
        import planetary_computer
    except ImportError as error:
        raise MissingExtra(
            "Planetary Computer needs a package for its signatures: pip install 'eo-learn-io[stac]'"
        ) from error
    return str(planetary_computer.sign_url(url))


EARTH_SEARCH = STACCatalog(
    "https://earth-search.aws.element84.com/v1",
    trusted_hosts=(
        "sentinel-cogs.s3.us-west-2.amazonaws.com",
        "e84-earth-search-sentinel-data.s3.us-west-2.amazonaws.com",
        "copernicus-dem-30m.s3.eu-central-1.amazonaws.com",
        "copernicus-dem-90m.s3.eu-central-1.amazonaws.com",
    ),
)
"""Earth Search of Element 84: Sentinel-2, Landsat, Sentinel-1, DEM, NAIP, on open buckets of AWS."""

PLANETARY_COMPUTER = STACCatalog(
    "https://planetarycomputer.microsoft.com/api/stac/v1",
    sign=sign_planetary_computer,
    trusted_hosts=(".blob.core.windows.net",),
)
"""Planetary Computer of Microsoft: Sentinel, Landsat, MODIS, DEM and many more, with signed addresses."""
