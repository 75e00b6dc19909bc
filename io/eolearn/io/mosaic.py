"""One map out of many patches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import DTypeLike, NDArray
from rasterio.windows import Window

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, SettingError
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path
from eolearn.core.utils.parsing import parse_feature

from ._mosaic.blocks import Block, Blocks
from ._mosaic.cog import CogLayout, write_cog
from ._mosaic.encoding import Color, Encoding, choose_encoding, color_table
from ._mosaic.grid import PlacedTile, place_tiles
from ._mosaic.tiles import Date, find_tiles

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import SHConfig

    from eolearn.core.types import Feature

_COMPRESSIONS = ("deflate", "lerc", "lerc_deflate", "lerc_zstd", "lzma", "lzw", "zstd")


def write_mosaic(
    patches: str | Path | Iterable[EOPatch | str | Path],
    feature: Feature,
    path: str | Path,
    *,
    date: Date | None = None,
    overlaps: Literal["blend", "nearest"] | None = None,
    margin_px: int = 0,
    classes: Sequence[int] | NDArray[np.integer] | None = None,
    colors: Mapping[int, Color] | None = None,
    image_dtype: DTypeLike | None = None,
    scale: float = 1,
    no_data_value: float | None = None,
    band_names: Sequence[str] | None = None,
    compress: str | None = "deflate",
    overviews: bool = True,
    fail_on_missing: bool = True,
    filesystem: AbstractFileSystem | None = None,
    config: SHConfig | None = None,
) -> str:
    """Write an image of many patches as one cloud-optimised GeoTIFF, and return its path.

    Patches may overlap, and there may be gaps, which have no data. Memory holds about one row of patches, twice, so
    an area may be of any size; beside the file there must be room for its uncompressed pixels. The order of the patches
    is no matter. The file is written whole or not at all.

    patches: the folder that saved patches lie in, or their paths, or EOPatches.
    feature: an image. Of DATA and MASK one date is written.
    path: the file. Paths may be URLs that fsspec knows.
    date: of DATA and MASK, which date: its position, a string, or a datetime. A day does if it has one date.
    overlaps: "blend" writes a mean of the patches, the weight of each a raised cosine that is nearly 0 at its edges,
        so that no seam is seen. "nearest" writes the value of the patch whose centre is nearest. By default features
        of integers that stand for classes (MASK and MASK_TIMELESS) aren't blended, others are.
    margin_px: this many pixels along the edges of patches count only where no other patch has anything better. Set it
        to the reach of a model that looks at the surroundings of a pixel, and let patches overlap by twice as much.
    classes: write the likeliest class of each pixel, the bands being probabilities; these are the classes of the bands,
        such as ``model.classes_``. Overlaps are blended first.
    colors: of the classes, as ``"#e69f00"`` or (red, green, blue).
    image_dtype: of the file, by default that of the feature (float32 if blended), or the least that holds the classes.
    scale: what values are multiplied with, say 200 for probabilities in uint8. The file says what its numbers mean.
    no_data_value: of pixels without data; by default NaN, and 0 for integers. In features of integers it is no data
        in the patches too; in those of floats, NaN is. It must be set where floats are written as integers.
    band_names: what programs show as names of the bands.
    compress: deflate, lzw, zstd, lzma, lerc, lerc_deflate or lerc_zstd; None for none.
    overviews: whether the file has smaller images of itself: of classes, the commonest, of all else, the mean.
    fail_on_missing: whether it is an error that a patch isn't there or lacks the feature. Otherwise its place has no
        data, with an EORuntimeWarning.
    filesystem: an fsspec filesystem that all paths are relative to.
    config: credentials for object stores, by default those of the environment.

    Raises DataError (a ValueError) for patches that can't be put together, naming them: of several coordinate systems,
    sizes of pixels or numbers of bands, not on one grid of pixels, or two of one place; and for values that the dtype
    can't hold. SettingError (a ValueError) for settings that don't go together, FeatureMissing (a ValueError),
    FeatureNotStored (an OSError) or PathNotFound (a FileNotFoundError) for a patch that is missing, BrokenFile (an
    OSError) for a damaged one, StorageError (an OSError) where GDAL can't write.

    Example:
        >>> write_mosaic(
        ...     "patches",
        ...     (FeatureType.DATA_TIMELESS, "PROBABILITIES"),
        ...     "land_cover.tif",
        ...     classes=model.classes_,
        ...     colors={1: "#e69f00", 2: "#00694e"},
        ... )
    """
    feature = parse_feature(feature, None, FeatureType.is_image)
    blended = _check(feature, date, overlaps, margin_px, classes, compress)
    base = None if filesystem is None else as_filesystem(filesystem)
    tiles = find_tiles(patches, feature, date=date, fail_on_missing=fail_on_missing, filesystem=base, config=config)
    grid, placed = place_tiles(tiles)
    bands = tiles[0].shape[2]
    stored = np.result_type(*(tile.drawn_dtype for tile in tiles))
    encoding = choose_encoding(
        np.dtype(np.float32) if blended and stored.kind == "f" else stored,
        bands,
        dtype=image_dtype,
        scale=scale,
        no_data_value=no_data_value,
        classes=classes,
    )
    layout = CogLayout(
        grid=grid,
        bands=bands if classes is None else 1,
        dtype=encoding.dtype,
        no_data_value=encoding.no_data_value,
        unit=1 / scale,
        are_classes=feature[0].is_discrete() or classes is not None,
        compress=compress,
        overviews=overviews,
        band_names=band_names,
        colors=None if colors is None else color_table(colors, encoding.dtype),
    )
    _check_layout(layout, placed, margin_px)
    no_data = encoding.no_data_value if stored.kind in "iu" and classes is None else np.nan
    blocks = Blocks(grid, bands, stored, blended, margin_px, float(no_data))
    target = get_base_filesystem_and_path(path, config=config) if base is None else (base, str(path))
    write_cog(*target, layout, _encoded(blocks.of(placed), encoding))
    return get_full_path(*target)


def _encoded(blocks: Iterable[Block], encoding: Encoding) -> Iterator[tuple[Window, NDArray[Any]]]:
    for block in blocks:
        yield block.window, encoding.encoded(block.values, block.rank)


def _check(
    feature: Feature,
    date: Date | None,
    overlaps: str | None,
    margin_px: int,
    classes: Sequence[int] | NDArray[np.integer] | None,
    compress: str | None,
) -> bool:
    """Check the settings that need no patch, and return whether overlaps are blended."""
    if feature[0].is_temporal() != (date is not None):
        reason = "has a time axis: choose its date" if date is None else f"has no time axis, leave out date={date!r}"
        raise SettingError(f"{feature} {reason}.")
    if overlaps not in (None, "blend", "nearest"):
        raise SettingError(f"overlaps must be 'blend' or 'nearest', got {overlaps!r}.")
    if overlaps == "blend" and feature[0].is_discrete():
        raise SettingError(f"{feature} holds classes, of which there is no mean: choose overlaps='nearest'.")
    if classes is not None and (feature[0].is_discrete() or overlaps == "nearest"):
        raise SettingError(
            f"classes are chosen by blended probabilities, not with {feature} and overlaps={overlaps!r}."
        )
    if not isinstance(margin_px, int) or margin_px < 0:
        raise SettingError(f"margin_px must be an integer of at least 0, got {margin_px!r}.")
    if compress is not None and compress.lower() not in _COMPRESSIONS:
        raise SettingError(f"compress can't be {compress!r}, only None or one of {', '.join(_COMPRESSIONS)}.")
    return overlaps == "blend" or (overlaps is None and not feature[0].is_discrete())


def _check_layout(layout: CogLayout, placed: Sequence[PlacedTile], margin_px: int) -> None:
    smallest = min(min(item.height, item.width) for item in placed)
    if 2 * margin_px >= smallest:
        raise DataError(f"Patches of {smallest} pixels a side have nothing left within margin_px={margin_px}.")
    if layout.band_names is not None and len(layout.band_names) != layout.bands:
        raise SettingError(f"band_names has {len(layout.band_names)} names, but the file {layout.bands} bands.")
    if layout.colors is not None and layout.bands != 1:
        raise SettingError(f"colors are for a file of one band, and this one has {layout.bands}.")
