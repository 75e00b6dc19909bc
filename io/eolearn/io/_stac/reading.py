"""The reader that odc-loader calls for each band of each item: checked addresses, right numbers, no silent holes."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eolearn.core.exceptions import DataError, EOLearnError, StorageError

from .radiometry import Radiometry
from .security import AddressPolicy, gdal_path, shown
from .transport import new_session

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox
    from requests import Session

_GDAL_OPTIONS = {
    "CPL_VSIL_CURL_AUTHORIZATION_HEADER_ALLOWED_IF_REDIRECT": "NO",
    "CPL_VSIL_CURL_USE_HEAD": "NO",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_HTTP_CONNECTTIMEOUT": "20",
    "GDAL_HTTP_MAX_RETRY": "5",
    "GDAL_HTTP_RETRY_DELAY": "0.5",
    "GDAL_HTTP_TIMEOUT": "120",
    "GDAL_INGESTED_BYTES_AT_OPEN": "32768",
}
"""Files beside the asset (.aux.xml, .ovr) are not looked for, and errors that pass are tried again."""
_NEAR_SAME = 1.05
"""Pixels whose sizes differ by less are of one size."""


@dataclass(frozen=True)
class Source:
    """One band of one item."""

    item: str
    band: str
    """As the user calls it."""
    href: str
    """As in the catalogue; it is signed when it is read."""
    index: int
    radiometry: Radiometry
    is_classes: bool
    """Whether the numbers are classes or flags, of which no mean can be taken."""
    data_type: str | None = None
    """As the item says it."""

    def __str__(self) -> str:
        return f"Band {self.band!r} of item {self.item!r}"


@dataclass(frozen=True)
class Access:
    """How sources are opened."""

    policy: AddressPolicy
    sign: Callable[[str], str] | None = None
    gdal_options: Mapping[str, str] = field(default_factory=dict, repr=False)
    use_overviews: bool = False
    timeout_s: float = 30.0
    _local: threading.local = field(default_factory=threading.local, repr=False, compare=False)

    def path(self, href: str) -> str:
        """Return the name under which GDAL opens an asset, when it may be read."""
        self.policy.check(href)
        url = self.sign(href) if self.sign is not None else href
        if url != href:
            self.policy.check(url)
        if url.startswith("http"):
            url = self.policy.final(url, self._session(), self.timeout_s)
        return gdal_path(url)

    def _session(self) -> Session:
        if not hasattr(self._local, "session"):
            self._local.session = new_session()
        return self._local.session  # type: ignore[no-any-return]


class Reader:
    """Reads one source onto a grid: odc-loader's protocol of a reader. Several threads use readers of their own."""

    def __init__(self, source: Source, access: Access):
        self.source, self.access = source, access

    def read(self, cfg: Any, dst_geobox: GeoBox, *, dst: Any = None, selection: Any = None) -> Any:  # noqa: ARG002 - odc-loader's
        """Return where in the grid the source has pixels, and these, as values with the fill value of ``cfg``.

        Raises StorageError for what can't be read, and DataError for what must not be or doesn't fit.
        """
        with _told_of(self.source):
            return self._read(cfg, dst_geobox)

    def dtype(self) -> np.dtype[Any]:
        """Return the dtype of the file, with the same errors."""
        with _told_of(self.source), self._open(None) as dataset:
            dtype: np.dtype[Any] = np.dtype(dataset.dtypes[self._index(dataset) - 1])
            return dtype

    def _open(self, overview: int | None, path: str | None = None) -> Any:
        import rasterio

        options = {} if overview is None else {"overview_level": overview}
        path = path or self.access.path(self.source.href)
        # no other drivers: some (VRT, WMS) take files and hosts from what they read
        driver = "JP2OpenJPEG" if path.partition("?")[0].lower().endswith((".jp2", ".j2k")) else "GTiff"
        return rasterio.open(path, driver=driver, sharing=False, **options)

    def _read(self, cfg: Any, geobox: GeoBox) -> tuple[Any, NDArray[Any]]:
        from odc.geo.converters import rio_geobox
        from odc.geo.overlap import compute_reproject_roi

        path = self.access.path(self.source.href)
        with self._open(None, path) as dataset:
            if dataset.crs is None:
                raise DataError(f"{shown(self.source.href)} has no CRS.")
            index = self._index(dataset)
            # half a pixel is no matter where the nearest is taken
            is_nearest = cfg.nearest or (cfg.resampling == "auto" and self.source.is_classes)
            overlap = compute_reproject_roi(rio_geobox(dataset), geobox, ttol=0.9 if is_nearest else 0.05)
            level = self._overview(dataset, index, overlap.read_shrink)
            if level is None:
                return self._pixels(dataset, index, cfg, geobox, overlap)
            with self._open(level, path) as smaller:
                overlap = compute_reproject_roi(rio_geobox(smaller), geobox, ttol=0.9 if is_nearest else 0.05)
                return self._pixels(smaller, index, cfg, geobox, overlap)

    def _index(self, dataset: Any) -> int:
        if self.source.index > dataset.count:
            raise DataError(f"the file has {dataset.count} bands, not {self.source.index}.")
        return self.source.index

    def _overview(self, dataset: Any, index: int, shrink: int) -> int | None:
        levels = dataset.overviews(index) if self.access.use_overviews and shrink > 1 else []
        fitting = [number for number, level in enumerate(levels) if level <= shrink]
        return fitting[-1] if fitting else None

    def _pixels(self, dataset: Any, index: int, cfg: Any, geobox: GeoBox, overlap: Any) -> tuple[Any, NDArray[Any]]:
        from odc.geo.roi import roi_is_empty, roi_shape

        where = overlap.roi_dst
        dtype = np.dtype(cfg.dtype)
        native = np.dtype(dataset.dtypes[index - 1])
        if dtype.kind != "f" and not np.can_cast(native, dtype):
            raise DataError(f"its numbers are {native}, which {dtype} can't hold. Pass another dtype=.")
        fill = cfg.fill_value if cfg.fill_value is not None else (math.nan if dtype.kind == "f" else 0)
        if roi_is_empty(where) or roi_is_empty(overlap.roi_src):
            return where, np.full(roi_shape(where), fill, dtype)
        no_data = self.source.radiometry.no_data
        no_data = representable(dataset.nodatavals[index - 1] if no_data is None else no_data, native)
        if overlap.paste_ok and overlap.read_shrink == 1:
            window = tuple((part.start, part.stop) for part in overlap.roi_src)
            numbers = dataset.read(index, window=window)
            valid = _valid(numbers, no_data)
            numbers = numbers.astype(dtype, copy=False)
        else:
            # no data must be a number of its own in the target: NaN, or for whole numbers the source's
            target = math.nan if dtype.kind == "f" else fill if no_data is None else no_data
            numbers = np.full(roi_shape(where), target, dtype)
            self._warp(dataset, index, numbers, (no_data, target), cfg.resampling, geobox[where], overlap)
            valid = _valid(numbers, target)
        return where, _values(numbers, valid, self.source.radiometry, fill)

    def _warp(
        self,
        dataset: Any,
        index: int,
        numbers: NDArray[Any],
        no_data: tuple[float | None, float],
        resampling: str,
        geobox: GeoBox,
        overlap: Any,
    ) -> None:
        """Resample the source into an array, from its own number of no data to that of the array."""
        import rasterio
        from rasterio.enums import Resampling
        from rasterio.warp import reproject

        reproject(
            rasterio.band(dataset, index),
            numbers,
            src_nodata=no_data[0],
            dst_nodata=no_data[1],
            dst_transform=geobox.transform,
            dst_crs=str(geobox.crs),
            resampling=Resampling[_fitting(overlap, self.source.is_classes) if resampling == "auto" else resampling],
        )


