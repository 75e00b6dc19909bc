"""What is kept of values that have no source: a short text, and a fingerprint unless there is a secret in them."""

from __future__ import annotations

import re
from typing import Any

from ..eodata import EOPatch
from ..execution.fingerprint import Fingerprinter, NoFingerprint
from ..utils.redact import MASK, is_secret, redact, redacted_repr
from .preamble import Placeholder, Preamble
from .values import describe_patch

_LONGEST = 300
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Placeholders:
    """Puts names into a preamble, one for each value, which are to be filled in by hand."""

    def __init__(self, preamble: Preamble):
        self._preamble = preamble
        self._fingerprinter = Fingerprinter()
        self._met: list[tuple[str, Any, str]] = []  # of values that can't be told apart by what is kept of them

    def for_secret(self, name: str, value: Any, text: str = MASK) -> str:
        """Return the name for a secret. text: what may be shown of it."""
        return self._told_by_itself(name, value, {"what": f"{text}, a secret"})

    def for_text(self, name: str, text: str) -> str:
        """Return the name for a value of which nothing but its text is known."""
        return self._told_by_itself(name, text, {"what": MASK if is_secret(name) else redact(text)[:_LONGEST]})

    def for_code(self, name: str, code: Any, described: Placeholder) -> str:
        """Return the name for a function or a class. described: what may be shown of it."""
        fingerprint = None if "source" in described else self._fingerprint(code)
        more = {} if fingerprint is None else {"fingerprint": fingerprint}
        return self._told_by_itself(name, code, {**described, **more})

    def for_value(self, name: str, value: Any) -> str:
        """Return the name for any other value, such as a model, a large array or a patch."""
        placeholder: Placeholder = {"what": _ADDRESS.sub("", redacted_repr(value, _LONGEST))}
        if isinstance(value, EOPatch):
            placeholder["content"] = describe_patch(value, self._fingerprint)
            return self._preamble.leave_open(name, placeholder)
        fingerprint = None if MASK in placeholder["what"] else self._fingerprint(value)
        if fingerprint is None:
            return self._told_by_itself(name, value, placeholder)
        return self._preamble.leave_open(name, {**placeholder, "fingerprint": fingerprint})

    def _told_by_itself(self, name: str, value: Any, placeholder: Placeholder) -> str:
        for met_name, met, used in self._met:
            if met_name == name and (met is value or (type(met) is type(value) is str and met == value)):
                return used
        used = self._preamble.leave_open(name, placeholder, is_shared=False)
        self._met.append((name, value, used))
        return used

    def _fingerprint(self, value: Any) -> str | None:
        try:
            return self._fingerprinter.of(value).hex()
        except NoFingerprint:
            return None
