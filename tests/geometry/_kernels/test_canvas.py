"""Oracle: a loop over all pixels."""

import numpy as np
import pytest

from eolearn.geometry._kernels.canvas import Place, lay


def slowly(images, places, canvas, overlaps):
    """The canvas, and which images differ from an earlier one."""
    result, laid, different = canvas.copy(), np.zeros(canvas.shape[:3], bool), []
    for number, (image, place) in enumerate(zip(images, places, strict=True)):
        differs = False
        for date, row, column in np.ndindex(image.shape[:3]):
            to = place.dates[date], place.rows.start + row, place.columns.start + column
            differs |= laid[to] and not np.array_equal(result[to], image[date, row, column], equal_nan=True)
            if overlaps == "last" or not laid[to]:
                result[to] = image[date, row, column]
            laid[to] = True
        if differs:
            different.append(number)
    return result, different if overlaps == "equal" else []


@pytest.mark.parametrize("overlaps", ["equal", "first", "last"])
@pytest.mark.parametrize("seed", range(12))
def test_each_pixel_is_that_of_the_first_or_last_image(overlaps, seed):
    rng = np.random.default_rng(seed)
    images, places = [], []
    for _ in range(4):
        dates, height, width = rng.integers(1, 4), rng.integers(1, 5), rng.integers(1, 5)
        top, left = rng.integers(0, 8 - height), rng.integers(0, 9 - width)
        images.append(rng.choice([1.0, np.nan], (dates, height, width, 2), p=[0.9, 0.1]))
        order = rng.permutation(3)[:dates].tolist()
        places.append(Place(order, slice(top, top + height), slice(left, left + width)))
    canvas = np.full((3, 7, 8, 2), -1.0)
    expected = slowly(images, places, canvas, overlaps)
    assert lay(images, places, canvas, overlaps=overlaps) == expected[1]
    np.testing.assert_array_equal(canvas, expected[0])
