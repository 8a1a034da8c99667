"""Files of sessions are found by their names, as `litpose predict` and `eks` give them."""

import json

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.frames.files import find_files

VIEWS = ("cam1", "cam10")


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")


def test_a_single_model_has_everything_in_one_folder(tmp_path):
    touch(
        tmp_path,
        *(f"video_preds/s1_{view}{end}.csv" for view in VIEWS
          for end in ("", "_temporal_norm", "_pca_singleview_error", "_reprojection_error")),
        "video_preds/s1_3d.csv", "video_preds/s1_reprojection_error.csv", "video_preds/s2_cam1.csv",
    )  # fmt: skip
    (files,) = find_files(tmp_path, VIEWS).values()  # s2 lacks a view
    assert files.name == "s1" and files.views == VIEWS
    assert [path.name for path in files.predictions["cam10"]] == ["s1_cam10.csv"]
    assert files.world is not None and files.world.name == "s1_3d.csv"
    errors = files.metrics["reprojection_error"]
    assert {view: [path.name for path in paths] for view, paths in errors.items()} == {
        view: [f"s1_{view}_reprojection_error.csv"] for view in VIEWS
    }
    assert set(files.metrics) == {"temporal_norm", "pca_singleview_error", "reprojection_error"}


@pytest.mark.parametrize("config", ["config.yaml", "rng0/config.yaml"])
def test_of_a_model_that_has_not_predicted_its_own_tables_are_not_taken(tmp_path, config):
    touch(tmp_path, config, "predictions.csv", "split.csv")
    with pytest.raises(DataError, match="has not predicted any video: litpose predict"):
        find_files(tmp_path, ())


def test_an_ensemble_has_members_metrics_and_world_in_folders_of_their_own(tmp_path):
    members = [f"video_preds/s1_{view}_rng={seed}.csv" for view in VIEWS for seed in (0, 1, 2)]
    stems = [f"video_preds/metrics/s1_{view}_rng={seed}" for view in VIEWS for seed in (0, 1)]
    smoothed = [f"video_preds_smoothed/s1/multicam_{name}_results.csv" for name in (*VIEWS, "3d")]
    touch(tmp_path, *members, *(f"{stem}_pca_multiview_error.csv" for stem in stems), *smoothed)
    touch(tmp_path, "video_preds_3d/s1_3d.csv", "video_preds_3d/s1_cam1_reprojection_error.csv")
    files = find_files(tmp_path, VIEWS)["s1"]
    assert [len(files.predictions[view]) for view in VIEWS] == [3, 3]
    assert [len(files.metrics["pca_multiview_error"][view]) for view in VIEWS] == [2, 2]
    assert files.world is not None and files.world.parent.name == "video_preds_3d"
    assert {view: path.name for view, path in files.smoothed.items()} == {
        view: f"multicam_{view}_results.csv" for view in VIEWS
    }


def test_smoothed_tables_go_to_the_session_that_their_record_names(tmp_path):
    touch(tmp_path, "p/s1_cam1.csv", "p/s1_cam10.csv", "p/s2_cam1.csv", "p/s2_cam10.csv",
          "out/multicam_cam1_results.csv", "out/multicam_cam10_results.csv")  # fmt: skip
    record = {"files": {"cam1": ["x/s2_cam1_rng=0.csv"]}}
    (tmp_path / "out" / "multicam_results.json").write_text(json.dumps(record))
    found = find_files(tmp_path / "p", VIEWS, smoothed=tmp_path / "out")
    assert not found["s1"].smoothed and set(found["s2"].smoothed) == set(VIEWS)
    assert found["s2"].record is not None


def test_one_view_needs_no_name(tmp_path):
    touch(tmp_path, "test_vid.csv", "test_vid_temporal_norm.csv")
    files = find_files(tmp_path, ())["test_vid"]
    assert files.views == ("",) and [path.name for path in files.predictions[""]] == ["test_vid.csv"]


def test_the_seed_may_stand_before_the_view(tmp_path):
    stems = [f"m.train_frames=75.rng={seed}" for seed in (0, 1)]
    touch(tmp_path, *(f"{stem}.{view}.csv" for stem in stems for view in ("bot", "top")))
    files = find_files(tmp_path, ("bot", "top"))["m.train_frames=75"]
    assert [len(files.predictions[view]) for view in ("bot", "top")] == [2, 2]


def test_nothing_predicted_is_said(tmp_path):
    touch(tmp_path, "s1_cam1.csv")
    with pytest.raises(DataError, match=r"of every view \(cam1, cam10\)"):
        find_files(tmp_path, VIEWS)
