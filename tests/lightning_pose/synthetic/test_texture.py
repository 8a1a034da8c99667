"""The coat: it tells the body's places apart and sticks to them."""

import numpy as np
import pytest

from lightning_pose.synthetic.animal import Individual, draw_individual
from lightning_pose.synthetic.session import Session, SynthConfig, make_session
from lightning_pose.synthetic.texture import make_coat, paint


@pytest.fixture(scope="module")
def session() -> Session:
    return make_session(SynthConfig(sessions=1, frames=5, labels=1), 0)


def skin(session: Session, animal: Individual, name: str, count: int = 400) -> np.ndarray:
    """Return colours "count 3" at random places of a part."""
    coat = make_coat(animal)
    q = np.random.default_rng(0).normal(size=(3, count)).astype(np.float32)
    q /= np.linalg.norm(q, axis=0)
    part = np.full(count, session.parts.names.index(name))
    return paint(coat, part, q).T


def test_colours_are_colours(session):
    for name in session.parts.names:
        color = skin(session, session.animal, name)
        assert color.shape == (400, 3) and color.min() >= 0 and color.max() < 1.3


def test_kinds_of_skin_have_their_own_colour(session):
    animal = Individual()
    np.testing.assert_allclose(skin(session, animal, "paw_hind_left").mean(axis=0), animal.skin, atol=1e-6)
    assert skin(session, animal, "eye_left").max() < 0.1
    ear = skin(session, animal, "ear_right")
    assert (np.abs(ear - animal.skin).max(axis=-1) < 1e-6).mean() == pytest.approx(
        0.5, abs=0.1
    )  # inside is bare
    hooded = skin(session, animal, "skull").mean(axis=0)
    assert np.linalg.norm(hooded - animal.mark) < np.linalg.norm(hooded - animal.coat)


def test_socks_mark_the_left_legs(session):
    animal = Individual(hood=0.0)
    for joint in ("shank", "hock"):
        left, right = (skin(session, animal, f"{joint}_{side}").mean() for side in ("left", "right"))
        assert left < 0.75 * right


def test_patches_differ_between_individuals(session):
    first, second = (draw_individual(np.random.default_rng(seed)) for seed in (1, 2))
    same_colors = Individual(pattern=first.pattern), Individual(pattern=second.pattern)
    a, b = (skin(session, animal, "belly") for animal in same_colors)
    assert np.abs(a - b).mean() > 0.02
