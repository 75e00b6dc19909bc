"""What the core costs: saving and loading beside plain gzip, nodes and executions of tasks that do nothing."""

import gzip
from datetime import datetime, timedelta

import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOExecutor, EONode, EOPatch, EOTask, EOWorkflow, FeatureType, linearly_connect_tasks

pytestmark = pytest.mark.benchmark
BANDS = (FeatureType.DATA, "BANDS")


class Pass(EOTask):
    def execute(self, eopatch=None, number=0):
        return eopatch


@pytest.fixture(scope="module")
def patch():
    """Return 20 dates of 13 bands with relief and noise, 136 MB of uint16."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:512, 0:512] / 512
    relief = 0.5 + 0.25 * np.sin(9 * rows) * np.cos(7 * columns) + 0.15 * rng.random((512, 512))
    levels = np.multiply.outer(np.linspace(0.3, 1, 20), np.linspace(0.2, 1, 13))[:, np.newaxis, np.newaxis]
    days = [datetime(2025, 1, 2) + timedelta(days=5 * index) for index in range(20)]
    patch = EOPatch(bbox=BBox((500000, 5100000, 505120, 5105120), CRS.UTM_33N), timestamps=days)
    patch[BANDS] = (4000 * relief[..., np.newaxis] * levels + 100 * rng.random((20, 512, 512, 13))).astype(np.uint16)
    return patch


def test_storage(patch, tmp_path, best_time):
    megabytes = patch[BANDS].nbytes / 1e6
    saving = best_time(lambda: patch.save(tmp_path, overwrite_permission="OVERWRITE_FEATURES"), repeats=3)
    loading = best_time(lambda: EOPatch.load(tmp_path), repeats=3)
    part = patch[BANDS][:2].tobytes()
    packed = gzip.compress(part, 1)
    plain_saving = best_time(lambda: gzip.compress(part, 1), repeats=1) / len(part) * 1e6
    plain_loading = best_time(lambda: gzip.decompress(packed), repeats=1) / len(part) * 1e6
    print(f"\nsave {megabytes / saving:6.0f} MB/s, {plain_saving * megabytes / saving:5.1f} times Python's gzip")
    print(f"load {megabytes / loading:6.0f} MB/s, {plain_loading * megabytes / loading:5.1f} times Python's gzip")


def test_workflow(patch, best_time):
    nodes = linearly_connect_tasks(*[Pass() for _ in range(100)])
    workflow = EOWorkflow(nodes)
    seconds = best_time(lambda: workflow.execute({nodes[0]: {"eopatch": patch}}))
    print(f"\n{seconds / 100 * 1e6:.1f} us a node, of which {best_time(patch.copy) * 1e6:.1f} us a copy of the patch")


@pytest.mark.parametrize(("workers", "multiprocess"), [(1, True), (2, True), (2, False)])
def test_executor(workers, multiprocess, best_time):
    node = EONode(Pass())
    executor = EOExecutor(EOWorkflow([node]), [{node: {"number": number}} for number in range(2000)])
    seconds = best_time(lambda: executor.run(workers, multiprocess, disable=True), repeats=3)
    print(f"\n{seconds / 2000 * 1e6:.1f} us an execution, {workers} workers, {multiprocess=}")
