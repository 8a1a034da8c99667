"""Reprojection errors of predictions that nobody has written: `python -m apps.results.residuals COPY WORK`.

The world point of a keypoint is that of the source's own table, or is triangulated from its views, leaving
out a view that the others contradict. The error of a view is the distance (px) of its pixel from the image of
the point. For an hour this takes seconds, so a process of its own writes it, one column per view, as a copy.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from apps.results.build import end_tidily
from apps.results.copies import CopyWriter
from apps.results.rows import VALUE, Head
from apps.results.shelf import Shelf
from apps.results.windows import WORLD, extent_of, read_cells
from lightning_pose.core.calibration import Rig
from lightning_pose.core.files import atomic_path
from lightning_pose.core.terminal import guarded

AT_ONCE = 8192  # frames


@dataclass(frozen=True)
class Work:
    """What reprojection errors are made of.

    Attributes:
        home: folder of the project.
        calibration: file of the cameras.
        views: view to table of pixels, two at least.
        world: table of world points; None to triangulate.
        keypoint: by name.
    """

    home: Path
    calibration: Path
    views: dict[str, Path]
    world: Path | None
    keypoint: str

    @property
    def tables(self) -> list[Path]:
        """All tables."""
        return [*self.views.values(), *([] if self.world is None else [self.world])]

    @property
    def program(self) -> tuple[str, str]:
        """The program that writes them, and what it is told behind the path of the copy."""
        told = {**vars(self), "views": {view: str(table) for view, table in self.views.items()}}
        return __name__, json.dumps(told, default=str)

    def errors(self, rig: Rig, start: int, stop: int, shelf: Shelf) -> Float32[np.ndarray, "V T"]:
        """Return the errors of some frames (px); NaN where the keypoint is missing or in one view alone.

        Args:
            rig: cameras of the views, in their order.
            start: first frame.
            stop: frame to stop before.
            shelf: of the copies.

        Raises:
            DataError: when a table cannot be read.
        """
        cells = [(self.keypoint, axis) for axis in WORLD]
        xy = np.stack([read_cells(table, cells[:2], start, stop, shelf) for table in self.views.values()])
        if self.world is None:
            return rig.triangulate_robust(xy.astype(np.float64)).error.astype(np.float32)
        xyz = read_cells(self.world, cells, start, stop, shelf)
        return np.linalg.norm(rig.project(xyz) - xy, axis=2).astype(np.float32)


def write_errors(work: Work, copy: Path) -> None:
    """Write the errors of all frames, one column per view, and print how many are done.

    Raises:
        PoseError: when a table or the calibration cannot be used.
    """
    shelf = Shelf(work.home)
    rig = Rig.load(work.calibration).select(list(work.views))
    total = max(extent_of(table).stop for table in work.tables)
    cells = {(view, VALUE): place for place, view in enumerate(work.views)}
    with atomic_path(copy) as temporary, temporary.open("wb") as file:
        writer = CopyWriter(file, Head(tuple(work.views), (VALUE,), cells, (), len(cells), 0))
        for start in range(0, total, AT_ONCE):
            stop = min(total, start + AT_ONCE)
            writer.add(np.arange(start, stop), list(work.errors(rig, start, stop, shelf)))
            print(stop, total, flush=True)
        writer.finish()


def main(arguments: Sequence[str]) -> int:
    """Run the program."""
    end_tidily()
    told = json.loads(arguments[1])
    views = {view: Path(table) for view, table in told["views"].items()}
    world = None if told["world"] is None else Path(told["world"])
    work = Work(Path(told["home"]), Path(told["calibration"]), views, world, told["keypoint"])

    def run() -> int:
        write_errors(work, Path(arguments[0]))
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
