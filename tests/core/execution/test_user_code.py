import importlib
import importlib.util
import pickle
import sys

import cloudpickle
import numpy as np
import pytest

import eolearn.core.constants
from eolearn.core.execution.user_code import look_for_new_code


@pytest.fixture
def write_module(tmp_path):
    """Writes a module, and forgets it after the test."""
    names = []

    def write(name, code="VALUE = 1"):
        names.append(name)
        path = tmp_path / f"{name}.py"
        path.write_text(code)
        return path

    yield write
    for name in names:
        module = sys.modules.pop(name, None)
        if module is not None and name in cloudpickle.list_registry_pickle_by_value():
            cloudpickle.unregister_pickle_by_value(module)


def load_from_outside(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_module_from_outside_the_path_is_pickled_with_its_code(write_module):
    module = load_from_outside("module_from_outside", write_module("module_from_outside", "def f(): return 1"))
    look_for_new_code()
    assert "module_from_outside" in cloudpickle.list_registry_pickle_by_value()
    packed = cloudpickle.dumps(module.f)
    del sys.modules["module_from_outside"]
    assert pickle.loads(packed)() == 1


def test_module_on_the_path_is_pickled_by_its_name(write_module, monkeypatch, tmp_path):
    write_module("module_on_the_path")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("module_on_the_path")
    look_for_new_code()
    assert "module_on_the_path" not in cloudpickle.list_registry_pickle_by_value()


def test_module_that_another_one_hides_on_the_path_is_pickled_with_its_code(write_module, monkeypatch, tmp_path):
    path = write_module("hidden_module")
    (tmp_path / "first").mkdir()
    (tmp_path / "first" / "hidden_module.py").write_text("VALUE = 2")
    monkeypatch.syspath_prepend(tmp_path / "first")
    load_from_outside("hidden_module", path)
    look_for_new_code()
    assert "hidden_module" in cloudpickle.list_registry_pickle_by_value()


def test_installed_modules_and_those_of_eolearn_are_pickled_by_their_names():
    look_for_new_code()
    registered = cloudpickle.list_registry_pickle_by_value()
    assert not {np.__name__, pytest.__name__, eolearn.core.constants.__name__} & registered


def test_module_loaded_again_is_noticed_once(write_module, monkeypatch, tmp_path):
    write_module("module_loaded_again")
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("module_loaded_again")
    look_for_new_code()
    assert not look_for_new_code()
    importlib.reload(module)
    assert look_for_new_code()
    assert not look_for_new_code()


def test_modules_of_strange_kinds_are_left_alone(monkeypatch):
    class Explosive(type(sys)):
        def __getattribute__(self, name):
            raise AssertionError("was looked at")

    monkeypatch.setitem(sys.modules, "explosive_module", Explosive("explosive_module"))
    monkeypatch.setitem(sys.modules, "no_module", None)
    assert not look_for_new_code()
