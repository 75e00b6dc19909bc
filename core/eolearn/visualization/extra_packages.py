"""The packages that pictures need, or an error that says how to get them."""

from __future__ import annotations

from importlib.util import find_spec

from eolearn.core.exceptions import MissingExtra


def require_matplotlib() -> None:
    """Raise MissingExtra (an ImportError and a RuntimeError) if matplotlib is not installed."""
    if find_spec("matplotlib") is None:
        raise MissingExtra("A plot needs matplotlib: pip install 'eo-learn-core[visualization]'")
