"""How long it takes to know what is done in a large project: the figures of docs/concepts/app.md.

    python benchmarks/project_status.py [--sessions 1000] [--models 20] [--views 6] [--members 3]

A project is made up of empty files: videos, and what each model has predicted of them; every second model is
an ensemble whose sessions are smoothed. Printed: seconds of processor time and of the clock.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from apps.screens.matrix import make_matrix
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.projects.space import space_used
from lightning_pose.projects.status import Survey


def touch(path: Path) -> None:
    """Make an empty file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def write_network(folder: Path) -> None:
    """Write what tells that something was trained."""
    touch(folder / "tb_logs" / "pose" / "version_0" / "checkpoints" / "step=9-best.ckpt")
    (folder / "config.yaml").write_text("data: {view_names: null}\n")


def write_project(folder: Path, sessions: int, models: int, views: int, members: int) -> int:
    """Write the project and return how many files it has."""
    cameras = tuple(f"cam{number}" for number in range(views))
    names = [f"session{number:04d}" for number in range(sessions)]
    create_project(folder, cameras, skeleton_from_names(("nose", "tail"), []))
    for name in names:
        for camera in cameras:
            (folder / "videos" / f"{name}_{camera}.mp4").touch()
    for number in range(models):
        model = folder / "models" / f"m{number:02d}"
        seeds = [f"rng={seed}" for seed in range(members)] if number % 2 else [""]
        for seed in seeds:
            write_network(model / seed)
        if number % 2:
            (model / "ensemble.yaml").write_text(f"members: [{', '.join(seeds)}]\n")
        tables = model / "video_preds"
        tables.mkdir()
        for name in names:
            for stem in (
                "_".join(filter(None, (name, camera, seed))) for camera in cameras for seed in seeds
            ):
                (tables / f"{stem}.csv").touch()
                if not number % 2:
                    (tables / f"{stem}_temporal_norm.csv").touch()
            if number % 2:
                touch(model / "video_preds_smoothed" / name / "multicam_results.json")
    return sum(1 for _ in folder.rglob("*"))


def tell(what: str, action: Callable[[], object]) -> None:
    """Print a row of the table."""
    processor, clock = time.process_time(), time.perf_counter()
    action()
    taken = time.process_time() - processor, time.perf_counter() - clock
    print(f"| {what} | {taken[0]:.2f} | {taken[1]:.2f} |", flush=True)


def main() -> None:
    """Make the project and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, value in (("sessions", 1000), ("models", 20), ("views", 6), ("members", 3)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as place:
        folder = Path(place) / "project"
        count = write_project(folder, args.sessions, args.models, args.views, args.members)
        print(f"{args.sessions} sessions, {args.models} models, {count} files\n")
        print("| what | processor, s | clock, s |\n|---|---|---|")
        survey = Survey(folder)
        tell("first look", survey.look)
        tell("second look, not long after files have come", survey.look)
        tell("further look", survey.look)
        status = survey.look()
        tell("cells of all sessions and models", lambda: make_matrix(status, status.models, []))
        tell("room on the disk", lambda: space_used(folder))


if __name__ == "__main__":
    main()
