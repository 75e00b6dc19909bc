"""Old place of :mod:`eolearn.core.types`."""

import warnings

from ..exceptions import EODeprecationWarning
from ..types import *  # noqa: F403

warnings.warn(
    "eolearn.core.utils.types is deprecated, import from eolearn.core.types instead.",
    category=EODeprecationWarning,
    stacklevel=2,
)
