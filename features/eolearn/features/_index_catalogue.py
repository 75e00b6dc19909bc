"""The catalogue of spectral indices: their formulas, and the constants in them.

It is "Awesome Spectral Indices" (Montero et al. 2023, Scientific Data 10:197, doi 10.1038/s41597-023-02096-0), as the
package spyndex has it.
"""

from __future__ import annotations

from typing import Any

from eolearn.core.exceptions import MissingExtra, SettingError
from eolearn.core.utils.naming import did_you_mean


def catalogue_formula(name: str) -> str:
    """Return the formula of an index. Raises SettingError for an unknown name, with those that are like it."""
    indices = _spyndex().indices
    if name in indices:
        return str(indices[name].formula)
    raise SettingError(
        f"There is no spectral index {name!r}.{did_you_mean(name, indices)} The catalogue has {len(indices)} indices: "
        "list(spyndex.indices)."
    )


def catalogue_constants() -> dict[str, float]:
    """Return the constants of formulas that have a default."""
    constants = _spyndex().constants
    return {name: float(entry.default) for name, entry in constants.items() if entry.default is not None}


def _spyndex() -> Any:
    try:
        import spyndex
    except ImportError as error:
        raise MissingExtra(
            "The catalogue of spectral indices needs spyndex: pip install 'eo-learn-features[indices]'. "
            "Formulas of your own, indices={'NAME': 'formula'}, do without."
        ) from error
    return spyndex
