"""The space of a session: its cameras, and what the labels made so far say of it."""

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from apps.api.places import image_size
from apps.labels import Cell, LabelStore
from lightning_pose.core.calibration import Rig
from lightning_pose.core.epipolar import Frusta, make_frusta
from lightning_pose.core.errors import CalibrationError
from lightning_pose.core.guidance import NOISE_PX, bone_lengths, label_noise, usual_lengths
from lightning_pose.core.triangulate import triangulate

if TYPE_CHECKING:
    from apps.api.desk import Served

SAMPLE = 400  # labeled frames that are looked at
STALE = 30.0  # seconds after which new labels are worth a new look
ANCHORED = ("manual", "confirmed", "imported")  # derived labels agree with the others by construction


class Space(NamedTuple):
    """The cameras of a session and what is usual in front of them.

    Attributes:
        rig: the cameras; None where the session is not calibrated, or `fault` says why they cannot be used.
        frusta: what they see; None without a rig.
        noise: of labels, px.
        frames: ids of the labeled frames that were looked at.
        lengths: of the bones in those, world units.
        fault: what is wrong with the calibration, in a sentence.
    """

    rig: Rig | None
    frusta: Frusta | None
    noise: float
    frames: list[str]
    lengths: Float[np.ndarray, "T E"]
    fault: str = ""

    def lengths_elsewhere(self, frame: str) -> Float[np.ndarray, "T E"]:
        """Return the bone lengths of all other frames."""
        others = np.array([name != frame for name in self.frames], dtype=bool)
        return self.lengths[others]

    def usual_bones(self, edges: Int[np.ndarray, "E 2"]) -> list[dict[str, float]]:
        """Return the usual lengths of the bones of which enough is known, as the page is told."""
        usual = usual_lengths(self.lengths)
        return [
            {"a": a, "b": b, "median": float(median), "mad": float(mad)}
            for (a, b), median, mad in zip(edges.tolist(), usual.median, usual.mad, strict=True)
            if np.isfinite(median)
        ]


class Spaces:
    """The spaces of a project's sessions, measured when they are first asked for and when told to."""

    def __init__(self, served: "Served") -> None:
        """Begin with none."""
        self._served = served
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, int, Space]] = {}

    def of(self, session: str) -> Space:
        """Return the space of a session as measured last: a hand that drags does not wait for another."""
        with self._lock:
            if session not in self._known:
                self._measure(session)
            return self._known[session][2]

    def renew(self, session: str) -> Space:
        """Return the space of a session, measured anew if there are other labels than a while ago."""
        at, rev, space = self._known.get(session, (0.0, -1, None))
        if space is None:
            return self.of(session)
        if rev != self._served.store.rev and time.monotonic() - at > STALE:
            self._measure(session)
        return self._known[session][2]

    def _measure(self, session: str) -> None:
        now = self._served.store.rev
        self._known[session] = (time.monotonic(), now, measure(self._served, session))


def measure(served: "Served", session: str) -> Space:
    """Look at the calibration of a session and at a sample of its labels."""
    edges = edges_of(served)
    nothing = Space(None, None, NOISE_PX, [], np.zeros((0, len(edges))))
    table, _ = served.frames()
    own = [row for row, name in enumerate(table.session) if name == session]
    try:
        rig = served.rig(session)
        if rig is None:
            return nothing
        if own:
            images = served.store.images(table.id[own[0]])
            sizes = {
                view: size for view in images if (size := image_size(served.folder, images[view])) is not None
            }
            rig = rig.check(served.views, sizes)
    except CalibrationError as error:
        return nothing._replace(fault=str(error))
    labeled = [table.id[row] for row in own if table.n_labeled[row]]
    chosen = (
        [labeled[i] for i in np.unique(np.linspace(0, len(labeled) - 1, SAMPLE).astype(int))]
        if labeled
        else []
    )
    xy = anchored_points(served, chosen)
    xyz = triangulate(xy, rig.camera)
    frusta = make_frusta(rig.camera, rig.sizes, xyz.reshape(-1, 3))
    return Space(rig, frusta, label_noise(xy, rig.camera), chosen, bone_lengths(xyz, edges))


def anchored_points(served: "Served", frames: Sequence[str]) -> Float[np.ndarray, "V T K 2"]:
    """Return the labels of frames that somebody placed or confirmed (px); NaN elsewhere."""
    return points_of(served.store, frames, served.views, served.project.keypoint_names)


def points_of(
    store: LabelStore, frames: Sequence[str], views: Sequence[str], names: Sequence[str]
) -> Float[np.ndarray, "V T K 2"]:
    """Return labels as an array, see `anchored_points`."""
    xy = np.full((len(views), len(frames), len(names), 2), np.nan)
    for t, frame in enumerate(frames):
        cells = store.cells(frame)
        for v, view in enumerate(views):
            for k, name in enumerate(names):
                cell = cells[view][name]
                if is_anchored(cell):
                    xy[v, t, k] = cell.x, cell.y
    return xy


def is_anchored(cell: Cell) -> bool:
    """Return whether a cell has a place that somebody stands for."""
    return cell.x is not None and cell.state in ("visible", "occluded") and cell.origin in ANCHORED


def edges_of(served: "Served") -> Int[np.ndarray, "E 2"]:
    """Return the edges of the skeleton."""
    return np.array(served.project.skeleton.edges, dtype=int).reshape(-1, 2)
