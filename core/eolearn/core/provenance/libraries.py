"""The source of values of the standard library, numpy, sentinelhub, shapely and fsspec."""

from __future__ import annotations

import datetime
import pathlib
import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..utils.redact import is_secret

if TYPE_CHECKING:
    from .sources import Sources

_LARGEST_ARRAY = 100
_Writer = Callable[["Sources", Any, str], "str | None"]


def source_of_library_value(sources: Sources, value: Any, name: str) -> str | None:
    """Return an expression, None for a value of an unknown kind or one that is too large."""
    for kind in type(value).__mro__:
        writer = _WRITERS.get(f"{kind.__module__}.{kind.__qualname__}")
        if writer is not None:
            return writer(sources, value, name)
    return None


def _path(sources: Sources, value: pathlib.PurePath, name: str) -> str:
    is_native = isinstance(value, pathlib.Path)
    return sources.call(name, pathlib.Path if is_native else type(value), [str(value)])


def _date(sources: Sources, value: Any, name: str) -> str | None:
    if type(value) not in (datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone):
        return None
    zone = getattr(value, "tzinfo", None)
    if zone is not None and not isinstance(zone, datetime.timezone | zoneinfo.ZoneInfo):
        return None
    if isinstance(zone, zoneinfo.ZoneInfo):
        naive = sources.of(value.replace(tzinfo=None), name)
        return f"{naive}.replace(tzinfo={sources.call(name, zoneinfo.ZoneInfo, [zone.key])})"
    module = sources.preamble.import_module("datetime")
    return repr(value).replace("datetime.", f"{module}.")


def _dtype(sources: Sources, value: np.dtype[Any], name: str) -> str:
    return sources.call(name, np.dtype, [value.descr if value.names else str(value)])


def _scalar(sources: Sources, value: np.generic, name: str) -> str | None:
    if isinstance(value, np.datetime64 | np.timedelta64):
        given = str(value) if isinstance(value, np.datetime64) or np.isnat(value) else int(value.astype(np.int64))
        return sources.call(name, type(value), [given, np.datetime_data(value.dtype)])
    is_simple = value.dtype.kind in "biufcSU" and not isinstance(value, np.longdouble | np.clongdouble)
    return sources.call(name, type(value), [value.item()]) if is_simple else None


def _array(sources: Sources, value: np.ndarray[Any, Any], name: str) -> str | None:
    is_simple = type(value) is np.ndarray and value.dtype.kind in "biufcSU" and value.dtype.itemsize <= 16
    if not is_simple or value.size > _LARGEST_ARRAY or value.dtype.char in "gG":
        return None
    if not value.size:
        return sources.call(name, np.zeros, [value.shape], {"dtype": value.dtype})
    return sources.call(name, np.array, [value.tolist()], {"dtype": value.dtype})


def _bbox(sources: Sources, value: Any, name: str) -> str:
    return sources.call(name, type(value), [tuple(value), value.crs])


def _crs(sources: Sources, value: Any, name: str) -> str:
    return sources.call(name, type(value), [value.value])


def _geometry(sources: Sources, value: Any, name: str) -> str:
    return sources.call(name, type(value), [value.geometry, value.crs])


def _shape(sources: Sources, value: Any, name: str) -> str:
    import shapely

    text = shapely.to_wkt(value, rounding_precision=-1)
    if shapely.to_wkb(shapely.from_wkt(text)) == shapely.to_wkb(value):
        return sources.call(name, shapely.from_wkt, [text])
    return sources.call(name, shapely.from_wkb, [shapely.to_wkb(value, hex=True)])


def _collection(sources: Sources, value: Any, name: str) -> str | None:
    """Write one that sentinelhub has by its name, and the user's own by what defines it."""
    if value.value._name is None:
        return f"{sources.of(type(value), name)}.{value.name}"
    given = {key: part for key, part in vars(value.value).items() if not key.startswith("_") and part}
    return sources.call(name, type(value).define, [value.name], given)


def _config(sources: Sources, value: Any, name: str) -> str:
    """Write what differs from the defaults; credentials are those of the machine where the script runs."""
    defaults = type(value)(use_defaults=True)
    given = {
        key: part
        for key, part in vars(value).items()
        if not is_secret(key) and not key.startswith("_") and part != getattr(defaults, key)
    }
    return sources.call(name, type(value), named=given)


def _filesystem(sources: Sources, value: Any, name: str) -> str | None:
    import fsspec

    if value.storage_options:
        return None
    protocol = value.protocol if isinstance(value.protocol, str) else value.protocol[0]
    known = fsspec.get_filesystem_class(protocol)
    return sources.call(name, fsspec.filesystem, [protocol]) if known is type(value) else None


def _rooted(sources: Sources, value: Any, name: str) -> str | None:
    from ..utils.fs import get_filesystem, get_full_path

    base = value
    while hasattr(base, "fs"):
        base = base.fs
    if base.storage_options:
        return None
    return sources.call(name, get_filesystem, [get_full_path(value, "")], {"create": True})


_WRITERS: dict[str, _Writer] = {
    "pathlib.PurePath": _path,
    "datetime.date": _date,
    "datetime.time": _date,
    "datetime.timedelta": _date,
    "datetime.timezone": _date,
    "numpy.dtype": _dtype,
    "numpy.generic": _scalar,
    "numpy.ndarray": _array,
    "sentinelhub.geometry.BBox": _bbox,
    "sentinelhub.geometry.Geometry": _geometry,
    "sentinelhub.constants.CRS": _crs,
    "sentinelhub.data_collections.DataCollection": _collection,
    "sentinelhub.config.SHConfig": _config,
    "shapely.geometry.base.BaseGeometry": _shape,
    "fsspec.spec.AbstractFileSystem": _filesystem,
    "eolearn.core.utils.rooted_filesystem.RootedFileSystem": _rooted,
}
"""By the names of classes, so that no library is loaded for this."""
