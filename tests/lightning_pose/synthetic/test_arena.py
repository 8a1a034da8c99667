"""The arena: the shadow falls where the lamp throws it, and the backdrop is the camera's own."""

import numpy as np
import pytest

from lightning_pose.synthetic.arena import RADIUS, cast_shadow, light_backdrop, make_backdrop
from lightning_pose.synthetic.light import Light, draw_light
from lightning_pose.synthetic.rays import make_rays
from lightning_pose.synthetic.session import Session, SynthConfig, make_session


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session(SynthConfig(views=2, sessions=1, frames=5, labels=1, size=(160, 128)), 0)


def lamp(azimuth: float) -> Light:
    direction = np.array([np.cos(azimuth), np.sin(azimuth), 1.0]) / np.sqrt(2)
    return Light((direction[0], direction[1], direction[2]), 0.8, 0.4, (1.0, 1.0, 1.0), 0.0)


def middle(layer: np.ndarray) -> np.ndarray:
    """Return the centre of a shadow in cells."""
    y, x = np.mgrid[: layer.shape[0], : layer.shape[1]]
    return np.array([(x * layer).sum(), (y * layer).sum()]) / layer.sum()


def test_the_shadow_falls_away_from_the_lamp_by_the_height_of_the_animal(session):
    (east, under), (west, _) = (cast_shadow(session.parts, 0, lamp(azimuth)) for azimuth in (0.0, np.pi))
    cell = 620.0 / 256
    shift = (middle(east.astype(float)) - middle(under.astype(float))) * cell
    assert -60 < shift[0] < -20  # the lamp stands at 45 degrees, so the shift is a height, mm
    assert abs(shift[1]) < 10
    np.testing.assert_allclose(
        middle(west.astype(float))[0] - middle(east.astype(float))[0], -2 * shift[0] / cell, atol=8
    )


def test_a_shadow_only_darkens_and_only_the_floor(session):
    backdrop = make_backdrop(make_rays(session.truth.rig, 0), lamp(1.0))
    clear = backdrop.ambient + backdrop.key
    shadowed = light_backdrop(backdrop, cast_shadow(session.parts, 0, lamp(1.0)))
    assert (shadowed <= clear + 1e-6).all()
    dark = (shadowed < 0.8 * clear).all(axis=-1)
    assert 20 < dark.sum() < 0.3 * dark.size
    off_floor = backdrop.cells[0] < -1000
    assert off_floor.any()
    np.testing.assert_allclose(shadowed[off_floor], clear[off_floor], rtol=1e-6)


def test_the_floor_on_the_image_is_the_floor_in_the_world(session):
    backdrop = make_backdrop(make_rays(session.truth.rig, 1), lamp(1.0))
    rows, columns = np.nonzero(backdrop.cells[0] > -1000)
    world = (backdrop.cells[:, rows, columns].T + 0.5) / 256 * 620.0 - 310.0
    assert np.hypot(*world.T).max() < RADIUS + 1
    points = np.concatenate([world, np.zeros((len(world), 1))], axis=1)
    xy = session.truth.rig.project(points)[1]
    np.testing.assert_allclose(xy, np.stack([columns, rows], axis=-1) + 0.25, atol=0.05)


def test_lamps_differ_and_stand_over_the_floor():
    lights = [draw_light(np.random.default_rng(seed)) for seed in range(30)]
    up = np.array([light.direction for light in lights])
    np.testing.assert_allclose(np.linalg.norm(up, axis=-1), 1, atol=1e-12)
    assert up[:, 2].min() > 0.6 and np.ptp(up[:, 0]) > 0.8
    assert np.ptp([light.key for light in lights]) > 0.2
    assert np.ptp([light.tint[0] / light.tint[2] for light in lights]) > 0.2
