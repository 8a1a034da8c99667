"""Every method chooses frames that are not there yet; options that do not fit are refused together."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.frames.extraction import extract
from lightning_pose.frames.planning import Options, find_sessions, plan_frames, plan_together


@pytest.fixture
def project(filmed):
    return filmed()


@pytest.fixture
def predicted(project, tmp_path, rng):
    """Return the folder of predictions with a jump in frame 40 of the right view."""
    for view in project.views:
        walk = np.linspace(0, 30, 60)[:, None, None] + [[[5.0, 20.0], [15.0, 30.0]]]
        points = walk + 0.1 * rng.normal(size=(60, 2, 2))
        if view == "right":
            points[40, 1] += 25
        poses = Poses(("nose", "tail"), points, np.arange(60), likelihood=np.full((60, 2), 0.9))
        write_poses(tmp_path / "preds" / f"s1_{view}.csv", poses)
    return tmp_path / "preds"


def choose(project, **options):
    (name, videos), = find_sessions(project).items()  # fmt: skip
    return plan_frames(project, name, videos, Options(**options))


@pytest.mark.parametrize("method", ["uniform", "kmeans"])
def test_what_was_extracted_or_labeled_is_not_chosen_again(project, method):
    for view in project.views:
        frames = np.array([f"labeled-data/s1_{view}/img{n:08d}.png" for n in (10, 50)])
        labels = Poses(("nose", "tail"), np.full((2, 2, 2), 9.0), frames)
        write_poses(project.folder / f"CollectedData_{view}.csv", labels)
    project = open_project(project.folder)
    seen = {10, 50}
    for _ in range(3):
        plan = choose(project, method=method, frames=4, context=1)
        numbers = {pick.frame for pick in plan.picks}
        assert numbers and not numbers & seen and min(numbers) >= 1 and max(numbers) <= 58
        seen |= numbers
        extract(project, plan)


def test_listed_frames_are_taken_as_they_are(project):
    plan = choose(project, method="list", listed=(0, 7, 59), context=2)
    assert [pick.frame for pick in plan.picks] == [0, 7, 59]
    assert plan.numbers == [0, 1, 2, 5, 6, 7, 8, 9, 57, 58, 59] and plan.images == 22
    extract(project, plan)
    assert [pick.frame for pick in choose(project, method="list", listed=(7, 8)).picks] == [8]
    with pytest.raises(DataError, match="frames 0 to 59: it has no frame 60, 99"):
        choose(project, method="list", listed=(5, 60, 99))


def test_difficult_frames_come_with_their_reasons(project, predicted):
    plan = choose(project, method="difficult", predictions=predicted, frames=1)
    assert [pick.frame for pick in plan.picks] == [40]
    assert "tail in right: jumps" in plan.picks[0].reasons[0]
    extract(project, plan)
    assert 40 not in [p.frame for p in choose(project, method="difficult", predictions=predicted).picks]


def test_a_total_is_of_all_sessions_and_their_worst_frames_come_first(project, predicted, tmp_path):
    for view in project.views:  # a second session, of the same videos and without the jump
        shutil.copy(
            project.folder / "videos" / f"s1_{view}.mp4", project.folder / "videos" / f"s2_{view}.mp4"
        )
        poses = read_poses(predicted / f"s1_{view}.csv")
        poses.points[40] = poses.points[39]
        write_poses(predicted / f"s2_{view}.csv", poses)
    options = Options(method="difficult", predictions=predicted, total=1)
    (plan,) = plan_together(project, find_sessions(project), options)
    assert (plan.session.name, [pick.frame for pick in plan.picks]) == ("s1", [40])
    extract(project, plan)
    again = plan_together(project, find_sessions(project), options)
    assert all(pick.frame != 40 for plan in again for pick in plan.picks if plan.session.name == "s1")
    (predicted / "s2_left.csv").unlink()
    with pytest.raises(DataError, match="no predictions of session 's2', only of s1"):
        plan_together(project, find_sessions(project), options)


def test_predictions_of_another_video_or_session_are_refused(project, predicted, tmp_path, rng):
    points = rng.normal(30, 1, (90, 2, 2))
    points[80] += 300
    for view in project.views:
        write_poses(tmp_path / "long" / f"s1_{view}.csv", Poses(("nose", "tail"), points, np.arange(90)))
        path = predicted / f"s1_{view}.csv"
        path.rename(path.with_name(f"other_{view}.csv"))
    with pytest.raises(DataError, match="they are of another video"):
        choose(project, method="difficult", predictions=tmp_path / "long")
    with pytest.raises(DataError, match="no predictions of session 's1', only of other"):
        choose(project, method="difficult", predictions=predicted)


def test_a_session_without_a_view_is_refused(project):
    (project.folder / "videos" / "s1_left.mp4").unlink()
    with pytest.raises(DataError, match="no video of view left"):
        choose(project)
    (project.folder / "videos" / "s1_right.mp4").unlink()
    with pytest.raises(DataError, match="found none"):
        find_sessions(project)


def test_options_that_do_not_fit_are_named_together():
    with pytest.raises(ConfigError) as caught:
        Options(method="list", frames=0, context=-1, smoothed=Path("x")).check()
    for text in ("--frames: expected 1 or more", "--context", "needs --list", "--smoothed is for"):
        assert text in str(caught.value)
    with pytest.raises(ConfigError, match="--predictions is for --method difficult, not kmeans"):
        Options(predictions=Path("x")).check()
    with pytest.raises(ConfigError, match="--total is for --method difficult, not kmeans"):
        Options(total=5).check()
    with pytest.raises(ConfigError, match="--cover: expected 0 to 1, got"):
        Options(cover=1.5).check()
    with pytest.raises(ConfigError, match="--cover is a share of --total"):
        Options(method="difficult", predictions=Path("x"), cover=0.5).check()
    Options().check()
