"""How memory and time grow with the length of a recording: a table of docs/concepts/ensemble.md.

    python benchmarks/eks_long.py [--frames 10000 100000 1000000] [--cameras 6] [--members 1]

An animal of 12 keypoints walks before a ring of cameras; Python arrays go in, s is given. Every length runs
in a process of its own. Printed: seconds of CPU, in all and per frame, and what the process needed at its
peak beside the interpreter, the arrays given and the arrays returned.
"""

import argparse
import multiprocessing
import resource
import time

import numpy as np

from eks.multicam import Options, smooth_points
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import project_views
from lightning_pose.synthetic.session import simulate_truth

KEYPOINTS, CYCLE, AT_ONCE = 12, 2000, 10_000
MIB = 2**20


def simulate(rig: Rig, walk: np.ndarray, frames: int, members: int) -> np.ndarray:
    """Return pixels of a walk that goes forth and back, with noise and 1 % gross errors, "M V T K 2"."""
    rng = np.random.default_rng(0)
    points = np.empty((members, len(rig.names), frames, KEYPOINTS, 2))
    for start in range(0, frames, AT_ONCE):
        rows = forth_and_back(np.arange(start, min(start + AT_ONCE, frames)))
        part = points[:, :, start : start + AT_ONCE]
        part[...] = project_views(walk[rows], rig.camera) + rng.standard_normal(part.shape)
        wrong = rng.random(part.shape[:-1]) < 0.01
        part[wrong] += rng.normal(0, 40, (int(wrong.sum()), 2))
    return points


def forth_and_back(frames: np.ndarray) -> np.ndarray:
    """Return the frames of the walk that a longer recording shows."""
    return np.abs((frames + CYCLE - 1) % (2 * CYCLE - 2) - CYCLE + 1)


def peak() -> float:
    """Return the largest resident size of this process so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(frames: int, cameras: int, members: int) -> str:
    """Smooth, and return a row of the table."""
    truth = simulate_truth(cameras, CYCLE, seed=0)
    walk = truth.poses.points[:, :KEYPOINTS]
    smooth_points(simulate(truth.rig, walk, 300, members), None, truth.rig, Options(s=1.0))  # warm
    before = peak()
    points = simulate(truth.rig, walk, frames, members)
    begin = time.process_time()
    result = smooth_points(points, None, truth.rig, Options(s=1.0))
    seconds = time.process_time() - begin
    returned = sum(part.nbytes for part in vars(result).values() if isinstance(part, np.ndarray)) / MIB
    beyond = peak() - before - points.nbytes / MIB - returned
    some = np.arange(0, frames, 97)
    error = np.linalg.norm(result.state[some] - walk[forth_and_back(some)], axis=-1).mean()
    stages = ", ".join(f"{stage} {value:.1f}" for stage, value in result.seconds.items())
    return (
        f"| {frames} | {seconds:.1f} (wall: {stages}) | {1e6 * seconds / frames:.0f} | {result.rounds} | "
        f"{points.nbytes / MIB:.0f} + {returned:.0f} | {beyond:.0f} | {error:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--cameras", type=int, default=6)
    parser.add_argument("--members", type=int, default=1)
    args = parser.parse_args()
    print("| frames | CPU s | µs a frame | rounds | given + returned, MiB | beyond, MiB | error, mm |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for frames in args.frames:
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            print(pool.apply(measure, (frames, args.cameras, args.members)), flush=True)


if __name__ == "__main__":
    main()
