"""Does a camera that was held out see what the others predict? A table of docs/concepts/ensemble.md.

    python benchmarks/eks_held_out.py FOLDER CALIBRATION

Each camera in turn is held out, and its members' medians compared with the projection of what the others say.
The interval is that of a prediction: the variance of the projected point, plus that of an observation of this
camera, as learned when all cameras are smoothed together. Printed: the median distance (px), and how many
coordinates lie in the 95 % interval, of all cells and of those that the gate of the whole run believes.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eks.inputs import list_tables, load, sort_by_camera
from eks.kalman import Gaussian
from eks.multicam import Options, smooth
from eks.observe import Basis, Calibrated, projected_variance
from eks.smoother import Smoothed
from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.tables import read_poses

INTERVAL = 1.96


class HeldOut(NamedTuple):
    """What one camera sees of the others' prediction."""

    distance: float  # px, median
    count: int  # coordinates that it sees
    covered: float  # share of them in the 95 % interval
    believed: float  # the same, of observations that are not gated


def project(result: Smoothed, rig: Rig) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of a trajectory in all cameras of a rig, and their variance."""
    keypoints, size = result.state.shape[1:]
    basis = Basis(np.zeros((keypoints, size)), np.tile(np.eye(size), (keypoints, 1, 1)))
    state = Gaussian(np.moveaxis(result.state, 1, 2), np.moveaxis(result.covariance, 1, -1))
    return projected_variance(Calibrated(rig.camera), basis, state)


def hold_out(members: dict[str, list[Poses]], rig: Rig, options: Options) -> dict[str, HeldOut]:
    """Return what each camera sees of the others' prediction."""
    whole = smooth(members, rig, options).smoothed
    medians = load(members).ensemble.pixels
    found = {}
    for v, name in enumerate(rig.names):
        rest = [other for other in rig.names if other != name]
        others = smooth({other: members[other] for other in rest}, rig, options).smoothed
        pixels, variance = project(others, rig)
        off = medians[v] - pixels[v]
        inside = np.abs(off) < INTERVAL * np.sqrt(variance[v] + whole.observed[v])
        there = np.isfinite(off)
        believed = there & (whole.belief[v] == 1)[..., None]
        distance = float(np.nanmedian(np.linalg.norm(off, axis=-1)))
        shares = (float(inside[rows].mean()) for rows in (there, believed))
        found[name] = HeldOut(distance, int(there.sum()), *shares)
    return found


def together(rows: dict[str, HeldOut]) -> HeldOut:
    """Return the mean over all coordinates of all cameras."""
    count = sum(row.count for row in rows.values())
    distance, covered, believed = (
        sum(row[i] * row.count for row in rows.values()) / count for i in (0, 2, 3)
    )
    return HeldOut(distance, count, covered, believed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("calibration", type=Path)
    args = parser.parse_args()
    rig = Rig.load(args.calibration)
    found = sort_by_camera(list_tables(args.folder, None), rig.names)
    members = {camera: [read_poses(path) for path in each] for camera, each in found.files.items()}
    print("| held out | distance, px | in the 95 % interval | of those believed |\n| --- | --- | --- | --- |")
    rows = hold_out(members, rig, Options())
    rows["all"] = together(rows)
    for camera, row in rows.items():
        shares = f"{100 * row.covered:.1f} % | {100 * row.believed:.1f} %"
        print(f"| {camera} | {row.distance:.1f} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
