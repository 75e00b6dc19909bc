"""All estimators: one form, the same direction, the same refusals."""

import cv2
import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal

from eolearn.core.exceptions import DataError, SettingError
from eolearn.coregistration._kernels.move import move_image
from eolearn.coregistration.estimators import Ecc, Estimator, PhaseCorrelation, PointMatching, TiePointGrid
from eolearn.coregistration.transforms import Transform

ALL: list[Estimator] = [
    PhaseCorrelation(),
    Ecc(),
    Ecc(motion="translation"),
    PointMatching(),
    PointMatching(detector="orb", threshold_px=2, min_reliability=0.2),
    TiePointGrid(window_px=40),
]
# the whole ones find 0.02 pixels; single points lie by a part of a pixel, those of ORB by a whole one
TOLERANCES_PX = [0.05, 0.05, 0.05, 0.1, 0.5, 0.1]
each = pytest.mark.parametrize("estimator", ALL, ids=lambda one: type(one).__name__)


@pytest.mark.parametrize(("estimator", "tolerance_px"), list(zip(ALL, TOLERANCES_PX, strict=True)))
def test_known_shifts_are_found(scene, estimator, tolerance_px):
    for frame, shift_xy in zip(scene.frames[:3], scene.shifts_xy, strict=False):
        found = estimator.estimate(scene.reference, frame)
        assert not found.reason
        assert_allclose(found.shift_xy(frame.shape), shift_xy, atol=tolerance_px)
        assert 0.2 <= found.reliability <= 1


@each
def test_the_moved_frame_is_the_reference(scene, estimator):
    found = estimator.estimate(scene.reference, scene.frames[0])
    moved = move_image(scene.frames[0], found.places(scene.reference.shape), interpolation="cubic")
    inner = (slice(4, -4), slice(4, -4))
    before = np.abs(scene.frames[0] - scene.reference)[inner].mean()
    assert np.abs(moved - scene.reference)[inner].mean() < before / 2


@each
def test_masked_clouds_do_little_harm(scene, estimator):
    cloudy = np.where(scene.valid[0], scene.frames[0], 3)
    found = estimator.estimate(scene.reference, cloudy, valid=scene.valid[0])
    assert not found.reason
    assert_allclose(found.shift_xy(cloudy.shape), scene.shifts_xy[0], atol=0.6)


@each
def test_integers_and_images_upside_down_in_brightness(scene, estimator):
    if isinstance(estimator, PointMatching):
        pytest.skip("points are not the same when dark and bright change places")
    thousands = (10000 - 9000 * scene.frames[0]).astype(np.uint16)
    found = estimator.estimate(scene.reference, thousands)
    assert_allclose(found.shift_xy(thousands.shape), scene.shifts_xy[0], atol=0.1)


@each
@pytest.mark.parametrize("image", ["noise", "constant", "unknown", "masked"])
def test_what_shows_nothing_is_refused_with_the_reason(scene, estimator, image):
    rng = np.random.default_rng(0)
    valid = np.full(scene.reference.shape, image != "masked")
    frame = {"noise": rng.normal(size=valid.shape), "constant": np.full(valid.shape, 3.0)}.get(
        image, np.full(valid.shape, np.nan)
    )
    found = estimator.estimate(scene.reference, frame, valid=valid)
    assert found.is_identity
    assert found.reason
    assert found.reliability < 0.5 or isinstance(estimator, PointMatching)


@each
def test_a_shift_beyond_the_limit_is_refused(scene, estimator):
    strict = type(estimator)(max_shift_px=0.2, min_reliability=0.1)
    shift = np.argmax(np.abs(scene.shifts_xy).max(axis=1))
    found = strict.estimate(scene.reference, scene.frames[shift])
    assert found.is_identity
    assert "0.2" in found.reason


@each
def test_shapes_that_differ_are_refused(scene, estimator):
    with pytest.raises(DataError, match=r"\(128, 160\), \(127, 160\)"):
        estimator.estimate(scene.reference, scene.frames[0, 1:])
    with pytest.raises(DataError, match=r"\(160,\)"):
        estimator.estimate(scene.reference, scene.frames[0], valid=np.ones(160, bool))


@each
def test_images_are_not_changed(scene, estimator):
    images = scene.reference.copy(), scene.frames[0].copy()
    estimator.estimate(*images, valid=scene.valid[0])
    assert_array_equal(images[0], scene.reference)
    assert_array_equal(images[1], scene.frames[0])


@pytest.mark.parametrize("estimator", [Ecc(), Ecc(motion="affine"), PointMatching(), PointMatching(motion="affine")])
def test_a_turn_is_found(scene, estimator):
    turn = cv2.getRotationMatrix2D((80, 64), 1.5, 1)
    transform = Transform.of_matrix(turn)
    # the frame has in each pixel what the reference has where the inverse leads to
    inverse = Transform(matrix=np.linalg.inv(transform.matrix))
    frame = np.nan_to_num(move_image(scene.reference, inverse.places((128, 160)), interpolation="cubic"), nan=0.5)
    found = estimator.estimate(scene.reference, frame)
    assert_allclose(found.matrix[:2, :2], turn[:, :2], atol=0.004)
    corners = [[10, 10], [150, 10], [10, 118], [150, 118]]
    assert_allclose(found.to_frame(corners, (128, 160)), transform.to_frame(corners, (128, 160)), atol=0.3)


def test_a_bent_scene_is_straightened_by_tie_points():
    rng = np.random.default_rng(0)
    scene = scipy.ndimage.gaussian_filter(rng.random((256, 256)), 1.5).astype(np.float32)
    rows, columns = np.mgrid[:256, :256].astype(np.float32)
    bend = 0.8 * np.sin(columns / 40)
    frame = move_image(scene, (columns, rows + bend), interpolation="cubic")
    found = TiePointGrid(window_px=32).estimate(scene, frame)
    _, y = found.places(scene.shape)
    # where the reference has row r, the frame has it at r - bend
    rest = (y - rows + bend)[16:-16, 16:-16]
    assert np.sqrt((rest**2).mean()) < 0.5 * np.sqrt((bend**2).mean())


@pytest.mark.parametrize(
    ("kind", "setting", "value"),
    [(type(one), "max_shift_px", value) for one in ALL for value in (-1, 0)]
    + [(type(one), "min_reliability", 1.5) for one in ALL]
    + [(PhaseCorrelation, "max_shift_px", np.nan), (Ecc, "motion", "turn"), (Ecc, "kernel_px", 4), (Ecc, "max_iter", 0)]
    + [(PointMatching, "detector", "surf"), (PointMatching, "motion", "x"), (PointMatching, "threshold_px", 0)]
    + [(PointMatching, "min_pairs", 2), (TiePointGrid, "window_px", 8), (TiePointGrid, "max_local_px", -1)]
    + [(TiePointGrid, "min_windows", 1)],
)  # fmt: skip
def test_settings_that_make_no_sense(kind, setting, value):
    with pytest.raises(SettingError, match=setting):
        kind(**{setting: value})
