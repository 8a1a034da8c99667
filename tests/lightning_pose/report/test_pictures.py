"""Pictures show the frame, the keypoints where they are, and nothing where there is no video."""

import base64

import cv2
import numpy as np
import pytest

from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoWriter
from lightning_pose.report.pictures import SIZE, take_pictures

ONE = Skeleton(("dot",))


@pytest.fixture
def video(tmp_path):
    """Return a video in which frame n has a white square of 8 px in column n."""
    with VideoWriter(tmp_path / "v.mp4", 320, 240, 30, crf=6) as writer:
        for number in range(8):
            image = np.zeros((240, 320, 3), np.uint8)
            image[100:108, 40 * number : 40 * number + 8] = 255
            writer.write(image)
    return tmp_path / "v.mp4"


def decoded(url):
    assert url.startswith("data:image/jpeg;base64,")
    data = np.frombuffer(base64.b64decode(url.split(",")[1]), dtype=np.uint8)
    picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert picture is not None
    return picture.astype(float)


def test_the_frame_itself_is_shown(video):
    for frame, url in zip((6, 1), take_pictures({"": video}, [("", 6), ("", 1)], {}, ONE), strict=True):
        picture = decoded(url)
        assert picture.shape[:2] == SIZE[::-1]
        _, x = np.unravel_index(picture.sum(axis=2).argmax(), picture.shape[:2])
        # 320 x 240 inside 360 x 240: 20 px of margin on either side
        assert abs(x - 20 - (40 * frame + 4)) < 6


def test_the_ring_is_around_the_keypoint_that_is_blamed(video):
    xy = np.array([[200.0, 60.0]])
    plain, ringed = (
        decoded(take_pictures({"": video}, [("", 2)], {("", 2): xy}, ONE, [name])[0]) for name in ("", "dot")
    )
    ring = np.argwhere(np.abs(ringed - plain).sum(axis=2) > 150)
    dot = np.argwhere((plain.max(axis=2) - plain.min(axis=2)) > 60)
    assert len(ring) and np.abs(ring.mean(axis=0) - dot.mean(axis=0)).max() < 2


def test_keypoints_far_outside_do_not_break_the_picture(video):
    xy = np.array([[-1e6, 5e5]])
    (url,) = take_pictures({"": video}, [("", 2)], {("", 2): xy}, ONE, ["dot"])
    assert decoded(url).shape[:2] == SIZE[::-1]


def test_a_frame_or_video_that_is_not_there_has_no_picture(video, tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"")
    found = take_pictures(
        {"a": video, "b": tmp_path / "broken.mp4"}, [("a", 99), ("b", 0), ("c", 0)], {}, ONE
    )
    assert found == [None, None, None]
