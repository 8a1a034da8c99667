"""The renderer: pixels where the camera model has them, the nearest part in front, the same every time."""

import cv2
import numpy as np
import pytest

from lightning_pose.core.rotations import rvec_from_matrix
from lightning_pose.synthetic.animal import KEYPOINTS
from lightning_pose.synthetic.body import keypoint_depths
from lightning_pose.synthetic.rays import SAMPLES, make_rays
from lightning_pose.synthetic.render import Renderer
from lightning_pose.synthetic.session import Session, SynthConfig, make_session

CONFIG = SynthConfig(views=3, sessions=2, frames=200, labels=1, size=(192, 160), seed=5)
FRAMES = (0, 60, 130)


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session(CONFIG, 0)


@pytest.fixture(scope="module")
def renderers(session) -> list[Renderer]:
    return [Renderer(session, view, CONFIG.seed) for view in range(3)]


@pytest.mark.parametrize("view", range(3))
def test_what_a_sample_shows_is_projected_by_opencv_onto_that_sample(session, renderers, view):
    rays, camera = make_rays(session.truth.rig, view), session.truth.rig.camera
    surface = renderers[view].cast(60)
    rows, columns = np.nonzero(surface.part >= 0)
    u = (columns + surface.left + 0.5) / SAMPLES - 0.5
    v = (rows + surface.top + 0.5) / SAMPLES - 0.5
    direction = rays.directions[:, rows + surface.top, columns + surface.left].astype(np.float64)
    points = rays.center + (surface.depth[rows, columns] * direction).T
    projected, _ = cv2.projectPoints(
        points, rvec_from_matrix(camera.rotation[view]), camera.translation[view], camera.matrix[view],
        camera.distortion[view],
    )  # fmt: skip
    assert len(rows) > 2000
    np.testing.assert_allclose(projected[:, 0], np.stack([u, v], axis=-1), atol=1e-3)


def test_the_surfaces_lie_on_their_parts_and_no_part_is_before_them(session, renderers):
    rays, surface = make_rays(session.truth.rig, 1), renderers[1].cast(60)
    rows, columns = np.nonzero(surface.part >= 0)
    direction = rays.directions[:, rows + surface.top, columns + surface.left].astype(np.float64)
    points = rays.center + (surface.depth[rows, columns] * direction).T
    ball = session.parts.length == 0
    offset = points[:, None] - session.parts.center[60]
    radius = np.linalg.norm(np.einsum("pij,npj->npi", session.parts.inverse[60], offset), axis=-1)
    own = radius[np.arange(len(rows)), surface.part[rows, columns]]
    np.testing.assert_allclose(own[ball[surface.part[rows, columns]]], 1, atol=0.02)
    assert radius[:, ball].min() > 0.98  # nothing that is seen lies inside another part


def test_visibility_is_that_of_the_depth_buffer(session, renderers):
    agree = []
    depths = keypoint_depths(session.animal)
    rig = session.truth.rig
    for view, renderer in enumerate(renderers):
        for frame in FRAMES:
            surface = renderer.cast(frame)
            xy = session.truth.projections[view, frame]
            column, row = (np.round((xy + 0.5) * SAMPLES - 0.5).astype(int) - [surface.left, surface.top]).T
            inside = (
                (row >= 0)
                & (column >= 0)
                & (row < surface.depth.shape[0])
                & (column < surface.depth.shape[1])
            )
            depth = np.where(
                inside, surface.depth[np.where(inside, row, 0), np.where(inside, column, 0)], np.inf
            )
            points = session.truth.poses.points[frame]
            own = points @ rig.camera.rotation[view, 2] + rig.camera.translation[view, 2]
            agree.append((own - depth <= depths) == session.truth.visibility[view, frame])
    assert np.mean(agree) > 0.97  # a sample is up to 0.35 px away from the keypoint


def test_a_seen_nose_shows_the_parts_around_it(session, renderers):
    shown = set()
    for view, renderer in enumerate(renderers):
        for frame in range(0, 200, 10):
            if session.truth.visibility[view, frame, KEYPOINTS.index("nose")]:
                surface = renderer.cast(frame)
                u, v = session.truth.projections[view, frame, KEYPOINTS.index("nose")]
                row, column = round((v + 0.5) * SAMPLES - 0.5), round((u + 0.5) * SAMPLES - 0.5)
                shown.add(session.parts.names[surface.part[row - surface.top, column - surface.left]])
    assert "nose" in shown and shown <= {"nose", "snout"}


def test_the_same_frame_has_the_same_pixels_in_any_order(session, renderers):
    again = Renderer(make_session(CONFIG, 0), 2, CONFIG.seed)
    later = {frame: again.render(frame) for frame in reversed(FRAMES)}
    for frame in FRAMES:
        np.testing.assert_array_equal(renderers[2].render(frame), later[frame])


def test_another_seed_or_session_looks_different(session, renderers):
    other = Renderer(make_session(CONFIG, 1), 0, CONFIG.seed).render(0)
    assert np.abs(other.astype(int) - renderers[0].render(0)).mean() > 5


def test_the_animal_stands_out_and_throws_a_shadow(session, renderers):
    first, last = (renderers[0].render(frame).astype(float) for frame in (0, 130))
    changed = np.abs(first - last).max(axis=-1) > 40
    part = renderers[0].cast(0).part >= 0
    assert 0.6 * part.sum() / SAMPLES**2 < changed.sum() < 8 * part.sum() / SAMPLES**2
    assert 0.015 < part.sum() / SAMPLES**2 / first[..., 0].size < 0.25


def test_left_and_right_legs_are_told_apart_by_their_colour(session, renderers):
    colors = {"left": [], "right": []}
    for renderer in renderers:
        for frame in range(0, 200, 20):
            image, surface = renderer.render(frame), renderer.cast(frame)
            for side in colors:
                shank = session.parts.names.index(f"shank_{side}")
                rows, columns = np.nonzero(surface.part == shank)
                pixels = image[(rows + surface.top) // SAMPLES, (columns + surface.left) // SAMPLES]
                colors[side].append(pixels.reshape(-1, 3))
    left, right = (np.concatenate(colors[side]).mean() for side in ("left", "right"))
    assert right > 1.4 * left
