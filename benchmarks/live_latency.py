"""How long after a frame arrives are its keypoints there? A camera, or a file played at its own speed.

    python benchmarks/live_latency.py --source 0 --model models/mouse
    python benchmarks/live_latency.py --source session1.mp4 --backbone resnet50 --size 256

Every frame is predicted as it comes. Where the network is slower than the source, the frames that came in the
meantime are dropped and counted, so the answers do not lag behind. Without --model, a network of random
weights answers, which takes as long. Ctrl-C ends it. Printed: frames answered and dropped, and the latency
from arrival to keypoints (median and 95th percentile), in milliseconds.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch

from lightning_pose.api import Model
from lightning_pose.build.network import build_network
from lightning_pose.config import Config, save_config
from lightning_pose.core.video import VideoReader, probe
from lightning_pose.export.program import export_model

WARM_UP = 3  # frames that are not counted: the first ones find their memory


class Arrived(NamedTuple):
    """A frame, and when it was there."""

    rgb: np.ndarray
    at: float


class Newest:
    """The newest frame of a source; one that is not fetched before the next comes is dropped."""

    def __init__(self, frames: Iterator[np.ndarray]) -> None:
        """Start to read.

        Args:
            frames: as they arrive, RGB.
        """
        self.dropped = 0
        self._waiting: Arrived | None = None
        self._ended = False
        self._change = threading.Condition()
        threading.Thread(target=self._read, args=(frames,), daemon=True).start()

    def _read(self, frames: Iterator[np.ndarray]) -> None:
        for rgb in frames:
            with self._change:
                if self._ended:
                    return
                self.dropped += self._waiting is not None
                self._waiting = Arrived(rgb, time.perf_counter())
                self._change.notify()
        with self._change:
            self._ended = True
            self._change.notify()

    def __iter__(self) -> Iterator[Arrived]:
        """Yield the newest frame again and again, until the source ends."""
        while True:
            with self._change:
                while self._waiting is None and not self._ended:
                    self._change.wait(0.1)  # not for ever, so that Ctrl-C is heard
                frame, self._waiting = self._waiting, None
            if frame is None:
                return
            yield frame

    def stop(self) -> None:
        """Let the reader end at its next frame."""
        with self._change:
            self._ended = True


def camera_frames(number: int) -> Iterator[np.ndarray]:
    """Yield the frames of a camera."""
    camera = cv2.VideoCapture(number)
    if not camera.isOpened():
        raise SystemExit(f"--source {number}: there is no such camera")
    try:
        while True:
            there, bgr = camera.read()
            if not there:
                return
            yield cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    finally:
        camera.release()


def film_frames(path: Path) -> Iterator[np.ndarray]:
    """Yield the frames of a video at the speed at which it was taken."""
    interval = 1 / probe(path).fps
    with VideoReader(path) as reader:
        due = time.perf_counter()
        for frame in reader.frames():
            time.sleep(max(0.0, due - time.perf_counter()))
            yield frame
            due += interval


def random_model(folder: Path, backbone: str, size: int, n_keypoints: int) -> Path:
    """Write a model of random weights."""
    config = Config()
    config.data.keypoint_names = [f"keypoint{k}" for k in range(n_keypoints)]
    config.data.skeleton, config.data.swaps = [], []
    config.data.image_resize_dims.height = config.data.image_resize_dims.width = size
    config.model.backbone = backbone
    checkpoints = folder / "tb_logs" / "pose" / "version_0" / "checkpoints"
    checkpoints.mkdir(parents=True)
    save_config(folder / "config.yaml", config)
    state = {f"network.{key}": value for key, value in build_network(config).state_dict().items()}
    torch.save({"state_dict": state}, checkpoints / "last.ckpt")
    return folder


def measure(model: Model, source: Newest, seconds: float) -> list[float]:
    """Return the latency (s) of every frame that was answered."""
    latencies, begin = [], time.perf_counter()
    try:
        for frame in source:
            model.predict_frame(frame.rgb)
            latencies.append(time.perf_counter() - frame.at)
            if time.perf_counter() - begin > seconds:
                break
    except KeyboardInterrupt:
        pass
    finally:
        source.stop()
    return latencies


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--source", required=True, help="number of a camera, or a video file")
    parser.add_argument("--model", type=Path, help="a trained model (default: random weights)")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--size", type=int, default=256, help="side of the network's images, px")
    parser.add_argument("--keypoints", type=int, default=17)
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16", "fp16"))
    parser.add_argument("--runtime", default="eager", choices=("eager", "onnx"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--seconds", type=float, default=20.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.model
        if folder is None:
            folder = random_model(Path(scratch, "model"), args.backbone, args.size, args.keypoints)
            if args.runtime == "onnx":
                export_model(folder)
        model = Model.from_dir(folder, device=args.device, precision=args.precision, runtime=args.runtime)
    model.predict_frame(np.zeros((args.size, args.size, 3), np.uint8))
    frames = camera_frames(int(args.source)) if args.source.isdigit() else film_frames(Path(args.source))
    source = Newest(frames)
    begin = time.perf_counter()
    latencies = measure(model, source, args.seconds)
    elapsed = time.perf_counter() - begin
    counted = 1000 * np.array(latencies[WARM_UP:])
    if not len(counted):
        raise SystemExit("too few frames to say anything")
    p50, p95 = np.percentile(counted, [50, 95])
    print(
        f"{len(latencies)} frames answered ({len(latencies) / elapsed:.1f}/s), {source.dropped} dropped; "
        f"latency {p50:.1f} ms (median), {p95:.1f} ms (95 %)"
    )


if __name__ == "__main__":
    main()
