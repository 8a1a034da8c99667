"""Does it pay to label what the ranking picks? Rounds of it against rounds of random frames, at equal labels.

    python benchmarks/active_learning.py --out outputs/active [--docs docs] [--seeds 0 1 2]

The arms of a seed start from the same network, trained on the same random frames. Then, round after round,
further frames are labeled (exactly, from the truth): those that `litpose extract --total` chooses among the
predictions of the last network in all sessions, or random ones; the last network is trained on. Each is
scored in 3D on sessions of which no frame was ever labeled. What is done is not repeated; seeds can be run in
processes of their own once the world is there (`--seeds` without a number only renders it).
"""

import argparse
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from lab_world import Part, read_rare, read_truth, write_world
from peer import publish
from rich.console import Console

from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import write_json
from lightning_pose.core.naming import image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import Project, create_project, open_project
from lightning_pose.core.sessions import check_session
from lightning_pose.core.tables import read_poses, write_poses
from lightning_pose.frames.across import rank_sessions
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.extraction import Pick, Plan, extract
from lightning_pose.frames.files import find_files
from lightning_pose.predict.options import Options
from lightning_pose.predict.program import predict
from lightning_pose.train import train

ARMS = {
    "random": "random",
    "ranked": "ranked",
    "covered": "half ranked, half to cover postures",
    "alone": "ranked, each session by itself",
}
Frame = tuple[str, int]  # session and number