@contextmanager
def _told_of(source: Source) -> Iterator[None]:
    """Let errors say which band of which item they are about, and no address that is signed."""
    try:
        yield
    except EOLearnError as error:
        raise type(error)(f"{source}: {error}") from None
    except Exception as error:  # noqa: BLE001 - GDAL, requests and signers have many; all of them name addresses
        reason = shown(str(error)) or type(error).__name__
        raise StorageError(f"{source} can't be read from {shown(source.href)}: {reason}") from None


def _fitting(overlap: Any, is_classes: bool) -> str:
    """Return the resampling that fits: a mean or the most frequent class of fine pixels, else what lies near."""
    shrink = max(overlap.scale2.xy)
    if is_classes:
        return "mode" if shrink > _NEAR_SAME else "nearest"
    return "average" if shrink > _NEAR_SAME else "bilinear"


def representable(no_data: float | None, dtype: np.dtype[Any]) -> float | None:
    """Return a number of no data, None if no pixel of this dtype can have it."""
    if no_data is None or dtype.kind == "f":
        return no_data
    if not math.isfinite(no_data):
        return None
    limits = np.iinfo(dtype)
    return no_data if limits.min <= no_data <= limits.max else None


def _valid(numbers: NDArray[Any], no_data: float | None) -> NDArray[np.bool_] | None:
    """Return which numbers are data, None for all."""
    if no_data is None and numbers.dtype.kind != "f":
        return None
    if numbers.dtype.kind != "f":
        valid: NDArray[np.bool_] = numbers != no_data
        return valid
    valid = ~np.isnan(numbers)
    if no_data is not None and not math.isnan(no_data):
        valid &= numbers != no_data
    return valid


