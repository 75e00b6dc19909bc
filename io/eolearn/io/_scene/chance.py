"""Random numbers of a key, for one purpose and one number at a time."""

from __future__ import annotations

import numpy as np

from .._kernels.world_noise import gradient_noise, hash_of, normal, unit


def key_of(key: np.uint64, purpose: int, number: int) -> np.uint64:
    """Return random bits."""
    return np.uint64(hash_of(np.uint64(key), np.int64(purpose), np.int64(number)))


def chance(key: np.uint64, purpose: int, number: int) -> float:
    """Return a number of [0, 1)."""
    return float(unit(key_of(key, purpose, number)))


def deviate(key: np.uint64, purpose: int, number: int) -> float:
    """Return a normal number of mean 0 and deviation 1."""
    return float(normal(key_of(key, purpose, number)))


def course_of_chance(key: np.uint64, purpose: int, time: float) -> float:
    """Return a smooth function of time, with waves about as long as 1, mostly within 0.5 of 0."""
    return float(gradient_noise(key_of(key, purpose, 0), time, 0.37))
