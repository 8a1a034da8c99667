"""Sessions: synchronised videos, one per view, that belong together, and the cameras that made them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import DataError, PoseError, VideoError, raise_collected
from lightning_pose.core.naming import group_by_session
from lightning_pose.core.project import VIDEO_SUFFIXES
from lightning_pose.core.video import VideoInfo, probe

NO_CALIBRATION = "none"


class Session(NamedTuple):
    """Synchronised videos, one per view of the model; frames of one number are of one instant."""

    name: str
    videos: dict[str, Path]  # in the order of the model's views
    infos: dict[str, VideoInfo]

    @property
    def n_frames(self) -> int:
        """Instants: the frames of every view, or of the longest where they differ."""
        return max(info.n_frames for info in self.infos.values())

    @property
    def n_images(self) -> int:
        """Frames of all views."""
        return sum(info.n_frames for info in self.infos.values())


class Found(NamedTuple):
    """The cameras of a session, and where they were looked for."""

    rig: Rig | None
    looked: tuple[Path, ...]


def videos_in(folder: Path) -> list[Path]:
    """Return the videos of a folder in order of name; hidden files are none.

    A link that leads nowhere is one of them: who opens it is told, and it is not left out unnoticed.
    """
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir() and not path.name.startswith(".")
    )


def read_sessions(folder: Path, views: Sequence[str]) -> list[Session]:
    """Return the sessions of a folder of videos, all of them whole.

    Args:
        folder: of the videos.
        views: one empty name for a single view.

    Raises:
        DataError: when there is no video, one belongs to no view, or a session lacks a view or has views of
            different lengths; all sessions listed.
    """
    videos = videos_in(folder) if folder.is_dir() else []
    if not videos:
        raise DataError(f"{folder}: expected videos ({', '.join(VIDEO_SUFFIXES)}), found none")
    sessions, faults = [], []
    for name, group in group_by_session(videos, views).items():
        try:
            sessions.append(check_session(name, group, views))
        except PoseError as error:
            faults.append(f"session '{name}': {error}")
    if faults:
        raise_collected(DataError, f"sessions in {folder} cannot be used", faults)
    return sessions


def check_session(
    name: str, videos: dict[str, Path], views: Sequence[str], *, partial: bool = False
) -> Session:
    """Return a session whose videos are there, can be read and have the same number of frames.

    Args:
        name: of the session.
        videos: view to video.
        views: that it should have, in order.
        partial: take what is there: some of the views, of different lengths, and videos that stop half way;
            `missing` of their infos says by how much.

    Raises:
        DataError: when a view is missing, or the numbers of frames differ; it says which.
        VideoError: when videos cannot be read; all of them listed.
    """
    absent = [view for view in views if view not in videos]
    there = [view for view in views if view in videos]
    if absent and not (partial and there):
        found = ", ".join(path.name for path in videos.values())
        raise DataError(f"no video of view {', '.join(absent)}: expected one of every view, found {found}")
    infos, faults = {}, []
    for view in there:
        try:
            infos[view] = probe(videos[view], partial=partial)
        except VideoError as error:
            faults.append(str(error))
        except PermissionError:
            faults.append(f"{videos[view]}: permission denied: check who owns the file")
    if faults:
        raise_collected(VideoError, "videos cannot be read", faults)
    counts = {view: info.n_frames for view, info in infos.items()}
    if len(set(counts.values())) > 1 and not partial:
        listed = ", ".join(f"{view} {count}" for view, count in counts.items())
        raise DataError(
            f"the views differ in their number of frames: {listed}. Frames are matched by number, so cut the "
            "videos to the frames that all views have"
        )
    return Session(name, {view: videos[view] for view in there}, infos)


def find_rig(session: Session, calibration: Path | str | None, data_dir: Path | None) -> Found:
    """Return the calibrated cameras of a session's views, in their order; none where there are none.

    Looked at are the given file, or else, as a project is laid out, the folder of the videos, the folder
    above it, and the project that the model was trained on.

    Args:
        session: the videos.
        calibration: a file for all sessions; `none` for none at all.
        data_dir: the project of the model.

    Raises:
        CalibrationError: when a calibration is there and cannot be that of these videos: it lacks a view, or
            was made with another size of image, or is faulty.
    """
    if len(session.videos) < 2 or calibration == NO_CALIBRATION:
        return Found(None, ())
    folder = next(iter(session.videos.values())).resolve().parent
    folders = [folder, folder.parent, *([data_dir.resolve()] if data_dir is not None else [])]
    looked = tuple(dict.fromkeys(folders))
    if calibration is not None:
        path, looked = Path(calibration), (Path(calibration),)
    else:
        path = next(filter(None, (find_calibration(place, session.name) for place in looked)), None)
    if path is None:
        return Found(None, looked)
    sizes = {view: info[:2] for view, info in session.infos.items()}
    return Found(Rig.load(path).check(tuple(session.videos), sizes, path), looked)
