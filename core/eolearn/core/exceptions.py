"""The errors and warnings of eo-learn.

Every error that eo-learn raises on purpose is an :class:`EOLearnError` and also the built-in type that fits it, so
``except ValueError`` and ``except OSError`` of older scripts keep working. Its message says what was wrong, where, with
which values, and how to mend it.
"""

from __future__ import annotations

import sys
import warnings


class EOLearnError(Exception):
    """Anything that eo-learn refuses."""

    def __str__(self) -> str:
        """Return the message as it was written: ``KeyError`` would print it in quotation marks."""
        return Exception.__str__(self)


class SettingError(EOLearnError, ValueError):
    """A constructor or a function got a setting that it can't work with."""


class SettingTypeError(EOLearnError, TypeError):
    """A setting or a value is of a type that can't be used there."""


class DataError(EOLearnError, ValueError):
    """Data have a shape, a dtype, a CRS or values that the operation can't work with."""


class FeatureError(EOLearnError, ValueError):
    """A specification or a name of a feature is not valid."""


class FeatureMissing(EOLearnError, KeyError, ValueError):
    """A feature that was asked for by name is not in the EOPatch."""


class IndexOutOfRange(EOLearnError, IndexError, ValueError):
    """A position was asked for that the data don't reach."""


class FeatureExists(EOLearnError, ValueError):
    """A feature would replace one that is there already, without leave to do so."""


class TimestampsMissing(EOLearnError, RuntimeError):
    """An operation needs the timestamps of an EOPatch that has none."""


class StorageError(EOLearnError, OSError):
    """Saved data can't be written or read."""


class PathNotFound(StorageError, FileNotFoundError):
    """A path does not exist."""


class FeatureNotStored(StorageError):
    """A feature that was asked for by name is not among the saved ones."""


class BrokenFile(StorageError, ValueError):
    """A saved file is there but can't be understood: it is truncated, or holds something else."""


class MissingExtra(EOLearnError, ImportError, RuntimeError):
    """A package is needed that is not installed."""


class NodeMissing(EOLearnError, KeyError):
    """A node that was asked for is not in the workflow."""


class NotRunYet(EOLearnError, RuntimeError):
    """What was asked for exists only after a run."""


class NotConnected(EOLearnError, RuntimeError):
    """There is no connection to a cluster."""


class WorkerDied(EOLearnError, RuntimeError):
    """A worker process ended in the middle of an execution."""


class EODeprecationWarning(DeprecationWarning):
    """A use of eo-learn that has a better replacement."""


class EOUserWarning(UserWarning):
    """A setting that is probably not what the user wants."""


class EORuntimeWarning(RuntimeWarning):
    """Something unexpected in the data, which eo-learn could handle."""


class TemporalDimensionWarning(RuntimeWarning):
    """The timestamps of an EOPatch and the time axis of one of its features don't agree."""


def warn_user(message: str, category: type[Warning]) -> None:
    """Warn, and name as the place the line outside of eo-learn that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("eolearn."):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category=category, stacklevel=level)


warnings.simplefilter("default", EODeprecationWarning)
warnings.simplefilter("default", EOUserWarning)
warnings.simplefilter("always", EORuntimeWarning)
