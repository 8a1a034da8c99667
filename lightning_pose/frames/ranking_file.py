"""The ranking of a session on disk: made once, used by the report, by extraction and by the app.

It lies in `reports` of the model's folder, beside the page of the session, and says what it was made from. It
holds candidates, not a choice: which of them are picked depends on how many are wanted, and on what has been
labeled since.
"""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightning_pose.core.calibration import Rig
from lightning_pose.core.errors import DataError
from lightning_pose.core.files import write_text
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.frames.candidates import pool_size
from lightning_pose.frames.evidence import read_evidence
from lightning_pose.frames.files import SessionFiles
from lightning_pose.frames.observed import Evidence
from lightning_pose.frames.ranking import Difficult, Ranking, judge

VERSION = 1  # of the way frames are ranked: another one makes rankings stale
STRIP = 1000  # stretches of a session whose highest score is kept
LISTED = 24  # frames that are worth a look, unless somebody asks for more

Progress = Callable[[int], None]


class Saved(NamedTuple):
    """What is kept of a ranking.

    Attributes:
        session: its name.
        made_from: what was read, see `identify`.
        start: number of the first frame.
        frames: of the session.
        members: of the ensemble.
        signals: that there were, see `signals.measure`.
        strip: highest score of every stretch of the session, all of (nearly) the same length.
        candidates: frames that may be picked, the worst first.
        whole: whether no frame with a score was left out of the candidates but neighbours of worse ones.
    """

    session: str
    made_from: dict[str, Any]
    start: int
    frames: int
    members: int
    signals: tuple[str, ...]
    strip: tuple[float, ...]
    candidates: tuple[Difficult, ...]
    whole: bool

    def suffices(self, count: int) -> bool:
        """Return whether there are candidates enough to pick some frames."""
        return self.whole or len(self.candidates) >= pool_size(count)


def identify(files: SessionFiles, skeleton: Skeleton | None, rig: Rig | None) -> dict[str, Any]:
    """Return what a ranking is made from: files with size and time of change, skeleton, cameras, version.

    Files are named relative to the folder of the predictions, so that a model may be moved.
    """
    home = (files.reports or Path()).resolve().parent
    found = {}
    for path in files.used:
        stat = path.stat()
        place = path.resolve()
        name = place.relative_to(home).as_posix() if place.is_relative_to(home) else str(place)
        found[name] = [stat.st_size, stat.st_mtime_ns]
    camera = None if rig is None or len(files.views) < 2 else rig.check(files.views)
    digest = hashlib.sha256()
    for values in () if camera is None else (camera.sizes, *camera.camera):
        digest.update(np.ascontiguousarray(values, dtype=float).tobytes())
    skeleton_words = None if skeleton is None else [skeleton.names, skeleton.edges, skeleton.swaps]
    return {
        "version": VERSION,
        "files": found,
        "cameras": None if camera is None else digest.hexdigest()[:16],
        "skeleton": hashlib.sha256(json.dumps(skeleton_words).encode()).hexdigest()[:16],
    }


def describe(ranking: Ranking, evidence: Evidence, made_from: dict[str, Any]) -> Saved:
    """Return what is kept of a ranking."""
    frames = len(ranking.scores)
    columns = min(frames, STRIP)
    highest = np.maximum.reduceat(ranking.scores, np.arange(columns) * frames // columns) if columns else ()
    return Saved(
        evidence.session,
        made_from,
        ranking.start,
        frames,
        evidence.members,
        tuple(name for name in ranking.scale.centre),
        tuple(round(float(value), 2) for value in highest),
        tuple(ranking.candidates),
        ranking.whole,
    )


def write_ranking(path: Path | str, saved: Saved) -> None:
    """Write a ranking as JSON, a line for each candidate.

    Raises:
        DataError: when it cannot be written.
    """
    record = saved._asdict()
    lines = [json.dumps(one._asdict(), ensure_ascii=False) for one in record.pop("candidates")]
    head = json.dumps(record, indent=1, ensure_ascii=False).removesuffix("\n}")
    try:
        write_text(path, f'{head},\n "candidates": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n")
    except OSError as error:
        raise DataError(f"{path}: the ranking cannot be written ({error})") from error


def read_ranking(path: Path | str) -> Saved | None:
    """Return a ranking; None where there is none that can be read."""
    try:
        record = json.loads(Path(path).read_text(encoding="utf-8"))
        candidates = tuple(
            Difficult(
                int(one["frame"]), float(one["score"]), str(one["view"]), str(one["keypoint"]),
                tuple(map(str, one["reasons"])), tuple(map(float, one["posture"])),
            )
            for one in record["candidates"]
        )  # fmt: skip
        return Saved(
            str(record["session"]), dict(record["made_from"]), int(record["start"]), int(record["frames"]),
            int(record["members"]), tuple(record["signals"]), tuple(map(float, record["strip"])),
            candidates, bool(record["whole"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def rank_session(
    files: SessionFiles,
    skeleton: Skeleton | None = None,
    *,
    rig: Rig | None = None,
    count: int = LISTED,
    progress: Progress = lambda frames: None,
) -> Saved:
    """Return the ranking of a session: the one on disk, or one made now where that is stale or too short.

    Args:
        files: of the session; see `find_files`.
        skeleton: bones and left/right pairs; guessed from the names of keypoints by default.
        rig: cameras of the views, for reprojection errors that are not on disk.
        count: frames that are to be picked.
        progress: told how many frames have been read since it was last told; each is read once.

    Raises:
        DataError: when tables cannot be read, do not fit together, or the ranking cannot be written.
    """
    made_from = identify(files, skeleton, rig)
    saved = None if files.ranking is None else read_ranking(files.ranking)
    if saved is not None and saved.made_from == made_from and saved.suffices(count):
        return saved
    evidence = read_evidence(files, skeleton, rig=rig)
    saved = describe(judge(evidence, count, progress=progress), evidence, made_from)
    if files.ranking is not None:
        write_ranking(files.ranking, saved)
    return saved
