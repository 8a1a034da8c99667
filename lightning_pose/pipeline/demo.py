"""The main job on rendered data: synthesise, train an ensemble, predict an unseen session, smooth, score.

Every step is the command that a user would type; it is printed before it runs. A step whose result exists is
not repeated, so an interrupted demo goes on where it stopped.
"""

import importlib.metadata
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from lightning_pose.benchmarks.trajectories import (
    Score,
    Trajectories,
    read_members,
    read_smoothed,
    score_session,
)
from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError, PoseError
from lightning_pose.core.files import write_json, write_text
from lightning_pose.core.naming import group_by_session
from lightning_pose.core.project import open_project
from lightning_pose.core.tables import read_poses
from lightning_pose.pipeline.report import write_report

LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")
EKS = (sys.executable, "-m", "eks.cli")
TEST_VIDEOS = "videos_test"
PACKAGES = ("lightning-pose-3d", "torch", "jax", "numpy", "opencv-contrib-python", "av", "transformers")


class DemoSize(NamedTuple):
    """How much is rendered and how long the networks train."""

    views: int
    sessions: int
    train_frames: int
    test_frames: int
    labels: int
    image: int
    network: int
    steps: int
    seeds: tuple[int, ...]


FULL = DemoSize(
    views=4,
    sessions=20,  # what an unseen animal needs is many others, each with few labels
    train_frames=24,
    test_frames=300,
    labels=8,
    image=256,
    network=128,
    steps=600,
    seeds=(0, 1, 2),
)
QUICK = DemoSize(
    views=2, sessions=1, train_frames=24, test_frames=24, labels=8,
    image=128, network=64, steps=6, seeds=(0, 1),
)  # fmt: skip


class Step(NamedTuple):
    """One command of the demo, and the file that proves it has finished."""

    name: str
    command: tuple[str, ...]
    result: Path


class Layout(NamedTuple):
    """Where the demo leaves things."""

    out: Path
    project: Path
    config: Path
    model: Path
    smoothed: Path


def run_demo(out: Path, *, quick: bool = False, console: Console | None = None) -> dict[str, Any]:
    """Run the whole chain into `out` and return what `summary.json` says.

    Args:
        out: folder to fill; a demo of the same size that was interrupted there goes on.
        quick: the same path on tiny data, without claims on accuracy.
        console: where progress and the table are printed.

    Raises:
        DataError: when `out` holds something else, or a demo of the other size.
        PoseError: when a step fails; its own message has been printed.
    """
    console = console or Console()
    size = QUICK if quick else FULL
    at = Layout(out, out / "project", out / "config.yaml", out / "models" / "demo", out / "smoothed")
    _claim(at, quick)
    write_text(at.config, _config(size))
    timings: dict[str, float] = {}
    steps = (lambda: _synth(at, size), lambda: _train(at, size), lambda: _predict(at), lambda: _smooth(at))
    for make in steps:
        _run(make, console, timings, out / "timings.json")
    result = _load(at, size)
    scores = score_session(result)
    summary = {
        "quick": quick,
        "size": size._asdict(),
        "session": result.session,
        "unit": result.rig.unit or "world units",
        "scores": {method: score._asdict() for method, score in scores.items()},
        "seconds": json.loads((out / "timings.json").read_text()),
        "versions": _versions(),
    }
    write_json(out / "summary.json", summary)
    report = write_report(out, summary, result, open_project(at.project).skeleton)
    console.print(score_table(scores, result.rig.unit or "world units"))
    if quick:
        console.print("[dim]--quick trains for a few steps only: the numbers mean nothing.[/dim]")
    console.print(
        f"report   {report}\nsummary  {out / 'summary.json'}\nmodels   {at.model}\nsmoothed {at.smoothed}"
    )
    console.print(f"look at it in the browser:  litpose app {out}", highlight=False)
    return summary


def score_table(scores: dict[str, Score], unit: str) -> Table:
    """Lay out the scores of the methods for a terminal of 80 columns."""
    title = f"the unseen session, against the truth: 2D median (px), 3D error ({unit}),\n"
    title += "truth inside the 95 % interval (%)"
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), collapse_padding=True)
    table.add_column("method", no_wrap=True)
    views = next(iter(scores.values())).median_px
    for heading in (*views, "3D mean", "p95", "covers"):
        table.add_column(heading, justify="right")
    for method, score in scores.items():
        errors = (*score.median_px.values(), score.mean_3d, score.p95_3d)
        coverage = "" if score.coverage_95 is None else f"{100 * score.coverage_95:.1f}"
        table.add_row(method, *(f"{error:.2f}" for error in errors), coverage)
    return table


