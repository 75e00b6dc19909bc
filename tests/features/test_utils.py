from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from eolearn.core.exceptions import DataError, EORuntimeWarning, SettingError
from eolearn.features.utils import ResizeLib, ResizeMethod, ResizeParam, spatially_resize_image

RNG = np.random.default_rng(0)
IMAGE = RNG.random((8, 10))


def test_choices_have_the_values_of_1x():
    assert {member.name: member.value for member in ResizeParam} == {
        "NEW_SIZE": "new_size",
        "SCALE_FACTORS": "scale_factors",
        "RESOLUTION": "resolution",
    }
    assert [member.value for member in ResizeMethod] == ["nearest", "linear", "cubic"]
    assert {member.name: member.value for member in ResizeLib} == {"PIL": "PIL", "CV2": "cv2"}


@pytest.mark.parametrize(
    ("method", "dtype", "expected"),
    [
        ("NEAREST", np.float32, cv2.INTER_NEAREST),
        ("LINEAR", "float64", cv2.INTER_LINEAR),
        ("CUBIC", np.dtype("f2"), cv2.INTER_CUBIC),
        ("NEAREST", np.uint8, cv2.INTER_NEAREST_EXACT),
        ("LINEAR", bool, cv2.INTER_LINEAR_EXACT),
    ],
)
def test_opencv_method_depends_on_the_dtype(method, dtype, expected):
    assert ResizeMethod[method].get_cv2_method(dtype) == expected


@pytest.mark.parametrize(
    ("method", "dtype"), [("CUBIC", np.int32), ("CUBIC", bool), ("LINEAR", "U3"), ("NEAREST", "c8")]
)
def test_dtypes_without_an_opencv_method_are_refused(method, dtype):
    with pytest.raises(SettingError, match="can't"):
        ResizeMethod[method].get_cv2_method(dtype)


def test_pillow_methods():
    methods = [member.get_pil_method() for member in ResizeMethod]
    assert methods == [Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC]


@pytest.mark.parametrize("library", ResizeLib)
@pytest.mark.parametrize("dtype", ["i1", "u1", "i2", "i4", "f4", "f8"])
def test_dtypes_that_a_library_knows_are_compatible(library, dtype):
    assert library.get_compatible_dtype(dtype) == dtype


def test_small_dtypes_become_larger_ones_silently():
    assert ResizeLib.CV2.get_compatible_dtype(bool) == np.uint8
    assert ResizeLib.CV2.get_compatible_dtype(np.float16) == np.float32
    assert ResizeLib.PIL.get_compatible_dtype(np.float16) == np.float32
    assert ResizeLib.CV2.get_compatible_dtype(np.uint16) == np.uint16


@pytest.mark.parametrize(
    ("library", "dtype"),
    [("CV2", "u4"), ("CV2", "i8"), ("CV2", "u8"), ("PIL", "u2"), ("PIL", "u4"), ("PIL", "i8"), ("PIL", "u8")],
)
def test_large_integers_become_int32_with_a_warning(library, dtype):
    with pytest.warns(EORuntimeWarning, match=np.dtype(dtype).name):
        assert ResizeLib[library].get_compatible_dtype(np.dtype(dtype)) == np.int32


@pytest.mark.parametrize("method", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("library", ["cv2", "PIL"])
def test_image_is_resized_as_by_the_library_itself(method, library):
    result = spatially_resize_image(IMAGE, new_size=(5, 12), resize_method=method, resize_library=library)
    assert result.dtype == np.float64
    if library == "cv2":
        expected = cv2.resize(IMAGE, (12, 5), interpolation=ResizeMethod(method).get_cv2_method(float))
        assert_array_equal(result, expected)
    else:
        expected = Image.fromarray(IMAGE.astype(np.float32)).resize((12, 5), ResizeMethod(method).get_pil_method())
        assert_array_equal(result, np.asarray(expected))


@pytest.mark.parametrize("library", ResizeLib)
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((2, 8, 10, 3), None),
        ((8, 10, 3), None),
        ((8, 10), None),
        ((8, 10, 2, 1, 2), None),
        ((2, 8, 3, 10), (1, 3)),
        ((8, 2, 10), (0, 2)),
    ],
)
def test_each_image_of_a_stack_is_resized(library, shape, axes):
    data = RNG.random(shape, dtype=np.float32)
    before = data.copy()
    used = axes or ((1, 2) if len(shape) == 4 else (0, 1))
    result = spatially_resize_image(data, new_size=(4, 6), spatial_axes=axes, resize_library=library)
    images, results = np.moveaxis(data, used, (-2, -1)), np.moveaxis(result, used, (-2, -1))
    assert results.shape == (*images.shape[:-2], 4, 6)
    for place in np.ndindex(images.shape[:-2]):
        expected = spatially_resize_image(images[place], new_size=(4, 6), resize_library=library)
        assert_allclose(results[place], expected, atol=1e-6)
    assert_array_equal(data, before)


