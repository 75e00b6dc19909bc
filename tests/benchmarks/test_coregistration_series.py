"""How exact the registration of a series is on scenes whose shifts are known, and what it costs."""

from __future__ import annotations

import time

import numpy as np
import pytest
import scipy.fft
import scipy.ndimage
from sentinelhub import CRS, BBox

from eolearn.core import FeatureType
from eolearn.coregistration._kernels.network import pairs_of_dates
from eolearn.coregistration._kernels.phase import correlation_peak, edge_spectrum
from eolearn.coregistration.alignment import CoregistrationTask
from eolearn.coregistration.estimators import PhaseCorrelation
from eolearn.coregistration.series import SeriesRegistration
from eolearn.io.simulated import SimulatedInputTask

pytestmark = pytest.mark.benchmark

FINE = 4  # the scenes are drawn so many times finer than they are seen
MARGIN_PX = 8
SEEDS = range(3000, 3008)  # settings were chosen with others


def fog(rng, size, scale_px):
    return scipy.ndimage.gaussian_filter(rng.standard_normal((size, size)), scale_px)


class Landscape:
    """Fields, whose brightness changes with the season each in its own way, and a texture that stays."""

    def __init__(self, rng, size):
        whole = (size + 2 * MARGIN_PX) * FINE
        count = (size + 2 * MARGIN_PX) ** 2 // 150  # of 150 pixels each
        bends = [40 * FINE * fog(rng, whole, 6 * FINE) for _ in range(2)]
        places = np.stack([grid + bend for grid, bend in zip(np.mgrid[:whole, :whole], bends, strict=True)], axis=-1)
        middles = scipy.spatial.cKDTree(rng.random((count, 2)) * whole)
        self.fields = middles.query(places.reshape(-1, 2))[1].reshape(whole, whole)
        self.dark, self.swing = rng.uniform(0.05, 0.3, count), rng.uniform(0, 0.25, count)
        self.peak = rng.random(count)
        texture = fog(rng, whole, 1.2 * FINE)
        self.texture, self.size = 0.01 * texture / texture.std(), size

    def seen(self, rng, year, shift_xy):
        """Return an image at a part of the year, and the shift to the next quarter of a pixel, that it really has."""
        x, y = np.rint(np.multiply(shift_xy, FINE)).astype(int)
        brightness = self.dark + self.swing * (1 + np.cos(2 * np.pi * (year - self.peak))) / 2
        sharp = scipy.ndimage.gaussian_filter(brightness[self.fields] + self.texture, FINE / 2)
        start, stop = MARGIN_PX * FINE, (MARGIN_PX + self.size) * FINE
        window = sharp[start - y : stop - y, start - x : stop - x]
        image = window.reshape(self.size, FINE, self.size, FINE).mean(axis=(1, 3))
        return image + rng.normal(0, 0.005, image.shape), (x / FINE, y / FINE)


def make_series(seed, *, size, dates, cover):
    """Return frames with bright clouds, where they are clear, and shifts of up to 5 pixels, of every fifth date 0."""
    rng = np.random.default_rng(seed)
    landscape = Landscape(rng, size)
    angle, length = rng.uniform(0, 2 * np.pi, dates), rng.uniform(0, 5, dates) * (np.arange(dates) % 5 > 0)
    shifts = np.stack([length * np.cos(angle), length * np.sin(angle)], axis=-1)
    seen = [landscape.seen(rng, date / dates, shift) for date, shift in enumerate(shifts)]
    clouds = [fog(rng, size, size / 20) for _ in range(dates)]
    valid = np.stack([cloud <= np.quantile(cloud, 1 - cover) for cloud in clouds])
    frames = np.where(valid, np.stack([image for image, _ in seen]), rng.uniform(0.7, 0.8, valid.shape))
    return frames.astype(np.float32), valid, np.array([shift for _, shift in seen])


@pytest.mark.parametrize("size", [128, 256])
@pytest.mark.parametrize("cover", [0.0, 0.3, 0.6])
def test_simulated_shifts(size, cover):
    errors, before, stay = [], [], 0
    for seed in SEEDS:
        frames, valid, shifts = make_series(seed, size=size, dates=12, cover=cover)
        result = SeriesRegistration(reference=0).register(frames, valid)
        found = np.array([transform.shift_xy((size, size)) for transform in result.transforms])
        moved = np.array([not transform.reason for transform in result.transforms])
        wanted = shifts - shifts[0]
        errors += np.linalg.norm(found - wanted, axis=1)[moved].tolist()
        before += np.linalg.norm(wanted, axis=1)[moved].tolist()
        stay += int((~moved[1:] & (np.linalg.norm(wanted[1:], axis=1) > 0)).sum())
    rms = np.sqrt(np.mean(np.square(errors)))
    worse = int(np.sum(np.array(errors) > before))
    print(
        f"\n{size} pixels, {cover:.0%} cloud: {rms:.4f} px root mean square, {max(errors):.3f} at most, of "
        f"{len(errors)} dates moved; {worse} worse than before; {stay} shifted dates stay"
    )
    assert worse == 0
    assert rms < 0.1 or cover > 0.3


