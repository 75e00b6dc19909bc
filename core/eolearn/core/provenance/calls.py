"""Calls of classes and functions as source, and what the constructor of a task was called with."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..eotask import EOTask

BY_POSITION = "*"
"""The name of those settings, as a tuple, that have to go by their position."""


def arguments_source(settings: Mapping[str, str]) -> list[str]:
    """Return the arguments of a call, from the sources of values by their names."""
    by_position = [f"*{settings[BY_POSITION]}"] if BY_POSITION in settings else []
    named = {name: source for name, source in settings.items() if name != BY_POSITION}
    return [*by_position, *assigned(named)]


def assigned(named: Mapping[str, str]) -> Iterable[str]:
    """Return the named arguments of a call."""
    odd = {name: source for name, source in named.items() if not re.fullmatch(r"[A-Za-z_]\w*", name)}
    yield from (f"{name}={source}" for name, source in named.items() if name not in odd)
    if odd:
        yield f"**{{{', '.join(f'{name!r}: {source}' for name, source in odd.items())}}}"


def settings_given_to(task: EOTask) -> tuple[list[Any], dict[str, Any]]:
    """Return what a task was made with: values that have to go by their position, and others by their names."""
    values = {name: _whole(task, name, value) for name, value in task.private_task_config.init_values.items()}
    by_position: list[Any] = []
    parameters = list(inspect.signature(type(task).__init__).parameters.values())[1:]
    rest = next((each.name for each in parameters if each.kind is each.VAR_POSITIONAL), None)
    for each in parameters:
        is_first = each.kind is each.POSITIONAL_ONLY
        is_before_rest = rest in values and each.kind in (each.POSITIONAL_OR_KEYWORD, each.VAR_POSITIONAL)
        if each.name in values and (is_first or is_before_rest):
            value = values.pop(each.name)
            by_position += value if each.name == rest else [value]
    return by_position, values


def _whole(task: EOTask, name: str, value: Any) -> Any:
    """Return a setting; of a model, of which some tasks record no more than a text, the model."""
    is_stand_in = isinstance(value, str) and type(value) is not str and not isinstance(value, enum.Enum)
    return getattr(task, name, value) if is_stand_in else value
