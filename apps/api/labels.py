"""Edits of labels on their way to the store, the history of a cell, and notes on frames."""

import sys
from collections.abc import Mapping
from typing import Any, get_args

from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import BAD, Call, RequestError, endpoint, record, say, text
from apps.api.desk import Desk, Served
from apps.api.projects import cell_list
from apps.labels import Operation, Origin, Result, State

MOST = 4096  # operations in one request; the page sends some hundred at most
LONGEST_NOTE = 10_000
LARGEST = sys.float_info.max


def routes(desk: Desk) -> list[Route]:
    """Return the routes of labels and notes."""
    home = "/api/projects/{pid}"
    return [
        Route(f"{home}/labels", endpoint(desk, apply), methods=["POST"]),
        Route(f"{home}/history", endpoint(desk, history), methods=["GET"]),
        Route(f"{home}/frames/{{fid}}/note", endpoint(desk, note), methods=["PUT"]),
    ]


def apply(served: Served, call: Call) -> Response:
    """Apply operations; what is answered is on the disk."""
    body = record(call.body)
    given = body.get("operations")
    if not isinstance(given, list) or len(given) > MOST:
        raise RequestError(BAD, f"operations: expected a list of at most {MOST}")
    operations = [_operation(one, f"operations[{place}]") for place, one in enumerate(given)]
    results = served.store.apply(operations, who=text(body, "who"), client=text(body, "client"))
    served.edited()
    return say(
        {
            "rev": served.store.rev,
            "results": [
                {"id": result.id, "status": result.status, "cell": cell_list(result.cell)}
                | ({"reason": result.reason} if result.reason else {})
                | ({"who": _author(served, operation, result)} if result.status == "conflict" else {})
                for operation, result in zip(operations, results, strict=True)
            ],
        }
    )


def _author(served: Served, operation: Operation, result: Result) -> str:
    """Return who gave a cell the value that stands against an operation."""
    changes = served.store.history(operation.frame, operation.view, operation.keypoint)
    return next((change.who for change in changes if change.rev == result.cell.rev), "")


def history(served: Served, call: Call) -> Response:
    """Answer what was done to a cell, by whom and when."""
    fid, view, keypoint = call.query.get("frame", ""), call.view(), call.query.get("keypoint", "")
    served.row(fid)
    served.check_view(view)
    if keypoint not in served.project.keypoint_names:
        raise RequestError(BAD, f"There is no keypoint {keypoint!r} in this project.")
    changes = served.store.history(fid, view, keypoint)
    return say(
        {
            "changes": [
                {
                    "rev": change.rev,
                    "id": change.id,
                    "cell": cell_list(change.cell),
                    "was": cell_list(change.was),
                    "status": change.status,
                    "who": change.who,
                    "client": change.client,
                    "at": change.at,
                }
                for change in changes
            ]
        }
    )


def note(served: Served, call: Call) -> Response:
    """Keep a flag and a note on a frame."""
    body = record(call.body)
    fid = call.path["fid"]
    served.row(fid)
    flagged = body.get("flagged")
    if flagged is not None and not isinstance(flagged, bool):
        raise RequestError(BAD, f"flagged: expected true or false, got {flagged!r:.40}")
    words = None if body.get("note") is None else text(body, "note", LONGEST_NOTE)
    served.store.annotate(fid, flagged=flagged, note=words, who=text(body, "who"))
    served.edited()
    table, row = served.row(fid)
    return say({"flagged": table.flagged[row], "note": table.note[row]})


def _operation(one: Any, where: str) -> Operation:
    """Return an operation, checked."""
    body = record(one)
    inside = f"{where}."
    state, origin = (text(body, key, where=inside) for key in ("state", "origin"))
    for value, kind, key in ((state, State, "state"), (origin, Origin, "origin")):
        if value not in get_args(kind):
            raise RequestError(BAD, f"{inside}{key}: expected one of {', '.join(get_args(kind))}")
    names = {key: text(body, key, where=inside) for key in ("id", "frame", "view", "keypoint")}
    return Operation(
        **names,
        x=_coordinate(body, "x", inside),
        y=_coordinate(body, "y", inside),
        state=state,  # pyright: ignore[reportArgumentType]
        origin=origin,  # pyright: ignore[reportArgumentType]
        base=_count(body, "base", inside),
        seq=_count(body, "seq", inside),
        undoes=text({"undoes": "", **body}, "undoes", where=inside),
    )


def _coordinate(body: Mapping[str, Any], key: str, where: str) -> float | None:
    """Return a coordinate (px), which may be missing."""
    value = body.get(key)
    if value is None:
        return None
    if type(value) not in (int, float) or not abs(value) <= LARGEST:  # also of whole numbers
        raise RequestError(BAD, f"{where}{key}: expected a number or null, got {value!r:.40}")
    return float(value)


def _count(body: Mapping[str, Any], key: str, where: str) -> int:
    value = body.get(key, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise RequestError(BAD, f"{where}{key}: expected a whole number, got {value!r:.40}")
    return value