@pytest.mark.parametrize("corner", [(460000, 5080000), (480000, 5100000), (520000, 5060000)])
def test_simulated_satellite(corner):
    shifts_of, clouds, is_data = (FeatureType.SCALAR, "SHIFTS"), (FeatureType.MASK, "CLOUDS"), (FeatureType.MASK, "OK")
    task = SimulatedInputTask(
        bands_feature=(FeatureType.DATA, "B"),
        bands=["B08"],
        resolution=10,
        additional_data=[(FeatureType.MASK, "dataMask", "OK")],
        truth=[clouds, shifts_of],
        misregistration_m=20,
        maxcc=0.8,
        seed=7,
    )
    box = BBox((*corner, corner[0] + 1920, corner[1] + 1920), CRS.UTM_33N)
    patch = task.execute(bbox=box, time_interval=("2018-03-01", "2018-07-31"))
    patch[is_data] = patch[is_data].astype(bool) & ~patch[clouds].astype(bool)
    result = CoregistrationTask(source=(FeatureType.DATA, "B"), valid=is_data)(patch.copy())
    table = result[FeatureType.SCALAR, "COREGISTRATION"]
    moved = table[:, 8] > 0
    rests = table[moved, :2] - patch[shifts_of][moved] / 10 * (1, -1)
    offset = np.median(rests, axis=0)  # without a reference only the differences are known
    errors = np.linalg.norm(rests - offset, axis=1)
    before = np.linalg.norm(table[moved, :2] - rests + offset, axis=1)
    print(
        f"\n{corner}: {np.sqrt(np.mean(errors**2)):.4f} px root mean square, {errors.max():.3f} at most, of "
        f"{moved.sum()} dates moved out of {len(moved)}; {(errors > before).sum()} worse than before"
    )
    assert np.sqrt(np.mean(errors**2)) < 0.1
    assert not (errors > before).any()


@pytest.mark.parametrize(("name", "level", "noise"), [("water", 0.03, 0.003), ("snow", 0.8, 0.01)])
def test_smooth_scenes_are_refused(name, level, noise):
    moved = 0
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        swell = 0.02 * level * np.stack([fog(rng, 128, 20) for _ in range(12)]) / fog(rng, 128, 20).std()
        frames = level + swell + rng.normal(0, noise, (12, 128, 128))
        moved += sum(not transform.reason for transform in SeriesRegistration().register(frames).transforms)
    print(f"\n{name}: {moved} of {12 * len(SEEDS)} dates moved")
    assert moved == 0


def test_pair_of_1024(best_time):
    rng = np.random.default_rng(0)
    first, second = rng.random((2, 1024, 1024), dtype=np.float32)
    field = (first + 1j * second).astype(np.complex64)

    def transforms():
        scipy.fft.fft2(field), scipy.fft.fft2(field), scipy.fft.ifft2(field)

    def pair():
        correlation_peak(edge_spectrum(first), edge_spectrum(second), radius_px=11)

    least, needed = best_time(transforms, 9), best_time(pair, 9)
    print(f"\n1024 x 1024: {1e3 * needed:.1f} ms, {needed / least:.2f} times its three Fourier transforms")


def test_series_of_50():
    rng = np.random.default_rng(0)
    scene = scipy.ndimage.gaussian_filter(rng.random((530, 530)), 1.5).astype(np.float32)
    places = rng.integers(0, 9, (50, 2))
    frames = np.stack([scene[y : y + 512, x : x + 512] for y, x in places])
    frames += rng.normal(0, 0.01, frames.shape).astype(np.float32)
    pair, pairs = PhaseCorrelation(max_shift_px=20), pairs_of_dates(50)
    registration = SeriesRegistration(reference=0)
    registration.register(frames[:3])  # compiles
    start = time.perf_counter()
    for first, second in pairs[::10]:
        pair.estimate(frames[first], frames[second])
    estimates = (time.perf_counter() - start) * len(pairs) / len(pairs[::10])
    start = time.perf_counter()
    registration.register(frames)
    whole = time.perf_counter() - start
    print(f"\n50 x 512 x 512: {whole:.2f} s, {whole / estimates:.2f} times {len(pairs)} pairwise estimates")
