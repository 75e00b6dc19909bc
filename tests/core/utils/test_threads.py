import sys
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from eolearn.core.utils.threads import (
    available_cpus,
    limit_library_threads,
    limit_threads,
    limit_threads_here,
    over_row_blocks,
    thread_limit,
    thread_share,
)


@pytest.fixture(autouse=True)
def _unlimited():
    yield
    limit_threads(None)
    limit_threads_here(None)


def in_another_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_without_limit_kernels_may_use_all_processors():
    assert thread_limit() == available_cpus() >= 1


def test_limit_of_the_process_holds_in_all_threads():
    limit_threads(3)
    assert thread_limit() == 3
    assert in_another_thread(thread_limit) == 3


def test_limit_of_a_thread_holds_in_that_thread_only_and_comes_before_that_of_the_process():
    limit_threads(3)
    limit_threads_here(2)
    assert thread_limit() == 2
    assert in_another_thread(thread_limit) == 3


@pytest.mark.parametrize(("limit", "workers", "share"), [(8, 2, 4), (8, 3, 2), (2, 5, 1), (1, 1, 1)])
def test_workers_share_the_threads_and_each_has_at_least_one(limit, workers, share):
    limit_threads(limit)
    assert thread_share(workers) == share


def test_threads_of_blas_are_limited_until_the_context_is_left():
    def blas_threads():
        return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]

    before = blas_threads()
    with limit_library_threads(1):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def test_threads_of_opencv_are_limited_if_it_is_loaded(monkeypatch):
    cv2 = pytest.importorskip("cv2")
    before = cv2.getNumThreads()
    try:
        with limit_library_threads(1):
            assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(before)
    monkeypatch.delitem(sys.modules, "cv2")
    with limit_library_threads(1):
        assert cv2.getNumThreads() == before


@given(rows=st.integers(0, 200), threads=st.integers(1, 9), least_rows=st.integers(0, 40))
def test_each_row_is_in_exactly_one_block(rows, threads, least_rows):
    limit_threads_here(threads)
    calls = np.zeros(rows, int)
    blocks = []

    def fill(start, stop):
        calls[start:stop] += 1
        blocks.append((start, stop))

    over_row_blocks(fill, rows, least_rows=least_rows)
    np.testing.assert_array_equal(calls, 1)
    assert len(blocks) <= threads
    assert len(blocks) == 1 or min(stop - start for start, stop in blocks) >= least_rows


def test_few_rows_are_done_in_the_calling_thread():
    limit_threads_here(4)
    names = []
    over_row_blocks(lambda *_: names.append(threading.current_thread().name), 31, least_rows=16)
    assert names == [threading.current_thread().name]


def test_blocks_run_at_the_same_time():
    limit_threads_here(2)
    meeting = threading.Barrier(2, timeout=30)  # breaks with an error if only one comes
    over_row_blocks(lambda *_: meeting.wait(), 64)


def test_error_in_a_block_is_raised():
    limit_threads_here(2)

    def fail_below(start, _):
        if start:
            raise ValueError(f"block from {start}")

    with pytest.raises(ValueError, match="block from 32"):
        over_row_blocks(fail_below, 64)
