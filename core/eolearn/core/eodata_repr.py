"""An EOPatch in words, for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from .feature_dicts import _FeatureDict
from .utils.common import is_pandas

if TYPE_CHECKING:
    from sentinelhub import BBox


def patch_repr(
    title: str,
    bbox: BBox | None,
    timestamps: list[datetime] | None,
    contents: Iterable[_FeatureDict],
    longest: int,
) -> str:
    """Return place, times and features of a patch, a line each; nothing is loaded.

    title: the name of the class.
    contents: the features of each type.
    longest: values whose text has more characters are shortened.
    """
    lines = [f"bbox={bbox!r}"] if bbox is not None else []
    if timestamps is not None:
        lines.append(f"timestamps={describe(timestamps, longest)}")
    for content in contents:
        lines.extend(_content_lines(content, longest))
    return "\n".join([f"{title}(", *(f"  {line}" for line in lines), ")"]) if lines else f"{title}()"


def _content_lines(content: _FeatureDict, longest: int) -> Iterator[str]:
    yield f"{content.feature_type.value}={{"
    for name in sorted(content):
        yield f"  {name}: {describe(content._get_unloaded(name), longest)}"
    yield "}"


def describe(value: Any, longest: int) -> str:
    """Return a value in words: arrays and tables by their form, others whole where that is short."""
    if isinstance(value, np.ndarray):
        return f"numpy.ndarray(shape={value.shape}, dtype={value.dtype})"
    if is_pandas(value) and hasattr(value, "crs"):
        crs = value.crs.to_string() if value.crs else None
        return f"geopandas.GeoDataFrame(columns={list(value)}, length={len(value)}, crs={crs})"
    text = str(value)
    if len(text) <= longest:
        return text
    if isinstance(value, (list, tuple, dict)) and value:
        text = _shortened(value)
    return text if len(text) <= longest else str(type(value))


def _shortened(value: list[Any] | tuple[Any, ...] | dict[Any, Any]) -> str:
    brackets = str(type(value)())
    first = next(iter(value))
    text = f"{first}: {value[first]}" if isinstance(value, dict) else str(first)
    return f"{brackets[0]}{text}, ...{brackets[1]}<length={len(value)}>"
