"""What is kept of a value makes the same value again."""

from __future__ import annotations

import datetime
import functools
import linecache
import math
import os.path
import zoneinfo
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.ndimage
import shapely
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import given
from hypothesis.extra.numpy import array_dtypes, array_shapes, arrays, from_dtype, scalar_dtypes
from sentinelhub import CRS, BBox, DataCollection, Geometry, MosaickingOrder, SHConfig

from eolearn.core import (
    CopyTask,
    EOTask,
    FeatureType,
    InitializeFeatureTask,
    LoadTask,
    OverwritePermission,
    SaveTask,
    get_filesystem,
)
from eolearn.core.execution.fingerprint import Fingerprinter
from eolearn.core.provenance.preamble import Preamble
from eolearn.core.provenance.sources import Sources
from eolearn.core.provenance.values import loaded_files
from eolearn.core.utils.testing import generate_eopatch


def made_again(value: object, name: str = "value", fill: dict[str, object] | None = None) -> Any:
    """Write a value, and run what was written."""
    preamble = Preamble()
    source = Sources(preamble).of(value, name)
    namespace: dict[str, Any] = dict(fill or {})
    assert set(preamble.placeholders) == set(namespace)
    script = [*preamble.imports.values(), *preamble.definitions.values(), f"the_value = {source}"]
    exec("from __future__ import annotations\n" + "\n".join(script), namespace)
    return namespace["the_value"]


def placeholder_of(value: object, name: str = "value") -> dict[str, Any]:
    preamble = Preamble()
    assert Sources(preamble).of(value, name) == name
    return preamble.placeholders[name]


def is_same(first: object, second: object) -> bool:
    """Compare type and content; NaN is the same as NaN."""
    return Fingerprinter().of(first) == Fingerprinter().of(second)


dates = st.datetimes() | st.dates() | st.times() | st.timedeltas()
zoned = st.datetimes(timezones=st.sampled_from([datetime.UTC, datetime.timezone(datetime.timedelta(hours=2))]))
enums = st.sampled_from([FeatureType.DATA, OverwritePermission.ADD_ONLY, MosaickingOrder.LEAST_CC])
small = {"min_side": 0, "max_side": 4, "max_dims": 3, "min_dims": 0}
simple_dtypes = st.sampled_from([bool, np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64, np.complex64])


def elements(dtype: Any) -> st.SearchStrategy[Any]:
    return from_dtype(np.dtype(dtype), allow_nan=False)  # of NaN there are many, and only one is written


arrays_of_numbers = simple_dtypes.flatmap(lambda dtype: arrays(dtype, array_shapes(**small), elements=elements(dtype)))
numbers_of_numpy = simple_dtypes.flatmap(elements)
numbers = st.one_of(st.integers(), st.floats(allow_nan=False), st.complex_numbers(allow_nan=False), st.just(math.nan))
places = st.tuples(*[st.floats(-80, 80)] * 4).map(lambda corners: BBox(corners, CRS.WGS84))
atoms = st.one_of(
    *(st.none(), st.just(...), st.booleans(), numbers, st.binary(max_size=20)),
    *(st.text(max_size=20), dates, zoned, enums, arrays_of_numbers, numbers_of_numpy, places, st.from_type(slice)),
    *(scalar_dtypes(), st.sampled_from([np.uint8, float, CRS(3857), DataCollection.SENTINEL2_L1C, range(3)])),
    *(st.sampled_from([Path("a/b"), PurePosixPath("/c")]), st.sampled_from([np.datetime64("2020-01-01", "h")])),
)
hashable = st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(list(FeatureType)[:11])
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(hashable, inner, max_size=4),
        st.sets(hashable, max_size=4),
        st.frozensets(hashable, max_size=4),
    ),
    max_leaves=8,
)


@given(values)
def test_settings_are_written_as_source_that_makes_the_same_values(value: object) -> None:
    assert is_same(made_again(value), value)


@given(array_dtypes(max_size=3))
def test_structured_dtypes_are_made_again(dtype: np.dtype[Any]) -> None:
    assert made_again(dtype) == dtype


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(0.1, 1 / 3),
        shapely.box(0, 0, 1e-9, 123456.789012345),
        shapely.Polygon(),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1).buffer(0.1)]),
    ],
)
def test_shapes_are_made_again_to_the_last_bit(shape: shapely.Geometry) -> None:
    assert shapely.to_wkb(made_again(shape)) == shapely.to_wkb(shape)


