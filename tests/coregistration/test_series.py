"""Series: every date is found, checked, or refused with its reason."""

import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.exceptions import DataError, SettingError
from eolearn.coregistration import _checking
from eolearn.coregistration._checking import check_windows
from eolearn.coregistration.estimators import Ecc
from eolearn.coregistration.series import SeriesRegistration

# of 128 x 160 pixels of texture, a fifth of which is kept for checks
TOLERANCE_PX = 0.1


def shifts_of(result, shape=(128, 160)):
    return np.array([transform.shift_xy(shape) for transform in result.transforms])


def reasons_of(result):
    return [transform.reason for transform in result.transforms]


@pytest.fixture(scope="module")
def series(scene):
    """Eight dates, of which the last one is not shifted."""
    rng = np.random.default_rng(1)
    shifts = np.concatenate([scene.shifts_xy, [(4, -3), (-4.4, 0.5), (0, 0)]])
    frames = [scipy.ndimage.shift(scene.reference, (y, x), order=3, mode="reflect") for x, y in shifts]
    return (np.stack(frames) + rng.normal(0, 0.01, (8, 128, 160))).astype(np.float32), shifts


def test_shifts_against_a_date(series):
    frames, shifts = series
    result = SeriesRegistration(reference=-1).register(frames)
    assert_allclose(shifts_of(result), shifts, atol=TOLERANCE_PX)
    assert reasons_of(result)[-1] == "it is the reference"
    assert (result.residual_after_px[:-1] < result.residual_before_px[:-1] / 2).all()
    assert result.deviation_px[-1] == pytest.approx(0, abs=1e-6)


def test_shifts_against_an_image(series, scene):
    frames, shifts = series
    result = SeriesRegistration().register(frames, image=scene.reference)
    assert_allclose(shifts_of(result), shifts, atol=TOLERANCE_PX)
    assert "may be none" in reasons_of(result)[-1] or "not worth" in reasons_of(result)[-1]


@pytest.mark.parametrize("reference", [None, "composite"])
def test_without_a_date_the_median_does_not_move(series, reference):
    frames, shifts = series
    result = SeriesRegistration(reference=reference).register(frames)
    assert_allclose(shifts_of(result), shifts - np.median(shifts, axis=0), atol=TOLERANCE_PX)


def test_seasons_that_turn_the_contrast_do_not_matter(series):
    frames, shifts = series
    result = SeriesRegistration(reference=7).register(frames * np.where(np.arange(8) % 2, 1, -1)[:, None, None])
    assert_allclose(shifts_of(result), shifts, atol=TOLERANCE_PX)


def test_clouds_do_little_harm_masked_or_missed(series):
    frames, shifts = series
    fog = scipy.ndimage.gaussian_filter(np.random.default_rng(2).random(frames.shape), (0, 6, 6))
    valid = fog < np.quantile(fog, 0.7)
    clouds = np.where(valid, frames, 3)
    for mask in (valid, fog < np.quantile(fog, 0.75)):
        result = SeriesRegistration(reference=7).register(clouds, mask)
        assert_allclose(shifts_of(result), shifts, atol=0.3)


def test_dates_without_structure_are_refused_and_do_no_harm(series):
    frames, shifts = series
    frames = frames.copy()
    rng = np.random.default_rng(3)
    frames[1], frames[3], frames[5] = 0.5, np.nan, rng.normal(0.02, 0.003, frames[5].shape)
    result = SeriesRegistration(reference=7).register(frames)
    for date in (1, 3, 5):
        assert "no reliable match" in reasons_of(result)[date]
        assert result.transforms[date].is_identity
        assert np.isnan(result.residual_after_px[date])
    assert_allclose(shifts_of(result)[[0, 2, 4, 6]], shifts[[0, 2, 4, 6]], atol=TOLERANCE_PX)


@pytest.mark.parametrize("kind", ["water", "snow", "masked"])
def test_series_without_structure_stay(kind):
    rng = np.random.default_rng(4)
    level, noise = {"water": (0.03, 0.003), "snow": (0.8, 0.01), "masked": (1, 1)}[kind]
    swell = scipy.ndimage.gaussian_filter(rng.random((6, 96, 96)), (0, 16, 16))
    frames = level * (1 + swell) + rng.normal(0, noise, swell.shape)
    result = SeriesRegistration().register(frames, np.full(frames.shape, kind != "masked"))
    assert all(transform.is_identity and transform.reason for transform in result.transforms)


def test_a_date_alone_stays(scene):
    result = SeriesRegistration().register(scene.frames[:1])
    assert result.transforms[0].is_identity
    assert "one date only" in result.transforms[0].reason


