"""What an exported network is: written into the file, and beside it as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from lightning_pose.core.errors import ModelError
from lightning_pose.model_dir import ModelDir

Runtime = Literal["onnx", "torch_export"]
Engines = Literal["onnx", "torch_export", "tensorrt"]  # what runs them: onnxruntime has TensorRT too
Precision = Literal["fp32", "fp16"]
RUNTIMES: tuple[Runtime, ...] = ("onnx", "torch_export")
PRECISIONS: tuple[Precision, ...] = ("fp32", "fp16")
FOLDERS: dict[Runtime, tuple[str, str]] = {
    "onnx": ("exports_onnx", ".onnx"),
    "torch_export": ("exports_torch", ".pt2"),
}
FORMAT = 1  # of the record; raised when a reader of the former one would be misled


class Agreement(NamedTuple):
    """How far an export is from its network on images of noise, which no network is sure of."""

    median_px: float
    max_px: float
    max_confidence: float


@dataclass(frozen=True)
class ExportRecord:
    """One exported network.

    Attributes:
        runtime: what runs it.
        precision: of its weights and most of its layers; coordinates are decoded in fp32.
        model_type: as in the configuration.
        keypoints: in the order of the outputs.
        views: in the order of the inputs; one empty name for a single view.
        height: of its images (px).
        width: of its images (px).
        joint_views: whether all views of an instant go in together: images are then "B V H W 3", otherwise
            "N H W 3".
        context: frames on either side that it looks at. Where there are any, images are consecutive frames,
            and the first and the last `context` of them get no answer.
        rays: rows and columns of the input `rays`, "B V rows*columns 6"; None where there is no such input.
        temperature: of the confidences, which is in them already.
        mean: of red, green and blue in [0, 1], which is taken off inside.
        std: by which they are divided then.
        max_batch_size: of the first axis; None is any.
        checkpoint: name of the file of weights.
        checkpoint_sha256: of its content.
        agreement: with the network, measured when it was exported.
        version: of this program.
        format: of this record.
    """

    runtime: Runtime
    precision: Precision
    model_type: str
    keypoints: tuple[str, ...]
    views: tuple[str, ...]
    height: int
    width: int
    joint_views: bool
    context: int
    rays: tuple[int, int] | None
    temperature: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    max_batch_size: int | None
    checkpoint: str
    checkpoint_sha256: str
    agreement: Agreement | None
    version: str
    format: int = FORMAT

    @property
    def least_frames(self) -> int:
        """Fewest that the first axis takes; torch's exporter cannot tell one answer from many."""
        if not self.context:
            return 1
        return 2 * self.context + (2 if self.runtime == "torch_export" else 1)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {**asdict(self), "agreement": None if self.agreement is None else self.agreement._asdict()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ExportRecord":
        """Return it from plain data.

        Raises:
            ModelError: when it is of another version of this program.
        """
        try:
            agreement, rays = values["agreement"], values["rays"]
            lists = {key: tuple(values[key]) for key in ("keypoints", "views", "mean", "std")}
            record = cls(
                **{
                    **values,
                    **lists,
                    "agreement": None if agreement is None else Agreement(**agreement),
                    "rays": None if rays is None else (rays[0], rays[1]),
                }
            )
        except (KeyError, TypeError, IndexError) as error:
            raise ModelError(f"it is not what this version exports ({error}): export it anew") from error
        if record.format != FORMAT:
            raise ModelError(f"it is of format {record.format}, expected {FORMAT}: export it anew")
        return record


def export_path(model: ModelDir, runtime: Runtime, precision: Precision) -> Path:
    """Return where a model's export is: `exports_onnx/<checkpoint>_<precision>.onnx`.

    Raises:
        ModelError: when the model has no checkpoint.
    """
    folder, suffix = FOLDERS[runtime]
    return model.path / folder / f"{model.checkpoint().stem}_{precision}{suffix}"


def export_of(engine: Engines) -> Runtime:
    """Return the kind of export that an engine runs."""
    return "onnx" if engine == "tensorrt" else engine


def chosen_export(model: ModelDir, engine: Engines, precision: str) -> Path | None:
    """Return the export that runs: of `precision`, or with `auto` the first of `PRECISIONS` that is there."""
    wanted = PRECISIONS if precision == "auto" else (cast(Precision, precision),)
    paths = (export_path(model, export_of(engine), choice) for choice in wanted)
    return next((path for path in paths if path.is_file()), None)


def record_path(path: Path) -> Path:
    """Return where the record of an export is."""
    return path.with_name(path.name + ".json")


def read_record(path: Path) -> ExportRecord:
    """Return the record of an export.

    Raises:
        ModelError: when it is not there or cannot be read.
    """
    file = record_path(path)
    try:
        return ExportRecord.from_json(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise ModelError(f"{path}: expected {file.name} beside it, which `litpose export` writes") from error
    except (ModelError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{file}: {error}") from error
