"""What is done is read off names and times; the truth is what the test put there, second by second."""

import json
import os
from pathlib import Path

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.status import Status, Survey

VIEWS = ("top", "side")


def put(path: Path, at: float, text: str = "") -> Path:
    """Write a file of a time of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at, at))
    return path


def new_project(folder: Path, views=VIEWS, sessions=("s1", "s2"), at: float = 100.0) -> Path:
    create_project(folder, views, skeleton_from_names(("nose", "tail"), []))
    for session in sessions:
        for view in views or ("",):
            put(folder / "videos" / f"{'_'.join(filter(None, (session, view)))}.mp4", at)
    return folder


def new_model(folder: Path, at: float = 200.0, views=VIEWS) -> Path:
    """Write what tells a trained network: a configuration and weights."""
    listed = f"[{', '.join(views)}]" if views else "null"
    put(folder / "config.yaml", at, f"data: {{view_names: {listed}}}\n")
    put(folder / "tb_logs" / "m" / "version_0" / "checkpoints" / "step=9-best.ckpt", at)
    return folder


def new_ensemble(folder: Path, at: float = 200.0, seeds=(0, 1)) -> Path:
    for seed in seeds:
        new_model(folder / f"rng={seed}", at)
    names = "\n".join(f"- rng={seed}" for seed in seeds)
    put(folder / "ensemble.yaml", at, f"members:\n{names}\n")
    return folder


def predict(model: Path, session: str, at: float = 300.0, views=VIEWS, ends=("",)) -> None:
    for view in views or ("",):
        for end in ends:
            put(model / "video_preds" / f"{'_'.join(filter(None, (session, view)))}{end}.csv", at)


def look(folder: Path) -> Status:
    return Survey(folder).look()


def test_a_project_without_anything_has_nothing_done(tmp_path):
    status = look(new_project(tmp_path / "p", sessions=()))
    assert (status.sessions, status.models, status.done, status.notes) == ({}, [], {}, [])


def test_sessions_are_those_of_the_videos_and_strays_are_named(tmp_path):
    folder = new_project(tmp_path / "p", sessions=("s10", "s2"))
    put(folder / "videos" / "holiday.mp4", 1.0)
    put(folder / "videos_test" / "s3_top.avi", 7.0)
    status = look(folder)
    assert list(status.sessions) == ["s10", "s2", "s3"]
    assert list(status.sessions["s2"].videos) == ["top", "side"]
    assert status.sessions["s3"].changed == 7.0
    assert len(status.notes) == 1
    assert "holiday.mp4" in status.notes[0]


@pytest.mark.parametrize(
    ("made", "trained", "filmed", "expected"),
    [
        (300, 200, 100, "done"),
        (150, 200, 100, "older than the model"),
        (300, 200, 400, "older than the video"),
        (200, 200, 200, "done"),
    ],
)
def test_predictions_are_held_against_model_and_video(tmp_path, made, trained, filmed, expected):
    folder = new_project(tmp_path / "p", sessions=("s1",), at=filmed)
    predict(new_model(folder / "models" / "m", trained), "s1", made)
    done = look(folder).done["models/m"]["s1"]
    assert (done.predicted, done.views, done.expected, done.made) == (expected, 2, 2, made)


def test_a_session_without_a_view_or_with_begun_work_is_partial(tmp_path):
    folder = new_project(tmp_path / "p", sessions=("s1", "s2", "s3"))
    model = new_model(folder / "models" / "m")
    predict(model, "s1", views=("top",))
    put(model / "video_preds" / "s2.partial", 300)
    put(model / "video_preds" / "s3_top_temporal_norm.csv", 300)  # of predictions that somebody removed
    done = look(folder).done["models/m"]
    assert [done[name].predicted for name in ("s1", "s2", "s3")] == ["partial", "partial", "missing"]
    assert done["s1"].views == 1


def test_an_ensemble_needs_the_tables_of_every_member(tmp_path):
    folder = new_project(tmp_path / "p")
    model = new_ensemble(folder / "models" / "e")
    predict(model, "s1", ends=("_rng=0", "_rng=1"))
    predict(model, "s2", ends=("_rng=0",))
    status = look(folder)
    assert [(model.name, model.members) for model in status.models] == [("models/e", ("rng=0", "rng=1"))]
    done = status.done["models/e"]
    assert (done["s1"].predicted, done["s2"].predicted, done["s2"].views) == ("done", "partial", 0)


def test_an_ensemble_is_as_young_as_its_youngest_member_and_useless_without_one(tmp_path):
    folder = new_project(tmp_path / "p")
    new_ensemble(folder / "models" / "e")
    new_model(folder / "models" / "e" / "rng=1", 250.0)
    assert look(folder).models[0].trained == 250.0
    (
        folder / "models" / "e" / "rng=0" / "tb_logs" / "m" / "version_0" / "checkpoints" / "step=9-best.ckpt"
    ).unlink()
    assert look(folder).models[0].trained is None


def test_a_network_predicts_with_its_best_weights_not_its_last(tmp_path):
    folder = new_project(tmp_path / "p")
    model = new_model(folder / "models" / "m", 200.0)
    put(model / "tb_logs" / "m" / "version_0" / "checkpoints" / "last.ckpt", 900.0)
    assert look(folder).models[0].trained == 200.0


@pytest.mark.parametrize(("at", "expected"), [(400, "done"), (250, "older")])
def test_smoothed_is_held_against_predictions(tmp_path, at, expected):
    folder = new_project(tmp_path / "p")
    model = new_ensemble(folder / "models" / "e")
    for session in ("s1", "s2"):
        predict(model, session, ends=("_rng=0", "_rng=1"))
    put(model / "video_preds_smoothed" / "s1" / "multicam_results.json", at)
    (model / "video_preds_smoothed" / "s2").mkdir()
    done = look(folder).done["models/e"]
    assert (done["s1"].smoothed, done["s2"].smoothed) == (expected, "missing")


def test_views_that_are_smoothed_one_by_one_must_all_be_there(tmp_path):
    folder = new_project(tmp_path / "p")
    model = new_ensemble(folder / "models" / "e")
    for session in ("s1", "s2"):
        predict(model, session, ends=("_rng=0", "_rng=1"))
        put(model / "video_preds_smoothed" / session / "singlecam_top_results.json", 400)
    put(model / "video_preds_smoothed" / "s1" / "singlecam_side_results.json", 400)
    done = look(folder).done["models/e"]
    assert (done["s1"].smoothed, done["s2"].smoothed) == ("done", "missing")


def test_one_camera_has_no_view_in_its_names(tmp_path):
    folder = new_project(tmp_path / "p", views=())
    model = new_model(folder / "models" / "m", views=())
    predict(model, "s1", views=())
    put(model / "video_preds_smoothed" / "s1" / "singlecam_results.json", 400)
    done = look(folder).done["models/m"]
    assert (done["s1"].predicted, done["s1"].smoothed, done["s1"].expected) == ("done", "done", 1)
    assert done["s2"].predicted == "missing"


def test_what_the_smoother_wrote_elsewhere_counts_for_the_tables_it_read(tmp_path):
    folder = new_project(tmp_path / "p")
    model = new_ensemble(folder / "models" / "e")
    for session in ("s1", "s2"):
        predict(model, session, ends=("_rng=0", "_rng=1"))
    tables = [f"elsewhere/e/video_preds/s2_top_rng={seed}.csv" for seed in (0, 1)]
    put(folder / "smoothed" / "multicam_results.json", 400, json.dumps({"files": {"top": tables}}))
    done = look(folder).done["models/e"]
    assert (done["s1"].smoothed, done["s2"].smoothed) == ("missing", "done")


def test_a_model_of_some_views_is_asked_for_these(tmp_path):
    folder = new_project(tmp_path / "p")
    put(folder / "videos" / "s3_side.mp4", 100)
    predict(new_model(folder / "models" / "m", views=("top",)), "s1", views=("top",))
    done = look(folder).done["models/m"]
    assert (done["s1"].predicted, done["s1"].expected) == ("done", 1)
    assert set(done) == {"s1", "s2"}


def test_predictions_without_a_model_count_and_nothing_can_be_made_with_them(tmp_path):
    folder = new_project(tmp_path / "p")
    predict(folder / "imported", "s1", ends=("_rng=0", "_rng=4"))
    (model,) = look(folder).models
    assert (model.name, model.trained, model.members) == ("imported", None, ("rng=0", "rng=4"))
    assert look(folder).done["imported"]["s1"].predicted == "done"


def test_a_half_written_configuration_hides_nothing_else(tmp_path):
    folder = new_project(tmp_path / "p")
    put(new_model(folder / "models" / "a") / "config.yaml", 200, "data: {view_names: [")
    new_model(folder / "models" / "b", 500)
    status = look(folder)
    assert [(model.name, model.views) for model in status.models] == [("models/b", VIEWS), ("models/a", None)]


def test_the_folder_of_a_demo_has_its_project_inside(tmp_path):
    new_project(tmp_path / "demo" / "project")
    new_model(tmp_path / "demo" / "models" / "demo")
    put(tmp_path / "demo" / "config.yaml", 1, "training: {}\n")
    status = look(tmp_path / "demo")
    assert [model.name for model in status.models] == ["models/demo"]
    assert set(status.sessions) == {"s1", "s2"}


def test_a_second_look_sees_what_has_come_and_gone(tmp_path):
    folder = new_project(tmp_path / "p")
    model = new_model(folder / "models" / "m")
    predict(model, "s1")
    survey = Survey(folder)
    assert survey.look().done["models/m"]["s2"].predicted == "missing"
    predict(model, "s2")
    for view in VIEWS:
        (model / "video_preds" / f"s1_{view}.csv").unlink()
    (folder / "videos" / "s1_top.mp4").rename(folder / "videos" / "s4_top.mp4")
    status = survey.look()
    assert set(status.sessions) == {"s1", "s2", "s4"}
    assert status.done["models/m"]["s2"].predicted == "done"
    assert status.done["models/m"]["s1"].predicted == "missing"


def test_what_is_no_project_is_refused(tmp_path):
    with pytest.raises(DataError, match="is not a project"):
        look(tmp_path)


def test_no_table_and_no_video_is_opened(tmp_path, monkeypatch):
    folder = new_project(tmp_path / "p")
    model = new_model(folder / "models" / "m")
    predict(model, "s1")
    for path in [*(folder / "videos").iterdir(), *(model / "video_preds").iterdir()]:
        path.chmod(0)
    opened = []
    real = Path.open
    monkeypatch.setattr(
        Path, "open", lambda self, *a, **k: (opened.append(self.suffix), real(self, *a, **k))[1]
    )
    assert look(folder).done["models/m"]["s1"].predicted == "done"
    assert set(opened) <= {".yaml"}
