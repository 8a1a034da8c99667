"""Recordings on their way into a project: sorted, looked at, compared, and only then put in place."""

import errno
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from lightning_pose.core.errors import DataError, VideoError, raise_collected
from lightning_pose.core.files import atomic_path
from lightning_pose.core.naming import group_by_session
from lightning_pose.core.project import VIDEO_FOLDER, VIDEO_SUFFIXES, Project
from lightning_pose.core.video import VideoInfo, probe
from lightning_pose.projects.playable import Verdict, judge, make_playable

PROXIES = (
    Path(".litpose") / "proxies"
)  # copies that a browser plays; training and prediction read the originals
SAME_RATE = 0.01  # share by which the rates of views may differ

How = Literal["link", "copy"]
Report = Callable[[str, int, int], None]  # file, frames done, all


class Planned(NamedTuple):
    """A session that might be added.

    Attributes:
        name: of the session.
        videos: view to file.
        infos: view to what the file holds, of those that can be read.
        verdicts: view to whether a browser plays it.
        faults: why it cannot be added, in words.
        notes: what is worth knowing, in words.
    """

    name: str
    videos: dict[str, Path]
    infos: dict[str, VideoInfo]
    verdicts: dict[str, Verdict]
    faults: tuple[str, ...]
    notes: tuple[str, ...]


class Added(NamedTuple):
    """A video that was put in place.

    Attributes:
        path: in the project.
        how: `link`, the same file under a second name; `copy`.
        proxy: the copy that a browser plays, where it does not play the file itself.
    """

    path: Path
    how: How
    proxy: Path | None


def videos_among(paths: Iterable[Path]) -> list[Path]:
    """Return the videos among files, and those directly in folders, in order of name."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.iterdir()) if path.is_dir() else [path]
    return [path for path in found if path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")]


def plan_sessions(project: Project, paths: Sequence[Path]) -> list[Planned]:
    """Sort videos into sessions and look at each; nothing is written.

    Args:
        project: that they may be added to.
        paths: videos named `<session>_<view>`, or folders of such.

    Raises:
        DataError: when there is no video, a name ends in no view, or two files are of one session and view.
    """
    videos = videos_among(paths)
    if not videos:
        places = ", ".join(map(str, paths))
        raise DataError(f"{places}: expected videos ({', '.join(VIDEO_SUFFIXES)}), found none")
    groups = group_by_session(videos, project.view_names)
    present = project.videos()
    return [_look_at(project, name, group, present.get(name, {})) for name, group in groups.items()]


def add_sessions(
    project: Project,
    planned: Sequence[Planned],
    *,
    how: How = "link",
    proxies: bool = True,
    report: Report | None = None,
) -> list[Added]:
    """Put the videos of sessions into the project; the files themselves stay where and as they are.

    A link is a second name of the same file (a hard link), which takes no room and stays inside the project;
    where file systems allow none, the file is copied. Run again after an interruption, it goes on.

    Args:
        project: to add to.
        planned: from `plan_sessions`.
        how: second names, or copies.
        proxies: also make the copies that a browser needs.
        report: called with the file and its frames while a copy is encoded.

    Raises:
        DataError: when a session has faults; all of them listed, and nothing is added.
        VideoError: when a copy for the browser cannot be made.
    """
    faults = [f"session '{session.name}': {fault}" for session in planned for fault in session.faults]
    if faults:
        raise_collected(DataError, "these sessions cannot be added", faults)
    added = []
    for session in planned:
        for view, source in session.videos.items():
            stem = "_".join(filter(None, (session.name, view)))
            target = project.folder / VIDEO_FOLDER / f"{stem}{source.suffix.lower()}"
            done = _place(source.resolve(), target, how)
            proxy = None
            if proxies and session.verdicts[view].action != "as is":
                proxy = make_proxy(project, target, session.verdicts[view].action, report)
            added.append(Added(target, done, proxy))
    return added


def proxy_file(project_folder: Path, video: Path) -> Path:
    """Return where the copy of a video is that a browser plays; it need not be there."""
    return project_folder / PROXIES / f"{video.stem}.mp4"


def make_proxy(project: Project, video: Path, action: str, report: Report | None = None) -> Path:
    """Make the copy of a video that a browser plays, unless it is there and newer than the video."""
    target = proxy_file(project.folder, video)
    if target.is_file() and target.stat().st_mtime_ns >= video.stat().st_mtime_ns:
        return target
    progress = None if report is None else (lambda done, total: report(video.name, done, total))
    make_playable(video, target, action, progress)
    return target


def _look_at(project: Project, name: str, videos: dict[str, Path], present: dict[str, Path]) -> Planned:
    """Return a session with what is wrong with it, and worth knowing of it."""
    faults = [
        f"no video of view {view}: expected one that ends in _{view}"
        for view in project.views
        if view not in videos
    ]
    infos: dict[str, VideoInfo] = {}
    verdicts: dict[str, Verdict] = {}
    for view, path in videos.items():
        other = present.get(view)
        if other is not None and not _is_same(other, path):
            faults.append(f"{other.name} is in the project already, and is another file")
        try:
            infos[view], verdicts[view] = probe(path), judge(path)
        except VideoError as error:
            faults.append(str(error))
    if not name:
        faults.append("the names of its videos are those of views alone: expected <session>_<view>")
    counts = {view: info.n_frames for view, info in infos.items()}
    if len(set(counts.values())) > 1:
        faults.append(f"the views differ in their number of frames: {_listed(counts)}")
    rates = {view: round(info.fps, 3) for view, info in infos.items()}
    notes = []
    if rates and max(rates.values()) > (1 + SAME_RATE) * min(rates.values()):
        notes.append(f"the views differ in their frames a second: {_listed(rates)}; frames go by number")
    notes += [
        f"{videos[view].name}: {'; '.join(verdict.reasons)}, so a copy is made for the browser"
        for view, verdict in verdicts.items()
        if verdict.action != "as is"
    ]
    return Planned(name, videos, infos, verdicts, tuple(faults), tuple(notes))


def _place(source: Path, target: Path, how: How) -> How:
    """Put a file in place, as a second name or a copy, and return which it became."""
    if target.exists() and _is_same(target, source):
        return "link" if target.samefile(source) else "copy"
    target.parent.mkdir(parents=True, exist_ok=True)
    if how == "link":
        try:
            os.link(source, target)
            return "link"
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EACCES):
                raise
    with atomic_path(target) as temporary:
        shutil.copy2(source, temporary)
    return "copy"


def _is_same(one: Path, other: Path) -> bool:
    """Return whether two files are one, or a copy of the other: the same size and time of change."""
    if one.samefile(other):
        return True
    a, b = one.stat(), other.stat()
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _listed(values: dict[str, int] | dict[str, float]) -> str:
    return ", ".join(f"{view or 'video'} {value}" for view, value in values.items())
