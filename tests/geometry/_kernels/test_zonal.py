"""Oracles: arithmetic on the covered shares of each pixel as shapely has them, and numbers worked out by hand."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eolearn.geometry._kernels.zonal import Image, zonal_statistics

SHAPE, BOUNDS = (5, 6), (0, 0, 6, 5)
values = st.sampled_from([np.nan, 0.0, 1.0, 2.0, 3.5, -4.0])
corners = st.tuples(st.floats(-2, 8), st.floats(-2, 7))
triangles = (
    st.lists(corners, min_size=3, max_size=3, unique=True)
    .map(shapely.Polygon)
    .filter(lambda shape: shape.is_valid and shape.intersection(shapely.box(*BOUNDS)).area > 0.1)
)


def shares_of(polygon):
    shares = np.zeros(SHAPE)
    for row, column in np.ndindex(SHAPE):
        pixel = shapely.box(column, 4 - row, column + 1, 5 - row)
        shares[row, column] = polygon.intersection(pixel).area
    return shares


def slowly(polygon, image):
    used = (shares_of(polygon) > 1e-9) & np.isfinite(image)
    weights, kept = shares_of(polygon)[used], image[used]
    if not len(kept):
        return [np.nan, np.nan, 0, 0, 0]
    mean = (weights * kept).sum() / weights.sum()
    variance = (weights * (kept - mean) ** 2).sum() / weights.sum()
    return [mean, variance**0.5, (weights * kept).sum(), weights.sum(), weights.sum() / polygon.area]


@given(triangles, arrays(np.float64, SHAPE, elements=values))
def test_weighted_statistics_equal_arithmetic_on_covered_shares(polygon, image):
    names = ["mean", "std", "sum", "count", "valid_share"]
    found = zonal_statistics(np.array([polygon]), [Image(image)], BOUNDS, names)
    np.testing.assert_allclose(found[0, 0], slowly(polygon, image), rtol=1e-9, atol=1e-6)


@given(arrays(np.int16, SHAPE, elements=st.integers(-5, 5)))
def test_whole_pixels_have_the_plain_statistics_of_numpy(image):
    polygon = shapely.box(1, 1, 5, 4)  # 12 whole pixels
    inner = image[1:4, 1:5]
    classes, counts = np.unique(inner, return_counts=True)
    names = ["mean", "std", "min", "max", "sum", "count", "majority", "minority", "variety", "q0", "q100"]
    expected = [inner.mean(), inner.std(), inner.min(), inner.max(), inner.sum(), 12]
    expected += [classes[counts == counts.max()].max(), classes[counts == counts.min()].min(), len(classes)]
    found = zonal_statistics(np.array([polygon]), [Image(image)], BOUNDS, names)[0, 0]
    np.testing.assert_allclose(found, [*expected, inner.min(), inner.max()], atol=1e-9)


def test_quantiles_of_equal_weights_are_those_of_numpy():
    image = np.array([[3, 9, 1, 7]], np.uint8)
    found = zonal_statistics(
        np.array([shapely.box(0, 0, 4, 1)]), [Image(image)], (0, 0, 4, 1), ["q25", "median", "q75"]
    )
    np.testing.assert_allclose(found[0, 0], np.quantile(image, [0.25, 0.5, 0.75]))  # 2.5, 5, 7.5: not cut to integers


def test_images_of_several_sizes_and_several_polygons_are_kept_apart():
    fine, coarse = Image(np.arange(16.0).reshape(4, 4)), Image(np.array([[5.0]]))
    polygons = np.array([shapely.box(0, 3, 1, 4), shapely.box(3, 0, 4, 1)])
    found = zonal_statistics(polygons, [fine, coarse], (0, 0, 4, 4), ["mean", "count"])
    np.testing.assert_allclose(found, [[[0, 1], [15, 1]], [[5, 1 / 16], [5, 1 / 16]]])


@pytest.mark.parametrize("dtype", ["bool", "uint8", ">i4", "int64", "float16", "float32", "float64"])
def test_any_dtype_is_measured(dtype):
    image = np.array([[0, 1, 1]], dtype)
    valid = np.array([[True, True, False]])
    found = zonal_statistics(np.array([shapely.box(0, 0, 3, 1)]), [Image(image, valid)], (0, 0, 3, 1), ["sum", "count"])
    np.testing.assert_array_equal(found[0, 0], [1, 2])
    np.testing.assert_array_equal(image, np.array([[0, 1, 1]], dtype))


def test_without_polygons_there_is_an_empty_result():
    assert zonal_statistics(np.array([], object), [Image(np.zeros((2, 2)))], (0, 0, 1, 1), ["mean"]).shape == (1, 0, 1)


@pytest.mark.parametrize("seed", range(20))
def test_statistics_are_those_of_exactextract(seed):
    from exactextract import Operation, exact_extract
    from exactextract.raster import NumPyRasterSource

    rng = np.random.default_rng(seed)
    image = rng.choice([np.nan, 0.0, 1.0, 2.0, 3.5, -4.0], SHAPE)
    if seed % 2:  # quantiles of equal values are others there: of the different values, whatever their number
        image += rng.random(SHAPE)
    polygon = shapely.Point(*rng.uniform(1, 5, 2)).buffer(rng.uniform(0.5, 3))  # no corners on the borders of pixels
    feature = {"type": "Feature", "geometry": shapely.geometry.mapping(polygon), "properties": {}}
    theirs = ["mean", "stdev", "min", "max", "sum", "count", "majority", "minority", "variety"]
    source = NumPyRasterSource(image, *BOUNDS)
    operations = [Operation(name, name, source) for name in theirs]
    shares = (0, 10, 50, 75, 100) if seed % 2 else ()
    operations += [Operation("quantile", f"q{share}", source, None, {"q": share / 100}) for share in shares]
    (row,) = exact_extract(source, feature, operations)
    ours = ["std" if name == "stdev" else name for name in theirs] + [f"q{share}" for share in shares]
    found = zonal_statistics(np.array([polygon]), [Image(image)], BOUNDS, ours)[0, 0]
    expected = np.array([row["properties"][operation.name] for operation in operations], float)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)  # its shares are float32


def test_quantiles_of_weighted_values_are_those_worked_out_by_hand():
    # three pixels covered by 1, 1 and 0.5 stand at 0, 1 * 1 + 2 * 1 = 3 and 2 * 0.5 + 2 * 2 = 5: half of 5 is 2.5
    image = Image(np.array([[10.0, 20.0, 40.0]]))
    found = zonal_statistics(np.array([shapely.box(0, 0, 2.5, 1)]), [image], (0, 0, 3, 1), ["q0", "median", "q100"])
    np.testing.assert_allclose(found[0, 0], [10, 10 + 10 * 2.5 / 3, 40])