def test_factors_are_rounded_as_python_rounds():
    assert spatially_resize_image(np.ones((101, 7)), scale_factors=(0.5, 1.5)).shape == (50, 10)  # 50.5 and 10.5


DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]
INTEGERS_BY_CUBIC_CV2 = {("cv2", "cubic", dtype) for dtype in DTYPES if not dtype.startswith("f")}


@pytest.mark.parametrize(
    ("library", "method", "dtype"),
    sorted(set(product(["cv2", "PIL"], ["nearest", "linear", "cubic"], DTYPES)) - INTEGERS_BY_CUBIC_CV2),
)
def test_constant_images_stay_constant_in_their_dtype(library, method, dtype):
    data = np.full((1, 4, 6, 2), 1, dtype)
    result = spatially_resize_image(data, new_size=(2, 9), resize_method=method, resize_library=library)
    assert result.dtype == dtype
    assert_allclose(result, np.ones((1, 2, 9, 2)), rtol=1e-6)


def test_unsigned_integers_do_not_wrap_around_where_cubic_overshoots():
    step = np.array([[0] * 4 + [60000] * 4], np.uint16)
    result = spatially_resize_image(step, new_size=(1, 32), resize_method="cubic", resize_library="PIL")
    floats = spatially_resize_image(step.astype(float), new_size=(1, 32), resize_method="cubic", resize_library="PIL")
    assert floats.min() < -100
    assert_allclose(result, np.clip(floats, 0, 65535), atol=1)


@pytest.mark.parametrize("library", ResizeLib)
@pytest.mark.parametrize("shape", [(0, 4, 4, 2), (2, 4, 4, 0)])
def test_stack_of_no_images_becomes_one_of_the_new_size(library, shape):
    result = spatially_resize_image(np.ones(shape), new_size=(2, 3), resize_library=library)
    assert result.shape == (shape[0], 2, 3, shape[3])


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"new_size": (2, 2), "scale_factors": (1, 1)},
        {"new_size": (0, 2)},
        {"scale_factors": (0.01, 1)},
        {"new_size": (2, 2), "spatial_axes": (1, 0)},
        {"new_size": (2, 2), "spatial_axes": (0, 2)},
        {"new_size": (2, 2), "spatial_axes": (0,)},
        {"new_size": (2, 2), "resize_method": "NEAREST"},
        {"new_size": (2, 2), "resize_library": "CV2"},
    ],
)
def test_settings_that_do_not_fit_are_refused(settings):
    with pytest.raises(SettingError):
        spatially_resize_image(np.ones((8, 10)), **settings)


@pytest.mark.parametrize("library", ResizeLib)
def test_images_that_can_not_be_resized_are_refused(library):
    with pytest.raises(DataError, match="without pixels"):
        spatially_resize_image(np.ones((0, 4)), new_size=(2, 2), resize_library=library)
    with pytest.raises(SettingError, match="complex64"):
        spatially_resize_image(np.ones((4, 4), np.complex64), new_size=(2, 2), resize_library=library)


def test_integers_beyond_pillows_are_refused():
    with pytest.raises(DataError, match="CV2"):
        spatially_resize_image(np.array([[2**31, 1]]), new_size=(2, 2), resize_library="PIL")
    assert spatially_resize_image(np.array([[2**40, 2**40]]), new_size=(1, 1)).item() == 2**40
