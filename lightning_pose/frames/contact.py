"""A contact sheet: small pictures of chosen frames, a row for each, a column for each view."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from lightning_pose.core.errors import DataError
from lightning_pose.core.files import atomic_path
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoReader

WIDTH, GAP, HEAD = 240, 4, 18  # px
TALLEST = 60_000  # px of a JPEG; frames beyond it are left out


def check_name(path: Path | str) -> None:
    """Check that a contact sheet can have this name, before the long work of choosing frames.

    Raises:
        DataError: when it is not that of a JPEG.
    """
    if Path(path).suffix.lower() not in (".jpg", ".jpeg"):
        raise DataError(f"{path}: expected the name of a JPEG, such as sheet.jpg")


def write_contact_sheet(path: Path | str, session: Session, frames: Sequence[int]) -> None:
    """Write the pictures of some frames in all views as one JPEG.

    Args:
        path: `.jpg` file.
        session: the videos.
        frames: their numbers.

    Raises:
        VideoError: when a frame cannot be decoded.
        DataError: when there is nothing to show, or the file's name is not that of a JPEG.
    """
    check_name(path)
    if not frames:
        raise DataError(f"{path}: no frame was chosen, so there is no contact sheet")
    views = list(session.videos)
    heights = [round(WIDTH * session.infos[v].height / session.infos[v].width) for v in views]
    row = HEAD + max(heights) + GAP
    across = 1 if len(views) > 1 else max(1, min(5, len(frames)))
    room = (TALLEST // row) * across
    shown = sorted(frames)[:room]
    lines = -(-len(shown) // across)
    sheet = np.full((lines * row + GAP, len(views) * across * (WIDTH + GAP) + GAP, 3), 24, np.uint8)
    for column, (view, video) in enumerate(session.videos.items()):
        with VideoReader(video, size=(WIDTH, heights[column]), rgb=False) as reader:
            for place, frame in enumerate(shown):
                line, part = divmod(place, across)
                x, y = GAP + (column * across + part) * (WIDTH + GAP), GAP + line * row
                text = " ".join(filter(None, (str(frame), view)))
                cv2.putText(
                    sheet, text, (x, y + 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (225,) * 3, 1, cv2.LINE_AA
                )
                sheet[y + HEAD : y + HEAD + heights[column], x : x + WIDTH] = reader[frame]
    _, data = cv2.imencode(".jpg", sheet, [cv2.IMWRITE_JPEG_QUALITY, 85])
    with atomic_path(path) as temporary:
        temporary.write_bytes(data.tobytes())
