"""Satellite images without a network: a simulated landscape, seen as Sentinel-2 would see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.naming import did_you_mean
from eolearn.core.utils.parsing import FeatureParser

from ._place import checked_size, given_place, parsed_interval, place_of, set_timestamps, size_at
from .estimate import Estimate

if TYPE_CHECKING:
    from sentinelhub import BBox, DataCollection, Geometry

    from eolearn.core.types import Feature, FeaturesSpecification

    from ._scene.view import SceneView
    from ._scene.weather import Weather

_DN_SCALE = 10_000.0
_HIGHEST_SUN_ZENITH_DEG = 82.0  # Sentinel-2 does not record darker places
_LONGEST_WAIT = timedelta(days=30)


class SimulatedInputTask(EOTask):
    """Fills an EOPatch with images of a simulated landscape, in place of those of Sentinel-2.

    It takes the place of ``SentinelHubInputTask`` where there is no network or no account, and where the truth must be
    known: in tests, lessons and benchmarks. The landscape has hills, forest, meadows, fields with crops that change
    from year to year, villages, bare land and reservoirs. Sentinel-2's orbits say when it is seen, and the images show
    seasons, light on slopes, haze, clouds, cirrus, shadows, snow, edges of the swath, and noise. It is the same on each
    machine, and a function of place, time and seed: patches that overlap agree to the pixel, in whatever order they are
    made. Each UTM zone has a landscape of its own, and each band of 8 degrees of latitude its own weather.

    data_collection: ``DataCollection.SENTINEL2_L1C``, which is simulated also if it is left out.
    size, resolution: exactly one of width and height in pixels, and metres a pixel, a number or one for x and y.
    bands_feature: where the bands go, in DATA, (time, height, width, band): reflectances at the top of the atmosphere
        as float32, 0 where there are no data.
    bands: their names, by default all 13 of L1C.
    additional_data: layers of the service, as features or with a new name: dataMask (bool), CLP, CLM (uint8),
        sunZenithAngles, sunAzimuthAngles, viewZenithMean, viewAzimuthMean (degrees, float32), each with one band.
    maxcc: the highest cloud cover of the whole scene, 0 to 1, that a date may have.
    time_difference: of images less than this apart only the first is taken, by default a second.
    bands_dtype: float32 or float64 for reflectances, uint16 for digital numbers, their ten thousandfold.
    timestamp_filter: as for ``SentinelHubInputTask``: takes times and the time difference, returns those to keep.
    seed: another number, another world.
    truth: what is true of the scene, as features or with a new name: LAND_COVER (MASK_TIMELESS, uint8: 1 cultivated,
        2 forest, 3 grassland, 5 water, 8 artificial, 9 bare), DEM (DATA_TIMELESS, metres), PARCELS and RESERVOIRS
        (VECTOR_TIMELESS), CLOUDS (with cirrus), SHADOWS, SNOW and WATER (MASK, bool), WATER_LEVEL (SCALAR, metres above
        the sea, of the patch's largest reservoir, NaN without one) and SHIFTS (SCALAR, metres to the east and the
        north).
    misregistration_m: deviation of the shift of each image in each direction; its bands and its masks move with it.

    Pixels have Sentinel-2's sizes of 10, 20 and 60 m, and each pixel of the patch shows the nearest.

    Raises SettingError (a ValueError) for settings that can't be met; on execution DataError (a ValueError) for a
    bounding box without area, beyond UTM, or across zones.

    Example:
        >>> task = SimulatedInputTask(
        ...     bands_feature=(FeatureType.DATA, "BANDS"),
        ...     resolution=10,
        ...     additional_data=[(FeatureType.MASK, "dataMask", "IS_DATA")],
        ...     truth=[(FeatureType.MASK_TIMELESS, "LAND_COVER")],
        ... )
        >>> box = BBox((460000, 5080000, 462560, 5082560), CRS.UTM_33N)
        >>> patch = task.execute(bbox=box, time_interval=("2018-05-01", "2018-06-30"))
    """

    def __init__(
        self,
        data_collection: DataCollection | None = None,
        size: tuple[int, int] | None = None,
        resolution: float | tuple[float, float] | None = None,
        bands_feature: Feature | None = None,
        bands: list[str] | None = None,
        additional_data: FeaturesSpecification | None = None,
        maxcc: float | None = None,
        time_difference: timedelta | None = None,
        bands_dtype: DTypeLike | None = None,
        timestamp_filter: Callable[[list[datetime], timedelta], list[datetime]] | None = None,
        *,
        seed: int = 0,
        truth: FeaturesSpecification | None = None,
        misregistration_m: float = 0.0,
    ):
        _check_collection(data_collection)
        self.size, self.resolution = checked_size(size, resolution)
        self.bands_feature = bands_feature and self.parse_feature(
            bands_feature, allowed_feature_types=[FeatureType.DATA]
        )
        self.bands = _checked_bands(bands)
        self.additional_data = _checked_layers(additional_data)
        self.truth = _checked_truth(truth)
        if maxcc is not None and not 0 <= maxcc <= 1:
            raise SettingError(f"maxcc is a share of clouds between 0 and 1, got {maxcc}.")
        self.maxcc = maxcc
        self.time_difference = timedelta(seconds=1) if time_difference is None else time_difference
        self.bands_dtype = bands_dtype
        self.timestamp_filter = timestamp_filter
        self.seed = _checked_seed(seed)
        if not misregistration_m >= 0:
            raise SettingError(
                f"misregistration_m is a deviation in metres and can't be negative: {misregistration_m}."
            )
        self.misregistration_m = misregistration_m

    def execute(
        self,
        eopatch: EOPatch | None = None,
        bbox: BBox | None = None,
        time_interval: Any = None,
        geometry: Geometry | None = None,
    ) -> EOPatch:
        """Return the EOPatch, or a new one, with the images of a place and a time.

        bbox: the place, by default that of the patch. time_interval: first and last day or time, or one day; by default
        the timestamps of the patch, each of which must be one of an image. geometry: pixels outside of it get no data.
        """
        eopatch, bbox = place_of(eopatch, bbox)
        width, height = self._dimensions(bbox)
        dtype = _checked_dtype(self.bands_dtype)
        view = self._view(bbox, width, height)
        weathers = self._weathers(view, eopatch, time_interval)
        if time_interval is not None:
            set_timestamps(eopatch, [weather.acquisition.timestamp for weather in weathers])
        inside = _inside(geometry, bbox, (height, width))
        for feature, value in _Session(self, view, weathers, inside).features(dtype):
            eopatch[feature] = value
        return eopatch

    def estimate(
        self, places: Iterable[BBox | EOPatch], time_interval: Any = None, *, dates: int | None = None
    ) -> Estimate:
        """Return how large the bands and layers of these places would be, without what is known of the truth.

        places: bounding boxes, or patches with or without timestamps. time_interval: as for ``execute``. dates: how
        many images each place has; by default those that there are.
        """
        return sum((self._estimate(place, time_interval, dates) for place in places), Estimate())

    def _estimate(self, place: BBox | EOPatch, time_interval: Any, dates: int | None) -> Estimate:
        from ._scene.layers import dtype_of

        patch, box = given_place(place)
        width, height = self._dimensions(box)
        if dates is None:
            dates = len(self._weathers(self._view(box, width, height), patch, time_interval))
        bands = len(self.bands) * _checked_dtype(self.bands_dtype).itemsize if self.bands_feature else 0
        layers = sum(dtype_of(layer).itemsize for _, layer, _ in self.additional_data)
        size = (bands + layers) * width * height * dates
        return Estimate(patches=1, memory_bytes=size, disk_bytes=size)

    def _view(self, bbox: BBox, width: int, height: int) -> SceneView:
        from ._scene.grid import ImageGrid
        from ._scene.view import SceneView

        grid = ImageGrid.of(bbox, width, height)
        return SceneView(_world_key(self.seed, int(grid.zone.epsg)), grid)

    def _weathers(self, view: SceneView, eopatch: EOPatch, time_interval: Any) -> list[Weather]:
        if time_interval is None:
            return self._at_timestamps(view, eopatch.get_timestamps(_NO_TIMES))
        return self._within(view, *parsed_interval(time_interval))

    def _dimensions(self, bbox: BBox) -> tuple[int, int]:
        if self.size is not None:
            return self.size
        from ._scene.grid import check_area

        check_area(bbox)
        return size_at(bbox, self.resolution)

    def _within(self, view: SceneView, start: datetime, end: datetime) -> list[Weather]:
        """Return the passes of an interval that the settings let through, in order of time."""
        weathers = {weather.acquisition.timestamp: weather for weather in self._passes(view, start, end)}
        if self.timestamp_filter is None:
            from sentinelhub import filter_times

            kept = filter_times(list(weathers), self.time_difference)
        else:
            kept = self.timestamp_filter(list(weathers), self.time_difference)
        return [weathers[time] for time in kept]

    def _passes(self, view: SceneView, start: datetime, end: datetime) -> Iterable[Weather]:
        from eolearn.core.utils.sun import sun_angles

        from ._scene.orbits import acquisitions
        from ._scene.weather import is_skipped, weather_of

        longitudes, latitudes = view.grid.corners_wgs84
        for acquisition in acquisitions(longitudes, latitudes, start, end):
            zenith, _ = sun_angles([acquisition.timestamp], view.zone_longitude_deg, view.band_latitude_deg)
            if zenith[0] > _HIGHEST_SUN_ZENITH_DEG or is_skipped(view.key, acquisition):
                continue
            weather = weather_of(view.key, acquisition, view.latitude_deg, self.misregistration_m)
            if self.maxcc is None or weather.cloud_share <= self.maxcc:
                yield weather

    def _at_timestamps(self, view: SceneView, timestamps: Sequence[datetime]) -> list[Weather]:
        if not timestamps:
            return []
        passes = list(self._passes(view, min(timestamps) - _LONGEST_WAIT, max(timestamps) + _LONGEST_WAIT))
        found = []
        for time in timestamps:
            nearest = min(passes, key=lambda weather: abs(weather.acquisition.timestamp - time), default=None)
            if nearest is None or abs(nearest.acquisition.timestamp - time) > self.time_difference:
                answer = f"the nearest image is of {nearest.acquisition.timestamp}" if nearest else "nor near to it"
                raise DataError(
                    f"There is no image at {time}, a timestamp of the EOPatch: {answer}. Pass time_interval=, and the "
                    "patch gets the timestamps of the images."
                )
            found.append(nearest)
        return found


_NO_TIMES = "The EOPatch contains no timestamps. Pass time_interval=, and it gets those of the images."


@dataclass
class _Session:
    """One execution: the images of some dates, and what goes with them."""

    task: SimulatedInputTask
    view: SceneView
    weathers: list[Weather]
    inside: NDArray[np.bool_] | None
    seen: NDArray[np.bool_] = field(init=False)

    def __post_init__(self) -> None:
        self.seen = np.empty((len(self.weathers), *self.view.grid.shape), bool)
        for date, weather in enumerate(self.weathers):
            self.seen[date] = self.view.is_seen(weather.acquisition.relative_orbit)
        if self.inside is not None:
            self.seen &= self.inside

    def features(self, dtype: np.dtype[Any]) -> Iterable[tuple[Feature, Any]]:
        """Yield what the patch gets."""
        from ._scene.tables import BANDS
        from ._scene.truth import TRUTHS, Dates

        bands = [BANDS.index(name) for name in self.task.bands] if self.task.bands_feature else []
        images = np.zeros((*self.seen.shape, len(bands)), dtype)
        scale = _DN_SCALE if dtype.kind in "iu" else 1.0
        moments = self.view.expose_all(self.weathers, bands, scale, images) if bands or self.task.truth else []
        if self.task.bands_feature:
            images[~self.seen] = 0
            yield self.task.bands_feature, images
        for feature_type, layer, name in self.task.additional_data:
            yield (feature_type, name), self._layer(layer)
        dates = Dates(self.view, self.weathers, moments)
        for feature_type, kind, name in self.task.truth:
            yield (feature_type, name), self._where_seen(TRUTHS[kind].make(dates), feature_type)

    def _layer(self, name: str) -> NDArray[Any]:
        from ._scene.layers import LAYERS, NO_DATA_VALUES, dtype_of

        result = np.empty((*self.seen.shape, 1), dtype_of(name))
        for date, weather in enumerate(self.weathers):
            result[date, ..., 0] = LAYERS[name](self.view, weather)
        result[~self.seen] = NO_DATA_VALUES.get(name, 0)
        return result

    def _where_seen(self, truth: Any, feature_type: FeatureType) -> Any:
        if feature_type is FeatureType.MASK:
            truth[~self.seen] = False
        return truth


def _world_key(seed: int, epsg: int) -> np.uint64:
    from ._scene.chance import key_of

    return key_of(key_of(np.uint64(0), 1, seed), 2, epsg)


def _check_collection(collection: DataCollection | None) -> None:
    from sentinelhub import DataCollection

    if collection is not None and collection is not DataCollection.SENTINEL2_L1C:
        raise SettingError(f"Only DataCollection.SENTINEL2_L1C is simulated, not {collection}.")


def _checked_seed(seed: int) -> int:
    if int(seed) != seed or not -(2**63) <= seed < 2**63:
        raise SettingError(f"seed is a whole number of at most 64 bits, got {seed}.")
    return int(seed)


def _checked_bands(bands: Sequence[str] | None) -> list[str]:
    from ._scene.tables import BANDS

    names = list(BANDS) if bands is None else list(bands)
    for name in names:
        if name not in BANDS:
            raise SettingError(f"Sentinel-2 L1C has no band {name!r}. {_nearest(name, BANDS)}")
    return names


def _nearest(name: str, names: Iterable[str]) -> str:
    return did_you_mean(name, names).strip() or f"There are {', '.join(sorted(names))}."


def _checked_layers(features: FeaturesSpecification | None) -> list[tuple[FeatureType, str, str]]:
    from ._scene.layers import LAYERS

    parsed = _renamed(features)
    for feature_type, name, _ in parsed:
        if name not in LAYERS:
            raise SettingError(f"There is no layer {name!r}. {_nearest(name, LAYERS)} For what is true use truth=.")
        if feature_type not in (FeatureType.DATA, FeatureType.MASK):
            raise SettingError(f"The layer {name} is an image of each date: DATA or MASK, not {feature_type}.")
    return parsed


def _checked_truth(features: FeaturesSpecification | None) -> list[tuple[FeatureType, str, str]]:
    from ._scene.truth import TRUTHS

    parsed = _renamed(features)
    for feature_type, name, _ in parsed:
        if name not in TRUTHS:
            raise SettingError(f"The scene knows no truth {name!r}. {_nearest(name, TRUTHS)}")
        if feature_type is not TRUTHS[name].feature_type:
            raise SettingError(f"{name} belongs into {TRUTHS[name].feature_type}, not into {feature_type}.")
    return parsed


def _renamed(features: FeaturesSpecification | None) -> list[tuple[FeatureType, str, str]]:
    return [] if features is None else FeatureParser(features).get_renamed_features()


def _checked_dtype(dtype: DTypeLike | None) -> np.dtype[Any]:
    checked = np.dtype(np.float32 if dtype is None else dtype)
    if checked not in (np.float32, np.float64, np.uint16):
        raise SettingError(f"bands_dtype is float32, float64 or uint16, got {checked}.")
    return checked


def _inside(geometry: Geometry | None, bbox: BBox, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Return which pixels have their middle in a geometry, None for all."""
    if geometry is None:
        return None
    from rasterio.features import geometry_mask
    from rasterio.transform import from_bounds
    from shapely import transform

    to_crs = geometry.crs.get_transform_function(bbox.crs)
    outline = transform(geometry.geometry, lambda points: np.column_stack(to_crs(*points.T)))
    pixels_to_crs = from_bounds(*bbox, shape[1], shape[0])
    inside: NDArray[np.bool_] = geometry_mask([outline], shape, pixels_to_crs, invert=True)
    return inside
