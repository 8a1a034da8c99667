"""The page of sessions by models: what it shows, what it starts, and that 1000 sessions do not slow it."""

import os
import sys
import time
from pathlib import Path

import pytest

from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects import runs
from lightning_pose.projects.jobs import Job, jobs, start_job

NAMES = ("nose", "tail")


def new_model(folder: Path, seeds=()) -> Path:
    for place in [folder / f"rng={seed}" for seed in seeds] or [folder]:
        checkpoints = place / "tb_logs" / "m" / "version_0" / "checkpoints"
        checkpoints.mkdir(parents=True)
        (checkpoints / "step=9-best.ckpt").touch()
        (place / "config.yaml").write_text("data: {}\n")
    if seeds:
        (folder / "ensemble.yaml").write_text(f"members: [{', '.join(f'rng={seed}' for seed in seeds)}]\n")
    return folder


def make_project(folder: Path, views=("top", "side"), sessions: int = 3) -> Path:
    create_project(folder, views, skeleton_from_names(NAMES, [("nose", "tail")]))
    for number in range(sessions):
        for view in views or ("",):
            (folder / "videos" / f"{'_'.join(filter(None, (f's{number:04d}', view)))}.mp4").touch()
    return folder


def predict(model: Path, stems, ends=("",)) -> None:
    (model / "video_preds").mkdir(exist_ok=True)
    for stem in stems:
        for end in ends:
            (model / "video_preds" / f"{stem}{end}.csv").touch()


@pytest.fixture
def project(tmp_path) -> Path:
    """Three sessions; an ensemble has predicted the first, and a network all of them."""
    folder = make_project(tmp_path / "p")
    single = new_model(folder / "models" / "a")
    predict(single, [f"s{number:04d}_{view}" for number in range(3) for view in ("top", "side")])
    ensemble = new_model(folder / "models" / "b", seeds=(0, 1))
    predict(ensemble, ["s0000_top", "s0000_side"], ("_rng=0", "_rng=1"))
    return folder


@pytest.fixture
def started(monkeypatch) -> list[Job]:
    """Take down what would be started."""
    made = []

    def stub(folder, kind, title, command, job="", *, device=""):
        made.append(Job(folder, "1", kind, title, tuple(command), 0.0, 0, device))
        return made[-1]

    monkeypatch.setattr(runs, "start_job", stub)
    return made


def button(page, start: str):
    return next(one for one in page.button if one.label.startswith(start))


def box(page, start: str):
    return next(one for one in page.checkbox if one.label.startswith(start))


def after(job: Job, word: str) -> list[str]:
    """Return the words after an option, up to the next."""
    rest = job.command[job.command.index(word) + 1 :]
    return list(rest[: next((place for place, one in enumerate(rest) if one.startswith("--")), len(rest))])


def test_an_empty_project_is_led_to_recordings_and_one_without_models_to_training(draw, empty, tmp_path):
    assert button(draw(empty, "predict"), "Add recordings")
    assert button(draw(make_project(tmp_path / "q"), "predict"), "Train")


def test_a_broken_project_has_its_sessions(draw, broken):
    new_model(broken / "models" / "m")
    table = draw(broken, "predict").dataframe[0].value
    assert table["models/m"].tolist() == ["–", "–"]


def test_the_matrix_tells_what_each_model_has_made_of_each_session(draw, project):
    table = draw(project, "predict").dataframe[0].value
    assert table["session"].tolist() == ["s0000", "s0001", "s0002"]
    assert table["models/a"].tolist() == ["✓ predicted"] * 3
    assert table["models/b"].tolist() == ["✓ predicted", "–", "–"]
    assert list(table.columns[1:]) == ["models/b", "models/a"]  # the one trained last first


def test_what_is_missing_is_run_with_the_newest_model_and_smoothed_at_the_end(draw, project, started):
    page = draw(project, "predict")
    button(page, "Predict 2 sessions").click().run()
    assert not page.exception
    (job,) = started
    assert job.kind == "predict"
    assert after(job, "--sessions") == ["s0001", "s0002"]
    assert str(project / "models" / "b") in job.command
    assert "--eks" in job.command
    assert "--overwrite" not in job.command
    assert job.device


