"""Patches onto another grid of pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sentinelhub import BBox

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, FeatureMissing, SettingError
from eolearn.core.utils.parsing import parse_feature

from ._grid import PixelGrid
from ._raster_settings import checked_resolution, nearest
from ._resampling import METHODS, Method, resample

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from eolearn.core.types import Feature

    Key = FeatureType | Feature

T = TypeVar("T")


class AlignToGridTask(EOTask):
    """Brings all images of a patch onto one grid of pixels, each resampled once from its own to the new one.

    It is for bands of 10, 20 and 60 m, for patches of two sensors that are to be merged, and for another resolution,
    place or coordinate system.

    like: an image whose pixels are the grid: of the reference patch, if execute gets one, else of the patch itself.
    bbox: the place, by default that of the patch, or of the reference patch.
    resolution: metres a pixel, one number or (x, y). The place is kept, so pixels are a little larger or smaller where
        it isn't a multiple.
    size: width and height in pixels, instead of a resolution.
    resampling: how pixels are made, as the name of a resampling of rasterio, for all images or by feature or type, as
        ``{FeatureType.DATA: "cubic", (FeatureType.MASK, "CLOUDS"): "max"}``. "auto", also for those that are left out,
        takes for values of DATA and DATA_TIMELESS the mean weighted by area where pixels become larger, and else
        interpolates linearly; for masks and bool the commonest value, and else the nearest. Where only the place
        changes and pixels stay in theirs, values stay as they are.
    no_data_value: stands for no data besides NaN, for all images or by feature or type. It is also what pixels get that
        have no data, and without it they get NaN, 0 or False.
    min_valid_share: where several pixels become one, how much of its area must have data.
    clip_vectors: whether geometries are cut at the new place. Tables are always brought into its coordinate system.

    No data never mix with data. Dtypes stay, with integers rounded. Other features are kept as they are. If nothing has
    to be changed, arrays are the same ones.

    Example:
        >>> to_10_m = AlignToGridTask(like=(FeatureType.DATA, "B02"))
        >>> eopatch = to_10_m(eopatch)  # all images have the pixels of B02 now
        >>> landsat = AlignToGridTask()(landsat, sentinel2)  # and Landsat those of Sentinel-2
    """

    def __init__(
        self,
        *,
        like: Feature | None = None,
        bbox: BBox | None = None,
        resolution: float | tuple[float, float] | None = None,
        size: tuple[int, int] | None = None,
        resampling: str | Mapping[Key, str] = "auto",
        no_data_value: float | Mapping[Key, float] | None = None,
        min_valid_share: float = 0.5,
        clip_vectors: bool = False,
    ):
        if sum(setting is not None for setting in (like, resolution, size)) > 1:
            raise SettingError(f"Give one of like, resolution and size, got {like=}, {resolution=}, {size=}.")
        if like is not None and bbox is not None:
            raise SettingError(f"{like} gives the grid and with it the place: leave out bbox={bbox!r}.")
        if not 0 < min_valid_share <= 1:
            raise SettingError(f"min_valid_share is a share above 0, at most 1, got {min_valid_share}.")
        self.like = None if like is None else parse_feature(like, allowed_feature_types=FeatureType.is_image)
        self.bbox = bbox
        self.resolution = checked_resolution(resolution)
        self.size = _checked_size(size)
        self.resampling = _by_key(resampling, "auto", "resampling")
        for name in self.resampling.values():
            if name not in ("auto", *METHODS):
                raise SettingError(f"resampling can't be {name!r}.{nearest(str(name), ['auto', *METHODS])}")
        self.no_data_value = _by_key(no_data_value, None, "no_data_value")
        self.min_valid_share = min_valid_share
        self.clip_vectors = clip_vectors

    def execute(self, eopatch: EOPatch, reference: EOPatch | None = None, *, bbox: BBox | None = None) -> EOPatch:
        """Return the patch with its images, tables and bounding box on the grid.

        reference: a patch whose place and pixels are the grid, as far as the task doesn't say.
        bbox: the place, instead of that of the task.

        Raises DataError (a ValueError) for a patch without bounding box or pixels, for images that can't be resampled,
        and where nothing says which grid is meant; FeatureMissing (a ValueError) for features that aren't there. The
        patch is changed only if all has succeeded.
        """
        if eopatch.bbox is None:
            raise DataError("The EOPatch has no bounding box, so its pixels have no place. Set eopatch.bbox.")
        self._check_present(eopatch)
        grid = self._grid(eopatch, reference, bbox or self.bbox)
        changed: dict[Feature, Any] = {}
        for feature in eopatch.get_features():
            if feature[0].is_image():
                changed[feature] = self._aligned(eopatch, feature, grid)
            elif feature[0].is_vector() and (self.clip_vectors or grid.bbox.crs != eopatch.bbox.crs):
                changed[feature] = _moved(eopatch[feature], feature, grid.bbox, clip=self.clip_vectors)
        eopatch.bbox = grid.bbox
        for feature, value in changed.items():
            eopatch[feature] = value
        return eopatch

    def _grid(self, eopatch: EOPatch, reference: EOPatch | None, bbox: BBox | None) -> PixelGrid:
        model = eopatch if reference is None else reference
        place = bbox or model.bbox
        if place is None:
            raise DataError("The reference patch has no bounding box, so it gives no place. Set its bbox.")
        if self.size is not None:
            return PixelGrid(bbox=place, height=self.size[1], width=self.size[0])
        if self.resolution is not None:
            return PixelGrid.of_resolution(place, self.resolution)
        if bbox is not None and bbox != model.bbox:
            raise SettingError(f"How large are the pixels in {bbox!r}? Give the task a resolution or a size.")
        return PixelGrid.of_patch(model, self.like)

    def _aligned(self, eopatch: EOPatch, feature: Feature, grid: PixelGrid) -> Any:
        method = Method(
            name=_setting(self.resampling, feature),
            are_classes=feature[0].is_discrete(),
            no_data_value=_setting(self.no_data_value, feature),
            min_valid_share=self.min_valid_share,
        )
        return resample(eopatch[feature], PixelGrid.of_patch(eopatch, feature), grid, method, feature)

    def _check_present(self, eopatch: EOPatch) -> None:
        for name, settings in (("resampling", self.resampling), ("no_data_value", self.no_data_value)):
            for key in settings:
                if isinstance(key, tuple) and key not in eopatch:
                    raise FeatureMissing(
                        f"{name} is given for {key}, which the EOPatch hasn't. It has {eopatch.get_features()}."
                    )


def _checked_size(size: Any) -> tuple[int, int] | None:
    if size is None:
        return None
    if len(tuple(size)) != 2 or not all(int(side) == side and side >= 1 for side in size):
        raise SettingError(f"size is a width and a height of at least one pixel, got {size}.")
    return int(size[0]), int(size[1])


def _by_key(setting: T | Mapping[Any, T], default: T, name: str) -> dict[Any, T]:
    """Return a setting by feature, type, and None for all others."""
    if not isinstance(setting, Mapping):
        return {None: setting}
    parsed: dict[Any, T] = {None: default}
    for key, value in setting.items():
        kind = key if isinstance(key, FeatureType) else parse_feature(key, allowed_feature_types=FeatureType.is_image)
        if isinstance(kind, FeatureType) and not kind.is_image():
            raise SettingError(f"{name} is for images, and {kind} holds none.")
        parsed[kind] = value
    return parsed


def _setting(settings: Mapping[Any, T], feature: Feature) -> T:
    return settings.get(feature, settings.get(feature[0], settings[None]))


def _moved(table: GeoDataFrame, feature: Feature, bbox: BBox, *, clip: bool) -> GeoDataFrame:
    if table.crs is None:
        raise DataError(f"{feature} has no CRS, so its geometries can't be brought to {bbox!r}. Set it with set_crs.")
    table = table.to_crs(bbox.crs.pyproj_crs())
    return table.clip(bbox.geometry, keep_geom_type=True) if clip else table
