"""Splits the rows of a raster over a few threads, for kernels that release the interpreter's lock."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

THREAD_VARIABLES = {
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "RAYON_NUM_THREADS",
}
"""Environment variables that tell libraries how many threads to use. A user who sets one of them is in charge."""

_limit: int | None = None  # of this process
_here = threading.local()  # .limit: of this thread


def available_cpus() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def limit_threads(count: int | None) -> None:
    """Set how many threads a kernel may use in this process; None for as many as there are processors.

    The executor calls it in its worker processes, so that these don't fight for the processors.
    """
    global _limit  # noqa: PLW0603 - the budget belongs to the process, as its processors do
    _limit = count


def limit_threads_here(count: int | None) -> None:
    """Set how many threads a kernel may use that is called from this thread; None for what the process allows.

    The executor calls it in its worker threads. OpenMP, as far as it is loaded, has a number for each thread too.
    """
    if count is not None and count != getattr(_here, "limit", None):
        import threadpoolctl

        threadpoolctl.threadpool_limits(count, user_api="openmp")
    _here.limit = count


def thread_limit() -> int:
    """Return how many threads a kernel may use that is called from this thread."""
    return getattr(_here, "limit", None) or _limit or available_cpus()


def thread_share(workers: int) -> int:
    """Return how many threads each of a number of workers may use, if they share what there is here."""
    return max(1, thread_limit() // workers)


def limit_library_threads(count: int) -> AbstractContextManager[object]:
    """Set how many threads BLAS, OpenMP and OpenCV use in this process, as far as they are loaded.

    Several workers, each with as many BLAS threads as there are processors, are many times slower than one would be.
    Returns a context manager that undoes it for BLAS and OpenMP.
    """
    import threadpoolctl

    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(count)
    return threadpoolctl.threadpool_limits(count)  # type: ignore[no-any-return]


def over_row_blocks(function: Callable[[int, int], None], rows: int, *, least_rows: int = 16) -> None:
    """Call ``function(start, stop)`` for blocks of rows that together are all of them, in parallel.

    function: works on the rows from start to before stop, and writes into an array of its own making; must release
        the interpreter's lock (numba with ``nogil=True``, numpy on large arrays) for a gain.
    least_rows: blocks of fewer rows are not worth a thread.

    An error in a block is raised when all blocks have ended.

    Example:
        >>> squares = np.empty(100)
        >>> def fill(start, stop):
        ...     squares[start:stop] = np.arange(start, stop) ** 2
        >>> over_row_blocks(fill, 100)
    """
    blocks = max(1, min(thread_limit(), rows // max(1, least_rows)))
    if blocks == 1:
        function(0, rows)
        return
    edges = [rows * index // blocks for index in range(blocks + 1)]
    with ThreadPoolExecutor(blocks) as pool:
        for _ in pool.map(function, edges[:-1], edges[1:]):
            pass
