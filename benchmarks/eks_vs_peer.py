"""Ours against the released ensemble-kalman-smoother: whole processes, interleaved, on the same files.

    python benchmarks/eks_vs_peer.py FOLDER CALIBRATION [--peer PATH/TO/eks] [--frames 50000] [--repeat 3]

FOLDER holds the predictions of every camera and member, as `eks multicam` takes them. Reported per run: wall
seconds, CPU seconds, peak memory. With --frames the recording is tiled forth and back to that length, with a
little noise so that no two frames are equal; the peer is then left out unless --long-peer is given, since it
takes a quarter of an hour. With --parity the plain models are compared at s = 2.
"""

import argparse
import dataclasses
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from eks.inputs import list_tables
from lightning_pose.core.tables import read_poses, write_poses


class Cost(NamedTuple):
    """What one process took."""

    wall: float
    cpu: float
    peak_mb: float


def run(command: list[str]) -> Cost:
    """Run a command to its end; wait4 tells the resources of this child alone."""
    begin = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begin
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{said.decode()[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def tile(folder: Path, out: Path, frames: int) -> None:
    """Write the recording forth and back until it has so many frames."""
    rng = np.random.default_rng(0)
    for path in list_tables(folder, None).files[""]:
        poses = read_poses(path)
        n = len(poses)
        order = np.concatenate([np.arange(n), np.arange(n - 2, 0, -1)])
        tiled = poses.rows(np.tile(order, frames // len(order) + 1)[:frames])
        points = tiled.points + rng.normal(0, 0.02, tiled.points.shape)
        write_poses(out / path.name, dataclasses.replace(tiled, points=points, frames=np.arange(frames)))


def compare(commands: dict[str, list[str]], repeat: int) -> dict[str, list[Cost]]:
    """Run the commands in turns, so that both meet the same weather."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            costs[name].append(run(command))
            print(
                name, *(f"{key} {value:.2f}" for key, value in costs[name][-1]._asdict().items()), flush=True
            )
    return costs


def parity(commands: dict[str, list[str]], out: Path) -> None:
    """Compare the plain models' positions, file by file."""
    for name, command in commands.items():
        run([*command, "--s", "2", "--no-inflate-vars", "--save-dir", str(out / name)])
    for path in sorted((out / "peer").glob("multicam_*_results.csv")):
        off = np.abs(read_poses(path).points - read_poses(out / "ours" / path.name).points)
        print(f"parity {path.name}: largest {np.nanmax(off):.5f}, mean {np.nanmean(off):.6f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("calibration", type=Path)
    parser.add_argument(
        "--peer", type=Path, default=None, help="the peer's eks, in an environment of its own"
    )
    parser.add_argument("--frames", type=int, default=None)
    parser.add_argument("--long-peer", action="store_true")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--parity", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch, folder = Path(name), args.folder
        if args.frames:
            folder = scratch / "tiled"
            tile(args.folder, folder, args.frames)
        words = ["multicam", "--input-dir", str(folder), "--calibration", str(args.calibration)]
        commands = {"ours": [sys.executable, "-m", "eks.cli", *words]}
        if args.peer and (args.long_peer or not args.frames):
            commands["peer"] = [str(args.peer), *words]
        saved = {
            key: [*command, "--save-dir", str(scratch / "out" / key)] for key, command in commands.items()
        }
        costs = compare(saved, args.repeat)
        for key, runs in costs.items():
            best = Cost(*(min(values) for values in zip(*runs, strict=True)))
            told = f"wall {best.wall:.2f} s, CPU {best.cpu:.2f} s, peak {best.peak_mb:.0f} MB"
            print(f"{key}: {told} (best of {len(runs)})")
        record = json.loads((scratch / "out" / "ours" / "multicam_results.json").read_text())
        print("our stages:", ", ".join(f"{stage} {value:.2f}" for stage, value in record["seconds"].items()))
        if args.parity and "peer" in commands:
            shutil.rmtree(scratch / "out")
            parity(commands, scratch / "parity")


if __name__ == "__main__":
    main()
