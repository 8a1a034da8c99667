"""What a project is, which frames it has, and one frame whole."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import Call, Endpoint, endpoint, say
from apps.api.desk import Desk, Served
from apps.api.images import context_offsets
from apps.api.places import image_size, image_version
from apps.api.proposals import proposals
from apps.api.spaces import edges_of
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import camera_centers


def routes(desk: Desk) -> list[Route]:
    """Return the routes of projects and frames."""
    home = "/api/projects/{pid}"
    return [
        Route(home, endpoint(desk, project), methods=["GET"]),
        Route(f"{home}/opening", _opening(desk), methods=["GET"]),
        Route(f"{home}/frames", endpoint(desk, frames), methods=["GET"]),
        Route(f"{home}/frames/{{fid}}", endpoint(desk, frame), methods=["GET"]),
    ]


def project(served: Served, call: Call) -> Response:
    """Answer what there is to know before any frame: keypoints, skeleton, views, cameras."""
    skeleton = served.project.skeleton
    names = skeleton.names
    table, _ = served.frames()
    calibrated = next((name for name in dict.fromkeys(table.session) if served.known_rig(name)), None)
    space = None if calibrated is None else served.spaces.of(calibrated)
    return say(
        {
            "id": served.id,
            "name": served.folder.name,
            "keypoints": names,
            "edges": skeleton.edges,
            "pairs": skeleton.swaps,
            "colors": ["#" + bytes(color.tolist()).hex() for color in skeleton.keypoint_colors()],
            "views": served.views,
            "rev": served.store.rev,
            "read_only": served.store.read_only,
            **_cameras(None if space is None else space.rig),
            "bones": [] if space is None else space.usual_bones(edges_of(served)),
        }
    )


def _opening(desk: Desk) -> Endpoint:
    """Return the route's function that says how far a project's opening is; it does not wait for its end."""

    async def respond(request: Request) -> Response:
        return say({"share": desk.opening(request.path_params["pid"])})

    return respond


def frames(served: Served, call: Call) -> Response:
    """Answer the columns of the table of frames."""
    table, _ = served.frames()
    return say(
        {
            "id": table.id,
            "session": table.session,
            "index": table.index,
            "labeled": table.n_labeled,
            "total": len(served.project.keypoint_names) * len(served.views),
            "flagged": table.flagged,
            "note": table.note,
            "worst": [None if worst is None else round(worst, 2) for worst in table.worst_px],
            "queued": table.queued,
        }
    )


def frame(served: Served, call: Call) -> Response:
    """Answer all that there is of one frame but its pixels."""
    fid = call.path["fid"]
    table, row = served.row(fid)
    rev = served.store.rev  # before the cells: what comes later is told again by the events
    images = served.store.images(fid)
    return say(
        {
            "id": fid,
            "rev": rev,
            "session": table.session[row],
            "index": table.index[row],
            "sizes": {view: image_size(served.folder, image) for view, image in images.items()},
            "versions": {view: image_version(served.folder, image) for view, image in images.items()},
            "cells": _cells(served.store.cells(fid)),
            "proposals": proposals(
                served, table.session[row], table.index[row], served.store.queue.source(fid)
            ),
            "queued": _queued(served, fid) if table.queued[row] else None,
            "previous": table.id[row - 1] if row > 0 else None,
            "next": table.id[row + 1] if row + 1 < len(table.id) else None,
            "context": {view: context_offsets(served, fid, view) for view in images},
            "note": table.note[row],
            "flagged": table.flagged[row],
        }
    )


def _queued(served: Served, frame: str) -> dict[str, Any] | None:
    """Return who wants a frame labeled, by whose predictions it was found, and why."""
    entry = served.store.queue.entry(frame)
    return None if entry is None else {"who": entry.who, "source": entry.source, "reason": entry.reason}


def cell_list(cell: Any) -> list[Any]:
    """Return a cell as it travels: x, y, state, origin, revision."""
    return [cell.x, cell.y, cell.state, cell.origin, cell.rev]


def _cells(cells: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    return {view: {name: cell_list(cell) for name, cell in own.items()} for view, own in cells.items()}


def _cameras(rig: Rig | None) -> dict[str, Any]:
    """Return whether the project is calibrated, and where its cameras stand, for the picture in 3D."""
    if rig is None:
        return {"calibrated": False, "cameras": None, "unit": None}
    return {"calibrated": True, "cameras": describe_cameras(rig), "unit": rig.unit}


def describe_cameras(rig: Rig) -> list[dict[str, Any]]:
    """Return where cameras stand (world units), how they are turned (world to camera), and their matrices."""
    camera = rig.camera
    parts = zip(rig.names, camera_centers(camera), camera.rotation, camera.matrix, rig.sizes, strict=True)
    return [
        {
            "view": view,
            "position": centre.tolist(),
            "rotation": rotation.tolist(),
            "matrix": matrix.tolist(),
            "size": size.tolist(),
        }
        for view, centre, rotation, matrix, size in parts
    ]
