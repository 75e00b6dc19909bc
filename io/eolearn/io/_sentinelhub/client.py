"""The client: requests in parallel, tried again where that may help, within bounds."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
from sentinelhub import MimeType, SentinelHubDownloadClient, SentinelHubSession
from sentinelhub.constants import SHConstants
from sentinelhub.download.models import DownloadRequest, DownloadResponse

from eolearn.core.exceptions import SettingError
from eolearn.core.utils.redact import redact

from .cache import read_answer, write_answer
from .errors import ServiceError, TemporaryProblem, told

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests import Session
    from sentinelhub import SHConfig

LOGGER = logging.getLogger(__name__)

_MOST_BYTES = {MimeType.JSON: 64 << 20}
_MOST_BYTES_OF_IMAGES = 2 << 30
_BACKOFF = 3.0
_LONGEST_LIMIT_S = 900.0
"""So long a request waits because the service limits the rate, and no longer."""
_SHORTEST_LIMIT_S = 0.1
_CONNECTIONS = 64


class _Stopped(Exception):
    """Another request of the same download has failed for good."""


@dataclass
class Throttle:
    """Makes all requests of this process to one service wait when it limits their rate. Safe for threads."""

    free_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def hold(self, seconds: float) -> None:
        """Let nobody send anything for so long."""
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic() + seconds)

    def wait(self, stop: threading.Event) -> None:
        """Wait until the service may be asked again."""
        while (seconds := self.free_at - time.monotonic()) > 0:
            pause(stop, seconds)


def pause(stop: threading.Event, seconds: float) -> None:
    """Wait, but no longer than till another request of the same download has failed for good."""
    if stop.wait(seconds):
        raise _Stopped


@cache
def _throttle_of(host: str) -> Throttle:  # noqa: ARG001 - one for each
    return Throttle()


@cache
def _http() -> Session:
    """Return the connections of this process, which are used again from patch to patch."""
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.auth = lambda prepared: prepared  # else a password of ~/.netrc would be sent in place of the token
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=8, pool_maxsize=_CONNECTIONS))
    return session


_session_lock = threading.RLock()


class Client(SentinelHubDownloadClient):  # type: ignore[misc, unused-ignore]
    """Sends requests to Sentinel Hub, or to Geopedia, in parallel, and keeps what the package's own client leaves open.

    Connections are kept from patch to patch. A time-out, a connection that breaks in the middle of an answer, an
    answer that can't be decoded and a status of 5xx are tried again, ``max_download_attempts`` times of the
    configuration, after ``download_sleep_time`` seconds, which grow threefold from time to time. If the service limits
    the rate (429), all wait as long as it says, each request for a quarter of an hour in all. A token that it doesn't
    take any more is replaced once. When one request fails for good, those that haven't begun aren't sent; what has
    come is in the cache.

    session: makes a session of the package sentinelhub; by default one for these credentials, shared in the process.
    """

    def __init__(self, config: SHConfig, make_session: Callable[[], SentinelHubSession] | None = None):
        super().__init__(config=config)
        self._make_session = make_session
        self._stop = threading.Event()

    def download(
        self,
        download_requests: Iterable[DownloadRequest],
        max_threads: int | None = None,
        decode_data: bool = True,  # noqa: ARG002 - the signature of the package
        show_progress: bool = False,
    ) -> list[Any]:
        """Return the decoded answers to some requests, in their order."""
        from tqdm.auto import tqdm

        requests = list(download_requests)
        with ThreadPoolExecutor(max_threads) as pool:
            futures = [pool.submit(self._one_of_many, request) for request in requests]
            try:
                for _ in tqdm(as_completed(futures), total=len(futures), disable=not show_progress):
                    pass
            finally:
                self._stop.set()  # for the case that the user has interrupted it
        self._stop.clear()
        errors = [error for future in futures if (error := future.exception()) is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, _Stopped)):
            raise error
        return [future.result() for future in futures]

    def _one_of_many(self, request: DownloadRequest) -> Any:
        try:
            return self._single_download_decoded(request)
        except BaseException:
            self._stop.set()
            raise

    def _single_download_decoded(self, request: DownloadRequest) -> Any:
        stored = read_answer(request)
        if stored is not None:
            try:
                return _decoded(stored)
            except TemporaryProblem as problem:
                LOGGER.warning("An answer in the cache can't be used and is fetched again: %s", problem)
        response, decoded = self._fetch(request)
        write_answer(response)
        return decoded

    def _fetch(self, request: DownloadRequest) -> tuple[DownloadResponse, Any]:
        """Send a request until there is an answer that can be used."""
        attempts = max(1, self.config.max_download_attempts)
        seconds, reason = self.config.download_sleep_time, ""
        for attempt in range(attempts):
            if attempt:
                LOGGER.info("%s is tried again in %.1f s: %s", describe(request), seconds, reason)
                pause(self._stop, seconds)
                seconds *= _BACKOFF
            try:
                response = self._ask(request)
                return response, _decoded(response)
            except TemporaryProblem as problem:
                reason = str(problem)
        raise ServiceError(
            f"{describe(request)} has failed {attempts} times, the last time so: {reason}. Try again later; "
            "what has come till now is in the cache, if there is one."
        )

    def _ask(self, request: DownloadRequest) -> DownloadResponse:
        """Return an answer with a status of 2xx."""
        throttle = _throttle_of(_host(request))
        limits, is_renewed, asked_at = 0, False, time.monotonic()
        while True:
            throttle.wait(self._stop)
            if self._stop.is_set():
                raise _Stopped
            token = self._token() if request.use_session else {}
            status, headers, content = self._send(request, token)
            if status == 429:  # too many requests
                seconds = max(_seconds_to_wait(headers, self.config), _SHORTEST_LIMIT_S * 2**limits)
                self._check_limit(request, seconds, asked_at)
                limits += 1
                throttle.hold(seconds)
            elif status == 401 and request.use_session and not is_renewed:  # the token isn't taken any more
                self._renew(token)
                is_renewed = True
            else:
                break
        self._check_status(request, status, content)
        return DownloadResponse(request, content, dict(headers), status)

    def _send(self, request: DownloadRequest, token: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        import requests

        most = _MOST_BYTES.get(request.data_type, _MOST_BYTES_OF_IMAGES)
        headers = {**SHConstants.HEADERS, **token, **request.headers}
        content = bytearray()
        try:
            with _http().request(
                request.request_type.value, request.url or "", json=request.post_values, headers=headers, stream=True,
                allow_redirects=False, timeout=self.config.download_timeout_seconds,
            ) as answer:  # fmt: skip
                for chunk in answer.iter_content(1 << 18):
                    content += chunk
                    if len(content) > most:
                        raise ServiceError(f"{describe(request)}: the answer is larger than {most >> 20} MB.")
                return answer.status_code, answer.headers, bytes(content)
        except requests.RequestException as error:
            text = told(f"{type(error).__name__}: {error}", self.config)
            problem = (
                ServiceError(f"{_address(request)} can't be asked: {text}") if isinstance(error, ValueError) else None
            )
        raise problem or TemporaryProblem(text)

    def _check_limit(self, request: DownloadRequest, seconds: float, asked_at: float) -> None:
        waited = time.monotonic() - asked_at
        if waited + seconds > _LONGEST_LIMIT_S:
            raise ServiceError(
                f"{describe(request)}: {_host(request)} limits the rate of requests and asks to wait for "
                f"{seconds:.0f} s, after {waited:.0f} s of waiting. Send fewer at once (max_threads=), or look at the "
                "limits of your account, such as its processing units."
            )
        LOGGER.warning("%s limits the rate of requests: all wait for %.1f s.", _host(request), seconds)

    def _check_status(self, request: DownloadRequest, status: int, content: bytes) -> None:
        if 200 <= status < 300:
            return
        answer = f"status {status}, {told(content[:2000].decode('utf-8', 'replace'), self.config)}"
        if status >= 500:
            raise TemporaryProblem(answer)
        hint = {
            401: " Check that the credentials are those of this service.",
            403: " The account may not do this, or has no requests or processing units left.",
        }.get(status, "")
        raise ServiceError(f"{describe(request)} is refused by {_address(request)}: {answer}.{hint}")

    def _token(self) -> dict[str, str]:
        """Return the header that proves who is asking."""
        with _session_lock:
            try:
                return dict(self._own_session().session_headers)
            except Exception as error:  # noqa: BLE001 - of three libraries, told below without what they hold
                problem = self._told_login(error)
        raise problem

    def _own_session(self) -> SentinelHubSession:
        if self.session is None and self._make_session is not None:
            self.session = self._make_session()
        return self.get_session()

    def _told_login(self, error: Exception) -> Exception:
        config = self.config
        if not (config.sh_client_id and config.sh_client_secret) and isinstance(error, ValueError):
            return SettingError(
                "There are no credentials of Sentinel Hub here: set SH_CLIENT_ID and SH_CLIENT_SECRET in the "
                "environment, save them with SHConfig().save(), or pass config=SHConfig(sh_client_id=..., "
                "sh_client_secret=...). They aren't pickled with a task, so each machine of a cluster needs its own."
            )
        text = told(f"{type(error).__name__}: {error}", config)
        if type(error).__module__.startswith("oauthlib"):
            text = (
                f"its token service {config.sh_token_url} refuses the credentials: {text}. Check sh_client_id and "
                "sh_client_secret, and that sh_token_url belongs to sh_base_url."
            )
        return ServiceError(f"No token for {config.sh_base_url}: {text}")

    def _renew(self, token: Mapping[str, str]) -> None:
        """Make a new session, unless another thread has by now."""
        with _session_lock:
            if self._token() != token:
                return
            self.session = None
            if self._make_session is None and self.config.sh_client_id:
                SentinelHubDownloadClient.clear_cache()


def describe(request: DownloadRequest) -> str:
    """Name what a request is for."""
    asked = request.post_values or {}
    data = (asked.get("input") or {}).get("data")
    if not data:
        return f"The request to {_address(request)}"
    times = data[0].get("dataFilter", {}).get("timeRange")
    when = f" from {times['from']} to {times['to']}" if times else ""
    return f"The image of {data[0].get('type')}{when}"


def _address(request: DownloadRequest) -> str:
    return redact(request.url or "")


def _host(request: DownloadRequest) -> str:
    return urlsplit(request.url or "").hostname or "The service"


def _decoded(response: DownloadResponse) -> Any:
    """Return what is in an answer. Raises TemporaryProblem for one that isn't what was asked for."""
    if response.status_code == 204:  # no content
        return None
    try:
        decoded = response.decode()
    except Exception as error:  # noqa: BLE001 - a broken file makes decoders raise anything
        raise TemporaryProblem(
            f"the answer of {len(response.content)} bytes can't be decoded: {type(error).__name__}: {error}"
        ) from None
    output = (response.request.post_values or {}).get("output")
    return _checked_images(decoded, output) if output and "width" in output else decoded


