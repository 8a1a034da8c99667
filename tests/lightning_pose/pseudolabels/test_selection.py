"""Options and their bounds; what is chosen is certain and reaches the other postures."""

import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.project import open_project
from lightning_pose.frames.diversity import posture_features
from lightning_pose.pseudolabels.selection import Options, choose_frames
from lightning_pose.pseudolabels.smoothed import read_smoothed

from .conftest import CERTAIN


@pytest.fixture
def inputs(recording):
    source = recording()
    project = open_project(source.project)
    labels = project.read_labels()
    smoothed = read_smoothed(source.smoothed, project.videos(), project.views, project.keypoint_names)
    return smoothed, labels, ["train"] * 12


def test_every_option_out_of_range_is_named_at_once():
    wrong = Options(0, 0.0, -1.0, 1.0, 2.0, -1, -1)
    with pytest.raises(ConfigError) as error:
        wrong.check()
    assert all(f"--{name}" in str(error.value) for name in Options._fields)
    Options().check()


def test_chosen_frames_have_less_variance_than_those_left(inputs):
    chosen, candidates = choose_frames(*inputs, Options(frames=30))
    assert sum(len(item.rows) for item in chosen) == 30 <= candidates
    for item in chosen:
        variance = np.stack([poses.variance for poses in item.smoothed.views.values()])
        assert np.nanmean(variance[:, item.rows]) < np.nanmean(variance[:, CERTAIN:])
        assert (item.rows < CERTAIN).all()


def test_chosen_frames_reach_the_postures_of_the_world_better_than_random_ones(inputs, rng):
    smoothed, *_ = inputs
    chosen, _ = choose_frames(*inputs, Options(frames=12, min_likelihood=0.5))
    features = posture_features(np.concatenate([item.world.points[:CERTAIN, None] for item in smoothed]))
    start = {item.session.name: row * CERTAIN for row, item in enumerate(smoothed)}
    rows = np.concatenate([item.rows + start[item.smoothed.session.name] for item in chosen])

    def reach(picked):
        gaps = np.linalg.norm(features[:, None] - features[picked][None], axis=-1).min(axis=1)
        return (gaps**2).mean()

    random = [reach(rng.choice(len(features), 12, replace=False)) for _ in range(200)]
    assert reach(rows) < np.quantile(random, 0.05)


def test_points_that_count_too_little_get_no_label(inputs):
    loose, _ = choose_frames(*inputs, Options(frames=160, keep_share=1.0, min_weight=0.0, min_likelihood=0.0))
    strict, _ = choose_frames(*inputs, Options(frames=160, keep_share=1.0, min_weight=0.3))
    assert any((item.weights[item.weights > 0] < 0.3).any() for item in loose)
    assert all((item.weights[item.weights > 0] >= 0.3).all() for item in strict)


def test_it_is_an_error_when_no_frame_is_certain_enough(inputs):
    with pytest.raises(DataError, match="no point in 148 frames is certain enough"):
        choose_frames(*inputs, Options(half_weight_px=1e-3))


def test_frames_beside_a_held_out_label_are_not_chosen(inputs):
    smoothed, labels, _ = inputs
    sets = [*["train"] * 11, "test"]
    chosen, _ = choose_frames(smoothed, labels, sets, Options(frames=160, keep_share=1.0, margin=15))
    own = next(item for item in chosen if item.smoothed.session.name == "s0")
    assert own.rows.min() == 11 + 15 + 1


def test_it_is_said_when_every_frame_is_beside_a_held_out_label(inputs):
    smoothed, labels, _ = inputs
    sets = [*["train"] * 11, "test"]
    with pytest.raises(DataError, match="all 80 frames are labeled by people, or within --margin 80"):
        choose_frames(smoothed[:1], labels, sets, Options(margin=80))
