"""EOPatches as labelled arrays of xarray, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .eodata_xarray_grid import GRID_MAPPING, CRSSpec, coordinates_of
from .exceptions import DataError, FeatureError, MissingExtra
from .storage.feature_io import FeatureIO
from .utils.parsing import FeatureParser

if TYPE_CHECKING:
    import xarray as xr

    from .constants import FeatureType
    from .eodata_from_xarray import VariablesSpec
    from .storage.saving import PatchToSave
    from .types import Feature, FeaturesSpecification

TIME = "time"
_RESERVED = re.compile(r"time|([xy]|spatial_ref)(_\d+)?")


class XarrayMethods:
    """What an EOPatch can do with xarray."""

    def to_xarray(self: PatchToSave, features: FeaturesSpecification = ...) -> xr.Dataset:
        """Return array features as the variables of a Dataset, with coordinates and a CRS.

        features: which ones; for ``...`` all arrays, and ``attrs["left_out"]`` names the others.

        Dimensions are ``time``, ``y`` and ``x``, and for each variable ``<name>_band``. ``y``, descending, and ``x``
        are centres of pixels; images of another size have ``y_2`` and ``x_2``. The coordinate ``spatial_ref`` holds the
        CRS and the transform, as rioxarray reads them. ``time`` is in microseconds, of dates with a time zone in UTC. A
        variable is called as the feature, or ``<type>.<name>`` where two would have the same name; its attribute
        ``feature_type`` keeps the type.

        Arrays are not copied. Lazy features stay lazy: a variable is read when its values are asked for, and of Zarr
        only the chunks that they lie in. Until then the files must stay.

        Raises FeatureError (a ValueError) for tables and meta information, DataError (a ValueError) for an array with
        more or fewer dates than the patch, MissingExtra (a RuntimeError) where xarray is not installed.

        Example:
            >>> patch.to_xarray([(FeatureType.DATA, "BANDS")])["BANDS"].isel(BANDS_band=3).mean("time")
        """
        return to_dataset(self, features)

    @classmethod
    def from_xarray(
        cls, data: xr.Dataset | xr.DataArray, features: VariablesSpec | None = None, *, crs: CRSSpec | None = None
    ) -> Self:
        """Return a patch of the variables of a Dataset, or of a DataArray.

        data: made by :meth:`to_xarray`, or with dimensions for time, y and x, of which each may be missing, and at
            most one other one: the bands.
        features: what the variables become: a FeatureType for all, a feature (type, name) for a single one, or a
            mapping of names of variables, of which the others are left out, to either. By default the dimensions
            decide, and variables that were masks or labels, or are booleans, become those.
        crs: of x and y, where the data don't say.

        What to_xarray made comes back as it was: values, dtypes, names, timestamps, bounding box. Rows from south to
        north are turned, integer offsets and no-data values left as they are. All values are read.

        Raises DataError (a ValueError) for a grid that is rotated, irregular or without CRS, for grids of different
        boxes, and for dimensions that don't fit the type.

        Example:
            >>> EOPatch.from_xarray(rioxarray.open_rasterio("dem.tif"), (FeatureType.DATA_TIMELESS, "DEM"))
        """
        require_xarray()
        from .eodata_from_xarray import read_dataset

        content = read_dataset(data, features, crs)
        patch: Any = cls(bbox=content.bbox, timestamps=content.timestamps)  # type: ignore[call-arg]
        for feature, values in content.features.items():
            patch[feature] = values
        return patch  # type: ignore[no-any-return]


def require_xarray() -> None:
    """Raise MissingExtra where xarray is not installed."""
    try:
        import xarray  # noqa: F401
    except ImportError as error:
        raise MissingExtra(f"Labelled arrays need xarray: pip install 'eo-learn-core[xarray]'. ({error})") from error


def to_dataset(patch: PatchToSave, features: FeaturesSpecification) -> xr.Dataset:
    """Return the features as a Dataset, see :meth:`XarrayMethods.to_xarray`."""
    require_xarray()
    import xarray as xr

    chosen, left_out = _chosen(patch, features)
    names = variable_names(chosen)
    values = {feature: _values_of(patch, feature) for feature in chosen}
    grids = _grid_suffixes(values)
    _check_dates(patch, values)

    coordinates = {} if patch.timestamps is None else {TIME: time_coordinate(patch.timestamps)}
    coordinates |= coordinates_of(patch.bbox, grids)
    variables = {}
    for feature, value in values.items():
        suffix = grids[value.shape[-3:-1]] if feature[0].is_image() else None
        dimensions = _dimensions(feature[0], names[feature], suffix)
        attributes = {"feature_type": feature[0].value}
        if suffix is not None and patch.bbox is not None:
            attributes["grid_mapping"] = GRID_MAPPING + suffix
        variable = xr.Variable(dimensions, value, attributes)
        if variable.dtype != value.dtype:  # xarray has no days, only seconds and finer
            variable.attrs["numpy_dtype"] = value.dtype.str
        variables[names[feature]] = variable
        coordinates[dimensions[-1]] = xr.Variable(dimensions[-1:], np.arange(value.shape[-1]))
    return xr.Dataset(variables, coordinates, {"left_out": left_out} if left_out else {})


def variable_names(features: Iterable[Feature]) -> dict[Feature, str]:
    """Return what the variables are called: as the features, with their types where that could be mistaken.

    No feature has a dot in its name, so that names with types are like no others.
    """
    features = list(features)
    counts = Counter(name for _, name in features)
    taken = {f"{name}_band" for name in counts}
    names = {}
    for feature_type, name in features:
        is_plain = counts[name] == 1 and name not in taken and not _RESERVED.fullmatch(name)
        names[feature_type, name] = name if is_plain else f"{feature_type.value}.{name}"
    return names


def _chosen(patch: PatchToSave, features: FeaturesSpecification) -> tuple[list[Feature], list[str]]:
    """Return the arrays that are wanted, and what of all features is no array, in words."""
    wanted = list(dict.fromkeys(FeatureParser(features).get_features(patch)))
    others = [f"{feature_type.value} {name}" for feature_type, name in wanted if not feature_type.is_array()]
    if others and features is not ...:
        raise FeatureError(f"Only arrays become variables of xarray, and these features are none: {', '.join(others)}.")
    return [feature for feature in wanted if feature[0].is_array()], others


def _values_of(patch: PatchToSave, feature: Feature) -> Any:
    """Return an array, or what stands for a lazy one."""
    value = patch[feature[0]]._get_unloaded(feature[1])
    if not isinstance(value, FeatureIO):
        return value
    from .storage.xarray_backend import lazy_array

    return lazy_array(value)


def _check_dates(patch: PatchToSave, values: Mapping[Feature, Any]) -> None:
    dates = {feature: value.shape[0] for feature, value in values.items() if feature[0].is_temporal()}
    count = next(iter(dates.values()), 0) if patch.timestamps is None else len(patch.timestamps)
    for (feature_type, name), length in dates.items():
        if length != count:
            raise DataError(
                f"{feature_type} {name!r} has {length} dates and not {count}, so they can't share a time axis. Leave "
                "it out, or correct it or the timestamps."
            )


def _dimensions(feature_type: FeatureType, variable: str, suffix: str | None) -> tuple[str, ...]:
    time = (TIME,) if feature_type.is_temporal() else ()
    pixels = () if suffix is None else (f"y{suffix}", f"x{suffix}")
    return *time, *pixels, f"{variable}.band" if "." in variable else f"{variable}_band"


def time_coordinate(timestamps: list[datetime]) -> xr.Variable:
    """Return timestamps as a coordinate. Raises DataError (a ValueError) if only some have a time zone."""
    import xarray as xr

    aware = [timestamp for timestamp in timestamps if timestamp.utcoffset() is not None]
    if aware and len(aware) < len(timestamps):
        raise DataError(f"Some timestamps have a time zone, {aware[0]} for one, and some don't. Remove it, or add it.")
    attributes = {"standard_name": "time", "axis": "T"}
    if aware:
        attributes["time_zone"] = "UTC"
        timestamps = [timestamp.astimezone(UTC).replace(tzinfo=None) for timestamp in timestamps]
    return xr.Variable((TIME,), np.array(timestamps, dtype="datetime64[us]"), attributes)


def _grid_suffixes(values: Mapping[Feature, Any]) -> dict[tuple[int, int], str]:
    """Return what is added to the names of axes for each height and width: nothing for those of the first image."""
    shapes = dict.fromkeys(value.shape[-3:-1] for feature, value in values.items() if feature[0].is_image())
    return {shape: "" if number == 1 else f"_{number}" for number, shape in enumerate(shapes, 1)}
