"""The task: dates move onto the reference, by the right amount and in the right direction."""

import pickle
from datetime import datetime

import cv2
import numpy as np
import pytest
from sentinelhub import CRS, BBox

from eolearn.core import EOPatch, FeatureType
from eolearn.core.exceptions import EORuntimeWarning
from eolearn.core.utils.threads import limit_threads
from eolearn.coregistration import ECCRegistrationTask, get_gradient

BANDS = (FeatureType.DATA, "BANDS")
REFERENCE = (FeatureType.DATA_TIMELESS, "REFERENCE")
VALID = (FeatureType.MASK, "VALID")
CLASSES = (FeatureType.MASK, "CLASSES")
INNER = (slice(None), slice(8, -8), slice(8, -8))  # beyond the reach of the edge


def make_patch(scene, cloud=None):
    times = len(scene.frames)
    patch = EOPatch(
        bbox=BBox((500000, 5100000, 501600, 5101280), CRS.UTM_33N),
        timestamps=[datetime(2020, 1, 1 + index) for index in range(times)],
    )
    frames = scene.frames if cloud is None else np.where(scene.valid, scene.frames, np.float32(cloud))
    patch[BANDS] = np.stack([frames, 1 - frames], axis=-1)
    patch[REFERENCE] = scene.reference[..., np.newaxis].repeat(2, axis=-1)
    patch[VALID] = scene.valid[..., np.newaxis]
    patch[CLASSES] = (scene.frames[..., np.newaxis] * 4).astype(np.int64) * 10
    patch[FeatureType.SCALAR, "COVER"] = np.zeros((times, 1))
    patch[FeatureType.MASK_TIMELESS, "LAND"] = np.zeros((*scene.reference.shape, 1), dtype=np.uint8)
    patch[FeatureType.META_INFO, "note"] = "of the old patch"
    return patch


@pytest.fixture
def patch(scene):
    return make_patch(scene)


def residual(frames, scene):
    """Return the mean difference from the reference, away from the edges, of each date."""
    return np.abs(frames - scene.reference)[INNER].mean(axis=(1, 2))


class TestDisplacement:
    def test_a_shifted_date_comes_to_lie_on_the_reference(self, patch, scene):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        # a warp in the wrong direction doubles the shift; the right one leaves what resampling blurs
        assert (residual(aligned[BANDS][..., 0], scene) < 0.2 * residual(scene.frames, scene)).all()

    def test_what_is_left_of_the_shift_is_a_fraction_of_a_tenth_pixel(self, patch, scene):
        task = ECCRegistrationTask(BANDS, REFERENCE, 0)
        aligned = task(patch)
        aligned[REFERENCE] = patch[REFERENCE]
        left = np.array([np.array(matrix)[:, 2] for matrix in task(aligned).meta_info["warp_matrices"].values()])
        assert np.abs(left).max() < 0.05
        assert np.abs(scene.shifts_xy).max() > 1

    @pytest.mark.parametrize("cloud", [3.0, np.nan])
    def test_clouds_that_are_masked_do_not_disturb(self, scene, cloud):
        patch = make_patch(scene, cloud)
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID, apply_to_features=[BANDS])(patch)
        shifts = np.array([np.array(m)[:, 2] for m in aligned.meta_info["warp_matrices"].values()])
        np.testing.assert_allclose(shifts, scene.shifts_xy, atol=0.04)  # see the tests of the kernel

    def test_the_pixels_between_clouds_come_to_lie_on_the_reference(self, scene):
        patch = make_patch(scene, cloud=3.0)
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID)(patch)
        bands, valid = aligned[BANDS][INNER][..., 0], aligned[VALID][INNER][..., 0]
        reference = scene.reference[INNER[1:]]
        for before, after, was_valid, is_valid in zip(
            scene.frames[INNER], bands, scene.valid[INNER], valid, strict=True
        ):
            unregistered = np.median(np.abs(before - reference)[was_valid])
            assert np.median(np.abs(after - reference)[is_valid]) < 0.2 * unregistered

    def test_masks_move_with_the_bands(self, patch, scene):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        expected = np.broadcast_to((scene.reference * 4).astype(np.int64) * 10, scene.frames.shape)
        before = (patch[CLASSES][..., 0] != expected)[INNER].mean()
        assert (aligned[CLASSES][..., 0] != expected)[INNER].mean() < 0.4 * before  # the nearest pixel is up to 0.7 off

    def test_between_two_classes_there_is_none(self, patch):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, interpolation_mode=cv2.INTER_CUBIC)(patch)
        assert set(np.unique(aligned[CLASSES])) <= set(np.unique(patch[CLASSES]))

    def test_the_channel_counts_from_the_end_if_it_is_negative(self, patch):
        inverted = EOPatch(bbox=patch.bbox, timestamps=patch.timestamps)
        inverted[BANDS] = patch[BANDS]
        inverted[REFERENCE] = 1 - patch[REFERENCE]  # of the bands, the last one is 1 - the first
        first = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch).meta_info["warp_matrices"]
        last = ECCRegistrationTask(BANDS, REFERENCE, -1)(inverted).meta_info["warp_matrices"]
        np.testing.assert_allclose(list(first.values()), list(last.values()), atol=0.005)

    def test_a_homography_moves_the_dates_too(self, patch, scene):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, warp_mode=cv2.MOTION_HOMOGRAPHY)(patch)
        assert np.shape(aligned.meta_info["warp_matrices"][0]) == (3, 3)
        assert (residual(aligned[BANDS][..., 0], scene) < 0.2 * residual(scene.frames, scene)).all()


