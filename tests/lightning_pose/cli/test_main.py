"""The door of `litpose`: its verbs, their help, and how little it loads."""

import json
import subprocess
import sys

import pytest

from lightning_pose.cli.main import SHELL

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


@pytest.mark.parametrize("words", [["--help"], *([verb, "--help"] for verb in SHELL.verbs)], ids=" ".join)
def test_help_takes_a_blink_and_loads_nothing_heavy(words):
    best = min((probe(*words) for _ in range(3)), key=lambda report: report["seconds"])
    assert "usage: litpose" in best["stdout"]
    assert not {name.split(".")[0] for name in best["modules"]} & HEAVY
    assert best["seconds"] < 0.4


def test_only_the_chosen_verb_is_imported():
    loaded = {name for name in probe("train", "--help")["modules"] if name.startswith("lightning_pose.cli.")}
    assert loaded == {"lightning_pose.cli.main", "lightning_pose.cli.train"}


@pytest.mark.parametrize("verb", SHELL.verbs)
def test_every_verb_says_what_it_does_and_shows_examples(verb):
    parser = SHELL.verb_parser(verb)
    assert parser.description
    assert "\n" not in parser.description
    assert "examples:" in (parser.epilog or "")
    assert f"litpose {verb}" in (parser.epilog or "")
