"""Smooth the predictions of an ensemble: `eks` as a process for every session, with what it needs to know.

The smoother is another wing of the house: it is not imported but run, as a person would.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.sessions import Session
from lightning_pose.predict.outputs import Layout, pixel_files

EKS = (sys.executable, "-m", "eks.cli")


def smooth_session(layout: Layout, session: Session, rig: Rig | None, members: Sequence[str]) -> bool:
    """Smooth a session, in 3D where its cameras are calibrated, else view by view, unless that has been done.

    Args:
        layout: where predictions are, and smoothed ones go.
        session: with predictions.
        rig: its cameras.
        members: of the ensemble.

    Returns:
        Whether anything was done.

    Raises:
        DataError: when the smoother fails; the last lines that it said are in it.
    """
    folder = layout.smoothed(session)
    calibration = folder / "calibration.toml"  # of the views that are there, in their order
    if rig is None:
        calls = _singlecam(layout, session, members)
    else:
        calls = _multicam(layout, session, calibration, members)
    lacking = [words for made, words in calls.items() if not made.is_file()]
    if lacking and rig is not None:
        rig.save(calibration)
    for words in lacking:
        done = subprocess.run([*EKS, *words], capture_output=True, text=True, check=False)
        if done.returncode:
            said = "\n".join(done.stderr.strip().splitlines()[-3:]).removeprefix("error: ")
            raise DataError(f"the smoother failed (exit code {done.returncode}): {said}")
    return bool(lacking)


def smoother_records(layout: Layout, session: Session) -> list[Path]:
    """Return the files that say that the smoother has ended."""
    return sorted(layout.smoothed(session).glob("*_results.json"))


def _multicam(
    layout: Layout, session: Session, calibration: Path, members: Sequence[str]
) -> dict[Path, list[str]]:
    """Return the words of one call for all views, by the file that says that it has ended."""
    files = [str(path) for path in pixel_files(layout, session, members)]
    words = ["multicam", "--input-files", *files, "--calibration", str(calibration)]
    folder = layout.smoothed(session)
    return {folder / "multicam_results.json": [*words, "--save-dir", str(folder)]}


def _singlecam(layout: Layout, session: Session, members: Sequence[str]) -> dict[Path, list[str]]:
    """Return the words of a call for each view, by the file that says that it has ended."""
    folder, calls = layout.smoothed(session), {}
    for view in session.videos:
        stem = "_".join(filter(None, ("singlecam", view, "results")))
        files = [str(layout.pixels(session, view, member)) for member in members]
        words = ["singlecam", "--input-files", *files, "--save-filename", f"{stem}.csv"]
        calls[folder / f"{stem}.json"] = [*words, "--save-dir", str(folder)]
    return calls
