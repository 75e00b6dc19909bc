"""Shows the settings of a task where autodoc would show ``(*args, **kwargs)``, which is what EOTask.__new__ takes."""

from __future__ import annotations

from inspect import Parameter
from typing import TYPE_CHECKING, Any

from sphinx.util.inspect import signature, stringify_signature

from eolearn.core import EOTask

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class _Written:
    """A default value, as one would write it."""

    def __init__(self, value: Any):
        self.value = value

    def __repr__(self) -> str:
        if isinstance(self.value, type):
            return f"{self.value.__module__}.{self.value.__qualname__}"
        return "..." if self.value is ... else repr(self.value)


def signature_of_task(task: type[EOTask]) -> str:
    """Return the parameters of the constructor, in brackets."""
    if task.__init__ is object.__init__:
        return "()"
    constructor = signature(task.__init__, bound_method=True)
    parameters = [
        parameter if parameter.default is Parameter.empty else parameter.replace(default=_Written(parameter.default))
        for parameter in constructor.parameters.values()
    ]
    return stringify_signature(constructor.replace(parameters=parameters), show_return_annotation=False)


def _on_signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, shown: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    is_task = what == "class" and issubclass(thing, EOTask)
    return (signature_of_task(thing), None) if is_task else (shown, returned)


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask sphinx to call us for each signature."""
    app.connect("autodoc-process-signature", _on_signature)
    return {"parallel_read_safe": True}
