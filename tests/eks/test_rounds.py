"""A recording in chunks: the same result, and memory that does not grow with it."""

import tracemalloc

import numpy as np
import pytest

from eks import rounds
from eks.multicam import Options, smooth, smooth_points
from lightning_pose.core.camera import project_views


def arrays_of(world) -> tuple[np.ndarray, np.ndarray]:
    """Pixels "M V T K 2" and likelihoods "M V T K" of all members."""
    members = list(world.members.values())
    points = np.stack([[p.points for p in view] for view in members], axis=1)
    return points, np.stack([[p.likelihood for p in view] for view in members], axis=1)


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(rounds, "CELLS", 1)
    monkeypatch.setattr(rounds, "LEAST_FRAMES", 70)


def test_chunks_cover_every_frame_once():
    chunks = rounds.chunks_of(1_000_000, 12)
    assert np.concatenate([np.arange(c.start, c.stop) for c in chunks]).tolist() == list(range(1_000_000))
    assert len(chunks) > 10


@pytest.mark.parametrize("robust", [True, False], ids=["robust", "plain"])
def test_arrays_in_chunks_give_what_tables_give_in_one_piece(few, small_chunks, monkeypatch, robust):
    options = Options(s=2.0, robust=robust)
    points, likelihood = arrays_of(few)
    chunked = smooth_points(points, likelihood, few.truth.rig, options)
    monkeypatch.undo()
    whole = smooth(few.members, few.truth.rig, options).smoothed
    # a chunk that rests has moved less than the tolerance, 1e-3 px
    np.testing.assert_allclose(chunked.pixels, whole.pixels, atol=2e-3)
    np.testing.assert_allclose(chunked.variance, whole.variance, rtol=1e-3)
    np.testing.assert_allclose(chunked.belief, whole.belief, atol=1e-3)
    np.testing.assert_allclose(chunked.log_likelihood, whole.log_likelihood, rtol=1e-4)


def test_beside_what_is_given_and_returned_memory_holds_two_trajectories(few, small_chunks, rng):
    rig, walk = few.truth.rig, few.truth.poses.points[:, :2]

    def beyond(n_frames: int) -> float:
        """Bytes at the peak beside the result."""
        path = walk[np.arange(n_frames) % len(walk)]
        points = project_views(path, rig.camera)[None] + rng.normal(size=(1, 3, n_frames, 2, 2))
        tracemalloc.start()
        result = smooth_points(points, None, rig, Options(s=2.0, s_frames=((0, 100),)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak - sum(part.nbytes for part in vars(result).values() if isinstance(part, np.ndarray))

    grown = beyond(1500) - beyond(500)
    trajectory = 1000 * 2 * 3 * 8
    assert grown < 2.5 * trajectory
