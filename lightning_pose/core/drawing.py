"""Poses drawn on a frame: points, lines, trails, ellipses of uncertainty, text, and mosaics of views.

Opacity is confidence. Shapes are antialiased, lie at fractions of a pixel, and touch only what they cover.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from lightning_pose.core.skeletons import Skeleton

Frame = UInt8[np.ndarray, "H W 3"]
Color = UInt8[np.ndarray, "3"]

SHIFT = 4  # binary digits of a pixel that OpenCV draws to
FAR = 1e4  # px: beyond it OpenCV's integers could overflow, and nothing would be seen anyway
WIDEST_MOSAIC = 1920  # px
LEVEL_95 = math.sqrt(-2 * math.log(0.05))  # standard deviations to the ellipse that holds 95 % in the plane
ELLIPSE_FILL, ELLIPSE_RIM = 60, 230  # of 255
TRAIL_SHARE = 0.7  # opacity of the newest part of a trail


def draw_skeleton(
    frame: Frame,
    points: Float[np.ndarray, "K 2"],
    skeleton: Skeleton,
    confidence: Float[np.ndarray, "K"] | None = None,
    radius: float | None = None,
    *,
    deviation: Float[np.ndarray, "K 2"] | None = None,
    trail: Float[np.ndarray, "N K 2"] | None = None,
    copy: bool = True,
) -> Frame:
    """Return an RGB frame with keypoints and the lines between them.

    Args:
        frame: to draw on.
        points: pixels of the frame; missing ones and their lines are left out.
        skeleton: lines and colours; its keypoints are those of `points`.
        confidence: opacity of each point in [0, 1]; a line has that of its fainter end. Opaque by default.
        radius: of the points in px; grows with the frame by default.
        deviation: standard deviation of each coordinate in px, shown as the ellipse that holds the truth with
            95 % probability.
        trail: where the points were before, the oldest first, shown as lines that fade with age; gaps where
            they were missing.
        copy: draw on a copy of the frame, not on the frame itself.
    """
    frame = frame.copy() if copy else frame
    opacity = np.ones(len(points)) if confidence is None else np.clip(np.nan_to_num(confidence), 0, 1)
    opacity = np.where((np.abs(points) < FAR).all(axis=-1), opacity, 0.0)  # NaN compares false
    size = radius or default_radius(frame.shape[:2])
    width, colors = max(1, round(0.6 * size)), skeleton.keypoint_colors()
    if trail is not None and len(trail):
        path = np.concatenate([trail, np.where(opacity[:, None] > 0, points, np.nan)[None]])
        for k, color in enumerate(colors):
            _draw_trail(frame, path[:, k], color, width)
    for (a, b), color in zip(skeleton.edges, skeleton.edge_colors(), strict=True):
        alpha = min(opacity[a], opacity[b])
        if alpha > 0:
            _draw_line(frame, points[[a, b]], color, alpha, width)
    for k in np.flatnonzero(opacity > 0):
        if deviation is not None:
            _draw_ellipse(frame, points[k], LEVEL_95 * deviation[k], colors[k], opacity[k])
        _draw_dot(frame, points[k], colors[k], opacity[k], size)
    return frame


def default_radius(shape: tuple[int, ...]) -> float:
    """Return the radius of points (px) on a frame of this height and width."""
    return max(2.0, 0.008 * min(shape))


def draw_text(frame: Frame, text: str, *, copy: bool = True) -> Frame:
    """Return an RGB frame with a line of text in its top left corner, white on darkened ground."""
    frame = frame.copy() if copy else frame
    scale = max(0.4, min(frame.shape[:2]) / 700)
    thick, margin = max(1, round(1.6 * scale)), round(8 * scale)
    (width, height), below = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, thick)
    frame[: height + below + 2 * margin, : width + 2 * margin] //= 3
    place = (margin, margin + height)
    cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (255,) * 3, thick, cv2.LINE_AA)
    return frame


def mosaic(frames: Sequence[UInt8[np.ndarray, "_ _ 3"]], tile: tuple[int, int], columns: int) -> Frame:
    """Lay out frames in rows, each as large as its tile (width, height in px) allows, in its middle."""
    width, height = tile
    rows = math.ceil(len(frames) / columns)
    whole = np.zeros((rows * height, columns * width, 3), np.uint8)
    for index, frame in enumerate(frames):
        scale = min(width / frame.shape[1], height / frame.shape[0])
        size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        small = frame if size == frame.shape[1::-1] else cv2.resize(frame, size, interpolation=how)
        top = index // columns * height + (height - size[1]) // 2
        left = index % columns * width + (width - size[0]) // 2
        whole[top : top + size[1], left : left + size[0]] = small
    return whole


def mosaic_tile(sizes: Int[np.ndarray, "V 2"], columns: int) -> tuple[int, int]:
    """Return width and height (px, even) of the tiles for views of these sizes, at most 1920 in a row."""
    widest, highest = sizes.max(axis=0)
    scale = min(1.0, WIDEST_MOSAIC / columns / widest)
    return 2 * math.ceil(widest * scale / 2), 2 * math.ceil(highest * scale / 2)


class _Cover:
    """What a shape covers of the pixels around it, to be blended into a frame.

    Attributes:
        share: 255 where the shape covers all of a pixel; None when the shape lies outside the frame.
    """

    def __init__(self, frame: Frame, points: Float[np.ndarray, "N 2"], reach: float) -> None:
        """Take the part of a frame that lies within `reach` px of some points."""
        border = math.ceil(reach) + 2
        x, y = points.T.tolist()  # a few numbers: Python is faster at these than numpy
        left, top = max(math.floor(min(x)) - border, 0), max(math.floor(min(y)) - border, 0)
        right, bottom = math.ceil(max(x)) + border + 1, math.ceil(max(y)) + border + 1
        self._region = frame[top : max(bottom, top), left : max(right, left)]
        covers = self._region.size > 0
        self.share: np.ndarray | None = np.zeros(self._region.shape[:2], np.uint8) if covers else None
        self.points = [
            [round((u - left) * 2**SHIFT), round((v - top) * 2**SHIFT)] for u, v in zip(x, y, strict=True)
        ]

    def blend(self, color: Color, alpha: float) -> None:
        """Mix a colour into the frame where the shape is."""
        assert self.share is not None
        where = np.flatnonzero(self.share > 0)
        share = self.share.ravel()[where][:, None] * np.float32(alpha / 255)
        rows, columns = np.divmod(where, self.share.shape[1])
        before = self._region[rows, columns]
        self._region[rows, columns] = before + np.rint(share * (color - before.astype(np.float32))).astype(
            np.int16
        )


def fixed(lengths: Float[np.ndarray, "*N"]) -> list:
    """Return lengths (px) as OpenCV's whole numbers of sixteenths."""
    return np.rint(lengths * 2**SHIFT).astype(int).tolist()


