"""A project small enough to train on in a second."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lightning_pose.core.poses import Poses
from lightning_pose.core.project import Project, save_project
from lightning_pose.core.skeletons import skeleton_from_names
from lightning_pose.core.tables import write_poses

DOTS = {"nose": (255, 40, 40), "paw_left": (40, 255, 40), "paw_right": (40, 40, 255)}
SIZES = {"left": (80, 64), "right": (96, 72)}  # width, height: views may differ


@pytest.fixture
def toy_project(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a project of coloured dots: images, labels and project.yaml."""

    def write(views: tuple[str, ...] = ("left", "right"), n: int = 12, sessions: int = 1) -> Path:
        folder = tmp_path / "project"
        rng = np.random.default_rng(3)
        for view in views or ("",):
            write_view(folder, view, n, sessions, rng)
        skeleton = skeleton_from_names(list(DOTS), [("nose", "paw_left"), ("nose", "paw_right")])
        save_project(Project(folder, views, skeleton, {}))
        return folder

    return write


def write_view(folder: Path, view: str, n: int, sessions: int, rng: np.random.Generator) -> None:
    """Write images and labels of one view."""
    width, height = SIZES.get(view, (80, 64))
    frames, points = [], rng.uniform((8, 8), (width - 8, height - 8), (n, len(DOTS), 2)).round(2)
    for row in range(n):
        session = f"s{row % sessions}"
        name = Path("labeled-data", "_".join(filter(None, (session, view))), f"img{row:08d}.png")
        image = np.full((height, width, 3), 90, dtype=np.uint8)
        for (x, y), colour in zip(points[row], DOTS.values(), strict=True):
            cv2.circle(image, (round(x), round(y)), 4, colour[::-1], -1)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / name), image)
        frames.append(str(name))
    file = folder / ("_".join(filter(None, ("CollectedData", view))) + ".csv")
    write_poses(file, Poses(tuple(DOTS), points, np.array(frames)), scorer="toy")


@pytest.fixture
def tiny_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A function that writes the folder of a network of one kind, tiny and random, that is sure of something.

    Its images are 64 x 96; its views `left` and `right` unless others are named.
    """
    import torch

    from lightning_pose.build.network import build_network
    from lightning_pose.config import Config, save_config
    from lightning_pose.config.architectures import BACKBONES, Architecture

    monkeypatch.setitem(BACKBONES, "tiny", Architecture("resnet", (1, 1, 1, 1), (8, 16, 24, 32), None))
    monkeypatch.setitem(BACKBONES, "tiny_tokens", Architecture("vit", (2,), (32,), None, heads=2, table=4))

    def write(
        kind: str = "heatmap",
        folder: str = "model",
        *,
        views: tuple[str, ...] = ("left", "right"),
        temperature: float = 1.0,
        seed: int = 0,
        **model: object,
    ) -> Path:
        config = Config()
        config.data.keypoint_names, config.data.view_names = list(DOTS), list(views)
        config.data.image_resize_dims.height, config.data.image_resize_dims.width = 64, 96
        config.data.data_dir = str(tmp_path / "project")
        config.data.skeleton, config.data.swaps = [["nose", "paw_left"]], []
        config.training.rng_seed_model_pt = seed
        config.model.model_type, config.model.backbone, config.model.head_width = kind, "tiny", 16
        for key, value in model.items():
            setattr(config.model, key, value)
        network = build_network(config)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            for parameter in network.parameters():
                if parameter.ndim > 1 and parameter.std() < 0.01:  # new layers say nothing
                    torch.nn.init.normal_(parameter, std=0.5)
        network.temperature.fill_(temperature)
        path = tmp_path / folder
        checkpoints = path / "tb_logs" / "pose" / "version_0" / "checkpoints"
        checkpoints.mkdir(parents=True)
        save_config(path / "config.yaml", config)
        state = {f"network.{key}": value for key, value in network.state_dict().items()}
        torch.save({"state_dict": state}, checkpoints / "epoch=0-step=1-best.ckpt")
        return path

    return write
