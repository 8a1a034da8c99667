"""How far gross errors in one camera move the smoother's output: the table of docs/concepts/ensemble.md.

    python benchmarks/eks_robustness.py FOLDER CALIBRATION

5 % of the cells (frame, keypoint) of one camera are moved 80 px in random directions, in one, two or all
members, or blanked. Printed: mean movement of the output (px) in every camera, on hit cells and far from
them, and s over its clean value.
"""

import argparse
import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from eks.inputs import list_tables, sort_by_camera
from eks.multicam import Options, Result, smooth
from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses

SHARE, FAR, LOW = 0.05, 80.0, 0.02
Members = dict[str, list[Poses]]
Damage = Callable[[list[Poses], np.ndarray, np.ndarray], list[Poses]]


def shifted(poses: Poses, jump: np.ndarray, hit: np.ndarray, likelihood: float | None) -> Poses:
    sure = poses.likelihood
    if likelihood is not None and sure is not None:
        sure = np.where(hit, likelihood, sure)
    return dataclasses.replace(poses, points=poses.points + jump, likelihood=sure)


def together(count: int | None, likelihood: float | None = None) -> Damage:
    """Move the first `count` members (all, if None) to the same wrong places."""

    def apply(members: list[Poses], jump: np.ndarray, hit: np.ndarray) -> list[Poses]:
        n = len(members) if count is None else count
        return [shifted(p, jump * (m < n), hit & (m < n), likelihood) for m, p in enumerate(members)]

    return apply


def scattered(members: list[Poses], jump: np.ndarray, hit: np.ndarray) -> list[Poses]:
    rng = np.random.default_rng(8)
    return [shifted(p, hit[..., None] * rng.normal(0, FAR, jump.shape), hit, LOW) for p in members]


def blank(members: list[Poses], jump: np.ndarray, hit: np.ndarray) -> list[Poses]:
    return [shifted(p, np.where(hit[..., None], np.nan, 0.0), hit, None) for p in members]


CASES: dict[str, Damage] = {
    "one member": together(1),
    "two members together": together(2),
    "all members together": together(None),
    "all together, likelihood 0.02": together(None, LOW),
    "members scatter, likelihood 0.02": scattered,
    "likelihood 0.02 only": lambda members, jump, hit: [shifted(p, 0 * jump, hit, LOW) for p in members],
    "NaN in all members": blank,
}


def measure(members: Members, rig: Rig, options: Options, camera: str) -> list[str]:
    """Return the rows of the table."""
    clean = smooth(members, rig, options)
    shape = members[camera][0].points.shape[:2]
    rng = np.random.default_rng(7)
    hit = rng.random(shape) < SHARE
    angle = rng.uniform(0, 2 * np.pi, shape)
    jump = FAR * hit[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    rows = []
    for name, damage in CASES.items():
        hurt = {**members, camera: damage(members[camera], jump, hit)}
        rows.append(f"| {name} | " + " | ".join(_moved(smooth(hurt, rig, options), clean, hit)) + " |")
    return rows


def _moved(result: Result, clean: Result, hit: np.ndarray) -> list[str]:
    near = hit | np.roll(hit, 1, 0) | np.roll(hit, -1, 0)
    shifts = [
        np.linalg.norm(poses.points - clean.views[view].points, axis=-1)
        for view, poses in result.views.items()
    ]
    ratio = result.smoothed.s / clean.smoothed.s
    return [
        " / ".join(f"{shift[hit].mean():.2f}" for shift in shifts)
        + f" (max {max(s[hit].max() for s in shifts):.1f})",
        " / ".join(f"{shift[~near].mean():.2f}" for shift in shifts),
        f"{np.exp(np.log(ratio).mean()):.2f} ({ratio.min():.2f} to {ratio.max():.2f})",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("calibration", type=Path)
    parser.add_argument("--camera", default=None, help="the one to corrupt (default: the second)")
    parser.add_argument("--plain", action="store_true", help="the plain model instead")
    args = parser.parse_args()
    rig = Rig.load(args.calibration)
    found = sort_by_camera(list_tables(args.folder, None), rig.names)
    members = {camera: [read_poses(path) for path in paths] for camera, paths in found.files.items()}
    options = Options(robust=not args.plain)
    print("| corruption | hit cells, px | far cells, px | s over clean |\n|---|---|---|---|")
    for row in measure(members, rig, options, args.camera or rig.names[1]):
        print(row, flush=True)


if __name__ == "__main__":
    main()
