"""What of labelled arrays of xarray becomes an EOPatch."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from .constants import FeatureType
from .eodata_xarray_grid import CRSSpec, box_of_dataset, box_of_images, check_same_box, is_grid_mapping
from .exceptions import DataError, FeatureError, FeatureMissing, SettingTypeError
from .types import Feature
from .utils.common import is_discrete_type
from .utils.parsing import parse_feature

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import NDArray
    from sentinelhub import BBox

VariableSpec: TypeAlias = FeatureType | Feature
VariablesSpec: TypeAlias = VariableSpec | Mapping[str, VariableSpec]
"""What variables become: all of a type, a single one a feature, or each what a mapping says."""

_ROLES = {"time": "time", "t": "time", "y": "y", "latitude": "y", "lat": "y", "x": "x", "longitude": "x", "lon": "x"}
_CF_AXES = {"T": "time", "Y": "y", "X": "x"}
_ARRAY_TYPES = [feature_type for feature_type in FeatureType if feature_type.is_array()]
_VALUES = [feature_type.value for feature_type in _ARRAY_TYPES]
_TYPES = {(kind.is_temporal(), kind.is_image(), kind.is_discrete()): kind for kind in _ARRAY_TYPES}
_UNNAMED = "array without a name"


@dataclass(frozen=True)
class PatchContent:
    """What a patch is made of."""

    bbox: BBox | None
    timestamps: list[datetime] | None
    features: dict[Feature, NDArray[Any]]


@dataclass(frozen=True)
class Image:
    """A variable, and which of its dimensions are time, y, x and bands."""

    array: xr.DataArray
    time: Hashable | None = None
    y: Hashable | None = None
    x: Hashable | None = None
    band: Hashable | None = None

    def values(self) -> NDArray[Any]:
        """Return the values in the order of an EOPatch: rows from north to south, the bands last."""
        axes = [name for name in (self.time, self.y, self.x, self.band) if name is not None]
        array = self.array.transpose(*axes)
        for name, sign in ((self.y, -1), (self.x, 1)):
            if name in array.coords and array.sizes[name] > 1 and sign * (array[name][-1] - array[name][0]) < 0:
                array = array.isel({name: slice(None, None, -1)})
        values: NDArray[Any] = array.values
        dtype = np.dtype(array.attrs.get("numpy_dtype", values.dtype))
        if dtype.kind == values.dtype.kind == "M" or dtype.kind == values.dtype.kind == "m":
            values = values.astype(dtype)
        return values[..., np.newaxis] if self.band is None else values


def read_dataset(data: xr.Dataset | xr.DataArray, features: VariablesSpec | None, crs: CRSSpec | None) -> PatchContent:
    """Return what a patch of the data is made of, see :meth:`eolearn.core.EOPatch.from_xarray`."""
    dataset = _as_dataset(data)
    images: dict[Feature, Image] = {}
    for variable, spec in _requests(dataset, features).items():
        wanted, name = spec if isinstance(spec, tuple) else (spec, _plain_name(variable))
        if variable == _UNNAMED and not isinstance(spec, tuple):
            raise FeatureError("The DataArray has no name: give features=(FeatureType.DATA, 'BANDS') or the like.")
        image = parsed_image(_with_date(dataset[variable], wanted))
        feature = _type_of(image, wanted), name
        if feature in images:
            raise FeatureError(f"{variable!r} and {images[feature].array.name!r} would both become {feature}.")
        images[feature] = image
    timestamps = _timestamps(dataset, images.values())
    return PatchContent(
        _place(dataset, images.values(), crs), timestamps, {key: image.values() for key, image in images.items()}
    )


def _as_dataset(data: xr.Dataset | xr.DataArray) -> xr.Dataset:
    import xarray as xr

    if isinstance(data, xr.DataArray):
        return (data.rename(_UNNAMED) if data.name is None else data).to_dataset()
    if not isinstance(data, xr.Dataset):
        raise SettingTypeError(f"A patch is made of a Dataset or a DataArray of xarray, got {type(data).__name__}.")
    grid_mappings = [name for name, variable in data.data_vars.items() if is_grid_mapping(variable)]
    return data.set_coords(grid_mappings)


def _requests(dataset: xr.Dataset, features: VariablesSpec | None) -> dict[Any, FeatureType | Feature | None]:
    """Return the variables that are wanted, and what each of them shall become, None to find that out."""
    variables = list(dataset.data_vars)
    if features is None:
        return dict.fromkeys(variables)
    if isinstance(features, Mapping):
        missing = [name for name in features if name not in variables]
        if missing:
            raise FeatureMissing(f"There are no variables {missing}. Those that there are: {variables}.")
        return {name: _parsed_spec(spec) for name, spec in features.items()}
    spec = _parsed_spec(features)
    if isinstance(spec, tuple) and len(variables) != 1:
        raise FeatureError(
            f"{len(variables)} variables, {variables}, can't become one feature {spec}. Join them as bands with "
            "Dataset.to_dataarray('band'), or say with a mapping what each of them becomes."
        )
    return dict.fromkeys(variables, spec)


def _parsed_spec(spec: VariableSpec) -> FeatureType | Feature:
    if isinstance(spec, (tuple, list)):
        return parse_feature(spec, allowed_feature_types=_ARRAY_TYPES)
    if spec not in (*_ARRAY_TYPES, *_VALUES):
        raise FeatureError(f"A variable becomes a FeatureType of arrays, or a feature (type, name), got {spec!r}.")
    return FeatureType(spec)


def _plain_name(variable: Hashable) -> str:
    """Return the name of a feature, without the type that may be in that of its variable."""
    first, _, rest = str(variable).partition(".")
    return rest if rest and first in _VALUES else str(variable)


def _with_date(array: xr.DataArray, wanted: FeatureType | None) -> xr.DataArray:
    """Return an array with a time axis if it shall have one and is of a single date."""
    single = "time" in array.coords and array.coords["time"].ndim == 0
    return array.expand_dims("time") if single and wanted is not None and wanted.is_temporal() else array


def parsed_image(array: xr.DataArray) -> Image:
    """Return a variable with the meaning of its dimensions. Raises DataError (a ValueError) if it isn't clear."""
    roles: dict[str, Hashable] = {}
    for name in array.dims:
        role = _role(array, name)
        if role in roles:
            raise DataError(
                f"{array.name!r} has the dimensions {array.dims}. A feature has time, y, x and one other, its bands: "
                f"{roles[role]!r} and {name!r} can't both be {role}. Select from one, or stack them."
            )
        roles[role] = name
    if ("y" in roles) != ("x" in roles):
        raise DataError(f"{array.name!r} has the dimensions {array.dims}, one of y and x without the other.")
    return Image(array, **roles)


