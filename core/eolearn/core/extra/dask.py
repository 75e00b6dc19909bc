"""Runs workflows on the workers of Dask's distributed scheduler."""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from ..eonode import EONode
from ..eoworkflow import EOWorkflow
from ..exceptions import MissingExtra, NotConnected, SettingError, WorkerDied
from ..execution.backlog import Backlog
from ..execution.engine import Engine, Failure, Outcomes, Result, Task
from ..execution.memory import Scope
from ..execution.params import RunParams
from ..execution.pool import stop_idle_workers
from ..execution.user_code import look_for_new_code
from ..utils.threads import THREAD_VARIABLES, limit_library_threads, limit_threads_here
from .batches import BatchRun, Done, Lost, NotBegun, PackedFunction
from .cluster import ClusterExecutor

try:
    import distributed
    from distributed.diagnostics.plugin import SchedulerPlugin
    from distributed.scheduler import KilledWorker
    from distributed.utils import sync
except ImportError as error:
    raise MissingExtra(
        f"eolearn.core.extra.dask needs the package distributed ({error}): pip install 'eo-learn-core[dask]'"
    ) from error

_SECONDS_BETWEEN_COUNTS = 1.0


class DaskExecutor(ClusterExecutor):
    """Runs a workflow with each of many sets of arguments on the workers of a Dask cluster.

    client: the connection to the cluster, by default the one that was made last.

    The other settings are those of :class:`EOExecutor`. Whatever an execution needs must be there on all machines:
    the packages, and the folders of patches and logs. An execution takes one thread of a worker.

    Example:
        >>> client = distributed.Client("tcp://scheduler:8786")
        >>> executor = DaskExecutor(workflow, arguments, client=client)
        >>> results = executor.run(retries=2)
    """

    def __init__(
        self,
        workflow: EOWorkflow,
        execution_kwargs: Iterable[Mapping[EONode, dict[str, object]]],
        *,
        client: distributed.Client | None = None,
        **settings: Any,
    ):
        super().__init__(workflow, execution_kwargs, **settings)
        self.client = client

    def _number_of_workers(self) -> int:
        return sum(self._connected_client().nthreads().values())

    def _make_engine(self, run_params: RunParams) -> Engine:
        if run_params.timeout is not None:
            raise SettingError(
                f"timeout={run_params.timeout:g} can't be kept on Dask, whose workers can't be stopped in the middle "
                "of an execution. Leave it out, or use an EOExecutor or a RayExecutor."
            )
        return DaskEngine(self._connected_client())

    def _connected_client(self) -> Any:
        try:
            client: Any = self.client or distributed.Client.current()  # type: ignore[no-untyped-call]
        except ValueError as error:
            raise NotConnected(
                "There is no connection to a Dask cluster. Make one with distributed.Client(), for this machine, or "
                "distributed.Client('tcp://<scheduler>:8786'), and give it as client=."
            ) from error
        if client.status != "running" or client.asynchronous:
            raise NotConnected(f"{client} can't be used: it must be connected, and made without asynchronous=True.")
        return client


class DaskEngine:
    """Calls in the workers of a Dask cluster. See :class:`eolearn.core.execution.engine.Engine`.

    client: the connection to the cluster.
    """

    name = "dask"

    def __init__(self, client: Any):
        self._client = client
        threads = client.nthreads()
        self._is_here = any(address.startswith("inproc:") for address in threads)
        self.has_own_processes = not self._is_here and max(threads.values(), default=2) == 1
        self.scope: Scope = "process" if self.has_own_processes else "thread"

    def run(self, function: Callable[[Task], Result], tasks: Sequence[Task] | Backlog[Task]) -> Outcomes[Result]:
        """See :class:`Engine`. When a run is stopped, calls that have begun still come to their end."""
        if look_for_new_code():
            stop_idle_workers()
        packed = PackedFunction(function, None if self._is_here else 1)
        with self._limited_libraries():
            cluster = _DaskCluster(self._client, packed, self.has_own_processes)
            yield from BatchRun(cluster, Backlog.of(tasks)).outcomes()

    def _limited_libraries(self) -> AbstractContextManager[object]:
        user_decides = THREAD_VARIABLES & os.environ.keys()
        return limit_library_threads(1) if self._is_here and not user_decides else nullcontext()

    @staticmethod
    def worker_name() -> str:
        """See :class:`Engine`."""
        worker = distributed.get_worker()
        if worker.state.nthreads == 1:
            return f"dask {worker.address}"
        return f"dask {worker.address} thread {threading.current_thread().name.rpartition('-')[2]}"