class TestResult:
    def test_it_is_a_new_patch_of_the_moved_features_and_the_matrices_only(self, patch):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        assert aligned is not patch
        assert (aligned.bbox, aligned.timestamps) == (patch.bbox, patch.timestamps)
        assert set(aligned.get_features()) == {BANDS, VALID, CLASSES, (FeatureType.META_INFO, "warp_matrices")}

    def test_shapes_and_dtypes_stay(self, patch):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        for feature in (BANDS, VALID, CLASSES):
            assert (aligned[feature].shape, aligned[feature].dtype) == (patch[feature].shape, patch[feature].dtype)

    def test_only_the_features_that_are_asked_for_are_moved_under_their_own_names(self, patch):
        task = ECCRegistrationTask(BANDS, REFERENCE, 0, apply_to_features=[(FeatureType.MASK, "VALID", "RENAMED")])
        assert set(task(patch).get_features()) == {VALID, (FeatureType.META_INFO, "warp_matrices")}

    def test_matrices_are_nested_lists_by_the_position_of_the_date(self, patch, scene):
        matrices = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch).meta_info["warp_matrices"]
        assert list(matrices) == list(range(len(scene.frames)))
        assert all(type(value) is float for matrix in matrices.values() for row in matrix for value in row)
        np.testing.assert_array_equal(np.array(list(matrices.values()))[:, :, :2], [np.eye(2)] * len(scene.frames))

    def test_the_patch_that_was_handed_in_is_not_changed(self, patch):
        before = patch.copy(deep=True)
        ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID)(patch)
        assert patch == before

    def test_threads_change_nothing(self, patch):
        results = []
        for count in (1, 4):
            limit_threads(count)
            results.append(ECCRegistrationTask(BANDS, REFERENCE, 0, num_threads=count)(patch))
        limit_threads(None)
        assert results[0] == results[1]

    def test_the_threads_of_opencv_are_as_before(self, patch):
        before = cv2.getNumThreads()
        ECCRegistrationTask(BANDS, REFERENCE, 0, num_threads=before + 1)(patch)
        assert cv2.getNumThreads() == before

    def test_a_patch_without_dates_gives_one(self, scene):
        patch = make_patch(scene).temporal_subset([])
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID)(patch)
        assert aligned[BANDS].shape == (0, 128, 160, 2)
        assert aligned.meta_info["warp_matrices"] == {}

    def test_a_task_can_be_pickled(self, patch):
        task = pickle.loads(pickle.dumps(ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID)))
        assert len(task(patch).meta_info["warp_matrices"]) == 5


