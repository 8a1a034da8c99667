"""How fast the labeling page answers a hand: the table of docs/concepts/labeling_page.md.

    python benchmarks/labeling_page.py [--views 6] [--size 1280x1024] [--large 50000] [--within 2] [--docs D]

A project is rendered and its labels are taken out, the app serves it as `litpose app` does, and headless
Chromium (software rendering) labels in it. Times are taken inside the page, from the input event to the
picture that follows it. With --large, a project of that many labeled frames is opened as well. With --within,
the exit code is 1 when a median is that many times the limit, which busy machines keep too. The machine must
be quiet.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from browser import CANVAS, Row, app, chromium, table_of
from label_store import write_project
from peer import publish
from playwright.sync_api import Browser, Page

from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_labels, write_poses

PAGE = Path("concepts") / "labeling_page.md"
FIND = f"""() => {{
  window.canvas = {CANVAS};
  window.labeling = window.canvas?.page;
  return Boolean(labeling?.frame) && labeling.tiles.every((tile) => tile.shown === labeling.target);
}}"""
WATCH = """() => {
  const times = (window.times = { click: [], saved: [], drag: [], frame: [] });
  const soon = (run) => {  // in the callback of a picture: once that picture is painted
    const channel = new MessageChannel();
    channel.port1.onmessage = run;
    channel.port2.postMessage(null);
  };
  const painted = (run) => requestAnimationFrame(() => soon(run));
  const since = (list, start) => painted(() => list.push(performance.now() - start));
  let moved = 0;
  let pressed = 0;
  const started = new Map();
  canvas.addEventListener('pointerdown', (event) => { moved = 0; since(times.click, event.timeStamp); });
  canvas.addEventListener('pointermove', (event) => { if (event.buttons) moved = event.timeStamp; }, true);
  canvas.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, true);
  window.addEventListener('pointerup', (event) => setTimeout(() => {
    for (const { id } of labeling.outbox.pending(labeling.target)) {
      if (!started.has(id)) started.set(id, event.timeStamp);
    }
  }));
  const { acknowledged } = labeling.outbox.post;
  labeling.outbox.post.acknowledged = (result, one) => {
    acknowledged(result, one);
    if (started.has(one.id)) times.saved.push(performance.now() - started.get(one.id));
  };
  const { answered } = labeling.geometry;
  labeling.geometry.answered = (...answer) => {
    answered(...answer);
    if (labeling.editor.isHolding && moved) since(times.drag, moved);
  };
  const settled = () => {
    const isShown = labeling.tiles.every((tile) => tile.shown === labeling.target);
    if (isShown) soon(() => times.frame.push(performance.now() - pressed));
    else requestAnimationFrame(settled);
  };
  window.awaitFrame = () => requestAnimationFrame(settled);
}"""


def main() -> None:
    """Prepare, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=6)
    parser.add_argument("--size", default="1280x1024")
    parser.add_argument("--frames", type=int, default=40, help="labeled instants")
    parser.add_argument(
        "--large", type=int, default=0, help="frames of a large project to open (default: none)"
    )
    parser.add_argument("--folder", type=Path, help="where the project is, or is to be rendered")
    parser.add_argument("--within", type=float, help="fail where a median is beyond so many limits")
    parser.add_argument("--docs", type=Path, help="write the table into the page below this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        folder = args.folder or Path(scratch) / "world"
        if not folder.is_dir():
            render(folder, args.views, args.size, args.frames)
        rows, memory = measure(browser, folder)
        if args.large:
            rows.append(
                Row("page ready, 50 000 labeled frames", open_large(browser, Path(scratch), args), "4000")
            )
    table = table_of(rows, memory)
    print(table)
    if args.docs is not None:
        publish(args.docs / PAGE, "labeling_page", table)
    late = [row.what for row in rows if args.within and row.middle > args.within * float(row.limit)]
    if late:
        raise SystemExit(f"more than {args.within:g} times the limit: {', '.join(late)}")


def render(folder: Path, views: int, size: str, frames: int) -> None:
    """Render a project, and take the labels of all frames but the first three out."""
    command = [sys.executable, "-m", "lightning_pose.cli.main", "synth", str(folder), "--views", str(views)]
    counts = ["--sessions", "1", "--test_sessions", "0", "--frames", str(frames), "--labels", str(frames)]
    subprocess.run([*command, "--size", size, *counts], check=True)
    for path in folder.glob("CollectedData*.csv"):
        labels = read_labels(path)
        points = labels.points.copy()
        points[3:] = np.nan
        write_poses(path, Poses(labels.names, points, labels.frames), "synthetic")


def measure(browser: Browser, folder: Path) -> tuple[list[Row], float]:
    """Return the rows of one project, and the server's memory (MB) at the end."""
    with app(folder) as (address, process):
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        ready = [open_page(page, address) for _ in range(6)][1:]
        page.evaluate(WATCH)
        page.evaluate("() => { labeling.settings.advance = 'view'; labeling.room.focusTile(); }")
        label_and_drag(page)
        prefetched, uncached, cached = change_frames(page)
        times: dict[str, list[float]] = page.evaluate("() => times")
        memory = process.memory_info().rss / 1e6
    return [
        Row("click to painted dot", times["click"], "33"),
        Row("next frame, prefetched", prefetched, "50"),
        Row("jump to a frame, uncached", uncached, "150"),
        Row("jump to a frame, in the browser's cache", cached, "150"),
        Row("edit durable on disk and acknowledged", times["saved"], "250"),
        Row("drag to curves and ghosts, painted", times["drag"], "50"),
        Row("page ready in the app, warm", ready, "2000"),
    ], memory


def open_page(page: Page, address: str) -> float:
    """Open the labeling page in the app, and return the ms until all views are shown."""
    page.goto(f"{address}label")
    page.wait_for_function(FIND, timeout=120_000, polling=20)
    taken = page.evaluate("() => performance.now()")
    time.sleep(1)
    return taken


def label_and_drag(page: Page) -> None:
    """Label three frames in two views, and drag labels of each."""
    rng = np.random.default_rng(1)
    for _ in range(3):
        page.evaluate("() => labeling.open(labeling.rows.unfinished(labeling.target, 1))")
        page.wait_for_function(FIND)
        for view in range(2):
            for k in range(page.evaluate("() => labeling.project.keypoints.length")):
                page.evaluate("(place) => labeling.select(...place)", [view, k])
                x, y = page.evaluate("(v) => labeling.tiles[v].size.map((side) => side / 2)", view)
                spot = [view, x + rng.uniform(-200, 200), y + rng.uniform(-200, 200)]
                page.mouse.move(*page.evaluate("(spot) => labeling.onScreen(...spot)", spot))
                page.wait_for_timeout(100)  # a hand rests before it clicks, and holds the button for a while
                page.mouse.down()
                page.wait_for_timeout(60)
                page.mouse.up()
                page.wait_for_timeout(30)
        page.wait_for_function("() => !labeling.geometry.busy")
        drag(page, rng)
        page.wait_for_function("() => labeling.outbox.size === 0")


def drag(page: Page, rng: Any) -> None:
    """Drag the active label of the first view about."""
    page.evaluate("() => labeling.select(0, 3)")
    cell = page.evaluate("() => labeling.labels.at(labeling.target, 0, 3)")
    left, top = page.evaluate("(spot) => labeling.onScreen(...spot)", [0, cell["x"], cell["y"]])
    page.mouse.move(left, top)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(left + step + 4, top + 20 * rng.uniform())
        page.wait_for_timeout(25)
    page.mouse.up()
    page.wait_for_function("() => !labeling.geometry.busy")


def change_frames(page: Page) -> tuple[list[float], list[float], list[float]]:
    """Return the ms of frames fetched ahead, of any in no cache, and of any in the browser's cache."""
    count = page.evaluate("() => labeling.rows.order.length")
    page.evaluate("() => labeling.open(labeling.rows.columns.id[0])")
    page.wait_for_function(FIND)
    for _ in range(min(25, count - 1)):
        page.wait_for_function("() => !labeling.images.wanted.length && !labeling.images.coming.size")
        page.evaluate("() => { labeling.room.focusTile(); }")
        settle(page, "d")
    prefetched = page.evaluate("() => times.frame.splice(0)")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    page.evaluate("() => { labeling.rows.near = () => []; }")  # nothing is fetched ahead
    jumps = []
    for is_disabled in (True, False):
        network.send("Network.setCacheDisabled", {"cacheDisabled": is_disabled})
        jumps.append(jump_about(page, np.random.default_rng(2).permutation(count - 1)[:25]))
    return prefetched, *jumps


def jump_about(page: Page, places: np.ndarray) -> list[float]:
    """Return the ms that it takes to open frames of which the page itself remembers nothing."""
    for place in places:
        page.evaluate(
            """(place) => {
              labeling.images.show([]);
              labeling.images.clear();
              labeling.archive.known.clear();
              const ids = labeling.rows.columns.id;
              labeling.commands.find((one) => one.id === 'frame-next').run = () => labeling.open(ids[place]);
            }""",
            int(place),
        )
        if page.evaluate("(place) => labeling.rows.columns.id[place] !== labeling.target", int(place)):
            settle(page, "d")
    return page.evaluate("() => times.frame.splice(0)")


def settle(page: Page, key: str) -> None:
    """Press a key and wait until the frame that it opens is painted."""
    before = page.evaluate("() => times.frame.length")
    page.evaluate("() => canvas.addEventListener('keydown', () => awaitFrame(), { once: true })")
    page.keyboard.press(key)
    page.wait_for_function("(before) => times.frame.length > before", arg=before)


def open_large(browser: Browser, scratch: Path, args: argparse.Namespace) -> list[float]:
    """Return the ms until the page of a large project is ready; its first frame has images."""
    folder = scratch / "large"
    write_project(folder, args.large, args.views, 17)
    for path in folder.glob("CollectedData*.csv"):
        image = folder / str(read_labels(path).frames[0])
        image.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.full((1024, 1280, 3), 90, np.uint8))
    with app(folder) as (address, _):
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        open_page(page, address)
        return [open_page(page, address) for _ in range(5)]


if __name__ == "__main__":
    main()
