"""Names of files as every program leaves them, sorted by session and source."""

import json

import pytest

from apps.results.catalogue import Catalogue
from apps.results.tree import Tree


def find(root, files, views=("top", "side"), **kinds):
    """Make empty files, and return the catalogue of the folder, which is the project's."""
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return Catalogue(root, root, tuple(views), Tree(root).look(), **kinds)


def names(root, source):
    return {view: path.relative_to(root).as_posix() for view, path in source.views.items()}


def test_a_single_model_with_world_points_and_errors(tmp_path):
    found = find(tmp_path, [
        "videos/s1_top.mp4", "videos/s1_side.mp4", "models/m/video_preds/s1_side.csv",
        "models/m/video_preds/s1_top.csv", "models/m/video_preds/s1_3d.csv",
        "models/m/video_preds/s1_reprojection_error.csv", "models/m/video_preds/s1_top_temporal_norm.csv",
        "models/m/video_preds/s1_top_reprojection_error.csv",
    ])  # fmt: skip
    [source] = found.sessions["s1"].sources.values()
    home = "models/m/video_preds"
    assert (source.name, source.kind) == ("models/m", "network")
    assert list(source.views) == ["top", "side"]
    assert names(tmp_path, source) == {"top": f"{home}/s1_top.csv", "side": f"{home}/s1_side.csv"}
    assert source.world == tmp_path / home / "s1_3d.csv"
    assert source.errors == {"top": tmp_path / home / "s1_top_reprojection_error.csv"}
    assert found.notes == []


def test_recordings_kept_for_tests_can_be_looked_at_and_stand_behind_others_of_their_name(tmp_path):
    found = find(tmp_path, [
        "videos_test/s1_top.mp4", "videos_test/s2_top.mp4", "videos/s1_top.mp4", "m/videos/s3_top.mp4",
    ])  # fmt: skip
    films = {name: session.videos["top"] for name, session in found.sessions.items()}
    assert films == {"s1": tmp_path / "videos/s1_top.mp4", "s2": tmp_path / "videos_test/s2_top.mp4"}


def test_an_ensemble_its_median_and_what_the_smoother_made_of_it(tmp_path):
    found = find(tmp_path, [
        *(f"models/m/video_preds/s1_{view}_rng={seed}.csv" for view in ("top", "side") for seed in (0, 1)),
        "models/m/video_preds/metrics/s1_top_rng=0_temporal_norm.csv",
        "models/m/video_preds_3d/s1_3d.csv", "models/m/video_preds_3d/s1_top_reprojection_error.csv",
        "models/m/video_preds_smoothed/s1/multicam_top_results.csv",
        "models/m/video_preds_smoothed/s1/multicam_3d_results.csv",
    ])  # fmt: skip
    sources = found.sessions["s1"].sources
    assert {name: source.kind for name, source in sources.items()} == {
        "models/m · seed 0": "network", "models/m · seed 1": "network",
        "models/m · ensemble median": "network", "models/m · smoothed": "smoother",
    }  # fmt: skip
    median = sources["models/m · ensemble median"]
    assert (median.views, list(median.errors)) == ({}, ["top"])
    assert list(sources["models/m · smoothed"].views) == ["top"]


def test_a_source_has_the_same_id_in_every_session_and_another_than_others(tmp_path):
    found = find(tmp_path, [
        *(f"{model}/video_preds/s{n}_top.csv" for model in ("m", "n") for n in (1, 2)),
        *(f"m/video_preds_smoothed/s{n}/multicam_top_results.csv" for n in (1, 2)),
    ])  # fmt: skip
    first, second = ({one.name: one.id for one in s.sources.values()} for s in found.sessions.values())
    assert first == second
    assert len(set(first.values())) == 3


def test_one_view_has_no_name(tmp_path):
    found = find(tmp_path, [
        "videos/walk.mp4", "m/video_preds/walk.csv", "m/video_preds/walk_reprojection_error.csv",
        "m/video_preds_smoothed/walk/eks_singlecam.csv",
    ], views=())  # fmt: skip
    session = found.sessions["walk"]
    assert list(session.videos) == [""]
    assert {name: list(source.views) for name, source in session.sources.items()} == {
        "m": [""], "m · smoothed": [""],
    }  # fmt: skip


@pytest.mark.parametrize("record", ["multicam_results.json", "multicam_top_results.json"])
def test_the_record_of_the_smoother_says_which_session_it_smoothed(tmp_path, record):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / record).write_text(json.dumps({"files": {"top": ["x/s2_top_rng=0.csv"]}}))
    found = find(tmp_path, [
        "videos/s1_top.mp4", "videos/s2_top.mp4", "m/video_preds/s1_top.csv", "out/multicam_top_results.csv",
    ])  # fmt: skip
    assert "out" in found.sessions["s2"].sources


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": {"top": [3]}}', "\x00"])
def test_a_record_that_says_nothing_leaves_the_other_ways(tmp_path, text):
    (tmp_path / "s1").mkdir()
    (tmp_path / "s1" / "multicam_results.json").write_text(text)
    found = find(tmp_path, ["videos/s1_top.mp4", "videos/s2_top.mp4", "s1/multicam_top_results.csv"])
    assert "s1" in found.sessions["s1"].sources


def test_errors_of_predictions_that_are_gone_are_no_source(tmp_path):
    found = find(tmp_path, ["videos/s1_top.mp4", "m/video_preds/s1_top_reprojection_error.csv"])
    assert found.sessions["s1"].sources == {}


def test_the_truth_is_a_source_of_sessions_that_are_known(tmp_path):
    found = find(tmp_path, ["videos/s1_top.mp4", "truth/s1_3d.csv", "truth/s9_3d.csv"])
    assert [source.kind for source in found.sessions["s1"].sources.values()] == ["truth"]
    assert found.sessions["s1"].truth == tmp_path / "truth" / "s1_3d.csv"
    assert list(found.sessions) == ["s1"]


def test_what_has_no_view_in_its_name_is_noted(tmp_path):
    found = find(tmp_path, ["videos/holiday.mp4", "m/video_preds/holiday.csv"])
    assert sorted(note.split(":")[0] for note in found.notes) == [
        "m/video_preds/holiday.csv",
        "videos/holiday.mp4",
    ]


def test_a_video_that_names_a_view_alone_is_noted(tmp_path):
    found = find(tmp_path, ["videos/top.mp4", "m/video_preds/side.csv"])
    assert found.sessions == {}
    assert len([note for note in found.notes if "no session" in note]) == 2
