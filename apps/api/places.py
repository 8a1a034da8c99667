"""Files of a project: what a name in a table or an address may lead to."""

import hashlib
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from apps.api.answers import ABSENT, RequestError
from lightning_pose.core.naming import IMAGE_SUFFIXES
from lightning_pose.core.project import is_project

ID_LENGTH = 12
NESTED = "project"  # where `litpose demo` puts it


def project_id(folder: Path) -> str:
    """Return the name of a project in addresses: the same for the same folder, and not its path."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:ID_LENGTH]


def project_home(root: Path) -> Path:
    """Return the project's folder: the one given, or the one that a demo keeps inside it."""
    root = root.resolve()
    nested = root / NESTED
    return nested if not is_project(root) and nested.is_dir() else root


def inside(folder: Path, relative: str) -> Path:
    """Return the file that a name means, which lies in the folder also when every link is followed.

    Args:
        folder: the project's, resolved.
        relative: as a table names it, maybe one written on Windows.

    Raises:
        RequestError: when it leads out of the folder, or is no file.
    """
    try:
        path = (folder / relative.replace("\\", "/")).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise RequestError(ABSENT, f"{relative} is not in the project's folder.") from None
    if not path.is_relative_to(folder):
        raise RequestError(ABSENT, f"{relative} leads out of the project's folder, so it is not shown.")
    if not path.is_file():
        raise RequestError(ABSENT, f"{relative} is not a file.")
    return path


def image_path(folder: Path, name: str) -> Path:
    """Return the file of an image that a label file names.

    Raises:
        RequestError: when it leads out of the folder, or is no image.
    """
    path = inside(folder, name)
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise RequestError(ABSENT, f"{name} is not an image: expected {', '.join(IMAGE_SUFFIXES)}.")
    return path


def image_size(folder: Path, name: str) -> tuple[int, int] | None:
    """Return width and height (px) from the head of an image; None where there is no image to read."""
    try:
        with Image.open(image_path(folder, name)) as picture:
            return picture.size
    except (RequestError, OSError, UnidentifiedImageError, Image.DecompressionBombError):
        return None


def image_version(folder: Path, name: str) -> str | None:
    """Return what changes when the file does: with it in the address, a browser may keep the image."""
    try:
        return file_version(image_path(folder, name))
    except (RequestError, OSError):
        return None


def file_version(path: Path) -> str:
    """Return what changes when a file does."""
    stat = path.stat()
    return f"{stat.st_mtime_ns:x}-{stat.st_size:x}"
