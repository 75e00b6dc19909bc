"""The old family: each date is laid on the next one."""

import numpy as np
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import DataError, EORuntimeWarning, IndexOutOfRange, SettingError
from eolearn.coregistration import coregistration
from eolearn.coregistration.extra import thunder
from eolearn.coregistration.registration import (
    ECCRegistrationTask,
    InterpolationType,
    PointBasedRegistrationTask,
    RegistrationTask,
    ThunderRegistrationTask,
)

BANDS, VALID, OTHER = (FeatureType.DATA, "BANDS"), (FeatureType.MASK, "VALID"), (FeatureType.DATA, "OTHER")
INNER = (slice(None), slice(8, -8), slice(8, -8))
TASKS = [ECCRegistrationTask, PointBasedRegistrationTask, ThunderRegistrationTask]


@pytest.fixture
def patch(scene):
    dates = [f"2020-01-0{day}" for day in range(1, 5)]
    patch = EOPatch(bbox=BBox((500000, 5100000, 501600, 5101280), CRS.UTM_33N), timestamps=dates)
    patch[BANDS] = np.concatenate([scene.frames[:3], scene.reference[None]])[..., None]
    patch[VALID] = np.ones((4, 128, 160, 1), bool)
    patch[OTHER] = 2 * patch[BANDS]
    return patch


@pytest.mark.parametrize("kind", TASKS)
def test_all_dates_lie_on_the_last_one(patch, kind):
    before = patch.copy(deep=True)
    moved = kind(BANDS, valid_mask_feature=VALID, apply_to_features=[BANDS, OTHER, VALID])(patch)
    assert patch == before
    assert moved[BANDS].dtype == np.float32
    assert_array_equal(moved[BANDS][-1], patch[BANDS][-1])
    errors = [np.abs(bands - bands[-1:])[INNER].mean() for bands in (moved[BANDS], patch[BANDS])]
    assert errors[0] < errors[1] / 3
    assert_allclose(moved[OTHER], 2 * moved[BANDS], rtol=1e-5)
    assert moved[VALID].dtype == bool
    assert moved[VALID][INNER].all()
    assert not moved[VALID].all()  # what moved in from beyond the edge


@pytest.mark.parametrize("kind", TASKS)
def test_a_matrix_leads_from_the_source_to_the_target(scene, kind):
    matrix = kind(BANDS).register(scene.reference, scene.frames[1])
    assert_allclose(matrix @ (80, 64, 1), np.add(scene.shifts_xy[1], (80, 64)), atol=0.2)


@pytest.mark.parametrize("model", ["Euler", "PartialAffine", "Homography"])
@pytest.mark.parametrize("descriptor", ["SIFT", "ORB"])
def test_models_of_points(scene, model, descriptor):
    task = PointBasedRegistrationTask(BANDS, Model=model, Descriptor=descriptor, RANSACThreshold=2)
    matrix = task.register(scene.reference, scene.frames[1])
    assert matrix.shape == ((3, 3) if model == "Homography" else (2, 3))
    moved = matrix @ (80, 64, 1)
    assert_allclose(moved[:2], np.add(scene.shifts_xy[1], (80, 64)), atol=0.7)


def test_by_default_the_feature_and_its_mask_move(patch):
    moved = ThunderRegistrationTask(BANDS, valid_mask_feature=VALID)(patch)
    assert_array_equal(moved[OTHER], patch[OTHER])
    assert not np.array_equal(moved[VALID], patch[VALID])


@pytest.mark.parametrize("kind", TASKS)
def test_a_date_that_shows_nothing_stays_with_a_warning(patch, kind):
    patch[BANDS] = np.ones_like(patch[BANDS])
    with pytest.warns(EORuntimeWarning, match="stays"):
        moved = kind(BANDS)(patch)
    assert_array_equal(moved[BANDS], patch[BANDS])


