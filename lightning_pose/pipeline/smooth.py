"""The smoother over the sessions of a model: what a network or an ensemble has predicted becomes smooth."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from lightning_pose.core.calibration import Rig, find_calibration
from lightning_pose.core.errors import DataError, PoseError, raise_collected
from lightning_pose.frames.files import SessionFiles, find_files
from lightning_pose.projects.smoothed import SMOOTHED
from lightning_pose.projects.smoothing import PLAIN, Smoothing, smooth_tables

State = Literal["smoothed", "kept", "failed"]
NO_CALIBRATION = "none"


class Outcome(NamedTuple):
    """What became of a session, and why where it failed."""

    name: str
    state: State
    reason: str = ""


class Place(NamedTuple):
    """Where a model's sessions are, and what is known of their cameras.

    Attributes:
        model: folder with `video_preds`.
        project: in which calibrations are looked for.
        views: in order; one empty name for a single view.
        calibration: a file for all sessions; `none` for none at all.
    """

    model: Path
    project: Path
    views: tuple[str, ...]
    calibration: Path | str | None = None


def smooth_sessions(
    place: Place, names: Sequence[str] = (), how: Smoothing = PLAIN, *, anew: bool = False,
    begin: Callable[[str, int, int], None] = lambda name, done, total: None,
    report: Callable[[Outcome, int, int], None] = lambda outcome, done, total: None,
) -> list[Outcome]:  # fmt: skip
    """Smooth sessions into `video_preds_smoothed/<session>` of the model; one that fails stops no other.

    Args:
        place: where they are.
        names: of the sessions; all that are predicted by default.
        how: to smooth.
        anew: also what was smoothed from these predictions before.
        begin: called before every session with its name, how many are done, and all.
        report: called after every session with what became of it, how many are done, and all.

    Raises:
        DataError: when nothing is predicted, or not one of the sessions that are named; all of them listed.
    """
    found = find_files(place.model, place.views)
    unknown = [f"'{name}' is not predicted in all views" for name in names if name not in found]
    if unknown:
        raise_collected(DataError, f"{place.model}: these sessions cannot be smoothed", unknown)
    outcomes = []
    chosen = [found[name] for name in dict.fromkeys(names)] if names else list(found.values())
    for number, files in enumerate(chosen, start=1):
        begin(files.name or "session", number - 1, len(chosen))
        outcomes.append(_smooth(place, files, how, anew=anew))
        report(outcomes[-1], number, len(chosen))
    return outcomes


def _smooth(place: Place, files: SessionFiles, how: Smoothing, *, anew: bool) -> Outcome:
    """Smooth one session."""
    name = files.name or "session"
    try:
        rig = _rig(place, files)
        done = smooth_tables(files.predictions, place.model / SMOOTHED / name, rig, how, anew=anew)
    except PoseError as error:
        return Outcome(name, "failed", str(error))
    return Outcome(name, "smoothed" if done else "kept")


def _rig(place: Place, files: SessionFiles) -> Rig | None:
    """Return the cameras of a session's views.

    Raises:
        CalibrationError: when a calibration is there that is none of these views.
    """
    if len(place.views) < 2 or place.calibration == NO_CALIBRATION:
        return None
    path = place.calibration or find_calibration(place.project, files.name)
    return None if path is None else Rig.load(Path(path)).check(place.views, path=path)
