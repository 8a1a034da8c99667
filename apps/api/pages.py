"""The components: their files, and a page of its own for each, without Streamlit."""

import html
import json
import mimetypes
from functools import partial
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from apps.api.answers import ABSENT, Endpoint, RequestError
from apps.api.desk import Desk
from apps.api.places import inside

CANVAS = Path(__file__).parents[1] / "canvas"
SERVED = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".json": "application/json"}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/{door}/{pid}/page.css">
</head>
<body>
<main id="canvas"></main>
<script type="module" src="/{door}/{pid}/start.js"></script>
</body>
</html>
"""
STYLE = "html, body, #canvas { height: 100%; margin: 0; }\n"
START = """import mount from '/assets/canvas/{script}';

const nothing = () => undefined;
mount({{
  name: 'canvas', key: 'canvas', data: {data}, parentElement: document.getElementById('canvas'),
  setStateValue: nothing, setTriggerValue: nothing,
}});
"""


DOORS = {"canvas": "index.js", "view": "viewer/index.js"}  # labeling, and the viewer


def routes(desk: Desk) -> list[Route]:
    """Return the routes of the components and their pages."""
    doors = [
        Route(f"/{door}/{{pid}}{name}", _of_project(desk, write), methods=["GET"])
        for door, script in DOORS.items()
        for name, write in (
            ("/start.js", partial(_start, script)),
            ("/page.css", _style),
            ("", partial(_page, door)),
        )
    ]
    return [*doors, Route("/assets/canvas/{path:path}", asset, methods=["GET"])]


async def asset(request: Request) -> Response:
    """Answer a file of the component; the browser asks again whether it has changed."""
    name = request.path_params["path"]
    path = await run_in_threadpool(inside, CANVAS.resolve(), name)
    kind = SERVED.get(path.suffix) or (mimetypes.guess_type(name)[0] if path.suffix == ".woff2" else None)
    if kind is None:
        raise RequestError(ABSENT, f"{name} is no file of the page.")
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})


def _of_project(desk: Desk, write: Any) -> Endpoint:
    """Return the route's function that writes something for a project that may be opened."""

    async def respond(request: Request) -> Response:
        pid = request.path_params["pid"]
        folder = (await run_in_threadpool(desk.folders)).get(pid)
        if folder is None:
            raise RequestError(ABSENT, "This project is not open here.")
        return write(pid, folder)

    return respond


def _page(door: str, pid: str, folder: Path) -> Response:
    content = PAGE.format(title=html.escape(f"{folder.name} · litpose"), door=door, pid=pid)
    return Response(content, media_type="text/html", headers={"Cache-Control": "no-store"})


def _style(pid: str, folder: Path) -> Response:
    return Response(STYLE, media_type="text/css")


def _start(script: str, pid: str, folder: Path) -> Response:
    content = START.format(script=script, data=json.dumps({"project": pid}))
    return Response(content, media_type="text/javascript", headers={"Cache-Control": "no-store"})
