"""Arrays of several patches as one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eolearn.core.exceptions import DataError

from ._kernels.canvas import Place, lay
from ._number_fit import as_numbers, cast
from ._raster_size import ShapeHW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eolearn.core.eodata import EOPatch
    from eolearn.core.types import Feature

Overlaps = Literal["equal", "first", "last"]
_TOLERANCE_PX = 1e-3


def joint_array(
    feature: Feature, patches: Sequence[EOPatch], joint: EOPatch, overlaps: Overlaps, no_data_value: float | None
) -> NDArray[Any]:
    """Return an array of all patches together, laid out over the bounding box and the dates of the joint patch.

    overlaps, no_data_value: as for :func:`eolearn.geometry.joining.join_patches`, and so are the errors.
    """
    images = [_as_image(patch[feature]) for patch in patches]
    bands = [image.shape[-1] for image in images]
    if len(set(bands)) > 1:
        raise DataError(f"{feature} has different numbers of bands in the patches: {bands}.")
    size, windows = ShapeHW(1, 1), [(slice(0, 1), slice(0, 1)) for _ in images]
    if feature[0].is_image():
        shapes = [ShapeHW(*image.shape[1:3]) for image in images]
        size, windows = _windows(feature, shapes, [patch.bbox for patch in patches], joint.bbox)
    dtype = np.result_type(*images)
    count = len(joint.get_timestamps()) if feature[0].is_temporal() else 1
    canvas: NDArray[Any] = np.full((count, *size, bands[0]), _fill(dtype, no_data_value), dtype)
    dates = [_dates(feature, len(image), patch, joint) for image, patch in zip(images, patches, strict=True)]
    places = [Place(date, *window) for date, window in zip(dates, windows, strict=True)]
    different = lay(images, places, canvas, overlaps=overlaps)
    if different:
        raise DataError(
            f"{feature} differs where patches overlap: patches {different} from earlier ones. Choose overlaps='first' "
            "or 'last', or cut the overlaps off first."
        )
    result: NDArray[Any] = [canvas[0, 0, 0], canvas[:, 0, 0], canvas[0], canvas][patches[0][feature].ndim - 1]
    return result


def _as_image(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array of any type of feature with the axes date, height, width and band."""
    pixels = array if array.ndim > 2 else array[..., np.newaxis, np.newaxis, :]
    return pixels if pixels.ndim == 4 else pixels[np.newaxis]


def _windows(
    feature: Feature, shapes: Sequence[ShapeHW], bboxes: Sequence[Any], joint: Any
) -> tuple[ShapeHW, list[tuple[slice, slice]]]:
    """Return the size of the joint image, and the rows and columns of each patch in it."""
    west, south, east, north = bboxes[0]
    down, across = (north - south) / max(1, shapes[0].height), (east - west) / max(1, shapes[0].width)
    windows = []
    for number, (bbox, shape) in enumerate(zip(bboxes, shapes, strict=True)):
        west, south, east, north = bbox
        edges = np.array([joint.max_y - north, joint.max_y - south, west - joint.min_x, east - joint.min_x])
        exact = edges / (down, down, across, across)
        top, bottom, left, right = np.round(exact).astype(int).tolist()
        if np.abs(exact - (top, bottom, left, right)).max() > _TOLERANCE_PX or (bottom - top, right - left) != shape:
            raise DataError(
                f"{feature} of patch {number}, {shape.height} x {shape.width} pixels over {bbox!r}, isn't on the grid "
                f"of patch 0, {shapes[0].height} x {shapes[0].width} pixels over {bboxes[0]!r}. Resample one first."
            )
        windows.append((slice(top, bottom), slice(left, right)))
    size = ShapeHW(max(rows.stop for rows, _ in windows), max(columns.stop for _, columns in windows))
    return size, windows


def _fill(dtype: np.dtype[Any], no_data_value: float | None) -> Any:
    if no_data_value is not None:
        return cast(as_numbers(no_data_value, "no_data_value"), dtype, "no_data_value")
    return np.nan if dtype.kind in "fc" else np.zeros((), dtype)


def _dates(feature: Feature, count: int, patch: EOPatch, joint: EOPatch) -> Sequence[int]:
    """Return the positions of the dates of a feature among those of the joint patch."""
    if not feature[0].is_temporal():
        return [0]
    times, all_times = patch.get_timestamps(), joint.get_timestamps()
    if count != len(times) or len(set(times)) != count:
        raise DataError(
            f"{feature} has {count} dates, and its EOPatch {len(set(times))} different timestamps: it can't be joined."
        )
    position = {time: index for index, time in enumerate(all_times)}
    return [position[time] for time in times]
