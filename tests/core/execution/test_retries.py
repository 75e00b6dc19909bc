import json

import pytest

from eolearn.core.exceptions import (
    BrokenFile,
    EOLearnError,
    FeatureMissing,
    MissingExtra,
    PathNotFound,
    SettingError,
    StorageError,
    TemporalDimensionWarning,
    WorkerDied,
)
from eolearn.core.execution.engine import TimedOut
from eolearn.core.execution.retries import RetryPolicy, may_pass


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(),
        TimeoutError(),
        OSError("disk"),
        StorageError(),
        WorkerDied(),
        TimedOut(),
        MemoryError(),
        RuntimeError(),
        EOLearnError(),
        Exception("of some library"),
    ],
)
def test_errors_of_the_world_around_may_pass(error):
    assert may_pass(error)


@pytest.mark.parametrize(
    "error",
    [
        TypeError(),
        NameError(),
        KeyError(),
        ZeroDivisionError(),
        AssertionError(),
        NotImplementedError(),
        RecursionError(),
        json.JSONDecodeError("no", "", 0),
        SettingError(),
        FeatureMissing(),
        MissingExtra(),
        PathNotFound(),
        BrokenFile(),
        PermissionError(),
        TemporalDimensionWarning(),
        SystemExit(),
    ],
)
def test_errors_of_program_settings_and_data_come_again(error):
    assert not may_pass(error)


def test_delay_doubles_until_there_are_no_retries_left():
    policy = RetryPolicy(retries=3, delay=0.5)
    assert [policy.wait_before_retry(attempts, OSError()) for attempts in (1, 2, 3, 4)] == [0.5, 1, 2, None]


def test_predicate_decides():
    policy = RetryPolicy(retries=1, delay=0, accepts=lambda error: "again" in str(error))
    assert policy.wait_before_retry(1, KeyError("again")) == 0
    assert policy.wait_before_retry(1, OSError("never")) is None


def test_by_default_there_are_no_retries():
    assert RetryPolicy().wait_before_retry(1, OSError()) is None


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"retries": -1}, "retries must be a whole number from 0, got -1"),
        ({"retries": 0.5}, "retries"),
        ({"delay": -1}, "retry_delay must be a number of seconds from 0, got -1"),
        ({"delay": float("nan")}, "retry_delay"),
        ({"accepts": OSError()}, "retry_on must be a function"),
    ],
)
def test_settings_are_checked(settings, text):
    with pytest.raises(SettingError, match=text):
        RetryPolicy(**settings)
