"""Which addresses a catalogue may send us to, and what of an address may be shown."""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from urllib.request import getproxies, url2pathname

from eolearn.core.exceptions import DataError, SettingError, StorageError
from eolearn.core.utils.redact import redact

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_QUERY = re.compile(r"(?<=\S)\?[^\s'\"<>]+")
_STRANGE = re.compile(r"[\s\\<>\"\x00-\x1f\x7f]")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_MOST_REDIRECTS = 5


@dataclass(frozen=True)
class AddressPolicy:
    """What may be read because a catalogue names it. What it refuses is a DataError.

    A host must be public: a catalogue from outside must not make this machine ask its own network, the machine itself,
    or the metadata service of a cloud. Names are resolved, and each of their addresses is checked. The reader resolves
    the name once more, so a name server that changes its answer within that second is not caught; where that matters,
    let the traffic go through a proxy that decides.
    """

    allowed_hosts: frozenset[str] = frozenset()
    """``host`` or ``host:port`` that need not be public, in lower case."""
    allowed_folders: tuple[Path, ...] = ()
    """Folders, absolute and without links, in which local files may be read."""
    trusted_hosts: tuple[str, ...] = ()
    """Hosts, or endings of hosts that begin with a dot, that are known not to redirect to others."""

    def check(self, url: str) -> None:
        """Refuse an address that is not to be read."""
        if _STRANGE.search(url):
            raise DataError(f"The address {shown(url)!r} has characters that no address has.")
        parts = _split(url)
        if parts.scheme == "s3":
            if not _BUCKET.fullmatch(parts.netloc):
                raise DataError(f"{shown(url)!r} names no S3 bucket: {parts.netloc!r}.")
        elif parts.scheme in _DEFAULT_PORTS:
            self._check_host(parts, url)
        elif parts.scheme in ("", "file"):
            self._check_file(parts, url)
        else:
            raise DataError(
                f"The address {shown(url)!r} can't be read: of a catalogue's assets only https, http and s3 are, and "
                "local files if the catalogue is local."
            )

    def names(self, parts: SplitResult) -> bool:
        """Whether the user has named the host of an address."""
        return not self.allowed_hosts.isdisjoint({parts.hostname or "", host_and_port(parts)})

    def _check_host(self, parts: SplitResult, url: str) -> None:
        host = parts.hostname
        if not host or "@" in parts.netloc:
            raise DataError(f"The address {shown(url)!r} has no host, or a user in front of it.")
        if self.names(parts):
            return
        for address in _addresses(host, parts):
            if not _is_public(address):
                raise DataError(
                    f"{shown(url)!r} leads to {address}, which is not a public address. If it is meant to be read, "
                    f"pass allowed_hosts=[{host!r}]."
                )

    def _check_file(self, parts: SplitResult, url: str) -> None:
        if parts.netloc not in ("", "localhost"):
            raise DataError(f"{shown(url)!r} is a file on another machine.")
        path = local_path(url).resolve()
        if not any(path.is_relative_to(folder) for folder in self.allowed_folders):
            raise DataError(
                f"The file {str(path)!r} is not to be read: local files are only if the catalogue is local and they "
                "lie in its folder. Otherwise pass allowed_folders=."
            )

    def final(self, url: str, session: Any, timeout_s: float) -> str:
        """Return where an http address leads to: each redirection is checked before it is followed.

        The asset is asked for one byte. Hosts that are trusted not to redirect are not asked.
        """
        for _ in range(_MOST_REDIRECTS):
            host = urlsplit(url).hostname or ""
            if any(host == known or (known[0] == "." and host.endswith(known)) for known in self.trusted_hosts):
                return url
            headers = {"Range": "bytes=0-0"}
            with session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=timeout_s) as answer:
                if not answer.is_redirect:
                    return url
                url = urljoin(url, answer.headers["Location"])
            self.check(url)
            if urlsplit(url).scheme not in _DEFAULT_PORTS:
                raise DataError(f"A redirection to {shown(url)!r} is not followed.")
        raise StorageError(f"{shown(url)!r} redirects more than {_MOST_REDIRECTS} times.")


def policy_of(
    allowed_hosts: Iterable[str], allowed_folders: Iterable[str | Path], trusted_hosts: tuple[str, ...]
) -> AddressPolicy:
    """Return the policy for the settings of a user."""
    if isinstance(allowed_hosts, str) or not all(isinstance(host, str) and "/" not in host for host in allowed_hosts):
        raise SettingError(f"allowed_hosts are names of hosts, such as ['localhost:8080'], got {allowed_hosts!r}.")
    if isinstance(allowed_folders, str | Path):
        raise SettingError(f"allowed_folders is a list of folders, got {allowed_folders!r}.")
    folders = tuple(Path(folder).resolve() for folder in allowed_folders)
    return AddressPolicy(frozenset(host.lower() for host in allowed_hosts), folders, trusted_hosts)


def host_and_port(parts: SplitResult) -> str:
    """Return ``host:port`` of an address."""
    return f"{parts.hostname}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, '')}"


def is_remote(url: str) -> bool:
    """Whether an address is one of http, https or s3, or another that is not a local path."""
    return _split(url).scheme not in ("", "file")


def local_path(url: str) -> Path:
    """Return the path that a file URL or a path names."""
    parts = _split(url)
    return Path(url2pathname(unquote(parts.path)) if parts.scheme == "file" else url)


def gdal_path(url: str) -> str:
    """Return the name under which GDAL opens a checked address, and nothing else that it could mean."""
    parts = _split(url)
    if parts.scheme == "s3":
        return f"/vsis3/{parts.netloc}{parts.path}"
    return f"/vsicurl/{url}" if parts.scheme in _DEFAULT_PORTS else str(local_path(url).resolve())


def shown(text: str) -> str:
    """Return a text without the queries of its addresses, where signatures are, and without other secrets."""
    return redact(_QUERY.sub("?***", text))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise DataError(f"{shown(url)!r} is not an address.") from None
    # C:\data\catalog.json is a path
    return parts._replace(scheme="") if len(parts.scheme) == 1 else parts


def _addresses(host: str, parts: SplitResult) -> list[str]:
    try:
        found = socket.getaddrinfo(host, parts.port or _DEFAULT_PORTS[parts.scheme], type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        if parts.scheme in getproxies():  # the proxy knows the name, and decides
            return []
        raise StorageError(f"The host {host!r} of {shown(parts.geturl())!r} is not known.") from None
    return [str(entry[4][0]).partition("%")[0] for entry in found]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return ip.is_global and not ip.is_multicast


class _Redacting(logging.Filter):
    """Takes signatures out of what libraries log about addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg, record.args = shown(record.getMessage()), None
        except (TypeError, ValueError):
            record.args = None
        return True


_REDACTING = _Redacting()


def redact_logs(prefixes: tuple[str, ...] = ("rasterio", "urllib3", "pystac_client", "odc")) -> None:
    """Let the loggers of the libraries that see signed addresses show them without their queries.

    Call it when these libraries are loaded. It stays: what they do later in other threads is logged by them too.
    """
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in prefixes and _REDACTING not in (logger := logging.getLogger(name)).filters:
            logger.addFilter(_REDACTING)
