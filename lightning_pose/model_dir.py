"""A trained model as a folder, and an ensemble as a folder of these."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from lightning_pose.config import Config, read_saved
from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.core.files import write_text

if TYPE_CHECKING:  # torch takes seconds to load, and listing folders should not wait for it
    from lightning_pose.losses.pca import PCALoss
    from lightning_pose.models.base import PoseNetwork

CONFIG_FILE = "config.yaml"
SPLIT_FILE = "split.csv"
STATUS_FILE = "train_status.json"
SUMMARY_FILE = "metrics.csv"
CALIBRATION_FILE = "calibration.csv"
ENSEMBLE_FILE = "ensemble.yaml"
LOGS = "tb_logs"


@dataclass(frozen=True)
class ModelDir:
    """The folder of one trained network; every path in it is known here."""

    path: Path

    @cached_property
    def config(self) -> Config:
        """The configuration that it was trained with, complete.

        Raises:
            ModelError: when it is not there or cannot be read.
        """
        if not (self.path / CONFIG_FILE).is_file():
            raise ModelError(not_a_model(self.path))
        try:
            return read_saved(self.path / CONFIG_FILE)
        except ConfigError as error:
            raise ModelError(f"{self.path} was not trained by this program: {error}") from error

    @property
    def view_names(self) -> tuple[str, ...]:
        """Its views in order; one empty name for a single view."""
        return tuple(self.config.data.view_names or [""])

    @property
    def keypoint_names(self) -> tuple[str, ...]:
        """Its keypoints in order."""
        return tuple(self.config.data.keypoint_names or [])

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the network's images."""
        size = self.config.data.image_resize_dims
        if size.height is None or size.width is None:
            raise ModelError(f"{self.path / CONFIG_FILE}: data.image_resize_dims: expected height and width")
        return size.height, size.width

    @property
    def log_dir(self) -> Path:
        """Folder of the TensorBoard log."""
        return self.path / LOGS / self.config.model.model_name / "version_0"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.log_dir / "checkpoints"

    @property
    def last_checkpoint(self) -> Path:
        """What a resumed training starts from."""
        return self.checkpoints / "last.ckpt"

    def checkpoint(self) -> Path:
        """Return the checkpoint to predict with: the best on validation, else the last.

        Raises:
            ModelError: when there is none.
        """
        # any version and any name of the model: folders get renamed, and other programs count versions up
        best = sorted(self.path.glob(f"{LOGS}/*/version_*/checkpoints/*-best.ckpt"), key=_modified)
        last = sorted(self.path.glob(f"{LOGS}/*/version_*/checkpoints/last.ckpt"), key=_modified)
        if not best and not last:
            raise ModelError(
                f"{self.path} has no checkpoint: expected {self.checkpoints}/*-best.ckpt or last.ckpt. "
                "Was its training interrupted before the first one? `litpose train ... --resume` continues it"
            )
        return (best or last)[-1]


def is_model_dir(path: Path | str) -> bool:
    """Return whether a folder is that of a trained or half-trained network."""
    return (Path(path) / CONFIG_FILE).is_file() and (Path(path) / LOGS).is_dir()


def is_ensemble_dir(path: Path | str) -> bool:
    """Return whether a folder is that of an ensemble."""
    return (Path(path) / ENSEMBLE_FILE).is_file()


def members(path: Path | str) -> dict[str, ModelDir]:
    """Return the models of a folder by name: an ensemble's (`rng=0`, ...), or one under the name "".

    Raises:
        ModelError: when the folder is neither, or a member of the ensemble is not there; it says what is
            missing.
    """
    path = Path(path)
    if not is_ensemble_dir(path):
        if not is_model_dir(path):
            raise ModelError(not_a_model(path))
        return {"": ModelDir(path)}
    try:
        record = yaml.safe_load((path / ENSEMBLE_FILE).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"{path / ENSEMBLE_FILE} is not YAML: {error}") from error
    names = record.get("members") if isinstance(record, dict) else None
    if not isinstance(names, list) or not names:
        raise ModelError(f"{path / ENSEMBLE_FILE}: expected `members:` with the folders of the models")
    absent = [str(name) for name in names if not is_model_dir(path / str(name))]
    if absent:
        raise ModelError(
            f"{path}: members {', '.join(absent)} of the ensemble are not there, or not trained yet"
        )
    return {str(name): ModelDir(path / str(name)) for name in names}


def write_ensemble(path: Path, names: list[str]) -> None:
    """Write `ensemble.yaml`, atomically."""
    write_text(path / ENSEMBLE_FILE, yaml.safe_dump({"members": names}, sort_keys=False))


def not_a_model(path: Path) -> str:
    """Return what is missing for a folder to be a model."""
    if not path.is_dir():
        return f"{path}: there is no such folder"
    lacking = [name for name in (CONFIG_FILE, LOGS) if not (path / name).exists()]
    return (
        f"{path} is not a trained model: it lacks {' and '.join(lacking)}. Expected the folder that "
        f"`litpose train --output_dir` wrote, or one with {ENSEMBLE_FILE}"
    )


class Trained(NamedTuple):
    """What the training of a network leaves to predict with.

    Attributes:
        network: ready to predict.
        subspaces: of poses that it was trained with, by the name of the loss.
    """

    network: "PoseNetwork"
    subspaces: "dict[str, PCALoss]"


def load_network(
    model: ModelDir | Path | str, device: str = "cpu", checkpoint: Path | None = None
) -> "PoseNetwork":
    """Return a trained network, ready to predict; see `load_trained`."""
    return load_trained(model, device, checkpoint).network


def load_trained(
    model: ModelDir | Path | str, device: str = "cpu", checkpoint: Path | None = None
) -> Trained:
    """Return all that a checkpoint holds to predict with; the file is read once.

    Args:
        model: its folder.
        device: to put it on, such as `cpu` or `cuda`.
        checkpoint: other than the best one.

    Raises:
        ModelError: when the folder is not a model, or its checkpoint does not hold the network that its
            configuration describes.
    """
    from lightning_pose.build.network import filled_network
    from lightning_pose.losses.pca import load_pca
    from lightning_pose.models.backbones import read_state

    model = model if isinstance(model, ModelDir) else ModelDir(Path(model))
    path = checkpoint or model.checkpoint()
    state = read_state(path)
    own = "network."
    weights = {key.removeprefix(own): value for key, value in state.items() if key.startswith(own)}
    try:
        network = filled_network(model.config, weights)
    except RuntimeError as error:
        raise ModelError(
            f"{path} does not hold the network of {model.path / CONFIG_FILE}: {error}"
        ) from error
    ready = network.eval().requires_grad_(False).to(device).channels_last()
    return Trained(ready, load_pca(state))


def load_subspaces(model: ModelDir, checkpoint: Path | None = None) -> "dict[str, PCALoss]":
    """Return the subspaces of poses that a network was trained with, by the name of the loss.

    Args:
        model: its folder.
        checkpoint: other than the best one.
    """
    from lightning_pose.losses.pca import load_pca
    from lightning_pose.models.backbones import read_state

    return load_pca(read_state(checkpoint or model.checkpoint()))


def _modified(path: Path) -> float:
    return path.stat().st_mtime
