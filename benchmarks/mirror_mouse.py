"""Train the released Lightning Pose and ours on the same frames of a real recording; score 20 others.

    python benchmarks/mirror_mouse.py --peer PATH/TO/litpose [--data PATH/mirror-mouse] [--docs docs]

70 labeled frames, two random splits: 20 frames to score, the other 50 to both programs, which choose their
validation frames from these as they do by default. ResNet-18 from random weights, 256 x 256, batches of 16,
on a CPU. The peer trains with its JS loss (with its default, the squared difference of heatmaps, it does not
learn from random weights), ours with our defaults, over as many steps and over half as many. Runs whose
result exists are not repeated; `--splits` and `--programs` choose which are made, so that several processes
can share the work.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from peer import Recipe, publish, run, train_peer, write_peer_config

from lightning_pose.core.files import write_text
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_labels, read_poses, write_poses

LABELS, SCORED = "CollectedData.csv", "CollectedData_test.csv"
N_SCORED = 20
PAGE = Path("concepts") / "benchmarks_training.md"
LITPOSE = (sys.executable, "-m", "lightning_pose.cli.main")


class Row(NamedTuple):
    """One program on one split: the distance of each keypoint of the scored frames from its label, px."""

    program: str
    split: int
    errors: Float[np.ndarray, "T K"]


def main() -> None:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=shared / "mirror-mouse", help="the project folder")
    parser.add_argument("--out", type=Path, default=Path("outputs/mirror_mouse"))
    parser.add_argument("--peer", type=Path, help="the peer's litpose, in an environment of its own")
    parser.add_argument("--splits", type=int, nargs="+", default=[0, 1])
    parser.add_argument(
        "--programs", nargs="*", choices=("peer", "ours", "half"), default=["peer", "ours", "half"]
    )
    parser.add_argument("--steps", type=int, default=1200)
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the table")
    args = parser.parse_args()
    recipe = Recipe("resnet18", 256, 256, args.steps, 16)
    for split in args.splits:
        folder = args.out.resolve() / f"split{split}"
        make_project(args.data.resolve(), folder / "project", split)
        if "peer" in args.programs and args.peer:
            run_peer(args.peer, folder, recipe)
        for program, steps in (("ours", args.steps), ("half", args.steps // 2)):
            if program in args.programs:
                run_ours(folder, folder / program, recipe._replace(steps=steps))
    page = table(collect(args.out), args.steps)
    write_text(args.out / "table.md", page)
    print(page)
    if args.docs:
        publish(args.docs / PAGE, "mirror_mouse", page)


def make_project(data: Path, project: Path, split: int) -> None:
    """Lay out the split: labels to train on, labels to score, and the images by a link."""
    if (project / SCORED).exists():
        return
    labels = read_labels(data / LABELS)
    order = np.random.default_rng(split).permutation(len(labels))
    write_poses(project / LABELS, labels.rows(np.sort(order[N_SCORED:])))
    for folder in ("labeled-data", "videos"):
        (project / folder).symlink_to(data / folder)
    write_poses(project / SCORED, labels.rows(np.sort(order[:N_SCORED])))


def run_peer(litpose: Path, folder: Path, recipe: Recipe) -> None:
    """Train the peer anew unless it has finished; it cannot be resumed."""
    if predictions(folder / "peer").exists():
        return
    shutil.rmtree(folder / "peer", ignore_errors=True)
    write_peer_config(folder / "peer.yaml", folder / "project", LABELS, recipe)
    train_peer(litpose, folder / "peer.yaml", folder / "peer")


def run_ours(folder: Path, model: Path, recipe: Recipe, settings: Sequence[str] = ()) -> None:
    """Train ours, by default with its defaults, or go on where it stopped, and predict the scored frames."""
    config = folder / f"{model.name}.yaml"
    write_text(config, OURS.format(project=folder / "project", **recipe._asdict()))
    resume = ["--resume"] if model.exists() else []
    run(*LITPOSE, "train", str(config), *settings, "--output_dir", str(model), *resume)
    run(*LITPOSE, "predict", str(model), str(folder / "project" / SCORED))


def predictions(model: Path) -> Path:
    """Return where both programs put what they predict of a label file."""
    return model / "image_preds" / SCORED / "predictions.csv"


def collect(out: Path) -> list[Row]:
    """Score every prediction there is."""
    rows = []
    for folder in sorted(out.glob("split*")):
        truth = read_labels(folder / "project" / SCORED)
        for program in ("peer", "ours", "half"):
            if predictions(folder / program).exists():
                split = int(folder.name.removeprefix("split"))
                rows.append(Row(program, split, score(folder / program, truth)))
    return rows


def score(model: Path, truth: Poses) -> Float[np.ndarray, "T K"]:
    """Return the distance of what a model predicts of the scored frames from their labels, px."""
    found = read_poses(predictions(model)).select(truth.names)
    if [*found.frames] != [*truth.frames]:
        raise SystemExit(f"{predictions(model)} and {SCORED} name different frames")
    return np.linalg.norm(found.points - truth.points, axis=-1)


def table(rows: list[Row], steps: int) -> str:
    """Lay out the errors of every split, and how far ours are from the peer's."""
    called = {"peer": f"peer, JS, {steps} steps", "ours": f"ours, {steps}", "half": f"ours, {steps // 2}"}
    peers = {row.split: np.nanmean(row.errors) for row in rows if row.program == "peer"}
    lines = ["| split | program | mean px | median px | 95 % px | mean against the peer |"]
    lines.append("| ---: | --- |" + " ---: |" * 4)
    for program, split, errors in rows:
        mean, median, high = np.nanmean(errors), np.nanmedian(errors), np.nanquantile(errors, 0.95)
        against = f"{100 * (mean / peers[split] - 1):+.0f} %" if split in peers and program != "peer" else ""
        cells = [str(split), called[program], f"{mean:.2f}", f"{median:.2f}", f"{high:.2f}", against]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


OURS = """data:
  data_dir: {project}
  image_resize_dims: {{height: {height}, width: {width}}}
model:
  backbone: {backbone}
training:
  max_steps: {steps}
  train_batch_size: {batch}
  check_val_every_n_epoch: {validate_every}
  rng_seed_model_pt: {seed}
"""

if __name__ == "__main__":
    main()
