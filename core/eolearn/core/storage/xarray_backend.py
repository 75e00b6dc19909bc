"""Lazy features as arrays that xarray reads when their values are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

from .array_part import take
from .feature_io import FeatureIO
from .npy import FeatureIONumpy
from .zarr_arrays import StoredArray
from .zarr_feature import FeatureIOZarr

if TYPE_CHECKING:
    from numpy.typing import NDArray


def lazy_array(value: FeatureIO[NDArray[Any]]) -> Any:
    """Return a feature as the data of a variable of xarray, of which only shape and dtype are read now.

    Values are read once they are asked for, and kept if all of them were. Of Zarr only those chunks are read that the
    values lie in; a file of numpy is read whole, and kept in the patch too.
    """
    if value._is_loaded or not isinstance(value, (FeatureIOZarr, FeatureIONumpy)):
        return value.load()
    array: Any = LazyFeature(value)
    for wrapper in (indexing.LazilyIndexedArray, indexing.MemoryCachedArray, indexing.CopyOnWriteArray):
        array = wrapper(array)
    return array


class LazyFeature(BackendArray):
    """An array feature that is not loaded yet. It can be pickled."""

    def __init__(self, value: FeatureIOZarr | FeatureIONumpy):
        self._value = value
        if isinstance(value, FeatureIOZarr):
            stored = StoredArray(value.filesystem, value.path)
            shape, self.dtype = stored.shape, stored.dtype
        else:
            shape, self.dtype = value.stored_shape(), value.stored_dtype()
        self._positions = value._part.positions(shape)
        self.shape = tuple(map(len, self._positions))

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Any:
        """Return some of the values."""
        if isinstance(key, indexing.VectorizedIndexer):
            return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)
        return self._read(key.tuple)

    def _read(self, key: tuple[int | slice | NDArray[np.intp], ...]) -> NDArray[Any]:
        value = self._value
        if isinstance(value, FeatureIOZarr) and not value._is_loaded:
            positions = list(map(_chosen, self._positions, key))
            array = StoredArray(value.filesystem, value.path).read_at(positions)
        else:
            array = take(value.load(), list(map(_chosen, map(range, self.shape), key)))
        return array[tuple(slice(None) if isinstance(part, (slice, np.ndarray)) else 0 for part in key)]


def _chosen(axis: Sequence[int], key: int | slice | NDArray[np.intp]) -> range | list[int]:
    """Return the positions that a key stands for among those of an axis."""
    if isinstance(key, np.ndarray):
        return [axis[position] for position in key]
    chosen = axis[key] if isinstance(key, slice) else [axis[key]]
    return chosen if isinstance(chosen, range) and chosen.step == 1 else list(chosen)
