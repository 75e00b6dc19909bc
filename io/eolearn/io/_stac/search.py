"""The items of a place and a time: from an API, a static catalogue, or those that are handed over."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin

from eolearn.core.exceptions import BrokenFile, DataError, SettingError, StorageError

from .security import is_remote, local_path, shown

if TYPE_CHECKING:
    import pystac
    from shapely.geometry.base import BaseGeometry

    from .transport import Transport

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, other: value == other,
    "neq": lambda value, other: value != other,
    "lt": lambda value, other: value < other,
    "lte": lambda value, other: value <= other,
    "gt": lambda value, other: value > other,
    "gte": lambda value, other: value >= other,
    "in": lambda value, other: value in other,
    "startsWith": lambda value, other: str(value).startswith(other),
    "endsWith": lambda value, other: str(value).endswith(other),
    "contains": lambda value, other: str(other) in str(value),
}
Item = TypeVar("Item")
_MOST_DEPTH = 12
_MOST_DOCUMENTS = 20
"""How many documents of a static catalogue are read for each item that may be taken."""


@dataclass(frozen=True)
class Wanted:
    """What is looked for."""

    collections: tuple[str, ...]
    bbox_wgs84: tuple[float, float, float, float]
    start: datetime
    end: datetime
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    max_cloud_cover: float | None = None
    """As a share."""
    max_items: int = 1000

    @property
    def full_query(self) -> dict[str, Mapping[str, Any]]:
        """The query, with the cloud cover in per cent as items have it."""
        clouds = {} if self.max_cloud_cover is None else {"eo:cloud_cover": {"lte": self.max_cloud_cover * 100}}
        return {**self.query, **clouds}

    def __str__(self) -> str:
        west, south, east, north = self.bbox_wgs84
        parts = [
            f"of {', '.join(self.collections) or 'any collection'}",
            f"within {west:.4f}, {south:.4f}, {east:.4f}, {north:.4f} (west, south, east, north, degrees)",
            f"from {self.start} to {self.end}",
        ]
        return ", ".join(parts + [f"with {self.full_query}"] * bool(self.full_query))


def check_query(query: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse a query that can't be understood."""
    for name, conditions in query.items():
        if not isinstance(conditions, Mapping) or not set(conditions) <= set(_OPERATORS):
            raise SettingError(
                f"The query for {name!r} is {conditions!r}; write {{'{name}': {{'lt': value}}}}, with operators of "
                f"{', '.join(_OPERATORS)}."
            )


def find_items(transport: Transport, url: str, wanted: Wanted) -> list[pystac.Item]:
    """Return the items of a catalogue that are wanted, in order of time.

    url: of an API or a static catalogue, or the path of one. Which it is, it says itself.
    """
    root = transport.read_json(url)
    if _link(root, "search") and any("item-search" in str(entry) for entry in _list(root, "conformsTo")):
        found: Iterable[pystac.Item] = _search(transport, url, root, wanted)
    elif root.get("type") == "FeatureCollection":
        found = _filtered((_item(entry, url) for entry in _list(root, "features")), wanted)
    else:
        found = _filtered(_walk(transport, url, root, wanted), wanted)
    return in_order(_bounded(found, wanted.max_items))


def choose_items(items: Iterable[pystac.Item | dict[str, Any]], wanted: Wanted) -> list[pystac.Item]:
    """Return those of given items that are wanted, in order of time."""
    checked = (_item(item, "") if isinstance(item, dict) else item for item in items)
    return in_order(_bounded(_filtered(checked, wanted), wanted.max_items))


def in_order(items: Iterable[pystac.Item]) -> list[pystac.Item]:
    """Return items in order of time, each once."""
    unique = {(item.collection_id, item.id): item for item in items}
    return sorted(unique.values(), key=lambda item: (time_of(item), item.id))


def time_of(item: pystac.Item) -> datetime:
    """Return the time of an item as naive UTC: its datetime, or the start of its time span."""
    time = item.datetime or item.common_metadata.start_datetime
    if time is None:
        raise DataError(f"Item {item.id!r} has neither a datetime nor a start_datetime.")
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _bounded(items: Iterable[Item], most: int) -> Iterator[Item]:
    for count, item in enumerate(items):
        if count == most:
            raise DataError(
                f"The catalogue has more than {most} such items. Narrow the place, the time or the query, or raise "
                "max_items=."
            )
        yield item


def _search(transport: Transport, url: str, root: dict[str, Any], wanted: Wanted) -> Iterator[pystac.Item]:
    client = transport.client(url, root)
    from pystac_client.conformance import ConformanceClasses
    from pystac_client.exceptions import APIError

    can_query = client.conforms_to(ConformanceClasses.QUERY)
    search = client.search(
        collections=list(wanted.collections) or None,
        bbox=wanted.bbox_wgs84,
        datetime=[wanted.start.replace(tzinfo=UTC), wanted.end.replace(tzinfo=UTC)],
        query=wanted.full_query or None if can_query else None,
        limit=min(100, wanted.max_items + 1),
        method="POST" if any(link.get("method") == "POST" for link in _links(root, "search")) else "GET",
    )
    try:
        entries = _bounded(search.items_as_dicts(), _MOST_DOCUMENTS * wanted.max_items)
        yield from _filtered((_item(entry, url) for entry in entries), wanted)
    except APIError as error:
        raise StorageError(f"The search in {shown(url)} failed: {shown(str(error))}") from None


