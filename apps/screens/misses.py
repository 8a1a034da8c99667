"""Predictions on labeled frames beside the labels, the worst first; a button opens the frame."""

from pathlib import Path

import cv2
import numpy as np
import streamlit as st

from apps.screens.style import plain
from apps.screens.visit import Visit
from lightning_pose.core.drawing import draw_skeleton, mosaic
from lightning_pose.core.errors import DataError, PoseError
from lightning_pose.core.naming import image_file, locate_image
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.projects.models import Model
from lightning_pose.projects.predicted import Pair, pair_on
from lightning_pose.projects.scores import SETS, Miss, read_errors, worst_first

SHOWN, ROW = 6, 3
WIDTH, HEIGHT = 480, 360  # px of a picture
LEAST, MARGIN = 96, 0.2  # of the part of an image that is shown: px, and around what is there
WHITE = "#ffffff"


def show_misses(visit: Visit, model: Model) -> None:
    """Draw the labeled frames on which a model is wrong."""
    several = len(model.folders) > 1
    *first, sets, keypoints, page = st.columns(3 + several, vertical_alignment="bottom")
    folder = model.folders[0]
    if several:
        key = f"miss network {model.folder}"
        folder = first[0].selectbox("Network", model.folders, format_func=lambda one: one.name, key=key)
    errors = read_errors(folder, model.views)
    if not errors:
        st.caption("It has no predictions of labeled frames.")
        return
    found = {name for metric in errors.values() for name in metric.sets or ()}
    known = [name for name in SETS if name in found]
    which = sets.selectbox("Set", ["", *known], format_func=lambda name: name or "all", key="miss set")
    names = list(dict.fromkeys(name for metric in errors.values() for name in metric.names))
    keypoint = keypoints.selectbox(
        "Keypoint", ["", *names], format_func=lambda name: name or "the worst of each", key="miss keypoint"
    )
    misses = worst_first(errors, which, keypoint)
    pages = max(1, -(-len(misses) // SHOWN))
    key = f"miss page {folder} {which} {keypoint}"
    number = int(page.number_input(f"Page, of {pages}", 1, pages, key=key))
    st.caption("White is the label, in colour the prediction, joined by a line. A click opens the frame.")
    shown = misses[(number - 1) * SHOWN : number * SHOWN]
    for start in range(0, len(shown), ROW):
        for column, miss in zip(st.columns(ROW), shown[start : start + ROW], strict=False):
            with column:
                _show_miss(visit, model, folder, miss)


def _show_miss(visit: Visit, model: Model, folder: Path, miss: Miss) -> None:
    """Draw one frame, and a button that opens it."""
    place = image_file(visit.folder, miss.image)
    try:
        pair = pair_on(folder, model.views, miss.view, miss.image)
        changed = place.stat().st_mtime_ns
        st.image(picture_of(place, changed, pair, visit.project.skeleton), width="stretch")
    except OSError:
        st.caption(f"The image is not there any more: {plain(miss.image)}")
    except PoseError as error:
        st.caption(plain(str(error)))
    where = _where(visit, miss)
    label, key = f"{miss.worst:.1f} px {miss.keypoint} · {' '.join(where)}", f"open {folder} {miss.image}"
    if st.button(plain(label), key=key, width="stretch", help=f"{miss.mean:.1f} px in the mean; {miss.set}"):
        visit.open_frame(_frame_id(visit, miss))


@st.cache_data(show_spinner=False, max_entries=256)
def picture_of(image: Path, changed: int, pair: Pair, _skeleton: Skeleton) -> bytes:
    """Return the part of an image around what is labeled and predicted, as JPEG.

    Raises:
        DataError: when the image cannot be read.
    """
    frame = cv2.imread(str(image))
    if frame is None:
        raise DataError(f"{image.name} cannot be read as an image")
    left, top, right, bottom = part_around(pair, frame.shape[1], frame.shape[0])
    part = np.ascontiguousarray(frame[top:bottom, left:right, ::-1])
    scale = min(WIDTH / part.shape[1], HEIGHT / part.shape[0])
    sides = zip((WIDTH, HEIGHT), (right - left, bottom - top), strict=True)
    border = [(whole - round(side * scale)) // 2 for whole, side in sides]
    points = (np.concatenate([pair.labels, pair.predicted]) - (left, top) + 0.5) * scale - 0.5 + border
    part = mosaic([part], (WIDTH, HEIGHT), 1)
    count = len(pair.names)
    names = [*(f"label {k} of {name}" for k, name in enumerate(pair.names)), *pair.names]
    own = dict(zip(_skeleton.names, _skeleton.keypoint_colors().tolist(), strict=True))
    rgb = [own.get(name, (53, 196, 179)) for name in pair.names]
    colors = [WHITE] * count + ["#{:02x}{:02x}{:02x}".format(*color) for color in rgb]
    joined = Skeleton(tuple(names), edges=tuple((k + count, k) for k in range(count)), colors=tuple(colors))
    drawn = draw_skeleton(part, points, joined, radius=3.5, copy=False)
    return cv2.imencode(".jpg", drawn[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes()


def part_around(pair: Pair, width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom (px) of the part of an image with all points, in the shape shown."""
    points = np.concatenate([pair.labels, pair.predicted])
    points = np.clip(points[np.isfinite(points).all(axis=1)], 0, (width - 1, height - 1))
    if not len(points):
        return 0, 0, width, height
    centre, span = (points.max(axis=0) + points.min(axis=0)) / 2, np.ptp(points, axis=0) * (1 + 2 * MARGIN)
    wide = max(LEAST, span[0], span[1] * WIDTH / HEIGHT)
    wide, high = min(wide, width), min(wide * HEIGHT / WIDTH, height)
    left = int(np.clip(centre[0] - wide / 2, 0, width - wide))
    top = int(np.clip(centre[1] - high / 2, 0, height - high))
    return left, top, left + round(wide), top + round(high)


def _where(visit: Visit, miss: Miss) -> tuple[str, ...]:
    """Return session, view and frame of an image, or its name where that tells none of them."""
    try:
        session, view, frame = locate_image(miss.image, visit.project.view_names)
    except PoseError:
        return (Path(miss.image).name,)
    return tuple(filter(None, (session, view, f"frame {frame}")))


def _frame_id(visit: Visit, miss: Miss) -> str:
    """Return the id of a frame on the labeling page; empty where the page does not have it."""
    try:
        session, _, number = locate_image(miss.image, visit.project.view_names)
    except PoseError:
        return ""
    table = visit.served().frames()[0]
    rows = zip(table.id, table.session, table.index, strict=True)
    return next((fid for fid, name, index in rows if (name, index) == (session, number)), "")
