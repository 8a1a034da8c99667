"""Names of files, and what is read back of what was written."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.sessions import Session
from lightning_pose.core.tables import read_metric_table, write_poses
from lightning_pose.core.video import VideoInfo
from lightning_pose.predict import outputs
from lightning_pose.predict.outputs import (
    Layout,
    PixelTables,
    picture_files,
    pixel_files,
    read_blocks,
    world_files,
)
from lightning_pose.predict.tracks import Block

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
    assert relative(picture_files(layout, session(), True))[1:] == [
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


def block(start: int, stop: int, seed: int = 0) -> Block:
    """Return some instants of a session of two members, two views and one keypoint."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 500, (2, 2, 9, 1, 2)).astype(np.float32)
    sure = rng.uniform(0, 1, (2, 2, 9, 1)).astype(np.float32)
    return Block(start, xy[:, :, start:stop], sure[:, :, start:stop])


def of_nine(second: int = 9) -> Session:
    """Return a session of nine frames, the second view with fewer."""
    infos = {"cam1": INFO._replace(n_frames=9), "cam2": INFO._replace(n_frames=second)}
    return session()._replace(infos=infos)


@pytest.mark.parametrize("stops", [(9,), (1, 2, 9), (4, 8, 9)])
def test_predictions_are_read_back_as_they_were_written_in_whatever_blocks(
    tmp_path: Path, stops: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
):
    layout, of, members = Layout(tmp_path, True), of_nine(), ["rng=0", "rng=1"]
    with PixelTables(layout, of, members, ["a"]) as tables:
        for start, stop in pairwise((0, *stops)):
            tables.append(block(start, stop))
        assert not layout.pixels(of, "cam1", "rng=0").exists()
    monkeypatch.setattr(outputs, "ROWS", 4)
    found = list(read_blocks(layout, of, members))
    assert [(part.start, part.stop) for part in found] == [(0, 4), (4, 8), (8, 9)]
    whole = block(0, 9)
    np.testing.assert_allclose(np.concatenate([part.xy for part in found], axis=2), whole.xy, atol=5.1e-5)
    sure = np.concatenate([part.confidence for part in found], axis=2)
    np.testing.assert_allclose(sure, whole.confidence, atol=5.1e-7)
    motion = read_metric_table(layout.metric(of, "cam2", "rng=1", "temporal_norm")).values
    assert np.isnan(motion[0]).all()
    expected = np.linalg.norm(np.diff(whole.xy[1, 1], axis=0), axis=-1)
    np.testing.assert_allclose(motion[1:], expected, atol=1e-3)


def test_missing_frames_are_empty_cells_and_a_view_has_the_rows_of_its_video(tmp_path: Path):
    layout, of, part = Layout(tmp_path, False), of_nine(second=6), block(0, 9)
    part.xy[:, 0, 3], part.confidence[:, 0, 3] = np.nan, 0
    with PixelTables(layout, of, [""], ["a"]) as tables:
        tables.append(Block(0, part.xy[:1], part.confidence[:1]))
    lines = (tmp_path / "video_preds" / "s-cam1.csv").read_text().splitlines()
    assert len(lines) == 3 + 9 and lines[3 + 3] == "3,,,"
    assert len((tmp_path / "video_preds" / "s-cam2.csv").read_text().splitlines()) == 3 + 6
    (found,) = read_blocks(layout, of, [""])
    assert np.isnan(found.xy[0, 0, 3]).all() and found.confidence[0, 0, 3] == 0
    assert np.isnan(found.xy[0, 1, 6:]).all() and (found.confidence[0, 1, 6:] == 0).all()
    assert np.isfinite(found.xy[0, 1, :6]).all()


@pytest.mark.parametrize("count", [3, 12])
def test_predictions_of_another_video_are_not_taken_for_these(tmp_path: Path, count: int):
    layout, of = Layout(tmp_path, False), of_nine()
    for path in pixel_files(layout, of, [""]):
        write_poses(path, Poses(("a",), np.zeros((count, 1, 2)), np.arange(count)))
    with pytest.raises(DataError, match=rf"s-cam1\.csv has {count} frames, but s-cam1\.mp4 has 9"):
        list(read_blocks(layout, of, [""]))


def test_numbers_per_frame_and_keypoint_lie_beside_the_predictions(tmp_path: Path):
    layout, of, part = Layout(tmp_path, False), of_nine(), block(0, 9)
    errors = np.arange(18.0).reshape(2, 9, 1)
    with PixelTables(layout, of, [""], ["a"]) as tables:
        tables.append(Block(0, part.xy[:1], part.confidence[:1]), [{"pca_multiview": errors}])
    table = pd.read_csv(tmp_path / "video_preds" / "s-cam2_pca_multiview_error.csv", index_col=0)
    np.testing.assert_allclose(table["a"], errors[1, :, 0])


def test_an_exception_leaves_no_table(tmp_path: Path):
    layout = Layout(tmp_path, True)
    with pytest.raises(RuntimeError), PixelTables(layout, of_nine(), ["rng=0", "rng=1"], ["a"]) as tables:
        tables.append(block(0, 4))
        raise RuntimeError
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
