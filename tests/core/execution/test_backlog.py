import time

import pytest

from eolearn.core.execution.backlog import Backlog


def test_tasks_are_taken_in_their_order_and_looked_up_when_their_turn_comes():
    backlog = Backlog("abc")
    assert len(backlog) == 3
    assert [backlog[backlog.take()] for _ in range(3)] == ["a", "b", "c"]
    assert len(backlog) == 0
    with pytest.raises(IndexError):
        backlog.take()


def test_only_some_positions_may_be_wanted():
    backlog = Backlog("abcd", [3, 1])
    assert [backlog.take(), backlog.take()] == [3, 1]


def test_what_was_taken_but_not_done_comes_first():
    backlog = Backlog(range(5))
    taken = [backlog.take(), backlog.take()]
    backlog.put_first(taken)
    assert [backlog.take() for _ in range(len(backlog))] == [0, 1, 2, 3, 4]


def test_delayed_task_can_begin_when_its_time_has_come_and_not_before():
    backlog = Backlog([])
    assert backlog.seconds_until_next() is None
    backlog.put_back(7, delay=0.02)
    backlog.put_back(8, delay=60)
    assert len(backlog) == 0
    assert 0 <= backlog.seconds_until_next() <= 0.02
    time.sleep(0.03)
    assert len(backlog) == 1
    assert backlog.take() == 7
    assert 50 < backlog.seconds_until_next() <= 60


def test_backlog_of_a_backlog_is_the_same_one():
    backlog = Backlog("ab")
    assert Backlog.of(backlog) is backlog
    assert len(Backlog.of("ab")) == 2
