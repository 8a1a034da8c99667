"""Videos and images whose marker is at a known place before and after they are cropped."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.video import VideoReader, VideoWriter, probe
from lightning_pose.crops.geometry import crop_from_full, crop_size
from lightning_pose.crops.recordings import crop_images, crop_labels, crop_video
from lightning_pose.crops.tables import BoxTable

SIZE = (120, 90)  # width, height


def marked(number: int, xy: np.ndarray) -> np.ndarray:
    """Return a grey frame with its number as 8 dark or light bars at the top and a soft light dot at xy."""
    x, y = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
    frame = 40 + 200 * np.exp(-((x - xy[0]) ** 2 + (y - xy[1]) ** 2) / (2 * 3.0**2))
    for bit in range(8):
        frame[:10, 15 * bit : 15 * (bit + 1)] = 230 if number >> bit & 1 else 10
    return np.repeat(np.rint(frame).astype(np.uint8)[..., None], 3, axis=-1)


def dot_of(image: np.ndarray) -> np.ndarray:
    """Return the centroid of the dot."""
    weight = np.clip(image.astype(float).max(axis=-1) - 60, 0, None)
    rows, columns = np.indices(weight.shape)
    return np.array([(weight * columns).sum(), (weight * rows).sum()]) / weight.sum()


@pytest.fixture
def video(tmp_path) -> tuple[Path, np.ndarray]:
    t = np.arange(70)
    truth = np.stack([60 + 30 * np.sin(t / 9), 50 + 15 * np.cos(t / 7)], axis=1)
    with VideoWriter(tmp_path / "s.mp4", *SIZE, fps=25, crf=1) as writer:
        for number, xy in enumerate(truth):
            writer.write(marked(number, xy))
    return tmp_path / "s.mp4", truth


def test_the_marker_is_where_the_box_says_in_every_frame_of_a_cropped_video(video, tmp_path, rng):
    path, truth = video
    side = rng.integers(20, 35, 70) * 2
    corner = np.rint(truth + rng.uniform(-4, 4, truth.shape)).astype(int) - side[:, None] // 2
    corner[:, 1] = np.maximum(corner[:, 1], 10)  # below the bars
    boxes = np.concatenate([corner, side[:, None], side[:, None]], axis=1)
    crop_video(path, boxes, tmp_path / "cropped.mp4")
    size = crop_size(boxes)
    assert probe(tmp_path / "cropped.mp4")[:3] == (*size, 70)
    expected = crop_from_full(truth[:, None], boxes, np.array(size))[:, 0]
    with VideoReader(tmp_path / "cropped.mp4") as reader:
        found = np.array([dot_of(frame) for frame in reader.frames()])
    inside = ((truth - corner > 12) & (corner + side[:, None] - truth > 12)).all(axis=1)
    assert inside.sum() > 40
    error = np.abs(found - expected)[inside]
    assert error.max() < 0.2 and error.mean() < 0.03  # the video is compressed


def test_frame_i_of_a_cropped_video_is_frame_i_of_the_video(video, tmp_path):
    path, _ = video
    crop_video(path, np.tile([0, 0, 10, 120], (70, 1)), tmp_path / "bars.mp4")
    with VideoReader(tmp_path / "bars.mp4") as reader:
        for number, frame in enumerate(reader.frames()):
            bars = frame[5, 7::15].mean(axis=-1) > 120
            assert sum(1 << bit for bit, light in enumerate(bars) if light) == number


def test_a_box_of_the_whole_frame_keeps_the_last_row_and_column(video, tmp_path):
    path, _ = video
    crop_video(path, np.tile([0, 0, 90, 120], (70, 1)), tmp_path / "whole.mp4")
    with VideoReader(path) as before, VideoReader(tmp_path / "whole.mp4") as after:
        assert np.abs(before[3].astype(int) - after[3]).max() < 12  # encoded once more


def test_too_few_boxes_are_refused_and_leave_nothing(video, tmp_path):
    with pytest.raises(DataError, match="70 frames, but there are 69 boxes"):
        crop_video(video[0], np.tile([0, 0, 10, 10], (69, 1)), tmp_path / "cropped.mp4")
    assert not (tmp_path / "cropped.mp4").exists()


def test_labeled_images_are_cropped_with_their_neighbours(tmp_path):
    folder = tmp_path / "labeled-data" / "s"
    folder.mkdir(parents=True)
    for number in range(2, 12):
        cv2.imwrite(str(folder / f"img{number:04d}.png"), marked(number, np.array([5.0 * number, 50])))
    images = ["labeled-data/s/img0004.png", "labeled-data/s/img0005.png", "labeled-data/s/img0011.png"]
    table = BoxTable(np.array([[0, 0, 30, 40], [10, 5, 50, 60], [-10, 60, 40, 40]]), np.array(images))
    done = []
    assert crop_images(table, tmp_path, tmp_path / "out", lambda *told: done.append(told)) == 9
    assert done[-1] == (9, 9)
    sizes = {
        p.name: cv2.imread(str(p)).shape[:2] for p in (tmp_path / "out" / "labeled-data" / "s").iterdir()
    }
    # 2, 3 and 6 go with 4, which comes first; 7 with 5; 9 and 10 with 11
    assert sizes == {
        **{f"img{n:04d}.png": (30, 40) for n in (2, 3, 4, 6)},
        **{f"img{n:04d}.png": (50, 60) for n in (5, 7)},
        **{f"img{n:04d}.png": (40, 40) for n in (9, 10, 11)},
    }
    last = cv2.imread(str(tmp_path / "out" / images[2]))
    assert (last[30:] == 0).all() and (last[:, :10] == 0).all()
    assert np.array_equal(last[:30, 10:], cv2.imread(str(tmp_path / images[2]))[60:, :30])


def test_jpegs_and_grey_images_stay_what_they_are(tmp_path, rng):
    smooth = cv2.GaussianBlur(rng.integers(0, 256, (60, 60), dtype=np.uint8), (0, 0), 4)
    cv2.imwrite(str(tmp_path / "a.jpg"), smooth, (cv2.IMWRITE_JPEG_QUALITY, 100))
    crop_images(BoxTable(np.array([[8, 8, 32, 32]]), np.array(["a.jpg"])), tmp_path, tmp_path / "out")
    found = cv2.imread(str(tmp_path / "out" / "a.jpg"), cv2.IMREAD_UNCHANGED)
    assert found.shape == (32, 32)
    assert np.abs(found.astype(int) - smooth[8:40, 8:40]).max() <= 4


def test_missing_images_are_all_named(tmp_path):
    cv2.imwrite(str(tmp_path / "img1.png"), np.zeros((9, 9), np.uint8))
    table = BoxTable(np.tile([0, 0, 4, 4], (3, 1)), np.array(["img1.png", "img5.png", "img9.png"]))
    with pytest.raises(DataError, match=r"(?s)2 faults.*img5\.png.*img9\.png"):
        crop_images(table, tmp_path, tmp_path / "out")


def test_labels_move_with_their_boxes_and_those_outside_are_counted():
    points = np.array([[[10.0, 20.0], [np.nan, np.nan]], [[30.0, 40.0], [70.0, 5.0]]])
    visible = np.array([[2, 1], [2, 2]])
    labels = Poses(("a", "b"), points, np.array(["i1.png", "i2.png"]), visible=visible)
    table = BoxTable(np.array([[25, 30, 20, 20], [5, 10, 30, 40]]), np.array(["i2.png", "i1.png"]))
    cropped, lost = crop_labels(labels, table)
    assert cropped.points[0, 0].tolist() == [5, 10] and cropped.points[1, 0].tolist() == [5, 10]
    assert lost == 1 and np.isnan(cropped.points[:, 1]).all()
    assert cropped.visible.tolist() == [[2, 1], [2, 0]]


@pytest.mark.parametrize("varies", [True, False])
def test_frames_of_a_crop_are_shown_when_those_of_the_video_are(tmp_path, rng, varies):
    steps = rng.uniform(0.01, 0.2, 29) if varies else np.full(29, 1 / 25)
    seconds = np.concatenate([[0], np.cumsum(steps)])
    with VideoWriter(tmp_path / "s.mp4", *SIZE, fps=25, timed=True) as writer:
        for number, second in enumerate(seconds):
            writer.write(marked(number, np.array([60, 50])), second)
    crop_video(tmp_path / "s.mp4", np.tile([10, 10, 60, 60], (30, 1)), tmp_path / "cropped.mp4")
    with VideoReader(tmp_path / "cropped.mp4") as reader:
        np.testing.assert_allclose(reader.times, seconds, atol=1e-4)
        assert len(list(reader.frames())) == 30
