"""How programs end: exit codes and messages."""

import errno
import os
import subprocess
import sys

import pytest

from lightning_pose.core.errors import DataError
from lightning_pose.core.terminal import guarded, print_error


def raising(error: BaseException):
    """Return a program's body that ends with an exception."""

    def body() -> int:
        raise error

    return body


def test_an_exit_code_passes_through():
    assert guarded(lambda: 3) == 3


def test_a_fault_of_the_user_is_a_message_and_two(capsys):
    assert guarded(raising(DataError("expected this, got that"))) == 2
    assert capsys.readouterr().err == "error: expected this, got that\n"


def test_debug_lets_the_fault_through():
    with pytest.raises(DataError):
        guarded(raising(DataError("wrong")), debug=True)


def test_a_defect_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        guarded(raising(ZeroDivisionError()))


def test_an_interrupted_program_ends_with_130_and_says_how_to_go_on(capsys):
    assert guarded(raising(KeyboardInterrupt("Resume with: litpose train --resume"))) == 130
    assert capsys.readouterr().err == "interrupted. Resume with: litpose train --resume\n"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "permission denied"),
        (errno.ENOTDIR, "is a file, where a folder is expected"),
    ],
)
def test_a_disk_that_cannot_be_written_is_a_message_with_the_file(code, words, capsys):
    assert guarded(raising(OSError(code, os.strerror(code), "big.mp4"))) == 2
    message = capsys.readouterr().err
    assert message.startswith("error: big.mp4: ")
    assert words in message


def test_other_faults_of_the_system_keep_their_traceback():
    with pytest.raises(OSError, match="busy"):
        guarded(raising(OSError(errno.EBUSY, "busy")))


def test_a_reader_that_leaves_early_is_no_error():
    program = "from lightning_pose.core.terminal import guarded\n"
    program += "def body():\n    for _ in range(10**5): print('line')\n    return 0\n"
    program += "guarded(body)"
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""


class Screen:
    """A stderr that remembers what was written, and is a terminal or is not."""

    def __init__(self, terminal: bool) -> None:
        self.terminal, self.written = terminal, ""

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> None:
        self.written += text


@pytest.mark.parametrize(
    ("terminal", "no_color", "expected"),
    [(True, "", "\033[31mwrong\033[0m\n"), (True, "1", "wrong\n"), (False, "", "wrong\n")],
)
def test_messages_are_red_only_where_a_terminal_reads_them(monkeypatch, terminal, no_color, expected):
    screen = Screen(terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("NO_COLOR", no_color)
    print_error("wrong")
    assert screen.written == expected
