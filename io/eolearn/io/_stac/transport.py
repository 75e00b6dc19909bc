"""How the documents of a catalogue are fetched: bounded in size, from its own host, with redirections checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from eolearn.core.exceptions import BrokenFile, DataError, PathNotFound, StorageError

from .security import AddressPolicy, host_and_port, is_remote, local_path, redact_logs, shown

if TYPE_CHECKING:
    from pystac_client import Client
    from pystac_client.stac_api_io import StacApiIO
    from requests import Response, Session

_MOST_BYTES = 64 << 20
_MOST_REDIRECTS = 5
_TRIES = 4


@dataclass(frozen=True)
class Transport:
    """Reads documents for one catalogue, and nothing from elsewhere."""

    root: str
    """Address of the catalogue."""
    policy: AddressPolicy
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with each request to the host of the catalogue, its scheme and its port, and to no other."""
    timeout_s: float = 60.0
    most_bytes: int = _MOST_BYTES
    """The largest document that is taken."""

    @cached_property
    def session(self) -> Session:
        """One for all requests."""
        return new_session()

    def read_json(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address of this catalogue."""
        text = self.request(url) if is_remote(url) else self._read_file(url)
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            raise BrokenFile(f"{shown(url)} is not JSON.") from None
        if not isinstance(document, dict):
            raise BrokenFile(f"{shown(url)} is JSON, but not a STAC document.")
        return document

    def request(
        self, url: str, method: str = "GET", payload: Any = None, headers: Mapping[str, str] | None = None
    ) -> str:
        """Return the text at an http address of this catalogue's host. Redirections are followed within it."""
        import requests

        for _ in range(_MOST_REDIRECTS):
            self._check(url)
            is_own = _origin(url) == _origin(self.root)
            sent = {**(headers or {}), **(self.headers if is_own else {})}
            body = {"json": payload} if method == "POST" else {"params": payload}
            try:
                with self.session.request(
                    method, url, headers=sent, stream=True, allow_redirects=False, timeout=self.timeout_s, **body
                ) as answer:
                    if not answer.is_redirect:
                        return self._text(answer, url)
                    url = urljoin(url, answer.headers["Location"])
                    payload = payload if method == "POST" else None
            except requests.RequestException as error:
                raise StorageError(f"{shown(url)} can't be read: {shown(str(error))}") from None
        raise StorageError(f"{shown(url)} redirects more than {_MOST_REDIRECTS} times.")

    def client(self, url: str, root: dict[str, Any]) -> Client:
        """Return pystac's client of an API, which sends its requests through here."""
        from pystac_client import Client

        links = [link for link in root["links"] if isinstance(link, dict) and link.get("rel") == "search"]
        for link in links:
            link["href"] = urljoin(url, str(link["href"]))
        client = Client.from_dict({**root, "links": links}, href=url, migrate=False)
        client._stac_io = _stac_io(self)
        return client

    def _check(self, url: str) -> None:
        self.policy.check(url)
        parts, own = urlsplit(url), urlsplit(self.root)
        if not (parts.hostname == own.hostname or self.policy.names(parts)):
            raise DataError(
                f"The catalogue {shown(self.root)} has a link to another host: {shown(url)}. If it is meant to be "
                f"followed, pass allowed_hosts=[{parts.hostname!r}]."
            )

    def _text(self, answer: Response, url: str) -> str:
        if answer.status_code == 404:
            raise PathNotFound(f"There is no document at {shown(url)}.")
        content = bytearray()
        for chunk in answer.iter_content(1 << 16):
            content += chunk
            if len(content) > self.most_bytes:
                raise DataError(
                    f"{shown(url)} is larger than {self.most_bytes >> 20} MB, which no STAC document should be."
                )
        if not answer.ok:
            reason = shown(content[:300].decode("utf-8", "replace"))
            raise StorageError(f"{shown(url)} answered with status {answer.status_code}: {reason}")
        return content.decode("utf-8", "replace")

    def _read_file(self, url: str) -> str:
        if is_remote(self.root):
            raise DataError(f"The catalogue {shown(self.root)} has a link to a local file: {shown(url)!r}.")
        self.policy.check(url)
        path = local_path(url)
        if not path.is_file():
            raise PathNotFound(f"There is no file {str(path)!r}.")
        if path.stat().st_size > self.most_bytes:
            raise DataError(
                f"{str(path)!r} is larger than {self.most_bytes >> 20} MB, which no STAC document should be."
            )
        return path.read_text("utf-8", "replace")


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, host_and_port(parts)


def new_session() -> Session:
    """Return a session that tries again where a server is busy, and whose requests are logged without secrets."""
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    codes = (429, 500, 502, 503, 504)
    retry = Retry(total=_TRIES, backoff_factor=0.3, status_forcelist=codes, allowed_methods=None, raise_on_status=False)
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    redact_logs()
    return session


def transport_of(url: str, policy: AddressPolicy, headers: Mapping[str, str]) -> tuple[Transport, AddressPolicy]:
    """Return the transport of a catalogue, and the policy for its assets.

    The host of a catalogue that the user has named may be a private one, and a local catalogue may name the files that
    lie in its folder.
    """
    from dataclasses import replace

    if is_remote(url):
        policy = replace(policy, allowed_hosts=policy.allowed_hosts | {host_and_port(urlsplit(url))})
    else:
        folder = Path(local_path(url)).resolve().parent
        policy = replace(policy, allowed_folders=(*policy.allowed_folders, folder))
    return Transport(url, policy, headers), policy


def _stac_io(transport: Transport) -> StacApiIO:
    from pystac_client.stac_api_io import StacApiIO

    class CheckedIO(StacApiIO):
        """Sends pystac-client's requests through a transport."""

        def request(
            self,
            href: str,
            method: str | None = None,
            headers: dict[str, str] | None = None,
            parameters: dict[str, Any] | None = None,
        ) -> str:
            return transport.request(href, (method or "GET").upper(), parameters, headers)

        def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
            if isinstance(source, str) and not is_remote(source):
                raise DataError(f"The catalogue {shown(transport.root)} has a link to a local file: {source!r}.")
            return super().read_text(source, *args, **kwargs)

    return CheckedIO()
