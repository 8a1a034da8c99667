"""Who may ask: one middleware in front of every route, Streamlit's own among them.

A page of another site can make the user's browser send requests here, and with a name that points to this
machine (DNS rebinding) even read the answers. So the name in the request must be one of ours, and whatever
the browser says of where a request comes from must be this page. Requests that change something carry a
header that no form can send. Where the app is open to a network, each needs the token besides.
"""

import hmac
import ipaddress
import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
BODY_BYTES = 2 * 2**20  # a frame of 12 views x 100 keypoints is a tenth of it
OURS = ("/api/", "/assets/", "/canvas/", "/view/")
PAGES = ("/canvas/", "/view/")
SAFE = ("GET", "HEAD")
MARK, TOKEN = "x-litpose", "x-litpose-token"

OUR_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self' blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
# Streamlit writes scripts and styles into its page, so all that can be held there is that nothing comes from,
# or goes to, anywhere else.
SHELL_POLICY = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; base-uri 'self'; form-action 'self'; "
    "object-src 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class BodySizeError(Exception):
    """A body that goes on after its limit."""


class Guard:
    """ASGI middleware that lets requests of our own page through, and says why it refuses others."""

    def __init__(
        self, app: ASGIApp, *, hosts: frozenset[str] = LOOPBACK, addresses: bool = False, token: str | None
    ) -> None:
        """Describe who may ask.

        Args:
            app: what is guarded.
            hosts: names that the server goes by.
            addresses: whether it goes by any numeric address as well; those cannot be rebound.
            token: what every request must show; None on a server that only this machine reaches.
        """
        self._app = app
        self._hosts = hosts
        self._addresses = addresses
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        fault = self._origin_fault(scope, headers) or self._write_fault(scope, headers)
        if fault is None and self._token is not None:
            if _is_page_load(scope, headers) and self._shown_in_query(scope):
                await _answer(send, 303, "", self._cookie(scope))
                return
            if not self._has_token(scope, headers):
                fault = 401, "This app needs the token of its address: open the link that the terminal shows."
        if fault is not None:
            await _deny(scope, send, *fault)
        elif scope["type"] == "websocket":
            await self._app(_known_origin(scope), receive, send)
        else:
            await self._pass_on(scope, receive, send)

    def _origin_fault(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return what is wrong with where a request is sent to and where it comes from."""
        hosts = headers.getlist("host")
        name = _host_name(hosts[0]) if len(hosts) == 1 else None
        if name is None or not (name in self._hosts or (self._addresses and _is_address(name))):
            return 421, "The app does not go by this name: open it with the address that the terminal shows."
        origins = headers.getlist("origin")
        if len(origins) > 1 or (origins and urlsplit(origins[0]).netloc.lower() != hosts[0].lower()):
            return 403, "This request comes from a page of another site."
        site = headers.get("sec-fetch-site", "same-origin")
        if site not in ("same-origin", "none") and not _is_page_load(scope, headers):
            return 403, "This request comes from a page of another site."
        return None

    def _write_fault(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return what is wrong with a request to one of our routes."""
        path = scope["path"]
        if scope["type"] == "websocket" or not path.startswith(OURS):
            return None
        if _strays(scope):
            return 400, "This address leads nowhere: expected one without '..', '\\' and empty parts."
        if scope["method"] in SAFE:
            return None
        if headers.get(MARK) != "1":
            return 403, "Expected the header X-Litpose: 1 on a request that changes something."
        if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return 415, "Expected Content-Type: application/json."
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > BODY_BYTES:
            return 413, f"Expected at most {BODY_BYTES // 2**20} MiB in one request."
        return None

    def _shown_in_query(self, scope: Scope) -> bool:
        given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("token", "")
        return self._matches(given)

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        """Return whether the request shows the token: in a header of a program, or a browser's cookie."""
        if self._matches(headers.get(TOKEN, "")):
            return True
        crumbs = cookie_parser(headers.get("cookie", ""))  # other programs of this machine may have odd ones
        return self._matches(crumbs.get(_cookie_name(scope), ""))

    def _matches(self, given: str) -> bool:
        assert self._token is not None
        return hmac.compare_digest(given.encode(), self._token.encode())

    def _cookie(self, scope: Scope) -> dict[str, str]:
        """Return the headers that keep the token in a cookie and take it out of the address."""
        rest = [(k, v) for k, v in parse_qsl(scope["query_string"].decode("latin-1"), True) if k != "token"]
        query = f"?{urlencode(rest)}" if rest else ""
        path = "/" + scope["raw_path"].decode("latin-1").split("?")[0].lstrip("/")
        crumb = f"{_cookie_name(scope)}={self._token}; HttpOnly; SameSite=Lax; Path=/"
        return {"Location": path + query, "Set-Cookie": crumb, "Cache-Control": "no-store"}

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on: its body counted if it is for us, its answer with the headers of safety."""
        path, started = scope["path"], False

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                _add_headers(MutableHeaders(raw=message["headers"]), path)
            await send(message)

        counted = _limited(receive) if path.startswith(OURS) else receive
        try:
            await self._app(scope, counted, sending)
        except BodySizeError:
            if not started:
                await _deny(scope, send, 413, f"Expected at most {BODY_BYTES // 2**20} MiB in one request.")


def _limited(receive: Receive) -> Receive:
    """Return a receiver that stops a body which is longer than it said, or said nothing."""
    count = 0

    async def receiving() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > BODY_BYTES:
            raise BodySizeError
        return message

    return receiving


def _add_headers(headers: MutableHeaders, path: str) -> None:
    """Add what tells the browser to keep other sites out."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", OUR_POLICY if path.startswith(OURS) else SHELL_POLICY)


