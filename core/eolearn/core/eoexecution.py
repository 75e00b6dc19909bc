"""Runs a workflow many times, each time with other arguments: one after the other, in threads or in processes."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from .eonode import EONode
from .eoworkflow import EOWorkflow, WorkflowResults
from .exceptions import EODeprecationWarning, MissingExtra, NotRunYet, SettingError, warn_user
from .execution.engine import Engine
from .execution.inputs import Executions, checked_kwargs, checked_names
from .execution.logs import HandlerFactory, LogSettings
from .execution.one import CommonData, ExecutionFunction, ProcessingData
from .execution.params import RunParams
from .execution.records import KeptResults
from .execution.report_folder import log_names, make_report_folder, report_folder_name, warn_of_logs_in_memory
from .execution.retries import RetryPolicy, may_pass
from .execution.run import Run
from .utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path
from .utils.parallelize import _get_engine
from .utils.threads import available_cpus

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from .execution.resumption import Resumption

_CommonData = CommonData
_ExecutionRunParams = RunParams
_HandlerFactoryType: TypeAlias = HandlerFactory
_ProcessingData = ProcessingData


class EOExecutor:
    """Runs a workflow with each of many sets of arguments, in worker processes or threads.

    workflow: what is run.
    execution_kwargs: for each execution the keyword arguments of tasks, by node, as :meth:`EOWorkflow.execute` takes
        them.
    execution_names: what the executions are called in reports and log files, by default ``1``, ``2`` and so on.
    save_logs: whether each execution writes a log file.
    logs_folder: where the folder with the report and the logs of a run is made.
    filesystem: what ``logs_folder`` belongs to, by default the one that its path says.
    logs_filter: which log records are written.
    logs_handler_factory: makes the handler that writes a log file. It is called with the path, and with
        ``filesystem=`` if it has such a parameter.
    raise_on_temporal_mismatch: whether an execution fails that makes an EOPatch whose timestamps and features don't
        agree, instead of warning of it.

    An execution that fails is no matter for the others. What fails outside of a task, such as sending arguments to a
    worker, is under the uid ``""`` in the statistics of the execution. Raises SettingError (a ValueError) for arguments
    of nodes that are not in the workflow, and if there aren't as many names as executions.

    Example:
        >>> load, save = nodes = linearly_connect_tasks(LoadTask("patches"), SaveTask("copies"))
        >>> names = ["eopatch-1", "eopatch-2"]
        >>> arguments = [{load: {"eopatch_folder": name}, save: {"eopatch_folder": name}} for name in names]
        >>> executor = EOExecutor(EOWorkflow(nodes), arguments, execution_names=names)
        >>> results = executor.run(workers=2)
        >>> executor.get_failed_executions()
        []
    """

    REPORT_FILENAME = "report.html"
    STATS_START_TIME = "start_time"
    STATS_END_TIME = "end_time"

    def __init__(
        self,
        workflow: EOWorkflow,
        execution_kwargs: Iterable[Mapping[EONode, dict[str, object]]],
        *,
        execution_names: Iterable[Any] | None = None,
        save_logs: bool = False,
        logs_folder: str = ".",
        filesystem: AbstractFileSystem | None = None,
        logs_filter: logging.Filter | None = None,
        logs_handler_factory: _HandlerFactoryType = logging.FileHandler,
        raise_on_temporal_mismatch: bool = False,
    ):
        if not isinstance(workflow, EOWorkflow):
            raise SettingError(f"An executor runs an EOWorkflow, got {workflow!r}.")
        self.workflow = workflow
        self.execution_kwargs = checked_kwargs(workflow, execution_kwargs)
        self.execution_names = checked_names(execution_names, len(self.execution_kwargs))
        self.save_logs = save_logs
        if filesystem is None:
            filesystem, logs_folder = get_base_filesystem_and_path(logs_folder)
        self.filesystem = as_filesystem(filesystem)
        self.logs_folder = str(logs_folder)
        self.logs_filter = logs_filter
        self.logs_handler_factory = logs_handler_factory
        self.raise_on_temporal_mismatch = raise_on_temporal_mismatch

        self.start_time: datetime | None = None
        self.report_folder: str | None = None
        self.general_stats: dict[str, Any] = {}
        self.execution_results = KeptResults(workflow, 0)

    def run(
        self,
        workers: int | None = 1,
        multiprocess: bool = True,
        *,
        resume: bool = False,
        retries: int = 0,
        retry_delay: float = 1.0,
        retry_on: Callable[[BaseException], bool] = may_pass,
        timeout: float | None = None,
        **tqdm_kwargs: Any,
    ) -> list[WorkflowResults]:
        """Run all executions.

        workers: how many to run at once; 1 for one after the other in this process, None for one a processor.
        multiprocess: run them in processes rather than in threads. Then arguments and outputs must be picklable; tasks
            may be defined anywhere, in a script without a main guard too.
        resume: keep a ledger of what succeeds in ``logs_folder``, and skip what succeeded in an earlier run that kept
            one there, with the same tasks, settings and arguments. Skipped executions have their old statistics, and no
            outputs. Raises SettingError (a ValueError) if some setting or argument can't be told from others.
        retries: how often an execution that failed is tried again. Others go on in the meantime.
        retry_delay: how many seconds pass before the first retry, twice as many before the second, and so on.
        retry_on: whether an execution that failed for this error is tried again; by default, unless the error tells of
            the program, its settings or its data (:func:`eolearn.core.execution.retries.may_pass`).
        timeout: how many seconds an execution may take, in worker processes only. One that takes longer fails with
            TimedOut (a WorkerDied).
        tqdm_kwargs: settings of the progress bar, such as ``disable=True``.

        Returns the results in the order of the arguments. The executor itself keeps them without their outputs.
        An execution whose worker process dies fails with WorkerDied. Only KeyboardInterrupt ends a run.
        """
        retry = RetryPolicy(retries, retry_delay, retry_on)
        number = available_cpus() if workers is None else workers
        return self._run(RunParams(number, multiprocess, tqdm_kwargs, resume, retry, timeout))

    def iter_results(
        self,
        workers: int | None = 1,
        multiprocess: bool = True,
        *,
        resume: bool = False,
        retries: int = 0,
        retry_delay: float = 1.0,
        retry_on: Callable[[BaseException], bool] = may_pass,
        timeout: float | None = None,
        **tqdm_kwargs: Any,
    ) -> Iterator[tuple[int, WorkflowResults]]:
        """Run all executions, and yield the position and the results of each as it ends.

        It takes the same settings as :meth:`run`. Nothing runs before the first results are asked for, and little more
        than is asked for. The executor keeps the results without their outputs, when all have ended. To leave the loop
        before that stops the run.

        Example:
            >>> for position, results in executor.iter_results(workers=4):
            ...     print(executor.execution_names[position], results.workflow_failed())
        """
        retry = RetryPolicy(retries, retry_delay, retry_on)
        number = available_cpus() if workers is None else workers
        return self._iterate(RunParams(number, multiprocess, tqdm_kwargs, resume, retry, timeout))

    def _run(self, run_params: RunParams) -> list[WorkflowResults]:
        results = dict(self._iterate(run_params))
        return [results[position] for position in range(len(self.execution_kwargs))]

    def _iterate(self, run_params: RunParams) -> Iterator[tuple[int, WorkflowResults]]:
        """Check the settings now, run when results are asked for. All ways to run go through here."""
        return self._results(run_params, self._make_engine(run_params))

    def _make_engine(self, run_params: RunParams) -> Engine:
        """Return what calls a function many times. Executors on other engines are made by overriding this."""
        return _get_engine(run_params.workers, run_params.multiprocess, run_params.timeout)

    def _results(self, run_params: RunParams, engine: Engine) -> Generator[tuple[int, WorkflowResults], None, None]:
        self._begin(engine)
        kept = KeptResults(self.workflow, len(self.execution_kwargs))
        with self._resumption() if run_params.resume else nullcontext() as resumption:
            run = self._make_run(run_params, engine, resumption)
            with closing(run.results()) as all_results:
                for position, results in all_results:
                    kept[position] = results
                    yield position, results
        self.execution_results = kept
        self.general_stats = {
            **self._get_general_stats(run_params.workers),
            "skipped": run.skipped,
            "retried": run.retried,
            "engine": engine.name,
        }

    def _begin(self, engine: Engine) -> None:
        """Forget the last run, and make the folder of this one."""
        self.start_time = datetime.now()
        self.execution_results, self.general_stats = KeptResults(self.workflow, 0), {}
        self.report_folder = report_folder_name(self.logs_folder, self.start_time)
        if self.save_logs:
            self.report_folder = make_report_folder(self.filesystem, self.report_folder)
            if engine.has_own_processes:
                warn_of_logs_in_memory(self.get_report_path())

    def _make_run(self, run_params: RunParams, engine: Engine, resumption: Resumption | None) -> Run:
        logs = LogSettings(self.filesystem, self.logs_handler_factory, self.logs_filter, engine.scope == "thread")
        common = CommonData.on(engine, self.workflow, logs, self.raise_on_temporal_mismatch)
        function = ExecutionFunction(self._execute_workflow, common)
        executions = Executions(self.execution_kwargs, self.get_log_paths(full_path=False) if self.save_logs else None)
        describe, retry = function.results_of_failure, run_params.retry
        return Run(engine, function, executions, describe, retry, resumption, run_params.tqdm_kwargs)

    @contextmanager
    def _resumption(self) -> Iterator[Resumption]:
        from .execution.ledger import open_ledger  # only now: they are of no use to most runs
        from .execution.resumption import ExecutionFingerprints, Resumption

        fingerprints = ExecutionFingerprints(self.workflow, self.raise_on_temporal_mismatch)
        executions = zip(Executions(self.execution_kwargs, None), self.execution_names, strict=True)
        found = [fingerprints.of(arguments, name) for (arguments, _), name in executions]
        with closing(open_ledger(self.filesystem, self.logs_folder)) as ledger:
            yield Resumption(ledger, self.workflow, found)

    @classmethod
    def _execute_workflow(cls, data: ProcessingData) -> WorkflowResults:
        """Run one execution, in whatever process."""
        return data.execute()

    def _get_general_stats(self, workers: int) -> dict[str, Any]:
        failed = len(self.get_failed_executions())
        return {
            self.STATS_START_TIME: self.start_time,
            self.STATS_END_TIME: datetime.now(),
            "finished": len(self.execution_results) - failed,
            "failed": failed,
            "workers": workers,
        }

    def get_successful_executions(self) -> list[int]:
        """Return the positions of the executions that succeeded in the last run."""
        failed = set(self.get_failed_executions())
        return [position for position in range(len(self.execution_results)) if position not in failed]

    def get_failed_executions(self) -> list[int]:
        """Return the positions of the executions that failed in the last run."""
        return self.execution_results.failed_positions()

    def get_report_path(self, full_path: bool = True) -> str:
        """Return where the report of the last run is, or will be when it is made.

        full_path: whether to return a path that stands alone, rather than one in ``filesystem``.
        """
        return self._path(self.REPORT_FILENAME, full_path)

    def get_log_paths(self, full_path: bool = True) -> list[str]:
        """Return where each execution of the last run writes its log, if logs are saved.

        full_path: whether to return paths that stand alone, rather than paths in ``filesystem``.
        """
        return [self._path(name, full_path) for name in log_names(self.execution_names)]

    def _path(self, name: str, full_path: bool) -> str:
        if self.report_folder is None:
            raise NotRunYet("There is no report folder yet: the executor makes one when it is run.")
        path = f"{self.report_folder}/{name}"
        return get_full_path(self.filesystem, path) if full_path else path

    def read_logs(self) -> list[str | None]:
        """Return the text of each log, None where there is none. Deprecated: open the files of get_log_paths."""
        warn_user(
            "EOExecutor.read_logs is deprecated, open the files of get_log_paths(full_path=False) in its filesystem.",
            EODeprecationWarning,
        )
        if not self.save_logs:
            return [None] * len(self.execution_kwargs)
        return [self._read(path) for path in self.get_log_paths(full_path=False)]

    def _read(self, path: str) -> str | None:
        return self.filesystem.read_text(path, encoding="utf-8") if self.filesystem.exists(path) else None

    def make_report(self, include_logs: bool = True) -> None:
        """Write an HTML report of the last run to :meth:`get_report_path`.

        include_logs: whether it shows the logs.

        Raises MissingExtra (an ImportError and a RuntimeError) if what makes reports is not installed.
        """
        self.get_report_path()
        try:
            module = importlib.import_module("eolearn.visualization.eoexecutor")
        except ImportError as error:
            raise MissingExtra(
                f"A report takes packages that are not installed ({error}): pip install 'eo-learn-core[visualization]'"
            ) from error
        module.EOExecutorVisualization(self).make_report(include_logs=include_logs)
