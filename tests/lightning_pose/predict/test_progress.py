"""What is shown on a terminal, and what is printed where there is none."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from lightning_pose.predict import progress
from lightning_pose.predict.progress import Board, HaltedError, duration


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)


def test_without_a_terminal_lines_say_how_far_it_is_and_how_long_still(monkeypatch: pytest.MonkeyPatch):
    clock, shown = Clock(monkeypatch), io.StringIO()
    with Board(Console(file=shown, width=100)) as board:
        board.expect(1000, jobs=2)
        with board.counted("s1", 600) as advance:
            clock.now += 50  # the networks are loaded
            advance(0)
            for _ in range(6):
                clock.now += 10
                advance(100)
    lines = shown.getvalue().splitlines()
    assert lines[1:] == [
        "30 % (300 of 1000 frames), 10 frames/s, 1 min 10 s left",
        "60 % (600 of 1000 frames), 10 frames/s, 40 s left",
    ]


def test_frames_of_an_earlier_call_count_neither_as_done_nor_as_to_do(monkeypatch: pytest.MonkeyPatch):
    clock, shown = Clock(monkeypatch), io.StringIO()
    with Board(Console(file=shown, width=100)) as board:
        board.expect(1000, jobs=1)
        with board.counted("s1", 1000) as advance:
            advance(800, old=True)
            advance(0)
            clock.now += 40
            advance(40)
    assert "20 % (40 of 200 frames), 1 frames/s, 2 min 40 s left" in shown.getvalue()


def test_a_terminal_shows_bars_of_all_sessions_together():
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100, color_system=None)
    with Board(console) as board:
        board.expect(300, jobs=2)
        with board.counted("s1", 100) as one, board.counted("s2", 200) as other:
            one(50)
            other(100)
            board._bars.refresh()
        board.say("s1: done")
    text = shown.getvalue()
    assert "150/300" in text and "50/100" in text and "100/200" in text and "s1: done" in text


def test_work_that_is_no_longer_wanted_stops_at_its_next_frames():
    with Board(Console(quiet=True)) as board, board.counted("s1", 10) as advance:
        advance(5)
        board.halt.set()
        with pytest.raises(HaltedError):
            advance(5)


def test_a_program_that_waits_can_read_how_far_it_is(tmp_path: Path):
    with Board(Console(quiet=True), tmp_path / "progress.json") as board:
        board.expect(10, jobs=1)
        with board.counted("s1", 10) as advance:
            advance(4)
            record = json.loads((tmp_path / "progress.json").read_text())
            assert (record["completed"], record["total"]) == (4, 10) and record["timestamp"] > 1e9
            advance(6)
    assert json.loads((tmp_path / "progress.json").read_text())["completed"] == 10


def test_seconds_are_said_as_people_say_them():
    assert [duration(s) for s in (0.4, 59.4, 190, 7500, float("inf"))] == [
        "0 s", "59 s", "3 min 10 s", "2 h 5 min", "unknown time",
    ]  # fmt: skip


def test_programs_that_wait_are_told_how_far_each_session_in_work_is(tmp_path: Path):
    with Board(Console(quiet=True), tmp_path / "progress.json") as board:
        board.expect(300, jobs=2)
        with board.counted("s1", 100) as one, board.counted("s2", 200) as other:
            one(25)
            other(100, old=True)
            with board.counted("s1: 3D", 10, main=False) as lift:
                lift(5)
            board._file._written = 0.0  # as if the last state had been written a while ago
            other(50)
    record = json.loads((tmp_path / "progress.json").read_text())
    assert record["parts"] == {"s1": 0.25, "s2": 0.75}