def test_options_are_handed_on(draw, project, started):
    page = draw(project, "predict")
    box(page, "Smooth at the end").uncheck()
    box(page, "Also labeled videos").check()
    box(page, "Also sessions that lack").check()
    next(one for one in page.selectbox if one.label == "Precision").select("fp32")
    next(one for one in page.number_input if one.label == "Images at a time").set_value(8)
    button(page.run(), "Predict 2").click().run()
    (job,) = started
    assert "--eks" not in job.command
    assert "--skip_viz" not in job.command
    assert "--allow_missing_views" in job.command
    assert (after(job, "--precision"), after(job, "--batch_size")) == (["fp32"], ["8"])


def test_predictions_older_than_the_model_are_made_anew_unless_that_is_not_wanted(draw, project, started):
    later = time.time() + 100
    weights = next((project / "models" / "b" / "rng=1").rglob("*.ckpt"))
    os.utime(weights, (later, later))
    page = draw(project, "predict")
    assert page.dataframe[0].value["models/b"].tolist() == ["↻ older than the model", "–", "–"]
    button(page, "Predict 3 sessions").click().run()
    assert [(after(job, "--sessions"), "--overwrite" in job.command) for job in started] == [
        (["s0001", "s0002"], False),
        (["s0000"], True),
    ]
    box(page, "Also the 1 session predicted before").uncheck().run()
    assert button(page, "Predict 2 sessions")


def test_several_models_are_jobs_of_their_own(draw, project, started):
    new_model(project / "models" / "c")
    page = draw(project, "predict")
    models = next(one for one in page.multiselect if one.label == "With")
    assert models.value == ["models/c"]
    models.set_value(["models/c", "models/b"]).run()
    button(page, "Predict 5 sessions").click().run()
    assert [len(after(job, "--sessions")) for job in started] == [3, 2]


def test_a_search_narrows_what_is_meant(draw, project, started):
    page = draw(project, "predict")
    next(one for one in page.text_input if one.label == "Sessions").set_value("0002").run()
    assert page.dataframe[0].value["session"].tolist() == ["s0002"]
    button(page, "Predict 1 session").click().run()
    assert after(started[0], "--sessions") == ["s0002"]
    next(one for one in page.text_input if one.label == "Sessions").set_value("no such").run()
    assert any("No session is like that" in info.value for info in page.info)
    assert not page.exception


def test_predictions_are_smoothed_with_the_options_of_eks(draw, project, started):
    page = draw(project, "predict")
    next(one for one in page.radio if one.label == "Views").set_value("together")
    next(one for one in page.radio if one.label == "Motion").set_value("velocity")
    box(page, "Find out how smooth").uncheck().run()
    next(one for one in page.number_input if one.label == "s").set_value(4.0)
    button(page.run(), "Smooth 1 session").click().run()
    (job,) = started
    assert (job.kind, job.device, after(job, "--sessions")) == ("smooth", "cpu", ["s0000"])
    assert (after(job, "--how"), after(job, "--motion"), after(job, "--s")) == (
        ["together"],
        ["velocity"],
        ["4"],
    )


def test_bones_are_asked_about_where_there_is_a_calibration(draw, project, started):
    assert not [one for one in draw(project, "predict").checkbox if "bones" in one.label]
    (project / "calibrations").mkdir()
    (project / "calibrations" / "s0000.toml").touch()
    page = draw(project, "predict")
    box(page, "Keep the lengths of bones").check().run()
    button(page, "Smooth 1 session").click().run()
    assert after(started[0], "--skeleton") == ["nose,tail"]


@pytest.mark.parametrize("views", [(), tuple(f"cam{number}" for number in range(12))])
def test_one_view_and_twelve(draw, tmp_path, started, views):
    folder = make_project(tmp_path / "v", views, sessions=2)
    model = new_model(folder / "models" / "m")
    for session, count in (("s0000", 5), ("s0001", 12)):
        predict(model, [f"{session}_{view}" for view in views[:count]] or [session])
    page = draw(folder, "predict")
    first = "◐ 5 of 12 views" if views else "✓ predicted"
    assert page.dataframe[0].value["models/m"].tolist() == [first, "✓ predicted"]
    assert any(one.label == "Views" for one in page.radio) == bool(views)


