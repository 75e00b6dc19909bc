"""The client of meteoblue's package, with limits, delays, and without the key in what it says."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from eolearn.core.exceptions import BrokenFile, EOLearnError, MissingExtra, StorageError
from eolearn.core.utils.redact import redact

from .._secret import Secret

LOGGER = logging.getLogger(__name__)

_SERVICE = "https://my.meteoblue.com"
_RESULTS = "http://queueresults.meteoblue.com"
"""Of the package; it has no other address. The key isn't sent there."""
_MOST_BYTES = 2 << 30
_LONGEST_S = 3600.0
_TRIES = 5
_FIRST_DELAY_S = 1.0
_POLL_S = 5.0
_REFUSED = (400, 401, 403, 404, 422)


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    content: bytes

    async def read(self) -> bytes:
        """Return what was sent."""
        return self.content

    async def json(self) -> Any:
        """Return what was sent, as JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise BrokenFile(f"meteoblue answers with what is no JSON: {_shown(self.content)}") from None


def ask(query: dict[str, Any], apikey: Secret, cache_folder: str | None, cache_max_age: int) -> Any:
    """Return the answer to a query, a message of meteoblue's package, or the one that lies in the cache.

    Raises StorageError (an OSError) for a service that isn't reached or refuses, BrokenFile for what isn't an answer.
    """
    sdk = _sdk()
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped, unused-ignore]
    from meteoblue_dataset_sdk.caching import FileCache

    cache = None if cache_folder is None else FileCache(path=cache_folder, max_age=cache_max_age)
    try:
        return _client(sdk, apikey, cache).query_sync(query)
    except DecodeError:
        raise BrokenFile("meteoblue's answer is cut off, or isn't what was asked for.") from None
    except TimeoutError:
        raise StorageError(f"meteoblue has not finished within {_LONGEST_S:.0f} s: ask for less at once.") from None
    except EOLearnError:
        raise
    except (sdk.Error, KeyError) as error:
        problem = StorageError(f"meteoblue refuses the query: {redact(apikey.masked_in(str(error)))}")
    raise problem


def _sdk() -> Any:
    try:
        import meteoblue_dataset_sdk.client as sdk
    except ImportError as error:
        raise MissingExtra("meteoblue needs meteoblue_dataset_sdk: pip install 'eo-learn-io[meteoblue]'") from error
    return sdk


def _client(sdk: Any, apikey: Secret, cache: Any) -> Any:
    class Client(sdk.Client):  # type: ignore[misc, unused-ignore]
        """Sends the requests of the package in our way."""

        async def query(self, params: dict[str, Any]) -> Any:
            async with asyncio.timeout(_LONGEST_S):
                return await super().query(params)

        @asynccontextmanager
        async def _fetch(
            self, session: Any, method: str, url: str, body_dict: Any = None, query_params: Any = None
        ) -> AsyncIterator[Answer]:
            yield await _fetch(sdk, apikey, session, method, url, {"json": body_dict, "params": query_params})

    client = Client(apikey.reveal(), cache)
    config = client._config
    config.query_url = f"{_SERVICE}/dataset/query?apikey={{}}"
    config.status_url = f"{_SERVICE}/queue/status/{{}}"
    config.result_url = f"{_RESULTS}/{{}}"
    config.queue_retry_sleep_duration = _POLL_S
    return client


async def _fetch(sdk: Any, apikey: Secret, session: Any, method: str, url: str, options: dict[str, Any]) -> Answer:
    """Return an answer, after some tries where that may help."""
    import aiohttp

    delay, reason = _FIRST_DELAY_S, ""
    for attempt in range(_TRIES):
        if attempt:
            LOGGER.info("meteoblue is asked again in %.1f s: %s", delay, reason)
            await asyncio.sleep(delay)
            delay *= 2
        try:
            async with session.request(method, url, allow_redirects=False, **options) as response:
                content = await _body(response)
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            reason = redact(apikey.masked_in(f"{type(error).__name__} {error}"))
            continue
        if 200 <= status < 300:
            return Answer(content)
        reason = f"status {status}, {redact(apikey.masked_in(_message(content)))}"
        if status in _REFUSED:
            raise sdk.ApiError(_message(content))
    raise StorageError(f"meteoblue has failed {_TRIES} times, the last time so: {reason}")


async def _body(response: Any) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(1 << 18):
        content += chunk
        if len(content) > _MOST_BYTES:
            raise StorageError(f"meteoblue's answer is larger than {_MOST_BYTES >> 20} MB: ask for less at once.")
    return bytes(content)


def _message(content: bytes) -> str:
    """Return what the service says of an error, of which its APIs have two forms."""
    try:
        found = json.loads(content)
        return str(found.get("error_message") or found["reason"])
    except (ValueError, KeyError, AttributeError):
        return _shown(content)


def _shown(content: bytes) -> str:
    return redact(" ".join(content[:300].decode("utf-8", "replace").split()))
