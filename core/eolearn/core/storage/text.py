"""What lies in files of text: the meta-info of a patch, its timestamps and its bounding box."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ..exceptions import DataError, SettingTypeError
from .dates import LoadedDates, dates_to_load, positions_of
from .feature_io import ByteReader, ByteWriter, FeatureIOGZip, T

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import BBox


class _FeatureIOText(FeatureIOGZip[T]):
    """A value that can be put into JSON."""

    def _read(self, file: ByteReader) -> T:
        return self._from_json(json.loads(file.read().decode("utf-8")))

    @classmethod
    def _write(cls, data: T, file: ByteWriter, path: str) -> None:
        try:
            text = json.dumps(cls._to_json(data), indent=2, default=_encode)
        except TypeError as error:
            raise SettingTypeError(
                f"The value for {path} can't be written as JSON: {error}. Use numbers, strings, lists, dictionaries "
                "and dates; numpy's numbers and arrays become such with .item() and .tolist()."
            ) from error
        except (ValueError, RecursionError) as error:
            raise DataError(f"The value for {path} can't be written as JSON: {error}.") from error
        file.write(text.encode("utf-8"))

    def _from_json(self, content: Any) -> T:
        value: T = content
        return value

    @classmethod
    def _to_json(cls, data: T) -> Any:
        return data


class FeatureIOJson(_FeatureIOText[Any]):
    """Meta-info in a ``.json`` file. Dates are written as strings, and stay strings when they are read."""

    extension = ".json"


class FeatureIOTimestamps(_FeatureIOText[list[datetime]]):
    """Timestamps in a ``.json`` file, as a list of ISO 8601 strings.

    temporal_selection: those that are loaded: a slice, positions, a mask, or a function of all of them.
    """

    extension = ".json"

    def __init__(self, path: str, filesystem: AbstractFileSystem, temporal_selection: LoadedDates | None = None):
        super().__init__(path, filesystem)
        self.temporal_selection = temporal_selection

    def _load(self) -> list[datetime]:
        timestamps = super()._load()
        dates = positions_of(dates_to_load(self.temporal_selection, timestamps), len(timestamps))
        return [timestamps[position] for position in dates]

    def _from_json(self, content: Any) -> list[datetime]:
        if not isinstance(content, list) or not all(isinstance(text, str) for text in content):
            raise self._broken("it is not a list of strings")
        return [_parse_datetime(text) for text in content]


class FeatureIOBBox(_FeatureIOText["BBox"]):
    """A bounding box in a ``.geojson`` file, as a polygon with its CRS."""

    extension = ".geojson"

    def _from_json(self, content: Any) -> BBox:
        from sentinelhub import Geometry

        try:
            bbox: BBox = Geometry.from_geojson(content).bbox
        except (AttributeError, KeyError, TypeError, IndexError) as error:
            raise self._broken(f"it is not a polygon of GeoJSON ({error!r})") from error
        if not all(map(math.isfinite, bbox)):
            raise self._broken("its polygon is empty")
        return bbox

    @classmethod
    def _to_json(cls, data: BBox) -> Any:
        return data.geojson


def _encode(value: object) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"there is a value of type {type(value).__name__} in it, {value!r:.80}")


def _parse_datetime(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # older patches hold dates in other forms
        from dateutil.parser import parse

        parsed: datetime = parse(text)
        return parsed
