"""Variables of netCDF files, read through xarray."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sentinelhub import CRS

from eolearn.core.eodata_xarray_grid import is_grid_mapping
from eolearn.core.exceptions import BrokenFile, DataError, FeatureMissing, MissingExtra, PathNotFound, StorageError
from eolearn.core.storage.remote import naming_place
from eolearn.core.utils.fs import get_full_path, local_path
from eolearn.core.utils.redact import redact

from ._raster_settings import nearest
from ._resampling import can_hold

if TYPE_CHECKING:
    import xarray as xr
    from fsspec import AbstractFileSystem

PLACE = "spatial_ref"
_ENGINES = {b"\x89HD": "h5netcdf", b"CDF": "scipy"}
_NEEDS = {
    "h5netcdf": (("xarray", "h5netcdf", "h5py"), "eo-learn-io[netcdf]"),
    "scipy": (("xarray", "scipy"), "eo-learn-io[netcdf] scipy"),
}


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What the numbers of variables mean."""

    are_decoded: bool
    """Whether no data become NaN, and scale and offset are applied."""
    no_data_value: float | None
    """Stands for no data, instead of what the variable says."""


@contextmanager
def open_netcdf(filesystem: AbstractFileSystem, path: str, group: str | None) -> Iterator[xr.Dataset]:
    """Open a file, with numbers as they are stored. Values are read when they are asked for.

    Raises PathNotFound, BrokenFile, MissingExtra, and StorageError for a file with parts in other files.
    """
    name = redact(get_full_path(filesystem, path))
    with ExitStack() as stack:
        with naming_place(filesystem, path):
            if not filesystem.isfile(path):
                raise PathNotFound(f"There is no file {name}.")
            file = stack.enter_context(filesystem.open(path, "rb"))
            start = file.read(3)
            file.seek(0)
        if start not in _ENGINES:
            raise BrokenFile(f"{name} is no netCDF file: it begins with {start!r}.")
        engine = _ENGINES[start]
        _require(engine)
        import xarray as xr

        try:
            if engine == "h5netcdf":
                _check_whole(file, name)
                file.seek(0)
            source = local_path(filesystem, path) or file
            dataset = stack.enter_context(xr.open_dataset(source, engine=engine, group=group, decode_cf=False))
        except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
            if isinstance(error, StorageError):
                raise
            raise BrokenFile(f"{name} can't be read as netCDF: {redact(str(error))}") from error
        yield dataset


def _require(engine: str) -> None:
    modules, distributions = _NEEDS[engine]
    try:
        for module in modules:
            importlib.import_module(module)
    except ImportError as error:
        raise MissingExtra(f"This netCDF file needs more packages: pip install {distributions} ({error})") from error


def _check_whole(file: Any, name: str) -> None:
    """Raise StorageError for a file of HDF5 that would read other files of this machine."""
    h5py = importlib.import_module("h5py")
    with h5py.File(file, "r") as root:
        groups, seen = [root], set()
        while groups:
            group = groups.pop()
            seen.add(h5py.h5o.get_info(group.id).addr)
            for key in group:
                link = group.get(key, getlink=True)
                if isinstance(link, h5py.SoftLink):
                    continue
                item = None if isinstance(link, h5py.ExternalLink) else group[key]
                if item is None or (isinstance(item, h5py.Dataset) and (item.external or item.is_virtual)):
                    raise StorageError(f"{key!r} of {name} lies in another file, which is not read.")
                if isinstance(item, h5py.Group) and h5py.h5o.get_info(item.id).addr not in seen:
                    groups.append(item)


