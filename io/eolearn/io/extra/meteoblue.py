"""Weather of meteoblue into EOPatches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sentinelhub import CRS, BBox
from shapely.geometry import box, mapping

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError

from .._meteoblue.answers import grid_of, meteoblue_to_dataframe, meteoblue_to_numpy
from .._meteoblue.client import ask
from .._place import parsed_interval, place_of, set_timestamps
from .._secret import Secret, hide_settings
from .._vector_import import bounds_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eolearn.core.types import Feature

__all__ = [
    "BaseMeteoblueTask",
    "MeteoblueRasterTask",
    "MeteoblueVectorTask",
    "meteoblue_to_dataframe",
    "meteoblue_to_numpy",
]

_UNITS = {"temperature": "C", "velocity": "km/h", "length": "metric", "energy": "watts"}


class BaseMeteoblueTask(EOTask, ABC):
    """What the tasks of meteoblue have in common. They need ``pip install 'eo-learn-io[meteoblue]'``, and a key.

    The service has not been reachable from where this was written, so the tasks are tested against a server that
    answers as the package meteoblue_dataset_sdk asks.

    apikey: it isn't pickled with the task; worker processes on this machine get it.
    query: what is asked for, without place and times: ``domain``, ``gapFillDomain``, ``timeResolution``, ``codes``; or
        a list of such. See the documentation of the Dataset API.
    units: of the values, by default degrees Celsius, km/h, metric lengths, watts.
    time_difference: if no interval is given, what lies that near to the timestamps of the patch is asked for.
    cache_folder: a local folder where answers are kept.
    cache_max_age: for how many seconds they are used; a week by default.
    """

    def __init__(
        self,
        feature: Feature,
        apikey: str,
        query: dict[str, Any] | list[dict[str, Any]] | None = None,
        units: Mapping[str, str] | None = None,
        time_difference: timedelta = timedelta(minutes=30),
        cache_folder: str | None = None,
        cache_max_age: int = 604800,
    ):
        self.feature = self.parse_feature(feature, allowed_feature_types=self._feature_types)
        if not isinstance(apikey, str) or not apikey:
            raise SettingError("apikey is the text that meteoblue has given you.")
        self._apikey = Secret(apikey, "The key of meteoblue")
        self.query = query
        self.units = dict(_UNITS if units is None else units)
        self.time_difference = time_difference
        self.cache_folder = None if cache_folder is None else str(cache_folder)
        self.cache_max_age = cache_max_age
        hide_settings(self, apikey=self._apikey)

    _feature_types: ClassVar[list[FeatureType]]

    def execute(
        self,
        eopatch: EOPatch | None = None,
        *,
        query: dict[str, Any] | list[dict[str, Any]] | None = None,
        bbox: BBox | None = None,
        time_interval: Any = None,
    ) -> EOPatch:
        """Return the EOPatch, or a new one, with the weather of a place and a time.

        query: in place of that of the task. bbox: the place, by default that of the patch. time_interval: first and
        last day or time; by default the timestamps of the patch.

        Raises SettingError (a ValueError) without a query or for an interval that runs backwards, DataError (too)
        without a place or times, for others than those of the patch and for answers that don't fit, StorageError (an
        OSError) for a service that isn't reached or refuses. The patch is as before then.
        """
        query = query if query is not None else self.query
        if not query:
            raise SettingError("There is no query: give one to the task, or to execute.")
        own = EOPatch(bbox=eopatch.bbox, timestamps=eopatch.timestamps) if eopatch is not None else None
        draft, place = place_of(own, bbox)
        times = None if time_interval is not None else draft.timestamps
        if time_interval is None and not times:
            raise DataError("There are no times: pass time_interval=, or an EOPatch that has timestamps.")
        spans = [parsed_interval(time_interval)] if times is None else self._spans(times)
        asked = {
            "units": self.units,
            "geometry": mapping(box(*bounds_in(CRS.WGS84.pyproj_crs(), place))),
            "timeIntervals": ["/".join(f"{end.isoformat(timespec='minutes')}+00:00" for end in span) for span in spans],
            "timeIntervalsAlignment": "none",
            "queries": query if isinstance(query, list) else [query],
        }
        result = ask(asked, self._apikey, self.cache_folder, self.cache_max_age)
        value = self._value(draft, result, times)
        if eopatch is None:
            eopatch = draft
        eopatch.bbox = place
        if draft.timestamps and not eopatch.timestamps:
            eopatch.timestamps = draft.timestamps
        eopatch[self.feature] = value
        return eopatch

    def _spans(self, times: list[datetime]) -> list[tuple[datetime, datetime]]:
        return [(time - self.time_difference, time + self.time_difference) for time in times]

    @abstractmethod
    def _value(self, draft: EOPatch, result: Any, times: list[datetime] | None) -> Any:
        """Return what the feature gets. times: those of the patch, if these were asked for."""


class MeteoblueVectorTask(BaseMeteoblueTask):
    """Adds the weather of a place as a table of points, for each time and point of meteoblue's grid a row.

    feature: of VECTOR. Its columns are TIMESTAMP, Longitude, Latitude, and ``<code>_<level>_<aggregation>`` for each
    variable; the geometry is a point in WGS 84. For the other settings see :class:`BaseMeteoblueTask`.

    Example:
        >>> daily = {"domain": "NEMSGLOBAL", "gapFillDomain": None, "timeResolution": "daily",
        ...          "codes": [{"code": 11, "level": "2 m above gnd", "aggregation": "mean"}]}
        >>> task = MeteoblueVectorTask((FeatureType.VECTOR, "WEATHER"), "my-key", query=daily)
        >>> patch = task(bbox=BBox((7.5, 47.5, 7.7, 47.6), CRS.WGS84), time_interval=("2024-06-01", "2024-06-30"))
    """

    _feature_types: ClassVar = [FeatureType.VECTOR]

    def _value(self, draft: EOPatch, result: Any, times: list[datetime] | None) -> Any:  # noqa: ARG002 - of all tasks
        import geopandas

        table = meteoblue_to_dataframe(result)
        points = geopandas.points_from_xy(table["Longitude"], table["Latitude"])
        return geopandas.GeoDataFrame(table, geometry=points, crs=CRS.WGS84.pyproj_crs())


class MeteoblueRasterTask(BaseMeteoblueTask):
    """Adds the weather of a place as an image of meteoblue's grid, rows from north to south.

    The grid is that of the query's domain, coarser than satellite images: the array (time, height, width, variable),
    float32, has its pixels. With ``time_interval`` its times become the timestamps of the patch. Without, the patch
    keeps its timestamps, and each gets the nearest time of the answer, NaN if that is farther than a step and
    ``time_difference``.

    feature: of DATA. For the other settings see :class:`BaseMeteoblueTask`.
    """

    _feature_types: ClassVar = [FeatureType.DATA]

    def _value(self, draft: EOPatch, result: Any, times: list[datetime] | None) -> Any:
        found, values = grid_of(result)
        found, first = np.unique(found, return_index=True)
        values = values[first]
        if times is None:
            set_timestamps(draft, found.astype("datetime64[us]").tolist())
            return values
        if not found.size:
            raise DataError("meteoblue has no times near to those of the patch.")
        wanted = np.array(times, "datetime64[s]")
        distances = np.abs(wanted[:, np.newaxis] - found)
        nearest = distances.argmin(axis=1)
        steps = [interval.stride for interval in result.geometries[0].timeIntervals]
        limit = max(self.time_difference, timedelta(seconds=max(steps, default=0)))
        chosen = values[nearest]
        chosen[distances[np.arange(len(wanted)), nearest] > np.timedelta64(limit)] = np.nan
        return chosen
