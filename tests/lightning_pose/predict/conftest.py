"""Films of two spots whose places are known in every frame, and a network that sees nothing but spots."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch

from lightning_pose.config import Config, save_config
from lightning_pose.core.calibration import Rig
from lightning_pose.core.camera import Camera, make_camera
from lightning_pose.core.rotations import look_at
from lightning_pose.core.video import VideoWriter
from lightning_pose.data.batch import Outputs
from lightning_pose.data.heatmaps import Decoded, decode_logits
from lightning_pose.data.images import MEAN, STD
from lightning_pose.model_dir import Trained, write_ensemble
from lightning_pose.models.base import PoseNetwork

NAMES = ("red", "green")
SIZES = {"cam1": (160, 120), "cam2": (120, 160), "cam3": (144, 144)}  # width, height
NETWORK = (64, 96)  # height, width
STRIDE = 4


class World(NamedTuple):
    """What happens, and who looks on."""

    xyz: np.ndarray  # T K 3
    xy: np.ndarray  # V T K 2
    rig: Rig


class SpotNetwork(PoseNetwork):
    """Takes the red channel for the first keypoint's heatmap and the green one for the second's."""

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = shift  # added to every coordinate, in network pixels: another seed

    def forward(self, images: torch.Tensor, camera: object = None, views: object = None) -> Outputs:
        assert images.shape[-2:] == NETWORK
        mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
        light = (images.float() * std + mean)[..., :2, :, :].clamp(min=0).flatten(0, 1)
        maps = torch.nn.functional.avg_pool2d(light, STRIDE) ** 2 + 1e-6
        return Outputs(logits=maps.log().unflatten(0, images.shape[:2]))

    def decode(self, outputs: Outputs) -> Decoded:
        found = decode_logits(outputs["logits"], STRIDE)
        return Decoded(found.xy + self.shift, found.confidence)


def spots(xy: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Draw a red and a green spot at two places of a black frame."""
    frame = np.zeros((size[1], size[0], 3))
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    for channel, (u, v) in enumerate(xy):
        frame[..., channel] = 240 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * 14.0**2))
    return frame.astype(np.uint8)


def film(path: Path, xy: np.ndarray, size: tuple[int, int]) -> Path:
    """Write a video of spots at `xy` (T K 2)."""
    with VideoWriter(path, *size, 30, crf=4) as writer:
        for places in xy:
            writer.write(spots(places, size))
    return path


@pytest.fixture(scope="session")
def draw_spots() -> Callable[[np.ndarray, tuple[int, int]], np.ndarray]:
    return spots


@pytest.fixture(scope="session")
def world() -> World:
    """Two points on curves before three cameras."""
    eyes = np.array([[0.0, -12, 3], [11, -6, 4], [-10, -7, 5]])
    cameras = []
    for eye, (width, height) in zip(eyes, SIZES.values(), strict=True):
        rotation, translation = look_at(eye, np.zeros(3), np.array([0.0, 0, 1]))
        matrix = np.array([[170.0, 0, width / 2], [0, 170, height / 2], [0, 0, 1]])
        cameras.append(make_camera(matrix, np.array([-0.1, 0.02, 0, 0, 0]), rotation, translation))
    camera = Camera(*(np.stack(field) for field in zip(*cameras, strict=True)))
    rig = Rig(tuple(SIZES), np.array(list(SIZES.values())), camera, unit="cm")
    t = np.linspace(0, 2 * np.pi, 23)
    first = np.stack([1.8 * np.cos(t), 1.5 * np.sin(t), 0.8 * np.sin(2 * t)], axis=-1)
    second = np.stack([-1.2 * np.sin(t), 1.0 * np.cos(t), -0.9 * np.cos(t)], axis=-1)
    xyz = np.stack([first, second], axis=1)
    return World(xyz, rig.project(xyz), rig)


@pytest.fixture
def film_session(tmp_path: Path, world: World) -> Callable[..., dict[str, Path]]:
    """Write the videos of a session into `project/videos`, all views or some, each of its own length."""

    def write(name: str = "s1", *, counts: dict[str, int] | None = None) -> dict[str, Path]:
        folder = tmp_path / "project" / "videos"
        counts = counts if counts is not None else dict.fromkeys(SIZES, len(world.xyz))
        views = list(SIZES)
        return {
            view: film(folder / f"{name}_{view}.mp4", world.xy[views.index(view), :count], SIZES[view])
            for view, count in counts.items()
        }

    return write


@pytest.fixture
def calibrated(tmp_path: Path, world: World) -> Path:
    """Write the calibration of the session `s1` into the project."""
    path = tmp_path / "project" / "calibrations" / "s1.toml"
    path.parent.mkdir(parents=True)
    world.rig.save(path)
    return path


def write_model_folder(
    root: Path, folder: str = "model", views: tuple[str, ...] = tuple(SIZES), **data: object
) -> Path:
    """Write a model folder with an empty checkpoint, for networks that tests put in its place."""
    path = root / folder
    config = Config()
    config.data.data_dir = str(root / "project")
    config.data.view_names = list(views)
    config.data.keypoint_names = list(NAMES)
    config.data.image_resize_dims.height, config.data.image_resize_dims.width = NETWORK
    config.data.skeleton = [list(NAMES)]
    config.data.swaps = []
    config.training.val_batch_size = 12
    for key, value in data.items():
        setattr(config.data, key, value)
    checkpoints = path / "tb_logs" / "pose" / "version_0" / "checkpoints"
    checkpoints.mkdir(parents=True)
    save_config(path / "config.yaml", config)
    torch.save({"state_dict": {}}, checkpoints / "last.ckpt")
    return path


@pytest.fixture(scope="session")
def write_model() -> Callable[..., Path]:
    return write_model_folder


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    return partial(write_model_folder, tmp_path)


@pytest.fixture
def make_ensemble(tmp_path: Path, make_model: Callable[..., Path]) -> Callable[..., Path]:
    """Write an ensemble of two such models."""

    def write(views: tuple[str, ...] = tuple(SIZES)) -> Path:
        for seed in (0, 1):
            make_model(f"ensemble/rng={seed}", views)
        write_ensemble(tmp_path / "ensemble", ["rng=0", "rng=1"])
        return tmp_path / "ensemble"

    return write


@pytest.fixture
def spot_network(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Put a network that sees spots into every model folder; return the folders that were loaded.

    The member `rng=1` says everything one network pixel further right and down.
    """
    from lightning_pose.predict import network

    loaded: list[Path] = []

    def load(member: object, device: str) -> Trained:
        path = member.path  # type: ignore[attr-defined]
        loaded.append(path)
        return Trained(SpotNetwork(1.0 if path.name == "rng=1" else 0.0), {})

    monkeypatch.setattr(network, "load_trained", load)
    return loaded
