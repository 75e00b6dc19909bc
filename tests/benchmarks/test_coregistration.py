"""What the threshold that ends a search costs and gains, what clouds do, and how fast dates are registered."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest
import scipy.ndimage
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.coregistration import ECCRegistrationTask
from eolearn.coregistration._kernels import ecc

pytestmark = pytest.mark.benchmark


def make_scene(texture_px, noise, largest_shift_px, dates=6, size=256):
    """Return a reference, displaced frames of it, and the displacements (x, y)."""
    rng = np.random.default_rng(0)
    reference = scipy.ndimage.gaussian_filter(rng.random((size, size)), texture_px)
    reference = (reference - reference.min()) / np.ptp(reference)
    shifts_xy = rng.uniform(-largest_shift_px, largest_shift_px, (dates, 2))
    frames = [scipy.ndimage.shift(reference, (y, x), order=3, mode="reflect") for x, y in shifts_xy]
    return reference, np.stack(frames) + rng.normal(0, noise, (dates, size, size)), shifts_xy


def found_shifts(reference, frames, valid=None):
    shifts_xy = []
    for index, frame in enumerate(frames):
        masked = ecc.masked_image(frame, None if valid is None else valid[index])
        matrix = ecc.estimate_warp(
            ecc.masked_image(reference), masked, warp_mode=cv2.MOTION_TRANSLATION, max_iter=100, gauss_kernel_size=1
        )
        shifts_xy.append(matrix[:, 2])
    return np.array(shifts_xy)


@pytest.mark.parametrize("texture_px", [2, 5, 15])
@pytest.mark.parametrize("noise", [0, 0.05])
def test_epsilon(monkeypatch, texture_px, noise):
    reference, frames, shifts_xy = make_scene(texture_px, noise, 2, dates=30)
    results = {}
    print(f"\ntexture of {texture_px} pixels, noise {noise}")
    for epsilon in (-1, 1e-5, 1e-6, 1e-7, 1e-8):  # below 0: all 100 iterations
        monkeypatch.setattr(ecc, "EPSILON", epsilon)
        start = time.perf_counter()
        results[epsilon] = found_shifts(reference, frames)
        seconds = (time.perf_counter() - start) / len(frames)
        error = np.linalg.norm(results[epsilon] - shifts_xy, axis=1).mean()
        beside = np.linalg.norm(results[epsilon] - results[-1], axis=1).max()
        print(
            f"  epsilon {epsilon:6.0e}: error {error:.5f} px, {beside:.5f} px or less from the end of all iterations, "
            f"{1e3 * seconds:5.1f} ms a date"
        )


def test_clouds():
    reference, frames, shifts_xy = make_scene(2, 0.02, 2)
    fog = scipy.ndimage.gaussian_filter(np.random.default_rng(1).random(frames.shape), (0, 5, 5))
    valid = fog < np.quantile(fog, 0.7)
    error = np.linalg.norm(found_shifts(reference, frames) - shifts_xy, axis=1).mean()
    print(f"\nno clouds:           error {error:.4f} px")
    for brightness in (3, 300, np.nan):
        cloudy = np.where(valid, frames, brightness)
        error = np.linalg.norm(found_shifts(reference, cloudy, valid) - shifts_xy, axis=1).mean()
        print(f"30 % clouds of {brightness!s:5s}: error {error:.4f} px")


def test_task():
    reference, frames, _ = make_scene(2, 0, 2, dates=12)
    dates = [f"2025-01-{day:02d}" for day in range(1, 13)]
    patch = EOPatch(bbox=BBox((500000, 5100000, 502560, 5102560), CRS.UTM_33N), timestamps=dates)
    patch[FeatureType.DATA, "BANDS"] = np.repeat(frames[..., np.newaxis], 10, -1).astype(np.float32)
    patch[FeatureType.DATA_TIMELESS, "REFERENCE"] = reference[..., np.newaxis]
    task = ECCRegistrationTask((FeatureType.DATA, "BANDS"), (FeatureType.DATA_TIMELESS, "REFERENCE"), 0)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        task(patch)
        times.append(time.perf_counter() - start)
    print(
        f"\n12 dates of 256 x 256 x 10: {1e3 * min(times):.0f} ms, {frames.size * 10 / min(times) / 1e6:.0f} M values/s"
    )
