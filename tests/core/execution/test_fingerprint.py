import copy
import datetime as dt
import enum
import functools
import io
import logging
import pickle
import re
import subprocess
import sys
import textwrap
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eolearn.core import EOTask, FeatureType, SaveTask
from eolearn.core.exceptions import SettingError
from eolearn.core.execution.fingerprint import Fingerprinter, NoFingerprint
from eolearn.core.utils.testing import generate_eopatch


def fingerprint(value):
    return Fingerprinter().of(value)


atoms = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.datetimes() | st.dates()
values = st.recursive(
    atoms,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4) | st.tuples(inner, inner),
)


@given(values)
def test_copies_have_the_fingerprint_of_the_original(value):
    assert fingerprint(copy.deepcopy(value)) == fingerprint(value) == fingerprint(pickle.loads(pickle.dumps(value)))


@given(values, values)
def test_different_values_have_different_fingerprints(one, other):
    if repr(one) != repr(other):
        assert fingerprint(one) != fingerprint(other)


@given(hnp.arrays(st.sampled_from(["u1", "f4", ">i2", "M8[s]", "S3", "?", "c8"]), hnp.array_shapes(min_side=0)))
def test_arrays_count_by_dtype_shape_and_content_whatever_their_layout(array):
    assert fingerprint(np.asfortranarray(array)) == fingerprint(array) == fingerprint(array.copy())
    assert fingerprint(array.reshape((*array.shape, 1))) != fingerprint(array)
    if array.size:
        changed = array.copy()
        changed.view("u1").flat[0] ^= 1
        assert fingerprint(changed) != fingerprint(array)


def test_arrays_of_views_fields_and_objects():
    assert fingerprint(np.arange(10)[::2]) == fingerprint(np.array([0, 2, 4, 6, 8]))
    assert fingerprint(np.zeros(2, "i4,f4")) != fingerprint(np.zeros(2, "i4,i4"))
    assert fingerprint(np.array(["a", None], object)) != fingerprint(np.array(["a", 1], object))
    assert fingerprint(np.ma.array([1, 2], mask=[0, 1])) != fingerprint(np.ma.array([1, 2], mask=[0, 0]))
    assert fingerprint(np.float32(1)) != fingerprint(np.float64(1)) != fingerprint(1.0)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        ("1", b"1"),
        ([1, 2], (1, 2)),
        ([[1], 2], [[1, 2]]),
        (["ab", "c"], ["a", "bc"]),
        ({1, 2}, frozenset({1, 2})),
        ({"a": 1}, {"a": 2}),
        (float("nan"), 0.0),
        (0.0, -0.0),
        (FeatureType.DATA, FeatureType.MASK),
        (Path("a"), "a"),
        (re.compile("a"), re.compile("a", re.IGNORECASE)),
        (dt.date(2026, 1, 1), dt.datetime(2026, 1, 1)),
        (range(3), range(4)),
        (len, sum),
        (dict, list),
        (functools.partial(int, base=2), functools.partial(int, base=3)),
        (logging.getLogger("a"), logging.getLogger("b")),
        ("x".join, "y".join),
        (np, np.linalg),
    ],
)
def test_what_differs_in_kind_or_content_differs(one, other):
    assert fingerprint(one) == fingerprint(one)
    assert fingerprint(one) != fingerprint(other)


def test_circles_have_a_fingerprint():
    def circle(value):
        items = [value]
        items.append(items)
        return items

    assert fingerprint(circle(1)) == fingerprint(circle(1)) != fingerprint(circle(2))


# --- functions and classes ---------------------------------------------------------------------------------------


def make(offset, default=1):
    return lambda x, y=default: x + y + offset


OFFSET = 1


def adds_global(x):
    return helper(x) + OFFSET


def helper(x):
    return adds_global(x - 1) if x else len([])


def test_functions_count_by_code_closure_and_defaults():
    assert fingerprint(make(1)) == fingerprint(make(1))
    assert fingerprint(make(1)) != fingerprint(make(2))
    assert fingerprint(make(1, default=2)) != fingerprint(make(1))
    assert fingerprint([make(1), make(2)]) != fingerprint([make(2), make(1)])
    assert fingerprint(lambda x: x + 1) != fingerprint(lambda x: x + 2)
    assert fingerprint(functools.partial(make(1), 3)) != fingerprint(functools.partial(make(2), 3))


def test_global_names_that_a_function_uses_count_those_of_other_functions_too(monkeypatch):
    before = fingerprint(adds_global), fingerprint(helper), fingerprint(make(1))
    assert (fingerprint(adds_global), fingerprint(helper)) == before[:2]
    monkeypatch.setitem(globals(), "OFFSET", 2)
    assert fingerprint(adds_global) != before[0]
    assert fingerprint(helper) != before[1]
    assert fingerprint(make(1)) == before[2]


