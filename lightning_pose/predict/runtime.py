"""What exported networks say, in the form in which the networks themselves say it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8

from lightning_pose.core.camera import Camera
from lightning_pose.core.errors import CalibrationError, ConfigError, ModelError, raise_collected
from lightning_pose.core.files import hash_file
from lightning_pose.export.engines import Answer, Engine
from lightning_pose.export.record import (
    PRECISIONS,
    Engines,
    ExportRecord,
    chosen_export,
    export_of,
    export_path,
    read_record,
)
from lightning_pose.losses.pca import PCALoss
from lightning_pose.model_dir import ModelDir, load_subspaces
from lightning_pose.models.rays import patch_rays
from lightning_pose.predict.model import Model
from lightning_pose.predict.tracks import Found

BATCH = 16  # images at a time; more gains nothing on a processor


class RuntimePredictor:
    """All members of a model as exported networks.

    Attributes:
        workers: calls that may run side by side to good effect.
        sessions: that are worth predicting at a time.
        batch_size: images at a time that are a good choice.
    """

    def __init__(
        self,
        engines: Mapping[str, Engine],
        subspaces: Mapping[str, Mapping[str, PCALoss]] | None = None,
    ) -> None:
        """Take engines that are loaded already.

        Args:
            engines: by member.
            subspaces: of poses that members were trained with, by member and name.
        """
        self.engines, self.subspaces = engines, subspaces or {}
        self.workers, self.sessions, self.batch_size = 1, 1, BATCH
        self.context = max(engine.record.context for engine in engines.values())
        self._rays: tuple[bytes, np.ndarray] | None = None

    def __call__(self, images: UInt8[np.ndarray, "B V *F H W 3"], camera: Camera | None = None) -> Found:
        """Predict RGB images of the network's size with every member.

        Args:
            images: of B instants, with `context` frames on either side of each, where there is a context.
            camera: of these images, fields (B, V, ...), for members that are told where cameras are.

        Raises:
            CalibrationError: when a member is told where cameras are, and there are none.
        """
        answers = []
        for engine in self.engines.values():
            if not self.context:
                answers.append(self._at_once(engine, images, camera))
                continue
            near = slice(self.context - engine.record.context, self.context + engine.record.context + 1)
            if engine.record.context:
                stretches = images[:, :, near].reshape(-1, *images[:, :, near].shape[2:])
                parts = [engine(stretch) for stretch in stretches]
                answers.append(_reshaped(_concatenated(parts), images.shape[:2]))
            else:
                answers.append(self._at_once(engine, images[:, :, self.context], camera))
        return _stacked(answers)

    def sequence(
        self,
        images: UInt8[np.ndarray, "S V H W 3"],
        camera: Camera | None = None,
        views: Sequence[int] | None = None,
    ) -> Found:
        """Predict consecutive frames of a film, all but the first and the last `context`.

        Args:
            images: RGB, of the network's size.
            camera: of the views' images, fields (V, ...).
            views: which of the model's views these are; None is all of them in order.

        Raises:
            ModelError: when a member was exported for all views together, and some of them are absent.
            CalibrationError: when a member is told where cameras are, and there are none.
        """
        n_instants = len(images) - 2 * self.context
        if camera is not None:
            camera = Camera(*(np.broadcast_to(field, (n_instants, *field.shape)) for field in camera))
        answers = []
        for engine in self.engines.values():
            record, spare = engine.record, self.context - engine.record.context
            film = images[spare : len(images) - spare]
            if record.joint_views and views is not None and list(views) != list(range(len(record.views))):
                raise ModelError(
                    f"the export takes all views together ({', '.join(record.views)}), and some are absent; "
                    "predict without --runtime"
                )
            if record.context:
                found = [engine(film[:, view]) for view in range(images.shape[1])]
                answers.append(Answer(*(np.stack(arrays, axis=1) for arrays in zip(*found, strict=True))))
            else:
                answers.append(self._at_once(engine, film, camera))
        return _stacked(answers)

    def pose_errors(self, member: str, xy: Float[np.ndarray, "V T K 2"]) -> dict[str, np.ndarray]:
        """Return how far poses are from the subspaces a member was trained with (V T K, px), by name."""
        poses = torch.from_numpy(xy.swapaxes(0, 1).astype(np.float64))
        subspaces = self.subspaces.get(member, {})
        return {name: s.errors(poses).swapaxes(0, 1).numpy() for name, s in subspaces.items()}

    def _at_once(
        self, engine: Engine, images: UInt8[np.ndarray, "B V H W 3"], camera: Camera | None
    ) -> Answer:
        """Ask a member that looks at one frame."""
        if not engine.record.joint_views:
            return _reshaped(engine(images.reshape(-1, *images.shape[2:])), images.shape[:2])
        grid = engine.record.rays
        return engine(images, None if grid is None else self._rays_of(camera, engine.record, grid))

    def _rays_of(
        self, camera: Camera | None, record: ExportRecord, grid: tuple[int, int]
    ) -> Float[np.ndarray, "B V P 6"]:
        """Return the rays of patches; those of one rig are worked out once."""
        if camera is None:
            raise CalibrationError(
                "this network was trained with model.camera_tokens: it needs the cameras' calibration"
            )
        fields = [np.asarray(field) for field in camera]
        same = all((field == field[:1]).all() for field in fields)
        fields = [field[:1] if same else field for field in fields]
        key = b"".join(field.tobytes() for field in fields)
        if self._rays is None or self._rays[0] != key:
            cameras = Camera(*(torch.from_numpy(field.copy()) for field in fields))
            rays = patch_rays(cameras, (record.height, record.width), grid)
            self._rays = (key, rays.float().numpy())
        return np.broadcast_to(self._rays[1], (len(camera.matrix), *self._rays[1].shape[1:]))


def load_runtime(
    model: Model,
    precision: str = "auto",
    *,
    runtime: Engines = "onnx",
    device: str = "auto",
) -> RuntimePredictor:
    """Load the exports of all members.

    Args:
        model: the folder.
        precision: of the export, `fp32` or `fp16`; `auto` is the first of them that is there.
        runtime: what runs it.
        device: as torch names it, or `auto`.

    Raises:
        ConfigError: when what runs it is not installed, or knows no such device or precision.
        ModelError: when there is no export yet, or it is of other weights than those of the model.
    """
    if precision not in ("auto", *PRECISIONS):
        raise ConfigError(f"--precision {precision}: exports are in {' or '.join(PRECISIONS)}")
    engines, faults = {}, []
    for name, member in model.members.items():
        path = chosen_export(member, runtime, precision)
        if path is None:
            lacks = export_path(member, export_of(runtime), "fp16" if precision == "fp16" else "fp32")
            faults.append(f"{name or model.folder.name}: there is no {lacks.name} in {lacks.parent}")
            continue
        try:
            engines[name] = Engine(path, _current(path, member), device, tensorrt=runtime == "tensorrt")
        except ModelError as error:
            faults.append(str(error))
    if faults:
        command = f"litpose export {model.folder} --runtime {export_of(runtime)}"
        command += f" --precision {precision}" if precision != "auto" else ""
        raise_collected(ModelError, f"--runtime {runtime} needs an export, which `{command}` makes", faults)
    subspaces = {name: load_subspaces(member) for name, member in model.members.items()}
    return RuntimePredictor(engines, subspaces)


def _current(path: Path, member: ModelDir) -> ExportRecord:
    """Return the record of an export that is of a member's weights.

    Raises:
        ModelError: when it is of others.
    """
    record, checkpoint = read_record(path), member.checkpoint()
    if hash_file(checkpoint) != record.checkpoint_sha256:
        raise ModelError(f"{path} was made of other weights than those that {checkpoint} holds now")
    return record


def _reshaped(answer: Answer, shape: tuple[int, ...]) -> Answer:
    """Return an answer with its first axis as several."""
    return Answer(*(values.reshape(*shape, *values.shape[1:]) for values in answer))


def _concatenated(answers: Sequence[Answer]) -> Answer:
    """Return answers one after the other."""
    return Answer(*(np.concatenate(arrays) for arrays in zip(*answers, strict=True)))


def _stacked(answers: Sequence[Answer]) -> Found:
    """Return what all members say."""
    return Found(*(np.stack(arrays) for arrays in zip(*answers, strict=True)))
