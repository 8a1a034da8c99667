"""The shell of `litpose`: what it answers, how it fails, and how little it loads."""

import argparse
import errno
import json
import os
import subprocess
import sys
from types import ModuleType

import pytest

from lightning_pose.cli import main as shell
from lightning_pose.core.errors import ConfigError, PoseError

HEAVY = {"numpy", "pandas", "scipy", "cv2", "av", "torch", "jax", "hydra", "streamlit", "rich"}
PROBE = """
import json, resource, sys
from lightning_pose.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"modules": list(sys.modules), "seconds": used.ru_utime + used.ru_stime}), file=sys.stderr)
"""


def probe(*words: str) -> dict:
    """Run `litpose` in a fresh process; return what it printed, its modules and its CPU time."""
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True)
    return {"stdout": done.stdout} | json.loads(done.stderr.splitlines()[-1])


@pytest.fixture
def verb(monkeypatch):
    """Install a verb `act` whose body is the given function."""

    def install(body):
        module = ModuleType("act")
        module.HELP, module.run = "act", body
        module.register = lambda parser: parser.add_argument("words", nargs="*")
        monkeypatch.setitem(shell.VERBS, "act", "act")
        monkeypatch.setitem(sys.modules, "act", module)

    return install


@pytest.mark.parametrize("words", [["--help"], *([name, "--help"] for name in shell.VERBS)], ids=" ".join)
def test_help_takes_a_blink_and_loads_nothing_heavy(words):
    best = min((probe(*words) for _ in range(3)), key=lambda report: report["seconds"])
    assert "usage: litpose" in best["stdout"]
    assert not {name.split(".")[0] for name in best["modules"]} & HEAVY
    assert best["seconds"] < 0.4


def test_only_the_chosen_verb_is_imported():
    loaded = {name for name in probe("train", "--help")["modules"] if name.startswith("lightning_pose.cli.")}
    assert loaded == {"lightning_pose.cli.main", "lightning_pose.cli.train"}


@pytest.mark.parametrize("name", shell.VERBS)
def test_every_verb_says_what_it_does_and_shows_examples(name):
    parser = shell.verb_parser(name)
    assert parser.description
    assert "\n" not in parser.description
    assert "examples:" in (parser.epilog or "")
    assert f"litpose {name}" in (parser.epilog or "")


def test_the_overview_lists_every_verb_with_its_line(capsys):
    assert shell.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name in shell.VERBS:
        assert any(line.split()[:1] == [name] and len(line.split()) > 2 for line in printed.splitlines())


def test_no_verb_at_all_is_a_fault_that_shows_the_overview(capsys):
    assert shell.main([]) == 2
    assert "verbs:" in capsys.readouterr().err


def test_version_is_the_installed_one(capsys):
    with pytest.raises(SystemExit) as ended:
        shell.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"litpose {shell.version()}\n"


def test_a_misspelled_verb_names_the_nearest(capsys):
    assert shell.main(["trian"]) == 2
    assert "`trian`. Did you mean `train`?" in capsys.readouterr().err


def test_a_word_like_no_verb_gets_the_list(capsys):
    assert shell.main(["xyzzy"]) == 2
    message = capsys.readouterr().err
    assert "Did you mean" not in message
    assert "demo, synth, train, predict, app" in message


def test_a_fault_of_the_user_is_a_message_without_a_traceback(verb, capsys):
    def fail(args: argparse.Namespace) -> int:
        raise ConfigError("expected this, got that")

    verb(fail)
    assert shell.main(["act"]) == 2
    assert capsys.readouterr().err == "error: expected this, got that\n"


@pytest.mark.parametrize("command", ["--debug act", "act --debug", "act one --debug"])
def test_debug_shows_the_traceback_before_or_after_the_verb(verb, command):
    def fail(args: argparse.Namespace) -> int:
        raise PoseError("wrong")

    verb(fail)
    with pytest.raises(PoseError, match="wrong"):
        shell.main(command.split())


def test_a_defect_of_ours_keeps_its_traceback(verb):
    def fail(args: argparse.Namespace) -> int:
        raise ZeroDivisionError

    verb(fail)
    with pytest.raises(ZeroDivisionError):
        shell.main(["act"])


def test_an_interrupted_verb_exits_130_and_says_how_to_go_on(verb, capsys):
    def stop(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt("Resume with: litpose act --resume")

    verb(stop)
    assert shell.main(["act"]) == 130
    assert capsys.readouterr().err == "interrupted. Resume with: litpose act --resume\n"


def test_a_full_disk_is_a_message(verb, capsys):
    def fill(args: argparse.Namespace) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "big.mp4")

    verb(fill)
    assert shell.main(["act"]) == 2
    assert capsys.readouterr().err.startswith("error: big.mp4: the disk is full")


def test_an_unknown_option_before_the_verb_ends_with_two(capsys):
    with pytest.raises(SystemExit) as ended:
        shell.main(["--fast", "demo"])
    assert ended.value.code == 2
    assert "--fast" in capsys.readouterr().err


def test_a_reader_that_leaves_early_is_no_error():
    command = f"{sys.executable} -m lightning_pose.cli.main --help | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""