def test_two_dates_meet(scene):
    result = SeriesRegistration(reference=0).register(np.stack([scene.reference, scene.frames[0]]))
    assert_allclose(shifts_of(result)[1], scene.shifts_xy[0], atol=TOLERANCE_PX)


def test_a_shift_beyond_the_limit_is_refused_and_the_others_are_found(series):
    frames, shifts = series
    result = SeriesRegistration(reference=7, max_shift_px=4.6).register(frames)
    assert "more than the limit of 4.6" in reasons_of(result)[5]
    assert_allclose(shifts_of(result)[:5], shifts[:5], atol=TOLERANCE_PX)


def test_small_shifts_are_not_worth_it(series):
    result = SeriesRegistration(reference=7, least_shift_px=9).register(series[0])
    assert all(transform.is_identity for transform in result.transforms)
    assert "not worth a resampling" in result.transforms[0].reason


def test_a_move_in_the_wrong_direction_is_seen_by_the_check(series, monkeypatch):
    from eolearn.coregistration import series as module

    solve = module.solve_shifts

    def backwards(*args, **kwargs):
        shifts, deviation = solve(*args, **kwargs)
        return -shifts, deviation

    monkeypatch.setattr(module, "solve_shifts", backwards)
    result = SeriesRegistration(reference=7).register(series[0])
    assert all(transform.is_identity for transform in result.transforms)


def test_a_refinement_is_composed_and_taken_where_it_is_better(series):
    frames, shifts = series
    frames = frames.copy()
    turn = np.deg2rad(1.2)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])  # of (row, column)
    middle = np.array([63.5, 79.5])
    frames[4] = scipy.ndimage.affine_transform(frames[7], matrix, middle - matrix @ middle, order=3, mode="reflect")
    result = SeriesRegistration(reference=7, refinement=Ecc()).register(frames)
    found = result.transforms[4].matrix
    assert np.arctan2(found[1, 0], found[0, 0]) == pytest.approx(turn, abs=2e-3)
    assert_allclose(shifts_of(result)[:4], shifts[:4], atol=TOLERANCE_PX)


def test_windows_for_checks_are_a_fifth_and_never_those_of_a_partner():
    windows = [check_windows((256, 256), date) for date in range(33)]
    assert np.mean(windows[0]) == pytest.approx(0.2, abs=0.02)
    for step in (1, 2, 4, 8, 16, 32):
        assert not (windows[0] & windows[step]).any()


def test_what_lies_in_its_windows_has_no_part_in_the_shift_of_a_date(series, monkeypatch):
    frames, _ = series
    monkeypatch.setattr(_checking.Check, "objection", lambda self: "")
    other = frames.copy()
    rng = np.random.default_rng(5)
    for date in range(8):
        inner = scipy.ndimage.binary_erosion(check_windows((128, 160), date))
        other[date][inner] = rng.random(inner.sum())
    before, after = (shifts_of(SeriesRegistration(reference=7).register(data)) for data in (frames, other))
    # but for the level that gaps are filled with, and so the median slope, nothing changes
    assert_allclose(before, after, atol=1e-3)


def test_frames_are_not_changed_and_integers_work(series):
    frames, shifts = series
    thousands = np.rint(frames * 1000 + 500).astype(np.uint16)
    before = thousands.copy()
    assert_allclose(shifts_of(SeriesRegistration(reference=7).register(thousands)), shifts, atol=TOLERANCE_PX)
    assert_array_equal(thousands, before)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("max_shift_px", -5),
        ("max_shift_px", 0),
        ("least_shift_px", -0.1),
        ("min_reliability", 2),
        ("reference", "mean"),
    ],
)
def test_settings_that_make_no_sense(setting, value):
    with pytest.raises(SettingError, match=setting):
        SeriesRegistration(**{setting: value})


def test_data_that_do_not_fit(scene):
    registration = SeriesRegistration(reference=5)
    with pytest.raises(DataError, match="no date at position 5: there are 5"):
        registration.register(scene.frames)
    with pytest.raises(DataError, match=r"\(128, 160\)"):
        SeriesRegistration().register(scene.reference)
    with pytest.raises(DataError, match=r"\(128, 159\)"):
        SeriesRegistration().register(scene.frames, image=scene.reference[:, 1:])
    with pytest.raises(DataError, match=r"\(4, 128, 160\)"):
        SeriesRegistration().register(scene.frames, scene.valid[1:])
    with pytest.raises(DataError, match="no date"):
        SeriesRegistration().register(scene.frames[:0])
