"""Videos whose frames carry their own number, to prove which came back; and the three array libraries."""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest

from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.rotations import look_at

BITS = 8
BAR = 16  # px: wide enough to survive compression and a 4-fold reduction


def barcode(number: int, rng: np.random.Generator) -> np.ndarray:
    """Draw a frame of 96 x 128 px: the number's bits as white and black bars, noise below them."""
    frame = np.zeros((96, BITS * BAR, 3), np.uint8)
    for bit in range(BITS):
        frame[:, bit * BAR : (bit + 1) * BAR] = 235 if number >> bit & 1 else 16
    frame[64:] = rng.integers(0, 255, (32, BITS * BAR, 3))
    return frame


def number_of(frame: np.ndarray) -> int:
    """Read the number that `barcode` drew, from a frame of any size."""
    height, width = frame.shape[:2]
    row = frame[: height // 2].mean(axis=(0, 2))
    edge = width // BITS // 4  # compression blurs the edges of the bars
    bars = row.reshape(BITS, width // BITS)[:, edge : -edge or None].mean(axis=1)
    return int(sum(1 << bit for bit in range(BITS) if bars[bit] > 125))


def write_barcodes(
    path: Path,
    n: int = 60,
    *,
    codec: str = "libx264",
    stamps: list[int] | None = None,
    rotation: int = 0,
    pix_fmt: str = "yuv420p",
    movflags: str = "+faststart",
    **options: str,
) -> Path:
    """Write a video of bar codes 0..n-1; `stamps` in 1/3000 s make its rate vary."""
    rng = np.random.default_rng(3)
    defaults = {"g": "12", "bf": "2", "crf": "20", "preset": "veryfast"} if codec == "libx264" else {}
    flags = {"movflags": movflags} if path.suffix in (".mp4", ".mov") else {}
    with av.open(str(path), "w", options=flags) as container:
        stream = container.add_stream(codec, rate=30, options=defaults | options)
        stream.width, stream.height, stream.pix_fmt = BITS * BAR, 96, pix_fmt
        stream.codec_context.time_base = Fraction(1, 3000) if stamps else Fraction(1, 30)
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(n):
            frame = av.VideoFrame.from_ndarray(barcode(number, rng), format="rgb24")
            frame.pts = stamps[number] if stamps else number
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    if hasattr(os, "sched_setscheduler"):  # libsvtav1, run by root, leaves a real-time process behind
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return path


@pytest.fixture(scope="session")
def make_video() -> Callable[..., Path]:
    return write_barcodes


@pytest.fixture(scope="session")
def read_number() -> Callable[[np.ndarray], int]:
    return number_of


class Backend(NamedTuple):
    """An array library under test: how to make its arrays from numpy's, and numpy's from its own."""

    name: str
    array: Callable[[Any], Any]
    numpy: Callable[[Any], np.ndarray]
    jit: Callable[[Callable], Callable]


@pytest.fixture(params=["numpy", "torch", "jax"])
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """Each array library in turn, in float64."""
    if request.param == "numpy":
        yield Backend("numpy", np.asarray, np.asarray, lambda function: function)
    elif request.param == "torch":
        torch = pytest.importorskip("torch")
        yield Backend("torch", torch.as_tensor, lambda x: x.detach().numpy(), lambda function: function)
    else:
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            hasty = {"xla_backend_optimization_level": 0}  # tests compile much and compute little
            yield Backend(
                "jax",
                jax.numpy.asarray,
                np.asarray,
                lambda function: jax.jit(function, compiler_options=hasty),
            )


RING_LENS = [-0.2, 0.05, 1e-3, -1e-3, 0.01, 0.05, 0.01, 0.0, 1e-3, 0, 0, 5e-4]


def ring_of(views: int = 4, *, focal: float = 800.0, distance: float = 5.0, fisheye: bool = False) -> Camera:
    """Cameras at several distances around the origin."""
    angle = 0.2 + np.linspace(0, 2 * np.pi, views, endpoint=False)
    center = np.stack([np.cos(angle), np.sin(angle), 0.5 + 0 * angle], axis=-1)
    rotation, translation = look_at(center * distance * np.linspace(0.8, 1.6, views)[:, None], np.zeros(3))
    K = np.tile([[focal, 0, 640], [0, focal, 512], [0, 0, 1]], (views, 1, 1))
    lens = [0.05, -0.01, 0.002, 0] if fisheye else RING_LENS
    return make_camera(K, np.tile(lens, (views, 1)), rotation, translation, fisheye)


@pytest.fixture(scope="session")
def ring() -> Callable[..., Camera]:
    return ring_of


@pytest.fixture
def points(rng: np.random.Generator) -> np.ndarray:
    """Points "N 3" in view of every camera of a ring."""
    return rng.normal(size=(50, 3)) * 0.5
