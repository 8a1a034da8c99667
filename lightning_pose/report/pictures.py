"""Small pictures of frames, with what was predicted drawn on them."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from lightning_pose.core.errors import VideoError
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoReader
from lightning_pose.crops.cut import cut

SIZE, QUALITY = (360, 240), 72  # px and per cent of a JPEG
MARGIN = 0.25  # around the keypoints, as a share of their box


def take_pictures(
    videos: Mapping[str, Path],
    wanted: Sequence[tuple[str, int]],
    points: Mapping[tuple[str, int], Float[np.ndarray, "K 2"]],
    skeleton: Skeleton,
    marked: Sequence[str] = (),
) -> list[str | None]:
    """Return a JPEG as a data URL for every view and frame; None where the video does not give it.

    Args:
        videos: view to video.
        wanted: views and numbers of frames.
        points: px, by view and frame; none is drawn where there are none.
        skeleton: how they are joined.
        marked: keypoint to put a ring around, for every picture; an empty name for none.
    """
    found: list[str | None] = [None] * len(wanted)
    for view, path in videos.items():
        places = sorted((frame, index) for index, (name, frame) in enumerate(wanted) if name == view)
        if not places:
            continue
        try:
            with VideoReader(path, rgb=False) as reader:
                for frame, index in places:
                    if frame < len(reader):
                        ring = marked[index] if marked else ""
                        xy = points.get((view, frame))
                        found[index] = _data_url(_draw(reader[frame], xy, skeleton, ring))
        except VideoError:  # a report of what is there is better than none
            continue
    return found


def _draw(
    image: UInt8[np.ndarray, "H W 3"], xy: Float[np.ndarray, "K 2"] | None, skeleton: Skeleton, ring: str
) -> UInt8[np.ndarray, "h w 3"]:
    """Return the part of a picture with the keypoints in it, with skeleton, keypoints and a ring."""
    xy = np.full((len(skeleton.names), 2), np.nan) if xy is None else xy
    left, top, width, height = _part(xy, image.shape[1], image.shape[0])
    small = cut(image, np.array([left, top, height, width]), SIZE)
    there = np.asarray(np.isfinite(xy).all(axis=-1))
    # 4 binary digits after the point: drawing to a sixteenth of a pixel
    scale = np.array(SIZE) / (width, height)
    at = np.where(there[:, None], ((xy - (left, top) + 0.5) * scale - 0.5) * 16, -(10**6)).astype(int)
    for (a, b), color in zip(skeleton.edges, skeleton.edge_colors().tolist(), strict=True):
        if there[a] and there[b]:
            cv2.line(small, at[a].tolist(), at[b].tolist(), color[::-1], 1, cv2.LINE_AA, 4)
    for k, color in enumerate(skeleton.keypoint_colors().tolist()):
        if there[k]:
            cv2.circle(small, at[k].tolist(), 32, color[::-1], -1, cv2.LINE_AA, 4)
    if ring in skeleton.names and there[skeleton.names.index(ring)]:
        place = at[skeleton.names.index(ring)].tolist()
        cv2.circle(small, place, 11 * 16, (0, 0, 0), 4, cv2.LINE_AA, 4)
        cv2.circle(small, place, 11 * 16, (255, 255, 255), 2, cv2.LINE_AA, 4)
    return small


def _part(xy: Float[np.ndarray, "K 2"], width: int, height: int) -> tuple[int, int, int, int]:
    """Return left, top, width and height of the part that is shown: all keypoints and some room, px."""
    known = np.clip(xy[np.isfinite(xy).all(axis=-1)], 0, (width, height))
    whole = np.array([[0.0, 0.0], [width, height]])
    low, high = (known.min(axis=0), known.max(axis=0)) if len(known) else whole
    room = MARGIN * max(*(high - low), 0.15 * min(width, height))
    low, high = np.maximum(low - room, 0), np.minimum(high + room, (width, height))
    scale = min(SIZE / np.maximum(high - low, 1))
    extent = np.array(SIZE) / scale
    # moved back inside where the video is large enough, else centred
    corner = np.where(
        extent <= (width, height),
        np.clip((low + high - extent) / 2, 0, np.maximum((width, height) - extent, 0)),
        ((width, height) - extent) / 2,
    )
    left, top, wide, high = np.concatenate([corner, extent]).round().astype(int).tolist()
    return left, top, max(wide, 1), max(high, 1)


def _data_url(image: UInt8[np.ndarray, "h w 3"]) -> str:
    """Return a picture that a page holds in itself."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return "data:image/jpeg;base64," + base64.b64encode(data.tobytes()).decode()
