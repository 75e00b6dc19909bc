"""The names of the first releases for OGC services, as thin forms of the tasks of the Process API.

A layer was a name in the configuration of an account, and only the OGC service, which is deprecated, knows what it
stands for. So these tasks take as ``layer`` what can be told without it: names of bands (``"B04,B08"``), a layer of all
bands as it was called in the lessons (``"BANDS-S2-L1C"``), or any name together with
``custom_url_params={"EVALSCRIPT": "//VERSION=3 ..."}``. In new scripts use the tasks of
:mod:`eolearn.io.sentinelhub_process`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from sentinelhub import DataCollection, MimeType

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EODeprecationWarning, EOUserWarning, SettingError, warn_user

from ._sentinelhub.base import SentinelHubInputBaseTask
from ._sentinelhub.credentials import Access
from .sentinelhub_process import (
    SentinelHubDemTask,
    SentinelHubEvalscriptTask,
    SentinelHubInputTask,
    SentinelHubSen2corTask,
)

if TYPE_CHECKING:
    from sentinelhub import BBox, SHConfig

    from eolearn.core.types import Feature

_ALL_BANDS = re.compile(r"(?:ALL[-_])?BANDS(?:[-_].*)?|ALL", re.IGNORECASE)
_USED = ("service_type", "size_x", "size_y", "maxcc", "time_difference")
_ORBITS = {
    "both": DataCollection.SENTINEL1_IW,
    "ascending": DataCollection.SENTINEL1_IW_ASC,
    "descending": DataCollection.SENTINEL1_IW_DES,
}


class SentinelHubOGCInput(EOTask):
    """Fills an EOPatch with bands of a collection, for scripts of the first releases.

    layer: names of bands, ``"B04,B08"``; ``"BANDS-S2-L1C"`` or the like for all bands; or the name of a layer whose
        evalscript is in custom_url_params, with one output.
    feature: where they go, by default in DATA under the name of the layer; (time, height, width, band), float32 for
        reflectances.
    valid_data_mask_feature: where the mask of data goes, bool: a feature or its name in MASK; None for none. A layer
        with an evalscript has none.
    service_type: ``"wms"``, where sizes are pixels, or ``"wcs"``, where they are metres a pixel.
    data_collection, data_source: the collection; the second name is the older one.
    size_x, size_y: pixels, or metres as 10 or ``"10m"``; with one of them alone, pixels are squares.
    custom_url_params: ``EVALSCRIPT``, as text or in base64; others can't be had.
    image_format: TIFF; others hold no reflectances and are refused.
    instance_id: not needed any more.
    raise_download_errors: a download that fails raises an error, always.
    maxcc, time_difference: as for :class:`~eolearn.io.sentinelhub_process.SentinelHubInputTask`.
    config: of the package sentinelhub, with the credentials.

    What isn't given of sizes, service_type, maxcc, time_difference and the time interval is taken from
    ``eopatch.meta_info``, and what was used is put there, times as texts and seconds.

    Raises SettingError (a ValueError) for a layer that can't be told, and for what the Process API doesn't do; on
    execution the errors of :class:`~eolearn.io.sentinelhub_process.SentinelHubInputTask`.

    Example:
        >>> task = S2L1CWCSInput("BANDS-S2-L1C", resx="10m", resy="10m", maxcc=0.8)
        >>> patch = task.execute(bbox=bbox, time_interval=("2024-05-01", "2024-08-31"))
    """

    collection: ClassVar[DataCollection | None] = None
    """The collection by default."""

    def __init__(
        self,
        layer: str,
        feature: Feature | str | None = None,
        valid_data_mask_feature: Feature | str | None = "IS_DATA",
        service_type: Any = None,
        data_collection: DataCollection | None = None,
        size_x: float | str | None = None,
        size_y: float | str | None = None,
        maxcc: float | None = None,
        image_format: Any = MimeType.TIFF,
        instance_id: str | None = None,  # noqa: ARG002 - belonged to the service
        custom_url_params: Mapping[Any, Any] | None = None,
        time_difference: timedelta | None = None,
        raise_download_errors: bool = True,
        data_source: DataCollection | None = None,
        *,
        config: SHConfig | None = None,
    ):
        warn_user(
            f"{type(self).__name__} is a name of the first releases: use SentinelHubInputTask or "
            "SentinelHubEvalscriptTask of eolearn.io.",
            EODeprecationWarning,
        )
        collection = data_collection or data_source or self.collection
        if collection is None:
            raise SettingError("data_collection is needed, as DataCollection.SENTINEL2_L1C.")
        if "TIFF" not in getattr(image_format, "name", str(image_format)).upper():
            raise SettingError(f"image_format {image_format} holds no reflectances, only TIFF does.")
        if not raise_download_errors:
            warn_user("raise_download_errors=False is passed over: no date is left out silently.", EOUserWarning)
        self.layer, self.data_collection, self._access = layer, collection, Access(config)
        self.service_type = _service_type(service_type)
        self.feature = _feature(feature or layer, FeatureType.DATA)
        self.mask = valid_data_mask_feature and _feature(valid_data_mask_feature, FeatureType.MASK)
        self.size_x, self.size_y, self.maxcc, self.time_difference = size_x, size_y, maxcc, time_difference
        self.evalscript = _evalscript(custom_url_params)
        self.bands = None if self.evalscript else _bands_of_layer(layer, collection)

    def execute(self, eopatch: EOPatch | None = None, bbox: BBox | None = None, time_interval: Any = None) -> EOPatch:
        """Return the EOPatch, or a new one, with the images of a place and a time, and with what they were made by."""
        known: Mapping[str, Any] = {} if eopatch is None else eopatch.meta_info
        used = {name: known.get(name) if getattr(self, name) is None else getattr(self, name) for name in _USED}
        used["time_interval"] = known.get("time_interval") if time_interval is None else time_interval
        place = bbox or (None if eopatch is None else eopatch.bbox)
        settings = _size(_service_type(used["service_type"]), used["size_x"], used["size_y"], place)
        if self.data_collection.has_cloud_coverage:
            settings["maxcc"] = used["maxcc"]
        if not self.data_collection.is_timeless:
            settings["time_difference"] = _time_difference(used["time_difference"])
        interval = None if self.data_collection.is_timeless else used["time_interval"]
        patch: EOPatch = self._task(settings).execute(eopatch, bbox, interval)
        patch.meta_info.update({name: _told(value) for name, value in used.items() if value is not None})
        return patch

    def _task(self, settings: dict[str, Any]) -> SentinelHubInputBaseTask:
        more = {"config": self._access.config, **settings}
        if self.data_collection.is_timeless:
            return SentinelHubDemTask(self.feature, self.data_collection, **more)
        if self.evalscript:
            feature = (self.feature[0], "default", self.feature[1])
            return SentinelHubEvalscriptTask(feature, self.evalscript, self.data_collection, **more)
        mask = [(self.mask[0], "dataMask", self.mask[1])] if self.mask else None
        return SentinelHubInputTask(
            self.data_collection, bands_feature=self.feature, bands=self.bands, additional_data=mask, **more
        )


class SentinelHubWMSInput(SentinelHubOGCInput):
    """As :class:`SentinelHubOGCInput`, with the size in pixels; with one side alone, pixels are squares."""

    def __init__(
        self,
        layer: str,
        data_collection: DataCollection | None = None,
        width: int | None = None,
        height: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(
            layer, data_collection=data_collection, service_type="wms", size_x=width, size_y=height, **kwargs
        )


class SentinelHubWCSInput(SentinelHubOGCInput):
    """As :class:`SentinelHubOGCInput`, with the size of pixels in metres, 10 or ``"10m"``."""

    def __init__(
        self,
        layer: str,
        data_collection: DataCollection | None = None,
        resx: float | str | None = None,
        resy: float | str | None = None,
        **kwargs: Any,
    ):
        super().__init__(layer, data_collection=data_collection, service_type="wcs", size_x=resx, size_y=resy, **kwargs)


class S2L1CWMSInput(SentinelHubWMSInput):
    """Sentinel-2 L1C by the size in pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.SENTINEL2_L1C


