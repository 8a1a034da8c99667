"""What runs exported networks: onnxruntime, or torch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import is_zipfile

import numpy as np
import torch
from jaxtyping import Float, UInt8

from lightning_pose.core.errors import ConfigError, ModelError
from lightning_pose.export.record import ExportRecord

EXTRA = "pip install 'lightning-pose-3d[export]'"
Run = Callable[[dict[str, np.ndarray]], tuple[np.ndarray, np.ndarray]]


class Answer(NamedTuple):
    """Keypoints in pixels of the network's images, and confidences."""

    xy: Float[np.ndarray, "N *V K 2"]
    confidence: Float[np.ndarray, "N *V K"]


class Engine:
    """An exported network, ready to run."""

    def __init__(
        self, path: Path, record: ExportRecord, device: str = "cpu", *, tensorrt: bool = False
    ) -> None:
        """Load it.

        Args:
            path: the file.
            record: of it.
            device: as torch names it, or `auto`.
            tensorrt: run an ONNX file with onnxruntime's TensorRT; never with anything else in its place.

        Raises:
            ConfigError: when what runs it is not installed, or does not know the device.
            ModelError: when the file is damaged.
        """
        self.record = record
        is_onnx = record.runtime == "onnx"
        self._run: Run = _open_onnx(path, device, tensorrt) if is_onnx else _open_torch(path, device)

    def __call__(
        self, images: UInt8[np.ndarray, "N *V H W 3"], rays: Float[np.ndarray, "N V P 6"] | None = None
    ) -> Answer:
        """Return what the network says, for as many images as there are; see `ExportRecord` for the axes."""
        inputs = {"images": images} if rays is None else {"images": images, "rays": rays}
        parts = [self._some(part) for part in self._parts(inputs)]
        return Answer(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _parts(self, inputs: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Yield stretches of the inputs that are no longer than the export takes."""
        count, overlap = len(inputs["images"]), 2 * self.record.context
        most = self.record.max_batch_size or count
        for start in range(0, max(count - overlap, 1), max(most - overlap, 1)):
            yield {name: values[start : start + most] for name, values in inputs.items()}

    def _some(self, inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Run a stretch; one that is too short is made longer by its last image."""
        lacking = max(0, self.record.least_frames - len(inputs["images"]))
        if lacking:
            inputs = {n: np.concatenate([v, np.repeat(v[-1:], lacking, 0)]) for n, v in inputs.items()}
        xy, confidence = self._run({name: np.ascontiguousarray(values) for name, values in inputs.items()})
        keep = len(xy) - lacking
        return xy[:keep], confidence[:keep]


def _open_onnx(path: Path, device: str, tensorrt: bool) -> Run:
    """Return what runs an ONNX file with onnxruntime."""
    try:
        import onnxruntime
        import onnxruntime.capi.onnxruntime_pybind11_state as state  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ConfigError(f"onnxruntime is not installed, which runs ONNX files: {EXTRA}") from error
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of what it places where
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=_providers(onnxruntime.get_available_providers(), device, tensorrt)
        )
    except (state.InvalidProtobuf, state.InvalidGraph, state.Fail, state.RuntimeException) as error:
        raise ModelError(f"{path} cannot be run: {error}. `litpose export` writes it anew") from error

    def run(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        xy, confidence = session.run(["xy", "confidence"], inputs)
        return np.asarray(xy), np.asarray(confidence)

    return run


def _providers(there: list[str], device: str, tensorrt: bool = False) -> list[Any]:
    """Return what onnxruntime is to run on.

    Raises:
        ConfigError: when the device is asked for by name and not there, or TensorRT is and is not.
    """
    kind = device.partition(":")[0]
    if tensorrt:
        if kind not in ("auto", "cuda"):
            raise ConfigError(f"--runtime tensorrt runs on NVIDIA's GPUs, not on --device {device}")
        if "TensorrtExecutionProvider" not in there:
            raise ConfigError(
                f"--runtime tensorrt: this onnxruntime has no TensorRT; it knows {', '.join(there)}. It "
                "takes onnxruntime-gpu and NVIDIA's TensorRT libraries; --runtime onnx runs the same export "
                "without"
            )
        there_too = [name for name in ("CUDAExecutionProvider",) if name in there]  # for what it cannot run
        number = {"device_id": device.partition(":")[2]} if ":" in device else {}
        return [("TensorrtExecutionProvider", number), *((name, number) for name in there_too)]
    wanted = {"cuda": "CUDAExecutionProvider", "mps": "CoreMLExecutionProvider"}.get(kind)
    if kind == "auto" and "CUDAExecutionProvider" in there:
        wanted = "CUDAExecutionProvider"
    if wanted is None:
        return ["CPUExecutionProvider"]
    if wanted not in there:
        raise ConfigError(
            f"--device {device}: this onnxruntime does not know it; it knows {', '.join(there)}. "
            "For NVIDIA's GPUs: pip install onnxruntime-gpu"
        )
    options = {"device_id": device.partition(":")[2]} if ":" in device else {}
    return [(wanted, options), "CPUExecutionProvider"]


def _open_torch(path: Path, device: str) -> Run:
    """Return what runs a program of torch."""
    if not is_zipfile(path):  # asked first, since torch answers such files with pages of its own
        raise ModelError(f"{path} cannot be run: it is no program of torch. `litpose export` writes it anew")
    try:
        program = torch.export.load(path)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be run: {error}. `litpose export` writes it anew") from error
    chosen = "cuda" if device == "auto" and torch.cuda.is_available() else device
    place = torch.device("cpu" if chosen == "auto" else chosen)
    if place.type != "cpu":
        from torch.export.passes import move_to_device_pass

        program = move_to_device_pass(program, place)
    module: Any = program.module()

    def run(inputs: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            found = module(**{name: torch.from_numpy(values).to(place) for name, values in inputs.items()})
        return found[0].cpu().numpy(), found[1].cpu().numpy()

    return run
