"""Epipolar curves against OpenCV's lenses, the fundamental matrix, and what a camera cannot see."""

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera, project_views, undistort
from lightning_pose.core.epipolar import Frusta, epipolar_curves, fold_radius, make_frusta, working_depths
from lightning_pose.core.project import open_project
from lightning_pose.core.rotations import look_at

WIDTH, HEIGHT = 1280, 1024
SIZES = np.array([[WIDTH, HEIGHT]] * 3)
CENTRES = ((-0.9, -1.2, 0.6), (1.1, -0.8, 0.9), (0.1, 0.2, 2.0))
LENSES = {
    "none": np.zeros(0),
    "barrel": np.array([-0.35, 0.12, 0.001, -0.002, -0.02]),
    "strong barrel": np.array([-0.42, 0.2, 0.003, -0.002, -0.05]),
    "pincushion": np.array([0.3, 0.1, -0.001, 0.001, 0.05]),
    "rational": np.array([0.1, -0.2, 0.001, 0.001, 0.01, 0.5, -0.1, 0.02]),
    "fisheye": np.array([0.05, -0.02, 0.01, -0.003]),
}


def make_rig(lens: str, focal: float = 700.0) -> Camera:
    """Three cameras around the origin."""
    poses = [look_at(np.array(centre), np.zeros(3)) for centre in CENTRES]
    matrix = np.array([[focal, 0, 639.5], [0, focal * 1.01, 511.5], [0, 0, 1]])
    return make_camera(
        np.stack([matrix] * 3), np.stack([LENSES[lens]] * 3), np.stack([r for r, _ in poses]),
        np.stack([t for _, t in poses]), lens == "fisheye",
    )  # fmt: skip


def opencv_pixels(points: np.ndarray, camera: Camera, lens: str) -> np.ndarray:
    """Return the pixels of world points "N 3" in every view, by OpenCV."""
    views = []
    for v in range(3):
        rvec = cv2.Rodrigues(camera.rotation[v])[0]
        arguments = (rvec, camera.translation[v], camera.matrix[v])
        if lens == "fisheye":
            xy = cv2.fisheye.projectPoints(points[:, None], *arguments[:2], arguments[2], LENSES[lens])[0]
        else:
            xy = cv2.projectPoints(points, *arguments, LENSES[lens])[0]
        views.append(xy[:, 0])
    return np.stack(views)


def seen(xy: np.ndarray) -> np.ndarray:
    return ((xy >= 0) & (xy <= (WIDTH - 1, HEIGHT - 1))).all(axis=-1)