class S2L1CWCSInput(SentinelHubWCSInput):
    """Sentinel-2 L1C by the size of pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.SENTINEL2_L1C


class S2L2AWMSInput(SentinelHubWMSInput):
    """Sentinel-2 L2A by the size in pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.SENTINEL2_L2A


class S2L2AWCSInput(SentinelHubWCSInput):
    """Sentinel-2 L2A by the size of pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.SENTINEL2_L2A


class L8L1CWMSInput(SentinelHubWMSInput):
    """Landsat 8 level 1 by the size in pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.LANDSAT_OT_L1


class L8L1CWCSInput(SentinelHubWCSInput):
    """Landsat 8 level 1 by the size of pixels; see :class:`SentinelHubOGCInput`."""

    collection = DataCollection.LANDSAT_OT_L1


class S1IWWMSInput(SentinelHubWMSInput):
    """Sentinel-1 IW by the size in pixels; see :class:`SentinelHubOGCInput`.

    orbit: ``both``, ``ascending`` or ``descending``.
    """

    def __init__(self, layer: str, orbit: Literal["both", "ascending", "descending"] = "both", **kwargs: Any):
        super().__init__(layer, **{"data_collection": _orbit(orbit), **kwargs})


class S1IWWCSInput(SentinelHubWCSInput):
    """Sentinel-1 IW by the size of pixels; see :class:`SentinelHubOGCInput`.

    orbit: ``both``, ``ascending`` or ``descending``.
    """

    def __init__(self, layer: str, orbit: Literal["both", "ascending", "descending"] = "both", **kwargs: Any):
        super().__init__(layer, **{"data_collection": _orbit(orbit), **kwargs})