def test_geometries_of_sentinelhub_are_made_again() -> None:
    geometry = Geometry(shapely.Point(0.1, 1 / 3).buffer(1), CRS.UTM_33N)
    assert made_again(geometry) == geometry


def test_times_in_named_zones_are_made_again() -> None:
    time = datetime.datetime(2026, 6, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Ljubljana"))
    assert made_again(time) == time
    assert made_again(time).tzinfo is time.tzinfo


def test_own_data_collection_is_written_with_what_defines_it() -> None:
    mine = DataCollection.SENTINEL2_L2A.define_from("MINE_OF_PROVENANCE", service_url="https://somewhere.else")
    preamble = Preamble()
    source = Sources(preamble).of(mine, "data_collection")
    assert source.startswith("DataCollection.define('MINE_OF_PROVENANCE', ")
    assert made_again(mine).value == mine.value


class Point(NamedTuple):
    x: int
    y: float


@dataclass(frozen=True)
class Options:
    place: Point
    names: tuple[str, ...] = ("a",)


def test_objects_that_are_no_more_than_fields_are_made_again() -> None:
    again = made_again(Options(Point(1, 2.5)))
    assert again.place == (1, 2.5)
    assert type(again.place).__name__ == "Point"
    assert again.names == ("a",)


def test_filesystems_without_options_are_made_again(tmp_path: Path) -> None:
    assert made_again(get_filesystem(tmp_path)).full_path("x") == str(tmp_path / "x")
    assert isinstance(made_again(MemoryFileSystem()), MemoryFileSystem)
    assert made_again(get_filesystem("memory://of/provenance", create=True)).full_path("x") == "/of/provenance/x"


def test_config_is_written_without_its_credentials() -> None:
    config = SHConfig(use_defaults=True, sh_client_id="me", sh_client_secret="mine", sh_base_url="https://other.com")
    preamble = Preamble()
    assert Sources(preamble).of(config, "config") == "SHConfig(sh_base_url='https://other.com')"


# --- code


FACTOR = 2.5
HALF = functools.partial(math.pow, 0.5)


def scaled(value: float) -> float:
    return value * FACTOR


def counted_down(number: int) -> int:
    return number if number <= 0 else counted_up(number - 1)


def counted_up(number: int) -> int:
    return counted_down(number)


@functools.lru_cache
def remembered(value: float) -> float:
    """Has a decorator, and "quotes"."""
    return scaled(value) + HALF(1)


def shifted(shift: float) -> Any:
    def inner(value: float) -> float:
        return scaled(value) + shift

    return inner


@pytest.mark.parametrize(
    "function",
    [
        abs,
        math.hypot,
        np.nanmean,
        np.sqrt,
        os.path.join,
        scipy.ndimage.gaussian_filter,
        np.random.default_rng,
        datetime.datetime.fromisoformat,
    ],
)
def test_functions_that_can_be_imported_are_imported(function: object) -> None:
    assert made_again(function) == function


@pytest.mark.parametrize(
    "function",
    [
        scaled,
        remembered,
        shifted(1.5),
        lambda value: value + FACTOR,
        functools.partial(scaled),
    ],
)
def test_functions_of_the_user_are_defined_with_what_they_use(function: Any) -> None:
    again = made_again(function)
    assert again is not function
    assert again(3) == function(3)


def test_two_lambdas_of_one_line_are_told_apart() -> None:
    functions = [lambda value: value + 1, lambda value: value + 2]  # fmt: skip
    assert [function(0) for function in made_again(functions)] == [1, 2]


def test_functions_of_one_name_with_different_variables_are_told_apart() -> None:
    def adding(shift: int) -> Any:
        return lambda value: value + shift

    functions = [shifted(1), shifted(2), adding(5), adding(6)]
    assert [function(0) for function in made_again(functions)] == [1 + scaled(0), 2, 5, 6]


def test_functions_that_call_each_other_are_defined() -> None:
    assert made_again(counted_down)(5) == 0


def test_defaults_of_a_lambda_are_those_of_its_making() -> None:
    functions = [lambda value, shift=shift: value + shift for shift in (3, 4)]
    assert [function(0) for function in made_again(functions)] == [3, 4]


def test_local_classes_are_defined_with_their_bases_and_variables() -> None:
    number = 5

    class Base(EOTask):
        def execute(self) -> int:
            return 1

    class Derived(Base):
        def execute(self, *, more: int = number) -> int:
            return super().execute() + number + more

    assert made_again(Derived())() == 11


def test_submodules_that_a_function_uses_are_imported() -> None:
    preamble = Preamble()
    Sources(preamble).of(lambda image: scipy.ndimage.gaussian_filter(image, 1), "function")
    assert "import scipy.ndimage" in preamble.imports.values()


def test_texts_of_several_lines_stay_as_they_are_in_functions_that_are_wrapped() -> None:
    number = 1

    def script() -> str:
        text = """first
    second"""
        return f"{text} {number}"

    assert made_again([script, shifted(1)])[0]() == script()


def test_patch_loaded_from_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert loaded_files(LoadTask(tmp_path), {"eopatch_folder": "gone"})["files"] == {}


def test_changed_source_is_not_taken_for_that_of_a_function(tmp_path: Path) -> None:
    file = tmp_path / "script_of_provenance.py"
    file.write_text("def f(x):\n    return x + 1\n")
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    assert made_again(namespace["f"])(1) == 2
    file.write_text("def f(x):\n    return x + 2\n")
    linecache.checkcache(str(file))
    assert placeholder_of(namespace["f"])["what"] == "the function __main__.f, of which the source could not be found"


def test_function_without_source_is_left_open_and_named() -> None:
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("def f(x):\n    return x", namespace)
    placeholder = placeholder_of(namespace["f"])
    assert placeholder["what"] == "the function __main__.f, of which the source could not be found"
    assert len(placeholder["fingerprint"]) == 40


# --- what stays open


def test_large_arrays_and_models_are_left_open_with_a_fingerprint() -> None:
    array = np.arange(1000.0)
    assert placeholder_of(array) == {
        "what": "<ndarray (1000,) float64>",
        "fingerprint": Fingerprinter().of(array).hex(),
    }
    assert made_again({"model": array}, fill={"model": array})["model"] is array


def test_lock_is_left_open_without_a_fingerprint() -> None:
    import threading

    placeholder = placeholder_of(threading.Lock())
    assert "fingerprint" not in placeholder
    assert "0x" not in placeholder["what"]


def test_patch_is_left_open_with_the_fingerprints_of_its_features() -> None:
    patch = generate_eopatch((FeatureType.DATA, "BANDS"))
    content = placeholder_of(patch)["content"]
    assert set(content) == {"data/BANDS", "bbox", "timestamps"}
    patch.data["BANDS"] = patch.data["BANDS"] + 1
    changed = placeholder_of(patch)["content"]
    assert {name for name in content if content[name] != changed[name]} == {"data/BANDS"}


def test_values_that_hold_themselves_are_left_open() -> None:
    endless: list[Any] = []
    endless.append(endless)
    preamble = Preamble()
    Sources(preamble).of(endless, "endless")
    assert list(preamble.placeholders) == ["endless"]


# --- tasks


class Named(EOTask):
    def __init__(self, first: int, *others: int, last: int = 0, **more: int):
        self.all = (first, *others, last, more)

    def execute(self) -> None: ...


def test_tasks_among_settings_are_made_again() -> None:
    task = SaveTask("somewhere", features=[FeatureType.DATA]) * CopyTask()
    again = made_again(task)
    assert again.eotask2.features == [FeatureType.DATA]
    assert type(again.eotask1) is CopyTask


def test_settings_by_position_and_by_any_name_are_kept() -> None:
    assert made_again(Named(1, 2, 3, last=4, more=5)).all == (1, 2, 3, 4, {"more": 5})
    assert made_again(Named(1)).all == (1, 0, {})


def test_pickled_task_alone_is_known_by_texts() -> None:
    import pickle

    task = pickle.loads(pickle.dumps(InitializeFeatureTask((FeatureType.DATA, "A"), shape=(1, 2, 3))))
    preamble = Preamble()
    settings = Sources(preamble).settings_of(task)
    assert settings == {"features": "features", "shape": "shape"}
    assert preamble.placeholders["shape"]["what"] == "(1, 2, 3)"


def test_nodes_of_a_name_that_python_has_already_get_another() -> None:
    preamble = Preamble()
    assert preamble.define("max", lambda name: f"{name} = 1") == "max_2"
    assert preamble.define("class", lambda name: f"{name} = 1") == "class_2"
    assert preamble.define("1 a-b", lambda name: f"{name} = 1") == "_1_a_b"
