"""`litpose draw` as a user calls it; what was drawn is looked for in the pixels."""

from pathlib import Path

import numpy as np
import pytest

from lightning_pose.cli.draw import pair, read_rows
from lightning_pose.cli.main import main
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter, frames, probe

N = 8
NAMES = ("nose", "tail")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Grey videos of two views; in each the nose goes right, in `b` it is 100 px lower."""
    monkeypatch.chdir(tmp_path)
    for view, y in (("a", 150.0), ("b", 250.0)):
        with VideoWriter(tmp_path / f"s1_{view}.mp4", 384, 384, 25, crf=5) as writer:
            for _ in range(N):
                writer.write(np.full((384, 384, 3), 100, np.uint8))
        nose = np.stack([60 + 30.0 * np.arange(N), np.full(N, y)], axis=-1)
        points = np.stack([nose, np.full((N, 2), 350.0)], axis=1)
        sure = np.tile([1.0, 0.2], (N, 1))
        write_poses(tmp_path / f"s1_{view}.csv", Poses(NAMES, points, np.arange(N), likelihood=sure))
    return tmp_path


def colour(frame: np.ndarray) -> np.ndarray:
    """Return how far each pixel is from grey."""
    return np.ptp(frame.astype(int), axis=-1)


def test_a_clip_shows_the_sure_points_where_they_are(folder: Path, capsys: pytest.CaptureFixture) -> None:
    words = "draw --video s1_a.mp4 --poses s1_a.csv --start 2 --stop 6 --confidence_threshold 0.5 --trail 2"
    assert main(words.split()) == 0
    assert capsys.readouterr().out.split() == ["s1_a_labeled.mp4"]
    drawn = list(frames("s1_a_labeled.mp4"))
    assert len(drawn) == 4
    for number, frame in enumerate(drawn, start=2):
        assert colour(frame)[150, 60 + 30 * number] > 60
        assert colour(frame)[340:360, 340:360].max() < 30  # the tail is not sure
    assert colour(drawn[3])[150, 105:195].min() < 30 < colour(drawn[3])[150, 165:195].max()


def test_a_mosaic_of_views_in_any_order(folder: Path) -> None:
    words = "draw --video s1_b.mp4 s1_a.mp4 --poses s1_a.csv s1_b.csv --view_names a b --mosaic --out m.mp4"
    assert main(words.split()) == 0
    assert probe("m.mp4")[:3] == (768, 384, N)
    last = colour(list(frames("m.mp4"))[-1])
    assert last[150, 270] > 60 and last[250, 384 + 270] > 60
    assert last[250, 270] < 30 and last[150, 384 + 270] < 30


def test_without_a_mosaic_every_view_has_its_video_and_nothing_is_replaced_unasked(
    folder: Path, capsys: pytest.CaptureFixture
) -> None:
    words = ["draw", "--video", "s1_a.mp4", "s1_b.mp4", "--poses", "s1_a.csv", "s1_b.csv", "--out", "drawn"]
    assert main(words) == 0
    assert sorted(path.name for path in (folder / "drawn").iterdir()) == [
        "s1_a_labeled.mp4", "s1_b_labeled.mp4",
    ]  # fmt: skip
    assert main(words) == 2
    assert "exists already: --overwrite replaces it" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_what_is_drawn_is_never_replaced(folder: Path, capsys: pytest.CaptureFixture) -> None:
    before = (folder / "s1_a.mp4").read_bytes()
    words = "draw --video s1_a.mp4 --poses s1_a.csv --overwrite --out ../" + f"{folder.name}/s1_a.mp4"
    assert main(words.split()) == 2
    assert "is not replaced" in capsys.readouterr().err
    assert (folder / "s1_a.mp4").read_bytes() == before


@pytest.mark.parametrize("out", ["drawn", "drawn.gif"])
def test_what_holds_no_video_is_said(folder: Path, capsys: pytest.CaptureFixture, out: str) -> None:
    assert main(["draw", "--video", "s1_a.mp4", "--poses", "s1_a.csv", "--out", out]) == 2
    assert "expected the name of a video, such as drawn.mp4" in capsys.readouterr().err
    assert not (folder / out).exists()


@pytest.mark.parametrize("option", ["--dot_size=-3", "--dot_size=0", "--confidence_threshold=7"])
def test_lengths_and_shares_are_such(folder: Path, option: str) -> None:
    with pytest.raises(SystemExit):
        main(["draw", "--video", "s1_a.mp4", "--poses", "s1_a.csv", option])


def test_lines_are_those_of_a_project(folder: Path) -> None:
    create_project(folder / "p", [], skeleton_from_names(NAMES, [("nose", "tail")]))
    words = "draw --video s1_a.mp4 --poses s1_a.csv --opaque"
    assert main([*words.split(), "--project", "p"]) == 0
    first = colour(next(frames("s1_a_labeled.mp4")))
    assert first[250, 205] > 60  # half way from the nose to the tail
    assert main([*words.split(), "--out", "plain.mp4"]) == 0
    assert colour(next(frames("plain.mp4")))[250, 205] < 30


def test_ellipses_need_variances(folder: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["draw", "--video", "s1_a.mp4", "--poses", "s1_a.csv", "--ellipses", "--overwrite"]
    assert main(words) == 2
    assert "no x_posterior_var and y_posterior_var" in capsys.readouterr().err
    known = read_rows(folder / "s1_a.csv", N)
    variance = np.full((N, 2, 2), 15.0**2)
    write_poses(
        folder / "s1_a.csv",
        Poses(NAMES, known.points, known.frames, likelihood=known.likelihood, variance=variance),
    )
    assert main(words) == 0
    first = colour(next(frames("s1_a_labeled.mp4")))
    assert first[150, 60 + 30] > 15 and first[150, 60 + 45] < 15  # 95 % are within 37 px


def test_rows_of_some_frames_are_put_on_them(folder: Path) -> None:
    whole = read_rows(folder / "s1_a.csv", N)
    write_poses(folder / "part.csv", whole.rows([5, 3]))
    part = read_rows(folder / "part.csv", N)
    assert np.flatnonzero(part.present.all(axis=1)).tolist() == [3, 5]
    np.testing.assert_array_equal(part.points[[3, 5]], whole.points[[3, 5]])
    with pytest.raises(DataError, match="has frame 5, but the video ends at 4"):
        read_rows(folder / "part.csv", 5)


def test_files_that_do_not_go_together_are_named(folder: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(DataError, match="got 2 videos and 1 files"):
        pair([Path("x.mp4"), Path("y.mp4")], [Path("x.csv")], [])
    with pytest.raises(DataError, match="view 'b': expected one file of poses, found none"):
        pair([Path("s_a.mp4"), Path("s_b.mp4")], [Path("s_a.csv")], ["a", "b"])
    assert main(["draw", "--video", "s1_a.mp4", "--poses", "s1_a.csv", "--skeleton", "unicorn"]) == 2
    assert "no built-in skeleton 'unicorn'" in capsys.readouterr().err
