"""What goes wrong with a service, told without its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentinelhub.exceptions import DownloadFailedException

from eolearn.core.exceptions import SettingError, StorageError
from eolearn.core.utils.naming import did_you_mean
from eolearn.core.utils.redact import MASK, redact

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sentinelhub import DataCollection, SHConfig

_LONGEST = 500


class ServiceError(StorageError, DownloadFailedException):
    """A service can't be reached, refuses a request, or answers with something that can't be used."""

    def __init__(self, message: str):
        Exception.__init__(self, message)
        self.request_exception = None  # it would hold the headers of the request, and they the token


class TemporaryProblem(Exception):
    """A request failed in a way that may pass."""


def told(text: object, config: SHConfig) -> str:
    """Return what a service or a library says, short, on one line, and without the credentials of a configuration."""
    shown = " ".join(str(text).split())
    for name in config.CREDENTIALS:
        secret = getattr(config, name)
        if secret:
            shown = shown.replace(secret, MASK)
    shown = redact(shown)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def check_bands(collection: DataCollection, names: Iterable[str]) -> None:
    """Raise SettingError (a ValueError) for a band that a collection doesn't have, with the names that are like it."""
    known = [band.name for band in (*collection.bands, *collection.metabands)]
    for name in names:
        if name not in known:
            near = did_you_mean(name, known)
            raise SettingError(f"{collection.name} has no band {name!r}.{near} There are {', '.join(known)}.")