class TestFailedDates:
    def test_a_date_without_texture_stays_as_it_is_with_a_warning_that_names_it(self, patch):
        bands = patch[BANDS].copy()
        bands[2] = 0.5
        patch[BANDS] = bands
        with pytest.warns(EORuntimeWarning, match=r"'BANDS'.* dates \[2\]"):
            aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        np.testing.assert_array_equal(aligned[CLASSES][2], patch[CLASSES][2])
        assert aligned.meta_info["warp_matrices"][2] == np.eye(2, 3).tolist()
        assert aligned.meta_info["warp_matrices"][1] != np.eye(2, 3).tolist()

    def test_a_date_without_a_valid_pixel_stays_as_it_is_with_a_warning(self, patch):
        patch[VALID] = np.zeros_like(patch[VALID])
        with pytest.warns(EORuntimeWarning, match=r"dates \[0, 1, 2, 3, 4\]"):
            aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, valid_mask_feature=VALID)(patch)
        np.testing.assert_array_equal(aligned[BANDS], patch[BANDS])

    def test_a_date_with_missing_values_alone_keeps_them(self, patch):
        patch[BANDS] = np.full_like(patch[BANDS], np.nan)
        with pytest.warns(EORuntimeWarning):
            assert np.isnan(ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)[BANDS]).all()

    def test_one_pixel_stays_as_it_is_with_a_warning(self):
        patch = EOPatch(bbox=BBox((0, 0, 10, 10), CRS.UTM_33N), timestamps=["2020-01-01"])
        patch[BANDS], patch[REFERENCE] = np.ones((1, 1, 1, 1)), np.ones((1, 1, 1))
        with pytest.warns(EORuntimeWarning, match=r"dates \[0\]"):
            aligned = ECCRegistrationTask(BANDS, REFERENCE, 0)(patch)
        np.testing.assert_array_equal(aligned[BANDS], patch[BANDS])

    def test_the_identity_of_a_failed_homography_has_two_rows(self, patch):
        patch[BANDS] = np.ones_like(patch[BANDS])
        with pytest.warns(EORuntimeWarning):
            aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, warp_mode=cv2.MOTION_HOMOGRAPHY)(patch)
        assert aligned.meta_info["warp_matrices"][0] == np.eye(2, 3).tolist()

    @pytest.mark.parametrize("warp_mode", [cv2.MOTION_TRANSLATION, cv2.MOTION_HOMOGRAPHY])
    def test_a_shift_beyond_the_limit_is_not_applied(self, patch, warp_mode):
        aligned = ECCRegistrationTask(BANDS, REFERENCE, 0, warp_mode=warp_mode, max_translation=0.01)(patch)
        assert set(map(str, aligned.meta_info["warp_matrices"].values())) == {str(np.eye(2, 3).tolist())}
        np.testing.assert_array_equal(aligned[BANDS], patch[BANDS])

    @pytest.mark.parametrize(
        ("shift", "large"), [((3, 4), False), ((3, 4.001), True), ((-3, -4), False), ((-6, 0), True)]
    )
    def test_the_limit_itself_is_allowed(self, shift, large):
        matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
        assert ECCRegistrationTask(BANDS, REFERENCE, 0, max_translation=5.0).is_translation_large(matrix) is large


