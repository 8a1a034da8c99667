"""What each ingredient of training earns on the synthetic world: unseen individuals in unseen light.

    python benchmarks/ingredients.py --out outputs/ingredients [--docs docs] [--only per_view multiview ...]

Twenty sessions of five labeled instants train, two validate, ten are scored; every session has its own
individual and light, and the rig is bumped between them. Every recipe is trained with every seed; trainings
that are done are not repeated. The table has means and standard errors over seeds.
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from lightning_pose.build.data import build_frames
from lightning_pose.config import load_config
from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import write_text
from lightning_pose.core.metrics import reliability
from lightning_pose.core.naming import image_session
from lightning_pose.core.tables import read_poses
from lightning_pose.data.images import normalise
from lightning_pose.data.labels import LabeledFrames, native_from_network
from lightning_pose.evaluate import mean_error, pixel_errors
from lightning_pose.model_dir import load_network
from lightning_pose.models.base import PoseNetwork
from lightning_pose.synthetic.project import write_project
from lightning_pose.synthetic.session import SynthConfig
from lightning_pose.train import train

TRAINED, VALIDATED, SCORED = 20, 2, 10  # sessions
NEAR_PX = 5.0
TABLE = "<!-- table: written by benchmarks/ingredients.py --docs docs -->"
END = "<!-- end of table -->"

MULTIVIEW: dict[str, Any] = {"model": {"model_type": "heatmap_multiview_transformer"}}
MASKS = {"init_epoch": 0, "final_ratio": 0.3, "whole_views": 0.3}
RECIPES: dict[str, tuple[str, dict[str, Any]]] = {
    "per_view": ("per view", {}),
    "per_view_3d": (
        "per view + 3D loss",
        {"losses": {"supervised_reprojection_heatmap_mse": {"log_weight": 0.0}}},
    ),
    "per_view_reproject": ("per view + reprojected labels", {"training": {"reproject_labels": True}}),
    "per_view_ema": ("per view + mean of weights", {"training": {"ema_decay": 0.99}}),
    "multiview": ("multi-view", MULTIVIEW),
    "masks": ("multi-view + masks", {**MULTIVIEW, "training": {"patch_mask": MASKS}}),
    "world": ("multi-view + masks, world moved", {
        **MULTIVIEW, "training": {"patch_mask": MASKS, "imgaug_3d": True},
    }),
    "masks_3d": ("multi-view + masks + 3D loss", {
        **MULTIVIEW, "training": {"patch_mask": MASKS},
        "losses": {"supervised_reprojection_heatmap_mse": {"log_weight": 0.0}},
    }),
    "cameras": ("multi-view + masks + camera tokens", {
        "model": {"model_type": "heatmap_multiview_transformer", "camera_tokens": True},
        "training": {"patch_mask": MASKS},
    }),
    "unlabeled": ("multi-view + masks + unlabeled video", {
        "model": {"model_type": "heatmap_multiview_transformer", "losses_to_use": ["view_consistency"]},
        "training": {"patch_mask": MASKS, "unlabeled": {"clip_length": 4}},
        "losses": {"view_consistency": {"log_weight": 2.0}},
    }),
}  # fmt: skip


class Result(NamedTuple):
    """One training, on the sessions that it has not seen."""

    pixel_px: float  # mean over visible labels
    world_mm: float  # mean distance in 3D, views weighted by confidence
    blanked_px: float  # mean error in a view whose image is black
    calibration: float  # expected calibration error of P(error < 5 px)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("outputs/ingredients"))
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--size", type=int, default=128, help="side of the network's images (px)")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--docs", type=Path, help="documentation folder that gets the table")
    args = parser.parse_args()
    project = args.out / "project"
    if not (project / "project.yaml").is_file():
        write_project(project, world(args.views))
    write_sets(project, args.out / "sets.csv")
    results: dict[str, list[Result]] = {}
    for name in args.only:
        for seed in args.seeds:
            folder = args.out / name / f"rng={seed}"
            train(recipe(args, name, seed), folder, resume=folder.is_dir(), show_progress=True)
            results.setdefault(name, []).append(score(folder, project))
            print(name, seed, results[name][-1], flush=True)
    page = table(results)
    print(page)
    if args.docs:
        publish(args.docs / "concepts" / "multiview.md", page)


def world(views: int) -> SynthConfig:
    """Return what is rendered: short sessions, each with an individual and a light of its own."""
    return SynthConfig(
        views=views, sessions=TRAINED + VALIDATED + SCORED, test_sessions=0, frames=40, labels=5, fps=10.0,
        visible_column=True, seed=11,
    )  # fmt: skip


def session_number(image: str) -> int:
    """Return the number of the session that an image is of."""
    return int(image_session(image, "cam0").removeprefix("session"))


def write_sets(project: Path, path: Path) -> None:
    """Write which sessions train, validate and test."""
    frames = read_poses(project / "CollectedData_cam0.csv").frames.tolist()
    lines = ["frame,set"]
    for frame in map(str, frames):
        number = session_number(frame)
        part = "train" if number < TRAINED else "validation" if number < TRAINED + VALIDATED else "test"
        lines.append(f"{frame},{part}")
    write_text(path, "\n".join(lines) + "\n")


def recipe(args: argparse.Namespace, name: str, seed: int) -> dict[str, Any]:
    """Return the configuration of a recipe."""
    out, size = args.out.resolve(), {"height": args.size, "width": args.size}
    _, extra = RECIPES[name]
    training = {
        "train_batch_size": 4, "max_steps": args.steps, "split_file": str(out / "sets.csv"),
        "rng_seed_model_pt": seed, "check_val_every_n_epoch": 4, **extra.get("training", {}),
    }  # fmt: skip
    if "patch_mask" in training:
        training["patch_mask"] = {**training["patch_mask"], "final_epoch": math.ceil(args.steps / 25)}
    return {
        "data": {"data_dir": str(out / "project"), "image_resize_dims": size},
        "training": training,
        "model": {"backbone": args.backbone, **extra.get("model", {})},
        "losses": extra.get("losses", {}),
    }


@torch.inference_mode()
def score(folder: Path, project: Path) -> Result:
    """Score a trained model on the sessions held out for it."""
    network, frames = load_network(folder), build_frames(load_config(folder / "config.yaml").config)
    rows = [row for row, image in enumerate(frames.frames[0]) if session_number(image) >= TRAINED + VALIDATED]
    xy, confidence = answers(network, frames, rows)
    errors = pixel_errors(frames, rows, xy)
    known = np.isfinite(errors)
    ece = reliability(confidence[known], errors[known] < NEAR_PX).error
    blanked = []
    for view in range(xy.shape[1]):
        hidden, _ = answers(network, frames, rows, blank=view)
        blanked.append(mean_error(pixel_errors(frames, rows, hidden)[:, view]))
    distances = world_errors(frames, rows, xy, confidence, project)
    return Result(mean_error(errors), mean_error(distances), float(np.mean(blanked)), ece)


def answers(
    network: PoseNetwork, frames: LabeledFrames, rows: Sequence[int], blank: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of the images on disk (N V K 2) and confidences, with one view black if asked for."""
    found, sure = [], []
    for start in range(0, len(rows), 10):
        batch = frames.batch(rows[start : start + 10])
        if blank is not None:
            batch["images"][:, blank] = 0
        decoded = network.decode(network(normalise(batch["images"]), batch.get("camera")))
        found.append(decoded.xy.double().numpy())
        sure.append(decoded.confidence.double().numpy())
    sizes = frames.native_sizes[list(rows)][:, :, None]
    return native_from_network(np.concatenate(found), sizes, frames.size), np.concatenate(sure)