def _role(array: xr.DataArray, name: Hashable) -> str:
    known = _ROLES.get(re.sub(r"_\d+$", "", str(name)).lower())
    axis = array.coords[name].attrs.get("axis") if name in array.coords else None
    return known or _CF_AXES.get(str(axis), "band")


def _type_of(image: Image, wanted: FeatureType | None) -> FeatureType:
    """Return the type that fits the dimensions, DataError if another one is wanted."""
    dimensions = image.time is not None, image.y is not None
    if wanted is not None:
        if dimensions != (wanted.is_temporal(), wanted.is_image()):
            fitting = " or ".join(str(_TYPES[*dimensions, discrete]) for discrete in (False, True))
            raise DataError(
                f"{image.array.name!r} with the dimensions {image.array.dims} can't become {wanted}, but {fitting}."
            )
        return wanted
    dtype, old = image.array.dtype, image.array.attrs.get("feature_type")
    if old in _VALUES:
        return _TYPES[*dimensions, FeatureType(old).is_discrete() and is_discrete_type(dtype)]
    return _TYPES[*dimensions, dtype.kind == "b"]


def _timestamps(dataset: xr.Dataset, images: Iterable[Image]) -> list[datetime] | None:
    names = list(dict.fromkeys(image.time for image in images if image.time is not None)) or ["time"]
    if len(names) > 1:
        raise DataError(f"The variables have several time axes, {names}. Give them one, or make several patches.")
    for array in [*(image.array for image in images if image.time is not None), dataset]:
        if names[0] in array.coords and array.coords[names[0]].ndim == 1:
            return _dates(array.coords[names[0]])
    return None


def _dates(times: xr.DataArray) -> list[datetime]:
    if times.dtype.kind != "M" or np.isnat(times.values).any():
        raise DataError(f"The coordinate {times.name!r} must hold dates, all of them known, got {times.values[:5]}.")
    dates: list[datetime] = times.values.astype("datetime64[us]").tolist()
    if times.attrs.get("time_zone") == "UTC":
        return [date.replace(tzinfo=UTC) for date in dates]
    return dates


def _place(dataset: xr.Dataset, images: Iterable[Image], crs: CRSSpec | None) -> BBox | None:
    """Return the box that all images share."""
    bbox = None
    for image in images:
        if image.y is None or image.x is None:
            continue
        found = box_of_images(image.array, image.y, image.x, crs)
        if bbox is not None and found is not None:
            check_same_box(bbox, found, image.array, (image.array.sizes[image.y], image.array.sizes[image.x]))
        bbox = found if bbox is None else bbox
    return box_of_dataset(dataset) if bbox is None else bbox
