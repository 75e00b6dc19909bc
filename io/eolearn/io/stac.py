"""Satellite images from any STAC catalogue, without an account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, MissingExtra, SettingError, SettingTypeError
from eolearn.core.utils.parsing import FeatureParser

from ._grid import PixelGrid
from ._place import checked_size, given_place, parsed_interval, place_of, set_timestamps, size_at
from ._stac.loading import GroupBy, Grouping, Layer, Order, group_items, load, time_of_group
from ._stac.providers import EARTH_SEARCH, PLANETARY_COMPUTER, STACCatalog, sign_planetary_computer
from ._stac.radiometry import Radiometry, radiometry_of
from ._stac.reading import Access
from ._stac.search import Wanted, check_query, choose_items, find_items
from ._stac.security import policy_of
from ._stac.transport import transport_of
from .estimate import Estimate

if TYPE_CHECKING:
    import pystac
    from sentinelhub import BBox

    from eolearn.core.types import Feature, FeaturesSpecification

__all__ = [
    "EARTH_SEARCH",
    "PLANETARY_COMPUTER",
    "Radiometry",
    "STACCatalog",
    "STACInputTask",
    "radiometry_of",
    "sign_planetary_computer",
]


class STACInputTask(EOTask):
    """Fills an EOPatch with images that a STAC catalogue lists.

    catalog: address of an API or a static catalogue, the path of a local one, a :class:`STACCatalog` such as
        ``EARTH_SEARCH`` or ``PLANETARY_COMPUTER``, or items themselves (``pystac.Item``).
    collections: identifiers of collections, one or several.
    feature: where the bands go, in DATA, (time, height, width, band).
    bands: keys of assets, or names or common names of bands: ``red``, ``B04``, ``nbart_red``.
    query: what items must answer, ``{"platform": {"eq": "sentinel-2b"}}``.
    max_cloud_cover: the highest share of clouds that an item may have, 0 to 1.
    size, resolution: width and height in pixels, or metres a pixel. Without both the size is that of the features that
        the patch has.
    group_by: which items are one image: those of one day by the sun ("solar_day"), of one moment ("time"), or none but
        the item itself ("id").
    mosaicking_order: where items of one image overlap, which of those that have data is seen: the "first", the "last",
        or that of the "least_cloudy" item.
    resampling: "auto" takes the mean of finer pixels and interpolates linearly between coarser ones; else a name of
        rasterio, for the bands of ``feature`` and of DATA. Each band is resampled once, from its own grid.
    use_overviews: read smaller copies in the files where the target is coarser: faster, but resampled twice.
    dtype: of the bands; float32 by default, or for digital numbers that of the files.
    no_data_value: what stands for no data: NaN by default, or for whole numbers what the item has, or 0.
    additional: more bands, as features or with a new name: ``[(FeatureType.MASK, "SCL", "CLASSES")]``. In MASK they
        are classes: numbers as they are, nearest or most frequent. In DATA they are as the bands.
    missing_bands: "error", or "no_data" for items that lack a band that others have.
    radiometry: "reflectance" applies scale and offset once, as the provider, the collection and the processing baseline
        have them (see :func:`radiometry_of`), and refuses bands of which they are not known; "digital_numbers" takes
        numbers as they are; a :class:`Radiometry` holds for all bands of ``feature``. A number of 0 of Sentinel-2 and
        Landsat is no data, and reflectances may be negative.
    sign: makes of an asset's address one that may be read, when it is read. By default that of the catalogue. It gets
        every address: don't add secrets to those of hosts that you don't know.
    headers: sent to the host of the catalogue, for APIs that want a key.
    timestamp_precision: times are rounded down to it.
    time_difference: how far from a timestamp of the patch its image may be, where the patch gives the times.
    allowed_hosts: ``host`` or ``host:port``, which may be private ones, or others than the catalogue's.
    allowed_folders: where assets may lie as local files, besides the folder of a local catalogue.
    max_items: more are refused.
    gdal_options: settings of GDAL for reading, such as ``{"AWS_REQUEST_PAYER": "requester"}``.

    Raises SettingError for settings that can't be met; on execution DataError for a place without images, a band that
    an item lacks, and addresses that must not be read, and StorageError for what can't be read, with item and band.
    Nothing is stored in the patch then. See the page "Images from STAC catalogues" for what is safe and what isn't.

    Example:
        >>> task = STACInputTask(
        ...     EARTH_SEARCH,
        ...     "sentinel-2-l2a",
        ...     (FeatureType.DATA, "BANDS"),
        ...     ["blue", "green", "red", "nir"],
        ...     resolution=10,
        ...     max_cloud_cover=0.5,
        ...     additional=[(FeatureType.MASK, "scl", "SCL")],
        ... )
        >>> patch = task.execute(bbox=bbox, time_interval=("2024-05-01", "2024-08-31"))
    """

    def __init__(
        self,
        catalog: str | Path | STACCatalog | Iterable[pystac.Item],
        collections: str | Sequence[str],
        feature: Feature | None,
        bands: Sequence[str],
        *,
        query: Mapping[str, Mapping[str, Any]] | None = None,
        max_cloud_cover: float | None = None,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        group_by: GroupBy = "solar_day",
        mosaicking_order: Order = "first",
        resampling: str = "auto",
        use_overviews: bool = False,
        dtype: DTypeLike | None = None,
        no_data_value: float | None = None,
        additional: FeaturesSpecification | None = None,
        missing_bands: Literal["error", "no_data"] = "error",
        radiometry: Literal["reflectance", "digital_numbers"] | Radiometry = "reflectance",
        sign: Callable[[str], str] | None = None,
        headers: Mapping[str, str] | None = None,
        timestamp_precision: timedelta = timedelta(seconds=1),
        time_difference: timedelta = timedelta(minutes=30),
        allowed_hosts: Iterable[str] = (),
        allowed_folders: Iterable[str | Path] = (),
        max_items: int = 1000,
        gdal_options: Mapping[str, str] | None = None,
    ):
        self.catalog, self.items = _checked_catalog(catalog)
        self.collections = (collections,) if isinstance(collections, str) else tuple(collections)
        self.feature = feature and self.parse_feature(feature, allowed_feature_types=[FeatureType.DATA])
        self.additional = _checked_additional(additional)
        self.bands = _checked_bands(bands, self.feature, self.additional)
        self.query = dict(query or {})
        check_query(self.query)
        _check_clouds(max_cloud_cover)
        self.max_cloud_cover = max_cloud_cover
        self.size, self.resolution = (None, None)
        if size is not None or resolution is not None:
            self.size, self.resolution = checked_size(size, resolution)
        _check_choice("group_by", group_by, get_args(GroupBy))
        _check_choice("mosaicking_order", mosaicking_order, get_args(Order))
        _check_choice("missing_bands", missing_bands, ("error", "no_data"))
        self.grouping = Grouping(group_by, mosaicking_order)
        _check_resampling(resampling)
        self.resampling, self.use_overviews, self.missing_bands = resampling, use_overviews, missing_bands
        self.dtype, self.radiometry = _checked_radiometry(radiometry, dtype)
        self.no_data_value = no_data_value
        self.sign = sign or (self.catalog.sign if self.catalog else None)
        self.headers, self.gdal_options = dict(headers or {}), dict(gdal_options or {})
        if timestamp_precision <= timedelta(0):
            raise SettingError(f"timestamp_precision is a time above 0, got {timestamp_precision}.")
        self.timestamp_precision, self.time_difference = timestamp_precision, time_difference
        if max_items < 1:
            raise SettingError(f"max_items is one at least, got {max_items}.")
        self.max_items = max_items
        trusted = self.catalog.trusted_hosts if self.catalog else ()
        self.policy = policy_of(allowed_hosts, allowed_folders, trusted)

    def execute(
        self, eopatch: EOPatch | None = None, *, bbox: BBox | None = None, time_interval: Any = None
    ) -> EOPatch:
        """Return the EOPatch, or a new one, with the images of a place and a time.

        bbox: the place, by default that of the patch. time_interval: first and last day or time, or one day; by default
        the timestamps of the patch, for each of which there must be an image within ``time_difference``.
        """
        own = list(eopatch.get_timestamps(_NO_TIMES)) if eopatch is not None and time_interval is None else None
        if time_interval is None and own is None:
            raise DataError("There is no time: pass time_interval=, or an EOPatch that has timestamps.")
        given, place = place_of(None if eopatch is None else eopatch.copy(), bbox)
        width, height = self._dimensions(eopatch, place)
        grid = PixelGrid(bbox=place, height=height, width=width)
        groups, times, access = self._images(grid, own, time_interval)
        if own is None:
            set_timestamps(given, times)
        arrays = load(groups, self._layers(), grid, access)
        result = EOPatch(bbox=place) if eopatch is None else eopatch
        result.bbox, result.timestamps = place, given.timestamps
        for feature, array in self._features(arrays):
            result[feature] = array
        return result

    def estimate(
        self, places: Iterable[BBox | EOPatch], time_interval: Any = None, *, dates: int | None = None
    ) -> Estimate:
        """Return what filling these places would take. A request is a file that is opened, of which parts are read.

        places: bounding boxes, or patches with or without timestamps. time_interval: as for ``execute``. dates: how
        many images each place has, of one item each; by default the catalogue is searched for each place.

        Bands whose dtype only the files know count as 16 bits.
        """
        return sum((self._estimate(place, time_interval, dates) for place in places), Estimate())

    def _estimate(self, place: BBox | EOPatch, time_interval: Any, dates: int | None) -> Estimate:
        patch, box = given_place(place)
        width, height = self._dimensions(patch, box)
        layers = self._layers()
        files = dates
        if dates is None:
            grid = PixelGrid(bbox=box, height=height, width=width)
            own = patch.get_timestamps(_NO_TIMES) if time_interval is None else None
            groups, times, _ = self._images(grid, own, time_interval)
            dates, files = len(times), sum(map(len, groups))
        pixel_bytes = sum(layer.dtype.itemsize if layer.dtype else _UNKNOWN_BYTES for layer in layers)
        size = pixel_bytes * width * height * dates
        return Estimate(patches=1, requests=len(layers) * (files or 0), memory_bytes=size, disk_bytes=size)

    def _images(
        self, grid: PixelGrid, own: list[datetime] | None, time_interval: Any
    ) -> tuple[list[list[pystac.Item]], list[datetime], Access]:
        """Return the items of each image, the times of the images, and how they are opened.

        own: the times for which there must be images, None for all of the interval.
        """
        start, end = _span(own) if own is not None else parsed_interval(time_interval)
        items, access = self._find(grid, start, end)
        groups = group_items(items, self.grouping, grid)
        times = [_rounded(time_of_group(group), self.timestamp_precision) for group in groups]
        if own is None:
            return groups, times, access
        return [groups[position] for position in _nearest(own, times, self.time_difference)], own, access

    def find_items(self, bbox: BBox, time_interval: Any) -> list[pystac.Item]:
        """Return the items that an execution would take, to see what there is before it is read."""
        return self._find(PixelGrid(bbox=bbox, height=1, width=1), *parsed_interval(time_interval))[0]

    def _find(self, grid: PixelGrid, start: datetime, end: datetime) -> tuple[list[pystac.Item], Access]:
        _check_packages()
        clouds, most = self.max_cloud_cover, self.max_items
        wanted = Wanted(self.collections, grid.bounds_wgs84, start, end, self.query, clouds, most)
        policy = self.policy
        if self.catalog is None:
            items = choose_items(self.items, wanted)
        else:
            transport, policy = transport_of(self.catalog.url, policy, self.headers)
            items = find_items(transport, self.catalog.url, wanted)
        if not items:
            raise DataError(f"There are no items {wanted}.")
        return items, Access(policy, self.sign, self.gdal_options, self.use_overviews)

    def _dimensions(self, eopatch: EOPatch | None, place: BBox) -> tuple[int, int]:
        if self.size is not None:
            return self.size
        if self.resolution is None:
            return _size_of_features(eopatch)
        return size_at(place, self.resolution)

    def _layers(self) -> list[Layer]:
        may_be_missing = self.missing_bands == "no_data"
        settings = (self.radiometry, self.resampling, self.dtype, self.no_data_value, may_be_missing)
        layers = [Layer(band, False, *settings) for band in self.bands]
        kind: Any = "digital_numbers" if self.radiometry == "digital_numbers" else "reflectance"
        for feature_type, name, _ in self.additional:
            if feature_type is FeatureType.MASK:
                layers.append(Layer(name, True, "digital_numbers", "auto", None, None, may_be_missing))
            else:
                layers.append(Layer(name, False, kind, *settings[1:]))
        return layers

    def _features(self, arrays: list[NDArray[Any]]) -> Iterable[tuple[Feature, NDArray[Any]]]:
        if self.feature:
            count = len(self.bands)
            yield self.feature, np.stack(arrays[:count], axis=-1)
            arrays = arrays[count:]
        for (feature_type, _, name), array in zip(self.additional, arrays, strict=True):
            yield (feature_type, name), array[..., np.newaxis]


def _check_packages() -> None:
    try:
        import odc.loader  # noqa: F401
        import pystac_client  # noqa: F401
    except ImportError as error:
        raise MissingExtra("STAC catalogues need more packages: pip install 'eo-learn-io[stac]'") from error


_UNKNOWN_BYTES = 2
_NO_TIMES = "The EOPatch contains no timestamps. Pass time_interval=, and it gets those of the images."


def _checked_catalog(catalog: Any) -> tuple[STACCatalog | None, list[Any]]:
    if isinstance(catalog, STACCatalog):
        return catalog, []
    if isinstance(catalog, str | Path):
        return STACCatalog(str(catalog)), []
    items = list(catalog) if isinstance(catalog, Iterable) else None
    if not items or not all(hasattr(item, "assets") for item in items):
        raise SettingTypeError(
            f"catalog is the address of a catalogue, a STACCatalog, or some items, got {type(catalog).__name__}."
        )
    return None, items


def _checked_additional(features: FeaturesSpecification | None) -> list[tuple[FeatureType, str, str]]:
    if features is None:
        return []
    return FeatureParser(features, [FeatureType.DATA, FeatureType.MASK]).get_renamed_features()


def _checked_bands(bands: Sequence[str], feature: Feature | None, additional: Sequence[Any]) -> list[str]:
    if isinstance(bands, str) or not all(isinstance(band, str) for band in bands):
        raise SettingError(f"bands is a list of names, got {bands!r}.")
    if bool(bands) != bool(feature):
        raise SettingError(f"A feature has bands, and bands have a feature, got {feature=} and {bands=}.")
    if not bands and not additional:
        raise SettingError("There is nothing to load: pass a feature with bands, or additional=.")
    return list(bands)


def _check_clouds(share: float | None) -> None:
    if share is not None and not 0 <= share <= 1:
        raise SettingError(f"max_cloud_cover is a share between 0 and 1, got {share}; 20 per cent are 0.2.")


def _check_choice(name: str, value: Any, choices: Sequence[str]) -> None:
    if value not in choices:
        raise SettingError(f"{name} is one of {', '.join(choices)}, got {value!r}.")


def _check_resampling(name: str) -> None:
    from rasterio.enums import Resampling

    if name != "auto" and name not in Resampling.__members__:
        raise SettingError(f"resampling is 'auto' or one of {', '.join(Resampling.__members__)}, got {name!r}.")


def _checked_radiometry(radiometry: Any, dtype: DTypeLike | None) -> tuple[np.dtype[Any] | None, Any]:
    if not isinstance(radiometry, Radiometry):
        _check_choice("radiometry", radiometry, ("reflectance", "digital_numbers"))
    is_physical = radiometry != "digital_numbers"
    checked = np.dtype(np.float32 if dtype is None else dtype) if is_physical or dtype is not None else None
    if checked is not None and checked.kind not in ("f" if is_physical else "fiu"):
        raise SettingError(f"dtype {checked} can't hold {'reflectances' if is_physical else 'digital numbers'}.")
    return checked, radiometry


def _size_of_features(eopatch: EOPatch | None) -> tuple[int, int]:
    images = [] if eopatch is None else [feature for feature in eopatch.get_features() if feature[0].is_image()]
    sizes = {eopatch.get_spatial_dimension(*feature) for feature in images} if eopatch is not None else set()
    if len(sizes) != 1:
        found = (
            f"the features of the EOPatch have the sizes {sorted(sizes)} (height, width)"
            if sizes
            else "no feature has one"
        )
        raise DataError(f"The size of the images is not known: {found}. Give the task a size= or a resolution=.")
    height, width = sizes.pop()
    return width, height


def _span(times: Sequence[datetime]) -> tuple[datetime, datetime]:
    if not times:
        raise DataError(_NO_TIMES)
    return min(times) - timedelta(days=1), max(times) + timedelta(days=1)


def _nearest(wanted: Sequence[datetime], times: Sequence[datetime], most: timedelta) -> list[int]:
    """Return the position of the image nearest to each wanted time."""
    positions = []
    for time in wanted:
        distances = [abs(image - time) for image in times]
        position = int(np.argmin(distances))  # type: ignore[arg-type]
        if distances[position] > most:
            raise DataError(
                f"There is no image at {time}, a timestamp of the EOPatch: the nearest is of {times[position]}. Pass "
                "time_interval=, and the patch gets the timestamps of the images."
            )
        positions.append(position)
    return positions


def _rounded(time: datetime, precision: timedelta) -> datetime:
    return time - (time - datetime.min) % precision
