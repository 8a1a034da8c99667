"""How fast the label store answers in a large project: a table of docs/formats/label_store.md.

    python benchmarks/label_store.py [--frames 50000] [--views 6] [--keypoints 17] [--folder DIR]

A project of that many labeled frames is written (label files only), opened for the first time, and again.
Printed: seconds or milliseconds at the median, the 95th percentile and the largest, sizes on disk, and the
memory that the process came to need. The folder has to be on the disk that is to be measured.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from apps.labels import LabelStore, Operation
from lightning_pose.core.naming import image_name
from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses

MIB = 2**20
AT_ONCE = 500  # frames of one session


def write_project(folder: Path, frames: int, views: int, keypoints: int) -> None:
    """Write the label files of a project; a tenth of the points is missing."""
    rng = np.random.default_rng(0)
    names = tuple(f"keypoint{number}" for number in range(keypoints))
    cameras = tuple(f"cam{number}" for number in range(views))
    create_project(folder, cameras, skeleton_from_names(names, []))
    for view in cameras:
        points = rng.uniform(0, 1000, (frames, keypoints, 2)).round(3)
        points[rng.random((frames, keypoints)) < 0.1] = np.nan
        images = [image_name(f"session{n // AT_ONCE}", view, n % AT_ONCE) for n in range(frames)]
        write_poses(folder / f"CollectedData_{view}.csv", Poses(names, points, np.array(images)))


def times(action: Callable[[int], object], count: int) -> np.ndarray:
    """Return the milliseconds of every call."""
    taken = []
    for number in range(count):
        begin = time.perf_counter()
        action(number)
        taken.append((time.perf_counter() - begin) * 1e3)
    return np.array(taken)


def row(what: str, milliseconds: np.ndarray, limit: str = "") -> str:
    """Return a row of the table."""
    middle, high = np.percentile(milliseconds, [50, 95])
    return f"| {what} | {middle:.1f} | {high:.1f} | {milliseconds.max():.1f} | {limit} |"


def measure(folder: Path, repeats: int) -> Iterator[str]:
    """Yield the rows of the table, of a project that was never opened."""
    rng = np.random.default_rng(1)
    stores: list[LabelStore] = []

    def reopen(_: int) -> None:
        stores[-1].close()
        stores.append(LabelStore.open(folder))

    yield row(
        "first open: reading the label files", times(lambda _: stores.append(LabelStore.open(folder)), 1)
    )
    yield row("open", times(reopen, 3), "1000")
    store = stores[-1]
    yield row("`frames()`", times(lambda _: store.frames(), 5), "1000")
    ids, views, names = store.frames().id, store.project.views, store.project.keypoint_names
    chosen = rng.integers(len(ids), size=repeats).tolist()
    yield row("`cells(frame)`", times(lambda n: store.cells(ids[chosen[n]]), repeats), "5")

    def save(number: int) -> None:
        operations = [
            Operation(
                f"{number}-{view}", ids[chosen[number]], view, names[number % len(names)], 1.5, number + 0.5,
                "visible", "manual", 0,
            )
            for view in views
        ]  # fmt: skip
        store.apply(operations, who="bench", client="bench")

    yield row(f"`apply()`, {len(views)} cells", times(save, repeats), "10")
    yield row("`changes()` of these", times(lambda _: store.changes(0), 5))
    yield row(f"`materialise()` of {repeats} edited frames", times(lambda _: store.materialise(), 1))
    yield row("`materialise()`, nothing to do", times(lambda _: store.materialise(), 5))
    yield row("`incoming()`, nothing changed", times(lambda _: store.incoming(), 5))
    path = folder / f"CollectedData_{views[0]}.csv"
    path.write_bytes(path.read_bytes().replace(b",1.5,", b",2.5,"))
    yield row("`incoming()`, one file changed", times(lambda _: store.incoming(), 1))
    store.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--frames", type=int, default=50_000)
    parser.add_argument("--views", type=int, default=6)
    parser.add_argument("--keypoints", type=int, default=17)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one by default")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as temporary:
        folder = Path(temporary) / "project"
        write_project(folder, args.frames, args.views, args.keypoints)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("| what | p50, ms | p95, ms | most, ms | limit, ms |\n|---|---|---|---|---|")
        for line in measure(folder, args.repeats):
            print(line, flush=True)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        files = sum(path.stat().st_size for path in folder.glob("*.csv")) / MIB
        database = (folder / ".litpose" / "labels.db").stat().st_size / MIB
        print(f"\nlabel files {files:.0f} MiB, database {database:.0f} MiB")
        print(f"memory {before:.0f} MiB before, {peak:.0f} MiB at its peak")


if __name__ == "__main__":
    main()
