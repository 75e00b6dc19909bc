"""Batch processing of Sentinel Hub: the service makes images of a large area, tile by tile, in a bucket of yours.

A job is submitted, started and followed, and then each tile becomes an EOPatch. The service is that of
https://docs.sentinel-hub.com/api/latest/api/batchv2/, which needs an account with batch processing, a bucket on S3, and
a role by which the service may write there.

Example:
    >>> bucket = {"folder": "s3://bucket/ndvi", "role_arn": "arn:aws:iam::123456789012:role/hub"}
    >>> job = submit_batch(task, area, ("2024-05-01", "2024-08-31"), grid_id=1, resolution=10, **bucket)
    >>> job.start()
    >>> job.wait(show_progress=True)
    >>> folder = f"s3://bucket/ndvi/{job.job_id}"
    >>> load = SentinelHubBatchInputTask((FeatureType.DATA_TIMELESS, "ndvi"), folder)
    >>> patches = [load.execute(tile=tile) for tile in load.tiles()]
"""

from __future__ import annotations

import posixpath
import time
from typing import TYPE_CHECKING, Any, cast

from sentinelhub import Geometry
from sentinelhub.api.batch import BatchProcessClient, BatchProcessRequest, BatchRequestStatus
from sentinelhub.api.batch.base import BatchUserAction
from sentinelhub.exceptions import BaseSentinelHubException

from eolearn.core import EOPatch, EOTask, FeatureType
from eolearn.core.exceptions import DataError, EOLearnError, SettingError
from eolearn.core.utils.fs import as_filesystem, get_base_filesystem_and_path
from eolearn.core.utils.parsing import FeatureParser
from eolearn.core.utils.redact import redact

from ._place import parsed_interval
from ._sentinelhub.base import moved
from ._sentinelhub.client import Client
from ._sentinelhub.credentials import Access
from ._sentinelhub.errors import ServiceError, told
from .raster_io import ImportFromTiffTask

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from sentinelhub import BBox, SHConfig

    from eolearn.core.types import FeaturesSpecification

    from .sentinelhub_process import SentinelHubEvalscriptTask

_WAITS_FOR_A_START = (BatchRequestStatus.CREATED, BatchRequestStatus.ANALYSIS_DONE)


class BatchJob:
    """A job of batch processing. It can be pickled; credentials aren't pickled with it.

    job_id: that the service has given it.
    config: of the package sentinelhub, with the credentials.

    All methods raise ServiceError (an OSError) if the service refuses something or can't be asked.
    """

    def __init__(self, job_id: str, config: SHConfig | None = None):
        self.job_id = job_id
        self._access = Access(config)

    def __repr__(self) -> str:
        return f"BatchJob({self.job_id!r})"

    def start(self) -> None:
        """Let the service begin. From here on it counts processing units."""
        _asked(_service(self._access.config).start_job, self.job_id)

    def stop(self) -> None:
        """Let the service stop; the tiles that it has made stay."""
        _asked(_service(self._access.config).stop_job, self.job_id)

    def info(self) -> BatchProcessRequest:
        """Return what the service tells of the job: its status, how much is done in per cent, and what it costs."""
        info: BatchProcessRequest = _asked(_service(self._access.config).get_request, self.job_id)
        return info

    def wait(
        self, *, poll_s: float = 120, timeout_s: float | None = None, show_progress: bool = False
    ) -> BatchProcessRequest:
        """Ask for the status again and again until all tiles are made, and return it.

        poll_s: the time between two questions.
        timeout_s: how long to wait at most.
        show_progress: show a bar of what is done, in per cent.

        Raises ServiceError if the job fails, is stopped, or isn't done in time; SettingError if it isn't started.
        """
        from tqdm.auto import tqdm

        end = None if timeout_s is None else time.monotonic() + timeout_s
        with tqdm(total=100, disable=not show_progress, desc=f"Batch job {self.job_id}") as bar:
            while True:
                info = self.info()
                bar.update(info.completion_percentage - bar.n)
                if info.status is BatchRequestStatus.DONE:
                    return info
                self._check(info)
                if end is not None and time.monotonic() + poll_s > end:
                    raise ServiceError(
                        f"{self} is at {info.completion_percentage:g} % after {timeout_s} s. It goes on: wait again."
                    )
                time.sleep(poll_s)

    def _check(self, info: BatchProcessRequest) -> None:
        if info.status in _WAITS_FOR_A_START and info.user_action is not BatchUserAction.START:
            raise SettingError(f"{self} isn't started: call start().")
        if info.status in (BatchRequestStatus.FAILED, BatchRequestStatus.STOPPED):
            reason = info.error or getattr(info.stopped_status_reason, "value", "no reason is given")
            raise ServiceError(
                f"{self} is {info.status.value.lower()} at {info.completion_percentage:g} %: "
                f"{told(reason, self._access.config)}."
            )


