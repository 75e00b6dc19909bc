"""Pickling for the way to a worker process and back."""

from __future__ import annotations

import pickle
import traceback

import cloudpickle

from ..exceptions import EOLearnError

loads = pickle.loads


def dumps(value: object) -> bytes:
    """Pickle anything, with the code of what is defined in ``__main__`` or within a function."""
    return bytes(cloudpickle.dumps(value))


def portable(error: BaseException) -> BaseException:
    """Return an exception that arrives on the other side: a text stands in for one that can't be pickled and back."""
    try:
        fine = type(loads(dumps(error))) is type(error)
    except Exception:  # noqa: BLE001 - anything may go wrong in the pickling of a class that we don't know
        fine = False
    if fine:
        return error.with_traceback(None)  # which travels as a text; some packages make it travel with the error
    return EOLearnError("".join(traceback.format_exception_only(error)).strip())
