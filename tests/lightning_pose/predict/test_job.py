"""What is made of a session, with a network whose answers are known."""

import dataclasses
import io
import os
from pathlib import Path

import numpy as np
from rich.console import Console

from lightning_pose.core.naming import parse_stem, split_seed
from lightning_pose.core.tables import read_metric_table, read_poses
from lightning_pose.core.video import probe
from lightning_pose.predict import Options, predict

QUIET = Console(quiet=True)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def test_every_frame_of_every_view_gets_its_own_place(film_session, make_model, spot_network, world):
    model = make_model()
    videos = film_session()
    summary = predict(model, [next(iter(videos.values())).parent], Options(skip_viz=True), QUIET)
    assert (summary.done, summary.failures) == (["s1"], [])
    for v, view in enumerate(videos):
        poses = read_poses(model / "video_preds" / f"s1_{view}.csv")
        assert poses.names == ("red", "green")
        assert poses.frames.tolist() == list(range(23))
        np.testing.assert_allclose(poses.points, world.xy[v], atol=0.25)
        assert poses.likelihood.min() > 0.5
        motion = read_metric_table(model / "video_preds" / f"s1_{view}_temporal_norm.csv")
        steps = np.linalg.norm(np.diff(poses.points, axis=0), axis=-1)
        np.testing.assert_allclose(motion.values[1:], steps, atol=1e-9)
        assert np.isnan(motion.values[0]).all()


def test_calibrated_views_become_points_in_the_world(
    film_session, make_model, spot_network, calibrated, world
):
    model = make_model()
    film_session()
    predict(model, [model.parent / "project" / "videos"], Options(skip_viz=True), QUIET)
    found = read_poses(model / "video_preds" / "s1_3d.csv")
    error = np.linalg.norm(found.points - world.xyz, axis=-1)
    assert np.median(error) < 0.01 and error.max() < 0.04  # 0.07 cm are one pixel
    assert list(found.extras) == ["uncertainty", "reprojection_error", "n_views"]
    assert (found.extras["n_views"] == 3).all()
    assert 0.001 < np.median(found.extras["uncertainty"]) < 0.02
    views = []
    for v, view in enumerate(world.rig.names):
        pixels = read_poses(model / "video_preds" / f"s1_{view}.csv").points
        table = read_metric_table(model / "video_preds" / f"s1_{view}_reprojection_error.csv")
        expected = np.linalg.norm(pixels - world.rig.project(found.points)[v], axis=-1)
        np.testing.assert_allclose(table.values, expected, atol=1e-6)
        views.append(table.values)
    whole = read_metric_table(model / "video_preds" / "s1_reprojection_error.csv")
    np.testing.assert_allclose(whole.values, np.mean(views, axis=0), atol=1e-9)
    np.testing.assert_allclose(whole.values, found.extras["reprojection_error"], atol=1e-9)


def test_labeled_videos_of_every_view_and_of_all(film_session, make_model, spot_network):
    model = make_model()
    videos = film_session()
    predict(model, videos.values(), Options(), QUIET)
    folder = model / "video_preds" / "labeled_videos"
    expected = ["s1_cam1_labeled.mp4", "s1_cam2_labeled.mp4", "s1_cam3_labeled.mp4", "s1_mosaic.mp4"]
    assert names_in(folder) == expected
    assert {probe(folder / name).n_frames for name in expected} == {23}


