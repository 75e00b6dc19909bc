"""Measures what docs/scaling.md shows, and draws it: python docs/images/scaling.py.

It takes two minutes on a machine that does nothing else, and the packages ray, distributed and matplotlib. The figures
are written to scaling.json.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import distributed
import matplotlib.pyplot as plt
import numpy as np
import ray
from sentinelhub import CRS, BBox

from eolearn.core import EOExecutor, EONode, EOPatch, EOTask, EOWorkflow, FeatureType, LoadTask, SaveTask
from eolearn.core.extra.dask import DaskExecutor
from eolearn.core.extra.ray import RayExecutor
from eolearn.features import NormalizedDifferenceIndexTask

HERE = Path(__file__).parent
REPEATS = 2
PATCHES = 16
SIZES = [100, 300, 500, 700, 1000, 1300]
"""Rows and columns of patches. Each has 12 dates and 4 bands."""
BANDS, NDVI = (FeatureType.DATA, "BANDS"), (FeatureType.DATA, "NDVI")

MakeExecutor = Callable[..., EOExecutor]


class Smooth(EOTask):
    """Takes the time of one processor, as numerical work does: a Fourier transform of each date, there and back."""

    def execute(self, patch: EOPatch) -> EOPatch:
        spectrum = np.fft.rfft2(patch[NDVI], axes=(1, 2))
        spectrum[:, 50:-50] = 0
        patch[NDVI] = np.fft.irfft2(spectrum, s=patch[NDVI].shape[1:3], axes=(1, 2)).astype(np.float32)
        return patch


class Pass(EOTask):
    """An empty task."""

    def execute(self) -> None: ...


def workflow_on(folder: str) -> tuple[EONode, EONode, EOWorkflow]:
    load = EONode(LoadTask(folder))
    ndvi = EONode(NormalizedDifferenceIndexTask(BANDS, NDVI, [3, 2]), inputs=[load])
    smooth = EONode(Smooth(), inputs=[ndvi])
    save = EONode(SaveTask(folder, features=[NDVI], overwrite_permission="OVERWRITE_FEATURES"), inputs=[smooth])
    return load, save, EOWorkflow.from_endnodes(save)


def make_patch(folder: str, size: int) -> float:
    """Save a patch, and return how many megabytes it has in memory."""
    rng = np.random.default_rng(0)
    bands = rng.integers(0, 9999, (12, size, size, 4), dtype=np.uint16)
    patch = EOPatch(bbox=BBox((0, 0, 1, 1), CRS.WGS84), timestamps=[f"2026-{month:02}-01" for month in range(1, 13)])
    patch[BANDS] = bands
    patch.save(f"{folder}/{size}", overwrite_permission="OVERWRITE_FEATURES")
    return bands.nbytes / 1e6


@contextmanager
def on_processes(workers: int) -> Iterator[Callable[[EOExecutor], object]]:
    yield lambda executor: executor.run(workers=workers, disable=True)


@contextmanager
def on_ray(workers: int) -> Iterator[Callable[[EOExecutor], object]]:
    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    try:
        yield lambda executor: executor.run(disable=True)
    finally:
        ray.shutdown()


@contextmanager
def on_dask(workers: int) -> Iterator[Callable[[EOExecutor], object]]:
    settings: dict[str, Any] = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        distributed.LocalCluster(n_workers=workers, threads_per_worker=1, **settings) as cluster,
        distributed.Client(cluster),
    ):
        yield lambda executor: executor.run(disable=True)


ENGINES: Mapping[str, tuple[MakeExecutor, Callable[[int], Any]]] = {
    "worker processes": (EOExecutor, on_processes),
    "Ray": (RayExecutor, on_ray),
    "Dask": (DaskExecutor, on_dask),
}


def rate(make: Callable[[], EOExecutor], run: Callable[[EOExecutor], object]) -> float:
    """Return the most executions a second of a few runs, the first of which only warms up."""
    seconds = []
    for _ in range(REPEATS + 1):
        executor = make()
        start = time.perf_counter()
        run(executor)
        seconds.append(time.perf_counter() - start)
        if executor.get_failed_executions():
            raise RuntimeError(f"Executions failed: {executor.get_failed_executions()}")
    return len(executor.execution_kwargs) / min(seconds[1:])


def rates(folder: str) -> dict[str, list[float]]:
    """Return for each engine how many patches a second it does with one and with two workers."""
    load, save, workflow = workflow_on(folder)
    arguments = [{load: {"eopatch_folder": "300"}, save: {"eopatch_folder": f"out-{n}"}} for n in range(PATCHES)]
    found: dict[str, list[float]] = {}
    for name, (executor, cluster) in ENGINES.items():
        found[name] = []
        for workers in (1, 2):
            with cluster(workers) as run:
                found[name].append(rate(partial(executor, workflow, arguments), run))
    return found


def overheads() -> dict[str, float]:
    """Return how many microseconds an empty execution takes on each engine, with two workers."""
    node = EONode(Pass())
    found = {}
    for name, (executor, cluster) in ENGINES.items():
        with cluster(2) as run:
            found[name] = 1e6 / rate(partial(executor, EOWorkflow([node]), [{}] * 10_000), run)
    return found


def memory(folder: str) -> list[tuple[float, float]]:
    """Return the sizes of patches in MB, small ones first, and the peak of a worker that runs one of them."""
    load, save, workflow = workflow_on(folder)
    sizes = [make_patch(folder, size) for size in SIZES]
    arguments = [{load: {"eopatch_folder": f"{size}"}, save: {"eopatch_folder": "out"}} for size in SIZES]
    with on_ray(1) as run:
        executor = RayExecutor(workflow, arguments)
        run(executor)
    usages = [[stats.usage for stats in results.stats.values()] for results in executor.execution_results]
    peaks = [max(usage.memory_peak for usage in of_patch if usage) / 1e6 for of_patch in usages]
    return list(zip(sizes, peaks, strict=True))


def draw(rates: Mapping[str, list[float]], memory: list[list[float]]) -> None:
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for (name, values), marker in zip(rates.items(), "os^", strict=True):
        left.plot([1, 2], values, marker=marker, label=name)
    best = max(values[0] for values in rates.values())
    left.plot([1, 2], [best, 2 * best], color="grey", linestyle=":", label="twice the best of one")
    left.set(xlabel="workers", ylabel="patches a second", xticks=[1, 2], ylim=(0, 2.6 * best))
    left.set_title("Throughput on 2 processors")
    left.legend(loc="upper left", fontsize="small")
    sizes, peaks = np.transpose(memory)
    slope, base = np.polyfit(sizes, peaks, 1)
    right.plot(sizes, np.polyval([slope, base], sizes), color="grey", linestyle=":")
    right.plot(sizes, peaks, "o")
    right.text(0.05, 0.9, f"{base:.0f} MB + {slope:.1f} x bands", transform=right.transAxes)
    right.set(xlabel="bands of a patch in MB", ylabel="peak of the worker in MB", xlim=(0, None), ylim=(0, None))
    right.set_title("Memory of one worker")
    figure.savefig(HERE / "scaling.png", dpi=110)


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # one worker process is this process
    with tempfile.TemporaryDirectory() as folder:
        make_patch(folder, 300)
        found: dict[str, Any] = {"patches a second": rates(folder), "MB of bands and of the worker": memory(folder)}
    found["microseconds an empty execution"] = overheads()
    (HERE / "scaling.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(found["patches a second"], found["MB of bands and of the worker"])


if __name__ == "__main__":
    main()
