"""Poses drawn on their frames: skeletons whose opacity is confidence, mosaics of views, labeled videos."""

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Int, UInt8

from lightning_pose.core.errors import DataError
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoReader, VideoWriter, probe

Frame = UInt8[np.ndarray, "H W 3"]

SHIFT = 4  # binary digits of a pixel that OpenCV draws to
FAR = 1e5  # px: beyond it OpenCV's integers could overflow, and nothing would be seen anyway
SHORTEST_SIDE = 384  # px: smaller videos are enlarged, for lines and letters to be told apart
WIDEST_MOSAIC = 1920  # px


def draw_skeleton(
    frame: Frame,
    points: Float[np.ndarray, "K 2"],
    skeleton: Skeleton,
    confidence: Float[np.ndarray, "K"] | None = None,
    radius: float | None = None,
) -> Frame:
    """Return a copy of an RGB frame with keypoints and the lines between them, antialiased.

    Args:
        frame: to draw on.
        points: pixels of the frame; missing ones and their lines are left out.
        skeleton: lines and colours; its keypoints are those of `points`.
        confidence: opacity of each point in [0, 1]; a line has that of its fainter end. Opaque by default.
        radius: of the points in px; grows with the frame by default.
    """
    frame = frame.copy()
    opacity = np.ones(len(points)) if confidence is None else np.clip(np.nan_to_num(confidence), 0, 1)
    opacity = np.where((np.abs(points) < FAR).all(axis=-1), opacity, 0.0)  # NaN compares false
    size = radius or max(2.0, 0.008 * min(frame.shape[:2]))
    for (a, b), color in zip(skeleton.edges, skeleton.edge_colors(), strict=True):
        alpha = min(opacity[a], opacity[b])
        if alpha > 0:
            _blend(frame, points[[a, b]], color, alpha, width=max(1, round(0.6 * size)))
    for point, color, alpha in zip(points, skeleton.keypoint_colors(), opacity, strict=True):
        if alpha > 0:
            _blend(frame, point[None], color, alpha, radius=size)
    return frame


def draw_text(frame: Frame, text: str) -> Frame:
    """Return a copy of an RGB frame with a line of text in its top left corner, white on darkened ground."""
    frame = frame.copy()
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


def write_labeled_videos(
    videos: Mapping[str, Path],
    poses: Mapping[str, Poses],
    skeleton: Skeleton,
    *,
    outputs: Mapping[str, Path],
    mosaic_output: Path | None = None,
    on_frame: Callable[[], object] | None = None,
) -> None:
    """Draw poses on the videos of one session: a video per view, and one of all views side by side.

    Every video is decoded once, frame by frame. Small videos are enlarged.

    Args:
        videos: view to video.
        poses: view to its poses, one row per frame of the video.
        skeleton: lines and colours for the poses' keypoints.
        outputs: view to the labeled video to write; views that are not in it get none.
        mosaic_output: the video of all views; none by default.
        on_frame: called after each frame, to show progress.

    Raises:
        DataError: when a video and its poses differ in length, or the videos of a mosaic among each other.
        VideoError: when a video cannot be decoded.
        OSError: when the disk is full.
    """
    infos = {view: probe(path) for view, path in videos.items()}
    _check_lengths({view: info.n_frames for view, info in infos.items()}, poses, mosaic_output is not None)
    skeletons = {view: skeleton.select(poses[view].names) for view in videos}
    sizes = {view: _drawn_size(info.width, info.height) for view, info in infos.items()}
    columns = math.ceil(math.sqrt(len(videos)))
    tile = mosaic_tile(np.array(list(sizes.values())), columns)
    rows = math.ceil(len(videos) / columns)
    with ExitStack() as stack:
        readers = {
            view: stack.enter_context(VideoReader(path, size=sizes[view])).frames()
            for view, path in videos.items()
        }
        writers = {
            view: stack.enter_context(VideoWriter(path, *sizes[view], infos[view].fps))
            for view, path in outputs.items()
        }
        if mosaic_output is not None:
            fps = next(iter(infos.values())).fps
            size = (columns * tile[0], rows * tile[1])
            whole = stack.enter_context(VideoWriter(mosaic_output, *size, fps))
        for number in range(max(info.n_frames for info in infos.values())):
            drawn = {}
            for view, info in infos.items():
                if number < info.n_frames:
                    scale = np.array(sizes[view]) / (info.width, info.height)
                    frame = _labeled(next(readers[view]), poses[view], number, skeletons[view], scale)
                    drawn[view] = draw_text(frame, f"{view}  {number}/{info.n_frames}".strip())
                    if view in writers:
                        writers[view].write(drawn[view])
            if mosaic_output is not None:
                whole.write(mosaic(list(drawn.values()), tile, columns))
            if on_frame is not None:
                on_frame()


def _labeled(
    frame: Frame, poses: Poses, row: int, skeleton: Skeleton, scale: Float[np.ndarray, "2"]
) -> Frame:
    """Draw one row of poses on a frame that was resized by `scale`."""
    points = (poses.points[row] + 0.5) * scale - 0.5
    confidence = None if poses.likelihood is None else poses.likelihood[row]
    return draw_skeleton(frame, points, skeleton, confidence)


def _drawn_size(width: int, height: int) -> tuple[int, int]:
    """Return the even size (px) in which a video is drawn: its own, or larger where that is small."""
    scale = max(1.0, SHORTEST_SIDE / min(width, height))
    return 2 * math.ceil(width * scale / 2), 2 * math.ceil(height * scale / 2)


def _check_lengths(lengths: Mapping[str, int], poses: Mapping[str, Poses], together: bool) -> None:
    """Raise unless every video has a row of poses for every frame, and a mosaic videos of one length."""
    wrong = [
        f"{view or 'the video'}: {length} frames and poses for {len(poses[view])}"
        for view, length in lengths.items()
        if length != len(poses[view])
    ]
    if together and len(set(lengths.values())) > 1:
        wrong.append(f"the views differ: {', '.join(f'{view} {n}' for view, n in lengths.items())} frames")
    if wrong:
        raise DataError(f"poses cannot be drawn on these videos: {'; '.join(wrong)}")


def _blend(
    frame: Frame,
    points: Float[np.ndarray, "N 2"],
    color: UInt8[np.ndarray, "3"],
    alpha: float,
    *,
    radius: float = 0.0,
    width: int = 0,
) -> None:
    """Blend a dot (one point) or a line (two points) into a frame, in place, touching only what it covers."""
    reach = math.ceil(max(radius, width)) + 2
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - reach, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + reach + 1, frame.shape[1::-1])
    if (low >= high).any():
        return
    region = frame[low[1] : high[1], low[0] : high[0]]
    cover = np.zeros(region.shape[:2], np.uint8)
    fixed = np.rint((points - low) * 2**SHIFT).astype(int).tolist()
    if len(fixed) == 1:
        inner = round((radius - 0.5) * 2**SHIFT)  # antialiasing adds half a pixel all round
        cv2.circle(cover, fixed[0], inner, 255, -1, cv2.LINE_AA, SHIFT)
    else:
        cv2.line(cover, fixed[0], fixed[1], 255, width, cv2.LINE_AA, SHIFT)
    share = (cover * np.float32(alpha / 255))[..., None]
    region[:] = np.rint(region + share * (color.astype(np.float32) - region)).astype(np.uint8)
