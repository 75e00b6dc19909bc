"""How benchmarks take times and tell them."""

import time

import pytest


@pytest.fixture(scope="session")
def best_time():
    def best_time(function, repeats=5):
        """Return the shortest of some times that a function takes, in seconds, when it has run once before."""
        function()  # compiles, and touches the memory
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            function()
            times.append(time.perf_counter() - start)
        return min(times)

    return best_time


@pytest.fixture(scope="session")
def report_pixels(best_time):
    def report_pixels(name, pixel_dates, seconds, copied):
        """Print the speed, and the time as a multiple of that of copying what is read and written."""
        copying = sum(best_time(array.copy) for array in copied)
        print(f"\n{name:40s} {pixel_dates / seconds / 1e6:9.1f} M pixel-dates/s {seconds / copying:7.1f} x copy")

    return report_pixels
