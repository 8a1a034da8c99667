"""Frames a second of labeled videos: decoding, drawing and encoding at 640 x 480 px.

    python benchmarks/draw_speed.py [VIDEO]

Without a video, one is made of moving noise, which is harder to encode than most recordings. 17 keypoints
with 16 lines move at random; with everything on, trails of 20 frames and ellipses are drawn as well.
"""

import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from lightning_pose.core.overlay import Style, write_labeled_videos
from lightning_pose.core.poses import Poses
from lightning_pose.core.skeletons import Skeleton
from lightning_pose.core.video import VideoWriter, frames, probe

N_FRAMES, WIDTH, HEIGHT, KEYPOINTS = 600, 640, 480, 17
TARGET = 100  # frames/s on 2 cores


def main() -> None:
    """Make a video of the size, draw on it, print the rates."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "video.mp4"
        make_video(video, Path(sys.argv[1]) if len(sys.argv) > 1 else None, rng)
        n = probe(video).n_frames
        steps = rng.normal(0, 3, (n, KEYPOINTS, 2)).cumsum(axis=0)
        points = np.abs((rng.uniform(0, 1, (KEYPOINTS, 2)) * (WIDTH, HEIGHT) + steps) % (2 * WIDTH) - WIDTH)
        names = tuple(f"k{index}" for index in range(KEYPOINTS))
        skeleton = Skeleton(names, tuple((index, index + 1) for index in range(KEYPOINTS - 1)))
        poses = Poses(
            names, points, np.arange(n),
            likelihood=rng.uniform(0.3, 1, (n, KEYPOINTS)), variance=rng.uniform(1, 40, points.shape),
        )  # fmt: skip
        for what, style in {
            "points and lines": Style(),
            "everything": Style(trail=20, ellipses=True),
        }.items():
            begin = time.perf_counter()
            write_labeled_videos(
                {"": video}, {"": poses}, skeleton, outputs={"": Path(folder) / "out.mp4"}, style=style
            )
            rate = n / (time.perf_counter() - begin)
            print(f"{what}: {rate:.0f} frames/s (at least {TARGET})")


def make_video(path: Path, source: Path | None, rng: np.random.Generator) -> None:
    """Write a video of the size: a given one resized, or blurred noise that moves."""
    with VideoWriter(path, WIDTH, HEIGHT, 30) as writer:
        if source is not None:
            for frame in frames(source, size=(WIDTH, HEIGHT), stop=N_FRAMES):
                writer.write(frame)
            return
        ground = cv2.GaussianBlur(rng.integers(0, 255, (HEIGHT, 2 * WIDTH, 3), np.uint8), (0, 0), 3)
        for number in range(N_FRAMES):
            writer.write(np.ascontiguousarray(ground[:, number : number + WIDTH]))


if __name__ == "__main__":
    main()
