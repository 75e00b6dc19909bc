from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from eolearn.mask._kernels.codes import class_table, in_classes

WORDS = st.integers(0, 2**16 - 1)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=4), WORDS)
def test_code_is_in_a_class_if_it_passes_one_of_its_tests(tests, code):
    table = class_table(tests)
    assert in_classes(np.array([code]), table).item() == any(code & bits == value for bits, value in tests)


def test_shape_stays():
    codes = np.array([[[0], [3]], [[8], [3]]], np.uint8)
    assert_array_equal(in_classes(codes, class_table([(0xFFFF, 3)])), codes == 3)
