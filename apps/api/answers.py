"""How a route answers: plain functions in threads, JSON out, and faults as sentences."""

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from apps.disk import disk_fault
from lightning_pose.core.errors import PoseError

if TYPE_CHECKING:
    from apps.api.desk import Desk, Served

LONGEST = 200  # characters of an id or a name
BAD, ABSENT, CONFLICT, TOO_LARGE, BROKEN, FULL = 400, 404, 409, 413, 500, 507


class RequestError(Exception):
    """A request that is not served, with the reason for a person."""

    def __init__(self, status: int, sentence: str) -> None:
        """Remember the HTTP status and the sentence."""
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


@dataclass(frozen=True)
class Call:
    """What a request says, read and parsed.

    Attributes:
        path: the parts of the address, by name.
        query: what follows its question mark.
        headers: by name in small letters.
        body: the JSON that was sent; None of a request without one.
    """

    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any = None

    def integer(self, name: str, default: int) -> int:
        """Return a whole number of the query.

        Raises:
            RequestError: when it is none.
        """
        text = self.query.get(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise RequestError(BAD, f"{name}: expected a whole number, got {text[:40]!r}") from None

    def view(self) -> str:
        """Return the view that the address or the query names; the nameless one of a single view if none."""
        return self.path.get("view", self.query.get("view", ""))


Work = Callable[["Served", Call], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def endpoint(desk: "Desk", work: Work) -> Endpoint:
    """Return the route's function that does `work` on the project of the address, in a thread."""

    async def respond(request: Request) -> Response:
        body = None if request.method in ("GET", "HEAD") else _parsed(await request.body())
        call = Call(request.path_params, request.query_params, request.headers, body)
        return await run_in_threadpool(lambda: work(desk.served(call.path["pid"]), call))

    return respond


def say(content: Any, status: int = 200) -> Response:
    """Return an answer in JSON; what is missing (NaN) is null."""
    try:
        text = _encode(content)
    except ValueError:  # seldom, so the whole content is only gone through then
        text = _encode(_finite(content))
    return Response(text, status, media_type="application/json", headers={"Cache-Control": "no-store"})


def refuse(status: int, sentence: str) -> Response:
    """Return the answer to what is not served."""
    return say({"error": sentence}, status)


async def on_refusal(request: Request, error: Exception) -> Response:
    """Answer a `RequestError`."""
    assert isinstance(error, RequestError)
    return refuse(error.status, error.sentence)


async def on_fault(request: Request, error: Exception) -> Response:
    """Answer a fault of the project's files, which the user can mend."""
    return refuse(CONFLICT, str(error))


async def on_crash(request: Request, error: Exception) -> Response:
    """Answer a fault of the disk or of our own: the terminal has the traceback, the browser a sentence."""
    sentence = disk_fault(error)
    if sentence is not None:
        return refuse(FULL, sentence)
    return refuse(
        BROKEN, f"The app failed ({type(error).__name__}); its terminal says where. Nothing was saved by it."
    )


HANDLERS = {RequestError: on_refusal, PoseError: on_fault, Exception: on_crash}


def record(body: Any) -> Mapping[str, Any]:
    """Return a body that is an object.

    Raises:
        RequestError: when it is none.
    """
    if not isinstance(body, dict):
        raise RequestError(BAD, f"expected a JSON object, got {type(body).__name__}")
    return body


def text(body: Mapping[str, Any], key: str, longest: int = LONGEST, where: str = "") -> str:
    """Return a text of a body.

    Raises:
        RequestError: when it is none, or too long.
    """
    value = body.get(key)
    if not isinstance(value, str) or len(value) > longest:
        raise RequestError(BAD, f"{where}{key}: expected a text of at most {longest} characters")
    return value


def _parsed(body: bytes) -> Any:
    """Return the JSON of a body."""
    try:
        return json.loads(body, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RequestError(BAD, f"expected JSON, got what cannot be read as such: {error}") from None


def _encode(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _finite(content: Any) -> Any:
    """Return the content with None in place of floats that are not finite."""
    if isinstance(content, float):
        return content if math.isfinite(content) else None
    if isinstance(content, Mapping):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content
