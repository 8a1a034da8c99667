"""Calibrations that lie beside recordings, on their way into a project."""

from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import CalibrationError, DataError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.project import Project

GENERAL = "calibration"
FOLDER = "calibrations"


class Offered(NamedTuple):
    """A calibration that a project may take.

    Attributes:
        file: where it lies.
        place: where it belongs, relative to the project: `calibration.toml`, or `calibrations/SESSION.toml`.
        is_taken: whether the project has it already.
        fault: why it cannot be taken; empty where it can.
    """

    file: Path
    place: Path
    is_taken: bool
    fault: str


def calibrations_among(project: Project, folder: Path) -> list[Offered]:
    """Look at the calibrations in a folder of recordings: `*.toml`, and those in its `calibrations`.

    One named `calibration.toml`, or the only one there is, is for all sessions; others are for the session
    that they are named after. A project of one view needs none.
    """
    if len(project.view_names) < 2 or folder.resolve() == project.folder.resolve():
        return []
    direct = sorted(folder.glob("*.toml"))
    inside = sorted((folder / FOLDER).glob("*.toml"))
    general = [path for path in direct if path.stem == GENERAL or len(direct) + len(inside) == 1]
    found = []
    for path in (*direct, *inside):
        place = Path(f"{GENERAL}.toml") if path in general else Path(FOLDER) / path.name
        found.append(_look(project, path, place))
    return found


def take_calibration(project: Project, offered: Offered) -> Path:
    """Copy a calibration into its place in a project, and return the file there.

    Raises:
        DataError: when it cannot be used, or there is another one in its place.
        OSError: when it cannot be written.
    """
    now = _look(project, offered.file, offered.place)
    if now.fault:
        raise DataError(now.fault)
    target = project.folder / offered.place
    if not now.is_taken:
        with atomic_path(target) as temporary:
            temporary.write_bytes(offered.file.read_bytes())
    return target


def _look(project: Project, path: Path, place: Path) -> Offered:
    """Say whether a calibration fits a project, and whether it is there."""
    target, fault, is_taken = project.folder / place, "", False
    try:
        Rig.load(path).check(project.view_names, path=path)
    except CalibrationError as error:
        fault = str(error)
    if not fault and target.exists():
        is_taken = target.read_bytes() == path.read_bytes()
        if not is_taken:
            fault = f"the project has another {place}: remove that one if this one is right"
    return Offered(path, place, is_taken, fault)
