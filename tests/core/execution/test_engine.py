import re
import sys
import threading
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice

import pytest
from threadpoolctl import threadpool_info

from eolearn.core.execution.backlog import Backlog
from eolearn.core.execution.engine import Failure, SerialEngine, Success, ThreadEngine, in_order_of_completion
from eolearn.core.execution.pool import ProcessEngine
from eolearn.core.utils.threads import limit_threads, thread_limit

ENGINES = [SerialEngine(), ThreadEngine(2), ThreadEngine(30), ProcessEngine(2)]
every_engine = pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: type(engine).__name__)


def half(number):
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


def stamp(_):
    return time.monotonic()


@every_engine
def test_each_task_has_one_outcome_at_its_position(engine):
    outcomes = dict(engine.run(half, range(0, 80, 2)))
    assert outcomes == {position: Success(position) for position in range(40)}


@every_engine
def test_no_tasks_no_outcomes(engine):
    assert list(engine.run(half, [])) == []


@every_engine
def test_error_is_the_outcome_of_its_own_task_only(engine):
    outcomes = dict(engine.run(half, [2, 3, 4]))
    assert outcomes[0] == Success(1)
    assert outcomes[2] == Success(2)
    failure = outcomes[1]
    assert isinstance(failure, Failure)
    assert isinstance(failure.error, ValueError)
    assert str(failure.error) == "3 is odd"
    assert failure.traceback.startswith("Traceback")
    assert "in half" in failure.traceback


@every_engine
def test_exit_is_the_outcome_of_its_own_task_only(engine):
    outcomes = dict(engine.run(lambda code: sys.exit(code) if code else "here", [0, 3, 0]))
    assert outcomes[0] == outcomes[2] == Success("here")
    assert isinstance(outcomes[1].error, SystemExit)


@every_engine
def test_interrupt_ends_the_run(engine):
    def interrupt(number):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(engine.run(interrupt, range(100)))


@every_engine
def test_dropped_run_begins_no_further_tasks(engine, tmp_path):
    def note(number):
        (tmp_path / str(number)).touch()

    run = engine.run(note, range(1000))
    list(islice(run, 3))
    run.close()
    assert 3 <= len(list(tmp_path.iterdir())) < 500


@every_engine
def test_task_that_is_put_back_is_done_again_after_its_delay_and_others_go_on(engine):
    backlog = Backlog(range(20))
    outcomes = []
    for position, outcome in engine.run(stamp, backlog):
        if not outcomes:
            backlog.put_back(position, delay=0.3)
        outcomes.append((position, outcome.get()))
    first, last = outcomes[0], outcomes[-1]
    assert last[0] == first[0]
    assert last[1] - first[1] >= 0.3
    assert sorted(position for position, _ in outcomes) == sorted([*range(20), first[0]])
    assert [position for position, _ in outcomes[:-1]].count(first[0]) == 1


def test_engine_that_is_full_waits_although_a_delayed_task_could_begin():
    waits = []

    def wait_and_count(futures, pause):
        waits.append(pause)
        return wait(futures, timeout=pause, return_when=FIRST_COMPLETED).done

    backlog = Backlog([0.3, 0.0], [0])
    backlog.put_back(1, delay=0.01)
    with ThreadPoolExecutor(1) as pool:
        submit = partial(pool.submit, time.sleep)
        done = in_order_of_completion(backlog, submit=submit, wait=wait_and_count, most_at_once=1)
        assert [position for position, _ in done] == [0, 1]
    assert waits == [None, None]


@every_engine
def test_engine_and_its_workers_have_names(engine):
    names = {outcome.get() for _, outcome in engine.run(lambda _: engine.worker_name(), range(20))}
    kind = "thread" if engine.scope == "thread" else "process"
    assert all(re.fullmatch(rf"{kind} \d+", name) for name in names)
    assert engine.name in {"this process", "threads", "processes"}


def test_outcomes_of_threads_come_as_they_are_ready():
    go_on = threading.Event()
    run = ThreadEngine(2).run(lambda number: number or go_on.wait(30), [0, 1])
    assert next(run) == (1, Success(1))
    go_on.set()
    assert next(run) == (0, Success(True))


def test_threads_share_the_processors_unless_the_user_decides(monkeypatch):
    def limits(_):
        return thread_limit(), {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}

    before = limits(None)[1]
    try:
        limit_threads(4)
        assert dict(ThreadEngine(4).run(limits, [None])) == {0: Success((1, {1}))}
        assert limits(None) == (4, before)
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
        assert dict(ThreadEngine(4).run(limits, [None])) == {0: Success((1, before))}
    finally:
        limit_threads(None)


def test_get_returns_the_value_or_raises_the_error():
    assert Success(3).get() == 3
    with pytest.raises(ValueError, match="no"):
        Failure.of(ValueError("no")).get()
