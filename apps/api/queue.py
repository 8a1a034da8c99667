"""The labeling queue: instants of a video become frames to be labeled, with whose predictions they begin."""

import errno
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import ABSENT, BAD, CONFLICT, Call, RequestError, endpoint, record, say, text
from apps.api.desk import Desk, Served
from apps.api.difficult import reasons_of
from apps.results.sources import Source
from lightning_pose.core.errors import DataError, PoseError
from lightning_pose.core.sessions import check_session
from lightning_pose.frames.extraction import Pick, Plan, extract

MOST = 200  # frames in one request
METHOD = "queue"
SOURCE_LENGTH = 1000  # characters of the name of a source


class Known(NamedTuple):
    """A frame that the project has: its id, how many labels it has, and whether it waits in the queue."""

    id: str
    labeled: int
    queued: bool


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the queue."""
    home = "/api/projects/{pid}/queue"
    return [
        Route(home, endpoint(desk, add), methods=["POST"]),
        Route(f"{home}/remove", endpoint(desk, remove), methods=["POST"]),
    ]


def add(served: Served, call: Call) -> Response:
    """Take frames out of the videos of all views, and put them into the queue.

    What cannot be put in is said in `faults`, a sentence each; the rest is.
    """
    body = record(call.body)
    session, who, frames = text(body, "session"), text(body, "who"), _frames(body)
    source = _source(served, session, text({"source": "", **body}, "source"))
    _check_writable(served)
    with served.queueing:  # of two people who want the same frame, one is told that it is there already
        known = _known(served, session)
        faults = [fault for frame in frames if (fault := _fault(served, known.get(frame), frame))]
        wanted = [frame for frame in frames if not _fault(served, known.get(frame), frame)]
        reasons = _reasons(served, session, source, wanted)
        ids = {frame: known[frame].id for frame in wanted if frame in known}
        new = [frame for frame in wanted if frame not in known]
        if new:
            found, missing = _extracted(served, session, new, reasons)
            ids |= found
            faults += missing
        if ids:
            why = {ids[frame]: reasons.get(frame, "") for frame in ids}
            served.store.queue.add(why, source="" if source is None else source.name, who=who)
            served.edited()
    added = [{"frame": frame, "id": ids[frame]} for frame in frames if frame in ids]
    return say({"added": added, "faults": faults})


def remove(served: Served, call: Call) -> Response:
    """Take frames out of the queue; their images and labels stay."""
    body = record(call.body)
    session, who, frames = text(body, "session"), text(body, "who"), _frames(body)
    _check_writable(served)
    with served.queueing:
        known = _known(served, session)
        queued = [frame for frame in frames if frame in known and known[frame].queued]
        if queued:
            served.store.queue.remove([known[frame].id for frame in queued], who=who)
            served.edited()
    others = [f"Frame {frame} is not in the queue." for frame in frames if frame not in queued]
    return say({"removed": queued, "faults": others})


def _frames(body: Any) -> list[int]:
    """Return the numbers of frames, each once."""
    given = body.get("frames")
    if not isinstance(given, list) or not 0 < len(given) <= MOST:
        raise RequestError(BAD, f"frames: expected a list of 1 to {MOST} numbers of frames")
    if not all(type(frame) is int and 0 <= frame < 2**53 for frame in given):
        raise RequestError(BAD, "frames: expected whole numbers from 0")
    return list(dict.fromkeys(given))


def _source(served: Served, session: str, name: str) -> Source | None:
    """Return the predictions that frames were found by; None where none were named."""
    if not name:
        return None
    found = served.contents().sessions.get(session)
    if found is None or name not in found.by_id:
        raise RequestError(ABSENT, "These predictions are not there any more; look at the session again.")
    return found.by_id[name]


def _check_writable(served: Served) -> None:
    """Refuse before anything is extracted where labels are open for reading only."""
    if served.store.read_only:
        by = f": {served.store.holder} writes them" if served.store.holder else ""
        raise RequestError(CONFLICT, f"The labels of this project are open for reading only{by}.")


def _known(served: Served, session: str) -> dict[int, Known]:
    """Return the frames of a session that the project has, by number."""
    table, _ = served.frames()
    columns = zip(table.session, table.index, table.id, table.n_labeled, table.queued, strict=True)
    return {
        index: Known(uid, labeled, queued)
        for name, index, uid, labeled, queued in columns
        if name == session and index >= 0
    }


def _fault(served: Served, known: Known | None, frame: int) -> str:
    """Return why a frame that the project has is not put into the queue, in a sentence."""
    if known is None:
        return ""
    if known.labeled >= len(served.views) * len(served.project.keypoint_names):
        return f"Frame {frame} is labeled already."
    if not known.queued:
        return ""
    entry = served.store.queue.entry(known.id)
    by = f", put there by {entry.who}" if entry is not None and entry.who else ""
    at = "" if entry is None else time.strftime(" at %H:%M", time.localtime(entry.at))
    return f"Frame {frame} is in the queue already{by}{at}."


def _reasons(served: Served, session: str, source: Source | None, frames: Sequence[int]) -> dict[int, str]:
    """Return why frames are difficult, as far as that was found out before."""
    if source is None:
        return {}
    try:
        return reasons_of(served, served.contents().sessions[session], source, list(frames))
    except (PoseError, RequestError):  # they are wanted all the same
        return {}


def _extracted(
    served: Served, session: str, frames: Sequence[int], reasons: dict[int, str]
) -> tuple[dict[int, str], list[str]]:
    """Write the images of frames, and return the ids they have now, and what could not be written."""
    try:
        videos = served.videos().get(session)
        if not videos:
            raise RequestError(CONFLICT, f"There is no video of session {session!r} to take frames from.")
        whole = check_session(session, videos, served.views)
        late = [frame for frame in frames if frame >= whole.n_frames]
        faults = [f"Frame {frame} is not in the videos: they have {whole.n_frames}." for frame in late]
        picks = [
            Pick(frame, METHOD, tuple(filter(None, [reasons.get(frame, "")])))
            for frame in frames
            if frame not in late
        ]
        rows = extract(served.project, Plan(whole, tuple(picks)))
    except DataError as error:
        raise RequestError(CONFLICT, f"Session {session!r} cannot be taken frames from: {error}") from error
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if full else error.strerror or str(error)
        raise RequestError(
            CONFLICT, f"The images could not be written: {why}. Nothing was put into the queue."
        ) from error
    ids = served.store.add_frames(rows)
    return {pick.frame: uid for pick, uid in zip(picks, ids, strict=True)}, faults
