"""What others do, as it happens: Server-Sent Events of labels, frames, presence and changed files."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from apps.api.answers import BAD, Call, Endpoint, RequestError, endpoint, record, say, text
from apps.api.desk import Desk, Served
from apps.api.projects import cell_list

POLL = 0.5  # seconds after which another process's edits are seen
ALIVE = 15.0  # seconds between signs of life, so that nothing in between gives the connection up
AT_ONCE = 500  # cells in one event


def routes(desk: Desk) -> list[Route]:
    """Return the routes of events and presence."""
    home = "/api/projects/{pid}"
    return [
        Route(f"{home}/events", _listening(desk), methods=["GET"]),
        Route(f"{home}/presence", endpoint(desk, presence), methods=["POST"]),
    ]


def presence(served: Served, call: Call) -> Response:
    """Take note of who has which frame open."""
    body = record(call.body)
    served.presence.here({key: text(body, key) for key in ("client", "who", "color", "frame")})
    served.bell.ring()
    return say({"present": len(served.presence.everybody())})


async def told(served: Served, since: int) -> AsyncIterator[str]:
    """Yield events from a revision on, until the server ends."""
    seen, present, files, trouble = since, None, None, ""
    alive = time.monotonic()
    yield "retry: 1000\n\n"
    while not served.closing:
        changes, frames, seen = await run_in_threadpool(_news, served, seen)
        for start in range(0, len(changes), AT_ONCE):
            some = changes[start : start + AT_ONCE]
            rev = seen if start + AT_ONCE >= len(changes) else some[-1].rev
            yield _event("labels", {"rev": rev, "cells": [_cell(change) for change in some]}, rev)
        if frames is not None:
            yield _event("frames", frames)
        if (everybody := served.presence.everybody()) != present:
            present = everybody
            yield _event("presence", everybody)
        if (now := await run_in_threadpool(served.outside.changes)) != files:
            files = now
            if now is not None:
                yield _event("files", now)
        if (wrong := served.writing.trouble or served.outside.trouble) != trouble:
            trouble = wrong
            yield _event("trouble", {"error": trouble or None})
        if time.monotonic() - alive > ALIVE:
            alive = time.monotonic()
            yield ": alive\n\n"
        await served.bell.wait(POLL)


def _news(served: Served, since: int) -> tuple[list[Any], dict[str, Any] | None, int]:
    """Return the cells and the frames that changed after a revision, and the revision now."""
    rev = served.store.rev
    if rev == since:
        return [], None, rev
    changes = served.store.changes(since)
    news = served.store.frame_news(since)
    many = news.listed or len(news.rows) > AT_ONCE  # then the whole table is asked for
    rows = [] if many else [dict(zip(_FRAME, row[3:], strict=True), id=uid) for uid, row in news.rows.items()]
    told = {"listed": many, "frames": rows} if many or rows else None
    return changes, told, max(rev, changes[-1].rev if changes else rev)


_FRAME = ("labeled", "flagged", "note", "worst", "queued")  # of the table of frames


def _listening(desk: Desk) -> Endpoint:
    """Return the route's function; it does not end as long as somebody listens."""

    async def listen(request: Request) -> Response:
        served = await run_in_threadpool(desk.served, request.path_params["pid"])
        now = await run_in_threadpool(lambda: served.store.rev)
        # A browser that was cut off says which event it had last.
        said = request.headers.get("last-event-id") or request.query_params.get("since") or str(now)
        if not (said.isascii() and said.isdigit()):
            raise RequestError(BAD, f"since: expected a revision, got {said[:40]!r}")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        since = min(int(said[:18]), now)
        return StreamingResponse(
            _ending(told(served, since)), media_type="text/event-stream", headers=headers
        )

    return listen


async def _ending(events: AsyncIterator[str]) -> AsyncIterator[str]:
    """Pass events on; a listener that leaves is no fault."""
    try:
        async for event in events:
            yield event
    except asyncio.CancelledError:
        return


def _event(name: str, content: Any, number: int | None = None) -> str:
    """Return an event as it travels. JSON has no line breaks, which would end it."""
    head = "" if number is None else f"id: {number}\n"
    return f"{head}event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"


def _cell(change: Any) -> dict[str, Any]:
    return {
        "frame": change.frame,
        "view": change.view,
        "keypoint": change.keypoint,
        "cell": cell_list(change.cell),
        "who": change.who,
        "client": change.client,
    }