def world_errors(
    frames: LabeledFrames, rows: Sequence[int], xy: np.ndarray, confidence: np.ndarray, project: Path
) -> np.ndarray:
    """Return the distance to the true point of every keypoint of every instant (mm), triangulated alone."""
    distances = []
    for row, points, weights in zip(rows, xy, confidence, strict=True):
        image = frames.frames[0][row]
        session, number = image_session(image, "cam0"), int(Path(image).stem.removeprefix("img"))
        rig = Rig.load(project / "calibrations" / f"{session}.toml")
        truth = read_poses(project / "truth" / f"{session}_3d.csv").points[number]
        distances.append(np.linalg.norm(rig.triangulate(points, weights) - truth, axis=-1))
    return np.array(distances)


def table(results: dict[str, list[Result]]) -> str:
    """Return the table, as Markdown."""
    lines = [
        "| recipe | pixels (px) | 3D (mm) | blanked view (px) | calibration error |",
        "|---|---|---|---|---|",
    ]
    for name, found in results.items():
        cells = [_with_error([getattr(result, field) for result in found]) for field in Result._fields]
        lines.append(f"| {RECIPES[name][0]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _with_error(values: Sequence[float]) -> str:
    """Return a mean and its standard error."""
    if len(values) < 2:
        return f"{values[0]:.3g}"
    return f"{np.mean(values):.3g} ± {np.std(values, ddof=1) / math.sqrt(len(values)):.2g}"


def publish(page: Path, content: str) -> None:
    """Put the table between its marks."""
    text = page.read_text(encoding="utf-8")
    before, rest = text.split(TABLE, 1)
    write_text(page, f"{before}{TABLE}\n\n{content}\n\n{END}{rest.split(END, 1)[1]}")


if __name__ == "__main__":
    main()
