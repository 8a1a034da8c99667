"""The parts: their coordinates, their boxes, and where the keypoints lie in them."""

import numpy as np
import pytest

from lightning_pose.synthetic.animal import KEYPOINTS
from lightning_pose.synthetic.body import keypoint_depths
from lightning_pose.synthetic.session import Session, SynthConfig, make_session


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session(SynthConfig(sessions=1, frames=90, labels=1, seed=3), 0)


def test_inverse_leads_back_from_the_world(session):
    parts = session.parts
    np.testing.assert_allclose(
        parts.inverse @ parts.axes, np.broadcast_to(np.eye(3), parts.axes.shape), atol=1e-9
    )
    corners = parts.corners() - parts.center[:, :, None]
    local = np.einsum("tpij,tpcj->tpci", parts.inverse, corners)
    ball = parts.length == 0
    np.testing.assert_allclose(np.abs(local[:, ball]), 1, atol=1e-9)


def test_every_keypoint_lies_in_or_on_a_part_of_its_own(session):
    offset = session.truth.poses.points[:, :, None] - session.parts.center[:, None]
    q = np.einsum("tpij,tkpj->tkpi", session.parts.inverse, offset)
    ball = session.parts.length == 0
    radius = np.linalg.norm(q[:, :, ball], axis=-1).min(axis=-1)  # 1 is on the skin of the nearest part
    names = np.array(session.parts.names)[ball]
    assert radius.max() < 1.001
    for k, name in enumerate(KEYPOINTS):
        if name.startswith(("paw", "knee", "hock", "elbow", "ear", "nose")):
            part = np.flatnonzero(names == name)[0]
            np.testing.assert_allclose(q[:, k, ball][:, part], 0, atol=1e-9)


def test_bodies_do_not_change_their_shape(session):
    sizes = np.linalg.norm(session.parts.axes, axis=-2)
    assert np.ptp(sizes, axis=0).max() < 1e-9
    angles = np.einsum("tpji,tpjk->tpik", session.parts.axes, session.parts.axes)
    off = angles[..., ~np.eye(3, dtype=bool)]
    assert np.abs(off).max() < 1e-6


def test_depths_grow_with_the_animal(session):
    np.testing.assert_allclose(keypoint_depths(session.animal)[0] / session.animal.scale, 6.0)
    assert len(keypoint_depths(session.animal)) == len(KEYPOINTS)
