"""Answers of the service in a local folder, from which a run can be repeated without a network."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eolearn.core.exceptions import EORuntimeWarning, warn_user
from eolearn.core.utils.whole_file import whole_file

from .errors import ServiceError

if TYPE_CHECKING:
    from sentinelhub.download.models import DownloadRequest, DownloadResponse

_KEPT_HEADERS = ("Content-Type", "X-ProcessingUnits-Spent")
_SETTLED = timedelta(days=30)
"""So long after its end, an interval gets no new images."""


def read_answer(request: DownloadRequest) -> DownloadResponse | None:
    """Return the stored answer to a request, None if there is none, or if one that was stored can't be read.

    The folders are those of the package sentinelhub, as eo-learn 1.x has left them: ``<hash>/request.json`` and
    ``<hash>/response.tiff``.
    """
    from sentinelhub.download.models import DownloadResponse

    request_path, response_path = request.get_storage_paths()
    if request_path is None or response_path is None or not os.path.exists(response_path):
        return None
    try:
        stored = json.loads(Path(request_path).read_text())
        asked = stored.get("request", stored)
        answer = stored.get("response") or {}
        is_same = all(asked.get(name) == value for name, value in _plain(request.get_request_params()).items())
    except (OSError, ValueError, AttributeError):
        return None
    if not is_same:
        return None
    return DownloadResponse(request, Path(response_path).read_bytes(), answer.get("headers") or {})


def write_answer(response: DownloadResponse) -> None:
    """Store an answer; when a process dies in the middle, it isn't there."""
    request_path, response_path = response.request.get_storage_paths()
    if request_path is None or response_path is None:
        return
    headers = {name: value for name, value in response.headers.items() if name in _KEPT_HEADERS}
    answer = {"headers": headers, "status_code": response.status_code, "elapsed": response.elapsed}
    document = {"request": response.request.get_request_params(include_metadata=True), "response": answer}
    _write(Path(request_path), json.dumps(document).encode())
    _write(Path(response_path), response.content)  # the last, by which the answer is there


def cached_times(
    folder: str | None, search: dict[str, Any], end: datetime, find: Callable[[], list[datetime]]
) -> list[datetime]:
    """Return what a search of the catalogue has found before, or finds now.

    folder: of the cache, None for no cache. search: what is looked for. end: of its interval, naive, in UTC. A search
    that was made less than a month after that is made again, for there may be more images by now; what was found
    before is used only if the service can't be asked, with a warning.
    """
    if folder is None:
        return find()
    text = json.dumps(search, sort_keys=True)
    path = Path(folder) / f"search-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    stored = _read_search(path, text)
    if stored is not None and stored[1] > end + _SETTLED:
        return stored[0]
    try:
        times = find()
    except ServiceError as error:
        if stored is None:
            raise
        warn_user(f"The images are those that were found on {stored[1]:%Y-%m-%d}: {error}", EORuntimeWarning)
        return stored[0]
    found = {"search": text, "found": [time.isoformat() for time in times], "asked": _now().isoformat()}
    _write(path, json.dumps(found).encode())
    return times


def _read_search(path: Path, search: str) -> tuple[list[datetime], datetime] | None:
    try:
        stored = json.loads(path.read_text())
        if stored["search"] != search:
            return None
        return [datetime.fromisoformat(time) for time in stored["found"]], datetime.fromisoformat(stored["asked"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_bytes(content)
