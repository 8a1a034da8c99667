"""Which frames of a session to extract, by any of the methods; what is there already is not chosen again."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from lightning_pose.core.errors import ConfigError, DataError, raise_collected
from lightning_pose.core.project import Project
from lightning_pose.core.sessions import Session, check_session, find_rig, read_sessions
from lightning_pose.frames.across import rank_sessions
from lightning_pose.frames.candidates import APART
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.extraction import Pick, Plan, extracted_frames, labeled_frames
from lightning_pose.frames.files import SessionFiles, find_files
from lightning_pose.frames.kmeans import choose_by_kmeans
from lightning_pose.frames.ranking import Difficult, pick, rank_frames
from lightning_pose.frames.ranking_file import rank_session
from lightning_pose.frames.uniform import spread_evenly

Method = Literal["uniform", "kmeans", "list", "difficult"]
METHODS: tuple[Method, ...] = ("uniform", "kmeans", "list", "difficult")

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Options:
    """How frames are chosen.

    Attributes:
        method: `uniform`, `kmeans`, `list` or `difficult`.
        frames: of every session, at most.
        total: of all sessions together, at most, in place of `frames`; for the method `difficult`.
        cover: share of the total that covers all postures, whether they are difficult or not.
        listed: their numbers, for the method `list`.
        predictions: folder of a model, or of tables, for the method `difficult`.
        smoothed: output folder of `eks` of one of the sessions.
        context: neighbours that come along on either side.
        apart: least distance from each other, and from what is there, of frames that are `difficult`.
        seed: of k-means.
    """

    method: Method = "kmeans"
    frames: int = 20
    listed: tuple[int, ...] = ()
    predictions: Path | None = None
    smoothed: Path | None = None
    context: int = 2
    apart: int = APART
    seed: int = 0
    total: int | None = None
    cover: float = 0.0

    def check(self) -> None:
        """Check that the options fit together.

        Raises:
            ConfigError: with every fault.
        """
        faults = [
            f"--{name}: expected {least} or more, got {getattr(self, name)}"
            for name, least in (("frames", 1), ("context", 0), ("apart", 1), ("seed", 0))
            if getattr(self, name) < least
        ]
        for method, option, given in (
            ("list", "--list", bool(self.listed)),
            ("difficult", "--predictions", self.predictions is not None),
        ):
            if self.method == method and not given:
                faults.append(f"--method {method} needs {option}")
            if given and self.method != method:
                faults.append(f"{option} is for --method {method}, not {self.method}")
        if self.total is not None and self.total < 1:
            faults.append(f"--total: expected 1 or more, got {self.total}")
        if not 0 <= self.cover <= 1:
            faults.append(f"--cover: expected 0 to 1, got {self.cover:g}")
        if self.cover and self.total is None:
            faults.append("--cover is a share of --total, which is missing")
        if self.total is not None and self.method != "difficult":
            faults.append(f"--total is for --method difficult, not {self.method}")
        if self.smoothed is not None and self.method != "difficult":
            faults.append(f"--smoothed is for --method difficult, not {self.method}")
        if faults:
            raise_collected(ConfigError, "options cannot be used", faults)


def find_sessions(project: Project, videos: Path | None = None) -> dict[str, dict[str, Path]]:
    """Return session to view to video, of the project or of another folder.

    Raises:
        DataError: when there are none, or they cannot be sorted by session and view.
    """
    if videos is not None:
        return {session.name: session.videos for session in read_sessions(videos, project.views)}
    found = project.videos()
    if not found:
        raise DataError(f"{project.folder}: expected videos in its folder videos, or --videos; found none")
    return found


def plan_frames(
    project: Project,
    name: str,
    videos: dict[str, Path],
    options: Options,
    progress: Progress = lambda frames: None,
) -> Plan:
    """Choose the frames of one session.

    Args:
        project: that they will be extracted into.
        name: of the session.
        videos: its videos by view.
        options: how.
        progress: told how many frames have been looked at since it was last told; not for all methods.

    Raises:
        DataError: when a view or predictions are missing, or a listed frame is not in the video.
        VideoError: when videos cannot be read.
    """
    session = check_session(name, videos, project.views)
    taken = extracted_frames(project, name) | labeled_frames(project, name)
    edge = min(options.context, max(session.n_frames - 1, 0) // 2)
    if options.method == "difficult":
        return Plan(session, _difficult(project, session, options, taken, progress), options.context)
    if options.method == "list":
        late = [frame for frame in options.listed if frame >= session.n_frames]
        if late:
            raise DataError(
                f"session '{name}' has the frames 0 to {session.n_frames - 1}: it has no frame "
                + ", ".join(map(str, late[:10]))
            )
        chosen = [frame for frame in options.listed if frame not in taken]
    elif options.method == "uniform":
        chosen = spread_evenly(edge, session.n_frames - edge, options.frames, taken)
    else:
        chosen = choose_by_kmeans(
            session, options.frames, seed=options.seed, edge=edge, taken=taken,
            apart=2 * options.context + 1, progress=progress,
        )  # fmt: skip
    picks = tuple(Pick(frame, options.method) for frame in chosen)
    return Plan(session, picks, options.context)


def plan_together(
    project: Project,
    sessions: Mapping[str, Mapping[str, Path]],
    options: Options,
    progress: Progress = lambda frames: None,
) -> list[Plan]:
    """Choose the difficult frames of several sessions that are ranked as one; see `rank_sessions`.

    Args:
        project: that they will be extracted into.
        sessions: session to view to video; those of which nothing is chosen get no plan.
        options: of the method `difficult`, with `total`.
        progress: told how many frames have been looked at since it was last told.

    Raises:
        DataError: when a view or predictions are missing, or predictions are of another video.
        VideoError: when videos cannot be read.
    """
    assert options.predictions is not None and options.total is not None  # `Options.check`
    found = find_files(options.predictions, project.views, smoothed=options.smoothed)
    checked, evidence, taken = {}, [], {}
    for name, videos in sessions.items():
        checked[name] = check_session(name, dict(videos), project.views)
        files = _files_of(found, name, options.predictions)
        rig = find_rig(checked[name], None, project.folder).rig
        evidence.append(read_evidence(files, project.skeleton, rig=rig))
        taken[name] = extracted_frames(project, name) | labeled_frames(project, name)
    wanted: dict[str, Any] = {"cover": options.cover, "apart": options.apart, "exclude": taken}
    ranked = rank_sessions(evidence, options.total, **wanted, progress=progress)
    plans = []
    for name, session in checked.items():
        own = sorted((item for owner, item in ranked if owner == name), key=lambda item: -item.score)
        if own:
            plans.append(Plan(session, _picks(session, own, options.predictions), options.context))
    return plans


def _difficult(
    project: Project, session: Session, options: Options, taken: set[int], progress: Progress
) -> tuple[Pick, ...]:
    """Return the frames whose predictions are the most suspicious, with reasons."""
    assert options.predictions is not None  # `Options.check`
    found = find_files(options.predictions, project.views, smoothed=options.smoothed)
    files = _files_of(found, session.name, options.predictions)
    rig = find_rig(session, None, project.folder).rig
    wanted: dict[str, Any] = {"apart": options.apart, "exclude": taken}
    if options.apart < APART:  # the ranking on disk has one frame of every stretch of that length
        ranked = rank_frames(read_evidence(files, project.skeleton, rig=rig), options.frames, **wanted)
    else:
        if not _can_be_written(files):
            files = replace(files, reports=None)
        how = {"rig": rig, "progress": progress}
        saved = rank_session(files, project.skeleton, count=options.frames, **how)
        ranked = pick(saved.candidates, options.frames, **wanted)
        if len(ranked) < options.frames and not saved.whole:  # too many of the candidates are labeled
            saved = rank_session(files, project.skeleton, count=options.frames + len(taken), **how)
            ranked = pick(saved.candidates, options.frames, **wanted)
    return _picks(session, ranked, options.predictions)


def _files_of(found: Mapping[str, SessionFiles], name: str, predictions: Path) -> SessionFiles:
    """Return the files of a session.

    Raises:
        DataError: when there are none.
    """
    if name not in found:
        raise DataError(f"{predictions} has no predictions of session '{name}', only of {', '.join(found)}")
    return found[name]


def _picks(session: Session, ranked: Sequence[Difficult], predictions: Path) -> tuple[Pick, ...]:
    """Return what is to be extracted of a ranking.

    Raises:
        DataError: when it names frames that the videos do not have.
    """
    if any(item.frame >= session.n_frames for item in ranked):
        raise DataError(
            f"session '{session.name}' has {session.n_frames} frames, and the predictions in "
            f"{predictions} more: they are of another video"
        )
    return tuple(Pick(item.frame, "difficult", item.reasons) for item in ranked)


def _can_be_written(files: SessionFiles) -> bool:
    """Return whether the ranking can be kept; frames can be chosen of predictions that are read-only too."""
    return files.reports is not None and os.access(files.reports.parent, os.W_OK)
