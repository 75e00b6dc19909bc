"""Shows the settings of a task where autodoc would show ``(*args, **kwargs)``, which is what EOTask.__new__ takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sphinx.util.inspect import signature, stringify_signature

from eolearn.core import EOTask

if TYPE_CHECKING:
    from sphinx.application import Sphinx


def _on_signature(
    _app: Sphinx, what: str, _name: str, thing: Any, _options: Any, shown: str | None, returned: str | None
) -> tuple[str | None, str | None]:
    if what != "class" or not issubclass(thing, EOTask):
        return shown, returned
    if thing.__init__ is object.__init__:
        return "()", None
    return stringify_signature(signature(thing.__init__, bound_method=True), show_return_annotation=False), None


def setup(app: Sphinx) -> dict[str, bool]:
    """Ask sphinx to call us for each signature."""
    app.connect("autodoc-process-signature", _on_signature)
    return {"parallel_read_safe": True}
