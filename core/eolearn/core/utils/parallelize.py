"""Calls a function many times at once, in threads or worker processes, with a progress bar."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import closing
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from ..exceptions import SettingError
from .process_lock import MULTIPROCESSING_LOCK
from .threads import available_cpus

if TYPE_CHECKING:
    from tqdm import tqdm

    from ..execution.engine import Engine

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
FutureType = TypeVar("FutureType")


class _ProcessingType(Enum):
    """Ways to do several things."""

    SINGLE_PROCESS = "single process"
    MULTIPROCESSING = "multiprocessing"
    MULTITHREADING = "multithreading"
    RAY = "ray"


def _decide_processing_type(workers: int | None, multiprocess: bool) -> _ProcessingType:
    """Choose the way for a number of workers, None for as many as there are processors.

    Raises SettingError (a ValueError) if there are no workers.
    """
    if workers is not None and workers < 1:
        raise SettingError(f"The number of workers must be at least 1, or None for all processors, got {workers}.")
    if workers == 1:
        return _ProcessingType.SINGLE_PROCESS
    return _ProcessingType.MULTIPROCESSING if multiprocess else _ProcessingType.MULTITHREADING


def _get_engine(workers: int | None, multiprocess: bool, timeout: float | None = None) -> Engine:
    """Return an engine. Raises SettingError (a ValueError) for a timeout where executions can't be stopped."""
    from ..execution.engine import SerialEngine, ThreadEngine

    if timeout is not None and not timeout > 0:
        raise SettingError(f"timeout must be a number of seconds above 0, or None, got {timeout!r}.")
    if timeout is not None and _decide_processing_type(workers, multiprocess) is not _ProcessingType.MULTIPROCESSING:
        raise SettingError(
            f"timeout={timeout:g} takes worker processes, which can be stopped in the middle of an execution; this "
            "process and its threads can't. Use 2 workers or more, and multiprocess=True."
        )
    match _decide_processing_type(workers, multiprocess):
        case _ProcessingType.SINGLE_PROCESS:
            return SerialEngine()
        case _ProcessingType.MULTITHREADING:
            return ThreadEngine(workers or available_cpus())
    from ..execution.pool import ProcessEngine  # only now: multiprocessing takes a while to import

    return ProcessEngine(workers or available_cpus(), timeout)


def _progress_bar(total: int, tqdm_kwargs: Mapping[str, Any]) -> tqdm:
    from tqdm.auto import tqdm

    return tqdm(**{"total": total, **tqdm_kwargs})


class _Spread(Generic[Result]):
    """The function of a tuple that calls a function of the parts of the tuple."""

    def __init__(self, function: Callable[..., Result]):
        self.function = function

    def __call__(self, arguments: tuple[Any, ...]) -> Result:
        return self.function(*arguments)


def parallelize(
    function: Callable[..., Result],
    *params: Iterable[Any],
    workers: int | None,
    multiprocess: bool = True,
    **tqdm_kwargs: Any,
) -> list[Result]:
    """Call a function with the first of each of the params, then the second, and so on, as ``map`` does.

    params: values of the function's positional arguments. The shortest says how many calls there are; the others may
        be endless (``itertools.repeat``).
    workers: how many calls to run at once; 1 for one after the other in this process, None for one a processor.
    multiprocess: run them in processes rather than in threads. Then the function, its arguments and results must be
        picklable, and may be defined anywhere: in a script without a main guard, in a notebook, within a function.
    tqdm_kwargs: settings of the progress bar, such as ``desc="Tiles"`` or ``disable=True``.

    Returns the results in the order of the params. The first error that a call raises ends it all and is raised here;
    WorkerDied, if the system killed a worker. Raises SettingError (a ValueError) if there are no workers.

    Example:
        >>> parallelize(pow, [1, 2, 3], itertools.repeat(2), workers=2)
        [1, 4, 9]
    """
    return _parallelize_on(_get_engine(workers, multiprocess), function, params, tqdm_kwargs)


def _parallelize_on(
    engine: Engine, function: Callable[..., Result], params: Sequence[Iterable[Any]], tqdm_kwargs: dict[str, Any]
) -> list[Result]:
    """Do what :func:`parallelize` does on any engine."""
    tasks = list(zip(*params, strict=False))
    results: dict[int, Result] = {}
    with _progress_bar(len(tasks), tqdm_kwargs) as bar, closing(engine.run(_Spread(function), tasks)) as outcomes:
        for position, outcome in outcomes:
            results[position] = outcome.get()
            bar.update()
    return [results[position] for position in range(len(tasks))]


def execute_with_mp_lock(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Call a function, and let no other thread or worker process of this run do so at the same time."""
    with MULTIPROCESSING_LOCK:
        return function(*args, **kwargs)


def submit_and_monitor_execution(
    executor: Executor, function: Callable[..., Result], *params: Iterable[Any], **tqdm_kwargs: Any
) -> list[Result]:
    """Do the same as :func:`parallelize`, with the workers of an executor of ``concurrent.futures``."""
    futures = [executor.submit(function, *arguments) for arguments in zip(*params, strict=False)]
    return join_futures(futures, **tqdm_kwargs)


def join_futures(futures: list[Future[Result]], **tqdm_kwargs: Any) -> list[Result]:
    """Wait for futures, and return their results in order. The list is emptied, so that it keeps no result in memory.

    The first error that is found is raised.
    """
    results = dict(join_futures_iter(futures, **tqdm_kwargs))
    return [results[position] for position in range(len(results))]


def join_futures_iter(
    futures: list[Future[Result]], update_interval: float = 0.5, **tqdm_kwargs: Any
) -> Iterator[tuple[int, Result]]:
    """Wait for futures, and yield the position and the result of each in the order in which they are done.

    futures: emptied when the first result is asked for, so that it keeps no result in memory.
    update_interval: how often to look for results, in seconds.
    """
    return _base_join_futures_iter(
        lambda pending: concurrent.futures.wait(pending, timeout=update_interval),
        lambda future: future.result(),
        futures,
        **tqdm_kwargs,
    )


def _base_join_futures_iter(
    wait_function: Callable[[Collection[FutureType]], tuple[Collection[FutureType], Collection[FutureType]]],
    get_result_function: Callable[[FutureType], Result],
    futures: list[FutureType],
    **tqdm_kwargs: Any,
) -> Iterator[tuple[int, Result]]:
    """See :func:`join_futures_iter`. For futures of any kind.

    wait_function: waits for a while, and returns those of the futures that are done and those that are not.
    """
    positions = {future: position for position, future in enumerate(futures)}
    futures.clear()
    with _progress_bar(len(positions), tqdm_kwargs) as bar:
        while positions:
            done, _ = wait_function(list(positions))
            for future in sorted(done, key=positions.__getitem__):
                yield positions.pop(future), get_result_function(future)
                bar.update()
