"""How fast the labeling page answers, held to twice the limits of `benchmarks/labeling_page.py`."""

import subprocess
import sys

import pytest

from .conftest import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.usefixtures("chromium")
def test_the_page_answers_a_hand_within_twice_the_limits():
    views = ["--views", "6", "--size", "640x512", "--frames", "24", "--within", "2"]
    command = [sys.executable, "benchmarks/labeling_page.py", *views]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