class TestMethods:
    task = ECCRegistrationTask(BANDS, REFERENCE, 0)

    def test_register_returns_the_matrix_that_execute_uses(self, patch, scene):
        matrices = self.task(patch).meta_info["warp_matrices"]
        np.testing.assert_array_equal(self.task.register(scene.reference, scene.frames[3]), matrices[3])

    @pytest.mark.parametrize("dtype", [np.bool_, np.uint8, np.float32])
    def test_register_takes_masks_of_any_dtype(self, scene, dtype):
        cloudy = np.where(scene.valid[0], scene.frames[0], 3)
        matrix = self.task.register(scene.reference, cloudy, valid_mask=scene.valid[0].astype(dtype))
        np.testing.assert_allclose(matrix[:, 2], scene.shifts_xy[0], atol=0.04)

    def test_register_takes_integers_and_another_mode(self, scene):
        thousands = [(image * 1000).astype(np.uint16) for image in (scene.reference, scene.frames[1])]
        matrix = self.task.register(*thousands, warp_mode=cv2.MOTION_HOMOGRAPHY)
        assert matrix.shape == (3, 3)
        np.testing.assert_allclose(matrix[:2, 2], scene.shifts_xy[1], atol=0.1)

    def test_register_warns_of_a_failure_and_returns_the_identity(self):
        with pytest.warns(EORuntimeWarning, match="Could not calculate the warp matrix"):
            np.testing.assert_array_equal(self.task.register(np.ones((9, 9)), np.ones((9, 9))), np.eye(2, 3))

    def test_warp_feature_maps_backwards(self):
        image = np.arange(12, dtype=np.uint8).reshape(3, 4)
        one_to_the_right = np.array([[1, 0, 1], [0, 1, 0]], dtype=np.float32)
        expected = [[1, 2, 3, 3], [5, 6, 7, 7], [9, 10, 11, 11]]
        np.testing.assert_array_equal(self.task.warp_feature(image, one_to_the_right), expected)
        bands = np.stack([image, image], axis=-1)
        np.testing.assert_array_equal(self.task.warp_feature(bands, one_to_the_right)[..., 1], expected)

    @pytest.mark.parametrize("shape", [(4,), (1, 2, 3, 4)])
    def test_warp_feature_refuses_other_dimensions(self, shape):
        with pytest.raises(ValueError, match=r"\(height, width\)"):
            self.task.warp_feature(np.zeros(shape), np.eye(2, 3))

    def test_warp_takes_the_size_as_width_and_height_and_the_direction_as_a_flag(self):
        image = np.arange(12, dtype=np.float32).reshape(3, 4)
        matrix = np.array([[1, 0, 1], [0, 1, 0]], dtype=np.float32)
        np.testing.assert_array_equal(
            self.task.warp(image, matrix, (4, 3), cv2.INTER_LINEAR), [[0, 0, 1, 2], [4, 4, 5, 6], [8, 8, 9, 10]]
        )
        backwards = self.task.warp(image, matrix, (2, 1), cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        np.testing.assert_array_equal(backwards, [[1, 2]])

    def test_the_gradient_is_public(self):
        assert get_gradient(np.zeros((3, 3))).shape == (3, 3)


class TestRefusals:
    @pytest.mark.parametrize(
        "features",
        [
            ((FeatureType.MASK, "BANDS"), REFERENCE, None, ...),
            (BANDS, (FeatureType.DATA, "REFERENCE"), None, ...),
            (BANDS, REFERENCE, (FeatureType.DATA, "VALID"), ...),
            (BANDS, REFERENCE, None, [(FeatureType.SCALAR, "COVER")]),
            (BANDS, REFERENCE, None, [BANDS, (FeatureType.MASK_TIMELESS, "LAND")]),
        ],
    )
    def test_features_of_other_types(self, features):
        registration, reference, valid, apply_to = features
        with pytest.raises(ValueError, match="can't be used here"):
            ECCRegistrationTask(registration, reference, 0, valid, apply_to)

    @pytest.mark.parametrize(
        ("setting", "value"),
        [("warp_mode", 7), ("max_iter", 0), ("gauss_kernel_size", 4), ("gauss_kernel_size", -1)],
    )
    def test_settings_that_opencv_can_not_work_with(self, setting, value):
        with pytest.raises(ValueError, match=f"{setting}.* {value}"):
            ECCRegistrationTask(BANDS, REFERENCE, 0, **{setting: value})

    def test_a_border_that_leaves_pixels_without_a_value(self):
        with pytest.raises(ValueError, match="BORDER_TRANSPARENT"):
            ECCRegistrationTask(BANDS, REFERENCE, 0, border_mode=cv2.BORDER_TRANSPARENT)

    @pytest.mark.parametrize("channel", [2, -3])
    def test_a_channel_that_is_not_there(self, patch, channel):
        with pytest.raises(ValueError, match=rf"BANDS.* no channel {channel}"):
            ECCRegistrationTask(BANDS, REFERENCE, channel)(patch)

    @pytest.mark.parametrize("feature", [BANDS, REFERENCE, VALID])
    def test_a_feature_that_is_not_there(self, patch, feature):
        del patch[feature]
        with pytest.raises(ValueError, match=feature[1]):
            ECCRegistrationTask(BANDS, REFERENCE, 0, VALID, [CLASSES])(patch)

    @pytest.mark.parametrize(
        ("feature", "shape"),
        [(REFERENCE, (128, 161, 1)), (VALID, (5, 64, 80, 1)), (CLASSES, (5, 64, 80, 1)), (VALID, (5, 128, 160, 2))],
    )
    def test_features_that_do_not_fit_together(self, patch, feature, shape):
        patch[feature] = np.ones(shape, dtype=np.uint8)
        with pytest.raises(ValueError, match=rf"{feature[1]}.*{shape[1]}"):
            ECCRegistrationTask(BANDS, REFERENCE, 0, VALID, [CLASSES])(patch)