def test_a_transform_that_is_not_believed_is_none(patch):
    class Far(RegistrationTask):
        def register(self, src, trg, trg_mask=None, src_mask=None):
            return np.array([[1, 0, 21], [0, 1, 0]])

    with pytest.warns(EORuntimeWarning, match=r"positions \[0, 1, 2\]"):
        assert_array_equal(Far(BANDS)(patch)[BANDS], patch[BANDS])


@pytest.mark.parametrize(
    ("matrix", "suspicious"),
    [([[1, 0, 20], [0, 1, 0]], False), ([[1, 0, 15], [0, 1, 15]], True)]
    + [([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0]], abs(a) > np.pi / 9) for a in (0.3, 0.4, -0.4)],
)  # fmt: skip
def test_limits(matrix, suspicious):
    assert RegistrationTask.is_registration_suspicious(np.array(matrix)) is suspicious


def test_warp_takes_an_image_to_where_the_matrix_leads():
    image = np.arange(12, dtype=np.uint8).reshape(3, 4)
    matrix = np.array([[1, 0, 1], [0, 1, 0]])
    wanted = [[1, 2, 3, 0], [5, 6, 7, 0], [9, 10, 11, 0]]
    for flag in (InterpolationType.NEAREST, 0, 1):
        assert_array_equal(RegistrationTask.warp(matrix, image, flag), wanted)
    assert_array_equal(RegistrationTask.warp(matrix, np.stack([image, image], -1), 0)[..., 1], wanted)


def test_rescaled_images_are_bytes():
    grey = PointBasedRegistrationTask.rescale_image(np.array([[0.0, 1.0], [np.nan, 0.5]]))
    assert grey.dtype == np.uint8
    assert grey[0].tolist() == [0, 255]
    assert not PointBasedRegistrationTask.rescale_image(np.full((2, 2), np.nan)).any()


def test_names_are_at_their_old_places():
    for name in ("RegistrationTask", "PointBasedRegistrationTask", "InterpolationType", "get_gradient"):
        assert hasattr(coregistration, name)
    assert coregistration.ECCRegistrationTask is not ECCRegistrationTask
    assert thunder.ThunderRegistrationTask is ThunderRegistrationTask
    assert [(one.name, one.value) for one in InterpolationType] == [("NEAREST", 0), ("LINEAR", 1), ("CUBIC", 3)]


def test_parameters():
    assert ECCRegistrationTask(BANDS, MaxIters=50).get_params() == {"MaxIters": 50, "gaussFiltSize": 1}
    for kind, settings in (
        (ECCRegistrationTask, {"Model": "Euler"}),
        (PointBasedRegistrationTask, {"Model": "Affine"}),
        (PointBasedRegistrationTask, {"Descriptor": "SURF"}),
    ):
        with pytest.raises(SettingError, match=next(iter(settings))):
            kind(BANDS, **settings)


def test_data_that_do_not_fit(patch):
    with pytest.raises(IndexOutOfRange, match="no channel 1"):
        ThunderRegistrationTask(BANDS, channel=1)(patch)
    patch[VALID] = np.ones((4, 64, 80, 1), bool)
    with pytest.raises(DataError, match="64"):
        ThunderRegistrationTask(BANDS, valid_mask_feature=VALID)(patch)


def test_one_date_and_integers(patch, scene):
    one = ThunderRegistrationTask(BANDS)(patch.temporal_subset([0]))
    assert_array_equal(one[BANDS], patch[BANDS][:1])
    frames = np.stack([scipy.ndimage.shift(scene.reference, (0, 2), mode="reflect"), scene.reference])
    two = patch.temporal_subset([0, 1])
    two[BANDS] = np.rint(1000 * frames)[..., None].astype(np.int16)
    moved = ThunderRegistrationTask(BANDS)(two)[BANDS]
    assert moved.dtype == np.int16
    assert np.abs(moved[0] - moved[1])[8:-8, 8:-8].max() < 60
