"""`litpose synth` from the shell's side."""

import json

import pytest

from lightning_pose.cli.main import main
from lightning_pose.cli.synth import image_size
from lightning_pose.core.project import open_project


def test_it_renders_what_its_options_say(tmp_path, capsys):
    out = tmp_path / "world"
    words = "--views 2 --sessions 1 --test_sessions 1 --frames 6 --test_frames 4 --labels 3 --size 64x48"
    assert main(["synth", str(out), *words.split(), "--workers", "1"]) == 0
    assert "20 images" in capsys.readouterr().out
    assert len(open_project(out).read_labels()["cam1"]) == 3
    record = json.loads((out / "truth" / "synthetic.json").read_text())
    assert record["size"] == [64, 48] and record["test_frames"] == 4


def test_a_folder_in_use_and_wrong_settings_are_faults_in_words(tmp_path, capsys):
    (tmp_path / "thesis.tex").write_text("")
    assert main(["synth", str(tmp_path)]) == 2
    assert "expected an empty or new folder" in capsys.readouterr().err
    assert main(["synth", str(tmp_path / "new"), "--views", "40", "--labels", "900"]) == 2
    message = capsys.readouterr().err
    assert "2 faults" in message and "views: expected 1 to 12, got 40" in message
    assert main(["synth", str(tmp_path / "new"), "--workers", "0"]) == 2
    assert not (tmp_path / "new").exists()


def test_sizes_are_read_as_width_and_height():
    assert image_size("256") == (256, 256)
    assert image_size("320x256") == (320, 256)


def test_a_size_that_is_none_is_a_usage_error(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["synth", str(tmp_path), "--size", "big"])
    assert "such as 256 or 320x256" in capsys.readouterr().err
