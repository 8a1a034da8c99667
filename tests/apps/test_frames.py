"""Pictures of single frames with keypoints on them."""

import numpy as np
import pytest

from apps.frames import TILE_HEIGHT, Reel, columns_for
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton

DOT = Skeleton(("dot",), colors=("#ff0000",))


@pytest.fixture(scope="module")
def videos(demo_folder):
    folder = demo_folder / "project" / "videos"
    return {view: folder / f"mouse1_{view}.mp4" for view in ("top", "side")}


def at(x: float, y: float, likelihood: float = 1.0) -> Poses:
    """One keypoint that stays, in frames 0 to 39."""
    points = np.tile([x, y], (40, 1, 1))
    return Poses(("dot",), points, np.arange(40), likelihood=np.full((40, 1), likelihood))


def reddest(picture: np.ndarray) -> np.ndarray:
    """Return the centre (x, y) of the red pixels."""
    red = picture[..., 0].astype(int) - picture[..., 1] > 100
    return np.argwhere(red).mean(axis=0)[::-1]


def test_a_keypoint_is_drawn_where_its_pixel_lies_on_the_enlarged_tile(videos):
    picture = Reel({"top": videos["top"]}).picture(0, {"top": at(100.0, 80.0)}, DOT)
    assert picture.shape == (TILE_HEIGHT, round(TILE_HEIGHT * 160 / 120), 3)
    scale = TILE_HEIGHT / 120
    np.testing.assert_allclose(reddest(picture), [(100.5) * scale - 0.5, (80.5) * scale - 0.5], atol=0.5)


def test_the_frame_is_the_one_asked_for(videos):
    reel = Reel({"top": videos["top"]})
    greys = [np.median(reel.picture(number, {}, DOT)) for number in (30, 2, 31)]
    np.testing.assert_allclose(greys, [60 + 2 * 30, 60 + 2 * 2, 60 + 2 * 31], atol=3)


def test_a_keypoint_without_confidence_is_not_drawn(videos):
    picture = Reel({"top": videos["top"]}).picture(0, {"top": at(100.0, 80.0, likelihood=0.0)}, DOT)
    assert (np.ptp(picture, axis=-1) < 30).all()  # as grey as the video


def test_the_chosen_keypoint_has_a_ring(videos):
    reel = Reel({"top": videos["top"]})
    plain = reel.picture(0, {"top": at(100.0, 80.0)}, DOT)
    ringed = reel.picture(0, {"top": at(100.0, 80.0)}, DOT, "dot")
    changed = np.argwhere((plain != ringed).any(axis=-1))[:, ::-1]
    distance = np.linalg.norm(changed - (np.array([100.5, 80.5]) * TILE_HEIGHT / 120 - 0.5), axis=1)
    np.testing.assert_allclose(distance.mean(), 9, atol=0.5)
    assert np.ptp(distance) < 5


def test_views_without_a_table_are_shown_plain_beside_the_others(videos):
    picture = Reel(videos).picture(0, {"side": at(100.0, 80.0)}, DOT)
    assert picture.shape[1] == 2 * round(TILE_HEIGHT * 160 / 120)
    assert reddest(picture)[0] > picture.shape[1] / 2


def test_a_frame_after_the_end_says_how_many_there_are(videos):
    with pytest.raises(DataError, match="has 40 frames, so there is no frame 40"):
        Reel(videos).picture(40, {}, DOT)


@pytest.mark.parametrize(
    ("count", "aspect", "columns"), [(1, 1.33, 1), (2, 1.33, 2), (4, 1.0, 2), (4, 0.56, 4), (6, 1.25, 3)]
)
def test_tiles_are_laid_out_without_gaps_and_wide(count, aspect, columns):
    assert columns_for(count, aspect) == columns
