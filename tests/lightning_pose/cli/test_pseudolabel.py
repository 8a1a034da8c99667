"""`litpose pseudolabel` from the shell's side; tests of the package hold what it makes."""

from lightning_pose.cli.main import SHELL, main
from lightning_pose.pseudolabels.selection import Options


def test_the_options_have_the_programs_defaults():
    args = SHELL.verb_parser("pseudolabel").parse_args(["project", "smoothed", "--output_dir", "out"])
    assert Options(**{name: getattr(args, name) for name in Options._fields}) == Options()


def test_faults_end_with_2_and_a_message(toy_project, tmp_path, capsys):
    project, out = str(toy_project()), str(tmp_path / "out")
    assert main(["pseudolabel", project, str(tmp_path / "none"), "--output_dir", out]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert (
        main(["pseudolabel", project, project, "--output_dir", out, "--frames", "0", "--margin", "-1"]) == 2
    )
    message = capsys.readouterr().err
    assert "--frames: expected 1 or more, got 0" in message and "--margin" in message
    assert main(["pseudolabel", str(tmp_path), project, "--output_dir", out]) == 2
    assert "is not a project" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
