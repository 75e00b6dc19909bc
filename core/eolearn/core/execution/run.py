"""A run of executions on an engine: what has been done is skipped, what failed is retried, and progress is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..eoworkflow import WorkflowResults
from ..utils.parallelize import _progress_bar
from .backlog import Backlog
from .engine import Engine, Failure, Outcome, Success
from .inputs import Executions
from .one import ExecutionFunction
from .retries import RetryPolicy

if TYPE_CHECKING:
    from .resumption import Resumption


@dataclass
class Run:
    """Runs executions, whatever the engine."""

    engine: Engine
    function: ExecutionFunction
    """Runs one of them, in a worker."""
    executions: Executions
    describe: Callable[[Failure], WorkflowResults]
    """Makes results of what went wrong outside of the function."""
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    resumption: Resumption | None = None
    tqdm_kwargs: Mapping[str, Any] = field(default_factory=dict)
    skipped: int = field(init=False, default=0)
    """How many of them an earlier run had done."""
    retried: int = field(init=False, default=0)
    """How many of those that have ended were tried more than once."""

    def results(self) -> Generator[tuple[int, WorkflowResults], None, None]:
        """Yield the position and the results of each execution, first those that are skipped, then as they end."""
        done = self.resumption.positions_done() if self.resumption else []
        with _progress_bar(len(self.executions), {"initial": len(done), **self.tqdm_kwargs}) as bar:
            if self.resumption:
                self.skipped = len(done)
                yield from ((position, self.resumption.results_of(position)) for position in done)
            failed = 0
            with closing(self._new_results(done)) as new_results:
                for position, results in new_results:
                    if results.workflow_failed():
                        failed += 1
                        bar.set_postfix(failed=failed, refresh=False)
                    bar.update()
                    yield position, results

    def _new_results(self, done: Sequence[int]) -> Generator[tuple[int, WorkflowResults], None, None]:
        skipped = set(done)
        backlog = Backlog(self.executions, (i for i in range(len(self.executions)) if i not in skipped))
        attempts: dict[int, int] = {}
        with closing(self.engine.run(self.function, backlog)) as outcomes:
            for position, outcome in outcomes:
                results = self._results_of(outcome)
                attempt = attempts.pop(position, 0) + 1
                delay = self._delay(results, attempt)
                if delay is not None:
                    attempts[position] = attempt
                    backlog.put_back(position, delay)
                    continue
                if attempt > 1:
                    self.retried += 1
                    results = replace(results, attempts=attempt)
                if self.resumption and not results.workflow_failed():
                    self.resumption.note(position, results)
                yield position, results

    def _results_of(self, outcome: Outcome[Any]) -> WorkflowResults:
        return self.function.results_from(outcome.value) if isinstance(outcome, Success) else self.describe(outcome)

    def _delay(self, results: WorkflowResults, attempts: int) -> float | None:
        if results.error_node_uid is None:
            return None
        failure = results.stats[results.error_node_uid].exception_info
        return self.retry.wait_before_retry(attempts, failure.exception) if failure else None
