"""How far a program is reaches those who wait for it."""

import pytest

from lightning_pose.core.progress_bar import counted
from lightning_pose.core.progress_file import read_progress


def test_what_was_counted_is_in_the_file(tmp_path):
    path = tmp_path / "progress.json"
    with counted("images", 6, path) as tell:
        assert (read_progress(path).completed, read_progress(path).what) == (0, "images")
        tell(2)
        tell(4)
    assert (read_progress(path).completed, read_progress(path).total) == (6, 6)


def test_nothing_is_printed_where_no_terminal_reads(capsys):
    with pytest.raises(ValueError, match="stop"), counted("images", None) as tell:
        tell(1)
        raise ValueError("stop")
    assert capsys.readouterr().out.strip() == ""
