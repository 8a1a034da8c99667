"""What takes longer to look at: rules of accessibility, and memory over many frames."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import NAMES, VIEWS
from .person import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow]
AXE = "axe-core@4.14.1"
RULES = """async () => {
  const found = await axe.run(document.querySelector('.litpose-canvas'));
  return found.violations.map(({ impact, id, nodes }) => `${impact}: ${id}: ${nodes[0].html}`);
}"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory) -> str:
    """The script that knows the rules, from the npm registry."""
    folder: Path = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    words = [npm or "npm", "pack", AXE, "--pack-destination", str(folder)]
    done = npm and subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    if not done or done.returncode:
        if os.environ.get("CI"):
            pytest.fail(f"CI must reach the npm registry: {done and done.stderr}")
        pytest.skip(f"{AXE} cannot be fetched from the npm registry")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(enter, axe, scheme):
    labeler = enter(color_scheme=scheme, bypass_csp=True)
    labeler.page.add_script_tag(content=axe)
    labeler.click("front", 100, 100)
    labeler.saved()
    assert labeler.page.evaluate(RULES) == []
    for key in ("?", "i"):
        labeler.press(key)
        assert labeler.page.evaluate(RULES) == []
        labeler.press("Escape")
    labeler.page.get_by_role("button", name="settings").click()
    assert labeler.page.evaluate(RULES) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_viewer_breaks_no_rule_of_accessibility_either(films, look, axe, scheme):
    page = look(films, color_scheme=scheme, bypass_csp=True)
    page.add_script_tag(content=axe)
    page.evaluate("() => { viewer.setRange([20, 60]); viewer.look.toggle('names', ''); }")
    for tab in ("Marks", "Export", "Difficult"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate(RULES) == []
    for key in ("?", "/"):
        page.keyboard.press(key)
        assert page.evaluate(RULES) == []
        page.keyboard.press("Escape")


def test_half_a_minute_without_a_network_loses_nothing(labeler, server):
    labeler.page.context.set_offline(True)
    for step in range(20):
        view = VIEWS[step // len(NAMES)]
        labeler.choose(view, step % len(NAMES))
        labeler.click(view, 40 + 10 * step, 200 - 7 * step)
        labeler.page.wait_for_timeout(1500)
    expect(labeler.page.locator(".notice.unsaved")).to_contain_text("20 edits not saved")
    labeler.page.context.set_offline(False)
    labeler.saved()
    for step in range(20):
        cell = server.cell(0, VIEWS[step // len(NAMES)], NAMES[step % len(NAMES)])
        assert (cell.x, cell.y) == pytest.approx((40 + 10 * step, 200 - 7 * step), abs=0.6)


def test_memory_stays_where_it_is_over_500_frames(labeler):
    network = labeler.page.context.new_cdp_session(labeler.page)

    def used() -> float:
        """Return the memory of the page's objects, MB, once what is unused is gone."""
        network.send("HeapProfiler.collectGarbage")
        return network.send("Runtime.getHeapUsage")["usedSize"] / 1e6

    def walk(frames: int) -> None:
        for _ in range(frames // 4):
            labeler.press("d", "d", "a", "a")
        labeler.ready()

    walk(40)
    before = used()
    walk(500)
    assert used() - before < 2


@pytest.mark.usefixtures("chromium")
def test_the_page_answers_a_hand_within_twice_the_limits():
    views = ["--views", "6", "--size", "640x512", "--frames", "24", "--within", "2"]
    command = [sys.executable, "benchmarks/labeling_page.py", *views]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-3000:]}"
