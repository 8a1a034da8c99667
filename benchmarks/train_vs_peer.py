"""Steps per second and peak memory of our training against the released Lightning Pose, interleaved.

    python benchmarks/train_vs_peer.py --peer PATH/TO/litpose [--repeat 3] [--accuracy] [--docs docs]

Whole processes of two lengths are run in turns; the difference of their times is that of the steps between,
with loading, augmentation, validation and checkpoints, without start-up and evaluation. ResNet-50, 256 x 256,
batches of 16 of a real recording, both programs with their default number of threads and workers. Memory is
the largest sum over a program's processes (proportional set size, so shared pages count once; Linux only).
With --accuracy ours is also trained in float32 and in bfloat16, over 400 steps of ResNet-18, on two splits
with two seeds each, and scored on 20 frames left out.
"""

import argparse
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mirror_mouse import LABELS, LITPOSE, OURS, PAGE, SCORED, make_project, run_ours, score
from peer import Recipe, publish, write_peer_config
from watch import Cost, run_watched

from lightning_pose.build.machine import cpu_has_bf16
from lightning_pose.core.files import write_text
from lightning_pose.core.tables import read_labels

EVERY_EPOCHS = 2  # of validation: the peer leaves no model when it stops before the first


class Speed(NamedTuple):
    """A program's costs in every repeat."""

    seconds_per_step: list[float]
    peak_mb: list[float]


def main() -> None:
    """Measure, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=shared / "mirror-mouse", help="the project folder")
    parser.add_argument("--out", type=Path, default=Path("outputs/train_vs_peer"))
    parser.add_argument("--peer", type=Path, help="the peer's litpose, in an environment of its own")
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--steps", type=int, nargs=2, default=[6, 18], help="of the short and the long run")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--precisions", nargs="+", default=["auto"], help="of ours; one row each")
    parser.add_argument("--accuracy", action="store_true", help="compare fp32 with bf16")
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the tables")
    args = parser.parse_args()
    out = args.out.resolve()
    make_project(args.data.resolve(), out / "project", 0)
    page = speed_table(measure(args, out), args)
    if args.accuracy:
        page += "\n" + accuracy_table(args.data.resolve(), out / "accuracy")
    write_text(out / "table.md", page)
    print(page)
    if args.docs:
        publish(args.docs / PAGE, "train_vs_peer", page)


def measure(args: argparse.Namespace, out: Path) -> dict[str, Speed]:
    """Run every program at both lengths in turns, so that all meet the same weather."""
    programs = [f"ours, {precision}" for precision in args.precisions] + ["peer"] * bool(args.peer)
    speeds = {program: Speed([], []) for program in programs}
    for _ in range(args.repeat):
        for program in programs:
            short, long = (
                run_anew(command(program, args, out, steps), out / "model") for steps in args.steps
            )
            seconds = (long.wall - short.wall) / (args.steps[1] - args.steps[0])
            speeds[program].seconds_per_step.append(seconds)
            speeds[program].peak_mb.append(long.peak_mb)
            print(f"{program}: {seconds:.2f} s per step, peak {long.peak_mb:.0f} MB", flush=True)
    return speeds


def command(program: str, args: argparse.Namespace, out: Path, steps: int) -> list[str]:
    """Write a program's configuration and return what starts it."""
    workers = os.cpu_count() or 1  # the peer's default
    recipe = Recipe(args.backbone, 256, 256, steps, 16, workers=workers, validate_every=EVERY_EPOCHS)
    config, model = out / f"{program.split(',')[0]}_{steps}.yaml", ["--output_dir", str(out / "model")]
    if program == "peer":
        write_peer_config(config, out / "project", LABELS, recipe)
        return [str(args.peer), "train", str(config), *model]
    write_text(config, OURS.format(project=out / "project", **recipe._asdict()))
    return [*LITPOSE, "train", str(config), f"training.precision={program.split(', ')[1]}", *model]


def run_anew(words: list[str], model: Path) -> Cost:
    """Run a training to its end in an empty folder."""
    shutil.rmtree(model, ignore_errors=True)
    return run_watched(words, model.parent / "log.txt")


def speed_table(speeds: dict[str, Speed], args: argparse.Namespace) -> str:
    """Lay out the medians over the repeats, and how they stand to the peer's."""
    machine = f"{os.cpu_count()} cores, {'with' if cpu_has_bf16() else 'without'} bf16 instructions"
    lines = [
        f"{args.backbone}, 256 x 256, batches of 16, {machine}; median of {args.repeat} (range).",
        "",
        "| program | s per step | steps per s | against the peer | peak memory MB | against the peer |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    medians = {
        name: (np.median(speed.seconds_per_step), np.median(speed.peak_mb)) for name, speed in speeds.items()
    }
    for name, speed in speeds.items():
        seconds, peak = medians[name]
        spread = f"{min(speed.seconds_per_step):.2f} - {max(speed.seconds_per_step):.2f}"
        faster = f"{medians['peer'][0] / seconds:.2f} x" if "peer" in medians else ""
        larger = f"{peak / medians['peer'][1]:.2f} x" if "peer" in medians else ""
        lines.append(
            f"| {name} | {seconds:.2f} ({spread}) | {1 / seconds:.3f} | {faster} | {peak:.0f} | {larger} |"
        )
    return "\n".join(lines) + "\n"


def accuracy_table(data: Path, out: Path, steps: int = 400) -> str:
    """Train in both precisions, alike in all else, and lay out the errors on the frames left out."""
    errors: dict[str, list[np.ndarray]] = {"fp32": [], "bf16": []}
    for split in (0, 1):
        folder = out / f"split{split}"
        make_project(data, folder / "project", split)
        truth = read_labels(folder / "project" / SCORED)
        for seed in (0, 1):
            for precision, of in errors.items():
                model = folder / f"{precision}_rng={seed}"
                recipe = Recipe("resnet18", 256, 256, steps, 16, seed)
                run_ours(folder, model, recipe, [f"training.precision={precision}"])
                of.append(score(model, truth))
    lines = [
        f"ResNet-18, {steps} steps, two splits with two seeds each:",
        "",
        "| precision | mean px (each) | mean px | median px |",
        "| --- | --- | ---: | ---: |",
    ]
    for precision, of in errors.items():
        means = [float(np.nanmean(distances)) for distances in of]
        median = np.mean([np.nanmedian(distances) for distances in of])
        each = ", ".join(f"{mean:.2f}" for mean in means)
        lines.append(f"| {precision} | {each} | {np.mean(means):.2f} | {median:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
