"""Labeled frames before a network that sees spots: its errors are those that the labels were given."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_metric_table, read_poses, write_poses
from lightning_pose.predict import Options, predict
from lightning_pose.predict.inputs import find_inputs
from lightning_pose.predict.labels import read_label_set
from lightning_pose.predict.model import open_model

QUIET = Console(quiet=True)
ROWS = (2, 5, 9, 14, 20)
OFF = np.array([3.0, -4.0])  # what the labels are wrong by: 5 px


@pytest.fixture
def project(tmp_path: Path, world, draw_spots) -> Path:
    """A project of three views with five labeled instants, each label 5 px beside the truth."""
    folder = tmp_path / "project"
    for v, view in enumerate(world.rig.names):
        frames = [f"labeled-data/s1_{view}/img{row:08d}.png" for row in ROWS]
        for row, frame in zip(ROWS, frames, strict=True):
            (folder / frame).parent.mkdir(parents=True, exist_ok=True)
            image = draw_spots(world.xy[v, row], tuple(world.rig.sizes[v]))
            cv2.imwrite(str(folder / frame), image[..., ::-1])
        points = world.xy[v, list(ROWS)] + OFF
        points[1, 0] = np.nan
        write_poses(folder / f"CollectedData_{view}.csv", Poses(("red", "green"), points, np.array(frames)))
    return folder


def write_split_of(model: Path, project: Path, sets: list[str]) -> None:
    first = read_poses(project / "CollectedData_cam1.csv").frames
    lines = [f"{frame},{part}" for frame, part in zip(first, sets, strict=False)]
    (model / "split.csv").write_text("\n".join(["frame,set", *lines]) + "\n")


def test_predictions_errors_and_sets_of_every_view(project, make_model, spot_network, world):
    model = make_model()
    write_split_of(model, project, ["train", "train", "validation", "test"])
    summary = predict(model, [project], Options(batch_size=4), QUIET)
    assert (summary.done, summary.failures) == (["CollectedData"], [])
    for v, view in enumerate(world.rig.names):
        folder = model / "image_preds" / f"CollectedData_{view}.csv"
        names = sorted(path.name for path in folder.iterdir())
        record = ["made_from.json"] if v == 0 else []  # one of all views
        assert names == [*record, "predictions.csv", "predictions_pixel_error.csv"]
        poses = read_poses(folder / "predictions.csv")
        np.testing.assert_allclose(poses.points, world.xy[v, list(ROWS)], atol=0.25)
        assert poses.sets == ("train", "train", "validation", "test", "unused")
        assert poses.frames[0] == f"labeled-data/s1_{view}/img00000002.png"
        error = read_metric_table(folder / "predictions_pixel_error.csv")
        assert np.isnan(error.values[1, 0])
        np.testing.assert_allclose(np.delete(error.values.ravel(), 2), 5, atol=0.35)
        assert error.sets == poses.sets
    again = predict(model, [project], Options(), QUIET)
    assert again.kept == ["CollectedData"] and len(spot_network) == 1
    record = model / "image_preds" / "CollectedData_cam1.csv" / "made_from.json"
    record.unlink()
    again = predict(model, [project], Options(batch_size=4), QUIET)
    assert again.kept == ["CollectedData"]
    assert again.outcomes[0].note == "nothing says what they were made from"
    predict(model, [project], Options(overwrite=True), QUIET)
    assert predict(model, [project], Options(precision="fp32"), QUIET).done == ["CollectedData"]
    assert predict(model, [project], Options(precision="fp32"), QUIET).kept == ["CollectedData"]


def test_labels_that_were_not_trained_on_have_no_sets(project, make_model, spot_network):
    model = make_model()
    (model / "split.csv").write_text("frame,set\nlabeled-data/other_cam1/img00000001.png,train\n")
    predict(model, [project], Options(), QUIET)
    assert read_poses(model / "image_preds" / "CollectedData_cam2.csv" / "predictions.csv").sets is None


def test_an_ensemble_writes_its_members_and_their_median(project, make_ensemble, spot_network, world):
    ensemble = make_ensemble()
    predict(ensemble, sorted(project.glob("*.csv")), Options(), QUIET)
    folder = ensemble / "image_preds" / "CollectedData_cam3.csv"
    read = {
        name: read_poses(folder / f"{name}.csv").points
        for name in ("predictions", "predictions_rng=0", "predictions_rng=1")
    }
    step = world.rig.sizes[2] / (96, 64)
    apart = read["predictions_rng=1"] - read["predictions_rng=0"]
    np.testing.assert_allclose(apart, np.broadcast_to(step, (5, 2, 2)), atol=1e-3)
    middle = (read["predictions_rng=0"] + read["predictions_rng=1"]) / 2
    np.testing.assert_allclose(read["predictions"], middle, atol=1e-3)
    assert (folder / "predictions_rng=1_pixel_error.csv").is_file()


def test_labels_of_a_single_view_and_images_beside_the_model(project, make_model, spot_network, world):
    model = make_model(views=())
    copy = model / "CollectedData_cam1.csv"  # as training leaves one: its images are in the model's project
    copy.write_text((project / copy.name).read_text())
    predict(model, [copy], Options(), QUIET)
    found = read_poses(model / "image_preds" / copy.name / "predictions.csv").points
    np.testing.assert_allclose(found, world.xy[0, list(ROWS)], atol=0.25)


def test_boxes_are_looked_for_in_whole_images_also_where_the_model_has_crops_of_the_same_names(
    project, make_model, spot_network, world, tmp_path
):
    name = "CollectedData_cam1.csv"
    for row in ROWS:
        crop = tmp_path / "crops" / f"labeled-data/s1_cam1/img{row:08d}.png"
        crop.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(crop), np.zeros((40, 40, 3), np.uint8))
    model = make_model("pose", views=(), data_dir=str(tmp_path / "crops"))
    detector = make_model("detector", views=())
    (model / name).write_text((project / name).read_text())  # away from all images
    predict(model, [model / name], Options(detector_model=detector, crop_ratio=4.0), QUIET)
    found = read_poses(model / "image_preds" / name / "predictions.csv").points
    assert np.median(np.linalg.norm(found - world.xy[0, list(ROWS)], axis=-1)) < 3


def test_labels_of_other_keypoints_or_without_images_are_named(
    project: Path, make_model: Callable[..., Path], spot_network: list[Path], tmp_path: Path
) -> None:
    table = project / "CollectedData_cam2.csv"
    table.write_text(table.read_text().replace("green", "blue"))
    summary = predict(make_model(), [project], Options(), QUIET)
    assert "blue" in summary.failures[0].reason
    table.write_text(table.read_text().replace("blue", "green"))
    next((project / "labeled-data" / "s1_cam3").iterdir()).unlink()
    summary = predict(make_model("other"), [project], Options(), QUIET)
    assert "img000000" in summary.failures[0].reason


def test_images_come_with_their_neighbours_for_a_network_that_looks_at_them(project, make_model):
    saved = make_model() / "config.yaml"
    saved.write_text(saved.read_text().replace("model_type: heatmap\n", "model_type: heatmap_mhcrnn\n"))
    model = open_model(saved.parent)
    (labels,) = find_inputs([project], model.views).label_sets
    frames = read_label_set(labels, model)
    images = frames.batch([0])["images"]
    assert images.shape == (1, 3, 5, *model.size, 3)
    assert (images == images[:, :, 2:3]).all()  # frame 2 has no neighbours on disk, so it stands in for them


def test_cameras_of_labels_are_where_the_configuration_of_their_project_says(project, make_model, world):
    """The labels are 5 px beside the truth, in all views alike: a calibration is not refused for that."""
    saved = make_model() / "config.yaml"
    saved.write_text(saved.read_text().replace("camera_tokens: false", "camera_tokens: true"))
    model = open_model(saved.parent)
    assert model.data_dir is not None and model.data_dir.samefile(project)
    (labels,) = find_inputs([project], model.views).label_sets
    with pytest.raises(CalibrationError, match=r"camera_tokens needs a calibration"):
        read_label_set(labels, model)
    world.rig.save(project / "rig" / "measured.toml")
    model.config.data.camera_params_file = "rig/measured.toml"
    camera = read_label_set(labels, model).camera
    assert camera is not None and np.isfinite(camera.matrix).all()
    elsewhere = project.rename(project.with_name("elsewhere"))
    (labels,) = find_inputs([elsewhere], model.views).label_sets
    with pytest.raises(CalibrationError, match=r"elsewhere"):
        read_label_set(labels, model)


def test_a_calibration_that_is_given_is_that_of_the_labels(project, make_model, world, tmp_path):
    saved = make_model() / "config.yaml"
    saved.write_text(saved.read_text().replace("camera_tokens: false", "camera_tokens: true"))
    model = open_model(saved.parent)
    (labels,) = find_inputs([project], model.views).label_sets
    world.rig.save(tmp_path / "given.toml")
    camera = read_label_set(labels, model, tmp_path / "given.toml").camera
    assert camera is not None
    centers = -np.einsum("nvji,nvj->nvi", camera.rotation, camera.translation)
    expected = -np.einsum("vji,vj->vi", world.rig.camera.rotation, world.rig.camera.translation)
    np.testing.assert_allclose(centers, np.broadcast_to(expected, centers.shape), atol=1e-6)
    with pytest.raises(CalibrationError, match="cannot do with --calibration none"):
        read_label_set(labels, model, "none")
