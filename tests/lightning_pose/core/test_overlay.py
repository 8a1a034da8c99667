"""What is drawn is measured in the pixels: where it lies, how opaque it is, and on which frame."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.overlay import draw_skeleton, draw_text, mosaic, mosaic_tile, write_labeled_videos
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoWriter, frames, probe

DOT = Skeleton(("a",), colors=("#ff0000",))
LINE = Skeleton(("a", "b"), ((0, 1),), colors=("#ff0000", "#ff0000"))


def ground(height: int = 80, width: int = 100, grey: int = 100) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def centroid(weights: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[: weights.shape[0], : weights.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


@pytest.mark.parametrize("place", [(40.0, 30.0), (41.25, 30.5), (40.5, 29.75)])
def test_a_dot_lies_where_the_point_is_to_a_fraction_of_a_pixel(place: tuple[float, float]) -> None:
    drawn = draw_skeleton(ground(), np.array([place]), DOT, radius=4.0)
    red = drawn[..., 0].astype(float) - 100
    np.testing.assert_allclose(centroid(red), place, atol=0.08)
    assert red.sum() / 155 == pytest.approx(np.pi * 4**2, rel=0.08)


@pytest.mark.parametrize("confidence", [1.0, 0.5, 0.1])
def test_confidence_is_opacity(confidence: float) -> None:
    frame = ground(grey=100)
    drawn = draw_skeleton(frame, np.array([[40.0, 30.0]]), DOT, np.array([confidence]), radius=5.0)
    expected = 100 + confidence * (np.array([255, 0, 0]) - 100)
    np.testing.assert_allclose(drawn[30, 40], expected, atol=1)
    assert (frame == 100).all()  # the frame given is left as it was


def test_a_line_is_as_opaque_as_its_fainter_end() -> None:
    points, confidence = np.array([[10.0, 40.0], [90.0, 40.0]]), np.array([0.4, 0.8])
    drawn = draw_skeleton(ground(), points, LINE, confidence, radius=5.0)
    np.testing.assert_allclose(drawn[40, 50], 100 + 0.4 * (np.array([255, 0, 0]) - 100), atol=1)


@pytest.mark.parametrize("gone", [[np.nan, 30.0], [-500.0, 30.0], [1e12, 5.0], [np.inf, 0.0]])
def test_missing_points_and_points_far_outside_draw_nothing(gone: list[float]) -> None:
    drawn = draw_skeleton(ground(), np.array([gone]), DOT)
    assert (drawn == 100).all()
    both = draw_skeleton(ground(), np.array([gone, [50.0, 40.0]]), LINE, np.array([1.0, np.nan]))
    assert (both == 100).all()


def test_a_point_at_the_edge_is_cut_off_by_the_frame() -> None:
    drawn = draw_skeleton(ground(), np.array([[99.0, -1.0]]), DOT, radius=4.0)
    assert drawn[0, 99, 0] == 255
    assert (drawn[10:, :90] == 100).all()


def test_text_is_bright_on_dark_and_leaves_the_rest() -> None:
    drawn = draw_text(ground(200, 300), "cam1  7/300")
    assert drawn[:40, :200].max() == 255
    assert drawn[0, 0, 0] == 33
    assert (drawn[60:] == 100).all() and (drawn[:, 250:] == 100).all()


def test_a_mosaic_keeps_proportions_and_centres_each_view_in_its_tile() -> None:
    wide, tall = ground(20, 40, grey=50), ground(40, 20, grey=200)
    whole = mosaic([wide, tall, wide], (40, 40), columns=2)
    assert whole.shape == (80, 80, 3)
    assert (whole[10:30, :40] == 50).all() and (whole[:10, :40] == 0).all()
    assert (whole[:40, 50:70] == 200).all() and (whole[:40, 40:50] == 0).all()
    assert (whole[50:70, :40] == 50).all() and (whole[40:, 40:] == 0).all()


def test_tiles_are_even_and_no_mosaic_is_wider_than_a_screen() -> None:
    assert mosaic_tile(np.array([[101, 75], [90, 81]]), columns=2) == (102, 82)
    assert mosaic_tile(np.array([[1280, 1024]]), columns=3) == (640, 512)


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
    write_labeled_videos(
        {"": tmp_path / "small.mp4"}, {"": pose}, DOT, outputs={"": tmp_path / "plain.mp4"}
    )
    solid = Poses(("a",), pose.points, np.arange(1))
    write_labeled_videos(
        {"": tmp_path / "small.mp4"}, {"": solid}, DOT, outputs={"": tmp_path / "drawn.mp4"}
    )
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
    other = {**videos, "right": make_video(tmp_path / "other.mp4", n=9)}
    short = {"left": poses["left"], "right": poses["right"].rows(slice(0, 9))}
    with pytest.raises(DataError, match="the views differ: left 12, right 9 frames"):
        write_labeled_videos(other, short, DOT, outputs={}, mosaic_output=tmp_path / "m.mp4")
    assert not list(tmp_path.glob("[lm].mp4"))
