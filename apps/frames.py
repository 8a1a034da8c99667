"""Single frames of a session, all views side by side, with the keypoints drawn on them."""

import math
import threading
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.core.errors import DataError
from lightning_pose.core.overlay import draw_skeleton, draw_text, mosaic
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoReader, probe

Picture = UInt8[np.ndarray, "H W 3"]
TILE_HEIGHT = 420  # px: large enough to judge a keypoint, small enough to send at once
JOINT = 4.5  # px
RING = (255, 255, 255)


def columns_for(count: int, aspect: float) -> int:
    """Return in how many columns tiles of an aspect (width / height) come nearest to 16:9, without gaps."""

    def badness(columns: int) -> float:
        rows = math.ceil(count / columns)
        return abs(math.log(columns * aspect / rows / (16 / 9))) + 0.5 * (columns * rows - count)

    return min(range(1, count + 1), key=badness)


class Reel:
    """The open videos of one session. Kept between frames, since opening a long video reads its whole index.

    One picture at a time: a decoder serves one thread, and the viewer may have several visitors.
    """

    def __init__(self, videos: Mapping[str, Path]) -> None:
        """Open the videos of a session, each to be decoded at the size it is shown in.

        Raises:
            VideoError: when a file is not a video, or stops half way.
        """
        self._lock = threading.Lock()
        self._scale, self._readers = {}, {}
        for view, path in videos.items():
            info = probe(path)
            width = round(TILE_HEIGHT * info.width / info.height)
            self._scale[view] = np.array([width / info.width, TILE_HEIGHT / info.height])
            self._readers[view] = VideoReader(path, size=(width, TILE_HEIGHT))

    def picture(
        self,
        number: int,
        tables: Mapping[str, Poses],
        skeleton: Skeleton,
        highlight: str | None = None,
    ) -> Picture:
        """Return frame `number` of every view, with the keypoints of the views that have a table.

        Args:
            number: frame to show.
            tables: view to its poses.
            skeleton: lines and colours.
            highlight: keypoint to put a ring around.

        Raises:
            DataError: when the table goes on where a video has ended.
            VideoError: when the frame cannot be decoded.
        """
        drawn = []
        with self._lock:
            for view, reader in self._readers.items():
                if number >= len(reader):
                    raise DataError(f"{reader.path} has {len(reader)} frames, so there is no frame {number}")
                frame = reader[number]
                if view in tables:
                    frame = self._labeled(frame, view, number, tables[view], skeleton, highlight=highlight)
                drawn.append(draw_text(frame, view))
        widest = max(frame.shape[1] for frame in drawn)
        return mosaic(drawn, (widest, TILE_HEIGHT), columns_for(len(drawn), widest / TILE_HEIGHT))

    def _labeled(
        self,
        frame: Picture,
        view: str,
        number: int,
        poses: Poses,
        skeleton: Skeleton,
        *,
        highlight: str | None,
    ) -> Picture:
        """Draw the poses of one view on its frame, where the table has that frame."""
        rows = np.flatnonzero(poses.frames == number)
        if not len(rows):
            return frame
        points = self.on_tile(view, poses.points[rows[0]])
        confidence = None if poses.likelihood is None else poses.likelihood[rows[0]]
        frame = draw_skeleton(frame, points, skeleton.select(poses.names), confidence, radius=JOINT)
        if highlight in poses.names and np.isfinite(points[poses.names.index(highlight)]).all():
            x, y = points[poses.names.index(highlight)].clip(-1e4, 1e4)
            cv2.circle(frame, (round(x), round(y)), 9, RING, 1, cv2.LINE_AA)
        return frame

    def on_tile(self, view: str, points: Float[np.ndarray, "K 2"]) -> Float[np.ndarray, "K 2"]:
        """Return where pixels of a video lie on its tile; (0, 0) is the centre of the first pixel in both."""
        return (points + 0.5) * self._scale[view] - 0.5

    def close(self) -> None:
        """Close the videos."""
        for reader in self._readers.values():
            reader.close()
