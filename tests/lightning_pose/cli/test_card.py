"""`litpose card` from the shell's side; tests of the module hold what it writes."""

from lightning_pose.cli.main import main


def test_a_card_is_written_and_named(tiny_model, tmp_path, capsys):
    folder = tiny_model()
    assert main(["card", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "model_card.md")
    assert (folder / "model_card.json").is_file()
    assert main(["card", str(tmp_path)]) == 2
    assert "is not a trained model" in capsys.readouterr().err