def _values(
    numbers: NDArray[Any], valid: NDArray[np.bool_] | None, radiometry: Radiometry, fill: float
) -> NDArray[Any]:
    """Return ``numbers * scale + offset``, and the fill value where they are not data. ``numbers`` is written to."""
    if radiometry.scale != 1 or radiometry.offset != 0:
        numbers *= numbers.dtype.type(radiometry.scale)
        numbers += numbers.dtype.type(radiometry.offset)
    if valid is not None:
        numbers[~valid] = fill
    return numbers


class Driver:
    """What the loader asks for readers: odc-loader's protocol of a driver. It never sees an address."""

    md_parser = None
    dask_reader = None
    aux_reader = None

    def __init__(self, access: Access):
        from odc.loader import RioDriver

        self.access = access
        self._rasterio = RioDriver()

    def new_load(self, geobox: GeoBox, *, chunks: Any = None) -> Any:
        """Begin a load."""
        return self._rasterio.new_load(geobox, chunks=chunks)

    def finalise_load(self, load_state: Any) -> Any:
        """End a load."""
        return self._rasterio.finalise_load(load_state)

    def capture_env(self) -> dict[str, Any]:
        """Return the settings of GDAL for the threads that read; those of the user go before ours."""
        return {**_GDAL_OPTIONS, **self._rasterio.capture_env(), **self.access.gdal_options}

    def restore_env(self, env: dict[str, Any], load_state: Any) -> Any:
        """Set them in the thread that reads."""
        return self._rasterio.restore_env(env, load_state)

    def dtype_of(self, source: Source) -> np.dtype[Any]:
        """Return the dtype of a source's file."""
        from affine import Affine
        from odc.geo.geobox import GeoBox

        pixel = GeoBox((1, 1), Affine(1, 0, 0, 0, -1, 0), None)
        with self.restore_env(self.capture_env(), self.new_load(pixel)):
            return Reader(source, self.access).dtype()

    def open(self, source: Any, context: Any) -> Reader:  # noqa: ARG002 - odc-loader's
        """Return the reader of a source."""
        return Reader(source.driver_data, self.access)