class Score(NamedTuple):
    """One network, on the sessions that nothing was labeled of: distances to the true points, mm."""

    mean: float
    rare: float  # over frames that show what is rare
    ordinary: float
    p95: float
    picked_rare: float  # share of the frames labeled so far that show what is rare


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--out", type=Path, default=Path("outputs/active"))
    add("--seeds", type=int, nargs="*", default=[0, 1, 2])
    add("--arms", nargs="+", choices=ARMS, default=["random", "ranked"])
    add("--rounds", type=int, default=5)
    add("--frames", type=int, default=20, help="labeled in a round")
    add("--sessions", type=int, default=14, help="that can be labeled; as many are scored")
    add("--length", type=int, default=160, help="frames of a session")
    add("--size", type=int, default=96, help="side of the images (px)")
    add("--first_steps", type=int, default=250, help="of the first round")
    add("--steps", type=int, default=120, help="of every further round")
    add("--apart", type=int, default=5, help="least distance of ranked frames (at 10 frames a second)")
    add("--docs", type=Path, help="documentation folder that gets the table")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    pool = Part("pool", 0, args.sessions, args.length, 10.0)
    unseen = Part("unseen", 100, args.sessions, max(args.length // 5, 2), 2.0)
    write_world(args.out / "world", (pool, unseen), args.size)
    scores = {seed: {arm: run_arm(args, seed, arm) for arm in args.arms} for seed in args.seeds}
    if scores:
        page = table(args, scores)
        print(page)
        if args.docs:
            publish(args.docs / "concepts" / "active_learning.md", "active_learning", page)


def run_arm(args: argparse.Namespace, seed: int, arm: str) -> list[Score]:
    """Run the rounds of one arm; the first is that of both."""
    world, labeled, before, scores = args.out / "world", [], None, []
    for number in range(args.rounds):
        name = "first" if number == 0 else f"{arm}_{number}"
        folder = args.out / f"rng={seed}" / name
        record = folder / "round.json"
        if not record.is_file():
            start = time.process_time()
            if arm != "random" and before is not None:
                chosen = rank(args, arm, before, labeled)
            else:
                chosen = draw(args, world, labeled, np.random.default_rng([seed, number]))
            label(world, folder / "project", [*labeled, *chosen])
            steps = args.steps if number else args.first_steps
            train(
                recipe(folder / "project", args, seed, steps, before),
                folder / "model", resume=(folder / "model").is_dir(),
            )  # fmt: skip
            predict(folder / "model", [world / "videos_unseen"], OPTIONS, Console(quiet=True))
            result = score(world, folder / "model", [*labeled, *chosen])
            write_json(record, {"frames": chosen, "score": result, "seconds": time.process_time() - start})
        found = json.loads(record.read_text(encoding="utf-8"))
        labeled += [(session, frame) for session, frame in found["frames"]]
        scores.append(Score(*found["score"]))
        before = folder / "model"
        print(f"rng={seed}", name, found["score"], f"{found['seconds']:.0f} s", flush=True)
    return scores


OPTIONS = Options(skip_viz=True)


def draw(
    args: argparse.Namespace, world: Path, labeled: Sequence[Frame], rng: np.random.Generator
) -> list[Frame]:
    """Return frames at random, every one of all sessions as likely as any other."""
    frames = [(f"pool{number:02d}", frame) for number in range(args.sessions) for frame in range(args.length)]
    free = [frame for frame in frames if frame not in set(labeled)]
    return [free[index] for index in rng.choice(len(free), args.frames, replace=False)]


def rank(args: argparse.Namespace, arm: str, model: Path, labeled: Sequence[Frame]) -> list[Frame]:
    """Return the frames of all sessions that the ranking would have labeled."""
    world = args.out / "world"
    predict(model, [world / "videos_pool"], OPTIONS, Console(quiet=True))
    project = open_project(world)
    sessions, taken = [], {}
    for session, files in find_files(model, project.view_names).items():
        if session.startswith("pool"):
            rig = Rig.load(world / "calibrations" / f"{session}.toml")
            sessions.append(read_evidence(files, project.skeleton, rig=rig))
            taken[session] = [frame for name, frame in labeled if name == session]
    groups = [[session] for session in sessions] if arm == "alone" else [sessions]
    cover = 0.5 if arm == "covered" else 0.0
    found = [
        item
        for group in groups
        for item in rank_sessions(group, args.frames, cover=cover, apart=args.apart, exclude=taken)
    ]
    found.sort(key=lambda item: -item[1].score)
    return [(session, one.frame) for session, one in found[: args.frames]]


def label(world: Path, folder: Path, frames: Sequence[Frame]) -> None:
    """Make a project in which these frames are extracted, and labeled as the truth is."""
    source = open_project(world)
    if not (folder / "project.yaml").is_file():
        create_project(folder, source.view_names, source.skeleton)
        (folder / "calibrations").symlink_to((world / "calibrations").resolve())
    project = open_project(folder)
    by_session: dict[str, list[int]] = {}
    for session, frame in frames:
        by_session.setdefault(session, []).append(frame)
    for session, numbers in sorted(by_session.items()):
        videos = {view: world / "videos_pool" / f"{session}_{view}.mp4" for view in project.view_names}
        picks = tuple(Pick(frame, "list") for frame in sorted(numbers))
        extract(project, Plan(check_session(session, videos, project.view_names), picks, context=0))
    for view in project.view_names:
        write_poses(project.label_file(view), _labels(world, project, view, by_session), scorer="truth")


def _labels(world: Path, project: Project, view: str, by_session: dict[str, list[int]]) -> Poses:
    """Return the labels of one view; what lies outside of the image has none."""
    points, visible, images = [], [], []
    for session, numbers in sorted(by_session.items()):
        truth = read_poses(world / "truth" / f"{session}_{view}.csv").rows(np.array(sorted(numbers)))
        assert truth.visible is not None
        points.append(np.where(truth.visible[..., None] == 0, np.nan, truth.points))
        visible.append(truth.visible)
        images += [image_name(session, view, frame) for frame in sorted(numbers)]
    return Poses(
        project.keypoint_names, np.concatenate(points), np.array(images), visible=np.concatenate(visible)
    )


def recipe(
    project: Path, args: argparse.Namespace, seed: int, steps: int, before: Path | None
) -> dict[str, Any]:
    """Return the configuration of one training, which goes on from the weights of the last."""
    return {
        "data": {
            "data_dir": str(project.resolve()),
            "image_resize_dims": {"height": args.size, "width": args.size},
        },
        "training": {
            "train_batch_size": 4, "max_steps": steps, "rng_seed_model_pt": seed, "split": "random",
            "check_val_every_n_epoch": 10, "optimizer_params": {"learning_rate": 1e-3 if before else 2e-3},
            "augment": {
                "rotation": 15, "zoom": 0.15, "shift": 0.06, "blur": 0, "erasing": 0.25, "erasing_size": 0.2,
            },
        },
        "model": {
            "backbone": "resnet18", "backbone_weights": "none", "head_width": 64,
            "checkpoint": None if before is None else str(before.resolve()),
        },
    }  # fmt: skip


def score(world: Path, model: Path, labeled: Sequence[Frame]) -> Score:
    """Compare the world points of the sessions that nothing is labeled of with the truth."""
    distances, rare = [], []
    for path in sorted((model / "video_preds").glob("unseen*_3d.csv")):
        session = path.stem.removesuffix("_3d")
        distance = np.linalg.norm(read_poses(path).points - read_truth(world, session), axis=-1)
        distances.append(distance)
        rare.append(read_rare(world, session))
    error, is_rare = np.concatenate(distances), np.concatenate(rare)
    picked = np.mean([read_rare(world, session)[frame] for session, frame in labeled])
    return Score(
        float(np.nanmean(error)), float(np.nanmean(error[is_rare])), float(np.nanmean(error[~is_rare])),
        float(np.nanpercentile(error, 95)), float(picked),
    )  # fmt: skip


def table(args: argparse.Namespace, scores: dict[int, dict[str, list[Score]]]) -> str:
    """Return the tables, as Markdown: means and standard errors over seeds, and of the paired differences."""
    others = [arm for arm in args.arms if arm != "random"]
    heads = [ARMS[arm] for arm in args.arms] + [f"{ARMS[arm]} less random" for arm in others]
    lines = []
    for field, title in (("mean", "all frames"), ("rare", "rare ones"), ("ordinary", "ordinary ones")):
        lines += ["", f"| labels | {' | '.join(f'{head}, {title} (mm)' for head in heads)} |"]
        lines += ["|---|" + "---|" * len(heads)]
        for number in range(args.rounds):
            found = {
                arm: np.array([getattr(arms[arm][number], field) for arms in scores.values()])
                for arm in args.arms
            }
            cells = [*found.values(), *(found[arm] - found["random"] for arm in others)]
            lines.append(f"| {(number + 1) * args.frames} | {' | '.join(map(_with_error, cells))} |")
    shares = {arm: np.mean([arms[arm][-1].picked_rare for arms in scores.values()]) for arm in args.arms}
    lines += ["", "Of the labels are of rare frames: " + ", ".join(
        f"{ARMS[arm]} {100 * share:.0f} %" for arm, share in shares.items()) + "."]  # fmt: skip
    return "\n".join(lines) + "\n"


def _with_error(values: np.ndarray) -> str:
    """Return a mean and its standard error."""
    if len(values) < 2:
        return f"{values[0]:.1f}"
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.1f}"


if __name__ == "__main__":
    main()
