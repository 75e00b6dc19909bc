"""Tasks, and the record of the settings that they were made with."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from dataclasses import dataclass
from functools import wraps

import cloudpickle
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eolearn.core.constants import FeatureType
from eolearn.core.eotask import CompositeTask, EOTask
from eolearn.core.exceptions import EODeprecationWarning, FeatureError, SettingTypeError


class Everything(EOTask):
    """Has a parameter of each kind, and keeps none of them."""

    def __init__(self, first, /, second, third=3, *rest, fourth, fifth=5, **others):
        pass

    def execute(self, *values):
        return values


class Add(EOTask):
    def __init__(self, number):
        self.number = number

    def execute(self, value, *, times=1):
        return value + self.number * times


class Plain(EOTask):
    @staticmethod
    def execute(value=None):
        return value


@dataclass(frozen=True, kw_only=True)
class Frozen(EOTask):
    feature: tuple[FeatureType, str]
    factor: float = 0.5

    def execute(self, value):
        return value * self.factor


def settings_of(task):
    return task.private_task_config.init_args


def test_every_setting_is_recorded_by_its_name():
    task = Everything("a", [2], 3.5, 4, 5, fourth=None, sixth={"b": 6})
    assert settings_of(task) == {
        "first": "'a'",
        "second": "[2]",
        "third": "3.5",
        "rest": "(4, 5)",
        "fourth": "None",
        "sixth": "{'b': 6}",
    }


def test_what_is_left_to_its_default_is_not_recorded():
    assert settings_of(Everything(1, fourth=4, second=2)) == {"first": "1", "fourth": "4", "second": "2"}


@given(
    st.lists(st.integers() | st.text() | st.none(), max_size=4),
    st.dictionaries(st.text("xyz", min_size=1), st.floats()),
)
def test_the_record_holds_the_values_and_their_texts(rest, others):
    task = Everything(1, 2, 3, *rest, fourth=4, **others)
    expected = {"first": 1, "second": 2, "third": 3, **({"rest": tuple(rest)} if rest else {}), "fourth": 4, **others}
    assert task.private_task_config.init_values == expected
    assert settings_of(task) == {name: repr(value) for name, value in expected.items()}


def test_a_task_without_a_constructor_has_no_settings():
    assert settings_of(Plain()) == {}
    with pytest.raises(SettingTypeError, match=r"Plain.*'number': 3"):
        Plain(number=3)
    with pytest.raises(TypeError, match=r"Plain.*\(1, 2\)"):
        Plain(1, 2)


def test_an_inherited_constructor_is_recorded():
    class Heir(Add):
        pass

    assert settings_of(Heir(number=4)) == {"number": "4"}


def test_a_decorated_constructor_is_recorded_by_its_own_parameters():
    def decorated(constructor):
        @wraps(constructor)
        def wrapper(*args, **kwargs):
            return constructor(*args, **kwargs)

        return wrapper

    class Decorated(EOTask):
        @decorated
        def __init__(self, size, *, shape=None):
            self.size = size

        def execute(self):
            return self.size

    assert settings_of(Decorated(4, shape=2)) == {"size": "4", "shape": "2"}


def test_a_frozen_dataclass_is_a_task():
    task = Frozen(feature=(FeatureType.DATA, "B"), factor=2)
    assert task(4) == 8
    assert settings_of(task) == {"feature": repr((FeatureType.DATA, "B")), "factor": "2"}
    assert task == Frozen(feature=(FeatureType.DATA, "B"), factor=2)
    assert settings_of(dataclasses.replace(task, factor=3))["factor"] == "3"
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.factor = 3


@pytest.mark.parametrize("arguments", [(), (1, 2, 3)])
def test_wrong_arguments_are_refused_by_the_constructor_itself(arguments):
    with pytest.raises(TypeError, match="__init__"):
        Add(*arguments)


def test_no_text_is_made_before_somebody_reads_it():
    made = []

    class Large:
        def __repr__(self):
            made.append("text")
            return "Large"

    task = Add(Large())
    assert made == []
    assert settings_of(task) == settings_of(task) == {"number": "Large"}
    assert made == ["text"]


def test_a_setting_whose_text_fails_is_no_hindrance():
    class Shy:
        def __repr__(self):
            raise RuntimeError

    assert settings_of(Add(Shy())) == {"number": "<Shy without a text: RuntimeError>"}


def test_the_record_does_not_change():
    task = Add(3)
    with pytest.raises(dataclasses.FrozenInstanceError):
        task.private_task_config.init_values = {}
    task.number = 4
    assert settings_of(task) == {"number": "3"}


COPIERS = {
    "pickle": lambda task: pickle.loads(pickle.dumps(task)),
    "cloudpickle": lambda task: pickle.loads(cloudpickle.dumps(task)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)
@pytest.mark.parametrize("task", [Add(3), Frozen(feature=(FeatureType.DATA, "B"), factor=3), Plain()])
def test_copies_of_a_task_keep_its_settings(copier, task):
    clone = copier(task)
    assert type(clone) is type(task)
    assert settings_of(clone) == settings_of(task)
    assert clone(2) == task(2)
    assert settings_of(copier(clone)) == settings_of(task)


def test_a_task_of_a_class_from_a_notebook_keeps_its_settings():
    class Local(Add):
        pass

    clone = pickle.loads(cloudpickle.dumps(Local(7)))
    assert settings_of(clone) == {"number": "7"}
    assert clone(1) == 8


@pytest.mark.parametrize("copier", COPIERS.values(), ids=COPIERS)
def test_a_setting_that_can_not_be_copied_is_no_hindrance(copier):
    task = Everything(threading.Lock(), (number for number in "ab"), fourth=4)
    clone = copier(task)
    assert settings_of(clone) == settings_of(task)
    assert settings_of(clone)["first"].startswith("<unlocked _thread.lock")


def test_a_pickle_keeps_texts_only():
    pixels = np.zeros((100, 100))
    task = Everything(pixels, 2, fourth=4)
    assert task.private_task_config.init_values["first"] is pixels
    packed = pickle.dumps(task)
    assert len(packed) < pixels.nbytes / 10
    assert pickle.loads(packed).private_task_config.init_values == {}


def test_a_task_must_say_what_it_does():
    class Idle(EOTask):
        pass

    with pytest.raises(TypeError, match="execute"):
        Idle()


def test_calling_a_task_executes_it():
    assert Add(2)(3, times=4) == 11
    assert Plain()(5) == 5


def test_tasks_compose_from_right_to_left():
    double = Frozen(feature=(FeatureType.DATA, "B"), factor=2)
    composite = double * Add(3)
    assert isinstance(composite, CompositeTask)
    assert composite(4, times=2) == 20  # (4 + 3 * 2) * 2
    assert (Add(1) * double * Add(3))(4) == 15
    assert CompositeTask(Add(3), double).execute(4) == 14
    assert settings_of(CompositeTask(eotask1=double, eotask2=double))["eotask1"] == repr(double)


def test_only_tasks_compose():
    with pytest.raises(TypeError, match="unsupported operand"):
        Add(1) * 3
    with pytest.raises(SettingTypeError, match="got 3"):
        CompositeTask(Add(1), 3)


def test_a_task_parses_features():
    feature = (FeatureType.DATA, "B")
    assert EOTask.parse_feature(["data", "B"]) == feature
    assert Add(1).parse_features({FeatureType.DATA: ["B"]}) == [feature]
    assert EOTask.parse_features(..., {feature_type: ["x"] for feature_type in FeatureType}, [FeatureType.DATA]) == [
        (FeatureType.DATA, "x")
    ]
    assert EOTask.get_feature_parser(feature, [FeatureType.DATA]).get_features() == [feature]
    with pytest.raises(FeatureError, match="MASK"):
        EOTask.parse_feature((FeatureType.MASK, "B"), allowed_feature_types=[FeatureType.DATA])


def test_the_old_parsers_of_renamed_features_warn():
    renamed = (FeatureType.DATA, "OLD", "NEW")
    with pytest.warns(EODeprecationWarning, match=r"eolearn.core.utils.parsing.parse_renamed_feature "):
        assert EOTask.parse_renamed_feature(renamed) == renamed
    with pytest.warns(EODeprecationWarning, match="parse_renamed_features"):
        assert EOTask.parse_renamed_features([renamed]) == [renamed]
