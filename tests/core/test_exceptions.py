"""The errors are also the built-in types that scripts catch, and the warnings are shown."""

import inspect
import pickle
import subprocess
import sys
import warnings

import pytest

from eolearn.core import exceptions
from eolearn.core.exceptions import EOLearnError

BUILT_IN = {
    "SettingError": (ValueError,),
    "SettingTypeError": (TypeError,),
    "DataError": (ValueError,),
    "FeatureError": (ValueError,),
    "FeatureMissing": (KeyError, ValueError),
    "FeatureExists": (ValueError,),
    "IndexOutOfRange": (IndexError, ValueError),
    "NodeMissing": (KeyError,),
    "NotRunYet": (RuntimeError,),
    "TimestampsMissing": (RuntimeError,),
    "StorageError": (OSError,),
    "PathNotFound": (FileNotFoundError,),
    "FeatureNotStored": (OSError,),
    "BrokenFile": (OSError, ValueError),
    "MissingExtra": (ImportError, RuntimeError),
    "NotConnected": (RuntimeError,),
    "WorkerDied": (RuntimeError,),
}
WARNINGS = {
    "EODeprecationWarning": DeprecationWarning,
    "EOUserWarning": UserWarning,
    "EORuntimeWarning": RuntimeWarning,
    "TemporalDimensionWarning": RuntimeWarning,
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_an_error_is_one_of_eo_learn_and_a_built_in_one(name):
    for base in (EOLearnError, *BUILT_IN[name]):
        with pytest.raises(base):
            raise getattr(exceptions, name)("message")


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_message_is_printed_as_it_was_written_in_other_processes_too(name):
    error = getattr(exceptions, name)("no 'quotation' marks around it")
    assert str(error) == str(pickle.loads(pickle.dumps(error))) == "no 'quotation' marks around it"


@pytest.mark.parametrize("name", WARNINGS)
def test_a_warning_is_of_its_built_in_category(name):
    category = getattr(exceptions, name)
    assert issubclass(category, WARNINGS[name])
    with pytest.warns(WARNINGS[name]):
        warnings.warn("message", category=category, stacklevel=1)


def test_no_class_is_left_out_above():
    classes = {name for name, _ in inspect.getmembers(exceptions, inspect.isclass)}
    assert classes == {"EOLearnError", *BUILT_IN, *WARNINGS}


def test_importing_shows_deprecations_once_a_place_and_what_happens_at_run_time_always():
    code = (
        "import warnings, eolearn.core.exceptions as e\n"
        "actions = {category: action for action, _, category, _, _ in reversed(warnings.filters)}\n"
        "print(*[actions.get(c) for c in (e.EODeprecationWarning, e.EOUserWarning, e.EORuntimeWarning,"
        " e.TemporalDimensionWarning)])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["default", "default", "always", "None"]


def test_a_warning_names_the_line_outside_of_eo_learn_that_led_to_it():
    code = compile("def inner(): warn_user('message', UserWarning)\ndef outer(): inner()", "eolearn/part.py", "exec")
    module = {"__name__": "eolearn.part", "warn_user": exceptions.warn_user}
    exec(code, module)
    with pytest.warns(UserWarning, match="message") as caught:
        module["outer"]()
    assert caught[0].filename == __file__
