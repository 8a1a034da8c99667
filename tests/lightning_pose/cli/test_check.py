"""`litpose check`: an exit code that a script can read, and sentences for people."""

from lightning_pose.cli.main import main


def test_notes_are_no_fault(tmp_path, capsys):
    (tmp_path / "project.yaml").write_text("keypoint_names: [nose]\n")
    assert main(["check", str(tmp_path)]) == 0
    assert "note: videos:" in capsys.readouterr().out


def test_an_error_is(tmp_path, capsys):
    assert main(["check", str(tmp_path)]) == 2
    assert "error: project:" in capsys.readouterr().out
