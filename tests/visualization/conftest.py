"""Figures are closed after each test; executors to report of; a browser where there is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from eolearn.core import EOExecutor, EONode, EOTask, EOWorkflow
from eolearn.core.eonode import ExceptionInfo, NodeStats, ResourceUsage
from eolearn.core.eoworkflow import WorkflowResults

mpl.use("Agg")


@pytest.fixture(autouse=True)
def closed_figures() -> Iterator[None]:
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


SCRIPT = "<script>alert('x')</script>"
START = datetime(2026, 11, 1, 8)


class Load(EOTask):
    def __init__(self, folder: str, client_secret: str | None = None):
        self.folder = folder

    def execute(self, *, name: str, array: Any = None) -> str:
        if name.endswith("1"):
            raise FileNotFoundError(f"There is no patch {name} in {SCRIPT}")
        return name


class Divide(EOTask):
    def execute(self, name: str) -> float:
        return 1 / (int(name[-1]) - 2)


def _failing_executor(folder: Path, **settings: Any) -> EOExecutor:
    """Return an executor whose second and third of four executions fail in different nodes, and that has run."""
    load = EONode(Load("patches", client_secret="s3cr3t"), name=f"Load {SCRIPT}")
    workflow = EOWorkflow.from_endnodes(EONode(Divide(), inputs=[load], name="Divide"))
    names = [f"patch {SCRIPT} {index}" for index in range(4)]
    arguments = [{load: {"name": name, "array": np.zeros((3, 4))}} for name in names]
    settings = {"execution_names": names, "save_logs": True, "logs_folder": str(folder)} | settings
    executor = EOExecutor(workflow, arguments, **settings)
    executor.run(disable=True)
    return executor


def _error_info(error: Exception) -> ExceptionInfo:
    try:
        raise error
    except Exception as caught:
        return ExceptionInfo.from_exception(caught)


def _made_up_executor(
    folder: Path, count: int, *, workers: int = 2, nodes: int = 2, failing: Callable[[int], bool] = lambda _: False
) -> EOExecutor:
    """Return an executor that tells of ``count`` executions of one second a node, on workers that are always busy.

    failing: whether the last node of an execution failed, for its position.
    """
    chain: list[EONode] = []
    for index in range(nodes):
        chain.append(EONode(Divide(), inputs=chain[-1:], name=f"Step {index}"))
    names = [f"patch-{index}" for index in range(count)]
    executor = EOExecutor(EOWorkflow(chain), [{}] * count, execution_names=names, logs_folder=str(folder))
    info = _error_info(ValueError("too dark"))
    usage = ResourceUsage(0.5, 10**8, 2 * 10**8, 3 * 10**8)
    results = []
    for index in range(count):
        start = START + timedelta(seconds=index // workers * nodes)
        stats = {}
        for step, node in enumerate(chain):
            begin = start + timedelta(seconds=step)
            error = info if failing(index) and step == nodes - 1 else None
            end = begin + timedelta(seconds=1)
            stats[node.uid] = NodeStats(node.uid, node.get_name(), begin, end, error, usage)
        end = start + timedelta(seconds=nodes)
        results.append(WorkflowResults({}, start, end, stats, worker=f"process {index % workers}"))
    executor.execution_results = results
    executor.report_folder = f"{folder}/report"
    executor.general_stats = {
        "start_time": START,
        "end_time": max((result.end_time for result in results), default=START),
        "workers": workers,
        "engine": "processes",
    }
    return executor


@pytest.fixture
def failing_executor(tmp_path: Path) -> Callable[..., EOExecutor]:
    return partial(_failing_executor, tmp_path)


@pytest.fixture
def made_up_executor(tmp_path: Path) -> Callable[..., EOExecutor]:
    return partial(_made_up_executor, tmp_path)


class Browser:
    """A headless Chromium, spoken to through two pipes with its DevTools protocol."""

    def __init__(self, program: str, profile: Path):
        from_us, self._to = os.pipe()
        self._from, to_us = os.pipe()
        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
            f"--disable-component-update --disable-sync --remote-debugging-pipe --user-data-dir={profile} about:blank"
        )
        self._process = subprocess.Popen(
            ["bash", "-c", f"exec {program} {flags} 3<&{from_us} 4>&{to_us}"],
            pass_fds=(from_us, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(from_us)
        os.close(to_us)
        self._buffer = b""
        self._number = 0
        self.events: list[dict[str, Any]] = []
        page = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]

    def _call(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        assert "error" not in answer, answer
        result: dict[str, Any] = answer["result"]
        return result

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            part = os.read(self._from, 1 << 16)
            assert part, "the browser has ended"
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        return self._call(method, self._session, **params)

    def evaluate(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def open(self, path: Path, width: int = 1200, scheme: str = "light") -> None:
        """Load a page, and note all that happens in ``events``."""
        self.events = []
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", features=features)
        self.call("Page.navigate", url=path.as_uri())
        while self.evaluate("document.readyState") != "complete" or self.evaluate("location.href") == "about:blank":
            time.sleep(0.02)

    def close(self) -> None:
        self._call("Browser.close")
        self._process.wait(timeout=30)
        os.close(self._to)
        os.close(self._from)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs chromium")
    browser = Browser(program, tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()
