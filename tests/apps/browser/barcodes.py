"""Films whose pictures say which frame they are, and predictions that say it too."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from lightning_pose.core.poses import Poses
from lightning_pose.core.project import create_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses
from lightning_pose.core.video import VideoWriter

SIZE = (320, 240)
BITS, BLOCK = 16, 20  # the frame in 12 bits, the view in 3, and one that makes their number even
SPAN = 250  # frames that a keypoint's place tells apart
NAMES = ("ones", "rounds")  # frame % SPAN and frame // SPAN, as places along the image
SESSION = "coded"
KINDS = {
    "h264": (".mp4", {"key_every": 30}),
    "sparse": (".mp4", {"key_every": 250, "preset": "medium"}),  # has B frames
    "mov": (".mov", {"key_every": 30}),
    "mkv": (".mkv", {"key_every": 30}),
    "vp9": (".mkv", None),
    "av1": (".mp4", None),
}  # one view of each; all that Debian's Chromium plays
CODECS = {
    "vp9": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "g": "30"}),
    "av1": ("libsvtav1", {"preset": "12", "g": "30"}),
}

READ = """() => {
  const root = document.querySelector('.litpose-canvas');
  const scratch = new OffscreenCanvas(320, 240);
  const context = scratch.getContext('2d', { willReadFrequently: true });
  const coded = (video) => {
    context.drawImage(video, 0, 0, 320, 240);
    const { data } = context.getImageData(0, 10, 320, 1);
    const bits = Array.from({ length: 16 }, (_, bit) => Number(data[4 * (20 * bit + 10)] > 127));
    const word = bits.reduce((sum, bit, index) => sum + bit * 2 ** index, 0);
    return bits.reduce((sum, bit) => sum ^ bit, 0) ? null : [word & 4095, (word >> 12) & 7];
  };
  const column = (film, y) => {  // the middle of what is drawn in a band of the image, px of the image
    const { scale, x: left, y: top } = film.zoom;
    const r = devicePixelRatio;
    const band = film.marks.getContext('2d').getImageData(0, Math.round(r * (top + scale * (y - 14))),
      film.marks.width, Math.round(r * scale * 28));
    let [sum, mass] = [0, 0];
    for (let i = 3, at = 0; i < band.data.length; i += 4, at++) {
      sum += band.data[i] * (at % band.width);
      mass += band.data[i];
    }
    return mass ? ((sum / mass + 0.5) / r - left) / scale - 0.5 : NaN;
  };
  window.viewer = root.viewer;
  window.wrong = () => {
    const { viewer } = root;
    const reported = Number(root.querySelector('input.number').value);
    return viewer.films.flatMap((film) => {
      const [frame, view] = coded(film.video) ?? [null, null];
      const drawn = Math.round(column(film, 100) - 20) + 250 * Math.round((column(film, 180) - 20) / 10);
      const asked = Math.min(viewer.player.target, film.frames - 1);
      return frame === asked && view === film.v && film.shown === asked && drawn === asked
        && reported === viewer.player.target && viewer.frame === reported ? []
        : [{ asked, reported, name: film.view.name, picture: frame, of: view, shown: film.shown, drawn,
          said: film.remark.textContent }];
    });
  };
  window.painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  window.posed = async () => {
    const has = (film) => viewer.poses.at(viewer.chosen[0], film.shown);
    const isThere = () => viewer.films.every((film) => !film.isLive || has(film));
    while (!isThere()) await new Promise((done) => setTimeout(done, 5));
    await painted();
  };
}"""


def picture(frame: int, view: int) -> np.ndarray:
    """Return a frame: its bar code above, and grey with a bright bar that moves, so that codecs have work."""
    image = np.full((SIZE[1], SIZE[0], 3), 70, np.uint8)
    image[40:, (5 * frame) % SIZE[0] :][:, :24] = 120
    word = frame | view << 12
    word |= (word.bit_count() & 1) << (BITS - 1)
    for bit in range(BITS):
        image[:24, bit * BLOCK : (bit + 1) * BLOCK] = 235 * (word >> bit & 1)
    return image


def place(frame: np.ndarray) -> np.ndarray:
    """Return where the keypoints are that say a frame: [T, K, 2], px."""
    ones = np.stack([20.0 + frame % SPAN, np.full(frame.shape, 100.0)], axis=-1)
    rounds = np.stack([20.0 + 10 * (frame // SPAN), np.full(frame.shape, 180.0)], axis=-1)
    return np.stack([ones, rounds], axis=1)


def write_film(path: Path, kind: str, view: int, frames: int) -> None:
    """Write a film of a kind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    options = KINDS[kind][1]
    if options is not None:
        with VideoWriter(path, *SIZE, fps=30, crf=28, **options) as writer:
            for frame in range(frames):
                writer.write(picture(frame, view))
        return
    write_timed(path, kind, view, list(range(frames)), Fraction(1, 30))


def write_timed(path: Path, kind: str, view: int, stamps: list[int], unit: Fraction) -> None:
    """Write a film whose frames are shown at given times (in a unit, s)."""
    codec, options = CODECS.get(kind, ("libx264", {"g": "30", "crf": "28"}))
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options=options)
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = unit
        for frame, stamp in enumerate(stamps):
            image = VideoFrame.from_ndarray(picture(frame, view), format="rgb24")
            image.pts, image.time_base = stamp, unit
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    if hasattr(os, "sched_setscheduler"):
        # libsvtav1, run by root, leaves a real-time process behind, and the browser would be one too
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def make_films(folder: Path, frames: int, kinds: tuple[str, ...] = tuple(KINDS)) -> Path:
    """Write a project with a session of one view per kind, predicted by one network."""
    create_project(folder, kinds if len(kinds) > 1 else (), skeleton_from_names(NAMES, []))
    for view, kind in enumerate(kinds):
        write_film(folder / "videos" / f"{SESSION}_{kind}{KINDS[kind][0]}", kind, view, frames)
    predict(folder, kinds, frames)
    return folder


def predict(
    folder: Path, views: tuple[str, ...], frames: int, session: str = SESSION, model: str = "net"
) -> None:
    """Write what a network would have predicted."""
    numbers = np.arange(frames)
    for view in views:
        poses = Poses(NAMES, place(numbers), numbers, likelihood=np.ones((frames, len(NAMES))))
        write_poses(folder / "models" / model / "video_preds" / f"{session}_{view}.csv", poses)
