"""Files of SLEAP, written by sleap-io and read as members."""

import numpy as np
import pytest

from eks import sleap
from eks.inputs import list_tables, load
from eks.singlecam import smooth
from eks.sleap import read_slp
from lightning_pose.core.errors import DataError

NAMES = ("nose", "tail")


@pytest.fixture
def sio():
    return pytest.importorskip("sleap_io")


def write(sio, path, points, scores, animals=1):
    """A file with `animals` copies of the points in every frame that has any."""
    skeleton, video = sio.Skeleton(nodes=list(NAMES)), sio.Video(filename="walk.mp4", open_backend=False)
    frames = [
        sio.LabeledFrame(
            video=video,
            frame_idx=t,
            instances=[sio.PredictedInstance.from_numpy(p, skeleton, point_scores=s) for _ in range(animals)],
        )
        for t, (p, s) in enumerate(zip(points, scores, strict=True))
        if np.isfinite(p).any()
    ]
    labels = sio.Labels(frames, videos=[video], skeletons=[skeleton])
    sio.save_slp(labels, str(path), embed=False)
    return path


def test_points_frames_and_scores_come_as_they_were_written(sio, rng, tmp_path):
    points, scores = rng.uniform(0, 200, (7, 2, 2)), rng.uniform(0.2, 1, (7, 2))
    points[3] = points[5, 1] = np.nan  # an empty frame, and a point that was not found
    poses = read_slp(write(sio, tmp_path / "a.slp", points, scores))
    assert poses.names == NAMES
    np.testing.assert_allclose(poses.points, points, atol=1e-4)
    seen = np.isfinite(points[..., 0])
    np.testing.assert_allclose(poses.likelihood, np.where(seen, scores, 0.0), atol=1e-6)


def test_a_folder_of_them_is_an_ensemble(sio, rng, tmp_path):
    points = np.cumsum(rng.normal(0, 1, (60, 2, 2)), axis=0) + 100
    for member in range(3):
        noisy = points + rng.normal(0, 1, points.shape)
        write(sio, tmp_path / f"s_rng={member}.slp", noisy, np.ones((60, 2)))
    found = list_tables(tmp_path, None)
    assert [path.name for path in found.files[""]] == [f"s_rng={m}.slp" for m in range(3)]
    result = smooth(found.files[""])
    median = load({"image": found.files[""]}).ensemble.pixels[0]
    smoothed = result.views["image"].points
    assert np.abs(smoothed - points).mean() < np.abs(median - points).mean()


def test_several_animals_are_refused(sio, rng, tmp_path):
    path = write(sio, tmp_path / "two.slp", rng.uniform(0, 9, (3, 2, 2)), np.ones((3, 2)), animals=2)
    with pytest.raises(DataError, match="expected one animal in one video, got 2 animals in a frame"):
        read_slp(path)


def test_what_is_no_such_file_is_refused(sio, tmp_path):
    (tmp_path / "a.slp").write_text("nothing")
    with pytest.raises(DataError, match="cannot be read as a file of SLEAP"):
        read_slp(tmp_path / "a.slp")


def test_without_sleap_io_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(sleap, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"pip install .*\[slp\]"):
        read_slp(tmp_path / "a.slp")
