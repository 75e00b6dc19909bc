"""Folders of raster files, with dates and bands in their names, into EOPatches."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray
from rasterio.errors import NotGeoreferencedWarning
from sentinelhub import BBox, bbox_to_dimensions, parse_time_interval

from eolearn.core import EOPatch, FeatureType
from eolearn.core.core_tasks import IOTask
from eolearn.core.exceptions import DataError, FeatureError, PathNotFound, SettingError
from eolearn.core.utils.fs import local_path
from eolearn.core.utils.threads import limit_threads_here, thread_limit

from ._file_patterns import NamedFile, file_pattern
from ._geotiff_reading import shown_path
from ._grid import PixelGrid
from ._kernels.channels import fits
from ._raster_settings import checked_dtype, checked_resolution, nearest, resampling_of
from ._warping import Channel, FileFacts, file_facts, first_valid, warped

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

_CLASSES = re.compile(r"(^|[_\-])(B?QA|SCL|FMASK|CLM|CLASS(ES)?|LULC|\w*MASK)($|[_\-])", re.IGNORECASE)
_REMOTE_THREADS = 8


@dataclass(frozen=True, kw_only=True)
class _Slot:
    """One image of the result: a band of a date."""

    date: int
    band: int
    paths: Sequence[str]


class ImportFromFilesTask(IOTask):
    """Reads a folder of raster files, with dates and bands in their names, onto the grid of a patch.

    The files may have any places, sizes of pixels and coordinate systems. Each is resampled once, straight onto the
    grid. Of the files of one band and day, each pixel has the value of the first file, in the order of their paths,
    that has one there. Days without any file at this place are left out. GeoTIFF and JPEG 2000 are read.

    feature: an array feature with rows and columns; without time if the pattern has no date, and then all files of a
        band are merged.
    path: a folder; a path, or a URL that fsspec knows.
    pattern: what names look like, relative to the folder, such as ``"{scene}/LC08_*_{date:%Y%m%d}_{band}.TIF"``:
        ``{date:...}`` with a format of ``strptime``, ``{band}``, any other name in braces for text that doesn't matter,
        ``*`` and ``?`` within a name, ``**`` for any folders. Or a regular expression (``re.compile``) that matches the
        whole path, with groups named ``date`` (ISO 8601) and ``band``. Without a band in it, files have several
        channels, and bands are the descriptions of these, or else their numbers from ``"1"``.
    bands: the names of the bands, in the order of the feature; by default all that there are, sorted as people do.
    size: (width, height) of the image, in pixels.
    resolution: size of a pixel in metres, or its width and height, in place of size. Without both, the grid is that of
        the features that the patch has already.
    resampling: a resampling of rasterio, for all bands or by the name of the band. By default ``"bilinear"``; and
        ``"nearest"`` for masks and other discrete types, and for bands whose names say that they hold classes or flags,
        such as ``BQA``, ``QA_PIXEL``, ``SCL`` or ``CLOUD_MASK``.
    file_no_data: what stands for no data in the files, for all bands or by the name of the band; by default what the
        file says, and NaN among floats.
    no_data_value: what stands for no data in the feature; by default NaN for floats, otherwise what does in the files,
        or 0.
    dtype: of the feature; by default that of the files, which must then have the same.
    group_by: ``"day"`` merges what is of one day (UTC), ``"time"`` only what is of the same time.
    fail_on_missing: whether a date at this place without a file of each band is an error. Otherwise it has no data.
    max_threads: how many files are read at the same time; by default as many as there are processors for local files,
        and at least 8 for others.
    filesystem, config: see :class:`eolearn.core.core_tasks.IOTask`.

    Example:
        >>> pattern = "{scene}/LC08_*_{date:%Y%m%d}_{band}.TIF"
        >>> task = ImportFromFilesTask(BANDS, "landsat", pattern, bands=["B4", "B5"], resolution=30, file_no_data=0)
        >>> task(bbox=place, time_interval=("2018-04-01", "2018-09-30"))
    """

    def __init__(
        self,
        feature: Feature,
        path: str | Path,
        pattern: str | re.Pattern[str],
        *,
        bands: Sequence[str] | None = None,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        resampling: str | Mapping[str, str] | None = None,
        file_no_data: float | Mapping[str, float] | None = None,
        no_data_value: float | None = None,
        dtype: DTypeLike | None = None,
        group_by: Literal["day", "time"] = "day",
        fail_on_missing: bool = True,
        max_threads: int | None = None,
        filesystem: AbstractFileSystem | None = None,
        config: SHConfig | None = None,
    ):
        super().__init__(path, filesystem=filesystem, config=config)
        self.feature = self.parse_feature(feature, allowed_feature_types=FeatureType.is_image)
        self.pattern = file_pattern(pattern)
        if self.pattern.has_dates != self.feature[0].is_temporal():
            answer = "has none: write {date:%Y%m%d} where it stands" if self.feature[0].is_temporal() else "has one"
            raise FeatureError(
                f"A pattern for {self.feature} tells a date or none as the feature does; this one {answer}."
            )
        if size is not None and resolution is not None:
            raise SettingError(f"Only one of size and resolution can be set, got {size} and {resolution}.")
        if size is not None and (len(size) != 2 or min(size) < 1):
            raise SettingError(f"size is (width, height) in pixels, got {size!r}.")
        if group_by not in ("day", "time"):
            raise SettingError(f"group_by can be 'day' or 'time', got {group_by!r}.")
        if bands is not None and (isinstance(bands, str) or len(set(bands)) < len(bands) or not bands):
            raise SettingError(f"bands must be different names in a list, got {bands!r}.")
        for name in resampling.values() if isinstance(resampling, Mapping) else [resampling]:
            if name is not None:
                resampling_of(name)
        self.bands = None if bands is None else list(bands)
        self.size = size
        self.resolution = checked_resolution(resolution)
        self.resampling = resampling
        self.file_no_data = file_no_data
        self.no_data_value = no_data_value
        self.dtype = checked_dtype(dtype)
        self.group_by = group_by
        self.fail_on_missing = fail_on_missing
        self.max_threads = max_threads

    def execute(
        self,
        eopatch: EOPatch | None = None,
        *,
        bbox: BBox | None = None,
        time_interval: str | date | Sequence[str | date | None] | None = None,
    ) -> EOPatch:
        """Read the files into a patch, or a new one, which gets the dates, and return it.

        bbox: the place, if there is no patch that has one.
        time_interval: the first and the last day, or time, None for an end that is open; or one day.

        Raises PathNotFound (a FileNotFoundError) where no file has such a name or there is no folder, SettingError (a
        ValueError) for bands that there aren't, BrokenFile (an OSError and a ValueError), DataError (a ValueError) for
        files that lie elsewhere, have no coordinate system, or hold what the feature can't, and for a patch of other
        dates. Then the patch is left as it was.
        """
        grid = self._grid(eopatch, bbox)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            files = self._files(time_interval)
            bands = self._chosen_bands(files)
            files = [file for file in files if file.band in (None, *bands)]
            facts = self._facts(files[0])
            dates, slots = self._slots(files, bands)
            images, are_here = self._read(slots, bands, grid, facts)
        self._check_complete(slots, are_here, dates, bands)
        if self.feature[0].is_temporal():
            return self._stored(eopatch, grid, images[are_here], [dates[index] for index in np.flatnonzero(are_here)])
        return self._stored(eopatch, grid, images[0], None)

    def _grid(self, eopatch: EOPatch | None, bbox: BBox | None) -> PixelGrid:
        own = None if eopatch is None else eopatch.bbox
        if own is not None and bbox is not None and own != bbox:
            raise DataError(f"The EOPatch has the bbox {own!r}, another one than was given: {bbox!r}.")
        place = own or bbox
        if place is None:
            raise DataError("There is no place to read: give bbox=..., or a patch that has one.")
        if self.size is not None:
            width, height = self.size
        elif self.resolution is not None:
            width, height = bbox_to_dimensions(place, self.resolution)
        else:
            height, width = _size_of(eopatch)
        return PixelGrid(bbox=place, height=max(height, 1), width=max(width, 1))

    def _facts(self, file: NamedFile) -> FileFacts:
        return file_facts(self.filesystem, self._folder_of(file.path))

    def _files(self, time_interval: str | date | Sequence[str | date | None] | None) -> list[NamedFile]:
        """Return the files whose names match, in the order of their paths."""
        folder = self._folder_of(self.pattern.folder)
        paths = sorted(self.filesystem.find(folder, maxdepth=self.pattern.depth))
        root = self._folder_of("").strip("/")
        relative = [path.lstrip("/").removeprefix(root).lstrip("/") for path in paths]
        files = [file for path in relative if (file := self.pattern.parse(path)) is not None]
        if not files:
            shown = shown_path(self.filesystem, folder)
            some = f"such as {relative[:3]}" if relative else "but there is no file at all"
            raise PathNotFound(f"No file in {shown} matches {self.pattern.expression.pattern!r}, {some}.")
        if time_interval is None or not self.pattern.has_dates:
            return files
        interval = time_interval if isinstance(time_interval, str | date) else tuple(time_interval)
        start, end = parse_time_interval(interval, allow_undefined=True, ignoretz=True)  # type: ignore[arg-type]
        first, last = start or datetime.min, end or datetime.max
        chosen = [file for file in files if file.date is not None and first <= file.date <= last]
        if not chosen:
            known = sorted(file.date for file in files if file.date is not None)
            raise DataError(f"No file is of {first} to {last}: the dates go from {known[0]} to {known[-1]}.")
        return chosen

    def _chosen_bands(self, files: list[NamedFile]) -> list[str]:
        in_names = {file.band for file in files if file.band is not None}
        known = sorted(in_names, key=_natural) if self.pattern.has_bands else list(self._facts(files[0]).channels)
        for band in self.bands or []:
            if band not in known:
                raise SettingError(f"There is no band {band!r}.{nearest(band, known)}")
        return self.bands or known

    def _slots(self, files: list[NamedFile], bands: list[str]) -> tuple[list[datetime], list[_Slot]]:
        """Return the dates, and which files make the image of each date and band."""
        dated = [(file.date or datetime.min, file) for file in files]
        dated.sort(key=lambda pair: pair[0])  # keeps the order of paths within a time
        dates: list[datetime] = []
        slots: list[_Slot] = []
        for _, group in groupby(dated, key=lambda pair: pair[0].date() if self.group_by == "day" else pair[0]):
            members = list(group)
            for index, band in enumerate(bands):
                paths = sorted(file.path for _, file in members if file.band in (band, None))
                slots.append(_Slot(date=len(dates), band=index, paths=paths))
            dates.append(members[0][0])
        return dates, slots

    def _read(
        self, slots: list[_Slot], bands: list[str], grid: PixelGrid, facts: FileFacts
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return the images of all dates, and which dates have a file at this place."""
        dtype = np.dtype(facts.dtype if self.dtype is None else self.dtype)
        if self.feature[0].is_discrete() and dtype.kind not in "iub":
            raise DataError(f"{self.feature} must be integer or bool, but the files hold {dtype}: set dtype.")
        no_data = self._no_data_value(dtype, bands, facts)
        images = np.empty((slots[-1].date + 1, grid.height, grid.width, len(bands)), dtype=dtype)
        are_here = np.zeros(len(images), dtype=bool)

        def fill(slot: _Slot) -> None:
            values = self._image(slot, bands[slot.band], grid, dtype)
            if values is not None:
                are_here[slot.date] = True
            images[slot.date, ..., slot.band] = no_data if values is None else _as_dtype(values, dtype, no_data)

        _each(fill, slots, self._threads())
        if not are_here.any():
            raise DataError(f"None of the files lies at {grid.bbox!r}.")
        return images, are_here

    def _image(self, slot: _Slot, band: str, grid: PixelGrid, dtype: np.dtype[Any]) -> NDArray[np.float64] | None:
        """Return one image with NaN for no data, None if no file lies there."""
        channel = Channel(
            name=None if self.pattern.has_bands else band,
            resampling=resampling_of(self._resampling_name(band)),
            file_no_data=_of_band(self.file_no_data, band),
        )
        found = []
        for path in slot.paths:
            part = warped(self.filesystem, self._folder_of(path), channel, grid)
            if part is None:
                continue
            values, file_dtype = part
            if self.dtype is None and file_dtype != dtype:
                raise DataError(
                    f"{path} holds {file_dtype}, but other files {dtype}: set dtype to what shall hold both."
                )
            if dtype.kind in "iu" and not np.can_cast(file_dtype, dtype) and not fits(values[~np.isnan(values)], dtype):
                raise DataError(f"{path} has values beyond the range of {dtype}: set another dtype.")
            found.append(values)
        return first_valid(found) if found else None

    def _resampling_name(self, band: str) -> str:
        by_default = "nearest" if self.feature[0].is_discrete() or _CLASSES.search(band) else "bilinear"
        if isinstance(self.resampling, Mapping):
            return self.resampling.get(band, by_default)
        return self.resampling or by_default

    def _no_data_value(self, dtype: np.dtype[Any], bands: list[str], facts: FileFacts) -> float:
        """Return what stands for no data in the feature."""
        value = self.no_data_value
        if dtype.kind == "b":
            return bool(value)
        if value is None and dtype.kind == "f":
            return np.nan
        if value is None:
            in_files = {_of_band(self.file_no_data, band) for band in bands}
            value = in_files.pop() if len(in_files) == 1 else None
            value = facts.no_data if value is None else value
            return 0 if value is None or not fits(np.asarray(value), dtype) else value
        if not fits(np.asarray(value), dtype):
            raise DataError(f"{self.feature} of {dtype} can't hold no_data_value={value}: set another one, or dtype.")
        return value

    def _threads(self) -> int:
        if self.max_threads is not None:
            return self.max_threads
        is_local = local_path(self.filesystem, self._folder_of("")) is not None
        return thread_limit() if is_local else max(_REMOTE_THREADS, thread_limit())

    def _check_complete(
        self, slots: list[_Slot], are_here: NDArray[np.bool_], dates: list[datetime], bands: list[str]
    ) -> None:
        missing = [
            f"{bands[slot.band]} of {dates[slot.date]}" for slot in slots if are_here[slot.date] and not slot.paths
        ]
        if missing and self.fail_on_missing:
            raise DataError(
                f"There is no file of {', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}. With "
                "fail_on_missing=False they have no data."
            )

    def _stored(
        self, eopatch: EOPatch | None, grid: PixelGrid, images: NDArray[Any], dates: list[datetime] | None
    ) -> EOPatch:
        if eopatch is None:
            eopatch = EOPatch(bbox=grid.bbox, timestamps=dates)
        if dates is not None and eopatch.timestamps and eopatch.timestamps != dates:
            raise DataError(
                f"The EOPatch has {len(eopatch.timestamps)} dates, the files at this place {len(dates)} others: "
                f"{eopatch.timestamps} and {dates}. Choose some by time_interval, or read into another patch."
            )
        if eopatch.bbox is None:
            eopatch.bbox = grid.bbox
        if dates is not None and not eopatch.timestamps:
            eopatch.timestamps = dates
        eopatch[self.feature] = images
        return eopatch


