"""What the names of files say: session, view, seed and frame.

One parser for every part of the system. A view is a whole token at the *end* of a stem, set off by `_`, `-`
or `.`, so that `cam1` and `cam10` differ, and the longest matching view wins, so that `left_top` is not taken
for `top`. In a project of one view, the view is the empty string.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lightning_pose.core.errors import DataError, raise_collected

IMAGE_FOLDER = "labeled-data"
IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
DELIMITERS = "_-."
_SEED = re.compile(r"[_.\-](?:rng|seed)=?(\d+)$")


class ImageLocation(NamedTuple):
    """Where the path of a labeled image says that it was filmed."""

    session: str
    view: str
    frame: int


def parse_stem(stem: str, view_names: Sequence[str]) -> tuple[str, str]:
    """Split the stem of a file into its session and its view.

    Args:
        stem: file name without folder and suffix, such as `mouse3_2024-05-01_cam10`.
        view_names: the views of the project; none, or one empty name, means a single view.

    Returns:
        Session and view. The session is empty where the stem is a view alone (`cam1.csv`).

    Raises:
        DataError: when the stem does not end in one of the views.
    """
    if not any(view_names):
        return stem, ""
    found = _view_at_end(stem, view_names, DELIMITERS)
    if found is None:
        raise DataError(
            f"'{stem}' does not end in a view: expected <session>_<view> with one of the views "
            f"{', '.join(view_names)}"
        )
    return found


def find_view(stem: str, view_names: Sequence[str]) -> tuple[str, str]:
    """Split a stem that names its view anywhere, as ensembles do (`fly4_Cam-A_crop.rng=0`).

    The view is still a whole token; where several views occur, the longest wins, and of equally long ones the
    last.

    Returns:
        The stem without the view, and the view. A view at the end gives what `parse_stem` gives.

    Raises:
        DataError: when no view occurs in the stem.
    """
    if not any(view_names):
        return stem, ""
    best: tuple[int, int, str] | None = None
    for view in filter(None, view_names):
        pattern = rf"(?:^|(?<=[{re.escape(DELIMITERS)}])){re.escape(view)}(?=$|[{re.escape(DELIMITERS)}])"
        for match in re.finditer(pattern, stem):
            best = max(best or (0, 0, ""), (len(view), match.start(), view))
    if best is None:
        raise DataError(f"'{stem}' names none of the views {', '.join(view_names)}")
    length, start, view = best
    before, after = stem[:start], stem[start + length :]
    if before:
        return before[:-1] + after, view
    return after[1:], view


def split_seed(stem: str) -> tuple[str, int | None]:
    """Take the seed of an ensemble member off the end of a stem: `s1_cam1_rng=2` gives `s1_cam1` and 2."""
    match = _SEED.search(stem)
    if match is None:
        return stem, None
    return stem[: match.start()], int(match.group(1))


def group_by_session(paths: Iterable[Path | str], view_names: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Sort files by session and view; no file is dropped.

    Args:
        paths: files whose stems are `<session>_<view>` (`<session>` for a single view).
        view_names: the views of the project.

    Returns:
        Session to view to path, sessions in order of name, views in the order of `view_names`. Sessions that
        lack a view are in it too: `missing_views` names them.

    Raises:
        DataError: when files name no view, or two files are of the same session and view; all listed.
    """
    groups: dict[str, dict[str, Path]] = {}
    faults = []
    for path in sorted(Path(path) for path in paths):
        try:
            session, view = parse_stem(path.stem, view_names)
        except DataError as error:
            faults.append(f"{path}: {error}")
            continue
        other = groups.setdefault(session, {}).setdefault(view, path)
        if other != path:
            name = f"session '{session}'" + (f", view '{view}'" if view else "")
            faults.append(f"{other} and {path} are both {name}")
    if faults:
        raise_collected(DataError, "files cannot be sorted by session and view", faults)
    order = {view: index for index, view in enumerate(view_names)}
    return {
        session: dict(sorted(views.items(), key=lambda item: order.get(item[0], 0)))
        for session, views in sorted(groups.items())
    }


