"""How long the ranking of difficult frames takes, and what it needs.

    python benchmarks/difficult_frames.py [--frames N] [--views N] [--keypoints N] [--members N]

Predictions of an ensemble of one session are written (points of a calibrated rig with noise; three in a
thousand are far off), and ranked as the app does: by `rank_session` in a process of its own. Printed: seconds
until the ranking is on the disk, seconds until it is there the second time, when nothing has changed, the
memory of the process, and sizes.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project, open_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.table_blocks import TableWriter
from lightning_pose.frames.files import find_files
from lightning_pose.frames.ranking_file import rank_session
from lightning_pose.synthetic.rig import make_rig

SESSION, MIB, ROWS = "s1", 2**20, 4096
WRONG, FAR_PX, NOISE_PX = 0.003, 40.0, 1.0


def write_project(folder: Path, frames: int, views: int, keypoints: int, members: int) -> None:
    """Write a calibrated project with the predictions of an ensemble, some frames at a time."""
    rng = np.random.default_rng(0)
    names = tuple(f"keypoint{k}" for k in range(keypoints))
    cameras = tuple(f"cam{v}" for v in range(views))
    made = make_rig(views, (1280, 1024), rng)
    rig = Rig(cameras, made.sizes, made.camera, unit=made.unit)
    create_project(folder, cameras, skeleton_from_names(names, list(pairwise(names))))
    rig.save(folder / "calibration.toml")
    body = rng.normal(0, 15, (keypoints, 3)) + np.array([0, 0, 30])
    home = folder / "models" / "m" / "video_preds"
    paths = {
        (m, v): home / f"{SESSION}_{view}_rng={m}.csv"
        for m in range(members)
        for v, view in enumerate(cameras)
    }
    tables = {key: TableWriter(path) for key, path in paths.items()}
    for table in tables.values():
        table.__enter__()
    for start in range(0, frames, ROWS):
        t = np.arange(start, min(start + ROWS, frames))
        path = 20 * np.stack([np.sin(t / 210), np.cos(t / 150), 0.2 * np.sin(t / 30)], axis=-1)
        pixels = rig.project(body + path[:, None])
        for (_, v), table in tables.items():
            points = pixels[v] + rng.normal(0, NOISE_PX, pixels[v].shape)
            wrong = rng.random(points.shape[:2]) < WRONG
            points[wrong] += rng.normal(0, FAR_PX, (int(wrong.sum()), 2))
            sure = np.clip(0.95 - 0.6 * wrong - 0.1 * rng.random(wrong.shape), 0, 1).round(6)
            table.append_poses(Poses(names, points.round(4), t, likelihood=sure))
    for table in tables.values():
        table.__exit__(None, None, None)


def rank(folder: Path) -> None:
    """Rank twice, and print the rows of the table."""
    project = open_project(folder)
    rig = Rig.load(folder / "calibration.toml")
    for what in ("the first time", "with nothing changed"):
        begin = time.perf_counter()
        files = find_files(folder / "models" / "m", project.views, session=SESSION)[SESSION]
        saved = rank_session(files, project.skeleton, rig=rig, count=100)
        print(f"| {what} | {time.perf_counter() - begin:.2f} s |")
    assert files.ranking is not None
    size = sum(path.stat().st_size for path in files.used) / MIB
    print(f"| memory | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB |")
    print(f"| tables | {len(files.used)} of {size:.0f} MiB together |")
    print(f"| ranking | {len(saved.candidates)} candidates, {files.ranking.stat().st_size / MIB:.2f} MiB |")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, number in (("frames", 108_000), ("views", 6), ("keypoints", 30), ("members", 3)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        write_project(Path(folder), args.frames, args.views, args.keypoints, args.members)
        print("| ranking of difficult frames | |\n|---|---:|")
        process = multiprocessing.get_context("spawn").Process(target=rank, args=(Path(folder),))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
