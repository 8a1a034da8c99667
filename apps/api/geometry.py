"""Geometry while labeling: points in, curves, ghosts, residuals and bone lengths out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from starlette.responses import Response
from starlette.routing import Route

from apps.api.answers import BAD, Call, RequestError, endpoint, record, say, text
from apps.api.desk import Desk, Served
from apps.api.spaces import Space, edges_of
from lightning_pose.core.guidance import Guidance, bone_lengths, guide, usual_lengths

FARTHEST = 1e6  # px


def routes(desk: Desk) -> list[Route]:
    """Return the route of geometry."""
    return [Route("/api/projects/{pid}/geometry", endpoint(desk, geometry), methods=["POST"])]


def geometry(served: Served, call: Call) -> Response:
    """Answer what placed points say about the other views, and the lengths of bones."""
    body = record(call.body)
    frame = text(body, "frame")
    session, _ = served.place(frame)
    seq = body.get("seq", 0)
    if isinstance(seq, bool) or not isinstance(seq, int):
        raise RequestError(BAD, f"seq: expected a whole number, got {seq!r:.40}")
    xy = _points(body.get("points"), served)
    space = served.spaces.of(session)
    if space.frusta is None:
        return say({"seq": seq, **_nothing(served), "fault": space.fault or None})
    given = guide(xy, space.frusta, space.noise)
    return say({"seq": seq, **_told(given, served), "bones": _bones(given, served, space, frame)})


def _points(given: Any, served: Served) -> Float[np.ndarray, "V K 2"]:
    """Return the placed points of a request.

    Raises:
        RequestError: when they are not of the project's views and keypoints.
    """
    if not isinstance(given, Mapping) or not given.keys() <= set(served.views):
        raise RequestError(BAD, f"points: expected an object of the views {', '.join(served.views)}")
    count = len(served.project.keypoint_names)
    xy = np.full((len(served.views), count, 2), np.nan)
    for v, view in enumerate(served.views):
        row = given.get(view, [None] * count)
        if not isinstance(row, list) or len(row) != count:
            raise RequestError(BAD, f"points of view {view!r}: expected a list of {count}")
        for k, point in enumerate(row):
            if point is not None:
                xy[v, k] = _point(point, f"points of view {view!r}, place {k}")
    return xy


def _point(point: Any, where: str) -> Sequence[float]:
    plain = isinstance(point, list) and len(point) == 2
    if not plain or not all(type(u) in (int, float) and abs(u) < FARTHEST for u in point):
        raise RequestError(BAD, f"{where}: expected [x, y] in px or null, got {point!r:.60}")
    return point


def _told(given: Guidance, served: Served) -> dict[str, Any]:
    """Return guidance as it travels: by view, null where there is nothing."""
    views = served.views
    variances = given.covariance[..., [0, 0, 1], [0, 1, 1]]
    ghosts = np.concatenate([given.ghosts, variances], axis=-1)
    return {
        "curves": {view: [_polyline(curve) for curve in given.curves[v]] for v, view in enumerate(views)},
        "xyz": _rows(given.xyz),
        "ghosts": {view: _rows(ghosts[v]) for v, view in enumerate(views)},
        "residuals": {
            view: [_known(px) for px in given.residuals[v].tolist()] for v, view in enumerate(views)
        },
        "suspect": [views[v] if v >= 0 else None for v in given.suspect.tolist()],
    }


def _nothing(served: Served) -> dict[str, Any]:
    """Return the answer of a session without usable cameras."""
    empty = [None] * len(served.project.keypoint_names)
    by_view = dict.fromkeys(served.views, empty)
    views = dict.fromkeys(("curves", "ghosts", "residuals"), by_view)
    return {**views, "xyz": empty, "suspect": empty, "bones": []}


def _rows(values: Float[np.ndarray, "K n"]) -> list[list[float] | None]:
    """Return the rows, null where the first number is missing."""
    return [None if row[0] != row[0] else row for row in values.tolist()]


def _known(value: float) -> float | None:
    return None if value != value else value


def _polyline(curve: Float[np.ndarray, "S 2"]) -> list[list[float]] | None:
    """Return the known points of a curve, to a hundredth of a pixel; null where there are not two."""
    known = curve[np.isfinite(curve[:, 0])]
    return known.round(2).tolist() if len(known) > 1 else None


def _bones(given: Guidance, served: Served, space: Space, frame: str) -> list[dict[str, Any]]:
    """Return the bones of this instant against those of the other labeled frames."""
    edges = edges_of(served)
    lengths = bone_lengths(given.xyz, edges)
    if not np.isfinite(lengths).any():
        return []
    usual = usual_lengths(space.lengths_elsewhere(frame))
    return [
        {"a": a, "b": b, "length": float(length), "z": _known(float((length - median) / mad))}
        for (a, b), length, median, mad in zip(edges.tolist(), lengths, usual.median, usual.mad, strict=True)
        if math.isfinite(length)
    ]
