"""Known displacements are found again, with clouds and gaps as without."""

import cv2
import numpy as np
import pytest
import scipy.ndimage

from eolearn.coregistration._kernels.ecc import estimate_warp, masked_image

# ECC resamples linearly, which moves textures of this scale by a hundredth of a pixel
TOLERANCE_PX = 0.04
MODES = [cv2.MOTION_TRANSLATION, cv2.MOTION_EUCLIDEAN, cv2.MOTION_AFFINE, cv2.MOTION_HOMOGRAPHY]


def estimate(
    reference, frame, *, reference_valid=None, valid=None, warp_mode=cv2.MOTION_TRANSLATION, kernel=1, max_iter=100
):
    return estimate_warp(
        masked_image(reference, reference_valid, gauss_kernel_size=kernel),
        masked_image(frame, valid, gauss_kernel_size=kernel),
        warp_mode=warp_mode,
        max_iter=max_iter,
        gauss_kernel_size=kernel,
    )


def displacement_px(matrix):
    """Return by how many pixels (x, y) the matrix moves the places of a grid over the scene, the mean of them."""
    places = np.array([(x, y, 1) for x in range(20, 160, 20) for y in range(20, 120, 20)])
    moved = places @ np.asarray(matrix, dtype=np.float64).T
    if matrix.shape == (3, 3):
        moved = moved[:, :2] / moved[:, 2:]
    return (moved - places[:, :2]).mean(axis=0)


class TestDisplacement:
    @pytest.mark.parametrize("warp_mode", MODES)
    def test_a_known_shift_is_found(self, scene, warp_mode):
        for frame, shift_xy in zip(scene.frames, scene.shifts_xy, strict=True):
            matrix = estimate(scene.reference, frame, warp_mode=warp_mode)
            np.testing.assert_allclose(displacement_px(matrix), shift_xy, atol=TOLERANCE_PX)

    def test_a_known_rotation_is_found(self, scene):
        angle = np.deg2rad(1.0)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        centre = np.array([63.5, 79.5])
        # scipy takes (row, column) of the result to those of the source; the frame is the reference turned backwards
        frame = scipy.ndimage.affine_transform(
            scene.reference, turn, offset=centre - turn @ centre, order=3, mode="reflect"
        )
        matrix = estimate(scene.reference, frame, warp_mode=cv2.MOTION_EUCLIDEAN)
        assert np.rad2deg(np.arctan2(matrix[1, 0], matrix[0, 0])) == pytest.approx(1.0, abs=0.02)

    def test_an_image_is_not_displaced_against_itself(self, scene):
        np.testing.assert_allclose(estimate(scene.reference, scene.reference), np.eye(2, 3), atol=1e-5)

    @pytest.mark.parametrize(("contrast", "brightness"), [(1, 0.3), (0.1, 0), (0.03, 7), (2000, 10000)])
    def test_brightness_and_contrast_do_not_matter(self, scene, contrast, brightness):
        matrix = estimate(scene.reference, contrast * scene.frames[0] + brightness)
        np.testing.assert_allclose(matrix, estimate(scene.reference, scene.frames[0]), atol=0.005)

    def test_the_matrix_is_float32_with_three_rows_for_a_homography_only(self, scene):
        matrices = [estimate(scene.reference, scene.frames[0], warp_mode=mode) for mode in MODES]
        assert [matrix.shape for matrix in matrices] == [(2, 3), (2, 3), (2, 3), (3, 3)]
        assert {matrix.dtype.name for matrix in matrices} == {"float32"}

    def test_the_search_may_be_cut_short(self, scene):
        shift_xy = scene.shifts_xy[0]
        errors = [
            np.linalg.norm(displacement_px(estimate(scene.reference, scene.frames[0], max_iter=count)) - shift_xy)
            for count in (1, 100)
        ]
        assert errors[1] < errors[0]

    def test_the_early_end_costs_no_accuracy(self, scene):
        for frame in scene.frames:
            images = masked_image(scene.reference), masked_image(frame)
            start, criteria = np.eye(2, 3, dtype=np.float32), (cv2.TERM_CRITERIA_COUNT, 100, 0)
            _, after_all_iterations = cv2.findTransformECCWithMask(
                images[0].values, images[1].values, images[0].mask, images[1].mask, start, 0, criteria, 1
            )
            np.testing.assert_allclose(estimate(scene.reference, frame), after_all_iterations, atol=1e-3)


class TestGaps:
    @pytest.mark.parametrize("cloud", [3.0, 300.0, np.nan, np.inf])
    @pytest.mark.parametrize("kernel", [1, 5])
    def test_masked_clouds_change_nothing_whatever_their_brightness(self, scene, cloud, kernel):
        for frame, shift_xy, valid in zip(scene.frames, scene.shifts_xy, scene.valid, strict=True):
            matrix = estimate(scene.reference, np.where(valid, frame, cloud), valid=valid, kernel=kernel)
            np.testing.assert_allclose(displacement_px(matrix), shift_xy, atol=TOLERANCE_PX)
            under_other_clouds = estimate(scene.reference, np.where(valid, frame, -5.0), valid=valid, kernel=kernel)
            np.testing.assert_array_equal(matrix, under_other_clouds)

    def test_missing_values_need_no_mask(self, scene):
        frame = np.where(scene.valid[0], scene.frames[0], np.nan)
        np.testing.assert_array_equal(
            estimate(scene.reference, frame), estimate(scene.reference, frame, valid=scene.valid[0])
        )

    def test_the_reference_may_have_gaps_too(self, scene):
        reference = np.where(scene.valid[1], scene.reference, np.nan)
        for frame, shift_xy in zip(scene.frames, scene.shifts_xy, strict=True):
            np.testing.assert_allclose(displacement_px(estimate(reference, frame)), shift_xy, atol=TOLERANCE_PX)

    def test_gaps_get_the_mean_and_are_widened_by_the_reach_of_a_slope(self):
        image = np.arange(49, dtype=np.uint8).reshape(7, 7)
        valid = np.ones((7, 7), dtype=bool)
        valid[3, 3] = False
        values, mask = masked_image(image, valid, gauss_kernel_size=3)
        # the mean of 0..48 is 24, which is also what lies at (3, 3), so that of the others is 24 too
        np.testing.assert_array_equal(values, image.astype(np.float32) - 24)
        assert values.dtype == np.float32
        # one pixel for the slope and one for the kernel: five pixels a side
        np.testing.assert_array_equal(mask == 0, np.pad(np.ones((5, 5), dtype=bool), 1))

    def test_an_image_without_gaps_may_be_used_up_to_its_edge(self, scene):
        assert masked_image(scene.reference, gauss_kernel_size=5).mask.all()

    def test_the_image_that_was_handed_in_is_not_changed(self, scene):
        frame = np.where(scene.valid[0], scene.frames[0], np.nan)
        before = frame.copy()
        estimate(frame, frame)
        np.testing.assert_array_equal(frame, before)


class TestFailure:
    @pytest.mark.parametrize("image", [np.ones((20, 20)), np.full((20, 20), np.nan), np.ones((1, 1)), np.ones((0, 4))])
    def test_an_image_without_texture_can_not_be_registered(self, image):
        with pytest.raises(cv2.error):
            estimate(image, image)

    def test_nor_can_one_without_a_valid_pixel(self, scene):
        with pytest.raises(cv2.error):
            estimate(scene.reference, scene.frames[0], valid=np.zeros_like(scene.valid[0]))
