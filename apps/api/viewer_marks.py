"""Marks of a session: read, and written by whoever has seen the last ones."""

from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import BAD, CONFLICT, Call, RequestError, endpoint, record, say
from apps.api.desk import Desk, Served
from apps.api.viewer import session_of
from apps.results.marks import StaleError, checked, read_marks, save_marks
from lightning_pose.core.errors import DataError


def routes(desk: Desk) -> list[Route]:
    """Return the routes of marks."""
    address = "/api/projects/{pid}/recordings/{session}/marks"
    return [
        Route(address, endpoint(desk, marks), methods=["GET"]),
        Route(address, endpoint(desk, save), methods=["PUT"]),
    ]


def marks(served: Served, call: Call) -> Response:
    """Answer the marks of a session."""
    return say(read_marks(served.folder, session_of(served, call).name)._asdict())


def save(served: Served, call: Call) -> Response:
    """Keep the marks of a session; of two who changed the same revision, the second is told the first's."""
    session, body = session_of(served, call), record(call.body)
    base = body.get("base")
    if isinstance(base, bool) or not isinstance(base, int):
        raise RequestError(BAD, "base: expected the revision that the marks were made from")
    if served.store.read_only:
        raise RequestError(CONFLICT, "The project is open in another app, so marks are only shown here.")
    try:
        kept = checked(body.get("marks"))
    except DataError as error:
        raise RequestError(BAD, str(error)) from None
    try:
        return say(save_marks(served.folder, session.name, base, kept)._asdict())
    except StaleError as stale:
        fault = "Somebody else changed the marks meanwhile; these are theirs."
        return say({"error": fault, **stale.now._asdict()}, CONFLICT)