def test_fingerprint_does_not_depend_on_what_was_met_before():
    fresh = fingerprint(helper)
    fingerprinter = Fingerprinter()
    fingerprinter.of([adds_global, make(1), helper])
    assert fingerprinter.of(helper) == fresh


def test_many_functions_that_call_each_other_take_no_exponential_time():
    names = [f"function_{number}" for number in range(60)]
    code = "\n".join(
        f"def {name}(): return {'+'.join(f'{n}()' for n in names[:i] + names[i + 1 :])}" for i, name in enumerate(names)
    )
    namespace = {"__name__": "__main__"}
    exec(code, namespace)
    assert fingerprint(namespace["function_0"]) == fingerprint(namespace["function_0"])


def class_with(code):
    namespace = {"__name__": "__main__", "EOTask": EOTask, "functools": functools}
    exec(f"class Own(EOTask):\n{textwrap.indent(textwrap.dedent(code), '    ')}", namespace)
    return namespace["Own"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def execute(self, x): return x", "def execute(self, x): return -x"),
        ("FACTOR = 2", "FACTOR = 3"),
        ("@property\ndef size(self): return 1", "@property\ndef size(self): return 2"),
        ("@staticmethod\ndef size(): return 1", "@staticmethod\ndef size(): return 2"),
        ("@classmethod\ndef size(cls): return 1", "@classmethod\ndef size(cls): return 2"),
        (
            "@functools.cached_property\ndef size(self): return 1",
            "@functools.cached_property\ndef size(self): return 2",
        ),
        ("@functools.lru_cache\ndef size(self): return 1", "@functools.lru_cache\ndef size(self): return 2"),
    ],
)
def test_classes_of_the_user_count_by_their_code(one, other):
    assert fingerprint(class_with(one)) == fingerprint(class_with(one))
    assert fingerprint(class_with(one)) != fingerprint(class_with(other))


def test_classes_of_packages_count_by_name_and_version(monkeypatch):
    from eolearn.core.execution import code_parts

    before = fingerprint(SaveTask("patches"))
    assert fingerprint(SaveTask("patches")) == before
    code_parts.version_of.cache_clear()
    monkeypatch.setattr(code_parts.importlib.metadata, "version", lambda name: f"99 of {name}")
    assert code_parts.version_of("eolearn.ml_tools.sampling") == "99 of eo-learn-ml-tools"
    assert fingerprint(SaveTask("patches")) != before
    code_parts.version_of.cache_clear()


def test_own_modules_count_by_the_text_of_their_file(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "settings_of_user.py").write_text("VALUE = 1")
    import settings_of_user

    before = fingerprint(settings_of_user)
    (tmp_path / "settings_of_user.py").write_text("VALUE = 2")
    assert fingerprint(settings_of_user) != before


def test_own_modules_that_a_function_imports_count_by_the_text_of_their_file(tmp_path, monkeypatch):
    def execute():
        from helpers_of_user.sub import double
        from sklearn.ensemble import RandomForestClassifier  # an installed one is not even looked at

        return double, RandomForestClassifier

    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helpers_of_user").mkdir()
    (tmp_path / "helpers_of_user" / "__init__.py").touch()
    file = tmp_path / "helpers_of_user" / "sub.py"
    file.write_text("double = 2")
    before = fingerprint(execute)
    assert "helpers_of_user" not in sys.modules
    assert fingerprint(execute) == before
    file.write_text("double = 3")
    assert fingerprint(execute) != before


def test_imports_that_lead_nowhere_have_a_fingerprint():
    def execute():
        import not_there.at_all

        from . import neighbour

        return neighbour, not_there

    assert fingerprint(execute) == fingerprint(execute)


def test_compiled_functions_count_by_their_code():
    numba = pytest.importorskip("numba")
    assert fingerprint(numba.njit(make(1))) == fingerprint(numba.njit(make(1))) != fingerprint(numba.njit(make(2)))


# --- tasks and other objects -------------------------------------------------------------------------------------


class ModelTask(EOTask):
    def __init__(self, model, note=None):
        self.model = model

    def execute(self, *_):
        return None


class SlotTask(EOTask):
    __slots__ = ("size",)

    def __init__(self, size):
        self.size = size

    def execute(self, *_):
        return None


@dataclass(frozen=True, kw_only=True)
class DataTask(EOTask):
    names: frozenset

    def execute(self, *_):
        return None


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