def find_variables(
    dataset: xr.Dataset, names: Sequence[str], numbers: Numbers, *, crs: CRS | None, where: str
) -> list[xr.DataArray]:
    """Return variables, or bands of some, not read yet and with their place in a coordinate ``spatial_ref``.

    crs: instead of that of the file. where: the file, for messages.

    Raises FeatureMissing with the nearest names, and DataError for dates that can't be decoded and for a CRS that isn't
    there or has no EPSG code.
    """
    import xarray as xr

    mappings = {name: dict(found.attrs) for name, found in dataset.variables.items() if is_grid_mapping(found)}
    dataset = dataset.drop_vars(mappings)
    known = _known(dataset)
    for name in names:
        if name not in known:
            raise FeatureMissing(f"{where} has no variable {name!r}.{nearest(name, list(known))}")
    raw = dataset[list(dict.fromkeys(known[name][0] for name in names))]
    if numbers.no_data_value is not None and numbers.are_decoded:
        raw = raw.assign({key: _with_no_data(raw[key], numbers.no_data_value) for key in raw.data_vars})
    try:
        decoded = xr.decode_cf(raw, mask_and_scale=numbers.are_decoded, decode_coords=False, decode_timedelta=False)
    except (ValueError, OverflowError) as error:
        raise DataError(f"{where} can't be understood: {error}") from error
    arrays = []
    for name in names:
        variable, band = known[name]
        array = decoded[variable].isel(band)
        if not numbers.are_decoded and _is_unsigned(array):
            array = array.astype(f"u{array.dtype.itemsize}")
        arrays.append(_with_place(array, mappings, crs, where))
    return arrays


def _known(dataset: xr.Dataset) -> dict[str, tuple[str, dict[Any, int]]]:
    """Return names of variables and of bands, each with the variable and where in it the band is."""
    known: dict[str, tuple[str, dict[Any, int]]] = {str(name): (str(name), {}) for name in dataset.data_vars}
    for name, variable in dataset.data_vars.items():
        for dim in variable.dims:
            if dim in variable.coords and variable.coords[dim].dtype.kind in "OSU":
                for index, band in enumerate(variable.coords[dim].values.tolist()):
                    text = band.decode() if isinstance(band, bytes) else str(band)
                    known.setdefault(text, (str(name), {dim: index}))
    return known


def _is_unsigned(array: xr.DataArray) -> bool:
    return str(array.attrs.get("_Unsigned", "")).lower() == "true" and array.dtype.kind == "i"


def _with_no_data(array: xr.DataArray, no_data_value: float) -> xr.DataArray:
    """Return a variable that says which value stands for no data."""
    dtype = np.dtype(f"u{array.dtype.itemsize}") if _is_unsigned(array) else array.dtype
    if not can_hold(dtype, no_data_value):
        raise DataError(f"{array.name!r} holds {dtype}, in which {no_data_value} can't stand for no data.")
    array = array.copy(deep=False)
    array.attrs.pop("missing_value", None)
    return array.assign_attrs(_FillValue=np.asarray(no_data_value).astype(dtype).view(array.dtype)[()])


def _with_place(
    array: xr.DataArray, mappings: Mapping[Any, Mapping[str, Any]], crs: CRS | None, where: str
) -> xr.DataArray:
    import pyproj
    import xarray as xr

    name = str(array.attrs.get("grid_mapping", "")).partition(":")[0]
    attributes = mappings.get(name) or (next(iter(mappings.values())) if len(mappings) == 1 else {})
    found = crs if crs is not None else _crs_of(attributes, array, where)
    place = {"crs_wkt": pyproj.CRS.from_epsg(found.epsg).to_wkt()}
    if "GeoTransform" in attributes:
        place["GeoTransform"] = attributes["GeoTransform"]
    scalars = [name for name, coordinate in array.coords.items() if coordinate.ndim == 0 and name != "time"]
    placed = array.drop_vars(scalars).assign_coords({PLACE: xr.Variable((), 0, place)})
    return placed.drop_attrs(deep=False).assign_attrs(grid_mapping=PLACE)


def _crs_of(attributes: Mapping[str, Any], array: xr.DataArray, where: str) -> CRS:
    import pyproj

    if attributes.keys().isdisjoint(("crs_wkt", "spatial_ref", "grid_mapping_name")):
        raise DataError(f"{where} doesn't say which CRS the x and y of {array.name!r} are in: give crs=.")
    text = attributes.get("crs_wkt") or attributes.get("spatial_ref")
    try:
        found = pyproj.CRS.from_user_input(text) if text else pyproj.CRS.from_cf(dict(attributes))
    except (pyproj.exceptions.CRSError, KeyError) as error:
        raise DataError(f"The CRS of {array.name!r} in {where} can't be understood: {error}. Give crs=.") from error
    unbound = found.source_crs if found.is_bound else found
    code = None if unbound is None else unbound.to_epsg(min_confidence=25)
    if code is None:
        raise DataError(f"The CRS of {array.name!r} in {where} has no EPSG code: {found.name}. Give crs=.")
    return CRS(str(code))
