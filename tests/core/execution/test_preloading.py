import os
import subprocess
import sys

import pytest

from eolearn.core.execution.preloading import PRELOAD_VARIABLE, names_to_preload


def modules_after_preload(names):
    code = "import sys, eolearn.core.execution.preload; print(*sys.modules)"
    environment = {**os.environ, PRELOAD_VARIABLE: " ".join(names)}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_what_is_imported_of_eolearn_is_to_be_preloaded():
    names = names_to_preload()
    assert "eolearn.core.execution.preloading" in names
    assert not {"sys", "pytest", "numpy"} & set(names)


def test_heavy_packages_are_to_be_preloaded_if_they_are_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "rasterio", sys)
    assert "rasterio" in names_to_preload()
    monkeypatch.delitem(sys.modules, "rasterio")
    assert "rasterio" not in names_to_preload()


def test_numba_is_to_be_preloaded_for_the_kernels_of_other_parts(monkeypatch):
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    for name in [name for name in sys.modules if name.startswith("eolearn.") and name.split(".")[1] != "core"]:
        monkeypatch.delitem(sys.modules, name)
    assert "numba" not in names_to_preload()
    monkeypatch.setitem(sys.modules, "eolearn.features.interpolation", sys)
    assert "numba" in names_to_preload()


def test_server_has_numpy_and_what_was_named():
    assert {"numpy", "json.tool", "colorsys"} <= set(modules_after_preload(["json.tool", "colorsys"]))


@pytest.mark.parametrize("name", ["there.is.no.such.module", "antigravity_of_nobody", "this_is not.a_name"])
def test_what_cannot_be_imported_is_left_to_the_workers(name):
    assert "colorsys" in modules_after_preload([name, "colorsys"])


def test_module_that_raises_is_left_to_the_workers(tmp_path, monkeypatch):
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('bad module')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert "colorsys" in modules_after_preload(["raises_on_import", "colorsys"])


def test_server_starts_no_threads():
    pytest.importorskip("numba")
    code = """
import os
import numba
from eolearn.core import parallelize
def threads_of_server(_):
    return len(os.listdir(f"/proc/{os.getppid()}/task"))
print(parallelize(threads_of_server, [0], workers=2, disable=True)[0])
"""
    if not os.path.isdir("/proc/self/task"):
        pytest.skip("needs /proc")
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "1\n"
