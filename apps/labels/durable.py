"""Files whose content is on the disk before their name is: a loss of power leaves one whole version."""

import os
import shutil
from pathlib import Path


def prepare(path: Path, data: bytes) -> Path:
    """Write the coming content of a file beside it, down to the disk, and return where.

    The name is always the same, so that what an interrupted program left behind is overwritten.
    """
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("wb") as sink:
        sink.write(data)
        sink.flush()
        if path.exists():
            shutil.copymode(path, temporary)
        os.fsync(sink.fileno())
    return temporary


def sync_folder(folder: Path) -> None:
    """Bring the names of a folder's files down to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_durably(path: Path, data: bytes) -> None:
    """Replace a file as a whole; on the disk when this returns."""
    prepare(path, data).replace(path)
    sync_folder(path.parent)