def missing_views(
    groups: Mapping[str, Mapping[str, Path]], view_names: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """Return the incomplete sessions, each with the views that it lacks."""
    views = tuple(view_names) or ("",)
    lacking = {name: tuple(view for view in views if view not in found) for name, found in groups.items()}
    return {name: absent for name, absent in lacking.items() if absent}


def complete_sessions(
    groups: Mapping[str, Mapping[str, Path]], view_names: Sequence[str]
) -> dict[str, dict[str, Path]]:
    """Return the sessions that have every view; `missing_views` returns the others."""
    lacking = missing_views(groups, view_names)
    return {session: dict(views) for session, views in groups.items() if session not in lacking}


def frame_index(image: str) -> int:
    """Return the frame number in the name of an image: the last run of digits, `img00000012.png` gives 12.

    Raises:
        DataError: when the name has no digits.
    """
    digits = re.findall(r"\d+", _posix(image).stem)
    if not digits:
        raise DataError(f"'{image}' has no frame number: expected a name such as img00000012.png")
    return int(digits[-1])


def image_at(image: str, offset: int) -> str | None:
    """Return the path of the image so many frames later; None before frame 0.

    The digits that `frame_index` reads change and keep their padding: `img00000099.png` becomes
    `img00000100.png`.

    Raises:
        DataError: when the name has no digits.
    """
    number = frame_index(image) + offset
    if number < 0:
        return None
    name = _posix(image).name
    *_, digits = re.finditer(r"\d+", _posix(image).stem)
    changed = name[: digits.start()] + str(number).zfill(len(digits[0])) + name[digits.end() :]
    return image[: len(image) - len(name)] + changed


def context_images(image: str, context: int, is_there: Callable[[str], bool]) -> list[str]:
    """Return the paths of the frames around an image, itself in the middle.

    A frame that is not there, before the beginning of a film or not written to disk, is replaced by the
    nearest one towards the middle.

    Args:
        image: of the middle frame.
        context: frames on either side.
        is_there: whether there is an image at a path.

    Raises:
        DataError: when the name has no digits.
    """
    sides = []
    for direction in (-1, 1):
        side, nearest = [], image
        for distance in range(1, context + 1):
            other = image_at(image, direction * distance)
            nearest = other if other is not None and is_there(other) else nearest
            side.append(nearest)
        sides.append(side)
    return [*reversed(sides[0]), image, *sides[1]]


def image_session(image: str, view: str = "") -> str:
    """Return the session of a labeled image of a known view, from the folders that hold it.

    `labeled-data/<session>_<view>/img00000012.png` is the project's own form; `<session>/<view>/` is read as
    well, and a folder that does not end in the view is the session itself. An image without a folder has the
    session `""`.
    """
    folder = _folder(image)
    found = _view_at_end(folder, (view,), DELIMITERS + "/") if view else None
    return folder if found is None else found[0]


def locate_image(image: str, view_names: Sequence[str]) -> ImageLocation:
    """Return session, view and frame number of a labeled image from its path.

    Raises:
        DataError: when the folder ends in none of the views, or the name has no number.
    """
    if not any(view_names):
        return ImageLocation(_folder(image), "", frame_index(image))
    found = _view_at_end(_folder(image), view_names, DELIMITERS + "/")
    if found is None:
        raise DataError(
            f"'{image}' is in no view's folder: expected {IMAGE_FOLDER}/<session>_<view>/ with one of the "
            f"views {', '.join(view_names)}"
        )
    return ImageLocation(*found, frame_index(image))


def image_name(session: str, view: str, frame: int, suffix: str = ".png") -> str:
    """Return the path, relative to the project, under which a frame is kept for labeling."""
    folder = "_".join(filter(None, (session, view)))
    return str(PurePosixPath(IMAGE_FOLDER, folder, f"img{frame:08d}{suffix}"))


def image_file(project_dir: Path, image: str) -> Path:
    """Return the file of an image that a table names, also where the table was written on Windows."""
    return Path(project_dir) / _posix(image)


def _posix(image: str) -> PurePosixPath:
    return PurePosixPath(image.replace("\\", "/"))


def _folder(image: str) -> str:
    """Return the folders below `labeled-data`, or without it the last folder, as one string."""
    return _folder_of_parts(image.replace("\\", "/").rpartition("/")[0])


@lru_cache(maxsize=4096)
def _folder_of_parts(path: str) -> str:
    """Return what `_folder` does for the path of a folder; tables name thousands of images of each."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if IMAGE_FOLDER in parts:
        return "/".join(parts[parts.index(IMAGE_FOLDER) + 1 :])
    return parts[-1] if parts else ""


def _view_at_end(name: str, view_names: Sequence[str], delimiters: str) -> tuple[str, str] | None:
    """Return what stands before the longest view at the end of a name, and that view."""
    for view in sorted(filter(None, view_names), key=len, reverse=True):
        if name == view:
            return "", view
        if name.endswith(view) and name[-len(view) - 1] in delimiters:
            return name[: -len(view) - 1], view
    return None