def submit_batch(
    task: SentinelHubEvalscriptTask,
    area: BBox | Geometry,
    time_interval: Any,
    *,
    folder: str,
    role_arn: str,
    grid_id: int,
    resolution: float,
    buffer_px: int = 0,
    description: str | None = None,
) -> BatchJob:
    """Hand a job to the service, and return it. It isn't started, and costs nothing yet.

    task: whose evalscript is run; its features are images without dates, one of the whole interval for each tile.
        Its size or resolution isn't used. Where dates are wanted, let the evalscript put them into bands.
    folder: of a bucket, ``s3://bucket/folder``, where ``<id of the job>/<tile>/<output>.tif`` are written.
    role_arn: of the role by which Sentinel Hub may write there. Keys of the bucket aren't handed over.
    grid_id, resolution: the tiling grid and its metres a pixel; the list is in the documentation of the service.
    buffer_px: so many pixels more at each side of a tile.
    description: a text that the service shows with the job.

    Raises SettingError (a ValueError) for a task with dates or user data, or another folder; ServiceError (an OSError)
    if the service refuses.
    """
    if not task.is_timeless or any(kind is FeatureType.META_INFO for kind, _, _ in task.features):
        raise SettingError(
            f"A batch job makes one image of the interval for each tile, so that features are images without dates, "
            f"got {task.features}."
        )
    if not folder.startswith("s3://"):
        raise SettingError(f"folder is one of a bucket, s3://bucket/folder, got {folder!r}.")
    bbox, outline = (None, area) if isinstance(area, Geometry) else (area, None)
    process = task._request(bbox, None, parsed_interval(time_interval), outline)
    template = f"{folder.rstrip('/')}/<requestId>/<tileName>/<outputId>.tif"
    access = BatchProcessClient.s3_specification(template, iam_role_arn=role_arn)
    client = task._client()
    info = _asked(
        _service(client.config, client).create,
        process.download_list[0].post_values,
        BatchProcessClient.tiling_grid_input(grid_id, resolution, buffer_px or None, buffer_px or None),
        BatchProcessClient.raster_output(access),
        description=description,
    )
    return BatchJob(info.request_id, client.config)


class SentinelHubBatchInputTask(EOTask):
    """Makes an EOPatch of a tile of a batch job.

    features: images without dates, each named by an output of the evalscript, or renamed:
        ``(FeatureType.DATA_TIMELESS, "ndvi", "NDVI")``; (height, width, band).
    folder: of the job, ``s3://bucket/folder/<id of the job>``, or a local copy.
    filesystem: an fsspec filesystem, where the folder is relative to one.

    Example:
        >>> task = SentinelHubBatchInputTask((FeatureType.DATA_TIMELESS, "ndvi"), folder)
        >>> patch = task.execute(tile="32TPS_1_2")
    """

    def __init__(self, features: FeaturesSpecification, folder: str, *, filesystem: AbstractFileSystem | None = None):
        allowed = [kind for kind in FeatureType if kind.is_image() and kind.is_timeless()]
        parsed = FeatureParser(features, allowed).get_renamed_features()
        if filesystem is None:
            filesystem, folder = get_base_filesystem_and_path(folder)
        self.filesystem, self.folder = as_filesystem(filesystem), str(folder)
        self._readers = {
            name: ImportFromTiffTask((kind, new_name), self.folder, filesystem=self.filesystem)
            for kind, name, new_name in parsed
        }

    def tiles(self) -> list[str]:
        """Return the names of all tiles that have every output, sorted."""
        found = self.filesystem.ls(self.folder, detail=False)
        names = sorted(str(path).rstrip("/").rsplit("/", 1)[-1] for path in found)
        return [name for name in names if all(map(self.filesystem.exists, self._paths(name)))]

    def _paths(self, tile: str) -> list[str]:
        return [posixpath.join(self.folder, tile, f"{name}.tif") for name in self._readers]

    def execute(self, eopatch: EOPatch | None = None, *, tile: str) -> EOPatch:
        """Return the EOPatch, or a new one at the place of the tile, with its images.

        Raises DataError (a ValueError) for a name of a tile that is a path, FileNotFoundError if there is no such tile.
        """
        if "/" in tile or "\\" in tile or tile in ("", ".", ".."):
            raise DataError(f"tile is the name of a folder in {self.folder}, got {tile!r}.")
        if missing := [path for path in self._paths(tile) if not self.filesystem.exists(path)]:
            raise FileNotFoundError(f"The batch job has no {', '.join(missing)}. Its tiles are listed by tiles().")
        draft = None if eopatch is None else EOPatch(bbox=eopatch.bbox, timestamps=eopatch.timestamps)
        for name, reader in self._readers.items():
            draft = reader.execute(draft, filename=f"{tile}/{name}.tif")
        return moved(cast("EOPatch", draft), eopatch)


def _service(config: SHConfig, client: Client | None = None) -> BatchProcessClient:
    service = BatchProcessClient(config)
    service.client = client or Client(config)
    return service


def _asked(ask: Any, *arguments: Any, **settings: Any) -> Any:
    """Return what the service answers. Raises ServiceError for an answer of another form."""
    try:
        return ask(*arguments, **settings)
    except EOLearnError:
        raise
    except (BaseSentinelHubException, LookupError, TypeError, ValueError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise ServiceError(f"The batch processing of Sentinel Hub answers something else than a job: {redact(problem)}.")
