"""`litpose recommend` from the shell's side."""

import json
import subprocess
import sys

import yaml

from lightning_pose.cli.main import main
from lightning_pose.config import load_config


def test_it_writes_a_configuration_that_a_training_accepts(toy_project, capsys):
    folder = toy_project()
    assert main(["recommend", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "12 instants" in shown and str(folder / "config.yaml") in shown
    assert load_config(folder / "config.yaml").config.data.view_names == ["left", "right"]


def test_a_second_run_leaves_the_first_file_alone(toy_project, capsys):
    folder = toy_project()
    (folder / "config.yaml").write_text("mine")
    assert main(["recommend", str(folder)]) == 0
    assert (folder / "config.yaml").read_text() == "mine"
    assert len(list(folder.glob("config_*.yaml"))) == 1


def test_another_place_gets_the_whole_path_of_the_project(toy_project, tmp_path, capsys):
    folder, output = toy_project(), tmp_path / "elsewhere" / "mine.yaml"
    assert main(["recommend", str(folder), "--output", str(output)]) == 0
    assert load_config(output).config.data.data_dir == str(folder.resolve())
    assert not (folder / "config.yaml").exists()


def test_printing_writes_nothing_and_prints_yaml(toy_project, capsys):
    folder = toy_project()
    before = sorted(folder.rglob("*"))
    assert main(["recommend", str(folder), "--print_only"]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["data"]["data_dir"] == str(folder.resolve())
    assert sorted(folder.rglob("*")) == before


def test_programs_get_the_same_choices_as_data(toy_project, capsys):
    folder = toy_project()
    before = sorted(folder.rglob("*"))
    assert main(["recommend", str(folder), "--print_only"]) == 0
    values = yaml.safe_load(capsys.readouterr().out)
    assert main(["recommend", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    active = {choice["key"]: choice["value"] for choice in told["choices"] if choice["active"]}
    assert active["training.max_steps"] == values["training"]["max_steps"]
    assert active["model.backbone"] == values["model"]["backbone"]
    assert sum(told["instants"].values()) == 12 and sorted(folder.rglob("*")) == before


def test_faults_end_with_2_and_a_message(tmp_path, toy_project, capsys):
    assert main(["recommend", str(tmp_path)]) == 2
    assert "is not a project" in capsys.readouterr().err
    assert main(["recommend", str(tmp_path / "none")]) == 2
    assert main(["recommend", str(toy_project()), "--output", "mine.txt"]) == 2
    assert "ends in .yaml" in capsys.readouterr().err


def test_no_torch_is_loaded(toy_project):
    code = "import sys; from lightning_pose.cli.main import main; main(sys.argv[1:]); print('torch', "
    code += "'torch' in sys.modules)"
    words = [sys.executable, "-c", code, "recommend", str(toy_project()), "--print_only"]
    assert subprocess.run(words, capture_output=True, text=True).stdout.endswith("torch False\n")
