"""Label files that another program changed: what it changed, and what a person decides about it."""

from typing import Any

from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import BAD, CONFLICT, Call, RequestError, endpoint, record, say, text
from apps.api.desk import Desk, Served

SHOWN = 500  # differences in one answer


def routes(desk: Desk) -> list[Route]:
    """Return the routes of changed label files."""
    address = "/api/projects/{pid}/incoming"
    return [
        Route(address, endpoint(desk, incoming), methods=["GET"]),
        Route(address, endpoint(desk, decide), methods=["POST"]),
    ]


def incoming(served: Served, call: Call) -> Response:
    """Answer what another program changed; null where it changed nothing."""
    difference = served.store.incoming()
    if difference is None:
        return say(None)
    cells = [
        {
            "frame": cell.frame,
            "view": cell.view,
            "keypoint": cell.keypoint,
            "base": list(cell.base),
            "ours": list(cell.ours),
            "theirs": list(cell.theirs),
            "conflict": cell.conflict,
        }
        for cell in sorted(difference.cells, key=lambda cell: not cell.conflict)[:SHOWN]
    ]
    counts = {"changed": len(difference.cells), "added": len(difference.added), "gone": difference.gone}
    return say({"hashes": difference.hashes, "cells": cells, **counts, "faults": difference.faults})


def decide(served: Served, call: Call) -> Response:
    """Accept what another program changed, or write our labels over it."""
    body = record(call.body)
    decision, who = text(body, "decision"), text(body, "who")
    if decision not in ("accept", "reject"):
        raise RequestError(BAD, "decision: expected 'accept' or 'reject'")
    difference = served.store.incoming()
    if difference is None or body.get("hashes") != difference.hashes:
        raise RequestError(CONFLICT, "The label files have changed again: look at the differences anew.")
    if decision == "accept":
        done = served.store.accept(difference, who=who, theirs=_cells(body.get("theirs", [])))
    else:
        done = served.store.reject(difference, who=who)
    served.edited()
    return say({"rev": served.store.rev, "written": done.written})


def _cells(given: Any) -> list[tuple[str, str, str]]:
    """Return the cells (frame, view, keypoint) of a list."""
    if not isinstance(given, list) or not all(
        isinstance(cell, list) and len(cell) == 3 and all(isinstance(name, str) for name in cell)
        for cell in given
    ):
        raise RequestError(BAD, "theirs: expected a list of [frame, view, keypoint]")
    return [(cell[0], cell[1], cell[2]) for cell in given]
