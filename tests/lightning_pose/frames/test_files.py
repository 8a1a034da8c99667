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
    assert [path.name for path in found["s2"].records] == ["multicam_results.json"]


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


def test_one_network_of_an_ensemble_is_looked_at_without_what_all_of_them_made(tmp_path):
    touch(tmp_path, *(f"video_preds/s1_{view}_rng={seed}.csv" for view in VIEWS for seed in (0, 1)),
          *(f"video_preds/metrics/s1_{view}_rng={seed}_pca_singleview_error.csv"
            for view in VIEWS for seed in (0, 1)),
          "video_preds_3d/s1_3d.csv", "video_preds_3d/s1_cam1_reprojection_error.csv",
          *(f"video_preds_smoothed/s1/multicam_{view}_results.csv" for view in VIEWS))  # fmt: skip
    (files,) = find_files(tmp_path, VIEWS, member=1).values()
    assert [path.name for path in files.predictions["cam10"]] == ["s1_cam10_rng=1.csv"]
    assert [path.name for path in files.metrics["pca_singleview_error"]["cam1"]] == [
        "s1_cam1_rng=1_pca_singleview_error.csv"
    ]
    assert files.world is None and not files.smoothed and set(files.metrics) == {"pca_singleview_error"}
    assert files.ranking == tmp_path / "reports" / "s1_rng=1.json"


def test_a_smoothers_folder_stands_for_what_it_was_given(tmp_path):
    members = {view: [f"m/video_preds/s1_{view}_rng={seed}.csv" for seed in (0, 1)] for view in VIEWS}
    smoothed = [f"out/multicam_{view}_results.csv" for view in VIEWS]
    touch(tmp_path, *members["cam1"], *members["cam10"], *smoothed, "m/video_preds_3d/s1_3d.csv")
    record = tmp_path / "out" / "multicam_results.json"
    record.write_text(json.dumps({"files": {view: members[view] for view in VIEWS}}))  # as seen from tmp_path
    (files,) = find_files(tmp_path / "out", VIEWS).values()
    assert files.name == "s1" and files.ranking == tmp_path / "out" / "reports" / "s1.json"
    assert [path.name for path in files.predictions["cam1"]] == ["s1_cam1_rng=0.csv", "s1_cam1_rng=1.csv"]
    assert set(files.smoothed) == set(VIEWS) and files.world is not None
    (tmp_path / "m").rename(tmp_path / "moved")  # then its own tables are all there is
    (files,) = find_files(tmp_path / "out", VIEWS, session="s1").values()
    assert [path.name for path in files.predictions["cam10"]] == ["multicam_cam10_results.csv"]


def test_the_smoothed_tables_beside_predictions_share_their_ranking(tmp_path):
    touch(tmp_path, *(f"video_preds/s1_{view}_rng=0.csv" for view in VIEWS),
          *(f"video_preds_smoothed/s1/singlecam_{view}_results.csv" for view in VIEWS))  # fmt: skip
    (model,) = find_files(tmp_path, VIEWS).values()
    (smoother,) = find_files(tmp_path / "video_preds_smoothed" / "s1", VIEWS).values()
    assert smoother == model and set(model.smoothed) == set(VIEWS)


def test_one_session_is_found_among_others_wherever_its_name_stands(tmp_path):
    touch(
        tmp_path,
        "s1_cam1.csv",
        "s1_cam10.csv",
        "s10_cam1.csv",
        "s10_cam10.csv",
        "a_cam1_b.csv",
        "a_cam10_b.csv",
    )
    assert list(find_files(tmp_path, VIEWS, session="s1")) == ["s1"]
    assert list(find_files(tmp_path, VIEWS, session="a_b")) == ["a_b"]
    with pytest.raises(DataError, match="of session 's2' of every view"):
        find_files(tmp_path, VIEWS, session="s2")
