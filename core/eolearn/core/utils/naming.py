"""Help with names that are nearly right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the part of a message that tells which of the known names are like an unknown one; empty if none is.

    Upper and lower case are no matter.

    Example:
        >>> f"There is no index 'ndvii'.{did_you_mean('ndvii', ['NDVI', 'NDWI', 'BSI'])}"
        "There is no index 'ndvii'. Did you mean NDVI or NDWI?"
    """
    by_lower_case = {other.lower(): other for other in known}
    near = get_close_matches(str(name).lower(), by_lower_case, cutoff=0.5)
    return f" Did you mean {' or '.join(by_lower_case[match] for match in near)}?" if near else ""
