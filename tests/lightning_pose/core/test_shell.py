"""The shell of a command with verbs: what it answers and how it fails."""

import argparse
import subprocess
import sys
from types import ModuleType

import pytest

from lightning_pose.core.errors import ConfigError, PoseError
from lightning_pose.core.shell import Shell, installed_version

EXAMPLES = "  tool act        does it"


@pytest.fixture
def tool(monkeypatch):
    """Return the `main` of a command with the verb `act`, whose body is the given function, and `dance`."""

    def install(body=lambda args: 0):
        for name in ("act", "dance"):
            module = ModuleType(name)
            module.HELP, module.run = f"{name} on the words", body
            module.register = lambda parser: parser.add_argument("words", nargs="*")
            monkeypatch.setitem(sys.modules, f"verb_{name}", module)
        shell = Shell("tool", {"act": "verb_act", "dance": "verb_dance"}, "A tool.", EXAMPLES)
        return shell.main

    return install


def raising(error: BaseException):
    """Return a verb's body that ends with an exception."""

    def body(args: argparse.Namespace) -> int:
        raise error

    return body


def test_a_verb_gets_its_words_and_gives_the_exit_code(tool):
    got = []
    assert tool(lambda args: got.extend(args.words) or 7)(["act", "one", "two"]) == 7
    assert got == ["one", "two"]


def test_the_overview_lists_every_verb_with_its_line_and_the_examples(tool, capsys):
    assert tool()(["--help"]) == 0
    printed = capsys.readouterr().out
    assert "  act    act on the words\n  dance  dance on the words\n" in printed
    assert EXAMPLES in printed


def test_help_before_a_verb_is_the_overview(tool, capsys):
    assert tool()(["-h", "act"]) == 0
    assert "verbs:" in capsys.readouterr().out


def test_no_verb_at_all_is_a_fault_that_shows_the_overview(tool, capsys):
    assert tool()([]) == 2
    assert "verbs:" in capsys.readouterr().err


def test_version_is_the_installed_one(tool, capsys):
    with pytest.raises(SystemExit) as ended:
        tool()(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tool {installed_version()}\n"


def test_a_misspelled_verb_names_the_nearest(tool, capsys):
    assert tool()(["dnce"]) == 2
    assert "`dnce`. Did you mean `dance`?" in capsys.readouterr().err


def test_a_word_like_no_verb_gets_the_list(tool, capsys):
    assert tool()(["xyzzy"]) == 2
    message = capsys.readouterr().err
    assert "Did you mean" not in message
    assert "act, dance" in message


def test_a_fault_of_the_user_is_a_message_without_a_traceback(tool, capsys):
    assert tool(raising(ConfigError("expected this, got that")))(["act"]) == 2
    assert capsys.readouterr().err == "error: expected this, got that\n"


@pytest.mark.parametrize("command", ["--debug act", "act --debug", "act one --debug"])
def test_debug_shows_the_traceback_before_or_after_the_verb(tool, command):
    with pytest.raises(PoseError, match="wrong"):
        tool(raising(PoseError("wrong")))(command.split())


def test_an_unknown_option_before_the_verb_ends_with_two(tool, capsys):
    with pytest.raises(SystemExit) as ended:
        tool()(["--fast", "act"])
    assert ended.value.code == 2
    assert "--fast" in capsys.readouterr().err


def test_a_command_ends_without_looking_for_cycles_in_what_it_loaded():
    words = """
import atexit, gc, sys
from lightning_pose.core.shell import Shell
atexit.register(lambda: print(gc.get_freeze_count() > 1000))  # runs after those that come later
Shell("tool", {"act": "argparse"}, "A tool.", "").main(["--version"])
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True"
