"""Values of a feature as values that a GeoTIFF file can hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from eolearn.core.exceptions import DataError, EORuntimeWarning, warn_user

from ._kernels.channels import fits, storable_dtype, without_nan

if TYPE_CHECKING:
    from eolearn.core.types import Feature


def castable(
    array: NDArray[Any], feature: Feature, *, image_dtype: DTypeLike | None, no_data_value: float | None
) -> tuple[NDArray[Any], np.dtype[Any]]:
    """Return the values of a feature, and the dtype that they are to be written as; what has to give way is replaced.

    image_dtype: the dtype that is wanted, None for that of the array; see :func:`storable_dtype` for what stands in
        for those that GeoTIFF has not.
    no_data_value: stands in integers for NaN, for which without it 0 does with an EORuntimeWarning.

    Raises DataError for a dtype that nothing stands in for, and for values and a no_data_value beyond the range of an
    integer dtype. int64 becomes int32 with an EORuntimeWarning.
    """
    wanted = array.dtype if image_dtype is None else np.dtype(image_dtype)
    dtype = storable_dtype(wanted)
    if dtype is None:
        raise DataError(f"{feature} has the dtype {wanted}, which GeoTIFF can't hold: set image_dtype.")
    if no_data_value is not None and not fits(np.asarray(no_data_value), dtype):
        raise DataError(f"{feature} is written as {dtype}, which can't hold no_data_value={no_data_value}.")
    if wanted == np.bool_:
        return array != 0, dtype
    if dtype.kind in "iu" and array.dtype.kind == "f":
        array = _without_nan(array, feature, no_data_value)
    if wanted == np.int64:
        warn_user(f"{feature} is written as int32 instead of int64, which many programs can't read.", EORuntimeWarning)
    if dtype.kind in "iu" and not np.can_cast(array.dtype, dtype) and not fits(array, dtype):
        raise DataError(f"{feature} has values beyond the range of {dtype}: set image_dtype, to np.float64 say.")
    return array, dtype


def _without_nan(array: NDArray[Any], feature: Feature, no_data_value: float | None) -> NDArray[Any]:
    filled = without_nan(array, 0 if no_data_value is None else no_data_value)
    if filled is not array and no_data_value is None:
        warn_user(f"NaN in {feature} is written as 0: set no_data_value to tell it apart.", EORuntimeWarning)
    return filled


def cast_image(array: NDArray[Any], feature: Feature, image_dtype: DTypeLike | None) -> NDArray[Any]:
    """Return what was read of files as a feature of a dtype, None for that of the files.

    Raises DataError for values beyond the range of an integer dtype, and for floats in a feature of a discrete type.
    """
    dtype = array.dtype if image_dtype is None else np.dtype(image_dtype)
    if feature[0].is_discrete() and dtype.kind not in "iub":
        raise DataError(f"{feature} must be integer or bool, but is read as {dtype}: set image_dtype.")
    if dtype.kind in "iu" and not np.can_cast(array.dtype, dtype) and not fits(array, dtype):
        raise DataError(f"{feature} is read as {array.dtype}, with values beyond the range of image_dtype={dtype}.")
    return array.astype(dtype, copy=False)