def _checked_images(decoded: Any, output: Mapping[str, Any]) -> Any:
    """Return what was asked for, images with all their axes."""
    names = [answer["identifier"] for answer in output["responses"]]
    shape = output["height"], output["width"]
    if len(names) == 1:
        return _shaped(names[0], decoded, shape)
    found = {name.rsplit(".", 1)[0] for name in decoded}
    if missing := set(names) - found:
        raise TemporaryProblem(f"the answer lacks {', '.join(sorted(missing))}")
    return {name: _shaped(name, image, shape) for name, image in decoded.items()}


def _shaped(name: str, image: Any, shape: tuple[int, int]) -> Any:
    if not isinstance(image, np.ndarray) or image.shape[:2] == shape:
        return image
    if 1 in shape and image.size % (shape[0] * shape[1]) == 0:  # an axis of a single pixel is lost in decoding
        return image.reshape(*shape, -1)
    raise TemporaryProblem(f"{name} has {image.shape[:2]} pixels in place of {shape}")


def _seconds_to_wait(headers: Mapping[str, str], config: SHConfig) -> float:
    """Return how long the service asks to wait: a number of milliseconds, as Sentinel Hub has it, or a date."""
    text = headers.get("Retry-After", "")
    try:
        return float(text) / 1000
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return float(config.download_sleep_time)
