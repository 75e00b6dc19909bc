from __future__ import annotations

import subprocess
import sys

import eolearn.features


def test_all_names_can_be_imported():
    for name in eolearn.features.__all__:
        assert getattr(eolearn.features, name) is not None


def test_an_index_needs_neither_numba_nor_opencv_nor_scikit_learn():
    code = (
        "import sys; from eolearn.features import NormalizedDifferenceIndexTask;"
        "print(sorted({'numba', 'cv2', 'sklearn', 'scipy'} & set(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
