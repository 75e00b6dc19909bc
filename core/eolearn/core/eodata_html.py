"""An EOPatch as a table for notebooks, with a small picture of each image that is loaded."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .constants import FeatureType
from .eodata_repr import describe
from .feature_dicts import _FeatureDict
from .utils.common import is_pandas

if TYPE_CHECKING:
    from sentinelhub import BBox

_THUMBNAIL_PX = 64
_TEXT_LENGTH = 60
_CLASS_COLOURS = np.array(
    [
        [0, 0, 0, 0], [230, 159, 0, 255], [86, 180, 233, 255], [0, 158, 115, 255], [240, 228, 66, 255],
        [0, 114, 178, 255], [213, 94, 0, 255], [204, 121, 167, 255], [120, 120, 120, 255],
    ],
    dtype=np.uint8,
)  # fmt: skip
# Source of the colours: Okabe and Ito (2008), Color universal design; zero is transparent.
_STYLE = """
.eopatch{font:13px/1.4 system-ui,sans-serif;max-width:100%}
.eopatch table{border-collapse:collapse;font:inherit}
.eopatch th,.eopatch td{padding:3px 10px 3px 0;text-align:left;vertical-align:middle;
border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}
.eopatch td.n{text-align:right;font-variant-numeric:tabular-nums}
.eopatch .t{opacity:.65}
.eopatch img{image-rendering:pixelated;display:block;border-radius:2px}
"""


def patch_html(
    title: str, bbox: BBox | None, timestamps: list[datetime] | None, contents: Iterable[_FeatureDict]
) -> str:
    """Return an HTML fragment with place, times and features of a patch; nothing is loaded.

    title: the name of the class.
    contents: the features of each type.
    """
    rows = "".join(_feature_row(content, name) for content in contents for name in content)
    head = "".join(f"<th>{heading}</th>" for heading in ("type", "name", "shape", "dtype", "MB", ""))
    table = f"<table><tr>{head}</tr>{rows}</table>" if rows else "<div class='t'>no features</div>"
    return (
        f"<div class='eopatch'><style>{_STYLE}</style><b>{escape(title)}</b>"
        f"<div>{_place(bbox)}</div><div>{_times(timestamps)}</div>{table}</div>"
    )


def _place(bbox: BBox | None) -> str:
    if bbox is None:
        return "no bounding box"
    west, south, east, north = bbox
    return f"{west:.10g} to {east:.10g} east, {south:.10g} to {north:.10g} north, EPSG:{bbox.crs.epsg}"


def _times(timestamps: list[datetime] | None) -> str:
    if timestamps is None:
        return "no timestamps"
    if not timestamps:
        return "0 dates"
    first, last = min(timestamps), max(timestamps)
    return (
        f"1 date, {first:%Y-%m-%d}"
        if len(timestamps) == 1
        else (f"{len(timestamps)} dates, {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    )


def _feature_row(content: _FeatureDict, name: str) -> str:
    value = content._get_unloaded(name)
    begin = f"<tr><td class='t'>{content.feature_type.value}</td><td>{escape(name)}</td>"
    if isinstance(value, np.ndarray):
        shape = " × ".join(map(str, value.shape))
        picture = _thumbnail(value, content.feature_type) if content.feature_type.is_image() else ""
        size = f"{value.nbytes / 1e6:,.2f}"
        return f"{begin}<td>{shape}</td><td>{value.dtype}</td><td class='n'>{size}</td><td>{picture}</td></tr>"
    if is_pandas(value):
        crs = getattr(value, "crs", None)
        text = f"{len(value)} rows, {', '.join(map(str, value))}, {crs.to_string() if crs else 'no CRS'}"
    else:
        text = describe(value, _TEXT_LENGTH)
    return f"{begin}<td colspan='4'>{escape(text)}</td></tr>"


def _thumbnail(array: NDArray[Any], feature_type: FeatureType) -> str:
    """Return a picture of the first date: three bands as colours, else the first band, classes in colours."""
    if not array.size:
        return ""
    image = array[0] if array.ndim == 4 else array
    step = max(1, -(-max(image.shape[:2]) // _THUMBNAIL_PX))
    image = image[::step, ::step]
    if not np.issubdtype(image.dtype, np.number) and image.dtype != bool:
        return ""
    pixels = _classes(image) if feature_type.is_discrete() else _stretched(image)

    from PIL import Image

    scale = max(1, _THUMBNAIL_PX // max(image.shape[:2]))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG", optimize=True)
    data = base64.b64encode(stream.getvalue()).decode()
    return (
        f"<img alt='' width='{image.shape[1] * scale}' height='{image.shape[0] * scale}' "
        f"src='data:image/png;base64,{data}'>"
    )


def _classes(image: NDArray[Any]) -> NDArray[np.uint8]:
    values = image[..., 0].astype(np.int64)
    colours: NDArray[np.uint8] = _CLASS_COLOURS[np.where(values == 0, 0, (values - 1) % (len(_CLASS_COLOURS) - 1) + 1)]
    return colours


def _stretched(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return 8-bit pixels between the 2nd and 98th percentile; pixels without data are transparent."""
    bands = image[..., [0, 0, 0]] if image.shape[-1] != 3 else image
    bands = np.abs(bands) if np.iscomplexobj(bands) else bands
    bands = bands.astype(np.float32)
    known = np.isfinite(bands)
    low, high = np.percentile(bands[known], (2, 98)) if known.any() else (0, 1)
    scaled = np.clip((bands - low) / max(high - low, 1e-12), 0, 1) * 255
    alpha = np.where(known.all(axis=-1, keepdims=True), 255, 0)
    return np.concatenate([np.where(known, scaled, 0), alpha], axis=-1).astype(np.uint8)
