"""How fast the app answers the viewer of a long recording: the table of docs/concepts/viewer.md.

    python benchmarks/viewer_server.py [--minutes 60] [--views 6] [--keypoints 30] [--sessions 1] [--docs D]

A project with one long session is written, without videos: what a network predicted, and what the smoother
made of it (an hour in 6 views with 30 keypoints: 3 GB of text). The app is started on it as a process of its
own, and asked as the viewer's page does. `--sessions` adds short ones, which only have to be found. Printed:
rows of a Markdown table, milliseconds at the median, the 95th percentile and the largest, and the memory that
the process came to need.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
from peer import publish

from apps.api.places import project_id
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.table_blocks import TableWriter
from lightning_pose.core.tables import write_poses
from lightning_pose.synthetic.rig import make_rig

PAGE = Path("concepts") / "viewer.md"
RATE, AT_ONCE, LONG = 60, 8192, "long"
PIXELS = (1280, 1024)


def write_project(folder: Path, frames: int, views: int, keypoints: int, sessions: int) -> None:
    """Write a project with one long session and some short ones; a tenth of the points is missing."""
    rng = np.random.default_rng(0)
    names = tuple(f"keypoint{number}" for number in range(keypoints))
    rig = make_rig(views, PIXELS, rng)
    create_project(folder, rig.names, skeleton_from_names(names, []))
    rig.save(folder / "calibration.toml")
    home = folder / "models" / "net"
    smoothed = home / "video_preds_smoothed"
    for view in rig.names:
        write_long(home / "video_preds" / f"{LONG}_{view}.csv", names, frames, 2, rng)
        write_long(smoothed / LONG / f"multicam_{view}_results.csv", names, frames, 2, rng, smooth=True)
    write_long(smoothed / LONG / "multicam_3d_results.csv", names, frames, 3, rng, smooth=True)
    few = Poses(names, rng.uniform(0, 1000, (3, keypoints, 2)).round(2), np.arange(3))
    for number in range(sessions - 1):
        for view in rig.names:
            write_poses(home / "video_preds" / f"short{number:04d}_{view}.csv", few)
            write_poses(smoothed / f"short{number:04d}" / f"multicam_{view}_results.csv", few)


def write_long(
    path: Path,
    names: tuple[str, ...],
    frames: int,
    dims: int,
    rng: np.random.Generator,
    *,
    smooth: bool = False,
) -> None:
    """Write one table of a long session."""
    with TableWriter(path) as table:
        for start in range(0, frames, AT_ONCE):
            shape = (min(AT_ONCE, frames - start), len(names), dims)
            points = rng.uniform(0, 1000, shape).round(4)
            points[rng.random(shape[:2]) < 0.1] = np.nan
            table.append_poses(
                Poses(
                    names,
                    points,
                    np.arange(start, start + shape[0]),
                    likelihood=rng.random(shape[:2]).round(6) if dims == 2 else None,
                    variance=rng.uniform(0.1, 4, shape).round(6) if smooth else None,
                )
            )


class App:
    """The app as a process of its own, and a connection to it that is kept."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "apps.server", str(folder), "--port", "0", "--no-browser"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r":(\d+)/", line)
        if found is None:
            raise SystemExit(f"the app did not start: {line}")
        self.link = http.client.HTTPConnection("127.0.0.1", int(found.group(1)))
        self.home = f"/api/projects/{project_id(folder)}"

    def get(self, path: str, **query: Any) -> tuple[int, bytes]:
        """Return status and body of an address below the project."""
        self.link.request("GET", f"{self.home}{path}{'?' if query else ''}{urlencode(query)}")
        answer = self.link.getresponse()
        return answer.status, answer.read()

    def memory(self, key: str = "VmHWM") -> float:
        """Return the largest resident memory so far, MiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+)", text).group(1)) / 1024  # pyright: ignore[reportOptionalMemberAccess]

    def end(self) -> None:
        """End the app."""
        self.process.terminate()
        self.process.wait(20)


def times(action: Callable[[int], tuple[int, bytes]], count: int) -> np.ndarray:
    """Return the milliseconds of every call, each of which must be answered."""
    taken = []
    for number in range(count):
        begin = time.perf_counter()
        status, body = action(number)
        taken.append((time.perf_counter() - begin) * 1e3)
        if status != 200:
            raise SystemExit(f"answered {status}: {body[:200]!r}")
    return np.array(taken)


def row(what: str, milliseconds: np.ndarray, limit: str = "") -> str:
    """Return a row of the table."""
    middle, high = np.percentile(milliseconds, [50, 95])
    return f"| {what} | {middle:.1f} | {high:.1f} | {milliseconds.max():.1f} | {limit} |"


def measure(folder: Path, repeats: int) -> Iterator[str]:
    """Yield the rows of the table, of a project that was never opened."""
    app, rng = App(folder), np.random.default_rng(1)
    try:
        app.get("")  # opens the project's labels
        yield row("`/recordings`, first", times(lambda _: app.get("/recordings"), 1))
        yield row("`/recordings`", times(lambda _: app.get("/recordings"), 10), "200")
        yield row(
            "`/recordings/{session}`, first", times(lambda _: app.get(f"/recordings/{LONG}"), 1), "1000"
        )
        session = json.loads(app.get(f"/recordings/{LONG}")[1])
        sources, frames = {one["kind"]: one["id"] for one in session["sources"]}, session["frames"]
        starts = rng.integers(0, max(1, frames - 128), repeats).tolist()

        def window(number: int) -> tuple[int, bytes]:
            return app.get(
                f"/recordings/{LONG}/poses/{sources['smoother']}",
                start=starts[number],
                stop=starts[number] + 128,
            )

        def trace(kind: str, **query: Any) -> tuple[int, bytes]:
            known = {"view": session["views"][0]["name"] if session["views"] else views[0], "width": 1280}
            return app.get(f"/recordings/{LONG}/traces/{sources[kind]}", **known, **query)

        views = next(one["views"] for one in session["sources"] if one["kind"] == "network")
        names = session["keypoints"]
        yield row("poses of 128 frames, all views, out of the text", times(window, min(20, repeats)), "200")
        begin = time.perf_counter()
        for kind, query in (("smoother", {"quantity": "x"}), ("network", {"quantity": "reprojection"})):
            while trace(kind, keypoint=names[0], **query)[0] == 202:
                time.sleep(0.2)
            seconds = time.perf_counter() - begin
            yield f"| until the {query['quantity']} trace of the {kind} is there | {seconds:.1f} s ||||"
        while trace("smoother", keypoint=names[0], quantity="z", space="world")[0] == 202:
            time.sleep(0.2)
        yield row("poses of 128 frames, all views, from copies", times(window, repeats), "50")
        for quantity, space in (("x", "px"), ("speed", "px"), ("z", "world"), ("speed", "world")):
            made = times(
                lambda n, q=quantity, s=space: trace(
                    "smoother", keypoint=names[n % len(names)], quantity=q, space=s
                ),
                repeats,
            )  # fmt: skip
            yield row(f"trace of {quantity} ({space}), the whole recording", made, "100")
        spans = np.exp(rng.uniform(np.log(200), np.log(frames), repeats)).astype(int)

        def zoomed(number: int) -> tuple[int, bytes]:
            start = int(rng.integers(0, max(1, frames - spans[number])))
            stop = start + int(spans[number])
            return trace(
                "smoother", keypoint=names[number % len(names)], quantity="x", start=start, stop=stop
            )

        yield row("trace of x, zoomed and panned anywhere", times(zoomed, repeats), "100")
        yield f"| memory of the app, resident, at most | {app.memory():.0f} MiB | | | 600 MiB |"
    finally:
        app.end()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--views", type=int, default=6)
    parser.add_argument("--keypoints", type=int, default=30)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; kept (default: a temporary one)")
    parser.add_argument("--docs", type=Path, help="write the table into the page below this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary)) / "project"
        os.environ["XDG_CONFIG_HOME"] = temporary  # the project is not to be among the recent ones
        if not folder.exists():
            frames = round(args.minutes * 60 * RATE)
            write_project(folder, frames, args.views, args.keypoints, args.sessions)
        lines = ["| | median, ms | 95 % | largest | held to |", "|---|---|---|---|---|"]
        print("\n".join(lines), flush=True)
        for line in measure(folder, args.repeats):
            print(line, flush=True)
            lines.append(line)
    if args.docs is not None:
        publish(args.docs / PAGE, "viewer_server", "\n".join(lines))


if __name__ == "__main__":
    main()
