"""The tasks that a run still has to do, some of them not before a certain time."""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

Task = TypeVar("Task")


class Backlog(Generic[Task]):
    """What engines take tasks from. Who runs an engine may put tasks back in the meantime, to have them done again.

    tasks: all of them. One is looked up when its turn comes, so they may be made at that moment.
    positions: which of them are to be done, by default all.
    """

    def __init__(self, tasks: Sequence[Task], positions: Iterable[int] | None = None):
        self._tasks = tasks
        self._ready = deque(range(len(tasks)) if positions is None else positions)
        self._delayed: list[tuple[float, int]] = []

    @classmethod
    def of(cls, tasks: Sequence[Task] | Backlog[Task]) -> Backlog[Task]:
        """Return a backlog of tasks, which may be one already."""
        return tasks if isinstance(tasks, Backlog) else cls(tasks)

    def __len__(self) -> int:
        """The number of tasks that can begin now."""
        while self._delayed and self._delayed[0][0] <= time.monotonic():
            self._ready.append(heapq.heappop(self._delayed)[1])
        return len(self._ready)

    def __getitem__(self, position: int) -> Task:
        """The task at a position."""
        return self._tasks[position]

    def take(self) -> int:
        """Return the position of the next task that can begin, which is gone then. Raises IndexError if none can."""
        return self._ready.popleft()

    def put_first(self, positions: Sequence[int]) -> None:
        """Put tasks back that were taken but not done, so that they are the next."""
        self._ready.extendleft(reversed(positions))

    def put_back(self, position: int, delay: float) -> None:
        """Have a task done again, not before some seconds have passed."""
        heapq.heappush(self._delayed, (time.monotonic() + delay, position))

    def seconds_until_next(self) -> float | None:
        """Return how long till another of the delayed tasks can begin, None if there is none."""
        return max(0.0, self._delayed[0][0] - time.monotonic()) if self._delayed else None
