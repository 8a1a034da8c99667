"""Find the calibration of a session of videos, and check that it is theirs."""

from pathlib import Path
from typing import NamedTuple

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.predict.inputs import Session

NO_CALIBRATION = "none"


class Found(NamedTuple):
    """The cameras of a session, and where they were looked for."""

    rig: Rig | None
    looked: tuple[Path, ...]


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
