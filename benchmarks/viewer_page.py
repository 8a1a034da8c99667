"""How fast the viewer shows frames, and whether its films stay together: a table of docs/concepts/viewer.md.

    python benchmarks/viewer_page.py [--views 6] [--size 1280x1024] [--hour] [--docs docs]

A session is rendered, its truth with noise stands for a network and a smoother, the app serves it as `litpose
app` does, and headless Chromium (software rendering) shows it. With --hour the films are an hour long: the
rendered minute, sixty times, copied without encoding it again. Frames are counted by what the browser says it
has put on the screen (`requestVideoFrameCallback`). The machine must be quiet.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
from browser import CANVAS, Row, app, chromium, table_of
from jaxtyping import Float
from peer import publish
from playwright.sync_api import Browser, Page
from viewer_traces import trace_rows

from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses, write_poses

PAGE = Path("concepts") / "viewer.md"
SESSION, FPS = "unseen0", 30
FIND = f"""() => {{
  window.viewer = {CANVAS}?.viewer;
  const isDrawn = (film) => film.shown === viewer.frame && viewer.poses.at(viewer.chosen[0], film.shown);
  return Boolean(window.viewer?.player.isSettled) && viewer.chosen.length > 0 && viewer.films.every(isDrawn);
}}"""
SEEK = """async ([kind, amount]) => {
  const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  await painted();
  const start = performance.now();
  await (kind === 'seek' ? viewer.seek(amount) : viewer.player.step(amount));
  const taken = performance.now() - start;
  const wrong = viewer.films.filter((film) => film.shown !== viewer.player.target).length;
  await new Promise((done) => setTimeout(done, 60));
  return [taken, wrong];
}"""
PLAY = """async (seconds) => {
  const shown = viewer.films.map(() => []);
  viewer.films.forEach((film, v) => {
    const watch = (now, { expectedDisplayTime }) => {
      shown[v].push([expectedDisplayTime, film.shown]);
      film.video.requestVideoFrameCallback(watch);
    };
    film.video.requestVideoFrameCallback(watch);
  });
  await viewer.seek(0);
  viewer.player.play();
  await new Promise((done) => setTimeout(done, 1000));
  const start = performance.now();
  await new Promise((done) => setTimeout(done, 1000 * seconds));
  const end = performance.now();
  viewer.player.pause();
  return shown.map((frames) => frames.filter(([at]) => at >= start && at < end));
}"""


def main() -> None:
    """Prepare, measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--views", type=int, default=6)
    parser.add_argument("--size", default="1280x1024")
    parser.add_argument("--frames", type=int, default=1800, help="of the rendered films")
    parser.add_argument("--seeks", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10, help="to play at every speed")
    parser.add_argument("--hour", action="store_true", help="an hour of film, made of copies")
    parser.add_argument("--folder", type=Path, help="where the project is, or is to be rendered")
    parser.add_argument("--docs", type=Path, help="write the table into the page below this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        folder = args.folder or Path(scratch) / "world"
        if not folder.is_dir():
            render(folder, args)
        table = measure(browser, folder, args)
    print(table)
    if args.docs is not None:
        publish(args.docs / PAGE, "viewer_page" + "_hour" * args.hour, table, "viewer_page")


def render(folder: Path, args: argparse.Namespace) -> None:
    """Render a session, and write what a network and a smoother would have made of it."""
    command = [sys.executable, "-m", "lightning_pose.cli.main", "synth", str(folder), "--size", args.size]
    counts = {"views": args.views, "sessions": 0, "test_sessions": 1, "test_frames": args.frames}
    words = [word for name, count in counts.items() for word in (f"--{name}", str(count))]
    subprocess.run([*command, *words], check=True)
    copies = -(-3600 * FPS // args.frames) if args.hour else 1
    films = sorted(folder.rglob(f"{SESSION}_*.mp4"))
    (folder / "videos").mkdir(exist_ok=True)
    for film in films:
        repeat(film, folder / "videos" / film.name, copies)
    truth = read_poses(next(folder.rglob(f"{SESSION}_3d.csv")))
    world = np.tile(truth.points, (copies, 1, 1))
    rig = Rig.load(next(folder.rglob("*.toml")))
    write_results(folder, truth.names, rig.names, np.asarray(rig.project(world)), world)


def repeat(film: Path, target: Path, copies: int) -> None:
    """Write a film several times behind itself, without encoding it again."""
    part = target.with_name(f"part{target.suffix}")
    with av.open(str(film)) as source, av.open(str(part), "w", options={"movflags": "+faststart"}) as new:
        stream = source.streams.video[0]
        written = new.add_stream_from_template(stream)
        packets = [packet for packet in source.demux(stream) if packet.dts is not None]
        shift = 0
        length = sum(packet.duration for packet in packets)
        for _ in range(copies):
            source.seek(0, stream=stream)
            for packet in source.demux(stream):
                if packet.dts is None:
                    continue
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, written
                new.mux(packet)
            shift += length
    film.unlink()
    part.rename(target)


def write_results(
    folder: Path,
    names: tuple[str, ...],
    views: tuple[str, ...],
    pixels: Float[np.ndarray, "V T K 2"],
    world: Float[np.ndarray, "T K 3"],
) -> None:
    """Write the tables of a network and of a smoother: the truth, with noise in the network's."""
    rng = np.random.default_rng(0)
    numbers = np.arange(len(world))
    predicted, smoothed = folder / "models" / "net" / "video_preds", folder / "smoothed" / SESSION
    for view, points in zip(views, pixels, strict=True):
        noisy = points + rng.normal(0, 2, points.shape)
        confidence = rng.uniform(0.5, 1, points.shape[:2]).round(4)
        table = predicted / f"{SESSION}_{view}.csv"
        write_poses(table, Poses(names, noisy.round(3), numbers, likelihood=confidence))
        sure = Poses(names, points.round(3), numbers, variance=np.full(points.shape, 2.5))
        write_poses(smoothed / f"multicam_{view}_results.csv", sure)
    sure = Poses(names, world.round(4), numbers, variance=np.full(world.shape, 4.0))
    write_poses(smoothed / "multicam_3d_results.csv", sure)


def measure(browser: Browser, folder: Path, args: argparse.Namespace) -> str:
    """Return the tables of one session."""
    with app(folder) as (address, process):
        page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
        page.set_default_timeout(180_000)
        first = open_page(page, address)
        ready = [open_page(page, address) for _ in range(5)]
        page.evaluate("() => viewer.choose(viewer.session.sources.map((source) => source.id))")
        frames = page.evaluate("() => viewer.session.frames")
        rng = np.random.default_rng(1)
        wrong = 0
        rows = [Row("page ready in the app, warm", ready, "3000")]
        moves = {
            "seek, all views": [("seek", int(frame)) for frame in rng.integers(0, frames, args.seeks)],
            "step forward": [("step", 1)] * (args.seeks // 2),
            "step back": [("step", -1)] * (args.seeks // 2),
        }
        for what, todo in moves.items():
            taken = [page.evaluate(SEEK, list(move)) for move in todo]
            rows.append(Row(what, [ms for ms, _ in taken], "200"))
            wrong += sum(count for _, count in taken)
        rows += trace_rows(page, args.seeks)
        lines = [table_of(rows, process.memory_info().rss / 1e6), "", first_line(first, wrong), ""]
        return "\n".join([*lines, playing(page, args.seconds)])


def first_line(first: float, wrong: int) -> str:
    """Return what the first table does not say."""
    return f"The first time it was ready after {first:.0f} ms. Views that showed another frame: {wrong}."


def open_page(page: Page, address: str) -> float:
    """Open the viewer in the app, and return the ms until all views are shown, with what is drawn on them."""
    page.goto(f"{address}viewer?session={SESSION}")
    page.wait_for_function(FIND, polling=20)
    taken = page.evaluate("() => performance.now()")
    time.sleep(1)
    return taken


def playing(page: Page, seconds: float) -> str:
    """Return the table of what is shown in motion."""
    lines = ["| speed | frames shown | drift, median | p95 | most |", "|---|---:|---:|---:|---:|"]
    for speed in (1.0, 0.5, 2.0):
        page.evaluate("(speed) => viewer.setSpeed(speed)", speed)
        shown = page.evaluate(PLAY, seconds)
        page.wait_for_function("() => viewer.player.isSettled")
        due = seconds * FPS * speed
        share = statistics.mean(len({frame for _, frame in frames}) for frames in shown) / due
        apart = drift(shown)
        middle, high, most = np.median(apart), np.percentile(apart, 95), np.max(apart)
        lines.append(f"| {speed:g} | {100 * share:.0f} % | {middle:.0f} | {high:.0f} | {most:.0f} |")
    return "\n".join([*lines, "", "Drift: frames between the first view and the last, at every picture."])


def drift(shown: list[list[tuple[float, int]]]) -> Float[np.ndarray, "n"]:
    """Return how far the views are apart (frames), at every moment when one of them changes."""
    moments = np.unique([at for frames in shown for at, _ in frames])
    begun = max(frames[0][0] for frames in shown)
    states = []
    for frames in shown:
        times, numbers = np.array(frames).T
        states.append(numbers[np.maximum(0, np.searchsorted(times, moments, side="right") - 1)])
    return np.ptp(np.stack(states), axis=0)[moments >= begun]


if __name__ == "__main__":
    main()