def _host_name(host: str) -> str | None:
    """Return the name in a Host header, without port and brackets; None where it is none."""
    try:
        parts = urlsplit(f"//{host}")
        _ = parts.port
    except ValueError:
        return None
    plain = parts.username is None and not (parts.path or parts.query or parts.fragment)
    return parts.hostname if plain else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_page_load(scope: Scope, headers: Headers) -> bool:
    """Return whether a person opens a page: a link from elsewhere may lead to one, not to what it loads."""
    path = scope["path"]
    return (
        scope["type"] == "http"
        and scope["method"] in SAFE
        and headers.get("sec-fetch-mode", "navigate") == "navigate"
        and headers.get("sec-fetch-dest", "document") == "document"
        and (path.startswith(PAGES) or not path.startswith((*OURS, "/_stcore/", "/media/", "/component/")))
    )


def _strays(scope: Scope) -> bool:
    """Return whether a path could mean a file elsewhere, as it stands or decoded once more."""
    for path in (scope["path"], unquote(scope["path"])):
        *folders, last = path.split("/")[1:]
        if "\\" in path or "\0" in path or last in (".", "..") or not {"", ".", ".."}.isdisjoint(folders):
            return True
    return False


def _cookie_name(scope: Scope) -> str:
    """Return a name of its own for each port: cookies do not tell ports apart."""
    return f"litpose_{(scope.get('server') or ('', 0))[1]}"


def _known_origin(scope: Scope) -> Scope:
    """Return the scope with an origin that Streamlit knows.

    The origin has been checked against the host by now. Streamlit, for a name that is not in its list, would
    ask a server far away for this machine's address.
    """
    headers = [
        (name, b"http://localhost" if name == b"origin" else value) for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


async def _deny(scope: Scope, send: Send, status: int, sentence: str) -> None:
    """Refuse a request, in words; a websocket by not accepting it."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": sentence[:120]})
        return
    content: Any = json.dumps({"error": sentence})
    await _answer(send, status, content, {"Content-Type": "application/json", "Cache-Control": "no-store"})


async def _answer(send: Send, status: int, content: str, headers: dict[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    body = content.encode()
    raw.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