def test_a_session_that_lacks_a_view_says_so(draw, project):
    (project / "videos" / "s0001_side.mp4").unlink()
    assert draw(project, "predict").dataframe[0].value["videos"].tolist() == ["2 of 2", "1 of 2", "2 of 2"]


def test_predictions_without_weights_can_only_be_smoothed(draw, tmp_path):
    folder = make_project(tmp_path / "p")
    predict_only = folder / "imported"
    predict_only.mkdir()
    predict(predict_only, ["s0000_top", "s0000_side"])
    page = draw(folder, "predict")
    assert any("No model has weights" in info.value for info in page.info)
    assert button(page, "Smooth 1 session")


def ended(project: Path, session: str, script: str) -> Job:
    """Run a job that names a session as those of the page do, and wait for its end."""
    model = str(project / "models" / "b")
    words = [sys.executable, "-c", script, "predict", model, "videos", "--sessions", session, "s0002"]
    job = start_job(project, "predict", "predict them", words)
    while job.is_alive:
        time.sleep(0.02)
    return job


def test_a_failure_is_told_in_the_cell_and_below(draw, project):
    ended(project, "s0001", "import sys; sys.exit('error: s0001: the views differ: top 40, side 39')")
    page = draw(project, "predict")
    assert page.dataframe[0].value["models/b"].tolist() == ["✓ predicted", "✗ predicting failed", "–"]
    assert page.expander[0].label == "1 session failed"
    assert "the views differ" in page.expander[0].markdown[0].value


def test_a_job_that_failed_as_a_whole_shows_its_last_words(draw, project):
    ended(project, "s0001", "import sys; sys.exit('error: no weights')")
    page = draw(project, "predict")
    assert page.expander[0].label.startswith("Failed: predict them")
    assert page.expander[1].label == "2 sessions failed"
    assert "no weights" in page.expander[1].markdown[0].value


def test_a_job_under_way_is_shown_and_can_be_stopped_and_is_not_started_twice(draw, project):
    model = str(project / "models" / "b")
    words = [
        sys.executable,
        "-c",
        "import time; time.sleep(60)",
        "predict",
        model,
        "--sessions",
        "s0001",
        "s0002",
    ]
    job = start_job(project, "predict", "predict them", words)
    page = draw(project, "predict")
    assert page.dataframe[0].value["models/b"].tolist() == [
        "✓ predicted",
        "… predicting next",
        "… predicting next",
    ]
    assert button(page, "Under way").disabled
    next(one for one in page.text_input if one.label == "Sessions").set_value("s0001").run()
    assert [one.label for one in page.button].count("Under way") == 2  # there is nothing to smooth either
    assert not page.exception
    button(page, "Stop").click().run()
    end = time.monotonic() + 30
    while job.is_alive and time.monotonic() < end:
        time.sleep(0.05)
    assert not job.is_alive
    assert [one.is_stopped for one in jobs(project)] == [True]
    assert "✗" not in "".join(draw(project, "predict").dataframe[0].value["models/b"])


@pytest.mark.slow
def test_a_thousand_sessions_come_in_pages(draw, tmp_path, started):
    folder = make_project(tmp_path / "many", sessions=1000)
    for name in ("a", "b"):
        model = new_model(folder / "models" / name)
        predict(model, [f"s{number:04d}_{view}" for number in range(900) for view in ("top", "side")])
    before = time.process_time()
    page = draw(folder, "predict")
    assert len(page.dataframe[0].value) == 200
    assert button(page, "Predict 100 sessions")
    next(one for one in page.number_input if one.label.startswith("Page")).set_value(5).run()
    assert page.dataframe[0].value["session"].tolist()[-1] == "s0999"
    page.button_group[0].set_value("to do").run()
    assert page.dataframe[0].value["session"].tolist()[0] == "s0900"
    assert not page.exception
    assert time.process_time() - before < 15
