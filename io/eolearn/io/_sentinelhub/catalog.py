"""The search for acquisitions in the Catalog of Sentinel Hub, within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import EOLearnError

from .._grid import PixelGrid
from .cache import cached_times
from .errors import ServiceError, told

if TYPE_CHECKING:
    from sentinelhub import BBox, DataCollection

    from .client import Client

_MOST_ITEMS = 100_000


@dataclass(frozen=True)
class Search:
    """What acquisitions are looked for."""

    collection: DataCollection
    bbox: BBox
    start: datetime
    """In UTC, without a time zone, as all times here."""
    end: datetime
    maxcc: float | None = None
    """The highest cloud cover of a scene, 0 to 1; of no meaning for a collection without cloud cover."""

    def __str__(self) -> str:
        clouds = "" if self.maxcc is None else f" with a cloud cover below {self.maxcc}"
        return f"{self.collection.name} from {self.start} to {self.end}{clouds} in {self.bbox!r}"


def find_times(client: Client, search: Search, cache_folder: str | None) -> list[datetime]:
    """Return the times of all acquisitions, as the catalogue lists them.

    Raises ServiceError if the service can't be asked, or answers with something else than a list of acquisitions.
    """
    identity = {
        "collection": search.collection.catalog_id,
        "orbit": search.collection.orbit_direction,
        "url": client.config.sh_base_url,
        "bbox": [*search.bbox, search.bbox.crs.ogc_string()],
        "interval": [search.start.isoformat(), search.end.isoformat()],
        "maxcc": search.maxcc,
    }
    return cached_times(cache_folder, identity, search.end, lambda: _ask(client, search))


def _ask(client: Client, search: Search) -> list[datetime]:
    from sentinelhub import CRS, BBox, SentinelHubCatalog
    from sentinelhub.exceptions import BaseSentinelHubException
    from sentinelhub.time_utils import parse_time

    catalog = SentinelHubCatalog(client.config)
    catalog.client = client
    clouds = None
    if search.maxcc is not None and search.collection.has_cloud_coverage:
        clouds = f"eo:cloud_cover < {int(search.maxcc * 100)}"
    place = PixelGrid(bbox=search.bbox, height=1, width=1).bounds_wgs84
    items: Iterable[Any] = catalog.search(
        search.collection, bbox=BBox(place, CRS.WGS84), time=(search.start, search.end), filter=clouds,
        fields={"include": ["properties.datetime"], "exclude": []},
    )  # fmt: skip
    try:
        texts = [item["properties"]["datetime"] for item in islice(items, _MOST_ITEMS + 1)]
        times = [parse_time(text, force_datetime=True, ignoretz=True) for text in texts]
    except EOLearnError:
        raise
    except (BaseSentinelHubException, LookupError, TypeError, ValueError, AttributeError) as error:
        problem = told(f"{type(error).__name__}: {error}", client.config)
    else:
        if len(times) <= _MOST_ITEMS:
            return times
        problem = f"more than {_MOST_ITEMS} of them. Ask for a shorter interval"
    raise ServiceError(f"{catalog.service_url} gives no list of acquisitions for {search}: {problem}.")
