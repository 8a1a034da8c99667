"""The smoother over the predictions of a session: `eks` as a process, with what it needs to know.

The smoother is another wing of the house: it is not imported but run, as a person would.
"""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.projects.listing import changed_at
from lightning_pose.projects.smoothed import RECORD, record_of

EKS = (sys.executable, "-m", "eks.cli")

How = Literal["auto", "together", "apart"]
Motion = Literal["walk", "velocity"]


@dataclass(frozen=True)
class Smoothing:
    """How to smooth.

    Attributes:
        how: the views of a session: `together`, in 3D where calibrated and else with a learned geometry; or
            `apart`, each for itself. `auto` is together where calibrated, else apart.
        motion: what a keypoint does from frame to frame.
        s: smoothing parameters, one or one per keypoint; none for tuned ones.
        skeleton: bones whose lengths are kept where calibrated, as `eks multicam --skeleton` reads them.
    """

    how: How = "auto"
    motion: Motion = "walk"
    s: tuple[float, ...] = ()
    skeleton: str = ""

    def words(self, *, calibrated: bool = False) -> list[str]:
        """Return it as arguments of `eks`."""
        words = [] if self.motion == "walk" else ["--motion", self.motion]
        words += ["--s", *(f"{value:g}" for value in self.s)] if self.s else []
        return [*words, *(["--skeleton", self.skeleton] if self.skeleton and calibrated else [])]


PLAIN = Smoothing()


def smooth_tables(
    tables: Mapping[str, Sequence[Path]], folder: Path, rig: Rig | None, how: Smoothing = PLAIN, *,
    anew: bool = False,
) -> bool:  # fmt: skip
    """Smooth a session, unless what is there was made of these predictions.

    Args:
        tables: view to the tables of the members; one empty name for a single view.
        folder: for the results.
        rig: the cameras of the views, in their order.
        how: to smooth.
        anew: also what has been smoothed.

    Returns:
        Whether anything was done.

    Raises:
        DataError: when the smoother fails; the last lines that it said are in it.
    """
    together = len(tables) > 1 and (how.how == "together" or (how.how == "auto" and rig is not None))
    calibration = folder / "calibration.toml"  # of the views that are there, in their order
    words = how.words(calibrated=rig is not None)
    if together:
        calls = _together(tables, folder, calibration if rig is not None else None, words)
    else:
        calls = _apart(tables, folder, words)
    written = max((changed_at(path) or 0.0 for files in tables.values() for path in files), default=0.0)
    lacking = [call for made, call in calls.items() if anew or (changed_at(made) or -1.0) < written]
    if lacking and together and rig is not None:
        rig.save(calibration)
    for call in lacking:
        done = subprocess.run([*EKS, *call], capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-3:]).removeprefix("error: ")
            raise DataError(f"the smoother failed (exit code {done.returncode}): {said}")
    if lacking:
        _remove_others(folder, "singlecam" if together else "multicam")
    return bool(lacking)


def _together(
    tables: Mapping[str, Sequence[Path]], folder: Path, calibration: Path | None, words: Sequence[str]
) -> dict[Path, list[str]]:
    """Return the words of one call for all views, by the file that says that it has ended."""
    files = [str(path) for of_view in tables.values() for path in of_view]
    cameras = ["--camera-names", *tables] if calibration is None else ["--calibration", str(calibration)]
    call = ["multicam", "--input-files", *files, *cameras, *words, "--save-dir", str(folder)]
    return {folder / RECORD: call}


def _apart(tables: Mapping[str, Sequence[Path]], folder: Path, words: Sequence[str]) -> dict[Path, list[str]]:
    """Return the words of a call for each view, by the file that says that it has ended."""
    calls = {}
    for view, files in tables.items():
        record = folder / record_of(view)
        call = ["singlecam", "--input-files", *map(str, files), *words]
        calls[record] = [*call, "--save-filename", f"{record.stem}.csv", "--save-dir", str(folder)]
    return calls


def _remove_others(folder: Path, kind: str) -> None:
    """Remove what was smoothed in the other way before: two answers of different times would stand there."""
    for path in folder.glob(f"{kind}_*results.*"):
        path.unlink(missing_ok=True)