def test_an_ensemble_leaves_a_folder_for_the_smoother(
    film_session, make_ensemble, spot_network, calibrated, world
):
    ensemble = make_ensemble()
    film_session()
    predict(ensemble, [ensemble.parent / "project" / "videos"], Options(), QUIET)
    tables = [path for path in names_in(ensemble / "video_preds") if path.endswith(".csv")]
    assert tables == [f"s1_cam{v}_rng={seed}.csv" for v in (1, 2, 3) for seed in (0, 1)]
    for name in tables:
        stem, seed = split_seed(Path(name).stem)
        session, view = parse_stem(stem, world.rig.names)
        assert session == "s1" and seed in (0, 1)
        poses = read_poses(ensemble / "video_preds" / name)
        v = world.rig.names.index(view)
        step = seed * world.rig.sizes[v] / (96, 64)  # a pixel of the network in pixels of the frame
        np.testing.assert_allclose(poses.points, world.xy[v] + step, atol=0.25)
    metrics = names_in(ensemble / "video_preds" / "metrics")
    assert metrics == [f"s1_cam{v}_rng={s}_temporal_norm.csv" for v in (1, 2, 3) for s in (0, 1)]
    assert names_in(ensemble / "video_preds_3d") == [
        "s1_3d.csv", *(f"s1_cam{v}_reprojection_error.csv" for v in (1, 2, 3)), "s1_reprojection_error.csv",
    ]  # fmt: skip
    assert (ensemble / "video_preds" / "labeled_videos" / "s1_mosaic.mp4").is_file()
    median = np.mean([world.xy + seed * world.rig.sizes[:, None, None] / (96, 64) for seed in (0, 1)], axis=0)
    expected = world.rig.triangulate(median)
    found = read_poses(ensemble / "video_preds_3d" / "s1_3d.csv")
    assert np.median(np.linalg.norm(found.points - expected, axis=-1)) < 0.02
    # the members lie a network pixel apart, about 1.6 px: the uncertainty says so
    assert np.median(found.extras["uncertainty"]) > 0.03


def test_what_is_there_is_kept_and_only_what_lacks_is_made(
    film_session, make_model, spot_network, calibrated
):
    model = make_model()
    film_session()
    videos = model.parent / "project" / "videos"
    predict(model, [videos], Options(), QUIET)
    made = {path: path.stat().st_mtime_ns for path in (model / "video_preds").rglob("*") if path.is_file()}
    assert len(spot_network) == 1
    summary = predict(model, [videos], Options(), QUIET)
    assert (summary.done, summary.kept) == ([], ["s1"])
    assert made == {path: path.stat().st_mtime_ns for path in made}
    lost = [model / "video_preds" / "s1_3d.csv", model / "video_preds" / "labeled_videos" / "s1_mosaic.mp4"]
    for path in lost:
        path.unlink()
    predict(model, [videos], Options(), QUIET)
    assert all(path.is_file() for path in lost)
    pixels = model / "video_preds" / "s1_cam2.csv"
    assert pixels.stat().st_mtime_ns == made[pixels]
    assert len(spot_network) == 1  # the network was not asked again
    summary = predict(model, [videos], Options(overwrite=True, skip_viz=True), QUIET)
    assert summary.done == ["s1"] and len(spot_network) == 2
    left = {path.name for path in model.rglob("*") if path.suffix in (".mp4", ".html")}
    assert not left  # pictures of former predictions, which this call was not to make anew
    assert pixels.stat().st_mtime_ns != made[pixels]


def test_predictions_of_which_nothing_says_what_they_were_made_from_are_kept_and_that_is_said(
    film_session, make_model, spot_network
):
    model, videos = make_model(), film_session()
    first = predict(model, videos.values(), Options(skip_viz=True), QUIET)
    assert not first.outcomes[0].note
    later = (model / "video_preds" / "s1_cam3.csv").stat().st_mtime + 60
    checkpoint = next(model.rglob("last.ckpt"))
    for path in (videos["cam2"], checkpoint):
        os.utime(path, (later, later))
    again = predict(model, videos.values(), Options(skip_viz=True), QUIET)
    assert again.kept == ["s1"] and not again.outcomes[0].note  # a copy has another time and is the same
    (model / "video_preds" / "s1.made_from.json").unlink()
    again = predict(model, videos.values(), Options(skip_viz=True), QUIET)
    assert again.kept == ["s1"]
    assert again.outcomes[0].note == (
        "nothing says what they were made from, and they are older than s1_cam2.mp4, last.ckpt: "
        "--overwrite predicts anew"
    )


