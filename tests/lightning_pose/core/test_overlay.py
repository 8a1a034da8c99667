"""What is drawn on a video is measured in the pixels: on which frame, where, and how opaque."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.overlay import Style, write_labeled_videos
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoWriter, frames, probe

DOT = Skeleton(("a",), colors=("#ff0000",))


def ground(height: int = 80, width: int = 100, grey: int = 100) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def centroid(weights: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.fixture
def session(tmp_path: Path) -> tuple[dict[str, Path], dict[str, Poses]]:
    """Two views of 12 grey frames, and a point that moves 20 px a frame in one and stands in the other."""
    videos = {"left": tmp_path / "s_left.mp4", "right": tmp_path / "s_right.mp4"}
    for path in videos.values():
        with VideoWriter(path, 400, 400, 25, crf=5) as writer:
            for _ in range(12):
                writer.write(ground(400, 400))
    moving = np.stack([100 + 20.0 * np.arange(12), np.full(12, 200.0)], axis=-1)[:, None]
    still = np.full((12, 1, 2), 250.0)
    poses = {
        view: Poses(("a",), points, np.arange(12), likelihood=np.ones((12, 1)))
        for view, points in (("left", moving), ("right", still))
    }
    return videos, poses


def test_labeled_videos_show_each_row_on_its_frame(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]]
) -> None:
    videos, poses = session
    outputs = {view: tmp_path / f"{view}_labeled.mp4" for view in videos}
    seen: list[int] = []
    write_labeled_videos(
        videos, poses, DOT, outputs=outputs, mosaic_output=tmp_path / "mosaic.mp4",
        on_frame=lambda: seen.append(1),
    )  # fmt: skip
    assert len(seen) == 12
    assert probe(outputs["left"])[:4] == (400, 400, 12, 25)
    for number, frame in enumerate(frames(outputs["left"])):
        red = np.clip(frame[60:, :, 0].astype(float) - frame[60:, :, 1] - 60, 0, None)
        np.testing.assert_allclose(centroid(red) + [0, 60], [100 + 20 * number, 200], atol=0.6)
    assert probe(tmp_path / "mosaic.mp4")[:3] == (800, 400, 12)
    last = list(frames(tmp_path / "mosaic.mp4"))[11]
    red = np.clip(last[60:, :, 0].astype(float) - last[60:, :, 1] - 60, 0, None)
    np.testing.assert_allclose(centroid(red[:, :400]) + [0, 60], [320, 200], atol=0.6)
    np.testing.assert_allclose(centroid(red[:, 400:]) + [400, 60], [650, 250], atol=0.6)


def test_small_videos_are_enlarged_with_the_points_on_their_pixels(tmp_path: Path) -> None:
    x = np.zeros((48, 64, 3), np.uint8)
    x[20:23, 30:33] = 255  # a bright spot around (31, 21)
    with VideoWriter(tmp_path / "small.mp4", 64, 48, 10, crf=1) as writer:
        writer.write(x)
    pose = Poses(("a",), np.array([[[31.0, 21.0]]]), np.arange(1), likelihood=np.array([[0.0]]))
    write_labeled_videos({"": tmp_path / "small.mp4"}, {"": pose}, DOT, outputs={"": tmp_path / "plain.mp4"})
    solid = Poses(("a",), pose.points, np.arange(1))
    write_labeled_videos({"": tmp_path / "small.mp4"}, {"": solid}, DOT, outputs={"": tmp_path / "drawn.mp4"})
    plain, drawn = next(frames(tmp_path / "plain.mp4")), next(frames(tmp_path / "drawn.mp4"))
    assert plain.shape == (384, 512, 3)
    spot = np.where(plain[100:, 100:, 1] > 90, plain[100:, 100:, 1].astype(float), 0)
    dot = np.clip(drawn[100:, 100:, 0].astype(float) - drawn[100:, 100:, 1] - 60, 0, None)
    np.testing.assert_allclose(centroid(spot), centroid(dot), atol=1.0)


def test_poses_of_another_length_are_refused(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]], make_video: Callable[..., Path]
) -> None:
    videos, poses = session
    short = {"left": poses["left"].rows(slice(0, 9)), "right": poses["right"]}
    with pytest.raises(DataError, match="left: 12 frames and poses for 9"):
        write_labeled_videos(videos, short, DOT, outputs={"left": tmp_path / "l.mp4"})
    assert not (tmp_path / "l.mp4").exists()


def test_a_view_that_ends_before_the_others_is_black_in_the_mosaic_from_there_on_and_says_so(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]], make_video: Callable[..., Path]
) -> None:
    videos, poses = session
    videos = {"left": make_video(tmp_path / "other.mp4", n=9), "right": videos["right"]}
    short = {"left": poses["left"].rows(slice(0, 9)), "right": poses["right"]}
    write_labeled_videos(videos, short, DOT, outputs={}, mosaic_output=tmp_path / "m.mp4")
    assert probe(tmp_path / "m.mp4").n_frames == 12
    tile = probe(tmp_path / "m.mp4").width // 2
    for number, frame in enumerate(frames(tmp_path / "m.mp4")):
        left, right = frame[60:, :tile], frame[60:, tile:]
        assert (left.max() < 30) == (number >= 9)
        assert redness(frame)[:, tile:].sum() > 0 and right.mean() > 30
        assert number < 9 or frame[:60, :tile].max() > 150  # the words


def redness(frame: np.ndarray) -> np.ndarray:
    return np.clip(frame[60:, :, 0].astype(float) - frame[60:, :, 1] - 60, 0, None)


def test_a_clip_begins_and_ends_where_told(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]]
) -> None:
    videos, poses = session
    out = tmp_path / "clip.mp4"
    write_labeled_videos({"": videos["left"]}, {"": poses["left"]}, DOT, outputs={"": out}, start=5, stop=9)
    assert probe(out).n_frames == 4
    for number, frame in enumerate(frames(out), start=5):
        np.testing.assert_allclose(centroid(redness(frame)) + [0, 60], [100 + 20 * number, 200], atol=0.6)
    with pytest.raises(DataError, match="start before the end, 12, got 12"):
        write_labeled_videos({"": videos["left"]}, {"": poses["left"]}, DOT, outputs={"": out}, start=12)


def test_points_of_too_little_confidence_are_left_out_and_the_others_opaque_where_wanted(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]]
) -> None:
    videos, poses = session
    likelihood = np.where(np.arange(12) < 6, 0.3, 0.6)[:, None]
    moving = Poses(("a",), poses["left"].points, np.arange(12), likelihood=likelihood)
    style = Style(confidence_threshold=0.5, opaque=True, trail=4, radius=5.0)
    out = tmp_path / "sure.mp4"
    write_labeled_videos({"": videos["left"]}, {"": moving}, DOT, outputs={"": out}, style=style)
    drawn = [redness(frame) for frame in frames(out)]
    assert [bool(frame.any()) for frame in drawn] == [False] * 6 + [True] * 6
    assert max(frame.max() for frame in drawn) > 180  # pure red on video
    trail = drawn[9][137:144].max(axis=0)  # frames 6 to 8 were sure: a line from x = 220 on
    assert trail[225:275].min() > 0 and trail[:215].max() == 0


def test_a_missing_frame_is_black_and_keeps_its_place(
    tmp_path: Path, make_video: Callable[..., Path]
) -> None:
    path = make_video(tmp_path / "cut.mp4", n=30)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    n = probe(path, partial=True).n_frames
    poses = Poses(("a",), np.full((n, 1, 2), 30.0), np.arange(n))
    write_labeled_videos({"": path}, {"": poses}, DOT, outputs={"": tmp_path / "out.mp4"})
    drawn = list(frames(tmp_path / "out.mp4"))
    assert len(drawn) == 30
    assert drawn[5].mean() > 60 and drawn[29][100:].max() < 20


def test_a_full_disk_while_encoding_ends_the_work(
    tmp_path: Path, session: tuple[dict[str, Path], dict[str, Poses]], monkeypatch: pytest.MonkeyPatch
) -> None:
    videos, poses = session

    def fail(self: VideoWriter, frame: np.ndarray) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(VideoWriter, "write", fail)
    with pytest.raises(OSError, match="no space"):
        write_labeled_videos(videos, poses, DOT, outputs={"left": tmp_path / "l.mp4"})
    assert not (tmp_path / "l.mp4").exists()
