"""A kill at any moment, and recordings of any length."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoInfo, VideoWriter
from lightning_pose.predict.pixels import count_images

MEMORY = """
import resource, sys
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from lightning_pose.core.sessions import Session
from lightning_pose.core.video import VideoInfo
from lightning_pose.predict.options import Options
from lightning_pose.predict.outputs import Layout
from lightning_pose.predict.pixels import predict_pixels
from lightning_pose.predict.tracks import Block
from lightning_pose.predict.profile import Profile

folder, n_frames = Path(sys.argv[1]), int(sys.argv[2])
members = {"rng=0": None, "rng=1": None}
names = tuple("abcdefghijkl")

def blocks(session, rig, start):
    rng = np.random.default_rng(0)
    for first in range(start, n_frames, 50):
        xy = rng.uniform(0, 500, (2, 2, min(50, n_frames - first), 12, 2)).astype(np.float32)
        yield Block(first, xy, np.ones(xy.shape[:-1], np.float32))

engine = SimpleNamespace(
    model=SimpleNamespace(members=members, names=names), options=Options(), blocks=blocks,
    pose_errors=lambda session, block: [{}, {}], profile=Profile(),
)
info = VideoInfo(64, 48, n_frames, 30.0, "h264", n_frames / 30)
session = Session("s", {"a": Path("s_a.mp4"), "b": Path("s_b.mp4")}, {"a": info, "b": info})
layout = Layout(folder, True)
predict_pixels(session, None, engine, layout, identity={}, on_images=lambda n, **_: None, say=print)
lines = (folder / "video_preds" / "s_b_rng=1.csv").read_text().count("\\n")
assert lines == 3 + n_frames, lines
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    peaks = []
    for count in (8_000, 40_000):
        command = [sys.executable, "-c", MEMORY, str(tmp_path / str(count)), str(count)]
        root = Path(__file__).parents[3]
        done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
        assert not done.returncode, done.stderr
        peaks.append(float(done.stdout.split()[-1]))
    # four tables with 37 columns of 8 bytes are 47 MB of numbers, their text about 80 MB
    assert peaks[1] < peaks[0] + 20, peaks


def test_images_are_counted_to_the_end_of_every_view() -> None:
    info = VideoInfo(64, 48, 10, 30.0, "h264", 1 / 3)
    session = Session("s", {}, {"a": info, "b": info._replace(n_frames=4)})
    assert [count_images(session, *pair) for pair in ((0, 10), (3, 5), (4, 8))] == [14, 3, 4]


@pytest.mark.slow
def test_a_killed_program_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, make_model: Callable[..., Path]
) -> None:
    from lightning_pose.build.network import build_network
    from lightning_pose.model_dir import ModelDir

    model = make_model(views=())
    saved = (model / "config.yaml").read_text()
    (model / "config.yaml").write_text(re.sub(r"backbone: \w+", "backbone: resnet18", saved))
    network = build_network(ModelDir(model).config)
    state = {f"network.{key}": value for key, value in network.state_dict().items()}
    torch.save({"state_dict": state}, next(model.rglob("last.ckpt")))
    rng, video = np.random.default_rng(0), tmp_path / "walk.mp4"
    with VideoWriter(video, 96, 64, 30) as writer:
        for _ in range(120):
            writer.write(rng.integers(0, 255, (64, 96, 3), dtype=np.uint8))

    def start(out: str) -> subprocess.Popen[bytes]:
        words = ["predict", str(model), str(video), "--skip_viz", "--device", "cpu", "--batch_size", "1"]
        command = [sys.executable, "-m", "lightning_pose.cli.main", *words, "--out_dir", str(tmp_path / out)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)

    assert start("whole").wait(300) == 0
    killed = start("killed")
    partial = tmp_path / "killed" / "video_preds" / "walk.partial"
    deadline = time.monotonic() + 120
    while not (partial.is_file() and partial.stat().st_size > 2000) and time.monotonic() < deadline:
        time.sleep(0.005)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL and partial.is_file()
    again = start("killed")
    assert b"goes on after frame" in again.communicate(timeout=300)[1]
    for path in (tmp_path / "whole" / "video_preds").iterdir():
        assert (tmp_path / "killed" / "video_preds" / path.name).read_bytes() == path.read_bytes()
    assert not partial.exists()