def _draw_dot(frame: Frame, point: Float[np.ndarray, "2"], color: Color, alpha: float, radius: float) -> None:
    """Blend a filled circle into a frame."""
    cover = _Cover(frame, point[None], radius)
    if cover.share is not None:
        inner = round((radius - 0.5) * 2**SHIFT)  # antialiasing adds half a pixel all round
        cv2.circle(cover.share, cover.points[0], inner, 255, -1, cv2.LINE_AA, SHIFT)
        cover.blend(color, alpha)


def _draw_line(frame: Frame, ends: Float[np.ndarray, "2 2"], color: Color, alpha: float, width: int) -> None:
    """Blend a line into a frame."""
    cover = _Cover(frame, ends, width)
    if cover.share is not None:
        cv2.line(cover.share, cover.points[0], cover.points[1], 255, width, cv2.LINE_AA, SHIFT)
        cover.blend(color, alpha)


def _draw_ellipse(
    frame: Frame,
    center: Float[np.ndarray, "2"],
    half_axes: Float[np.ndarray, "2"],
    color: Color,
    alpha: float,
) -> None:
    """Blend an ellipse along the axes into a frame, its rim stronger than its inside; none where unknown."""
    if not (half_axes < FAR).all():
        return
    cover = _Cover(frame, np.stack([center - half_axes, center + half_axes]), 0)
    if cover.share is not None:
        low, high = cover.points
        middle = [(a + b) // 2 for a, b in zip(low, high, strict=True)]
        shape = (cover.share, middle, fixed(half_axes), 0, 0, 360)
        cv2.ellipse(*shape, ELLIPSE_FILL, -1, cv2.LINE_AA, SHIFT)
        cv2.ellipse(*shape, ELLIPSE_RIM, 1, cv2.LINE_AA, SHIFT)
        cover.blend(color, alpha)


def _draw_trail(frame: Frame, path: Float[np.ndarray, "N 2"], color: Color, width: int) -> None:
    """Blend a line through points into a frame that fades from the last to the first."""
    known = np.all(np.abs(path) < FAR, axis=-1)
    if known.sum() < 2:
        return
    cover = _Cover(frame, path[known], width)
    if cover.share is not None:
        places = iter(cover.points)
        points = [next(places) if there else None for there in known.tolist()]
        for age, (a, b) in enumerate(pairwise(points), start=1):
            if a is not None and b is not None:
                cv2.line(cover.share, a, b, round(255 * age / len(path)), width, cv2.LINE_AA, SHIFT)
        cover.blend(color, TRAIL_SHARE)
