"""Images, evalscripts and elevations from Sentinel Hub, through its Process API."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sentinelhub import DataCollection, MimeType, MosaickingOrder, ResamplingType, filter_times
from sentinelhub.api.catalog import get_available_timestamps
from sentinelhub.data_collections_bands import Unit
from sentinelhub.evalscript import generate_evalscript, parse_data_collection_bands

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, FeatureError, SettingError
from eolearn.core.utils.parsing import FeatureParser

from ._sentinelhub.base import ProcessTask, SentinelHubInputBaseTask
from ._sentinelhub.errors import ServiceError, check_bands

if TYPE_CHECKING:
    from datetime import datetime

    from sentinelhub import BBox, SentinelHubSession, SHConfig
    from sentinelhub.data_collections_bands import Band

    from eolearn.core.types import Feature, FeaturesSpecification

    from ._sentinelhub.base import Interval, TimestampFilter
    from ._sentinelhub.evalscripts import Setup

__all__ = [
    "SentinelHubDemTask",
    "SentinelHubEvalscriptTask",
    "SentinelHubInputBaseTask",
    "SentinelHubInputTask",
    "SentinelHubSen2corTask",
    "ServiceError",
    "get_available_timestamps",
]

LOGGER = logging.getLogger(__name__)

_USER_DATA = "userdata"


class SentinelHubEvalscriptTask(ProcessTask):
    """Fills an EOPatch with what an evalscript makes of the images of Sentinel Hub.

    features: where the outputs of the evalscript go: ``[(FeatureType.DATA, "id of output", "NAME")]``, all with dates
        or all without. Those with dates get an image of each acquisition, (time, height, width, band), those without
        one image of the whole interval, (height, width, band). A feature of META_INFO gets the user data of each
        request.
    evalscript: the script, version 3, https://docs.sentinel-hub.com/api/latest/evalscript/v3/.
    data_collection, size, resolution, cache_folder, config, max_threads, upsampling, downsampling, session_loader,
        show_progress: see :class:`SentinelHubInputBaseTask`.
    maxcc: the cloud cover that a whole scene must stay below, 0 to 1.
    time_difference: of images less than this apart only the first is taken, by default a second.
    mosaicking_order: which scene is seen where several are: ``mostRecent``, ``leastRecent`` or ``leastCC``.
    aux_request_args: more of the ``input.data`` part of requests, such as ``{"processing": {"view": "NADIR"}}``.
    timestamp_filter: takes times and the time difference, returns those to keep.

    An interval without images gives features without dates, and a warning. The Process API has a limit of 2,500 pixels
    a side; user data of a larger image are those of each request.

    Raises SettingError, DataError and ServiceError as :class:`SentinelHubInputBaseTask` says.

    Example:
        >>> task = SentinelHubEvalscriptTask(
        ...     [(FeatureType.DATA, "ndvi", "NDVI"), (FeatureType.MASK, "dataMask")],
        ...     evalscript,
        ...     DataCollection.SENTINEL2_L2A,
        ...     resolution=10,
        ...     maxcc=0.5,
        ... )
        >>> patch = task.execute(bbox=bbox, time_interval=("2024-05-01", "2024-08-31"))
    """

    def __init__(
        self,
        features: FeaturesSpecification,
        evalscript: str,
        data_collection: DataCollection,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        maxcc: float | None = None,
        time_difference: timedelta | None = None,
        mosaicking_order: str | MosaickingOrder | None = None,
        cache_folder: str | None = None,
        config: SHConfig | None = None,
        max_threads: int | None = None,
        upsampling: ResamplingType | None = None,
        downsampling: ResamplingType | None = None,
        aux_request_args: dict[str, Any] | None = None,
        session_loader: Callable[[], SentinelHubSession] | None = None,
        timestamp_filter: TimestampFilter = filter_times,
        *,
        show_progress: bool = False,
    ):
        super().__init__(
            data_collection, size, resolution, cache_folder, config, max_threads, upsampling, downsampling,
            session_loader, show_progress=show_progress,
        )  # fmt: skip
        self._set_choice_of_images(
            maxcc=maxcc,
            time_difference=time_difference,
            mosaicking_order=mosaicking_order,
            aux_request_args=aux_request_args,
            timestamp_filter=timestamp_filter,
        )
        if not isinstance(evalscript, str):
            raise SettingError(f"evalscript is a text, got {type(evalscript).__name__}.")
        self.evalscript = evalscript
        self.features = _checked_outputs(features)
        self.is_timeless = any(kind.is_timeless() for kind, _, _ in self._images)

    @property
    def _images(self) -> list[tuple[FeatureType, str, str]]:
        return [feature for feature in self.features if feature[0].is_image()]

    @property
    def _wanted(self) -> tuple[str, dict[str, MimeType]]:
        outputs = {name: MimeType.TIFF for _, name, _ in self._images}
        if len(self._images) < len(self.features):
            outputs[_USER_DATA] = MimeType.JSON
        return self.evalscript, outputs

    def _pixel_bytes(self, setup: Setup) -> int:
        names = [name for _, name, _ in self._images]
        if missing := set(names) - set(setup.outputs):
            raise DataError(f"The evalscript has no output {', '.join(sorted(missing))}, only {list(setup.outputs)}.")
        return sum(setup.outputs[name].bands * setup.outputs[name].dtype.itemsize for name in names)

    def _download(self, place: BBox, size: tuple[int, int], times: Sequence[datetime] | None, *rest: Any) -> list[Any]:
        if times is None or times:
            return super()._download(place, size, times, *rest)
        return super()._download(place, (1, 1), None, *rest)  # one pixel tells how many bands there are

    def _extract_data(self, eopatch: EOPatch, responses: list[Any], shape: tuple[int, int, int]) -> EOPatch:
        is_tar = len(self._wanted[1]) > 1
        for kind, name, new_name in self.features:
            if kind is FeatureType.META_INFO:
                data = [answer[f"{_USER_DATA}.json"] if is_tar else answer for answer in responses]
                eopatch[kind, new_name] = data[: shape[0]]
                continue
            images = [_with_bands(answer[f"{name}.tif"] if is_tar else answer) for answer in responses]
            if kind.is_timeless():
                eopatch[kind, new_name] = images[0]
            elif shape[0]:
                eopatch[kind, new_name] = np.stack(images)
            else:
                eopatch[kind, new_name] = np.empty((*shape, images[0].shape[-1]), images[0].dtype)
        return eopatch


class SentinelHubInputTask(ProcessTask):
    """Fills an EOPatch with bands and masks of the images of Sentinel Hub.

    data_collection: ``DataCollection.SENTINEL2_L1C``, or any other of the package sentinelhub.
    size, resolution, cache_folder, config, max_threads, upsampling, downsampling, session_loader, show_progress: see
        :class:`SentinelHubInputBaseTask`.
    bands_feature: where the bands go, in DATA, (time, height, width, band).
    bands: their names, by default all of the collection.
    additional_data: more bands, each a feature of its own with one band, with a new name or without:
        ``[(FeatureType.MASK, "dataMask", "IS_DATA"), (FeatureType.MASK, "CLM")]``. Their dtype is that of the service:
        bool for dataMask, uint8 for classes, float32 for angles.
    evalscript: in place of the one that is made, with an output for each of these names.
    maxcc, time_difference, mosaicking_order, aux_request_args, timestamp_filter: see
        :class:`SentinelHubEvalscriptTask`.
    bands_dtype: float for physical units, integer for digital numbers; by default that of the service in physical
        units, float32 for reflectances.
    single_scene: one mosaic of the whole interval, with its start as the timestamp.

    An interval without images gives features without dates, and a warning.

    Raises SettingError, DataError and ServiceError as :class:`SentinelHubInputBaseTask` says, also for a band that the
    collection doesn't have, with the names that are like it.

    Example:
        >>> task = SentinelHubInputTask(
        ...     DataCollection.SENTINEL2_L2A,
        ...     resolution=10,
        ...     bands_feature=(FeatureType.DATA, "BANDS"),
        ...     bands=["B02", "B03", "B04", "B08"],
        ...     additional_data=[(FeatureType.MASK, "dataMask", "IS_DATA"), (FeatureType.MASK, "SCL")],
        ... )
        >>> patch = task.execute(bbox=bbox, time_interval=("2024-05-01", "2024-08-31"))
    """

    def __init__(
        self,
        data_collection: DataCollection,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        bands_feature: Feature | None = None,
        bands: list[str] | None = None,
        additional_data: FeaturesSpecification | None = None,
        evalscript: str | None = None,
        maxcc: float | None = None,
        time_difference: timedelta | None = None,
        cache_folder: str | None = None,
        config: SHConfig | None = None,
        max_threads: int | None = None,
        bands_dtype: DTypeLike | None = None,
        single_scene: bool = False,
        mosaicking_order: str | MosaickingOrder | None = None,
        upsampling: ResamplingType | None = None,
        downsampling: ResamplingType | None = None,
        aux_request_args: dict[str, Any] | None = None,
        session_loader: Callable[[], SentinelHubSession] | None = None,
        timestamp_filter: TimestampFilter = filter_times,
        *,
        show_progress: bool = False,
    ):
        super().__init__(
            data_collection, size, resolution, cache_folder, config, max_threads, upsampling, downsampling,
            session_loader, show_progress=show_progress,
        )  # fmt: skip
        self._set_choice_of_images(
            maxcc=maxcc,
            time_difference=time_difference,
            mosaicking_order=mosaicking_order,
            aux_request_args=aux_request_args,
            timestamp_filter=timestamp_filter,
        )
        self.bands_feature = bands_feature and self.parse_feature(
            bands_feature, allowed_feature_types=[FeatureType.DATA]
        )
        self.requested_bands = self._parsed_bands(bands) if self.bands_feature else []
        images = [FeatureType.DATA, FeatureType.MASK]
        self.additional_data = [] if additional_data is None else FeatureParser(
            additional_data, images
        ).get_renamed_features()  # fmt: skip
        self.requested_additional_bands = self._parsed_bands([name for _, name, _ in self.additional_data])
        self.evalscript, self.bands_dtype, self.single_scene = evalscript, bands_dtype, single_scene
        self._check_dtypes()

    def _parsed_bands(self, names: Sequence[str] | None) -> list[Band]:
        names = [band.name for band in self.data_collection.bands] if names is None else list(names)
        check_bands(self.data_collection, names)
        return parse_data_collection_bands(self.data_collection, names)

    @property
    def _takes_numbers(self) -> bool:
        return self.bands_dtype is not None and not np.issubdtype(self.bands_dtype, np.floating)

    def _dtype_of(self, band: Band) -> np.dtype[Any]:
        """Return the dtype in which the service gives a band."""
        position = band.units.index(Unit.DN) if self._takes_numbers and Unit.DN in band.units else 0
        return np.dtype(band.output_types[position])

    def _check_dtypes(self) -> None:
        for band in self.requested_bands if self._takes_numbers else []:
            if self._dtype_of(band).kind == "f":
                raise SettingError(
                    f"bands_dtype is {np.dtype(self.bands_dtype)}, but {band.name} of {self.data_collection.name} has "
                    "no digital numbers. Leave out bands_dtype=, or pass a float."
                )
        for (kind, name, _), band in zip(self.additional_data, self.requested_additional_bands, strict=True):
            if kind is FeatureType.MASK and self._dtype_of(band).kind == "f":
                raise SettingError(f"{name} is {self._dtype_of(band)}, which MASK can't hold. Put it into DATA.")

    def _band_dtype(self) -> np.dtype[Any]:
        self._check_dtypes()  # the setting may have been changed since
        given = [self._dtype_of(band) for band in self.requested_bands]
        return np.result_type(*given) if self.bands_dtype is None and given else np.dtype(self.bands_dtype)

    @property
    def _wanted(self) -> tuple[str, dict[str, MimeType]]:
        bands, more = ([band.name for band in some] for some in (self.requested_bands, self.requested_additional_bands))
        script = self.evalscript or generate_evalscript(
            self.data_collection, bands, more, prioritize_dn=self._takes_numbers
        )
        return script, dict.fromkeys([*bands, *more], MimeType.TIFF)

    def _pixel_bytes(self, setup: Setup) -> int:  # noqa: ARG002 - of the evalscript, whose bands are known here
        more = sum(self._dtype_of(band).itemsize for band in self.requested_additional_bands)
        return len(self.requested_bands) * self._band_dtype().itemsize + more

    def _times(self, draft: EOPatch, place: BBox, interval: Interval | None) -> list[datetime] | None:
        times = super()._times(draft, place, interval)
        if times is None and not self.data_collection.is_timeless:
            raise DataError("There is no time: pass time_interval=, or an EOPatch that has timestamps.")
        return times

    def _extract_data(self, eopatch: EOPatch, responses: list[Any], shape: tuple[int, int, int]) -> EOPatch:
        is_tar = len(self._wanted[1]) > 1
        dtype = self._band_dtype()
        if self.bands_feature:
            images = np.empty((*shape, len(self.requested_bands)), dtype)
            for position, band in enumerate(self.requested_bands):
                _fill(images[..., position], responses, band.name if is_tar else None)
            eopatch[self.bands_feature] = images
        for (kind, name, new_name), band in zip(self.additional_data, self.requested_additional_bands, strict=True):
            image = np.empty((*shape, 1), self._dtype_of(band))
            _fill(image[..., 0], responses, name if is_tar else None)
            eopatch[kind, new_name] = image
        return eopatch


class SentinelHubDemTask(SentinelHubEvalscriptTask):
    """Fills an EOPatch with elevations, in metres above the sea, float32, (height, width, 1).

    feature: where they go, in DATA_TIMELESS: a feature or its name; by default that of the band,
        ``(FeatureType.DATA_TIMELESS, "DEM")``.
    data_collection: ``DataCollection.DEM``, or one of its instances, such as ``DataCollection.DEM_COPERNICUS_30``.
    kwargs: ``size`` or ``resolution``, and the others of :class:`SentinelHubEvalscriptTask`.

    Raises FeatureError (a ValueError) for a feature of another type.

    Example:
        >>> patch = SentinelHubDemTask(resolution=30).execute(patch)
    """

    def __init__(
        self,
        feature: str | Feature | None = None,
        data_collection: DataCollection = DataCollection.DEM,
        **kwargs: Any,
    ):
        band = data_collection.bands[0].name
        if feature is None or isinstance(feature, str):
            feature = (FeatureType.DATA_TIMELESS, feature or band)
        kind, name = self.parse_feature(feature)
        if kind is not FeatureType.DATA_TIMELESS:
            raise FeatureError(f"Elevations are an image without dates: DATA_TIMELESS holds them, not {kind}.")
        evalscript = generate_evalscript(data_collection, [band])
        super().__init__([(kind, band, name)], evalscript, data_collection, **kwargs)


class SentinelHubSen2corTask(SentinelHubInputTask):
    """Fills an EOPatch with what Sen2Cor found in Sentinel-2 images: classes, clouds and snow.

    sen2cor_classification: one or several of ``"SCL"``, the classes of the scene, in MASK; ``"CLD"`` and ``"SNW"``, the
        probabilities of clouds and snow in per cent, in DATA. Features have these names; uint8, one band.
    data_collection: ``DataCollection.SENTINEL2_L2A``; there are none for others.
    kwargs: ``size`` or ``resolution``, and the others of :class:`SentinelHubInputTask`.

    Example:
        >>> patch = SentinelHubSen2corTask(["SCL", "CLD"], resolution=20).execute(patch)
    """

    def __init__(
        self,
        sen2cor_classification: str | Sequence[str],
        data_collection: DataCollection = DataCollection.SENTINEL2_L2A,
        **kwargs: Any,
    ):
        names = [sen2cor_classification] if isinstance(sen2cor_classification, str) else list(sen2cor_classification)
        if not names or not set(names) <= set(_SEN2COR):
            raise SettingError(f"sen2cor_classification is one or several of {', '.join(_SEN2COR)}, got {names}.")
        if data_collection.api_id != DataCollection.SENTINEL2_L2A.api_id:
            raise SettingError(f"Sen2Cor's results come with SENTINEL2_L2A, not with {data_collection.name}.")
        self.sen2cor_classification = names
        super().__init__(data_collection, additional_data=[(_SEN2COR[name], name) for name in names], **kwargs)


_SEN2COR = {"SCL": FeatureType.MASK, "CLD": FeatureType.DATA, "SNW": FeatureType.DATA}


def _checked_outputs(features: FeaturesSpecification) -> list[tuple[FeatureType, str, str]]:
    allowed = [kind for kind in FeatureType if kind.is_image() or kind is FeatureType.META_INFO]
    parsed = FeatureParser(features, allowed).get_renamed_features()
    if len({kind.is_timeless() for kind, _, _ in parsed if kind.is_image()}) > 1:
        raise SettingError(
            "Features with dates and features without can't be had by one task: an image of each date is one request, "
            "an image of the whole interval another. Use two tasks."
        )
    return parsed


def _with_bands(image: NDArray[Any]) -> NDArray[Any]:
    return image[..., np.newaxis] if image.ndim == 2 else image


def _fill(target: NDArray[Any], responses: Sequence[Any], name: str | None) -> None:
    """Put a band of each date into an array (time, height, width). name: of its file, None where it stands alone."""
    for date, answer in enumerate(responses):
        target[date] = answer if name is None else answer[f"{name}.tif"]
