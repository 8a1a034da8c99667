"""Train, predict and smooth a real 4-camera recording of a person, and score the frames that were held out.

    python benchmarks/human4cam.py --data PATH/human-4cam --out outputs/human4cam [--docs docs]

Three seeds are trained from scratch on frames 0-54; frames 55-69 are scored against the 3D points that the
labels are projections of (`balancing_3d.csv`). The recorded detections in `openpose/` (one seed, real
outliers) are smoothed and scored on frames 0-69. The table goes to `OUT/table.md`.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lightning_pose.benchmarks.trajectories import (
    Score,
    Trajectories,
    read_members,
    read_smoothed,
    score_session,
    score_track,
)
from lightning_pose.core import plots
from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import write_text
from lightning_pose.core.skeletons import guess_skeleton
from lightning_pose.core.tables import read_poses

SESSION = "balancing"
VIEWS = ("cam1", "cam2", "cam3", "cam4")
LABELED, TRAINED = 70, 55  # frames 0-69 have truth, 0-54 are trained on
SHOWN = 62  # the frame of the picture: held out
TRACED = "RWrist"
TABLE = "<!-- table: written by benchmarks/human4cam.py --docs docs -->"
END = "<!-- end of table -->"
LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")
EKS = (sys.executable, "-m", "eks.cli")


def main() -> None:
    """Run the benchmark; steps whose result exists are not repeated."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = (
        Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data")) / "human-4cam"
    )
    parser.add_argument("--data", type=Path, default=default, help="the recording's project folder")
    parser.add_argument("--out", type=Path, default=Path("outputs/human4cam"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the table and the pictures")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    result = run_chain(args.data, args.out, args.seeds, args.steps)
    chain = {
        "trained": score_session(result.at(slice(0, TRAINED))),
        "held out": score_session(result.at(slice(TRAINED, LABELED))),
    }
    recorded = run_recorded(args.data, args.out)
    minutes = _add_up(args.out / "seconds.txt", time.monotonic() - start) / 60
    page = table(chain, recorded, minutes, len(args.seeds), args.steps)
    write_text(args.out / "table.md", page)
    print(page)
    if args.docs:
        publish(args.docs, page, result)


def run_chain(
    data: Path, out: Path, seeds: list[int], steps: int, settings: Sequence[str] = ()
) -> Trajectories:
    """Train with changed settings (`key=value`), predict, smooth; return what came out."""
    held_out = {"first": TRAINED, "last": LABELED - 1}
    write_text(out / "config.yaml", CONFIG.format(data=data.resolve(), steps=steps, **held_out))
    model, smoothed = out / "model", out / "smoothed"
    train = ("train", str(out / "config.yaml"), *settings, "--output_dir", str(model))
    run(*LITPOSE, *train, "--seeds", *map(str, seeds), *(["--resume"] if model.exists() else []))
    run(*LITPOSE, "predict", str(model), str(data / "videos"))
    calibration = data / "calibrations" / f"{SESSION}.toml"
    preds = model / "video_preds"
    run(
        *EKS,
        "multicam",
        "--input-dir",
        str(preds),
        "--calibration",
        str(calibration),
        "--save-dir",
        str(smoothed),
    )
    rig = Rig.load(calibration)
    return Trajectories(
        SESSION,
        read_members(preds, SESSION, VIEWS, seeds),
        read_smoothed(smoothed, VIEWS),
        read_poses(data / "balancing_3d.csv"),
        rig,
    )


def run_recorded(data: Path, out: Path) -> dict[str, Score]:
    """Smooth the recorded detections (one seed); compare with robust triangulation per frame."""
    calibration, smoothed = data / "calibrations" / f"{SESSION}.toml", out / "smoothed_recorded"
    source = ("--input-dir", str(data / "openpose"), "--calibration", str(calibration))
    run(*EKS, "multicam", *source, "--save-dir", str(smoothed))
    rig, truth = Rig.load(calibration), read_poses(data / "balancing_3d.csv")
    tables = [read_poses(data / "openpose" / f"{SESSION}_{view}.csv") for view in VIEWS]
    points = np.array([t.points for t in tables])[:, :LABELED]
    likelihood = np.array([t.likelihood for t in tables])[:, :LABELED]
    track = read_smoothed(smoothed, VIEWS)
    known = truth.points[:, [truth.names.index(name) for name in track.names]]
    return {
        "linear, per frame": score_track(
            "linear, per frame", rig.triangulate(points, likelihood), known, rig
        ),
        "robust, per frame": score_track(
            "robust, per frame", rig.triangulate_robust(points, likelihood).xyz, known, rig
        ),
        "smoother": score_track(
            "smoother", track.points[:LABELED], known, rig, variance=track.variance[:LABELED]
        ),
    }


def _add_up(ledger: Path, seconds: float) -> float:
    """Return the seconds of this run and of the interrupted ones before it."""
    before = float(ledger.read_text()) if ledger.exists() else 0.0
    write_text(ledger, str(before + seconds))
    return before + seconds


def run(*command: str) -> None:
    """Run one command; stop when it fails."""
    print("$", " ".join(command[2:]), flush=True)
    subprocess.run(command, check=True)


def table(
    chain: dict[str, dict[str, Score]], recorded: dict[str, Score], minutes: float, seeds: int, steps: int
) -> str:
    """Lay out both tables as markdown; lengths in mm."""
    head = "| frames | method | " + " | ".join(f"{view} px" for view in VIEWS)
    lines = [
        f"{seeds} seeds, ResNet-18 from scratch, {steps} steps each; {minutes:.1f} minutes in all.",
        "",
        head + " | 3D mean mm | 3D median mm | 95 % interval covers |",
        "| --- | --- |" + " ---: |" * (len(VIEWS) + 3),
    ]
    for frames, scores in chain.items():
        lines += [f"| {frames} | {_row(score)} |" for score in scores.values()]
    lines += [
        "",
        "The recorded detections (one seed), frames 0-69:",
        "",
        "| method | "
        + " | ".join(f"{view} px" for view in VIEWS)
        + " | 3D mean mm | 3D median mm | covers | jitter mm |",
        "| --- |" + " ---: |" * (len(VIEWS) + 4),
    ]
    lines += [f"| {_row(score)} | {1000 * score.jitter_3d:.1f} |" for score in recorded.values()]
    return "\n".join(lines) + "\n"


def _row(score: Score) -> str:
    """Return one method's numbers: median px per view, 3D in mm, coverage."""
    pixels = " | ".join(f"{value:.1f}" for value in score.median_px.values())
    coverage = "" if score.coverage_95 is None else f"{100 * score.coverage_95:.0f} %"
    return (
        f"{score.method} | {pixels} | {1000 * score.mean_3d:.1f} | {1000 * score.median_3d:.1f} | {coverage}"
    )


def publish(docs: Path, page: str, result: Trajectories) -> None:
    """Put the table and the picture into the documentation."""
    tutorial = docs / "tutorials" / "human4cam.md"
    before, rest = tutorial.read_text(encoding="utf-8").split(TABLE, 1)
    _, after = rest.split(END, 1)
    write_text(tutorial, f"{before}{TABLE}\n{page}\n{END}{after}")
    plots.save_figure(picture(result), docs / "images" / "human4cam.png")


def picture(result: Trajectories) -> Figure:
    """Draw a held-out instant in every view, and one keypoint over time, beside what is known."""
    figure = plots.new_figure(12, 9)
    upper, lower = figure.subfigures(2, 1, height_ratios=(3, 2))
    edges = guess_skeleton(result.members.names).edges
    known_px = result.rig.project(result.known)
    for v, axis in enumerate(upper.subplots(1, len(VIEWS))):
        plots.plot_skeleton_2d(axis, known_px[v, SHOWN], edges, color="lightgrey", lw=4)
        plots.plot_skeleton_2d(axis, result.smoothed.pixels[v, SHOWN], edges)
        axis.set_title(VIEWS[v])
        axis.set_axis_off()
    k = result.members.names.index(TRACED)
    for d, axis in enumerate(lower.subplots(1, 3)):
        frames = np.arange(len(result.smoothed.points))
        track, variance = 1000 * result.smoothed.points[:, k, d], 1e6 * result.smoothed.variance[:, k, d]
        plots.plot_trace(axis, frames, track, variance, label="smoother")
        axis.plot(1000 * result.known[:, k, d], color="black", ls="--", lw=1, label="known")
        axis.axvspan(TRAINED, LABELED, color="orange", alpha=0.15, lw=0, label="held out")
        axis.set(title=f"{TRACED}, {'xyz'[d]}", xlabel="frame", ylabel="mm")
    axis.legend(fontsize=8)
    return figure


CONFIG = """data:
  data_dir: {data}
  csv_file: [cam1.csv, cam2.csv, cam3.csv, cam4.csv]
  view_names: [cam1, cam2, cam3, cam4]
  image_resize_dims: {{height: 352, width: 192}}
training:
  test_frames: {first}-{last}
  max_steps: {steps}
  train_batch_size: 4
  augment: {{rotation: 15, zoom: 0.15, shift: 0.06, blur: 0, erasing: 0.25, erasing_size: 0.2}}
"""

if __name__ == "__main__":
    main()