def test_tasks_count_by_their_state_not_by_what_they_were_given():
    assert fingerprint(ModelTask(1, note="a")) == fingerprint(ModelTask(1, note="b"))
    assert fingerprint(ModelTask(1)) != fingerprint(ModelTask(2))
    assert fingerprint(SlotTask(1)) == fingerprint(SlotTask(1)) != fingerprint(SlotTask(2))
    assert fingerprint(DataTask(names=frozenset("ab"))) != fingerprint(DataTask(names=frozenset("ac")))
    assert fingerprint(ModelTask(Colour.RED)) != fingerprint(ModelTask(Colour.BLUE))
    task = ModelTask([1])
    task.model.append(2)
    assert fingerprint(task) != fingerprint(ModelTask([1]))


def test_models_count_by_what_they_have_learnt():
    ensemble = pytest.importorskip("sklearn.ensemble")
    x, y = np.random.default_rng(0).random((50, 2)), np.arange(50) % 2

    def fitted(seed):
        return ensemble.RandomForestClassifier(3, random_state=seed).fit(x, y)

    assert fingerprint(ModelTask(fitted(1))) == fingerprint(ModelTask(fitted(1)))
    one, other = fitted(1), fitted(2)
    other.random_state = 1
    assert fingerprint(ModelTask(one)) != fingerprint(ModelTask(other))


def test_patches_tables_and_geometries_count_by_their_content():
    from sentinelhub import CRS, BBox

    def patch(seed):
        return generate_eopatch([(FeatureType.DATA, "X"), (FeatureType.LABEL, "Y")], seed=seed)

    assert fingerprint(patch(1)) == fingerprint(patch(1)) != fingerprint(patch(2))
    assert fingerprint(BBox((1, 2, 3, 4), CRS.WGS84)) != fingerprint(BBox((1, 2, 3, 5), CRS.WGS84))
    geopandas = pytest.importorskip("geopandas")
    frames = [
        geopandas.GeoDataFrame({"a": [1, number]}, geometry=geopandas.points_from_xy([0, 1], [0, 1]), crs=4326)
        for number in (2, 2, 3)
    ]
    assert fingerprint(frames[0]) == fingerprint(frames[1]) != fingerprint(frames[2])


def test_state_that_a_class_keeps_out_of_its_pickle_does_not_count():
    class Lazy:
        def __init__(self, path):
            self.path, self.lock = path, threading.Lock()

        def __getstate__(self):
            return {"path": self.path}

    assert fingerprint(Lazy("a")) == fingerprint(Lazy("a")) != fingerprint(Lazy("b"))


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (threading.Lock(), "value is a _thread.lock"),
        ({"a": [0, threading.Lock()]}, r"value\['a'\]\[1\] is a _thread.lock"),
        (ModelTask(threading.Lock()), "value.model is a _thread.lock"),
        ((number for number in range(3)), "value is a builtins.generator"),
        (io.TextIOWrapper(io.BytesIO()), "value is a _io.TextIOWrapper"),
        (sys, None),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_data_is_refused_and_the_place_is_named(value, where):
    if where is None:
        assert Fingerprinter().of(value, "value")
        return
    with pytest.raises(NoFingerprint, match=where) as caught:
        Fingerprinter().of(value, "value")
    assert isinstance(caught.value, SettingError)


def test_variable_that_a_function_holds_on_to_is_named():
    lock = threading.Lock()
    with pytest.raises(NoFingerprint, match="function variable lock is a _thread.lock"):
        Fingerprinter().of(lambda: lock, "function")


def test_value_that_is_nested_too_deep_is_refused():
    value = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(NoFingerprint, match="setting .*nested too deep"):
        Fingerprinter().of(value, "setting")


def test_after_an_error_other_values_have_their_fingerprints():
    fingerprinter = Fingerprinter()
    with pytest.raises(NoFingerprint):
        fingerprinter.of([[threading.Lock()]])
    assert fingerprinter.of([[1]]) == fingerprint([[1]])


SCRIPT = """
import datetime, logging
import numpy as np
from eolearn.core import *
from eolearn.core.execution.fingerprint import Fingerprinter
from eolearn.core.utils.testing import generate_eopatch
LOGGER = logging.getLogger("own")
FACTOR = {"b", "a", "c"}

def helper(x):
    LOGGER.info("x")
    return x in {"p", "q", "r"} or FACTOR

class Own(EOTask):
    def __init__(self, function):
        self.function = function
        self.names = {"one", "two", "three"}
    def execute(self, x):
        return helper(self.function(x))

value = [Own(lambda x: x in {"k", "l", "m"}), generate_eopatch([(FeatureType.DATA, "X")]), SaveTask("here"),
         {"set": {"x", "y", "z"}, "day": datetime.date(2026, 1, 1), "array": np.arange(3)}]
print(Fingerprinter().of(value).hex())
"""


def test_fingerprint_is_the_same_in_other_processes(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    printed = {
        subprocess.run(
            [sys.executable, "script.py"],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(printed) == 1
    assert len(printed.pop().strip()) == 40
