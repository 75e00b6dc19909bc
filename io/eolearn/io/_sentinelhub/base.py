"""The common part of the tasks: place, size, times, requests and their download."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sentinelhub import BBox, DataCollection, MimeType, MosaickingOrder, ResamplingType, SentinelHubRequest

from eolearn.core import EOPatch, EOTask
from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError, warn_user

from .._place import checked_size, given_place, parsed_interval, place_of, set_timestamps, size_at
from ..estimate import Estimate
from .catalog import Search, find_times
from .client import Client
from .credentials import Access
from .evalscripts import Setup, processing_units, read_setup
from .tiles import join, tiles_of

if TYPE_CHECKING:
    from sentinelhub import CRS, Geometry, SentinelHubSession, SHConfig

TimestampFilter = Callable[[list[datetime], timedelta], Iterable[datetime]]
Interval = tuple[datetime, datetime]
_Choice = TypeVar("_Choice", bound=Enum)


class SentinelHubInputBaseTask(EOTask, ABC):
    """What the tasks of Sentinel Hub have in common: the place, the size, the requests and their download.

    data_collection: of the package sentinelhub. It may carry the address of the service, which else is
        ``config.sh_base_url``.
    size, resolution: exactly one of width and height in pixels, and metres a pixel, a number or one for x and y. Above
        2,500 pixels a side an image is made of several requests.
    cache_folder: a local folder where answers are kept; a run with the same settings takes them from there, without a
        network too. A search whose interval ended less than a month before it was made is made again.
    config: of the package sentinelhub, with the credentials; by default that of the environment and its file. The
        credentials aren't pickled with the task. Worker processes of ``EOExecutor`` on this machine get them; machines
        of a cluster need ``SH_CLIENT_ID`` and ``SH_CLIENT_SECRET``, or a configuration file of their own.
    max_threads: requests of one patch at the same time, by default four more than there are processors.
    upsampling, downsampling: ``ResamplingType``, for bands that are coarser or finer than the target.
    session_loader: makes the session that is used, where there are no credentials but a token.
    show_progress: show a bar while images are loaded.

    Failures that may pass are tried again, ``config.max_download_attempts`` times. Raises SettingError (a ValueError)
    for settings that can't be met; on execution DataError (a ValueError) for a box that differs from that of the patch
    or is smaller than a pixel, and ServiceError (an OSError, and the package's ``DownloadFailedException``) for what
    the service refuses, or doesn't give. Nothing is stored in the patch then.
    """

    def __init__(
        self,
        data_collection: DataCollection,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        cache_folder: str | None = None,
        config: SHConfig | None = None,
        max_threads: int | None = None,
        upsampling: ResamplingType | None = None,
        downsampling: ResamplingType | None = None,
        session_loader: Callable[[], SentinelHubSession] | None = None,
        *,
        show_progress: bool = False,
    ):
        self.size, self.resolution = checked_size(size, resolution)
        if max_threads is not None and max_threads < 1:
            raise SettingError(f"max_threads is one at least, got {max_threads}.")
        self.max_threads = max_threads
        self.data_collection = data_collection
        self._access = Access(config)
        self.cache_folder = None if cache_folder is None else str(cache_folder)
        self.upsampling = _choice("upsampling", upsampling, ResamplingType)
        self.downsampling = _choice("downsampling", downsampling, ResamplingType)
        self.session_loader = session_loader
        self.show_progress = show_progress

    @property
    def config(self) -> SHConfig:
        """The configuration, with the credentials."""
        return self._access.config

    def execute(
        self,
        eopatch: EOPatch | None = None,
        bbox: BBox | None = None,
        time_interval: Any = None,
        geometry: Geometry | None = None,
    ) -> EOPatch:
        """Return the EOPatch, or a new one, with the images of a place and a time.

        bbox: the place, by default that of the patch.
        time_interval: first and last day or time, or one day; by default the timestamps of the patch.
        geometry: pixels outside of it get no data.
        """
        own = EOPatch(bbox=eopatch.bbox, timestamps=eopatch.timestamps) if eopatch is not None else None
        draft, place = place_of(own, bbox)
        width, height = self._dimensions(place)
        interval = None if time_interval is None else parsed_interval(time_interval)
        times = self._times(draft, place, interval)
        if interval is not None and times is not None:
            set_timestamps(draft, times)
        answers = self._download(place, (width, height), times, interval, geometry)
        self._extract_data(draft, answers, (1 if times is None else len(times), height, width))
        return moved(draft, eopatch)

    @abstractmethod
    def _extract_data(self, eopatch: EOPatch, responses: list[Any], shape: tuple[int, int, int]) -> EOPatch:
        """Put what the requests gave into a patch. shape: of times, rows and columns."""

    @abstractmethod
    def _build_requests(
        self,
        bbox: BBox,
        size_x: int,
        size_y: int,
        timestamps: Sequence[datetime] | None,
        time_interval: Interval | None,
        geometry: Geometry | None,
    ) -> list[SentinelHubRequest]:
        """Return the requests for a box of no more pixels than the service makes at once."""

    @abstractmethod
    def _get_timestamps(self, time_interval: Interval | None, bbox: BBox) -> list[datetime]:
        """Return the times of the images of an interval."""

    def _times(self, draft: EOPatch, place: BBox, interval: Interval | None) -> list[datetime] | None:
        if interval is not None:
            return [time.replace(tzinfo=None) for time in self._get_timestamps(interval, place)]
        return None if self.data_collection.is_timeless else draft.timestamps

    def _dimensions(self, place: BBox) -> tuple[int, int]:
        west, south, east, north = place
        if not (west < east and south < north):
            raise DataError(f"{place!r} has no area.")
        if self.size is not None:
            return self.size
        return size_at(place, self.resolution)

    def _client(self) -> Client:
        config = self.config
        if self.data_collection.service_url is not None:
            config = config.copy()
            config.sh_base_url = self.data_collection.service_url
        return Client(config, self.session_loader)

    def _download(
        self,
        place: BBox,
        size: tuple[int, int],
        times: Sequence[datetime] | None,
        interval: Interval | None,
        geometry: Geometry | None,
    ) -> list[Any]:
        """Return the answer to each request, for the whole place."""
        tiles = tiles_of(place, *size)
        if geometry is not None:
            geometry = _in_crs(geometry, place.crs)
        requests = [self._build_requests(tile.bbox, *tile.size, times, interval, geometry) for tile in tiles]
        flat = [request.download_list[0] for row in requests for request in row]
        answers = self._client().download(flat, max_threads=self.max_threads, show_progress=self.show_progress)
        count = len(requests[0])
        return [join(tiles, answers[number::count]) for number in range(count)]


class ProcessTask(SentinelHubInputBaseTask):
    """What the tasks with an evalscript have in common: acquisitions are searched, and each is one request."""

    is_timeless = False
    """Whether what is made has no dates, so that one request is made of the whole interval."""
    single_scene = False
    """Whether one request over the whole interval is made, as an image with one date."""
    maxcc: float | None
    time_difference: timedelta
    mosaicking_order: MosaickingOrder | None
    aux_request_args: dict[str, Any] | None
    timestamp_filter: TimestampFilter

    @property
    @abstractmethod
    def _wanted(self) -> tuple[str, dict[str, MimeType]]:
        """The evalscript that is sent, and what of its outputs is asked for, in which format."""

    @abstractmethod
    def _pixel_bytes(self, setup: Setup) -> int:
        """Return how many bytes all features take for one pixel of one date."""

    def estimate(
        self, places: Iterable[BBox | EOPatch], time_interval: Any = None, *, dates: int | None = None
    ) -> Estimate:
        """Return what filling these places would take.

        places: bounding boxes, or patches with or without timestamps.
        time_interval: as for ``execute``.
        dates: how many images each place has; by default the catalogue is searched for each place, which needs
            credentials and no processing units.

        Raises DataError (a ValueError) for an evalscript that doesn't say in plain words what it reads and makes.
        """
        interval = None if time_interval is None else parsed_interval(time_interval)
        setup = read_setup(self._wanted[0])
        return sum((self._estimate(setup, place, interval, dates) for place in places), Estimate())

    def _estimate(self, setup: Setup, place: BBox | EOPatch, interval: Interval | None, dates: int | None) -> Estimate:
        patch, box = given_place(place)
        width, height = self._dimensions(box)
        if dates is None and not self.single_scene and (not self.is_timeless or setup.has_all_samples):
            dates = len(self._found(patch, box, interval))
        images = 1 if self.single_scene or self.is_timeless else dates or 0
        samples = (dates or 1) if setup.has_all_samples and self.is_timeless else 1
        is_orthorectified = bool((self.aux_request_args or {}).get("processing", {}).get("orthoRectify"))
        tiles = tiles_of(box, width, height)
        units = sum(
            processing_units(*tile.size, setup, samples=samples, is_orthorectified=is_orthorectified) for tile in tiles
        )
        size = self._pixel_bytes(setup) * width * height * images
        return Estimate(
            patches=1,
            requests=len(tiles) * images,
            memory_bytes=size,
            disk_bytes=size,
            processing_units=units * images,
        )

    def _found(self, patch: EOPatch, place: BBox, interval: Interval | None) -> Sequence[datetime]:
        if interval is not None:
            return self._search(interval, place)
        if not patch.timestamps:
            raise DataError("How many images there are isn't known: pass time_interval=, dates=, or dated patches.")
        return patch.timestamps

    def _times(self, draft: EOPatch, place: BBox, interval: Interval | None) -> list[datetime] | None:
        if self.is_timeless:
            return None
        times = super()._times(draft, place, interval)
        if interval is not None and not times:
            warn_user(
                f"Sentinel Hub has no images: {Search(self.data_collection, place, *interval, self.maxcc)}. The "
                "features have no dates.",
                EORuntimeWarning,
            )
        return times

    def _get_timestamps(self, time_interval: Interval | None, bbox: BBox) -> list[datetime]:
        if self.is_timeless or time_interval is None:
            return []
        return [time_interval[0]] if self.single_scene else self._search(time_interval, bbox)

    def _search(self, interval: Interval, place: BBox) -> list[datetime]:
        search = Search(self.data_collection, place, *interval, self.maxcc)
        times = find_times(self._client(), search, self.cache_folder)
        return list(self.timestamp_filter(times, self.time_difference))

    def _build_requests(
        self,
        bbox: BBox,
        size_x: int,
        size_y: int,
        timestamps: Sequence[datetime] | None,
        time_interval: Interval | None,
        geometry: Geometry | None,
    ) -> list[SentinelHubRequest]:
        spans: list[Interval | None] = [time_interval]
        if timestamps is not None and not self.single_scene:
            spans = [(time - self.time_difference, time + self.time_difference) for time in timestamps]
        return [self._request(bbox, (size_x, size_y), span, geometry) for span in spans]

    def _request(
        self, bbox: BBox | None, size: tuple[int, int] | None, span: Interval | None, geometry: Geometry | None
    ) -> SentinelHubRequest:
        evalscript, outputs = self._wanted
        data = SentinelHubRequest.input_data(
            data_collection=self.data_collection,
            mosaicking_order=self.mosaicking_order,
            time_interval=span,
            maxcc=self.maxcc,
            upsampling=self.upsampling,
            downsampling=self.downsampling,
            other_args=self.aux_request_args,
        )
        return SentinelHubRequest(
            evalscript=evalscript,
            input_data=[data],
            responses=[SentinelHubRequest.output_response(name, kind) for name, kind in outputs.items()],
            bbox=bbox,
            geometry=geometry,
            size=size,
            data_folder=self.cache_folder,
            config=self.config,
        )

    def _set_choice_of_images(
        self,
        *,
        maxcc: float | None,
        time_difference: timedelta | None,
        mosaicking_order: str | MosaickingOrder | None,
        aux_request_args: dict[str, Any] | None,
        timestamp_filter: TimestampFilter,
    ) -> None:
        if maxcc is not None and not 0 <= maxcc <= 1:
            raise SettingError(f"maxcc is a share of clouds between 0 and 1, got {maxcc}; 20 per cent are 0.2.")
        if time_difference is not None and time_difference < timedelta(0):
            raise SettingError(f"time_difference is a time of 0 or more, got {time_difference}.")
        self.maxcc = maxcc
        self.time_difference = timedelta(seconds=1) if time_difference is None else time_difference
        self.mosaicking_order = _choice("mosaicking_order", mosaicking_order, MosaickingOrder)
        self.aux_request_args = aux_request_args
        self.timestamp_filter = timestamp_filter


def _choice(name: str, value: Any, kind: type[_Choice]) -> _Choice | None:
    try:
        return None if value is None else kind(value)
    except ValueError:
        choices = ", ".join(repr(choice.value) for choice in kind)
        raise SettingError(f"{name} is one of {choices}, got {value!r}.") from None


def _in_crs(geometry: Geometry, crs: CRS) -> Geometry:
    import shapely
    from sentinelhub import Geometry

    to_crs = geometry.crs.get_transform_function(crs)
    return Geometry(shapely.transform(geometry.geometry, lambda points: np.column_stack(to_crs(*points.T))), crs)


def moved(draft: EOPatch, eopatch: EOPatch | None) -> EOPatch:
    """Put all that is in a draft into a patch, now that nothing can fail any more."""
    if eopatch is None:
        return draft
    eopatch.bbox, eopatch.timestamps = draft.bbox, draft.timestamps
    for feature in draft.get_features():
        eopatch[feature] = draft[feature]
    return eopatch
