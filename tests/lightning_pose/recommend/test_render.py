"""The written configuration: what it says, that it can be read back, and that nothing is overwritten."""

from datetime import datetime

import yaml

from lightning_pose.config import load_config
from lightning_pose.recommend.facts import inspect_project
from lightning_pose.recommend.machine import Machine
from lightning_pose.recommend.render import counted, render, report, write_config
from lightning_pose.recommend.rules import Choice, recommend

MACHINE = Machine(2, 8.0)
CHOICES = [
    Choice("data.data_dir", ".", "here"),
    Choice("training.max_steps", 300, "a reason that is longer than one line of the file, " * 4),
    Choice("data.view_names", ["1", "no", "cam: a"], "names that YAML would read as something else"),
    Choice("training.imgaug_3d", True, "perhaps", active=False),
    Choice("losses.temporal.log_weight", 5.0, "perhaps", active=False),
]


def test_the_text_reads_back_as_the_active_values():
    assert yaml.safe_load(render(CHOICES, ["seen"])) == {
        "data": {"data_dir": ".", "view_names": ["1", "no", "cam: a"]},
        "training": {"max_steps": 300},
    }


def test_suggestions_are_yaml_once_uncommented():
    suggested = render(CHOICES, []).split("without the #.\n")[1]
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in suggested.splitlines())
    assert yaml.safe_load(text) == {
        "training": {"imgaug_3d": True},
        "losses": {"temporal": {"log_weight": 5.0}},
    }


def test_every_key_stands_below_its_reason():
    lines = render(CHOICES, []).splitlines()
    assert lines[lines.index("  data_dir: .") - 1] == "  # here"
    assert all(len(line) <= 110 for line in lines)
    assert lines[0].startswith("\n") is False


def test_a_training_accepts_what_is_written(toy_project):
    for views in ((), ("left", "right")):
        folder = toy_project(views=views, sessions=2)
        facts = inspect_project(folder)
        path = write_config(folder, render(recommend(facts, MACHINE), report(facts, MACHINE)))
        config, notes = load_config(path)
        assert not notes
        assert config.training.max_steps == 1200
        assert config.data.data_dir == str(folder.resolve())
        path.unlink()


def test_an_existing_file_is_kept_and_the_new_one_gets_the_time(tmp_path):
    now = datetime(2026, 3, 4, 5, 6, 7)
    names = [write_config(tmp_path, text, now=now).name for text in ("first", "second", "third")]
    assert names == ["config.yaml", "config_2026-03-04_05-06-07.yaml", "config_2026-03-04_05-06-07_2.yaml"]
    assert [(tmp_path / name).read_text() for name in names] == ["first", "second", "third"]


def test_the_report_counts_what_there_is(toy_project):
    text = "\n".join(report(inspect_project(toy_project(sessions=2)), MACHINE))
    assert "12 instants of 2 sessions: s0 6, s1 6" in text
    assert "64" in text and "3, 1 left/right pair" in text and "2 cores" in text
    assert "calibrated 0 of 2 labeled sessions" in text


def test_one_is_singular():
    assert (counted(1, "view"), counted(2, "view")) == ("1 view", "2 views")
