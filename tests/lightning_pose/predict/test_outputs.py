"""Names of files, and what is read back of what was written."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.video import VideoInfo
from lightning_pose.predict.inputs import Session
from lightning_pose.predict.outputs import (
    Layout,
    make_poses,
    picture_files,
    pixel_files,
    read_pixels,
    world_files,
    write_pixels,
)

VIEWS = ("cam1", "cam2")
INFO = VideoInfo(64, 48, 4, 30.0, "h264", 4 / 30)


def session(stem: str = "s-{}", name: str = "s") -> Session:
    videos = {view: Path(f"{stem.format(view)}.mp4") for view in VIEWS}
    return Session(name, videos, dict.fromkeys(VIEWS, INFO))


def relative(paths: list[Path]) -> list[str]:
    return [path.relative_to("out").as_posix() for path in paths]


def test_files_of_a_model_are_named_by_its_videos():
    layout = Layout(Path("out"), False)
    names = relative(pixel_files(layout, session(), [""]))
    assert names == ["video_preds/s-cam1.csv", "video_preds/s-cam2.csv"]
    assert relative(world_files(layout, session())) == [
        "video_preds/s-cam1_reprojection_error.csv",
        "video_preds/s-cam2_reprojection_error.csv",
        "video_preds/s_reprojection_error.csv",
        "video_preds/s_3d.csv",
    ]
    assert relative(picture_files(layout, session()))[1:] == [
        "video_preds/labeled_videos/s-cam2_labeled.mp4",
        "video_preds/labeled_videos/s_mosaic.mp4",
    ]


def test_files_of_an_ensemble_are_named_by_session_view_and_seed():
    layout = Layout(Path("out"), True)
    assert relative(pixel_files(layout, session(), ["rng=3"])) == [
        "video_preds/s_cam1_rng=3.csv",
        "video_preds/s_cam2_rng=3.csv",
    ]
    assert all(name.startswith("video_preds_3d/") for name in relative(world_files(layout, session())))
    unnamed = session("{}", "")
    assert relative(pixel_files(layout, unnamed, ["rng=3"]))[0] == "video_preds/cam1_rng=3.csv"
    assert layout.world(unnamed).name == "session_3d.csv"


def test_predictions_are_read_back_as_they_were_written(tmp_path: Path, rng: np.random.Generator):
    layout, of = Layout(tmp_path, False), session()
    xy = rng.uniform(0, 500, (2, 4, 3, 2)).astype(np.float32)
    sure = rng.uniform(0, 1, (2, 4, 3)).astype(np.float32)
    views = {view: make_poses("abc", xy[v], sure[v], np.arange(4)) for v, view in enumerate(VIEWS)}
    write_pixels(layout, of, "", views)
    for v, (view, poses) in enumerate(read_pixels(layout, of, "").items()):
        assert poses.equals(views[view])
        np.testing.assert_allclose(poses.points, xy[v], atol=5.1e-5)
        np.testing.assert_allclose(poses.likelihood, sure[v], atol=5.1e-7)
    assert layout.metric(of, "cam2", "", "temporal_norm").is_file()


def test_predictions_of_another_video_are_not_taken_for_these(tmp_path: Path):
    layout, of = Layout(tmp_path, False), session()
    points, sure = np.zeros((9, 1, 2)), np.ones((9, 1))
    write_pixels(layout, of, "", {view: make_poses("a", points, sure, np.arange(9)) for view in VIEWS})
    with pytest.raises(DataError, match=r"s-cam1\.csv has 9 frames, but s-cam1\.mp4 has 4"):
        read_pixels(layout, of, "")


def test_numbers_per_frame_and_keypoint_lie_beside_the_predictions(tmp_path):
    layout, frames = Layout(tmp_path, False), np.arange(4)
    xy = np.random.default_rng(0).uniform(0, 40, (2, 4, 1, 2))
    views = {view: make_poses(["a"], xy[v], np.ones((4, 1)), frames) for v, view in enumerate(VIEWS)}
    errors = np.arange(8.0).reshape(2, 4, 1)
    write_pixels(layout, session(), "", views, {"pca_multiview": errors})
    table = pd.read_csv(tmp_path / "video_preds" / "s-cam2_pca_multiview_error.csv", index_col=0)
    np.testing.assert_allclose(table["a"], errors[1, :, 0])
    motion = pd.read_csv(tmp_path / "video_preds" / "s-cam1_temporal_norm.csv", index_col=0)
    np.testing.assert_allclose(
        motion["a"][1:], np.linalg.norm(np.diff(xy[0, :, 0], axis=0), axis=1), atol=1e-3
    )
