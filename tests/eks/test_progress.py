"""The bar is for a person at a terminal, and for long runs only."""

import io
import sys

from eks import progress
from eks.progress import Bar, tell_stages


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_every_stage_is_told_once(capsys):
    tell = tell_stages()
    for share in (0.0, 0.5, 1.0):
        tell("tune", share)
    tell("smooth", 0.0)
    assert capsys.readouterr().err == "tune\nsmooth\n"


def test_the_bar_shows_the_stage_of_a_long_run_and_leaves(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(progress, "LONG", 0.0)
    bar = Bar()
    bar("round 1", 0.25)
    bar.close()
    assert "round 1" in terminal.getvalue()


def test_a_short_run_and_a_file_see_no_bar(monkeypatch, capsys):
    bar = Bar()
    bar("round 1", 0.25)
    bar.close()
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    bar = Bar()
    bar("round 1", 0.25)
    bar.close()
    assert terminal.getvalue() == ""
    assert capsys.readouterr().err == ""
