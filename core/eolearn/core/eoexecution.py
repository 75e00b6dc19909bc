"""Runs a workflow many times, each time with other arguments: one after the other, in threads or in processes."""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .eonode import EONode, ExceptionInfo, NodeStats
from .eoworkflow import EOWorkflow, WorkflowResults
from .exceptions import (
    EODeprecationWarning,
    EORuntimeWarning,
    MissingExtra,
    NotRunYet,
    SettingError,
    TemporalDimensionWarning,
    warn_user,
)
from .execution.engine import Failure, Outcome, Success
from .execution.logs import HandlerFactory, LogSettings
from .execution.report_folder import log_names, make_report_folder, report_folder_name
from .utils.fs import as_filesystem, get_base_filesystem_and_path, get_full_path
from .utils.parallelize import _get_engine, _progress_bar
from .utils.threads import available_cpus

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

_HandlerFactoryType = HandlerFactory


@dataclass(frozen=True)
class _CommonData:
    """What all executions of a run share."""

    workflow: EOWorkflow
    logs: LogSettings


@dataclass(frozen=True)
class _ProcessingData:
    """One execution."""

    common: _CommonData
    arguments: dict[str, dict[str, object]]
    """The arguments of the tasks, by the uids of their nodes."""
    log_path: str | None
    """The log file in the filesystem of the logs, None if there is to be none."""


@dataclass(frozen=True)
class _ExecutionRunParams:
    """How executions are run."""

    workers: int
    multiprocess: bool
    tqdm_kwargs: dict[str, Any] = field(default_factory=dict)

    @property
    def in_threads(self) -> bool:
        return self.workers > 1 and not self.multiprocess

    @property
    def in_processes(self) -> bool:
        return self.workers > 1 and self.multiprocess


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
        self.execution_kwargs = _checked_kwargs(workflow, execution_kwargs)
        self.execution_names = _checked_names(execution_names, len(self.execution_kwargs))
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
        self.execution_results: list[WorkflowResults] = []

    def run(self, workers: int | None = 1, multiprocess: bool = True, **tqdm_kwargs: Any) -> list[WorkflowResults]:
        """Run all executions.

        workers: how many to run at once; 1 for one after the other in this process, None for one a processor.
        multiprocess: run them in processes rather than in threads. Then arguments and outputs must be picklable; tasks
            may be defined anywhere, in a script without a main guard too.
        tqdm_kwargs: settings of the progress bar, such as ``disable=True``.

        Returns the results in the order of the arguments. The executor itself keeps them without their outputs.
        An execution whose worker process dies fails with WorkerDied. Only KeyboardInterrupt ends a run.
        """
        params = _ExecutionRunParams(available_cpus() if workers is None else workers, multiprocess, tqdm_kwargs)
        return self._run(params)

    def _run(self, run_params: _ExecutionRunParams) -> list[WorkflowResults]:
        self.start_time = datetime.now()
        self.report_folder = report_folder_name(self.logs_folder, self.start_time)
        if self.save_logs:
            self.report_folder = make_report_folder(self.filesystem, self.report_folder)
            self._warn_of_lost_logs(run_params)
        processing_args = self._get_processing_args(run_params)
        results: dict[int, WorkflowResults] = {}
        strictness = _temporal_mismatch_is_error() if self.raise_on_temporal_mismatch else nullcontext()
        with strictness, _progress_bar(len(processing_args), run_params.tqdm_kwargs) as bar:
            for position, outcome in self._run_execution(processing_args, run_params):
                results[position] = outcome.value if isinstance(outcome, Success) else self._results_of(outcome)
                bar.update()
        full_results = [results[position] for position in range(len(processing_args))]
        self.execution_results = [result.drop_outputs() for result in full_results]
        self.general_stats = self._get_general_stats(run_params.workers)
        return full_results

    def _warn_of_lost_logs(self, run_params: _ExecutionRunParams) -> None:
        if run_params.in_processes and self.get_report_path().startswith("memory://"):
            warn_user(
                "Each process has a memory:// of its own: what worker processes log there is lost. Save logs to a "
                "folder, or use multiprocess=False.",
                EORuntimeWarning,
            )

    def _get_processing_args(self, run_params: _ExecutionRunParams) -> list[_ProcessingData]:
        logs = LogSettings(self.filesystem, self.logs_handler_factory, self.logs_filter, run_params.in_threads)
        common = _CommonData(self.workflow, logs)
        paths = self.get_log_paths(full_path=False) if self.save_logs else [None] * len(self.execution_kwargs)
        return [
            _ProcessingData(common, {node.uid: kwargs for node, kwargs in by_node.items()}, path)
            for by_node, path in zip(self.execution_kwargs, paths, strict=True)
        ]

    def _run_execution(
        self, processing_args: list[_ProcessingData], run_params: _ExecutionRunParams
    ) -> Iterator[tuple[int, Outcome[WorkflowResults]]]:
        """Yield the position and the outcome of each execution as it ends. Other engines are plugged in here."""
        if not processing_args:
            return iter(())
        engine = _get_engine(run_params.workers, run_params.multiprocess)
        function = _Execution(self._execute_workflow, processing_args[0].common)
        return engine.run(function, [(data.arguments, data.log_path) for data in processing_args])

    @classmethod
    def _execute_workflow(cls, data: _ProcessingData) -> WorkflowResults:
        """Run one execution, in whatever process."""
        workflow = data.common.workflow
        arguments = {node: data.arguments[node.uid] for node in workflow.get_nodes() if node.uid in data.arguments}
        with data.common.logs.writing_to(data.log_path) if data.log_path else nullcontext():
            return workflow.execute(arguments, raise_errors=False)

    def _results_of(self, failure: Failure) -> WorkflowResults:
        """Describe what went wrong otherwise than by an error of a task."""
        if failure.step is None:
            uid, name = "", "outside of the tasks"
        else:
            node = self.workflow.get_nodes()[failure.step]
            uid, name = node.uid, node.get_name()
        start, end = datetime.fromtimestamp(failure.started), datetime.now()
        info = ExceptionInfo(failure.error, failure.traceback, f"{name}.")
        return WorkflowResults({}, start, end, {uid: NodeStats(uid, name, start, end, info)})

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
        return [i for i, results in enumerate(self.execution_results) if not results.workflow_failed()]

    def get_failed_executions(self) -> list[int]:
        """Return the positions of the executions that failed in the last run."""
        return [i for i, results in enumerate(self.execution_results) if results.workflow_failed()]

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


