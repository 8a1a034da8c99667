"""The released chain (Lightning Pose per view, then EKS) and ours on a real 4-camera recording: 3D errors.

    python benchmarks/human4cam_vs_peer.py --peer PATH/TO/litpose --peer-eks PATH/TO/eks [--docs docs]

Both train on frames 0-54 and are scored on 55-69, which neither sees: ResNet-18 from random weights, the same
size of the network's input, steps, images per view and step, and seeds. The peer trains a network per view
and seed (JS loss), ours one per seed for all views. What is finished is not repeated; `--stage train --views`
trains some, so that several processes can share the work. `--settings` changes our configuration.
"""

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from human4cam import LABELED, SESSION, TRAINED, VIEWS, run_chain
from peer import Recipe, publish, run, train_peer, write_peer_config

from lightning_pose.benchmarks.trajectories import (
    Score,
    Trajectories,
    read_members,
    read_smoothed,
    score_session,
)
from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import write_text
from lightning_pose.core.tables import read_labels, read_poses, write_poses

LABELS = "CollectedData.csv"
PAGE = Path("concepts") / "benchmarks_training.md"
METHODS = ("one seed", "ensemble median, weighted", "smoother")


def main() -> None:
    """Run what is missing, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    shared = Path(os.environ.get("LITPOSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=shared / "human-4cam", help="the project folder")
    parser.add_argument("--out", type=Path, default=Path("outputs/human4cam_vs_peer"))
    parser.add_argument("--peer", type=Path, help="the peer's litpose, in an environment of its own")
    parser.add_argument("--peer-eks", type=Path, help="the peer's eks, in an environment of its own")
    parser.add_argument("--programs", nargs="+", choices=("peer", "ours"), default=["peer", "ours"])
    parser.add_argument("--stage", choices=("train", "all"), default="all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--views", nargs="+", choices=VIEWS, default=VIEWS, help="that the peer trains now")
    parser.add_argument("--steps", type=int, default=350)
    parser.add_argument("--batch", type=int, default=4, help="images per view and step")
    parser.add_argument("--size", type=int, nargs=2, default=[256, 128], help="height and width")
    parser.add_argument("--settings", nargs="*", default=[], metavar="key=value", help="for our training")
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the table")
    args = parser.parse_args()
    data, out = args.data.resolve(), args.out.resolve()
    height, width = args.size
    recipe = Recipe("resnet18", height, width, args.steps, args.batch)
    chains = {}
    if "peer" in args.programs:
        train_peers(args, data, out / "peer", recipe)
        if args.stage == "all":
            chains["peer"] = smooth_peers(args.peer_eks, data, out / "peer", args.seeds)
    if "ours" in args.programs and args.stage == "all":
        settings = [*our_settings(recipe), *args.settings]
        (out / "ours").mkdir(parents=True, exist_ok=True)
        chains["ours"] = run_chain(data, out / "ours", args.seeds, args.steps, settings)
    if args.stage == "all":
        page = table(chains, recipe, args.seeds)
        write_text(out / "table.md", page)
        print(page)
        if args.docs:
            publish(args.docs / PAGE, "human4cam_vs_peer", page)


def our_settings(recipe: Recipe) -> list[str]:
    """Return what makes our training the same size as the peer's."""
    size = f"{{height: {recipe.height}, width: {recipe.width}}}"
    return [
        f"model.backbone={recipe.backbone}",
        f"data.image_resize_dims={size}",
        f"training.train_batch_size={recipe.batch}",
    ]


def train_peers(args: argparse.Namespace, data: Path, out: Path, recipe: Recipe) -> None:
    """Train the peer's network of every seed and view, and predict the view's video with it."""
    for seed in args.seeds:
        for view in args.views:
            project = make_project(data, out / "projects" / view, view)
            model = out / f"rng={seed}" / view
            found = model / "video_preds" / f"{SESSION}_{view}.csv"
            if not found.exists():
                shutil.rmtree(model, ignore_errors=True)
                write_peer_config(model.with_suffix(".yaml"), project, LABELS, recipe._replace(seed=seed))
                train_peer(args.peer, model.with_suffix(".yaml"), model)
                video = project / "videos" / f"{SESSION}_{view}.mp4"
                run(str(args.peer), "predict", str(model), str(video), "--skip_viz")


def make_project(data: Path, project: Path, view: str) -> Path:
    """Lay out one view as a project of its own: the labels to train on, images and videos by links."""
    if not (project / LABELS).exists():
        for folder in ("labeled-data", "videos"):
            project.mkdir(parents=True, exist_ok=True)
            (project / folder).unlink(missing_ok=True)
            (project / folder).symlink_to(data / folder)
        write_poses(project / LABELS, read_labels(data / f"{view}.csv").rows(slice(0, TRAINED)))
    return project


def smooth_peers(eks: Path, data: Path, out: Path, seeds: Sequence[int]) -> Trajectories:
    """Smooth all seeds and views of the peer with the peer's smoother; return what came out."""
    preds, smoothed = out / "preds", out / "smoothed"
    preds.mkdir(exist_ok=True)
    for seed in seeds:
        for view in VIEWS:
            name = f"{SESSION}_{view}"
            shutil.copy(
                out / f"rng={seed}" / view / "video_preds" / f"{name}.csv", preds / f"{name}_rng={seed}.csv"
            )
    calibration = data / "calibrations" / f"{SESSION}.toml"
    source = ("--input-dir", str(preds), "--calibration", str(calibration))
    run(str(eks), "multicam", *source, "--save-dir", str(smoothed))
    return Trajectories(
        SESSION,
        read_members(preds, SESSION, VIEWS, seeds),
        read_smoothed(smoothed, VIEWS),
        read_poses(data / "balancing_3d.csv"),
        Rig.load(calibration),
    )


def table(chains: dict[str, Trajectories], recipe: Recipe, seeds: Sequence[int]) -> str:
    """Lay out the errors of both chains on trained and on held-out frames; lengths in mm."""
    lines = [
        f"Seeds {', '.join(map(str, seeds))}; {recipe.height} x {recipe.width}, {recipe.steps} steps "
        f"of {recipe.batch} images per view.",
        "",
        "| frames | method | program | "
        + " | ".join(f"{view} px" for view in VIEWS)
        + " | 3D mean mm | 3D median mm | 3D 95 % mm | against the peer |",
        "| --- | --- | --- |" + " ---: |" * (len(VIEWS) + 4),
    ]
    for frames, part in {"trained": slice(0, TRAINED), "held out": slice(TRAINED, LABELED)}.items():
        scores = {program: score_session(chain.at(part)) for program, chain in chains.items()}
        for method in METHODS:
            for program, score in ((name, of[method]) for name, of in scores.items()):
                ratio = score.mean_3d / scores["peer"][method].mean_3d - 1 if "peer" in scores else 0.0
                compared = f"{100 * ratio:+.0f} %" if program == "ours" and "peer" in scores else ""
                lines.append(f"| {frames} | {method} | {program} | {_cells(score)} | {compared} |")
    return "\n".join(lines) + "\n"


def _cells(score: Score) -> str:
    """Return one method's numbers: median px per view, 3D in mm."""
    pixels = [f"{value:.1f}" for value in score.median_px.values()]
    lengths = [f"{1000 * value:.1f}" for value in (score.mean_3d, score.median_3d, score.p95_3d)]
    return " | ".join([*pixels, *lengths])


if __name__ == "__main__":
    main()