class DEMWMSInput(SentinelHubWMSInput):
    """Elevations by the size in pixels, in DATA_TIMELESS, by default under the name of the layer; without a mask."""

    collection = DataCollection.DEM

    def __init__(self, layer: str, feature: Feature | str | None = None, **kwargs: Any):
        feature = _feature(feature or layer, FeatureType.DATA_TIMELESS)
        super().__init__(layer, feature=feature, **kwargs)


class DEMWCSInput(SentinelHubWCSInput):
    """Elevations by the size of pixels, in DATA_TIMELESS, by default under the name of the layer; without a mask."""

    collection = DataCollection.DEM

    def __init__(self, layer: str, feature: Feature | str | None = None, **kwargs: Any):
        feature = _feature(feature or layer, FeatureType.DATA_TIMELESS)
        super().__init__(layer, feature=feature, **kwargs)


class AddSen2CorClassificationFeature(SentinelHubSen2corTask):
    """As :class:`~eolearn.io.sentinelhub_process.SentinelHubSen2corTask`; the layer isn't needed any more."""

    def __init__(self, sen2cor_classification: str | list[str], layer: str | None = None, **kwargs: Any):  # noqa: ARG002
        warn_user("AddSen2CorClassificationFeature is now SentinelHubSen2corTask.", EODeprecationWarning)
        super().__init__(sen2cor_classification, **kwargs)


def _orbit(name: str) -> DataCollection:
    if name not in _ORBITS:
        raise SettingError(f"orbit is one of {', '.join(_ORBITS)}, got {name!r}.")
    return _ORBITS[name]


def _feature(feature: Any, default: FeatureType) -> Any:
    return (default, feature) if isinstance(feature, str) else EOTask.parse_feature(feature)


def _bands_of_layer(layer: str, collection: DataCollection) -> list[str]:
    known = [band.name for band in collection.bands]
    names = [name.strip() for name in layer.split(",")]
    if set(names) <= set(known):
        return names
    if _ALL_BANDS.fullmatch(layer) or collection.is_timeless:
        return known
    raise SettingError(
        f"What the layer {layer!r} is, only the configuration of an account at the deprecated OGC service knows. Name "
        f"bands of {collection.name} ({', '.join(known)}), or copy the evalscript of the layer from there and use "
        "SentinelHubEvalscriptTask."
    )


def _evalscript(parameters: Mapping[Any, Any] | None) -> str | None:
    given = {str(getattr(name, "value", name)).upper(): value for name, value in (parameters or {}).items()}
    script = given.pop("EVALSCRIPT", None)
    if given:
        raise SettingError(
            f"custom_url_params {sorted(given)} belong to the OGC service. EVALSCRIPT can be used; for others see "
            "aux_request_args of SentinelHubEvalscriptTask."
        )
    if script is None:
        return None
    if "VERSION" not in script:
        try:
            script = base64.b64decode(script, validate=True).decode()
        except (binascii.Error, ValueError):
            script = ""
    if not re.search(r"VERSION\s*=\s*3", script):
        raise SettingError("The EVALSCRIPT is not one of version 3, which the Process API takes: //VERSION=3.")
    return str(script)


def _service_type(given: Any) -> str | None:
    if given is None:
        return None
    name = str(getattr(given, "value", given)).lower()
    if name not in ("wms", "wcs"):
        raise SettingError(f"service_type is 'wms', for sizes in pixels, or 'wcs', for metres a pixel, got {given!r}.")
    return name


def _size(service_type: str | None, size_x: Any, size_y: Any, place: BBox | None) -> dict[str, Any]:
    """Return what the new tasks take: pixels, or metres a pixel."""
    if size_x is None and size_y is None:
        raise DataError("There is no size: pass it to the task, or as size_x and size_y in eopatch.meta_info.")
    if service_type == "wcs" or any(isinstance(side, str) for side in (size_x, size_y)):
        metres = [_metres(side) for side in (size_x, size_y) if side is not None]
        return {"resolution": (metres[0], metres[-1])}
    if size_x is None or size_y is None:
        west, south, east, north = place or (0, 0, 1, 1)  # no place is refused later
        wide, high = max(east - west, 1e-9), max(north - south, 1e-9)  # a box without area is refused later
        size_x = max(1, round(size_y * wide / high)) if size_x is None else size_x
        size_y = max(1, round(size_x * high / wide)) if size_y is None else size_y
    return {"size": (size_x, size_y)}


def _metres(text: Any) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*m?\s*", str(text))
    if match is None:
        raise SettingError(f"A size of pixels is metres, as '10m', got {text!r}.")
    return float(match[1])


def _time_difference(given: Any) -> timedelta | None:
    """Return None for the -1 s by which old scripts kept all images. given: also seconds, as in META_INFO."""
    if given is None:
        return None
    time = given if isinstance(given, timedelta) else timedelta(seconds=given)
    return None if time < timedelta(0) else time


def _told(value: Any) -> Any:
    """Return a setting in the form in which META_INFO can be saved."""
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, (tuple, list)):
        return [_told(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value
