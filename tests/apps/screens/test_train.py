"""The page of training: what is recommended, what is wished, what is wrong, and what is started."""

import sys
import time

import pytest
import yaml

from apps.screens.train import free_name
from lightning_pose.projects.jobs import jobs
from lightning_pose.projects.training import KIND, recommendation

FAKE = (sys.executable, "-c", "import time; print('it trains', flush=True); time.sleep(60)")


def button(page, label: str):
    return next(one for one in page.button if one.label.startswith(label))


def element(elements, label: str):
    return next(one for one in elements if one.label == label)


@pytest.fixture
def started(monkeypatch):
    """Keep what would be started, and start nothing."""
    wishes = []

    def start(project, wish):
        wishes.append(wish)
        return []

    monkeypatch.setattr("apps.screens.train.start_training", start)
    return wishes


@pytest.fixture(autouse=True)
def recommended(monkeypatch, request):
    """Ask the program once for all tests: it takes seconds, and has tests of its own."""
    known: dict[str, dict] = request.config.__dict__.setdefault("_recommended", {})

    def ask(project):
        if project.name not in known:
            known[project.name] = recommendation(project)
        return known[project.name]

    monkeypatch.setattr("apps.screens.train.recommendation", ask)


def test_without_frames_or_labels_it_says_what_to_do(draw, empty):
    page = draw(empty, "train")
    assert any("No frame is there to learn from" in info.value for info in page.info)
    assert not any(one.label == "Start" for one in page.button)


def test_label_files_that_cannot_be_used_are_said_in_a_sentence(draw, broken):
    page = draw(broken, "train")
    assert page.warning or page.error or page.info


def test_what_is_recommended_stands_beside_its_reason_and_can_be_changed(draw, healthy, started):
    page = draw(healthy, "train")
    reasons = [caption.value for caption in page.caption]
    assert any("passes over the labels" in reason for reason in reasons)
    element(page.number_input, "Steps").set_value(60).run()
    element(page.selectbox, "Backbone").set_value("resnet34").run()
    assert any("Recommended is resnet18" in caption.value for caption in page.caption)
    element(page.number_input, "Networks").set_value(3).run()
    element(page.multiselect, "Further losses").set_value(["temporal"]).run()
    button(page, "Start").click().run()
    assert not page.exception and not page.error
    (wish,) = started
    config = yaml.safe_load(wish.text)
    assert config["training"]["max_steps"] == 60 and config["model"]["backbone"] == "resnet34"
    assert (
        config["model"]["losses_to_use"] == ["temporal"] and config["losses"]["temporal"]["log_weight"] == 5.0
    )
    assert config["data"]["data_dir"] == str(healthy)
    assert (wish.seeds, wish.device, wish.folder) == ((0, 1, 2), "cpu", healthy / "models" / "model-1")


def test_faults_stand_where_they_arise_and_nothing_is_started(draw, healthy, started):
    page = draw(healthy, "train")
    element(page.number_input, "Height, px").set_value(100).run()
    button(page, "Start").click().run()
    assert started == [] and not page.exception
    assert any("multiple of 32" in error.value for error in page.error)


def test_the_text_itself_can_be_written_and_all_its_faults_have_lines(draw, healthy, started):
    page = draw(healthy, "train")
    element(page.number_input, "Steps").set_value(77).run()
    page.segmented_control[0].set_value("YAML").run()
    (area,) = page.text_area
    assert yaml.safe_load(area.value)["training"]["max_steps"] == 77
    text = f"data:\n  data_dir: {healthy}\nmodel:\n  backbone: resnet1\ntraning: {{}}\n"
    area.set_value(text).run()
    button(page, "Start").click().run()
    said = [error.value for error in page.error]
    assert started == [] and len(said) == 2
    assert any("Line 4" in one and "resnet1" in one for one in said)
    assert any("Line 5" in one and "traning" in one for one in said)
    page.text_area[0].set_value(f"data:\n  data_dir: {healthy}\n").run()
    button(page, "Start").click().run()
    assert not page.exception and len(started) == 1


@pytest.mark.parametrize("name", ["", "../out", "a b", ".hidden", "taken"])
def test_a_name_that_is_no_new_folder_is_refused(draw, healthy, started, name):
    (healthy / "models" / "taken").mkdir(parents=True)
    page = draw(healthy, "train")
    page.text_input[0].set_value(name).run()
    button(page, "Start").click().run()
    assert len(page.error) == 1 and started == []


def test_names_count_up(tmp_path):
    assert free_name(tmp_path) == "model-1"
    (tmp_path / "model-1").mkdir()
    assert free_name(tmp_path) == "model-2"


def test_what_is_started_shows_its_course_and_can_be_stopped(draw, healthy, monkeypatch):
    monkeypatch.setattr("lightning_pose.projects.training.LITPOSE", FAKE)
    monkeypatch.setattr("apps.screens.train.faults_of", lambda text, project: [])
    page = draw(healthy, "train")
    button(page, "Start").click().run()
    assert not page.exception
    (job,) = jobs(healthy, KIND)
    limit = time.monotonic() + 30
    while "it trains" not in job.tail():
        assert time.monotonic() < limit
        time.sleep(0.05)
    page.run()
    assert any("train model-1" in bar.proto.text for bar in page.get("progress"))
    assert any(code.value == "it trains" for code in page.code)
    button(page, "Stop").click().run()
    while job.is_alive:
        assert time.monotonic() < limit
        time.sleep(0.05)
    page.run()
    assert not page.exception
    assert any("stopped" in expander.label for expander in page.expander)
    button(page, "Go on").click().run()
    assert not page.exception and len(jobs(healthy, KIND)) == 2
    button(page, "Stop").click().run()
