"""The projects that were opened last: a small file in the user's own configuration."""

import json
import os
from pathlib import Path

from lightning_pose.core.files import write_json

KEPT = 20


def recent_file() -> Path:
    """Return where the list is kept, by the XDG base directory specification."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".config") / "litpose" / "recent.json"


def recent_projects() -> list[Path]:
    """Return the folders of recent projects that are still there, the last one first."""
    return [folder for folder in _remembered() if folder.is_dir()]


def remember_project(folder: Path | str) -> None:
    """Put a project at the head of the list; a disk that cannot be written is no reason to fail."""
    folder = Path(folder).resolve()
    others = [other for other in _remembered() if other != folder]
    try:
        write_json(recent_file(), {"projects": [str(path) for path in [folder, *others][:KEPT]]})
    except OSError:
        return


def forget_project(folder: Path | str) -> None:
    """Take a project off the list; its files stay."""
    folder = Path(folder).resolve()
    write_json(recent_file(), {"projects": [str(other) for other in _remembered() if other != folder]})


def _remembered() -> list[Path]:
    """Return the folders on the list; a list that cannot be read is an empty one."""
    try:
        record = json.loads(recent_file().read_text(encoding="utf-8"))
        return [Path(folder) for folder in record["projects"] if isinstance(folder, str)]
    except (OSError, ValueError, KeyError, TypeError):
        return []
