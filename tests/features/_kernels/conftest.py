"""Time series with gaps, and what another library makes of each of them."""

import numpy as np
import pytest


@pytest.fixture(scope="session")
def gappy():
    def gappy(seed=0, dates=20, count=200, missing=0.5, decimals=None):
        """Return random series with random gaps, their irregular times, and wanted times within, on and beyond them."""
        rng = np.random.default_rng(seed)
        times = np.sort(rng.choice(np.arange(-500, 3000), dates, replace=False))
        data = rng.normal(size=(dates, count)) * 10
        data = data if decimals is None else data.round(decimals)
        data[rng.random(data.shape) < missing] = np.nan
        data[rng.random(data.shape) < 0.02] = np.inf
        data[:, 0] = np.nan  # no observation
        data[1:, 1] = np.nan  # a single one
        data[:4, 2] = data[-4:, 2] = np.nan  # ends without
        wanted = np.concatenate([rng.integers(-600, 3100, 30), times[::2], times[:1], times[-1:]])
        return data, times, rng.permutation(wanted)

    return gappy


@pytest.fixture(scope="session")
def one_by_one():
    def one_by_one(problem, build, least):
        """Return what ``build(times, values)(wanted)`` gives for each series between its first and last observation."""
        data, times, wanted = problem
        result = np.full((len(wanted), data.shape[1]), np.nan)
        for index, series in enumerate(data.T):
            known = np.isfinite(series)
            if known.sum() >= least:
                inside = (wanted >= times[known][0]) & (wanted <= times[known][-1])
                result[inside, index] = build(times[known].astype(float), series[known])(wanted[inside])
        return result

    return one_by_one
