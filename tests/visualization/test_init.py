from __future__ import annotations

import subprocess
import sys

import eolearn.visualization


def test_all_names_can_be_imported_from_the_part():
    assert {"PlotBackend", "PlotConfig"} <= set(eolearn.visualization.__all__)
    assert all(hasattr(eolearn.visualization, name) for name in eolearn.visualization.__all__)


def test_a_report_is_made_without_matplotlib():
    code = (
        "import sys, eolearn.visualization.eoexecutor; print(*{'matplotlib', 'geopandas', 'pandas'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout == "\n"


def test_a_plot_without_matplotlib_says_what_to_install():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from eolearn.visualization import plot_confusion_matrix\n"
        "try: plot_confusion_matrix([[1]], ['a'])\n"
        "except RuntimeError as error: print(error)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'eo-learn-core[visualization]'" in answer.stdout
