"""A configuration of Sentinel Hub whose credentials don't go into pickles."""

from __future__ import annotations

from typing import Any, Self

from sentinelhub import SHConfig

from eolearn.core.exceptions import SettingError

from .._secret import Secret


class Access:
    """A configuration, of which a pickle holds all but the credentials.

    Tasks are pickled on their way to workers, and people save them. Worker processes on this machine get credentials
    that a script has set as :class:`Secret` says. Elsewhere, in another session or on a cluster, a task uses those that
    are configured there: ``SH_CLIENT_ID`` and ``SH_CLIENT_SECRET``, or the configuration file of the package
    sentinelhub.

    config: by default that of the environment and the configuration file.
    """

    def __init__(self, config: SHConfig | None = None):
        self._is_default = config is None
        self.config = SHConfig() if config is None else config
        self._secret()  # before the environment is copied for workers

    def __getstate__(self) -> dict[str, Any]:
        settings = {name: value for name, value in vars(self.config).items() if name not in SHConfig.CREDENTIALS}
        return {"settings": settings, "secret": self._secret()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        own = _credentials(SHConfig())
        self._is_default = state["secret"] is None
        if not self._is_default:
            try:
                own = state["secret"].reveal()
            except SettingError:  # this is no worker of the session that has pickled it
                self._is_default = True
        self.config = SHConfig(use_defaults=True)
        vars(self.config).update({**state["settings"], **own})

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __repr__(self) -> str:
        return f"Access({self.config.sh_base_url})"

    def _secret(self) -> Secret | None:
        """Return what leads workers to the credentials, None if they find them by themselves."""
        own = _credentials(self.config)
        if self._is_default or own == _credentials(SHConfig()):
            return None
        return Secret(own, "The credentials of Sentinel Hub")


def _credentials(config: SHConfig) -> dict[str, str]:
    return {name: getattr(config, name) for name in SHConfig.CREDENTIALS}
