"""Land parcels as functions of place: blocks of a bent mesh, cut into strips, and these into fields.

A mesh of squares with shifted corners divides the plane into blocks, four straight cuts at most divide a block into
strips, and further ones each strip into fields. The plane is bent before it is divided, so that borders are curved as
lanes and hedges are. A parcel is named by the column and row of its block and by a code of its strip and its field.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numba import njit

from .world_noise import Floats, Int, gradient_noise, hash_of, mix, uint64, unit

Point: TypeAlias = tuple[float, float]

BLOCK_M = 480.0
FIELDS_A_STRIP = 8
"""At most; a code is this times the strip plus the field."""
CODES_A_BLOCK = 4 * FIELDS_A_STRIP
_LANE_HALF_WIDTH_M = 2.5
_CORNER_SHIFT = 0.44
_CUT_SHIFT = 0.4


@njit(cache=True, nogil=True)
def bend(key: Int, x: float, y: float) -> tuple[float, float]:
    """Move a place by up to some 70 m, in long and in short waves."""
    wide, narrow = uint64(key) + uint64(1), uint64(key) + uint64(3)
    u = x + 140.0 * gradient_noise(wide, x / 1300.0, y / 1300.0) + 14.0 * gradient_noise(narrow, x / 190.0, y / 190.0)
    wide, narrow = wide + uint64(1), narrow + uint64(1)
    v = y + 140.0 * gradient_noise(wide, x / 1300.0, y / 1300.0) + 14.0 * gradient_noise(narrow, x / 190.0, y / 190.0)
    return u, v


@njit(cache=True, nogil=True)
def unbend(key: Int, u: float, v: float) -> tuple[float, float]:
    """Return the place that ``bend`` moves to (u, v), to a millimetre: a contraction, iterated."""
    x, y = u, v
    for _ in range(12):
        bent_x, bent_y = bend(key, x, y)
        x, y = x + (u - bent_x), y + (v - bent_y)
    return x, y


@njit(cache=True, nogil=True)
def _corner(key: Int, column: Int, row: Int) -> Point:
    bits = hash_of(uint64(key) + uint64(5), column, row)
    east = (unit(bits) - 0.5) * _CORNER_SHIFT
    north = (unit(mix(bits)) - 0.5) * _CORNER_SHIFT
    return (column + east) * BLOCK_M, (row + north) * BLOCK_M


@njit(cache=True, nogil=True)
def _left_of(a: Point, b: Point, u: float, v: float) -> float:
    """Return a number that is positive left of the line from a to b, and negative right of it."""
    return (b[0] - a[0]) * (v - a[1]) - (b[1] - a[1]) * (u - a[0])


@njit(cache=True, nogil=True)
def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


@njit(cache=True, nogil=True)
def _block_of(key: Int, u: float, v: float) -> tuple[Int, Int]:
    """Return the column and row of the block that holds a bent place."""
    column, row = np.int64(np.floor(u / BLOCK_M)), np.int64(np.floor(v / BLOCK_M))
    for _ in range(4):
        west, east = _corner(key, column, row), _corner(key, column + 1, row)
        north_west, north_east = _corner(key, column, row + 1), _corner(key, column + 1, row + 1)
        step_x = (_left_of(east, north_east, u, v) < 0.0) - (_left_of(west, north_west, u, v) >= 0.0)
        step_y = (_left_of(north_west, north_east, u, v) >= 0.0) - (_left_of(west, east, u, v) < 0.0)
        if step_x == 0 and step_y == 0:
            break
        column, row = column + step_x, row + step_y
    return column, row


@njit(cache=True, nogil=True)
def _block_corners(key: Int, column: Int, row: Int) -> tuple[Point, Point, Point, Point]:
    """Return the corners against the clock; strips run from the first side to the third, whichever these are."""
    a, b = _corner(key, column, row), _corner(key, column + 1, row)
    c, d = _corner(key, column + 1, row + 1), _corner(key, column, row + 1)
    if _block_bits(key, column, row) & uint64(1):
        return b, c, d, a
    return a, b, c, d


@njit(cache=True, nogil=True)
def _block_bits(key: Int, column: Int, row: Int) -> Int:
    return hash_of(uint64(key) + uint64(6), column, row)


@njit(cache=True, nogil=True)
def _parts(bits: Int, most: int) -> Int:
    return 1 + np.int64((uint64(bits) >> uint64(8)) % uint64(most))


@njit(cache=True, nogil=True)
def _cut(bits: Int, index: Int, parts: Int) -> float:
    """Return where the cut before a part lies, as a share of the whole side: 0 before the first, 1 after the last."""
    if index == 0:
        return 0.0
    if index == parts:
        return 1.0
    shift = (unit(mix(uint64(bits) + uint64(index))) - 0.5) * _CUT_SHIFT
    return float((index + shift) / parts)


@njit(cache=True, nogil=True)
def _field_bits(bits: Int, strip: Int) -> Int:
    return mix(uint64(bits) ^ uint64(1000 + strip))


@njit(cache=True, nogil=True)
def parcel_at(key: Int, x: float, y: float) -> tuple[Int, Int, Int, bool]:
    """Return column and row of the block, the code of the parcel, and whether a lane passes here."""
    u, v = bend(key, x, y)
    column, row = _block_of(key, u, v)
    bits = _block_bits(key, column, row)
    a, b, c, d = _block_corners(key, column, row)

    is_lane = _is_near(a, b, u, v) or _is_near(b, c, u, v) or _is_near(c, d, u, v) or _is_near(d, a, u, v)
    strips, strip = _parts(bits, 4), 0
    while strip + 1 < strips:
        share = _cut(bits, strip + 1, strips)
        if _left_of(_between(a, b, share), _between(d, c, share), u, v) >= 0.0:
            break
        strip += 1

    a, b, c, d = _strip_corners(bits, strip, a, b, c, d)
    bits = _field_bits(bits, strip)
    fields, field = _parts(bits, 5), 0
    while field + 1 < fields:
        share = _cut(bits, field + 1, fields)
        if _left_of(_between(a, d, share), _between(b, c, share), u, v) < 0.0:
            break
        field += 1
    return column, row, strip * FIELDS_A_STRIP + field, is_lane


@njit(cache=True, nogil=True)
def _strip_corners(bits: Int, strip: Int, a: Point, b: Point, c: Point, d: Point) -> tuple[Point, Point, Point, Point]:
    """Return the corners of a strip, given those of its block."""
    strips = _parts(bits, 4)
    low, high = _cut(bits, strip, strips), _cut(bits, strip + 1, strips)
    return _between(a, b, low), _between(a, b, high), _between(d, c, high), _between(d, c, low)


@njit(cache=True, nogil=True)
def _is_near(a: Point, b: Point, u: float, v: float) -> bool:
    """Tell whether a bent place is nearer than the half width of a lane to a border of its block."""
    east, north = b[0] - a[0], b[1] - a[1]
    distance = _left_of(a, b, u, v)
    return distance * distance < _LANE_HALF_WIDTH_M * _LANE_HALF_WIDTH_M * (east * east + north * north)


@njit(cache=True, nogil=True)
def parcel_corners(key: Int, column: Int, row: Int, code: Int) -> Floats:
    """Return the four corners of a parcel in the bent plane, against the clock, of shape (4, 2)."""
    bits = _block_bits(key, column, row)
    a, b, c, d = _block_corners(key, column, row)
    strip, field = code // FIELDS_A_STRIP, code % FIELDS_A_STRIP
    a, b, c, d = _strip_corners(bits, strip, a, b, c, d)
    bits = _field_bits(bits, strip)
    fields = _parts(bits, 5)
    low, high = _cut(bits, field, fields), _cut(bits, field + 1, fields)
    corners = np.empty((4, 2))
    for index, corner in enumerate(
        (_between(a, d, low), _between(b, c, low), _between(b, c, high), _between(a, d, high))
    ):
        corners[index, 0], corners[index, 1] = corner
    return corners


@njit(cache=True, nogil=True)
def codes_in_block(key: Int, column: Int, row: Int) -> list[int]:
    """Return the codes of the parcels of a block."""
    bits = _block_bits(key, column, row)
    return [
        strip * FIELDS_A_STRIP + field
        for strip in range(_parts(bits, 4))
        for field in range(_parts(_field_bits(bits, strip), 5))
    ]
