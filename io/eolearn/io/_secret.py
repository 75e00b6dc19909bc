"""Passwords and keys that are used, but not shown and not pickled."""

from __future__ import annotations

import copy
import json
import os
from typing import TYPE_CHECKING, Any, Self

from eolearn.core.exceptions import SettingError
from eolearn.core.utils.redact import MASK, is_secret

if TYPE_CHECKING:
    from collections.abc import Collection

    from eolearn.core import EOTask

VARIABLE = "EOLEARN_IO_SECRETS"
"""The environment variable from which worker processes take the secrets of a script."""


class Secret:
    """A password, a key, or several by their names.

    Its text is ``***``. Tasks are pickled on their way to workers, and people save them: a pickle only says which one
    of the secrets it is, in an environment variable that worker processes on this machine inherit. Elsewhere
    :meth:`reveal` raises SettingError (a ValueError).

    value: what JSON can hold.
    what: a name for messages, such as ``"The password of a database"``.
    """

    def __init__(self, value: Any, what: str):
        self._value, self._what = value, what
        self._place = _place_of(value)  # before the environment is copied for workers

    def reveal(self) -> Any:
        """Return the value."""
        if self._value is None:
            raise SettingError(f"{self._what} isn't pickled with a task: make the task again on this machine.")
        return self._value

    def masked_in(self, text: str) -> str:
        """Return a text without the secret."""
        for value in _texts(self._value):
            text = text.replace(value, MASK)
        return text

    def __repr__(self) -> str:
        return MASK

    def __getstate__(self) -> dict[str, Any]:
        return {"what": self._what, "place": self._place}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._what, self._place = state["what"], state["place"]
        kept = _kept()
        self._value = kept[self._place] if self._place < len(kept) else None

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


class Sealed:
    """An object of a library, such as a client, that is pickled without the secrets in its attributes.

    value: the object. It and those of the same package that it holds are looked through, for attributes that are texts
        and have names like ``password`` or ``_auth_client_secret``.
    what: a name for messages.
    forgotten: attributes that are None in a copy.
    """

    def __init__(self, value: Any, what: str, forgotten: Collection[str] = ()):
        self.value, self.forgotten = value, forgotten
        self.secrets = Secret([_secrets_of(part) for part in _parts_of(value)], what)

    def __getstate__(self) -> dict[str, Any]:
        bare = copy.deepcopy(self.value)
        for part in _parts_of(bare):
            empty = [name for name in vars(part) if name in self.forgotten]
            vars(part).update(dict.fromkeys([*_secrets_of(part), *empty]))
        return self.__dict__ | {"value": bare}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for part, secrets in zip(_parts_of(self.value), self.secrets.reveal(), strict=True):
            vars(part).update(secrets)

    def __repr__(self) -> str:
        return f"<{type(self.value).__name__}>"


def hide_settings(task: EOTask, **settings: Any) -> None:
    """Replace some settings in the record that a task keeps of what it was made with."""
    config = task.private_task_config
    task._private_task_config = type(config)({**config.init_values, **settings})


def _parts_of(value: Any) -> list[Any]:
    """Return an object and those of its package that it holds, always in the same order."""
    package = type(value).__module__.partition(".")[0]
    found: list[Any] = []
    waiting = [value]
    while waiting:
        part = waiting.pop(0)
        if not any(part is other for other in found):
            found.append(part)
            held = vars(part).values()
            waiting += [
                other
                for other in held
                if type(other).__module__.partition(".")[0] == package and hasattr(other, "__dict__")
            ]
    return found


def _secrets_of(part: Any) -> dict[str, str]:
    return {name: value for name, value in vars(part).items() if is_secret(name) and isinstance(value, str)}


def _texts(value: Any) -> list[str]:
    """Return the texts in a value, the longest first."""
    if isinstance(value, str):
        return [value] if value else []
    parts = value.values() if isinstance(value, dict) else value or []
    return sorted((text for part in parts for text in _texts(part)), key=len, reverse=True)


def _place_of(value: Any) -> int:
    kept = _kept()
    if value not in kept:
        kept.append(value)
        os.environ[VARIABLE] = json.dumps(kept)
    return kept.index(value)


def _kept() -> list[Any]:
    kept: list[Any] = json.loads(os.environ.get(VARIABLE, "[]"))
    return kept