def _size_of(eopatch: EOPatch | None) -> tuple[int, int]:
    """Return height and width of the images that a patch has."""
    features = [] if eopatch is None else [feature for feature in eopatch.get_features() if feature[0].is_image()]
    sizes = {feature: eopatch[feature].shape[-3:-1] for feature in features}  # type: ignore[index]
    if not sizes:
        raise SettingError("The size of the image is not known: set size or resolution, or give a patch with images.")
    if len(set(sizes.values())) > 1:
        raise DataError(f"The images of the EOPatch have different sizes, so set size or resolution: {sizes}.")
    height, width = next(iter(sizes.values()))
    return height, width


def _natural(name: str) -> list[tuple[int, str]]:
    """Return a key by which B2 comes before B10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _of_band(setting: float | Mapping[str, float] | None, band: str) -> float | None:
    return setting.get(band) if isinstance(setting, Mapping) else setting


def _as_dtype(values: NDArray[np.float64], dtype: np.dtype[Any], no_data: float) -> NDArray[Any]:
    """Return values with a number in place of NaN; for integers, halves go up, as in GDAL."""
    missing = np.isnan(values)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = np.clip(np.floor(values + 0.5), limits.min, limits.max)
    return np.where(missing, no_data, values).astype(dtype)


def _each(function: Callable[[_Slot], None], slots: list[_Slot], threads: int) -> None:
    """Call a function for each slot in some threads; after an error no more are begun."""
    with ThreadPoolExecutor(threads, initializer=limit_threads_here, initargs=(1,)) as pool:
        futures = [pool.submit(function, slot) for slot in slots]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
