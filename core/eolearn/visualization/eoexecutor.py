"""The report of a run, one HTML file that needs nothing else."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from eolearn.core.exceptions import StorageError
from eolearn.core.storage.remote import has_folders
from eolearn.core.utils.redact import MASK, is_secret, redact, redacted_repr

from .eoworkflow import EOWorkflowVisualization
from .report_charts import memory_of_nodes, timeline, times_of_nodes
from .report_text import compact_names, duration_text, highlighted, memory_text
from .run_summary import FailureGroup, NodeRuns, RunSummary, summarise

if TYPE_CHECKING:
    from eolearn.core.eoexecution import EOExecutor
    from eolearn.core.eotask import EOTask

_TEMPLATES = Path(__file__).parent / "report_templates"
_MOST_EXECUTIONS = 100
_MOST_GROUPS = 30
_MOST_ARGUMENTS = 50
_LONGEST_VALUE = 300
_LARGEST_LOG = 10_000  # bytes
_PACKAGES = (
    *("eo-learn-core", "eo-learn-io", "eo-learn-mask", "eo-learn-features", "eo-learn-geometry", "eo-learn-ml-tools"),
    *("eo-learn-coregistration", "numpy", "geopandas", "rasterio", "sentinelhub", "zarr"),
)


@dataclass(frozen=True)
class _Log:
    """A log file: its text if that is shown, and its address beside the report, None if there is no file."""

    text: str | None
    address: str | None


class EOExecutorVisualization:
    """Makes the report of an executor's last run.

    eoexecutor: the executor, which has run.

    Example:
        >>> executor.run(workers=4)
        >>> EOExecutorVisualization(executor).make_report()
        >>> print(executor.get_report_path())
    """

    def __init__(self, eoexecutor: EOExecutor):
        self.eoexecutor = eoexecutor
        self._workflow = EOWorkflowVisualization(eoexecutor.workflow.get_nodes())

    def make_report(self, include_logs: bool = True) -> None:
        """Write the report to the folder of the run, through the filesystem of the executor.

        include_logs: show small logs in the report. Others, and all if False, are links to the files beside it.

        The report shows all executions of a small run. Of a large one it has sums, all that failed by name, and details
        of some: failures before others, slow ones before fast ones. Secrets are masked as
        :func:`eolearn.core.utils.redact.redact` does.

        Raises NotRunYet (a RuntimeError) before a run, and StorageError (an OSError) if the file can't be written.
        """
        path = self.eoexecutor.get_report_path(full_path=False)
        html = self._html(include_logs)
        filesystem = self.eoexecutor.filesystem
        try:
            if has_folders(filesystem, path):
                filesystem.makedirs(path.rpartition("/")[0], exist_ok=True)
            filesystem.pipe_file(path, html.encode("utf-8", errors="replace"))
        except OSError as error:
            raise StorageError(
                f"The report {self.eoexecutor.get_report_path()} can't be written: {error}. "
                "Give the executor a logs_folder that can."
            ) from error

    def _html(self, include_logs: bool) -> str:
        names = [redact(str(name)) for name in self.eoexecutor.execution_names]
        summary = summarise(self.eoexecutor, self._workflow.names.__getitem__)
        environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"duration": duration_text, "memory": memory_text, "highlighted": highlighted}
        shown = _shown_executions(summary)
        return environment.get_template("report.html").render(
            summary=summary,
            counts=_counts(summary),
            facts=self._facts(summary),
            graph=self._graph(summary),
            timeline=timeline(summary, names),
            times=times_of_nodes(summary.nodes.values()),
            memory=memory_of_nodes(summary.nodes.values()),
            nodes=[_node_numbers(node) for node in summary.nodes.values() if node.seconds],
            settings=self._settings(),
            groups=[_group_view(group, names, shown) for group in summary.failures[:_MOST_GROUPS]],
            executions=[self._execution(position, names, summary, include_logs) for position in shown],
            versions=_versions(),
        )

    def _facts(self, summary: RunSummary) -> dict[str, str]:
        """Return what is to know of the run as a whole."""
        stats = self.eoexecutor.general_stats
        done = len(summary.failed) - int(summary.skipped.sum())
        busy = float((summary.ends - summary.starts).sum()) / max(summary.seconds * stats["workers"], 1e-9)
        tasks = self._workflow.names.values()
        facts = {
            "Workflow": f"{len(tasks)} nodes: {', '.join(list(tasks)[:12])}{', ...' if len(tasks) > 12 else ''}",
            "Began": f"{summary.start_time:%Y-%m-%d %H:%M:%S}",
            "Ended": f"{summary.end_time:%Y-%m-%d %H:%M:%S}",
            "Took": duration_text(summary.seconds),
            "Rate": _rate_text(done / max(summary.seconds, 1e-9) * 60) if done else "",
            "Workers": f"{stats['workers']:,}, busy {min(busy, 1):.0%} of the time",
            "Engine": stats["engine"],
        }
        return {name: text for name, text in facts.items() if text}

    def _graph(self, summary: RunSummary) -> Markup:
        notes = {uid: f"{node.failed:,} failed" for uid, node in summary.nodes.items() if node.failed}
        return Markup(self._workflow.get_svg(notes))  # noqa: S704 - names are escaped where it is drawn

    def _settings(self) -> list[tuple[str, str, dict[str, str]]]:
        """Return name, task and settings of each node."""
        names = self._workflow.names
        return [
            (names[node.uid], type(node.task).__name__, _settings_of(node.task))
            for node in self.eoexecutor.workflow.get_nodes()
        ]

    def _execution(self, position: int, names: list[str], summary: RunSummary, include_logs: bool) -> dict[str, Any]:
        results = self.eoexecutor.execution_results[position]
        arguments = self.eoexecutor.execution_kwargs[position]
        failure = results.stats[results.error_node_uid] if results.error_node_uid is not None else None
        return {
            "position": position,
            "name": names[position],
            "results": results,
            "seconds": (results.end_time - results.start_time).total_seconds(),
            "nodes": [(summary.nodes[uid].name, stats) for uid, stats in results.stats.items() if uid in summary.nodes],
            "arguments": [(self._workflow.names[node.uid], _masked(kwargs)) for node, kwargs in arguments.items()],
            "traceback": redact(failure.exception_info.traceback) if failure and failure.exception_info else None,
            "log": self._log(position, include_logs),
        }

    @cached_property
    def _log_paths(self) -> list[str]:
        return self.eoexecutor.get_log_paths(full_path=False)

    def _log(self, position: int, include: bool) -> _Log:
        if not self.eoexecutor.save_logs:
            return _Log(None, None)
        path = self._log_paths[position]
        filesystem = self.eoexecutor.filesystem
        address = quote(path.rpartition("/")[2])
        try:
            size = filesystem.size(path)
            if not include or size is None or size > _LARGEST_LOG:
                return _Log(None, address)
            return _Log(redact(filesystem.cat_file(path).decode("utf-8", errors="replace")), address)
        except OSError as error:
            return _Log(f"The log can't be read: {type(error).__name__}: {redact(str(error))}", None)


def _rate_text(rate: float) -> str:
    return f"{rate:,.0f} executions a minute" if rate >= 100 else f"{rate:.3g} executions a minute"


def _counts(summary: RunSummary) -> dict[str, int]:
    total, failed, skipped = len(summary.failed), int(summary.failed.sum()), int(summary.skipped.sum())
    finished = int((~summary.failed & ~summary.skipped).sum())
    return {
        "total": total,
        "finished": finished,
        "failed": failed,
        "skipped": skipped,
        "retried": int(summary.retried.sum()),
    }


def _shown_executions(summary: RunSummary) -> list[int]:
    """Return the positions of the executions whose details are shown: failures first, then the slowest."""
    if len(summary.failed) <= _MOST_EXECUTIONS:
        return list(range(len(summary.failed)))
    firsts = [position for group in summary.failures[:_MOST_GROUPS] for position in group.positions[:3]]
    order = np.lexsort((summary.starts - summary.ends, ~summary.failed)).tolist()
    return sorted(list(dict.fromkeys([*firsts, *order]))[:_MOST_EXECUTIONS])


def _group_view(group: FailureGroup, names: list[str], shown: list[int]) -> dict[str, Any]:
    with_details = set(shown)
    return {
        "group": group,
        "linked": [(position, names[position]) for position in group.positions if position in with_details][:10],
        "names": compact_names(names[position] for position in group.positions),
    }


def _node_numbers(node: NodeRuns) -> dict[str, Any]:
    median, most, longest = np.percentile(node.seconds, (50, 95, 100)).tolist()
    return {
        "name": node.name,
        "runs": len(node.seconds),
        "failed": node.failed,
        "median": median,
        "most": most,
        "longest": longest,
        "sum": sum(node.seconds),
        "cpu": sum(node.cpu_seconds) if node.cpu_seconds else None,
        "memory": max(node.memory_peaks, default=None),
    }


def _settings_of(task: EOTask) -> dict[str, str]:
    config = task.private_task_config
    if config.init_values:
        return _masked(config.init_values)
    return {name: MASK if is_secret(name) else _cut(redact(text)) for name, text in config.init_args.items()}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."


def _masked(values: Mapping[str, object]) -> dict[str, str]:
    """Return short texts of settings or arguments, without secrets."""
    few = list(values.items())[:_MOST_ARGUMENTS]
    return {
        name: MASK if is_secret(name) and value is not None else redacted_repr(value, longest=_LONGEST_VALUE)
        for name, value in few
    }


def _versions() -> dict[str, str]:
    versions = {"python": platform.python_version(), "system": platform.platform(terse=True)}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions
