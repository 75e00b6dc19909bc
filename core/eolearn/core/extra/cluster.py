"""What the executors on clusters have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any

from ..eoexecution import EOExecutor
from ..eoworkflow import WorkflowResults
from ..exceptions import SettingError
from ..execution.params import RunParams
from ..execution.retries import RetryPolicy, may_pass


class ClusterExecutor(EOExecutor):
    """An executor whose workers are those of a cluster, as many as it has."""

    def run(  # type: ignore[override] # the cluster knows how many workers it has
        self,
        *,
        resume: bool = False,
        retries: int = 0,
        retry_delay: float = 1.0,
        retry_on: Callable[[BaseException], bool] = may_pass,
        timeout: float | None = None,
        **tqdm_kwargs: Any,
    ) -> list[WorkflowResults]:
        """Run all executions. The settings and the results are those of :meth:`EOExecutor.run`.

        An execution whose worker dies fails with WorkerDied. Raises NotConnected (a RuntimeError) without a cluster,
        and SettingError (a ValueError) for a timeout, if executions can't be stopped there.
        """
        return self._run(self._run_params(tqdm_kwargs, resume, RetryPolicy(retries, retry_delay, retry_on), timeout))

    def iter_results(  # type: ignore[override] # as above
        self,
        *,
        resume: bool = False,
        retries: int = 0,
        retry_delay: float = 1.0,
        retry_on: Callable[[BaseException], bool] = may_pass,
        timeout: float | None = None,
        **tqdm_kwargs: Any,
    ) -> Iterator[tuple[int, WorkflowResults]]:
        """Run all executions, and yield the position and the results of each as it ends.

        See :meth:`EOExecutor.iter_results`, and :meth:`run` for the settings and the errors.
        """
        policy = RetryPolicy(retries, retry_delay, retry_on)
        return self._iterate(self._run_params(tqdm_kwargs, resume, policy, timeout))

    def _run_params(
        self, tqdm_kwargs: dict[str, Any], resume: bool, retry: RetryPolicy, timeout: float | None
    ) -> RunParams:
        unknown = {"workers", "multiprocess"} & tqdm_kwargs.keys()
        if unknown:
            raise SettingError(
                f"{type(self).__name__} uses the workers of the cluster: leave out {' and '.join(sorted(unknown))}."
            )
        return RunParams(self._number_of_workers(), True, tqdm_kwargs, resume, retry, timeout)

    @abstractmethod
    def _number_of_workers(self) -> int:
        """Return how many executions can run at once. Raises NotConnected."""
