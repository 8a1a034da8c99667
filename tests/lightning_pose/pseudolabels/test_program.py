"""From smoothed sessions to a project: what becomes a label, what stays untouched, and what may train."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.build.data import build_frames, build_split_rule
from lightning_pose.config import load_config
from lightning_pose.core.errors import ConfigError, DataError
from lightning_pose.core.label_weights import read_label_weights
from lightning_pose.core.naming import locate_image
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_labels, write_poses
from lightning_pose.data.split import SplitRule, read_split, split
from lightning_pose.pseudolabels.program import pseudolabel
from lightning_pose.pseudolabels.selection import Options

from .conftest import CERTAIN, SIZES, grey

VIEWS = ("left", "right")
FEW = Options(frames=20, keep_share=1.0, min_likelihood=0.5)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def made(recording, tmp_path):
    """A recording and what was made of it."""
    source = recording()
    before = tree(source.project)
    out = tmp_path / "out"
    summary = pseudolabel(source.project, source.smoothed, out, FEW)
    assert tree(source.project) == before
    return source, out, summary


def test_pseudo_labels_are_the_smoothed_points_and_weigh_by_their_variance(made):
    source, out, summary = made
    labels = open_project(out).read_labels()
    assert sum(summary.chosen.values()) == 20 and len(labels["left"]) == 32
    kept = 0
    for view in VIEWS:
        weights = read_label_weights(out / f"CollectedData_{view}.csv", labels[view])
        half = 0.01**2 * np.prod(SIZES[view])  # px^2
        for row, image in enumerate(labels[view].frames.tolist()[12:], start=12):
            at = locate_image(image, VIEWS)
            truth = source.truth[at.session][view].at([at.frame])
            expected = half / (half + truth.variance[0].mean(axis=-1))
            inside = (truth.points[0] >= -0.5).all(axis=-1) & (truth.likelihood[0] >= 0.5)
            np.testing.assert_allclose(weights[row], np.where(inside, expected, 0))
            np.testing.assert_array_equal(
                labels[view].points[row], np.where(inside[:, None], truth.points[0], np.nan)
            )
            kept += inside.sum()
    assert 0 < kept < 20 * 2 * 3 and summary.points == pytest.approx(kept / 120)


def test_only_certain_frames_that_no_person_labeled_are_chosen(made):
    _, out, summary = made
    chosen = [locate_image(image, VIEWS) for image in read_labels(out / "CollectedData_left.csv").frames[12:]]
    assert max(at.frame for at in chosen) < CERTAIN
    assert {at.session for at in chosen} == {"s0", "wild"} == set(summary.chosen)
    sets = read_split(out / "split.csv")
    held = [locate_image(i, VIEWS).frame for i, name in list(sets.items())[:12] if name == "validation"]
    own = [at.frame for at in chosen if at.session == "s0"]
    assert held and min(own) > 11
    assert min(abs(frame - other) for frame in own for other in held) > FEW.margin


def test_images_are_exactly_the_frames_that_they_are_named_after(made):
    _, out, _ = made
    for view in VIEWS:
        for image in read_labels(out / f"CollectedData_{view}.csv").frames.tolist()[12:]:
            pixels = cv2.imread(str(out / image))
            assert pixels is not None and pixels.shape == (*SIZES[view][::-1], 3)
            assert abs(pixels.mean() - grey(locate_image(image, VIEWS).frame)) < 1.4


def test_human_labels_and_images_come_first_and_are_the_same(made):
    source, out, _ = made
    for view in VIEWS:
        human = read_labels(source.project / f"CollectedData_{view}.csv")
        assert read_labels(out / f"CollectedData_{view}.csv").rows(range(12)).equals(human)
        for image in human.frames.tolist():
            assert (out / image).read_bytes() == (source.project / image).read_bytes()


def test_the_training_holds_out_the_same_human_labels_and_no_others(made):
    source, _, summary = made
    config = load_config(summary.config).config
    frames = build_frames(config)
    human = [read_labels(source.project / f"CollectedData_{view}.csv").frames.tolist() for view in VIEWS]
    sets = split(frames.frames, VIEWS, build_split_rule(config))
    assert sets[:12].tolist() == split(human, VIEWS, SplitRule()).tolist()
    assert set(sets[12:]) == {"train"}
    assert "validation" in sets[:12]


def test_the_training_sees_the_weights(made):
    _, out, summary = made
    frames = build_frames(load_config(summary.config).config)
    weight = frames.targets.weight
    assert weight is not None and (weight[:12] == 1).all()
    expected = read_label_weights(out / "CollectedData_right.csv", frames.poses["right"])
    np.testing.assert_array_equal(weight[:, 1], expected)
    assert "weight" in frames.batch([0, 20])


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_frames(recording, tmp_path):
    source = recording()
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        pseudolabel(source.project, source.smoothed, tmp_path / name, FEW._replace(seed=seed))
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    table = "CollectedData_left.csv"
    assert (tmp_path / "a" / table).read_bytes() != (tmp_path / "c" / table).read_bytes()


def test_an_interrupted_run_goes_on_to_the_same_end(recording, tmp_path):
    source = recording()

    def stop(done: int, total: int) -> None:
        if done == 40:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        pseudolabel(source.project, source.smoothed, out, FEW, progress=stop)
    assert not list(out.glob("CollectedData*")) and not (out / "project.yaml").exists()
    with pytest.raises(ConfigError, match="--resume goes on"):
        pseudolabel(source.project, source.smoothed, out, FEW)
    with pytest.raises(ConfigError, match="seed was 0 and is now 5"):
        pseudolabel(source.project, source.smoothed, out, FEW._replace(seed=5), resume=True)
    pseudolabel(source.project, source.smoothed, out, FEW, resume=True)
    pseudolabel(source.project, source.smoothed, tmp_path / "whole", FEW)
    assert tree(out) == tree(tmp_path / "whole")


def test_overwriting_replaces_pseudo_labels_and_nothing_else(made):
    source, out, _ = made
    (out / "models").mkdir()
    (out / "models" / "mine").write_text("kept")
    pseudolabel(source.project, source.smoothed, out, Options(frames=5), overwrite=True)
    assert len(read_labels(out / "CollectedData_left.csv")) == 17
    assert (out / "models" / "mine").read_text() == "kept"
    assert len(list((out / "labeled-data").rglob("*.png"))) == 2 * 17


def test_other_folders_are_left_alone(recording, tmp_path, made):
    source, out, _ = made
    with pytest.raises(ConfigError, match="is the project"):
        pseudolabel(source.project, source.smoothed, source.project, FEW, overwrite=True)
    thesis = tmp_path / "thesis"
    thesis.mkdir()
    (thesis / "chapter").write_text("1")
    with pytest.raises(ConfigError, match="left alone"):
        pseudolabel(source.project, source.smoothed, thesis, FEW, overwrite=True)
    with pytest.raises(ConfigError, match="holds pseudo-labels already"):
        pseudolabel(out, source.smoothed, tmp_path / "again", FEW, videos=source.project / "videos")


def test_a_project_of_one_view_and_its_visible_column(recording, tmp_path):
    source = recording(views=())
    file = source.project / "CollectedData.csv"
    human = read_labels(file)
    visible = np.full(human.points.shape[:2], 2)
    visible[3] = 1
    write_poses(file, type(human)(human.names, human.points, human.frames, visible=visible))
    pseudolabel(source.project, source.smoothed, tmp_path / "out", Options(frames=40, keep_share=1.0))
    merged = read_labels(tmp_path / "out" / "CollectedData.csv")
    assert merged.visible is not None and len(merged) == 52
    assert merged.visible[:12].tolist() == visible.tolist()
    assert (merged.visible[12:] == np.where(merged.present[12:], 2, 0)).all()
    assert not merged.present[12:].all()


def test_a_configuration_of_ones_own_is_kept_but_for_its_data(recording, tmp_path):
    source = recording()
    own = tmp_path / "own.yaml"
    own.write_text(
        f"data: {{data_dir: {source.project}}}\n"
        "training: {max_steps: 77, val_frames: 3-5, train_frames: 4, imgaug: dlc-lr}\n"
    )
    summary = pseudolabel(source.project, source.smoothed, tmp_path / "out", FEW, config=own)
    config = load_config(summary.config).config
    assert (config.training.max_steps, config.training.imgaug) == (77, "dlc-lr")
    assert config.data.data_dir == str((tmp_path / "out").resolve())
    assert config.data.video_dir == str(source.project / "videos")
    sets = list(read_split(tmp_path / "out" / "split.csv").values())
    assert sets[3:6] == ["validation"] * 3
    assert sets[:12].count("train") == 4 and sets[:12].count("unused") == 5


def test_a_session_that_is_held_out_as_a_whole_is_refused(recording, tmp_path):
    source = recording()
    wild = source.project / "labeled-data"
    for view in VIEWS:
        file = source.project / f"CollectedData_{view}.csv"
        human = read_labels(file)
        frames = human.frames.tolist()
        moved = [image.replace("s0_", "wild_") if row > 8 else image for row, image in enumerate(frames)]
        for image, other in zip(frames, moved, strict=True):
            if image != other:
                (source.project / other).parent.mkdir(exist_ok=True)
                shutil.move(wild.parent / image, wild.parent / other)
        write_poses(file, type(human)(human.names, human.points, np.array(moved)))
    own = tmp_path / "own.yaml"
    own.write_text(f"data: {{data_dir: {source.project}}}\ntraining: {{test_frames: 9-11}}\n")
    with pytest.raises(DataError, match="session 'wild' is held out"):
        pseudolabel(source.project, source.smoothed, tmp_path / "out", FEW, config=own)
    assert not (tmp_path / "out").exists()


def test_a_configuration_of_other_labels_is_refused(recording, toy_project, tmp_path):
    source = recording()
    shutil.copytree(source.project, tmp_path / "copy")
    own = tmp_path / "own.yaml"
    own.write_text(f"data: {{data_dir: {tmp_path / 'copy'}}}\n")
    with pytest.raises(ConfigError, match="expected the labels of the project"):
        pseudolabel(source.project, source.smoothed, tmp_path / "out", FEW, config=own)


def test_a_calibration_is_found_from_the_new_project_and_a_table_of_images_is_refused(recording, tmp_path):
    source = recording()
    own = tmp_path / "own.yaml"
    own.write_text(f"data: {{data_dir: {source.project}, camera_params_file: rig.toml}}\n")
    summary = pseudolabel(source.project, source.smoothed, tmp_path / "out", FEW, config=own)
    assert load_config(summary.config).config.data.camera_params_file == str(source.project / "rig.toml")
    own.write_text(
        f"data: {{data_dir: {source.project}, camera_params_file: rigs.csv, bbox_file: boxes.csv}}\n"
    )
    with pytest.raises(ConfigError, match=r"(?s)camera_params_file: a table .*bbox_file: a table"):
        pseudolabel(source.project, source.smoothed, tmp_path / "other", FEW, config=own)
    assert not (tmp_path / "other").exists()


def test_images_outside_of_the_project_are_not_copied(recording, tmp_path):
    source = recording(views=())
    file = source.project / "CollectedData.csv"
    human = read_labels(file)
    shutil.copy(source.project / human.frames[0], source.project.parent / "img00000000.png")
    frames = np.array(["../img00000000.png", *human.frames[1:].tolist()])
    write_poses(file, type(human)(human.names, human.points, frames))
    with pytest.raises(DataError, match="relative to the project"):
        pseudolabel(source.project, source.smoothed, tmp_path / "out", FEW)