def test_predictions_of_another_video_of_that_name_or_precision_are_made_anew_and_it_says_why(
    film_session, make_model, spot_network
):
    model, videos = make_model(), film_session(counts={"cam1": 9, "cam2": 9, "cam3": 9})

    def again(**options) -> tuple[list[str], str]:
        console = Console(file=io.StringIO(), width=200)
        summary = predict(model, videos.values(), Options(skip_viz=True, **options), console)
        return summary.done, console.file.getvalue()  # type: ignore[attr-defined]

    assert again()[0] == ["s1"] and again()[0] == []
    done, said = again(precision="fp32")
    assert done == ["s1"] and "s1: what is there was made from another precision: predicted anew" in said
    film_session(counts={"cam1": 11, "cam2": 11, "cam3": 11})  # under the same names
    done, said = again(precision="fp32")
    assert done == ["s1"] and "made from another video: predicted anew" in said
    assert len(read_poses(model / "video_preds" / "s1_cam1.csv")) == 11
    assert again(precision="fp32")[0] == []


def test_another_calibration_makes_3d_anew_without_the_networks(
    film_session, make_model, spot_network, calibrated, world
):
    model, videos = make_model(), film_session()
    predict(model, videos.values(), Options(skip_viz=True), QUIET)
    first = read_poses(model / "video_preds" / "s1_3d.csv").points
    camera = world.rig.camera
    farther = camera._replace(translation=2 * camera.translation)
    dataclasses.replace(world.rig, camera=farther).save(calibrated)
    summary = predict(model, videos.values(), Options(skip_viz=True), QUIET)
    assert summary.done == ["s1"] and len(spot_network) == 1
    assert not np.allclose(read_poses(model / "video_preds" / "s1_3d.csv").points, first, equal_nan=True)
    assert predict(model, videos.values(), Options(skip_viz=True), QUIET).kept == ["s1"]


def test_views_of_unequal_length_are_predicted_to_their_ends(
    film_session, make_model, spot_network, calibrated, world
):
    model = make_model()
    folder = film_session(counts={"cam1": 23, "cam2": 14, "cam3": 20})["cam1"].parent
    summary = predict(model, [folder], Options(allow_unequal=True), QUIET)
    assert summary.done == ["s1"] and "cam1 23, cam2 14, cam3 20" in summary.outcomes[0].note
    for v, (view, count) in enumerate({"cam1": 23, "cam2": 14, "cam3": 20}.items()):
        poses = read_poses(model / "video_preds" / f"s1_{view}.csv")
        assert poses.frames.tolist() == list(range(count))
        np.testing.assert_allclose(poses.points, world.xy[v, :count], atol=0.25)
        assert (
            len(read_metric_table(model / "video_preds" / f"s1_{view}_reprojection_error.csv").values)
            == count
        )
    found = read_poses(model / "video_preds" / "s1_3d.csv")
    assert len(found) == 23
    assert found.extras["n_views"][[13, 14, 20], 0].tolist() == [3, 2, 1]
    assert np.isnan(found.points[20:]).all() and np.isfinite(found.points[:20]).all()
    assert probe(model / "video_preds" / "labeled_videos" / "s1_mosaic.mp4").n_frames == 23


def test_a_session_without_a_view_is_predicted_by_a_network_for_single_views_and_that_is_said(
    film_session, make_model, spot_network, calibrated, world
):
    model = make_model()
    folder = film_session(counts={"cam1": 23, "cam3": 23})["cam1"].parent
    summary = predict(model, [folder], Options(skip_viz=True), QUIET)
    assert summary.done == ["s1"] and "without view cam2" in summary.outcomes[0].line()
    assert not (model / "video_preds" / "s1_cam2.csv").exists()
    found = read_poses(model / "video_preds" / "s1_3d.csv")
    assert (found.extras["n_views"] == 2).all()
    assert np.median(np.linalg.norm(found.points - world.xyz, axis=-1)) < 0.02


def test_one_view_has_no_mosaic_and_no_world(film_session, make_model, spot_network, world):
    model = make_model(views=())
    video = film_session()["cam2"]
    summary = predict(model, [video], Options(), QUIET)
    assert summary.done == ["s1_cam2"]
    assert names_in(model / "video_preds") == [
        "s1_cam2.csv", "s1_cam2.made_from.json", "s1_cam2_temporal_norm.csv"
    ]  # fmt: skip
    assert names_in(model / "video_preds" / "labeled_videos") == ["s1_cam2_labeled.mp4"]
    found = read_poses(model / "video_preds" / "s1_cam2.csv").points
    np.testing.assert_allclose(found, world.xy[1], atol=0.25)