def _claim(at: Layout, quick: bool) -> None:
    """Make `out` the folder of this demo, unless it is somebody else's."""
    mark = at.out / "demo.json"
    if mark.exists():
        if json.loads(mark.read_text()) != {"quick": quick}:
            raise DataError(
                f"{at.out}: holds a demo of the other size (--quick or not). Choose another --out."
            )
        return
    if at.out.exists() and any(at.out.iterdir()):
        raise DataError(f"{at.out}: expected an empty folder or a demo to go on with. Choose another --out.")
    write_json(mark, {"quick": quick})


def _run(make: Callable[[], Step], console: Console, timings: dict[str, float], ledger: Path) -> None:
    """Run one step unless its result exists; add its seconds to the ledger."""
    step = make()
    if ledger.exists():
        timings.update(json.loads(ledger.read_text()))
    if step.name in timings and step.result.exists():
        console.print(f"[dim]{step.name}: done before[/dim]")
        return
    console.rule(f"[bold]{step.name}", align="left")
    console.print("$ " + _shown(step.command), style="cyan", highlight=False, soft_wrap=True)
    start = time.monotonic()
    code = subprocess.run(step.command, check=False).returncode
    if code:
        raise PoseError(
            f"the step '{step.name}' of the demo failed (exit code {code}); its message is above."
        )
    timings[step.name] = round(time.monotonic() - start, 2)
    write_json(ledger, timings)


def _shown(command: tuple[str, ...]) -> str:
    """Return the command as a user types it."""
    head = {LITPOSE: "litpose", EKS: "eks"}[command[:3]]
    return " ".join((head, *command[3:]))


def _config(size: DemoSize) -> str:
    """Return the training config of the demo: what differs from the defaults, nothing else."""
    return f"""# Training configuration of the demo; every other key has its default.
data:
  data_dir: project
  image_resize_dims: {{height: {size.network}, width: {size.network}}}
training:
  max_steps: {size.steps}
  train_batch_size: 4
  augment:  # short training: moved and hidden less; the unseen animal has another coat
    {{rotation: 15, zoom: 0.15, shift: 0.06, blur: 0, erasing: 0.25, erasing_size: 0.2,
     brightness: 0.35, contrast: 0.4, colour: 0.25}}
model:
  backbone: resnet18
  backbone_weights: none
"""


def _synth(at: Layout, size: DemoSize) -> Step:
    """Render the labeled sessions and one unseen session (another individual, another light)."""
    options = {
        "--views": size.views, "--sessions": size.sessions, "--frames": size.train_frames,
        "--test_sessions": 1, "--test_frames": size.test_frames,
        "--labels": size.labels, "--size": size.image,
    }  # fmt: skip
    command = (*LITPOSE, "synth", str(at.project), *(str(word) for pair in options.items() for word in pair))
    command += ("--visible",)  # as people label: what a camera does not see is marked as hidden
    return Step("render", command, at.project / "project.yaml")


def _train(at: Layout, size: DemoSize) -> Step:
    """Train the ensemble from scratch; go on where an interrupted training stopped."""
    command = (*LITPOSE, "train", str(at.config), "--output_dir", str(at.model))
    command += ("--seeds", *(str(seed) for seed in size.seeds))
    if (at.model / "ensemble.yaml").exists():
        command += ("--resume",)
    return Step("train", command, at.model / "ensemble.yaml")


def _predict(at: Layout) -> Step:
    """Predict the unseen session with every member."""
    command = (*LITPOSE, "predict", str(at.model), str(at.project / TEST_VIDEOS))
    return Step("predict", command, at.model / "video_preds")


def _smooth(at: Layout) -> Step:
    """Smooth the ensemble's predictions in 3D."""
    calibration = at.project / "calibrations" / f"{_test_session(at)}.toml"
    command = (*EKS, "multicam", "--input-dir", str(at.model / "video_preds"))
    command += ("--calibration", str(calibration), "--save-dir", str(at.smoothed))
    return Step("smooth", command, at.smoothed / "multicam_3d_results.csv")


def _test_session(at: Layout) -> str:
    """Return the name of the one session that was not labeled."""
    videos = (at.project / TEST_VIDEOS).glob("*.mp4")
    (session,) = group_by_session(videos, open_project(at.project).view_names)
    return session


def _load(at: Layout, size: DemoSize) -> Trajectories:
    """Read back what the steps wrote."""
    session = _test_session(at)
    rig = Rig.load(at.project / "calibrations" / f"{session}.toml")
    return Trajectories(
        session,
        read_members(at.model / "video_preds", session, rig.names, size.seeds),
        read_smoothed(at.smoothed, rig.names),
        read_poses(at.project / "truth" / f"{session}_3d.csv"),
        rig,
    )


def _versions() -> dict[str, str]:
    """Return the versions that the numbers depend on."""
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }
