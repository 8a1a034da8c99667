"""The app's server: Streamlit as the shell, our own routes beside it, one process, one port.

Uvicorn gets a socket of our own. Streamlit's own launchers make one without naming TCP as its protocol;
asyncio then leaves Nagle's algorithm on, and every small answer on a kept connection waits 40 ms for the
other side's delayed acknowledgement.
"""

import argparse
import asyncio
import errno
import ipaddress
import logging
import secrets
import socket
import sys
import webbrowser
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

import streamlit as st
import uvicorn
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp
from streamlit import config

from apps.api import (
    difficult,
    events,
    exchange,
    geometry,
    images,
    jobs,
    labels,
    pages,
    projects,
    quality,
    queue,
    viewer,
    viewer_export,
    viewer_marks,
    viewer_traces,
)
from apps.api.answers import ABSENT, HANDLERS, refuse
from apps.api.desk import Desk, desk_of
from apps.api.guard import LOOPBACK, Guard
from apps.api.places import project_home
from lightning_pose.core.errors import ConfigError
from lightning_pose.core.terminal import guarded
from lightning_pose.projects.create import adopt_deeplabcut, is_deeplabcut
from lightning_pose.projects.recent import remember_project

SCRIPT = Path(__file__).with_name("main.py")
PORT, HOST = 8501, "127.0.0.1"
GRACE = 3  # seconds that open connections have when the server ends
PARTS = (
    projects, images, labels, exchange, geometry, quality, events, viewer, viewer_traces, viewer_marks,
    viewer_export, difficult, queue, jobs, pages,
)  # fmt: skip
SETTINGS = {
    "browser.gatherUsageStats": False,
    "client.showErrorDetails": "none",  # the terminal has them
    "client.showErrorLinks": False,  # they lead to other sites
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
    "server.headless": True,
    "server.showEmailPrompt": False,
    "server.maxUploadSize": 10,  # MB, in memory: recordings are picked where they lie, never uploaded
    "theme.font": "system-ui, -apple-system, 'Segoe UI', sans-serif",
    "theme.baseFontSize": 14,
    "theme.baseRadius": "6px",
    "theme.headingFontSizes": ["1.5rem", "1.3rem", "1.05rem", "1rem", "0.95rem", "0.9rem"],
    "theme.headingFontWeights": [650, 650, 600, 600, 600, 600],
    "theme.showWidgetBorder": True,
    "theme.light.primaryColor": "#0f766e",  # the colours of the labeling page: apps/canvas/theme.css
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f1f3f5",
    "theme.light.textColor": "#1b1f23",
    "theme.light.borderColor": "#dcdfe3",
    "theme.dark.primaryColor": "#35c4b3",
    "theme.dark.backgroundColor": "#16191c",
    "theme.dark.secondaryBackgroundColor": "#1e2226",
    "theme.dark.textColor": "#e3e6e9",
    "theme.dark.borderColor": "#2a2f34",
}


def build_app(root: Path | None, *, token: str | None = None, host: str = HOST) -> ASGIApp:
    """Return the app of a project, or of the recent ones: pages, routes, and the guard before both.

    Args:
        root: project or demo folder; None to choose among the recent projects.
        token: what every request must show; None where only this machine can ask.
        host: address that it is served on.
    """
    desk = _desk(root)
    for key, value in SETTINGS.items():
        config.set_option(key, value)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
        try:
            yield {}
        finally:
            await run_in_threadpool(desk.close)

    names = LOOPBACK if is_loopback(host) else LOOPBACK | {host.lower(), socket.gethostname().lower()}
    guard = Middleware(Guard, hosts=names, addresses=not is_loopback(host), token=token)
    return st.App(
        SCRIPT,
        routes=routes(desk),
        middleware=[guard],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
        on_script_error=show_page_fault,
    )


def show_page_fault(error: Exception) -> bool:
    """Say on a page that it failed; the terminal has the traceback."""
    st.error(
        f"This page failed ({type(error).__name__}); the terminal says where. Labels are not touched by it."
    )
    return True


def routes(desk: Desk) -> list[BaseRoute]:
    """Return our own routes; an address below /api that is none of them is an error, not a page."""
    own = [route for module in PARTS for route in module.routes(desk)]
    everything = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return [*own, *(Route(f"/{top}/{{rest:path}}", nowhere, methods=everything) for top in ("api", "canvas"))]


async def nowhere(request: Request) -> Response:
    """Answer an address that is none."""
    return refuse(ABSENT, f"There is nothing at {request.method} {request.url.path}.")


def serve(root: Path | None, *, port: int = PORT, host: str = HOST, browser: bool = True) -> None:
    """Serve the app until it is interrupted.

    Raises:
        ConfigError: when the port is taken, or the address is none of this machine's.
    """
    listener = listen(host, port)
    token = None if is_loopback(host) else secrets.token_urlsafe(24)
    address = _address(host, listener.getsockname()[1], token)
    if root is not None:
        open_as_it_is(root)
        remember_project(project_home(root))
    sys.argv = [str(SCRIPT), *([] if root is None else [str(root.resolve())])]  # as `streamlit run` has it
    settings = uvicorn.Config(
        build_app(root, token=token, host=host),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws="websockets-sansio",
    )
    logging.getLogger("uvicorn.error").addFilter(_is_no_fault)
    _Server(settings, address, browser, _desk(root)).run(sockets=[listener])


def open_as_it_is(root: Path) -> None:
    """Make a project of DeepLabCut readable, which adds two files to it and says so; leave others alone.

    Raises:
        DataError: when it is one of several animals, or its labels cannot be read.
    """
    if is_deeplabcut(root):
        for path in adopt_deeplabcut(root).written:
            print(f"made from what DeepLabCut left: {path}", flush=True)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket whose answers leave at once.

    Raises:
        ConfigError: when the port is taken, or the address is none of this machine's.
    """
    try:
        family, kind, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise ConfigError(f"--host {host}: is no address of this machine ({error.strerror})") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"--port {port}: is taken, maybe by an app that runs already. Open http://{host}:{port}, end "
                f"it, or give another: --port {port + 1}"
            ) from error
        raise ConfigError(f"--host {host} --port {port}: cannot be served on ({error.strerror})") from error
    return listener


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_no_fault(record: logging.LogRecord) -> bool:
    """Return whether a line of the server's log is about more than pages that were open when it ended."""
    ended = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not ended and "timeout graceful shutdown exceeded" not in record.getMessage()


class _Server(uvicorn.Server):
    """Uvicorn's server, which says where it is once it is there."""

    def __init__(self, settings: uvicorn.Config, address: str, browser: bool, desk: Desk) -> None:
        super().__init__(settings)
        self._address = address
        self._browser = browser
        self._desk = desk

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, once listeners to events are gone: their connections would hold the end up."""
        self._desk.end()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, say the address, and open it."""
        await super().startup(sockets)
        if self.started:
            print(f"litpose app: {self._address}   (Ctrl-C ends it)", flush=True)
            if self._browser:
                asyncio.get_running_loop().run_in_executor(None, webbrowser.open, self._address)


def _desk(root: Path | None) -> Desk:
    return desk_of(None if root is None else root.resolve())


def _address(host: str, port: int, token: str | None) -> str:
    """Return what to type into a browser."""
    name = host
    if host in ("0.0.0.0", "::"):
        name = socket.gethostname()
    elif ":" in host:
        name = f"[{host}]"
    return f"http://{name}:{port}/" + ("" if token is None else f"?token={quote(token)}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `python -m apps.server`, which is what `litpose app` becomes."""
    parser = argparse.ArgumentParser(prog="litpose app")
    parser.add_argument("project", type=Path, nargs="?")
    parser.add_argument("--port", type=int, default=PORT)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--no-browser", action="store_true")
    args = parser.parse_args(argv)

    def run() -> int:
        serve(args.project, port=args.port, host=args.host, browser=not args.no_browser)
        return 0

    return guarded(run)


if __name__ == "__main__":
    sys.exit(main())
