"""Which label files belong together: the manifest that the app's label store writes last of all."""

import json
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.files import hash_file

STORE_FOLDER = ".litpose"  # of the label store, in the project
MANIFEST = "labels.json"


class Written(NamedTuple):
    """What the manifest says of the label file of one view."""

    file: str
    revision: int
    sha256: str


def read_manifest(project: Path | str) -> dict[str, Written]:
    """Return what the manifest says of every view; nothing where there is none."""
    try:
        record = json.loads((Path(project) / STORE_FOLDER / MANIFEST).read_text(encoding="utf-8"))
        return {
            view: Written(entry["file"], entry["revision"], entry["sha256"])
            for view, entry in record["files"].items()
        }
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def unfinished_views(project: Path | str) -> list[str]:
    """Return the views whose label files are not those of the manifest: the files may not belong together.

    Writing them was interrupted, or another program has edited them since. Nothing is returned where no store
    has written label files yet.
    """
    project = Path(project)
    return [
        view
        for view, written in read_manifest(project).items()
        if not (project / written.file).is_file() or hash_file(project / written.file) != written.sha256
    ]
