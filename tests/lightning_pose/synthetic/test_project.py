"""The written project: whole, exact, the same for any number of workers, and never over other files."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.calibration import Rig, require_calibration
from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import stack_views
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels, read_poses
from lightning_pose.core.video import frames, probe
from lightning_pose.synthetic.animal import SKELETON
from lightning_pose.synthetic.project import label_instants, write_project
from lightning_pose.synthetic.render import Renderer
from lightning_pose.synthetic.session import SynthConfig, make_session

CONFIG = SynthConfig(
    views=2, sessions=2, test_sessions=1, frames=16, test_frames=10, labels=4, size=(128, 96), fps=25.0,
    seed=8,
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_project(tmp_path_factory.mktemp("world") / "new", CONFIG, workers=1)


def test_it_opens_as_a_project_with_all_its_parts(folder):
    project = open_project(folder)
    assert project.views == ("cam0", "cam1")
    assert project.skeleton == SKELETON
    assert {session: sorted(views) for session, views in project.videos().items()} == {
        "session0": ["cam0", "cam1"], "session1": ["cam0", "cam1"],
    }  # fmt: skip
    assert not project.incomplete()
    rigs = require_calibration(folder, ["session0", "session1", "unseen0"], "the test")
    for rig in rigs.values():
        rig.check(project.view_names, None, folder)
        assert rig.sizes.tolist() == [[128, 96]] * 2 and rig.unit == "mm"


def test_labels_are_the_projected_truth_of_frames_that_exist(folder):
    labels = open_project(folder).read_labels()
    points = stack_views(labels)
    assert len(labels["cam0"]) == 8
    for row, path in enumerate(labels["cam1"].frames.tolist()):
        assert (folder / path).is_file()
        session, frame = (
            Path(path).parent.name.removesuffix("_cam1"),
            int(Path(path).stem.removeprefix("img")),
        )
        truth = read_poses(folder / "truth" / f"{session}_3d.csv").at([frame]).points[0]
        exact = Rig.load(folder / "calibrations" / f"{session}.toml").project(truth)
        inside = ~np.isnan(points[:, row, :, 0])
        np.testing.assert_allclose(points[:, row][inside], exact[inside], atol=1e-9)
        assert inside.mean() > 0.9


def test_the_truth_of_a_view_says_what_is_visible(folder):
    truth = make_session(CONFIG, 2).truth
    for view in ("cam0", "cam1"):
        written = read_poses(folder / "truth" / f"unseen0_{view}.csv")
        assert written.equals(read_poses(folder / "truth" / f"unseen0_{view}.csv"))
        np.testing.assert_array_equal(written.points, truth.view(view).points)
        np.testing.assert_array_equal(written.visible, truth.view(view).visible)


def test_videos_and_images_show_the_rendered_frames(folder):
    session = make_session(CONFIG, 1)
    renderer = Renderer(session, 1, CONFIG.seed)
    path = folder / "videos" / "session1_cam1.mp4"
    info = probe(path)
    assert (info.width, info.height, info.n_frames, info.fps, info.codec) == (128, 96, 16, 25.0, "h264")
    rendered = np.stack([renderer.render(frame) for frame in range(16)]).astype(float)
    decoded = np.stack(list(frames(path))).astype(float)
    window = np.s_[:, 10:-10, 10:-10]
    difference = np.abs(decoded[:, None] - rendered[None]).mean(axis=(2, 3, 4))
    assert (difference.argmin(axis=1) == np.arange(16)).all()  # none is lost, doubled or late
    assert np.diagonal(difference).max() < 5
    assert abs((decoded - rendered)[window].mean()) < 1.0  # no shift of colour
    for frame in label_instants(CONFIG, 1):
        image = cv2.imread(str(folder / "labeled-data" / "session1_cam1" / f"img{frame:08d}.png"))
        assert image is not None
        np.testing.assert_array_equal(image[..., ::-1], rendered[frame])


def test_unseen_sessions_have_videos_and_truth_but_no_labels(folder):
    assert probe(folder / "videos_test" / "unseen0_cam1.mp4").n_frames == 10
    assert len(read_poses(folder / "truth" / "unseen0_3d.csv")) == 10
    assert not [path for path in read_labels(folder / "CollectedData_cam0.csv").frames if "unseen" in path]
    assert not list((folder / "labeled-data").glob("unseen*"))


def test_pixels_and_tables_do_not_depend_on_the_number_of_processes(folder, tmp_path):
    seen = []
    other = write_project(tmp_path / "two", CONFIG, lambda done, total: seen.append((done, total)), workers=2)
    assert seen[0] == (0, 84) and seen[-1] == (84, 84)
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    assert sorted(files) == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for file in files:
        if file.suffix == ".mp4":
            pairs = zip(frames(folder / file), frames(other / file), strict=True)
            assert all((a == b).all() for a, b in pairs)
        else:
            assert (folder / file).read_bytes() == (other / file).read_bytes(), file


def test_noise_and_the_visible_column_come_on_request(tmp_path):
    config = SynthConfig(
        views=2, sessions=1, test_sessions=0, frames=40, labels=40, size=(64, 64), label_noise=2.0,
        visible_column=True,
    )  # fmt: skip
    labels = open_project(write_project(tmp_path, config, workers=1)).read_labels()
    truth = make_session(config, 0).truth
    for view in ("cam0", "cam1"):
        exact = truth.view(view)
        np.testing.assert_array_equal(labels[view].visible, exact.visible)
        error = labels[view].points - exact.points
        assert np.nanstd(error) == pytest.approx(2.0, rel=0.1)
        assert np.nanmin(labels[view].points) >= 0 and np.nanmax(labels[view].points) <= 63


def test_one_camera_makes_a_single_view_project(tmp_path):
    config = SynthConfig(views=1, sessions=1, test_sessions=0, frames=4, labels=2, size=(64, 64))
    project = open_project(write_project(tmp_path, config, workers=1))
    assert project.views == ("",)
    assert [Path(path).parent.name for path in project.read_labels()[""].frames] == ["session0"] * 2
    assert (tmp_path / "videos" / "session0.mp4").is_file()


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "labeled-data").mkdir()
    (tmp_path / "labeled-data" / "mine.png").write_text("precious")
    with pytest.raises(DataError, match="expected an empty or new folder"):
        write_project(tmp_path, CONFIG)
    with pytest.raises(DataError, match="was not rendered"):
        write_project(tmp_path, CONFIG, overwrite=True)
    assert (tmp_path / "labeled-data" / "mine.png").read_text() == "precious"


def test_overwriting_replaces_a_rendered_project_and_nothing_else(tmp_path):
    small = SynthConfig(views=2, sessions=2, test_sessions=0, frames=2, labels=1, size=(64, 64))
    write_project(tmp_path, small, workers=1)
    (tmp_path / "notes.txt").write_text("kept")
    with pytest.raises(DataError, match="--overwrite"):
        write_project(tmp_path, small)
    write_project(tmp_path, dataclasses.replace(small, sessions=1), workers=1, overwrite=True)
    assert list(open_project(tmp_path).videos()) == ["session0"]
    assert not list(tmp_path.glob("**/session1*"))
    assert (tmp_path / "notes.txt").read_text() == "kept"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_interrupted_rendering_is_no_project_and_leaves_no_half_video(tmp_path, workers):
    def stop(done: int, total: int) -> None:
        if done >= 1:
            raise KeyboardInterrupt

    long = dataclasses.replace(CONFIG, frames=3000)
    with pytest.raises(KeyboardInterrupt):
        write_project(tmp_path, long, stop, workers=workers)
    assert not (tmp_path / "project.yaml").exists()
    assert not list(tmp_path.glob("videos/*"))