def distance(point: np.ndarray, curve: np.ndarray) -> float:
    """Return the distance (px) of a point from a polyline."""
    curve = curve[np.isfinite(curve).all(axis=-1)]
    assert len(curve) > 1
    start, along = curve[:-1], np.diff(curve, axis=0)
    share = ((point - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12)
    nearest = start + share.clip(0, 1)[:, None] * along
    return float(np.linalg.norm(nearest - point, axis=1).min())


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sources and targets of `count` points each."""
    both = np.array([(v, w) for v in range(3) for w in range(3) if v != w])
    return both.repeat(count, axis=0).T


@pytest.mark.parametrize("lens", LENSES)
def test_the_curve_passes_within_a_tenth_of_a_pixel_of_the_true_point(lens, rng):
    camera = make_rig(lens)
    points = rng.uniform(-0.5, 0.5, (200, 3))
    xy = opencv_pixels(points, camera, lens)
    np.testing.assert_allclose(project_views(points, camera), xy, atol=1e-6)  # the truth is in both models
    frusta: Frusta = make_frusta(camera, SIZES)
    far = 0.0
    for v in range(3):
        for w in range(3):
            both = np.flatnonzero(seen(xy[v]) & seen(xy[w]))
            if v == w:
                continue
            assert len(both) > 50
            one = np.ones(len(both), dtype=int)
            curves = epipolar_curves(xy[v, both], v * one, w * one, frusta)
            far = max(far, *(distance(xy[w, i], curve) for i, curve in zip(both, curves, strict=True)))
    assert far < 0.1


def test_without_a_lens_the_curve_is_the_line_of_the_fundamental_matrix(rng):
    camera = make_rig("none")
    xy = rng.uniform((0, 0), (WIDTH, HEIGHT), (40, 2))
    K, R, t = camera.matrix, camera.rotation, camera.translation
    relative = R[1] @ R[0].T
    shift = t[1] - relative @ t[0]
    cross = np.cross(np.eye(3), shift)
    F = np.linalg.inv(K[1]).T @ cross.T @ relative @ np.linalg.inv(K[0])
    zero, one = np.zeros(40, dtype=int), np.ones(40, dtype=int)
    curves = epipolar_curves(xy, zero, one, make_frusta(camera, SIZES))
    crossing = np.isfinite(curves[..., 0]).any(axis=1)
    assert crossing.sum() > 20
    for curve, pixel in zip(curves[crossing], xy[crossing], strict=True):
        line = F @ np.append(pixel, 1)
        curve = curve[np.isfinite(curve[:, 0])]
        off = (curve @ line[:2] + line[2]) / np.linalg.norm(line[:2])
        np.testing.assert_allclose(off, 0, atol=1e-6)


@pytest.mark.parametrize("lens", LENSES)
def test_a_curve_ends_at_the_border_of_the_image(lens, rng):
    camera = make_rig(lens)
    frusta = make_frusta(camera, SIZES)
    source, target = pairs(30)
    xy = rng.uniform((100, 100), (WIDTH - 100, HEIGHT - 100), (len(source), 2))
    curves = epipolar_curves(xy, source, target, frusta)
    for curve in curves:
        known = np.isfinite(curve[:, 0])
        if not known.any():
            continue
        first, last = np.flatnonzero(known)[[0, -1]]
        assert known[first : last + 1].all()  # one piece
        assert seen(curve[first + 1 : last]).all() or (~seen(curve[first:last])).sum() <= 2


@pytest.mark.parametrize("lens", LENSES)
def test_every_point_of_a_curve_is_on_the_ray_and_none_is_folded_back_into_the_image(lens, rng):
    camera = make_rig(lens, focal=420.0)  # so wide that the polynomials fold inside the image
    frusta = make_frusta(camera, SIZES)
    source, target = pairs(20)
    xy = rng.uniform((0, 0), (WIDTH, HEIGHT), (len(source), 2))
    curves = epipolar_curves(xy, source, target, frusta)
    assert np.isfinite(curves).any()
    for n, curve in enumerate(curves):
        curve = curve[np.isfinite(curve[:, 0])]
        v, w = source[n], target[n]
        ray = undistort(xy[n][None, None], Camera(*(f[[v]] for f in camera))).points[0, 0]
        other = undistort(curve[None], Camera(*(f[[w]] for f in camera)))
        assert other.converged.all()
        d = [camera.rotation[v].T @ np.append(ray, 1), *(
            camera.rotation[w].T @ np.append(q, 1) for q in other.points[0])]  # fmt: skip
        baseline = np.array(CENTRES[w]) - np.array(CENTRES[v])
        normal = np.cross(baseline, d[0])
        off = [abs(normal @ one) / np.linalg.norm(normal) / np.linalg.norm(one) for one in d[1:]]
        assert max(off, default=0) < 1e-9


def test_where_nothing_can_be_seen_there_is_no_curve():
    camera = make_rig("barrel")
    away = camera.rotation.copy()
    away[1] = np.diag([1.0, -1, -1]) @ away[1]  # the second camera looks the other way
    frusta = make_frusta(
        camera._replace(rotation=away, translation=-np.einsum("vij,vj->vi", away, CENTRES)), SIZES
    )
    middle = np.array([[639.5, 511.5]])
    curves = epipolar_curves(middle, np.array([0]), np.array([1]), frusta)
    assert np.isnan(curves).all()


def test_a_pixel_that_no_ray_leads_to_and_one_that_is_missing_have_no_curve():
    frusta = make_frusta(make_rig("strong barrel", focal=420.0), SIZES)
    xy = np.array([[4000.0, 3000], [np.nan, 5]])
    assert np.isnan(epipolar_curves(xy, np.array([0, 0]), np.array([1, 1]), frusta)).all()


def test_known_points_bound_the_depths_and_their_own_curves_still_pass_through_them(rng):
    camera = make_rig("barrel")
    points = rng.uniform(-0.2, 0.2, (300, 3))
    xy = project_views(points, camera)
    free, bound = make_frusta(camera, SIZES), make_frusta(camera, SIZES, points)
    assert (bound.depths[:, 0] > free.depths[:, 0]).all()
    assert (bound.depths[:, 1] < free.depths[:, 1]).all()
    zero, one = np.zeros(300, dtype=int), np.ones(300, dtype=int)
    curves = epipolar_curves(xy[0], zero, one, bound)
    assert max(distance(p, curve) for p, curve in zip(xy[1], curves, strict=True)) < 0.1
    whole = epipolar_curves(xy[0], zero, one, free)
    lengths = [np.nansum(np.linalg.norm(np.diff(c, axis=1), axis=-1), axis=1) for c in (curves, whole)]
    assert np.median(lengths[0]) < np.median(lengths[1])


def test_depths_leave_room_for_a_body_that_walks_on():
    camera = make_rig("none")
    small = np.random.default_rng(3).uniform(-0.01, 0.01, (50, 3))  # labels of one instant
    near, far = working_depths(camera, small).T
    distances = np.linalg.norm(CENTRES, axis=1)
    assert (near < 0.6 * distances).all()
    assert (far > 1.4 * distances).all()


def test_the_fold_of_a_lens_is_where_its_polynomial_turns():
    """r (1 + k r^2) has its maximum at r = sqrt(-1 / 3k); without distortion there is none."""
    flat = np.zeros((2, 5))
    flat[1, 0] = -0.3
    camera = make_camera(
        np.stack([np.eye(3)] * 2), flat, np.stack([np.eye(3)] * 2), np.array([[0, 0, 0], [1.0, 0, 0]])
    )
    found = fold_radius(camera, np.array([2.0, 2.0]))
    assert found[0] == pytest.approx(2.0)
    assert found[1] == pytest.approx(np.sqrt(1 / 0.9), rel=5e-3)
    assert found[1] <= np.sqrt(1 / 0.9) * 1.003


@pytest.mark.realdata
def test_curves_of_real_labels_pass_through_the_labels_of_the_other_views(real_data):
    """The labels are images of 3D points through the real calibration; the tables round them to 0.001 px."""
    project = open_project(real_data / "human-4cam")
    views = project.read_labels()
    rig = Rig.load(real_data / "human-4cam" / "calibrations" / "balancing.toml").check(project.views)
    xy = np.stack([views[view].points[::10] for view in project.views]).reshape(4, -1, 2)
    frusta = make_frusta(rig.camera, rig.sizes, rig.triangulate(xy))
    far = []
    for v in range(4):
        for w in range(4):
            both = np.flatnonzero(np.isfinite(xy[v] + xy[w]).all(axis=1) & (v != w))
            one = np.ones(len(both), dtype=int)
            curves = epipolar_curves(xy[v, both], v * one, w * one, frusta)
            far += [distance(xy[w, i], curve) for i, curve in zip(both, curves, strict=True)]
    assert len(far) > 1000
    assert max(far) < 0.1