class _DaskCluster:
    """See :class:`eolearn.core.extra.batches.Cluster`."""

    def __init__(self, client: Any, function: PackedFunction, calls_are_alone: bool):
        self._client = client
        self._calls_are_alone = calls_are_alone
        self._name = f"eo-learn-{uuid.uuid4().hex}"
        self._number = itertools.count()
        self._ended: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._slots, self._counted = 0, -_SECONDS_BETWEEN_COUNTS
        client.register_plugin(_BeginningsPlugin(), name=_BeginningsPlugin.name)
        self._function_to_send = function
        self._function = self._send_function()

    def _send_function(self) -> Any:
        """Send it as a task, since scattered data are lost with the worker that has them."""
        key = f"{self._name}-function-{next(self._number)}"
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(_same, self._function_to_send, key=key, pure=False)

    def slots(self) -> int:
        if time.monotonic() - self._counted > _SECONDS_BETWEEN_COUNTS:
            self._slots = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._slots

    def submit(self, tasks: list[bytes]) -> Any:
        key = f"{self._name}-{next(self._number)}"
        future = self._client.submit(_call_each, self._function, key, tasks, key=key, pure=False)
        future.add_done_callback(self._ended.put)
        return future

    def wait(self, handles: Collection[Any], seconds: float) -> Iterator[Any]:  # noqa: ARG002 - futures come by themselves
        with suppress(queue.Empty):
            yield self._ended.get(timeout=seconds)
            while True:
                yield self._ended.get_nowait()

    def answer(self, handle: Any) -> Done | Lost | NotBegun | Failure:
        try:
            answer: Done | _Beginning | None = handle.result()
        except KilledWorker as error:
            if error.task == self._function.key:
                self._function = self._send_function()
            if error.task != handle.key:
                return NotBegun()
            return self._lost(self._client.sync(self._client.scheduler.eolearn_beginning, key=handle.key), error)
        except Exception as error:  # noqa: BLE001 - the scheduler may be gone, or the packages of a worker not be there
            return Failure.of(error)
        if answer is None:
            raise KeyboardInterrupt("A task was interrupted in a Dask worker.")
        return answer if isinstance(answer, Done) else self._lost(answer)

    def _lost(self, beginning: _Beginning | None, error: Exception | None = None) -> Lost:
        if beginning is None:
            text = f"A worker of Dask died that was about to begin an execution. {_ADVICE} {error}"
            return Lost(WorkerDied(text), was_alone=False)
        worker, started = beginning
        text = f"{worker} died in the middle of an execution, or lost contact with the scheduler. {_ADVICE}"
        return Lost(WorkerDied(text), worker, started, self._calls_are_alone)

    def cancel(self, handles: Iterable[Any]) -> None:
        self._client.cancel(list(handles), force=True)


_ADVICE = "Has it run out of memory? Then give workers more memory, or fewer threads."
_Beginning = tuple[str, float]
"""The name of a worker, and the time since the epoch."""


class _BeginningsPlugin(SchedulerPlugin):
    """Knows, in the scheduler, which batches have begun.

    Dask runs again by itself what a dead worker had, the task that killed it as well as those that were only waiting
    there. A batch that has begun once is not to begin again: see :func:`_call_each`.
    """

    name = "eo-learn-beginnings"
    idempotent = True

    async def start(self, scheduler: distributed.Scheduler) -> None:
        self._tasks = scheduler.tasks
        self._beginnings: dict[str, _Beginning] = {}
        scheduler.handlers |= {"eolearn_begin": self._begin, "eolearn_beginning": self._beginning}

    def _begin(self, key: str, worker: str) -> _Beginning | None:
        earlier = self._beginnings.get(key)
        if key in self._tasks:  # a batch may begin although it has been cancelled
            self._beginnings.setdefault(key, (worker, time.time()))
        return earlier

    def _beginning(self, key: str) -> _Beginning | None:
        return self._beginnings.get(key)

    def transition(self, key: Any, start: Any, finish: str, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002 - of Dask
        if finish in ("memory", "forgotten"):  # it may be lost from memory, and then has to be done again
            self._beginnings.pop(key, None)


def _same(function: PackedFunction) -> PackedFunction:
    return function


def _call_each(function: PackedFunction, key: str, tasks: list[bytes]) -> Done | _Beginning | None:
    """Call a function, in a worker, if this batch has not begun before in another one. None if it is interrupted."""
    worker = distributed.get_worker()
    name = DaskEngine.worker_name()
    earlier: _Beginning | None = sync(worker.loop, worker.scheduler.eolearn_begin, key=key, worker=name)
    if earlier is not None:
        return earlier
    limit_threads_here(1)
    try:
        return function.call_each(tasks)
    except KeyboardInterrupt:  # it would end the worker
        return None