def _walk(transport: Transport, url: str, root: dict[str, Any], wanted: Wanted) -> Iterator[pystac.Item]:
    """Yield the items below a catalogue, each document once, without leaving its host or folder."""
    most = _MOST_DOCUMENTS * wanted.max_items
    seen: set[str] = set()
    todo = [(url, root, 0)]
    while todo:
        base, document, depth = todo.pop()
        if document.get("type") == "Feature":
            yield _item(document, base)
            continue
        collection = document.get("id") if document.get("type") == "Collection" else None
        takes_items = collection is None or not wanted.collections or collection in wanted.collections
        for link in reversed(_links(document, "item", "child") if takes_items else _links(document, "child")):
            href = _absolute(base, link)
            if href in seen:
                continue
            seen.add(href)
            if len(seen) > most or depth >= _MOST_DEPTH:
                raise DataError(
                    f"The catalogue {shown(url)} is larger than {most} documents or deeper than {_MOST_DEPTH} levels. "
                    "Name a part of it, or raise max_items=."
                )
            todo.append((href, transport.read_json(href), depth + 1))


def _filtered(items: Iterable[pystac.Item], wanted: Wanted) -> Iterator[pystac.Item]:
    for item in items:
        if wanted.collections and item.collection_id not in wanted.collections:
            continue
        if _is_in_time(item, wanted) and _is_in_place(item, wanted.bbox_wgs84) and _answers(item, wanted.full_query):
            yield item


def _is_in_time(item: pystac.Item, wanted: Wanted) -> bool:
    return wanted.start <= time_of(item) <= wanted.end


def _is_in_place(item: pystac.Item, bbox: tuple[float, float, float, float]) -> bool:
    from shapely.geometry import box

    return bool(footprint(item).intersects(box(*bbox)))


def footprint(item: pystac.Item) -> BaseGeometry:
    """Return the outline of an item in degrees, or the box around it if it is given by its bbox or isn't valid."""
    from shapely.errors import ShapelyError
    from shapely.geometry import box, shape

    try:
        if item.geometry is not None:
            outline = shape(item.geometry)
            return outline if outline.is_valid else box(*outline.bounds)
        corners = item.bbox or []
        half = len(corners) // 2
        return box(*corners[:2], *corners[half : half + 2])
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, ShapelyError):
        raise BrokenFile(f"Item {item.id!r} says neither by geometry nor by bbox where it lies.") from None


def _answers(item: pystac.Item, query: Mapping[str, Mapping[str, Any]]) -> bool:
    for name, conditions in query.items():
        value = item.properties.get(name)
        if value is None:
            raise DataError(f"Item {item.id!r} has no property {name!r}, by which items are chosen.")
        try:
            if not all(_OPERATORS[operator](value, other) for operator, other in conditions.items()):
                return False
        except TypeError:
            raise DataError(
                f"{name!r} of item {item.id!r} is {value!r:.80} and can't be compared by {conditions}."
            ) from None
    return True


def _item(document: Any, base: str) -> pystac.Item:
    """Return an item with absolute addresses, without its links: pystac would follow them unasked."""
    import pystac

    if not isinstance(document, dict) or document.get("type") != "Feature":
        raise BrokenFile(f"The catalogue {shown(base)} has something that is not an item: {str(document)[:80]!r}.")
    own = next((str(link["href"]) for link in _links(document, "self")), base)
    try:
        item = pystac.Item.from_dict({**document, "links": []}, migrate=False)
    except (KeyError, TypeError, ValueError, AttributeError, pystac.STACError) as error:
        raise BrokenFile(
            f"Item {str(document.get('id'))[:80]!r} in {shown(base)} is not valid: {shown(str(error))[:200]}"
        ) from None
    for asset in item.assets.values():
        asset.href = join(own if is_remote(own) else base, str(asset.href))
    return item


def join(base: str, href: str) -> str:
    """Return an address that is given relative to another one."""
    if is_remote(base) or is_remote(href):
        return urljoin(base, href) if not href.startswith("s3:") else href
    return str(local_path(base).resolve().parent / local_path(href))


def _absolute(base: str, link: dict[str, Any]) -> str:
    return join(base, str(link.get("href", "")))


def _list(document: dict[str, Any], name: str) -> list[Any]:
    value = document.get(name)
    return value if isinstance(value, list) else []


def _links(document: dict[str, Any], *relations: str) -> list[dict[str, Any]]:
    return [
        link
        for link in _list(document, "links")
        if isinstance(link, dict) and link.get("rel") in relations and link.get("href")
    ]


def _link(document: dict[str, Any], relation: str) -> dict[str, Any] | None:
    return next(iter(_links(document, relation)), None)