class _Execution:
    """The function that engines call: it runs an execution of which it gets only what is its own.

    What all have in common thus travels once to each worker. In a worker the workflow reports which node it is at.
    """

    def __init__(self, execute: Callable[[_ProcessingData], WorkflowResults], common: _CommonData):
        self._execute = execute
        self._common = common

    def __call__(self, own: tuple[dict[str, dict[str, object]], str | None]) -> WorkflowResults:
        return self._execute(_ProcessingData(self._common, *own))

    def __setstate__(self, state: dict[str, Any]) -> None:
        from .execution.watch import watch

        self.__dict__.update(state)
        watch(self._common.workflow)


@contextmanager
def _temporal_mismatch_is_error() -> Iterator[None]:
    """Raise TemporalDimensionWarning: here, in threads, and in worker processes, which get the filters of warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", TemporalDimensionWarning)
        yield


def _checked_kwargs(
    workflow: EOWorkflow, execution_kwargs: Iterable[Mapping[EONode, dict[str, object]]]
) -> list[Mapping[EONode, dict[str, object]]]:
    """Return the arguments as a list, or raise SettingError."""
    known = {node.uid for node in workflow.get_nodes()}
    checked = list(execution_kwargs)
    for position, by_node in enumerate(checked):
        if not isinstance(by_node, Mapping):
            raise SettingError(f"execution_kwargs must be a list of dicts by node, got {by_node!r} at {position}.")
        workflow.validate_input_kwargs(by_node)
        for node in by_node:
            if node.uid not in known:
                raise SettingError(
                    f"Execution {position} has arguments for node {node.name} (uid {node.uid}), which is not in the "
                    f"workflow. Its nodes: {', '.join(str(node.name) for node in workflow.get_nodes())}."
                )
    return checked


def _checked_names(names: Iterable[Any] | None, number: int) -> list[Any]:
    """Return the names as a list, or raise SettingError."""
    if names is None:
        return [str(position) for position in range(1, number + 1)]
    checked = list(names)
    if len(checked) != number:
        raise SettingError(f"There are {number} executions, but {len(checked)} execution_names: {checked}.")
    return checked
