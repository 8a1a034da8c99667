import numpy as np
import pandas as pd
import pytest

from lightning_pose.core.errors import ConfigError
from lightning_pose.crops.smooth import smooth_boxes


@pytest.mark.parametrize("window", [1, 4, 5, 9, 100])
def test_the_median_is_that_of_pandas_as_lightning_pose_asks_for_it(rng, window):
    boxes = rng.integers(-50, 400, (37, 4))
    frame = pd.DataFrame(boxes, columns=["x", "y", "h", "w"])
    rolling = frame.rolling(window=window, center=True, min_periods=1).median().round(0).astype(int)
    assert np.array_equal(smooth_boxes(boxes, "median", window), rolling.to_numpy())


def test_steady_boxes_follow_a_steady_motion_and_tremble_less(rng):
    frames = np.arange(200)
    center = np.stack([100 + 2.0 * frames, 300 - frames], axis=1)
    side = 2 * np.rint(50 + rng.normal(0, 4, 200)).astype(int)
    corner = np.rint(center + rng.normal(0, 3, center.shape)).astype(int) - side[:, None] // 2
    boxes = np.concatenate([corner, side[:, None], side[:, None]], axis=1)

    def errors(found: np.ndarray) -> float:
        return float(np.abs(found[:, :2] + found[:, 2:] / 2 - center).mean())

    steady = smooth_boxes(boxes, "steady", 15)
    assert errors(steady) < 0.6 * errors(smooth_boxes(boxes, "median", 15))
    assert (steady[:, 2] % 2 == 0).all() and np.array_equal(steady[:, 2], steady[:, 3])
    assert np.abs(np.diff(steady[:, 2])).max() < np.abs(np.diff(side)).max() / 2


def test_steady_boxes_of_a_perfect_motion_are_its_own():
    frames = np.arange(30)
    boxes = np.stack([4 * frames, 10 + 2 * frames, np.full(30, 40), np.full(30, 40)], axis=1)
    assert np.array_equal(smooth_boxes(boxes, "steady", 7), boxes)


def test_steady_boxes_take_out_single_wild_frames():
    boxes = np.tile([10, 10, 40, 40], (30, 1))
    boxes[[12, 13]] = [500, 500, 300, 300]
    assert np.array_equal(smooth_boxes(boxes, "steady", 7), np.tile([10, 10, 40, 40], (30, 1)))


def test_an_empty_window_is_refused():
    with pytest.raises(ConfigError, match="--window"):
        smooth_boxes(np.ones((3, 4), dtype=int), "median", 0)
